from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.limitation import Standing, last_safe_day, standing, warning_days
from lawcases import shipped

LAW = shipped()
BUSINESS, CONSUMER = LAW.regimes["FR_B2B"], LAW.regimes["FR_B2C"]


def day(text):
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("code", "due", "last"),
    [
        ("FR_B2B", "2021-04-01", "2026-04-01"),
        ("FR_B2B", "2024-02-29", "2029-02-28"),
        ("FR_B2C", "2022-02-28", "2024-02-28"),
        # the German and the French public one end with a year
        ("DE_B2B", "2023-01-01", "2026-12-31"),
        ("DE_B2B", "2023-12-31", "2026-12-31"),
        ("FR_PUBLIC", "2023-06-30", "2027-12-31"),
    ],
)
def test_last_safe_day(code, due, last):
    assert last_safe_day(LAW.regimes[code], day(due)) == day(last)


def test_regime_that_knows_none():
    assert last_safe_day(LAW.regimes["LU_B2C"], day("2020-01-01")) is None
    assert standing(None, day("2099-01-01")) is Standing.OPEN


def test_the_earlier_of_two_days_is_the_safe_one():
    due = day("2024-06-30")
    assert last_safe_day(CONSUMER, due, delivered=day("2024-05-31")) == day(
        "2026-05-31"
    )
    assert last_safe_day(CONSUMER, due, delivered=day("2024-08-31")) == day(
        "2026-06-30"
    )


def test_acknowledgement_begins_it_again():
    due = day("2024-06-30")
    assert last_safe_day(CONSUMER, due, interruptions=[day("2025-03-10")]) == day(
        "2027-03-10"
    )
    # one on the last day counts, one after it revives nothing
    assert last_safe_day(CONSUMER, due, interruptions=[day("2026-06-30")]) == day(
        "2028-06-30"
    )
    assert last_safe_day(CONSUMER, due, interruptions=[day("2026-07-01")]) == day(
        "2026-06-30"
    )
    # each within the time of the one before, in whatever order
    several = [day("2028-01-01"), day("2026-02-01")]
    assert last_safe_day(CONSUMER, due, interruptions=several) == day("2030-01-01")


def test_one_before_the_due_date_shortens_nothing():
    due = day("2024-06-30")
    assert last_safe_day(CONSUMER, due, interruptions=[day("2024-01-01")]) == day(
        "2026-06-30"
    )


@pytest.mark.parametrize(
    ("today", "where"),
    [
        ("2025-12-29", Standing.OPEN),
        ("2025-12-30", Standing.NEAR),
        ("2026-05-29", Standing.NEAR),
        ("2026-05-30", Standing.CLOSE),
        ("2026-06-30", Standing.CLOSE),
        ("2026-07-01", Standing.BARRED),
    ],
)
def test_standing(today, where):
    last = day("2026-06-30")
    assert warning_days(last) == (day("2025-12-30"), day("2026-05-30"))
    assert standing(last, day(today)) is where


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.integers(0, 4000))
def test_a_later_due_date_never_ends_earlier(due, later):
    after = date.fromordinal(due.toordinal() + later)
    for regime in LAW.regimes.values():
        if regime.limitation_years is not None:
            assert last_safe_day(regime, due) <= last_safe_day(regime, after)
            assert last_safe_day(regime, due) > due
