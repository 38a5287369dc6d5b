from odoo import api, fields, models


class ResConfigSettings(models.TransientModel):
    """Late payment: what is computed, what invoices say, which rates are missing."""

    _inherit = "res.config.settings"

    late_interest = fields.Boolean(
        related="company_id.root_id.late_interest", readonly=False
    )
    late_invoice_terms = fields.Boolean(
        related="company_id.root_id.late_invoice_terms", readonly=False
    )
    late_rate_warning = fields.Text(compute="_compute_late_warnings")
    late_invoice_warning = fields.Text(compute="_compute_late_warnings")

    @api.depends("company_id")
    def _compute_late_warnings(self):
        Check = self.env["late.invoice.check"]
        for settings in self:
            company = settings.company_id.root_id
            settings.late_rate_warning = "\n".join(
                company._late_gap_sentences()[company]
            )
            lacking = {
                row["regime_id"]
                for row in Check._look(company)
                if row["state"] == "missing"
            }
            names = self.env["late.regime"].browse(lacking).mapped("name")
            settings.late_invoice_warning = ", ".join(sorted(names))

    def action_late_invoice_check(self):
        """Open the list of what invoices must say, and whether they do."""
        return self.env["late.invoice.check"].action_open()
