"""Orders that the customer signed or paid online, and that were held."""

from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from odoo.addons.account_dunning.tests.common import NOW
from odoo.addons.account_dunning.tests.gate_common import GateCommon

SIGNATURE = (
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElF"
    b"TkSuQmCC"
)


class TestOrderOnline(GateCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("sales_team.group_sale_manager")
        cls.seller = cls._user("seller", "sales_team.group_sale_salesman")
        cls.customer.email = "customer@example.com"
        cls.product = cls.env["product.product"].create(
            {
                "name": "Goods",
                "type": "consu",
                "invoice_policy": "order",
                "taxes_id": [Command.clear()],
            }
        )

    @classmethod
    def _order(cls, amount=1500.0, **values):
        line = {
            "product_id": cls.product.id,
            "product_uom_qty": 10,
            "price_unit": amount / 10,
            "tax_ids": [Command.clear()],
        }
        return cls.env["sale.order"].create(
            {
                "partner_id": cls.customer.id,
                "user_id": cls.seller.id,
                "company_id": cls.company.id,
                "require_signature": True,
                "require_payment": False,
                "order_line": [Command.create(line)],
                **values,
            }
        )

    def _signed(self, amount=1500.0, **values):
        """An order that the customer signed on the portal, and that was held."""
        order = self._order(amount, **values)
        order.write({"signed_by": "Customer", "signature": SIGNATURE})
        order._validate_order()
        self.assertEqual((order.state, order.credit_state), ("sent", "held"))
        return order

    def _cure(self):
        self.profile.credit_limit = 5000
        self._look_again()

    def _job(self):
        job = self.env.ref("account_dunning_sale.ir_cron_credit_confirm")
        with freeze_time(NOW), self.enter_registry_test_mode():
            job.sudo().method_direct_trigger()
        self.env.invalidate_all()

    def _mails(self, order):
        """Subjects of what the customer was written."""
        return [
            message.subject
            for message in order.message_ids
            if self.customer in message.notified_partner_ids
        ]

    # === CONFIRMED BY ITSELF === #

    def test_signed_order_is_confirmed_when_the_limit_rises(self):
        order = self._signed()
        self.assertFalse(self._mails(order))
        self.assertEqual(order.activity_ids.user_id, self.seller)
        self._cure()
        self.assertEqual((order.state, order.credit_state), ("sent", "none"))
        self.assertFalse(order.activity_ids, "nothing is left for the salesperson")
        self._job()
        self.assertEqual(order.state, "sale")
        [subject] = self._mails(order)
        self.assertIn("Order (Ref", subject)
        told = order.message_ids.filtered(
            lambda m: self.seller.partner_id in m.notified_partner_ids
        )
        self.assertIn("confirmed automatically", told[0].body)
        self.assertFalse(order.credit_auto_confirm or order.credit_ordered_amount)
        self._job()
        self.assertEqual(len(self._mails(order)), 1)

    def test_cure_by_payment(self):
        invoice = self._invoice(self.customer, 1000, late=-30)
        order = self._signed(400)
        self._pay(invoice)
        self._look_again()
        self._job()
        self.assertEqual(order.state, "sale")
        self.assertEqual(len(self._mails(order)), 1)

    def test_cure_by_release(self):
        order = self._signed()
        release = self._request(order, user=self.seller)
        self._job()
        self.assertEqual(order.state, "sent")
        release.with_user(self.manager).action_approve()
        self._job()
        self.assertEqual((order.state, release.state), ("sale", "used"))
        self.assertEqual(len(self._mails(order)), 1)
        self.assertFalse(order.activity_ids)

    def test_cure_asks_for_the_job_at_once(self):
        order = self._signed()
        job = self.env.ref("account_dunning_sale.ir_cron_credit_confirm")
        before = self.env["ir.cron.trigger"].search([("cron_id", "=", job.id)])
        self._cure()
        after = self.env["ir.cron.trigger"].search([("cron_id", "=", job.id)])
        self.assertEqual(len(after - before), 1)
        self.assertEqual(order.credit_state, "none")

    def test_paid_in_part_and_held(self):
        order = self._order(1500, require_payment=True, prepayment_percent=0.1)
        transaction = self._online_payment(
            self.customer, 150, state="done", sale_order_ids=[Command.set(order.ids)]
        )
        # the account module books it with a journal and a method
        transaction.payment_id = self._payment(self.customer, 150)
        transaction._post_process()
        self.assertEqual((order.state, order.credit_state), ("sent", "held"))
        [mail] = self._mails(order)
        body = order.message_ids.filtered(lambda m: m.subject == mail).body
        self.assertIn("payment", body)
        self.assertNotIn("been confirmed and", body)
        self._cure()
        self._job()
        self.assertEqual(order.state, "sale")
        self.assertEqual(len(self._mails(order)), 2)

    def test_confirmed_by_hand_once_cured(self):
        """The customer waits for word, whoever confirms."""
        order = self._signed()
        self._cure()
        order.with_user(self.seller).action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertEqual(len(self._mails(order)), 1)
        self._job()
        self.assertEqual(len(self._mails(order)), 1)

    # === NOT CONFIRMED BY ITSELF === #

    def test_order_held_for_a_salesperson_is_not_confirmed_by_itself(self):
        order = self._order()
        order.with_user(self.seller).action_confirm()
        self._cure()
        self._job()
        self.assertEqual((order.state, order.credit_state), ("draft", "none"))
        self.assertEqual(order.activity_ids.user_id, self.seller)
        order.with_user(self.seller).action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertFalse(self._mails(order))
        self.assertFalse(order.activity_ids, "done is done")

    def test_salesperson_asks_for_it(self):
        order = self._order()
        mine = order.with_user(self.seller)
        with self.assertRaises(UserError):
            mine.action_credit_auto_confirm()
        mine.action_confirm()
        with self.assertRaises(AccessError):
            mine.credit_auto_confirm = True
        mine.action_credit_auto_confirm()
        self.assertTrue(order.credit_auto_confirm)
        self._cure()
        self._job()
        self.assertEqual(order.state, "sale")
        self.assertFalse(self._mails(order), "as if confirmed by hand")

    def test_salesperson_takes_an_online_order_over(self):
        order = self._signed()
        order.with_user(self.seller).action_credit_auto_confirm()
        self.assertFalse(order.credit_auto_confirm)
        self._cure()
        self._job()
        self.assertEqual((order.state, order.credit_state), ("sent", "none"))
        self.assertEqual(order.activity_ids.user_id, self.seller)

    def test_stranger_asks_for_nothing(self):
        order = self._signed()
        order.user_id = self.env.user
        rival = self._user("rival", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            order.with_user(rival).action_credit_auto_confirm()

    def test_changed_since_the_customer_signed(self):
        order = self._signed()
        order.order_line.price_unit = 200
        self._cure()
        self._job()
        self.assertEqual(order.state, "sent")
        self.assertIn("changed", order.activity_ids.note)
        self.assertEqual(order.activity_ids.user_id, self.seller)
        self._job()
        self.assertEqual(len(order.activity_ids), 1, "told once")

    def test_cannot_be_confirmed(self):
        order, other = self._signed(1500), self._signed(1400)
        action_confirm = type(order)._action_confirm

        def _action_confirm(orders):
            if order in orders:
                raise UserError(self.env._("No warehouse"))
            return action_confirm(orders)

        self._cure()
        with patch.object(type(order), "_action_confirm", _action_confirm):
            self._job()
        self.assertEqual((order.state, other.state), ("sent", "sale"))
        self.assertIn("No warehouse", order.activity_ids.note)
        self.assertFalse(self._mails(order))

    def test_held_again(self):
        order = self._signed()
        self._cure()
        self.profile.credit_limit = 100
        self._job()
        self.assertEqual((order.state, order.credit_state), ("sent", "held"))
        self._cure()
        self._job()
        self.assertEqual(order.state, "sale")
        self.assertEqual(len(self._mails(order)), 1)

    def test_cancelled_meanwhile(self):
        order = self._signed()
        order._action_cancel()
        self._cure()
        self._job()
        self.assertEqual(order.state, "cancel")
        order.action_draft()
        self._job()
        self.assertEqual(order.state, "draft")
        self.assertFalse(order.credit_auto_confirm or order.credit_ordered_amount)

    def test_copy_was_not_ordered_online(self):
        copy = self._signed().copy()
        self.assertFalse(copy.credit_auto_confirm or copy.credit_ordered_amount)

    # === WHO IS TOLD === #

    def test_no_salesperson(self):
        """Ordered in a shop: whoever answers for the customer's credit is told."""
        self.profile.user_id = self.collector
        order = self._order(user_id=False)
        public = self.env.ref("base.public_user")
        order.with_user(public).sudo()._validate_order()
        self.assertEqual(order.credit_state, "held")
        self.assertTrue(order.activity_ids.user_id)
        self.assertFalse(order.activity_ids.user_id.share)

    def test_who_imports_is_told(self):
        """No notice is shown to who stands before the screen of an import."""
        values = self._order().copy_data()[0]
        values.update(state="sale", user_id=self.seller.id)
        order = self.env["sale.order"].with_user(self.seller).create(values)
        self.assertEqual((order.state, order.credit_state), ("draft", "held"))
        self.assertEqual(order.activity_ids.user_id, self.seller)

    def test_who_presses_the_button_is_shown(self):
        order = self._order()
        order.with_user(self.seller).action_confirm()
        self.assertFalse(order.activity_ids)

    def test_till(self):
        order = self._order()
        with patch.object(type(order), "_credit_at_till", return_value=True):
            order.with_user(self.seller).action_confirm()
        self.assertEqual(order.state, "draft")
        self.assertEqual(order.activity_ids.user_id, self.seller)
        held = self.env["credit.held"].with_user(self.seller).search([])
        self.assertIn(order.id, held.mapped("res_id"))
