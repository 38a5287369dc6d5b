from odoo import api, models


class SaleOrder(models.Model):
    """Core's warning about the credit limit gives way to that of the credit gate."""

    _inherit = "sale.order"

    # orders with something left to invoice are found through their customer
    _credit_open_idx = models.Index(
        "(partner_invoice_id) WHERE state = 'sale' AND invoice_status != 'invoiced'"
    )

    @api.depends("company_id", "partner_id", "amount_total")
    def _compute_partner_credit_warning(self):
        self.partner_credit_warning = ""
