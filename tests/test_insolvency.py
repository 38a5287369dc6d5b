"""Insolvency of a customer: what stops, what goes on, and what has to be done."""

from datetime import date, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from .common import TODAY
from .late_law_common import LateLawCommon

JUDGMENT = date(2026, 6, 1)


class TestInsolvency(LateLawCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner, cls.profile = cls._debtor("Firm", "business")
        cls.old = cls._invoice(cls.partner, 100, late=20, invoice_date=date(2026, 4, 1))

    def _judge(self, profile=None, user=None, day=JUDGMENT, **values):
        wizard = (
            self.env["late.insolvency.wizard"]
            .with_user(user or self.collector)
            .create(
                {
                    "profile_id": (profile or self.profile).id,
                    "date": day,
                    "published_on": day + timedelta(days=9),
                    "court": "Tribunal de commerce de Lyon",
                    "reference": "2026J00123",
                    "administrator": "Maître Martin",
                    **values,
                }
            )
        )
        wizard.action_record()

    def _end(self, outcome, **values):
        self.env["late.insolvency.end"].with_user(self.collector).create(
            {"profile_id": self.profile.id, "outcome": outcome, **values}
        ).action_end()

    def _tasks(self):
        return self.profile.activity_ids.filtered(
            lambda a: (
                a.activity_type_id
                == self.env.ref("account_dunning.mail_activity_type_insolvency")
            )
        )

    def _later_invoice(self):
        return self._invoice(self.partner, 70, late=5, invoice_date=JUDGMENT)

    def test_what_is_older_is_reminded_no_more_later_invoices_are(self):
        later = self._later_invoice()
        self._judge()
        run = self._propose(self.partner)
        self.assertEqual(run.notice_ids.amount_due, 70)
        self.assertEqual(run.notice_ids.line_ids.move_id, later)
        self.assertEqual(self._skip(run, self.old).reason, "insolvent")
        run.notice_ids.action_exclude()
        self.assertIn("judgment", self._item(self.old).dunning_why)

    def test_what_is_written_down(self):
        self._judge()
        self.assertEqual(self.profile.insolvency_date, JUDGMENT)
        self.assertEqual(self.profile.insolvency_state, "open")
        self.assertEqual(self.profile.insolvency_court, "Tribunal de commerce de Lyon")
        self.assertEqual(self.profile.insolvency_claim_date, date(2026, 8, 10))
        body = "".join(self.profile.message_ids.mapped("body"))
        self.assertIn("Insolvency proceedings opened", body)

    def test_task_with_its_deadline_for_the_collector(self):
        self._judge()
        task = self._tasks()
        self.assertEqual(len(task), 1)
        self.assertEqual(task.user_id, self.collector)
        self.assertEqual(task.date_deadline, date(2026, 8, 10))
        self.assertIn("Maître Martin", task.note)
        # mended: the same task moves
        self._judge(claim_date=date(2026, 7, 31))
        self.assertEqual(self._tasks(), task)
        self.assertEqual(task.date_deadline, date(2026, 7, 31))
        self.profile.with_user(self.collector).action_insolvency_declared()
        self.assertFalse(self._tasks())
        self.assertEqual(self.profile.insolvency_claimed_on, TODAY)
        self._judge(court="Another one")
        self.assertFalse(self._tasks())

    def test_creditors_abroad_have_four_months(self):
        self.company.country_id = self.belgium
        form = Form(
            self.env["late.insolvency.wizard"]
            .with_user(self.collector)
            .with_context(default_profile_id=self.profile.id)
        )
        self.assertFalse(form.claim_date)
        form.published_on = date(2026, 6, 10)
        self.assertEqual(form.claim_date, date(2026, 10, 10))
        form.claim_date = date(2026, 9, 1)
        self.assertEqual(form.claim_date, date(2026, 9, 1))

    def test_elsewhere_the_court_says_until_when(self):
        self.partner.country_id = self.belgium
        self._judge()
        self.assertFalse(self.profile.insolvency_claim_date)
        self.assertEqual(self._tasks().date_deadline, TODAY)

    def test_what_is_proposed_is_taken_back(self):
        run = self._propose(self.partner)
        run.notice_ids.action_approve()
        self._judge()
        self.assertEqual(run.notice_ids.state, "cancelled")
        self.assertIn("judgment", run.notice_ids.cancel_reason)

    def test_what_has_not_left_is_withdrawn(self):
        run = self._run(self.partner)
        self.assertEqual(run.notice_ids.delivery_state, "pending")
        self.assertEqual(self._item(self.old).dunning_level_id, self.first)
        self._judge()
        self.assertEqual(run.notice_ids.state, "cancelled")
        self.assertEqual(run.notice_ids.delivery_ids.state, "cancelled")
        self.assertFalse(self._item(self.old).dunning_level_id)
        self.assertFalse(self._deliver())

    def test_what_has_left_stays_as_it_was(self):
        run = self._run(self.partner)
        self._deliver()
        self._judge()
        self.assertEqual(run.notice_ids.state, "issued")

    def test_proposal_about_later_invoices_stays(self):
        self._later_invoice()
        self._judge()
        run = self._propose(self.partner)
        self._judge(court="Mended")
        self.assertEqual(run.notice_ids.state, "draft")

    def test_a_person_cannot_remind_of_it_either(self):
        self._judge()
        wizard = (
            self.env["dunning.situation"]
            .sudo()
            ._fetch(self.profile, TODAY)[self.profile]
        )
        self.assertTrue(wizard.customer.items[0].insolvent)

    def test_the_claim_is_listed_as_of_the_judgment(self):
        paid = self._invoice(self.partner, 40, late=30, invoice_date=date(2026, 4, 2))
        self._pay(paid, day=date(2026, 5, 20))
        paid_since = self._invoice(
            self.partner, 60, late=30, invoice_date=date(2026, 4, 3)
        )
        self._pay(paid_since, day=date(2026, 6, 5))
        later = self._later_invoice()
        self._judge()
        action = self.profile.with_user(self.collector).action_insolvency_items()
        items = self.env["account.move.line"].search(action["domain"])
        self.assertIn(self._item(self.old), items)
        self.assertIn(self._item(paid_since), items)
        self.assertNotIn(self._item(paid), items)
        self.assertNotIn(self._item(later), items)
        statement = self.profile.action_insolvency_statement()
        self.assertEqual(statement["context"]["default_date"], "2026-05-31")

    def test_end_of_the_proceedings(self):
        self._judge()
        self._end("closed", date=TODAY)
        self.assertEqual(self.profile.insolvency_state, "ended")
        self.assertEqual(self.profile.insolvency_date, JUDGMENT)
        self.assertFalse(self._tasks())
        self.assertEqual(self._propose(self.partner).draft_count, 0)

    def test_end_with_older_claims_due_again(self):
        self._judge()
        self._end("resumed", date=TODAY)
        self.assertEqual(self.profile.insolvency_date, JUDGMENT)
        self.assertEqual(self._propose(self.partner).draft_count, 1)

    def test_recorded_by_mistake(self):
        self._judge()
        with self.assertRaisesRegex(UserError, "Say why"):
            self._end("mistake")
        self._end("mistake", reason="Another company")
        self.assertFalse(self.profile.insolvency_date)
        self.assertFalse(self.profile.insolvency_state)
        self.assertFalse(self._tasks())
        self.assertIn("Another company", self.profile.message_ids[0].body)
        self.assertEqual(self._propose(self.partner).draft_count, 1)

    def test_odd_dates_are_refused(self):
        with self.assertRaisesRegex(UserError, "day to come"):
            self._judge(day=TODAY + timedelta(days=1))
        with self.assertRaisesRegex(UserError, "not published before"):
            self._judge(published_on=JUDGMENT - timedelta(days=1))
        self._judge()
        with self.assertRaisesRegex(UserError, "do not end before"):
            self._end("closed", date=JUDGMENT - timedelta(days=1))

    def test_only_collectors_and_only_by_the_dialogue(self):
        clerk = new_test_user(
            self.env,
            "clerk",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        with self.assertRaises(AccessError):
            self._judge(user=clerk)
        with self.assertRaises(AccessError):
            self.profile.with_user(self.manager).insolvency_date = JUDGMENT

    # --- interest and compensation ----------------------------------------------------

    def _memos(self):
        self.profile._refresh_late(TODAY)
        return self.env["late.charge"].search([("profile_id", "=", self.profile.id)])

    def _invoice_memos(self, memos):
        return memos.with_user(self.manager)._invoice(
            self.company_data["default_journal_sale"],
            self.company_data["default_account_revenue"],
            TODAY,
        )

    def test_interest_stops_on_the_day_of_the_judgment(self):
        later = self._later_invoice()
        assess = self.env["late.charge"]._assess
        before = assess(self._item(self.old), JUDGMENT - timedelta(days=1))
        self._judge()
        items = self._item(self.old) | self._item(later)
        found = assess(items, date(2026, 12, 31))
        old = found[self._item(self.old).id]
        self.assertEqual(old.accrued, before[self._item(self.old).id].accrued)
        self.assertGreater(old.accrued, 0)
        self.assertEqual(old.daily, 0)
        self.assertEqual(old.compensation, 40, "late before the judgment")
        later = found[self._item(later).id]
        self.assertGreater(later.daily, 0)
        self.assertEqual(later.compensation, 40)

    def test_no_compensation_for_what_falls_due_after_the_judgment(self):
        """The judgment forbids payment on the due date (C. com. L441-10 II)."""
        due_later = self._invoice(
            self.partner, 60, due=date(2026, 6, 5), invoice_date=date(2026, 5, 20)
        )
        self._judge()
        item = self._item(due_later)
        found = self.env["late.charge"]._assess(item, TODAY)[item.id]
        self.assertEqual((found.accrued, found.compensation), (0, 0))

    def test_what_is_older_is_declared_and_not_invoiced(self):
        """A debit note of today would be a later invoice, and be reminded."""
        self._later_invoice()
        self._judge()
        memos = self._memos()
        self.assertTrue(memos.filtered(lambda m: m.name == self.old.name))
        with self.assertRaises(UserError) as caught:
            self._invoice_memos(memos)
        self.assertIn(self.old.name, str(caught.exception))
        moves = self._invoice_memos(memos.filtered(lambda m: m.name != self.old.name))
        self.assertEqual(len(moves), 1)
        self._end("resumed", date=TODAY)
        moves = self._invoice_memos(memos.filtered(lambda m: m.name == self.old.name))
        self.assertEqual(len(moves), 1)

    def test_merged_customers_keep_the_judgment(self):
        self._judge()
        other, __ = self._debtor("Twin", "business")
        self._invoice(other, 10, late=5)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.partner | other).ids, other
        )
        self.env.invalidate_all()
        kept = self._profile(other)
        self.assertEqual(kept.insolvency_date, JUDGMENT)
        self.assertEqual(kept.insolvency_administrator, "Maître Martin")
