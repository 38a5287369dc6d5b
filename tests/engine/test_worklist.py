"""Who is on the worklist, why, and in which order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.worklist import (
    MILESTONES,
    PATIENCE,
    SENTENCES,
    Criterion,
    Facts,
    Rule,
    State,
    Why,
    assess,
    milestone,
    to_collect,
)

DAY = date(2026, 6, 15)
RULES = {
    Criterion.AMOUNT: Rule(2, Decimal(500), 40),
    Criterion.AGE: Rule(3, Decimal(15), 24),
    Criterion.LEVEL: Rule(4, Decimal(10), 16),
    Criterion.REPLY: Rule(40),
    Criterion.UNDELIVERED: Rule(25),
    Criterion.BROKEN: Rule(30),
    Criterion.DUE: Rule(10, Decimal(1), 30),
    Criterion.SILENCE: Rule(5),
}


def ago(days: int) -> date:
    return DAY - timedelta(days=days)


# Ten days late, 1 000 to collect, the policy goes on by itself: nobody is needed.
QUIET = Facts(
    overdue=Decimal(1000), to_collect=Decimal(1000), oldest_due=ago(10), ahead=True
)


def place(facts: Facts, day: date = DAY) -> tuple[State, Why | None]:
    work = assess(facts, RULES, day)
    return work.state, work.why


def test_every_reason_has_a_sentence():
    assert set(SENTENCES) == set(Why)


def test_whom_the_machine_serves_needs_nobody():
    assert place(QUIET) == (State.NONE, None)


def test_who_owes_nothing_needs_nobody():
    assert place(Facts()) == (State.NONE, None)
    assert place(Facts(returned=True, bounced=True, undelivered=True)) == (
        State.NONE,
        None,
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"reply": True}, Why.REPLY),
        ({"returned": True}, Why.RETURNED),
        ({"bounced": True}, Why.BOUNCED),
        ({"undelivered": True}, Why.UNDELIVERED),
        ({"pause_ended": ago(1)}, Why.BROKEN),
        ({"pause_ends": DAY, "paused": True}, Why.ENDING),
        ({"next_action": DAY, "is_call": True}, Why.CALL_DUE),
        ({"next_action": ago(3)}, Why.TASK_DUE),
        ({"oldest_due": ago(45)}, Why.CROSSED),
        ({"ahead": False}, Why.LAST_LEVEL),
        ({"ahead": False, "by_hand": True}, Why.BY_HAND),
    ],
)
def test_a_person_is_needed(change, why):
    facts = replace(QUIET, **change)
    assert place(facts) == (State.ACT, why)
    handled = replace(facts, handled_on=DAY)
    assert assess(handled, RULES, DAY).state is not State.ACT, "done for today"
    yesterday = replace(facts, handled_on=ago(1))
    assert place(yesterday) == (State.ACT, why), "done yesterday is not done today"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"next_action": DAY + timedelta(days=1)}, Why.PLANNED),
        ({"under_way": True}, Why.UNDER_WAY),
        ({"answer_until": DAY}, Why.REMINDED),
        ({"handled_on": DAY, "last_talk": DAY}, Why.HANDLED),
        ({"last_talk": ago(PATIENCE - 1)}, Why.CALLED),
    ],
)
def test_the_customers_turn(change, why):
    assert place(replace(QUIET, **change)) == (State.WAITING, why)


def test_the_customers_turn_is_over():
    assert place(replace(QUIET, answer_until=ago(1))) == (State.NONE, None)
    assert place(replace(QUIET, last_talk=ago(PATIENCE))) == (State.NONE, None)


def test_paused():
    facts = replace(QUIET, paused=True, to_collect=Decimal(0))
    assert place(facts) == (State.PAUSED, Why.PAUSED)
    assert place(replace(facts, overdue=Decimal(0))) == (State.NONE, None)


def test_a_pause_quiets_what_it_is_for():
    facts = replace(
        QUIET, paused=True, to_collect=Decimal(0), oldest_due=ago(200), ahead=False
    )
    assert place(facts) == (State.PAUSED, Why.PAUSED)
    assert place(replace(facts, reply=True)) == (State.ACT, Why.REPLY)
    assert place(replace(facts, pause_ended=ago(2))) == (State.PAUSED, Why.PAUSED)


def test_a_planned_contact_quiets_what_is_old():
    later = DAY + timedelta(days=3)
    facts = replace(QUIET, oldest_due=ago(120), next_action=later, pause_ended=ago(2))
    assert place(facts) == (State.WAITING, Why.PLANNED)


def test_a_broken_pause_is_told_until_somebody_talks():
    facts = replace(QUIET, pause_ended=ago(20))
    assert place(facts) == (State.ACT, Why.BROKEN)
    assert assess(facts, RULES, DAY).pause_alert
    same_day = replace(facts, last_talk=ago(20))
    assert place(same_day) == (State.ACT, Why.BROKEN), "the talk that made the pause"
    talked = replace(facts, last_talk=ago(19))
    assert place(talked) == (State.NONE, None)
    assert not assess(talked, RULES, DAY).pause_alert


def test_pause_alert_needs_a_debt():
    paid = Facts(pause_ended=ago(1), pause_ends=DAY)
    assert not assess(paid, RULES, DAY).pause_alert


@pytest.mark.parametrize("days", MILESTONES)
def test_milestones(days):
    facts = replace(QUIET, oldest_due=ago(days))
    assert milestone(facts, DAY) == days
    before = milestone(facts, ago(1))
    assert before < days
    assert assess(facts, RULES, DAY).number == days
    talked = replace(facts, last_talk=DAY)
    assert milestone(talked, DAY) == 0
    talked_before = replace(facts, last_talk=ago(1))
    assert milestone(talked_before, DAY) == days


def test_no_milestone_without_anything_to_collect():
    assert (
        milestone(replace(QUIET, oldest_due=ago(90), to_collect=Decimal(0)), DAY) == 0
    )
    assert milestone(replace(QUIET, oldest_due=None), DAY) == 0


def test_a_fresh_contact_is_enough_where_the_machine_is_silent():
    facts = replace(QUIET, ahead=False)
    for name in ("last_talk", "last_message"):
        assert assess(replace(facts, **{name: ago(13)}), RULES, DAY).state is not (
            State.ACT
        )
        assert place(replace(facts, **{name: ago(14)})) == (State.ACT, Why.LAST_LEVEL)


def test_points_and_their_caps():
    facts = replace(
        QUIET,
        to_collect=Decimal("2499.99"),
        oldest_due=ago(44),
        served_days=18,
        reply=True,
        bounced=True,
        pause_ended=ago(1),
        next_action=ago(1),
    )
    work = assess(facts, RULES, DAY)
    assert dict(work.points) == {
        Criterion.AMOUNT: 8,
        Criterion.AGE: 6,
        Criterion.LEVEL: 4,
        Criterion.REPLY: 40,
        Criterion.UNDELIVERED: 25,
        Criterion.BROKEN: 30,
        Criterion.DUE: 20,
        Criterion.SILENCE: 5,
    }
    assert work.priority == 138
    rich = replace(facts, to_collect=Decimal(10**9), oldest_due=ago(5000))
    assert dict(assess(rich, RULES, DAY).points)[Criterion.AMOUNT] == 40
    assert dict(assess(rich, RULES, DAY).points)[Criterion.AGE] == 24


def test_points_without_rules():
    assert assess(QUIET, {}, DAY).points == ()
    assert assess(QUIET, {Criterion.SILENCE: Rule(0)}, DAY).points == ()


def test_negative_points():
    rules = {Criterion.SILENCE: Rule(-5)}
    assert assess(QUIET, rules, DAY).priority == -5


money = st.decimals(0, 10**6, places=2)
days = st.none() | st.dates(date(2025, 1, 1), date(2027, 1, 1))
facts_ = st.builds(
    Facts,
    overdue=money,
    to_collect=money,
    oldest_due=days,
    served_days=st.none() | st.integers(-10, 90),
    ahead=st.booleans(),
    by_hand=st.booleans(),
    last_message=days,
    answer_until=days,
    last_talk=days,
    handled_on=days | st.just(DAY),
    next_action=days,
    is_call=st.booleans(),
    returned=st.booleans(),
    bounced=st.booleans(),
    undelivered=st.booleans(),
    under_way=st.booleans(),
    paused=st.booleans(),
    pause_ended=days,
    pause_ends=days | st.just(DAY),
    reply=st.booleans(),
)
SAID = {
    State.ACT: set(list(Why)[: list(Why).index(Why.PLANNED)]),
    State.WAITING: {
        Why.PLANNED,
        Why.UNDER_WAY,
        Why.REMINDED,
        Why.HANDLED,
        Why.CALLED,
    },
    State.PAUSED: {Why.PAUSED},
    State.NONE: {None},
}


@given(facts_)
def test_the_reason_belongs_to_the_group(facts):
    work = assess(facts, RULES, DAY)
    assert work.why in SAID[work.state]
    assert (work.number in MILESTONES) == (work.why is Why.CROSSED)


@given(facts_)
def test_who_said_done_is_not_asked_again_that_day(facts):
    assert assess(replace(facts, handled_on=DAY), RULES, DAY).state is not State.ACT


@given(facts_)
def test_the_priority_is_the_sum_of_its_points(facts):
    work = assess(facts, RULES, DAY)
    assert work.priority == sum(points for __, points in work.points)
    for criterion, points in work.points:
        assert points
        if cap := RULES[criterion].cap:
            assert points <= cap


@given(facts_, money)
def test_more_to_collect_is_never_less_urgent(facts, more):
    richer = replace(facts, to_collect=facts.to_collect + more)
    if facts.to_collect > 0:
        assert assess(richer, RULES, DAY).priority >= assess(facts, RULES, DAY).priority


@given(facts_)
def test_nobody_without_debt_is_waited_for_or_paused(facts):
    free = replace(facts, overdue=Decimal(0), to_collect=Decimal(0))
    assert assess(free, RULES, DAY).state in (State.ACT, State.NONE)


@given(money, money, money)
def test_to_collect_is_between_zero_and_overdue(overdue, spared, credit):
    result = to_collect(overdue, spared, credit)
    assert 0 <= result <= overdue
    assert to_collect(overdue, Decimal(0), Decimal(0)) == overdue
    assert result + spared + credit >= overdue
