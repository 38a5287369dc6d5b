from odoo import api, models
from odoo.tools import file_open

from ..engine import late_data

RATES = "account_dunning/data/late_rates.csv"
REGIMES = "account_dunning/data/late_regimes.json"
TEXTS = ("invoice", "interest", "compensation", "notice", "reminder")


class LateRegime(models.Model):
    """The law as it is shipped: read at installation and at every upgrade."""

    _inherit = "late.regime"

    @api.model
    def _load_shipped(self):
        """Add the series, rates and regimes that are new since the last time.

        What is there already stays as it is: a user may have corrected it, and rules
        that were claimed under do not change. But a value we now know better takes the
        place of the one we shipped before, if nobody has touched that; and a rule that
        has ended, because another row took its place, gets its last day.
        """
        with file_open(RATES) as rates, file_open(REGIMES) as regimes:
            series, laws = late_data.read_all(rates.read(), regimes.read())
        records = self._load_new(
            "late.rate.series",
            {code: self._series_values(one) for code, one in series.items()},
        )
        values = {
            f"{code}_{rate.valid_from:%Y%m%d}": {
                "series_id": records[code].id,
                "valid_from": rate.valid_from,
                "rate": float(rate.value),
                "status": rate.status.value,
                "source": rate.source,
                "shipped": self._shipped_mark(rate),
            }
            for code, one in series.items()
            for rate in one.rates
        }
        rates = self._load_new("late.rate", values, key=("series_id", "valid_from"))
        self._bring_up_to_date(rates, values)
        rows = self._load_new(
            "late.regime",
            {code: self._law_values(law, records) for code, law in laws.items()},
        )
        for code, law in laws.items():
            if law.valid_until and not rows[code].valid_until:
                rows[code].valid_until = law.valid_until

    @api.model
    def _shipped_mark(self, rate):
        """A value as it was shipped, to see later whether somebody changed it."""
        return f"{rate.value.normalize():f} {rate.status.value}"

    @api.model
    def _bring_up_to_date(self, rates, values):
        """Correct the shipped values that nobody has changed since.

        :param rates: ``{name: late.rate}``, what there is.
        :param values: ``{name: values}``, what is shipped now.
        """
        for name, rate in rates.items():
            new = values[name]
            mark = f"{rate._decimal('rate').normalize():f} {rate.status}"
            if rate.shipped == mark != new["shipped"]:
                rate.write(
                    {
                        field: new[field]
                        for field in ("rate", "status", "source", "shipped")
                    }
                )

    @api.model
    def _load_new(self, model, values, key=("code",)):
        """Make the records that are not there yet.

        One that a user made before it was shipped is taken for it, as it is.

        :param values: ``{name: values}``; the name becomes part of the external id.
        :param key: fields that say which record is which.
        :return: all the records, ``{name: record}``.
        """
        Model = self.env[model].with_context(tracking_disable=True, active_test=False)
        prefix = f"account_dunning.{model.replace('.', '_')}_"
        there = {
            tuple(record._fields[n].convert_to_write(record[n], record) for n in key): (
                record
            )
            for record in Model.search([("id", "!=", False)])
        }
        found, new = {}, []
        for name, one in values.items():
            record = there.get(tuple(one[part] for part in key))
            if record:
                found[name] = record
            else:
                new.append((name, one))
        made = Model._load_records(
            [
                {"xml_id": prefix + name.lower(), "values": one, "noupdate": True}
                for name, one in new
            ]
        )
        found.update(zip((name for name, __ in new), made, strict=True))
        return found

    @api.model
    def _series_values(self, series):
        return {
            "code": series.code,
            "name": series.name,
            "country_id": self._country(series.country),
            "interval": series.period.value,
        }

    @api.model
    def _law_values(self, law, series):
        """Values of a regime from the shipped data."""
        debtors = {debtor.value for debtor in law.debtors}
        compensation, wait = law.compensation, law.wait
        values = {
            "code": law.code,
            "name": law.name,
            "country_id": self._country(law.country),
            "for_business": "business" in debtors,
            "for_consumer": "consumer" in debtors,
            "for_public": "public" in debtors,
            "valid_from": law.valid_from or False,
            "valid_until": law.valid_until or False,
            "verified": law.verified,
            "doubts": law.doubts or False,
            "series_id": law.series and series[law.series].id,
            "multiplier": float(law.multiplier),
            "margin": float(law.margin),
            "round_up_to": float(law.round_up_to or 0),
            "has_fixed_rate": law.fixed_rate is not None,
            "fixed_rate": float(law.fixed_rate or 0),
            "clause": law.clause.value,
            "clause_capped": law.clause_capped,
            "clause_replaces": law.clause_replaces,
            "floor_series_id": law.floor_series and series[law.floor_series].id,
            "floor_multiplier": float(law.floor_multiplier),
            "lock": law.lock.value,
            "accrual": law.accrual.value,
            "accrual_days": law.accrual_days,
            "accrual_months": law.accrual_months,
            "agreed_day_suffices": law.agreed_day_suffices,
            "divisor": law.divisor.value,
            "compounding": law.compounding,
            "weekend": law.weekend.value,
            "limitation_years": law.limitation_years or 0,
            "limitation_year_end": law.limitation_year_end,
            "allocation": law.allocation.value,
            "credit_notes": law.credit_notes.value,
            "rounding": law.rounding.value,
            "compensation_waits": law.compensation_waits,
            "free_reminders": law.reminders.free,
            "free_per_year": law.reminders.free_per_year or 0,
            "reminder_maximum": float(law.reminders.maximum or 0),
            "reminder_limited": law.reminders.maximum is not None,
            "reminder_postage": law.reminders.postage,
            "bases": dict(law.bases),
        }
        for purpose in TEXTS:
            values[f"text_{purpose}"] = law.texts.get(purpose, False)
        if compensation:
            values |= {
                "band_ids": [
                    (
                        0,
                        0,
                        {
                            "up_to": float(band.up_to or 0),
                            "amount": float(band.amount),
                            "percent": float(band.percent),
                        },
                    )
                    for band in compensation.bands
                ],
                "compensation_inclusive": compensation.inclusive,
                "compensation_minimum": float(compensation.minimum),
                "compensation_maximum": float(compensation.maximum or 0),
                "compensation_per": compensation.per.value,
                "compensation_currency_id": self.env.ref(
                    f"base.{compensation.currency}"
                ).id,
                "compensation_vat": compensation.vat,
            }
        if wait:
            values |= {
                "wait_days": wait.days,
                "wait_email": wait.email,
                "wait_letter": wait.letter,
                "wait_letter_working": wait.letter_working,
                "wait_from_receipt": wait.from_receipt,
            }
        return values

    @api.model
    def _country(self, code):
        """The country of an ISO code; none for what is no country (EU)."""
        return self.env["res.country"].search([("code", "=", code)], limit=1).id
