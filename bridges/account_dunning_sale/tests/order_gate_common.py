"""What the tests of orders at the gate share."""

from odoo.fields import Command

from odoo.addons.account_dunning.tests.gate_common import GateCommon


class OrderGateCommon(GateCommon):
    """Somebody who sells, goods without taxes, orders of ten pieces."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("sales_team.group_sale_manager")
        cls.seller = cls._user("seller", "sales_team.group_sale_salesman")
        cls.product = cls.env["product.product"].create(
            {
                "name": "Goods",
                "type": "consu",
                "invoice_policy": "order",
                "taxes_id": [Command.clear()],
                "list_price": 1,
            }
        )

    @classmethod
    def _order_values(cls, amount, **values):
        return {
            "partner_id": cls.customer.id,
            "user_id": cls.seller.id,
            "company_id": cls.company.id,
            "order_line": [
                Command.create(
                    {
                        "product_id": cls.product.id,
                        "product_uom_qty": 10,
                        "price_unit": amount / 10,
                        "tax_ids": [Command.clear()],
                    }
                )
            ],
            **values,
        }

    @classmethod
    def _order(cls, amount=400.0, **values):
        return cls.env["sale.order"].create(cls._order_values(amount, **values))

    def _orders(self, *amounts):
        orders = self.env["sale.order"]
        for amount in amounts:
            orders += self._order(amount)
        return orders

    def _invoices(self, orders):
        return orders._create_invoices()
