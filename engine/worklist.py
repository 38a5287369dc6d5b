"""Who needs a person today, why, and in which order.

:func:`assess` takes what is known of one customer and gives the group of the worklist
(act now, waiting for the customer, paused, or not on it), the one reason that is shown,
and the priority with the points it is made of.

Only customers who need somebody are on the list. The machine reminds on its own; a
person is needed when it cannot go on (a message reached nobody, the policy ends, nobody
lets it run), when the customer did something (replied, broke an agreement), when a
person planned something for today, or when a debt gets old without anybody having
talked about it. The first that applies, in the order of :class:`Why`, is the one shown.

Amounts are :class:`~decimal.Decimal` in company currency, dates are the company's local
dates. Nothing here raises for odd business data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum

ZERO = Decimal(0)
MILESTONES = (45, 90, 180)  # days late at which a debt is worth a person's call
PATIENCE = 14  # days a person's contact counts where the machine does nothing


class State(str, Enum):
    """The groups of the worklist; their values sort in the order they are shown."""

    ACT = "act"
    WAITING = "await"
    PAUSED = "hold"
    NONE = "none"


class Why(str, Enum):
    """Why a customer is on the list: first what a person must act on, by urgency."""

    REPLY = "reply"
    RETURNED = "returned"
    BOUNCED = "bounced"
    UNDELIVERED = "undelivered"
    BROKEN = "broken"
    ENDING = "ending"
    CALL_DUE = "call_due"
    TASK_DUE = "task_due"
    CROSSED = "crossed"
    LAST_LEVEL = "last_level"
    BY_HAND = "by_hand"
    # waiting for the customer
    PLANNED = "planned"
    UNDER_WAY = "under_way"
    REMINDED = "reminded"
    HANDLED = "handled"
    CALLED = "called"
    # paused
    PAUSED = "paused"


SENTENCES: Mapping[Why, str] = {
    Why.REPLY: "The customer has replied",
    Why.RETURNED: "A letter came back",
    Why.BOUNCED: "An e-mail bounced",
    Why.UNDELIVERED: "A message reached nobody",
    Why.BROKEN: "A pause is over, and the debt is not paid",
    Why.ENDING: "A pause ends today",
    Why.CALL_DUE: "A call is due",
    Why.TASK_DUE: "A task is due",
    Why.CROSSED: "The debt is old, and nobody has talked about it lately",
    Why.LAST_LEVEL: "The policy has nothing further",
    Why.BY_HAND: "No policy reminds this customer by itself",
    Why.PLANNED: "Somebody has planned the next contact",
    Why.UNDER_WAY: "A message is under way",
    Why.REMINDED: "Was reminded, and may still pay in time",
    Why.HANDLED: "Somebody has seen to it today",
    Why.CALLED: "Was contacted lately",
    Why.PAUSED: "Dunning is paused",
}


class Criterion(str, Enum):
    """What priority points are given for."""

    AMOUNT = "amount"  # to collect
    AGE = "age"  # days late of the oldest item to collect
    LEVEL = "level"  # days of the highest level served
    REPLY = "reply"
    UNDELIVERED = "undelivered"
    BROKEN = "broken"
    DUE = "due"  # a call or task is due; per day that it is late
    SILENCE = "silence"  # nobody has talked to the customer yet


@dataclass(frozen=True, slots=True)
class Rule:
    """Points for one criterion.

    :param points: for each full ``per`` of the quantity; without ``per``, once.
    :param per: amount in company currency, or days.
    :param cap: most points it can give; 0 means no limit.
    """

    points: int
    per: Decimal = ZERO
    cap: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one customer.

    :param overdue: sum of what is overdue, credits not deducted.
    :param to_collect: see :func:`to_collect`.
    :param oldest_due: due date of the oldest overdue item that is neither held nor
        excluded.
    :param served_days: days of the highest level an open item was told of.
    :param ahead: whether the policy has a further level for some overdue item.
    :param by_hand: no policy applies, it has no levels, or people run it only.
    :param last_message: date of the last message that may have reached the customer.
    :param answer_until: last day the last reminder leaves for paying.
    :param last_talk: last day a person spoke with the customer, or said *done*.
    :param handled_on: last day a person said *done*.
    :param next_action: date of the earliest open activity; ``is_call`` says of which
        kind.
    :param returned, bounced, undelivered: what became of messages, until a person has
        seen to it.
    :param paused: the whole customer, or all that is overdue, is paused.
    :param pause_ended: last day of the latest pause that ran out by itself.
    :param pause_ends: a pause ends on this day.
    :param reply: a customer's message nobody has read.
    """

    overdue: Decimal = ZERO
    to_collect: Decimal = ZERO
    oldest_due: date | None = None
    served_days: int | None = None
    ahead: bool = False
    by_hand: bool = False
    last_message: date | None = None
    answer_until: date | None = None
    last_talk: date | None = None
    handled_on: date | None = None
    next_action: date | None = None
    is_call: bool = False
    returned: bool = False
    bounced: bool = False
    undelivered: bool = False
    under_way: bool = False
    paused: bool = False
    pause_ended: date | None = None
    pause_ends: date | None = None
    reply: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """Where a customer stands on the worklist.

    :param number: days that belong to the reason (the milestone crossed), else 0.
    :param points: ``(criterion, points)``, in the order of :class:`Criterion`.
    :param pause_alert: a pause ends today, or is over without payment or contact.
    """

    state: State
    why: Why | None = None
    number: int = 0
    points: Sequence[tuple[Criterion, int]] = field(default=())
    pause_alert: bool = False

    @property
    def priority(self) -> int:
        return sum(points for __, points in self.points)


def to_collect(overdue: Decimal, spared: Decimal, credit: Decimal) -> Decimal:
    """What a person can ask for today; never negative.

    :param overdue: all that is overdue.
    :param spared: of this, what is held, excluded, or was reminded with time to pay
        that is not over.
    :param credit: credits and payments not yet allocated.
    """
    return max(overdue - spared - credit, ZERO)


def assess(facts: Facts, rules: Mapping[Criterion, Rule], day: date) -> Work:
    """The place of one customer on the day's worklist.

    The points do not depend on the group: they order customers within it.
    """
    state, why, number = _place(facts, day)
    return Work(
        state,
        why,
        number,
        points=_points(facts, rules, day),
        pause_alert=_pause_alert(facts, day),
    )


def milestone(facts: Facts, day: date) -> int:
    """The highest milestone crossed since a person last talked to them; or 0."""
    if not facts.oldest_due or facts.to_collect <= 0:
        return 0
    late = (day - facts.oldest_due).days
    crossed = [days for days in MILESTONES if days <= late]
    if not crossed:
        return 0
    on = facts.oldest_due + timedelta(days=crossed[-1])
    if facts.last_talk and facts.last_talk >= on:
        return 0
    return crossed[-1]


def _place(facts: Facts, day: date) -> tuple[State, Why | None, int]:
    why, number = _act(facts, day)
    if why and facts.handled_on != day:
        return State.ACT, why, number
    if facts.paused and facts.overdue > 0:
        return State.PAUSED, Why.PAUSED, 0
    why = _wait(facts, day)
    return (State.WAITING, why, 0) if why else (State.NONE, None, 0)


def _pause_alert(facts: Facts, day: date) -> bool:
    if facts.overdue <= 0:
        return False
    return facts.pause_ends == day or (not facts.paused and _broken(facts, day))


def _act(facts: Facts, day: date) -> tuple[Why | None, int]:
    """What a person must act on, whatever else; and the number that belongs to it."""
    event = _event(facts, day)
    if event:
        return event, 0
    planned = facts.next_action is not None and facts.next_action > day
    if facts.paused or planned or facts.to_collect <= 0:
        return None, 0
    crossed = milestone(facts, day)
    if crossed:
        return Why.CROSSED, crossed
    if (facts.ahead and not facts.by_hand) or _is_patient(facts, day):
        return None, 0
    return (Why.BY_HAND if facts.by_hand else Why.LAST_LEVEL), 0


def _event(facts: Facts, day: date) -> Why | None:
    """Something happened, or was planned for today."""
    owes = facts.overdue > 0
    due = facts.next_action is not None and facts.next_action <= day
    planned = facts.next_action is not None and not due
    happened = {
        Why.REPLY: facts.reply,
        Why.RETURNED: owes and facts.returned,
        Why.BOUNCED: owes and facts.bounced,
        Why.UNDELIVERED: owes and facts.undelivered,
        Why.BROKEN: owes and not facts.paused and not planned and _broken(facts, day),
        Why.ENDING: owes and facts.pause_ends == day,
        Why.CALL_DUE: due and facts.is_call,
        Why.TASK_DUE: due,
    }
    return next((why for why, applies in happened.items() if applies), None)


def _broken(facts: Facts, day: date) -> bool:
    """A pause ran out, and nobody has talked to the customer since."""
    ended = facts.pause_ended
    return bool(
        ended and ended < day and not (facts.last_talk and facts.last_talk > ended)
    )


def _is_patient(facts: Facts, day: date) -> bool:
    """Whether a contact is so fresh that nobody need ask again."""
    fresh = day - timedelta(days=PATIENCE)
    contacts = (facts.last_talk, facts.last_message)
    return any(contact and contact > fresh for contact in contacts)


def _wait(facts: Facts, day: date) -> Why | None:
    """What the customer's turn is about; ``None``: nobody need look at the customer."""
    if facts.overdue <= 0:
        return None
    if facts.next_action and facts.next_action > day:
        return Why.PLANNED
    if facts.under_way:
        return Why.UNDER_WAY
    if facts.answer_until and facts.answer_until >= day:
        return Why.REMINDED
    if facts.handled_on == day:
        return Why.HANDLED
    if facts.last_talk and facts.last_talk > day - timedelta(days=PATIENCE):
        return Why.CALLED
    return None


def _points(facts, rules, day) -> tuple[tuple[Criterion, int], ...]:
    quantities = _quantities(facts, day)
    result = []
    for criterion in Criterion:
        rule, quantity = rules.get(criterion), quantities.get(criterion)
        if rule is None or quantity is None:
            continue
        points = rule.points
        if rule.per > 0:
            points *= int(quantity // rule.per)
        if rule.cap > 0:
            points = min(points, rule.cap)
        if points:
            result.append((criterion, points))
    return tuple(result)


def _quantities(facts: Facts, day: date) -> dict[Criterion, Decimal]:
    """What each criterion measures; one that does not apply is missing."""
    result = {}
    if facts.to_collect > 0:
        result[Criterion.AMOUNT] = facts.to_collect
        if facts.oldest_due and facts.oldest_due < day:
            result[Criterion.AGE] = Decimal((day - facts.oldest_due).days)
        if facts.last_talk is None:
            result[Criterion.SILENCE] = Decimal(1)
    if facts.overdue > 0:
        if facts.served_days is not None and facts.served_days > 0:
            result[Criterion.LEVEL] = Decimal(facts.served_days)
        if facts.returned or facts.bounced or facts.undelivered:
            result[Criterion.UNDELIVERED] = Decimal(1)
        if not facts.paused and _broken(facts, day):
            result[Criterion.BROKEN] = Decimal(1)
    if facts.reply:
        result[Criterion.REPLY] = Decimal(1)
    if facts.next_action is not None and facts.next_action <= day:
        # the day itself counts as one, so that a rule per day gives points at once
        result[Criterion.DUE] = Decimal((day - facts.next_action).days + 1)
    return result
