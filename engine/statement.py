"""What a customer owed on a day, or what moved between two days: the statement.

:func:`open_items` lists what is open at a date with the rest of each item,
:func:`activity` all that moved in a period between an opening and a closing balance.
Both give one :class:`Statement` per currency; nothing is ever added up across
currencies. :func:`ageing` sorts debts into buckets by days past due; it is the one
definition of the buckets for the whole addon.

Amounts are exact :class:`~decimal.Decimal` in the row's own currency, signed as the
ledger signs them: a debt is positive, a payment or credit note negative. Dates are the
company's local dates. The order of the rows given does not matter: lines are ordered by
date, due date, name and key. Nothing here raises for odd business data.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

ZERO = Decimal(0)

# Last day past due of each bucket but the last, which is open-ended. What falls due on
# the day itself is not due yet.
AGEING_LIMITS = (0, 30, 60, 90)
# One key per bucket, in order; stable, for labels and for stored figures.
AGEING_BUCKETS = ("not_due", "1_30", "31_60", "61_90", "over_90")


class Aged(Protocol):
    """What :func:`ageing` looks at."""

    @property
    def due_date(self) -> date: ...

    @property
    def residual(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class Row:
    """One posted receivable item, or a payment on its way.

    ``amount`` is what it was posted with, ``residual`` what is still open of it at the
    statement's date. ``mark`` goes to the line as it is ("disputed", say).
    """

    key: Hashable
    date: date
    due_date: date
    name: str
    currency: Hashable
    amount: Decimal
    residual: Decimal = ZERO
    kind: str = "item"
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement.

    ``paid`` is what was settled of the row so far and ``days_late`` the days past due
    of a debt with something left (else 0). ``balance`` runs: over the rests in a
    statement of open items, over the amounts in one of activity.
    """

    row: Row
    paid: Decimal
    remaining: Decimal
    days_late: int
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement of one currency.

    ``debits`` and ``credits`` are the totals of the lines above and below zero, the
    latter as a positive number: ``opening + debits - credits == closing``. In a
    statement of open items the opening is zero and they add up rests; in one of
    activity they add up movements. ``ageing`` and ``overdue`` always speak of what is
    open on the day.
    """

    currency: Hashable
    lines: tuple[Line, ...]
    opening: Decimal
    debits: Decimal
    credits: Decimal
    closing: Decimal
    ageing: Mapping[str, Decimal]
    overdue: Decimal


# === AGEING === #


def days_late(due_date: date, day: date) -> int:
    """Days past due on that day; 0 for what is not due yet or falls due that day."""
    return max((day - due_date).days, 0)


def bucket(due_date: date, day: date) -> str:
    """The bucket of something due on ``due_date``, looked at on ``day``."""
    return AGEING_BUCKETS[bisect_left(AGEING_LIMITS, days_late(due_date, day))]


def ageing(rows: Iterable[Aged], day: date) -> dict[str, Decimal]:
    """What is open, by days past due.

    Only debts age: a row whose residual is not above zero is in no bucket, so buckets
    tell what is owed before credits. All rows have to be of one currency.

    :return: ``{bucket: amount}`` with every key of :data:`AGEING_BUCKETS`, in order.
    """
    buckets = dict.fromkeys(AGEING_BUCKETS, ZERO)
    for row in rows:
        if row.residual > 0:
            buckets[bucket(row.due_date, day)] += row.residual
    return buckets


def overdue(buckets: Mapping[str, Decimal]) -> Decimal:
    """The total past due of what :func:`ageing` gave."""
    return sum((buckets[key] for key in AGEING_BUCKETS[1:]), ZERO)


# === STATEMENTS === #


def open_items(rows: Iterable[Row], day: date) -> list[Statement]:
    """Everything open on a day, with the running balance of what remains.

    Rows with nothing left are left out, and so is a currency in which nothing is open.

    :return: one statement per currency, in the order of the currencies' first lines.
    """
    return [
        _statement(currency, mine, day, mine, [row.residual for row in mine], ZERO)
        for currency, mine in _by_currency(row for row in rows if row.residual)
    ]


def activity(
    movements: Iterable[Row],
    date_from: date,
    day: date,
    openings: Mapping[Hashable, Decimal] | None = None,
    open_rows: Iterable[Row] = (),
) -> list[Statement]:
    """All movements from ``date_from`` to ``day``, both included.

    :param movements: rows whose ``amount`` counts. One dated before ``date_from``
        belongs to the opening balance; one dated after ``day`` to a later statement.
    :param openings: balance before ``date_from`` by currency, as far as it is not among
        the movements.
    :param open_rows: what is open on ``day``, for the ageing.
    :return: one statement per currency with a movement, an opening balance or
        something open; currencies with movements first.
    """
    start = dict(openings or {})
    within = []
    for row in movements:
        if row.date < date_from:
            start[row.currency] = start.get(row.currency, ZERO) + row.amount
        elif row.date <= day and row.amount:
            within.append(row)
    moved = dict(_by_currency(within))
    still_open = dict(_by_currency(row for row in open_rows if row.residual))
    currencies = dict.fromkeys(
        [*moved, *still_open, *sorted((key for key in start if start[key]), key=str)]
    )
    return [
        _statement(
            currency,
            moved.get(currency, []),
            day,
            still_open.get(currency, []),
            [row.amount for row in moved.get(currency, [])],
            start.get(currency, ZERO),
        )
        for currency in currencies
    ]


def _by_currency(rows: Iterable[Row]) -> list[tuple[Hashable, list[Row]]]:
    result: dict[Hashable, list[Row]] = {}
    for row in sorted(rows, key=_order):
        result.setdefault(row.currency, []).append(row)
    return list(result.items())


def _order(row: Row):
    return row.date, row.due_date, row.name, str(row.currency), str(row.key)


def _statement(
    currency: Hashable,
    rows: list[Row],
    day: date,
    still_open: list[Row],
    amounts: list[Decimal],
    opening: Decimal,
) -> Statement:
    lines = []
    balance = opening
    for row, amount in zip(rows, amounts, strict=True):
        balance += amount
        lines.append(
            Line(
                row=row,
                paid=row.amount - row.residual,
                remaining=row.residual,
                days_late=days_late(row.due_date, day) if row.residual > 0 else 0,
                balance=balance,
            )
        )
    buckets = ageing(still_open, day)
    return Statement(
        currency=currency,
        lines=tuple(lines),
        opening=opening,
        debits=sum((amount for amount in amounts if amount > 0), ZERO),
        credits=-sum((amount for amount in amounts if amount < 0), ZERO),
        closing=balance,
        ageing=buckets,
        overdue=overdue(buckets),
    )
