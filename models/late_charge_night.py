from odoo import api, fields, models
from odoo.fields import Domain

BATCH = 500  # customers looked at together
# What of a customer decides on the law and its figures.
TERMS = (
    "customer_kind",
    "late_regime_id",
    "late_contract",
    "late_contract_law",
    "late_contract_rate",
    "late_contract_fee",
    "insolvency_date",
)


class CreditProfile(models.Model):
    """The nightly job over all customers."""

    _inherit = "credit.profile"

    late_day = fields.Date(string="Interest computed until", readonly=True, copy=False)
    late_seen_at = fields.Datetime(readonly=True, copy=False)
    late_began_at = fields.Datetime(
        readonly=True, copy=False, help="What was settled before is left in peace."
    )
    late_stale = fields.Boolean(
        readonly=True,
        copy=False,
        help="Terms have changed: also what is settled is computed again.",
    )
    late_error = fields.Char(
        string="Interest not up to date",
        readonly=True,
        copy=False,
        help="Why interest of this customer could not be computed the last time.",
    )

    _late_day_idx = models.Index("(company_id, late_day)")

    def write(self, vals):
        result = super().write(vals)
        if any(name in vals for name in TERMS):
            self._update_columns({"late_stale": True})
        return result

    # === ACTIONS === #

    def action_refresh_late(self):
        """Compute interest and compensation of these customers again now."""
        self._check_can_run()
        self.check_access("read")
        self.sudo()._refresh_late()

    # === BUSINESS METHODS === #

    def _refresh_late(self, day=None):
        """Bring the memos of these customers up to date.

        :param day: up to and with this day; default: today where the company is.
        """
        for company, mine in self.sudo().grouped("company_id").items():
            today = day or company._dunning_today()
            now = self.env.cr.now()  # of the database, as what is compared with it
            mine.fetch(["partner_id", "late_seen_at", "late_began_at", "late_stale"])
            for start in range(0, len(mine), BATCH):
                batch = mine[start : start + BATCH]
                self.env["late.charge"].sudo()._refresh(batch, today)
                batch.filtered(lambda p: not p.late_began_at)._update_columns(
                    {"late_began_at": now}
                )
                batch._update_columns(
                    {"late_day": today, "late_seen_at": now, "late_stale": False}
                )

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_late(self):
        """Interest and compensation once a day, from the company's midnight on; what
        became of debit notes every time.
        """
        return self.env["ir.cron"]._dunning_retried(self._late_all)

    @api.model
    def _late_all(self):
        self._work_through(
            self._late_domain(fields.Datetime.now()),
            BATCH,
            "_refresh_late",
            "late_error",
        )
        self.env["late.charge"]._follow_debit_notes()

    @api.model
    def _late_domain(self, now):
        """Customers, archived ones too, who were not looked at today.

        :param now: naive UTC.
        """
        companies = (
            self.env["res.company"]
            .sudo()
            .search([("parent_id", "=", False), ("late_interest", "=", True)])
        )
        # whether the contact is archived makes no difference to a debt
        return Domain("active", "in", (True, False)) & Domain.OR(
            Domain("company_id", "=", company.id)
            & (
                Domain("late_day", "=", False)
                | Domain("late_day", "<", company._dunning_today(now))
            )
            for company in companies
        )
