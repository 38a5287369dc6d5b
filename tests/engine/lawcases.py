"""Working out a file of worked cases from the shipped regimes and rates.

Used by `./dev/law-cases` and by the tests. The file is a JSON object with ``cases`` and
``meta``; every case has a ``type`` (:data:`KINDS`), what goes in, and what is expected.
Regimes and fee rules are known under the names such files use
(:mod:`lawcases_names`) and under our own codes. A regime that is neither is built from
what the file says about it, on a shipped regime with the same rate.

Everything that is expected must have been computed: a figure nobody computes is a
difference. What cannot be computed says why. Fields of the input that are not used are
reported, since they may matter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from engine.late_data import read_all
from engine.rates import RateMissing
from lawcases_compare import differences, summary
from lawcases_interest import worked_out, works
from lawcases_names import REGIMES, Law
from lawcases_tables import fee_table, prescription, rate_validation, waiting
from lawcases_values import CaseError, named

__all__ = ["REGIMES", "CaseError", "Outcome", "outcomes", "shipped", "summary"]

DATA = Path(__file__).resolve().parents[2] / "data"


def shipped() -> Law:
    rates = (DATA / "late_rates.csv").read_text(encoding="utf-8")
    regimes = (DATA / "late_regimes.json").read_text(encoding="utf-8")
    return Law(*read_all(rates, regimes))


@dataclass(frozen=True)
class Outcome:
    """One case, or one variant of it.

    :param name: id of the case, with the variant behind a slash.
    :param differences: where computed and expected part, or why there is nothing.
    :param unused: fields of the input that were not used.
    """

    name: str
    computed: object
    expected: object
    differences: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.differences


#: what works out one case of a type: its computed result and its unused fields
Work = Callable[[], tuple[object, list[str]]]


def _interest(case: Mapping, meta: Mapping, law: Law) -> Iterator[tuple]:
    for variant, work, expected in works(case, meta, law):
        yield variant, lambda work=work: worked_out(work), expected


def _table(of: Callable) -> Callable:
    def parts(case: Mapping, meta: Mapping, law: Law) -> Iterator[tuple]:
        yield "", lambda: (of(case, meta, law), []), case.get("expected")

    return parts


KINDS: dict[str, Callable[..., Iterator[tuple[str, Work, object]]]] = {
    "interest": _interest,
    "fee_table": _table(fee_table),
    "rate_validation": _table(rate_validation),
    "prescription": _table(prescription),
    "waiting": _table(waiting),
}
#: other names of the same
OTHER_NAMES = {
    **dict.fromkeys(("fees", "fee", "compensation"), "fee_table"),
    **dict.fromkeys(("rate_check", "contract_rate", "floor"), "rate_validation"),
    "limitation": "prescription",
    **dict.fromkeys(("wait", "waiting_days", "waiting_period"), "waiting"),
    **dict.fromkeys(("reminder_delay", "notice_period", "deadline"), "waiting"),
}


def outcomes(text: str, law: Law) -> list[Outcome]:
    """Every case of a file and every variant of it, in their order.

    :raise CaseError: when the text is no file of cases.
    """
    try:
        content = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise CaseError(f"no JSON: {error}") from error
    cases = content.get("cases") if isinstance(content, dict) else None
    if not isinstance(cases, list) or not cases:
        raise CaseError('no list of "cases"')
    meta = content.get("meta") or {}
    if not isinstance(meta, dict):
        raise CaseError('"meta" is no object')
    return [found for case in cases for found in _outcomes(case, meta, law)]


def _outcomes(case: object, meta: Mapping, law: Law) -> Iterator[Outcome]:
    if not isinstance(case, Mapping):
        yield Outcome(str(case), None, None, _why("the case is no object"))
        return
    name = str(case.get("id", "(without id)"))
    try:
        kind = str(case.get("type")).lower()
        parts = list(_kind(OTHER_NAMES.get(kind, case.get("type")))(case, meta, law))
    except CaseError as error:
        yield Outcome(name, None, case.get("expected"), _why(error))
        return
    for variant, work, expected in parts:
        yield _outcome(f"{name}/{variant}" if variant else name, work, expected)


def _kind(name: object) -> Callable:
    return named(KINDS, name, "type of case")


def _outcome(name: str, work: Work, expected: object) -> Outcome:
    try:
        computed, unused = work()
    except (CaseError, RateMissing, ValueError, TypeError) as error:
        return Outcome(name, None, expected, _why(error))
    found = tuple(differences("", computed, expected))
    if not expected:
        found = ("nothing is expected",)
    return Outcome(name, computed, expected, found, tuple(unused))


def _why(reason: object) -> tuple[str]:
    return (f"cannot be computed: {reason}",)
