"""Orders at the credit gate."""

from datetime import datetime
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.api import SUPERUSER_ID, Environment
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import mute_logger

from .order_gate_common import OrderGateCommon


class TestOrderGate(OrderGateCommon):
    # === CONFIRMING === #

    def test_ten_orders_confirmed_together(self):
        orders = self._orders(*[400] * 10)
        action = orders.with_user(self.seller).action_confirm()
        self.assertEqual(orders.filtered(lambda o: o.state == "sale"), orders[:2])
        self.assertEqual(set(orders[2:].mapped("credit_state")), {"held"})
        self.assertEqual(action["tag"], "display_notification")

    def test_orders_and_invoices_use_the_same_limit(self):
        order = self._order(700)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        move = self._draft(400)
        move.action_post()
        self.assertEqual(move.credit_state, "held")

    def test_what_passes_says_so_as_before(self):
        self.assertIs(self._order(400).action_confirm(), True)

    def test_signature_on_the_portal_confirms_nothing_that_is_held(self):
        order = self._order(1500)
        order._validate_order()
        self.assertEqual((order.state, order.credit_state), ("sent", "held"))
        self.assertEqual(order.activity_ids.user_id, self.seller)

    def test_orders_imported_as_confirmed(self):
        orders = self.env["sale.order"].create(
            [self._order_values(600, state="sale") for __ in range(2)]
        )
        self.assertEqual(orders.mapped("state"), ["sale", "draft"])
        self.assertEqual(orders.mapped("credit_state"), ["none", "held"])

    def test_nothing_follows_from_an_imported_order_before_it_is_judged(self):
        """Deliveries, tasks and purchases start from lines made on a confirmed order,
        and from its confirmation.
        """
        seen, confirmed = [], []
        Line = self.env.registry["sale.order.line"]
        Order = self.env.registry["sale.order"]
        create, confirm = Line.create, Order._action_confirm

        def line_create(lines, vals_list):
            made = create(lines, vals_list)
            seen.extend(made.mapped("state"))
            return made

        def action_confirm(orders):
            confirmed.append((orders.ids, orders.mapped("state")))
            return confirm(orders)

        day = datetime(2025, 3, 1)
        with (
            patch.object(Line, "create", line_create),
            patch.object(Order, "_action_confirm", action_confirm),
        ):
            orders = self.env["sale.order"].create(
                [
                    self._order_values(600, state="sale", date_order=day),
                    self._order_values(600, state="sale", date_order=day),
                    self._order_values(50),
                ]
            )
        self.assertEqual(orders.mapped("state"), ["sale", "draft", "draft"])
        self.assertEqual(set(seen), {"draft"})
        self.assertEqual(confirmed, [(orders[0].ids, ["sale"])], "once, and judged")
        self.assertEqual(set(orders[:2].mapped("date_order")), {day}, "dates are kept")
        self.assertEqual(orders[0].credit_passed_amount, 600)

    def test_confirmed_by_default(self):
        order = (
            self.env["sale.order"]
            .with_context(default_state="sale")
            .create(self._order_values(1500))
        )
        self.assertEqual((order.state, order.credit_state), ("draft", "held"))

    def test_state_written_by_a_program(self):
        orders = self._orders(600, 600)
        orders.write({"state": "sale", "client_order_ref": "API"})
        self.assertEqual(orders.mapped("state"), ["sale", "draft"])
        self.assertEqual(set(orders.mapped("client_order_ref")), {"API"})

    def test_state_written_by_somebody_who_knows_the_gate(self):
        order = self._order(5000).with_user(self.seller)
        order.with_context(credit_gate_passed=order.ids).write({"state": "sale"})
        self.assertEqual((order.state, order.credit_state), ("draft", "held"))
        order.action_cancel()
        with self.assertRaises(UserError):
            order.write({"state": "sale"})
        with self.assertRaises(AccessError):
            order.write({"credit_passed_amount": 5000})

    def test_state_written_with_more_lines(self):
        order = self._order(100)
        more = self._order_values(5000)["order_line"]
        order.with_user(self.seller).write({"state": "sale", "order_line": more})
        self.assertEqual((order.state, order.credit_state), ("draft", "held"))
        self.assertEqual(len(order.order_line), 2, "nothing is lost")

    def test_empty_order_filled_once_it_is_confirmed(self):
        order = self._order(0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        order.sudo().order_line.price_unit = 500  # by a machine
        move = self._invoices(order)
        move.action_post()
        self.assertEqual(move.credit_state, "held")

    def test_invoice_of_an_order_of_another_customer(self):
        good = self._customer("Good")
        order = self._order(5000, partner_id=good.id)
        order.action_confirm()
        move = self._invoices(order)
        move.partner_id = self.customer
        move.action_post()
        self.assertEqual(move.credit_state, "held")

    def test_import_of_a_file(self):
        fields = ["partner_id/.id", "state", "order_line/product_id/.id"]
        fields += ["order_line/product_uom_qty", "order_line/price_unit"]
        rows = [
            [str(self.customer.id), "sale", str(self.product.id), "1", "5000"],
            [str(self.customer.id), "sale", str(self.product.id), "1", "500"],
        ]
        result = self.env["sale.order"].load(fields, rows)
        self.assertFalse(result["messages"])
        orders = self.env["sale.order"].browse(result["ids"])
        self.assertEqual(orders.mapped("state"), ["draft", "sale"])

    # === INVOICES OF ORDERS === #

    def test_invoice_of_an_order_counts_once(self):
        order = self._order(900)
        order.action_confirm()
        move = self._invoices(order)
        move.action_post()
        self.assertEqual(move.state, "posted")
        self.assertEqual(move.credit_state, "none")

    def test_released_order_is_invoiced_without_another_release(self):
        order = self._order(1500)
        order.with_user(self.seller).action_confirm()
        release = self._request(order, user=self.seller)
        release.with_user(self.manager).action_approve()
        order.with_user(self.seller).action_confirm()
        self.assertEqual((order.state, release.state), ("sale", "used"))
        move = self._invoices(order)
        move.action_post()
        self.assertEqual(move.state, "posted")

    def test_invoice_above_its_order(self):
        order = self._order(900)
        order.action_confirm()
        move = self._invoices(order)
        move.invoice_line_ids.filtered("product_id").price_unit = 200  # 2,000
        move.action_post()
        self.assertEqual(move.credit_state, "held")
        self.assertEqual(move.credit_reasons[0]["amount"], 1000)

    def test_order_that_grows_once_it_is_confirmed(self):
        order = self._order(900)
        order.action_confirm()
        self.assertEqual(order.credit_passed_amount, 900)
        # by a machine: a person is refused, see test_order_growth
        order.sudo().order_line.write({"product_uom_qty": 20, "price_unit": 90})
        move = self._invoices(order)
        self.assertEqual(move.amount_total, 1800)
        move.action_post()
        self.assertEqual(move.credit_state, "held")
        self.assertEqual(move.credit_reasons[0]["amount"], 800)

    def test_invoice_of_what_was_ordered_before_the_hold_only_warns(self):
        order = self._order(900)
        order.action_confirm()
        self.profile.write({"class_id": self.strict.id, "credit_hold": True})
        move = self._invoices(order)
        move.action_post()
        self.assertEqual((move.state, move.credit_state), ("posted", "warned"))

    def test_two_invoices_of_two_orders_together(self):
        orders = self._orders(500, 500)
        orders.action_confirm()
        self.assertEqual(set(orders.mapped("state")), {"sale"})
        moves = self._invoices(orders[0]) + self._invoices(orders[1])
        extra = self._draft(1)
        (extra + moves).action_post()
        self.assertEqual(set(moves.mapped("state")), {"posted"})
        self.assertEqual(extra.credit_state, "held")

    def test_down_payment_is_never_held(self):
        order = self._order(900)
        order.action_confirm()
        self.profile.credit_hold = True
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": [Command.set(order.ids)],
                "advance_payment_method": "percentage",
                "amount": 50,
            }
        )
        move = wizard._create_invoices(order)
        move.action_post()
        self.assertEqual(move.state, "posted")

    # === WAYS OUT === #

    def test_cancelled_order_lifts_another(self):
        orders = self._orders(800, 400)
        orders.action_confirm()
        self.assertEqual(orders[1].credit_state, "held")
        orders[0]._action_cancel()
        self._look_again()
        self.assertEqual(orders[1].credit_state, "none")
        self.assertEqual(orders[1].activity_ids.user_id, self.seller)

    def test_release_of_a_cancelled_order_is_not_used_again(self):
        order = self._order(1500)
        order.action_confirm()
        release = self._request(order, user=self.seller)
        release.with_user(self.manager).action_approve()
        order.action_confirm()
        order._action_cancel()
        order.action_draft()
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "held"))

    def test_deposit(self):
        order = self._order(1250)
        order.with_user(self.seller).action_confirm()
        self.assertTrue(order.credit_can_ask_deposit)
        self.assertIn("250", order.credit_advice)
        action = order.with_user(self.seller).action_credit_ask_deposit()
        self.assertEqual(action["res_model"], "mail.compose.message")
        self.assertTrue(order.require_payment)
        self.assertAlmostEqual(order.prepayment_percent, 0.2)
        transaction = self._online_payment(
            self.customer,
            250,
            state="pending",
            sale_order_ids=[Command.set(order.ids)],
        )
        order.action_confirm()
        self.assertEqual(order.state, "draft", "announced is not paid")
        transaction.state = "done"
        self.assertTrue(transaction._check_amount_and_confirm_order())
        self.assertEqual(order.state, "sale")

    def test_held_though_paid_in_part(self):
        order = self._order(1500)
        order.require_payment = True
        order.prepayment_percent = 0.1
        transaction = self._online_payment(
            self.customer,
            150,
            state="done",
            sale_order_ids=[Command.set(order.ids)],
        )
        self.assertFalse(transaction._check_amount_and_confirm_order())
        self.assertEqual(order.credit_state, "held")

    # === WHO SEES WHAT === #

    def test_salesperson(self):
        self._invoice(self.customer, 1000, late=-30)
        order = self._order(400)
        mine = order.with_user(self.seller)
        self.assertEqual(mine.credit_level, "block")
        mine.action_confirm()
        self.assertEqual(mine.credit_state, "held")
        self.assertIn("400", mine.credit_sentence)
        self.assertTrue(mine.credit_can_request)
        self.assertFalse(mine.credit_can_release)
        self.assertTrue(mine.credit_can_ask_payment)
        with self.assertRaises(AccessError):
            self.env["credit.profile"].with_user(self.seller).search([])
        release = self._request(order, user=self.seller).with_user(self.seller)
        self.assertEqual(release.state, "requested")
        self.assertFalse(release.can_decide)
        with self.assertRaises(AccessError):
            release.read(["exposure_open"])
        self.assertTrue(release.read(["sentence", "state", "limit_amount"]))
        with self.assertRaises(AccessError):
            release.action_approve()

    def test_salesperson_sees_the_own_held_documents(self):
        order, other = self._orders(1500, 1500)
        other.user_id = self._user("rival", "sales_team.group_sale_salesman")
        (order + other).action_confirm()
        held = self.env["credit.held"].with_user(self.seller).search([])
        self.assertEqual(
            held.filtered(lambda h: h.res_model == "sale.order").mapped("res_id"),
            order.ids,
        )
        self.assertIn("500", held.filtered(lambda h: h.res_id == order.id).sentence)
        everything = self.env["credit.held"].with_user(self.collector).search([])
        self.assertLessEqual(
            set((order + other).ids),
            {h.res_id for h in everything if h.res_model == "sale.order"},
        )

    def test_payment_links_by_a_salesperson(self):
        invoice = self._invoice(self.customer, 1000, late=-30)
        order = self._order(400)
        order.with_user(self.seller).action_confirm()
        action = order.with_user(self.seller).action_credit_ask_payment()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.seller)
            .with_context(**action["context"])
            .create({})
        )
        wizard.action_send()
        self.assertIn(invoice.name, self.profile.message_ids[0].body)

    # === TWO AT ONCE === #

    def test_two_cannot_both_take_the_last_of_the_limit(self):
        registry = self.env.registry

        def env_of(cr):
            return Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

        with registry.cursor() as cr:
            env = env_of(cr)
            partner = env["res.partner"].create({"name": "Wanted by two"})
            product = env["product.product"].create(
                {"name": "P", "type": "service", "taxes_id": [Command.clear()]}
            )
            profile = env["credit.profile"]._for_partners(partner, env.company)
            profile.write({"credit_limit": 1000, "limit_enforced": True})
            orders = env["sale.order"].create(
                [
                    {
                        "partner_id": partner.id,
                        "order_line": [
                            Command.create(
                                {
                                    "product_id": product.id,
                                    "price_unit": 700,
                                    "tax_ids": [Command.clear()],
                                }
                            )
                        ],
                    }
                    for __ in range(2)
                ]
            )
        try:
            with registry.cursor() as mine, registry.cursor() as theirs:
                first, second = (
                    order.with_env(env_of(cr))
                    for order, cr in zip(orders, (mine, theirs), strict=True)
                )
                self.assertEqual(second.state, "draft")  # has looked
                first.action_confirm()
                mine.commit()
                with (
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(SerializationFailure),
                ):
                    second.action_confirm()
                theirs.rollback()
                theirs.transaction.clear()
                second.action_confirm()
                self.assertEqual(first.state, "sale")
                self.assertEqual((second.state, second.credit_state), ("draft", "held"))
                theirs.rollback()
        finally:
            with registry.cursor() as cr:
                env = env_of(cr)
                mine = orders.with_env(env)
                mine._action_cancel()
                mine.unlink()
                profile.with_env(env).unlink()
                partner.with_env(env).unlink()
                product.with_env(env).product_tmpl_id.unlink()
