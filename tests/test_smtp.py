"""E-mails through a real mail server: what arrives, what is refused, what is lost."""

from collections import Counter
from contextlib import nullcontext
from datetime import timedelta
from email.message import EmailMessage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from unittest import skipUnless

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import NOW
from .smtp_common import Controller, PostOffice, SmtpCommon

ADDRESS = {"street": "1 rue de la Paix", "zip": "75002", "city": "Paris"}
MANY = 1000
MAIL_LOGS = (
    "odoo.addons.mail.models.mail_mail",
    "odoo.addons.base.models.ir_mail_server",
)


@skipUnless(Controller, "aiosmtpd is not installed")
@tagged("post_install", "-at_install")
class TestSmtp(SmtpCommon):
    def _each_got_one(self, office, partners):
        self.assertEqual(
            Counter(office.addresses()), dict.fromkeys(partners.mapped("email"), 1)
        )

    def _check_all_sent(self, notices):
        self.assertEqual(set(notices.delivery_ids.mapped("state")), {"sent"})
        self.assertFalse(
            [error for error in notices.delivery_ids.mapped("error") if error]
        )
        self.assertEqual(notices.run_id.state, "done")

    # === WHAT ARRIVES === #

    def test_a_thousand_customers_get_one_mail_each(self):
        partners = self._debtors(MANY)
        notices = self._issued_to(partners)
        with self._server(PostOffice()) as office:
            self._send(NOW)
            self._send(NOW + timedelta(minutes=15))
        self._each_got_one(office, partners)
        self._check_all_sent(notices)
        ids = {message["Message-Id"] for __, __, message in office.mails}
        self.assertEqual(len(ids), MANY)
        mails = {to: (sender, mail) for sender, (to,), mail in office.mails}
        for notice in notices:
            self._check_mail(notice, *mails[notice.partner_id.email])

    def _check_mail(self, notice, sender, mail):
        stored = notice.delivery_ids.mail_message_id
        catchall = f"{self.alias_catchall}@{self.alias_domain}"
        self.assertEqual(sender, f"{self.alias_bounce}@{self.alias_domain}")
        self.assertIn(f"<{notice.partner_id.email}>", mail["To"])
        self.assertFalse(mail["Cc"] or mail["Bcc"])
        self.assertIn("<credit@company.example>", mail["From"])
        self.assertIn(f"<{catchall}>", mail["Reply-To"])
        self.assertEqual(mail["Message-Id"], stored.message_id)
        self.assertIn(stored.message_id, mail["References"])
        self.assertEqual(mail["Subject"], f"Reminder {notice.name}")
        self.assertIn(f"{notice.amount_due}", self._text_of(mail))
        (letter,) = mail.iter_attachments()
        self.assertEqual(letter.get_filename(), f"{notice.name.replace('/', '-')}.pdf")
        self.assertEqual(letter.get_content(), notice.attachment_id.raw)

    def _text_of(self, mail):
        return mail.get_body(("html",)).get_content()

    def test_reply_to_what_arrived_lands_at_the_customer(self):
        partners = self._debtors(2)
        self._issued_to(partners)
        with self._server(PostOffice()) as office:
            self._send(NOW)
        first, second = partners
        mail = office.message_to(first.email)
        reply = EmailMessage()
        # what an e-mail program makes of "reply"
        reply["From"] = first.email_formatted
        reply["To"] = mail["Reply-To"]
        reply["Subject"] = f"Re: {mail['Subject']}"
        reply["Message-Id"] = "<reply@customer.example>"
        reply["In-Reply-To"] = mail["Message-Id"]
        reply.set_content("We pay tomorrow.")
        self.env["mail.thread"].message_process(False, reply.as_bytes())
        self.assertIn("We pay tomorrow", self._profile(first).message_ids[0].body)
        self.assertTrue(self._profile(first).unread_reply)
        self.assertFalse(self._profile(second).unread_reply)

    # === WHAT COMES BACK === #

    def _bounce(self, sender, to, mail):
        """The notice of a mail server that it could not deliver (RFC 3464)."""
        notice = MIMEMultipart("report", report_type="delivery-status")
        notice["From"] = "Mail Delivery System <MAILER-DAEMON@customer.example>"
        notice["To"] = sender
        notice["Subject"] = "Undelivered Mail Returned to Sender"
        notice["Message-Id"] = f"<bounce-{to}>"
        notice["Auto-Submitted"] = "auto-replied"
        notice.attach(MIMEText(f"{to}: user unknown"))
        status = EmailMessage()
        status["Reporting-MTA"] = "dns; mx.customer.example"
        per_recipient = EmailMessage()
        per_recipient["Final-Recipient"] = f"rfc822; {to}"
        per_recipient["Action"] = "failed"
        per_recipient["Status"] = "5.1.1"
        part = MIMEMessage(EmailMessage(), "delivery-status")
        part.set_payload([status, per_recipient])
        notice.attach(part)
        notice.attach(MIMEMessage(mail))
        return notice.as_bytes()

    def test_bounce_brings_the_letter(self):
        good, bad = partners = self._debtors(2, **ADDRESS)
        notices = self._issued_to(partners)
        with self._server(PostOffice()) as office:
            self._send(NOW)
            (returned,) = (m for m in office.mails if m[1] == [bad.email])
            bounce = self._bounce(returned[0], bad.email, returned[2])
            self.env["mail.thread"].message_process(False, bounce)
            self._send(NOW + timedelta(hours=1))
        self._each_got_one(office, partners)
        notice = notices.filtered(lambda n: n.partner_id == bad)
        by_channel = {d.channel: d for d in notice.delivery_ids}
        self.assertRecordValues(
            by_channel["email"], [{"state": "failed", "address_faulty": True}]
        )
        self.assertIn("user unknown", by_channel["email"].error)
        self.assertEqual(by_channel["letter"].state, "queued")
        self.assertEqual((notices - notice).delivery_ids.state, "sent")
        self.assertTrue(self._profile(bad).address_faulty)
        self.assertFalse(self._profile(good).address_faulty)

    def test_bounce_of_a_bounce_changes_nothing(self):
        (bad,) = partners = self._debtors(1, **ADDRESS)
        notice = self._issued_to(partners)
        with self._server(PostOffice()) as office:
            self._send(NOW)
        sender, __, mail = office.mails[0]
        bounce = self._bounce(sender, bad.email, mail)
        for __ in range(2):
            self.env["mail.thread"].message_process(False, bounce)
        self.assertEqual(
            sorted(notice.delivery_ids.mapped("channel")), ["email", "letter"]
        )

    # === WHAT THE SERVER REFUSES === #

    @mute_logger(*MAIL_LOGS)
    def test_refused_recipients(self):
        partners = self._debtors(4, **ADDRESS)
        fine, unknown, later, relay = partners
        notices = self._issued_to(partners)
        office = PostOffice()
        office.refused = {
            unknown.email: "550 5.1.1 No such user here",
            later.email: "450 4.2.0 Greylisted",
            relay.email: "550 5.7.1 Relaying denied",
        }
        with self._server(office):
            self._send(NOW)
            of = {n.partner_id: n.delivery_ids for n in notices}
            self.assertEqual(of[fine].state, "sent")
            # the address is wrong: at once the letter
            email = of[unknown].filtered(lambda d: d.channel == "email")
            self.assertRecordValues(
                email, [{"state": "failed", "address_faulty": True}]
            )
            self.assertEqual(
                email.error,
                "The mail server does not take mail for this address: "
                "550 5.1.1 No such user here",
            )
            self.assertEqual((of[unknown] - email).channel, "letter")
            # the others may go better another time
            self.assertRecordValues(
                of[later] + of[relay],
                [{"state": "queued", "attempts": 1, "address_faulty": False}] * 2,
            )
            self.assertIn("try again later: 450 4.2.0 Greylisted", of[later].error)
            self.assertIn("550 5.7.1 Relaying denied", of[relay].error)
            office.refused = {}
            self._send(NOW + timedelta(minutes=5))
            self.assertEqual(len(office.mails), 1, "not before their next try")
            self._send(NOW + timedelta(minutes=20))
        self._each_got_one(office, partners - unknown)
        self.assertEqual(set((of[later] | of[relay]).mapped("state")), {"sent"})
        self.assertEqual(notices.run_id.state, "issued", "a letter is to be posted")

    @mute_logger(*MAIL_LOGS)
    def test_server_not_there(self):
        self._outage(nullcontext)

    @mute_logger(*MAIL_LOGS)
    def test_server_that_never_answers(self):
        self._outage(self._mute_server)

    def _outage(self, outage):
        """Nobody is blamed, nobody gets a letter, one person is told, none is lost."""
        partners = self._debtors(5, **ADDRESS)
        notices = self._issued_to(partners)
        deliveries = notices.delivery_ids
        when = NOW
        with outage():
            for attempt in range(1, 7):
                self._send(when)
                self.assertEqual(set(deliveries.mapped("state")), {"queued"})
                self.assertEqual(set(deliveries.mapped("attempts")), {attempt})
                self.assertEqual(
                    set(deliveries.mapped("error")),
                    {"The mail server cannot be reached."},
                )
                told = attempt >= 5
                self.assertEqual(len(notices.run_id.activity_ids), told)
                when = deliveries[0].next_try
        self.assertFalse(notices.profile_id.activity_ids)
        self.assertEqual(notices.delivery_ids, deliveries)
        with self._server(PostOffice()) as office:
            self._send(when)
        self._each_got_one(office, partners)
        self._check_all_sent(notices)

    @mute_logger(*MAIL_LOGS)
    def test_server_dies_after_half_of_them(self):
        partners = self._debtors(10, **ADDRESS)
        notices = self._issued_to(partners)
        office = PostOffice()
        office.dies_after = 5
        with self._server(office):
            self._send(NOW)
        self.assertEqual(len(office.mails), 5)
        states = Counter(notices.delivery_ids.mapped("state"))
        # one broke off and is tried again later, the others still wait in Odoo's queue
        self.assertEqual(states, {"sent": 5, "sending": 4, "queued": 1})
        (broken,) = notices.delivery_ids.filtered(lambda d: d.state == "queued")
        self.assertEqual(broken.error, "The connection to the mail server broke off.")
        office.dies_after = None
        with self._server(office):
            self._send(NOW + timedelta(minutes=10))
            self.assertEqual(len(office.mails), 9)
            self._send(NOW + timedelta(minutes=20))
            self._send(NOW + timedelta(minutes=40))
        self._each_got_one(office, partners)
        self._check_all_sent(notices)
