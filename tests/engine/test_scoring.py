"""Scores, what they are made of, and the classes that follow them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.scoring import (
    ENOUGH,
    GRACE_DAYS,
    LIMIT_POINTS,
    START,
    TONE_POINTS,
    WINDOW_DAYS,
    Confidence,
    Facts,
    Item,
    Kind,
    Norm,
    Prior,
    RiskClass,
    Score,
    Spread,
    class_for,
    norm_of,
    on_our_scale,
    score,
)

DAY = date(2026, 6, 15)
# One payment is worth nearly as much as the company: own behaviour shows.
NORM = Norm(days=Prior(10.0, 1.0), share=Prior(0.5, 1.0), sales=1000.0)


def ago(days: int) -> date:
    return DAY - timedelta(days=days)


def paid(late: int, on: int, amount: float = 100.0) -> Item:
    """Paid ``on`` days ago, ``late`` days after the due date."""
    return Item(ago(on + late), ago(on), amount)


def still_open(late: int, amount: float = 100.0) -> Item:
    return Item(ago(late), None, amount)


def steady(late: int, count: int = 24, gap: int = 15) -> tuple[Item, ...]:
    return tuple(paid(late, 1 + gap * number) for number in range(count))


def points(facts: Facts, kind: Kind, norm: Norm = NORM) -> int:
    found = [f.points for f in score(facts, norm, DAY).factors if f.kind is kind]
    return found[0] if found else 0


def values(facts: Facts, kind: Kind, norm: Norm = NORM) -> dict | None:
    found = [f.values for f in score(facts, norm, DAY).factors if f.kind is kind]
    return found[0] if found else None


# === PUNCTUALITY === #


def test_a_punctual_customer_is_near_the_start():
    result = score(Facts(items=steady(0)), NORM, DAY)
    assert START - 2 <= result.value <= START
    assert result.confidence is Confidence.HIGH


def test_the_later_the_worse():
    values = [score(Facts(items=steady(late)), NORM, DAY).value for late in range(60)]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[45] >= 40


def test_early_payment_is_no_merit():
    assert points(Facts(items=steady(-40)), Kind.DAYS) == 0


def test_amounts_weigh():
    large_late = Facts(items=(*steady(0), paid(60, 10, amount=50_000.0)))
    small_late = Facts(items=(*steady(0), paid(60, 10, amount=1.0)))
    assert points(large_late, Kind.DAYS) < points(small_late, Kind.DAYS) - 10


def test_recent_counts_more():
    lately = Facts(
        items=(
            *[paid(40, 5 + n) for n in range(5)],
            *[paid(0, 400 + n) for n in range(5)],
        )
    )
    long_ago = Facts(
        items=(
            *[paid(0, 5 + n) for n in range(5)],
            *[paid(40, 400 + n) for n in range(5)],
        )
    )
    assert points(lately, Kind.DAYS) < points(long_ago, Kind.DAYS) - 15


def test_what_is_older_than_the_window_or_to_come_does_not_count():
    base = Facts(items=steady(0))
    for item in (paid(90, WINDOW_DAYS), Item(ago(10), DAY + timedelta(days=1), 9e9)):
        assert score(replace(base, items=(*base.items, item)), NORM, DAY) == score(
            base, NORM, DAY
        )


def test_open_debts_count_once_they_are_later_than_usual():
    base = Facts(items=steady(20))
    fresh = replace(base, items=(*base.items, still_open(5, 10_000.0)))
    old = replace(base, items=(*base.items, still_open(60, 10_000.0)))
    assert score(fresh, NORM, DAY) == score(base, NORM, DAY)
    assert points(old, Kind.DAYS) < points(base, Kind.DAYS)


def test_who_never_paid_and_owes_has_a_history():
    result = score(Facts(items=tuple(still_open(30 + n) for n in range(9))), NORM, DAY)
    assert result.confidence is Confidence.HIGH
    assert result.value < 60


def test_days_of_grace_are_not_late():
    within = values(Facts(items=steady(GRACE_DAYS)), Kind.SHARE)
    assert within is None or within["percent"] == 0
    assert values(Facts(items=steady(GRACE_DAYS + 1)), Kind.SHARE)["percent"] == 100


# === TREND === #


def changed(before: int, after: int) -> Facts:
    lately = tuple(paid(after, 1 + 10 * n) for n in range(8))
    return Facts(items=lately + tuple(paid(before, 100 + 15 * n) for n in range(20)))


def test_later_than_before_in_words_and_points():
    facts = changed(before=5, after=17)
    assert values(facts, Kind.TREND) == {"days": 12}
    assert -9 <= points(facts, Kind.TREND) <= -7


def test_earlier_than_before_is_a_small_merit():
    assert 0 < points(changed(before=30, after=0), Kind.TREND) <= 4


def test_who_paid_early_and_now_in_time_pays_no_later():
    assert values(changed(before=-40, after=0), Kind.TREND) is None
    assert points(changed(before=-40, after=0), Kind.TREND) == 0
    assert values(changed(before=-40, after=12), Kind.TREND) == {"days": 12}


def test_what_lies_open_for_long_is_no_change_of_the_last_months():
    base = changed(before=5, after=5)
    long_open = replace(base, items=(*base.items, still_open(300, 2_000.0)))
    assert points(long_open, Kind.TREND) == 0
    assert points(long_open, Kind.DAYS) < points(base, Kind.DAYS)
    lately = replace(base, items=(*base.items, still_open(80, 2_000.0)))
    assert points(lately, Kind.TREND) < 0


def test_amounts_that_are_no_money_do_not_count():
    base = changed(before=5, after=17)
    dust = tuple(paid(400, n, 1e-178) for n in (1, 2, 200, 201, 202))
    assert score(replace(base, items=base.items + dust), NORM, DAY) == score(
        base, NORM, DAY
    )
    assert score(Facts(items=dust), NORM, DAY) == score(Facts(), NORM, DAY)


def test_few_payments_make_no_trend():
    items = (paid(50, 5), *(paid(0, 100 + n) for n in range(9)))
    assert values(Facts(items=items), Kind.TREND) is None


# === EVENTS AND RELATION === #


def test_broken_promises_cost_up_to_fifteen():
    costs = [points(Facts(broken=count), Kind.PROMISES) for count in range(6)]
    assert costs == [0, -5, -10, -15, -15, -15]


@pytest.mark.parametrize(("tone", "cost"), TONE_POINTS.items())
def test_firm_messages_cost(tone, cost):
    assert points(Facts(tone=tone), Kind.LEVEL) == cost


def test_an_unknown_tone_costs_nothing():
    assert points(Facts(tone="else"), Kind.LEVEL) == 0


@pytest.mark.parametrize(
    ("used", "cost"),
    [
        (None, 0),
        (0, 0),
        (69.9, 0),
        (70, -2),
        (89.9, -2),
        (90, -5),
        (100, -10),
        (900, -10),
    ],
)
def test_use_of_the_limit_costs(used, cost):
    assert points(Facts(limit_used=used), Kind.LIMIT) == cost
    assert [p for __, p in LIMIT_POINTS] == [-10, -5, -2]


@pytest.mark.parametrize(
    ("days", "gain"), [(0, 0), (364, 0), (365, 1), (3650, 6), (-5, 0)]
)
def test_a_long_relation_gains(days, gain):
    assert points(Facts(since=ago(days)), Kind.AGE) == gain


@pytest.mark.parametrize(
    ("sales", "gain"), [(-50, 0), (0, 0), (100, 0), (500, 1), (1000, 2), (9999, 4)]
)
def test_a_large_relation_gains(sales, gain):
    assert points(Facts(sales=sales), Kind.SIZE) == gain


def test_where_nobody_buys_size_says_nothing():
    assert points(Facts(sales=500.0), Kind.SIZE, Norm()) == 0


# === TOO LITTLE HISTORY === #


def test_without_payments_the_score_is_what_is_usual():
    result = score(Facts(), NORM, DAY)
    assert result.confidence is Confidence.NONE
    assert result.own == 0
    assert values(Facts(), Kind.DAYS) == {
        "days": None,
        "counted": 10,
        "own": 0,
        "unpaid": 0,
    }
    assert values(Facts(), Kind.HISTORY) == {"count": 0, "percent": 100}


def test_one_payment_leans_on_the_company():
    norm = replace(NORM, days=Prior(10.0, 4.0))
    facts = Facts(items=(paid(60, 3),))
    result = score(facts, norm, DAY)
    assert result.confidence is Confidence.LOW
    # (1 x 60 + 4 x 10) / 5
    assert values(facts, Kind.DAYS, norm) == {
        "days": 60,
        "counted": 20,
        "own": 20,
        "unpaid": 0,
    }


def test_who_owes_and_never_paid_is_not_called_without_history():
    facts = Facts(items=(still_open(60),))
    assert values(facts, Kind.DAYS)["unpaid"] == 1
    # weighs as much as the company
    assert values(facts, Kind.HISTORY) == {"count": 1, "percent": 50}


def test_many_small_payments_beside_one_large_are_little_history():
    items = (paid(0, 3, 1e6), *(paid(0, 5 + n, 1.0) for n in range(99)))
    assert score(Facts(items=items), NORM, DAY).confidence is Confidence.LOW


def test_the_share_counts_payments_and_not_amounts():
    """A large one among many says no less how often somebody is late."""
    norm = replace(NORM, share=Prior(0.9, 20.0))
    items = (paid(0, 3, 1e6), *(paid(0, 5 + n, 1.0) for n in range(99)))
    assert values(Facts(items=items), Kind.SHARE, norm)["counted"] < 20


def test_confidence_grows_with_history():
    order = list(Confidence)
    norm = replace(NORM, days=Prior(10.0, 5.0))
    found = [
        score(Facts(items=steady(0, count, gap=2)), norm, DAY).confidence
        for count in (0, ENOUGH - 1, 6, 40)
    ]
    assert found == order


# === RATINGS === #


def test_a_rating_enters_as_much_as_its_weight():
    facts = Facts(items=steady(0), rating=20)
    own = score(facts, NORM, DAY).value
    half = score(facts, replace(NORM, rating_weight=0.5), DAY)
    assert half.value == own + round((20 - own) / 2)
    assert score(facts, replace(NORM, rating_weight=1.0), DAY).value == 20


@pytest.mark.parametrize(
    ("value", "steps", "worst", "best", "expected"),
    [
        ("AA", [("aa", 95)], None, None, 95),
        (" low  risk", [("Low Risk", 80)], 0, 0, 80),
        ("82", [], 0, 100, 82),
        ("82,5", [], 0.0, 100.0, 82),
        ("1.0", [], 6, 1, 100),
        ("7", [], 6, 1, 0),
        ("500", [], 0, 100, 100),
        ("BB", [("AA", 95)], 0, 100, None),
        ("50", [], 0, 0, None),
        ("50", [], None, None, None),
        ("inf", [], 0, 100, None),
        ("nan", [], 0, 100, None),
        ("", [], 0, 100, None),
        ("50", [("50", 7)], 0, 100, 7),
    ],
)
def test_values_of_agencies_on_our_scale(value, steps, worst, best, expected):
    assert on_our_scale(value, steps, worst, best) == expected


# === WHAT IS USUAL === #


def spread(groups: list[list[float]]) -> Spread:
    return Spread(
        customers=len(groups),
        count=sum(map(len, groups)),
        squares=sum(len(g) ** 2 for g in groups),
        total=sum(map(sum, groups)),
        between=sum(sum(g) ** 2 / len(g) for g in groups),
        total_squares=sum(x * x for g in groups for x in g),
    )


def test_the_strength_is_within_over_between():
    # within: 2 each (n - 1); between: means 0 and 20
    prior = norm_of(spread([[-1, 1], [19, 21]] * 20), Prior(5.0, 5.0))
    assert prior.mean == 10
    assert prior.strength == 1.0  # 2 / 100, kept at 1

    erratic = norm_of(
        spread([[-30, 30, 0, 0], [-20, 40, 10, 10]] * 20), Prior(5.0, 5.0)
    )
    assert erratic.strength == 50.0  # customers hardly differ


def test_the_strength_in_between():
    groups = [[0, 20, 10], [20, 40, 30], [10, 30, 20]] * 10
    within = 100.0
    n, size = 90, 90 - 270 / 90
    between = (spread(groups).between - n * 20**2 - 29 * within) / size
    assert norm_of(spread(groups), Prior(0, 1)).strength == pytest.approx(
        within / between
    )


@pytest.mark.parametrize("groups", [[], [[5.0, 5.0]], [[1.0], [2.0], [3.0]]])
def test_too_little_says_nothing(groups):
    fallback = Prior(7.0, 3.0)
    assert norm_of(spread(groups), fallback) == fallback


# === CLASSES === #

A, B, C, D, E = (
    RiskClass(number, floor) for number, floor in enumerate((80, 65, 50, 35, 0), 1)
)
U = RiskClass(9, 0, unrated=True)
CLASSES = (U, C, A, E, D, B)


def known(value: int, confidence: Confidence = Confidence.HIGH) -> Score:
    return Score(value, confidence, 1.0, ())


@pytest.mark.parametrize(
    ("value", "current", "expected"),
    [
        (80, None, A),
        (79, None, B),
        (0, None, E),
        (70, U, B),
        (82, B, B),  # within the margin
        (83, B, A),
        (62, B, B),
        (61, B, C),
        (81, C, B),  # two classes up, but only one with the margin
        (83, C, A),
        (67, C, C),
        (10, A, E),
        (100, A, A),
        (0, E, E),
        (36, E, E),
    ],
)
def test_the_class_follows_with_a_margin(value, current, expected):
    assert class_for(known(value), CLASSES, current and current.key, 3) == expected.key


@pytest.mark.parametrize("confidence", [Confidence.NONE, Confidence.LOW])
def test_low_confidence_moves_nobody(confidence):
    assert class_for(known(5, confidence), CLASSES, A.key, 3) == A.key
    assert class_for(known(5, confidence), CLASSES, None, 3) is None
    assert class_for(known(99, confidence), CLASSES, U.key, 3) == U.key


def test_without_classes_everything_stays():
    assert class_for(known(50), (), None, 3) is None
    assert class_for(known(50), (U,), U.key, 3) == U.key


def test_a_class_that_is_gone_is_left():
    assert class_for(known(70), CLASSES, 77, 3) == B.key


@given(
    st.integers(0, 100),
    st.integers(0, 100),
    st.sampled_from([None, A, B, C, D, E, U]),
    st.integers(0, 20),
)
def test_a_score_that_wavers_by_less_than_the_margin_flips_nothing(
    first, second, start, margin
):
    """Two scores alternate, closer than the margin: the class comes to rest."""
    if abs(first - second) > margin:
        return
    current = start and start.key
    seen = []
    for value in (first, second) * 4:
        current = class_for(known(value), CLASSES, current, margin)
        seen.append(current)
    assert len(set(seen[2:])) == 1


@given(st.integers(0, 100), st.sampled_from([A, B, C, D, E]), st.integers(0, 20))
def test_a_class_never_moves_against_the_score(value, current, margin):
    there = next(
        known_class
        for known_class in (A, B, C, D, E)
        if known_class.key == class_for(known(value), CLASSES, current.key, margin)
    )
    if there.floor > current.floor:
        assert value >= there.floor + margin
    elif there.floor < current.floor:
        assert value < current.floor - margin


# === PROPERTIES === #

items = st.builds(
    lambda due, late, amount, is_open: Item(
        ago(due), None if is_open else ago(due) + timedelta(days=late), amount
    ),
    st.integers(-30, 600),
    st.integers(-40, 200),
    st.floats(-100, 1e7),
    st.booleans(),
)
facts = st.builds(
    Facts,
    items=st.lists(items, max_size=12).map(tuple),
    broken=st.integers(0, 9),
    tone=st.sampled_from([None, *TONE_POINTS]),
    limit_used=st.none() | st.floats(-50, 500),
    since=st.none() | st.integers(-10, 9000).map(ago),
    sales=st.floats(-1e6, 1e9),
    rating=st.none() | st.integers(-20, 150),
)
norms = st.builds(
    Norm,
    days=st.builds(Prior, st.floats(-30, 180), st.floats(1, 50)),
    share=st.builds(Prior, st.floats(0, 1), st.floats(1, 50)),
    sales=st.floats(0, 1e9),
    rating_weight=st.floats(0, 1),
)


@given(facts, norms)
def test_a_score_is_whole_and_in_range_and_adds_up(found, norm):
    result = score(found, norm, DAY)
    assert 0 <= result.value <= 100
    assert 0 <= result.own < 1
    assert all(isinstance(factor.points, int) for factor in result.factors)
    kinds = [factor.kind for factor in result.factors]
    assert len(kinds) == len(set(kinds))
    own = [f.points for f in result.factors if f.kind is not Kind.RATING]
    reached = max(0, min(100, START + sum(own)))
    rating = sum(f.points for f in result.factors if f.kind is Kind.RATING)
    assert result.value == max(0, min(100, reached + rating))
    strengths = [abs(factor.points) for factor in result.factors]
    assert strengths == sorted(strengths, reverse=True)


@given(facts, norms, st.randoms(use_true_random=False))
def test_the_order_of_payments_does_not_matter(found, norm, random):
    shuffled = list(found.items)
    random.shuffle(shuffled)
    first, second = (
        score(replace(found, items=tuple(order)), norm, DAY)
        for order in (found.items, shuffled)
    )
    # sums of floats in another order may round a point the other way
    assert abs(first.value - second.value) <= 3


@given(facts, norms)
def test_bad_news_never_raises_the_score(found, norm):
    before = score(found, norm, DAY).value
    for worse in (
        replace(found, broken=found.broken + 1),
        replace(found, tone="formal"),
        replace(found, limit_used=150.0),
    ):
        assert score(worse, norm, DAY).value <= before


@given(st.integers(1, 30), st.integers(0, 100), st.integers(0, 100), norms)
def test_who_pays_later_has_no_better_score(count, first, second, norm):
    early, late = sorted((first, second))
    gap = 500 // count
    assert (
        score(Facts(items=steady(late, count, gap)), norm, DAY).value
        <= score(Facts(items=steady(early, count, gap)), norm, DAY).value
    )
