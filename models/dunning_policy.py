from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine import escalation


class DunningPolicy(models.Model):
    """An ordered scenario of levels, and the conditions under which it speaks."""

    _name = "dunning.policy"
    _description = "Dunning Policy"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True, translate=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        help="Leave empty to offer the policy in all companies.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    mode = fields.Selection(
        [
            ("manual", "Manual"),
            ("confirm", "To be confirmed"),
            ("automatic", "Automatic"),
        ],
        default="confirm",
        required=True,
        tracking=True,
        help="Manual: only people start a run for these customers.\n"
        "To be confirmed: the morning job prepares a proposal, nothing leaves before a "
        "person approves it.\n"
        "Automatic: the morning job prepares, approves and issues, once automatic "
        "sending is switched on for the company; only levels that ask for the credit "
        "manager wait.",
    )
    start_rule = fields.Selection(
        [
            ("first", "At the first level"),
            ("age", "At the level of their age"),
        ],
        string="Old debts start",
        default="first",
        required=True,
        tracking=True,
        help="Where debts older than the company's go-live date enter the policy. The "
        "level of their age is never a formal notice.",
    )
    gap_days = fields.Integer(
        string="Minimum days between contacts",
        default=7,
        required=True,
        tracking=True,
        help="Least number of days between two messages to the same customer.",
    )
    min_amount = fields.Monetary(
        string="Minimum amount",
        tracking=True,
        help="No message for less than this, in company currency, after deduction of "
        "credits.",
    )
    min_share = fields.Float(
        string="Minimum share (%)",
        tracking=True,
        help="An item of which less than this share of its original amount is left "
        "(bank charges, discounts) does not trigger a message; it is still listed.",
    )
    level_ids = fields.One2many("dunning.level", "policy_id", copy=True)
    profile_count = fields.Integer(compute="_compute_profile_count")
    follow_up_installed = fields.Boolean(compute="_compute_follow_up_installed")

    _gap_days_positive = models.Constraint(
        "CHECK (gap_days >= 1)",
        "The minimum gap between two contacts is at least one day.",
    )
    _min_amount_positive = models.Constraint(
        "CHECK (min_amount >= 0)", "The minimum amount cannot be negative."
    )
    _min_share_percent = models.Constraint(
        "CHECK (min_share >= 0 AND min_share <= 100)",
        "The minimum share is a percentage between 0 and 100.",
    )

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        for policy in self:
            company = policy.company_id or self.env.company
            policy.currency_id = company.root_id.currency_id

    def _compute_profile_count(self):
        counts = dict(
            self.env["credit.profile"]._read_group(
                [("policy_id", "in", self.ids)], ["policy_id"], ["__count"]
            )
        )
        for policy in self:
            policy.profile_count = counts.get(policy, 0)

    def _compute_follow_up_installed(self):
        self.follow_up_installed = self._is_follow_up_installed()

    @api.constrains("mode")
    def _check_mode(self):
        if self._is_follow_up_installed() and "automatic" in self.mapped("mode"):
            raise ValidationError(
                self.env._(
                    "Odoo Enterprise follow-up is installed: a customer could be "
                    "reminded twice. Choose “To be confirmed”, or uninstall follow-up "
                    "before you switch to automatic."
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        # sudo: existence only, whatever company they belong to
        notices = self.env["dunning.notice"].sudo()
        levels = self.with_context(active_test=False).level_ids
        if (
            notices.search_count([("policy_id", "in", self.ids)], limit=1)
            or levels._is_served()
        ):
            raise UserError(
                self.env._(
                    "Messages were sent under this policy: archive it instead of "
                    "deleting it."
                )
            )

    def copy_data(self, default=None):
        return [
            dict(vals, name=self.env._("%(name)s (copy)", name=policy.name))
            for policy, vals in zip(self, super().copy_data(default), strict=True)
        ]

    # === BUSINESS METHODS === #

    @api.model
    def _is_follow_up_installed(self):
        """Whether Odoo Enterprise follow-up is there, which reminds on its own."""
        return "account_followup" in self.env["ir.module.module"]._installed()

    def _effective_mode(self, company):
        """The mode in a company, cut back from automatic to confirmation.

        Where automatic sending is switched off for the company, and where another addon
        reminds as well.
        """
        self.ensure_one()
        if self.mode == "automatic" and (
            not company.root_id.sudo().dunning_auto_send
            or self._is_follow_up_installed()
        ):
            return "confirm"
        return self.mode

    def _to_engine(self, company):
        """The policy as the rules see it. Empty recordset: ``None``.

        :param company: whose currency the minimum amount is in.
        """
        if not self:
            return None
        self.ensure_one()
        return escalation.Policy(
            levels=[li._to_engine() for li in self.level_ids.filtered("active")],
            start=escalation.StartRule(self.start_rule),
            gap_days=self.gap_days,
            min_amount=company._to_decimal(self.min_amount),
            min_share=company._to_decimal(self.min_share),
            manual=self.mode == "manual",
        )

    def action_view_profiles(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.credit_profile_action"
        )
        return dict(action, domain=[("policy_id", "=", self.id)], context={})
