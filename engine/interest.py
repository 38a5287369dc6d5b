"""Interest on a claim that is paid late, segment by segment.

How days are counted (C. com. L441-10 II; Service-Public for the divisor):

* the due date is the last day to pay in time, so interest begins on the day after it;
  the day of payment still bears interest on the old balance. From 31 January to
  16 March are 44 days;
* a payment counts from its value date, when the money is at the creditor's disposal
  (C. com. L441-9), a credit note from its own day on or as if it had always been there;
* what bears interest is the open amount including VAT (CJEU C-585/20): never a
  compensation, and never interest unless the regime compounds;
* every day bears the rate of its half-year, or the one locked at the start.

Nothing is rounded on the way. The sum is rounded once, half up, and the lines are made
to add up to it; or every line is rounded and the sum is theirs. Both ways the sum
printed is the sum of the lines printed. Amounts are in the currency of the item, rates
in percent per year.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

from .days import ONE_DAY, add_years
from .late_item import Event, EventKind, Item, effective_from, first_day
from .rates import RateMissing, Rates, Status
from .regime import (
    CENT,
    EXACT,
    ZERO,
    Allocation,
    Applied,
    Divisor,
    RateLock,
    Regime,
    Rounding,
    rate_breaks,
    rate_on,
)

#: a number of which 100 times every divisor is a divisor: sums of segments are exact
SCALE = Decimal(160_308_000)


@dataclass(frozen=True, slots=True)
class Segment:
    """Days in a row with the same base and rate.

    :param amount: as printed. The amounts of the segments add up to the total.
    :param status: how sure the rate is.
    """

    first: date
    last: date
    base: Decimal
    rate: Decimal
    divisor: int
    amount: Decimal
    status: Status = Status.CONFIRMED

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def exact(self) -> Decimal:
        """Base times rate times days, before rounding."""
        with localcontext(EXACT):
            return self.base * self.rate * self.days / (self.divisor * 100)

    def rounded(self, unit: Decimal = CENT) -> Decimal:
        """The segment rounded on its own, as a line of a letter."""
        return round_to(self.exact, unit)


@dataclass(frozen=True, slots=True)
class Allocated:
    """What one payment was counted against.

    :param left_over: what was paid beyond all that was owed.
    """

    day: date
    amount: Decimal
    costs: Decimal
    interest: Decimal
    principal: Decimal
    principal_left: Decimal
    left_over: Decimal


@dataclass(frozen=True, slots=True)
class Costs:
    """A compensation that payments are counted against first, from a day on."""

    amount: Decimal
    since: date


@dataclass(frozen=True, slots=True)
class Interest:
    """The interest of one item up to a day.

    :param first: first day that bears interest; None when none ever will.
    :param until: last day that was counted.
    :param total: the sum of the segments' amounts.
    :param taken: how much of it payments were counted against.
    :param costs_taken: the same for the compensation.
    :param principal: open on the day after.
    :param daily: what each further day costs at the rate and balance of the day after
        (at the last known rate where that day's is not known), not rounded.
    :param capitalised: interest that bears interest itself, by the day from which it
        does; at the latest the day after.
    :param missing: the rate that was missing, if the count had to end before the day
        asked for; the count then ends on the last day with a rate.
    """

    key: object
    first: date | None
    until: date
    segments: tuple[Segment, ...]
    total: Decimal
    taken: Decimal
    costs_taken: Decimal
    principal: Decimal
    daily: Decimal
    allocations: tuple[Allocated, ...] = ()
    capitalised: tuple[tuple[date, Decimal], ...] = ()
    missing: RateMissing | None = None

    @property
    def days(self) -> int:
        """Days that bore interest."""
        return sum(segment.days for segment in self.segments)

    @property
    def exact(self) -> Decimal:
        """The sum of the segments before rounding."""
        with localcontext(EXACT):
            units = sum((_units(segment) for segment in self.segments), ZERO)
            return units / SCALE

    @property
    def open(self) -> Decimal:
        """Interest that no payment was counted against."""
        return self.total - self.taken

    @property
    def status(self) -> Status:
        """How sure the least sure of its rates is."""
        found = {segment.status for segment in self.segments}
        return next(
            (status for status in _LEAST_SURE_FIRST if status in found),
            Status.CONFIRMED,
        )


_LEAST_SURE_FIRST = (Status.UNCONFIRMED, Status.DERIVED, Status.CONFIRMED)


def round_to(amount: Decimal, unit: Decimal = CENT) -> Decimal:
    """Half up to a multiple of the unit (0.01 EUR, 0.05 CHF, 1 JPY).

    No law says how; Regulation (EC) 1103/97 art. 5 rounds sums to be paid half up.
    """
    with localcontext(EXACT):
        return (amount / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit


def interest(
    item: Item,
    regime: Regime,
    rates: Rates,
    as_of: date,
    *,
    since: date | None = None,
    unit: Decimal = CENT,
    holidays: Collection[date] = (),
    costs: Costs | None = None,
    partial: bool = False,
) -> Interest:
    """The interest of an item up to and with a day.

    What is dated after that day is not looked at. C. com. L441-10 II, BGB 288,
    law of 2 August 2002 (BE), Late Payment of Commercial Debts (Interest) Act 1998, and
    what else the regime stands for.

    :param since: only days from this one on, counted as the difference of what stood
        before: adjoining periods add up to the cent when items are rounded as a whole.
    :param unit: smallest unit of the item's currency.
    :param holidays: days that are no working days besides weekends, for due dates.
    :param costs: compensation that payments are counted against first, with
        :attr:`Allocation.COSTS_FIRST`.
    :param partial: whether to count up to the last day that has a rate and say so in
        ``missing``, instead of raising.
    :raise RateMissing: when a day that bears interest has no rate.
    """
    begin = first_day(item, regime, holidays)
    last = as_of
    if item.stop is not None:
        last = min(last, item.stop - ONE_DAY)
    missing = None
    while True:
        count = _Count(item, regime, rates, as_of, unit, costs)
        try:
            with localcontext(EXACT):
                count.run(begin, last, since)
                return count.result(begin, last, since, missing)
        except RateMissing as error:
            if not partial:
                raise
            # nothing from that half-year on; days before it keep their rates
            last, missing = min(error.first, last) - ONE_DAY, missing or error


# --- the count ------------------------------------------------------------------------


class _Count:
    """One walk through the history of an item, from change to change."""

    def __init__(self, item, regime, rates, as_of, unit, costs):
        self.item = item
        self.regime = regime
        self.rates = rates
        self.as_of = as_of
        self.unit = unit
        self.principal = max(item.amount, ZERO)
        self.in_base = ZERO  # interest that bears interest
        self.costs = costs if regime.allocation is Allocation.COSTS_FIRST else None
        self.costs_taken = ZERO
        self.taken = ZERO
        self.capital_taken = ZERO
        self.capitalised = []
        self.lines = []  # segments; their amounts come at the end
        self.cut_at = set()
        self.allocations = []
        self.begin = None
        self.last = None

    @property
    def base(self) -> Decimal:
        # without principal nothing runs, so that who has paid it is not followed by
        # interest on interest for ever
        return self.principal + self.in_base if self.principal > ZERO else ZERO

    @property
    def accrued(self) -> Decimal:
        """All interest so far, as it would be printed."""
        return sum(self._printed(self.lines), ZERO)

    def run(self, begin: date | None, last: date, since: date | None) -> None:
        self.begin, self.last = begin, last
        events = self._events(begin)
        if begin is None or begin > last:
            for _, event in events:
                self._apply(event)
            return
        for effective, event in events:
            if effective <= begin:
                self._apply(event)
        later = [(day, event) for day, event in events if day > begin]
        cursor = begin
        for day in self._changes(begin, last, since, later):
            self._accrue(cursor, day - ONE_DAY, later)
            for effective, event in later:
                if effective == day:
                    self._apply(event)
            self._capitalise(day)
            cursor = day
        for effective, event in later:
            if effective > last + ONE_DAY:
                self._apply(event)

    def _events(self, begin: date | None) -> list[tuple[date, Event]]:
        """What is known on the day, each with the first day it lowers the base."""
        known = [event for event in self.item.events if event.day <= self.as_of]
        dated = [(effective_from(event, self.regime, begin), event) for event in known]
        # the sort is stable: what comes first on a day is counted first
        return sorted(dated, key=lambda pair: (pair[0], pair[1].day))

    def _changes(self, begin, last, since, events) -> list[date]:
        """Days after the first on which something changes, and the one after all."""
        end = last + ONE_DAY
        days = {end}
        days.update(day for day, _ in events if begin < day <= end)
        if self.regime.lock is RateLock.PERIOD:
            days.update(rate_breaks(self.regime, self.rates, begin, last))
        if self.regime.divisor is Divisor.ACTUAL:
            years = range(begin.year + 1, end.year + 1)
            days.update(date(year, 1, 1) for year in years)
        if self.regime.compounding:
            years = range(1, end.year - begin.year + 1)
            days.update(add_years(begin, number) for number in years)
        if since is not None and begin < since <= last:
            days.add(since)
            self.cut_at.add(since)
        return sorted(day for day in days if begin < day <= end)

    def _accrue(self, first: date, last: date, events) -> None:
        if self.base <= ZERO:
            return
        rate = self._rate(first, events)
        if rate.percent <= ZERO:
            return
        line = Segment(
            first,
            last,
            self.base,
            rate.percent,
            self._divisor(first),
            ZERO,
            rate.status,
        )
        if self.lines and self._continues(self.lines[-1], line):
            self.lines[-1] = _joined(self.lines[-1], line)
        else:
            self.lines.append(line)

    def _rate(self, day: date, events) -> Applied:
        if self.regime.lock is RateLock.START:
            day = self.begin
        elif self.regime.lock is RateLock.PAYMENT:
            # Ireland: the rate in force on the day of payment, for what led up to it
            days = [
                event.day
                for _, event in events
                if event.kind is EventKind.PAYMENT and day <= event.day <= self.last
            ]
            day = min(days, default=self.last)
        return rate_on(self.regime, self.rates, day)

    def _divisor(self, day: date) -> int:
        if self.regime.divisor is Divisor.ACTUAL:
            return (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days
        return int(self.regime.divisor.value)

    def _continues(self, line: Segment, other: Segment) -> bool:
        return (
            line.last + ONE_DAY == other.first
            and other.first not in self.cut_at
            and (line.base, line.rate, line.divisor)
            == (other.base, other.rate, other.divisor)
        )

    def _apply(self, event: Event) -> None:
        if event.kind is EventKind.CREDIT_NOTE:
            self.principal = max(self.principal - event.amount, ZERO)
            return
        rest = event.amount
        to_costs = to_interest = ZERO
        if self.costs and self.costs.since <= event.day:
            to_costs = min(rest, self.costs.amount - self.costs_taken)
            self.costs_taken += to_costs
            rest -= to_costs
        if self.regime.allocation is not Allocation.LEDGER:
            to_interest = self._take_interest(rest)
            rest -= to_interest
            self._cut_after(event)
        to_principal = min(rest, self.principal)
        self.principal -= to_principal
        self.allocations.append(
            Allocated(
                day=event.day,
                amount=event.amount,
                costs=to_costs,
                interest=to_interest,
                principal=to_principal,
                principal_left=self.principal,
                left_over=rest - to_principal,
            )
        )

    def _take_interest(self, rest: Decimal) -> Decimal:
        """Count a payment against interest: first what bears none itself."""
        moved_to_base = sum((amount for _, amount in self.capitalised), ZERO)
        plain = self.accrued - moved_to_base - (self.taken - self.capital_taken)
        from_plain = min(rest, max(plain, ZERO))
        from_base = min(rest - from_plain, self.in_base)
        self.in_base -= from_base
        self.capital_taken += from_base
        self.taken += from_plain + from_base
        return from_plain + from_base

    def _cut_after(self, event: Event) -> None:
        # what a payment was counted against is a rounded line that must not grow
        if self.regime.rounding is Rounding.LINE:
            self.cut_at.add(event.day + ONE_DAY)

    def _capitalise(self, day: date) -> None:
        if not self.regime.compounding or self.principal <= ZERO:
            return
        years = day.year - self.begin.year
        if years < 1 or add_years(self.begin, years) != day:
            return
        moved_to_base = sum((amount for _, amount in self.capitalised), ZERO)
        plain = self.accrued - moved_to_base - (self.taken - self.capital_taken)
        if plain > ZERO:
            self.capitalised.append((day, plain))
            self.in_base += plain

    # --- what comes out ---------------------------------------------------------------

    def _printed(self, lines: list[Segment]) -> list[Decimal]:
        """The amounts of the lines, which add up to the sum.

        Rounded as a whole, every line is the difference of the rounded sums behind and
        before it, so that it is at most one unit away from what it would be alone.
        """
        if self.regime.rounding is Rounding.LINE:
            return [line.rounded(self.unit) for line in lines]
        amounts, units, before = [], ZERO, ZERO
        for line in lines:
            units += _units(line)
            now = round_to(units / SCALE, self.unit)
            amounts.append(now - before)
            before = now
        return amounts

    def result(self, begin, last, since, missing) -> Interest:
        amounts = self._printed(self.lines)
        segments = tuple(
            _with_amount(line, amount)
            for line, amount in zip(self.lines, amounts, strict=True)
            if since is None or line.first >= since
        )
        allocations = tuple(
            allocated
            for allocated in self.allocations
            if since is None or allocated.day >= since
        )
        return Interest(
            key=self.item.key,
            first=begin,
            until=last,
            segments=segments,
            total=sum((segment.amount for segment in segments), ZERO),
            taken=sum((allocated.interest for allocated in allocations), ZERO),
            costs_taken=sum((allocated.costs for allocated in allocations), ZERO),
            principal=self.principal,
            daily=self._daily(begin),
            allocations=allocations,
            capitalised=tuple(
                (day, amount)
                for day, amount in self.capitalised
                if since is None or day >= since
            ),
            missing=missing,
        )

    def _daily(self, begin: date | None) -> Decimal:
        """What the day after the statement, and each one behind it, costs."""
        day = self.as_of + ONE_DAY
        stopped = self.item.stop is not None and self.item.stop <= day
        if begin is None or begin > day or stopped or self.base <= ZERO:
            return ZERO
        try:
            percent = self._rate_tomorrow(day)
        except RateMissing:
            if not self.lines:
                return ZERO
            percent = self.lines[-1].rate
        return self.base * percent / (self._divisor(day) * 100)

    def _rate_tomorrow(self, day: date) -> Decimal:
        if self.regime.lock is RateLock.START:
            day = self.begin
        return rate_on(self.regime, self.rates, day).percent


def _units(line: Segment) -> Decimal:
    """The exact interest of a segment times :data:`SCALE`, without a remainder."""
    with localcontext(EXACT):
        factor = SCALE / (line.divisor * 100)
        return line.base * line.rate * line.days * factor


def _joined(line: Segment, other: Segment) -> Segment:
    worst = min(line.status, other.status, key=_LEAST_SURE_FIRST.index)
    return Segment(
        line.first, other.last, line.base, line.rate, line.divisor, ZERO, worst
    )


def _with_amount(line: Segment, amount: Decimal) -> Segment:
    return Segment(
        line.first,
        line.last,
        line.base,
        line.rate,
        line.divisor,
        amount,
        line.status,
    )
