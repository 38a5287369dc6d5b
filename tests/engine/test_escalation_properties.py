"""What must hold for the escalation whatever the policy, the customer and the day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st

from engine.escalation import (
    SENTENCES,
    ZERO,
    Circumstances,
    Confirmed,
    Customer,
    Escalate,
    Item,
    Level,
    Outcome,
    Policy,
    Reason,
    Skip,
    StartRule,
    decide,
    recheck,
)
from escalation_cases import serve
from strategies import (
    TODAY,
    amounts,
    circumstances,
    courteous_policies,
    customers,
    items,
    likely,
    policies,
    situations,
)

# Reasons that an item has by itself, whatever else its customer owes.
OWN_REASONS = {
    Reason.NOT_A_DEBT,
    Reason.INSOLVENT,
    Reason.TIME_BARRED,
    Reason.LAW_REFUSES,
    Reason.ITEM_DISPUTED,
    Reason.ITEM_HELD,
    Reason.ITEM_EXCLUDED,
    Reason.ITEM_BLOCKED,
    Reason.NOT_DUE,
    Reason.LEVEL_NOT_REACHED,
    Reason.LAST_LEVEL,
}
GENERAL_REASONS = {
    Reason.NO_POLICY,
    Reason.NO_LEVELS,
    Reason.POLICY_MANUAL,
    Reason.CUSTOMER_ARCHIVED,
    Reason.CUSTOMER_PAUSED,
    Reason.IN_PROPOSAL,
}


def is_claimable(item: Item) -> bool:
    kept_back = item.held or item.disputed or item.excluded or item.blocked
    unlawful = item.insolvent or (item.last_day is not None and item.last_day < TODAY)
    return item.residual > 0 and not kept_back and not unlawful


def is_refused(item: Item, level: Level, day: date) -> bool:
    """Whether the law does not let the level be told of the item on that day."""
    refused = item.refused.get(level.key)
    return refused is not None and (refused.until is None or day < refused.until)


def is_overdue(item: Item, day: date) -> bool:
    return (day - item.due_date).days > 0


def enters_by_age(policy: Policy, item: Item, now: Circumstances) -> bool:
    return (
        policy.start is StartRule.AGE
        and item.level_days is None
        and (now.baseline is None or item.due_date < now.baseline)
    )


def assert_none_firmer(levels: Iterable[Level], level: Level) -> None:
    """No level speaks more firmly: a formal notice above all, then by days."""
    for other in levels:
        assert (other.formal, other.days) <= (level.formal, level.days)


def softer(one: Level, other: Level) -> Level:
    return min(one, other, key=lambda level: (level.formal, level.days))


def passed_over(policy: Policy, item: Item, level: Level, day: date) -> list[Level]:
    """Levels between the last one served and ``level`` that had not lapsed."""
    return [
        between
        for between in policy.levels
        if between.days < level.days
        and (item.level_days is None or between.days > item.level_days)
        and not (between.preventive and day > item.due_date)
    ]


# === THE SHAPE OF AN OUTCOME === #


@given(situations())
def test_every_item_in_exactly_one_of_escalated_and_skipped(situation):
    _policy, customer, _now = situation
    outcome = decide(*situation)
    assert Counter([*outcome.escalated, *outcome.skipped]) == Counter(
        item.key for item in customer.items
    )
    for decision in outcome.decisions.values():
        assert isinstance(decision, Escalate | Skip)


@given(situations())
def test_message_if_and_only_if_something_escalated(situation):
    outcome = decide(*situation)
    assert (outcome.message is not None) == bool(outcome.escalated)


@given(situations(), st.randoms(use_true_random=False))
def test_order_of_items_does_not_matter(situation, random):
    policy, customer, now = situation
    outcome = decide(policy, customer, now)
    shuffled = list(customer.items)
    random.shuffle(shuffled)
    again = decide(policy, replace(customer, items=shuffled), now)
    assert again == outcome
    assert list(again.decisions) == list(outcome.decisions)


@given(situations(), st.randoms(use_true_random=False))
def test_order_of_levels_does_not_matter(situation, random):
    policy, customer, now = situation
    assume(policy)
    shuffled = list(policy.levels)
    random.shuffle(shuffled)
    again = decide(replace(policy, levels=shuffled), customer, now)
    assert again == decide(policy, customer, now)


@given(situations())
def test_item_reason_does_not_depend_on_the_other_items(situation):
    policy, customer, now = situation
    together = decide(policy, customer, now).decisions
    for item in customer.items:
        lone = decide(policy, replace(customer, items=(item,)), now).decisions[item.key]
        other = together[item.key]
        own = {
            getattr(decision, "reason", None) in OWN_REASONS | GENERAL_REASONS
            for decision in (lone, other)
        }
        assert own == {False} or lone == other


@given(situations())
def test_until_lies_ahead_unless_a_hold_says_otherwise(situation):
    """Who waits is told a day to come; the end of a hold is passed on as it stands."""
    holds = {Reason.CUSTOMER_PAUSED, Reason.ITEM_HELD, Reason.ITEM_DISPUTED}
    now = situation[2]
    for skip in decide(*situation).skipped.values():
        if skip.reason not in holds and skip.until:
            assert skip.until > now.day


@given(situations(), st.integers(1, 90))
def test_until_is_the_first_day_the_level_or_gap_lets_go(situation, ahead):
    """Left alone, the same reason holds up to the day before ``until``, not on it."""
    policy, customer, now = situation
    waits = {Reason.LEVEL_NOT_REACHED, Reason.TOO_SOON}
    for key, skip in decide(policy, customer, now).skipped.items():
        if skip.reason not in waits:
            continue
        last = skip.until - timedelta(days=1)
        day = min(now.day + timedelta(days=ahead), last)
        later = decide(policy, customer, replace(now, day=day))
        same = later.decisions[key]
        # A lapsed announcement is the one thing that changes on the way.
        assert isinstance(same, Skip) and same.reason in {*waits, Reason.LAST_LEVEL}
        on = decide(policy, customer, replace(now, day=skip.until)).decisions[key]
        assert getattr(on, "reason", None) is not skip.reason


# === WHAT A MESSAGE CLAIMS === #


@given(situations())
def test_carried_are_all_escalated_and_all_overdue(situation):
    _policy, customer, now = situation
    outcome = decide(*situation)
    if outcome.message is None:
        return
    carried = set(outcome.message.carried)
    overdue = {
        i.key for i in customer.items if is_claimable(i) and is_overdue(i, now.day)
    }
    if outcome.message.level.preventive:
        assert carried == set(outcome.escalated)
        assert not carried & overdue
    else:
        assert carried == set(outcome.escalated) | overdue


@given(situations())
def test_claimed_is_the_sum_of_the_residuals_carried(situation):
    _policy, customer, _now = situation
    message = decide(*situation).message
    if message:
        residuals = {item.key: item.residual for item in customer.items}
        assert message.claimed == sum(residuals[key] for key in message.carried)
        assert message.claimed > 0
        assert len(set(message.carried)) == len(message.carried)


@given(situations())
def test_nothing_claimed_from_items_kept_back(situation):
    _policy, customer, _now = situation
    outcome = decide(*situation)
    carried = outcome.message.carried if outcome.message else ()
    for item in customer.items:
        if not is_claimable(item):
            assert item.key not in carried
            assert item.key in outcome.skipped


@given(situations())
def test_item_kept_back_might_as_well_be_absent(situation):
    """But for the contact it stands for, it changes nothing for the others."""
    policy, customer, now = situation
    full = decide(policy, customer, now)
    contacts = [i.level_date for i in customer.items if i.level_date]
    contacts += [customer.last_contact] if customer.last_contact else []
    left = replace(
        customer,
        items=tuple(i for i in customer.items if is_claimable(i)),
        last_contact=max(contacts, default=None),
    )
    rest = decide(policy, left, now)
    assert rest.message == full.message
    assert all(full.decisions[key] == rest.decisions[key] for key in rest.decisions)


@given(situations())
def test_message_only_where_every_threshold_is_met(situation):
    policy, customer, now = situation
    outcome = decide(*situation)
    if outcome.message is None:
        return
    claimable = [item for item in customer.items if is_claimable(item)]
    debt = sum(
        item.residual
        for item in claimable
        if item.key in outcome.message.carried or is_overdue(item, now.day)
    )
    net = debt - customer.credits - customer.pending
    assert net > 0 and net >= policy.min_amount
    assert outcome.message.level.key not in customer.unreachable
    assert not (customer.archived or customer.paused)
    assert not (customer.in_proposal or customer.under_way)
    assert not (policy.manual and now.scheduled)
    if now.bank_max_age and now.bank_date:
        assert (now.day - now.bank_date).days <= now.bank_max_age
    for item in claimable:
        if item.key in outcome.escalated and item.original:
            share = item.residual / abs(item.original) * 100
            assert share >= policy.min_share


# === LEVELS === #


@given(situations())
def test_level_escalated_lies_beyond_the_last_and_is_reached(situation):
    policy, customer, now = situation
    outcome = decide(*situation)
    for item in customer.items:
        level = outcome.escalated.get(item.key)
        if level:
            assert level in policy.levels
            assert item.level_days is None or level.days > item.level_days
            assert item.due_date + timedelta(days=level.days) <= now.day
            assert not (level.preventive and is_overdue(item, now.day))


@given(situations())
def test_nothing_is_told_that_the_law_refuses(situation):
    _policy, customer, now = situation
    outcome = decide(*situation)
    for item in customer.items:
        level = outcome.escalated.get(item.key)
        assert level is None or not is_refused(item, level, now.day)
        skip = outcome.skipped.get(item.key)
        if skip and skip.reason is Reason.LAW_REFUSES:
            assert skip.refused in item.refused.values()
            assert skip.until == skip.refused.until


@given(situations())
def test_no_level_skipped_unless_entered_by_age(situation):
    policy, customer, now = situation
    outcome = decide(*situation)
    for item in customer.items:
        level = outcome.escalated.get(item.key)
        if level and not enters_by_age(policy, item, now):
            assert passed_over(policy, item, level, now.day) == []


@given(situations(start=StartRule.AGE))
def test_entered_by_age_no_softer_than_the_age_says(situation):
    """Only a formal notice is left out; nothing else that is reached lies beyond."""
    policy, customer, now = situation
    outcome = decide(*situation)
    for item in customer.items:
        level = outcome.escalated.get(item.key)
        if level and enters_by_age(policy, item, now):
            age = (now.day - item.due_date).days
            beyond = [
                other
                for other in policy.levels
                if level.days < other.days <= age
                and not other.formal
                and not (other.preventive and is_overdue(item, now.day))
                and not is_refused(item, other, now.day)
            ]
            assert beyond == []


@given(situations(start=StartRule.AGE))
def test_formal_notice_not_entered_by_age_when_a_reminder_is_reached(situation):
    policy, customer, now = situation
    outcome = decide(*situation)
    for item in customer.items:
        level = outcome.escalated.get(item.key)
        if level and level.formal and enters_by_age(policy, item, now):
            assert all(
                other.formal for other in passed_over(policy, item, level, now.day)
            )


@given(courteous_policies(), customers(fresh=True), circumstances())
def test_formal_notice_never_first_in_a_policy_that_reminds_first(
    policy, customer, now
):
    """By age or not: the first thing an item brings the customer is a reminder."""
    outcome = decide(policy, customer, now)
    assert not any(level.formal for level in outcome.escalated.values())
    assert not (outcome.message and outcome.message.level.formal)


@given(situations())
def test_message_level_is_the_firmest_it_may_be(situation):
    policy, customer, _now = situation
    outcome = decide(*situation)
    message = outcome.message
    if message is None:
        return
    assert message.level in policy.levels
    assert_none_firmer(outcome.escalated.values(), message.level)
    # A formal notice is one if and only if an item reaches that level today.
    reached = [level for level in outcome.escalated.values() if level.formal]
    assert message.level.formal == bool(reached)
    assert not reached or message.level in reached
    standing = [
        level
        for item in customer.items
        if item.key in message.carried and item.level_days is not None
        for level in policy.levels
        if level.days <= item.level_days and not level.formal
    ]
    if not message.level.preventive:
        assert_none_firmer(standing, message.level)
    assert message.level in [*outcome.escalated.values(), *standing]


# === PAYMENTS === #


def level_after(customer: Customer, outcome: Outcome) -> dict[int, float]:
    """Days of each item's level once the outcome is served; never served is lowest."""
    return {
        item.key: level.days
        if (level := outcome.escalated.get(item.key))
        else float("-inf")
        if item.level_days is None
        else item.level_days
        for item in customer.items
    }


@st.composite
def payments(draw, customer: Customer) -> Customer:
    """The customer after one more payment, wherever it is booked."""
    amount = draw(amounts(1))
    kind = draw(st.sampled_from(["credits", "pending", "item", "paid", "removed"]))
    if kind in ("credits", "pending"):
        return replace(customer, **{kind: getattr(customer, kind) + amount})
    assume(customer.items)
    chosen = draw(st.sampled_from(customer.items))
    if kind == "removed":
        kept = tuple(item for item in customer.items if item is not chosen)
        return replace(customer, items=kept)
    residual = ZERO if kind == "paid" else chosen.residual - amount
    paid = replace(chosen, residual=residual)
    changed = tuple(paid if item is chosen else item for item in customer.items)
    return replace(customer, items=changed)


@settings(max_examples=300)
@given(st.data())
def test_payment_never_raises_a_level(data):
    """Of reminders: an announcement may go, now that no reminder comes first.

    With the last contact known, and an address for every level.

    Both are needed: an item gone takes the date of its notice along, and a message of
    a lower level may find an address that the firmer one lacked.
    """
    policy, customer, now = data.draw(situations())
    contacts = [item.level_date for item in customer.items if item.level_date]
    if customer.last_contact:
        contacts.append(customer.last_contact)
    customer = replace(
        customer, unreachable=frozenset(), last_contact=max(contacts, default=None)
    )
    paid = data.draw(payments(customer))
    before, after = decide(policy, customer, now), decide(policy, paid, now)
    highest = level_after(customer, before)
    for key, level in level_after(paid, after).items():
        if key not in after.escalated or not after.escalated[key].preventive:
            assert level <= highest[key]
    if after.message and not after.message.level.preventive:
        assert before.message
        assert_none_firmer([after.message.level], before.message.level)
        assert after.message.claimed <= before.message.claimed
        assert set(after.message.carried) <= set(before.message.carried)


@given(situations())
def test_credits_as_large_as_the_debt_nothing_sent(situation):
    policy, customer, now = situation
    debt = sum((i.residual for i in customer.items if i.residual > 0), ZERO)
    outcome = decide(policy, replace(customer, credits=debt), now)
    assert outcome.message is None


@given(situations(), amounts(), amounts())
def test_credits_and_pending_payments_count_alike(situation, one, other):
    policy, customer, now = situation
    outcomes = [
        decide(policy, replace(customer, credits=credits, pending=pending), now)
        for credits, pending in ((one, other), (other, one), (one + other, ZERO))
    ]
    assert outcomes[0] == outcomes[1] == outcomes[2]


# === DAY AFTER DAY === #


@st.composite
def histories(draw):
    """A policy, a customer, and what happens on the days a run takes place.

    Each step is the days since the last run (0: the same day again) and a change of the
    customer: a payment, a new item, a hold set or lifted.
    """
    policy = draw(policies(min_levels=1, manual=False))
    customer = draw(customers(most=4, fresh=True, flags=False))
    fresh_items = st.integers(100, 10_000).flatmap(
        lambda key: items(key, fresh=True, flags=False)
    )
    changes = st.one_of(
        st.none(),
        st.tuples(st.sampled_from(["pay", "hold"]), st.integers(0, 9), amounts(1)),
        st.tuples(st.just("add"), fresh_items, st.none()),
    )
    steps = draw(
        st.lists(st.tuples(st.integers(0, 8), changes), min_size=5, max_size=40)
    )
    baseline = draw(st.none() | st.just(TODAY))
    return policy, customer, steps, baseline


def change(customer: Customer, what, day: date) -> Customer:
    if what is None:
        return customer
    kind, subject, amount = what
    all_items = list(customer.items)
    if kind == "add":
        if subject.key not in {item.key for item in all_items}:
            offset = subject.due_date - TODAY
            all_items.append(replace(subject, due_date=day + offset))
    elif all_items:
        index = subject % len(all_items)
        item = all_items[index]
        if kind == "hold":
            all_items[index] = replace(item, held=not item.held)
        elif item.residual > amount:
            all_items[index] = replace(item, residual=item.residual - amount)
        else:
            del all_items[index]
    return replace(customer, items=tuple(all_items))


def check_step(policy: Policy, customer: Customer, now: Circumstances) -> Customer:
    """One run and the same run again; gives the customer as written down after it."""
    outcome = decide(policy, customer, now)
    for item in customer.items:
        level = outcome.escalated.get(item.key)
        if level:
            assert item.level_days is None or level.days > item.level_days
            if not enters_by_age(policy, item, now):
                assert passed_over(policy, item, level, now.day) == []
    after = serve(customer, outcome, now.day)
    again = decide(policy, after, now)
    assert again.message is None and not again.escalated
    assert serve(after, again, now.day) == after
    return after


@given(histories())
def test_simulated_days_gap_kept_levels_climb_rerun_changes_nothing(history):
    policy, customer, steps, baseline = history
    day, contacts = TODAY, []
    for pause, what in steps:
        day += timedelta(days=pause)
        customer = change(customer, what, day)
        after = check_step(policy, customer, Circumstances(day, baseline=baseline))
        if after != customer:
            contacts.append(day)
        customer = after
    gap = timedelta(days=max(1, policy.gap_days))
    assert all(later - earlier >= gap for earlier, later in pairwise(contacts))


@settings(max_examples=100)
@given(policies(min_levels=1, strict=False), customers(fresh=True, flags=False))
def test_simulated_days_nobody_pays_every_item_reaches_the_last_level(policy, customer):
    """Nothing is forgotten: what nobody pays or holds climbs to the end in time."""
    customer = replace(customer, credits=ZERO, pending=ZERO)
    gap = max(1, policy.gap_days)
    horizon = 20 + 60 + 5 * gap * (1 + len(policy.levels))
    day = TODAY
    for _ in range(horizon):
        customer = serve(customer, decide(policy, customer, Circumstances(day)), day)
        day += timedelta(days=1)
    final = decide(policy, customer, Circumstances(day))
    assert all(s == Skip(Reason.LAST_LEVEL) for s in final.skipped.values())
    assert final.message is None
    last = policy.levels[-1]
    if not last.preventive:
        # By age, a policy that ends in reminders may pass a formal notice over.
        assert all(item.level_days == last.days for item in customer.items)


# === CHECKED AGAIN BEFORE ISSUE === #


def propose(situation) -> tuple:
    """What the proposal keeps of an outcome: level, carried, escalated."""
    outcome = decide(*situation)
    assume(outcome.message)
    return outcome.message.level, outcome.message.carried, outcome.escalated


@given(likely(), st.booleans())
def test_recheck_nothing_changed_all_confirmed(situation, issued):
    policy, customer, now = situation
    level, carried, escalated = propose(situation)
    proposed = replace(customer, in_proposal=True)
    confirmed = recheck(policy, proposed, level, carried, escalated, now, issued=issued)
    message = decide(*situation).message
    assert confirmed == Confirmed(level, carried, escalated, message.claimed)


def replaced(customer: Customer, chosen: Item, **values) -> Customer:
    changed = replace(chosen, **values)
    return replace(
        customer, items=tuple(changed if i is chosen else i for i in customer.items)
    )


@st.composite
def setbacks(draw, policy: Policy, customer: Customer) -> Customer:
    """What may have come between: payments, items kept back, postponed, moved on."""
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["payment", "rest", "flag", "due date", "level"]))
        if kind == "payment" or not customer.items:
            customer = draw(payments(customer))
            continue
        chosen = draw(st.sampled_from(customer.items))
        if kind == "flag":
            flag = draw(st.sampled_from(["held", "disputed", "excluded", "blocked"]))
            values = {flag: True}
        elif kind == "rest":
            values = {"original": chosen.residual, "residual": chosen.residual / 10}
        elif kind == "due date":
            values = {"due_date": chosen.due_date + timedelta(draw(st.integers(1, 30)))}
        else:
            values = {"level_days": draw(st.sampled_from(policy.levels)).days}
        customer = replaced(customer, chosen, **values)
    return customer


def is_still_told(
    policy: Policy, item: Item, level: Level, day: date, issued: bool
) -> bool:
    """Whether an item proposed for ``level`` may still be told of it."""
    age = (day - item.due_date).days
    fits = level.days <= age if level.days >= 0 else level.days <= age <= 0
    if issued or not fits:
        return fits
    ahead = item.level_days is None or item.level_days < level.days
    original = abs(item.original or item.residual)
    return ahead and item.residual / original * 100 >= policy.min_share


@settings(max_examples=300)
@given(st.data())
def test_recheck_after_setbacks_only_takes_away(data):
    situation = data.draw(likely() | likely(min_share=Decimal(20)))
    policy, customer, now = situation
    level, carried, escalated = propose(situation)
    left = data.draw(setbacks(policy, customer))
    now = replace(now, day=now.day + timedelta(data.draw(st.integers(0, 3))))
    issued = data.draw(st.booleans())
    arguments = (level, carried, escalated, now)
    answer = recheck(policy, left, *arguments, issued=issued)
    claimable = {item.key: item for item in left.items if is_claimable(item)}
    told = {
        key: step
        for key, step in escalated.items()
        if key in claimable
        and is_still_told(policy, claimable[key], step, now.day, issued)
        and not is_refused(claimable[key], softer(step, level), now.day)
    }
    if isinstance(answer, Skip):
        assert SENTENCES[answer.reason]
        assert not told or answer.reason in {Reason.COVERED, Reason.BELOW_AMOUNT}
        worse = data.draw(payments(left))
        assert isinstance(recheck(policy, worse, *arguments, issued=issued), Skip)
        return
    assert_none_firmer([answer.level], level)
    assert answer.level.formal == any(step.formal for step in told.values())
    assert_none_firmer(answer.escalated.values(), answer.level)
    assert answer.escalated == {
        key: softer(step, answer.level) for key, step in told.items()
    }
    listed = set(told)
    if not all(step.preventive for step in told.values()):
        listed |= {k for k, i in claimable.items() if is_overdue(i, now.day)}
    assert answer.carried == tuple(key for key in carried if key in listed)
    assert answer.claimed == sum(claimable[key].residual for key in answer.carried)
    assert answer.claimed > 0


@given(likely(), st.data())
def test_recheck_level_set_by_a_person_never_rises(situation, data):
    """Nor does what the items are told; a level set too firm changes nothing."""
    policy, customer, now = situation
    level, carried, escalated = propose(situation)
    wanted = data.draw(st.sampled_from(policy.levels))
    told = [item for item in customer.items if item.key in escalated]
    assume(not any(is_refused(item, wanted, now.day) for item in told))
    confirmed = recheck(policy, customer, wanted, carried, escalated, now)
    assert confirmed.level == softer(wanted, level)
    assert confirmed.carried == carried
    assert confirmed.escalated == {
        key: softer(step, wanted) for key, step in escalated.items()
    }


@given(likely(), st.randoms(use_true_random=False))
def test_recheck_order_of_items_does_not_matter(situation, random):
    policy, customer, now = situation
    proposal = propose(situation)
    shuffled = list(customer.items)
    random.shuffle(shuffled)
    again = replace(customer, items=shuffled)
    assert recheck(policy, again, *proposal, now) == recheck(
        policy, customer, *proposal, now
    )


# === ODD DATA === #

# Every day there is, its ends on purpose; and spans that lead beyond them.
odd_dates = st.dates() | st.sampled_from([date.min, date.max])
odd_days = st.integers(-4000, 4000) | st.sampled_from([-(10**12), 10**7, 10**12])
odd_amounts = st.sampled_from(
    [Decimal(n) for n in ("-1e12", "-1", "-0.00", "0", "0.005", "1", "99999999999.99")]
) | st.decimals(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)


@st.composite
def odd_situations(draw):
    flags = st.booleans()
    policy = draw(
        st.none()
        | st.builds(
            Policy,
            levels=st.lists(
                st.builds(
                    Level,
                    key=st.integers(-1, 3),
                    days=odd_days,
                    formal=flags,
                ),
                max_size=6,
                unique_by=lambda level: level.days,
            ),
            start=st.sampled_from(StartRule),
            gap_days=odd_days,
            min_amount=odd_amounts,
            min_share=odd_amounts,
            manual=flags,
        )
    )
    some_items = st.lists(
        st.builds(
            Item,
            key=st.integers(),
            due_date=odd_dates,
            residual=odd_amounts,
            original=st.none() | odd_amounts,
            level_days=st.none() | st.integers(),
            level_date=st.none() | odd_dates,
            held=flags,
            held_until=st.none() | odd_dates,
            disputed=flags,
            excluded=flags,
            blocked=flags,
        ),
        max_size=6,
        unique_by=lambda item: item.key,
    )
    customer = draw(
        st.builds(
            Customer,
            items=some_items,
            credits=odd_amounts,
            pending=odd_amounts,
            last_contact=st.none() | odd_dates,
            archived=flags,
            paused=flags,
            paused_until=st.none() | odd_dates,
            in_proposal=flags,
            under_way=flags,
            unreachable=st.frozensets(st.integers(-1, 3)),
        )
    )
    now = draw(
        st.builds(
            Circumstances,
            day=odd_dates,
            scheduled=flags,
            baseline=st.none() | odd_dates,
            bank_date=st.none() | odd_dates,
            bank_max_age=st.integers(-10, 4000),
        )
    )
    return policy, customer, now


@settings(max_examples=100)
@given(odd_situations())
def test_odd_data_ends_in_a_reason(situation):
    _policy, customer, _now = situation
    outcome = decide(*situation)
    assert set(outcome.decisions) == {item.key for item in customer.items}
    assert all(skip.reason in SENTENCES for skip in outcome.skipped.values())
    assert (outcome.message is not None) == bool(outcome.escalated)
    if outcome.message:
        assert_none_firmer(outcome.escalated.values(), outcome.message.level)


@settings(max_examples=100)
@given(odd_situations(), st.data())
def test_recheck_odd_data_ends_in_a_reason(situation, data):
    policy, customer, now = situation
    levels = policy.levels if policy else ()
    assume(levels)
    any_level = st.sampled_from(levels)
    keys = st.sampled_from([item.key for item in customer.items] + [-1])
    level = data.draw(any_level)
    carried = data.draw(st.lists(keys))
    escalated = data.draw(st.dictionaries(keys, any_level))
    answer = recheck(
        data.draw(st.none() | st.just(policy)),
        customer,
        level,
        carried,
        escalated,
        now,
        issued=data.draw(st.booleans()),
    )
    if isinstance(answer, Skip):
        assert answer.reason in SENTENCES
        return
    assert_none_firmer([answer.level], level)
    assert_none_firmer(answer.escalated.values(), answer.level)
    assert set(answer.escalated) <= set(escalated) & set(answer.carried)
    assert set(answer.carried) <= set(carried)


# === REASONS === #


def kinds_of_message(situation) -> set[str]:
    outcome = decide(*situation)
    message = outcome.message
    if message is None:
        return set()
    kinds = {
        "preventive": message.level.preventive,
        "formal": message.level.formal,
        "firmer than any item escalated": (
            message.level not in outcome.escalated.values()
        ),
        "with overdue not escalated": len(message.carried) > len(outcome.escalated),
    }
    return {kind for kind, shown in kinds.items() if shown}


KINDS = (
    "preventive",
    "formal",
    "firmer than any item escalated",
    "with overdue not escalated",
)
# Searched for, not waited for: what is drawn differs from one machine to the next, and
# a rare outcome may be missing among any fixed number of draws.
SEARCH = settings(max_examples=20_000, phases=[Phase.generate], database=None)


@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.SETTLED}))
def test_situations_drawn_reach_every_reason(reason):
    """So that the properties above see them all; only a recheck says *settled*."""

    def seen(situation):
        skipped = decide(*situation).skipped.values()
        return reason in {skip.reason for skip in skipped}

    find(situations(), seen, settings=SEARCH)


@pytest.mark.parametrize("kind", KINDS)
def test_situations_drawn_reach_every_kind_of_message(kind):
    find(situations(), lambda s: kind in kinds_of_message(s), settings=SEARCH)


def test_every_reason_has_a_sentence():
    assert set(SENTENCES) == set(Reason)
    assert all(SENTENCES.values())
