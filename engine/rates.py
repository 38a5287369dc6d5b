"""Reference rates: dated values, and a plain word where one is missing.

A series says how long a value is good for. The rate of a half-year must have been
published for that half-year (C. com. L441-10 II, Directive 2011/7/EU art. 2(7) and
3(3)); that of the half-year before is never taken instead: :class:`RateMissing` names
the series and what is missing. Rates are percent per year.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum

from .days import ONE_DAY, half_year, half_year_start, half_years_between


class Period(str, Enum):
    """How long a value holds without a new one being published."""

    HALF_YEAR = "half_year"
    YEAR = "year"
    STANDING = "standing"  # written into a statute: until it is changed


class Status(str, Enum):
    """How sure a value is."""

    CONFIRMED = "yes"  # read in a source
    DERIVED = "derived"  # worked out from a confirmed value by the rule of the law
    UNCONFIRMED = "no"  # from memory: look it up before claiming it


class RateMissing(Exception):
    """A series has no value for a day.

    :ivar series: code of the series.
    :ivar period: what has none: ``2027-S1``, ``2027``, or the day before which the
        series knows nothing.
    :ivar day: the day that was asked for.
    :ivar first: first day of that period, from which nothing can be computed.
    """

    def __init__(self, series: str, period: str, day: date, first: date):
        super().__init__(f"{series} has no rate for {period}")
        self.series = series
        self.period = period
        self.day = day
        self.first = first


@dataclass(frozen=True, slots=True)
class Rate:
    """One value: percent per year from a day on."""

    valid_from: date
    value: Decimal
    status: Status = Status.CONFIRMED
    source: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one reference rate, in any order.

    :param name: for people, in English.
    """

    code: str
    period: Period
    rates: tuple[Rate, ...] = ()
    name: str = ""
    country: str = ""
    _days: tuple[date, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        rates = tuple(sorted(self.rates, key=lambda rate: rate.valid_from))
        days = tuple(rate.valid_from for rate in rates)
        if len(set(days)) < len(days):
            raise ValueError(f"{self.code} has two rates for one day")
        object.__setattr__(self, "rates", rates)
        object.__setattr__(self, "_days", days)

    def on(self, day: date) -> Rate:
        """The rate of a day.

        The last value whose validity began on that day or before, if it was published
        for the half-year (or year) of that day.

        :raise RateMissing: where there is none.
        """
        position = bisect_right(self._days, day)
        start = self._period_start(day)
        if not position or (start and self._days[position - 1] < start):
            raise RateMissing(self.code, self._period_name(day), day, start or day)
        return self.rates[position - 1]

    def breaks(self, first: date, last: date) -> list[date]:
        """Days after the first, up to the last, on which the rate may change."""
        days = {day for day in self._days if first < day <= last}
        if self.period is not Period.STANDING:
            days.update(half_years_between(first, last))
        return sorted(days)

    def missing(self, first: date, last: date) -> tuple[str, ...]:
        """The periods between two days for which there is no rate."""
        names = []
        for day in [first, *self.breaks(first, last)]:
            try:
                self.on(day)
            except RateMissing as error:
                if error.period not in names:
                    names.append(error.period)
        return tuple(names)

    def known_until(self, first: date) -> date | None:
        """The last day up to which every day from the first has a rate.

        :return: the day before the first when already that has none; None when the
            rate holds until it is changed.
        """
        if self.period is Period.STANDING and self._days and self._days[0] <= first:
            return None
        if not self._days:
            return first - ONE_DAY
        end = max(self._days[-1], first) + timedelta(days=400)
        for day in [first, *self.breaks(first, end)]:
            try:
                self.on(day)
            except RateMissing:
                return day - ONE_DAY
        raise AssertionError("a period ends within 400 days")

    def _period_start(self, day: date) -> date | None:
        if self.period is Period.HALF_YEAR:
            return half_year_start(day)
        return date(day.year, 1, 1) if self.period is Period.YEAR else None

    def _period_name(self, day: date) -> str:
        if self.period is Period.HALF_YEAR:
            return half_year(day)
        return str(day.year) if self.period is Period.YEAR else day.isoformat()


#: all series by their code
Rates = Mapping[str, Series]
