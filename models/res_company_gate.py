from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    credit_release_days = fields.Integer(
        string="Releases are valid for (days)",
        default=7,
        help="Proposed when a release is asked for. What is not used by then has to be "
        "decided again.",
    )

    credit_release_max_days = fields.Integer(
        string="Releases are valid for at most (days)",
        default=90,
        help="Nobody asks for, or gives, a release that is valid for longer: the facts "
        "it rests on grow old.",
    )

    _credit_release_days_positive = models.Constraint(
        "CHECK (credit_release_days >= 0)", "A release cannot end before it begins."
    )
    _credit_release_days_in_bounds = models.Constraint(
        "CHECK (credit_release_days <= credit_release_max_days)",
        "Releases cannot be proposed for longer than they may be valid.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    credit_release_days = fields.Integer(
        related="company_id.root_id.credit_release_days", readonly=False
    )
    credit_release_max_days = fields.Integer(
        related="company_id.root_id.credit_release_max_days", readonly=False
    )
