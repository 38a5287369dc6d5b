"""What tests of orders share: products, orders and what becomes of them."""

from odoo.fields import Command

from odoo.addons.account_dunning.tests.credit_common import CreditCommon


class OrderCommon(CreditCommon):
    @classmethod
    def get_default_groups(cls):
        sales = cls.env.ref("sales_team.group_sale_manager")
        return super().get_default_groups() | sales

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ordered = cls._product("Billed as ordered", "order")
        cls.delivered = cls._product("Billed as delivered", "delivery")
        cls.tax = cls.env["account.tax"].create(
            {"name": "20 %", "amount": 20, "type_tax_use": "sale"}
        )
        cls.advance_product = cls._product("Down payment", "order")

    @classmethod
    def _product(cls, name, policy):
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "invoice_policy": policy,
                "list_price": 100,
                "taxes_id": [],
            }
        )

    @classmethod
    def _line(cls, price=100.0, quantity=10, product=None, **values):
        return Command.create(
            {
                "product_id": (product or cls.ordered).id,
                "product_uom_qty": quantity,
                "price_unit": price,
                "tax_ids": [],
                **values,
            }
        )

    @classmethod
    def _order(cls, *lines, partner=None, confirm=True, currency=None, **values):
        """A confirmed order: 10 pieces at 100 unless told."""
        if currency:
            pricelist = cls.env["product.pricelist"].create(
                {"name": currency.name, "currency_id": currency.id}
            )
            values["pricelist_id"] = pricelist.id
        order = cls.env["sale.order"].create(
            {
                "partner_id": (partner or cls.customer).id,
                "order_line": list(lines) or [cls._line()],
                **values,
            }
        )
        if confirm:
            order.action_confirm()
        return order

    @classmethod
    def _bill(cls, order, quantity=None, post=True, **values):
        """Invoice what is to be invoiced of an order, or another quantity of it."""
        invoice = order._create_invoices(final=True)
        if quantity is not None:
            invoice.invoice_line_ids.filtered("product_id").quantity = quantity
        if values:
            invoice.write(values)
        if post:
            invoice.action_post()
        return invoice

    @classmethod
    def _advance(cls, order, amount, post=True):
        """A down payment invoice."""
        wizard = (
            cls.env["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=order.ids)
            .create({"advance_payment_method": "fixed", "fixed_amount": amount})
        )
        invoice = wizard._create_invoices(order)
        if post:
            invoice.action_post()
        return invoice
