"""Releases: who asks, who decides, what they are good for."""

from datetime import datetime

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .common import NOW, TODAY
from .gate_common import GateCommon


class TestRelease(GateCommon):
    def setUp(self):
        super().setUp()
        self.move = self._held()

    # === THE WAY OF ONE === #

    def test_request_approve_confirm(self):
        release = self._request(self.move)
        self.assertEqual(self.move.credit_state, "requested")
        self.assertRecordValues(
            release,
            [
                {
                    "state": "requested",
                    "amount": 400,
                    "requester_id": self.biller.id,
                    "asked_id": self.contact.id,
                    "exposure_open": 1000,
                    "exposure_total": 1400,
                    "limit_amount": 1000,
                    "exceeded": 400,
                    "valid_until": self._tomorrow(7),
                }
            ],
        )
        self.assertIn("400", release.sentence)
        activity = release.activity_ids
        self.assertEqual(activity.user_id, self.contact)
        self.assertIn("Payment announced", activity.note)
        release.with_user(self.manager).action_approve()
        self.assertFalse(release.activity_ids)
        self.assertEqual(self.move.credit_state, "released")
        self.assertEqual(self.move.activity_ids.user_id, self.biller)
        self.move.with_user(self.biller).action_post()
        self.assertEqual(self.move.state, "posted")
        self.assertRecordValues(
            release,
            [
                {
                    "state": "used",
                    "approver_id": self.manager.id,
                    "used_by_id": self.biller.id,
                }
            ],
        )
        self.assertFalse(self.move.activity_ids, "nothing is left to do")

    def test_approver_gets_an_e_mail_with_the_link(self):
        with self.mock_mail_gateway(), self.mock_mail_app():
            release = self._request(self.move)
        mails = [
            m for m in self._new_mails if self.contact.partner_id in m.recipient_ids
        ]
        self.assertEqual(len(mails), 1)
        self.assertIn("Payment announced", mails[0].body_html)
        self.assertIn(f"res_id={release.id}", mails[0].body_html)

    def test_refused(self):
        release = self._request(self.move)
        action = release.with_user(self.manager).action_refuse()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.manager)
            .with_context(**action["context"])
            .create({"reason": "Too much already"})
        )
        wizard.action_confirm()
        self.assertEqual(release.state, "refused")
        self.assertEqual(self.move.credit_state, "held")
        self.assertEqual(self.move.activity_ids.user_id, self.biller)
        self.assertIn("Too much already", self.move.activity_ids.note)
        self.move.action_post()
        self.assertEqual(self.move.state, "draft")
        self.assertEqual(self._request(self.move).state, "requested", "asked again")

    def test_withdrawn(self):
        release = self._request(self.move)
        with self.assertRaises(AccessError):
            release.with_user(self.manager).action_withdraw()
        release.with_user(self.biller).action_withdraw()
        self.assertEqual(release.state, "cancelled")
        self.assertEqual(self.move.credit_state, "held")

    def test_released_without_request(self):
        action = self.move.with_user(self.manager).action_credit_release()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.manager)
            .with_context(**action["context"])
            .create({"reason": "Known customer"})
        )
        wizard.action_confirm()
        release = self.move.credit_release_ids
        self.assertEqual(release.state, "approved")
        self.assertEqual(release.approver_id, self.manager)
        self.assertNotEqual(release.requester_id, self.manager)

    def test_attachments_stay_with_the_decision(self):
        file = (
            self.env["ir.attachment"]
            .with_user(self.biller)
            .create({"name": "bank.txt", "raw": b"paid"})
        )
        release = self._request(self.move, attachment_ids=[(6, 0, file.ids)])
        kept = release.message_ids.attachment_ids
        self.assertEqual(kept.name, "bank.txt")
        self.assertEqual((kept.res_model, kept.res_id), ("credit.release", release.id))

    def test_several_at_once(self):
        other = self._draft(300)
        other.action_post()
        both = self.move + other
        action = both.with_user(self.biller).action_credit_request()
        self.env[action["res_model"]].with_user(self.biller).with_context(
            **action["context"]
        ).create({"reason": "Both"}).action_confirm()
        self.assertEqual(set(both.mapped("credit_state")), {"requested"})
        self.assertEqual(len(both.credit_release_ids), 2)

    # === WHAT IT IS GOOD FOR === #

    def _approved(self, **values):
        release = self._request(self.move, **values)
        release.with_user(self.manager).action_approve()
        return release

    def test_used_once(self):
        release = self._approved()
        self.move.action_post()
        self.assertEqual(release.state, "used")
        self.move.button_draft()
        self.assertEqual(self.move.credit_state, "none")
        self.move.action_post()
        self.assertEqual((self.move.state, self.move.credit_state), ("draft", "held"))

    def test_not_for_a_larger_amount(self):
        release = self._approved()
        self.move.invoice_line_ids.price_unit = 401
        self.move.action_post()
        self.assertEqual((self.move.state, self.move.credit_state), ("draft", "held"))
        self.assertEqual(release.state, "approved")

    def test_not_for_what_happened_since(self):
        self._approved()
        self.profile.credit_hold = True
        self.move.action_post()
        self.assertEqual((self.move.state, self.move.credit_state), ("draft", "held"))

    def test_not_after_its_last_day(self):
        release = self._approved(valid_until=TODAY)
        later = datetime.combine(self._tomorrow(), NOW.time())
        self._cron("ir_cron_credit_gate", later)
        self.assertEqual(release.state, "expired")
        self.assertEqual(self.move.credit_state, "held")
        self.move.action_post()
        self.assertEqual(self.move.state, "draft")

    def test_not_one_that_has_run_out_already(self):
        with self.assertRaises(UserError):
            self._request(self.move, valid_until=self._tomorrow(-1))

    def test_needless_when_the_customer_pays(self):
        release = self._request(self.move)
        self._payment(self.customer, 500)
        self._look_again()
        self.assertEqual(release.state, "needless")
        self.assertFalse(release.activity_ids)
        self.assertEqual(self.move.credit_state, "none")
        with self.assertRaises(UserError):
            release.with_user(self.manager).action_approve()

    def test_facts_are_frozen(self):
        release = self._request(self.move)
        self.profile.with_user(self.manager).credit_limit = 1100
        self._invoice(self.customer, 50, late=-1)
        self.env.invalidate_all()
        self.assertEqual(release.limit_amount, 1000)
        self.assertEqual(release.exposure_total, 1400)

    # === WHO DECIDES === #

    def test_who_asks_does_not_decide(self):
        self.move.with_user(self.biller)
        release = self._request(self.move, user=self.manager)
        with self.assertRaises(AccessError):
            release.with_user(self.manager).action_approve()
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            release.sudo().write({"approver_id": self.manager.id})
            self.env.flush_all()

    def test_others_do_not_decide(self):
        release = self._request(self.move)
        for user in (self.biller, self.collector):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                release.with_user(user).action_approve()
        self.assertFalse(self.move.with_user(self.collector).credit_can_release)
        self.assertTrue(self.move.with_user(self.manager).credit_can_release)

    def test_nobody_writes_a_release(self):
        release = self._request(self.move)
        for user in (self.biller, self.collector, self.manager):
            for act in (
                lambda r: r.write({"state": "approved"}),
                lambda r: r.unlink(),
                lambda r: r.copy(),
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    act(release.with_user(user))
        with self.assertRaises(UserError):
            release.sudo().unlink()

    def test_brackets(self):
        self._bracket(500, self.collector)
        self._bracket(5000, group="account_dunning.group_account_dunning_manager")
        release = self._request(self.move)
        self.assertEqual(release.asked_id, self.collector)
        large = self._draft(600)
        large.action_post()
        asked = self._request(large)
        self.assertEqual(asked.asked_id, self.contact)
        with self.assertRaises(AccessError):
            asked.with_user(self.collector).action_approve()
        release.with_user(self.manager).action_approve()
        self.assertEqual(release.state, "approved", "more includes less")
        huge = self._draft(6000)
        huge.action_post()
        with self.assertRaises(UserError):
            self._request(huge)

    def test_bracket_needs_an_amount_and_somebody(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.env["credit.approval.bracket"].create(
                {"up_to": 0, "user_ids": [(6, 0, self.manager.ids)]}
            )
            self.env.flush_all()

    def test_stand_in_while_the_approver_is_away(self):
        self._bracket(None, self.contact)
        release = self._request(self.move)
        self.assertEqual(release.asked_id, self.contact)
        with self.assertRaises(AccessError):
            release.with_user(self.collector).action_approve()
        self.env["credit.approval.delegate"].with_user(self.contact).create(
            {
                "delegate_id": self.collector.id,
                "date_from": TODAY,
                "date_to": self._tomorrow(3),
            }
        )
        self.assertEqual(release.asked_id, self.collector)
        self.assertEqual(release.activity_ids.user_id, self.collector)
        release.with_user(self.collector).action_approve()
        self.assertEqual(release.approver_id, self.collector)

    def test_stand_in_goes_with_the_absence(self):
        self._bracket(None, self.contact)
        self.env["credit.approval.delegate"].create(
            {
                "user_id": self.contact.id,
                "delegate_id": self.collector.id,
                "date_from": TODAY,
                "date_to": TODAY,
            }
        )
        release = self._request(self.move)
        self.assertEqual(release.asked_id, self.collector)
        self._cron(
            "ir_cron_credit_gate", datetime.combine(self._tomorrow(), NOW.time())
        )
        self.assertEqual(release.asked_id, self.contact)

    def test_nobody_gives_away_what_is_another_s(self):
        with self.assertRaises(AccessError):
            self.env["credit.approval.delegate"].with_user(self.biller).create(
                {
                    "user_id": self.contact.id,
                    "delegate_id": self.biller.id,
                    "date_from": TODAY,
                    "date_to": TODAY,
                }
            )

    def test_nobody_turns_a_stand_in_of_his_own_around(self):
        mine = (
            self.env["credit.approval.delegate"]
            .with_user(self.biller)
            .create(
                {
                    "user_id": self.biller.id,
                    "delegate_id": self.collector.id,
                    "date_from": TODAY,
                    "date_to": TODAY,
                }
            )
        )
        with self.assertRaises(AccessError):
            mine.write({"user_id": self.contact.id, "delegate_id": self.biller.id})

    def test_who_asks_sends_no_stand_in(self):
        self._bracket(None, self.manager, self.contact)
        self.env["credit.approval.delegate"].create(
            {
                "user_id": self.manager.id,
                "delegate_id": self.collector.id,
                "date_from": TODAY,
                "date_to": TODAY,
            }
        )
        release = self._request(self.move, user=self.manager)
        self.assertEqual(release._approvers(), self.contact)

    def test_not_for_another_customer(self):
        release = self._request(self.move)
        release.with_user(self.contact).action_approve()
        self.assertEqual(self.move.credit_state, "released")
        other = self._limited(self._customer("Other"), 10)
        self.move.partner_id = other.partner_id
        self.move.action_post()
        self.assertEqual(self.move.state, "draft")

    def test_what_the_check_found_is_not_written(self):
        biller = self.move.with_user(self.biller)
        for values in ({"credit_state": "none"}, {"credit_reasons": []}):
            with self.subTest(**values), self.assertRaises(AccessError):
                biller.write(values)
        with self.assertRaises(AccessError):
            biller.copy({"credit_state": "released"})
        self.assertEqual(biller.copy({"credit_state": "none"}).credit_state, "none")

    def test_approver_who_left_is_not_asked(self):
        self.contact.sudo().active = False
        release = self._request(self.move)
        self.assertNotEqual(release.asked_id, self.contact)
        self.assertTrue(release.asked_id.active)

    # === WHO SEES WHAT === #

    def test_customers_read_nothing_of_the_check(self):
        portal = new_test_user(self.env, "portal", groups="base.group_portal")
        move = self.move.with_user(portal)
        self.assertNotIn("credit_state", move.fields_get())
        with self.assertRaises(AccessError):
            move.read(["credit_sentence"])

    def test_approver_without_accounting_rights(self):
        boss = new_test_user(self.env, "boss", groups="base.group_user")
        boss.write(
            {"company_ids": [(4, self.company.id)], "company_id": self.company.id}
        )
        self._bracket(None, boss)
        release = self._request(self.move)
        mine = release.with_user(boss)
        mine.invalidate_recordset()
        self.assertTrue(mine.can_decide)
        self.assertIn("400", mine.sentence)
        with self.assertRaises(AccessError):
            mine.exposure_open.real  # noqa: B018
        mine.action_approve()
        self.assertEqual(release.state, "approved")

    def test_strangers_see_no_release(self):
        release = self._request(self.move)
        stranger = new_test_user(self.env, "stranger", groups="base.group_user")
        self.assertFalse(
            self.env["credit.release"]
            .with_user(stranger)
            .search([("id", "=", release.id)])
        )

    # === PAYMENT LINKS === #

    def test_links_for_the_fewest_invoices(self):
        small = self._invoice(self.customer, 50, late=1, post=False)
        self.profile.with_user(self.manager).credit_limit = 2000
        small.action_post()
        self.profile.with_user(self.manager).credit_limit = 1000
        self.move.action_post()
        self.assertTrue(self.move.credit_can_ask_payment)
        items = self.move._credit_cure_items()
        self.assertEqual(items.move_id.amount_total, 1000)
        action = self.move.with_user(self.biller).action_credit_ask_payment()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.biller)
            .with_context(**action["context"])
            .create({"note": "Please"})
        )
        self.assertEqual(wizard.email, self.customer.email)
        self.assertIn("1", wizard.summary)
        wizard.action_send()
        message = self.profile.message_ids[0]
        self.assertIn(items.move_id.name, message.body)
        self.assertIn("access_token", message.body)
        self.assertEqual(message.partner_ids, self.customer)

    def test_no_links_where_payment_does_not_help(self):
        self.profile.credit_hold = True
        self.move.action_post()
        self.assertFalse(self.move.credit_can_ask_payment)
