"""Who begins to pay later than usual: the test, its errors, and its power."""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.earlywarning import (
    ALPHA,
    EXACT,
    FEWEST_USUAL,
    by_month,
    examine,
    rank_probability,
    superiority,
)
from engine.scoring import Item

DAY = date(2026, 6, 15)


def ago(days: int) -> date:
    return DAY - timedelta(days=days)


def due(days: int, late: int | None, amount: float = 100.0) -> Item:
    """Due so many days ago; paid ``late`` days later, or still open."""
    paid_on = None if late is None else ago(days) + timedelta(days=late)
    return Item(ago(days), paid_on, amount)


def weekly(usual, recent, since: int = 60) -> list[Item]:
    """Due each week for 17 months; from ``since`` days ago on another habit."""
    return [
        due(days, (recent if days <= since else usual)(days // 7))
        for days in range(20, 500, 7)
    ]


# === THE TEST === #


def test_a_clear_change_is_an_alarm():
    finding = examine(weekly(lambda n: 5 + n % 3, lambda n: 25 + n % 3), DAY)
    assert finding.alarm
    assert 5 <= finding.usual <= 7
    assert 25 <= finding.recent <= 27
    assert finding.probability <= ALPHA
    assert finding.effect > 0.9


def test_steady_is_no_alarm():
    finding = examine(weekly(lambda n: 30 + n % 4, lambda n: 30 + n % 4), DAY)
    assert not finding.alarm
    assert finding.probability == 1.0


def test_the_same_days_are_an_alarm_for_one_and_nothing_for_another():
    """Not a number of days: five more is clear where payments are regular."""
    regular = examine(weekly(lambda n: 10, lambda n: 15), DAY)
    erratic = examine(weekly(lambda n: n * 17 % 40, lambda n: 5 + n * 17 % 40), DAY)
    assert regular.alarm
    assert not erratic.alarm


@pytest.mark.parametrize(("later", "alarm"), [(1, False), (3, False), (4, True)])
def test_a_banks_way_is_no_alarm_for_who_pays_to_the_day(later, alarm):
    finding = examine(weekly(lambda n: 0, lambda n: later), DAY)
    assert finding.alarm is alarm
    assert finding.effect == 1.0


def test_paying_earlier_is_no_alarm():
    assert not examine(weekly(lambda n: 30, lambda n: 2), DAY).alarm


def test_one_late_payment_is_no_alarm():
    items = weekly(lambda n: 5 + n % 3, lambda n: 5 + n % 3)
    items[2] = due(34, None, amount=1e9)
    assert not examine(items, DAY).alarm


def test_who_stops_paying_is_found_without_a_payment():
    finding = examine(weekly(lambda n: 3 + n % 3, lambda n: None, since=70), DAY)
    assert finding.alarm
    assert finding.recent > 20


def test_what_is_not_yet_later_than_usual_does_not_calm():
    """Who usually takes 40 days has always open items; they had no time to be late."""
    items = [due(days, 40 if days > 40 else None) for days in range(1, 500, 7)]
    finding = examine(items, DAY)
    assert finding.usual == 40
    assert finding.recent >= 38


def test_one_payment_run_is_one_observation():
    usual = [due(days, 5 + days % 3) for days in range(160, 500, 20)]
    one_run = [Item(ago(60 + n % 25), ago(20), 100.0) for n in range(50)]
    assert examine(usual + one_run, DAY) is None  # one decision is too little


@pytest.mark.parametrize("count", [0, FEWEST_USUAL - 1])
def test_too_little_to_compare(count):
    usual = [due(130 + 20 * n, 5) for n in range(count)]
    recent = [due(10 + 9 * n, 30) for n in range(6)]
    assert examine(usual + recent, DAY) is None


def test_what_is_not_due_or_worth_nothing_is_ignored():
    items = weekly(lambda n: 5 + n % 4, lambda n: 25)
    more = [due(-3, None), due(0, None), due(30, 900, amount=0.0), due(40, 90, -5.0)]
    assert examine(items + more, DAY) == examine(items, DAY)


# === ITS PROBABILITIES === #


def brute_force(recent, usual) -> float:
    """All ways to call some of the observations recent: how many are as extreme."""
    pooled = [*recent, *usual]
    ways = list(combinations(range(len(pooled)), len(recent)))

    def wins(chosen):
        chosen = set(chosen)
        left = [v for i, v in enumerate(pooled) if i not in chosen]
        return superiority([pooled[i] for i in chosen], left)

    reached = wins(range(len(recent)))
    return sum(wins(way) >= reached - 1e-12 for way in ways) / len(ways)


small = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=4)


@given(small, small)
def test_exact_probability_is_that_of_all_permutations(recent, usual):
    assert rank_probability(recent, usual) == pytest.approx(brute_force(recent, usual))


def test_textbook_value():
    # three of three above all of twelve: one of 455 ways
    usual = [float(n) for n in range(12)]
    assert rank_probability([20.0, 21.0, 22.0], usual) == pytest.approx(1 / 455)


def test_normal_approximation_meets_the_exact_one():
    rng = random.Random(3)
    for __ in range(20):
        usual = [round(rng.gauss(10, 5)) for __ in range(28)]
        recent = [round(rng.gauss(14, 5)) for __ in range(12)]
        exact = rank_probability(recent, usual)
        # the same sample, with one observation too many for the exact way
        assert len(recent) + len(usual) == EXACT
        near = rank_probability(recent, [*usual, 10])
        assert near == pytest.approx(exact, abs=0.02)


def test_all_alike_is_no_evidence():
    assert rank_probability([5.0] * 30, [5.0] * 30) == 1.0
    assert rank_probability([5.0] * 3, [5.0] * 6) == 1.0


@given(
    st.lists(
        st.tuples(st.integers(-30, 600), st.none() | st.integers(-40, 300)), max_size=40
    )
)
def test_odd_data_never_fails(rows):
    finding = examine([due(*row) for row in rows], DAY)
    if finding:
        assert 0 <= finding.probability <= 1
        assert 0 <= finding.effect <= 1
        assert finding.alarm == (finding.probability <= ALPHA)


# === ITS ERRORS, SIMULATED === #

HABITS = {
    "regular": lambda rng: rng.gauss(10, 3),
    "erratic": lambda rng: rng.expovariate(1 / 15) - 3,
    "two habits": lambda rng: 0 if rng.random() < 0.8 else 45,
}
START = date(2024, 1, 1)


def customer(rng, habit, gap, change=None):
    """Due every ``gap`` days for 30 months: ``[(due, paid, amount)]``."""
    rows = []
    for day in range(0, 900, gap):
        late = round(HABITS[habit](rng))
        if change and day >= change[0]:
            late += change[1]
        due_date = START + timedelta(days=day)
        paid_on = due_date + timedelta(days=late)
        rows.append((due_date, paid_on, rng.lognormvariate(7, 1)))
    return rows


def seen_on(rows, day):
    return [
        Item(due_date, paid_on if paid_on <= day else None, amount)
        for due_date, paid_on, amount in rows
        if due_date < day
    ]


@pytest.mark.parametrize("gap", [7, 30])
@pytest.mark.parametrize("habit", HABITS)
def test_false_alarms_are_as_rare_as_stated(habit, gap):
    """Of single tests at most ALPHA; of customers watched for a year few."""
    rng = random.Random(f"{habit} {gap}")
    tests = alarms = told = 0
    for __ in range(60):
        rows = customer(rng, habit, gap)
        found = []
        for number in range(500, 865, 7):
            finding = examine(
                seen_on(rows, START + timedelta(days=number)),
                START + timedelta(days=number),
            )
            if finding:
                tests += 1
                found.append(finding.alarm)
        alarms += sum(found)
        told += any(found)
    assert alarms / tests <= 2 * ALPHA  # twice, for the chance of the simulation
    assert told <= 6  # of 60


@pytest.mark.parametrize(("gap", "most"), [(7, 60), (30, 110)])
def test_a_new_habit_is_found(gap, most):
    """Fifteen days later from one day on, by a regular customer."""
    rng = random.Random(gap)
    delays = []
    for __ in range(30):
        rows = customer(rng, "regular", gap, change=(600, 15))
        delay = next(
            number - 600
            for number in range(600, 800)
            if (
                found := examine(
                    seen_on(rows, START + timedelta(days=number)),
                    START + timedelta(days=number),
                )
            )
            and found.alarm
        )
        delays.append(delay)
    assert sorted(delays)[len(delays) // 2] <= most


# === THE CHART === #


def test_months_by_due_date():
    items = [
        Item(date(2026, 4, 1), date(2026, 4, 11), 100.0),
        Item(date(2026, 4, 30), date(2026, 4, 30), 300.0),
        Item(date(2026, 6, 5), None, 50.0),
        Item(date(2026, 6, 1), date(2026, 6, 1), 50.0),
        Item(DAY, None, 10.0),  # not overdue yet
        Item(date(2026, 5, 1), date(2026, 5, 1), 0.0),
    ]
    april, june = by_month(items, DAY, 18)
    assert (april.first, april.days, april.amount) == (date(2026, 4, 1), 2.5, 400.0)
    assert (june.days, june.open_amount) == (5.0, 50.0)
    assert by_month(items, DAY, 1) == [june]
    assert by_month([], DAY, 18) == []
