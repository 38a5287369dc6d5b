"""Builders for the tests of the escalation rules, and the shell's part in short.

Every builder gives a case in which the item is escalated today; a test changes the one
thing it is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from engine.escalation import (
    Circumstances,
    Customer,
    Escalate,
    Item,
    Level,
    Outcome,
    Policy,
    Skip,
    decide,
)

TODAY = date(2025, 3, 10)

SOON = Level(key=10, days=-5)
FIRST = Level(key=20, days=5)
SECOND = Level(key=30, days=15)
THIRD = Level(key=40, days=30)
FORMAL = Level(key=50, days=45, formal=True)
AFTER = Level(
    key=60, days=60
)  # short of legal steps, but firmer than the formal notice

REMINDERS = (FIRST, SECOND, THIRD, FORMAL)


def days(number: int) -> timedelta:
    return timedelta(days=number)


def policy(*levels: Level, **values) -> Policy:
    return Policy(levels=levels or REMINDERS, **values)


def item(key: int = 1, late: int = 10, residual="100", **values) -> Item:
    """An item ``late`` days past its due date (negative: due in so many days)."""
    values.setdefault("due_date", TODAY - days(late))
    if values.get("original") is not None:
        values["original"] = Decimal(values["original"])
    return Item(key=key, residual=Decimal(residual), **values)


def served(level: Level, ago: int, **values) -> Item:
    """An item that a notice brought to ``level`` so many days ago."""
    values.setdefault("late", level.days + ago)
    return item(level_days=level.days, level_date=TODAY - days(ago), **values)


def customer(*items: Item, **values) -> Customer:
    return Customer(items=items or (item(),), **values)


def now(day: date = TODAY, **values) -> Circumstances:
    return Circumstances(day=day, **values)


def ask(
    *items: Item,
    by: Policy | None = None,
    on: Circumstances | None = None,
    **values,
) -> Outcome:
    """Decide for a customer with these items; ``values`` are the customer's."""
    return decide(by or policy(), customer(*items, **values), on or now())


def ask_one(an_item: Item, **values) -> Escalate | Skip:
    return ask(an_item, **values).decisions[an_item.key]


def serve(a_customer: Customer, outcome: Outcome, day: date) -> Customer:
    """Write down an outcome the way the models do once the notice is issued."""
    if outcome.message is None:
        return a_customer
    levels = outcome.escalated
    items = tuple(
        replace(i, level_days=levels[i.key].days, level_date=day)
        if i.key in levels
        else i
        for i in a_customer.items
    )
    return replace(a_customer, items=items, last_contact=day)


def daily(
    a_policy: Policy,
    a_customer: Customer,
    number: int,
    start: date = TODAY,
    **circumstances,
) -> Iterator[tuple[int, Outcome]]:
    """Run day by day, issue at once; yields the number of the day and its outcome."""
    for offset in range(number):
        day = start + days(offset)
        outcome = decide(a_policy, a_customer, now(day, **circumstances))
        a_customer = serve(a_customer, outcome, day)
        yield offset, outcome
