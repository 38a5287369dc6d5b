from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from ..engine.compensation import Charge, claim
from ..engine.interest import Interest, round_to
from ..engine.rates import RateMissing
from ..engine.regime import Per, Regime
from .late_history import LateRow

ZERO = Decimal(0)
ONE = Decimal(1)
BATCH = 2_000  # items looked at together


@dataclass(slots=True)
class Assessment:
    """What the delay of one item costs by a day; amounts in the item's currency.

    :ivar law: the customer's regime with the terms of the contract; None: there is
        none, and nothing may be claimed.
    :ivar regime_id: id of its ``late.regime``, or False.
    :ivar interest: the engine's count (segments, rates, days, daily amount); None
        without a regime. ``interest.missing`` names a rate nobody has entered.
    :ivar charge: the engine's compensation of the invoice; on one of its instalments
        only, so that sums are right.
    :ivar compensation: its amount, converted at the rate of the first day late.
    :ivar interest_settled: invoiced or waived of the interest until now; the same for
        ``compensation_settled``. Drafts do not count: no customer has seen them.
    """

    row: LateRow
    as_of: date
    law: Regime | None = None
    regime_id: int | bool = False
    interest: Interest | None = None
    charge: Charge | None = None
    compensation: Decimal = ZERO
    interest_settled: Decimal = ZERO
    compensation_settled: Decimal = ZERO

    @property
    def accrued(self) -> Decimal:
        """All interest by law or contract."""
        return self.interest.total if self.interest else ZERO

    @property
    def interest_due(self) -> Decimal:
        """What a notice may claim of the interest."""
        return max(self.accrued - self.interest_settled, ZERO)

    @property
    def compensation_due(self) -> Decimal:
        """What a notice may claim of the compensation."""
        return max(self.compensation - self.compensation_settled, ZERO)

    @property
    def daily(self) -> Decimal:
        """What each further day costs, not rounded."""
        return self.interest.daily if self.interest else ZERO

    @property
    def missing(self) -> RateMissing | None:
        return self.interest.missing if self.interest else None


class LateCharge(models.Model):
    """The live answer to what a delay costs: facts, law, engine."""

    _inherit = "late.charge"

    # === BUSINESS METHODS === #

    @api.model
    def _assess(self, move_lines, day):
        """Interest and compensation of journal items up to and with a day, live.

        Set-wise: queries are a function of batches. With full rights; callers check
        that the user may see the items.

        :param move_lines: receivable ``account.move.line`` of any customers.
        :return: ``{journal item id: Assessment}``. What cannot bear interest (drafts,
            credits, debit notes, what is excluded from follow-up) is left out.
        """
        ids, result = move_lines.ids, {}
        for start in range(0, len(ids), BATCH):
            result |= self._assess_batch(ids[start : start + BATCH], day)
        return result

    @api.model
    def _assess_batch(self, line_ids, day, siblings=False):
        """The same by ids, for as many as are looked at together.

        :param siblings: whether the other instalments of their invoices are told too.
        """
        History = self.env["late.history"].sudo()
        rows = History._rows(line_ids)
        if not rows:
            return {}
        profiles = (
            self.env["credit.profile"]
            .sudo()
            .browse(dict.fromkeys(row.profile_id for row in rows.values()))
        )
        profiles.fetch(["company_id", "insolvency_date"])
        items = History._items(
            rows,
            {p.id: p.insolvency_date for p in profiles if p.insolvency_date},
        )
        found = {key: Assessment(row, day) for key, row in rows.items()}
        self._put_laws(found, profiles, day)
        for company, mine in profiles.grouped("company_id").items():
            ids = set(mine.ids)
            self._compute(
                [one for one in found.values() if one.row.profile_id in ids],
                items,
                company,
                day,
                set(found if siblings else line_ids),
            )
        if siblings:
            asked = found
        else:
            asked = {key: found[key] for key in line_ids if key in found}
        self._put_settled(asked)
        return asked

    @api.model
    def _put_laws(self, found, profiles, day):
        """The law of the due date of each item.

        The law changes on few days; items that fell due between two of them share it.
        """
        laws = self.env["late.regime"].sudo()._all_engine(True)
        codes = {law.code: key for key, law in laws.items()}
        breaks = set()
        for law in laws.values():
            if law.valid_from:
                breaks.add(law.valid_from)
            if law.valid_until:
                breaks.add(law.valid_until + timedelta(days=1))
        breaks = sorted(breaks)
        by_period, same = defaultdict(list), {}
        for one in found.values():
            by_period[bisect_right(breaks, one.row.due_date)].append(one)
        for position, mine in by_period.items():
            # a day on which that law is in force: its last one, or today
            end = breaks[position : position + 1]
            when = min([day, *(last - timedelta(days=1) for last in end)])
            if position:
                when = max(when, breaks[position - 1])
            chosen = profiles.browse(
                dict.fromkeys(one.row.profile_id for one in mine)
            )._late_laws(when)
            for one in mine:
                law = chosen.get(one.row.profile_id)
                if law is None:
                    continue
                # one object for all that is equal: what a letter told is added up
                before = same.setdefault((one.row.profile_id, law.code), law)
                one.law = before if before == law else law
                one.regime_id = codes.get(law.code, False)

    @api.model
    def _compute(self, found, items, company, day, asked):
        """Have the engine count, the items of one law and currency together.

        A compensation per letter is claimed once, also when the letter told items of
        several currencies: with those in the currency of the law, if there are any.
        """
        Currency = self.env["res.currency"].sudo().with_context(active_test=False)
        currencies = {one.id: one for one in Currency.search([])}
        by_name = {one.name: one for one in currencies.values()}
        series = self.env["late.rate.series"]._to_engine()
        vat_percent = company._late_vat_percent()
        convert = None
        groups = defaultdict(list)
        for one in found:
            if one.law is None:
                continue
            key = (id(one.law), one.row.currency_id)
            rule = one.law.compensation or one.law.contract_compensation
            foreign = bool(rule) and (
                rule.currency != currencies[one.row.currency_id].name
            )
            if foreign:
                # each invoice (or letter) has the exchange rate of its own day
                key = (*key, self._letter_of(one, items) or one.row.invoice)
            groups[foreign, key].append(one)
        told = {}
        for key, mine in sorted(groups.items(), key=lambda group: group[0][0]):
            law, currency = mine[0].law, currencies[mine[0].row.currency_id]
            for one in mine:
                letter = self._letter_of(one, items)
                if letter and told.setdefault(letter, key) != key:
                    items[one.row.id] = replace(items[one.row.id], no_compensation=True)
            rule = law.compensation or law.contract_compensation
            other = by_name.get(rule.currency, currency) if rule else currency
            rate = ONE
            if other != currency:
                convert = convert or self.env["late.history"]._conversions(company)
                late_on = min(one.row.due_date for one in mine) + timedelta(days=1)
                rate = convert(currency.id, other.id, late_on)
            unit = Decimal(str(currency.rounding))
            counts = claim(
                [items[one.row.id] for one in mine],
                law,
                series,
                day,
                convert=rate,
                vat_percent=vat_percent,
                unit=unit,
                compensation_unit=Decimal(str(other.rounding)),
                partial=True,
            )
            by_line = {one.row.id: one for one in mine}
            for counted in counts.items:
                by_line[counted.key].interest = counted
            for charge in counts.charges:
                bearer = next(
                    (key for key in charge.items if key in asked), charge.items[0]
                )
                one = by_line[bearer]
                one.charge = charge
                one.compensation = round_to(charge.amount / rate, unit)

    @api.model
    def _letter_of(self, one, items):
        """Key of the letter whose sums are added for the compensation; None where the
        law has one per invoice.
        """
        rule = one.law.compensation
        per_letter = rule is not None and rule.per is Per.LETTER
        return items[one.row.id].letter if per_letter else None

    @api.model
    def _put_settled(self, found):
        """What was invoiced or waived already, from the memos."""
        by_group = {one.charge.group: one for one in found.values() if one.charge}
        to_decimal = self.env["res.company"]._to_decimal
        for (
            kind,
            line_id,
            move_id,
            letter_id,
            settled,
            forgone,
        ) in self.env.execute_query(
            SQL(
                """
        SELECT kind, move_line_id, move_id, letter_id, invoiced + waived, forgone
          FROM late_charge
         WHERE (move_line_id = ANY(%(lines)s)
                OR (kind = 'compensation'
                    AND (move_id = ANY(%(moves)s) OR letter_id = ANY(%(letters)s))))
           AND (invoiced != 0 OR waived != 0 OR forgone)
                    """,
                lines=list(found),
                moves=list({one.row.move_id for one in found.values()}),
                letters=[key for name, key in by_group if name == "letter"],
            )
        ):
            settled = to_decimal(settled)
            if kind == "interest":
                one = found[line_id]
                one.interest_settled = one.accrued if forgone else settled
            else:
                one = by_group.get(self._group_of(line_id, move_id, letter_id))
                if one:
                    one.compensation_settled = one.compensation if forgone else settled

    @api.model
    def _group_of(self, line_id, move_id, letter_id):
        """What a compensation is due for, as ``engine.compensation`` names it."""
        if letter_id:
            return "letter", letter_id
        return ("line", line_id) if line_id else ("move", move_id)
