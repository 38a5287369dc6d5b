import json
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..engine import exposure

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

    # === POOLS === #

    def _with_pools(self):
        """These customers and all who share a limit with them."""
        profiles = self.sudo().with_context(active_test=False)
        profiles.fetch(["partner_id", "company_id", "pool_profile_id"])
        holders = profiles | profiles.pool_profile_id
        members = profiles.search_fetch(
            [("pool_profile_id", "in", holders.ids)],
            ["partner_id", "company_id", "pool_profile_id"],
        )
        everyone = holders | members
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

    def _refresh_batch(self, company, day):
        super()._refresh_batch(company, day)
        self._refresh_credit(company, day)

    def _refresh_credit(self, company, day):
        """Write down exposure and use of the limit, by one statement."""
        # who shares a limit uses it together
        everyone = self._with_pools()
        exposures, limits = everyone._exposure(day), everyone._limits(day)
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
            """,
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
            "limit_used_percent": usage.percent,
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
