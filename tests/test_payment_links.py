"""Links to pay the fewest invoices that cure a document."""

from odoo.exceptions import UserError
from odoo.fields import Command

from .gate_common import GateCommon


class TestPaymentLinks(GateCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile.credit_limit = 5000
        cls.first, cls.second, cls.third = (
            cls._invoice(cls.customer, amount, late=-30) for amount in (600, 350, 50)
        )
        cls.profile.credit_limit = 1000
        cls.move = cls._draft(800)
        cls.move.with_user(cls.biller).action_post()

    def _wizard(self, **values):
        action = self.move.with_user(self.biller).action_credit_ask_payment()
        return (
            self.env[action["res_model"]]
            .with_user(self.biller)
            .with_context(**action["context"])
            .create(values)
        )

    def _item(self, invoice):
        return invoice.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )

    def _exceeded_by(self, amount):
        move = self.move.sudo()
        move.credit_reasons = [dict(move.credit_reasons[0], amount=amount)]

    def _asked(self):
        self.move.invalidate_recordset()
        return self.move._credit_cure_items().move_id

    def test_several_invoices_are_sent_with_their_links(self):
        self.assertEqual(self._asked(), self.first + self.second)
        wizard = self._wizard(note="Thank you\nin advance")
        self.assertIn("950", wizard.summary)
        wizard.action_send()
        message = self.profile.message_ids[0]
        for invoice in self.first + self.second:
            self.assertIn(invoice.name, message.body)
            self.assertTrue(invoice.access_token)
            self.assertIn(invoice.access_token, message.body)
        self.assertNotIn(self.third.name, message.body)
        self.assertEqual(message.partner_ids, self.customer)
        self.assertIn("950", self.move.message_ids[0].body)
        [mail] = message.mail_ids
        self.assertNotIn("Credit Profile", mail.body_html)

    def test_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        self._wizard().action_send()
        body = self.profile.message_ids[0].body
        due = self.first.invoice_date_due
        self.assertIn(due.strftime("%d/%m/%Y"), body)

    def test_disputed_invoice_is_not_asked_for(self):
        self.env["dunning.hold"].create(
            {
                "profile_id": self.profile.id,
                "kind": "dispute",
                "reason": "Broken",
                "move_line_ids": [Command.set(self._item(self.first).ids)],
            }
        )
        self.assertFalse(self._asked(), "the others are not enough")
        self._exceeded_by(300)
        self.assertEqual(self._asked(), self.second)

    def test_invoice_left_out_of_follow_up_is_not_asked_for(self):
        self._item(self.first).no_followup = True
        self._exceeded_by(300)
        self.assertEqual(self._asked(), self.second)

    def test_who_has_paid_online_is_not_asked(self):
        self._online_payment(
            self.customer, 600, invoice_ids=[Command.set(self.first.ids)]
        )
        self._exceeded_by(300)
        self.assertEqual(self._asked(), self.second)

    def test_who_has_paid_is_not_asked(self):
        self._payments_without_entry()
        self._pay(self.first)
        self.assertEqual(self.first.payment_state, "in_payment")
        self._look_again()
        self.assertEqual(self._asked(), self.second, "200 are still too much")

    def test_nobody_to_write_to(self):
        self.customer.email = False
        with self.assertRaisesRegex(UserError, "no e-mail address"):
            self._wizard().summary  # noqa: B018

    def test_paid_meanwhile(self):
        wizard = self._wizard()
        self._pay(self.first)
        self._pay(self.second)
        with self.assertRaisesRegex(UserError, "Nothing is left to pay"):
            wizard.action_send()
