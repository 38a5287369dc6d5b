"""Calls: what is logged, what follows, and what can be taken back."""

from datetime import date, datetime, timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, freeze_time
from odoo.tools import mute_logger

from .common import NOW, TODAY, DunningCommon


class TestCalls(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Alpha", phone="+33 1 23 45 67 89")
        cls.old = cls._item(cls._invoice(cls.customer, 100, late=20))
        cls.late = cls._item(cls._invoice(cls.customer, 200, late=4))
        cls.due = cls._item(cls._invoice(cls.customer, 400, late=-10))
        cls.profile = cls._profile(cls.customer).with_user(cls.collector)
        cls.profile.sudo().user_id = cls.collector
        cls.call_type = cls.env.ref("mail.mail_activity_data_call")

    def _call(self, outcome, **values):
        return (
            self.env["dunning.call"]
            .with_user(self.collector)
            .create({"profile_id": self.profile.id, "outcome": outcome, **values})
        )

    def _calls_to_make(self):
        return self.profile.activity_ids.filtered(
            lambda activity: activity.activity_type_id == self.call_type
        )

    # === WHAT FOLLOWS FROM EACH OUTCOME === #

    def test_promise_pauses_what_is_overdue_until_its_day(self):
        call = self._call("promised", promised_date=date(2026, 6, 19))
        hold = call.hold_id
        self.assertRecordValues(
            hold,
            [
                {
                    "kind": "promise",
                    "scope": "items",
                    "move_line_ids": (self.old + self.late).ids,
                    "date_from": TODAY,
                    "date_to": date(2026, 6, 19),
                    "user_id": self.collector.id,
                }
            ],
        )
        self.assertIn("300.00", hold.reason)
        self.assertIn("06/19/2026", hold.reason)
        self.assertEqual(call.promised_amount, 300)
        # the day after is a Saturday: looked at on Monday
        self.assertEqual(call.next_contact_date, date(2026, 6, 22))
        self.assertFalse(self._propose(self.customer).notice_ids)

    def test_promise_for_chosen_items(self):
        call = self._call(
            "promised",
            promised_date=date(2026, 6, 17),
            move_line_ids=[Command.set(self.due.ids)],
        )
        self.assertEqual(call.hold_id.move_line_ids, self.due)
        self.assertEqual(call.promised_amount, 400)
        self.assertEqual(call.next_contact_date, date(2026, 6, 18))

    def test_promise_needs_a_day_to_come_and_something_to_pay(self):
        with self.assertRaises(ValidationError):
            self._call("promised", promised_date=TODAY - timedelta(days=1))
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            with self.env.cr.savepoint():
                self._call("promised")
        paid = self._profile(self._customer("Paid"))
        with self.assertRaises(UserError):
            self._call("promised", profile_id=paid.id, promised_date=TODAY)

    def test_dispute_pauses_the_items_without_end(self):
        call = self._call(
            "disputed",
            move_line_ids=[Command.set(self.old.ids)],
            note="Wrong price\nagreed 80",
        )
        self.assertRecordValues(
            call.hold_id,
            [
                {
                    "kind": "dispute",
                    "reason": "Wrong price",
                    "date_to": False,
                    "move_line_ids": self.old.ids,
                }
            ],
        )
        self.assertIn("disputes", self.old.dunning_why)

    def test_dispute_needs_its_items(self):
        with self.assertRaises(ValidationError):
            self._call("disputed")

    def test_no_answer_calls_again_on_the_next_working_day(self):
        call = self._call("no_answer", date=NOW)
        self.assertEqual(call.next_contact_date, TODAY + timedelta(days=1))
        self.assertFalse(call.hold_id)
        self.assertRecordValues(
            self._calls_to_make(),
            [
                {
                    "summary": "Call back",
                    "user_id": self.collector.id,
                    "date_deadline": TODAY + timedelta(days=1),
                }
            ],
        )
        with freeze_time(datetime(2026, 6, 19, 9)):
            friday = self._call("no_answer")
        self.assertEqual(friday.next_contact_date, date(2026, 6, 22))

    def test_wrong_contact_asks_for_the_right_one(self):
        self._call("wrong_contact")
        todo = self.profile.activity_ids - self._calls_to_make()
        self.assertEqual(todo.summary, "Find the right contact")
        self.assertEqual(todo.user_id, self.collector)

    def test_copies_go_out_with_the_call(self):
        with self.mock_mail_gateway():
            call = self._call("copy", move_line_ids=[Command.set(self.old.ids)])
            self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()
        self.assertTrue(call.send_copies)
        [mail] = [m for m in self._mails if "customer.example" in str(m["email_to"])]
        self.assertIn(self.old.move_name, mail["subject"])
        self.assertEqual(len(mail["attachments"]), 1)

    def test_copies_can_be_left_out(self):
        with self.mock_mail_gateway():
            self._call("copy", send_copies=False)
        self.assertFalse(self._new_mails)

    def test_copies_without_an_address_are_refused(self):
        self.customer.email = False
        with self.assertRaises(UserError):
            self._call("copy")
        self.assertFalse(self.profile.call_ids)

    # === THREAD, ACTIVITIES, PROFILE === #

    def test_every_call_is_logged_and_kept_on_the_profile(self):
        for outcome in ("other", "no_answer"):
            self._call(outcome, note=f"note of {outcome}")
        bodies = " ".join(self.profile.message_ids.mapped("body"))
        self.assertIn("note of other", bodies)
        self.assertIn("No answer", bodies)
        self.assertRecordValues(
            self.profile,
            [
                {
                    "last_call_date": TODAY,
                    "last_call_outcome": "no_answer",
                    "next_contact_date": TODAY + timedelta(days=1),
                }
            ],
        )

    def test_one_call_back_at_a_time(self):
        first = self._call("other")
        activity = first.activity_id
        self._call("other", next_contact_date=TODAY + timedelta(days=2))
        open_calls = self._calls_to_make()
        self.assertEqual(len(open_calls), 1)
        self.assertNotEqual(open_calls, activity)
        self.assertEqual(open_calls.date_deadline, TODAY + timedelta(days=2))

    def _reminded_by_phone(self):
        """A notice whose channel is the telephone, handed over."""
        self.policy.level_ids.write({"channel_1": "call", "channel_2": False})
        run = self._run(self.customer)
        self._deliver()
        delivery = run.notice_ids.delivery_ids
        self.assertEqual(delivery.state, "sending")
        return delivery

    def test_a_talk_is_the_delivery_of_the_call(self):
        delivery = self._reminded_by_phone()
        self._call("other")
        self.assertEqual(delivery.state, "sent")
        self.assertEqual(self._calls_to_make().summary, "Call back")

    def test_an_unanswered_call_reached_nobody(self):
        delivery = self._reminded_by_phone()
        activity = delivery.activity_id
        call = self._call("no_answer")
        self.assertEqual(delivery.state, "sending")
        self.assertEqual(self._calls_to_make(), activity)
        self.assertEqual(activity.date_deadline, call.next_contact_date)
        with freeze_time(NOW + timedelta(days=1)):
            self._call("other")
        self.assertEqual(delivery.state, "sent")

    def test_the_dialogue_proposes_the_next_contact(self):
        action = self.profile.action_page_call(self.old.ids)
        Call = self.env["dunning.call"].with_user(self.collector)
        form = Form(
            Call.with_context(**action["context"]),
            view="account_dunning.dunning_call_view_form_dialog",
        )
        self.assertEqual(form.contact_phone, "+33 1 23 45 67 89")
        form.outcome = "no_answer"
        self.assertEqual(form.next_contact_date, TODAY + timedelta(days=1))
        form.outcome = "promised"
        form.promised_date = date(2026, 6, 17)
        self.assertEqual(form.promised_amount, 100)
        self.assertEqual(form.next_contact_date, date(2026, 6, 18))
        form.next_contact_date = date(2026, 6, 25)
        call = form.save()
        self.assertEqual(call.next_contact_date, date(2026, 6, 25))
        self.assertEqual(call.hold_id.move_line_ids, self.old)

    # === CORRECTION === #

    def test_the_caller_corrects_note_and_date_the_same_day(self):
        call = self._call("other")
        call.write({"note": "Mr X", "next_contact_date": TODAY + timedelta(days=3)})
        self.assertEqual(call.activity_id.date_deadline, TODAY + timedelta(days=3))
        self.assertEqual(self.profile.next_contact_date, TODAY + timedelta(days=3))
        with self.assertRaises(UserError):
            call.outcome = "no_answer"
        with self.assertRaises(AccessError):
            call.with_user(self.manager).note = "not mine"
        with freeze_time(NOW + timedelta(days=1)), self.assertRaises(AccessError):
            call.note = "too late"

    def test_only_managers_delete_calls(self):
        first = self._call("other")
        last = self._call("no_answer")
        with self.assertRaises(AccessError):
            last.unlink()
        last.with_user(self.manager).unlink()
        self.assertEqual(self.profile.last_call_outcome, "other")
        first.with_user(self.manager).unlink()
        self.assertFalse(self.profile.last_call_date)

    def test_the_pause_of_a_call_can_be_ended(self):
        call = self._call("promised", promised_date=date(2026, 6, 19))
        call.action_end_hold()
        self.assertEqual(call.hold_state, "ended")
        self.assertTrue(self._propose(self.customer).notice_ids)

    def test_nobody_logs_calls_for_others_or_in_the_future(self):
        call = self._call("other", user_id=self.manager.id)
        self.assertEqual(call.user_id, self.collector)
        with self.assertRaises(ValidationError):
            self._call("other", date=NOW + timedelta(days=1))
        with self.assertRaises(ValidationError):
            self._call("other", next_contact_date=TODAY - timedelta(days=1))
        stranger = self._item(self._invoice(self._customer("Beta"), 9, late=5))
        with self.assertRaises(ValidationError):
            self._call("other", move_line_ids=[Command.set(stranger.ids)])

    # === RIGHTS === #

    def test_rights(self):
        call = self._call("other")
        accountant = self._user("accountant", "account.group_account_readonly")
        employee = self._user("clerk", "base.group_user")
        self.assertEqual(call.with_user(accountant).outcome, "other")
        with self.assertRaises(AccessError):
            call.with_user(accountant).note = "x"
        with self.assertRaises(AccessError):
            call.with_user(employee).read(["outcome"])
        other = self.env["res.company"].create({"name": "Other"})
        foreigner = self._user("foreigner", "user")
        foreigner.sudo().write(
            {"company_id": other.id, "company_ids": [Command.set(other.ids)]}
        )
        with self.assertRaises(AccessError):
            call.with_user(foreigner).read(["outcome"])
