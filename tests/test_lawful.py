"""Belgium and the Netherlands: what a level may not do, and the free reminder."""

from datetime import date, datetime, timedelta

from freezegun import freeze_time
from markupsafe import escape

from odoo.tests import Form

from .common import NOW, TODAY
from .late_law_common import LateLawCommon


class LawfulCommon(LateLawCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.belgium
        cls.env["res.lang"]._activate_lang("nl_BE")
        (cls.second | cls.final | cls.formal).write(
            {"claim_compensation": True, "claim_interest": True}
        )

    def _go(self, partner, day, deliver=True):
        """A run of that day, sent on it."""
        run = self._run(partner, day=day)
        if deliver:
            self._deliver(day)
        return run

    def _post(self, run, day):
        with freeze_time(datetime.combine(day, NOW.time())):
            letters = run.notice_ids.delivery_ids
            letters.printed_at = NOW
            letters.action_mark_posted()


class TestLawful(LawfulCommon):
    def _belgian(self, name="Belgian", **values):
        return self._debtor(name, country=self.belgium, **(values or self._clause()))

    # --- waiting ----------------------------------------------------------------------

    def test_costs_follow_the_fourteen_days_of_an_email(self):
        partner, __ = self._belgian()
        invoice = self._invoice(partner, late=5)
        sent = self._go(partner, TODAY)
        self.assertEqual(sent.notice_ids.level_id, self.first)
        self.assertEqual(sent.notice_ids.reminder_law_id.code, "BE_B2C")
        self.assertTrue(sent.notice_ids.line_ids.free_reminder)
        # 15 June: the time runs from the 16th to the 29th; 15 days late on the 25th
        early = self._propose(partner, day=date(2026, 6, 26))
        skip = self._skip(early, invoice)
        self.assertEqual(
            (skip.reason, skip.law_rule, skip.law_basis, skip.until),
            ("law_refuses", "waiting", "CDE XIX.2", date(2026, 6, 30)),
        )
        self.assertFalse(self._propose(partner, day=date(2026, 6, 29)).notice_ids)
        run = self._propose(partner, day=date(2026, 6, 30))
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.assertFalse(run.notice_ids.reminder_law_id)

    def test_letter_counts_from_the_third_working_day_after_posting(self):
        partner, __ = self._belgian()
        partner.email = False
        invoice = self._invoice(partner, late=5)
        run = self._go(partner, TODAY, deliver=False)
        self.assertEqual(run.notice_ids.channel, "letter")
        self._post(run, date(2026, 6, 18))  # a Thursday: begins on Tuesday the 23rd
        skip = self._skip(self._propose(partner, day=date(2026, 7, 1)), invoice)
        self.assertEqual(skip.until, date(2026, 7, 7))
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.company.resource_calendar_id.id,
                "date_from": datetime(2026, 6, 19, 0, 0),
                "date_to": datetime(2026, 6, 19, 22, 0),
            }
        )
        skip = self._skip(self._propose(partner, day=date(2026, 7, 2)), invoice)
        self.assertEqual(skip.until, date(2026, 7, 8))

    def test_what_is_not_posted_gives_no_time(self):
        partner, __ = self._belgian()
        partner.email = False
        invoice = self._invoice(partner, late=5)
        run = self._go(partner, TODAY, deliver=False)
        facts = self.env["dunning.situation"]._reminder_times(self._item(invoice).ids)
        self.assertEqual(facts, {})
        self._post(run, TODAY)
        facts = self.env["dunning.situation"]._reminder_times(self._item(invoice).ids)
        waiting = facts[self._item(invoice).id]["waiting"]
        self.assertEqual(waiting.first, date(2026, 6, 18))
        self.assertEqual(waiting.last, date(2026, 7, 1))
        run.notice_ids.delivery_ids.action_mark_returned()
        facts = self.env["dunning.situation"]._reminder_times(self._item(invoice).ids)
        self.assertEqual(facts, {})

    def test_facts_outlive_the_payment(self):
        partner, __ = self._belgian()
        invoice = self._invoice(partner, late=5)
        self._go(partner, TODAY)
        self._pay(invoice)
        item = self._item(invoice)
        facts = self.env["dunning.situation"]._reminder_times(item.ids)
        self.assertEqual(facts[item.id]["waiting"].last, date(2026, 6, 29))
        known = self.env["late.history"]._late_days(item.ids)[item.id]
        self.assertEqual(known["waiting"], facts[item.id]["waiting"])
        self.assertEqual(known["reminder"], TODAY)

    def test_first_message_must_be_a_free_one(self):
        self.first.write({"claim_compensation": True})
        partner, __ = self._belgian()
        invoice = self._invoice(partner, late=5)
        run = self._propose(partner)
        skip = self._skip(run, invoice)
        self.assertFalse(run.notice_ids)
        self.assertEqual(
            (skip.reason, skip.law_rule, skip.law_basis, skip.until),
            ("law_refuses", "no_reminder", "CDE XIX.2", False),
        )
        why = self._item(invoice).dunning_why
        self.assertIn("No free reminder", why)
        self.assertIn("CDE XIX.2", why)

    def test_old_debt_starts_at_what_the_law_allows(self):
        self.policy.start_rule = "age"
        self.company.dunning_baseline_date = TODAY
        partner, __ = self._belgian()
        self._invoice(partner, late=40)
        self.assertEqual(self._propose(partner).notice_ids.level_id, self.first)

    def test_without_a_clause_nothing_is_claimed(self):
        """The debt itself is asked for at every level, up to the formal notice."""
        partner, __ = self._belgian(late_contract=False)
        invoice = self._invoice(partner, late=5)
        self._go(partner, TODAY)
        told = []
        for day in (date(2026, 6, 30), date(2026, 7, 15), date(2026, 8, 15)):
            run = self._go(partner, day)
            notice = run.notice_ids
            told.append(notice.level_id)
            self.assertFalse(run.skip_ids)
            self.assertEqual(notice.amount_total, notice.amount_due)
            self.assertFalse(notice.amount_compensation or notice.amount_interest)
            self.assertNotIn("XIX.4", notice.attachment_id.raw.decode())
        self.assertEqual(told, [self.second, self.final, self.formal])
        effects = notice.with_context(lang="en_US")._effects_of_notice()
        self.assertIn("interest run at the legal rate", " ".join(effects))
        self.assertEqual(invoice.amount_residual, notice.amount_due)

    def test_legal_interest_after_the_notice_is_all_there_is(self):
        """From the formal notice on the law gives interest, and nothing else."""
        partner, __ = self._belgian(late_contract=False)
        invoice = self._invoice(partner, late=5)
        self._go(partner, TODAY)
        for day in (date(2026, 6, 30), date(2026, 7, 15), date(2026, 8, 15)):
            self._go(partner, day)
        found = self.env["late.charge"]._assess(self._item(invoice), date(2026, 9, 15))
        one = found[self._item(invoice).id]
        self.assertGreater(one.interest_due, 0)
        self.assertFalse(one.compensation_due)

    def test_clause_with_a_rate_alone(self):
        """No lump sum; the interest waits for the time of the free reminder."""
        partner, __ = self._belgian(**self._clause(late_contract_fee=0))
        invoice = self._invoice(partner, late=5)
        self._go(partner, TODAY)
        early = self._propose(partner, day=date(2026, 6, 26))
        self.assertEqual(self._skip(early, invoice).law_rule, "waiting")
        notice = self._propose(partner, day=date(2026, 7, 10)).notice_ids
        self.assertEqual(notice.level_id, self.second)
        self.assertGreater(notice.amount_interest, 0)
        self.assertFalse(notice.amount_compensation)

    def test_second_invoice_has_a_free_reminder_of_its_own(self):
        partner, __ = self._belgian()
        self._invoice(partner, late=5)
        self._go(partner, TODAY)
        day = date(2026, 7, 6)
        new = self._invoice(partner, due=day - timedelta(days=4))
        run = self._propose(partner, day=day)
        notice = run.notice_ids
        self.assertEqual(notice.level_id, self.second)
        free = notice.line_ids.filtered("free_reminder")
        self.assertEqual(free.move_id, new)
        self.assertEqual(notice.reminder_law_id.code, "BE_B2C")

    def test_businesses_and_french_consumers_are_not_held_up(self):
        firm, __ = self._debtor("Firm", "business", country=self.belgium)
        person, __ = self._debtor("Person", country=self.france)
        for partner in (firm, person):
            self._invoice(partner, late=5)
            self._go(partner, TODAY)
            run = self._propose(partner, day=date(2026, 6, 25))
            self.assertEqual(run.notice_ids.level_id, self.second)
            self.assertFalse(run.notice_ids.reminder_law_id)

    def test_clause_lost_between_proposal_and_issue(self):
        partner, profile = self._belgian()
        self._invoice(partner, late=5)
        self._go(partner, TODAY)
        day = date(2026, 7, 1)
        with freeze_time(datetime.combine(day, NOW.time())):
            run = self._propose(partner, day=day)
            run.notice_ids.action_approve()
            profile.late_contract = False
            self.assertTrue(run.notice_ids.amount_compensation)
            run._issue_notices()
        self.assertEqual(run.notice_ids.state, "issued")
        self.assertFalse(run.notice_ids.amount_compensation)

    def test_level_lowered_by_a_person_is_lawful(self):
        partner, profile = self._belgian()
        self._invoice(partner, late=5)
        self._go(partner, TODAY)
        day = date(2026, 7, 1)
        with freeze_time(datetime.combine(day, NOW.time())):
            run = self._propose(partner, day=day)
            run.notice_ids._set_level(self.first)
            run.notice_ids.action_approve()
            profile.late_contract = False
            run._issue_notices()
        self.assertEqual(run.notice_ids.state, "issued")

    def test_dutch_fourteen_day_letter(self):
        (self.second | self.final | self.formal).claim_interest = False
        partner, __ = self._debtor("Dutch", country=self.netherlands)
        invoice = self._invoice(partner, 100, late=5)
        run = self._go(partner, TODAY)
        notice = run.notice_ids
        self.assertEqual(notice.reminder_law_id.code, "NL_B2C")
        self.assertEqual(notice.reminder_compensation, 40)
        skip = self._skip(self._propose(partner, day=date(2026, 6, 26)), invoice)
        self.assertEqual(
            (skip.law_rule, skip.law_basis, skip.until),
            ("waiting", "BW 6:96(6)", date(2026, 6, 30)),
        )
        run = self._propose(partner, day=date(2026, 6, 30))
        self.assertEqual(run.notice_ids.level_id, self.second)

    # --- what the free reminder says --------------------------------------------------

    def test_letter_has_the_content_of_the_law(self):
        partner, __ = self._belgian()
        partner.lang = "nl_BE"
        law = self.env["late.regime"].search([("code", "=", "BE_B2C")])
        law.with_context(
            lang="nl_BE"
        ).text_reminder = "Kosteloos: {balance}, daarna {compensation}."
        self.company.vat = False
        self.company.company_registry = "0477472701"
        self._invoice(partner, 100, late=5)
        self._invoice(partner, 400, late=6)
        run = self._run(partner)
        notice = run.notice_ids
        html = notice.attachment_id.raw.decode()
        said = notice._free_reminder()
        self.assertIn("Kosteloos: ", html)
        self.assertIn("500", said["text"])
        # by law 20 and 55, by the contract 50 for each invoice
        self.assertEqual(notice.reminder_compensation, 70)
        self.assertIn("70", said["text"])
        self.assertNotIn("{", said["text"])
        self.assertIn("daarna", said["text"])
        self.assertIn("0477472701", html)
        self.assertIn("Work", html)
        body = notice._render_email()["body_html"]
        self.assertIn(said["text"], body)
        self.assertIn("0477472701", body)
        self.assertNotIn("0477472701", notice._render_email(True)["body_html"])

    def test_letter_announces_what_the_contract_has_a_clause_for(self):
        for name, clause, interest, announced in (
            ("Both", self._clause(), True, True),
            ("Rate", self._clause(late_contract_fee=0), True, False),
            ("Sum", self._clause(late_contract_rate=0), False, True),
        ):
            with self.subTest(name):
                partner, __ = self._belgian(name, **clause)
                self._invoice(partner, 100, late=5)
                notice = self._run(partner).notice_ids
                said = notice._free_reminder()["text"]
                self.assertEqual("interest" in said, interest, said)
                self.assertEqual("20" in said, announced, said)
                self.assertNotIn("0.00 and", said)
                self.assertNotIn("{", said)

    def test_reminder_asks_for_no_more_than_is_due(self):
        """Credits are taken off the balance, as they are in the table below."""
        partner, __ = self._belgian()
        self._invoice(partner, 500, late=5)
        self._credit_note(partner, 80)
        notice = self._run(partner).notice_ids
        self.assertEqual(notice.amount_due, 420)
        said = notice._free_reminder()
        self.assertIn("420", said["text"])
        self.assertNotIn("500", said["text"])

    def test_email_says_it_once_and_above_the_table(self):
        self.first.mail_template_id = self.env.ref(
            "account_dunning.mail_template_first"
        )
        partner, __ = self._belgian()
        self._invoice(partner, 500, late=5)
        notice = self._run(partner).notice_ids
        body = str(notice._render_email()["body_html"])
        text = str(escape(notice._free_reminder()["text"]))
        self.assertEqual(body.count(text), 1)
        self.assertLess(body.index(text), body.index("<table"))

    def test_letter_gives_no_less_time_than_the_law(self):
        partner, __ = self._belgian()
        self._invoice(partner, late=5)
        notice = self._propose(partner).notice_ids
        self.assertEqual(self.first.deadline_days, 8)
        self.assertEqual(notice.deadline_date, date(2026, 6, 29))
        notice.date = date(2026, 6, 16)
        self.assertEqual(notice.deadline_date, date(2026, 6, 30))
        self.first.deadline_days = 30
        self.assertEqual(notice.deadline_date, date(2026, 7, 16))

    def test_other_letters_say_nothing_of_it(self):
        firm, __ = self._debtor("Firm", "business", country=self.belgium)
        self._invoice(firm, late=5)
        notice = self._run(firm).notice_ids
        self.assertIsNone(notice._free_reminder())
        self.assertNotIn("dunning_free_reminder", notice.attachment_id.raw.decode())

    def test_reminders_of_the_year_are_counted(self):
        partner, __ = self._belgian()
        self._invoice(partner, late=1)
        counts = []
        for day in (
            date(2026, 6, 17),
            date(2026, 7, 2),
            date(2026, 7, 15),
            date(2027, 1, 20),
        ):
            run = self._go(partner, day)
            counts += run.notice_ids.mapped("reminder_of_year")
            self._invoice(partner, due=day)
        self.assertEqual(counts[:3], [1, 2, 3])
        self.assertEqual(counts[-1], 1)

    # --- policies ---------------------------------------------------------------------

    def test_policy_is_warned_about_when_it_is_edited(self):
        self._belgian()
        self._belgian("Other", late_contract=False)
        found = {
            (f["level"], f["regime"], f["verdict"]) for f in self.policy.law_findings
        }
        self.assertIn(("Second", "BE_B2C", "waits"), found)
        self.assertIn(("Second", "BE_B2C_LEGAL", "without"), found)
        self.assertNotIn(("First", "BE_B2C", "never"), found)
        self.assertIn("CDE XIX.4", self.policy.law_warning)
        self.first.claim_compensation = True
        never = [f for f in self.policy.law_findings if f["verdict"] == "never"]
        self.assertIn(("First", "BE_B2C"), {(f["level"], f["regime"]) for f in never})

    def test_policy_of_businesses_alone_is_not_warned_about(self):
        self.company.dunning_consumer_policy_id = False
        self.assertFalse(self.policy.law_warning)

    def test_policy_without_claims_is_not_warned_about(self):
        self.policy.level_ids.write(
            {"claim_compensation": False, "claim_interest": False}
        )
        self.assertFalse(self.policy.law_warning)

    def test_french_consumers_get_it_without_costs(self):
        self.company.country_id = self.france
        found = {(f["regime"], f["verdict"]) for f in self.policy.law_findings}
        self.assertEqual(found, {("FR_B2C", "without")})

    def test_warning_while_typing(self):
        self._belgian()
        policy = self.policy.with_user(self.manager)
        with Form(policy) as form:
            self.assertIn("BE_B2C", str(policy.law_findings))
            self.assertTrue(form.law_warning)

    # --- speed ------------------------------------------------------------------------

    def test_queries_do_not_grow_with_the_customers(self):
        counts = []
        for name, count in (("Warm", 2), ("Few", 6), ("Many", 18)):
            partners = self.env["res.partner"]
            for number in range(count):
                partner, __ = self._belgian(f"{name} {number}")
                self._invoice(partner, late=5)
                partners |= partner
            profiles = self._profile(partners)
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            run = self.env["dunning.run"].sudo()._start(self.company, TODAY, profiles)
            run._propose_rest(lambda: True)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - start)
            self.assertEqual(run.draft_count, count)
        self.assertLessEqual(counts[2], counts[1] + 3)
