"""A reminder on a person's order: what it may set aside, and what never."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.escalation import Customer, Reason, Refused, Skip, decide
from engine.reminder import Reminder, recheck, remind
from escalation_cases import (
    AFTER,
    FIRST,
    FORMAL,
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
from strategies import situations


def order(*items, keys=(), by=None, on=None, **values) -> Reminder | Skip:
    return remind(by or policy(), customer(*items, **values), keys, on or now())


def against(reminder) -> set[Reason]:
    return {skip.reason for skip in reminder.against}


# === BY THE RULES === #


def test_all_overdue_items_by_default():
    found = order(item(1, late=20), item(2, late=1, residual="7"), item(3, late=-3))
    assert found.message.carried == (1, 2)
    assert found.message.level == FIRST
    assert found.message.claimed == Decimal(107)
    assert found.escalated == {1: FIRST}
    assert found.left_out == {}
    assert found.against == ()


def test_only_the_items_chosen():
    found = order(item(1, late=20), item(2, late=9), item(3, late=8), keys=[2, 3])
    assert found.message.carried == (2, 3)
    assert found.message.claimed == Decimal(200)


def test_a_younger_item_chosen_alone_speaks_at_its_own_level():
    old = item(1, late=32, level_days=SECOND.days)
    assert order(old, item(2, late=6), keys=[2]).message.level == FIRST
    assert order(old, item(2, late=6)).message.level == THIRD


def test_a_manual_policy_is_no_obstacle_for_a_person():
    found = order(by=policy(manual=True), on=now(scheduled=True))
    assert found.message.level == FIRST


def test_formal_notice_on_its_day():
    assert order(served(THIRD, ago=15)).message.level == FORMAL


# === WHAT IS LEFT OUT, WITH ITS REASON === #


@pytest.mark.parametrize(
    ("flaw", "reason"),
    [
        ({"disputed": True, "held": True}, Reason.ITEM_DISPUTED),
        ({"held": True}, Reason.ITEM_HELD),
        ({"excluded": True}, Reason.ITEM_EXCLUDED),
        ({"blocked": True}, Reason.ITEM_BLOCKED),
        ({"late": 0}, Reason.NOT_DUE),
        ({"late": -3}, Reason.NOT_DUE),
        ({"residual": "-5"}, Reason.NOT_A_DEBT),
    ],
)
def test_what_may_not_be_claimed(flaw, reason):
    flawed = item(2, **flaw)
    found = order(item(1), flawed, keys=[1, 2])
    assert found.message.carried == (1,)
    assert found.left_out[2].reason is reason
    assert order(item(1), flawed, keys=[2]).reason is reason


def test_the_reason_that_says_most_comes_first():
    held = item(3, held=True, held_until=TODAY + days(2))
    found = order(item(1, residual="-5"), item(2, late=-3), held)
    assert found == Skip(Reason.ITEM_HELD, TODAY + days(3))


def test_chosen_items_that_were_paid():
    assert order(item(1), keys=[99]) == Skip(Reason.SETTLED)
    assert remind(policy(), Customer(), [], now()) == Skip(Reason.SETTLED)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"archived": True}, Reason.CUSTOMER_ARCHIVED),
        ({"paused": True}, Reason.CUSTOMER_PAUSED),
        ({"in_proposal": True}, Reason.IN_PROPOSAL),
        ({"under_way": True}, Reason.UNDER_WAY),
        ({"credits": Decimal(100)}, Reason.COVERED),
        ({"pending": Decimal(100)}, Reason.COVERED),
        ({"unreachable": frozenset({FIRST.key})}, Reason.NO_ADDRESS),
    ],
)
def test_what_no_order_overcomes(values, reason):
    assert order(**values).reason is reason


def test_conditions_of_the_policy_stand():
    assert order(by=policy(min_amount=Decimal(101))).reason is Reason.BELOW_AMOUNT
    leftover = item(residual="1", original="100")
    assert order(leftover, by=policy(min_share=Decimal(5))).reason is Reason.BELOW_SHARE
    old = now(bank_date=TODAY - days(9), bank_max_age=3)
    assert order(on=old).reason is Reason.BANK_TOO_OLD
    assert remind(None, customer(), [], now()).reason is Reason.NO_POLICY
    assert remind(replace(policy(), levels=()), customer(), [], now()) == Skip(
        Reason.NO_LEVELS
    )


def test_a_credit_that_covers_the_items_chosen():
    """The letter lists the credit: it would end in a balance in their favour."""
    items = (item(1, late=20), item(2, late=9, residual="900"))
    assert order(*items, keys=[1], credits=Decimal(100)).reason is Reason.COVERED
    assert order(*items, credits=Decimal(100)).message.claimed == Decimal(1000)


# === AGAINST THE TIMING, WHICH TAKES A PERSON'S WORD === #


def test_too_soon():
    found = order(last_contact=TODAY - days(2))
    assert found.message.level == FIRST
    assert found.against == (Skip(Reason.TOO_SOON, TODAY + days(5)),)


def test_an_item_told_within_the_gap_is_told_the_same_again():
    """Not first, second and last reminder on one day, however old the debt is."""
    found = order(served(FIRST, ago=2, late=60))
    assert found.message.level == FIRST
    assert against(found) == {Reason.TOO_SOON}
    formal = served(FORMAL, ago=2, late=99)
    found = order(formal, by=policy(FIRST, FORMAL, AFTER))
    assert found.message.level == FIRST
    only = order(formal, by=policy(FORMAL, AFTER))
    assert only.reason is Reason.TOO_SOON


def test_an_item_told_before_the_gap_takes_its_next_step():
    """Another invoice was the subject of the last message."""
    found = order(served(FIRST, ago=12), last_contact=TODAY - days(1))
    assert found.message.level == SECOND
    assert against(found) == {Reason.TOO_SOON}


def test_level_not_reached_tells_the_same_again():
    found = order(served(FIRST, ago=8))
    assert found.message.level == FIRST
    assert found.escalated == {1: FIRST}
    assert found.against[0].reason is Reason.LEVEL_NOT_REACHED
    assert found.against[0].until == TODAY + days(2)


def test_first_level_before_its_day():
    found = order(item(late=1))
    assert found.message.level == FIRST
    assert against(found) == {Reason.LEVEL_NOT_REACHED}


def test_announced_but_not_reminded_begins_with_the_first_reminder():
    announced = item(late=1, level_days=SOON.days, level_date=TODAY - days(6))
    found = order(announced, by=policy(SOON, FIRST, SECOND, gap_days=3))
    assert found.message.level == FIRST
    assert against(found) == {Reason.LEVEL_NOT_REACHED}


def test_both_reasons_are_told():
    assert against(order(served(FIRST, ago=3))) == {
        Reason.LEVEL_NOT_REACHED,
        Reason.TOO_SOON,
    }


def test_after_the_last_level_the_last_reminder_is_told_again():
    found = order(served(FORMAL, ago=20))
    assert found.message.level == THIRD
    assert against(found) == {Reason.LAST_LEVEL}


def test_a_formal_notice_never_comes_before_its_day():
    only = policy(FORMAL)
    assert order(item(late=20), by=only).reason is Reason.LEVEL_NOT_REACHED
    assert order(served(FORMAL, ago=20), by=only).reason is Reason.LAST_LEVEL


# === RECHECK === #


def check(found: Reminder, *left, by=None, on=None, insisted=False, issued=False, **v):
    return recheck(
        by or policy(),
        Customer(items=left, **v),
        found.message.level,
        found.message.carried,
        found.escalated,
        on or now(),
        insisted=insisted,
        issued=issued,
    )


def test_recheck_lets_what_was_confirmed_go():
    told = served(FIRST, ago=3)
    found = order(told)
    assert check(found, told).reason is Reason.SETTLED
    confirmed = check(found, told, insisted=True)
    assert (confirmed.level, confirmed.escalated) == (FIRST, {1: FIRST})


def test_recheck_of_an_order_within_the_rules_looks_at_the_gap_again():
    found = order()
    contacted = {"last_contact": TODAY - days(1)}
    assert check(found, item(), **contacted).reason is Reason.TOO_SOON
    assert check(found, item(), insisted=True, **contacted).level == FIRST
    assert check(found, item(), issued=True, **contacted).level == FIRST


def test_recheck_after_issue_takes_the_message_for_its_own():
    found = order(item(late=1))
    told = item(late=1, level_days=FIRST.days, level_date=TODAY)
    confirmed = check(
        found, told, insisted=True, issued=True, under_way=True, last_contact=TODAY
    )
    assert confirmed.level == FIRST
    assert check(found, told, insisted=True, under_way=True).reason is Reason.UNDER_WAY


def test_recheck_of_a_formal_notice_after_issue():
    found = order(served(THIRD, ago=15))
    told = item(late=45, level_days=FORMAL.days, level_date=TODAY)
    assert check(found, told, issued=True, insisted=True).level == FORMAL


@pytest.mark.parametrize("insisted", [True, False])
def test_recheck_stops_for_money_holds_and_pauses(insisted):
    found = order()
    say = {"insisted": insisted}
    assert check(found, **say).reason is Reason.SETTLED
    assert check(found, item(held=True), **say).reason is Reason.ITEM_HELD
    assert check(found, item(), paused=True, **say).reason is Reason.CUSTOMER_PAUSED
    covered = check(found, item(), credits=Decimal(100), **say)
    assert covered.reason is Reason.COVERED
    postponed = check(found, item(late=-10), **say)
    assert postponed.reason is Reason.NOT_DUE


def test_recheck_softens_and_drops_what_was_paid():
    old, new = item(1, late=32, level_days=SECOND.days), item(2, late=6)
    found = order(old, new)
    assert found.message.level == THIRD
    confirmed = check(found, new)
    assert (confirmed.level, confirmed.carried) == (FIRST, (2,))


def test_recheck_without_policy_and_with_old_bank_data():
    found = order()
    verdict = recheck(None, customer(), FIRST, (1,), {1: FIRST}, now())
    assert verdict.reason is Reason.NO_POLICY
    old = now(bank_date=TODAY - days(9), bank_max_age=3)
    assert check(found, item(), on=old).reason is Reason.BANK_TOO_OLD
    assert check(found, item(), on=old, issued=True).level == FIRST
    small = policy(min_share=Decimal(50))
    rest = item(residual="10", original="100")
    assert check(found, rest, by=small).reason is Reason.BELOW_SHARE


# === PROPERTIES === #


@st.composite
def orders(draw):
    a_policy, a_customer, circumstances = draw(situations())
    known = [i.key for i in a_customer.items]
    keys = draw(st.lists(st.sampled_from(known), unique=True)) if known else []
    return a_policy, a_customer, keys, circumstances


@given(orders())
def test_never_claims_what_may_not_be_claimed(an_order):
    a_policy, a_customer, keys, circumstances = an_order
    found = remind(*an_order)
    if isinstance(found, Skip):
        return
    by_key = {i.key: i for i in a_customer.items}
    carried = [by_key[key] for key in found.message.carried]
    assert carried
    assert set(found.message.carried) <= set(keys or by_key)
    for one in carried:
        assert one.residual > 0
        assert one.due_date < circumstances.day
        assert not (one.held or one.disputed or one.excluded or one.blocked)
    assert not (a_customer.paused or a_customer.archived)
    assert not (a_customer.in_proposal or a_customer.under_way)
    claimed = sum(one.residual for one in carried)
    assert found.message.claimed == claimed
    assert claimed - a_customer.credits - a_customer.pending > 0
    assert found.message.level.key not in a_customer.unreachable
    assert set(found.escalated) <= set(found.message.carried)
    assert not set(found.left_out) & set(found.message.carried)


@given(orders())
def test_never_leaves_the_course_of_the_policy(an_order):
    """Nothing is told more than one step on, nor a formal notice before its day."""
    a_policy, a_customer, __, circumstances = an_order
    found = remind(*an_order)
    if isinstance(found, Skip):
        return
    by_key = {i.key: i for i in a_customer.items}
    assert found.message.level in a_policy.levels
    assert not found.message.level.preventive
    by_rules = decide(
        replace(a_policy, gap_days=1, min_amount=Decimal(0), min_share=Decimal(0)),
        replace(
            a_customer,
            last_contact=None,
            credits=Decimal(0),
            pending=Decimal(0),
            unreachable=frozenset(),
            items=tuple(replace(i, level_date=None) for i in a_customer.items),
        ),
        replace(circumstances, scheduled=False, bank_max_age=0),
    )
    first = next(li for li in a_policy.levels if not li.preventive)
    for key, level in found.escalated.items():
        one = by_key[key]
        free = one.level_date and one.level_date + timedelta(max(1, a_policy.gap_days))
        lately = free and circumstances.day < free and one.level_days is not None
        if level == by_rules.escalated.get(key) and not lately:
            continue
        # told again at most what it was told, or the first reminder
        assert found.against
        assert not level.formal
        assert level == first or level.days <= one.level_days


@given(situations())
def test_agrees_with_the_rules_where_they_would_remind(situation):
    """With nothing set aside and all items due, it is the message of the run."""
    a_policy, a_customer, circumstances = situation
    circumstances = replace(circumstances, scheduled=False)
    outcome = decide(a_policy, a_customer, circumstances)
    assume(outcome.message and not outcome.message.level.preventive)
    by_key = {i.key: i for i in a_customer.items}
    assume(all(by_key[k].due_date < circumstances.day for k in outcome.message.carried))
    found = remind(a_policy, a_customer, [], circumstances)
    assert found.against == ()
    assert found.message == outcome.message
    assert found.escalated == outcome.escalated


@given(orders())
def test_what_may_be_ordered_may_be_issued_and_sent(an_order):
    a_policy, a_customer, __, circumstances = an_order
    found = remind(*an_order)
    if isinstance(found, Skip):
        return
    proposal = found.message.level, found.message.carried, found.escalated
    waiting = replace(a_customer, in_proposal=True)
    confirmed = recheck(
        a_policy, waiting, *proposal, circumstances, insisted=bool(found.against)
    )
    assert confirmed.level == found.message.level
    assert confirmed.carried == found.message.carried
    assert confirmed.claimed == found.message.claimed
    told = {
        key: max(level.days, _days(a_customer, key))
        for key, level in found.escalated.items()
    }
    sent = replace(
        a_customer,
        under_way=True,
        last_contact=circumstances.day,
        items=tuple(
            replace(i, level_days=told[i.key], level_date=circumstances.day)
            if i.key in told
            else i
            for i in a_customer.items
        ),
    )
    verdict = recheck(
        a_policy,
        sent,
        *proposal,
        circumstances,
        insisted=bool(found.against),
        issued=True,
    )
    assert verdict.carried == found.message.carried
    # and nothing more can be ordered while it is under way
    assert remind(a_policy, sent, [], circumstances).reason in (
        Reason.UNDER_WAY,
        Reason.IN_PROPOSAL,
    )


def _days(a_customer, key):
    level_days = next(i.level_days for i in a_customer.items if i.key == key)
    return -999 if level_days is None else level_days


# === THE LAW === #

WAITS = Refused("waiting", "CDE XIX.2", until=TODAY + days(4))


def test_nobody_insists_against_the_law():
    barred = order(item(1, last_day=TODAY - days(1)))
    assert barred == Skip(Reason.TIME_BARRED)
    assert order(item(1, insolvent=True)) == Skip(Reason.INSOLVENT)


def test_lawful_items_go_without_the_others():
    found = order(item(1, insolvent=True), item(2))
    assert found.message.carried == (2,)


def test_next_level_refused_the_one_told_before_is_told_again():
    """As the free reminder it may be: nothing of timing speaks against that."""
    told = served(FIRST, ago=20, refused={SECOND.key: WAITS})
    found = order(told)
    assert found.escalated == {1: FIRST}
    assert found.against == ()


def test_level_told_again_refused_nothing_goes():
    never = Refused("no_clause", "CDE XIX.4")
    told = served(FIRST, ago=2, refused={FIRST.key: never, SECOND.key: never})
    assert order(told) == Skip(Reason.LAW_REFUSES, None, never)
    fresh = item(1, refused={FIRST.key: WAITS})
    assert order(fresh) == Skip(Reason.LAW_REFUSES, WAITS.until, WAITS)


def test_recheck_of_an_order_looks_at_the_law():
    found = order(item(1))
    refused = item(1, refused={FIRST.key: WAITS})
    assert check(found, refused) == Skip(Reason.LAW_REFUSES, WAITS.until, WAITS)
    assert check(found, item(1, insolvent=True)) == Skip(Reason.INSOLVENT)
