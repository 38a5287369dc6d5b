"""Reading the shipped law: ``data/late_rates.csv`` and ``data/late_regimes.json``.

The texts of the files come in, values go out; who reads the files is somebody else.
Rates are lines ``series,valid_from,rate,confirmed,source``; the other file holds the
series (name, country, how long a value is good for) and the regimes, whose keys are the
fields of :class:`engine.regime.Regime`. Its sentences are English; translations are
kept where those of all records are (``i18n/``). Numbers are strings or decimal
literals, never floats. Everything unknown or missing is an error that says where.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from .days import Weekend
from .rates import Period, Rate, Series, Status
from .regime import (
    Accrual,
    Allocation,
    Band,
    Clause,
    Compensation,
    CreditNotes,
    Debtor,
    Divisor,
    Per,
    RateLock,
    Regime,
    ReminderFees,
    Rounding,
    Wait,
)

RATE_COLUMNS = ("series", "valid_from", "rate", "confirmed", "source")


class LateDataError(ValueError):
    """The data cannot be understood; the message says where and why."""


def read_rates(text: str) -> dict[str, tuple[Rate, ...]]:
    """The rates of a CSV file, by series, in the order of the file.

    :raise LateDataError: naming the line.
    """
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) != RATE_COLUMNS:
        raise LateDataError(f"the columns must be {','.join(RATE_COLUMNS)}")
    found: dict[str, list[Rate]] = {}
    for row in reader:
        place = f"line {reader.line_num}"
        if None in row or None in row.values():
            raise LateDataError(f"{place}: not {len(RATE_COLUMNS)} cells")
        rate = Rate(
            _date(row["valid_from"], place),
            _decimal(row["rate"], place),
            _enum(Status)(row["confirmed"], place),
            row["source"],
        )
        rates = found.setdefault(row["series"], [])
        if any(other.valid_from == rate.valid_from for other in rates):
            raise LateDataError(f"{place}: {row['series']} has that day twice")
        rates.append(rate)
    return {code: tuple(rates) for code, rates in found.items()}


def read_series(text: str, rates: Mapping[str, tuple[Rate, ...]]) -> dict[str, Series]:
    """The series of the other file, with their rates.

    :raise LateDataError: also for rates of a series that is not described.
    """
    described = _object(_json(text).get("series"), "series")
    if unknown := sorted(set(rates) - set(described)):
        raise LateDataError(f"rates of series nobody described: {', '.join(unknown)}")
    found = {}
    for code, values in described.items():
        place = f"series {code}"
        values = _object(values, place)
        _check_keys(values, {"name", "country", "period"}, place)
        found[code] = Series(
            code=code,
            period=_enum(Period)(values.get("period"), place),
            rates=rates.get(code, ()),
            name=_str(values.get("name"), f"{place}, name"),
            country=_str(values.get("country"), place),
        )
    return found


def read_regimes(text: str, series: Mapping[str, Series]) -> dict[str, Regime]:
    """The regimes of the file, by code.

    :raise LateDataError: naming regime and field, also for a series that is unknown.
    """
    found = {}
    for values in _list(_json(text).get("regimes"), "regimes"):
        values = _object(values, "a regime")
        code = _str(values.get("code"), "a regime, code")
        if code in found:
            raise LateDataError(f"regime {code} is there twice")
        regime = found[code] = _regime(values, f"regime {code}")
        for name in (regime.series, regime.floor_series):
            if name is not None and name not in series:
                raise LateDataError(f"regime {code}: unknown series {name}")
    return found


def read_all(rates: str, regimes: str) -> tuple[dict[str, Series], dict[str, Regime]]:
    """Series with their rates, and regimes, from the texts of the two files."""
    series = read_series(regimes, read_rates(rates))
    return series, read_regimes(regimes, series)


# --- values ---------------------------------------------------------------------------


def _json(text: str) -> dict:
    try:
        return _object(json.loads(text, parse_float=Decimal), "the file")
    except json.JSONDecodeError as error:
        raise LateDataError(f"no JSON: {error}") from error


def _fail(value, what: str, place: str):
    raise LateDataError(f"{place}: {value!r} is no {what}")


def _object(value, place: str) -> dict:
    return value if isinstance(value, dict) else _fail(value, "object", place)


def _list(value, place: str) -> list:
    return value if isinstance(value, list) else _fail(value, "list", place)


def _str(value, place: str) -> str:
    filled = isinstance(value, str) and value
    return value if filled else _fail(value, "text", place)


def _int(value, place: str) -> int:
    right = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if right else _fail(value, "whole number", place)


def _bool(value, place: str) -> bool:
    return value if isinstance(value, bool) else _fail(value, "true or false", place)


def _decimal(value, place: str) -> Decimal:
    try:
        number = Decimal(value if isinstance(value, str) else _whole(value))
    except (InvalidOperation, TypeError):
        return _fail(value, "number", place)
    return number if number.is_finite() else _fail(value, "number", place)


def _whole(value):
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError
    return value


def _date(value, place: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return _fail(value, "day", place)


def _enum(kind: type) -> Callable:
    def read(value, place: str):
        try:
            return kind(value)
        except ValueError:
            choices = ", ".join(member.value for member in kind)
            return _fail(value, f"{kind.__name__} ({choices})", place)

    return read


def _debtors(value, place: str) -> frozenset[Debtor]:
    found = frozenset(_enum(Debtor)(name, place) for name in _list(value, place))
    return found or _fail(value, "list of debtors", place)


def _texts(value, place: str) -> Mapping[str, str]:
    return MappingProxyType(
        {
            purpose: _str(sentence, f"{place} {purpose}")
            for purpose, sentence in _object(value, place).items()
        }
    )


def _bases(value, place: str) -> Mapping[str, str]:
    found = _object(value, place)
    return MappingProxyType({rule: _str(text, place) for rule, text in found.items()})


def _built(kind: type, readers: Mapping[str, Callable]) -> Callable:
    """A reader of an object whose keys are the fields of a dataclass."""
    needed = {
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    }
    may_be_null = {field.name for field in fields(kind) if field.default is None}
    may_be_null.add("up_to")

    def read(value, place: str):
        values = _object(value, place)
        _check_keys(values, set(readers), place, needed)
        found = {
            name: readers[name](given, f"{place}, {name}")
            if given is not None or name not in may_be_null
            else None
            for name, given in values.items()
        }
        try:
            return kind(**found)
        except ValueError as error:
            raise LateDataError(f"{place}: {error}") from error

    return read


def _check_keys(values: dict, known: set, place: str, needed: set = frozenset()):
    if unknown := sorted(set(values) - known):
        raise LateDataError(f"{place}: unknown {', '.join(unknown)}")
    if missing := sorted(needed - set(values)):
        raise LateDataError(f"{place}: without {', '.join(missing)}")


_band = _built(Band, {"up_to": _decimal, "amount": _decimal, "percent": _decimal})


def _bands(value, place: str) -> tuple[Band, ...]:
    return tuple(_band(values, place) for values in _list(value, place))


_compensation = _built(
    Compensation,
    {
        "bands": _bands,
        "inclusive": _bool,
        "minimum": _decimal,
        "maximum": _decimal,
        "per": _enum(Per),
        "currency": _str,
        "vat": _bool,
    },
)
_wait = _built(
    Wait,
    {
        "days": _int,
        "email": _int,
        "letter": _int,
        "letter_working": _bool,
        "from_receipt": _bool,
    },
)
_reminders = _built(
    ReminderFees,
    {"free": _int, "free_per_year": _int, "maximum": _decimal, "postage": _bool},
)
_regime = _built(
    Regime,
    {
        "code": _str,
        "name": _str,
        "country": _str,
        "debtors": _debtors,
        "series": _str,
        "multiplier": _decimal,
        "margin": _decimal,
        "round_up_to": _decimal,
        "fixed_rate": _decimal,
        "clause": _enum(Clause),
        "clause_capped": _bool,
        "clause_replaces": _bool,
        "floor_series": _str,
        "floor_multiplier": _decimal,
        "lock": _enum(RateLock),
        "accrual": _enum(Accrual),
        "accrual_days": _int,
        "accrual_months": _int,
        "agreed_day_suffices": _bool,
        "divisor": _enum(Divisor),
        "compounding": _bool,
        "weekend": _enum(Weekend),
        "allocation": _enum(Allocation),
        "credit_notes": _enum(CreditNotes),
        "rounding": _enum(Rounding),
        "compensation": _compensation,
        "compensation_waits": _bool,
        "wait": _wait,
        "reminders": _reminders,
        "limitation_years": _int,
        "limitation_year_end": _bool,
        "valid_from": _date,
        "valid_until": _date,
        "verified": _bool,
        "doubts": _str,
        "bases": _bases,
        "texts": _texts,
    },
)
