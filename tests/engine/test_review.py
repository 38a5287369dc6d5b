"""What a person is told to look at in a proposal."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.review import (
    ATTENTION,
    FACTOR,
    RUN_FACTOR,
    RUN_SIZE,
    Proposed,
    Remark,
    remarks,
)

HUNDRED = Decimal(100)
KNOWN = {"told": 3, "usual": HUNDRED}
AMOUNTS = st.decimals(0, 100_000, places=2)


def look(message, size=10, median=HUNDRED, last=True):
    return remarks(message, size, median, last)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, set()),
        ({"credit": Decimal(1)}, {Remark.CREDIT}),
        ({"payment": Decimal(1)}, {Remark.PAYMENT}),
        ({"first_channel": False}, {Remark.FALLBACK}),
        ({"in_last_run": False}, {Remark.NEW}),
        ({"barred": True}, {Remark.BARRED}),
        ({"told": 0, "usual": None}, {Remark.FIRST}),
        ({"claimed": Decimal(300)}, set()),  # exactly three times: not more
        ({"claimed": Decimal("300.01")}, {Remark.UNUSUAL}),
        (
            {"told": 0, "usual": None, "in_last_run": False, "credit": HUNDRED},
            {Remark.FIRST, Remark.NEW, Remark.CREDIT},
        ),
    ],
)
def test_remarks(values, found):
    assert look(Proposed(**{"claimed": HUNDRED, **KNOWN, **values})) == found


def test_without_history_the_run_is_the_measure():
    stranger = {"told": 1, "usual": HUNDRED}  # once is no history
    assert look(Proposed(Decimal(1000), **stranger)) == set()
    assert look(Proposed(Decimal("1000.01"), **stranger)) == {Remark.UNUSUAL}
    assert look(Proposed(Decimal(9000), **stranger), size=RUN_SIZE - 1) == set()


def test_own_history_goes_before_the_run():
    large = Proposed(Decimal(20_000), told=5, usual=Decimal(15_000))
    assert look(large) == set()


def test_nobody_is_new_without_a_run_before():
    message = Proposed(HUNDRED, in_last_run=False, **KNOWN)
    assert look(message, last=False) == set()


def test_what_is_only_new_calls_for_no_look():
    assert {Remark.FIRST, Remark.NEW}.isdisjoint(ATTENTION)
    assert ATTENTION | {Remark.FIRST, Remark.NEW} == set(Remark)


@given(AMOUNTS, AMOUNTS, st.integers(0, 10), st.integers(1, 50), AMOUNTS)
def test_unusual_is_more_than_a_multiple(claimed, usual, told, size, median):
    found = remarks(Proposed(claimed, told=told, usual=usual), size, median, True)
    if Remark.UNUSUAL in found:
        assert claimed > min(FACTOR * usual, RUN_FACTOR * median)
    assert (Remark.FIRST in found) == (told == 0)
