"""How long a claim can still be brought before a court.

A reminder or formal notice does not stop the clock (Cass. com. 18 May 2022,
20-23.204). What restarts it is an acknowledgement of the debt by the debtor (C. civ.
2240), a claim in court (2241) or an act of enforcement (2244). After the last day
consumers are not reminded any more (C. conso. L218-2 is of public order).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import Enum

from .days import add_months, add_years
from .regime import Regime

#: months before the last day on which people are warned
WARNINGS = (6, 1)


class Standing(str, Enum):
    """Where a claim stands on a day."""

    OPEN = "open"
    NEAR = "near"  # six months are left, or less
    CLOSE = "close"  # one month is left, or less
    BARRED = "barred"


def last_safe_day(
    regime: Regime,
    due_date: date,
    *,
    delivered: date | None = None,
    interruptions: Iterable[date] = (),
) -> date | None:
    """The last day on which one can safely go to court; None: the regime knows none.

    Due date plus the years of the regime. The claim can be brought from the day after
    the due date, so that some count one day more: the earlier day is the safe one. For
    works and services courts have also counted from their completion: give that day as
    ``delivered``, and the earlier of the two counts.

    France: 5 years between businesses (C. com. L110-4, C. civ. 2224), 2 against
    consumers (C. conso. L218-2). Where the regime counts from the end of the year
    (BGB 199) it is the last day of a year.

    :param delivered: day of delivery or completion, if it is to count.
    :param interruptions: days of acknowledgements, writs and acts of enforcement. Those
        after the last day revive nothing.
    """
    if regime.limitation_years is None:
        return None
    begins = due_date if delivered is None else min(due_date, delivered)
    last = _ends(regime, begins)
    for day in sorted(interruptions):
        if day > last:
            break
        last = max(last, add_years(day, regime.limitation_years))
    return last


def _ends(regime: Regime, begins: date) -> date:
    last = add_years(begins, regime.limitation_years)
    return date(last.year, 12, 31) if regime.limitation_year_end else last


def warning_days(last: date) -> tuple[date, ...]:
    """The days on which to warn: six months and one month before the last day."""
    return tuple(add_months(last, -months) for months in WARNINGS)


def standing(last: date | None, day: date) -> Standing:
    """Where a claim stands on a day; without a last day it is open."""
    if last is None:
        return Standing.OPEN
    if day > last:
        return Standing.BARRED
    far, near = warning_days(last)
    if day >= near:
        return Standing.CLOSE
    return Standing.NEAR if day >= far else Standing.OPEN
