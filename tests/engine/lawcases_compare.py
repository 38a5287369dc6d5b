"""Where what was computed for a case and what is expected part, and both in brief."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation


def differences(path: str, computed: object, expected: object) -> Iterator[str]:
    """Each difference with its place. Only what is expected is compared.

    Figures are compared as numbers, so that 12.4 is 12.40.
    """
    if isinstance(expected, Mapping) and isinstance(computed, Mapping):
        for key, value in expected.items():
            here = f"{path}.{key}" if path else str(key)
            if key in computed:
                yield from differences(here, computed[key], value)
            else:
                yield f"{here}: nothing computes that, expected {value!r}"
    elif isinstance(expected, list) and isinstance(computed, list):
        if len(computed) != len(expected):
            yield f"{path}: computed {len(computed)} rows, expected {len(expected)}"
        for number, pair in enumerate(zip(computed, expected, strict=False)):
            yield from differences(f"{path}[{number}]", *pair)
    elif not _same(computed, expected):
        yield f"{path}: computed {computed}, expected {expected}"


def _same(computed: object, expected: object) -> bool:
    if computed == expected:
        return isinstance(computed, bool) == isinstance(expected, bool)
    if isinstance(computed, bool) or isinstance(expected, bool):
        return False
    try:
        return Decimal(str(computed)) == Decimal(str(expected))
    except InvalidOperation:
        return False


def summary(value: object) -> str:
    """What is expected or was computed, in a few words."""
    if isinstance(value, Mapping) and isinstance(value.get("totals"), Mapping):
        totals = value["totals"]
        words = {"interest": "interest", "fixed_fees": "fees"}
        parts = [
            f"{word} {totals[key]}" for key, word in words.items() if key in totals
        ]
        return ", ".join(parts)
    if isinstance(value, list):
        results = [_result(row) for row in value if isinstance(row, Mapping)]
        return " ".join(results)
    return "nothing" if value is None else str(value)


def _result(row: Mapping) -> str:
    for name in ("fee", "last_day"):
        if name in row:
            return str(row[name])
    warned = "!" if row.get("warning") else ""
    return f"{row.get('applied_rate')}{warned}"
