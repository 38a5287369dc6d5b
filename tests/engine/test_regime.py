"""Whose law, what the contract changes, and the rate of a day."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rates import RateMissing
from engine.regime import (
    Allocation,
    Band,
    Clause,
    Compensation,
    Debtor,
    Regime,
    Terms,
    check_rate,
    choose,
    missing_rates,
    rate_on,
    with_terms,
)
from lawcases import shipped

LAW = shipped()
DAY = date(2026, 3, 1)
BUSINESS, CONSUMER, PUBLIC = Debtor.BUSINESS, Debtor.CONSUMER, Debtor.PUBLIC


def _chosen(law, customer, debtor, clause=False, day=DAY):
    found = choose(
        LAW.regimes.values(),
        law_country=law,
        customer_country=customer,
        debtor=debtor,
        day=day,
        clause=clause,
    )
    return found and found.code


@pytest.mark.parametrize(
    ("law", "customer", "debtor", "code"),
    [
        ("FR", "FR", BUSINESS, "FR_B2B"),
        ("FR", None, BUSINESS, "FR_B2B"),
        ("fr", "FR", CONSUMER, "FR_B2C"),
        # unknown means consumer
        ("FR", "FR", None, "FR_B2C"),
        ("FR", None, None, "FR_B2C"),
        ("FR", "FR", PUBLIC, "FR_PUBLIC"),
        # the seller's law between businesses, the consumer's own for consumers
        ("FR", "BE", BUSINESS, "FR_B2B"),
        ("FR", "BE", CONSUMER, "BE_B2C_LEGAL"),
        ("FR", "BE", PUBLIC, "FR_B2B"),
        ("BE", "BE", PUBLIC, "BE_B2B"),
        ("FR", "PL", CONSUMER, "FR_B2C"),
        ("PL", "FR", CONSUMER, "FR_B2C"),
        ("PL", "FR", BUSINESS, None),
        ("PL", "PL", None, None),
        ("CH", "CH", CONSUMER, "CH"),
        ("CH", "CH", PUBLIC, "CH"),
        ("UK", "GB", BUSINESS, "UK_B2B"),
        ("GB", "UK", CONSUMER, "UK_B2C"),
    ],
)
def test_whose_law(law, customer, debtor, code):
    assert _chosen(law, customer, debtor) == code


@pytest.mark.parametrize(
    ("law", "debtor", "code"),
    [
        ("FR", BUSINESS, "FR_CONTRACT"),
        ("FR", CONSUMER, "FR_B2C"),
        ("BE", CONSUMER, "BE_B2C"),
        ("BE", BUSINESS, "BE_B2B"),
    ],
)
def test_with_a_clause(law, debtor, code):
    assert _chosen(law, law, debtor, clause=True) == code


def test_a_new_row_takes_over_on_its_day():
    old = replace(LAW.regimes["FR_B2B"], valid_until=date(2026, 12, 31))
    new = replace(old, code="NEW", valid_from=date(2027, 1, 1), valid_until=None)

    def code(day):
        found = choose(
            [new, old],
            law_country="FR",
            customer_country="FR",
            debtor=BUSINESS,
            day=day,
        )
        return found and found.code

    assert code(date(2026, 12, 31)) == "FR_B2B"
    assert code(date(2027, 1, 1)) == "NEW"
    # where both hold, the newer one
    both = [replace(old, valid_until=None), new]
    found = choose(
        both,
        law_country="FR",
        customer_country=None,
        debtor=BUSINESS,
        day=date(2027, 1, 1),
    )
    assert found is new


def _rate(regime, day):
    return rate_on(regime, LAW.series, date.fromisoformat(day)).percent


def test_rounded_up_to_the_half_point():
    belgium = LAW.regimes["BE_B2B"]
    assert _rate(belgium, "2024-07-01") == Decimal("12.5")  # 12.25
    assert _rate(belgium, "2023-01-01") == Decimal("10.5")  # exactly
    assert _rate(belgium, "2016-01-01") == Decimal("8.5")  # 8.05


def test_never_below_zero():
    regime = replace(LAW.regimes["DE_B2B"], margin=Decimal("0.5"))
    assert _rate(regime, "2020-01-01") == 0  # -0.88 + 0.5
    assert _rate(with_terms(regime, Terms(rate=Decimal(-1))), "2020-01-01") == 0


def test_unknown_series_is_named():
    regime = replace(LAW.regimes["FR_B2B"], series="NONE")
    with pytest.raises(RateMissing, match="NONE"):
        rate_on(regime, LAW.series, DAY)


def test_rate_of_the_contract():
    france = LAW.regimes["FR_B2B"]
    assert _rate(with_terms(france, Terms(rate=Decimal(15))), "2026-03-01") == 15
    higher = with_terms(france, Terms(margin=Decimal(12)))
    assert _rate(higher, "2026-03-01") == Decimal("14.15")
    # one of the contract needs no published one
    assert _rate(with_terms(france, Terms(rate=Decimal(15))), "2030-03-01") == 15
    assert with_terms(france, None) is france
    assert with_terms(france, Terms()) == france


def test_consumers_in_france_have_no_contract_rate():
    france = LAW.regimes["FR_B2C"]
    terms = Terms(rate=Decimal(15), compensation=_flat(100), compounding=True)
    assert with_terms(france, terms) is france


def test_consumers_in_belgium_pay_at_most_what_the_law_allows():
    belgium = LAW.regimes["BE_B2C"]
    assert _rate(belgium, "2026-03-01") == Decimal("10.5")
    for rate, applied in (("15", "10.5"), ("7", "7")):
        regime = with_terms(belgium, Terms(rate=Decimal(rate)))
        assert _rate(regime, "2026-03-01") == Decimal(applied)
    assert with_terms(belgium, Terms(margin=Decimal(20))).margin == 8
    assert with_terms(belgium, Terms(margin=Decimal(3))).margin == 3
    # a clause about a lump sum alone gives no interest
    regime = with_terms(belgium, Terms(compensation=_flat(30)))
    assert _rate(regime, "2026-03-01") == 0


def _flat(amount):
    return Compensation((Band(None, Decimal(amount)),))


def test_what_the_contract_says_about_counting():
    terms = Terms(compounding=True, allocation=Allocation.INTEREST_FIRST)
    regime = with_terms(LAW.regimes["FR_B2B"], terms)
    assert regime.compounding
    assert regime.allocation is Allocation.INTEREST_FIRST
    assert not terms, "no clause that would choose another regime"
    assert Terms(rate=Decimal(12))


def test_floor_and_cap():
    check = check_rate(LAW.regimes["FR_B2B"], LAW.series, Decimal("8.25"), DAY)
    assert (check.floor, check.cap) == (Decimal("7.86"), None)
    assert not check.warning
    check = check_rate(LAW.regimes["BE_B2C"], LAW.series, Decimal("10.51"), DAY)
    assert (check.floor, check.cap) == (None, Decimal("10.5"))
    assert check.applied == Decimal("10.5")
    assert check.warning
    check = check_rate(LAW.regimes["BE_B2C"], LAW.series, Decimal("10.50"), DAY)
    assert not check.warning
    with pytest.raises(RateMissing):
        check_rate(LAW.regimes["FR_B2B"], LAW.series, None, date(2027, 1, 1))


@given(st.dates(date(2016, 1, 1), date(2026, 12, 31)))
def test_the_floor_never_lifts_the_default_rate(day):
    france = LAW.regimes["FR_B2B"]
    check = check_rate(france, LAW.series, None, day)
    assert check.applied == check.default
    assert not check.warning


def test_missing_half_years():
    first, last = date(2026, 12, 30), date(2027, 7, 1)
    france = LAW.regimes["FR_B2B"]
    assert missing_rates(france, LAW.series, first, last) == ("2027-S1", "2027-S2")
    assert missing_rates(france, LAW.series, first, first + timedelta(1)) == ()
    contract = with_terms(france, Terms(rate=Decimal(12)))
    assert missing_rates(contract, LAW.series, first, last) == ()
    assert missing_rates(LAW.regimes["CH"], LAW.series, first, last) == ()
    luxembourg = LAW.regimes["LU_B2C"]
    found = missing_rates(luxembourg, LAW.series, date(2024, 5, 1), date(2026, 5, 1))
    assert found == ("2025", "2026")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"compensation_waits": True}, "X: nothing says how long to wait"),
        ({"round_up_to": Decimal(0)}, "X: a rate is rounded up"),
    ],
)
def test_regimes_that_make_no_sense(values, words):
    with pytest.raises(ValueError, match=words):
        Regime(code="X", country="FR", debtors=frozenset({BUSINESS}), **values)


@pytest.mark.parametrize(
    "bands",
    [
        (),
        (Band(Decimal(10), Decimal(1)),),
        (Band(None, Decimal(1)), Band(None, Decimal(2))),
        (
            Band(Decimal(10), Decimal(1)),
            Band(Decimal(10), Decimal(1)),
            Band(None, Decimal(2)),
        ),
        (Band(None, Decimal(-1)),),
    ],
)
def test_compensations_that_make_no_sense(bands):
    with pytest.raises(ValueError, match="compensation|step"):
        Compensation(bands)


def test_kinds_of_compensation():
    kinds = {
        code: regime.compensation and regime.compensation.kind
        for code, regime in LAW.regimes.items()
    }
    assert kinds["FR_B2B"] == "flat"
    assert kinds["UK_B2B"] == "tiers"
    assert kinds["BE_B2C"] == kinds["NL_B2B"] == "ladder"
    assert kinds["FR_B2C"] is None
    assert LAW.regimes["FR_CONTRACT"].clause is Clause.REQUIRED
