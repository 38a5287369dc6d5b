"""Who is reminded today, of what, at which level, and why not the others.

:func:`decide` takes one customer with all open items, the policy that applies and the
day's circumstances, and gives for each item either :class:`Escalate` (the level it
reaches today) or :class:`Skip` (the one reason why it does not), together with the one
message that follows for the customer, if any.

The order of the rules is part of the contract (the first that applies is the reason
shown to people):

1. the policy: none, without levels, or manual while a scheduled action asks;
2. the customer: archived, paused, already in an open proposal, or with a message that
   has not left yet;
3. the law about the item: older than a judgment that opened insolvency proceedings, or
   out of time (a credit is never a debt and says so before everything else);
4. the item: disputed, on hold, excluded, blocked;
5. the level: next one not reached yet, or none left; no level is ever skipped unless
   the policy starts old debts by age;
6. the law about the level: it would claim what may not be claimed of this item yet, or
   at all. Old debts that start by age start at a level that may be told;
7. the gap: too soon after the last contact with the customer;
8. the size: rest of the item or total claimed below the policy's minimum; in between,
   what is only about to fall due stands back for a reminder of what is overdue;
9. the cover: unallocated credits and payments on their way cover what would be claimed;
10. the bank: its data are too old to say who has not paid;
11. the address: no channel of the level reaches the customer.

Amounts are :class:`~decimal.Decimal` in company currency, dates are the company's local
dates, days are calendar days. Nothing here raises for odd business data (no levels, no
items, credits larger than debts): odd data end in a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum

ZERO = Decimal(0)
HUNDRED = Decimal(100)


class StartRule(str, Enum):
    """Where an item older than the go-live baseline enters the policy."""

    FIRST = "first"  # at the first level, like any other item
    AGE = "age"  # at the level its age has reached, short of a formal notice


class Reason(str, Enum):
    """Why an item is not escalated; :data:`SENTENCES` says it to people."""

    NO_POLICY = "no_policy"
    NO_LEVELS = "no_levels"
    POLICY_MANUAL = "policy_manual"
    CUSTOMER_ARCHIVED = "customer_archived"
    CUSTOMER_PAUSED = "customer_paused"
    IN_PROPOSAL = "in_proposal"
    UNDER_WAY = "under_way"
    NOT_A_DEBT = "not_a_debt"
    INSOLVENT = "insolvent"
    TIME_BARRED = "time_barred"
    ITEM_HELD = "item_held"
    ITEM_DISPUTED = "item_disputed"
    ITEM_EXCLUDED = "item_excluded"
    ITEM_BLOCKED = "item_blocked"
    NOT_DUE = "not_due"
    LEVEL_NOT_REACHED = "level_not_reached"
    LAST_LEVEL = "last_level"
    LAW_REFUSES = "law_refuses"
    TOO_SOON = "too_soon"
    BELOW_SHARE = "below_share"
    OVERDUE_FIRST = "overdue_first"
    BELOW_AMOUNT = "below_amount"
    COVERED = "covered"
    BANK_TOO_OLD = "bank_too_old"
    NO_ADDRESS = "no_address"
    SETTLED = "settled"  # only from recheck()


SENTENCES: Mapping[Reason, str] = {
    Reason.NO_POLICY: "No dunning policy applies to this customer",
    Reason.NO_LEVELS: "The dunning policy has no levels",
    Reason.POLICY_MANUAL: "The policy is only run by hand",
    Reason.CUSTOMER_ARCHIVED: "The customer is archived",
    Reason.CUSTOMER_PAUSED: "Dunning of this customer is paused",
    Reason.IN_PROPOSAL: "Already in a proposal that waits for a decision",
    Reason.UNDER_WAY: "The last message is still under way",
    Reason.NOT_A_DEBT: "A credit, not a debt",
    Reason.INSOLVENT: "Older than the judgment on insolvency: to be declared there",
    Reason.TIME_BARRED: "Out of time: the law lets nobody claim it any more",
    Reason.ITEM_HELD: "The item is on hold",
    Reason.ITEM_DISPUTED: "The customer disputes the item",
    Reason.ITEM_EXCLUDED: "The journal item is excluded from follow-up",
    Reason.ITEM_BLOCKED: "Payment of the invoice is blocked",
    Reason.NOT_DUE: "Not due yet",
    Reason.LEVEL_NOT_REACHED: "The next level is not reached yet",
    Reason.LAST_LEVEL: "The policy has no further level for it",
    Reason.LAW_REFUSES: "The law does not allow what the level claims",
    Reason.TOO_SOON: "Too soon after the last contact",
    Reason.BELOW_SHARE: "Too little left of the original amount",
    Reason.OVERDUE_FIRST: "Not due yet; overdue items of the customer come first",
    Reason.BELOW_AMOUNT: "Below the minimum amount of the policy",
    Reason.COVERED: "Covered by credits or payments not yet allocated",
    Reason.BANK_TOO_OLD: "The bank data are too old",
    Reason.NO_ADDRESS: "No address for any channel of the level",
    Reason.SETTLED: "Settled or overtaken since the proposal",
}


@dataclass(frozen=True, slots=True)
class Level:
    """One step of a policy.

    :param key: identifies the level to the caller.
    :param days: days after the due date at which the level is reached; negative means
        before it. Unique within a policy: it also orders the levels.
    :param formal: a formal notice (*mise en demeure*), firmer than any other level; old
        debts enter before it as long as a softer level is reached.
    """

    key: int
    days: int
    formal: bool = False

    @property
    def preventive(self) -> bool:
        """Whether the level announces the due date; once that passed, it lapses."""
        return self.days < 0

    @property
    def firmness(self) -> tuple[bool, int]:
        """Orders levels by how firmly they speak."""
        return (self.formal, self.days)


@dataclass(frozen=True, slots=True)
class Policy:
    """An ordered scenario of levels and the conditions of its messages.

    :param levels: in any order; sorted by days here.
    :param start: where items due before the go-live baseline enter.
    :param gap_days: least number of days between two contacts with a customer; never
        less than one, so that a repeated run cannot repeat a message.
    :param min_amount: least total (company currency, after credits) worth a message.
    :param min_share: least rest of an item, in percent of its original amount, that
        triggers a message (leftovers of bank charges do not).
    :param manual: only people start it; a scheduled action passes it over.
    """

    levels: Sequence[Level] = ()
    start: StartRule = StartRule.FIRST
    gap_days: int = 7
    min_amount: Decimal = ZERO
    min_share: Decimal = ZERO
    manual: bool = False

    def __post_init__(self) -> None:
        levels = tuple(sorted(self.levels, key=lambda level: level.days))
        if len({level.days for level in levels}) != len(levels):
            raise ValueError("two levels of a policy have the same number of days")
        object.__setattr__(self, "levels", levels)


@dataclass(frozen=True, slots=True)
class Refused:
    """A level that would claim of an item what the law does not allow.

    :param rule: the rule it would break, a value of :class:`engine.waiting.Rule`.
    :param basis: article of the law; empty where none is known.
    :param until: the first day that may change it by itself; None: no day does.
    :param after: it may be told so many days after a message that claims nothing; None:
        no such message helps. Only foresight asks (:mod:`engine.projection`).
    """

    rule: str
    basis: str = ""
    until: date | None = None
    after: int | None = None

    def on(self, day: date) -> bool:
        """Whether it is refused on that day."""
        return self.until is None or day < self.until


@dataclass(frozen=True, slots=True)
class Item:
    """One open receivable journal item (an instalment is an item of its own).

    :param key: identifies the item to the caller.
    :param due_date: last day to pay in time.
    :param residual: still open, company currency; negative or zero is not a debt.
    :param original: amount when posted, company currency; default: the residual.
    :param level_days: days of the last level served, ``None`` when none was. Days, not
        a position: they keep their meaning when the policy changes or gains a level.
    :param level_date: date of the last notice that carried the item to its level.
    :param held: a hold covers the item on the day; ``held_until`` is its last day.
    :param insolvent: it arose before a judgment that opened insolvency proceedings.
    :param last_day: the last day on which the customer may be asked for it; ``None``
        where the law does not end that (it does for consumers).
    :param refused: why the law does not allow some levels, by the key of the level.
    """

    key: int
    due_date: date
    residual: Decimal
    original: Decimal | None = None
    level_days: int | None = None
    level_date: date | None = None
    held: bool = False
    held_until: date | None = None
    disputed: bool = False
    excluded: bool = False
    blocked: bool = False
    insolvent: bool = False
    last_day: date | None = None
    refused: Mapping[int, Refused] = field(default_factory=dict)

    def overdue(self, day: date) -> bool:
        """Whether the due date has passed on that day (that day itself is in time)."""
        return day > self.due_date

    def barred(self, day: date) -> bool:
        """Whether the time to claim it is over on that day."""
        return self.last_day is not None and day > self.last_day

    def refusal(self, level: Level, day: date) -> Refused | None:
        """Why the law does not allow that level on that day; None: it does."""
        refused = self.refused.get(level.key)
        return refused if refused and refused.on(day) else None


@dataclass(frozen=True, slots=True)
class Customer:
    """A debtor with all open items, as known when the decision is taken.

    :param credits: unallocated credits and payments, company currency, a positive
        sum.
    :param pending: payments received or announced by a payment provider that have no
        journal entry yet, company currency, as a positive sum.
    :param last_contact: date of the last message that reached, or may have reached,
        them.
    :param unreachable: keys of the levels none of whose channels has an address.
    """

    items: Sequence[Item] = ()
    credits: Decimal = ZERO
    pending: Decimal = ZERO
    last_contact: date | None = None
    archived: bool = False
    paused: bool = False
    paused_until: date | None = None
    in_proposal: bool = False
    under_way: bool = False
    unreachable: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The day of the decision.

    :param day: the company's local date.
    :param scheduled: a scheduled action asks, nobody is at the screen.
    :param baseline: go-live date; items due before it are *old debts*. ``None``: all
        are, as long as no level was served.
    :param bank_date: date of the newest bank data; ``None``: the company keeps none
        here.
    :param bank_max_age: days after which bank data are too old; 0: they never are.
    """

    day: date
    scheduled: bool = False
    baseline: date | None = None
    bank_date: date | None = None
    bank_max_age: int = 0


@dataclass(frozen=True, slots=True)
class Escalate:
    """The item reaches this level today."""

    level: Level


@dataclass(frozen=True, slots=True)
class Skip:
    """The item stays where it is; ``until`` is the first day that may change it.

    :param refused: the rule of the law, where that is the reason.
    """

    reason: Reason
    until: date | None = None
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """The one message for the customer.

    :param level: its level: the highest among the items it carries (a formal notice
        only when an item reaches that level today).
    :param carried: keys of all items it lists, escalated or not.
    :param claimed: their residuals, company currency, before credits.
    """

    level: Level
    carried: tuple[int, ...]
    claimed: Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What :func:`decide` found: a decision for each item, and the message."""

    decisions: Mapping[int, Escalate | Skip] = field(default_factory=dict)
    message: Message | None = None

    @property
    def escalated(self) -> dict[int, Level]:
        return {
            key: decision.level
            for key, decision in self.decisions.items()
            if isinstance(decision, Escalate)
        }

    @property
    def skipped(self) -> dict[int, Skip]:
        return {
            key: decision
            for key, decision in self.decisions.items()
            if isinstance(decision, Skip)
        }


def decide(policy: Policy | None, customer: Customer, now: Circumstances) -> Outcome:
    """Decide for one customer on one day; see the module for the rules and their order.

    The result does not depend on the order of the items.

    :raises ValueError: when two items share a key (a caller's mistake).
    """
    items = _sorted(customer.items)
    general = _policy_reason(policy, now) or _customer_reason(customer)
    decisions: dict[int, Escalate | Skip] = {}
    claimable: list[Item] = []
    for item in items:
        skip = _item_reason(item, general, now)
        if skip:
            decisions[item.key] = skip
        else:
            claimable.append(item)
            decisions[item.key] = _lawful_step(policy, item, now)

    candidates = [i for i in claimable if isinstance(decisions[i.key], Escalate)]
    if not candidates:
        return Outcome(decisions)

    # From here on the rules look at the customer as a whole: each takes candidates out.
    candidates, skips = _check_gap(policy, customer, candidates, now)
    decisions.update(skips)
    candidates, skips = _check_share(policy, candidates)
    decisions.update(skips)
    candidates, skips = _overdue_first(candidates, decisions, now)
    decisions.update(skips)
    if not candidates:
        return Outcome(decisions)

    levels = {item.key: decisions[item.key].level for item in candidates}
    message = _compose(policy, claimable, candidates, levels, now)
    skip = (
        _check_amount(policy, customer, _debt(claimable, message, now))
        or _check_bank(now)
        or _check_address(customer, message)
    )
    if skip:
        decisions.update({item.key: skip for item in candidates})
        return Outcome(decisions)
    return Outcome(decisions, message)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A proposed message that may go, with what is left of it.

    :param escalated: the level each item is told of; never firmer than the message. A
        message a person lowered may repeat what an item was told before: the item then
        stays at its level, which the caller sees to.
    """

    level: Level
    carried: tuple[int, ...]
    escalated: Mapping[int, Level]
    claimed: Decimal


def recheck(
    policy: Policy | None,
    customer: Customer,
    level: Level,
    carried: Sequence[int],
    escalated: Mapping[int, Level],
    now: Circumstances,
    *,
    issued: bool = False,
) -> Confirmed | Skip:
    """Whether a proposed message may still go when it is issued, and with what.

    Between proposal and issue money may have come, invoices been withdrawn, items held,
    the customer paused or contacted otherwise. Items that can no longer be claimed fall
    out; when none of the escalated ones is left, or the rules of the day forbid the
    message, the answer is the reason. The message never gets firmer than ``level`` (a
    person may have lowered it), and gets softer when its firmest items have gone.

    An escalated item also falls out when its level no longer fits: the due date was
    postponed, or has passed for a level that announces it; or when the law does not
    allow what it would be told.

    :param level: level of the proposal.
    :param carried: keys of the items the proposal lists.
    :param escalated: level each escalated item was proposed for.
    :param issued: the message is already issued and about to be sent: it counts as the
        last contact itself, so the gap is not looked at, nor is the age of bank data.
    """
    general = None if policy else Skip(Reason.NO_POLICY)
    # the message itself is the one proposed, and once issued the one under way
    under_way = customer.under_way and not issued
    general = general or _customer_reason(
        replace(customer, in_proposal=False, under_way=under_way)
    )
    if general:
        return general
    wanted = set(carried)
    claimable, candidates, skips = _left_of(
        _sorted(customer.items), wanted, escalated, level, now, issued
    )
    if not issued:
        candidates, small = _check_share(policy, candidates)
        skips.extend(small.values())
    if not candidates:
        return skips[0] if skips else Skip(Reason.SETTLED)
    if not issued:
        __, too_soon = _check_gap(policy, customer, candidates, now)
        if too_soon:
            return next(iter(too_soon.values()))
    kept = [item for item in claimable if item.key in wanted]
    levels = {item.key: escalated[item.key] for item in candidates}
    message = _compose(policy, kept, candidates, levels, now)
    debt = _debt(claimable, message, now)
    skip = _check_amount(policy, customer, debt)
    if not skip and not issued:
        skip = _check_bank(now)
    if skip:
        return skip
    softest = min(level, message.level, key=_firmness)
    return Confirmed(
        level=softest,
        carried=message.carried,
        escalated={
            key: min(step, softest, key=_firmness) for key, step in levels.items()
        },
        claimed=message.claimed,
    )


def _left_of(items, wanted, escalated, level, now, issued):
    """What is left of a proposal.

    :return: the items that may be claimed, those of them that may be told their level,
        and why the others may not that were to be told one.
    """
    claimable, candidates, skips = [], [], []
    for item in items:
        step = escalated.get(item.key) if item.key in wanted else None
        skip = _item_reason(item, None, now)
        if not skip:
            claimable.append(item)
            if step is None or not _still_fits(item, step, now, issued):
                continue
            # a person may have lowered the message: the law looks at what it says
            skip = _law_reason(item, min(step, level, key=_firmness), now)
            if not skip:
                candidates.append(item)
        if skip and step is not None and skip.reason is not Reason.NOT_A_DEBT:
            skips.append(skip)
    return claimable, candidates, skips


def _still_fits(item: Item, level: Level, now: Circumstances, issued: bool) -> bool:
    if level.preventive and item.overdue(now.day):
        return False
    if _reached_on(level, item) > now.day:
        return False
    return issued or item.level_days is None or level.days > item.level_days


def _firmness(level: Level) -> tuple[bool, int]:
    return level.firmness


def _sorted(items: Sequence[Item]) -> list[Item]:
    """The items in a fixed order, so that the order they came in does not matter."""
    items = sorted(items, key=lambda item: item.key)
    if len({item.key for item in items}) != len(items):
        raise ValueError("two items share a key")
    return items


def _policy_reason(policy: Policy | None, now: Circumstances) -> Skip | None:
    if policy is None:
        return Skip(Reason.NO_POLICY)
    if not policy.levels:
        return Skip(Reason.NO_LEVELS)
    if policy.manual and now.scheduled:
        return Skip(Reason.POLICY_MANUAL)
    return None


def _customer_reason(customer: Customer) -> Skip | None:
    if customer.archived:
        return Skip(Reason.CUSTOMER_ARCHIVED)
    if customer.paused:
        return Skip(Reason.CUSTOMER_PAUSED, _day_after(customer.paused_until))
    if customer.in_proposal:
        return Skip(Reason.IN_PROPOSAL)
    if customer.under_way:
        return Skip(Reason.UNDER_WAY)
    return None


def _item_reason(item: Item, general: Skip | None, now: Circumstances) -> Skip | None:
    # A credit is never a debt, whatever holds for its customer: said first, it keeps
    # the counts of every other reason free of credits.
    if item.residual <= 0:
        return Skip(Reason.NOT_A_DEBT)
    if general:
        return general
    if item.insolvent:
        return Skip(Reason.INSOLVENT)
    if item.barred(now.day):
        return Skip(Reason.TIME_BARRED)
    if item.disputed:
        return Skip(Reason.ITEM_DISPUTED, _day_after(item.held_until))
    if item.held:
        return Skip(Reason.ITEM_HELD, _day_after(item.held_until))
    if item.excluded:
        return Skip(Reason.ITEM_EXCLUDED)
    if item.blocked:
        return Skip(Reason.ITEM_BLOCKED)
    return None


def _lawful_step(policy: Policy, item: Item, now: Circumstances) -> Escalate | Skip:
    """The level the item reaches today, where the law allows what it claims."""
    step = _next_step(policy, item, now)
    if isinstance(step, Escalate):
        return _law_reason(item, step.level, now) or step
    return step


def _law_reason(item: Item, level: Level, now: Circumstances) -> Skip | None:
    refused = item.refusal(level, now.day)
    return refused and Skip(Reason.LAW_REFUSES, refused.until, refused)


def _next_step(policy: Policy, item: Item, now: Circumstances) -> Escalate | Skip:
    """The level the item reaches today, or why none.

    The next level is the first one beyond the last served. A preventive level lapses
    when the due date has passed: announcing a date that is gone would be nonsense, so
    passing it over is not skipping it.
    """
    ahead = [
        level
        for level in policy.levels
        if (item.level_days is None or level.days > item.level_days)
        and not (level.preventive and item.overdue(now.day))
    ]
    if not ahead:
        return Skip(Reason.LAST_LEVEL)
    level = ahead[0]
    if _enters_by_age(policy, item, now):
        reached = [
            level
            for level in ahead
            if not level.formal and _reached_on(level, item) <= now.day
        ]
        allowed = [level for level in reached if not item.refusal(level, now.day)]
        if reached:
            level = (allowed or reached)[-1]
    reached_on = _reached_on(level, item)
    if reached_on > now.day:
        overdue = item.overdue(now.day)
        return Skip(Reason.LEVEL_NOT_REACHED if overdue else Reason.NOT_DUE, reached_on)
    return Escalate(level)


def _enters_by_age(policy: Policy, item: Item, now: Circumstances) -> bool:
    return (
        policy.start is StartRule.AGE
        and item.level_days is None
        and (now.baseline is None or item.due_date < now.baseline)
    )


def _check_gap(policy, customer, candidates, now):
    """Too soon after the last contact: nobody of the customer's items goes today."""
    contacts = [item.level_date for item in customer.items if item.level_date]
    if customer.last_contact:
        contacts.append(customer.last_contact)
    if contacts:
        free = _shift(max(contacts), max(1, policy.gap_days))
        if now.day < free:
            skip = Skip(Reason.TOO_SOON, free)
            return [], {item.key: skip for item in candidates}
    return candidates, {}


def _check_share(policy, candidates):
    """Leftovers do not trigger a message; they are listed when another item does."""
    kept, skips = [], {}
    for item in candidates:
        original = item.residual if item.original is None else abs(item.original)
        if item.residual * HUNDRED < policy.min_share * original:
            skips[item.key] = Skip(Reason.BELOW_SHARE)
        else:
            kept.append(item)
    return kept, skips


def _overdue_first(candidates, decisions, now):
    """A reminder claims nothing that is not due: announcements stand back for it."""
    levels = {item.key: decisions[item.key].level for item in candidates}
    announced = [item for item in candidates if levels[item.key].preventive]
    if len(announced) == len(candidates):
        return candidates, {}
    skip = Skip(Reason.OVERDUE_FIRST, _day_after(now.day))
    kept = [item for item in candidates if not levels[item.key].preventive]
    return kept, {item.key: skip for item in announced}


def _compose(policy, claimable, candidates, levels, now) -> Message:
    """The message: which items it carries and how firm it is.

    It carries all overdue items, and is as firm as the firmest among them: a customer
    who was already asked firmly for one invoice does not get a courtesy note for the
    next. Two exceptions. A formal notice is an act, done once per item: an item that
    had one does not make the next message formal, only as firm as the policy gets short
    of it. And what is about to fall due is announced alone: neither does a reminder
    claim what is not due, nor an announcement repeat the reminders.
    """
    firmest = max(levels.values(), key=_firmness)
    if all(level.preventive for level in levels.values()):
        carried = candidates
    else:
        chosen = set(levels)
        carried = [
            item for item in claimable if item.key in chosen or item.overdue(now.day)
        ]
        for item in carried:
            standing = _standing_level(policy, item)
            if standing and standing.firmness > firmest.firmness:
                firmest = standing
    return Message(
        level=firmest,
        carried=tuple(item.key for item in carried),
        claimed=sum((item.residual for item in carried), ZERO),
    )


def _standing_level(policy: Policy, item: Item) -> Level | None:
    """The firmest level short of a formal notice that the item has already reached."""
    if item.level_days is None:
        return None
    standing = [
        level
        for level in policy.levels
        if level.days <= item.level_days and not level.formal
    ]
    return standing[-1] if standing else None


def _debt(claimable, message, now) -> Decimal:
    """What size and cover are judged on: the message's items and all that is overdue.

    Credits pay what is overdue first, even where the message only speaks of what is
    about to fall due.
    """
    keys = set(message.carried)
    return sum(
        (i.residual for i in claimable if i.key in keys or i.overdue(now.day)), ZERO
    )


def _check_amount(policy, customer, debt) -> Skip | None:
    if debt < policy.min_amount:
        return Skip(Reason.BELOW_AMOUNT)
    net = debt - customer.credits - customer.pending
    if net <= 0:
        return Skip(Reason.COVERED)
    if net < policy.min_amount:
        return Skip(Reason.BELOW_AMOUNT)
    return None


def _check_bank(now: Circumstances) -> Skip | None:
    if not now.bank_max_age or now.bank_date is None:
        return None
    if (now.day - now.bank_date).days > now.bank_max_age:
        return Skip(Reason.BANK_TOO_OLD)
    return None


def _check_address(customer: Customer, message: Message) -> Skip | None:
    if message.level.key in customer.unreachable:
        return Skip(Reason.NO_ADDRESS)
    return None


def _reached_on(level: Level, item: Item) -> date:
    """The day the level is reached; stays inside the calendar for absurd due dates."""
    return _shift(item.due_date, level.days)


def _day_after(day: date | None) -> date | None:
    return day and _shift(day, 1)


def _shift(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min
