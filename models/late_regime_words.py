from odoo import api, fields, models
from odoo.tools import format_amount, format_date, format_list

from ..engine import rates, regime
from ..engine.regime import Accrual


class LateRegime(models.Model):
    """A regime in plain words: what it costs the customer, and from when."""

    _inherit = "late.regime"

    confidence = fields.Selection(
        [("verified", "Verified"), ("open", "To be confirmed")],
        string="Checked",
        compute="_compute_confidence",
        help="Verified: somebody has read the rule in its source.",
    )
    in_force = fields.Boolean(compute="_compute_in_force")
    debtor_words = fields.Char(string="For", compute="_compute_debtor_words")
    rate_words = fields.Char(string="Rate today", compute="_compute_words")
    rate_missing = fields.Boolean(compute="_compute_words")
    accrual_words = fields.Char(string="Begin", compute="_compute_words")
    compensation_words = fields.Char(string="In addition", compute="_compute_words")
    reminder_words = fields.Char(string="Reminders say", compute="_compute_words")
    customer_count = fields.Integer(
        string="Customers",
        compute="_compute_customer_count",
        help="Customers of your companies for whom it holds today.",
    )

    # === COMPUTE METHODS === #

    @api.depends("verified")
    def _compute_confidence(self):
        for row in self:
            row.confidence = "verified" if row.verified else "open"

    @api.depends("valid_from", "valid_until")
    def _compute_in_force(self):
        day = self.env.company.root_id._dunning_today()
        for row in self:
            row.in_force = (row.valid_from or day) <= day <= (row.valid_until or day)

    @api.depends("for_business", "for_consumer", "for_public")
    def _compute_debtor_words(self):
        names = ("for_business", "for_consumer", "for_public")
        labels = self.fields_get(names, ["string"])
        for row in self:
            row.debtor_words = format_list(
                self.env, [labels[name]["string"] for name in names if row[name]]
            )

    @api.depends_context("company", "lang")
    @api.depends(lambda self: self._word_fields())
    def _compute_words(self):
        day = self.env.company.root_id._dunning_today()
        known = self.env["late.rate.series"]._to_engine()
        for row in self:
            try:
                law = row._to_engine()
            except ValueError as error:
                # half filled in; saving says so as well
                row.rate_words = str(error)
                row.accrual_words = row.compensation_words = row.reminder_words = False
                row.rate_missing = False
                continue
            row.rate_words, row.rate_missing = row._say_rate(law, known, day)
            row.accrual_words = row._say_accrual(law)
            row.compensation_words = row._say_compensation(law.compensation)
            row.reminder_words = row._say_reminders(law)

    @api.model
    def _word_fields(self):
        return [
            *("series_id.rate_ids.rate", "multiplier", "margin", "round_up_to"),
            *("has_fixed_rate", "fixed_rate", "lock", "accrual", "accrual_days"),
            *("accrual_months", "wait_days", "compensation_waits", "free_reminders"),
            *("band_ids.up_to", "band_ids.amount", "band_ids.percent"),
            *("compensation_minimum", "compensation_maximum", "compensation_per"),
            *("compensation_currency_id", "reminder_limited", "reminder_maximum"),
            *("reminder_postage", "agreed_day_suffices", "valid_from"),
        ]

    def _compute_customer_count(self):
        company = self.env.company.root_id
        counts = dict.fromkeys(self.ids, 0)
        roots = self.env.companies.root_id
        for used in roots._late_in_use(company._dunning_today()).values():
            for rid, count in used.items():
                if rid in counts:
                    counts[rid] += count
        for row in self:
            row.customer_count = counts.get(row.id, 0)

    # === BUSINESS METHODS === #

    def _say_rate(self, law, known, day):
        """The rate of a day and how it is made up; and whether it is missing."""
        if law.fixed_rate is None and law.series is None:
            return self.env._("The law gives no interest."), False
        try:
            applied = regime.rate_on(law, known, day)
        except rates.RateMissing as error:
            return (
                self.env._(
                    "%(series)s: no rate for %(period)s",
                    series=self.series_id.name,
                    period=error.period,
                ),
                True,
            )
        percent = self._percent(applied.percent)
        if law.fixed_rate is not None:
            return self.env._("%(rate)s a year, set by the law", rate=percent), False
        value = known[law.series].on(day)
        words = self.env._(
            "%(rate)s a year: %(series)s %(value)s",
            rate=percent,
            series=self.series_id.name,
            value=self._percent(value.value),
        )
        if law.multiplier != 1:
            words += f" × {law.multiplier.normalize():f}"
        if law.margin:
            words += self.env._(" + %s points", f"{law.margin.normalize():f}")
        if law.round_up_to:
            words += self.env._(
                ", rounded up to a multiple of %s",
                self._percent(law.round_up_to),
            )
        return words, False

    def _say_accrual(self, law):
        """From which event on interest runs, with what is added to it."""
        if law.fixed_rate is None and law.series is None:
            return False
        labels = dict(self._fields["accrual"]._description_selection(self.env))
        if law.accrual in (Accrual.WAIT_START, Accrual.WAIT_END):
            words = labels[law.accrual.value]
        else:
            words = self.env._("The day after: %s", labels[law.accrual.value].lower())
        if law.accrual_months:
            words += self.env._(" and %s months", law.accrual_months)
        if law.accrual_days:
            words += self.env._(" and %s days", law.accrual_days)
        if law.agreed_day_suffices:
            words += self.env._("; the due date where a day of payment was agreed")
        return words

    def _say_compensation(self, compensation):
        """The steps of the compensation, or that there is none."""
        if compensation is None:
            return self.env._("No lump sum.")
        currency = self.compensation_currency_id or self.env.company.currency_id
        steps = [self._say_band(band, currency) for band in compensation.bands]
        per = (
            self.env._("per letter")
            if compensation.per is regime.Per.LETTER
            else self.env._("per invoice")
        )
        words = f"{'; '.join(steps)} {per}"
        if compensation.minimum:
            words += self.env._(
                ", at least %s",
                format_amount(self.env, float(compensation.minimum), currency),
            )
        if compensation.maximum:
            words += self.env._(
                ", at most %s",
                format_amount(self.env, float(compensation.maximum), currency),
            )
        return words

    def _say_band(self, band, currency):
        amount = band.amount and format_amount(self.env, float(band.amount), currency)
        share = band.percent and self._percent(band.percent)
        words = " + ".join(filter(None, [amount, share])) or format_amount(
            self.env, 0, currency
        )
        if band.up_to is None:
            return words
        return self.env._(
            "%(sum)s up to %(end)s",
            sum=words,
            end=format_amount(self.env, float(band.up_to), currency),
        )

    def _say_reminders(self, law):
        """What the law asks of reminders before anything may be claimed."""
        words = []
        if law.reminders.free:
            words.append(self.env._("the first %s free of charge", law.reminders.free))
        if law.wait:
            words.append(self.env._("%s days to pay", law.wait.days))
        if law.reminders.maximum == 0:
            words.append(self.env._("no fee at any time"))
        elif law.reminders.maximum is not None:
            currency = self.compensation_currency_id or self.env.company.currency_id
            words.append(
                self.env._(
                    "further ones at most %s",
                    format_amount(self.env, float(law.reminders.maximum), currency),
                )
            )
        return format_list(self.env, words) if words else False

    def _late_print_rate(self, law, known, day):
        """The figure of a rate for a sentence that says *% a year* itself.

        One that is not published yet is named by the rule it will follow from, never
        by the half-year before.

        :param law: this regime with the contract's terms, ``engine.regime.Regime``.
        """
        try:
            percent = regime.rate_on(law, known, day).percent
        except rates.RateMissing:
            return self.env._("reference rate + %s", f"{law.margin.normalize():f}")
        return self._percent(percent).removesuffix(" %")

    def _percent(self, value):
        """A rate for people: as many places as it has, at least two."""
        value = value.normalize()
        places = max(2, -value.as_tuple().exponent)
        lang = self.env["res.lang"]._lang_get(self.env.lang or "en_US")
        return f"{lang.format(f'%.{places}f', float(value))} %"

    @api.depends("name", "valid_from", "valid_until")
    def _compute_display_name(self):
        """The name, with the days where a rule has several rows."""
        for row in self:
            words = row.name or ""
            if row.previous_id and row.valid_from:
                since = format_date(self.env, row.valid_from)
                words = self.env._("%(name)s, from %(day)s", name=words, day=since)
            elif row.valid_until:
                until = format_date(self.env, row.valid_until)
                words = self.env._("%(name)s, until %(day)s", name=words, day=until)
            row.display_name = words
