from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    late_interest = fields.Boolean(
        related="company_id.root_id.late_interest", readonly=False
    )
    late_journal_id = fields.Many2one(
        related="company_id.root_id.late_journal_id", readonly=False
    )
    late_interest_account_id = fields.Many2one(
        related="company_id.root_id.late_interest_account_id", readonly=False
    )
    late_compensation_vat = fields.Float(
        related="company_id.root_id.late_compensation_vat", readonly=False
    )
