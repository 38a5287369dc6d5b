"""What is left of a proposal when it is issued, and when it is sent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from escalation_cases import (
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

from engine.escalation import (
    Confirmed,
    Customer,
    Item,
    Policy,
    Reason,
    Skip,
    decide,
    recheck,
)

OLD = item(1, late=32, level_days=SECOND.days)  # reaches THIRD
NEW = item(2, late=6, residual="40")  # reaches FIRST
LISTED = item(3, late=2, residual="7")  # overdue, no level yet
ALL = (OLD, NEW, LISTED)

TOMORROW = TODAY + days(1)


def check(
    *left: Item,
    proposed: tuple[Item, ...] = ALL,
    by: Policy | None = None,
    level=None,
    on=None,
    issued: bool = False,
    without_policy: bool = False,
    **values,
) -> Confirmed | Skip:
    """Propose for some items, then check for what is left of the customer."""
    a_policy = by or policy()
    outcome = decide(a_policy, customer(*proposed), now())
    assert outcome.message
    return recheck(
        None if without_policy else a_policy,
        Customer(items=left, **values),
        level or outcome.message.level,
        outcome.message.carried,
        outcome.escalated,
        on or now(TOMORROW),
        issued=issued,
    )


def test_nothing_changed_goes_as_proposed():
    assert check(*ALL) == Confirmed(THIRD, (1, 2, 3), (1, 2), Decimal(147))


def test_its_own_proposal_does_not_stop_it():
    assert isinstance(check(*ALL, in_proposal=True), Confirmed)


def test_partly_paid_claims_the_rest():
    left = (replace(OLD, residual=Decimal(1)), NEW, LISTED)
    assert check(*left) == Confirmed(THIRD, (1, 2, 3), (1, 2), Decimal(48))


@pytest.mark.parametrize(
    "left",
    [
        (NEW, LISTED),
        (replace(OLD, residual=Decimal(0)), NEW, LISTED),
        (replace(OLD, residual=Decimal(-5)), NEW, LISTED),
        (replace(OLD, held=True), NEW, LISTED),
        (replace(OLD, disputed=True), NEW, LISTED),
        (replace(OLD, excluded=True), NEW, LISTED),
        (replace(OLD, blocked=True), NEW, LISTED),
    ],
    ids=["gone", "paid", "overpaid", "held", "disputed", "excluded", "blocked"],
)
def test_firmest_item_falls_out_message_gets_softer(left):
    assert check(*left) == Confirmed(FIRST, (2, 3), (2,), Decimal(47))


def test_softer_but_no_softer_than_what_was_said_of_the_others():
    standing = served(SECOND, ago=8, key=4)
    left = (NEW, standing)
    assert check(*left, proposed=(OLD, *left)) == Confirmed(
        SECOND, (2, 4), (2,), Decimal(140)
    )


def test_listed_item_paid_falls_out():
    assert check(OLD, NEW) == Confirmed(THIRD, (1, 2), (1, 2), Decimal(140))


def test_item_new_since_the_proposal_not_added():
    late = item(9, late=50)
    assert check(*ALL, late) == Confirmed(THIRD, (1, 2, 3), (1, 2), Decimal(147))


@pytest.mark.parametrize("level", [FIRST, SECOND])
def test_level_lowered_by_a_person_stays_lowered(level):
    assert check(*ALL, level=level).level == level


def test_level_lowered_and_firmest_item_paid_softer_of_the_two():
    assert check(NEW, LISTED, level=SECOND).level == FIRST


def test_formal_notice_paid_rest_not_formal():
    formal = served(THIRD, ago=15, key=1)
    answer = check(NEW, proposed=(formal, NEW))
    assert answer == Confirmed(FIRST, (2,), (2,), Decimal(40))
    assert check(formal, NEW, proposed=(formal, NEW)).level == FORMAL


@pytest.mark.parametrize("left", [(), (LISTED,)], ids=["nothing", "listed item"])
def test_no_escalated_item_left_settled(left):
    assert check(*left) == Skip(Reason.SETTLED)


def test_credit_left_of_the_items_settled():
    left = (replace(OLD, residual=Decimal(-5)), replace(NEW, residual=Decimal(0)))
    assert check(*left) == Skip(Reason.SETTLED)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"held": True, "held_until": TODAY}, Skip(Reason.ITEM_HELD, TOMORROW)),
        ({"disputed": True}, Skip(Reason.ITEM_DISPUTED)),
        ({"excluded": True}, Skip(Reason.ITEM_EXCLUDED)),
        ({"blocked": True}, Skip(Reason.ITEM_BLOCKED)),
    ],
    ids=["held", "disputed", "excluded", "blocked"],
)
def test_last_escalated_item_kept_back_its_reason(values, expected):
    """A paid item beside it does not hide why the other one stays."""
    paid = replace(OLD, residual=Decimal(0))
    assert check(paid, replace(NEW, **values), LISTED) == expected


def test_all_escalated_kept_back_reason_of_the_first_key():
    left = (replace(NEW, excluded=True), replace(OLD, blocked=True))
    assert check(*left) == check(*reversed(left)) == Skip(Reason.ITEM_BLOCKED)


def test_items_confirmed_in_order_of_their_keys():
    assert check(LISTED, NEW, OLD) == check(*ALL)


def test_listed_item_kept_back_is_no_reason():
    """Why the message does not go is told by what it would have escalated."""
    assert check(replace(LISTED, held=True)) == Skip(Reason.SETTLED)


def test_escalated_item_taken_off_the_list_by_a_person():
    """Its key is among the escalated, but no longer among the carried."""
    answer = recheck(
        policy(), customer(*ALL), THIRD, (2, 3), {1: THIRD, 2: FIRST}, now()
    )
    assert answer == Confirmed(FIRST, (2, 3), (2,), Decimal(47))


@pytest.mark.parametrize("issued", [False, True])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"without_policy": True}, Skip(Reason.NO_POLICY)),
        ({"archived": True}, Skip(Reason.CUSTOMER_ARCHIVED)),
        (
            {"paused": True, "paused_until": TOMORROW},
            Skip(Reason.CUSTOMER_PAUSED, TODAY + days(2)),
        ),
        ({"credits": Decimal(147)}, Skip(Reason.COVERED)),
        ({"pending": Decimal(147)}, Skip(Reason.COVERED)),
        (
            {"by": policy(min_amount=Decimal(100)), "credits": Decimal("47.01")},
            Skip(Reason.BELOW_AMOUNT),
        ),
    ],
    ids=["no policy", "archived", "paused", "credits", "pending", "small"],
)
def test_customer_changed_nothing_goes(values, expected, issued):
    assert check(*ALL, issued=issued, **values) == expected


def test_customer_reason_before_the_items_are_looked_at():
    assert check(archived=True, paused=True) == Skip(Reason.CUSTOMER_ARCHIVED)
    assert check(paused=True) == Skip(Reason.CUSTOMER_PAUSED)


@pytest.mark.parametrize(
    ("values", "goes"),
    [
        ({"credits": Decimal("146.99")}, True),
        ({"by": policy(min_amount=Decimal(147))}, True),
        ({"by": policy(min_amount=Decimal(100)), "credits": Decimal(47)}, True),
    ],
)
def test_size_and_cover_on_their_boundary_goes(values, goes):
    assert isinstance(check(*ALL, **values), Confirmed) is goes


def test_overdue_not_listed_uses_up_the_credits():
    """As when proposing: credits pay what is overdue before what was announced."""
    overdue = served(FIRST, ago=8, key=1)
    announced = item(2, late=-2, residual="50")
    both = (overdue, announced)
    by = policy(SOON, FIRST, SECOND)
    answer = check(*both, proposed=both, by=by, credits=Decimal(100))
    assert answer == Confirmed(SOON, (2,), (2,), Decimal(50))
    alone = check(announced, proposed=both, by=by, credits=Decimal(100))
    assert alone == Skip(Reason.COVERED)


@pytest.mark.parametrize(("ago", "goes"), [(6, False), (7, True)])
def test_contacted_otherwise_since_the_proposal_waits(ago, goes):
    answer = check(*ALL, on=now(), last_contact=TODAY - days(ago))
    assert answer == (
        Confirmed(THIRD, (1, 2, 3), (1, 2), Decimal(147))
        if goes
        else Skip(Reason.TOO_SOON, TOMORROW)
    )


def test_notice_of_another_item_since_the_proposal_waits():
    other = served(FIRST, ago=0, key=9)
    assert check(*ALL, other).reason is Reason.TOO_SOON


@pytest.mark.parametrize(("age", "goes"), [(5, True), (6, False)])
def test_bank_data_too_old_at_issue(age, goes):
    on = now(bank_date=TODAY - days(age), bank_max_age=5)
    answer = check(*ALL, on=on)
    assert (
        isinstance(answer, Confirmed)
        if goes
        else answer.reason is (Reason.BANK_TOO_OLD)
    )


def test_issued_message_about_to_be_sent_is_its_own_contact():
    sent = tuple(
        replace(i, level_days=level.days, level_date=TODAY)
        for i, level in ((OLD, THIRD), (NEW, FIRST))
    )
    answer = check(*sent, LISTED, issued=True, last_contact=TODAY)
    assert answer == Confirmed(THIRD, (1, 2, 3), (1, 2), Decimal(147))


def test_issued_message_goes_whatever_the_age_of_the_bank_data():
    on = now(bank_date=TODAY - days(99), bank_max_age=5)
    assert isinstance(check(*ALL, on=on, issued=True), Confirmed)


def test_size_before_bank():
    on = now(bank_date=TODAY - days(99), bank_max_age=5)
    assert check(*ALL, on=on, credits=Decimal(147)) == Skip(Reason.COVERED)


def test_gap_before_size():
    answer = check(*ALL, last_contact=TODAY, credits=Decimal(147))
    assert answer.reason is Reason.TOO_SOON
