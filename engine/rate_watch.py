"""Which reference rates must be entered, and by when.

A half-year (or year) whose rate nobody has entered bears no interest here (see
:mod:`engine.rates`), so people are told: at once when it is the running one, and two
weeks before the next one begins. Banks and ministries publish in those weeks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from .rates import RateMissing, Rates
from .regime import Clause, Regime, series_of

#: days before a half-year begins, from which its missing rate is announced
AHEAD = 14


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """A time without a rate.

    :param first: day from which nothing can be computed.
    :param period: ``2027-S1`` or ``2027``.
    :param running: whether that time has begun; else it is about to.
    """

    first: date
    series: str
    period: str
    running: bool


def series_needed(regime: Regime) -> frozenset[str]:
    """The reference rates without which a regime cannot be applied.

    Where a clause is required, also the one its contract rates are checked against.
    """
    found = set()
    if regime.series and regime.fixed_rate is None:
        found.add(regime.series)
    if regime.floor_series and regime.clause is Clause.REQUIRED:
        found.add(regime.floor_series)
    return frozenset(found)


def gaps(
    codes: Iterable[str], rates: Rates, today: date, ahead: int = AHEAD
) -> tuple[Gap, ...]:
    """What is missing today or will be within so many days, the oldest first.

    A time that has passed is not asked for: who still computes in it is told there.
    """
    found = set()
    last = today + timedelta(days=ahead)
    for code in codes:
        days = [today]
        if code in rates:
            days += rates[code].breaks(today, last)
        for day in days:
            try:
                series_of(code, rates, day).on(day)
            except RateMissing as error:
                found.add(Gap(error.first, code, error.period, error.first <= today))
    return tuple(sorted(found))
