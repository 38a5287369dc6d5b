"""Days of the calendar as the law counts them: months, half-years, working days.

Nothing here knows today; holidays are given by the caller. Where a month has no such
day (29 February, 31 April) the last day of the month is meant (Regulation (EEC)
1182/71 art. 3(2)(c), C. civ. 2229 with CPC 641, BGB 188(3)).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection
from datetime import date, timedelta
from enum import Enum

ONE_DAY = timedelta(days=1)
SATURDAY, SUNDAY = 5, 6


class Weekend(str, Enum):
    """What a due date means that falls on a day on which nobody works."""

    NONE = "none"  # it stays (France: CPC 641-642 are about procedure only)
    SUNDAY = "sunday"  # Sundays and holidays move (C. civ. it. 1187)
    WEEKEND = "weekend"  # Saturdays, too (BGB 193, ABGB 903, CO 78)


def is_working_day(day: date, holidays: Collection[date] = ()) -> bool:
    """Whether the day is one from Monday to Friday and no holiday."""
    return day.weekday() < SATURDAY and day not in holidays


def working_day_after(day: date, number: int, holidays: Collection[date] = ()) -> date:
    """The n-th working day after a day, which does not count itself.

    :param number: 1 is the first working day after it; 0 gives the day itself.
    """
    while number > 0:
        day += ONE_DAY
        number -= is_working_day(day, holidays)
    return day


def moved(day: date, rule: Weekend, holidays: Collection[date] = ()) -> date:
    """The last day to pay in time: the due date, or the first working day behind it.

    A day that does not move under the rule stays, so that a Saturday stays under
    :attr:`Weekend.SUNDAY`; a Sunday then moves to Monday, or behind the holidays.
    """
    if rule is Weekend.NONE:
        return day
    rests = {SUNDAY} if rule is Weekend.SUNDAY else {SATURDAY, SUNDAY}
    if day.weekday() not in rests and day not in holidays:
        return day
    return working_day_after(day, 1, holidays)


def add_months(day: date, months: int) -> date:
    """The same day so many months later (earlier below zero)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_years(day: date, years: int) -> date:
    """The same day so many years later; 28 February for 29 February."""
    return add_months(day, 12 * years)


def half_year(day: date) -> str:
    """The name of the half-year of a day: ``2026-S2``."""
    return f"{day.year}-S{1 if day.month <= 6 else 2}"


def half_year_start(day: date) -> date:
    """1 January or 1 July."""
    return date(day.year, 1 if day.month <= 6 else 7, 1)


def half_years_between(first: date, last: date) -> list[date]:
    """Every 1 January and 1 July after the first day, up to and with the last."""
    found, day = [], add_months(half_year_start(first), 6)
    while day <= last:
        found.append(day)
        day = add_months(day, 6)
    return found
