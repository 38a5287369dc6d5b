from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    credit_release_days = fields.Integer(
        string="Releases are valid for (days)",
        default=7,
        help="Proposed when a release is asked for. What is not used by then has to be "
        "decided again.",
    )

    _credit_release_days_positive = models.Constraint(
        "CHECK (credit_release_days >= 0)", "A release cannot end before it begins."
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    credit_release_days = fields.Integer(
        related="company_id.root_id.credit_release_days", readonly=False
    )
