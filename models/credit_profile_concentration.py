from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

TOP = 10


class CreditProfile(models.Model):
    """Where the exposure is: by country and salesperson, and with how few customers."""

    _inherit = "credit.profile"

    country_id = fields.Many2one(
        related="partner_id.country_id",
        store=True,
        index="btree_not_null",
        tracking=False,
    )
    salesperson_id = fields.Many2one(
        related="partner_id.user_id",
        string="Salesperson",
        store=True,
        index="btree_not_null",
        tracking=False,
    )
    exposure_rank = fields.Integer(
        string="Rank",
        compute="_compute_exposure_share",
        search="_search_exposure_rank",
        help="The customer's place among those who owe the company most.",
    )
    exposure_share = fields.Float(
        string="Share (%)",
        compute="_compute_exposure_share",
        help="Share of the exposure of all customers of the company.",
    )
    exposure_share_running = fields.Float(
        string="Together (%)",
        compute="_compute_exposure_share",
        help="Share of this customer and all who owe more.",
    )

    _exposure_idx = models.Index("(company_id, exposure_total DESC, id)")

    # === COMPUTE METHODS === #

    def _compute_exposure_share(self):
        ranks = {}
        if self.ids:
            rows = self.env.execute_query(
                SQL(
                    "SELECT id, place, share, running FROM (%s) ranked"
                    " WHERE id = ANY(%s)",
                    self._ranking_query(self.company_id),
                    self.ids,
                )
            )
            ranks = {row[0]: row[1:] for row in rows}
        for profile in self:
            place, share, running = ranks.get(profile.id, (0, 0, 0))
            profile.exposure_rank = place
            profile.exposure_share = share
            profile.exposure_share_running = running

    def _search_exposure_rank(self, operator, value):
        if operator != "<=" or not isinstance(value, int):
            return NotImplemented
        companies = self.env.companies.root_id
        return Domain(
            "id",
            "in",
            SQL(
                "(SELECT id FROM (%s) ranked WHERE place <= %s)",
                self._ranking_query(companies),
                value,
            ),
        )

    @api.model
    def _ranking_query(self, companies):
        """Who owes each company most, as of the last refresh: place and shares in
        percent. Customers in credit owe nothing and take nothing off the others.
        """
        self.flush_model(["company_id", "active", "exposure_total"])
        return SQL(
            """
            SELECT id,
                   ROW_NUMBER() OVER ranking AS place,
                   (100 * exposure_total / SUM(exposure_total) OVER company)::float
                       AS share,
                   (100 * SUM(exposure_total) OVER ranking
                       / SUM(exposure_total) OVER company)::float AS running
              FROM credit_profile
             WHERE exposure_total > 0
               AND active
               AND company_id = ANY(%s)
            WINDOW company AS (PARTITION BY company_id),
                   ranking AS (PARTITION BY company_id
                               ORDER BY exposure_total DESC, id
                               ROWS UNBOUNDED PRECEDING)
            """,
            companies.ids,
        )

    # === FIGURES ABOVE THE LIST === #

    @api.model
    def get_exposure_figures(self):
        """The figures above the list of exposures, for the user's companies.

        Each is the count behind the filter of the same name.

        :return: dict with ``exposure`` (amount and currency; no amount where the
            companies have several), ``over`` (count and amount above the limits),
            ``near``, ``reviews`` (counts), ``top`` (share of the ten biggest in
            percent; ``None`` with several companies or nothing owed) and
            ``refreshed_at``.
        """
        self.check_access("read")
        companies = self.env.companies.root_id
        mine = Domain("company_id", "in", companies.ids)
        currency = companies.currency_id
        owing = mine & Domain("exposure_total", ">", 0)
        ((total,),) = self._read_group(owing, aggregates=["exposure_total:sum"])
        ((over, beyond),) = self._read_group(
            mine & Domain("limit_band", "=", "over"),
            aggregates=["__count", "limit_free:sum"],
        )
        return {
            "currency_id": currency.id if len(currency) == 1 else False,
            "exposure": total or 0.0,
            "over": {"count": over, "amount": -(beyond or 0.0)},
            "near": self.search_count(
                mine & Domain("limit_band", "in", ("warn", "high"))
            ),
            "reviews": self.search_count(mine & Domain("review_state", "in", ["due"])),
            "top": self._top_share(companies) if len(companies) == 1 else None,
            "refreshed_at": self._oldest_refresh(mine),
        }

    @api.model
    def _top_share(self, company):
        """Share of the ten biggest debtors in percent; ``None`` if nobody owes."""
        top = self.search(
            [("exposure_rank", "<=", TOP), ("company_id", "=", company.id)]
        )
        return max(top.mapped("exposure_share_running"), default=None)
