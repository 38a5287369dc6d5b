"""Worked cases of interest: invoices with their histories, and variants of them.

The due date of such files is the last day to pay in time: it is not moved off a weekend
unless the file asks for that. When interest begins or ends on another day than the law
would have it from the due date, they say so (``accrual_start``,
``accrual_stop_before``); otherwise it follows from notices, reminders and judgments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from engine.compensation import claim
from engine.days import Weekend
from engine.interest import Interest, round_to
from engine.late_item import Event, EventKind, Item, Waiting
from engine.regime import (
    ZERO,
    Accrual,
    Clause,
    CreditNotes,
    Regime,
    Terms,
    with_terms,
)
from engine.waiting import Channel, waiting_time
from lawcases_names import Law, fee_described, fee_named, regime_named
from lawcases_options import CREDIT_NOTES, NAMES, changed
from lawcases_tables import CHANNELS
from lawcases_values import (
    CaseError,
    day,
    day_of,
    decimal,
    first_of,
    money,
    named,
    needed_day_of,
    percent,
    rows_of,
)

SIX_PLACES = Decimal("0.000001")
UNITS = {"JPY": Decimal(1)}
EVENTS = {
    **dict.fromkeys(("payment", "part_payment", "partial_payment"), EventKind.PAYMENT),
    **dict.fromkeys(("credit_note", "creditnote", "credit"), EventKind.CREDIT_NOTE),
}

# --- names of fields ------------------------------------------------------------------

_AS_OF = ("as_of", "statement_date", "computed_to", "until")
#: said of an invoice, of all of them, or of a variant
_OPTIONS = {
    *(*NAMES, *_AS_OF),
    *("contract_rate", "fee", "fee_rule", "holidays", "vat_percent"),
    *("currency", "regime"),
}
_AMOUNT = ("amount_total", "amount", "amount_incl_vat", "total", "principal")
_DUE = ("effective_due_date", "due_date_effective", "due_date_shifted", "due_date")
_START = ("accrual_start", "accrual_from", "interest_from")
_STOP = (
    "accrual_stop_before",
    "insolvency_judgment",
    "insolvency_judgment_on",
    "insolvency_opened_on",
    "insolvency_date",
    "judgment_date",
    "judgment_on",
)
_NOTICE = (
    "notice_presented_on",
    "notice_received_on",
    "notice_presented",
    "notice_received",
    "formal_notice_on",
    "notice_date",
)
_REMINDER = ("reminder_received_on", "letter_received_on")
_SENT_BY = {
    "reminder_emailed_on": Channel.EMAIL,
    "reminder_posted_on": Channel.LETTER,
    "reminder_sent_on": None,
    "letter_posted_on": Channel.LETTER,
    "letter_sent_on": Channel.LETTER,
}
_CHANNEL = ("reminder_channel", "channel")
_DELIVERED = ("delivered_on", "delivery_date", "completed_on", "completion_date")
_GROUP = ("fee_group", "invoice", "invoice_number")
_NO_FEE = ("fee_excluded", "no_fee")
_AGREED = ("agreed_day", "agreed_payment_day", "fixed_payment_day")
_FIELDS = {
    *(*_AMOUNT, *_DUE, *_START, *_STOP, *_NOTICE, *_REMINDER, *_SENT_BY, *_CHANNEL),
    *(*_DELIVERED, *_GROUP, *_NO_FEE, *_AGREED, "number", "events"),
    *("note", "comment", "title", "description"),
}
#: from when an event counts: a day, or one of CREDIT_NOTES
_EFFECTS = (
    "mode",
    "effect",
    "credit_note_mode",
    "credit_note_effect",
    "effective",
    "effective_date",
    "effective_from",
    "effective_on",
    "effective_day",
    "applies_from",
    "value_date",
)
_OF_EVENTS = {"type", "date", "amount", "retroactive", "note", "number", *_EFFECTS}
_OF_CASES = {
    *("id", "type", "title", "regime", "currency", "inputs", "params", "expected"),
    *("variants", "legal_basis", "rates_confirmed", "note", "notes", "source"),
}


@dataclass(frozen=True)
class Work:
    """What one case, or a variant, starts from."""

    options: Mapping
    meta: Mapping
    law: Law


def works(case: Mapping, meta: Mapping, law: Law) -> list[tuple[str, Work, object]]:
    """The case and its variants: name, what to work out, what is expected."""
    inputs = _object(case.get("inputs", {}), "inputs")
    own = {name: value for name, value in case.items() if name not in _OF_CASES}
    own |= {name: case[name] for name in ("regime", "currency") if name in case}
    own |= inputs | _object(case.get("params", {}), "params")
    own |= _object(own.pop("params", {}), "params")
    found = [("", Work(own, meta, law), case.get("expected"))]
    variants = _object(case.get("variants", {}), "variants")
    for name, variant in variants.items():
        variant = _object(variant, f"variant {name}")
        options = own | _object(variant.get("params", {}), "params")
        found.append((name, Work(options, meta, law), variant.get("expected")))
    return found


def _object(value: object, what: str) -> Mapping:
    if not isinstance(value, Mapping):
        raise CaseError(f"{what} is no object")
    return value


# --- regimes --------------------------------------------------------------------------


def _changed(regime: Regime, options: Mapping, law: Law, shipped: Weekend) -> Regime:
    """The regime with what a case, a variant or an invoice says about it."""
    regime = changed(regime, options, shipped)
    if regime.clause_capped and regime.contract_compensation is None:
        # such files show the most a clause may bring (CDE XIX.4)
        regime = replace(regime, contract_compensation=regime.compensation)
    regime = _compensated(regime, options, law)
    if options.get("contract_rate") is None:
        return regime
    rate = decimal(options["contract_rate"], "contract_rate")
    if regime.clause is Clause.NONE:
        raise CaseError(f"{regime.code} leaves no room for the rate of a contract")
    return with_terms(regime, Terms(rate=rate))


def _compensated(regime: Regime, options: Mapping, law: Law) -> Regime:
    if "fee" in options and "fee_rule" not in options:
        fee = options["fee"]
        if isinstance(fee, str):
            compensation, __ = fee_named(law, fee)
        else:
            compensation = None if fee is None else fee_described(fee, "fee")
    elif options.get("fee_rule") is not None:
        compensation, __ = fee_named(law, options["fee_rule"])
    else:
        return regime
    return replace(
        regime,
        compensation=compensation,
        contract_compensation=compensation if regime.clause_capped else None,
        compensation_waits=False,
    )


# --- the claim ------------------------------------------------------------------------


def worked_out(work: Work) -> tuple[dict, list[str]]:
    """What is claimed, and the fields that were not used."""
    options, law = work.options, work.law
    described = _object(work.meta.get("regimes", {}), "regimes")
    shipped = regime_named(law, options.get("regime"), described)
    bare = replace(shipped, weekend=Weekend.NONE)
    regime = _changed(bare, options, law, shipped.weekend)
    invoices = rows_of(options.get("invoices") or [], "invoices")
    if not invoices:
        raise CaseError("no invoices")
    unit = UNITS.get(options.get("currency"), Decimal("0.01"))
    unused = sorted(set(options) - _OPTIONS - {"invoices"})
    found, charged = [], set()
    totals = dict.fromkeys(("interest", "lines", "fees"), ZERO)
    for position, invoice in enumerate(invoices):
        unused += sorted(set(invoice) - _FIELDS - _OPTIONS)
        events = rows_of(invoice.get("events") or [], "events")
        for event in events:
            unused += sorted(f"event {name}" for name in set(event) - _OF_EVENTS)
        mine = options | invoice
        own = regime
        if set(invoice) & _OPTIONS:
            if "regime" in invoice:
                shipped = regime_named(law, invoice["regime"], described)
                own = replace(shipped, weekend=Weekend.NONE)
            own = _changed(own, invoice, law, shipped.weekend)
        holidays = _days(mine.get("holidays"), "holidays")
        item = _item(mine, events, position, own, holidays)
        vat = mine.get("vat_percent")
        result = claim(
            [item],
            own,
            law.series,
            needed_day_of(mine, *_AS_OF[1:], _AS_OF[0]),
            already=charged,
            unit=unit,
            vat_percent=ZERO if vat is None else decimal(vat, "vat_percent"),
            holidays=holidays,
        )
        charged |= {charge.group for charge in result.charges}
        found.append(_shown(invoice, result.items[0], result.compensation, unit))
        totals["interest"] += result.interest
        totals["lines"] += _by_line(result.items[0], unit)
        totals["fees"] += result.compensation
    computed = {
        "invoices": found,
        "totals": {
            "interest": money(totals["interest"]),
            "interest_line_rounded": money(totals["lines"]),
            "fixed_fees": money(totals["fees"]),
            "total_due_on_top": money(totals["interest"] + totals["fees"]),
        },
    }
    return computed, list(dict.fromkeys(unused))


def _days(values: object, what: str) -> frozenset:
    return frozenset(day(one, what) for one in values or ())


def _item(invoice: Mapping, events, position: int, regime: Regime, holidays) -> Item:
    notice, reminder = day_of(invoice, *_NOTICE), day_of(invoice, *_REMINDER)
    due_date = needed_day_of(invoice, *_DUE)
    begins = day_of(invoice, *_START)
    waiting = _waiting(invoice, regime, reminder or notice, holidays)
    waits = regime.accrual in (Accrual.WAIT_START, Accrual.WAIT_END)
    if begins is None and waits and waiting is None:
        # such files say when interest begins, unless it is the day after the due date
        begins = due_date + timedelta(days=1)
    agreed = first_of(invoice, *_AGREED)
    group = first_of(invoice, *_GROUP)
    amount = first_of(invoice, *_AMOUNT)
    return Item(
        key=position,
        amount=decimal(invoice.get(amount), amount or _AMOUNT[0]),
        due_date=due_date,
        invoice=None if group is None else f"invoice {invoice[group]}",
        events=tuple(filter(None, (_event(event) for event in events))),
        notice=notice,
        reminder=reminder,
        delivered=day_of(invoice, *_DELIVERED),
        waiting=waiting,
        agreed_day=bool(invoice[agreed]) if agreed else not (notice or reminder),
        starts=begins,
        stop=day_of(invoice, *_STOP),
        no_compensation=any(bool(invoice.get(name)) for name in _NO_FEE),
    )


def _waiting(invoice: Mapping, regime: Regime, received, holidays) -> Waiting | None:
    name = first_of(invoice, *_SENT_BY)
    if regime.wait is None or (name is None and not received):
        return None
    if name is None:
        if not regime.wait.from_receipt:
            return None
        return waiting_time(regime, received, Channel.LETTER, received=received)
    said = first_of(invoice, *_CHANNEL)
    channel = _SENT_BY[name]
    if said:
        channel = named(CHANNELS, invoice[said], "channel")
    sent = day(invoice[name], name)
    channel = channel or Channel.LETTER
    return waiting_time(regime, sent, channel, received=received, holidays=holidays)


def _event(event: Mapping) -> Event | None:
    words, when = event.get("type"), event.get("date")
    effects = [event.get("retroactive"), *(event.get(name) for name in _EFFECTS)]
    if str(words).startswith("credit_note_"):
        # the type itself says from when it counts
        effects.append(str(words).removeprefix("credit_note_"))
        words = "credit_note"
    kind, retroactive = named(EVENTS, words, "type of event"), None
    for value in effects:
        if isinstance(value, str) and value[:1].isdigit():
            when = value
        elif value is not None:
            effect = named(CREDIT_NOTES, value, "effect of a credit note")
            retroactive = effect is CreditNotes.RETROACTIVE
    when = day(when, "date of an event")
    amount = decimal(event.get("amount"), "amount of an event")
    return Event(when, amount, kind, retroactive) if amount else None


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
                "base": money(segment.base),
                "rate_percent": percent(segment.rate),
                "divisor": segment.divisor,
                "unrounded": str(segment.exact.quantize(SIX_PLACES, ROUND_HALF_UP)),
                "line_rounded": money(segment.rounded(unit)),
            }
            for segment in found.segments
        ],
        "interest": money(found.total),
        "interest_line_rounded": money(_by_line(found, unit)),
        "fixed_fee": money(fee),
        "allocation": [
            {
                "date": allocated.day.isoformat(),
                "amount": money(allocated.amount),
                "to_costs": money(allocated.costs),
                "to_interest": money(allocated.interest),
                "to_principal": money(allocated.principal),
                "principal_left": money(allocated.principal_left),
            }
            for allocated in found.allocations
        ],
        "principal_left": money(found.principal),
        "daily_amount": money(round_to(found.daily, unit)),
    }
