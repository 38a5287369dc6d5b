from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rate_watch import AHEAD, Gap, gaps, series_needed
from engine.rates import Period, Rate, Series
from lawcases import shipped

LAW = shipped()
S1 = date(2027, 1, 1)
ECB = LAW.series["EU_ECB"]
RATES = LAW.series


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 22), ()),
        (S1 - timedelta(AHEAD + 1), ()),
        (S1 - timedelta(AHEAD), (Gap(S1, "EU_ECB", "2027-S1", False),)),
        (S1 - timedelta(1), (Gap(S1, "EU_ECB", "2027-S1", False),)),
        (S1, (Gap(S1, "EU_ECB", "2027-S1", True),)),
        (date(2027, 6, 1), (Gap(S1, "EU_ECB", "2027-S1", True),)),
        (
            date(2027, 6, 20),
            (
                Gap(S1, "EU_ECB", "2027-S1", True),
                Gap(date(2027, 7, 1), "EU_ECB", "2027-S2", False),
            ),
        ),
    ],
)
def test_of_a_half_year(today, expected):
    assert gaps(["EU_ECB"], RATES, today) == expected


def test_of_a_year():
    luxembourg = gaps(["LU_LEGAL"], RATES, date(2026, 3, 1))
    assert luxembourg == (Gap(date(2026, 1, 1), "LU_LEGAL", "2026", True),)
    assert gaps(["BE_LEGAL"], RATES, date(2026, 7, 1)) == ()
    assert gaps(["BE_LEGAL"], RATES, date(2026, 12, 20)) == (
        Gap(S1, "BE_LEGAL", "2027", False),
    )


def test_of_a_statute():
    assert gaps(["CH_CIVIL"], RATES, date(2050, 1, 1)) == ()


def test_a_series_nobody_knows():
    today = date(2026, 6, 15)
    (gap,) = gaps(["XX"], RATES, today)
    assert (gap.series, gap.running) == ("XX", True)


def test_each_is_said_once():
    assert len(gaps(["EU_ECB", "EU_ECB"], RATES, S1)) == 1


@given(st.dates(date(2016, 1, 1), date(2030, 12, 31)), st.integers(0, 60))
def test_what_is_entered_is_no_longer_missing(today, ahead):
    found = gaps(["EU_ECB"], RATES, today, ahead)
    entered = tuple(Rate(gap.first, Decimal(2)) for gap in found)
    more = replace(ECB, rates=ECB.rates + entered)
    assert gaps(["EU_ECB"], {"EU_ECB": more}, today, ahead) == ()
    assert all(gap.running == (gap.first <= today) for gap in found)


def test_an_empty_series():
    empty = Series("NEW", Period.HALF_YEAR)
    (gap,) = gaps(["NEW"], {"NEW": empty}, date(2026, 3, 1))
    assert gap == Gap(date(2026, 1, 1), "NEW", "2026-S1", True)


def test_what_a_regime_needs():
    needed = {code: series_needed(law) for code, law in LAW.regimes.items()}
    assert needed["FR_B2B"] == {"EU_ECB"}
    assert needed["FR_CONTRACT"] == {"EU_ECB", "FR_LEGAL_PROFESSIONAL"}
    assert needed["UK_B2C"] == set()
    fixed = replace(LAW.regimes["FR_B2B"], fixed_rate=Decimal(4))
    assert series_needed(fixed) == set()
