"""The collector's first screen: who is on it, what stands above it, how it is fed."""

from ast import literal_eval
from datetime import timedelta
from decimal import Decimal

from lxml import etree

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tools import mute_logger

from .common import NOW, TODAY, DunningCommon


class TestWorklist(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer()

    def _refreshed(self, *partners):
        profiles = self.env["credit.profile"]
        for partner in partners or [self.customer]:
            profiles |= self._profile(partner)
        profiles._refresh_figures(TODAY)
        return profiles

    def _hold(self, **values):
        return self.env["dunning.hold"].create(
            {
                "profile_id": self._profile(self.customer).id,
                "reason": "Because",
                **values,
            }
        )

    # === FIGURES === #

    def test_ageing(self):
        for amount, late in ((1, -3), (2, 0), (4, 1), (8, 30), (16, 31), (32, 60)):
            self._invoice(self.customer, amount, late=late)
        for amount, late in ((64, 61), (128, 90), (256, 91)):
            self._invoice(self.customer, amount, late=late)
        profile = self._refreshed()
        self.assertEqual(profile.amount_not_due, 3)
        self.assertEqual(profile.amount_late_30, 12)
        self.assertEqual(profile.amount_late_60, 48)
        self.assertEqual(profile.amount_late_90, 192)
        self.assertEqual(profile.amount_late_more, 256)
        self.assertEqual(profile.amount_overdue, 508)
        self.assertEqual(profile.days_overdue, 91)

    def test_amount_to_collect_is_net_of_what_cannot_be_asked_for(self):
        held = self._invoice(self.customer, 100, late=10)
        excluded = self._invoice(self.customer, 200, late=10)
        self._invoice(self.customer, 400, late=10)
        self._invoice(self.customer, 800, late=-1)
        self._credit_note(self.customer, 30)
        self._hold(move_line_ids=[Command.set(self._item(held).ids)])
        self._item(excluded).no_followup = True
        profile = self._refreshed()
        self.assertEqual(profile.amount_overdue, 700)
        self.assertEqual(profile.amount_to_collect, 370)

    def _check_cover(self, partner, cover):
        """What the figures deduct is what the rules count as cover."""
        profile = self._refreshed(partner)
        customer = (
            self.env["dunning.situation"]._fetch(profile, TODAY)[profile].customer
        )
        self.assertEqual(customer.credits + customer.pending, cover)
        overdue = sum(
            item.residual
            for item in customer.items
            if item.overdue(TODAY) and item.residual > 0 and not item.excluded
        )
        self.assertEqual(
            profile.amount_to_collect, max(overdue - cover, 0), "asked for too much"
        )
        return profile

    def test_payments_on_their_way_cover(self):
        self.policy.mode = "manual"  # a person has to ask for it
        self._invoice(self.customer, 100, late=4)
        self._credit_note(self.customer, 10)
        self.assertEqual(self._check_cover(self.customer, 10).work_state, "act")
        self._payments_without_entry()
        self.assertFalse(self._payment(self.customer, 30).move_id)
        self._check_cover(self.customer, 40)
        other = self.env["res.partner"].create(
            {"name": "Contact", "parent_id": self.customer.id}
        )
        self._online_payment(other, 20)
        self._check_cover(self.customer, 60)
        currency = self.setup_other_currency("GBP", rates=[("2026-01-01", 0.5)])
        foreign = self._online_payment(self.customer, 80, currency_id=currency.id)
        worth = currency._convert(80, self.company.currency_id, self.company, TODAY)
        self.assertNotEqual(worth, 80)
        profile = self._check_cover(self.customer, 60 + Decimal(str(worth)))
        self.assertEqual(profile.amount_to_collect, 0)
        self.assertEqual(profile.work_state, "none", "somebody who has paid")
        foreign.state = "cancel"
        self._check_cover(self.customer, 60)

    def test_excluded_entries_cover_with_what_is_left_of_them(self):
        self._invoice(self.customer, 500, late=4)
        self._entry(self.customer, 1000)
        self._entry(self.customer, -1000)
        profile = self._check_cover(self.customer, 0)
        self.assertEqual(profile.amount_to_collect, 500)
        self._entry(self.customer, -120)
        profile = self._check_cover(self.customer, 120)
        self.assertEqual(profile.amount_to_collect, 380)

    def test_what_was_reminded_may_be_paid_in_time(self):
        self._invoice(self.customer, 100, late=4)
        self._run(self.customer)
        profile = self._refreshed()
        self.assertEqual(profile.amount_to_collect, 0)
        last_day = TODAY + timedelta(days=self.first.deadline_days)
        profile._refresh_figures(last_day)
        self.assertEqual(profile.amount_to_collect, 0)
        profile._refresh_figures(last_day + timedelta(days=1))
        self.assertEqual(profile.amount_to_collect, 100)

    def test_customers_do_not_share_figures(self):
        other = self._customer("Other")
        self._invoice(self.customer, 100, late=4)
        self._invoice(other, 1000, late=200)
        mine, others = self._refreshed(self.customer, other)
        self.assertEqual(mine.amount_overdue, 100)
        self.assertEqual(others.amount_overdue, 1000)

    def test_one_query_and_one_statement_whatever_the_number(self):
        partners = [self._customer(f"C{i}") for i in range(6)]
        for partner in partners:
            self._invoice(partner, 100, late=20)
        few, many = self._refreshed(*partners[:2]), self._refreshed(*partners)

        def queries(profiles):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            profiles._refresh_figures(TODAY)
            return self.cr.sql_log_count - before

        queries(many)  # caches of rules and companies are warm from here on
        self.assertEqual(queries(few), queries(many))

    # === WHO IS ON THE LIST === #

    def test_the_machine_needs_nobody(self):
        self._invoice(self.customer, 100, late=4)
        profile = self._refreshed()
        self.assertEqual(profile.work_state, "none")
        self.assertFalse(profile.work_chip)

    def test_an_old_debt_nobody_talked_about(self):
        self._invoice(self.customer, 100, late=50)
        profile = self._refreshed()
        self.assertEqual(profile.work_state, "act")
        self.assertEqual(profile.work_chip, "45 days crossed")
        self.assertIn("Days late of the oldest item: +9", profile.priority_detail)
        self.assertEqual(
            profile.priority, sum(points for __, points in profile.priority_points)
        )

    def test_a_manual_policy_needs_a_person(self):
        self.policy.mode = "manual"
        self._invoice(self.customer, 100, late=4)
        self.assertEqual(self._refreshed().work_why, "by_hand")

    def test_the_end_of_the_policy_needs_a_person(self):
        self._invoice(self.customer, 100, late=4)
        self.policy.level_ids.filtered(lambda li: li.days > 3).active = False
        self._run(self.customer)
        profile = self._refreshed()
        self.assertEqual(profile.work_why, "under_way")
        self._deliver()
        profile._refresh_figures(TODAY)
        self.assertEqual(profile.work_why, "reminded")
        profile._refresh_figures(TODAY + timedelta(days=20))
        self.assertEqual(profile.work_why, "last_level")

    def test_a_pause_moves_the_customer_at_once(self):
        self._invoice(self.customer, 100, late=50)
        profile = self._refreshed()
        hold = self._hold(date_to=TODAY + timedelta(days=3))
        self.assertEqual(profile.work_state, "hold")
        self.assertEqual(profile.amount_to_collect, 0)
        hold.action_end()
        self.assertEqual(profile.work_state, "act")
        hold.unlink()
        self.assertEqual(profile.work_state, "act")

    def test_all_that_is_overdue_paused_is_a_paused_customer(self):
        invoice = self._invoice(self.customer, 100, late=50)
        self._hold(move_line_ids=[Command.set(self._item(invoice).ids)])
        self.assertEqual(self._profile(self.customer).work_state, "hold")

    def test_a_pause_that_ends_is_on_the_list(self):
        self._invoice(self.customer, 100, late=10)
        self._hold(date_from=TODAY - timedelta(days=9), date_to=TODAY)
        profile = self._refreshed()
        self.assertEqual(profile.work_why, "ending")
        self.assertTrue(profile.hold_alert)
        profile._refresh_figures(TODAY + timedelta(days=1))
        self.assertEqual(profile.work_why, "broken")
        self.assertTrue(profile.hold_alert)

    def test_a_pause_of_earlier_debts_is_no_alert(self):
        """Years ago everything was paused; what is overdue today fell due since."""
        hold = self._hold(
            date_from=TODAY - timedelta(days=60), date_to=TODAY - timedelta(days=30)
        )
        self._invoice(self.customer, 100, late=29)
        profile = self._refreshed()
        self.assertFalse(profile.hold_alert)
        self.assertNotEqual(profile.work_why, "broken")
        hold.date_to = TODAY - timedelta(days=29)
        self.assertTrue(self._refreshed().hold_alert)
        self.assertEqual(profile.work_why, "broken")

    def test_a_pause_of_a_paid_item_is_no_alert(self):
        paid = self._invoice(self.customer, 100, late=10)
        self._invoice(self.customer, 100, late=10)
        self._hold(
            date_from=TODAY - timedelta(days=9),
            date_to=TODAY - timedelta(days=1),
            move_line_ids=[Command.set(self._item(paid).ids)],
        )
        self.assertTrue(self._refreshed().hold_alert)
        self._pay(paid)
        self.assertFalse(self._refreshed().hold_alert)

    def test_an_activity_moves_the_customer_at_once(self):
        self._invoice(self.customer, 100, late=4)
        profile = self._refreshed()
        activity = profile.activity_schedule(
            "mail.mail_activity_data_call",
            date_deadline=TODAY + timedelta(days=2),
            user_id=self.collector.id,
        )
        self.assertEqual(profile.work_why, "planned")
        self.assertEqual(profile.next_action_date, TODAY + timedelta(days=2))
        activity.date_deadline = TODAY
        self.assertEqual(profile.work_why, "call_due")
        activity.action_done()
        self.assertEqual(profile.work_state, "none")
        self.assertFalse(profile.next_action_date)

    @mute_logger("odoo.addons.account_dunning.models.dunning_delivery")
    def test_a_bounce_is_on_the_list_until_the_address_is_checked(self):
        self._invoice(self.customer, 100, late=4)
        run = self._run(self.customer)
        run.notice_ids.delivery_ids._fail("No such mailbox", faulty=True)
        profile = self._profile(self.customer)
        self.assertEqual(profile.work_why, "bounced")
        profile.activity_ids.unlink()
        profile.with_user(self.collector).action_address_checked()
        self.assertNotEqual(profile.work_why, "bounced")

    # === DONE === #

    def test_done_until_tomorrow(self):
        self._invoice(self.customer, 100, late=50)
        profile = self._refreshed().with_user(self.collector)
        profile.action_done()
        self.assertEqual(profile.handled_on, TODAY)
        self.assertEqual(profile.work_state, "await")
        self.assertEqual(profile.work_why, "handled")
        profile.action_undo_done()
        self.assertEqual(profile.work_state, "act")

    def test_accountants_look_and_collectors_act(self):
        self._invoice(self.customer, 100, late=50)
        profile = self._refreshed()
        accountant = self._user("accountant", "account.group_account_readonly")
        looks = profile.with_user(accountant)
        self.assertEqual(looks.work_chip, "45 days crossed")
        self.assertTrue(looks.priority_detail is not None)
        self.assertTrue(looks.get_worklist_figures())
        for action in ("action_done", "action_undo_done"):
            with self.assertRaises(AccessError):
                getattr(looks, action)()
        nobody = self._user("nobody", "base.group_user")
        with self.assertRaises(AccessError):
            self.env["credit.profile"].with_user(nobody).get_worklist_figures()

    # === ABOVE THE LIST === #

    def _figures(self):
        return (
            self.env["credit.profile"].with_user(self.collector).get_worklist_figures()
        )

    def _counted(self, name):
        """What the filter of a figure finds."""
        view = self.env.ref("account_dunning.credit_worklist_view_search")
        arch = self.env["credit.profile"].get_view(view.id, "search")["arch"]
        (found,) = etree.fromstring(arch).xpath(f"//filter[@name='{name}']/@domain")
        domain = literal_eval(found)
        return (
            self.env["credit.profile"]
            .with_user(self.collector)
            .search_count([*domain, ("company_id", "=", self.company.id)])
        )

    def test_figures_are_what_their_filters_find(self):
        self._invoice(self.customer, 100, late=50)
        bounced, ending, waiting = (
            self._customer(name) for name in ("Bounced", "Ending", "Waiting")
        )
        for partner in (bounced, ending, waiting):
            self._invoice(partner, 10, late=4)
        run = self._run(bounced)
        run.notice_ids.delivery_ids._fail("No such mailbox", faulty=True)
        self.env["dunning.hold"].create(
            {
                "profile_id": self._profile(ending).id,
                "reason": "Because",
                "date_to": TODAY,
            }
        )
        self._propose(waiting)
        self._refreshed(self.customer, bounced, ending, waiting)
        figures = self._figures()
        self.assertEqual(figures["collect"]["count"], self._counted("collect"))
        self.assertEqual(figures["collect"]["count"], 3)
        self.assertEqual(figures["collect"]["amount"], 110)
        self.assertEqual(figures["collect"]["currency_id"], self.company.currency_id.id)
        self.assertEqual(figures["holds"], 1)
        self.assertEqual(figures["holds"], self._counted("hold_alert"))
        self.assertEqual(figures["failed"], 1)
        self.assertEqual(figures["failed"], self._counted("failed"))
        self.assertEqual(figures["approval"], 1)
        self.assertEqual(figures["approval"], self._counted("approval"))
        mine = self._refreshed(waiting, bounced).with_user(self.collector)
        self.assertEqual(mine.filtered("waits_for_approval").partner_id, waiting)
        others = mine.search(
            [("id", "in", mine.ids), ("waits_for_approval", "=", False)]
        )
        self.assertEqual(others.partner_id, bounced)

    def test_bank_freshness(self):
        self.assertFalse(self._figures()["bank"])
        journal = self.company_data["default_journal_bank"]
        self.env["account.bank.statement.line"].create(
            [
                {
                    "journal_id": journal.id,
                    "date": TODAY - timedelta(days=days),
                    "payment_ref": "In",
                    "amount": 10,
                }
                for days in (5, 2)
            ]
        )
        self.assertEqual(
            self._figures()["bank"],
            {"date": str(TODAY - timedelta(days=2)), "unmatched": 2},
        )

    def test_getting_started(self):
        self.assertEqual(self._figures()["start"], {"owed": False, "proposed": False})
        self._invoice(self.customer, 100, late=4)
        self.assertEqual(self._figures()["start"], {"owed": True, "proposed": False})
        run = self._propose(self.customer)
        self.assertEqual(self._figures()["start"], {"owed": True, "proposed": True})
        run.notice_ids.action_approve()
        run._issue_notices()
        self.assertFalse(self._figures()["start"])

    def test_refresh_by_a_collector(self):
        self._invoice(self.customer, 100, late=50)
        Profile = self.env["credit.profile"].with_user(self.collector)
        Profile.action_refresh_worklist()
        profile = Profile.search([("partner_id", "=", self.customer.id)])
        self.assertEqual(profile.amount_overdue, 100)
        self.assertTrue(self._figures()["refreshed_at"])

    def test_approve_from_the_list(self):
        self._invoice(self.customer, 100, late=4)
        run = self._propose(self.customer)
        self._profile(self.customer).with_user(
            self.collector
        ).action_approve_proposals()
        self.assertEqual(run.notice_ids.state, "approved")

    # === PRIORITY === #

    def test_a_company_has_its_own_points(self):
        self._invoice(self.customer, 1000, late=50)
        profile = self._refreshed()
        common = dict(profile.priority_points)["amount"]
        self.env["credit.priority.rule"].with_user(self.manager).create(
            {
                "criterion": "amount",
                "points": 7,
                "per": 100,
                "company_id": self.company.id,
            }
        )
        self._refreshed()
        self.assertEqual(common, 4)
        self.assertEqual(dict(profile.priority_points)["amount"], 70)
        with self.assertRaises(AccessError):
            self.env["credit.priority.rule"].with_user(self.collector).create(
                {"criterion": "age", "points": 7, "company_id": self.company.id}
            )

    def test_last_contact(self):
        self._invoice(self.customer, 100, late=4)
        self._run(self.customer)
        profile = self._profile(self.customer)
        self.assertIn("reminder", profile.last_contact_summary)

    # === FRESHNESS === #

    def test_what_is_on_the_list_is_refreshed_hourly_and_the_rest_daily(self):
        other = self._customer("Other")
        self._invoice(self.customer, 100, late=50)
        self._invoice(other, 100, late=4)
        on_list, off_list = self._refreshed(self.customer, other)
        both = on_list | off_list
        Profile = self.env["credit.profile"]

        def stale(now):
            return Profile.search(Profile._stale_domain(now)) & both

        self.assertFalse(stale(NOW + timedelta(minutes=40)))
        self.assertEqual(stale(NOW + timedelta(hours=1)), on_list)
        self.assertEqual(stale(NOW + timedelta(days=1)), both)
        # the day begins where the company is: in Tokyo at 15:00 UTC
        off_list.sudo().refreshed_at = NOW.replace(hour=14, minute=59)
        for zone, begun in (("UTC", False), ("Asia/Tokyo", True)):
            self.company.resource_calendar_id.tz = zone
            found = stale(NOW.replace(hour=15, minute=1))
            self.assertEqual(off_list in found, begun, zone)
