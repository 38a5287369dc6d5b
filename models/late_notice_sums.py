from decimal import Decimal

from odoo import api, models
from odoo.tools import format_date, format_list

ZERO = Decimal(0)
CLAIM_COLUMNS = {
    "regime_id": False,
    "interest": ZERO,
    "interest_settled": ZERO,
    "interest_days": 0,
    "interest_rate": False,
    "interest_daily": ZERO,
    "interest_parts": False,
    "interest_missing": False,
    "compensation": ZERO,
}


class DunningNotice(models.Model):
    """What a notice claims for the delay, from the proposal to the issue.

    Counted anew whenever its day, level or items change, and always before it is
    issued; frozen from then on. It never makes a message necessary, nor does it count
    for the limits of a level: those look at the items alone.
    """

    _inherit = "dunning.notice"

    @api.model
    def _propose_all(self, run, decided):
        notices = super()._propose_all(run, decided)
        notices._claim_late()
        return notices

    def _replace_lines(self, lines):
        res = super()._replace_lines(lines)
        self.filtered(lambda n: n.state == "approved")._claim_late()
        return res

    def _set_level(self, level):
        res = super()._set_level(level)
        self._claim_late()
        return res

    # === BUSINESS METHODS === #

    def _claims_late(self):
        """Whether the level claims anything beside the items, and the company does."""
        self.ensure_one()
        level = self.level_id
        wanted = level.claim_interest or level.claim_compensation
        return wanted and self.company_id.sudo().late_interest

    def _claim_late(self):
        """Write down what these notices claim for the delay, as of their day.

        In a currency in which credits leave nothing due, nothing is claimed.
        """
        open_ones = self.filtered(lambda n: not n.issued_at)
        claiming = open_ones.filtered(lambda n: n._claims_late())
        stale = (open_ones - claiming).filtered(
            lambda n: n.amount_interest or n.amount_compensation
        )
        rows, sums = stale._no_claims(), {notice: (ZERO, ZERO) for notice in stale}
        for (company, day), notices in claiming.grouped(
            lambda n: (n.company_id, n.date)
        ).items():
            found = self.with_company(company)._late_claims(notices, day)
            for notice in notices:
                mine = notice._claim_rows(found)
                rows |= mine
                sums[notice] = notice._claim_sums(mine)
        self.env["dunning.notice.line"]._update_rows(rows)
        for notice, (interest, compensation) in sums.items():
            notice.write(
                {"amount_interest": interest, "amount_compensation": compensation}
            )

    def _no_claims(self):
        return {line_id: dict(CLAIM_COLUMNS) for line_id in self.line_ids.ids}

    def _claim_rows(self, found):
        """Values of the lines of one notice.

        :param found: see ``_late_claims``.
        """
        self.ensure_one()
        rows = self._no_claims()
        level = self.level_id
        for total in self._totals():
            if total["due"] <= 0:
                continue
            for line in total["items"]:
                claim = found.get(line.move_line_id.id)
                if claim:
                    rows[line.id] = self._prepare_claim(level, claim)
        return rows

    @api.model
    def _prepare_claim(self, level, claim):
        """Values of a line; what the level does not claim is left out."""
        values = dict(CLAIM_COLUMNS, regime_id=claim.regime_id)
        if level.claim_compensation:
            values["compensation"] = claim.compensation
        if level.claim_interest and claim.missing:
            missing = claim.missing
            values["interest_missing"] = f"{missing.series} {missing.period}"
        if level.claim_interest and claim.interest > ZERO:
            rates = dict.fromkeys(f"{part.rate.normalize():f}" for part in claim.parts)
            values |= {
                "interest": claim.interest,
                "interest_settled": claim.settled,
                "interest_days": sum(part.days for part in claim.parts),
                "interest_rate": " · ".join(rates),
                "interest_daily": claim.daily,
                "interest_parts": [
                    {
                        "from": part.first.isoformat(),
                        "to": part.last.isoformat(),
                        "days": part.days,
                        "base": f"{part.base:f}",
                        "rate": f"{part.rate.normalize():f}",
                        "amount": f"{part.amount:f}",
                    }
                    for part in claim.parts
                ],
            }
        return values

    def _claim_sums(self, rows):
        """Interest and compensation of one notice in company currency."""
        self.ensure_one()
        sums = {"interest": ZERO, "compensation": ZERO}
        for total in self._totals():
            for name in sums:
                amount = sum((rows[line.id][name] for line in total["items"]), ZERO)
                if amount:
                    own = total["currency"]._convert(
                        float(amount), self.currency_id, self.company_id, self.date
                    )
                    sums[name] += Decimal(str(own))
        return float(sums["interest"]), float(sums["compensation"])

    # === WHAT IS PRINTED === #

    def _totals(self):
        """Per currency also what is claimed for the delay, and all together.

        ``due`` stays what is due of the items; ``total`` is what the letter asks for.
        """
        totals = super()._totals()
        for total in totals:
            currency, items = total["currency"], total["items"]
            interest = currency.round(sum(items.mapped("interest")))
            compensation = currency.round(sum(items.mapped("compensation")))
            total |= {
                "interest": interest,
                "compensation": compensation,
                "daily": currency.round(sum(items.mapped("interest_daily"))),
                "delayed": items.filtered(lambda li: li.interest or li.compensation),
                "total": currency.round(total["due"] + interest + compensation),
            }
        return totals

    def _letter_dues(self):
        return [
            (total["total"], total["currency"])
            for total in self._totals()
            if total["due"] > 0
        ]

    def _text_basis(self):
        basis = super()._text_basis()
        if self.amount_interest or self.amount_compensation:
            total = self.currency_id.round(self.amount_total)
            basis = f"{basis}|{total:.2f}"
        return basis

    def _claim_parts(self, line):
        """The parts of a line's interest with days and amounts as values."""
        self.ensure_one()
        self = self.with_context(lang=self.lang)
        return [
            {
                "from": part["from"],
                "to": part["to"],
                "days": part["days"],
                "base": float(part["base"]),
                "rate": self._rate_in_words([part["rate"]]),
                "amount": float(part["amount"]),
            }
            for part in line.interest_parts or []
        ]

    def _line_rate(self, line):
        """The rate or rates of a line's interest, in the language of the notice."""
        self = self.with_context(lang=self.lang)
        return self._rate_in_words([part["rate"] for part in line.interest_parts or []])

    @api.model
    def _rate_in_words(self, rates):
        """Rates as the language writes them: "12.15 and 12.4"; many as a span.

        :param rates: texts of decimals.
        """
        lang = self.env["res.lang"]._lang_get(self.env.lang or "en_US")

        def written(rate):
            digits = max(2, len(rate.partition(".")[2]))
            return lang.format(f"%.{digits}f", float(rate), grouping=True)

        different = list(dict.fromkeys(rates))
        if len(different) > 3:
            lowest, highest = min(different, key=Decimal), max(different, key=Decimal)
            return f"{written(lowest)} – {written(highest)}"
        return format_list(self.env, [written(rate) for rate in different])

    def _claim_summary(self, total):
        """The sums claimed in one currency, each with its legal basis, and in words.

        :param total: one of ``_totals``.
        :return: list of dicts with ``kind``, ``label`` and ``amount``; the amounts add
            up to ``total["total"]``.
        """
        self.ensure_one()
        self = self.with_context(lang=self.lang)
        rows = [{"kind": "principal", "amount": total["due"], "label": ""}]
        for regime, lines in total["delayed"].grouped("regime_id").items():
            # sudo: what the law says is printed for the customer
            law = regime.sudo().with_context(lang=self.lang)
            rows += self._interest_row(law, lines, total["currency"])
            rows += self._compensation_row(law, lines, total["currency"])
        return rows

    def _daily_in_words(self, total):
        """What is added from the day after on; nothing where nothing is.

        :param total: one of ``_totals``.
        """
        if not total["daily"]:
            return ""
        self = self.with_context(lang=self.lang)
        return self.env._(
            "From the following day until payment, interest of %(amount)s a day is "
            "added.",
            amount=total["currency"]
            .with_context(lang=self.lang)
            .format(total["daily"]),
        )

    def _days_in_words(self, line):
        """Days and rate of a line's interest."""
        self = self.with_context(lang=self.lang)
        return self.env._(
            "%(days)s days at %(rate)s %%",
            days=line.interest_days,
            rate=self._line_rate(line),
        )

    def _compensation_in_words(self, line):
        """The compensation of one item, where not all have the same."""
        self = self.with_context(lang=self.lang)
        return self.env._(
            "Compensation for %(item)s: %(amount)s",
            item=line.name,
            amount=line.currency_id.with_context(lang=self.lang).format(
                line.compensation
            ),
        )

    def _interest_row(self, law, lines, currency):
        amount = currency.round(sum(lines.mapped("interest")))
        parts = [part for line in lines for part in line.interest_parts or []]
        if not amount or not parts:
            return []
        rate = self._rate_in_words([part["rate"] for part in parts])
        text = law.text_interest or self.env._(
            "Late-payment interest at {rate} % a year."
        )
        until = format_date(
            self.env, max(part["to"] for part in parts), date_format="long"
        )
        words = text.replace("{rate}", rate).rstrip(".")
        return [
            {
                "kind": "interest",
                "amount": amount,
                "label": self.env._(
                    "%(basis)s, counted up to %(date)s", basis=words, date=until
                ),
            }
        ]

    def _compensation_row(self, law, lines, currency):
        lines = lines.filtered("compensation")
        if not lines:
            return []
        amount = currency.round(sum(lines.mapped("compensation")))
        each = set(lines.mapped("compensation"))
        money = currency.with_context(lang=self.lang)
        words = money.format(amount)
        if len(each) == 1:
            words = f"{len(lines)} × {money.format(each.pop())}"
        text = law.text_compensation or self.env._(
            "Fixed compensation for recovery costs: {compensation}."
        )
        return [
            {
                "kind": "compensation",
                "amount": amount,
                "label": text.replace("{compensation}", words).rstrip("."),
            }
        ]

    def _claim_is_uniform(self, total):
        """Whether each compensation is the same, so that none has to be listed."""
        return len(set(total["delayed"].mapped("compensation")) - {0.0}) <= 1
