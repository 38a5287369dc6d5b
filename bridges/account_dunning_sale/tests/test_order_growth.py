"""Confirmed orders that are raised: what is added is judged."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user

from .order_gate_common import OrderGateCommon


class TestOrderGrowth(OrderGateCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # another quantity asks for the price again
        cls.product.list_price = 90

    def setUp(self):
        super().setUp()
        self.order = self._order(900).with_user(self.seller)
        self.order.action_confirm()
        self.assertEqual(self.order.state, "sale")
        self.line = self.order.order_line

    def _more(self, amount):
        return self._order_values(amount)["order_line"]

    def _invoice_state(self):
        move = self._invoices(self.order.sudo())
        move.action_post()
        return move.state, move.credit_state

    # === WHAT FITS === #

    def test_within_the_limit(self):
        self.order.write({"order_line": self._more(100)})
        self.assertEqual(self.order.amount_total, 1000)
        self.assertEqual(self.order.credit_passed_amount, 1000)
        self.assertEqual(self._invoice_state(), ("posted", "none"))

    def test_lowered_and_raised_again(self):
        self.line.product_uom_qty = 5
        self.assertEqual(self.order.credit_passed_amount, 900, "nothing was judged")
        self.line.product_uom_qty = 10
        self.assertEqual(self.order.credit_passed_amount, 900)
        self.line.product_uom_qty = 5
        other = self._order(550)
        other.action_confirm()
        self.assertEqual(other.state, "sale", "what was given up is free")
        with self.assertRaisesRegex(UserError, "exceeded by"):
            self.line.product_uom_qty = 10

    def test_one_line_grows_and_another_shrinks(self):
        self.order.write({"order_line": self._more(100)})
        first, second = self.order.order_line
        self.order.write(
            {
                "order_line": [
                    Command.update(second.id, {"price_unit": 60}),
                    Command.update(first.id, {"price_unit": 40}),
                ]
            }
        )
        self.assertEqual(self.order.amount_total, 1000)

    def test_without_a_limit(self):
        self.profile.limit_enforced = False
        self.line.product_uom_qty = 1000
        self.assertEqual(self.order.amount_total, 90000)
        self.assertEqual(self.order.credit_passed_amount, 90000)

    def test_quotations_are_judged_when_they_are_confirmed(self):
        order = self._order(100).with_user(self.seller)
        order.order_line.price_unit = 5000
        order.write({"order_line": self._more(5000)})
        self.assertEqual(order.amount_total, 55000)

    # === WHAT DOES NOT === #

    def test_refused_in_words(self):
        for way, act in {
            "lines": lambda: self.order.write({"order_line": self._more(300)}),
            "line": lambda: self.line.create(
                {
                    "order_id": self.order.id,
                    "product_id": self.product.id,
                    "product_uom_qty": 3,
                }
            ),
            "price": lambda: self.line.write({"price_unit": 120}),
            "quantity": lambda: self.line.write({"product_uom_qty": 14}),
        }.items():
            with self.subTest(way=way), self.assertRaises(UserError) as caught:
                act()
            self.env.invalidate_all()
            self.assertEqual(self.order.amount_total, 900)
            words = str(caught.exception)
            self.assertIn("new quotation", words)
            self.assertIn(self.contact.name, words)

    def test_whoever_claims_to_know_the_gate(self):
        forged = {
            "credit_growth": {self.order.id: 0},
            "credit_growth_watched": self.order.ids,
            "credit_gate_passed": self.order.ids,
        }
        with self.assertRaises(UserError):
            self.line.with_context(**forged).price_unit = 500
        other = self._order(5000).with_user(self.seller).with_context(**forged)
        other.action_confirm()
        self.assertEqual(other.credit_state, "held")

    def test_the_new_quotation_is_the_way_out(self):
        with self.assertRaises(UserError):
            self.line.price_unit = 120
        other = self._order(300).with_user(self.seller)
        other.action_confirm()
        release = self._request(other, user=self.seller)
        release.with_user(self.manager).action_approve()
        other.action_confirm()
        self.assertEqual(other.state, "sale")

    def test_customer_on_hold(self):
        self.profile.write({"class_id": self.strict.id, "credit_hold": True})
        with self.assertRaisesRegex(UserError, "credit hold"):
            self.line.price_unit = 91

    def test_class_that_warns(self):
        self.strict.rule_limit = "warn"
        self.profile.class_id = self.strict
        self.line.price_unit = 120
        self.assertEqual(self.order.amount_total, 1200)
        self.assertIn("200", self.order.message_ids[0].body)
        self.assertEqual(self.order.credit_passed_amount, 1200)

    def test_class_that_says_nothing(self):
        self.strict.rule_limit = "nothing"
        self.profile.class_id = self.strict
        messages = self.order.message_ids
        self.line.price_unit = 120
        self.assertFalse((self.order.message_ids - messages).filtered("body"))

    # === WHO MAY === #

    def test_somebody_who_may_release_has_decided(self):
        self.manager.group_ids += self.env.ref("sales_team.group_sale_manager")
        self.line.with_user(self.manager).price_unit = 120
        self.assertEqual(self.order.amount_total, 1200)
        message = self.order.message_ids[0]
        self.assertIn("may release", message.body)
        self.assertEqual(message.author_id, self.manager.partner_id)
        self.assertEqual(self._invoice_state()[0], "posted")

    def test_nobody_releases_the_own_order(self):
        self.manager.group_ids += self.env.ref("sales_team.group_sale_manager")
        self.order.sudo().user_id = self.manager
        with self.assertRaises(UserError):
            self.line.with_user(self.manager).price_unit = 120

    def test_brackets_say_who_may(self):
        self.manager.group_ids += self.env.ref("sales_team.group_sale_manager")
        self._bracket(1100, self.manager)
        self.line.with_user(self.manager).price_unit = 110
        self.assertEqual(self.order.amount_total, 1100)
        with self.assertRaises(UserError):
            self.line.with_user(self.manager).price_unit = 111

    def test_release_of_the_order_covers_it_up_to_its_amount(self):
        order = self._order(500).with_user(self.seller)
        order.action_confirm()
        release = self._request(order, user=self.seller)
        release.with_user(self.manager).action_approve()
        order.order_line.price_unit = 40
        order.action_confirm()
        self.assertEqual((order.state, order.amount_total), ("sale", 400))
        order.order_line.price_unit = 50
        self.assertEqual(order.amount_total, 500)
        self.assertIn("release covers", order.message_ids[0].body)
        with self.assertRaises(UserError):
            order.order_line.price_unit = 51

    def test_machines_are_not_refused(self):
        self.line.sudo().price_unit = 120
        self.assertEqual(self.order.amount_total, 1200)
        self.assertIn("Raised automatically", self.order.message_ids[0].body)
        self.assertEqual(self.order.activity_ids.user_id, self.seller)
        self.assertEqual(self.order.credit_passed_amount, 900)
        self.assertEqual(self._invoice_state(), ("draft", "held"))

    def test_customers_on_the_portal_are_not_refused(self):
        portal = new_test_user(self.env, "portal", groups="base.group_portal")
        self.line.with_user(portal).sudo().price_unit = 120
        self.assertEqual(self.order.amount_total, 1200)

    # === WHAT CORE DOES WITH CONFIRMED ORDERS === #

    def test_delivered_services_and_expenses_go_on(self):
        self.profile.write({"class_id": self.strict.id, "credit_hold": True})
        self.line.qty_delivered = 50
        line = self.line.create(
            {
                "order_id": self.order.id,
                "product_id": self.product.id,
                "product_uom_qty": 0,
                "qty_delivered": 10,
                "price_unit": 500,
                "is_expense": True,
            }
        )
        self.assertEqual(line.order_id.amount_total, 900)
        self.assertNotIn("credit_growth_watched", line.env.context)

    def test_down_payment_goes_on(self):
        self.profile.credit_hold = True
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": [Command.set(self.order.ids)],
                "advance_payment_method": "percentage",
                "amount": 50,
            }
        )
        move = wizard._create_invoices(self.order.sudo(False))
        move.action_post()
        self.assertEqual(move.state, "posted")

    def test_foreign_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create(
            {"name": "EUR", "currency_id": currency.id}
        )
        order = self._order(100, pricelist_id=pricelist.id).with_user(self.seller)
        order.action_confirm()  # worth 50 of the 100 left
        order.order_line.price_unit = 20
        self.assertEqual(order.amount_total, 200)
        with self.assertRaises(UserError):
            order.order_line.price_unit = 20.1

    def test_of_what_was_confirmed_before_the_check(self):
        self.order.sudo()._update_rows(
            {self.order.id: {"credit_passed": False, "credit_passed_amount": 0}}
        )
        self.line.price_unit = 95
        with self.assertRaises(UserError):
            self.line.price_unit = 120
        self.env.invalidate_all()
        self.assertEqual(self._invoice_state()[0], "posted")
