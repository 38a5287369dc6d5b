import json
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import exposure
from .credit_exposure import DEBIT_TYPES

NUMERIC, BOOLEAN, VARCHAR = SQL("numeric"), SQL("boolean"), SQL("varchar")

# The columns a refresh writes, with their database types.
CREDIT_SNAPSHOT = {
    "exposure_open": NUMERIC,
    "exposure_credits": NUMERIC,
    "exposure_pending": NUMERIC,
    "exposure_drafts": NUMERIC,
    "exposure_orders": NUMERIC,
    "exposure_total": NUMERIC,
    "limit_amount": NUMERIC,
    "limit_enforced_now": BOOLEAN,
    "limit_free": NUMERIC,
    "limit_used_percent": NUMERIC,
    "limit_band": VARCHAR,
    "limit_source": VARCHAR,
}

# What people change when they change how much a customer may owe.
LIMIT_FIELDS = {
    "credit_limit",
    "limit_enforced",
    "limit_own",
    "pool_profile_id",
    "temporary_limit",
    "temporary_limit_from",
    "temporary_limit_to",
}


class CreditProfile(models.Model):
    """The credit limit of a customer, and how much of it is used.

    What is decided on is read live (``_exposure``, ``_limits``); the stored columns are
    a snapshot in company currency, refreshed with the other figures.
    """

    _inherit = "credit.profile"

    credit_limit = fields.Monetary(
        compute="_compute_credit_limit",
        inverse="_inverse_credit_limit",
        compute_sudo=True,
        tracking=True,
        help="How much this customer may owe at most, orders included. Holds where the "
        "limit is enforced; 0 means nothing on account.",
    )
    temporary_limit = fields.Monetary(
        tracking=True,
        copy=False,
        help="Replaces the limit on the days given.",
    )
    temporary_limit_from = fields.Date(
        string="Temporary limit from",
        tracking=True,
        copy=False,
        help="First day. Empty: at once.",
    )
    temporary_limit_to = fields.Date(
        string="Temporary limit until",
        tracking=True,
        copy=False,
        help="Last day; without it there is no temporary limit.",
    )

    exposure_open = fields.Monetary(
        string="Posted items",
        readonly=True,
        copy=False,
        help="Posted and not yet paid, due or not.",
    )
    exposure_credits = fields.Monetary(
        string="Unallocated credits",
        readonly=True,
        copy=False,
        help="Payments and credit notes not yet allocated; below zero.",
    )
    exposure_pending = fields.Monetary(
        string="Payments on their way",
        readonly=True,
        copy=False,
        help="Payments registered that have no journal entry yet; below zero.",
    )
    exposure_drafts = fields.Monetary(
        string="Draft invoices", readonly=True, copy=False
    )
    exposure_orders = fields.Monetary(
        string="Orders to invoice",
        readonly=True,
        copy=False,
        help="Confirmed orders not yet invoiced, delivered or not.",
    )
    exposure_total = fields.Monetary(
        string="Exposure",
        readonly=True,
        copy=False,
        help="What the customer owes and will owe, as of the last refresh.",
    )
    limit_amount = fields.Monetary(
        string="Limit in force",
        readonly=True,
        copy=False,
        help="The limit that holds today: own, temporary, of the class, or shared.",
    )
    limit_enforced_now = fields.Boolean(
        string="Limit holds today", readonly=True, copy=False
    )
    limit_source = fields.Selection(
        [
            ("own", "Own limit"),
            ("temporary", "Temporary limit"),
            ("class", "Limit of the class"),
            ("pool", "Shared limit"),
        ],
        string="Where the limit comes from",
        readonly=True,
        copy=False,
    )
    limit_free = fields.Monetary(
        string="Free limit",
        readonly=True,
        copy=False,
        help="What the customer may still buy on account; below zero over the limit.",
    )
    limit_used_percent = fields.Float(
        string="Limit used (%)", readonly=True, copy=False, aggregator=None
    )
    limit_band = fields.Selection(
        [
            ("none", "No limit"),
            ("ok", "Within the limit"),
            ("warn", "First warning"),
            ("high", "Second warning"),
            ("over", "Over the limit"),
        ],
        string="Use of the limit",
        default="none",
        readonly=True,
        copy=False,
    )

    _temporary_limit_days = models.Constraint(
        "CHECK (temporary_limit_from <= temporary_limit_to)",
        "A temporary limit ends after it starts.",
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id.credit_limit", "company_id")
    def _compute_credit_limit(self):
        for company, mine in self.grouped("company_id").items():
            for profile in mine.with_company(company):
                profile.credit_limit = profile.partner_id.credit_limit

    def _inverse_credit_limit(self):
        for company, mine in self.grouped("company_id").items():
            for profile in mine.sudo().with_company(company):
                profile.partner_id.with_context(
                    credit_limit_of_profile=True
                ).credit_limit = profile.credit_limit

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        self._check_may_set_limits(set().union(*vals_list))
        vals_list = [self._complete_limit(vals) for vals in vals_list]
        profiles = super().create(vals_list)
        limited = [
            profile.id
            for profile, vals in zip(profiles, vals_list, strict=True)
            if LIMIT_FIELDS & vals.keys()
        ]
        self.browse(limited)._limits_changed()
        return profiles

    def write(self, vals):
        changed = LIMIT_FIELDS & vals.keys()
        self._check_may_set_limits(changed)
        # whoever leaves a pool leaves the others more room
        before = self._with_pools() if "pool_profile_id" in changed else self.sudo()
        result = super().write(self._complete_limit(vals))
        if changed:
            (before | self.sudo())._limits_changed()
        return result

    @api.model
    def _check_may_set_limits(self, names):
        """Only who may release may raise a limit: it comes to the same."""
        if self.env.su or not LIMIT_FIELDS.intersection(names):
            return
        if not self.env.user.has_group("account_dunning.group_account_dunning_manager"):
            raise AccessError(
                self.env._(
                    "Only credit managers change credit limits. Ask one of them, or "
                    "request a release of the document."
                )
            )

    @api.model
    def _complete_limit(self, vals):
        """A limit typed in is the customer's own; one above zero is meant to hold."""
        if "credit_limit" not in vals:
            return vals
        meant = {"limit_own": True}
        if vals["credit_limit"]:
            meant["limit_enforced"] = True
        return meant | vals

    def _limits_changed(self):
        """Bring the stored figures up to date, and let go what the limit held."""
        everyone = self._with_pools()
        for company, mine in everyone.grouped("company_id").items():
            mine._refresh_credit(company, company._dunning_today())
        self._recheck_held(everyone)

    @api.model
    def _recheck_held(self, profiles):
        """Let the gate look again at what it holds for these customers."""
        # before the commit, once for all that changes with it: a review that writes the
        # limit and then the class must not lift what only the state between would
        self.env["credit.gate"]._recheck_later(profiles.sudo().partner_id.ids)

    # === CONTRACT === #

    def _exposure(self, day=None, documents=None):
        """What these customers owe and will owe, read live and with full rights.

        :param documents: invoices or orders being decided on.
        :return: ``{profile id: engine.exposure.Exposure}``
        """
        return self.env["credit.exposure"]._exposures(self, day, documents)

    def _limits(self, day=None):
        """The limits that hold, read live and with full rights.

        :return: ``{profile id: engine.exposure.Limit}``
        """
        return self.env["credit.exposure"]._limits(self, day)

    def _usage(self, day=None, documents=None):
        """How far the limits are used, read live and with full rights.

        :return: ``{profile id: engine.exposure.Usage}``
        """
        owed, limits = self._exposure(day, documents), self._limits(day)
        levels = {
            company: company._credit_warn_levels() for company in self.sudo().company_id
        }
        return {
            profile.id: exposure.assess(
                owed[profile.id], limits[profile.id], levels[profile.company_id]
            )
            for profile in self.sudo()
        }

    # === POOLS === #

    def _with_pools(self):
        """These customers and all who share a limit with them."""
        profiles = self.sudo().with_context(active_test=False)
        profiles.fetch(["partner_id", "company_id", "pool_profile_id"])
        holders = profiles | profiles.pool_profile_id
        everyone = holders | holders.pool_member_ids
        everyone.fetch(["partner_id", "company_id", "pool_profile_id"])
        return everyone

    def _pool_holder(self):
        """Whose limit holds for this customer."""
        self.ensure_one()
        return self.pool_profile_id or self

    def _limit_terms(self, company):
        """What is kept about the limits, from one query.

        :return: ``{profile id: engine.exposure.Terms}``
        """
        self.env["credit.profile"].flush_model()
        self.env["res.partner"].flush_model(["credit_limit"])
        Partner = self.env["res.partner"].with_company(company)
        field = Partner._fields["credit_limit"]
        default = field.get_company_dependent_fallback(Partner)
        rows = self.env.execute_query(
            SQL(
                """
            SELECT profile.id, profile.limit_enforced, profile.limit_own,
                   partner.credit_limit ->> %(company)s, profile.temporary_limit::text,
                   profile.temporary_limit_from, profile.temporary_limit_to
              FROM credit_profile profile
              JOIN res_partner partner ON partner.id = profile.partner_id
             WHERE profile.id = ANY(%(profiles)s)
            """,
                company=str(company.id),
                profiles=self.ids,
            )
        )
        return {
            key: exposure.Terms(
                enforced=bool(enforced),
                own=bool(own),
                amount=Decimal(str(default or 0) if amount is None else amount),
                temporary=Decimal(temporary or 0),
                temporary_from=first,
                temporary_to=last,
            )
            for key, enforced, own, amount, temporary, first, last in rows
        }

    # === SNAPSHOT === #

    def _refresh_more(self, company, day, facts):
        result = super()._refresh_more(company, day, facts)
        self._refresh_credit(company, day, facts)
        return result

    def _refresh_credit(self, company, day, facts=None):
        """Write down exposure and use of the limit, by one statement.

        :param facts: figures of the ledger just read, by profile id: not read again.
        """
        # who shares a limit uses it together
        everyone = self._with_pools()
        ledger = {key: self._to_ledger_parts(row) for key, row in (facts or {}).items()}
        exposures = self.env["credit.exposure"]._exposures(everyone, day, ledger=ledger)
        limits = everyone._limits(day)
        levels = company._credit_warn_levels()
        rows = [
            {"id": key}
            | self._to_credit_snapshot(
                exposures[key], exposure.assess(exposures[key], limits[key], levels)
            )
            | {"limit_source": limits[key].source and limits[key].source.value}
            for key in everyone.ids
        ]
        self.env.cr.execute(
            SQL(
                """
            UPDATE credit_profile profile
               SET %(sets)s
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS fresh(id integer, %(types)s)
             WHERE profile.id = fresh.id
               -- most have not changed since yesterday
               AND (%(kept)s) IS DISTINCT FROM (%(fresh)s)
            """,
                kept=SQL(", ").join(
                    SQL.identifier("profile", name) for name in CREDIT_SNAPSHOT
                ),
                fresh=SQL(", ").join(
                    SQL.identifier("fresh", name) for name in CREDIT_SNAPSHOT
                ),
                sets=SQL(", ").join(
                    SQL("%s = fresh.%s", SQL.identifier(name), SQL.identifier(name))
                    for name in CREDIT_SNAPSHOT
                ),
                types=SQL(", ").join(
                    SQL("%s %s", SQL.identifier(name), kind)
                    for name, kind in CREDIT_SNAPSHOT.items()
                ),
                # decimals as text: the database reads them exactly
                rows=json.dumps(rows, default=str),
            )
        )
        self.invalidate_model(list(CREDIT_SNAPSHOT), flush=False)

    @api.model
    def _to_ledger_parts(self, row):
        """The parts of the exposure that the query of the figures knows."""
        found = {
            name: Decimal(str(row[name] or 0))  # the database gives floats
            for name in (
                "amount_overdue",
                "amount_not_due",
                "amount_unallocated",
                "amount_pending",
            )
        }
        return {
            "open_items": found["amount_overdue"] + found["amount_not_due"],
            "credits": -found["amount_unallocated"],
            "pending": -found["amount_pending"],
        }

    @api.model
    def _to_credit_snapshot(self, owed, usage):
        return {
            "exposure_open": owed.open_items,
            "exposure_credits": owed.credits,
            "exposure_pending": owed.pending,
            "exposure_drafts": owed.drafts,
            "exposure_orders": owed.orders,
            "exposure_total": owed.total,
            "limit_amount": usage.limit,
            "limit_enforced_now": usage.limit is not None,
            "limit_free": usage.free,
            "limit_used_percent": usage.percent and round(usage.percent, 2),
            "limit_band": usage.band.value,
        }

    # === CONSTRAINTS === #

    @api.constrains("pool_profile_id")
    def _check_pool(self):
        for profile in self.filtered("pool_profile_id"):
            holder = profile.pool_profile_id
            if holder == profile or holder.pool_profile_id or profile.pool_member_ids:
                raise ValidationError(
                    self.env._(
                        "“%(holder)s” cannot be the one whose limit “%(customer)s” "
                        "shares: a limit is shared with one customer directly, and "
                        "who lends a limit does not share another.",
                        holder=holder.display_name,
                        customer=profile.display_name,
                    )
                )

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_refresh_profiles(self):
        result = super()._cron_refresh_profiles()
        self._recheck_held(self._temporary_limits_begun())
        return result

    @api.model
    def _temporary_limits_begun(self):
        """Customers whose temporary limit holds from today, and who shares it."""
        begun = self.search(
            self.env["res.company"]._dunning_domain_today(
                lambda day: Domain("temporary_limit_from", "=", day)
            )
        )
        return begun._with_pools() if begun else begun

    # === ACTIONS: THE ITEMS BEHIND EACH PART === #

    def action_view_exposure_open(self):
        """The posted items not yet paid, of all branches."""
        debts = Domain("amount_residual", ">", 0)
        return self._action_items(self.env._("Posted items"), debts)

    def action_view_exposure_credits(self):
        """Payments and credit notes not yet allocated."""
        unallocated = Domain("amount_residual", "<", 0)
        return self._action_items(self.env._("Unallocated credits"), unallocated)

    def _action_items(self, name, domain):
        self.check_access("read")
        mine = Domain.OR(profile._open_items_domain() for profile in self)
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "account.move.line",
            "view_mode": "list,form",
            "views": [
                (
                    self.env.ref("account_dunning.credit_exposure_items_view_list").id,
                    "list",
                ),
                (False, "form"),
            ],
            "domain": list(mine & domain),
            "context": {"create": False},
        }

    def action_view_exposure_pending(self):
        """Payments registered that have no journal entry yet."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Payments on their way"),
            "res_model": "account.payment",
            "view_mode": "list,form",
            "domain": list(
                self._of_customers("partner_id.commercial_partner_id")
                & Domain("state", "=", "in_process")
                & Domain("move_id", "=", False)
                & Domain("payment_type", "=", "inbound")
                & Domain("partner_type", "=", "customer")
            ),
            "context": {"create": False},
        }

    def action_view_exposure_drafts(self):
        """The draft invoices; they count where the company says so."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Draft invoices"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "views": [
                (self.env.ref("account.view_out_invoice_tree").id, "list"),
                (False, "form"),
            ],
            "domain": list(
                self._of_customers("partner_id.commercial_partner_id")
                & Domain("state", "=", "draft")
                & Domain("move_type", "in", DEBIT_TYPES)
                & Domain("amount_total_signed", ">", 0)
            ),
            "context": {"create": False},
        }

    def action_view_pool(self):
        """All who share the limit."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Customers who share the limit"),
            "res_model": "credit.profile",
            "view_mode": "list,form",
            "domain": [("id", "in", self._with_pools().ids)],
            "context": {"create": False, "active_test": False},
        }

    def _of_customers(self, path):
        """Documents of these customers, with the company of each and its branches."""
        return Domain.OR(
            Domain(path, "in", mine.partner_id.ids)
            & Domain("company_id", "child_of", company.id)
            for company, mine in self.grouped("company_id").items()
        )
