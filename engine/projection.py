"""What the policy would send in the days to come, if nothing else happened.

:func:`play` asks :func:`engine.escalation.decide` about one customer day after day and
remembers what each message would leave behind; :func:`project` keeps the messages.
Nobody can know the future, so it is played under stated assumptions:

* nobody pays and nothing new is invoiced; credits, payments on their way, minimum
  amounts and addresses stay as they are today;
* dunning is run on every working day, also where the policy is run by hand, and every
  message proposed is approved, sent and arrives on that day;
* what waits for a decision or is under way today does not stand in the way: a proposal
  that waits is foreseen anew on the first day, from today's facts, and the message
  under way counts as the last contact it is;
* a pause or hold with a last day ends after it, one without never does; one that only
  begins later is not known here;
* what the law lets nobody claim before a free reminder has had its time may be claimed
  so many days after the first message;
* bank data are as old as they are on the first day, and kept up to date from then on.

Between two days on which something can change the answer is the same, so only those
days are asked: a level is reached, a due date passes, a hold ends, the gap since the
last contact is over. The tests prove that this finds what asking every day finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from .escalation import (
    ZERO,
    Circumstances,
    Customer,
    Item,
    Level,
    Message,
    Outcome,
    Policy,
    Reason,
    Refused,
    StartRule,
    decide,
)

ONE_DAY = timedelta(days=1)

WorkingDays = Callable[[date], bool]


def every_day(day: date) -> bool:
    """Working days of somebody who never rests."""
    return True


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One message to come.

    :param day: the day it would go out.
    :param message: as :func:`~engine.escalation.decide` composes it.
    :param escalated: the level each item reaches with it, by the item's key.
    """

    day: date
    message: Message
    escalated: dict[int, Level]


def project(
    policy: Policy | None,
    customer: Customer,
    now: Circumstances,
    until: date,
    is_working_day: WorkingDays = every_day,
) -> list[Foreseen]:
    """The messages to come from ``now.day`` to ``until``, both included, in order.

    See the module for the assumptions; :func:`play` for the arguments.
    """
    return [
        Foreseen(day, outcome.message, outcome.escalated)
        for day, outcome in play(policy, customer, now, until, is_working_day)
        if outcome.message
    ]


def play(
    policy: Policy | None,
    customer: Customer,
    now: Circumstances,
    until: date,
    is_working_day: WorkingDays = every_day,
) -> Iterator[tuple[date, Outcome]]:
    """Play the days to come for one customer; gives each day asked, with the outcome.

    The first day asked is the first working day from ``now.day`` on; there is none when
    no working day lies before the end.

    :param now: the circumstances of the first day; ``customer`` is as known on it.
    :param until: last day played.
    :param is_working_day: whether dunning is run on a day.
    """
    customer = replace(customer, in_proposal=False, under_way=False)
    known = now.day
    day = _working_day(known, until, is_working_day)
    while day:
        now = replace(now, day=day)
        if day > known:
            customer = _lift(customer, day)
        outcome = decide(policy, customer, now)
        if outcome.message:
            customer = serve(customer, outcome, day)
        yield day, outcome
        later = _next_change(policy, customer, day)
        if now.bank_max_age:
            # fresh from the second day on, which may change the answer
            now = replace(now, bank_max_age=0)
            later = _shift(day, 1) if _is_bank_too_old(outcome) else later
        day = _working_day(later, until, is_working_day) if later else None


def serve(customer: Customer, outcome: Outcome, day: date) -> Customer:
    """The customer after the message of ``outcome`` went out and arrived that day."""
    return replace(
        customer,
        last_contact=day,
        items=tuple(
            replace(
                item,
                level_days=level.days,
                level_date=day,
                refused=_after_message(item, day),
            )
            if (level := outcome.escalated.get(item.key))
            else item
            for item in customer.items
        ),
    )


def _after_message(item: Item, day: date) -> Mapping[int, Refused]:
    """What the law still refuses after a lawful message, which sets its time going."""
    return {
        key: replace(refused, until=_shift(day, refused.after), after=None)
        if refused.after is not None
        else refused
        for key, refused in item.refused.items()
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an invoice stands in a policy.

    :param last: the last level it was told of, ``None`` before the first.
    :param next: the level it is told of next, ``None`` when the policy has no more.
    :param day: when; ``None`` without a next level.
    """

    last: Level | None
    next: Level | None
    day: date | None


def next_for_item_days_late(
    policy: Policy,
    days_late: int,
    today: date,
    is_working_day: WorkingDays = every_day,
) -> Standing:
    """Where a customer's only invoice stands that is so many days late today.

    It has followed the policy since its due date, day by day; what was due yesterday
    has been told, what is due today has not. The amount is large enough, and the policy
    counts as one that runs.

    :param days_late: negative: days to go until it is due.
    :param is_working_day: days on which a message may go out from today on.
    """
    policy = replace(
        policy,
        start=StartRule.FIRST,
        min_amount=ZERO,
        min_share=ZERO,
        manual=False,
    )
    if not policy.levels:
        return Standing(None, None, None)
    due = _shift(today, -days_late)
    item = Item(key=0, due_date=due, residual=Decimal(1))
    customer = Customer(items=(item,))
    start = _shift(due, policy.levels[0].days)
    last = None
    if start < today:
        now = Circumstances(start)
        for past in project(policy, customer, now, _shift(today, -1)):
            last = past.escalated[item.key]
            told = replace(item, level_days=last.days, level_date=past.day)
            customer = Customer(items=(told,), last_contact=past.day)
    # every level is reached, and every gap over, some time after the last level
    end = max(_shift(due, policy.levels[-1].days), today)
    end = _shift(end, max(1, policy.gap_days) + 366)
    for day, outcome in play(
        policy, customer, Circumstances(today), end, is_working_day
    ):
        if outcome.message:
            return Standing(last, outcome.escalated[item.key], day)
    return Standing(last, None, None)


def _working_day(day: date, until: date, is_working_day: WorkingDays) -> date | None:
    """The first working day from ``day`` to ``until``."""
    while day <= until:
        if is_working_day(day):
            return day
        if day == until:
            break
        day += ONE_DAY
    return None


def _lift(customer: Customer, day: date) -> Customer:
    """The customer without the pauses and holds that ended before that day."""
    if customer.paused and _over(customer.paused_until, day):
        customer = replace(customer, paused=False, paused_until=None)
    if any(_is_held(item) and _over(item.held_until, day) for item in customer.items):
        customer = replace(
            customer,
            items=tuple(
                replace(item, held=False, disputed=False, held_until=None)
                if _is_held(item) and _over(item.held_until, day)
                else item
                for item in customer.items
            ),
        )
    return customer


def _next_change(policy: Policy | None, customer: Customer, day: date) -> date | None:
    """The first day after ``day`` whose decision may differ, ``None`` for never.

    Too early is harmless (the rules are asked once more), too late would be wrong.
    """
    tomorrow = _shift(day, 1)
    if policy is None or customer.archived or tomorrow <= day:
        return None
    if customer.paused and not customer.paused_until:
        return None
    # nothing goes out before the last of these, whatever becomes of the items
    barriers = []
    if customer.paused:
        barriers.append(max(tomorrow, _shift(customer.paused_until, 1)))
    free = _free_on(policy, customer)
    if free and free > day:
        barriers.append(free)
    if barriers:
        return max(barriers)
    return min(
        (
            change
            for item in customer.items
            for change in _changes(policy, item, tomorrow)
            if change > day
        ),
        default=None,
    )


def _changes(policy: Policy, item: Item, tomorrow: date) -> Iterator[date]:
    """The days on which the rules may come to see the item otherwise."""
    if item.residual <= 0 or item.excluded or item.blocked or item.insolvent:
        return
    if item.last_day:
        yield _shift(item.last_day, 1)
    if _is_held(item):
        if not item.held_until:
            return
        yield max(tomorrow, _shift(item.held_until, 1))
    yield _shift(item.due_date, 1)
    for level in policy.levels:
        if item.level_days is None or level.days > item.level_days:
            yield _shift(item.due_date, level.days)
    for refused in item.refused.values():
        if refused.until:
            yield max(tomorrow, refused.until)


def _free_on(policy: Policy, customer: Customer) -> date | None:
    """The first day on which the gap since the last contact is over."""
    contacts = [item.level_date for item in customer.items if item.level_date]
    if customer.last_contact:
        contacts.append(customer.last_contact)
    return _shift(max(contacts), max(1, policy.gap_days)) if contacts else None


def _is_bank_too_old(outcome: Outcome) -> bool:
    return any(skip.reason is Reason.BANK_TOO_OLD for skip in outcome.skipped.values())


def _is_held(item: Item) -> bool:
    return item.held or item.disputed


def _over(last_day: date | None, day: date) -> bool:
    return last_day is not None and last_day < day


def _shift(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min
