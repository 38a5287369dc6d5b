"""How a notice reaches the customer, and what follows when it does not."""

from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError

from .common import NOW, TODAY, DunningCommon

ADDRESS = {"street": "1 rue de la Paix", "zip": "75002", "city": "Paris"}


class TestChannels(DunningCommon):
    def _issued(self, customer, late=4):
        self._invoice(customer, 100, late=late)
        run = self._run(customer)
        self.assertEqual(run.notice_ids.state, "issued", run.notice_ids.error)
        return run.notice_ids

    # === WHO AND WHERE === #

    def test_dunning_contact_before_invoice_contact_before_company(self):
        customer = self._customer("Main")
        self.assertEqual(self._issued(customer).contact_id, customer)
        for kind in ("invoice", "dunning"):
            with self.subTest(kind=kind):
                other = self._customer(f"Other {kind}")
                contact = self._customer(
                    f"Contact {kind}", parent_id=other.id, type=kind, is_company=False
                )
                self.assertEqual(self._issued(other).contact_id, contact)

    def test_no_email_but_invoice_contact_has_one(self):
        customer = self._customer("Silent", email=False, **ADDRESS)
        contact = self._customer(
            "Accounts", parent_id=customer.id, type="invoice", is_company=False
        )
        notice = self._issued(customer)
        self.assertEqual((notice.channel, notice.contact_id), ("email", contact))

    def test_no_email_falls_back_to_the_letter(self):
        notice = self._issued(self._customer(email=False, **ADDRESS))
        self.assertEqual(notice.channel, "letter")
        self.assertEqual(notice.delivery_ids.channel, "letter")
        self.assertFalse(self._deliver(), "letters wait for a person")

    def test_no_address_at_all_is_one_task_for_the_collector(self):
        customer = self._customer(email=False)
        profile = self._profile(customer)
        profile.user_id = self.collector
        invoice = self._invoice(customer, late=4)
        for day in range(3):
            run = self._run(customer, day=TODAY + timedelta(days=day))
            self.assertFalse(run.notice_ids)
            self.assertEqual(self._reasons(run), {"no_address"})
        self.assertEqual(len(profile.activity_ids), 1)
        self.assertEqual(profile.activity_ids.user_id, self.collector)
        self.assertFalse(self._item(invoice).dunning_level_id)
        customer.email = "found@customer.example"
        self.assertTrue(self._propose(customer).notice_ids)

    def test_courtesy_without_address_bothers_nobody(self):
        customer = self._customer(email=False)
        self._invoice(customer, late=-4)
        run = self._propose(customer)
        self.assertEqual(self._reasons(run), {"no_address"})
        self.assertFalse(self._profile(customer).activity_ids)

    def test_invalid_email_counts_as_none(self):
        customer = self._customer(email="not an address", **ADDRESS)
        self.assertEqual(self._issued(customer).channel, "letter")

    # === E-MAIL === #

    def test_email_goes_to_the_recipient_only_and_lands_in_the_thread(self):
        customer = self._customer("Alpha")
        profile = self._profile(customer)
        profile.message_subscribe(partner_ids=self.collector.partner_id.ids)
        notice = self._issued(customer)
        mails = self._deliver()
        self.assertEqual(len(mails), 1)
        self.assertEqual(len(mails[0]["email_to"]), 1)
        message = notice.delivery_ids.mail_message_id
        self.assertEqual(
            (message.model, message.res_id), ("credit.profile", profile.id)
        )
        self.assertIn(notice.attachment_id, message.attachment_ids)
        self.assertEqual(message.subject, f"Reminder {notice.name}")
        self.assertTrue(notice.delivery_ids.sent_at)

    def test_reply_lands_in_the_customers_thread(self):
        self._init_mail_gateway()
        customer = self._customer("Alpha")
        notice = self._issued(customer)
        self._deliver()
        message = notice.delivery_ids.mail_message_id
        with self.mock_mail_gateway():
            self.env["mail.thread"].message_process(
                False,
                "From: alpha@customer.example\n"
                f"To: catchall@{self.alias_domain}\n"
                "Subject: Re: Reminder\n"
                "Message-Id: <reply-1@customer.example>\n"
                f"In-Reply-To: {message.message_id}\n\n"
                "We pay tomorrow.",
            )
        profile = self._profile(customer)
        self.assertIn("We pay tomorrow", profile.message_ids[0].body)

    def test_bounce_brings_the_next_channel(self):
        customer = self._customer("Alpha", **ADDRESS)
        notice = self._issued(customer)
        self._deliver()
        email = notice.delivery_ids
        email.mail_message_id.sudo().notification_ids.write(
            {"notification_status": "bounce", "failure_reason": "No such user"}
        )
        self.assertEqual(email.state, "failed")
        self.assertTrue(email.address_faulty)
        letter = notice.delivery_ids - email
        self.assertRecordValues(letter, [{"channel": "letter", "state": "queued"}])
        self.assertEqual(notice.delivery_state, "pending")

    def test_nobody_reached_gives_the_level_back(self):
        customer = self._customer("Alpha")
        invoice = self._invoice(customer, late=4)
        notice = self._run(customer).notice_ids
        self._deliver()
        self.assertEqual(self._item(invoice).dunning_level_id, self.first)
        notice.delivery_ids.mail_message_id.sudo().notification_ids.write(
            {"notification_status": "bounce"}
        )
        self.assertEqual(notice.delivery_state, "failed")
        self.assertFalse(self._item(invoice).dunning_level_id)
        profile = self._profile(customer)
        self.assertFalse(profile.last_contact_date)
        self.assertEqual(len(profile.activity_ids), 1)
        self.assertTrue(profile.address_faulty)

        tomorrow = TODAY + timedelta(days=1)
        run = self._run(customer, day=tomorrow)
        self.assertEqual(self._reasons(run), {"no_address"}, "not into the void again")
        profile.action_address_checked()
        run = self._run(customer, day=tomorrow)
        self.assertEqual(run.notice_ids.level_id, self.first)

    def test_changed_address_is_used_without_anybody_saying_so(self):
        customer = self._customer("Alpha")
        notice = self._issued(customer)
        self._deliver()
        notice.delivery_ids.mail_message_id.sudo().notification_ids.write(
            {"notification_status": "bounce"}
        )
        customer.email = "new@customer.example"
        self.assertTrue(self._propose(customer).notice_ids)

    def test_address_changed_between_issue_and_sending(self):
        """It goes to the new one, the proof says so, and so does a bounce."""
        customer = self._customer("Alpha")
        notice = self._issued(customer)
        customer.email = "New Address <new@customer.example>"
        [mail] = self._deliver()
        self.assertIn("new@customer.example", str(mail["email_to"]))
        self.assertEqual(notice.delivery_ids.target, "new@customer.example")
        notice.delivery_ids.mail_message_id.sudo().notification_ids.write(
            {"notification_status": "bounce"}
        )
        profile = notice.profile_id
        addresses = self.env["dunning.situation"]._fetch_addresses(profile)
        self.assertNotIn("email", addresses[profile.id])

    def test_retry_of_a_bounced_mail_posts_a_new_message(self):
        customer = self._customer("Alpha")
        notice = self._issued(customer)
        self._deliver()
        email = notice.delivery_ids
        bounced = email.mail_message_id
        bounced.sudo().notification_ids.write({"notification_status": "bounce"})
        customer.email = "new@customer.example"
        email.action_retry()
        self.assertEqual(len(self._deliver()), 1)
        self.assertEqual(email.state, "sent")
        self.assertNotEqual(email.mail_message_id, bounced)

    def test_no_retry_while_another_channel_is_under_way(self):
        customer = self._customer("Alpha", **ADDRESS)
        notice = self._issued(customer)
        self._deliver()
        email = notice.delivery_ids
        email.mail_message_id.sudo().notification_ids.write(
            {"notification_status": "bounce"}
        )
        with self.assertRaises(UserError):
            email.action_retry()

    def test_no_retry_after_a_later_notice(self):
        customer = self._customer("Alpha")
        notice = self._issued(customer)
        self._deliver()
        notice.delivery_ids.mail_message_id.sudo().notification_ids.write(
            {"notification_status": "bounce"}
        )
        customer.email = "new@customer.example"
        later = self._run(customer, day=TODAY + timedelta(days=1))
        self.assertEqual(later.notice_ids.state, "issued")
        with self.assertRaises(UserError):
            notice.delivery_ids.action_retry()

    def _failed(self):
        customer = self._customer("Alpha")
        notice = self._issued(customer)
        self._deliver()
        notice.delivery_ids._fail("Mail server down")
        return notice

    def test_no_retry_after_the_day_to_pay_by(self):
        email = self._failed().delivery_ids
        last_day = NOW + timedelta(days=self.first.deadline_days)
        with freeze_time(last_day):
            self.assertEqual(email._filter_retryable(), email)
        with freeze_time(last_day + timedelta(days=1)):
            with self.assertRaises(UserError):
                email.action_retry()
            self.assertFalse(any(email.run_id._retryable()))
        self.assertEqual(email.state, "failed")

    def test_retry_moves_the_customer_at_once(self):
        email = self._failed().delivery_ids
        profile = email.profile_id
        self.assertEqual(profile.work_why, "undelivered")
        email.action_retry()
        self.assertEqual(profile.work_why, "task_due", "to check the address")

    def test_no_retry_while_a_newer_proposal_waits(self):
        email = self._failed().delivery_ids
        proposed = self._propose(email.partner_id, day=TODAY + timedelta(days=1))
        self.assertEqual(proposed.notice_ids.state, "draft")
        with self.assertRaises(UserError):
            email.action_retry()
        proposed.notice_ids.action_exclude()
        email.action_retry()
        self.assertEqual(email.state, "queued")

    def test_mail_taken_out_of_the_queue_is_not_under_way_for_ever(self):
        for take_out in ("cancel", "unlink"):
            with self.subTest(take_out=take_out):
                customer = self._customer(f"Alpha {take_out}")
                notice = self._issued(customer)
                with self.mock_mail_gateway():
                    self.env["dunning.delivery"]._hand_over([], NOW)
                mails = notice.delivery_ids.mail_message_id.sudo().mail_ids
                getattr(mails, take_out)()
                self.env["dunning.delivery"]._sweep(NOW)
                self.assertEqual(notice.delivery_state, "failed")
                self.assertTrue(self._profile(customer).activity_ids)

    def test_error_after_sending_does_not_send_again(self):
        customer = self._customer("Alpha")
        notice = self._issued(customer)
        model = type(self.env["dunning.delivery"])
        with (
            patch.object(model, "_mark_sent", side_effect=RuntimeError("conflict")),
            self.assertLogs("odoo.addons.account_dunning", "WARNING"),
            self.mock_mail_gateway(),
        ):
            self.env["dunning.delivery"]._hand_over([], NOW)
            self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()
        self.assertEqual(notice.delivery_ids.state, "sending")
        self.assertFalse(self._deliver(), "it has left already")
        self.assertEqual(notice.delivery_ids.state, "sent")

    def test_pause_after_the_day_of_issue_stops_the_message(self):
        customer = self._customer("Alpha")
        notice = self._issued(customer)
        later = TODAY + timedelta(days=3)
        self.env["dunning.hold"].create(
            {
                "profile_id": self._profile(customer).id,
                "reason": "Dispute",
                "date_from": later,
            }
        )
        self.assertFalse(self._deliver(later))
        self.assertEqual(notice.state, "cancelled")

    def test_mail_server_down_is_tried_again_with_the_same_message(self):
        customer = self._customer("Alpha")
        notice = self._issued(customer)
        delivery = notice.delivery_ids
        with freeze_time(NOW), self.mock_mail_gateway():
            self.env["dunning.delivery"]._hand_over([], NOW)
        message = delivery.mail_message_id
        for attempt in range(1, 5):
            message.mail_ids.write({"state": "exception"})
            message.mail_ids._postprocess_sent_message(
                [], [], failure_reason="Connection refused", failure_type="mail_smtp"
            )
            self.assertEqual((delivery.state, delivery.attempts), ("queued", attempt))
            self.assertFalse(self._deliver(), "not before its next try")
            later = delivery.next_try + timedelta(minutes=1)
            self.env["dunning.delivery"]._hand_over([], later)
            self.assertEqual(delivery.state, "sending")
            self.assertEqual(delivery.mail_message_id, message)
        self.assertEqual(len(self._deliver()), 1)
        self.assertEqual(delivery.state, "sent")

    def test_mail_refused_for_good_ends_with_a_person(self):
        customer = self._customer("Alpha")
        notice = self._issued(customer)
        delivery = notice.delivery_ids
        now = NOW
        for __ in range(5):
            with self.mock_mail_gateway():
                self.env["dunning.delivery"]._hand_over([], now)
            mails = delivery.mail_message_id.mail_ids
            mails.write({"state": "exception"})
            mails._postprocess_sent_message(
                [], [], failure_reason="Too large", failure_type="unknown"
            )
            now = (delivery.next_try or now) + timedelta(minutes=1)
        self.assertEqual(delivery.state, "failed")
        self.assertFalse(delivery.address_faulty)
        self.assertTrue(self._profile(customer).activity_ids)
        delivery.action_retry()
        self.assertEqual(delivery.state, "queued")
        self.assertEqual(len(self._deliver()), 1)

    def test_level_whose_email_does_not_render_does_not_stop_the_others(self):
        broken = self.env["mail.template"].create(
            {
                "name": "Broken",
                "model_id": self.env["ir.model"]._get_id("dunning.notice"),
                "subject": "x",
                "body_html": "<p><t t-out='object.no_such_field'/></p>",
            }
        )
        self.second.mail_template_id = broken
        bad, good = self._customer("Bad"), self._customer("Good")
        self._item(self._invoice(bad, late=16)).dunning_level_id = self.first
        self._invoice(good, late=4)
        run = self._run(bad, good)
        with self.assertLogs("odoo.addons.account_dunning", "WARNING"):
            mails = self._deliver()
        self.assertEqual([m["email_to"][0][:6] for m in mails], ['"Good"'])
        failed = run.notice_ids.delivery_ids.filtered(lambda d: d.partner_id == bad)
        self.assertEqual((failed.state, failed.attempts), ("queued", 1))
        self.assertTrue(failed.error)

    def test_letter_text_that_does_not_render_is_reported_others_go_on(self):
        self.second.letter_body = "<p><t t-out='object.no_such_field'/></p>"
        bad, good = self._customer("Bad"), self._customer("Good")
        self._item(self._invoice(bad, late=16)).dunning_level_id = self.first
        self._invoice(good, late=4)
        with self.assertLogs("odoo.addons.account_dunning", "WARNING"):
            run = self._run(bad, good)
        failed = run.notice_ids.filtered("error")
        self.assertEqual(failed.partner_id, bad)
        self.assertEqual(failed.state, "approved")
        self.assertEqual((run.notice_ids - failed).state, "issued")
        self.assertTrue(self._profile(bad).activity_ids)
        self.assertTrue(run._get_summary()["warnings"])
        self.second.letter_body = "<p>Mended</p>"
        run.action_issue()
        self.assertEqual(failed.state, "issued")
        self.assertFalse(failed.error)

    def test_invoice_copies_follow_when_the_level_says_so(self):
        self.first.attach_invoices = True
        customer = self._customer("Alpha")
        invoice = self._invoice(customer, 100, late=4)
        notice = self._run(customer).notice_ids
        self._deliver()
        names = notice.delivery_ids.mail_message_id.attachment_ids.mapped("name")
        self.assertEqual(len(names), 2)
        self.assertIn(invoice._get_invoice_report_filename(), names)
        kept = notice._invoice_copies()
        self.assertEqual(notice._invoice_copies(), kept, "the same when sent again")

    def test_language_of_the_recipient(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.first.with_context(lang="fr_FR").letter_title = "Première relance"
        self.template.with_context(lang="fr_FR").subject = "Relance {{ object.name }}"
        notice = self._issued(self._customer("Alpha", lang="fr_FR"))
        self._deliver()
        self.assertEqual(notice.letter_title, "Première relance")
        self.assertEqual(
            notice.delivery_ids.mail_message_id.subject, f"Relance {notice.name}"
        )

    # === LETTER === #

    def test_letter_is_printed_then_marked_as_posted_by_a_person(self):
        notice = self._issued(self._customer(email=False, **ADDRESS))
        letter = notice.delivery_ids
        with self.assertRaises(UserError):
            letter.action_mark_posted()
        letter.printed_at = NOW
        letter.action_mark_posted()
        self.assertEqual(letter.state, "sent")
        self.assertEqual(notice.run_id.state, "done")

    def test_returned_letter_reaches_nobody(self):
        notice = self._issued(self._customer(email=False, **ADDRESS))
        letter = notice.delivery_ids
        letter.printed_at = NOW
        letter.action_mark_posted()
        letter.action_mark_returned()
        self.assertEqual(letter.state, "returned")
        self.assertEqual(notice.delivery_state, "failed")
        self.assertFalse(notice.line_ids.move_line_id.dunning_level_id)

    def test_letter_printed_is_not_printed_again_with_the_run(self):
        notice = self._issued(self._customer(email=False, **ADDRESS))
        notice.delivery_ids.printed_at = NOW
        with self.assertRaises(UserError):
            notice.run_id.action_print_letters()

    def test_letter_overtaken_by_a_payment_is_not_printed(self):
        customer = self._customer(email=False, **ADDRESS)
        invoice = self._invoice(customer, late=4)
        notice = self._run(customer).notice_ids
        self._pay(invoice)
        with self.assertRaises(UserError):
            notice.delivery_ids.action_print_letters()

    def test_letter_overtaken_while_it_lies_printed(self):
        """The print queue says so, and takes it back; what was posted stays posted."""
        customers = self.env["res.partner"]
        for number in range(3):
            customers |= self._customer(f"Letter {number}", email=False, **ADDRESS)
        invoices = [self._invoice(customer, late=4) for customer in customers]
        letters = self._run(*customers).notice_ids.delivery_ids.sorted("id")
        paid, gone, open_still = letters.with_user(self.collector)
        letters.printed_at = NOW
        self.assertFalse(any(letters.mapped("overtaken")))
        for invoice, delivery in zip(invoices, letters, strict=True):
            self.assertEqual(invoice.partner_id, delivery.partner_id)
        self._pay(invoices[0])
        self._pay(invoices[1])
        letters.invalidate_recordset(["overtaken"])
        self.assertTrue(paid.overtaken and gone.overtaken)
        self.assertFalse(open_still.overtaken)
        gone.action_mark_posted()
        self.assertEqual(gone.state, "sent")
        (paid | open_still).action_withdraw()
        self.assertEqual((paid.state, open_still.state), ("cancelled", "queued"))
        self.assertEqual(paid.notice_id.state, "cancelled")

    # === CALL === #

    def test_call_is_an_activity_and_done_when_it_is_done(self):
        self.first.write({"channel_1": "call", "call_script": "Say hello"})
        customer = self._customer(phone="+33 1 23 45 67 89")
        notice = self._issued(customer)
        self._deliver()
        call = notice.delivery_ids
        self.assertEqual((call.channel, call.state), ("call", "sending"))
        self.assertIn("Say hello", call.activity_id.note)
        call.activity_id.action_feedback("Promised to pay")
        self.assertEqual(call.state, "sent")

    def test_call_to_somebody_who_has_paid_is_taken_back(self):
        self.first.channel_1 = "call"
        self.first.channel_2 = False
        customer = self._customer(phone="+33 1 23 45 67 89")
        invoice = self._invoice(customer, late=4)
        notice = self._run(customer).notice_ids
        self._deliver()
        activity = notice.delivery_ids.activity_id
        self._pay(invoice)
        self.env["dunning.delivery"]._sweep(NOW)
        self.assertEqual(notice.delivery_ids.state, "cancelled")
        self.assertFalse(activity.exists())

    def test_cancelled_call_brings_the_next_channel(self):
        self.first.write({"channel_1": "call", "channel_2": "email"})
        customer = self._customer(phone="+33 1 23 45 67 89")
        notice = self._issued(customer)
        self._deliver()
        notice.delivery_ids.activity_id.unlink()
        self.assertEqual(
            set(notice.delivery_ids.mapped(lambda d: (d.channel, d.state))),
            {("call", "failed"), ("email", "queued")},
        )

    # === WHEN === #

    def test_nothing_leaves_outside_working_days_and_hours(self):
        self._issued(self._customer("Alpha"))
        Delivery = self.env["dunning.delivery"]
        self.company.resource_calendar_id.tz = "Europe/Paris"
        for moment in (
            datetime(2026, 6, 15, 5, 59),  # 7:59 in Paris
            datetime(2026, 6, 15, 16, 0),  # 18:00 in Paris
            datetime(2026, 6, 20, 9, 0),  # Saturday
        ):
            with self.subTest(moment=moment):
                self.assertEqual(Delivery._deliver_pending(self.company, moment), 0)
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.company.resource_calendar_id.id,
                "date_from": datetime(2026, 6, 15, 22),
                "date_to": datetime(2026, 6, 16, 21, 59),
            }
        )
        self.assertEqual(
            Delivery._deliver_pending(self.company, datetime(2026, 6, 16, 9)), 0
        )
        with self.mock_mail_gateway():
            self.assertEqual(
                Delivery._deliver_pending(self.company, datetime(2026, 6, 15, 6, 0)), 1
            )
