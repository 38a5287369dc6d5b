from decimal import Decimal

from odoo import api, models
from odoo.tools import format_date

from ..engine import rates, regime


class CreditProfile(models.Model):
    """What the tab *Late payment* of a customer says; asked for when it is opened."""

    _inherit = "credit.profile"

    @api.onchange("late_contract", "late_contract_rate", "late_regime_id")
    def _onchange_late_contract(self):
        """Say at once when a rate is not what the law lets be agreed."""
        warning = self._late_rate_warning()
        if warning:
            return {
                "warning": {"title": self.env._("Contract rate"), "message": warning}
            }

    def get_late_terms(self):
        """For the tab: the regime that holds today, in words, and what is wrong.

        :return: dict: ``regime`` (id, name, verified, doubts, own) or False; ``lines``
            of label and words; ``warnings``, sentences.
        """
        self.ensure_one()
        self.check_access("read")
        company = self.company_id.sudo()
        day = company._dunning_today()
        row = self._late_regimes(day)[self.id]
        return {
            "regime": row
            and {
                "id": row.id,
                "name": row.display_name,
                "verified": row.verified,
                "doubts": row.doubts or "",
                "own": bool(self.late_regime_id) and self._late_own_counts(row),
            },
            "lines": self._late_lines(row, day) if row else [],
            "warnings": self._late_warnings(row, day),
        }

    def _late_lines(self, row, day):
        law = self._late_laws(day)[self.id]
        labels = row.fields_get(
            ("rate_words", "accrual_words", "compensation_words", "reminder_words"),
            ["string"],
        )
        lines = [
            {"label": label["string"], "words": row[name]}
            for name, label in labels.items()
            # the contract's takes its place, unless the law caps it
            if row[name]
            and (name != "rate_words" or law.contract_rate is None or law.clause_capped)
            and (name != "compensation_words" or law.compensation or not row.band_ids)
        ]
        if law.contract_rate is not None:
            words = row._percent(law.contract_rate)
            lines.insert(0, {"label": self.env._("Contract rate"), "words": words})
        if law.contract_compensation and self.late_contract_fee:
            words = row._say_compensation(law.contract_compensation)
            lines.append({"label": self.env._("Contract lump sum"), "words": words})
        return lines

    def _late_warnings(self, row, day):
        """What somebody should look at before interest is claimed of the customer."""
        found = []
        company = self.company_id.sudo()
        if not company.late_interest:
            found.append(
                self.env._("The company computes no interest; see the settings.")
            )
        if not row and not company._late_country():
            found.append(
                self.env._(
                    "The company has no country, so no law is known: nothing is "
                    "claimed."
                )
            )
        elif not row:
            found.append(
                self.env._(
                    "No regime holds for this kind of customer in %(country)s on "
                    "%(day)s: nothing is claimed. A credit manager may add one, or "
                    "choose one for the customer.",
                    country=(
                        self.partner_id.sudo().country_id or company.country_id
                    ).name,
                    day=format_date(self.env, day),
                )
            )
        if self.late_regime_id and not self._late_own_counts(row):
            found.append(
                self.env._(
                    "The regime chosen for the customer, %s, does not count: it is "
                    "for another kind of customer, or not in force.",
                    self.late_regime_id.sudo().display_name,
                )
            )
        if self.late_contract and not self._late_has_clause():
            found.append(
                self.env._(
                    "A contract is ticked, but it names no rate and no lump sum: it "
                    "changes nothing."
                )
            )
        missing = self._late_missing({self.id: day}, day)[self.id]
        if missing:
            found.append(
                self.env._(
                    "There is no rate for %s yet: interest of that time is not "
                    "computed.",
                    ", ".join(missing),
                )
            )
        warning = self._late_rate_warning()
        return [*found, warning] if warning else found

    def _late_own_counts(self, row):
        """Whether that row is a version of the regime chosen for the customer."""
        return bool(row) and row._root() == self.late_regime_id.sudo()._root()

    def _late_rate_warning(self):
        """Where the contract rate lies outside of what the law lets be agreed.

        It is computed with all the same where it is below the floor: people are told,
        nothing is changed silently (C. com. L441-16: a fine).
        """
        self.ensure_one()
        if not self.late_contract or self.late_contract_rate <= 0:
            return False
        day = self.company_id.sudo()._dunning_today()
        # the form asks while it is being filled in; its values are what counts
        laws = self.env["late.regime"]._all_engine(True)
        key = self.env["late.regime"]._chooser(laws, day)(*self.sudo()._late_facts())
        if not key or laws[key].clause is regime.Clause.NONE:
            return self.env._(
                "The law that holds for this customer leaves no room for a contract "
                "rate: it changes nothing."
            )
        known = self.env["late.rate.series"]._to_engine()
        rate = Decimal(f"{self.late_contract_rate:.4f}")
        law, row = laws[key], self.env["late.regime"].sudo().browse(key)
        try:
            # the floor can be told also while the rate of the law is not known
            floor = regime.floor_on(law, known, day)
            check = law.clause_capped and regime.check_rate(law, known, rate, day)
        except rates.RateMissing as error:
            return self.env._(
                "The contract rate cannot be checked: %(series)s has no rate for "
                "%(period)s.",
                series=self.env["late.rate.series"]._named(error.series),
                period=error.period,
            )
        if floor is not None and rate < floor:
            return self.env._(
                "The contract rate of %(rate)s is below what the law sets as the "
                "least, %(floor)s today (%(multiple)s × %(series)s). Such a rate may "
                "be fined; agree on a higher one.",
                rate=row._percent(rate),
                floor=row._percent(floor),
                multiple=f"{law.floor_multiplier.normalize():f}",
                series=row.floor_series_id.name,
            )
        if check and check.warning:
            return self.env._(
                "The contract rate of %(rate)s is above what the law allows, %(cap)s "
                "today: no more than that is claimed.",
                rate=row._percent(rate),
                cap=row._percent(check.cap),
            )
        return False
