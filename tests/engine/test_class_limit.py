from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.class_limit import ClassRule, LimitRule, class_limit, two_digits

amounts = st.decimals(min_value=0, max_value=10**12, places=2)


@pytest.mark.parametrize(
    ("rule", "sales", "limit"),
    [
        (ClassRule(LimitRule.NONE), "500000", None),
        (ClassRule(LimitRule.FIXED, amount=Decimal(2500)), "500000", "2500"),
        (ClassRule(LimitRule.FIXED), "500000", "0"),
        (ClassRule(LimitRule.SALES, multiple=Decimal(2)), "120000", "20000"),
        (ClassRule(LimitRule.SALES, multiple=Decimal("1.5")), "98779.99", "12000"),
        # nothing bought, or more given back than bought: nothing on account
        (ClassRule(LimitRule.SALES, multiple=Decimal(2)), "0", "0"),
        (ClassRule(LimitRule.SALES, multiple=Decimal(2)), "-3000", "0"),
        (ClassRule(LimitRule.SALES), "120000", "0"),
    ],
)
def test_limit_of_a_class(rule, sales, limit):
    expected = None if limit is None else Decimal(limit)
    assert class_limit(rule, Decimal(sales)) == expected


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("0", "0"),
        ("0.49", "0"),
        ("7.50", "8"),
        ("99.49", "99"),
        ("99.50", "100"),
        ("104.99", "100"),
        ("105", "110"),
        ("994", "990"),
        ("995", "1000"),
        ("12347.53", "12000"),
        ("12500", "13000"),
        ("999999", "1000000"),
    ],
)
def test_two_significant_digits(amount, rounded):
    assert two_digits(Decimal(amount)) == Decimal(rounded)


@given(amounts)
def test_rounding_stays_close_and_stable(amount):
    rounded = two_digits(amount)
    assert abs(rounded - amount) <= max(amount * Decimal("0.05"), Decimal("0.5"))
    assert two_digits(rounded) == rounded


@given(amounts, amounts)
def test_rounding_keeps_the_order(one, other):
    low, high = sorted((one, other))
    assert two_digits(low) <= two_digits(high)


@given(amounts, amounts, st.decimals(min_value=0, max_value=24, places=2))
def test_who_buys_more_has_no_lower_limit(one, other, multiple):
    low, high = sorted((one, other))
    rule = ClassRule(LimitRule.SALES, multiple=multiple)
    assert class_limit(rule, low) <= class_limit(rule, high)
