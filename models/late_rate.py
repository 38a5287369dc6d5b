from decimal import Decimal

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_date

from ..engine import rate_watch, rates


class LateRateSeries(models.Model):
    """A published rate that laws refer to, as dated values.

    What it means (a central bank's rate, a rate notified all-in) stands in ``note``. A
    value holds from its date until the next one, within the time for which the series
    says it is published (``interval``): a half-year without a value of its own is a
    missing rate, never the last one carried on.
    """

    _name = "late.rate.series"
    _description = "Series of Reference Rates"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "code"
    _rec_names_search = ["code", "name"]

    name = fields.Char(required=True, translate=True, tracking=True)
    code = fields.Char(
        required=True, tracking=True, help="What imports and regimes refer to."
    )
    active = fields.Boolean(default=True, tracking=True)
    country_id = fields.Many2one("res.country", tracking=True)
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
    rate_today = fields.Float(
        string="Today (%)", digits=(8, 4), compute="_compute_today"
    )
    known_today = fields.Boolean(compute="_compute_today")
    status_today = fields.Selection(
        selection=lambda self: self._status_labels(),
        string="Confirmed",
        compute="_compute_today",
    )
    known_until = fields.Date(
        compute="_compute_today",
        help="Last day with a rate. Empty where it holds until it is changed.",
    )
    missing = fields.Char(
        compute="_compute_today",
        help="What has no rate: the running half-year or year, and from two weeks "
        "before it begins the next.",
    )

    _code_uniq = models.UniqueIndex("(code)", "There is a series of this code already.")

    # === COMPUTE METHODS === #

    @api.model
    def _status_labels(self):
        return self.env["late.rate"]._fields["status"]._description_selection(self.env)

    @api.depends("interval", "rate_ids.valid_from", "rate_ids.rate", "rate_ids.status")
    def _compute_today(self):
        day = self.env.company.root_id._dunning_today()
        for series in self:
            try:
                one = series._as_engine()
            except ValueError:
                # the form has one day twice; saving says so
                series.known_today = series.rate_today = series.status_today = False
                series.known_until = series.missing = False
                continue
            found = {one.code: one}
            try:
                rate = one.on(day)
            except rates.RateMissing:
                rate = None
            series.known_today = bool(rate)
            series.rate_today = rate and float(rate.value)
            series.status_today = rate and rate.status.value
            series.known_until = one.known_until(day) if rate else False
            series.missing = ", ".join(
                gap.period for gap in rate_watch.gaps([one.code], found, day)
            )

    # === BUSINESS METHODS === #

    @api.model
    def _to_engine(self):
        """All series as the rules see them: ``{code: engine.rates.Series}``.

        Archived ones too: an old claim may still refer to them.
        """
        return self._rate_book()

    def _as_engine(self):
        self.ensure_one()
        return rates.Series(
            self.code or "",
            rates.Period(self.interval or "half_year"),
            tuple(
                rates.Rate(
                    value.valid_from,
                    value._decimal("rate"),
                    rates.Status(value.status or "no"),
                    value.source or "",
                )
                for value in self.rate_ids
                if value.valid_from  # a new line of the form, not filled in yet
            ),
            name=self.name or "",
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

    shipped = fields.Char(
        readonly=True, copy=False, help="Rate and status as the addon brought them."
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

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        made = super().create(vals_list)
        made._note(lambda rate: self.env._("New: %(rate)s", rate=rate._in_words()))
        made.series_id._answered()
        return made

    def write(self, vals):
        before = {rate: rate._in_words() for rate in self}
        series = self.series_id
        result = super().write(vals)
        self.filtered(lambda rate: rate._in_words() != before[rate])._note(
            lambda rate: self.env._(
                "Changed: %(before)s is now %(after)s",
                before=before[rate],
                after=rate._in_words(),
            )
        )
        (series | self.series_id)._answered()
        return result

    def unlink(self):
        self._note(lambda rate: self.env._("Deleted: %(rate)s", rate=rate._in_words()))
        return super().unlink()

    # === BUSINESS METHODS === #

    def _in_words(self):
        """Date, figure, how sure it is and where it comes from."""
        self.ensure_one()
        labels = dict(self._fields["status"]._description_selection(self.env))
        words = [
            f"{self._decimal('rate').normalize():f} %",
            format_date(self.env, self.valid_from),
            labels[self.status],
            self.source,
        ]
        return " · ".join(filter(None, words))

    def _note(self, words):
        """Write to the history of the series what happened to these values.

        :param words: gives the sentence of one value.
        """
        if self.env.context.get("tracking_disable"):
            return
        for series, values in self.grouped("series_id").items():
            # sudo: the history is kept whoever changes a value
            series.sudo().message_post(
                body=Markup("<br/>").join(words(value) for value in values)
            )

    def _decimal(self, name):
        """A figure as it is stored, free of the noise of binary fractions."""
        self.ensure_one()
        __, digits = self._fields[name].get_digits(self.env)
        return Decimal(f"{self[name]:.{digits}f}")
