"""The statement of account: buckets, running balances, opening and closing."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.statement import (
    AGEING_BUCKETS,
    AGEING_LIMITS,
    ZERO,
    Row,
    activity,
    ageing,
    bucket,
    days_late,
    open_items,
    overdue,
)
from strategies import TODAY, days_around

FIRST = TODAY - timedelta(30)  # first day of the period in these tests


def row(key=1, residual="100", late=0, **values) -> Row:
    """An item whose due date is that many days ago, unpaid unless told."""
    due = TODAY - timedelta(late)
    return Row(
        **{
            "key": key,
            "date": due - timedelta(30),
            "due_date": due,
            "name": f"INV/{key}",
            "currency": "EUR",
            "amount": Decimal(residual),
            "residual": Decimal(residual),
            **values,
        }
    )


# === AGEING === #


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (-1000, "not_due"),
        (-1, "not_due"),
        (0, "not_due"),
        (1, "1_30"),
        (30, "1_30"),
        (31, "31_60"),
        (60, "31_60"),
        (61, "61_90"),
        (90, "61_90"),
        (91, "over_90"),
        (5000, "over_90"),
    ],
)
def test_bucket_at_its_boundaries(late, expected):
    assert bucket(TODAY - timedelta(late), TODAY) == expected


def test_there_is_one_bucket_more_than_limits():
    assert len(AGEING_BUCKETS) == len(AGEING_LIMITS) + 1
    assert list(AGEING_LIMITS) == sorted(AGEING_LIMITS)


def test_days_late_starts_the_day_after_the_due_date():
    assert days_late(TODAY, TODAY) == 0
    assert days_late(TODAY + timedelta(3), TODAY) == 0
    assert days_late(TODAY - timedelta(1), TODAY) == 1
    assert days_late(date.min, date.max) == (date.max - date.min).days


def test_ageing_of_nothing_has_every_bucket():
    assert ageing([], TODAY) == dict.fromkeys(AGEING_BUCKETS, ZERO)
    assert list(ageing([], TODAY)) == list(AGEING_BUCKETS)


def test_credits_are_in_no_bucket():
    rows = [row(1, "-500", late=40), row(2, "70", late=40)]
    buckets = ageing(rows, TODAY)
    assert buckets["31_60"] == Decimal(70)
    assert sum(buckets.values()) == Decimal(70)


def test_overdue_is_all_but_what_is_not_due():
    rows = [row(late, "10", late=late) for late in (-5, 1, 31, 61, 91)]
    assert overdue(ageing(rows, TODAY)) == Decimal(40)


# === OPEN ITEMS === #


def test_open_items_of_nothing():
    assert open_items([], TODAY) == []


def test_open_items_leave_out_what_is_settled():
    assert open_items([row(1, "0", amount=Decimal(50))], TODAY) == []


def test_open_item_shows_amount_paid_remaining_and_days():
    (statement,) = open_items([row(1, "40", late=12, amount=Decimal(100))], TODAY)
    (line,) = statement.lines
    assert (line.row.amount, line.paid, line.remaining) == (100, 60, 40)
    assert line.days_late == 12
    assert line.balance == 40
    assert statement.overdue == 40


def test_credit_is_never_late():
    (statement,) = open_items([row(1, "-40", late=200)], TODAY)
    assert statement.lines[0].days_late == 0
    assert statement.overdue == 0
    assert (statement.debits, statement.credits, statement.closing) == (0, 40, -40)


def test_balance_of_zero_is_still_a_statement():
    (statement,) = open_items([row(1, "100"), row(2, "-100")], TODAY)
    assert statement.closing == 0
    assert len(statement.lines) == 2


def test_open_items_run_in_the_order_of_their_dates():
    rows = [row(1, "1", late=1), row(2, "2", late=50), row(3, "3", late=-9)]
    (statement,) = open_items(rows, TODAY)
    assert [line.row.key for line in statement.lines] == [2, 1, 3]
    assert [line.balance for line in statement.lines] == [2, 3, 6]


def test_currencies_are_never_mixed():
    rows = [row(1, "10"), row(2, "7", currency="USD"), row(3, "5")]
    statements = open_items(rows, TODAY)
    assert {s.currency: s.closing for s in statements} == {"EUR": 15, "USD": 7}


def test_mark_and_kind_reach_the_line():
    (statement,) = open_items([row(1, "10", mark="disputed", kind="item")], TODAY)
    assert statement.lines[0].row.mark == "disputed"


# === ACTIVITY === #


def moved(key, amount, days_ago, **values):
    day = TODAY - timedelta(days_ago)
    return row(key, "0", amount=Decimal(amount), date=day, due_date=day, **values)


def test_activity_of_nothing():
    assert activity([], FIRST, TODAY) == []
    assert activity([], FIRST, TODAY, openings={"EUR": ZERO}) == []


def test_opening_balance_alone_is_a_statement():
    (statement,) = activity([], FIRST, TODAY, openings={"EUR": Decimal(12)})
    assert (statement.opening, statement.closing, statement.lines) == (12, 12, ())


def test_activity_from_opening_to_closing():
    rows = [moved(1, "100", 10), moved(2, "-30", 5)]
    (statement,) = activity(rows, FIRST, TODAY, openings={"EUR": Decimal(50)})
    assert [line.balance for line in statement.lines] == [150, 120]
    assert (statement.debits, statement.credits) == (100, 30)
    assert (statement.opening, statement.closing) == (50, 120)


@pytest.mark.parametrize(
    ("days_ago", "opening", "lines"), [(31, 9, 0), (30, 0, 1), (0, 0, 1), (-1, 0, 0)]
)
def test_period_includes_its_first_and_last_day(days_ago, opening, lines):
    statements = activity([moved(1, "9", days_ago), moved(2, "1", 3)], FIRST, TODAY)
    (statement,) = statements
    assert statement.opening == opening
    assert len(statement.lines) == lines + 1


def test_activity_ages_what_is_open():
    items = [row(7, "80", late=45)]
    (statement,) = activity([moved(1, "5", 3)], FIRST, TODAY, open_rows=items)
    assert statement.ageing["31_60"] == 80
    assert statement.overdue == 80


def test_open_item_in_a_currency_without_movement_is_told():
    items = [row(7, "80", currency="USD", late=45)]
    openings = {"USD": Decimal(80)}
    statements = activity([moved(1, "5", 3)], FIRST, TODAY, openings, items)
    assert [s.currency for s in statements] == ["EUR", "USD"]
    assert statements[1].closing == 80


# === PROPERTIES === #

cents = st.integers(-500_00, 500_00).map(lambda number: Decimal(number) / 100)


@st.composite
def rows(draw):
    """Rows in two currencies, some settled in part, some wholly, some credits."""
    result = []
    for key in range(draw(st.integers(0, 8))):
        amount = draw(cents)
        share = draw(st.sampled_from([Decimal(0), Decimal(1), Decimal("0.5")]))
        residual = (amount * share).quantize(Decimal("0.01"))
        result.append(
            Row(
                key=key,
                date=draw(days_around(120, 10)),
                due_date=draw(days_around(120, 60)),
                name=draw(st.sampled_from(["A", "B", "C"])),
                currency=draw(st.sampled_from(["EUR", "USD"])),
                amount=amount,
                residual=residual,
            )
        )
    return result


@given(rows())
def test_running_balance_ends_at_the_total(given_rows):
    for statement in open_items(given_rows, TODAY):
        mine = [r for r in given_rows if r.currency == statement.currency]
        assert statement.closing == sum(r.residual for r in mine)
        assert statement.lines[-1].balance == statement.closing
        assert statement.opening == 0
        assert statement.debits - statement.credits == statement.closing
        assert min(statement.debits, statement.credits) >= 0


@given(rows())
def test_every_open_row_is_told_once(given_rows):
    told = [line.row.key for s in open_items(given_rows, TODAY) for line in s.lines]
    assert sorted(told) == sorted(r.key for r in given_rows if r.residual)


@given(rows())
def test_amount_is_paid_and_remaining(given_rows):
    for statement in open_items(given_rows, TODAY):
        for line in statement.lines:
            assert line.paid + line.remaining == line.row.amount


@given(rows())
def test_buckets_add_up_to_the_debts(given_rows):
    for statement in open_items(given_rows, TODAY):
        debts = [line.remaining for line in statement.lines if line.remaining > 0]
        assert sum(statement.ageing.values()) == sum(debts) == statement.debits
        assert statement.overdue == sum(
            line.remaining for line in statement.lines if line.days_late
        )
        assert min(statement.ageing.values()) >= 0


@given(rows())
def test_credits_never_change_the_ageing(given_rows):
    debts = [r for r in given_rows if r.residual > 0]
    assert ageing(given_rows, TODAY) == ageing(debts, TODAY)


@given(rows().flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_order_of_the_rows_does_not_matter(pair):
    some, shuffled = pair
    assert open_items(some, TODAY) == open_items(shuffled, TODAY)
    assert activity(some, FIRST, TODAY) == activity(shuffled, FIRST, TODAY)


@given(rows(), cents)
def test_opening_and_movements_make_the_closing(given_rows, start):
    statements = activity(given_rows, FIRST, TODAY, openings={"EUR": start})
    for statement in statements:
        mine = [
            r.amount
            for r in given_rows
            if r.currency == statement.currency and r.date <= TODAY
        ]
        began = start if statement.currency == "EUR" else 0
        assert statement.closing == began + sum(mine)
        assert (
            statement.opening + statement.debits - statement.credits
            == statement.closing
        )
        if statement.lines:
            assert statement.lines[-1].balance == statement.closing


@given(rows())
def test_periods_follow_one_another(given_rows):
    """The closing balance of one period is the opening balance of the next."""
    middle = TODAY - timedelta(15)
    first = activity(given_rows, FIRST, middle)
    closings = {s.currency: s.closing for s in first}
    whole = {s.currency: s.closing for s in activity(given_rows, FIRST, TODAY)}
    later = [r for r in given_rows if r.date > middle]
    second = activity(later, middle + timedelta(1), TODAY, openings=closings)
    both = {s.currency: s.closing for s in second}
    assert {c: v for c, v in both.items() if v} == {c: v for c, v in whole.items() if v}


@given(rows())
def test_activity_ages_like_open_items(given_rows):
    by_currency = {s.currency: s for s in open_items(given_rows, TODAY)}
    for statement in activity(given_rows, FIRST, TODAY, open_rows=given_rows):
        other = by_currency.get(statement.currency)
        if other:
            assert statement.ageing == other.ageing
            assert statement.overdue == other.overdue
        else:
            assert statement.overdue == 0
