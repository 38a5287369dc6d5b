"""Which items and customers a run chooses: thresholds, exclusions, currencies, ages."""

from datetime import timedelta

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools import mute_logger

from .common import TODAY, DunningCommon


class TestSelection(DunningCommon):
    def test_old_and_new_invoice_make_one_message(self):
        customer = self._customer()
        self._invoice(customer, 100, late=60)
        self._invoice(customer, 50, late=4)
        run = self._run(customer)
        self.assertEqual(len(run.notice_ids), 1)
        self.assertEqual(run.notice_ids.amount_due, 150)

    def test_reminder_claims_nothing_that_is_not_due(self):
        customer = self._customer()
        self._item(self._invoice(customer, 100, late=46)).dunning_level_id = self.final
        upcoming = self._invoice(customer, 50, late=-4)
        run = self._run(customer)
        self.assertEqual(run.notice_ids.level_id, self.formal)
        self.assertEqual(run.notice_ids.amount_due, 100)
        self.assertEqual(run.skip_ids.move_line_id.move_id, upcoming)
        self.assertEqual(run.skip_ids.reason, "overdue_first")

    def test_first_use_with_an_old_debt_climbs_level_by_level(self):
        customer = self._customer()
        invoice = self._invoice(customer, 100, late=400)
        reached = []
        for day in range(0, 40):
            run = self._run(customer, day=TODAY + timedelta(days=day))
            reached += [(day, n.level_id.name) for n in run.notice_ids]
            self._deliver(TODAY + timedelta(days=day))
        self.assertEqual(
            reached, [(0, "First"), (5, "Second"), (10, "Final"), (15, "Formal")]
        )
        self.assertEqual(self._item(invoice).dunning_level_id, self.formal)

    def test_start_by_age_enters_short_of_the_formal_notice(self):
        self.policy.start_rule = "age"
        self.company.dunning_baseline_date = TODAY - timedelta(days=10)
        customer = self._customer()
        old = self._invoice(customer, 100, late=400)
        recent = self._invoice(customer, 100, late=9)
        run = self._run(customer)
        self.assertEqual(run.notice_ids.level_id, self.final)
        self.assertEqual(self._item(old).dunning_level_id, self.final)
        self.assertEqual(self._item(recent).dunning_level_id, self.first)

    def test_instalments_have_their_own_due_dates_and_levels(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Half now, half later",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": days}
                    )
                    for days in (30, 90)
                ],
            }
        )
        customer = self._customer()
        invoice = self._invoice(
            customer,
            200,
            invoice_date=TODAY - timedelta(days=34),
            invoice_date_due=False,
            invoice_payment_term_id=term.id,
        )
        run = self._run(customer)
        first, second = self._item(invoice).sorted("date_maturity")
        self.assertEqual(run.notice_ids.amount_due, 100)
        self.assertEqual(first.dunning_level_id, self.first)
        self.assertFalse(second.dunning_level_id)
        self.assertEqual(run.skip_ids.move_line_id, second)
        self.assertEqual(run.skip_ids.reason, "not_due")

    def test_minimum_in_company_currency_for_a_foreign_invoice(self):
        yen = self.setup_other_currency("JPY", rates=[("2016-01-01", 160.0)])
        self.policy.min_amount = 100
        for amount, reminded in ((15_900, False), (16_100, True)):
            with self.subTest(yen=amount):
                customer = self._customer()
                self._invoice(customer, amount, late=4, currency_id=yen.id)
                notice = self._propose(customer).notice_ids
                self.assertEqual(bool(notice), reminded)
        self.assertEqual(notice.line_ids.residual, 16_100)
        self.assertAlmostEqual(notice.amount_due, 100.63, places=2)

    def test_two_currencies_are_totalled_apart(self):
        pound = self.setup_other_currency("GBP", rates=[("2016-01-01", 0.5)])
        customer = self._customer()
        self._invoice(customer, 100, late=4)
        self._invoice(customer, 30, late=4, currency_id=pound.id)
        self._credit_note(customer, 10, currency_id=pound.id)
        notice = self._propose(customer).notice_ids
        self.assertEqual(
            [
                (t["currency"].name, t["claimed"], t["credit"], t["due"])
                for t in notice._totals()
            ],
            [(self.company.currency_id.name, 100, 0, 100), ("GBP", 30, 10, 20)],
        )
        self.assertEqual(notice.amount_due, 140)

    def test_small_rest_does_not_trigger_but_is_listed(self):
        self.policy.min_share = 5
        customer = self._customer()
        rest = self._invoice(customer, 1000, late=20)
        self._pay(rest, 990)
        run = self._propose(customer)
        self.assertEqual(self._reasons(run), {"below_share"})
        self._invoice(customer, 500, late=4)
        self.assertEqual(self._propose(customer).notice_ids.amount_due, 510)

    def test_excluded_blocked_held_disputed_items_are_not_claimed(self):
        customer = self._customer()
        excluded, blocked, held, disputed, plain = (
            self._invoice(customer, 10, late=4) for __ in range(5)
        )
        excluded.no_followup = True
        blocked.action_toggle_block_payment()
        profile = self._profile(customer)
        for kind, move in (("manual", held), ("dispute", disputed)):
            self.env["dunning.hold"].create(
                {
                    "profile_id": profile.id,
                    "kind": kind,
                    "move_line_ids": [Command.set(self._item(move).ids)],
                    "reason": "Because",
                }
            )
        run = self._run(customer)
        self.assertEqual(run.notice_ids.line_ids.move_id, plain)
        reasons = {s.move_line_id.move_id: s.reason for s in run.skip_ids}
        self.assertEqual(
            reasons,
            {
                excluded: "item_excluded",
                blocked: "item_blocked",
                held: "item_held",
                disputed: "item_disputed",
            },
        )
        self.assertFalse(self._item(excluded).dunning_level_id)

    def test_archived_customer_is_left_alone_and_listed(self):
        customer = self._customer()
        self._invoice(customer, late=4)
        self._profile(customer)
        customer.active = False
        run = self._propose()
        mine = run.skip_ids.filtered(lambda s: s.profile_id.partner_id == customer)
        self.assertEqual(mine.reason, "customer_archived")

    def test_policy_without_levels_says_so(self):
        self.company.dunning_policy_id = self.env["dunning.policy"].create(
            {"name": "Empty"}
        )
        customer = self._customer()
        self._invoice(customer, late=4)
        self.assertEqual(self._reasons(self._propose(customer)), {"no_levels"})

    def test_no_policy_says_so(self):
        self.company.dunning_policy_id = False
        customer = self._customer()
        self._invoice(customer, late=4)
        self.assertEqual(self._reasons(self._propose(customer)), {"no_policy"})

    def test_manual_policy_waits_for_a_person(self):
        self.policy.mode = "manual"
        customer = self._customer()
        self._invoice(customer, late=4)
        scheduled = self._propose(scheduled=True)
        self.assertEqual(self._reasons(scheduled), {"policy_manual"})
        self.assertTrue(self._propose(customer).notice_ids)

    def test_stale_bank_data_stop_reminders(self):
        customer = self._customer()
        self._invoice(customer, late=4)
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": TODAY - timedelta(days=8),
                "payment_ref": "Something",
                "amount": 1.0,
            }
        )
        self.assertEqual(self._reasons(self._propose(customer)), {"bank_too_old"})
        self.company.dunning_bank_max_age = 0
        self.assertTrue(self._propose(customer).notice_ids)

    def test_policy_change_in_mid_course_goes_on_by_days(self):
        customer = self._customer()
        invoice = self._invoice(customer, 100, late=15)
        self._item(invoice).dunning_level_id = self.first
        other = self._policy("Slower")
        other.level_ids.filtered(lambda li: li.days == 3).days = 10
        self._profile(customer).policy_id = other
        run = self._run(customer)
        self.assertEqual(run.notice_ids.level_id, other.level_ids[1])

    def test_consumer_unless_known_to_be_a_business(self):
        self.company.dunning_consumer_policy_id = self._policy("Consumers")
        business, person = self._customer("B"), self._customer("P", is_company=False)
        for partner in (business, person):
            self._invoice(partner, late=4)
        run = self._propose(business, person)
        policies = {n.partner_id: n.policy_id for n in run.notice_ids}
        self.assertEqual(policies[business], self.policy)
        self.assertEqual(policies[person], self.company.dunning_consumer_policy_id)

    # === POLICY AND LEVEL RULES === #

    def test_levels_of_a_policy_have_distinct_days(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.second.days = self.first.days
            self.env.flush_all()

    def test_nothing_softer_follows_a_formal_notice(self):
        with self.assertRaises(ValidationError):
            self.final.days = 60

    def test_email_level_needs_a_template(self):
        with self.assertRaises(ValidationError):
            self.first.mail_template_id = False

    def test_served_level_is_archived_not_deleted(self):
        customer = self._customer()
        invoice = self._invoice(customer, late=4)
        self._run(customer)
        self._deliver()
        with self.assertRaises(UserError):
            self.first.unlink()
        self.first.active = False
        with freeze_time(TODAY + timedelta(days=11)):
            run = self._run(customer, day=TODAY + timedelta(days=11))
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.assertEqual(self._item(invoice).dunning_level_id, self.second)

    def test_level_can_be_lowered_not_raised(self):
        customer = self._customer()
        invoice = self._invoice(customer, late=16)
        self._item(invoice).dunning_level_id = self.first
        notice = self._propose(customer).notice_ids
        with self.assertRaises(ValidationError):
            notice.level_id = self.final
        notice.action_lower_level()
        self.assertEqual(notice.level_id, self.first)
        self.assertTrue(notice.edited)

    def test_enterprise_follow_up_forbids_automatic(self):
        self.policy.mode = "automatic"
        self.company.dunning_auto_send = True
        self.assertEqual(self.policy._effective_mode(self.company), "automatic")
        module = self.env["ir.module.module"].search(
            [("name", "=", "account_followup")]
        )
        module = module or self.env["ir.module.module"].create(
            {"name": "account_followup"}
        )
        module.state = "installed"
        self.env.registry.clear_cache("stable")
        self.addCleanup(self.env.registry.clear_cache, "stable")
        self.assertEqual(self.policy._effective_mode(self.company), "confirm")
        with self.assertRaises(ValidationError):
            self.policy.copy({"mode": "automatic"})
        customer = self._customer()
        self._invoice(customer, late=4)
        run = self._propose(scheduled=True)
        self.assertEqual(run.notice_ids.state, "draft")
        settings = self.env["res.config.settings"].create({})
        self.assertTrue(settings.dunning_follow_up_installed)
