from decimal import Decimal

from odoo import api, fields, models

from ..engine import rates


class LateRateSeries(models.Model):
    """A published rate that laws refer to, as dated values.

    What it means (a central bank's rate, a rate notified all-in) stands in ``note``. A
    value holds from its date until the next one, within the time for which the series
    says it is published (``interval``): a half-year without a value of its own is a
    missing rate, never the last one carried on.
    """

    _name = "late.rate.series"
    _description = "Series of Reference Rates"
    _inherit = ["mail.thread"]
    _order = "code"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True, tracking=True, help="What imports and regimes refer to."
    )
    active = fields.Boolean(default=True)
    country_id = fields.Many2one("res.country")
    interval = fields.Selection(
        [
            ("half_year", "Each half-year"),
            ("year", "Each year"),
            ("standing", "When the statute changes"),
        ],
        string="New value",
        required=True,
        default="half_year",
        tracking=True,
        help="How often a new value must be entered, also where the figure stays the "
        "same. Interest is not computed for a time without a value.",
    )
    note = fields.Text(translate=True, help="Who publishes it, where, and when.")
    rate_ids = fields.One2many("late.rate", "series_id", string="Values")

    _code_uniq = models.UniqueIndex("(code)", "There is a series of this code already.")

    # === BUSINESS METHODS === #

    @api.model
    def _to_engine(self):
        """All series as the rules see them: ``{code: engine.rates.Series}``.

        Archived ones too: an old claim may still refer to them.
        """
        # sudo: published figures, for whoever may see what a delay costs
        every = (
            self.sudo().with_context(active_test=False).search([("id", "!=", False)])
        )
        every.fetch(["code", "name", "interval"])
        every.rate_ids.fetch(["series_id", "valid_from", "rate", "status", "source"])
        return {series.code: series._as_engine() for series in every}

    def _as_engine(self):
        self.ensure_one()
        return rates.Series(
            self.code,
            rates.Period(self.interval),
            tuple(
                rates.Rate(
                    value.valid_from,
                    value._decimal("rate"),
                    rates.Status(value.status),
                    value.source or "",
                )
                for value in self.rate_ids
            ),
            name=self.name,
            country=self.country_id.code or "",
        )


class LateRate(models.Model):
    """One value of a series, in percent per year, from its date on."""

    _name = "late.rate"
    _description = "Reference Rate"
    _inherit = ["mail.thread"]
    _order = "series_id, valid_from desc"
    _rec_name = "valid_from"

    series_id = fields.Many2one(
        "late.rate.series", required=True, index=True, ondelete="cascade"
    )
    valid_from = fields.Date(required=True, tracking=True)
    rate = fields.Float(
        string="Rate (%)",
        digits=(8, 4),
        required=True,
        tracking=True,
        help="Percent per year; may be negative.",
    )
    source = fields.Char(
        tracking=True, help="Where the figure was read, so that it can be checked."
    )
    status = fields.Selection(
        [
            ("yes", "Verified"),
            ("derived", "Derived by a rule"),
            ("no", "To be confirmed"),
        ],
        string="Confirmed",
        required=True,
        default="yes",
        tracking=True,
    )

    _series_date_uniq = models.UniqueIndex(
        "(series_id, valid_from)", "The series has a value from this date already."
    )
    _rate_range = models.Constraint(
        "CHECK (rate BETWEEN -20 AND 100)",
        "A rate is given in percent per year, between -20 and 100.",
    )

    @api.depends("series_id", "valid_from")
    def _compute_display_name(self):
        for rate in self:
            rate.display_name = f"{rate.series_id.code} {rate.valid_from or ''}"

    def _decimal(self, name):
        """A figure as it is stored, free of the noise of binary fractions."""
        self.ensure_one()
        __, digits = self._fields[name].get_digits(self.env)
        return Decimal(f"{self[name]:.{digits}f}")
