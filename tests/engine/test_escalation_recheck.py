"""What is left of a proposal when it is issued, and when it is sent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.escalation import (
    Confirmed,
    Customer,
    Item,
    Policy,
    Reason,
    Skip,
    StartRule,
    decide,
    recheck,
)
from escalation_cases import (
    AFTER,
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

OLD = item(1, late=32, level_days=SECOND.days)  # reaches THIRD
NEW = item(2, late=6, residual="40")  # reaches FIRST
LISTED = item(3, late=2, residual="7")  # overdue, no level yet
ALL = (OLD, NEW, LISTED)
TOLD = {1: THIRD, 2: FIRST}

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
    assert check(*ALL) == Confirmed(THIRD, (1, 2, 3), TOLD, Decimal(147))


def test_its_own_proposal_does_not_stop_it():
    assert isinstance(check(*ALL, in_proposal=True), Confirmed)


def test_message_under_way_stops_the_next_one_not_itself():
    assert check(*ALL, under_way=True) == Skip(Reason.UNDER_WAY)
    assert isinstance(check(*ALL, under_way=True, issued=True), Confirmed)


def test_partly_paid_claims_the_rest():
    left = (replace(OLD, residual=Decimal(1)), NEW, LISTED)
    assert check(*left) == Confirmed(THIRD, (1, 2, 3), TOLD, Decimal(48))


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
    assert check(*left) == Confirmed(FIRST, (2, 3), {2: FIRST}, Decimal(47))


def test_softer_but_no_softer_than_what_was_said_of_the_others():
    standing = served(SECOND, ago=8, key=4)
    left = (NEW, standing)
    assert check(*left, proposed=(OLD, *left)) == Confirmed(
        SECOND, (2, 4), {2: FIRST}, Decimal(140)
    )


def test_listed_item_paid_falls_out():
    assert check(OLD, NEW) == Confirmed(THIRD, (1, 2), TOLD, Decimal(140))


def test_item_new_since_the_proposal_not_added():
    late = item(9, late=50)
    assert check(*ALL, late) == Confirmed(THIRD, (1, 2, 3), TOLD, Decimal(147))


@pytest.mark.parametrize("level", [FIRST, SECOND])
def test_level_lowered_by_a_person_stays_lowered(level):
    assert check(*ALL, level=level).level == level


def test_level_lowered_and_firmest_item_paid_softer_of_the_two():
    assert check(NEW, LISTED, level=SECOND).level == FIRST


@pytest.mark.parametrize(
    ("level", "told"),
    [
        (THIRD, {1: THIRD, 2: FIRST}),
        (SECOND, {1: SECOND, 2: FIRST}),
        (FIRST, {1: FIRST, 2: FIRST}),
    ],
    ids=lambda value: getattr(value, "key", ""),
)
def test_level_lowered_by_a_person_lowers_what_the_items_are_told(level, told):
    """Never firmer than the message; what was softer already stays as it is."""
    by = policy(start=StartRule.AGE)
    proposed = (item(1, late=40), item(2, late=6))
    answer = check(*proposed, proposed=proposed, by=by, level=level)
    assert answer == Confirmed(level, (1, 2), told, Decimal(200))


def test_formal_notice_lowered_by_a_person_nothing_told_formally():
    formal = served(THIRD, ago=15, key=1)
    answer = check(formal, NEW, proposed=(formal, NEW), level=THIRD)
    assert answer == Confirmed(THIRD, (1, 2), TOLD, Decimal(140))


def test_level_above_the_firmest_item_does_not_make_it_firmer():
    """A level given too firm is no reason to be firmer than the items are."""
    assert check(*ALL, level=FORMAL) == check(*ALL)


def test_formal_notice_paid_rest_not_formal():
    formal = served(THIRD, ago=15, key=1)
    answer = check(NEW, proposed=(formal, NEW))
    assert answer == Confirmed(FIRST, (2,), {2: FIRST}, Decimal(40))
    assert check(formal, NEW, proposed=(formal, NEW)).level == FORMAL


# A policy that goes on after its formal notice, and an item for each of the two.
BEYOND = policy(*REMINDERS, AFTER)
TO_FORMAL = served(THIRD, ago=15, key=1)
TO_AFTER = served(FORMAL, ago=15, key=2)


def test_formal_notice_firmer_than_a_later_level():
    answer = check(TO_FORMAL, TO_AFTER, proposed=(TO_FORMAL, TO_AFTER), by=BEYOND)
    assert answer == Confirmed(FORMAL, (1, 2), {1: FORMAL, 2: AFTER}, Decimal(200))


def test_formal_notice_paid_later_level_not_formal():
    """The later level has more days, but is the softer one."""
    answer = check(TO_AFTER, proposed=(TO_FORMAL, TO_AFTER), by=BEYOND)
    assert answer == Confirmed(AFTER, (2,), {2: AFTER}, Decimal(100))


def test_formal_notice_lowered_to_a_later_level_not_formal():
    answer = check(
        TO_FORMAL, TO_AFTER, proposed=(TO_FORMAL, TO_AFTER), by=BEYOND, level=AFTER
    )
    assert answer == Confirmed(AFTER, (1, 2), {1: AFTER, 2: AFTER}, Decimal(200))


def test_standing_later_level_does_not_hide_the_formal_notice():
    standing = served(AFTER, ago=8, key=2)
    both = (TO_FORMAL, standing)
    answer = check(*both, proposed=both, by=BEYOND)
    assert answer == Confirmed(FORMAL, (1, 2), {1: FORMAL}, Decimal(200))


# === LEVELS THAT NO LONGER FIT === #

ANNOUNCED = item(4, late=-1)


@pytest.mark.parametrize("issued", [False, True])
@pytest.mark.parametrize(
    ("wait", "goes"),
    [(0, True), (1, True), (2, False)],
    ids=["at once", "due date", "after the due date"],
)
def test_announcement_lapses_after_the_due_date(wait, goes, issued):
    answer = check(
        ANNOUNCED,
        proposed=(ANNOUNCED,),
        by=policy(SOON, FIRST),
        on=now(TODAY + days(wait)),
        issued=issued,
    )
    expected = Confirmed(SOON, (4,), {4: SOON}, Decimal(100))
    assert answer == (expected if goes else Skip(Reason.SETTLED))


def test_item_about_to_fall_due_is_no_part_of_a_reminder_later_either():
    """What was not proposed is not added, overdue meanwhile or not."""
    both = (NEW, ANNOUNCED)
    answer = check(
        *both, proposed=both, by=policy(SOON, FIRST), on=now(TODAY + days(2))
    )
    assert answer == Confirmed(FIRST, (2,), {2: FIRST}, Decimal(40))


@pytest.mark.parametrize("issued", [False, True])
@pytest.mark.parametrize(
    ("late", "told", "level"),
    [
        (THIRD.days, TOLD, THIRD),
        (THIRD.days - 1, {2: FIRST}, SECOND),
        (1, {2: FIRST}, SECOND),
    ],
    ids=["still reached", "one day short", "just overdue"],
)
def test_due_date_postponed_level_not_reached(late, told, level, issued):
    """It stays on the list as overdue, and the firmness it already had stays too."""
    postponed = replace(OLD, due_date=TOMORROW - days(late))
    answer = check(postponed, NEW, LISTED, issued=issued)
    assert answer == Confirmed(level, (1, 2, 3), told, Decimal(147))


@pytest.mark.parametrize("issued", [False, True])
def test_due_date_postponed_into_the_future_off_the_list(issued):
    postponed = replace(OLD, due_date=TOMORROW)
    answer = check(postponed, NEW, LISTED, issued=issued)
    assert answer == Confirmed(FIRST, (2, 3), {2: FIRST}, Decimal(47))


def test_due_date_of_all_escalated_postponed_nothing_goes():
    later = tuple(replace(i, due_date=TOMORROW) for i in (OLD, NEW))
    assert check(*later, LISTED) == Skip(Reason.SETTLED)


@pytest.mark.parametrize(
    ("level_days", "told"),
    [
        (THIRD.days - 1, TOLD),
        (THIRD.days, {2: FIRST}),
        (THIRD.days + 1, {2: FIRST}),
    ],
)
def test_item_at_its_level_by_other_means_not_told_again(level_days, told):
    moved_on = replace(OLD, level_days=level_days)
    assert check(moved_on, NEW, LISTED).escalated == told


def test_all_items_at_their_levels_by_other_means_nothing_goes():
    left = (replace(OLD, level_days=THIRD.days), replace(NEW, level_days=FIRST.days))
    assert check(*left, LISTED) == Skip(Reason.SETTLED)
    assert check(*left, LISTED, issued=True) == check(*ALL)


# === MINIMUM SHARE === #

SHARE = policy(min_share=Decimal(5))


@pytest.mark.parametrize(("residual", "told"), [("5.00", TOLD), ("4.99", {2: FIRST})])
def test_partly_paid_leftover_does_not_trigger(residual, told):
    """It is listed, and no longer makes the message firmer than it was already."""
    rest = replace(OLD, residual=Decimal(residual), original=Decimal(100))
    answer = check(rest, NEW, LISTED, by=SHARE)
    level = THIRD if 1 in told else SECOND
    assert answer == Confirmed(level, (1, 2, 3), told, Decimal(residual) + 47)


def test_only_a_leftover_left_its_reason():
    rest = replace(OLD, residual=Decimal(4), original=Decimal(100))
    assert check(rest, LISTED, by=SHARE) == Skip(Reason.BELOW_SHARE)


def test_only_a_leftover_left_of_an_issued_message_goes():
    """Its level is told already; what is left of the debt is still claimed."""
    rest = replace(OLD, residual=Decimal(4), original=Decimal(100))
    answer = check(rest, LISTED, by=SHARE, issued=True)
    assert answer == Confirmed(THIRD, (1, 3), {1: THIRD}, Decimal(11))


def test_two_items_same_key_refused():
    with pytest.raises(ValueError, match="share a key"):
        check(OLD, NEW, OLD)


# === NOTHING LEFT === #


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
    answer = check(LISTED, NEW, OLD)
    assert answer == check(*ALL)
    assert list(answer.escalated) == [1, 2]


def test_item_kept_back_is_the_reason_beside_one_that_no_longer_fits():
    postponed = replace(OLD, due_date=TOMORROW)
    assert check(postponed, replace(NEW, blocked=True)) == Skip(Reason.ITEM_BLOCKED)


def test_listed_item_kept_back_is_no_reason():
    """Why the message does not go is told by what it would have escalated."""
    assert check(replace(LISTED, held=True)) == Skip(Reason.SETTLED)


def test_escalated_item_taken_off_the_list_by_a_person():
    """Its key is among the escalated, but no longer among the carried."""
    answer = recheck(policy(), customer(*ALL), THIRD, (2, 3), TOLD, now())
    assert answer == Confirmed(FIRST, (2, 3), {2: FIRST}, Decimal(47))


# === THE CUSTOMER AND THE DAY === #


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
    assert answer == Confirmed(SOON, (2,), {2: SOON}, Decimal(50))
    alone = check(announced, proposed=both, by=by, credits=Decimal(100))
    assert alone == Skip(Reason.COVERED)


@pytest.mark.parametrize(("ago", "goes"), [(6, False), (7, True)])
def test_contacted_otherwise_since_the_proposal_waits(ago, goes):
    answer = check(*ALL, on=now(), last_contact=TODAY - days(ago))
    assert answer == (
        Confirmed(THIRD, (1, 2, 3), TOLD, Decimal(147))
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
    assert answer == Confirmed(THIRD, (1, 2, 3), TOLD, Decimal(147))


def test_issued_message_goes_whatever_the_age_of_the_bank_data():
    on = now(bank_date=TODAY - days(99), bank_max_age=5)
    assert isinstance(check(*ALL, on=on, issued=True), Confirmed)


def test_size_before_bank():
    on = now(bank_date=TODAY - days(99), bank_max_age=5)
    assert check(*ALL, on=on, credits=Decimal(147)) == Skip(Reason.COVERED)


def test_gap_before_size():
    answer = check(*ALL, last_contact=TODAY, credits=Decimal(147))
    assert answer.reason is Reason.TOO_SOON
