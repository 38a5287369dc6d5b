from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, clean_context

from ..engine.escalation import SENTENCES, Escalate


class CreditProfile(models.Model):
    """One customer as a debtor of one company: what the collector works on.

    There is one per commercial partner and root company (branches share it). Figures
    come in two kinds: the stored ones are a snapshot for lists, searches and sorting,
    refreshed set-wise; the open items on the form are read live.
    """

    _name = "credit.profile"
    _description = "Credit Profile"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "amount_overdue desc, id"
    _rec_names_search = ["partner_id.complete_name", "partner_id.ref"]
    _check_company_domain = models.check_company_domain_parent_of

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
        readonly=True,
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        readonly=True,
        default=lambda self: self.env.company.root_id,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    active = fields.Boolean(related="partner_id.active", store=True)
    customer_kind = fields.Selection(
        [
            ("business", "Business"),
            ("public", "Public body"),
            ("consumer", "Consumer"),
        ],
        compute="_compute_customer_kind",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        tracking=True,
        help="Decides which rules apply. Companies count as businesses; whoever is not "
        "known to be one is treated as a consumer.",
    )
    policy_id = fields.Many2one(
        "dunning.policy",
        string="Own policy",
        index="btree_not_null",
        tracking=True,
        check_company=True,
        help="Leave empty to follow the policy of the risk class, or else the "
        "company's for this kind of customer.",
    )
    effective_policy_id = fields.Many2one(
        "dunning.policy",
        string="Dunning policy",
        compute="_compute_effective_policy_id",
        compute_sudo=True,
        help="The policy that applies: the customer's own, else that of the risk "
        "class, else the company's.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Collector",
        index="btree_not_null",
        tracking=True,
        domain=[("share", "=", False)],
        help="Gets the activities about this customer. Empty: the company's credit "
        "contact.",
    )

    last_contact_date = fields.Date(string="Last contact", readonly=True, copy=False)

    move_line_ids = fields.Many2many(
        "account.move.line",
        string="Open items",
        compute="_compute_move_line_ids",
    )
    hold_ids = fields.One2many("dunning.hold", "profile_id")
    hold_id = fields.Many2one(
        "dunning.hold",
        string="Pause",
        compute="_compute_hold_id",
        search="_search_hold_id",
        help="The running pause of the whole customer.",
    )
    notice_ids = fields.One2many("dunning.notice", "profile_id")
    address_faulty = fields.Boolean(
        compute="_compute_address_faulty", search="_search_address_faulty"
    )
    proposal_sentence = fields.Char(
        string="Today",
        compute="_compute_live",
        help="What the rules would do today.",
    )

    _partner_company_uniq = models.UniqueIndex(
        "(partner_id, company_id)",
        "There is one credit profile per customer and company.",
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id")
    def _compute_display_name(self):
        for profile in self:
            profile.display_name = profile.partner_id.display_name

    @api.depends("partner_id.is_company")
    def _compute_customer_kind(self):
        for profile in self:
            if profile.customer_kind == "public":
                continue
            profile.customer_kind = (
                "business" if profile.partner_id.is_company else "consumer"
            )

    @api.depends(
        "policy_id",
        "class_id.policy_id",
        "customer_kind",
        "company_id.dunning_policy_id",
        "company_id.dunning_consumer_policy_id",
    )
    def _compute_effective_policy_id(self):
        for profile in self:
            company = profile.company_id
            own = profile.policy_id
            default = (
                company.dunning_consumer_policy_id
                if profile.customer_kind == "consumer"
                else company.dunning_policy_id
            )
            policy = own or profile.class_id.policy_id or default
            profile.effective_policy_id = policy if policy.active else False

    @api.depends("partner_id", "company_id")
    def _compute_move_line_ids(self):
        for profile in self:
            profile.move_line_ids = self.env["account.move.line"].search(
                profile._open_items_domain(), order="date_maturity, id"
            )

    @api.depends(
        "hold_ids.date_from",
        "hold_ids.date_to",
        "hold_ids.ended_on",
        "hold_ids.scope",
    )
    def _compute_hold_id(self):
        for profile in self:
            profile.hold_id = profile.hold_ids.filtered(
                lambda hold: hold.state == "running" and hold.scope == "customer"
            )[:1]

    def _search_hold_id(self, operator, value):
        if operator != "in" or set(value) != {False}:
            return NotImplemented
        Hold = self.env["dunning.hold"]
        running = self.env["res.company"]._dunning_domain_today(Hold._running_domain)
        whole = running & fields.Domain("scope", "=", "customer")
        return fields.Domain("hold_ids", "not any", whole)

    def _faulty_deliveries_domain(self):
        return fields.Domain("state", "in", ("failed", "returned")) & fields.Domain(
            "address_faulty", "=", True
        )

    def _compute_address_faulty(self):
        groups = self.env["dunning.delivery"]._read_group(
            self._faulty_deliveries_domain()
            & fields.Domain("profile_id", "in", self.ids),
            ["profile_id"],
        )
        faulty = {profile for (profile,) in groups}
        for profile in self:
            profile.address_faulty = profile in faulty

    def _search_address_faulty(self, operator, value):
        if operator != "in":
            return NotImplemented
        found = self.env["dunning.delivery"]._search(self._faulty_deliveries_domain())
        domain = fields.Domain("id", "in", found.subselect("profile_id"))
        return domain if True in value else ~domain

    def _outcome_sentence(self, outcome):
        """What the rules would do, in one sentence."""
        self.ensure_one()
        if outcome.message:
            level = self.env["dunning.level"].sudo().browse(outcome.message.level.key)
            return self.env._(
                "Would get “%(level)s” for %(count)s item(s)",
                level=level.name,
                count=len(outcome.message.carried),
            )
        reasons = self.env["dunning.skip"]._fields["reason"]
        labels = dict(reasons._description_selection(self.env))
        overdue = {
            decision.reason
            for decision in outcome.decisions.values()
            if not isinstance(decision, Escalate)
            and decision.reason.value not in ("not_a_debt", "not_due")
        }
        if not overdue:
            return self.env._("Nothing overdue")
        return " · ".join(labels[r.value] for r in SENTENCES if r in overdue)

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_kept_by_machine(set(vals) - {"partner_id", "company_id"})
        return super().create(vals_list)

    @api.model
    def default_get(self, fields_list):
        """Defaults a caller puts into the context are checked like values."""
        if not self.env.su:
            self = self.with_context(clean_context(self.env.context))
        return super().default_get(fields_list)

    def write(self, vals):
        self._check_kept_by_machine(vals)
        return super().write(vals)

    @api.model
    def _check_kept_by_machine(self, names):
        """What people may change on a profile: what its form lets them.

        Dates of contact, figures and places on the worklist follow from what happened;
        the actions, calls and notices write them with full rights.

        :param names: fields about to be written.
        """
        if self.env.su:
            return
        kept = [name for name in names if self._fields[name].readonly]
        if kept:
            labels = self.fields_get(kept, ["string"])
            raise AccessError(
                self.env._(
                    "%(fields)s: kept up to date by the system, not written by hand.",
                    fields=", ".join(labels[name]["string"] for name in kept),
                )
            )

    # === ACTIONS === #

    def action_view_notices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.dunning_notice_action"
        )
        return dict(action, domain=[("profile_id", "=", self.id)], context={})

    def action_view_partner(self):
        """Open the contact behind the profile."""
        self.ensure_one()
        return self.partner_id.get_formview_action()

    def action_pause(self):
        """Open the dialogue that pauses dunning of the customer."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Pause dunning"),
            "res_model": "dunning.hold.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_profile_ids": self.ids},
        }

    def action_resume(self):
        """End the running pauses of the whole customer."""
        self.hold_id.action_end()

    def action_run(self):
        """Open the dialogue that runs dunning for these customers."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Run dunning"),
            "res_model": "dunning.run.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_profile_ids": self.ids},
        }

    def action_address_checked(self):
        """A person vouches for the addresses that failed: they may be used again."""
        self._check_can_run()
        self.check_access("read")
        deliveries = self.env["dunning.delivery"].search(
            self._faulty_deliveries_domain()
            & fields.Domain("profile_id", "in", self.ids)
        )
        deliveries.action_address_checked()

    def action_refresh(self):
        """Refresh the figures of these customers now."""
        self.check_access("write")
        self._refresh_figures()

    # === BUSINESS METHODS === #

    def _open_items_domain(self):
        """Open receivable items of the customer, all branches."""
        self.ensure_one()
        return [
            ("partner_id.commercial_partner_id", "=", self.partner_id.id),
            ("account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
            ("reconciled", "=", False),
            ("amount_residual", "!=", 0),
            ("company_id", "child_of", self.company_id.id),
        ]

    def _responsible(self):
        """Who gets the activities: the collector, else the company's credit contact.

        Who has left is asked no more.
        """
        self.ensure_one()
        contact = self.company_id.sudo().dunning_user_id
        return self.user_id.filtered("active") or contact.filtered("active")

    @api.model
    def _for_partners(self, partners, company):
        """The profiles of these partners' commercial partners; missing ones are made.

        Made with full rights: a profile holds no decision until somebody edits it, and
        who may read it is guarded by its own rules.
        """
        company = company.root_id
        customers = partners.sudo().commercial_partner_id
        profiles = self.sudo().search(
            [
                ("partner_id", "in", customers.ids),
                ("company_id", "=", company.id),
                ("active", "in", (True, False)),
            ]
        )
        missing = customers - profiles.partner_id
        profiles += self._make(missing.ids, company)
        return profiles.with_env(self.env)

    @api.model
    def _make(self, customer_ids, company):
        """Profiles of customers who have none yet with a root company.

        By one statement: the first look at a company's debtors makes thousands, and two
        people may look at the same moment. Who comes second waits for the other and is
        run again as a whole by core, instead of failing. What a form would fill in by
        default is the database's business here; nobody is told and nobody follows.

        :return: the profiles made, with full rights.
        """
        if not customer_ids:
            return self.sudo()
        Profile = (
            self.sudo()
            .with_context(clean_context(self.env.context))
            .with_context(tracking_disable=True)
            .with_company(company)
        )
        self.env["res.partner"].flush_model(["is_company", "active"])
        self.flush_model(["partner_id", "company_id"])
        now = self.env.cr.now()
        values = {
            name: self._fields[name].convert_to_column_insert(value, Profile)
            for name, value in Profile._add_missing_default_values({}).items()
            if self._fields[name].store and self._fields[name].column_type
        } | {
            "partner_id": SQL("partner.id"),
            "company_id": company.id,
            # computed below; what is required needs a value at once
            "active": SQL("partner.active"),
            "customer_kind": SQL(
                "CASE WHEN partner.is_company THEN 'business' ELSE 'consumer' END"
            ),
            "next_review_date": self._first_review(company),
            "create_uid": self.env.uid,
            "write_uid": self.env.uid,
            "create_date": now,
            "write_date": now,
        }
        rows = self.env.execute_query(
            SQL(
                """
            INSERT INTO credit_profile (%(names)s)
                 SELECT %(values)s
                   FROM res_partner partner
                  WHERE partner.id = ANY(%(customers)s)
               ORDER BY partner.id
            ON CONFLICT DO NOTHING
              RETURNING id
            """,
                names=SQL(", ").join(map(SQL.identifier, values)),
                values=SQL(", ").join(SQL("%s", value) for value in values.values()),
                customers=list(customer_ids),
            )
        )
        made = Profile.browse([pid for (pid,) in rows])
        made.modified(["partner_id", "company_id"], create=True)
        made._recompute_recordset(["active", "customer_kind"])
        self.env["res.partner"].invalidate_model(["credit_profile_ids"], flush=False)
        return self.sudo().browse(made.ids)

    @api.model
    def _any_open_items(self, company):
        """Whether anybody has an open receivable item with the company."""
        return bool(
            self.env["account.move.line"].search_count(
                [
                    ("account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                    ("reconciled", "=", False),
                    ("partner_id", "!=", False),
                    ("company_id", "child_of", company.id),
                ],
                limit=1,
            )
        )

    @api.model
    def _ensure_all(self, company):
        """Make the profiles that are missing for a root company's open receivables."""
        self.env["dunning.situation"]._flush_ledger()
        rows = self.env.execute_query(
            SQL(
                """
            SELECT DISTINCT partner.commercial_partner_id
              FROM account_move_line line
              JOIN res_partner partner ON partner.id = line.partner_id
             WHERE line.account_id = ANY(ARRAY(%(receivables)s))
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.company_id = ANY(%(companies)s)
               AND NOT EXISTS (
                       SELECT 1 FROM credit_profile profile
                        WHERE profile.partner_id = partner.commercial_partner_id
                          AND profile.company_id = %(company)s)
            """,
                receivables=self.env["dunning.situation"]._receivables(company),
                companies=self.env["dunning.situation"]._branch_ids(company),
                company=company.id,
            )
        )
        return self._make([pid for (pid,) in rows], company)

    def _recompute_last_contact(self):
        """Take the last contact from the messages that reached, or may have reached."""
        groups = dict(
            self.env["dunning.notice"]
            .sudo()
            ._read_group(
                [
                    ("profile_id", "in", self.ids),
                    ("state", "=", "issued"),
                    ("delivery_state", "!=", "failed"),
                ],
                ["profile_id"],
                ["date:max"],
            )
        )
        for profile in self.sudo():
            profile.last_contact_date = groups.get(profile)

    def _in_words_of_responsible(self):
        """The profile in the language of who gets its activities."""
        self.ensure_one()
        return self.with_context(lang=(self._responsible() or self.env.user).lang)

    def _notify_person(self, summary, note=False):
        """Open one activity for the collector, unless one like it is open already.

        The texts are for one person: see ``_in_words_of_responsible``.
        """
        activity_type = self.env.ref("account_dunning.mail_activity_type_contact")
        for profile in self.sudo():
            known = profile.activity_ids.filtered(
                lambda a: a.activity_type_id == activity_type
            )
            user = profile._responsible()
            if not known:
                profile.activity_schedule(
                    activity_type_id=activity_type.id,
                    summary=summary,
                    note=note,
                    user_id=(user or self.env.user).id,
                )

    @api.model
    def _check_can_run(self):
        if not self.env.su and not self.env.user.has_group(
            "account_dunning.group_account_dunning_user"
        ):
            raise AccessError(
                self.env._("Only collectors may do this. Ask your credit manager.")
            )
