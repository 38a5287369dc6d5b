from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    credit_count_drafts = fields.Boolean(
        related="company_id.root_id.credit_count_drafts", readonly=False
    )
    credit_warn_percent_1 = fields.Integer(
        related="company_id.root_id.credit_warn_percent_1", readonly=False
    )
    credit_warn_percent_2 = fields.Integer(
        related="company_id.root_id.credit_warn_percent_2", readonly=False
    )
