from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.days import (
    Weekend,
    add_months,
    add_years,
    half_year,
    half_year_start,
    half_years_between,
    is_working_day,
    moved,
    working_day_after,
)

FRIDAY = date(2026, 5, 29)
SATURDAY = date(2026, 5, 30)
SUNDAY = date(2026, 5, 31)
MONDAY = date(2026, 6, 1)
TUESDAY = date(2026, 6, 2)
days = st.dates(date(2000, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("day", "rule", "holidays", "last"),
    [
        (FRIDAY, Weekend.WEEKEND, (), FRIDAY),
        (SATURDAY, Weekend.NONE, (), SATURDAY),
        (SATURDAY, Weekend.SUNDAY, (), SATURDAY),
        (SATURDAY, Weekend.WEEKEND, (), MONDAY),
        (SUNDAY, Weekend.NONE, (), SUNDAY),
        (SUNDAY, Weekend.SUNDAY, (), MONDAY),
        (SUNDAY, Weekend.WEEKEND, {MONDAY}, TUESDAY),
        # a holiday is no better than a Sunday, except where nothing moves
        (FRIDAY, Weekend.SUNDAY, {FRIDAY}, MONDAY),
        (FRIDAY, Weekend.NONE, {FRIDAY}, FRIDAY),
        (SATURDAY, Weekend.SUNDAY, {SATURDAY}, MONDAY),
    ],
)
def test_due_date_on_a_day_of_rest(day, rule, holidays, last):
    assert moved(day, rule, holidays) == last


def test_working_days():
    assert working_day_after(FRIDAY, 0) == FRIDAY
    assert working_day_after(FRIDAY, 1) == MONDAY
    assert working_day_after(FRIDAY, 1, {MONDAY}) == TUESDAY
    assert working_day_after(SATURDAY, 3) == date(2026, 6, 3)
    assert not is_working_day(SUNDAY)
    assert not is_working_day(MONDAY, {MONDAY})


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 5, 5), 0, date(2026, 5, 5)),
    ],
)
def test_months(day, months, later):
    assert add_months(day, months) == later


def test_years():
    assert add_years(date(2024, 2, 29), 1) == date(2025, 2, 28)
    assert add_years(date(2024, 2, 29), 4) == date(2028, 2, 29)


def test_half_years():
    assert half_year(date(2026, 6, 30)) == "2026-S1"
    assert half_year(date(2026, 7, 1)) == "2026-S2"
    assert half_year_start(date(2026, 6, 30)) == date(2026, 1, 1)
    first, last = date(2025, 12, 31), date(2027, 1, 1)
    expected = [date(2026, 1, 1), date(2026, 7, 1), date(2027, 1, 1)]
    assert half_years_between(first, last) == expected
    assert half_years_between(date(2026, 1, 1), date(2026, 6, 30)) == []


@given(days, st.integers(0, 40))
def test_half_years_between_are_those_that_begin(first, months):
    last = add_months(first, months)
    every = (first + timedelta(n) for n in range(1, (last - first).days + 1))
    starts = [day for day in every if day.day == 1 and day.month in (1, 7)]
    assert half_years_between(first, last) == starts


@given(days, st.sampled_from(Weekend), st.sets(days, max_size=3))
def test_a_due_date_moves_little_and_never_back(day, rule, holidays):
    last = moved(day, rule, holidays)
    assert day <= last <= day + timedelta(8)
    assert last == day or is_working_day(last, holidays)
    assert moved(last, rule, holidays) == last
