from odoo import api, fields, models
from odoo.fields import Domain

from .res_partner import PROFILE_GROUPS

# Salespeople see how much a customer may still buy, not what for and why.
SALES_GROUPS = "base.group_user"


class ResPartner(models.Model):
    """Credit limit and its use, where people look for them: on the customer.

    Core's ``credit_limit`` is the place where the amount is kept. It is one amount per
    root company: branches have no limits of their own.
    """

    _inherit = "res.partner"

    credit_limit_enforced = fields.Boolean(
        string="Limit enforced",
        compute="_compute_credit_settings",
        inverse="_inverse_credit_limit_enforced",
        search="_search_credit_limit_enforced",
        groups=PROFILE_GROUPS,
        help="In the current company. Unticked: this customer may owe any amount. "
        "Ticked: at most the limit; a limit of 0 means nothing on account.",
    )
    credit_risk_class_id = fields.Many2one(
        "credit.risk.class",
        string="Risk class",
        compute="_compute_credit_settings",
        inverse="_inverse_credit_risk_class_id",
        search="_search_credit_risk_class_id",
        groups=PROFILE_GROUPS,
        help="In the current company.",
    )
    credit_exposure = fields.Monetary(
        string="Exposure",
        currency_field="credit_currency_id",
        compute="_compute_credit_use",
        compute_sudo=True,
        groups=PROFILE_GROUPS,
        help="What the customer owes and will owe: open items less credits, and "
        "confirmed orders not yet invoiced.",
    )
    # sudo: what a customer may still buy follows from a ledger salespeople do not see
    credit_currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_credit_use",
        compute_sudo=True,
        groups=SALES_GROUPS,
    )
    credit_limit_free = fields.Monetary(
        string="Free limit",
        currency_field="credit_currency_id",
        compute="_compute_credit_use",
        search="_search_credit_limit_free",
        compute_sudo=True,
        groups=SALES_GROUPS,
        help="What the customer may still buy on account; below zero over the limit.",
    )
    credit_limit_band = fields.Selection(
        [
            ("none", "No limit"),
            ("ok", "Within the limit"),
            ("warn", "First warning"),
            ("high", "Second warning"),
            ("over", "Over the limit"),
        ],
        string="Use of the limit",
        compute="_compute_credit_use",
        search="_search_credit_limit_band",
        compute_sudo=True,
        groups=SALES_GROUPS,
    )

    # === COMPUTE AND SEARCH === #

    @api.depends_context("company")
    @api.depends("credit_profile_id.limit_enforced", "credit_profile_id.class_id")
    def _compute_credit_settings(self):
        for partner in self:
            profile = partner.credit_profile_id
            partner.credit_limit_enforced = profile.limit_enforced
            partner.credit_risk_class_id = profile.class_id

    @api.depends_context("company")
    @api.depends("commercial_partner_id")
    def _compute_credit_use(self):
        """Live, by one query per part for all partners shown."""
        company = self.env.company.root_id
        profiles = self.env["credit.profile"].with_context(active_test=False)
        profiles = profiles.search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "=", company.id),
            ]
        )
        usages = profiles._usage() if profiles else {}
        exposures = profiles._exposure() if profiles else {}
        by_customer = profiles.grouped("partner_id")
        for partner in self:
            profile = by_customer.get(partner.commercial_partner_id)
            usage = profile and usages[profile.id]
            partner.credit_currency_id = company.currency_id
            partner.credit_exposure = profile and exposures[profile.id].total
            partner.credit_limit_free = usage and usage.free
            partner.credit_limit_band = usage.band.value if usage else "none"

    def _search_credit_limit_enforced(self, operator, value):
        return self._search_profile("limit_enforced", operator, value)

    def _search_credit_risk_class_id(self, operator, value):
        return self._search_profile("class_id", operator, value)

    def _search_credit_limit_band(self, operator, value):
        # sudo: found by how far a limit is used, by whoever may see that
        domain = self.sudo()._search_profile("limit_band", operator, value)
        if operator == "in" and "none" in value:
            domain |= self.sudo()._search_profile("limit_band", "in", [False])
        return domain

    def _search_credit_limit_free(self, operator, value):
        if operator not in ("<", "<=", ">", ">="):
            return NotImplemented
        profiles = self.env["credit.profile"].sudo().with_context(active_test=False)
        found = profiles._search(
            Domain("company_id", "=", self.env.company.root_id.id)
            & Domain("limit_enforced_now", "=", True)
            & Domain("limit_free", operator, value)
        )
        return Domain("commercial_partner_id", "in", found.subselect("partner_id"))

    # === INVERSE === #

    def _inverse_credit_limit_enforced(self):
        self._write_profile("limit_enforced", "credit_limit_enforced")

    def _inverse_credit_risk_class_id(self):
        self._write_profile("class_id", "credit_risk_class_id")

    def _inverse_use_partner_credit_limit(self):
        """Whoever takes the own limit away in core does not mean a limit of 0."""
        result = super()._inverse_use_partner_credit_limit()
        without = self.filtered(lambda p: not p.use_partner_credit_limit)
        without.credit_profile_id.filtered("limit_own").write(
            {"limit_own": False, "limit_enforced": False}
        )
        return result

    # === CRUD: LIMITS WRITTEN TO CORE'S FIELD === #

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        limited = self.browse(
            partner.id
            for partner, vals in zip(partners, vals_list, strict=True)
            if vals.get("credit_limit") and partner.commercial_partner_id == partner
        )
        if limited:
            limited._check_may_set_limits()
            limited._limit_written()
        return partners

    def write(self, vals):
        if "credit_limit" not in vals or self.env.context.get(
            "credit_limit_of_profile"
        ):
            return super().write(vals)
        # the limit is the root company's, whatever branch the user works in
        rest = {name: value for name, value in vals.items() if name != "credit_limit"}
        result = super().write(rest) if rest else True
        amount = vals["credit_limit"] or 0.0
        partners = self.with_company(self.env.company.root_id)
        changed = partners.filtered(
            lambda p: p.commercial_partner_id == p and p.sudo().credit_limit != amount
        )
        if changed:
            changed._check_may_set_limits()
            changed._track_limit()
        super(ResPartner, partners).write({"credit_limit": amount})
        if changed:
            changed._limit_written()
        return result

    def _check_may_set_limits(self):
        self.env["credit.profile"]._check_may_set_limits({"credit_limit"})

    def _track_limit(self):
        """Remember the limits as they are, for the notes on the profiles."""
        if not self.env.context.get("tracking_disable"):
            profiles = self.env["credit.profile"]._for_partners(self, self.env.company)
            profiles.sudo()._track_prepare(["credit_limit"])

    def _limit_written(self):
        """Somebody wrote limits as core does: they are meant as the customers' own."""
        profiles = self.env["credit.profile"]._for_partners(self, self.env.company)
        profiles = profiles.sudo()
        profiles.invalidate_recordset(["credit_limit"], flush=False)
        limited = profiles.filtered("credit_limit")
        limited.limit_enforced = True
        # 0 says in core that there is no limit: where there was no own one it is
        # nobody's decision, and the rule of the class goes on
        meant = limited | profiles.filtered("limit_own")
        meant.write({"limit_own": True})
        (profiles - meant)._apply_limit_rules()

    # === CORE'S OWN WARNING === #

    @api.depends_context("company")
    def _compute_show_credit_limit(self):
        """Core's fields for limits give way to those of the credit profile."""
        self.show_credit_limit = False
