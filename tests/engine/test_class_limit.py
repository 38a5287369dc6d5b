from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.class_limit import (
    ClassRule,
    LimitRule,
    class_limit,
    settled,
    two_digits,
)

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


# === IN ANOTHER CURRENCY === #


def test_a_fixed_amount_is_converted_and_rounded():
    rule = ClassRule(LimitRule.FIXED, amount=Decimal(5000), rate=Decimal("1.08247"))
    assert class_limit(rule, Decimal(0)) == 5400
    assert class_limit(ClassRule(LimitRule.FIXED, Decimal("123.45")), 0) == Decimal(
        "123.45"
    ), "in its own currency it is what was typed in"


def test_nothing_is_nothing_in_any_currency():
    assert class_limit(ClassRule(LimitRule.FIXED, rate=Decimal("160.3")), 0) == 0


# === WHAT WAVERS DOES NOT FLIP === #

SALES = ClassRule(LimitRule.SALES, multiple=Decimal(12))  # the limit is the sales


@pytest.mark.parametrize(
    ("current", "sales", "limit"),
    [
        (None, "12499", "12000"),
        ("12000", "12501", "12000"),  # rounded afresh it were 13,000
        ("12000", "13333", "12000"),  # a tenth of the larger one
        ("12000", "13334", "13000"),
        ("12000", "10800", "12000"),
        ("12000", "10799", "11000"),
        ("9900", "10999", "9900"),
        ("0", "1", "0"),
        ("0", "1.60", "2"),
        ("5", "6", "5"),
        ("5", "6.01", "6"),
        ("1", "0", "0"),  # who buys nothing any more has nothing
        ("50", "-3", "0"),
    ],
)
def test_a_limit_moves_when_it_is_clearly_another(current, sales, limit):
    current = None if current is None else Decimal(current)
    assert settled(SALES, Decimal(sales), current) == Decimal(limit)


@pytest.mark.parametrize("current", [None, Decimal(0), Decimal(4900)])
def test_what_does_not_move_by_itself_is_followed_at_once(current):
    fixed = ClassRule(LimitRule.FIXED, amount=Decimal(5000))
    assert settled(fixed, Decimal(0), current) == 5000
    assert settled(ClassRule(LimitRule.NONE), Decimal(0), current) is None


def test_a_rate_that_wavers_moves_nothing():
    current = None
    seen = []
    for rate in ("1.0890", "1.0910", "1.0899", "1.1100", "1.0700", "1.3000"):
        rule = ClassRule(LimitRule.FIXED, amount=Decimal(5000), rate=Decimal(rate))
        current = settled(rule, Decimal(0), current)
        seen.append(current)
    assert seen == [5400] * 5 + [6500]


wavering = st.lists(
    st.decimals(min_value="0.98", max_value="1.02", places=4), min_size=2, max_size=30
)


@given(st.decimals(min_value=1, max_value=10**9, places=2), wavering, amounts)
def test_sales_that_waver_by_two_percent_change_the_limit_once_at_most(
    sales, factors, current
):
    seen = [current]
    for factor in factors:
        seen.append(settled(SALES, sales * factor, seen[-1]))
    changes = sum(one != other for one, other in zip(seen, seen[1:], strict=False))
    assert changes <= 1


@given(amounts, amounts)
def test_a_settled_limit_is_never_far_from_the_rule(sales, current):
    limit = settled(SALES, sales, current)
    assert abs(limit - sales) <= max(max(limit, sales) / 10, 1)
