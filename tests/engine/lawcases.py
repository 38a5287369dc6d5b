"""Working out a file of worked cases from the shipped regimes and rates.

Used by `./dev/law-cases` and by the tests. The file is a JSON object with ``cases`` and
``meta``; every case has a ``type`` (:data:`KINDS`), what goes in, and what is expected.
Regimes and fee rules are known under the names such files use (:data:`REGIMES`,
:data:`FEES`) and under our own codes. A regime that is neither is built from what the
file says about it, on a shipped regime with the same rate.

Everything that is expected must have been computed: a figure nobody computes is a
difference. Fields of the input that are not used are reported, since they may matter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

from engine.compensation import claim, compensation_of
from engine.days import Weekend
from engine.interest import Interest, round_to
from engine.late_data import read_all
from engine.late_item import Event, EventKind, Item
from engine.limitation import last_safe_day
from engine.rates import RateMissing, Rates
from engine.regime import (
    ZERO,
    Accrual,
    Allocation,
    Band,
    Compensation,
    CreditNotes,
    Divisor,
    RateLock,
    Regime,
    Terms,
    check_rate,
    with_terms,
)
from lawcases_compare import differences, summary

__all__ = ["CaseError", "Outcome", "outcomes", "shipped", "summary"]

DATA = Path(__file__).resolve().parents[2] / "data"
SIX_PLACES = Decimal("0.000001")


class CaseError(Exception):
    """A case cannot be worked out; the message says why."""


# --- names ----------------------------------------------------------------------------

#: names in files of cases -> codes of shipped regimes
REGIMES = {
    "FR_B2B_DEFAULT": "FR_B2B",
    "FR_CONTRACT": "FR_CONTRACT",
    "BE_B2C_CAP": "BE_B2C",
    "BE_XIX4": "BE_B2C",
    "CH_B2B": "CH",
    "CH_B2C": "CH",
}
#: names of fee tables -> regime whose compensation it is
FEES = {
    "BE_XIX4": "BE_B2C",
    "UK_TIERS": "UK_B2B",
    "NL_BIK": "NL_B2C",
    "NL_WIK": "NL_B2C",
    "BIK": "NL_B2C",
    "WIK": "NL_B2C",
}
#: jurisdiction/kind of a rate -> shipped regime that has it
RATES = {
    "FR/late_penalty_default": "FR_B2B",
    "FR/late_public_procurement": "FR_PUBLIC",
    "FR/legal_interest_professional": "FR_B2C",
    "BE/late_commercial": "BE_B2B",
    "BE/legal_interest": "BE_B2C_LEGAL",
    "LU/late_commercial": "LU_B2B",
    "LU/legal_interest_consumer": "LU_B2C",
    "DE/late_b2b": "DE_B2B",
    "DE/late_consumer": "DE_B2C",
    "AT/late_b2b": "AT_B2B",
    "AT/late_consumer": "AT_B2C",
    "NL/late_commercial": "NL_B2B",
    "NL/legal_interest_consumer": "NL_B2C",
    "CH/late_interest": "CH",
    "IT/late_commercial": "IT_B2B",
    "IT/legal_interest": "IT_B2C",
    "ES/late_commercial": "ES_B2B",
    "ES/legal_interest": "ES_B2C",
    "UK/late_commercial": "UK_B2B",
}
LIMITATIONS = {"b2b": "FR_B2B", "b2c": "FR_B2C", "public": "FR_PUBLIC"}

ALLOCATIONS = {
    "ledger": Allocation.LEDGER,
    "principal": Allocation.LEDGER,
    "principal_first": Allocation.LEDGER,
    "interest_first": Allocation.INTEREST_FIRST,
    "interest_principal": Allocation.INTEREST_FIRST,
    "costs_first": Allocation.COSTS_FIRST,
    "costs_interest": Allocation.COSTS_FIRST,
    "costs_interest_first": Allocation.COSTS_FIRST,
    "costs_interest_principal": Allocation.COSTS_FIRST,
    "costs_then_interest_first": Allocation.COSTS_FIRST,
}
CREDIT_NOTES = {
    "own_date": CreditNotes.OWN_DATE,
    "own": CreditNotes.OWN_DATE,
    "date": CreditNotes.OWN_DATE,
    "effective": CreditNotes.OWN_DATE,
    "from_date": CreditNotes.OWN_DATE,
    "gesture": CreditNotes.OWN_DATE,
    "retroactive": CreditNotes.RETROACTIVE,
    "correction": CreditNotes.RETROACTIVE,
}
EVENTS = {
    "payment": EventKind.PAYMENT,
    "credit_note": EventKind.CREDIT_NOTE,
    "creditnote": EventKind.CREDIT_NOTE,
    "credit": EventKind.CREDIT_NOTE,
}
DIVISORS = {
    "365": Divisor.D365,
    "360": Divisor.D360,
    "actual": Divisor.ACTUAL,
    "365/366": Divisor.ACTUAL,
    "act/act": Divisor.ACTUAL,
}
WEEKENDS = {
    "none": Weekend.NONE,
    "sunday": Weekend.SUNDAY,
    "weekend": Weekend.WEEKEND,
    "next_working_day": Weekend.WEEKEND,
    "next_business_day": Weekend.WEEKEND,
}
#: fields of an invoice that say when it is due after a weekend, before its due date
DUE_DATES = ("effective_due_date", "due_date_effective", "due_date_shifted")
CREDIT_NOTE_NAMES = (
    "credit_note",
    "credit_notes",
    "credit_note_mode",
    "credit_note_effect",
)
#: fields of an event that say from when it counts: a day, or one of CREDIT_NOTES
EVENT_EFFECTS = (
    "mode",
    "effect",
    "credit_note_mode",
    "effective",
    "effective_date",
    "effective_from",
    "effective_on",
    "value_date",
)


def _named(table: Mapping[str, object], name: object, what: str):
    try:
        return table[str(name).lower().replace("-", "_").replace(" ", "_")]
    except KeyError:
        known = ", ".join(sorted(table))
        raise CaseError(f"unknown {what} {name!r}; known: {known}") from None


# --- values ---------------------------------------------------------------------------


def _decimal(value: object, what: str) -> Decimal:
    try:
        if isinstance(value, bool):
            raise TypeError
        return Decimal(value if isinstance(value, str | int | Decimal) else str(value))
    except (InvalidOperation, TypeError):
        raise CaseError(f"{what}: {value!r} is no number") from None


def _day(value: object, what: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise CaseError(f"{what}: {value!r} is no day") from None


def _money(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.01")))


def _percent(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.01")) if value == round(value, 2) else value)


@dataclass(frozen=True)
class Law:
    """What is shipped."""

    series: Rates
    regimes: Mapping[str, Regime]


def shipped() -> Law:
    rates = (DATA / "late_rates.csv").read_text(encoding="utf-8")
    regimes = (DATA / "late_regimes.json").read_text(encoding="utf-8")
    return Law(*read_all(rates, regimes))


# --- regimes --------------------------------------------------------------------------


def _regime(law: Law, name: object, described: Mapping) -> Regime:
    """The shipped regime of that name, or the one the file describes."""
    own = described.get(name, {}) if isinstance(name, str) else {}
    rate = own.get("rate")
    if isinstance(rate, Mapping) and "fixed" in rate:
        terms = Terms(rate=_decimal(rate["fixed"], f"rate of {name}"))
        code = f"{str(name).split('_')[0]}_CONTRACT"
        if code in law.regimes:
            return with_terms(law.regimes[code], terms)
    code = REGIMES.get(name, name)
    if code in law.regimes:
        return law.regimes[code]
    if not own:
        known = ", ".join(sorted({*law.regimes, *REGIMES}))
        raise CaseError(f"unknown regime {name!r}; known: {known}")
    return _described(law, name, own)


def _described(law: Law, name: str, own: Mapping) -> Regime:
    rate = own.get("rate")
    if isinstance(rate, Mapping):
        fixed = _decimal(rate.get("fixed"), f"rate of {name}")
        country = str(name).split("_")[0]
        regime = Regime(
            code=name, country=country, debtors=frozenset(), fixed_rate=fixed
        )
    elif rate in RATES:
        regime = replace(law.regimes[RATES[rate]], accrual=Accrual.DUE)
    else:
        known = ", ".join(sorted(RATES))
        raise CaseError(f"regime {name}: unknown rate {rate!r}; known: {known}")
    fee = own.get("fee", {}) if "fee" in own else None
    compensation = _fee(fee, f"fee of {name}") if fee else None
    return _changed(
        replace(regime, compensation=compensation, compensation_waits=False), own
    )


def _fee(fee: Mapping, what: str) -> Compensation:
    currency = fee.get("currency", "EUR")
    match fee.get("type"):
        case "flat":
            bands = (Band(None, _decimal(fee.get("amount"), what)),)
        case "tiers":
            bands = tuple(
                Band(None if end is None else _decimal(end, what), _decimal(sum_, what))
                for end, sum_ in fee.get("tiers", ())
            )
        case kind:
            raise CaseError(f"{what}: unknown type {kind!r}; known: flat, tiers")
    return Compensation(bands, inclusive=False, currency=currency)


def _changed(regime: Regime, options: Mapping) -> Regime:
    """The regime with what a case or variant says about it."""
    changes = {}
    if "lock" in options:
        locks = {lock.value: lock for lock in RateLock}
        changes["lock"] = _named(locks, options["lock"], "rate lock")
    if "divisor" in options:
        changes["divisor"] = _named(DIVISORS, options["divisor"], "divisor")
    if "allocation" in options:
        changes["allocation"] = _named(ALLOCATIONS, options["allocation"], "allocation")
    for name in CREDIT_NOTE_NAMES:
        if name in options:
            found = _named(CREDIT_NOTES, options[name], "effect of credit notes")
            changes["credit_notes"] = found
    if "compounding" in options:
        changes["compounding"] = options["compounding"] in (True, "yearly", "annual")
    for name in ("weekend", "weekend_rule", "weekend_shift"):
        if name in options:
            changes["weekend"] = _weekend(options[name])
    return replace(regime, **changes)


def _weekend(value: object) -> Weekend:
    if isinstance(value, bool):
        return Weekend.WEEKEND if value else Weekend.NONE
    return _named(WEEKENDS, value, "weekend rule")


# --- interest -------------------------------------------------------------------------

_USED_OPTIONS = {
    "invoices",
    "lock",
    "divisor",
    "allocation",
    "compounding",
    "weekend",
    "weekend_rule",
    "weekend_shift",
    "regime",
    "contract_rate",
    "as_of",
    "holidays",
    "currency",
    *CREDIT_NOTE_NAMES,
}
_USED_FIELDS = {
    "number",
    "amount_total",
    "due_date",
    "as_of",
    "events",
    "accrual_start",
    "accrual_stop_before",
    "fee_excluded",
    "notice_presented_on",
    "notice_received_on",
    *DUE_DATES,
}
_USED_OF_EVENTS = {"type", "date", "amount", "retroactive", *EVENT_EFFECTS}
_UNITS = {"JPY": Decimal(1)}


def _interest(case: Mapping, meta: Mapping, law: Law) -> Iterator[tuple]:
    inputs = case.get("inputs", {})
    yield "", *_claimed(case, inputs, meta, law), case.get("expected", {})
    for name, variant in case.get("variants", {}).items():
        options = {**inputs, **variant.get("params", {})}
        computed = _claimed(case, options, meta, law)
        yield name, *computed, variant.get("expected", {})


def _claimed(case, options: Mapping, meta: Mapping, law: Law) -> tuple[dict, list[str]]:
    name = options.get("regime", case.get("regime"))
    regime = _changed(_regime(law, name, meta.get("regimes", {})), options)
    if options.get("contract_rate") is not None:
        rate = _decimal(options["contract_rate"], "contract_rate")
        regime = replace(regime, contract_rate=rate)
    unit = _UNITS.get(options.get("currency", case.get("currency")), Decimal("0.01"))
    holidays = frozenset(_day(day, "holidays") for day in options.get("holidays", ()))
    invoices = options.get("invoices")
    if not invoices:
        raise CaseError("no invoices")
    unused = sorted(set(options) - _USED_OPTIONS)
    found, totals = [], dict.fromkeys(("interest", "lines", "fees"), ZERO)
    for position, invoice in enumerate(invoices):
        unused += sorted(set(invoice) - _USED_FIELDS)
        for event in invoice.get("events", ()):
            unused += sorted(f"event {name}" for name in set(event) - _USED_OF_EVENTS)
        as_of = invoice.get("as_of", options.get("as_of"))
        item = _item(invoice, position, regime)
        result = claim(
            [item],
            regime,
            law.series,
            _day(as_of, "as_of"),
            unit=unit,
            holidays=holidays,
        )
        found.append(_shown(invoice, result.items[0], result.compensation, unit))
        totals["interest"] += result.interest
        totals["lines"] += _by_line(result.items[0], unit)
        totals["fees"] += result.compensation
    computed = {
        "invoices": found,
        "totals": {
            "interest": _money(totals["interest"]),
            "interest_line_rounded": _money(totals["lines"]),
            "fixed_fees": _money(totals["fees"]),
            "total_due_on_top": _money(totals["interest"] + totals["fees"]),
        },
    }
    return computed, list(dict.fromkeys(unused))


def _item(invoice: Mapping, position: int, regime: Regime) -> Item:
    notice = invoice.get("notice_presented_on", invoice.get("notice_received_on"))
    starts = invoice.get("accrual_start")
    stop = invoice.get("accrual_stop_before")
    due_date = _first_day_of(invoice, *DUE_DATES, "due_date")
    begins = None if starts is None else _day(starts, "accrual_start")
    if begins is None and regime.accrual in (Accrual.WAIT_START, Accrual.WAIT_END):
        # such files say when interest begins, unless it is the day after the due date
        begins = due_date + timedelta(days=1)
    return Item(
        key=position,
        amount=_decimal(invoice.get("amount_total"), "amount_total"),
        due_date=due_date,
        events=tuple(_event(event) for event in invoice.get("events", ())),
        notice=None if notice is None else _day(notice, "notice"),
        agreed_day=notice is None,
        starts=begins,
        stop=None if stop is None else _day(stop, "accrual_stop_before"),
        no_compensation=bool(invoice.get("fee_excluded")),
    )


def _event(event: Mapping) -> Event:
    kind = _named(EVENTS, event.get("type"), "type of event")
    day, retroactive = event.get("date"), event.get("retroactive")
    for name in EVENT_EFFECTS:
        value = event.get(name)
        if isinstance(value, str) and value[:1].isdigit():
            day = value
        elif value is not None:
            effect = _named(CREDIT_NOTES, value, "effect of a credit note")
            retroactive = effect is CreditNotes.RETROACTIVE
    return Event(
        _day(day, "date of an event"),
        _decimal(event.get("amount"), "amount of an event"),
        kind,
        retroactive,
    )


def _by_line(found: Interest, unit: Decimal) -> Decimal:
    return sum((segment.rounded(unit) for segment in found.segments), ZERO)


def _shown(invoice, found: Interest, fee: Decimal, unit: Decimal) -> dict:
    return {
        "number": invoice.get("number"),
        "days": found.days,
        "segments": [
            {
                "from": segment.first.isoformat(),
                "to": segment.last.isoformat(),
                "days": segment.days,
                "base": _money(segment.base),
                "rate_percent": _percent(segment.rate),
                "unrounded": str(segment.exact.quantize(SIX_PLACES, ROUND_HALF_UP)),
                "line_rounded": _money(segment.rounded(unit)),
            }
            for segment in found.segments
        ],
        "interest": _money(found.total),
        "interest_line_rounded": _money(_by_line(found, unit)),
        "fixed_fee": _money(fee),
        "allocation": [
            {
                "date": allocated.day.isoformat(),
                "amount": _money(allocated.amount),
                "to_costs": _money(allocated.costs),
                "to_interest": _money(allocated.interest),
                "to_principal": _money(allocated.principal),
                "principal_left": _money(allocated.principal_left),
            }
            for allocated in found.allocations
        ],
        "daily_amount": _money(round_to(found.daily, unit)),
    }


# --- the other kinds ------------------------------------------------------------------


def _fee_table(case: Mapping, meta: Mapping, law: Law) -> Iterator[tuple]:
    rule = case.get("rule")
    code = FEES.get(rule, REGIMES.get(rule, rule))
    if code not in law.regimes or law.regimes[code].compensation is None:
        raise CaseError(f"unknown fee rule {rule!r}; known: {', '.join(sorted(FEES))}")
    compensation = law.regimes[code].compensation
    computed = []
    for row in case.get("expected", ()):
        principal = _decimal(row.get("principal"), "principal")
        fee = compensation_of(compensation, principal)
        vat = row.get("vat_percent", case.get("vat_percent"))
        if vat is not None and compensation.vat:
            fee = round_to(fee * (100 + _decimal(vat, "vat_percent")) / 100)
        given = {"vat_percent": vat} if "vat_percent" in row else {}
        computed.append({"principal": str(principal), "fee": _money(fee), **given})
    yield "", computed, [], case.get("expected", ())


def _rate_validation(case: Mapping, meta: Mapping, law: Law) -> Iterator[tuple]:
    name = case.get("regime", "FR_B2B")
    regime = _regime(law, name, meta.get("regimes", {}))
    computed = []
    for row in case.get("expected", ()):
        contract = row.get("contract_rate")
        rate = None if contract is None else _decimal(contract, "contract_rate")
        check = check_rate(regime, law.series, rate, _day(row.get("date"), "date"))
        computed.append(
            {
                "date": check.day.isoformat(),
                "contract_rate": contract,
                "floor": None if check.floor is None else _percent(check.floor),
                "cap": None if check.cap is None else _percent(check.cap),
                "default_rate": _percent(check.default),
                "applied_rate": _percent(check.applied),
                "warning": check.warning,
            }
        )
    yield "", computed, [], case.get("expected", ())


def _prescription(case: Mapping, meta: Mapping, law: Law) -> Iterator[tuple]:
    computed = []
    for row in case.get("expected", ()):
        name = row.get("regime", case.get("regime"))
        code = LIMITATIONS.get(str(name).lower(), name)
        regime = _regime(law, code, meta.get("regimes", {}))
        last = last_safe_day(
            regime,
            _day(row.get("due_date"), "due_date"),
            delivered=_optional_day(row, "delivered_on", "delivery_date"),
            interruptions=[
                _day(day, "interruptions") for day in row.get("interruptions", ())
            ],
        )
        shown = None if last is None else last.isoformat()
        computed.append({**row, "last_day": shown})
    yield "", computed, [], case.get("expected", ())


def _optional_day(row: Mapping, *names: str) -> date | None:
    found = [name for name in names if row.get(name) is not None]
    return _day(row[found[0]], found[0]) if found else None


def _first_day_of(row: Mapping, *names: str) -> date:
    """The first of the fields that is there; the last of them must be."""
    return _optional_day(row, *names) or _day(None, names[-1])


KINDS: dict[str, Callable] = {
    "interest": _interest,
    "fee_table": _fee_table,
    "rate_validation": _rate_validation,
    "prescription": _prescription,
}


# --- comparing ------------------------------------------------------------------------


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
    meta = content.get("meta", {})
    return [found for case in cases for found in _outcomes(case, meta, law)]


def _outcomes(case: Mapping, meta: Mapping, law: Law) -> Iterator[Outcome]:
    name = str(case.get("id", "(without id)"))
    try:
        work = _named(KINDS, case.get("type"), "type of case")
        for variant, computed, unused, expected in work(case, meta, law):
            full = f"{name}/{variant}" if variant else name
            found = tuple(differences("", computed, expected))
            if not expected:
                found = ("nothing is expected",)
            yield Outcome(full, computed, expected, found, tuple(unused))
    except (CaseError, RateMissing, ValueError) as error:
        yield Outcome(name, None, case.get("expected"), (str(error),))
