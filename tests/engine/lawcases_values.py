"""Values in files of worked cases: numbers, days, names; and the error about them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation


class CaseError(Exception):
    """A case cannot be worked out; the message says why."""


def decimal(value: object, what: str) -> Decimal:
    try:
        if isinstance(value, bool):
            raise TypeError
        found = Decimal(value if isinstance(value, str | int | Decimal) else str(value))
    except (InvalidOperation, TypeError):
        raise CaseError(f"{what}: {value!r} is no number") from None
    if not found.is_finite():
        raise CaseError(f"{what}: {value!r} is no number")
    return found


def day(value: object, what: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise CaseError(f"{what}: {value!r} is no day") from None


def money(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.01")))


def percent(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.01")) if value == round(value, 2) else value)


def named(table: Mapping[str, object], name: object, what: str):
    """What a table holds under a name, however that is written."""
    try:
        return table[re.sub(r"[\s-]+", "_", str(name).strip().lower())]
    except KeyError:
        known = ", ".join(sorted(table))
        raise CaseError(f"unknown {what} {name!r}; known: {known}") from None


def first_of(row: Mapping, *names: str) -> str | None:
    """The first of the fields that says something; None: none does."""
    return next((name for name in names if row.get(name) is not None), None)


def day_of(row: Mapping, *names: str) -> date | None:
    """The day in the first of the fields that has one."""
    name = first_of(row, *names)
    return None if name is None else day(row[name], name)


def needed_day_of(row: Mapping, *names: str) -> date:
    """The same; the error names the last of the fields."""
    name = first_of(row, *names) or names[-1]
    return day(row.get(name), name)


def rows_of(value: object, what: str) -> list[Mapping]:
    """A list of objects.

    :raise CaseError: when it is something else.
    """
    right = isinstance(value, list) and all(isinstance(row, Mapping) for row in value)
    if not right:
        raise CaseError(f"{what} is no list of objects")
    return value
