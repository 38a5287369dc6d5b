"""The day proposed for the next contact after a call."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calls import LONGEST_BREAK, CallOutcome, next_contact

FRIDAY = date(2025, 3, 7)
MONDAY = date(2025, 3, 10)


def weekdays(day):
    return day.weekday() < 5


@pytest.mark.parametrize(
    ("outcome", "day", "promised", "expected"),
    [
        ("no_answer", MONDAY, None, date(2025, 3, 11)),
        ("no_answer", FRIDAY, None, MONDAY),
        ("wrong_contact", MONDAY, None, date(2025, 3, 11)),
        ("other", MONDAY, None, date(2025, 3, 17)),
        ("disputed", date(2025, 3, 8), None, MONDAY + timedelta(days=7)),
        ("copy", MONDAY, None, date(2025, 3, 17)),
        ("promised", MONDAY, date(2025, 3, 12), date(2025, 3, 13)),
        ("promised", MONDAY, FRIDAY + timedelta(days=7), date(2025, 3, 17)),
        ("promised", MONDAY, None, date(2025, 3, 11)),
        ("promised", MONDAY, date(2025, 3, 1), date(2025, 3, 11)),
        ("no_answer", MONDAY, date(2025, 4, 1), date(2025, 3, 11)),
    ],
)
def test_next_contact(outcome, day, promised, expected):
    assert next_contact(CallOutcome(outcome), day, weekdays, promised) == expected


def test_a_company_that_never_works_calls_back_all_the_same():
    proposed = next_contact(CallOutcome.NO_ANSWER, MONDAY, lambda day: False)
    assert proposed == date(2025, 3, 11)


@given(
    st.sampled_from(CallOutcome),
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 60),
    st.sets(st.integers(0, 6), max_size=6),
)
def test_always_later_and_on_a_working_day(outcome, day, promise, off):
    def works(other):
        return other.weekday() not in off

    promised = day + timedelta(days=promise)
    proposed = next_contact(outcome, day, works, promised)
    assert proposed > day
    assert works(proposed)
    if outcome is CallOutcome.PROMISED:
        assert proposed > promised
    assert proposed <= promised + timedelta(days=LONGEST_BREAK + 8)
