from odoo import fields, models


class CreditProfile(models.Model):
    """Who may owe how much: class, limit and credit hold of a customer.

    The amount of the limit is core's ``credit_limit`` of the partner in the root
    company; whether it is *enforced* is a field of its own, so that 0 means zero.
    """

    _inherit = "credit.profile"

    class_id = fields.Many2one(
        "credit.risk.class",
        string="Risk class",
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
        check_company=True,
        default=lambda self: self.env["credit.risk.class"]._unrated(self.env.company),
        help="How much risk the customer is: what the limit is, what holds orders and "
        "invoices back, and on which terms the customer buys.",
    )
    limit_enforced = fields.Boolean(
        string="Limit enforced",
        tracking=True,
        help="Unticked: this customer may owe any amount. Ticked: at most the limit; "
        "a limit of 0 means nothing on account.",
    )
    limit_own = fields.Boolean(
        string="Own limit",
        tracking=True,
        help="Set by hand for this customer. Unticked: found by the rule of the class, "
        "each night.",
    )
    credit_hold = fields.Boolean(
        string="On credit hold",
        tracking=True,
        help="Set by hand: the rule of the class says what happens to new orders and "
        "invoices.",
    )
    credit_hold_reason = fields.Char(tracking=True)
    pool_profile_id = fields.Many2one(
        "credit.profile",
        string="Shares the limit of",
        index="btree_not_null",
        check_company=True,
        tracking=True,
        domain="[('company_id', '=', company_id), ('id', '!=', id), "
        "('pool_profile_id', '=', False)]",
        help="The customer whose limit holds for the whole group.",
    )
    pool_member_ids = fields.One2many("credit.profile", "pool_profile_id")
    next_review_date = fields.Date(string="Next review", readonly=True, copy=False)

    def write(self, vals):
        """Lifting a hold releases everything it holds: a credit manager's decision."""
        if (
            "credit_hold" in vals
            and not vals["credit_hold"]
            and any(self.sudo().mapped("credit_hold"))
        ):
            self._check_decides_class()
        return super().write(vals)

    def _init_column(self, column_name):
        """Profiles from before there were classes get theirs from the migration: the
        table of the classes may not be there yet when this column is added.
        """
        if column_name == "class_id":
            return None
        return super()._init_column(column_name)
