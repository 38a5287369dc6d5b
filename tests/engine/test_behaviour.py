"""Average days late: weights, window, rounding."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.behaviour import Paid, average_days_late, window_start
from strategies import TODAY, amounts, days_around


def paid(late: int, amount="100", ago: int = 10) -> Paid:
    on = TODAY - timedelta(days=ago)
    return Paid(on - timedelta(days=late), on, Decimal(amount))


@pytest.mark.parametrize(
    ("payments", "average"),
    [
        ([], None),
        ([paid(10)], 10),
        ([paid(-3)], -3),
        ([paid(0)], 0),
        ([paid(10), paid(20)], 15),
        ([paid(0, "900"), paid(30, "100")], 3),
        ([paid(0), paid(1)], 1),
        ([paid(0), paid(-1)], -1),
        ([paid(10, "0")], None),
        ([paid(10, ago=-1)], None),
    ],
    ids=[
        "nothing",
        "late",
        "early",
        "on the day",
        "mean",
        "weighted",
        "half up",
        "half down",
        "no amount",
        "dated in the future",
    ],
)
def test_average(payments, average):
    assert average_days_late(payments, TODAY) == average


def test_only_the_last_year_counts():
    first = window_start(TODAY)
    edge = Paid(first - timedelta(days=5), first, Decimal(1))
    before = Paid(first - timedelta(days=90), first - timedelta(days=1), Decimal(99))
    assert average_days_late([edge, before], TODAY) == 5
    assert average_days_late([before], TODAY) is None


def test_leap_day():
    assert window_start(date(2024, 2, 29)) == date(2023, 2, 28)
    assert window_start(date(2025, 2, 28)) == date(2024, 2, 28)


payments = st.lists(
    st.builds(Paid, days_around(), days_around(before=30, after=0), amounts(1)),
    min_size=1,
    max_size=6,
)


@given(payments)
def test_between_the_extremes_and_blind_to_order(some):
    average = average_days_late(some, TODAY)
    late = [p.days_late for p in some]
    assert min(late) <= average <= max(late)
    assert average == average_days_late(reversed(some), TODAY)


@given(payments, st.integers(2, 9))
def test_paying_in_parts_changes_nothing(some, parts):
    whole = [Paid(p.due_date, p.paid_on, p.amount * parts) for p in some]
    assert average_days_late(some * parts, TODAY) == average_days_late(whole, TODAY)
