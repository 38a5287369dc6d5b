"""The days to come: jumping from change to change finds what asking every day finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import engine.projection
from engine.escalation import (
    Circumstances,
    Customer,
    Item,
    Level,
    Policy,
    Reason,
    Refused,
    StartRule,
    decide,
)
from engine.projection import (
    Foreseen,
    Standing,
    every_day,
    next_for_item_days_late,
    play,
    project,
)
from escalation_cases import (
    FIRST,
    FORMAL,
    REMINDERS,
    SECOND,
    SOON,
    THIRD,
    TODAY,
    customer,
    days,
    item,
    now,
    policy,
    served,
)
from escalation_cases import serve as write_down
from strategies import (
    circumstances,
    days_around,
    likely,
    maybe,
    policies,
    situations,
)

HORIZON = 120


def weekday(day: date) -> bool:
    return day.weekday() < 5


def foreseen(a_policy=None, a_customer=None, until=HORIZON, **values):
    """``(days from today, level)`` of the messages to come."""
    end = TODAY + days(until)
    return [
        ((step.day - TODAY).days, step.message.level)
        for step in project(
            a_policy or policy(), a_customer or customer(), now(), end, **values
        )
    ]


def naive(a_policy, a_customer, on, until, is_working_day=every_day):
    """Every day asked, and the assumptions spelt out once more, plainly."""
    a_customer = replace(a_customer, in_proposal=False, under_way=False)
    found, asked = [], False
    for offset in range((until - on.day).days + 1):
        day = on.day + timedelta(offset)
        if offset:
            if (
                a_customer.paused
                and a_customer.paused_until
                and a_customer.paused_until < day
            ):
                a_customer = replace(a_customer, paused=False)
            a_customer = replace(
                a_customer,
                items=[
                    replace(i, held=False, disputed=False)
                    if i.held_until and i.held_until < day
                    else i
                    for i in a_customer.items
                ],
            )
        if not is_working_day(day):
            continue
        today = replace(on, day=day, bank_max_age=0 if asked else on.bank_max_age)
        asked = True
        outcome = decide(a_policy, a_customer, today)
        if outcome.message:
            found.append(Foreseen(day, outcome.message, outcome.escalated))
            a_customer = write_down(a_customer, outcome, day)
    return found


# === CASES === #


def test_a_new_debt_climbs_level_by_level():
    assert foreseen(a_customer=customer(item(late=0))) == [
        (5, FIRST),
        (15, SECOND),
        (30, THIRD),
        (45, FORMAL),
    ]


def test_an_old_debt_climbs_with_the_gap_between():
    assert foreseen(a_customer=customer(item(late=400)), until=20) == [
        (0, FIRST),
        (7, SECOND),
        (14, THIRD),
    ]


def test_both_ends_are_included():
    assert foreseen(a_customer=customer(item(late=5)), until=0) == [(0, FIRST)]
    assert foreseen(a_customer=customer(item(late=0)), until=4) == []
    assert foreseen(a_customer=customer(item(late=0)), until=5) == [(5, FIRST)]


def test_an_end_before_the_beginning_gives_nothing():
    assert foreseen(until=-1) == []


def test_runs_wait_for_a_working_day():
    # TODAY is a Monday; Saturday is the 5th day from it
    assert foreseen(
        a_customer=customer(item(late=0)), until=14, is_working_day=weekday
    ) == [(7, FIRST)]


def test_announcement_that_falls_on_a_weekend_with_its_due_date_lapses():
    soon = Level(key=1, days=-1)
    a_customer = customer(item(late=-6))  # due on Sunday, announced on Saturday
    assert foreseen(policy(soon), a_customer) == [(5, soon)]
    assert foreseen(policy(soon), a_customer, is_working_day=weekday) == []


def test_no_working_day_nothing_is_asked():
    assert list(play(policy(), customer(), now(), TODAY, lambda day: False)) == []


def test_pause_ends_after_its_last_day():
    paused = customer(paused=True, paused_until=TODAY + days(9))
    assert foreseen(a_customer=paused, until=10) == [(10, FIRST)]


def test_pause_without_an_end_lasts():
    assert foreseen(a_customer=customer(paused=True)) == []


@pytest.mark.parametrize("flag", ["held", "disputed"])
def test_hold_of_an_item_ends_after_its_last_day(flag):
    an_item = item(**{flag: True, "held_until": TODAY + days(9)})
    assert foreseen(a_customer=customer(an_item), until=10) == [(10, FIRST)]
    assert foreseen(a_customer=customer(item(**{flag: True}))) == []


def test_hold_that_is_over_but_still_said_to_run_ends_tomorrow():
    stale = TODAY - days(3)
    assert foreseen(
        a_customer=customer(item(held=True, held_until=stale)), until=3
    ) == [(1, FIRST)]
    assert foreseen(a_customer=customer(paused=True, paused_until=stale), until=3) == [
        (1, FIRST)
    ]


@pytest.mark.parametrize("flag", ["excluded", "blocked"])
def test_kept_back_for_good_gives_nothing(flag):
    assert foreseen(a_customer=customer(item(**{flag: True}))) == []


def test_archived_customer_gets_nothing():
    assert foreseen(a_customer=customer(archived=True)) == []


@pytest.mark.parametrize("flag", ["in_proposal", "under_way"])
def test_what_waits_today_does_not_stand_in_the_way(flag):
    a_customer = customer(item(late=5), **{flag: True})
    assert foreseen(a_customer=a_customer, until=0) == [(0, FIRST)]


def test_message_under_way_keeps_the_gap():
    a_customer = customer(
        served(FIRST, ago=0, late=30), under_way=True, last_contact=TODAY
    )
    assert foreseen(a_customer=a_customer, until=10) == [(7, SECOND)]


def test_old_bank_data_stop_the_first_day_only():
    stale = now(bank_date=TODAY - days(30), bank_max_age=7)
    found = project(policy(), customer(item(late=5)), stale, TODAY + days(9))
    assert [step.day for step in found] == [TODAY + days(1)]
    fresh = now(bank_date=TODAY, bank_max_age=7)
    found = project(policy(), customer(item(late=0)), fresh, TODAY + days(90))
    assert len(found) == len(REMINDERS)


def test_credits_cover_as_today():
    assert foreseen(a_customer=customer(credits=Decimal(100))) == []


def test_item_due_later_lifts_the_total_over_the_minimum():
    small = customer(item(1, late=10, residual="60"), item(2, late=-20, residual="60"))
    found = project(policy(min_amount=Decimal(100)), small, now(), TODAY + days(30))
    # from its first day late it is claimed along, before it reaches a level itself
    assert found[0].day == TODAY + days(21)
    assert found[0].escalated == {1: FIRST}
    assert found[0].message.claimed == 120


def test_no_policy_no_levels_no_items():
    end = TODAY + days(HORIZON)
    assert project(None, customer(), now(), end) == []
    assert project(Policy(), customer(), now(), end) == []
    assert project(policy(), Customer(), now(), end) == []


def test_manual_policy_counts_as_one_that_runs():
    assert foreseen(policy(manual=True), customer(item(late=5)), until=0)


def test_last_outcome_says_why_nothing_comes():
    *_, (_day, outcome) = play(
        policy(), customer(item(late=-300)), now(), TODAY + days(90)
    )
    assert outcome.skipped[1].reason is Reason.NOT_DUE


def test_rules_are_asked_seldom(monkeypatch):
    """From change to change: a few questions for three years, not a thousand."""
    asked = []

    def counted(*arguments):
        asked.append(arguments[2].day)
        return decide(*arguments)

    monkeypatch.setattr(engine.projection, "decide", counted)
    assert len(foreseen(a_customer=customer(item(late=0)), until=1000)) == 4
    assert len(asked) <= 12


def test_the_ends_of_the_calendar():
    late = Item(key=1, due_date=date.max, residual=Decimal(1))
    on = Circumstances(date.max - days(2))
    # days that would lie beyond the calendar are its last one
    found = project(policy(), customer(late), on, date.max)
    assert [step.day for step in found] == [date.max]
    early = Item(key=1, due_date=date.min, residual=Decimal(1))
    found = project(policy(), customer(early), Circumstances(date.min), date.max)
    assert [step.message.level for step in found] == list(REMINDERS)


# === ONE INVOICE, SO MANY DAYS LATE === #


def standing(late: int, a_policy=None, **values) -> Standing:
    return next_for_item_days_late(a_policy or policy(), late, TODAY, **values)


@pytest.mark.parametrize(
    ("late", "last", "level", "day"),
    [
        (-30, None, SOON, 25),
        (-5, None, SOON, 0),
        (0, SOON, FIRST, 5),
        (4, SOON, FIRST, 1),
        (5, SOON, FIRST, 0),
        (6, FIRST, SECOND, 9),
        (40, THIRD, FORMAL, 5),
        (45, THIRD, FORMAL, 0),
        (46, FORMAL, None, None),
        (10_000, FORMAL, None, None),
    ],
)
def test_invoice_days_late(late, last, level, day):
    a_policy = policy(SOON, *REMINDERS, gap_days=5)
    expected = Standing(last, level, None if day is None else TODAY + days(day))
    assert standing(late, a_policy) == expected


def test_invoice_days_late_keeps_the_gap():
    close = policy(FIRST, Level(key=21, days=6), gap_days=10)
    assert standing(7, close).day == TODAY + days(8)


def test_invoice_days_late_waits_for_a_working_day():
    assert standing(0, is_working_day=weekday).day == TODAY + days(7)


def test_invoice_days_late_thresholds_and_mode_do_not_matter():
    strict = policy(
        start=StartRule.AGE,
        manual=True,
        min_amount=Decimal(1000),
        min_share=Decimal(100),
    )
    assert standing(40, strict) == standing(40)


def test_invoice_days_late_without_levels():
    assert standing(40, Policy()) == Standing(None, None, None)


@pytest.mark.parametrize("late", [10**9, -(10**9)])
def test_invoice_absurdly_late(late):
    assert standing(late).last in (None, FORMAL)


@given(policies(min_levels=1, strict=False), st.integers(-40, 200))
def test_invoice_days_late_as_if_asked_every_day(a_policy, late):
    a_policy = replace(a_policy, start=StartRule.FIRST, manual=False)
    due = TODAY - days(late)
    start = min(TODAY, due - days(20))
    a_customer = Customer(items=[Item(key=0, due_date=due, residual=Decimal(1))])
    found = naive(a_policy, a_customer, Circumstances(start), TODAY + days(200))
    past = [step.escalated[0] for step in found if step.day < TODAY]
    ahead = [step for step in found if step.day >= TODAY]
    assert standing(late, a_policy) == Standing(
        past[-1] if past else None,
        ahead[0].escalated[0] if ahead else None,
        ahead[0].day if ahead else None,
    )


# === PROPERTIES === #

working_days = st.sampled_from([every_day, weekday, lambda day: day.day % 7 == 0])


@st.composite
def with_holds_that_end(draw):
    """A likely situation in which some of what is held back comes free."""
    a_policy, a_customer, _on = draw(likely())
    soon = days_around(before=3, after=60)
    some_items = tuple(
        replace(i, held=True, held_until=draw(maybe(soon)))
        if draw(st.booleans())
        else i
        for i in a_customer.items
    )
    paused = draw(st.booleans())
    a_customer = replace(
        a_customer,
        items=some_items,
        paused=paused,
        paused_until=draw(maybe(soon)) if paused else None,
    )
    return a_policy, a_customer, draw(circumstances())


everything = st.one_of(situations(), likely(), with_holds_that_end())


@settings(max_examples=400)
@given(everything, st.integers(0, HORIZON), working_days)
def test_jumping_finds_what_asking_every_day_finds(situation, horizon, is_working_day):
    a_policy, a_customer, on = situation
    on = replace(on, scheduled=False)
    until = on.day + timedelta(horizon)
    assert project(a_policy, a_customer, on, until, is_working_day) == naive(
        a_policy, a_customer, on, until, is_working_day
    )


@given(everything)
def test_first_day_is_decided_as_by_a_run(situation):
    a_policy, a_customer, on = situation
    outcome = decide(
        a_policy, replace(a_customer, in_proposal=False, under_way=False), on
    )
    assert next(play(a_policy, a_customer, on, on.day)) == (on.day, outcome)
    found = project(a_policy, a_customer, on, on.day)
    assert [step.message for step in found] == [outcome.message][: len(found)]
    assert bool(found) == bool(outcome.message)


@given(everything, working_days)
def test_messages_keep_the_gap_and_levels_never_fall(situation, is_working_day):
    a_policy, a_customer, on = situation
    until = on.day + timedelta(HORIZON)
    found = project(a_policy, a_customer, on, until, is_working_day)
    gap = timedelta(max(1, a_policy.gap_days))
    contacts = [i.level_date for i in a_customer.items if i.level_date]
    contacts += [a_customer.last_contact] if a_customer.last_contact else []
    reached = [step.day for step in found]
    if contacts and reached:
        assert reached[0] - max(contacts) >= gap
    assert all(later - earlier >= gap for earlier, later in pairwise(reached))
    assert all(is_working_day(day) and on.day <= day <= until for day in reached)
    levels = {i.key: i.level_days for i in a_customer.items}
    for step in found:
        for key, level in step.escalated.items():
            assert levels[key] is None or level.days > levels[key]
            levels[key] = level.days


@given(policies(), circumstances())
def test_customer_without_items_gets_nothing(a_policy, on):
    assert project(a_policy, Customer(), on, on.day + timedelta(HORIZON)) == []


@given(everything, st.integers(0, HORIZON), st.integers(0, HORIZON))
def test_a_longer_horizon_only_adds(situation, one, other):
    a_policy, a_customer, on = situation
    short, long = sorted((one, other))
    all_of_it = project(a_policy, a_customer, on, on.day + timedelta(long))
    end = on.day + timedelta(short)
    assert project(a_policy, a_customer, on, end) == [
        step for step in all_of_it if step.day <= end
    ]


def test_situations_drawn_reach_many_messages_and_lifted_holds():
    """So that the properties above are about something."""
    find(
        with_holds_that_end(),
        lambda s: (
            s[1].paused
            and s[1].paused_until
            and len(project(*s[:2], s[2], s[2].day + timedelta(HORIZON))) > 2
        ),
        settings=settings(max_examples=20_000, database=None),
    )


# === THE LAW === #


def test_free_reminder_lets_the_next_level_follow_after_its_time():
    waits = Refused("no_reminder", "CDE XIX.2", after=17)
    told = item(refused={SECOND.key: waits}, due_date=TODAY - days(5))
    found = [
        (one.day, one.message.level)
        for one in project(
            policy(FIRST, SECOND), customer(told), now(), TODAY + days(60)
        )
    ]
    assert found == [(TODAY, FIRST), (TODAY + days(17), SECOND)]


def test_what_the_law_never_allows_is_not_foreseen():
    never = Refused("no_clause", "CDE XIX.4")
    told = item(refused={SECOND.key: never}, due_date=TODAY - days(5))
    found = project(policy(FIRST, SECOND), customer(told), now(), TODAY + days(60))
    assert [one.message.level for one in found] == [FIRST]


def test_nothing_is_foreseen_after_the_last_day():
    told = item(last_day=TODAY + days(9), due_date=TODAY - days(5))
    found = project(policy(FIRST, SECOND), customer(told), now(), TODAY + days(60))
    assert [one.message.level for one in found] == [FIRST]
