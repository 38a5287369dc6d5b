"""A reminder that a person orders now, for the items they chose.

:func:`remind` says what such a message would be: its level, what it carries, what it
leaves out, and which rules of timing a person has to set aside for it. Timing is all a
person may set aside: the least number of days between two contacts, and a level that is
not reached yet. Everything that protects a customer stands: holds, disputes, excluded
and blocked items, a message under way, credits and payments that cover the claim, the
minimum amount, the age of the bank data, an address that does not exist; and the law,
about the item and about what a level claims.

The level never leaves the policy's course. By the rules it is the one
:func:`engine.escalation.decide` would give. Against the timing it is the one the
customer was told last (short of a formal notice), or the first reminder of the policy
for somebody who was never reminded: insisting repeats, it does not get firmer. An item
told within the gap is told the same again, so that nobody is taken through several
levels in a few days; a formal notice is never sent before its day.

What is not overdue is never claimed: nothing here announces a due date.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from .escalation import (
    Circumstances,
    Confirmed,
    Customer,
    Escalate,
    Item,
    Level,
    Message,
    Outcome,
    Policy,
    Reason,
    Skip,
    _check_address,
    _check_amount,
    _check_bank,
    _check_gap,
    _check_share,
    _compose,
    _customer_reason,
    _firmness,
    _item_reason,
    _law_reason,
    _lawful_step,
    _policy_reason,
    _shift,
    _sorted,
    _standing_level,
    _still_fits,
)


@dataclass(frozen=True, slots=True)
class Reminder:
    """A message a person may order.

    :param message: level, items carried, and their sum in company currency.
    :param escalated: the level each item is told of that makes the message necessary;
        an item told its level again stays where it was, which the caller sees to.
    :param left_out: chosen items that the rules do not allow, with the reason.
    :param against: rules of timing that speak against it today. Empty: the rules agree.
        Otherwise it may go only when a person has confirmed that they know.
    """

    message: Message
    escalated: Mapping[int, Level]
    left_out: Mapping[int, Skip]
    against: tuple[Skip, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The same in the words of the rules, to be written down like a proposal."""
        escalated = {key: Escalate(level) for key, level in self.escalated.items()}
        return Outcome({**self.left_out, **escalated}, self.message)


def remind(
    policy: Policy | None,
    customer: Customer,
    keys: Collection[int],
    now: Circumstances,
) -> Reminder | Skip:
    """The reminder a person may send today, or why there is none.

    :param keys: the items chosen; empty means all that are overdue. Keys of items that
        are no longer open are passed over: they are paid.
    :return: the reminder, or the one reason why nothing may be sent. Of several reasons
        the answer is that of the item due first.
    :raises ValueError: when two items share a key (a caller's mistake).
    """
    items = _sorted(customer.items)
    if keys:
        items = [item for item in items if item.key in set(keys)]
    general = _policy_reason(policy, replace(now, scheduled=False))
    general = general or _customer_reason(customer)
    if general:
        return general
    claimable, left_out = _overdue_claimable(items, now)
    if not keys:  # not chosen, so not left out either
        left_out = {
            key: skip
            for key, skip in left_out.items()
            if skip.reason not in (Reason.NOT_DUE, Reason.NOT_A_DEBT)
        }
    if not claimable:
        return _first_reason(items, left_out)

    steps = {item.key: _lawful_step(policy, item, now) for item in claimable}
    skips = {key: step for key, step in steps.items() if isinstance(step, Skip)}
    reached = [
        item
        for item in claimable
        if item.key not in skips and not _told_lately(policy, item, now)
    ]
    against: tuple[Skip, ...] = ()
    if reached:
        candidates = reached
        levels = {item.key: steps[item.key].level for item in reached}
    else:
        candidates, levels = _told_again(policy, claimable)
        unlawful = {
            item.key: skip
            for item in candidates
            if (skip := _law_reason(item, levels[item.key], now))
        }
        candidates = [item for item in candidates if item.key not in unlawful]
        if unlawful and not candidates:
            return _first_reason(claimable, unlawful)
        # what the law says about the next level is nothing a person sets aside: the
        # one told again is another
        timing = {
            key: skip
            for key, skip in skips.items()
            if skip.reason is not Reason.LAW_REFUSES
        }
        if timing:
            against = (_first_reason(claimable, timing),)
        if not candidates:
            __, too_soon = _check_gap(policy, customer, claimable, now)
            return (*against, *too_soon.values(), *skips.values())[0]
    candidates, small = _check_share(policy, candidates)
    if not candidates:
        return next(iter(small.values()))
    __, too_soon = _check_gap(policy, customer, candidates, now)
    if too_soon:
        against += (next(iter(too_soon.values())),)

    levels = {item.key: levels[item.key] for item in candidates}
    message = _compose(policy, claimable, candidates, levels, now)
    # Judged on what the message claims, not on all the customer owes: its total, less
    # the credits it lists, must be something to pay.
    skip = (
        _check_amount(policy, customer, message.claimed)
        or _check_bank(now)
        or _check_address(customer, message)
    )
    if skip:
        return skip
    return Reminder(message, levels, left_out, against)


def recheck(
    policy: Policy | None,
    customer: Customer,
    level: Level,
    carried: Sequence[int],
    escalated: Mapping[int, Level],
    now: Circumstances,
    *,
    insisted: bool = False,
    issued: bool = False,
) -> Confirmed | Skip:
    """Whether a reminder ordered earlier may still go: the twin of escalation's.

    :param insisted: a person has set the rules of timing aside; they are not looked at
        again.
    :param issued: the message is issued and about to be sent; see
        :func:`engine.escalation.recheck`.
    """
    if policy is None:
        return Skip(Reason.NO_POLICY)
    general = _customer_reason(
        replace(
            customer,
            in_proposal=False,
            under_way=customer.under_way and not issued,
        )
    )
    if general:
        return general
    wanted = [item for item in _sorted(customer.items) if item.key in set(carried)]
    claimable, left_out = _overdue_claimable(wanted, now)
    candidates = []
    for item in claimable:
        step = escalated.get(item.key)
        if not step or not (insisted or _still_fits(item, step, now, issued)):
            continue
        if skip := _law_reason(item, min(step, level, key=_firmness), now):
            left_out[item.key] = skip
        else:
            candidates.append(item)
    if not issued:
        candidates, small = _check_share(policy, candidates)
        left_out |= small
    if not candidates:
        told = [item for item in wanted if item.key in escalated]
        return _first_reason(told, left_out)
    if not issued and not insisted:
        __, too_soon = _check_gap(policy, customer, candidates, now)
        if too_soon:
            return next(iter(too_soon.values()))
    levels = {item.key: escalated[item.key] for item in candidates}
    message = _compose(policy, claimable, candidates, levels, now)
    skip = _check_amount(policy, customer, message.claimed)
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


def _overdue_claimable(items, now) -> tuple[list[Item], dict[int, Skip]]:
    """The items a reminder may claim today, and why not the others."""
    claimable, left_out = [], {}
    for item in items:
        skip = _item_reason(item, None, now)
        if not skip and not item.overdue(now.day):
            skip = Skip(Reason.NOT_DUE)
        if skip:
            left_out[item.key] = skip
        else:
            claimable.append(item)
    return claimable, left_out


def _told_again(policy, claimable) -> tuple[list[Item], dict[int, Level]]:
    """The level each item is told again, or for the first time before its day.

    An item that only ever had a formal notice has nothing softer to repeat, and one for
    which the policy begins with a formal notice nothing that may come early.
    """
    first = next((level for level in policy.levels if not level.preventive), None)
    levels = {}
    for item in claimable:
        standing = _standing_level(policy, item)
        if standing and standing.preventive:
            standing = None  # the due date has passed since it was announced
        if standing is None and not _was_reminded(item):
            standing = first if first and not first.formal else None
        if standing:
            levels[item.key] = standing
    return [item for item in claimable if item.key in levels], levels


def _told_lately(policy: Policy, item: Item, now: Circumstances) -> bool:
    """Whether its own last level is younger than the least gap between contacts."""
    if item.level_date is None:
        return False
    return now.day < _shift(item.level_date, max(1, policy.gap_days))


def _was_reminded(item: Item) -> bool:
    return item.level_days is not None and item.level_days >= 0


def _first_reason(items, skips) -> Skip:
    """The reason of the item due first; settled when nothing is left to look at.

    What is disputed or held says more than what is not due, and that more than that a
    credit is no debt.
    """
    weak = (Reason.NOT_A_DEBT, Reason.NOT_DUE)
    found = sorted(
        (item for item in items if item.key in skips),
        key=lambda item: (
            skips[item.key].reason in weak,
            skips[item.key].reason is Reason.NOT_A_DEBT,
            item.due_date,
            item.key,
        ),
    )
    return skips[found[0].key] if found else Skip(Reason.SETTLED)
