"""Scores from the ledger, classes that follow them, ratings, early warnings."""

from datetime import date, timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import CheckViolation, UniqueViolation

from odoo import sql_db
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user
from odoo.tools import SQL, mute_logger

from ..engine import scoring
from ..models import credit_profile_score
from .common import NOW, TODAY, DunningCommon


class ScoreCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # classes of the data give way to those of the tests
        cls.env["credit.risk.class"].search([]).active = False
        cls.env.flush_all()
        cls.class_a, cls.class_b, cls.class_c, cls.class_e = cls.env[
            "credit.risk.class"
        ].create(
            [
                {"name": name, "code": name[0], "score_floor": floor, "sequence": at}
                for at, (name, floor) in enumerate(
                    [("A good", 80), ("B usual", 60), ("C slow", 40), ("E bad", 0)]
                )
            ]
        )
        cls.unrated = cls.env["credit.risk.class"].create(
            {"name": "Unrated", "code": "U", "unrated": True, "sequence": 9}
        )
        # what is usual, so that tests do not depend on each other's ledgers
        cls._usual(days=10, strength=1)

    @classmethod
    def _usual(cls, days, strength, sales=1000.0):
        cls.company.credit_norm = {
            "day": TODAY.isoformat(),
            "days": [days, strength],
            "share": [0.5, strength],
            "sales": sales,
        }

    @classmethod
    def _paid(cls, partner, late, ago, amount=100.0):
        """An invoice paid so many days ago, ``late`` days after it was due."""
        paid_on = TODAY - timedelta(days=ago)
        due = paid_on - timedelta(days=late)
        invoice = cls._invoice(
            partner, amount, due=due, invoice_date=due - timedelta(days=30)
        )
        cls._pay(invoice, day=paid_on)
        return invoice

    @classmethod
    def _history(cls, partner, late=0, count=6):
        for number in range(count):
            cls._paid(partner, late, 5 + 30 * number)
        return cls._profile(partner)

    def _facts(self, profile, day=TODAY):
        return self.env["credit.score"]._facts(profile, day)[profile.id]

    def _kinds(self, profile):
        return {kind: values for kind, __, values in profile.score_points}

    def _bodies(self, profile):
        return "\n".join(profile.message_ids.mapped("body"))


class TestScoreFacts(ScoreCommon):
    def test_payments_and_open_debts_come_from_the_ledger(self):
        customer = self._customer()
        contact = self._customer("Contact", parent_id=customer.id, is_company=False)
        self._paid(customer, 12, 20)
        part = self._invoice(contact, 300, late=25)
        self._pay(part, 100, day=TODAY - timedelta(days=5))
        self._invoice(customer, 70, late=-10)  # not due yet
        due = TODAY - timedelta(days=25)
        self.assertEqual(
            sorted(self._facts(self._profile(customer)).items, key=str),
            sorted(
                [
                    scoring.Item(
                        TODAY - timedelta(days=32), TODAY - timedelta(days=20), 100.0
                    ),
                    scoring.Item(due, TODAY - timedelta(days=5), 100.0),
                    scoring.Item(due, None, 200.0),
                ],
                key=str,
            ),
        )

    def test_credit_notes_say_nothing_about_when_somebody_pays(self):
        customer = self._customer()
        invoice = self._invoice(customer, 100, late=40)
        credit = self._credit_note(customer, 100)
        (self._item(invoice) | self._item(credit)).reconcile()
        self.assertFalse(self._facts(self._profile(customer)).items)

    def test_what_we_agreed_not_to_ask_for_is_left_out(self):
        customer = self._customer()
        profile = self._profile(customer)
        disputed = self._paid(customer, 80, 10)
        paused = self._invoice(customer, 10, late=50)
        promised = self._paid(customer, 30, 10, amount=7)
        excluded = self._invoice(customer, 20, late=60)
        self._item(excluded).no_followup = True
        for kind, invoice in (
            ("dispute", disputed),
            ("manual", paused),
            ("promise", promised),
        ):
            self.env["dunning.hold"].create(
                {
                    "profile_id": profile.id,
                    "kind": kind,
                    "reason": "Agreed",
                    "date_from": TODAY - timedelta(days=60),
                    "date_to": TODAY + timedelta(days=9),
                    "move_line_ids": [Command.set(self._item(invoice).ids)],
                }
            )
        self.assertEqual([item.amount for item in self._facts(profile).items], [7.0])

    def test_what_was_paid_while_all_was_paused_is_left_out(self):
        customer = self._customer()
        profile = self._profile(customer)
        self._paid(customer, 60, 10, amount=60)
        self._paid(customer, 5, 100, amount=5)
        self._invoice(customer, 30, late=30)
        hold = self.env["dunning.hold"].create(
            {
                "profile_id": profile.id,
                "reason": "Flood",
                "date_from": TODAY - timedelta(days=20),
            }
        )
        self.assertEqual([item.amount for item in self._facts(profile).items], [5.0])
        hold.ended_on = TODAY - timedelta(days=8)  # what is open counts again
        self.assertEqual(
            [item.amount for item in self._facts(profile).items], [5.0, 30.0]
        )

    def test_promises_not_kept(self):
        customer = self._customer()
        profile = self._profile(customer)
        made, until = TODAY - timedelta(days=40), TODAY - timedelta(days=20)

        def promise(invoice=None, **values):
            items = self._item(invoice).ids if invoice else []
            self.env["dunning.hold"].create(
                {
                    "profile_id": profile.id,
                    "kind": "promise",
                    "reason": "Promised",
                    "date_from": made,
                    "date_to": until,
                    "move_line_ids": [Command.set(items)],
                    **values,
                }
            )

        kept = self._invoice(customer, 10, late=60)
        self._pay(kept, day=until + timedelta(days=scoring.PROMISE_GRACE))
        promise(kept)
        self.assertEqual(self._facts(profile).broken, 0)
        late = self._invoice(customer, 10, late=60)
        self._pay(late, day=until + timedelta(days=scoring.PROMISE_GRACE + 1))
        promise(late)
        self.assertEqual(self._facts(profile).broken, 1)
        half = self._invoice(customer, 10, late=60)
        self._pay(half, 4, day=until)
        promise(half)
        self.assertEqual(self._facts(profile).broken, 2)
        promise(half, ended_on=until - timedelta(days=2))  # taken back
        promise(half, date_to=TODAY - timedelta(days=scoring.PROMISE_GRACE))  # not yet
        promise(half, date_from=date(2025, 1, 1), date_to=date(2025, 5, 1))  # long ago
        self.assertEqual(self._facts(profile).broken, 2)
        promise(scope="customer")  # of everything: the one paid late, and the half
        self.assertEqual(self._facts(profile).broken, 3)

    def test_firmest_message_of_a_year_that_reached(self):
        customer = self._customer()
        profile = self._profile(customer)
        self._invoice(customer, 100, late=20)
        run = self._run(customer)
        self.assertEqual(run.notice_ids.level_id, self.first)
        self.assertEqual(self._facts(profile).tone, "friendly")
        self._deliver()
        later = TODAY + timedelta(days=30)
        run = self._run(customer, day=later)
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.assertEqual(self._facts(profile, later).tone, "firm")
        self.assertEqual(self._facts(profile, TODAY).tone, "friendly")
        self.assertIsNone(self._facts(profile, later + timedelta(days=400)).tone)
        run.notice_ids.sudo().delivery_state = "failed"
        self.assertEqual(self._facts(profile, later).tone, "friendly")

    def test_sales_and_first_invoice(self):
        customer = self._customer()
        self._invoice(customer, 400, due=TODAY - timedelta(days=500))
        self._invoice(customer, 100, late=0)
        self._credit_note(customer, 30)
        profile = self._profile(customer)
        facts = self._facts(profile)
        self.assertEqual(facts.sales, 70.0)
        first = TODAY - timedelta(days=530)
        self.assertEqual(facts.since, first)
        self.assertEqual(profile.customer_since, first)

    def test_use_of_the_limit_counts_where_one_is_enforced(self):
        profile = self._profile(self._customer())
        self.assertIsNone(self._facts(profile).limit_used)
        self._invoice(profile.partner_id, 95, late=-10)
        profile.write({"limit_enforced": True, "limit_own": True, "credit_limit": 100})
        profile._refresh_figures()
        self.assertAlmostEqual(self._facts(profile).limit_used, 95)
        insured = {"profile_id": profile.id, "kind": "insurance"}
        self.env["credit.guarantee"].create(
            [
                {**insured, "amount": profile.limit_amount / 2},
                {**insured, "amount": 1e6, "valid_until": TODAY - timedelta(days=1)},
                {"profile_id": profile.id, "kind": "bank", "amount": 1e6},
            ]
        )
        self.assertAlmostEqual(self._facts(profile).limit_used, 45)

    def test_branches_count_and_other_companies_do_not(self):
        branch = (
            self.env["res.company"]
            .sudo()
            .create({"name": "Branch", "parent_id": self.company.id})
        )
        self.env.user.sudo().company_ids |= branch
        self.env["account.chart.template"].sudo().try_loading(
            self.company.chart_template, branch, install_demo=False
        )
        customer = self._customer()
        in_branch = (
            self.env["account.move"]
            .with_context(allowed_company_ids=[branch.id, self.company.id])
            .with_company(branch)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": customer.id,
                    "company_id": branch.id,
                    "invoice_date": TODAY - timedelta(days=40),
                    "invoice_date_due": TODAY - timedelta(days=5),
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Work", "price_unit": 30, "tax_ids": []}
                        )
                    ],
                }
            )
        )
        in_branch.action_post()
        facts = self._facts(self._profile(customer))
        self.assertEqual([item.amount for item in facts.items], [30.0])
        self.assertEqual(facts.sales, 30.0)
        other = self.env["res.company"].sudo().create({"name": "Other"})
        facts = self._facts(self._profile(customer, other))
        self.assertFalse(facts.items)
        self.assertEqual(facts.sales, 0.0)

    def test_what_is_usual_is_measured_and_kept_for_the_day(self):
        for number in range(4):
            customer = self._customer(f"Usual {number}")
            for ago in (10, 40, 70):
                self._paid(customer, 10 * number + ago // 35, ago)
        Score = self.env["credit.score"]
        norm = Score._norm(self.company, TODAY, fresh=True)
        self.assertAlmostEqual(norm.days.mean, 16.0)
        self.assertEqual(norm.days.strength, 1.0)  # each is true to themselves
        self.assertAlmostEqual(norm.share.mean, 0.75)
        self.assertAlmostEqual(norm.sales, 300.0)
        self._paid(customer, 90, 5)
        self.assertEqual(Score._norm(self.company, TODAY), norm)
        self.assertNotEqual(Score._norm(self.company, TODAY + timedelta(days=1)), norm)

    def test_an_empty_ledger_has_a_norm(self):
        company = self.env["res.company"].create({"name": "New"})
        norm = self.env["credit.score"]._norm(company, TODAY)
        self.assertEqual(norm.days, scoring.Norm().days)
        self.assertEqual(norm.sales, 0.0)


class TestScores(ScoreCommon):
    def test_score_with_its_factors_in_words(self):
        profile = self._history(self._customer(), late=20)
        profile._refresh_scores()
        self.assertEqual(profile.score_date, TODAY)
        self.assertLess(profile.score, 75)
        first = profile.score_factors[0]
        self.assertEqual(set(first), {"text", "points"})
        self.assertIn("days late", first["text"])
        self.assertLess(first["points"], 0)
        self.assertIn(f"{first['text']}: {first['points']:+}", profile.score_detail)

    def test_every_factor_has_words(self):
        values = {
            "days": [
                {"days": None, "counted": 9, "own": 0},
                {"days": 0, "counted": 0, "own": 90},
                {"days": 1, "counted": 1, "own": 90},
                {"days": 40, "counted": 20, "own": 50},
            ],
            "share": [{"percent": None, "counted": 40}, {"percent": 30, "counted": 40}],
            "trend": [{"days": 12}, {"days": -3}],
            "promises": [{"count": 1}, {"count": 3}],
            "level": [{"tone": "formal"}],
            "limit": [{"percent": 95}],
            "age": [{"years": 1}, {"years": 4}],
            "size": [{"ratio": 2.5}],
            "rating": [{"rating": 50}],
            "history": [{"count": 0, "percent": 100}, {"count": 2, "percent": 70}],
        }
        self.assertEqual(set(values), {kind.value for kind in scoring.Kind})
        seen = set()
        for kind, cases in values.items():
            for case in cases:
                text = self.env["credit.profile"]._factor_text(kind, case)
                self.assertNotIn("%(", text)
                seen.add(text)
        self.assertEqual(len(seen), sum(map(len, values.values())))

    def test_without_history_the_score_says_so(self):
        profile = self._profile(self._customer())
        self.assertFalse(profile.score_factors, "not scored yet")
        self.assertEqual(profile.score_detail, "")
        profile._refresh_scores()
        self.assertEqual(profile.score_confidence, "none")
        self.assertIn("usual here", profile.score_detail)

    def test_one_late_payment_is_no_certainty(self):
        self._usual(days=5, strength=10)
        profile = self._profile(self._customer())
        self._paid(profile.partner_id, 60, 5)
        profile._refresh_scores()
        self.assertEqual(profile.score_confidence, "low")
        self.assertEqual(self._kinds(profile)["days"]["counted"], 10)
        self.assertGreater(profile.score, 70)

    def test_collectors_score_and_others_do_not(self):
        profile = self._history(self._customer())
        profile.with_user(self.collector).action_refresh_score()
        self.assertEqual(profile.score_date, TODAY)
        clerk = self._user("clerk", "account.group_account_invoice")
        with self.assertRaises(AccessError):
            profile.with_user(clerk).action_refresh_score()
        self.assertTrue(profile.with_user(clerk).score_factors)
        with self.assertRaises(AccessError):
            profile.with_user(self.manager).write({"score": 100})

    def test_the_job_scores_everybody_once_a_day(self):
        customers = [self._customer(f"Job {number}") for number in range(3)]
        for customer in customers:
            self._profile(customer)
        archived = self._profile(self._customer("Gone"))
        archived.partner_id.active = False
        with patch.object(credit_profile_score, "SCORE_BATCH", 2):
            self._cron("ir_cron_score")
        profiles = self.env["credit.profile"].search([("score_date", "=", False)])
        self.assertFalse(profiles)
        self.assertFalse(archived.score_date)
        mine = self._profile(customers[0])
        mine.sudo().score = 1
        self._cron("ir_cron_score")
        self.assertEqual(mine.score, 1, "scored already today")
        self._cron("ir_cron_score", NOW + timedelta(days=1))
        self.assertNotEqual(mine.score, 1)

    def test_chart_of_the_form(self):
        profile = self._history(self._customer(), late=2, count=3)
        self._invoice(profile.partner_id, 100, late=6)
        months = profile.with_user(self.collector).get_payment_months()
        self.assertEqual([month["month"] for month in months][-1], "Jun 2026")
        self.assertEqual(months[-1]["open"], 50)
        self.assertFalse(self._profile(self._customer("None")).get_payment_months())


class TestClassFollowsScore(ScoreCommon):
    def _score(self, profile, value, confidence="high"):
        """Judge the profile as if its score were this one."""
        result = scoring.Score(
            value,
            scoring.Confidence(confidence),
            0.9,
            (scoring.Factor(scoring.Kind.PROMISES, value - 90, {"count": 2}),),
        )
        with patch.object(scoring, "score", lambda *args: result):
            profile._refresh_scores()

    def test_automatically(self):
        self.company.credit_class_mode = "auto"
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.class_a
        self._score(profile, 30)
        self.assertEqual(profile.class_id, self.class_e)
        self.assertFalse(profile.class_proposed_id)
        self.assertIn("A – A good → E – E bad", self._bodies(profile))
        self.assertIn("2 promises to pay not kept", self._bodies(profile))

    def test_on_approval(self):
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.class_a
        self._score(profile, 30)
        self.assertEqual(profile.class_id, self.class_a)
        self.assertEqual(profile.class_proposed_id, self.class_e)
        with self.assertRaises(AccessError):
            profile.with_user(self.collector).action_accept_class()
        profile.with_user(self.manager).action_accept_class()
        self.assertEqual(profile.class_id, self.class_e)
        self.assertFalse(profile.class_proposed_id)
        self.assertIn("Score 30", self._bodies(profile))
        with self.assertRaises(UserError):
            profile.with_user(self.manager).action_accept_class()

    def test_a_proposal_goes_when_the_score_is_back(self):
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.class_a
        self._score(profile, 30)
        self._score(profile, 85)
        self.assertFalse(profile.class_proposed_id)

    def test_never(self):
        self.company.credit_class_mode = "never"
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.class_a
        self._score(profile, 0)
        self.assertEqual(profile.class_id, self.class_a)
        self.assertFalse(profile.class_proposed_id)

    def test_nobody_flips_every_night(self):
        self.company.credit_class_mode = "auto"
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.class_b
        classes = []
        for value in (79, 81, 78, 82, 58, 62, 57, 83):
            self._score(profile, value)
            classes.append(profile.class_id.code)
        self.assertEqual(classes, ["B"] * 7 + ["A"])

    def test_out_of_unrated_only_with_enough_history(self):
        self.company.credit_class_mode = "auto"
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.unrated
        self._score(profile, 85, "low")
        self.assertEqual(profile.class_id, self.unrated)
        self._score(profile, 85, "medium")
        self.assertEqual(profile.class_id, self.class_a)

    def test_set_by_hand_it_stays_until_its_day(self):
        self.company.credit_class_mode = "auto"
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.class_e
        action = profile.with_user(self.manager).action_change_class()
        wizard = Form(
            self.env["credit.class.wizard"]
            .with_user(self.manager)
            .with_context(**action["context"])
        )
        self.assertEqual(wizard.class_id, self.class_e)
        wizard.class_id = self.class_a
        wizard.reason = "Guarantee of the parent company"
        wizard.until = TODAY + timedelta(days=10)
        wizard.save().action_apply()
        self.assertEqual(profile.class_id, self.class_a)
        self.assertTrue(profile.class_is_manual)
        self.assertIn("Guarantee of the parent company", self._bodies(profile))
        found = self.env["credit.profile"].search([("class_is_manual", "=", True)])
        self.assertEqual(found, profile)
        self._score(profile, 0)
        self.assertEqual(profile.class_id, self.class_a)
        with freeze_time(NOW + timedelta(days=11)):
            profile.invalidate_recordset()
            self.assertFalse(profile.class_is_manual)
            self._score(profile, 0)
        self.assertEqual(profile.class_id, self.class_e)

    def test_a_last_day_that_is_over_is_refused(self):
        wizard = self.env["credit.class.wizard"].create(
            {
                "profile_ids": [Command.set(self._profile(self._customer()).ids)],
                "class_id": self.class_a.id,
                "reason": "Why not",
                "until": TODAY - timedelta(days=1),
            }
        )
        with self.assertRaises(UserError):
            wizard.action_apply()

    def test_what_a_manager_types_in_is_not_taken_back_by_the_night(self):
        self.company.credit_class_mode = "auto"
        profile = self._profile(self._customer())
        profile.with_user(self.manager).write({"class_id": self.class_a.id})
        self.assertEqual(profile.class_manual_until, TODAY + timedelta(days=180))
        self._score(profile, 0)
        self.assertEqual(profile.class_id, self.class_a)
        profile.with_user(self.manager).action_end_manual_class()
        self.assertFalse(profile.class_is_manual)
        self._score(profile, 0)
        self.assertEqual(profile.class_id, self.class_e)

    def test_a_collector_does_not_decide(self):
        profile = self._profile(self._customer()).with_user(self.collector)
        for values in (
            {"class_id": self.class_a.id},
            {"class_manual_until": TODAY},
            {"class_manual_reason": "x"},
            {"class_proposed_id": self.class_a.id},
        ):
            with self.subTest(**values), self.assertRaises(AccessError):
                profile.write(values)
        for action in ("action_change_class", "action_end_manual_class"):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(profile, action)()
        with self.assertRaises(AccessError):
            self.env["credit.profile"].with_user(self.collector).create(
                {
                    "partner_id": self._customer("New").id,
                    "company_id": self.company.id,
                    "class_id": self.class_a.id,
                }
            )

    def test_classes_of_another_company_do_not_matter(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env["credit.risk.class"].create(
            {"name": "Theirs", "code": "X", "score_floor": 95, "company_id": other.id}
        )
        self.company.credit_class_mode = "auto"
        profile = self._profile(self._customer())
        self._score(profile, 100)
        self.assertEqual(profile.class_id, self.class_a)

    def test_margins_and_weights_have_a_range(self):
        for values in (
            {"credit_class_margin": -1},
            {"credit_rating_weight": 101},
        ):
            with (
                self.subTest(**values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.cr.savepoint(),
            ):
                self.company.write(values)
                self.env.flush_all()


class TestEarlyWarning(ScoreCommon):
    def _changes(self, customer):
        """Punctual for a year, and for ten weeks a month late."""
        for number in range(11):
            self._paid(customer, number % 3, 110 + 28 * number)
        for number in range(5):
            self._paid(customer, 30 + number % 3, 1 + 9 * number)
        return self._profile(customer)

    def _activities(self, profile):
        return profile.activity_ids.filtered(
            lambda a: (
                a.activity_type_id
                == self.env.ref("account_dunning.mail_activity_type_late")
            )
        )

    def test_the_collector_is_told_once(self):
        profile = self._changes(self._customer())
        profile.user_id = self.collector
        with self.mock_mail_gateway():
            profile._refresh_scores()
        self.assertFalse(self._mails)
        activity = self._activities(profile)
        self.assertEqual(activity.user_id, self.collector)
        self.assertEqual(activity.date_deadline, TODAY)
        self.assertTrue(profile.pays_later)
        self.assertEqual(profile.pays_later_told_on, TODAY)
        self.assertIn("31 days late lately, 1 in the year", profile.pays_later_sentence)
        self.assertIn(profile.pays_later_sentence, activity.note)
        self.assertIn("days late</li>", activity.note)
        activity.action_feedback("Called")
        profile._refresh_scores(TODAY + timedelta(days=1))
        self.assertFalse(self._activities(profile))
        self.assertTrue(profile.pays_later)

    def test_who_stops_paying_is_found(self):
        customer = self._customer()
        for number in range(11):
            self._paid(customer, number % 3, 110 + 28 * number)
        for number in range(5):
            self._invoice(customer, 100, late=15 + 9 * number)
        profile = self._profile(customer)
        profile._refresh_scores()
        self.assertTrue(self._activities(profile))

    def test_the_usual_is_no_news(self):
        customer = self._customer()
        for number in range(15):
            self._paid(customer, 40 + number % 3, 5 + 24 * number)
        profile = self._profile(customer)
        profile._refresh_scores()
        self.assertFalse(self._activities(profile))
        self.assertFalse(profile.pays_later)

    def test_can_be_switched_off(self):
        self.company.credit_early_warning = False
        profile = self._changes(self._customer())
        profile._refresh_scores()
        self.assertFalse(self._activities(profile))
        self.assertTrue(profile.pays_later, "still in lists and filters")
        self.company.credit_early_warning = True
        profile._refresh_scores()
        self.assertTrue(self._activities(profile), "was not told before")

    def test_its_type_of_activity_is_kept(self):
        with self.assertRaises(UserError):
            self.env.ref("account_dunning.mail_activity_type_late").unlink()


class TestRatings(ScoreCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agency = cls.env["credit.rating.agency"].create(
            {
                "name": "Rate & Co",
                "worst": 6,
                "best": 1,
                "step_ids": [Command.create({"value": "insolvent", "points": 0})],
            }
        )

    def _rating(self, partner, value="2", **values):
        return self.env["credit.rating"].create(
            {
                "partner_id": partner.id,
                "agency_id": self.agency.id,
                "value": value,
                "date": TODAY,
                **values,
            }
        )

    def test_values_on_our_scale(self):
        customer = self._customer()
        contact = self._customer("Contact", parent_id=customer.id, is_company=False)
        rating = self._rating(contact)
        self.assertEqual(rating.profile_id, self._profile(customer))
        self.assertRecordValues(
            rating, [{"points": 80, "rated": True, "limit_is_advised": False}]
        )
        word = self._rating(customer, "Insolvent", date=TODAY - timedelta(days=1))
        self.assertRecordValues(word, [{"points": 0, "rated": True}])
        unknown = self._rating(customer, "??", date=TODAY - timedelta(days=2))
        self.assertFalse(unknown.rated)
        self.agency.step_ids = [Command.create({"value": "??", "points": 33})]
        self.assertRecordValues(unknown, [{"points": 33, "rated": True}])
        by_hand = self._rating(
            customer, "n/a", points=40, date=TODAY - timedelta(days=3)
        )
        self.assertRecordValues(by_hand, [{"points": 40, "rated": True}])

    def test_a_rating_enters_the_score_as_set(self):
        profile = self._history(self._customer())
        profile._refresh_scores()
        own = profile.score
        rating = self._rating(profile.partner_id, "6")
        self.assertEqual(profile.score, own, "not unless the settings say so")
        self.company.credit_rating_weight = 50
        profile._refresh_scores()
        self.assertEqual(profile.score, own - round(own / 2))
        self.assertEqual(self._kinds(profile)["rating"], {"rating": 0})
        rating.value = "1"
        self.assertGreater(profile.score, own)
        rating.unlink()
        self.assertEqual(profile.score, own)

    def test_only_the_newest_of_a_year_counts(self):
        self.company.credit_rating_weight = 100
        profile = self._profile(self._customer())
        self._rating(profile.partner_id, "6", date=TODAY - timedelta(days=400))
        profile._refresh_scores()
        self.assertNotIn("rating", self._kinds(profile))
        self._rating(profile.partner_id, "1", date=TODAY - timedelta(days=9))
        self._rating(profile.partner_id, "3.5", date=TODAY - timedelta(days=90))
        self._rating(profile.partner_id, "unknown", date=TODAY)
        self.assertEqual(profile.score, 100)

    def test_bad_input(self):
        customer = self._customer()
        self._rating(customer)
        with self.assertRaises(ValidationError):
            self._rating(customer, date=TODAY + timedelta(days=1))
        for error, values in (
            (UniqueViolation, {}),
            (CheckViolation, {"points": 101, "date": TODAY - timedelta(days=1)}),
            (CheckViolation, {"limit_advised": -1, "date": TODAY - timedelta(days=1)}),
        ):
            with (
                self.subTest(**values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(error),
                self.cr.savepoint(),
            ):
                self._rating(customer, **values)

    def test_import_of_a_file(self):
        """By name, reference or tax number; what is wrong is told by its row."""
        customer = self._customer("Import Customer", ref="C-77")
        second = self._customer("Second", vat="FR23334175221")
        text = (
            "Customer;Agency;Rating;Date;Limit advised\n"
            "C-77;Rate & Co;2;2026-06-01;5000\n"
            "FR23334175221;Rate & Co;3,5;2026-05-31;0\n"
        )
        wizard = (
            self.env["base_import.import"]
            .with_user(self.collector)
            .create(
                {
                    "res_model": "credit.rating",
                    "file": text.encode(),
                    "file_type": "text/csv",
                    "file_name": "ratings.csv",
                }
            )
        )
        options = {
            "quoting": '"',
            "separator": ";",
            "has_headers": True,
            "date_format": "%Y-%m-%d",
            "float_thousand_separator": " ",
            "float_decimal_separator": ".",
            "encoding": "utf-8",
        }
        names = ["partner_id", "agency_id", "value", "date", "limit_advised"]
        columns = text.split("\n", 1)[0].split(";")
        result = wizard.execute_import(names, columns, options)
        self.assertFalse(
            [message for message in result["messages"] if message["type"] == "error"]
        )
        ratings = self.env["credit.rating"].browse(result["ids"])
        self.assertRecordValues(
            ratings,
            [
                {
                    "partner_id": customer.id,
                    "points": 80,
                    "limit_advised": 5000,
                    "limit_is_advised": True,
                },
                {
                    "partner_id": second.id,
                    "points": 50,
                    "limit_advised": 0,
                    "limit_is_advised": False,
                },
            ],
        )
        self.assertEqual(ratings.profile_id.partner_id, customer | second)
        bad = text.replace("C-77", "C-78")
        wizard.file = bad.encode()
        result = wizard.execute_import(names, columns, options, dryrun=True)
        self.assertTrue(result["messages"])

    def test_rights(self):
        rating = self._rating(self._customer())
        rating.with_user(self.collector).note = "Seen"
        with self.assertRaises(AccessError):
            rating.with_user(self.collector).unlink()
        with self.assertRaises(AccessError):
            self.agency.with_user(self.collector).worst = 1
        clerk = self._user("clerk", "account.group_account_invoice")
        self.assertEqual(rating.with_user(clerk).value, "2")
        with self.assertRaises(AccessError):
            rating.with_user(clerk).note = "x"
        seller = new_test_user(self.env, "seller", groups="base.group_user")
        with self.assertRaises(AccessError):
            rating.with_user(seller).read(["value"])
        rating.with_user(self.manager).unlink()

    def test_ratings_of_other_companies_are_hidden(self):
        other = self.env["res.company"].create({"name": "Other"})
        rating = self._rating(self._customer(), company_id=other.id)
        self.assertEqual(rating.profile_id.company_id, other)
        self.assertEqual(rating.currency_id, other.currency_id)
        found = self.env["credit.rating"].with_user(self.collector).search([])
        self.assertNotIn(rating, found)

    def test_merged_customers_keep_their_ratings(self):
        one, two = self._customer("One"), self._customer("Two")
        kept = self._rating(one)
        self._rating(two)  # of the same agency and day
        older = self._rating(two, date=TODAY - timedelta(days=30))
        self._profile(two).sudo().customer_since = date(2020, 1, 1)
        self._profile(one).sudo().customer_since = date(2024, 1, 1)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((one | two).ids, one)
        profile = self._profile(one)
        self.assertEqual(profile.rating_ids, kept | older)
        self.assertEqual(profile.rating_ids.partner_id, one)
        self.assertEqual(profile.customer_since, date(2020, 1, 1))


class TestManyScores(ScoreCommon):
    MANY = 10_000

    def _make_many(self, count):
        """Customers with one paid and one overdue invoice each, copied by SQL."""
        customer = self._customer("Copied")
        paid = self._paid(customer, 12, 30)
        overdue = self._invoice(customer, 80, late=20)
        payment = self._item(paid).matched_credit_ids.credit_move_id
        self.env.flush_all()
        cr = self.env.cr
        cr.execute(
            "INSERT INTO res_partner"
            " (name, complete_name, is_company, active, type, autopost_bills)"
            " SELECT 'Many ' || n, 'Many ' || n, TRUE, TRUE, 'contact', 'ask'"
            "   FROM generate_series(1, %s) n RETURNING id",
            [count],
        )
        ids = [row[0] for row in cr.fetchall()]
        cr.execute(
            "UPDATE res_partner SET commercial_partner_id = id WHERE id = ANY(%s)",
            [ids],
        )

        def copies(table, row_id, **values):
            """One copy of a row for each customer: ``{customer: id}``."""
            cr.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = %s AND column_name != 'id'",
                [table],
            )
            names = [row[0] for row in cr.fetchall()]
            columns = SQL(", ").join(map(SQL.identifier, names))
            chosen = SQL(", ").join(
                values.get(name, SQL.identifier("t", name)) for name in names
            )
            cr.execute(
                SQL(
                    "INSERT INTO %s (%s) SELECT %s FROM %s t, UNNEST(%s) customer"
                    " WHERE t.id = %s ORDER BY customer RETURNING id",
                    SQL.identifier(table),
                    columns,
                    chosen,
                    SQL.identifier(table),
                    ids,
                    row_id,
                )
            )
            return [row[0] for row in cr.fetchall()]

        customer_is = {
            "partner_id": SQL("customer"),
            "commercial_partner_id": SQL("customer"),
        }
        moves = {}
        for move in (paid, overdue, payment.move_id):
            name = SQL("t.name || '-' || customer")
            moves[move] = copies("account_move", move.id, name=name, **customer_is)
        lines = {}
        for line in (self._item(paid), self._item(overdue), payment):
            lines[line] = copies("account_move_line", line.id, **customer_is)
            cr.execute(
                "UPDATE account_move_line line SET move_id = pair.move"
                "  FROM UNNEST(%s, %s) pair(line, move) WHERE line.id = pair.line",
                [lines[line], moves[line.move_id]],
            )
        partial = self._item(paid).matched_credit_ids
        partials = copies("account_partial_reconcile", partial.id)
        cr.execute(
            "UPDATE account_partial_reconcile partial"
            "   SET debit_move_id = row.debit, credit_move_id = row.credit"
            "  FROM UNNEST(%s, %s, %s) row(id, debit, credit)"
            " WHERE partial.id = row.id",
            [partials, lines[self._item(paid)], lines[payment]],
        )
        cr.execute("ANALYZE account_move, account_move_line, account_partial_reconcile")
        self.env.invalidate_all()
        return self.env["credit.profile"]._make(ids, self.company)

    def test_ten_thousand_in_one_job(self):
        """At most 40 queries per 1,000 customers; all have what their ledgers say."""
        self.company.credit_class_mode = "auto"
        profiles = self._make_many(self.MANY)
        profiles.sudo().with_context(tracking_disable=True).class_id = self.class_a
        # as bad as can be, so that every class changes, and is told
        self.env.flush_all()
        self.env.invalidate_all()
        before = sql_db.sql_counter
        profiles.search(profiles._unscored_domain(NOW))._refresh_scores()
        self.env.flush_all()
        count = sql_db.sql_counter - before
        self.assertLessEqual(count, 40 * self.MANY // 1_000)
        self.assertEqual(set(profiles.mapped("score_date")), {TODAY})
        self.assertEqual(len(set(profiles.mapped("score"))), 1)
        days = self._kinds(profiles[0])["days"]
        self.assertGreater(days["days"], 12)
        self.assertLess(days["days"], 20)
