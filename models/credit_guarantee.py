from odoo import api, fields, models


class CreditGuarantee(models.Model):
    """What stands behind a customer's debts: a bank, a parent company, a pledge."""

    _name = "credit.guarantee"
    _description = "Guarantee"
    _order = "valid_until, id"
    _check_company_domain = models.check_company_domain_parent_of

    profile_id = fields.Many2one(
        "credit.profile",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="profile_id.company_id", store=True, index=True
    )
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        [
            ("bank", "Bank guarantee"),
            ("parent", "Parent company"),
            ("personal", "Personal guarantee"),
            ("insurance", "Credit insurance"),
            ("deposit", "Deposit held"),
            ("pledge", "Pledge"),
            ("title", "Retention of title"),
            ("other", "Other"),
        ],
        required=True,
        default="bank",
    )
    name = fields.Char(string="Given by", help="Who gives it, and its number.")
    amount = fields.Monetary()
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    valid_until = fields.Date(help="Last day. Empty: until it is given back.")
    attachment_ids = fields.Many2many("ir.attachment", string="Documents")

    _amount_positive = models.Constraint(
        "CHECK (amount >= 0)", "The amount of a guarantee cannot be negative."
    )

    @api.depends("kind", "name")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for guarantee in self:
            guarantee.display_name = " · ".join(
                filter(None, (kinds.get(guarantee.kind), guarantee.name))
            )

    @api.model_create_multi
    def create(self, vals_list):
        guarantees = super().create(vals_list)
        guarantees._keep_attachments()
        return guarantees

    def write(self, vals):
        result = super().write(vals)
        if "attachment_ids" in vals:
            self._keep_attachments()
        return result

    def _keep_attachments(self):
        """Who may read the customer may read the documents."""
        for guarantee in self:
            guarantee.attachment_ids._dunning_keep_with(guarantee.profile_id)

    def _is_in_force(self, day):
        self.ensure_one()
        return self.active and (not self.valid_until or self.valid_until >= day)
