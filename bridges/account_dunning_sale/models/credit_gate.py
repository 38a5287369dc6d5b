from odoo import api, fields, models
from odoo.tools import SQL


class CreditGate(models.AbstractModel):
    _inherit = "credit.gate"

    @api.model
    def _gated_models(self):
        return super()._gated_models() + [self.env["sale.order"].sudo()]

    @api.model
    def _claims_on(self, transaction):
        """Invoices go before the orders they were made from."""
        orders = transaction.sale_order_ids.sorted("id")
        return super()._claims_on(transaction) + [orders]


class CreditHeld(models.Model):
    _inherit = "credit.held"

    kind = fields.Selection(selection_add=[("order", "Order")])

    _depends = {
        "sale.order": [
            "credit_state",
            "credit_held_at",
            "state",
            "partner_invoice_id",
            "user_id",
            "amount_total",
            "currency_rate",
        ],
    }

    def _held_queries(self):
        return super()._held_queries() + [
            self._held_query(
                number=1,
                model="sale.order",
                kind="order",
                table="sale_order",
                name=SQL("doc.name"),
                partner=SQL("doc.partner_invoice_id"),
                user=SQL("doc.user_id"),
                amount=SQL(
                    "ROUND(doc.amount_total / COALESCE(NULLIF(doc.currency_rate, 0), 1)"
                    "::numeric, 2)"
                ),
                states=("draft", "sent"),
            )
        ]
