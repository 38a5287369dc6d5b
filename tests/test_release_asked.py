"""Releases: until when they hold, and whom they wait for when people leave."""

from datetime import datetime, timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import mute_logger

from .common import NOW, TODAY
from .gate_common import GateCommon


class TestReleaseAsked(GateCommon):
    def setUp(self):
        super().setUp()
        self.move = self._held()

    def _pass_days(self, days):
        when = datetime.combine(self._tomorrow(days), NOW.time())
        self._cron("ir_cron_credit_gate", when)

    def _told(self, release):
        return release.activity_ids.user_id

    # === SEVERAL APPROVALS === #

    def _approved(self, **values):
        release = self._request(self.move, **values)
        release.with_user(self.manager).action_approve()
        return release

    def _approved_twice(self, valid_until):
        """The invoice grew after the first approval, and got a second one."""
        first = self._approved(valid_until=TODAY)
        self.move.invoice_line_ids.price_unit = 500
        self.move.action_post()
        self.assertEqual(self.move.credit_state, "held", "approved for 400")
        return first, self._approved(valid_until=valid_until)

    def test_older_approval_runs_out_and_the_newer_stands(self):
        first, second = self._approved_twice(self._tomorrow(5))
        tasks = self.move.activity_ids
        self._pass_days(1)
        self.assertEqual((first.state, second.state), ("expired", "approved"))
        self.assertEqual(self.move.credit_state, "released")
        self.assertEqual(self.move.activity_ids, tasks, "nobody hears it is held")
        self.move.action_post()
        self.assertEqual((self.move.state, second.state), ("posted", "used"))

    def test_both_run_out(self):
        releases = self._approved_twice(TODAY)
        self._pass_days(1)
        self.assertEqual([r.state for r in releases], ["expired", "expired"])
        self.assertEqual(self.move.credit_state, "held")
        ended = self.move.activity_ids.filtered(lambda a: "not used" in (a.note or ""))
        self.assertEqual(len(ended), 1, "told once")

    def test_older_approval_runs_out_while_a_new_one_is_asked_for(self):
        first = self._approved(valid_until=TODAY)
        self.move.invoice_line_ids.price_unit = 500
        self.move.action_post()
        second = self._request(self.move)
        self._pass_days(1)
        self.assertEqual((first.state, second.state), ("expired", "requested"))
        self.assertEqual(self.move.credit_state, "requested")

    def test_newer_one_runs_out_and_the_older_is_too_small(self):
        first = self._approved(valid_until=self._tomorrow(5))
        self.move.invoice_line_ids.price_unit = 500
        self.move.action_post()
        second = self._approved(valid_until=TODAY)
        self._pass_days(1)
        self.assertEqual((first.state, second.state), ("approved", "expired"))
        self.assertEqual(self.move.credit_state, "held")

    def test_request_withdrawn_while_an_approval_stands(self):
        self._approved()
        self.profile.credit_hold = True
        self.move.action_post()
        release = self._request(self.move)
        self.profile.credit_hold = False
        self._look_again()
        release.with_user(self.biller).action_withdraw()
        self.assertEqual(self.move.credit_state, "released")
        self.move.action_post()
        self.assertEqual(self.move.state, "posted")

    # === UNTIL WHEN === #

    def test_without_a_last_day(self):
        for act in ("_request", "_grant"):
            releases = self.env["credit.release"].with_user(self.manager)
            with self.subTest(act=act), self.assertRaisesRegex(UserError, "until when"):
                getattr(releases, act)(
                    self.move.with_user(self.manager), "Because", False
                )
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self._request(self.move, valid_until=False)

    def test_not_for_longer_than_the_company_lets_it(self):
        self.assertEqual(self.company.credit_release_max_days, 90)
        with self.assertRaisesRegex(UserError, "90 days"):
            self._request(self.move, valid_until=self._tomorrow(91))
        self.company.credit_release_max_days = 10
        with self.assertRaisesRegex(UserError, "10 days"):
            self._request(self.move, valid_until=self._tomorrow(11))
        release = self._request(self.move, valid_until=self._tomorrow(10))
        self.assertEqual(release.state, "requested")

    def test_what_is_proposed_is_allowed(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.company.write(
                {"credit_release_days": 20, "credit_release_max_days": 10}
            )
            self.env.flush_all()

    def test_no_row_ends_before_it_begins(self):
        release = self._request(self.move)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            release.sudo().valid_until = TODAY - timedelta(days=3)
            self.env.flush_all()

    # === WHOM IT WAITS FOR === #

    def test_who_lost_the_right_no_longer_sees_it(self):
        boss = self._user("boss", "base.group_user")
        self._bracket(None, self.contact, boss)
        release = self._request(self.move)
        self.assertEqual(release.entitled_ids, self.contact + boss)
        mine = self.env["credit.release"].with_user(boss)
        self.assertIn(release, mine.search([]))
        self.env["credit.approval.bracket"].search(
            [("company_id", "=", self.company.id)]
        ).user_ids = [Command.unlink(boss.id)]
        self.assertEqual(release.asked_id, self.contact, "asked still")
        self.assertEqual(release.entitled_ids, self.contact)
        self.assertNotIn(release, mine.search([]))

    def test_all_who_could_decide_have_left(self):
        boss = self._user("boss", "base.group_user")
        self._bracket(None, boss)
        release = self._request(self.move)
        self.assertEqual(self._told(release), boss)
        boss.sudo().active = False
        self._pass_days(0)
        self.assertTrue(release.nobody_entitled)
        self.assertFalse(release.entitled_ids)
        self.assertEqual(release.asked_id, self.contact, "a credit manager")
        self.assertEqual(self._told(release), self.contact)
        self.assertIn("Nobody may approve", release.activity_ids.summary)
        with self.assertRaises(AccessError):
            release.with_user(self.contact).action_approve()
        held = self.env["credit.held"].with_user(self.contact)
        held = held.search([("state", "=", "nobody")])
        self.assertEqual(held.res_id, self.move.id)
        self.assertEqual(held.actor_id, self.contact)
        self.assertIn(held, held.search([("release_id", "=", release.id)]))

        self.move.invalidate_recordset()
        self.assertIn("nobody may approve it", self.move.credit_advice)

        messages = len(release.message_ids)
        self._pass_days(0)
        self.assertEqual(len(release.message_ids), messages, "told once")
        self.assertEqual(len(release.activity_ids), 1)

        self._bracket(None, self.manager)
        self.assertFalse(release.nobody_entitled)
        self.assertEqual(release.asked_id, self.manager)
        self.assertEqual(self._told(release), self.manager)
        release.with_user(self.manager).action_approve()
        self.assertEqual(release.state, "approved")

    def test_who_is_told_that_nobody_may_leaves_as_well(self):
        boss = self._user("boss", "base.group_user")
        self._bracket(None, boss)
        release = self._request(self.move)
        boss.sudo().active = False
        self._pass_days(0)
        self.assertEqual(release.asked_id, self.contact)
        self.contact.sudo().active = False
        self._pass_days(0)
        self.assertTrue(release.asked_id.active)
        self.assertNotEqual(release.asked_id, self.contact)
        self.assertEqual(self._told(release), release.asked_id)

    def test_without_credit_managers_the_administrators_hear_of_it(self):
        boss = self._user("boss", "base.group_user")
        self._user("admin of all", "base.group_system")
        self._bracket(None, boss)
        release = self._request(self.move)
        boss.sudo().active = False
        managers = self.env.ref("account_dunning.group_account_dunning_manager").sudo()
        for group in managers | managers.all_implied_by_ids:
            group.user_ids = [Command.clear()]
        self.assertFalse(managers.all_user_ids)
        self._pass_days(0)
        told = release.asked_id
        self.assertTrue(told.has_group("base.group_system"))
        self.assertEqual(self._told(release), told)
        self.assertIn(release, self.env["credit.release"].with_user(told).search([]))
