from odoo import fields, models


class ResCompany(models.Model):
    """How a company looks at exposure and limits. Kept on the root company."""

    _inherit = "res.company"

    credit_count_drafts = fields.Boolean(
        string="Count draft invoices",
        help="Draft customer invoices are part of what a customer will owe. Off: only "
        "posted invoices and confirmed orders are.",
    )
    credit_warn_percent_1 = fields.Integer(
        string="First warning (%)",
        default=70,
        help="Use of the credit limit, in percent, from which people are warned. "
        "0: no warning.",
    )
    credit_warn_percent_2 = fields.Integer(
        string="Second warning (%)",
        default=90,
        help="Use of the credit limit, in percent, from which the warning is more "
        "urgent. 0: no second warning.",
    )

    _credit_warn_percents = models.Constraint(
        "CHECK (credit_warn_percent_1 BETWEEN 0 AND 100"
        " AND credit_warn_percent_2 BETWEEN 0 AND 100"
        " AND (credit_warn_percent_2 = 0"
        " OR credit_warn_percent_1 <= credit_warn_percent_2))",
        "Warnings come between 0 and 100 percent, the first before the second.",
    )

    def _credit_warn_levels(self):
        """First and second warning in percent, for ``engine.exposure.assess``."""
        root = self.root_id.sudo()
        return root.credit_warn_percent_1, root.credit_warn_percent_2
