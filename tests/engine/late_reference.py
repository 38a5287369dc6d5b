"""Interest day by day in fractions: slow, plain, and sharing no code with the engine.

Every day has a morning (credit notes of the day, interest that becomes principal), a
daytime (one day of interest on what is open), and an evening (payments of the day). The
engine in contrast jumps from change to change with decimals. Rates are read from the
shipped file by its own few lines.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "data"
ZERO = Fraction(0)
DAY = timedelta(days=1)


def _read():
    found = {}
    with (DATA / "late_rates.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            day = date.fromisoformat(row["valid_from"])
            found.setdefault(row["series"], []).append((day, Fraction(row["rate"])))
    return {code: sorted(rates) for code, rates in found.items()}


RATES = _read()


def rate(regime, day):
    if regime.contract_rate is not None and not regime.clause_capped:
        return Fraction(regime.contract_rate)
    percent = ZERO
    if regime.series:
        reference = [value for since, value in RATES[regime.series] if since <= day][-1]
        percent = reference * Fraction(regime.multiplier) + Fraction(regime.margin)
        if regime.round_up_to:
            step = Fraction(regime.round_up_to)
            percent = ceil(percent / step) * step
    if regime.contract_rate is not None:
        percent = min(percent, Fraction(regime.contract_rate))
    return max(percent, ZERO)


def to_cents(amount):
    return Fraction(floor(amount * 100 + Fraction(1, 2)), 100)


def is_rest(day, rule, holidays):
    saturday, sunday = day.isoweekday() == 6, day.isoweekday() == 7
    if rule == "none":
        return False
    return sunday or day in holidays or (saturday and rule == "weekend")


def last_day_to_pay(item, regime, holidays):
    """A day of rest becomes the next day on which people work."""
    day = item.due_date
    if is_rest(day, regime.weekend.value, holidays):
        while is_rest(day, "weekend", holidays):
            day += DAY
    return day


def months_later(day, months):
    month = day.month + months
    year, month = day.year + (month - 1) // 12, (month - 1) % 12 + 1
    while True:
        try:
            return date(year, month, day.day)
        except ValueError:
            day -= DAY


def begins(item, regime, holidays):
    late = last_day_to_pay(item, regime, holidays) + DAY
    if item.starts:
        return item.starts
    kind = regime.accrual.value
    waited = item.waiting
    base = {
        "due": late - DAY,
        "notice": item.notice,
        "reminder": min(filter(None, (item.reminder, item.notice)), default=None),
        "delivery": item.delivered,
        "wait_start": waited.first - DAY if waited else None,
        "wait_end": waited.last if waited else None,
    }[kind]
    found = []
    if base:
        base = months_later(base, regime.accrual_months)
        found.append(max(late, base + (regime.accrual_days + 1) * DAY))
    if regime.agreed_day_suffices and item.agreed_day:
        found.append(late)
    return min(found) if found else None


@dataclass
class Book:
    """What stands on an evening."""

    principal: Fraction
    exact: Fraction = ZERO  # interest of all days, not rounded
    into_base: Fraction = ZERO  # of that, what became principal
    base_interest: Fraction = ZERO  # of that, what is still open
    paid_plain: Fraction = ZERO
    paid_base: Fraction = ZERO
    paid_costs: Fraction = ZERO
    days: int = 0
    bases: dict = field(default_factory=dict)

    @property
    def plain(self):
        return to_cents(self.exact) - self.into_base - self.paid_plain


def walk(item, regime, as_of, holidays=(), costs=None):
    """The book of an item on the evening of a day."""
    begin = begins(item, regime, holidays)
    last = as_of if item.stop is None else min(as_of, item.stop - DAY)
    events = [event for event in item.events if event.day <= as_of]
    payments = [event for event in events if event.kind.value == "payment"]
    notes = _notes(events, regime, begin)
    book = Book(max(Fraction(item.amount), ZERO))
    known = [day for day, _ in notes] + [event.day for event in payments]
    day = min([*known, begin or as_of, as_of])
    factors = {}
    while day <= as_of:
        for noted, amount in notes:
            if noted == day:
                book.principal = max(book.principal - amount, ZERO)
        if begin and begin <= day <= last:
            if regime.compounding and day != begin and _anniversary(begin, day):
                _add_to_base(book)
            rate_day = _rate_day(regime, day, begin, last, payments)
            _bear(book, regime, rate_day, _year(regime, day), factors)
        for event in payments:
            if event.day == day:
                _pay(book, regime, event, costs)
        day += DAY
    return book


def _notes(events, regime, begin):
    """The credit notes, each with the morning on which it counts."""
    notes = []
    for event in events:
        if event.kind.value == "credit_note":
            back = event.retroactive
            if back is None:
                back = regime.credit_notes.value == "retroactive"
            day = min(event.day, begin) if back and begin else event.day
            notes.append((day, Fraction(event.amount)))
    return notes


def _bear(book, regime, day, year, factors):
    """One day of interest at the rate of that day."""
    if book.principal > 0:
        if (day, year) not in factors:
            factors[day, year] = rate(regime, day) / (year * 100)
        factor = factors[day, year]
        book.exact += (book.principal + book.base_interest) * factor
        book.days += bool(factor)


def _rate_day(regime, day, begin, last, payments):
    if regime.lock.value == "start":
        return begin
    if regime.lock.value == "payment":
        ahead = [event.day for event in payments if day <= event.day <= last]
        return min(ahead) if ahead else last
    # rates change on the first of a month only
    return day.replace(day=1)


def _year(regime, day):
    if regime.divisor.value == "actual":
        leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
        return 366 if leap else 365
    return int(regime.divisor.value)


def _anniversary(begin, day):
    if (begin.month, begin.day) == (2, 29) and (day + DAY).day == 1:
        return day.month == 2
    return (begin.month, begin.day) == (day.month, day.day)


def _add_to_base(book):
    if book.principal > 0 and book.plain > 0:
        amount = book.plain
        book.into_base += amount
        book.base_interest += amount


def _pay(book, regime, event, costs):
    rest = Fraction(event.amount)
    how = regime.allocation.value
    if how == "costs_first" and costs and costs[1] <= event.day:
        part = min(rest, costs[0] - book.paid_costs)
        book.paid_costs += part
        rest -= part
    if how != "ledger":
        part = min(rest, book.plain)
        book.paid_plain += part
        rest -= part
        part = min(rest, book.base_interest)
        book.base_interest -= part
        book.paid_base += part
        rest -= part
    book.principal -= min(rest, book.principal)


def compensation(rule, amount):
    """A ladder climbed step by step."""
    if rule is None or amount <= 0:
        return ZERO
    lower, found = ZERO, None
    for band in rule.bands:
        upper = None if band.up_to is None else Fraction(band.up_to)
        above = amount > lower or (not rule.inclusive and amount == lower)
        if lower == 0 or above:
            found = (
                Fraction(band.amount) + (amount - lower) * Fraction(band.percent) / 100
            )
        lower = upper
        if upper is None:
            break
    found = max(found, Fraction(rule.minimum))
    if rule.maximum is not None:
        found = min(found, Fraction(rule.maximum))
    return to_cents(found)
