"""The interest of an item by months, and what falls on each part of a whole."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.accrual import apportion, by_month
from engine.interest import interest, round_to
from engine.late_item import Event, Item
from engine.regime import Rounding
from lawcases import shipped

LAW = shipped()
FRANCE = LAW.regimes["FR_B2B"]
CENT = Decimal("0.01")


def day(text):
    return date.fromisoformat(text)


def counted(as_of, *events, regime=FRANCE, amount="10000"):
    item = Item(
        key=1, amount=Decimal(amount), due_date=day("2026-01-20"), events=events
    )
    return interest(item, regime, LAW.series, day(as_of))


def test_each_month_has_its_own_days():
    found = counted("2026-03-10")
    # 12.15 %: 11 days of January, 28 of February, 10 of March
    shares = by_month(found)
    assert list(shares) == [day("2026-01-31"), day("2026-02-28"), day("2026-03-10")]
    assert shares[day("2026-01-31")] == round_to(Decimal(10000 * 1215 * 11) / 3650000)
    assert sum(shares.values()) == found.total


def test_a_month_that_is_over_does_not_change_any_more():
    february = by_month(counted("2026-02-28"))
    for later in ("2026-03-01", "2026-03-31", "2026-08-14"):
        shares = by_month(counted(later))
        assert february.items() <= shares.items()


def test_nothing_after_the_payment():
    shares = by_month(counted("2026-06-30", Event(day("2026-02-10"), Decimal(10000))))
    assert max(shares) == day("2026-02-10")


def test_nothing_where_nothing_is_late():
    assert by_month(counted("2026-01-20")) == {}


def test_december_ends_the_year():
    item = Item(key=1, amount=Decimal(1000), due_date=day("2025-12-01"))
    found = interest(item, FRANCE, LAW.series, day("2026-01-05"))
    assert list(by_month(found)) == [day("2025-12-31"), day("2026-01-05")]


@given(
    amount=st.decimals("0.01", "1000000", places=2),
    payments=st.lists(
        st.tuples(
            st.dates(day("2026-01-01"), day("2026-10-01")),
            st.decimals("0.01", "5000", places=2),
        ),
        max_size=3,
    ),
    as_of=st.dates(day("2026-01-01"), day("2026-12-31")),
    rounding=st.sampled_from(list(Rounding)),
)
def test_months_add_up_to_the_sum(amount, payments, as_of, rounding):
    found = counted(
        as_of.isoformat(),
        *(Event(when, part) for when, part in payments),
        regime=replace(FRANCE, rounding=rounding),
        amount=str(amount),
    )
    shares = by_month(found)
    assert sum(shares.values()) == found.total
    assert len({(when.year, when.month) for when in shares}) == len(shares)
    if rounding is Rounding.INVOICE:
        assert all(part > 0 for part in shares.values())


@given(
    parts=st.lists(st.decimals("0.01", "1000", places=2), min_size=1, max_size=8),
    rest=st.decimals("0", "100", places=2),
    share=st.decimals("0", "1", places=4),
)
def test_apportion(parts, rest, share):
    whole = sum(parts) + rest
    amount = round_to(whole * share)
    found = apportion(amount, parts, whole)
    assert sum(found) <= amount
    assert all(
        0 <= mine <= part + CENT for mine, part in zip(found, parts, strict=True)
    )
    if not rest:
        assert sum(found) == amount
    assert apportion(whole, parts, whole) == parts


def test_nothing_falls_on_nothing():
    assert apportion(Decimal(5), [Decimal(3)], Decimal(0)) == [Decimal(0)]
