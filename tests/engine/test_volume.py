"""The volume brake and the daily measure of the first weeks."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.volume import (
    ENOUGH,
    FACTOR,
    FLOOR,
    RUNS,
    Brake,
    allowance,
    check_size,
    urgency,
    usual_size,
)

DAY = date(2026, 6, 15)
SIZES = st.lists(st.integers(0, 500), max_size=15)


@pytest.mark.parametrize(
    ("sizes", "usual"),
    [
        ([], None),
        ([10], None),
        ([10, 12], None),
        ([10, 12, 0, 0], None),  # empty runs say nothing
        ([10, 12, 11], 11),
        ([10, 12, 0, 11], 11),
        ([10, 20, 30, 40], 25),
        ([1, 2, 4, 7], 3),
        ([1, 1, 2, 2], Fraction(3, 2)),
        ([10, 10, 1000], 10),  # one odd run does not move it
    ],
)
def test_usual_size_is_the_median_of_enough_runs(sizes, usual):
    assert usual_size(sizes) == usual


def test_only_the_last_runs_count():
    assert usual_size([10] * RUNS + [1000] * 50) == 10
    assert usual_size([1000] * RUNS + [10] * 50) == 1000


def test_empty_runs_do_not_push_out_full_ones():
    assert usual_size([0] * 20 + [8] * ENOUGH) == 8


@pytest.mark.parametrize(
    ("size", "sizes", "brake"),
    [
        (0, [], None),
        (0, [10] * 5, None),
        (1, [], Brake.NO_HISTORY),
        (1, [10, 10], Brake.NO_HISTORY),
        (1, [10, 10, 10], None),
        (30, [10, 10, 10], None),  # exactly three times: not more
        (31, [10, 10, 10], Brake.UNUSUAL),
        (5, [1, 1, 1], None),  # the floor
        (6, [1, 1, 1], Brake.UNUSUAL),
        (6, [2, 2, 2], None),
        (4, [1, 1, 2, 2], None),
        (7, [2, 2, 3, 2], Brake.UNUSUAL),
    ],
)
def test_brake(size, sizes, brake):
    assert check_size(size, sizes) is brake


@given(SIZES, st.integers(0, 2000))
def test_brake_says_what_it_means(sizes, size):
    usual = usual_size(sizes)
    brake = check_size(size, sizes)
    if brake is Brake.NO_HISTORY:
        assert usual is None and size > 0
    elif brake is Brake.UNUSUAL:
        assert size > FLOOR and size > FACTOR * usual
    else:
        assert size == 0 or size <= FLOOR or size <= FACTOR * usual


@given(SIZES, st.integers(1, 2000), st.integers(0, 2000))
def test_a_larger_run_is_never_braked_less(sizes, size, more):
    if check_size(size, sizes):
        assert check_size(size + more, sizes)


@given(st.lists(st.integers(1, 500), min_size=ENOUGH, max_size=RUNS), st.randoms())
def test_usual_size_does_not_depend_on_the_order(sizes, random):
    mixed = list(sizes)
    random.shuffle(mixed)
    assert usual_size(mixed) == usual_size(sizes)
    assert min(sizes) <= usual_size(sizes) <= max(sizes)


@pytest.mark.parametrize(
    ("limit", "last_day", "issued", "left"),
    [
        (0, None, 5, None),
        (0, DAY, 0, None),
        (30, None, 0, 30),
        (30, None, 12, 18),
        (30, None, 30, 0),
        (30, None, 45, 0),  # lowered in the course of the day
        (30, DAY, 12, 18),  # the last day counts
        (30, DAY - timedelta(days=1), 12, None),
        (30, DAY + timedelta(days=1), 12, 18),
    ],
)
def test_allowance(limit, last_day, issued, left):
    assert allowance(limit, last_day, DAY, issued) == left


@given(st.integers(1, 100), st.integers(0, 300), st.integers(0, 300))
def test_allowance_never_lets_a_day_exceed_the_limit(limit, issued, wanted):
    left = allowance(limit, None, DAY, issued)
    assert left >= 0
    assert issued + min(wanted, left) <= max(limit, issued)


def test_the_most_pressing_come_first():
    messages = [
        ("young", (False, 3, DAY)),
        ("old", (False, 3, DAY - timedelta(days=90))),
        ("later level", (False, 30, DAY)),
        ("formal", (True, 20, DAY)),
        ("no date", (False, 3, None)),
    ]
    ordered = sorted(messages, key=lambda pair: urgency(*pair[1]))
    assert [name for name, __ in ordered] == [
        "formal",
        "later level",
        "old",
        "young",
        "no date",
    ]
