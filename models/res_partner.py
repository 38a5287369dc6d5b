from odoo import api, fields, models
from odoo.fields import Domain

PROFILE_GROUPS = "account.group_account_invoice,account.group_account_readonly"


class ResPartner(models.Model):
    _inherit = "res.partner"

    type = fields.Selection(
        selection_add=[("dunning", "Dunning")],
        ondelete={"dunning": "set default"},
    )
    credit_profile_ids = fields.One2many(
        "credit.profile",
        "partner_id",
        string="Credit profiles (all companies)",
        groups=PROFILE_GROUPS,
    )
    credit_profile_id = fields.Many2one(
        "credit.profile",
        compute="_compute_credit_profile_id",
        search="_search_credit_profile_id",
        groups=PROFILE_GROUPS,
        help="The customer's credit profile in the current company.",
    )
    dunning_policy_id = fields.Many2one(
        "dunning.policy",
        string="Dunning policy",
        compute="_compute_dunning_fields",
        inverse="_inverse_dunning_policy_id",
        search="_search_dunning_policy_id",
        groups=PROFILE_GROUPS,
        help="The customer's own policy in the current company. Empty: the company's.",
    )
    dunning_user_id = fields.Many2one(
        "res.users",
        string="Collector",
        compute="_compute_dunning_fields",
        inverse="_inverse_dunning_user_id",
        search="_search_dunning_user_id",
        groups=PROFILE_GROUPS,
    )
    dunning_customer_kind = fields.Selection(
        [
            ("business", "Business"),
            ("public", "Public body"),
            ("consumer", "Consumer"),
        ],
        string="Kind of customer",
        compute="_compute_dunning_fields",
        inverse="_inverse_dunning_customer_kind",
        search="_search_dunning_customer_kind",
        groups=PROFILE_GROUPS,
    )
    dunning_level_id = fields.Many2one(
        "dunning.level",
        string="Dunning level",
        compute="_compute_dunning_fields",
        search="_search_dunning_level_id",
        groups=PROFILE_GROUPS,
        help="Highest level among the open items, as of the last refresh.",
    )
    dunning_hold_id = fields.Many2one(
        "dunning.hold",
        string="Dunning pause",
        compute="_compute_dunning_fields",
        groups=PROFILE_GROUPS,
    )

    dunning_currency_id = fields.Many2one(
        "res.currency", compute="_compute_dunning_fields", groups=PROFILE_GROUPS
    )
    dunning_amount_overdue = fields.Monetary(
        string="Overdue",
        currency_field="dunning_currency_id",
        compute="_compute_dunning_fields",
        groups=PROFILE_GROUPS,
        help="In the current company, as of the last refresh.",
    )

    # === COMPUTE AND SEARCH === #

    @api.depends_context("company")
    @api.depends("commercial_partner_id.credit_profile_ids.company_id")
    def _compute_credit_profile_id(self):
        profiles = (
            self.env["credit.profile"]
            .with_context(active_test=False)
            .search(
                [
                    ("partner_id", "in", self.commercial_partner_id.ids),
                    ("company_id", "=", self.env.company.root_id.id),
                ]
            )
            .grouped("partner_id")
        )
        for partner in self:
            partner.credit_profile_id = profiles.get(partner.commercial_partner_id)

    def _search_credit_profile_id(self, operator, value):
        return self._search_profile("id", operator, value)

    @api.depends_context("company")
    @api.depends(
        "credit_profile_id.policy_id",
        "credit_profile_id.user_id",
        "credit_profile_id.customer_kind",
        "credit_profile_id.level_id",
        "credit_profile_id.amount_overdue",
    )
    def _compute_dunning_fields(self):
        for partner in self:
            profile = partner.credit_profile_id
            partner.dunning_policy_id = profile.policy_id
            partner.dunning_user_id = profile.user_id
            partner.dunning_customer_kind = profile.customer_kind or (
                "business" if partner.commercial_partner_id.is_company else "consumer"
            )
            partner.dunning_level_id = profile.level_id
            partner.dunning_hold_id = profile.hold_id
            partner.dunning_currency_id = self.env.company.root_id.currency_id
            partner.dunning_amount_overdue = profile.amount_overdue

    def _search_profile(self, name, operator, value):
        """Partners whose profile in the current company matches."""
        if operator != "in":
            return NotImplemented
        company = Domain("company_id", "=", self.env.company.root_id.id)
        profiles = self.env["credit.profile"].with_context(active_test=False)
        found = profiles._search(company & Domain(name, "in", value))
        domain = Domain("commercial_partner_id", "in", found.subselect("partner_id"))
        if False in value:
            # no value also means: no profile yet
            known = profiles._search(company).subselect("partner_id")
            domain |= Domain("commercial_partner_id", "not in", known)
        return domain

    def _search_dunning_policy_id(self, operator, value):
        return self._search_profile("policy_id", operator, value)

    def _search_dunning_user_id(self, operator, value):
        return self._search_profile("user_id", operator, value)

    def _search_dunning_customer_kind(self, operator, value):
        return self._search_profile("customer_kind", operator, value)

    def _search_dunning_level_id(self, operator, value):
        return self._search_profile("level_id", operator, value)

    # === INVERSE === #

    def _write_profile(self, name, source):
        # read before a profile is made: making one recomputes the partner's fields
        for partner, value in [(partner, partner[source]) for partner in self]:
            profile = self.env["credit.profile"]._for_partners(
                partner, self.env.company
            )
            if profile[name] != value:
                profile[name] = value

    def _inverse_dunning_policy_id(self):
        self._write_profile("policy_id", "dunning_policy_id")

    def _inverse_dunning_user_id(self):
        self._write_profile("user_id", "dunning_user_id")

    def _inverse_dunning_customer_kind(self):
        self._write_profile("customer_kind", "dunning_customer_kind")

    # === ACTIONS === #

    def action_view_credit_profile(self):
        """Open the credit profile; it is made when there is none yet."""
        self.ensure_one()
        self.env["credit.profile"].check_access("read")
        profile = self.env["credit.profile"]._for_partners(self, self.env.company)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit profile"),
            "res_model": "credit.profile",
            "res_id": profile.id,
            "view_mode": "form",
        }

    def action_pause_dunning(self):
        """Open the dialogue that pauses dunning of these customers."""
        profiles = self.env["credit.profile"]._for_partners(self, self.env.company)
        return profiles.action_pause()

    def action_run_dunning(self):
        """Open the dialogue that runs dunning for these customers."""
        profiles = self.env["credit.profile"]._for_partners(self, self.env.company)
        return profiles.action_run()
