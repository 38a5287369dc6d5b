"""Credit reviews: prepared by one, decided by another, kept as they were decided."""

import base64
from datetime import date, timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TODAY
from .credit_common import RiskClassCommon


@tagged("post_install", "-at_install")
class ReviewCommon(RiskClassCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls._profile(cls.customer)

    def _review(self, **values):
        values = {
            "profile_id": self.profile.id,
            "proposed_class_id": self.class_b.id,
            **values,
        }
        review = self.env["credit.review"].with_user(self.collector).create(values)
        review.source_ids[0].write(
            {"looked_on": TODAY, "result": "good", "note": "Registered since 1998"}
        )
        return review

    def _decided(self, **values):
        review = self._review(**values)
        review.action_propose()
        review.with_user(self.manager).action_decide()
        return review


@tagged("post_install", "-at_install")
class TestCreditReview(ReviewCommon):
    def test_from_the_first_source_to_the_decision(self):
        review = self._review(
            proposed_limit_kind="own",
            proposed_limit=8_000,
            findings="<p>Sound balance sheet.</p>",
        )
        self.assertRegex(review.name, r"^CR/2026/\d{4}$")
        self.assertEqual(review.reason, "first")
        self.assertEqual(review.previous_class_id, self.unrated)
        review.action_propose()
        self.assertEqual(review.state, "proposed")
        activity = review.activity_ids
        self.assertEqual(activity.user_id, self.contact)
        decision = review.with_user(self.manager)
        self.assertEqual(decision.decided_class_id, self.class_b)
        self.assertEqual(decision.decided_limit, 8_000)
        self.assertEqual(decision.next_review_date, date(2027, 6, 15))
        decision.write({"decided_class_id": self.class_c.id, "decided_limit": 5_000})
        decision.action_decide()
        self.assertEqual(review.state, "decided")
        self.assertEqual(review.decided_by_id, self.manager)
        self.assertFalse(review.activity_ids)
        self.assertEqual(self.profile.class_id, self.class_c)
        self.assertEqual(self._limit(self.profile), 5_000)
        self.assertTrue(self.profile.limit_own)
        self.assertEqual(self.profile.next_review_date, date(2027, 6, 15))
        self.assertEqual(self.profile.review_state, "fine")
        self.assertEqual(self.profile.last_review_id, review)
        self.assertIn(review.name, self._bodies(self.profile))

    def test_limit_by_the_class(self):
        self._invoice(self.customer, 120_000)
        self._decided()
        self.assertFalse(self.profile.limit_own)
        self.assertEqual(self._limit(self.profile), 30_000)

    def test_no_limit(self):
        self._decided(proposed_limit_kind="none")
        self.assertTrue(self.profile.limit_own)
        self.assertIsNone(self._limit(self.profile))

    def test_limit_of_zero_is_nothing_on_account(self):
        self._decided(proposed_limit_kind="own", proposed_limit=0)
        self.assertEqual(self._limit(self.profile), 0)

    # === WHO MAY DO WHAT === #

    def test_collector_does_not_decide(self):
        review = self._review()
        review.action_propose()
        with self.assertRaises(AccessError):
            review.action_decide()
        with self.assertRaises(AccessError):
            review.decided_class_id = self.class_a
        with self.assertRaises(AccessError):
            review.state = "decided"
        self.assertEqual(self.profile.class_id, self.unrated)

    def test_nobody_makes_a_decision_by_hand(self):
        for values in (
            {"state": "decided"},
            {"decided_by_id": self.collector.id},
            {"decided_class_id": self.class_a.id},
            {"facts": {"sales": 1}},
            {"previous_limit": 1},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                self.env["credit.review"].with_user(self.collector).create(
                    {"profile_id": self.profile.id, **values}
                )

    def test_readers_read(self):
        review = self._decided()
        reader = self._user("auditor", "account.group_account_readonly")
        self.assertEqual(review.with_user(reader).decided_class_id, self.class_b)
        with self.assertRaises(AccessError):
            review.with_user(reader).findings = "Mine"
        employee = self._user("employee", "base.group_user")
        with self.assertRaises(AccessError):
            review.with_user(employee).read(["findings"])

    def test_other_companies_do_not_see_it(self):
        review = self._decided()
        other = self._create_company(name="Other")
        stranger = self._user("stranger", "manager")
        stranger.write({"company_ids": [Command.set(other.ids)], "company_id": other})
        with self.assertRaises(AccessError):
            review.with_user(stranger).read(["name"])

    # === WHAT STAYS === #

    def test_a_decision_stays(self):
        review = self._decided().with_user(self.manager)
        for values in ({"findings": "Other"}, {"decided_limit": 1}, {"date": TODAY}):
            with self.subTest(values), self.assertRaises(UserError):
                review.write(values)
        with self.assertRaises(UserError):
            review.source_ids[0].note = "Other"
        with self.assertRaises(UserError):
            review.source_ids[0].unlink()
        with self.assertRaises(UserError):
            self.env["credit.review.source"].with_user(self.manager).create(
                {"review_id": review.id, "kind": "bank"}
            )
        with self.assertRaises(UserError):
            review.unlink()
        with self.assertRaises(UserError):
            review.action_decide()
        with self.assertRaises(UserError):
            self.customer.unlink()

    def test_figures_are_those_of_the_decision(self):
        self._invoice(self.customer, 1_000, late=10)
        review = self._decided()
        self.assertEqual(review.facts["overdue"], 1_000)
        self.assertEqual(review.facts["sales"], 1_000)
        self._invoice(self.customer, 5_000, late=10)
        self.env.invalidate_all()
        values = [fact["value"] for fact in review.facts_text]
        self.assertFalse([value for value in values if "6,000" in value])

    def test_guarantees_are_those_of_the_decision(self):
        guarantee = self.env["credit.guarantee"].create(
            {"profile_id": self.profile.id, "kind": "bank", "amount": 2_000}
        )
        gone = guarantee.copy({"valid_until": TODAY - timedelta(days=1)})
        self.assertEqual(self.profile.guarantee_amount, 2_000)
        review = self._decided()
        (guarantee | gone).amount = 1
        self.assertEqual(
            [row["amount"] for row in review._guarantees_in_words()],
            [self.company.currency_id.format(2_000)],
        )

    def test_given_up(self):
        review = self._review()
        review.action_cancel()
        self.assertEqual(self.profile.class_id, self.unrated)
        with self.assertRaises(UserError):
            review.findings = "More"
        action = self.profile.with_user(self.collector).action_review()
        self.assertNotEqual(action["res_id"], review.id)

    def test_back_to_preparation(self):
        review = self._review()
        review.action_propose()
        review.action_back()
        self.assertEqual(review.state, "draft")
        self.assertFalse(review.activity_ids)
        review.proposed_class_id = self.class_d
        review.action_propose()
        self.assertEqual(review.decided_class_id, self.class_d)

    # === INPUT === #

    def test_nothing_is_proposed_without_looking(self):
        review = self._review()
        review.source_ids[0].looked_on = False
        with self.assertRaisesRegex(UserError, "source"):
            review.action_propose()
        review.source_ids[0].looked_on = TODAY
        review.proposed_class_id = False
        with self.assertRaisesRegex(UserError, "class"):
            review.action_propose()

    @mute_logger("odoo.sql_db")
    def test_one_review_at_a_time(self):
        review = self._review()
        action = self.profile.with_user(self.collector).action_review()
        self.assertEqual(action["res_id"], review.id)
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self._review()

    def test_next_review_is_later(self):
        review = self._review()
        review.action_propose()
        decision = review.with_user(self.manager)
        decision.next_review_date = TODAY
        with self.assertRaises(ValidationError):
            decision.action_decide()

    def test_documents_are_read_by_who_reads_the_review(self):
        review = self._review()
        document = (
            self.env["ir.attachment"]
            .with_user(self.collector)
            .create({"name": "accounts.pdf", "datas": base64.b64encode(b"1")})
        )
        review.source_ids[1].attachment_ids = document
        self.assertEqual(document.res_model, "credit.review")
        self.assertEqual(document.with_user(self.manager).datas, base64.b64encode(b"1"))

    def test_documents_of_others_are_not_taken(self):
        review = self._review()
        foreign = (
            self.env["ir.attachment"]
            .with_user(self.manager)
            .create({"name": "secret.pdf", "datas": base64.b64encode(b"1")})
        )
        with self.assertRaises(AccessError):
            review.source_ids[1].attachment_ids = foreign

    # === WHEN === #

    def test_new_customer_is_due_at_once(self):
        self.assertEqual(self.profile.next_review_date, TODAY)
        self.assertEqual(self.profile.review_state, "due")

    def test_known_customer_was_never_reviewed(self):
        known = self._customer("Known")
        self._entry(known, 100)
        profile = self._profile(known)
        self.assertFalse(profile.next_review_date)
        self.assertEqual(profile.review_state, "never")

    def test_search_by_state(self):
        known = self._customer("Known")
        self._entry(known, 100)
        never = self._profile(known)
        fine = self._profile(self._customer("Fine"))
        fine.sudo().next_review_date = TODAY + timedelta(days=1)
        Profile = self.env["credit.profile"].with_user(self.collector)
        mine = self.profile | never | fine
        for states in (["due"], ["never"], ["fine"], ["due", "never"]):
            with self.subTest(states):
                found = Profile.search(
                    [("review_state", "in", states), ("id", "in", mine.ids)]
                )
                meant = mine.filtered(lambda p, s=states: p.review_state in s)
                self.assertEqual(found, meant)

    def test_second_review_is_periodic(self):
        self._decided()
        self.assertEqual(self._review().reason, "periodic")

    # === MERGING === #

    def test_merged_customers_keep_their_reviews(self):
        decided = self._decided()
        other = self._customer("Other")
        under_way = self.env["credit.review"].create(
            {"profile_id": self._profile(other).id}
        )
        again = self._review()
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.customer | other).ids, self.customer
        )
        self.env.invalidate_all()
        self.assertEqual(decided.exists().profile_id.partner_id, self.customer)
        self.assertEqual(under_way.exists().state, "cancelled")
        self.assertEqual(again.state, "draft")
        self.assertEqual(under_way.partner_id, self.customer)


@tagged("post_install", "-at_install")
class TestReviewPdf(ReviewCommon):
    def test_pdf_of_the_decision(self):
        review = self._decided(
            proposed_limit_kind="own",
            proposed_limit=8_000,
            findings="<p>Sound balance sheet.</p>",
        )
        report = self.env["ir.actions.report"]
        html = report._render_qweb_html(
            "account_dunning.report_credit_review_main", review.ids
        )[0].decode()
        for text in (
            review.name,
            "B – Low risk",
            "8,000.00",
            "Registered since 1998",
            "Sound balance sheet.",
            "manager",
        ):
            self.assertIn(text, html)

    def test_printed_once_and_kept(self):
        review = self._decided()
        action = self.env.ref("account_dunning.report_credit_review")
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        first, kind = report._render_qweb_pdf(action, review.ids)
        self.assertEqual(kind, "pdf")
        self.assertTrue(first.startswith(b"%PDF"))
        self.class_b.name = "Renamed"
        kept = action.retrieve_attachment(review)
        self.assertEqual(kept.raw, first)
