"""Ways round the law of Belgian and Dutch consumers, tried one after the other."""

from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form

from .common import NOW, TODAY
from .test_lawful import LawfulCommon

AFTER = date(2026, 6, 30)  # the first day after the time of an e-mail of TODAY


class TestLawfulAttacks(LawfulCommon):
    def _belgian(self, name="Belgian", **values):
        return self._debtor(name, country=self.belgium, **(values or self._clause()))

    def _at(self, day):
        return freeze_time(datetime.combine(day, NOW.time()))

    def _reminded(self, **values):
        """A Belgian consumer with an invoice whose free reminder went out today."""
        partner, profile = self._belgian(**values)
        invoice = self._invoice(partner, 1000, late=5)
        self._go(partner, TODAY)
        return partner, profile, invoice

    def _law(self, run, invoice):
        skip = self._skip(run, invoice)
        return skip.reason, skip.law_rule

    # --- by the level -----------------------------------------------------------------

    def test_level_that_begins_to_claim_after_the_approval(self):
        partner, __ = self._belgian()
        self._invoice(partner, late=5)
        run = self._propose(partner)
        run.notice_ids.action_approve()
        self.first.write({"claim_compensation": True})
        run._issue_notices()
        self.assertEqual(run.notice_ids.state, "cancelled")
        self.assertIn("CDE XIX.2", run.notice_ids.cancel_reason)
        self.assertFalse(self._deliver())

    def test_level_that_begins_to_claim_after_the_issue(self):
        partner, __ = self._belgian()
        self._invoice(partner, late=5)
        notice = self._run(partner).notice_ids
        self.first.write({"claim_compensation": True})
        sent = self._deliver()
        # what is frozen claims nothing; but what the level says now is not sent
        self.assertFalse(notice.amount_compensation)
        self.assertFalse(sent)
        self.assertEqual(notice.state, "cancelled")

    def test_another_level_by_hand(self):
        partner, __ = self._belgian()
        self._invoice(partner, late=5)
        notice = self._propose(partner).notice_ids
        mine = notice.with_user(self.collector)
        wizard = self.env["dunning.notice.wizard"].with_user(self.collector)
        for level in (self.second, self.formal):
            with self.assertRaises(AccessError):
                mine.level_id = level
            lower = wizard.create(
                {
                    "kind": "level",
                    "notice_ids": [Command.set(notice.ids)],
                    "level_id": level.id,
                }
            )
            with self.assertRaises(UserError):
                lower.action_lower()
        self.assertEqual(notice.level_id, self.first)

    def test_a_firmer_level_put_on_the_proposal_by_the_server(self):
        partner, __ = self._belgian()
        self._invoice(partner, 1000, late=5)
        run = self._propose(partner)
        with self.assertRaises(ValidationError):
            run.notice_ids._set_level(self.final)

    def test_lowered_to_a_level_that_claims(self):
        """A firmer level without costs was right, a softer one with costs is not."""
        self.first.write({"channel_1": "call", "channel_2": False})
        (self.second | self.final).write(
            {"claim_compensation": False, "claim_interest": False}
        )
        partner, __ = self._belgian()
        self._invoice(partner, late=20)
        self.policy.start_rule = "age"
        self.company.dunning_baseline_date = TODAY
        run = self._propose(partner)
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.first.claim_compensation = True
        run.notice_ids.with_user(self.collector)._as_collector()._lower_to(self.first)
        run.notice_ids.action_approve()
        run._issue_notices()
        self.assertEqual(run.notice_ids.state, "cancelled")
        self.assertIn("No free reminder", run.notice_ids.cancel_reason)

    def test_formal_notice_instead_of_the_reminder(self):
        """Another kind of level is not another law."""
        (self.second | self.final | self.formal).write({"active": False})
        self.first.write({"tone": "formal", "claim_compensation": True})
        partner, __ = self._belgian()
        invoice = self._invoice(partner, late=5)
        run = self._propose(partner)
        self.assertEqual(self._law(run, invoice), ("law_refuses", "no_reminder"))
        self.first.claim_compensation = False
        notice = self._go(partner, TODAY + timedelta(days=1)).notice_ids
        self.assertEqual(notice.reminder_law_id.code, "BE_B2C")
        self.assertFalse(notice.amount_compensation)

    def test_policy_that_claims_at_once(self):
        """Own policy of the customer, or one that is put in after the reminder."""
        greedy = self._policy("Greedy", gap_days=1)
        greedy.level_ids.write({"claim_compensation": True, "claim_interest": True})
        partner, profile, invoice = self._reminded()
        new = self._invoice(partner, 300, late=4)
        profile.policy_id = greedy
        run = self._propose(partner, day=date(2026, 6, 25))
        self.assertFalse(run.notice_ids)
        self.assertEqual(self._law(run, invoice), ("law_refuses", "waiting"))
        self.assertEqual(self._law(run, new), ("law_refuses", "no_reminder"))

    # --- by the channel ---------------------------------------------------------------

    def test_call_instead_of_a_letter(self):
        partner, __ = self._belgian()
        partner.phone = "+32 2 555 00 00"
        invoice = self._invoice(partner, late=5)
        run = self._propose(partner)
        notice = run.notice_ids
        notice.with_user(self.collector)._as_collector()._change_channel("call")
        notice.action_approve()
        run._issue_notices()
        self._deliver()
        notice.delivery_ids.activity_id.sudo()._action_done()
        self.assertEqual(notice.delivery_ids.state, "sent")
        run = self._propose(partner, day=date(2026, 7, 20))
        self.assertFalse(run.notice_ids)
        self.assertEqual(self._law(run, invoice), ("law_refuses", "no_reminder"))

    def test_email_that_reached_nobody(self):
        partner, __, invoice = self._reminded()
        notice = self.env["dunning.notice"].search([("partner_id", "=", partner.id)])
        notice.delivery_ids.sudo()._fail("550 unknown", faulty=True)
        facts = self.env["late.history"]._late_days(self._item(invoice).ids)
        self.assertFalse(facts)

    def test_letter_posted_later_than_it_was_marked(self):
        partner, __ = self._belgian()
        partner.email = False
        invoice = self._invoice(partner, 1000, late=5)
        run = self._go(partner, TODAY, deliver=False)
        self._post(run, TODAY)
        skip = self._skip(self._propose(partner, day=date(2026, 6, 25)), invoice)
        self.assertEqual(skip.until, date(2026, 7, 2))
        letter = run.notice_ids.delivery_ids
        with self._at(date(2026, 6, 24)):
            letter._record_proof({"deposited_on": date(2026, 6, 22)}, "provider")
        # posted on Monday the 22nd: the time begins on Thursday
        skip = self._skip(self._propose(partner, day=date(2026, 7, 3)), invoice)
        self.assertEqual(skip.until, date(2026, 7, 9))
        facts = self.env["late.history"]._late_days(self._item(invoice).ids)
        [known] = facts.values()
        self.assertEqual(known["waiting"].last, date(2026, 7, 8))

    def test_dutch_letter_presented_later_than_usual(self):
        (self.second | self.final | self.formal).claim_interest = False
        self.first.write({"channel_1": "registered", "channel_2": False})
        partner, __ = self._debtor("Dutch", country=self.netherlands)
        invoice = self._invoice(partner, late=5)
        run = self._go(partner, TODAY, deliver=False)
        self._post(run, TODAY)
        skip = self._skip(self._propose(partner, day=date(2026, 6, 25)), invoice)
        self.assertEqual(skip.until, date(2026, 7, 2))
        with self._at(date(2026, 6, 24)):
            run.notice_ids.delivery_ids._record_proof(
                {"presented_on": date(2026, 6, 23)}, "provider"
            )
        skip = self._skip(self._propose(partner, day=date(2026, 7, 3)), invoice)
        self.assertEqual(
            (skip.law_rule, skip.until), ("waiting", date(2026, 7, 8)), "14 full days"
        )

    # --- by the customer --------------------------------------------------------------

    def test_consumer_made_a_business_and_back(self):
        partner, profile, __ = self._reminded()
        day = date(2026, 6, 25)
        profile.customer_kind = "business"
        with self._at(day):
            run = self._propose(partner, day=day)
            run.notice_ids.action_approve()
            run._issue_notices()
            notice = run.notice_ids
            self.assertEqual((notice.state, notice.level_id), ("issued", self.second))
            self.assertEqual(notice.amount_compensation, 50)
            profile.customer_kind = "consumer"
        self.assertFalse(self._deliver(day), "nothing leaves")
        self.assertEqual(notice.state, "cancelled")
        self.assertIn("CDE XIX.2", notice.cancel_reason)

    def test_rules_of_businesses_chosen_for_a_consumer(self):
        partner, profile, invoice = self._reminded()
        business = self.env["late.regime"].search([("code", "=", "BE_B2B")])
        profile.late_regime_id = business
        run = self._propose(partner, day=date(2026, 6, 25))
        self.assertEqual(self._law(run, invoice), ("law_refuses", "waiting"))

    def test_moved_to_another_country(self):
        """The law of the country they live in; none of the two is charged more."""
        partner, __, invoice = self._reminded()
        partner.country_id = self.netherlands
        run = self._propose(partner, day=date(2026, 6, 25))
        self.assertEqual(self._law(run, invoice), ("law_refuses", "waiting"))
        partner.country_id = self.france
        notice = self._propose(partner, day=date(2026, 6, 26)).notice_ids
        self.assertFalse(notice.amount_compensation)
        self.assertFalse(notice.amount_interest)

    def test_country_nobody_knows(self):
        partner, __, invoice = self._reminded()
        partner.country_id = False
        run = self._propose(partner, day=date(2026, 6, 25))
        self.assertEqual(self._law(run, invoice), ("law_refuses", "waiting"))

    def test_merged_customers(self):
        """A free reminder counts for the items it was about, whoever owes them now."""
        partner, __, invoice = self._reminded()
        other, __ = self._belgian("Twin")
        new = self._invoice(other, 300, late=20)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (partner | other).ids, other
        )
        run = self._propose(other, day=AFTER)
        notice = run.notice_ids
        free = notice.line_ids.filtered("free_reminder")
        self.assertEqual(free.move_id, new)
        charged = notice.line_ids.filtered("compensation")
        self.assertEqual(charged.move_id, invoice)
        early = self.env["late.charge"]._assess(self._item(new), AFTER)
        self.assertFalse(early[self._item(new).id].compensation)

    def test_consumer_who_becomes_a_business_by_a_merge(self):
        """Core takes over that it is a company; it is said, and can be put right."""
        partner, __ = self._belgian()
        invoice = self._invoice(partner, late=20)
        firm, __ = self._debtor("Firm", "business", country=self.belgium)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (partner | firm).ids, partner
        )
        kept = self._profile(partner)
        self.assertEqual(kept.customer_kind, "business")
        self.assertIn("Merged with a consumer", kept.message_ids[0].body)
        kept.customer_kind = "consumer"
        run = self._propose(partner)
        self.assertFalse(run.notice_ids.amount_compensation)
        self.assertEqual(
            run.notice_ids.line_ids.filtered("free_reminder").move_id, invoice
        )

    def test_consumers_merged_are_nothing_new(self):
        one, profile = self._belgian("One")
        other, __ = self._belgian("Other")
        self.env["base.partner.merge.automatic.wizard"]._merge((one | other).ids, one)
        self.assertEqual(profile.customer_kind, "consumer")
        self.assertNotIn("Merged with", "".join(profile.message_ids.mapped("body")))

    def test_business_that_swallows_a_consumer_says_so(self):
        partner, __ = self._belgian()
        firm, profile = self._debtor("Firm", "business", country=self.belgium)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (partner | firm).ids, firm
        )
        self.assertEqual(profile.customer_kind, "business")
        self.assertIn("Merged with a consumer", profile.message_ids[0].body)

    # --- by time ----------------------------------------------------------------------

    def test_twice_on_one_day(self):
        self.policy.gap_days = 1
        partner, __, invoice = self._reminded()
        run = self._propose(partner)
        self.assertFalse(run.notice_ids)
        wizard = (
            self.env["dunning.reminder.wizard"]
            .with_user(self.collector)
            .create({"profile_id": self._profile(partner).id})
        )
        self.assertEqual(wizard.level_id, self.first, "told the same again, at most")

    def test_reminded_by_a_person_against_the_timing(self):
        partner, profile, invoice = self._reminded()
        with self._at(date(2026, 6, 26)):
            wizard = (
                self.env["dunning.reminder.wizard"]
                .with_user(self.collector)
                .create({"profile_id": profile.id})
            )
            self.assertNotIn(
                wizard.level_id, self.second | self.final | self.formal, "no costs"
            )

    def test_the_last_day_belongs_to_the_customer(self):
        partner, __, invoice = self._reminded()
        item = self._item(invoice)
        for day, compensation in ((AFTER - timedelta(days=1), 0), (AFTER, 50)):
            found = self.env["late.charge"]._assess(item, day)[item.id]
            self.assertEqual(found.compensation, compensation)
            self.assertEqual(found.accrued > 0, bool(compensation))

    # --- by the sums ------------------------------------------------------------------

    def test_several_invoices_in_one_letter(self):
        partner, __, invoice = self._reminded()
        new = self._invoice(partner, 700, due=date(2026, 6, 20))
        later = self._invoice(partner, 900, due=date(2026, 8, 1))
        notice = self._propose(partner, day=AFTER).notice_ids
        self.assertEqual(notice.level_id, self.second)
        claims = {
            line.move_id: (line.compensation, bool(line.interest), line.free_reminder)
            for line in notice.line_ids
        }
        self.assertEqual(claims[invoice], (50, True, False))
        self.assertEqual(claims[new], (0, False, True))
        self.assertNotIn(later, claims)
        self.assertEqual(notice.amount_compensation, 50)

    def test_clause_raised_after_the_reminder(self):
        partner, profile, invoice = self._reminded()
        profile.late_contract_fee = 500
        notice = self._propose(partner, day=AFTER).notice_ids
        self.assertEqual(notice.amount_compensation, 50, "no more than announced")

    def test_more_than_the_law_allows(self):
        partner, __, invoice = self._reminded(**self._clause(late_contract_fee=5000))
        notice = self._propose(partner, day=AFTER).notice_ids
        self.assertEqual(notice.amount_compensation, 90, "65 and 5 % above 500")

    def test_debit_note_before_the_time_is_over(self):
        partner, profile, invoice = self._reminded()
        profile._refresh_late(TODAY)
        memos = self.env["late.charge"].search([("profile_id", "=", profile.id)])
        self.assertFalse(sum(memos.mapped("open_amount")))
        journal = self.company_data["default_journal_sale"]
        account = self.company_data["default_account_revenue"]
        with self.assertRaises(UserError):
            memos.with_user(self.manager)._invoice(journal, account, TODAY)

    def test_dutch_vat_only_where_it_may_be_added(self):
        (self.second | self.final | self.formal).claim_interest = False
        self.company.late_compensation_vat = 21
        partner, __ = self._debtor("Dutch", country=self.netherlands)
        self._invoice(partner, 100, late=5)
        notice = self._go(partner, TODAY).notice_ids
        self.assertEqual(notice.reminder_compensation, 48.4)
        notice = self._propose(partner, day=AFTER).notice_ids
        self.assertEqual(notice.amount_compensation, 48.4)
        belgian, __, __ = self._reminded()
        notice = self._propose(belgian, day=AFTER).notice_ids
        self.assertEqual(notice.amount_compensation, 50)

    def test_vat_chosen_after_the_letter(self):
        (self.second | self.final | self.formal).claim_interest = False
        partner, __ = self._debtor("Dutch", country=self.netherlands)
        self._invoice(partner, 100, late=5)
        self._go(partner, TODAY)
        self.company.late_compensation_vat = 21
        notice = self._propose(partner, day=AFTER).notice_ids
        self.assertEqual(notice.amount_compensation, 40, "as the letter said")

    # --- by the company ---------------------------------------------------------------

    def test_branches_share_the_customer_not_the_reminder(self):
        partner, __, invoice = self._reminded()
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        self.cr.precommit.run()
        at_branch = self._invoice(
            partner.with_company(branch), 800, late=5, company_id=branch.id
        )
        notice = self._propose(partner, day=AFTER).notice_ids
        claims = {
            line.move_id: (line.compensation, line.free_reminder)
            for line in notice.line_ids
        }
        self.assertEqual(claims, {invoice: (50, False), at_branch: (0, True)})

    def test_settings_take_a_percentage(self):
        with Form(self.env["res.config.settings"]) as form:
            form.late_compensation_vat = 21
        form.record.execute()
        self.assertEqual(self.company.late_compensation_vat, 21)
