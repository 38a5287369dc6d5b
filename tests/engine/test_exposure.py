"""Exposure, limit and use; what is left to invoice of an order; currencies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.exposure import (
    MOST_PERCENT,
    ZERO,
    Band,
    Exposure,
    Limit,
    OrderLine,
    Source,
    Terms,
    assess,
    converted,
    left_to_invoice,
    limit_on,
    order_rest,
    rounded,
    runs_on,
)
from strategies import TODAY

CENT = Decimal("0.01")
D = Decimal


def owing(amount, others=0) -> Exposure:
    return Exposure(open_items=D(amount), others=D(others))


class TestExposure:
    def test_total_is_the_sum_of_the_parts(self):
        exposure = Exposure(
            open_items=D(1000),
            credits=D(-200),
            pending=D(-50),
            drafts=D(30),
            orders=D(400),
            document=D(7),
            others=D(5000),
        )
        assert exposure.total == 1187
        assert exposure.pooled == 6187

    def test_nothing(self):
        assert Exposure().total == Exposure().pooled == ZERO


class TestLimit:
    terms = Terms(enforced=True, own=True, amount=D(1000))

    def test_not_enforced_is_no_limit_whatever_the_amount(self):
        limit = limit_on(Terms(enforced=False, own=True, amount=D(1000)), TODAY)
        assert limit == Limit() and not limit.enforced

    def test_zero_is_zero(self):
        limit = limit_on(Terms(enforced=True, own=True), TODAY)
        assert limit.enforced and limit.amount == 0

    def test_below_zero_is_zero(self):
        assert limit_on(replace(self.terms, amount=D(-5)), TODAY).amount == 0

    @pytest.mark.parametrize(
        ("own", "pooled", "source"),
        [
            (True, False, Source.OWN),
            (False, False, Source.CLASS),
            (True, True, Source.POOL),
            (False, True, Source.POOL),
        ],
    )
    def test_source(self, own, pooled, source):
        terms = replace(self.terms, own=own)
        assert limit_on(terms, TODAY, pooled=pooled).source is source

    @pytest.mark.parametrize(
        ("first", "last", "runs"),
        [
            (None, None, False),
            (0, None, False),
            (None, 0, True),
            (0, 0, True),
            (-3, 3, True),
            (1, 3, False),
            (-3, -1, False),
            (None, -1, False),
        ],
    )
    def test_days_of_a_temporary_limit(self, first, last, runs):
        terms = replace(
            self.terms,
            temporary=D(5000),
            temporary_from=None if first is None else TODAY + timedelta(first),
            temporary_to=None if last is None else TODAY + timedelta(last),
        )
        assert runs_on(terms, TODAY) is runs
        limit = limit_on(terms, TODAY)
        assert limit.amount == (5000 if runs else 1000)
        assert limit.source is (Source.TEMPORARY if runs else Source.OWN)

    def test_temporary_limit_holds_where_none_is_enforced(self):
        terms = Terms(temporary=D(0), temporary_to=TODAY)
        assert limit_on(terms, TODAY).amount == 0

    def test_group_is_known_without_a_limit(self):
        assert limit_on(Terms(), TODAY, [1, 2]).group == {1, 2}

    def test_shared_temporary_limit_is_told_as_shared(self):
        terms = Terms(temporary=D(50), temporary_to=TODAY)
        limit = limit_on(terms, TODAY, [1, 2], pooled=True)
        assert limit == Limit(D(50), Source.POOL, frozenset({1, 2}))


class TestUse:
    @pytest.mark.parametrize(
        ("used", "band", "percent"),
        [
            ("-10", Band.OK, "0"),
            ("0", Band.OK, "0"),
            ("69.99", Band.OK, "69.99"),
            ("70", Band.WARN, "70"),
            ("89.99", Band.WARN, "89.99"),
            ("90", Band.HIGH, "90"),
            ("100", Band.HIGH, "100"),
            ("100.01", Band.OVER, "100.01"),
            ("99999", Band.OVER, "999"),
        ],
    )
    def test_bands(self, used, band, percent):
        usage = assess(owing(used), Limit(D(100), Source.OWN), (70, 90))
        assert usage.band is band
        assert usage.percent == D(percent)
        assert usage.free == 100 - D(used)

    def test_limit_of_nothing(self):
        nothing = Limit(ZERO, Source.OWN)
        assert assess(owing(0), nothing).band is Band.OK
        assert assess(owing(-5), nothing).band is Band.OK
        usage = assess(owing("0.01"), nothing)
        assert usage.band is Band.OVER and usage.percent == MOST_PERCENT

    def test_no_limit(self):
        usage = assess(owing(10**9), Limit())
        assert usage.band is Band.NONE and usage.free is usage.percent is None

    def test_warnings_switched_off(self):
        limit = Limit(D(100), Source.OWN)
        assert assess(owing(99), limit, (0, 0)).band is Band.OK
        assert assess(owing(75), limit, (70, 0)).band is Band.WARN
        assert assess(owing(75), limit, (0, 70)).band is Band.HIGH
        assert assess(owing(75), limit, ()).band is Band.OK
        assert assess(owing(75), limit, (70,)).band is Band.WARN

    def test_who_shares_a_limit_uses_it_together(self):
        limit = Limit(D(100), Source.POOL, frozenset({1, 2}))
        usage = assess(owing(10, others=95), limit)
        assert usage.band is Band.OVER and usage.free == -5

    @given(
        used=st.decimals(-1000, 1000, places=2),
        limit=st.decimals(0, 1000, places=2),
        levels=st.tuples(st.integers(0, 100), st.integers(0, 100)).map(sorted),
    )
    def test_properties(self, used, limit, levels):
        usage = assess(owing(used), Limit(limit, Source.OWN), levels)
        assert usage.free + usage.used == limit
        assert (usage.band is Band.OVER) == (usage.free < 0)
        assert 0 <= usage.percent <= MOST_PERCENT
        order = [Band.OK, Band.WARN, Band.HIGH, Band.OVER]
        more = assess(owing(used + CENT), Limit(limit, Source.OWN), levels)
        assert order.index(more.band) >= order.index(usage.band)


class TestOrders:
    line = OrderLine(ordered=D(10), total=D(1200))

    @pytest.mark.parametrize(
        ("values", "left"),
        [
            ({}, 10),
            ({"invoiced": 4}, 6),
            ({"invoiced": 10}, 0),
            ({"invoiced": 12}, 0),  # invoiced above the order
            ({"invoiced": -2}, 12),  # a credit note made from the order
            ({"delivered": 4}, 10),  # delivered or not
            ({"delivered": 12}, 12),  # more delivered than ordered
            ({"delivered": 12, "invoiced": 12}, 0),
            ({"ordered": -3}, -3),  # goods taken back
            ({"ordered": -3, "invoiced": -1}, -2),
            ({"ordered": -3, "invoiced": -4}, 0),
            ({"ordered": 0, "delivered": 4}, 4),
            ({"ordered": 0, "delivered": 4, "invoiced": 1}, 3),
        ],
    )
    def test_left(self, values, left):
        values = {name: D(value) for name, value in values.items()}
        assert left_to_invoice(replace(self.line, **values)) == left

    def test_rest_is_the_share_of_the_total(self):
        half = replace(self.line, invoiced=D(5))
        assert order_rest([half], CENT) == 600

    def test_invoiced_above_the_order_takes_nothing_from_other_lines(self):
        above = replace(self.line, invoiced=D(15))
        assert order_rest([above, self.line], CENT) == 1200

    def test_nothing_ordered_is_taken_at_its_price(self):
        expense = OrderLine(delivered=D(4), price=D("2.5"))
        assert order_rest([expense], CENT) == 10

    def test_down_payment_is_off_the_rest(self):
        advance = OrderLine(advance=D(300))
        assert order_rest([self.line, advance], CENT) == 900
        deducted = OrderLine(advance=D(0))
        invoiced = replace(self.line, invoiced=D(10))
        assert order_rest([invoiced, deducted], CENT) == 0

    def test_down_payment_above_the_rest_leaves_nothing(self):
        part = replace(self.line, invoiced=D(9))
        assert order_rest([part, OrderLine(advance=D(300))], CENT) == 0

    def test_discount_line_is_taken_off(self):
        discount = OrderLine(ordered=D(1), total=D(-200))
        assert order_rest([self.line, discount], CENT) == 1000

    def test_thirds_are_rounded_once(self):
        third = OrderLine(ordered=D(3), invoiced=D(1), total=D(100))
        assert order_rest([third, third, third], CENT) == 200

    @given(
        st.lists(
            st.builds(
                OrderLine,
                ordered=st.decimals(-20, 20, places=2),
                delivered=st.decimals(0, 20, places=2),
                invoiced=st.decimals(-20, 40, places=2),
                total=st.decimals(-500, 500, places=2),
                price=st.decimals(0, 50, places=2),
                advance=st.none() | st.decimals(-100, 100, places=2),
            )
        ),
        st.sampled_from([CENT, D("0.05"), D(1), D("0.001")]),
    )
    def test_properties(self, lines, unit):
        rest = order_rest(lines, unit)
        assert rest >= 0
        assert rest % unit == 0
        assert order_rest(list(reversed(lines)), unit) == rest
        everything = [
            replace(
                line,
                invoiced=max(line.ordered, line.delivered)
                if line.ordered >= 0
                else line.ordered,
                advance=None if line.advance is None else ZERO,
            )
            for line in lines
        ]
        assert order_rest(everything, unit) == 0


class TestTotalOfOrder:
    """Taxes that are rounded once: the total is not the sum of the lines."""

    line = OrderLine(ordered=D(10), total=D("100.01"))

    def test_nothing_invoiced_is_the_total(self):
        advance = OrderLine(advance=ZERO)
        rest = order_rest([self.line, self.line, advance], CENT, D("200.00"))
        assert rest == D("200.00")

    @pytest.mark.parametrize(
        "change",
        [
            OrderLine(ordered=D(10), total=D("100.01"), invoiced=D(1)),
            OrderLine(ordered=D(10), total=D("100.01"), delivered=D(11)),
            OrderLine(delivered=D(1), price=D(5)),
            OrderLine(advance=D(20)),
        ],
    )
    def test_begun_it_is_the_lines(self, change):
        lines = [self.line, change]
        assert order_rest(lines, CENT, D("200.00")) == order_rest(lines, CENT)

    def test_never_below_zero(self):
        assert order_rest([self.line], CENT, D(-5)) == ZERO


class TestCurrencies:
    def test_a_currency_of_small_units_is_divided(self):
        # 160 yen for one euro: 100,000 yen are 625 euros, not 16 millions
        assert converted(D(100_000), D(160), D(1), CENT) == 625

    def test_reference_is_a_third_currency(self):
        assert converted(D(100), D("1.25"), D("0.8"), CENT) == 64

    @pytest.mark.parametrize(
        ("amount", "unit", "result"),
        [
            ("0.005", "0.01", "0.01"),
            ("-0.005", "0.01", "-0.01"),
            ("0.0049", "0.01", "0.00"),
            ("1.07", "0.05", "1.05"),
            ("1.5", "1", "2"),
        ],
    )
    def test_rounding(self, amount, unit, result):
        assert rounded(D(amount), D(unit)) == D(result)

    @given(st.decimals(-(10**9), 10**9, places=4), st.sampled_from([CENT, D(1)]))
    def test_rounded_is_near(self, amount, unit):
        assert abs(rounded(amount, unit) - amount) <= unit / 2


def test_dates_of_limits_are_inclusive():
    day = date(2026, 2, 28)
    terms = Terms(temporary=D(1), temporary_from=day, temporary_to=day)
    assert [runs_on(terms, day + timedelta(n)) for n in (-1, 0, 1)] == [
        False,
        True,
        False,
    ]
