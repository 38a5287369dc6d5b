"""Statements by e-mail: once each, to the right address, in the background if many."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user
from odoo.tools import html2plaintext

from ..models import credit_statement
from .common import TODAY, DunningCommon


class TestStatementSending(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Alpha")
        cls._invoice(cls.customer, 100, late=40)
        cls.profile = cls._profile(cls.customer)
        cls.silent = cls._customer("Silent", email=False)
        cls._invoice(cls.silent, 70, late=10)

    def _wizard(self, profiles, user=None, **values):
        return (
            self.env["credit.statement.wizard"]
            .with_user(user or self.collector)
            .create({"profile_ids": [Command.set(profiles.ids)], **values})
        )

    def _send(self, profiles, user=None, **values):
        """Send by the dialogue, and let the mail queue send (no real SMTP)."""
        wizard = self._wizard(profiles, user, **values)
        with self.mock_mail_gateway():
            wizard.action_send()
            self._empty_mail_queue()
        return wizard

    def _empty_mail_queue(self):
        self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()

    def _statements(self, *partners):
        return self.env["credit.statement"].search(
            [("partner_id", "in", [partner.id for partner in partners])]
        )

    def test_collector_sends_and_it_stands_in_the_thread(self):
        self.profile.message_subscribe(partner_ids=self.manager.partner_id.ids)
        wizard = self._send(self.profile)
        self.assertEqual(wizard.state, "done")
        self.assertIn("1 statement(s)", wizard.result)
        self.assertFalse(wizard.unsent_count)
        statement = self._statements(self.customer)
        self.assertEqual(statement.state, "sent")
        self.assertEqual(statement.address, "alpha@customer.example")
        # one e-mail, to the customer: followers get none
        (mail,) = self._mails
        self.assertEqual(mail["email_to"], ['"Alpha" <alpha@customer.example>'])
        self.assertIn("statement of account", mail["subject"])
        self.assertEqual(len(mail["attachments"]), 1)
        self.assertIn("100.00", mail["body"])
        text = " ".join(html2plaintext(mail["body"]).split())
        self.assertIn("Your Statement of account", text)
        self.assertNotIn("Credit Profile", text, "our word, not the customer's")
        message = self.profile.message_ids[0]
        self.assertEqual(statement.mail_message_id, message)
        self.assertEqual(message.subtype_id, self.env.ref("mail.mt_note"))
        self.assertEqual(message.notified_partner_ids, self.customer)
        self.assertEqual(len(message.attachment_ids), 1)
        self.assertIn("100.00", message.attachment_ids.raw.decode())
        self.assertEqual(statement.email_status, "sent")
        # an accountant may open what was sent
        reader = self._user("reader", "account.group_account_readonly")
        self.assertTrue(message.attachment_ids.with_user(reader).raw)

    def test_amounts_of_the_mail_add_up(self):
        self._invoice(self.customer, 50, late=-5)
        self._credit_note(self.customer, 30)
        self._send(self.profile)
        body = self._mails[0]["body"]
        for amount in ("50.00", "100.00", "-30.00", "120.00"):
            self.assertIn(amount, body.replace("\ufeff", ""))

    def test_mail_goes_through_the_queue(self):
        wizard = self._wizard(self.profile)
        with self.mock_mail_gateway():
            wizard.action_send()
            self.assertFalse(self._mails)
            statement = self._statements(self.customer)
            self.assertEqual(statement.email_status, "ready")
            mail = statement.mail_message_id.sudo().mail_ids
            self.assertEqual(mail.state, "outgoing")

    def test_second_click_sends_nothing(self):
        wizard = self._send(self.profile)
        with self.mock_mail_gateway():
            wizard.action_send()
            self._empty_mail_queue()
        self.assertFalse(self._mails)
        self.assertEqual(len(self._statements(self.customer)), 1)

    def test_second_dialogue_does_not_choose_it_again(self):
        self._send(self.profile)
        wizard = self._wizard(self.profile)
        self.assertFalse(wizard.line_ids.chosen)
        self.assertIn("Sent already", wizard.line_ids.note)
        with self.assertRaises(UserError):
            wizard.action_send()
        # unless a person ticks it
        wizard.line_ids.chosen = True
        with self.mock_mail_gateway():
            wizard.action_send()
            self._empty_mail_queue()
        self.assertEqual(len(self._mails), 1)
        # another period is another statement
        other = self._wizard(self.profile, date=TODAY - timedelta(days=1))
        self.assertTrue(other.line_ids.chosen)

    def test_statement_that_bounced_was_not_sent(self):
        self._send(self.profile)
        statement = self._statements(self.customer)
        notifications = statement.mail_message_id.sudo().notification_ids
        notifications.write({"notification_status": "bounce"})
        self.env.invalidate_all()
        self.customer.email = "new@customer.example"
        wizard = self._wizard(self.profile)
        self.assertTrue(wizard.line_ids.chosen)
        self.assertFalse(wizard.line_ids.note)
        with self.mock_mail_gateway():
            wizard.action_send()
            self._empty_mail_queue()
        self.assertIn("new@customer.example", str(self._mails[0]["email_to"]))

    def test_customer_without_address_is_listed_and_can_be_printed(self):
        wizard = self._send(self.profile | self._profile(self.silent))
        self.assertEqual(len(self._mails), 1)
        line = wizard.line_ids
        self.assertEqual(line.profile_id.partner_id, self.silent)
        self.assertEqual(line.note, "No e-mail address")
        self.assertEqual(self._statements(self.silent).state, "unsent")
        action = wizard.action_print()
        printed = self.env["credit.statement"].browse(action["context"]["active_ids"])
        self.assertEqual(printed.partner_id, self.silent)
        self.assertFalse(self._profile(self.silent).message_ids.attachment_ids)

    def test_invoicing_contact_gets_it_in_its_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        contact = self.env["res.partner"].create(
            {
                "name": "Compta",
                "parent_id": self.silent.id,
                "type": "invoice",
                "email": "compta@silent.example",
                "lang": "fr_FR",
            }
        )
        self._send(self._profile(self.silent))
        statement = self._statements(self.silent)
        self.assertEqual((statement.contact_id, statement.lang), (contact, "fr_FR"))
        (mail,) = self._mails
        self.assertEqual(mail["email_to"], ['"Compta" <compta@silent.example>'])
        self.assertIn("70,00", mail["body"])

    def test_paid_between_choice_and_sending_gets_none(self):
        wizard = self._wizard(self.profile)
        self._pay(
            self.env["account.move"].search([("partner_id", "=", self.customer.id)])
        )
        with self.mock_mail_gateway(), self.assertRaises(UserError):
            wizard.action_send()
        self.assertFalse(self._mails)

    def test_what_does_not_render_is_not_sent_and_says_why(self):
        other = self._customer("Beta")
        self._invoice(other, 10, late=5)
        template = self.env.ref("account_dunning.mail_template_statement")
        template.subject = (
            "{{ object.partner_id.id / (object.partner_id.name != 'Alpha') }}"
        )
        with self.assertLogs("odoo.addons.account_dunning", "WARNING"):
            wizard = self._send(self.profile | self._profile(other))
        self.assertEqual(self._statements(other).state, "sent")
        self.assertEqual(self._statements(self.customer).state, "unsent")
        self.assertTrue(self._statements(self.customer).reason)
        self.assertEqual(wizard.line_ids.profile_id, self.profile)
        self.assertFalse(self.profile.message_ids.attachment_ids)

    # === IN THE BACKGROUND === #

    def _many(self, count):
        customers = self.env["res.partner"]
        for number in range(count):
            customers |= self._customer(f"Many {number}")
        for customer in customers:
            self._invoice(customer, 10, late=3)
        return customers

    def _cron(self):
        with self.enter_registry_test_mode(), self.mock_mail_gateway():
            self.env.ref(
                "account_dunning.ir_cron_send_statements"
            ).method_direct_trigger()
            self._empty_mail_queue()

    def test_many_wait_and_the_scheduled_action_sends_each_once(self):
        customers = self._many(5)
        with patch.object(credit_statement, "AT_ONCE", 4):
            wizard = self._send(self._profile(customers))
        self.assertIn("5 statements are being sent in the background", wizard.result)
        self.assertFalse(self._mails)
        statements = self._statements(*customers)
        self.assertEqual(set(statements.mapped("state")), {"queued"})
        # a second dialogue sees them waiting
        again = self._wizard(self._profile(customers))
        self.assertFalse(any(again.line_ids.mapped("chosen")))
        with patch.object(credit_statement, "BATCH", 2):
            self._cron()
        self.assertEqual(len(self._mails), 5)
        self.assertEqual(set(statements.mapped("state")), {"sent"})
        self._cron()
        self.assertEqual(self._mails, [])

    def test_waiting_one_can_be_cancelled(self):
        customers = self._many(2)
        with patch.object(credit_statement, "AT_ONCE", 1):
            self._send(self._profile(customers))
        first, second = self._statements(*customers)
        first.with_user(self.collector).action_cancel()
        self.assertEqual(first.state, "unsent")
        self.assertIn("collector", first.reason)
        with self.assertRaises(UserError):
            first.with_user(self.collector).action_cancel()
        self._cron()
        self.assertEqual((first.state, second.state), ("unsent", "sent"))
        self.assertEqual(len(self._mails), 1)

    def test_paid_while_it_waits_gets_none(self):
        customers = self._many(2)
        with patch.object(credit_statement, "AT_ONCE", 1):
            self._send(self._profile(customers))
        self._pay(
            self.env["account.move"].search([("partner_id", "=", customers[0].id)])
        )
        self._cron()
        self.assertEqual(self._statements(customers[0]).state, "unsent")
        self.assertIn("Nothing open", self._statements(customers[0]).reason)
        self.assertEqual(self._statements(customers[1]).state, "sent")

    def test_more_customers_than_the_dialogue_shows(self):
        customers = self._many(3) | self.silent
        with patch(
            "odoo.addons.account_dunning.wizard.credit_statement_wizard.PREVIEW", 2
        ):
            wizard = self._send(self._profile(customers | self._customer("Nobody")))
        self.assertTrue(wizard.is_large)
        self.assertEqual(len(self._mails), 3)
        self.assertEqual(wizard.line_ids.profile_id.partner_id, self.silent)
        with patch(
            "odoo.addons.account_dunning.wizard.credit_statement_wizard.PREVIEW", 2
        ):
            again = self._wizard(self._profile(customers - self.silent))
            with self.assertRaises(UserError):
                again.action_send()

    # === THE CALL OF OTHER SCREENS === #

    def test_send_statement_of_profiles(self):
        profiles = (self.profile | self._profile(self.silent)).with_user(self.collector)
        with self.mock_mail_gateway():
            statements = profiles._send_statement()
            self._empty_mail_queue()
        self.assertEqual(
            {s.partner_id: s.state for s in statements},
            {self.customer: "sent", self.silent: "unsent"},
        )
        self.assertEqual(len(self._mails), 1)
        self.assertFalse(self.profile.with_user(self.collector)._send_statement())
        with self.mock_mail_gateway():
            self.profile.with_user(self.collector)._send_statement(again=True)
            self._empty_mail_queue()
        self.assertEqual(len(self._mails), 1)

    def test_statement_of_a_past_day_by_text(self):
        with self.mock_mail_gateway():
            statement = self.profile._send_statement(
                date="2026-06-01", style="activity", date_from=TODAY.replace(day=1)
            )
            self._empty_mail_queue()
        self.assertEqual(str(statement.date), "2026-06-01")
        self.assertTrue(statement._is_past())

    def test_only_collectors_send(self):
        reader = self._user("reader", "account.group_account_readonly")
        with self.assertRaises(AccessError):
            self.profile.with_user(reader)._send_statement()
        with self.assertRaises(AccessError):
            self._wizard(self.profile, user=reader).action_send()

    def test_collector_of_a_branch_sends_for_the_root(self):
        branch = (
            self.env["res.company"]
            .sudo()
            .create({"name": "Branch", "parent_id": self.company.id})
        )
        local = new_test_user(
            self.env,
            login="branch_collector",
            groups="account_dunning.group_account_dunning_user",
            company_id=branch.id,
            company_ids=[Command.set(branch.ids)],
        )
        self._send(self.profile, user=local)
        self.assertEqual(len(self._mails), 1)
        statement = self._statements(self.customer).with_user(local)
        self.assertEqual(statement.company_id.sudo(), self.company)
        html, __ = (
            self.env["ir.actions.report"]
            .with_user(local)
            ._render_qweb_html("account_dunning.report_credit_statement", statement.ids)
        )
        self.assertIn("100.00", html.decode())

    def test_sent_statements_stay(self):
        self._send(self.profile)
        with self.assertRaises(UserError):
            self._statements(self.customer).unlink()
