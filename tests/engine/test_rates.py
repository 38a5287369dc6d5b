from datetime import date, timedelta
from decimal import Decimal

import pytest

from engine.rates import Period, Rate, RateMissing, Series


def _series(period, *days):
    rates = (
        Rate(date.fromisoformat(day), Decimal(number))
        for number, day in enumerate(days, 1)
    )
    return Series("S", period, tuple(rates))


HALF = _series(Period.HALF_YEAR, "2025-07-01", "2025-01-01", "2026-01-01")


@pytest.mark.parametrize(
    ("day", "value"),
    [
        ("2025-01-01", 2),
        ("2025-06-30", 2),
        ("2025-07-01", 1),
        ("2026-06-30", 3),
    ],
)
def test_rate_of_a_day(day, value):
    assert HALF.on(date.fromisoformat(day)).value == value


@pytest.mark.parametrize(
    ("day", "period", "first"),
    [
        ("2026-07-01", "2026-S2", "2026-07-01"),
        ("2026-12-31", "2026-S2", "2026-07-01"),
        ("2027-01-15", "2027-S1", "2027-01-01"),
        ("2024-12-31", "2024-S2", "2024-07-01"),
    ],
)
def test_half_year_without_a_rate_is_named(day, period, first):
    with pytest.raises(RateMissing) as caught:
        HALF.on(date.fromisoformat(day))
    error = caught.value
    assert (error.series, error.period) == ("S", period)
    assert error.first == date.fromisoformat(first)
    assert str(error) == f"S has no rate for {period}"


def test_gap_is_not_bridged():
    series = _series(Period.HALF_YEAR, "2025-01-01", "2026-01-01")
    with pytest.raises(RateMissing, match="2025-S2"):
        series.on(date(2025, 8, 1))
    assert series.on(date(2026, 1, 1)).value == 2
    assert series.known_until(date(2025, 3, 1)) == date(2025, 6, 30)
    assert series.known_until(date(2025, 8, 1)) == date(2025, 7, 31)
    assert series.known_until(date(2026, 3, 1)) == date(2026, 6, 30)
    assert series.missing(date(2025, 3, 1), date(2026, 9, 1)) == ("2025-S2", "2026-S2")


def test_yearly_rates():
    series = _series(Period.YEAR, "2025-01-01", "2025-07-01", "2026-01-01")
    assert series.on(date(2025, 6, 30)).value == 1
    assert series.on(date(2025, 12, 31)).value == 2
    assert series.on(date(2026, 12, 31)).value == 3
    with pytest.raises(RateMissing, match="S has no rate for 2027"):
        series.on(date(2027, 1, 1))
    assert series.known_until(date(2025, 1, 1)) == date(2026, 12, 31)


def test_rate_of_a_statute_holds_until_it_is_changed():
    series = _series(Period.STANDING, "2016-01-01", "2030-01-01")
    assert series.on(date(2029, 12, 31)).value == 1
    assert series.on(date(2080, 1, 1)).value == 2
    assert series.known_until(date(2020, 1, 1)) is None
    assert series.breaks(date(2020, 1, 1), date(2040, 1, 1)) == [date(2030, 1, 1)]
    with pytest.raises(RateMissing, match="2015-12-31"):
        series.on(date(2015, 12, 31))
    assert series.known_until(date(2015, 12, 31)) == date(2015, 12, 30)


def test_series_without_rates():
    for period in Period:
        series = Series("S", period)
        day = date(2026, 5, 5)
        with pytest.raises(RateMissing):
            series.on(day)
        assert series.known_until(day) == day - timedelta(1)


def test_two_rates_for_one_day():
    with pytest.raises(ValueError, match="S has two rates for one day"):
        _series(Period.YEAR, "2025-01-01", "2025-01-01")
