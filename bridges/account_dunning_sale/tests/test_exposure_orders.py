"""Confirmed orders not yet invoiced are part of what a customer will owe."""

from datetime import timedelta

from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.account_dunning.tests.common import TODAY

from .common import OrderCommon


class TestOrders(OrderCommon):
    def test_order_counts_from_confirmation_on(self):
        order = self._order(confirm=False)
        self.assertOwed()
        order.action_confirm()
        self.assertOwed(orders=1000)

    def test_delivered_or_not(self):
        order = self._order(self._line(product=self.delivered))
        self.assertOwed(orders=1000)
        order.order_line.qty_delivered = 4
        self.assertOwed(orders=1000)
        order.order_line.qty_delivered = 12
        self.assertOwed(orders=1200)

    def test_taxes_and_discounts_are_part_of_it(self):
        self._order(self._line(tax_ids=self.tax.ids, discount=50))
        self.assertOwed(orders=600)

    def test_sections_and_notes_cost_nothing(self):
        order = self._order()
        order.order_line.create(
            {"order_id": order.id, "display_type": "line_note", "name": "Thank you"}
        )
        self.assertOwed(orders=1000)

    def test_cancelled_order(self):
        order = self._order()
        order._action_cancel()
        self.assertOwed()

    def test_invoiced_order_is_not_counted_twice(self):
        order = self._order()
        invoice = self._bill(order, post=False)
        self.assertEqual(order.invoice_status, "invoiced")
        self.assertOwed(orders=1000)
        self.assertOwed(document=1000, documents=invoice)
        invoice.action_post()
        self.assertOwed(open_items=1000)
        self._pay(invoice)
        self.assertOwed()

    def test_drafts_that_count_take_their_order_off(self):
        self.company.credit_count_drafts = True
        order = self._order()
        invoice = self._bill(order, quantity=4, post=False)
        self.assertOwed(drafts=400, orders=600)
        self.assertOwed(document=400, orders=600, documents=invoice)

    def test_partly_invoiced(self):
        order = self._order()
        self._bill(order, quantity=4)
        self.assertOwed(open_items=400, orders=600)

    def test_invoiced_at_another_price_nothing_is_left(self):
        order = self._order()
        invoice = self._bill(order, post=False)
        invoice.invoice_line_ids.price_unit = 80
        invoice.action_post()
        self.assertOwed(open_items=800)

    def test_invoiced_above_the_order(self):
        order = self._order(self._line(), self._line(50, product=self.delivered))
        invoice = self._bill(order, post=False)
        invoice.invoice_line_ids.quantity = 15
        invoice.action_post()
        self.assertOwed(open_items=1500, orders=500)

    def test_credit_note_opens_the_order_again(self):
        order = self._order()
        invoice = self._bill(order)
        refund = invoice._reverse_moves()
        self.assertOwed(open_items=1000)  # a draft frees nothing
        refund.action_post()
        self.assertOwed(orders=1000)  # core allocates it to its invoice

    def test_down_payment(self):
        order = self._order()
        advance = self._advance(order, 300, post=False)
        self.assertOwed(orders=1000)
        self.assertOwed(orders=700, document=300, documents=advance)
        advance.action_post()
        self.assertOwed(open_items=300, orders=700)
        self._pay(advance)
        self.assertOwed(orders=700)
        self._bill(order)
        self.assertOwed(open_items=700)

    def test_down_payment_not_deducted_yet(self):
        order = self._order()
        self._pay(self._advance(order, 300))
        invoice = order._create_invoices(final=False)
        invoice.invoice_line_ids.filtered(lambda li: li.quantity < 0).unlink()
        invoice.invoice_line_ids.filtered("product_id").quantity = 5
        invoice.action_post()
        self.assertOwed(open_items=500, orders=200)

    def test_units_of_measure(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        unit = self.env.ref("uom.product_uom_unit")
        order = self._order(
            self._line(1200, quantity=2, product_uom_id=dozen.id),
        )
        invoice = self._bill(order, post=False)
        line = invoice.invoice_line_ids
        line.write({"product_uom_id": unit.id, "quantity": 6, "price_unit": 100})
        invoice.action_post()
        self.assertOwed(open_items=600, orders=1800)

    def test_expense_without_a_quantity_ordered(self):
        order = self._order(
            self._line(40, quantity=0, product=self.delivered, tax_ids=self.tax.ids),
        )
        order.order_line.qty_delivered = 3
        self.assertOwed(orders=144)

    def test_foreign_currency_is_taken_at_todays_rate(self):
        yen = self._currency("JPX", {TODAY - timedelta(days=100): 160}, 1)
        self._order(self._line(10_000), currency=yen)
        self.assertOwed(orders=625)
        yen.rate_ids.create(
            {"currency_id": yen.id, "name": TODAY, "rate": 200, "company_id": 1}
            | {"company_id": self.company.id}
        )
        self.assertOwed(orders=500)

    def test_currency_without_a_rate(self):
        coming = self._currency("NEW", {TODAY + timedelta(days=30): 4})
        self._order(currency=coming)
        self.assertOwed(orders=250)

    def test_who_is_invoiced_owes(self):
        payer = self._customer("Payer")
        self._order(partner_invoice_id=payer.id)
        self.assertOwed()
        self.assertOwed(self._profile(payer), orders=1000)

    def test_orders_of_branches_are_included(self):
        branch = self._branch()
        partner = self.customer.with_env(self._in(branch))
        order = partner.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "company_id": branch.id,
                "order_line": [self._line()],
            }
        )
        order.action_confirm()
        self.assertOwed(orders=1000)

    def test_order_at_hand(self):
        order = self._order(confirm=False)
        self._order(self._line(7))
        self.assertOwed(orders=70, document=1000, documents=order)
        order.action_confirm()
        self.assertOwed(orders=70, document=1000, documents=order)
        self._bill(order, quantity=4)
        self.assertOwed(open_items=400, orders=70, document=600, documents=order)
        order.with_context(disable_cancel_warning=True)._action_cancel()
        self.assertOwed(open_items=400, orders=70, documents=order)

    def test_order_in_its_form(self):
        order = self._order(confirm=False)
        changed = self.env["sale.order"].new(origin=order)
        changed.order_line.product_uom_qty = 20
        self.assertOwed(document=2000, documents=changed)
        fresh = self.env["sale.order"].new(
            {"partner_id": self.customer.id, "order_line": [self._line(5)]}
        )
        self.assertOwed(document=50, documents=fresh)

    def test_documents_of_both_kinds(self):
        order = self._order()
        invoice = self._bill(order, quantity=4, post=False)
        quotation = self._order(self._line(1), confirm=False)
        self.assertOwed(orders=600, document=410, documents=[invoice, quotation])

    def test_orders_behind_the_part(self):
        open_order = self._order()
        self._order()._action_cancel()
        self._bill(self._order())
        collector = new_test_user(
            self.env,
            login="sales collector",
            groups="account_dunning.group_account_dunning_user,"
            "sales_team.group_sale_salesman_all_leads",
        )
        action = self.profile.with_user(collector).action_view_exposure_orders()
        Order = self.env["sale.order"].with_user(collector)
        self.assertEqual(Order.search(action["domain"]), open_order)

    def test_core_says_nothing_about_limits(self):
        self.company.account_use_credit_limit = True
        self.profile.credit_limit = 10
        order = self._order(confirm=False)
        self.assertFalse(order.partner_credit_warning)

    def test_snapshot(self):
        self._order()
        self.profile.credit_limit = 800
        self.assertEqual(self.profile.exposure_orders, 1000)
        self.assertEqual(self.profile.limit_band, "over")

    def test_queries_do_not_grow_with_customers(self):
        yen = self._currency("JPX", {TODAY: 160}, 1)

        def customers(count, name):
            partners = self.env["res.partner"]
            for number in range(count):
                partner = self._customer(f"{name} {number}")
                order = self._order(partner=partner)
                self._bill(order, quantity=2, post=bool(number % 2))
                self._order(partner=partner, currency=yen)
                partners |= partner
            return self._profile(partners)

        few, many = customers(3, "Few"), customers(24, "Many")
        counts = {}
        for name, profiles in (("warm", few), ("few", few), ("many", many)):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            profiles._usage()
            self.env.flush_all()
            counts[name] = self.cr.sql_log_count - before
        self.assertEqual(counts["many"], counts["few"])
        self.assertLessEqual(counts["many"], 25)


class TestMoneyReceived(OrderCommon):
    def _reconcile(self, invoice, amount):
        payment = self._payment(self.customer, amount)
        (payment.move_id + invoice).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()

    def _received(self, documents):
        got = self.env["credit.gate"]._received(documents, self.company, TODAY)
        return [float(got.get(document.id, 0)) for document in documents]

    def test_money_on_a_draft_of_the_order(self):
        order = self._order()
        draft = self._bill(order, post=False)
        self._reconcile(draft, 400)
        self.assertOwed(orders=600)
        self.company.credit_count_drafts = True
        self.assertOwed(drafts=600)
        self.company.credit_count_drafts = False
        self.assertOwed(document=600, documents=draft)
        draft.action_post()
        self.assertOwed(open_items=600)

    def test_money_on_a_draft_of_two_orders_counts_once(self):
        orders = self._order() + self._order()
        draft = orders._create_invoices()
        self.assertEqual(len(draft), 1)
        self._reconcile(draft, 400)
        self.assertOwed(orders=1600)

    def test_money_on_an_invoice_of_somebody_else(self):
        other = self._customer("Other")
        draft = self._bill(self._order(), post=False, partner_id=other.id)
        payment = self._payment(other, 400)
        (payment.move_id + draft).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self.assertOwed(orders=1000)

    def test_one_payment_for_two_orders(self):
        orders = self._order(confirm=False) + self._order(confirm=False)
        self._online_payment(
            self.customer, 1500, state="done", sale_order_ids=[Command.set(orders.ids)]
        )
        self.assertEqual(self._received(orders), [1000, 500])
        self.assertEqual(self._received(orders[1]), [500])
        orders[0]._action_cancel()
        self.assertEqual(self._received(orders), [0, 1000])

    def test_invoice_goes_before_its_order(self):
        order = self._order()
        draft = self._bill(order, 4, post=False)
        self._online_payment(
            self.customer,
            500,
            state="done",
            sale_order_ids=[Command.set(order.ids)],
            invoice_ids=[Command.set(draft.ids)],
        )
        self.assertEqual(self._received(draft), [400])
        self.assertEqual(self._received(order), [100])


class TestCents(OrderCommon):
    """What was ordered is invoiced: rounding and rates make it nothing new."""

    def _new(self, invoice):
        """What an invoice adds to what was ordered."""
        day = self.company._dunning_today()
        amounts = self.env["credit.exposure"]._document_amounts(invoice, day)
        ordered = invoice._credit_ordered(self.company, day)
        return float(amounts[invoice.id] - ordered.get(invoice.id, 0))

    def test_taxes_rounded_globally(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        lines = [self._line(0.12, 1, tax_ids=self.tax.ids) for __ in range(7)]
        order = self._order(*lines)
        by_line = sum(order.order_line.mapped("price_total"))
        self.assertNotAlmostEqual(by_line, order.amount_total, places=3)
        self.assertOwed(orders=order.amount_total)
        draft = self._bill(order, post=False)
        self.assertEqual(self._new(draft), 0)
        draft.action_post()
        self.assertOwed(open_items=order.amount_total)

    def test_invoiced_piece_by_piece(self):
        self.tax.amount = 19.6
        for price in (0.07, 1.13, 3.33, 10.01):
            order = self._order(
                self._line(price, 7, tax_ids=self.tax.ids),
                self._line(price * 3, 7, tax_ids=self.tax.ids),
            )
            for __ in range(7):
                draft = self._bill(order, 1, post=False)
                self.assertEqual(self._new(draft), 0, f"{price}: {draft.amount_total}")
                draft.action_post()

    def test_rate_of_another_day(self):
        usd = self._currency(
            "USX", {TODAY - timedelta(days=60): 1.0, TODAY - timedelta(days=5): 2.0}
        )
        order = self._order(currency=usd)
        self.assertOwed(orders=500)
        draft = self._bill(order, post=False, invoice_date=TODAY - timedelta(days=20))
        self.assertEqual(draft.amount_total_signed, 1000)
        self.assertEqual(self._new(draft), 0)

    def test_more_than_was_ordered_is_new(self):
        order = self._order()
        draft = self._bill(order, 12, post=False)
        self.assertEqual(self._new(draft), 200)
        draft.invoice_line_ids.filtered("product_id").write(
            {"quantity": 10, "price_unit": 100.5}
        )
        self.assertEqual(self._new(draft), 5)
