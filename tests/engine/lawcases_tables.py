"""The kinds of worked cases that are lists of rows: fees, rates, limitation, waiting.

A row holds what goes in and what is expected. Of what is expected only what somebody
computes is given back, so that a figure nobody computes is a difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from engine.compensation import compensation_of
from engine.days import ONE_DAY
from engine.interest import round_to
from engine.limitation import last_safe_day, warning_days
from engine.regime import check_rate, floor_on
from engine.waiting import Channel, waiting_time
from lawcases_names import (
    BUSINESS,
    CONSUMER,
    DUTCH_VAT,
    PUBLIC,
    Law,
    country_of,
    fee_described,
    fee_named,
    kind_code,
    regime_named,
)
from lawcases_values import (
    CaseError,
    day,
    day_of,
    decimal,
    money,
    named,
    needed_day_of,
    percent,
    rows_of,
)


def _rows(case: Mapping) -> Iterator[tuple[Mapping, dict]]:
    """Each row with what the case says for all of them."""
    outside = {"expected", "id", "type", "title", "note", "inputs"}
    common = {name: value for name, value in case.items() if name not in outside}
    inputs = case.get("inputs", {})
    common |= inputs if isinstance(inputs, Mapping) else {}
    for row in rows_of(case.get("expected", []), "expected"):
        yield row, common | row


def _echo(row: Mapping, *names: str) -> dict:
    return {name: row[name] for name in names if name in row}


# --- compensations --------------------------------------------------------------------

_FEE_INPUTS = ("principal", "principals", "vat_percent", "rule", "currency")


def fee_table(case: Mapping, meta: Mapping, law: Law) -> list[dict]:
    """The compensation of a rule for claims of many sizes."""
    described = case.get("fee")
    return [_fee_row(row, options, described, law) for row, options in _rows(case)]


def _fee_row(row: Mapping, options: Mapping, described: object, law: Law) -> dict:
    if described is not None:
        compensation, vat = fee_described(described, "fee"), None
    else:
        name = options.get("rule", options.get("regime"))
        compensation, vat = fee_named(law, name)
    if "principals" in options:
        # several debts in one letter are added first (BW 6:96(7))
        parts = [decimal(part, "principals") for part in options["principals"]]
        principal = sum(parts, Decimal(0))
    else:
        principal = decimal(options.get("principal"), "principal")
    if options.get("vat_percent") is not None:
        vat = decimal(options["vat_percent"], "vat_percent")
    bare = compensation_of(compensation, principal)
    has_vat = compensation is not None and compensation.vat
    fee = _with_vat(bare, vat) if vat is not None and has_vat else bare
    computed = _echo(row, *_FEE_INPUTS) | {"fee": money(fee)}
    for field in row:
        if re.fullmatch(r"fee_(excl|without|ex|net)(_?(vat|btw))?", field):
            computed[field] = money(bare)
        elif has_vat and (found := _FEE_WITH_VAT.fullmatch(field)):
            rate = Decimal(found[1]) if found[1] else vat or DUTCH_VAT
            computed[field] = money(_with_vat(bare, rate))
    return computed


_FEE_WITH_VAT = re.compile(r"fee_(?:incl_|with_|inc_|plus_)?(?:vat|btw)_?(\d{1,2})?")


def _with_vat(fee: Decimal, vat: Decimal) -> Decimal:
    return round_to(fee * (100 + vat) / 100)


# --- rates of contracts ---------------------------------------------------------------


def rate_validation(case: Mapping, meta: Mapping, law: Law) -> list[dict]:
    """Rates of contracts beside the floor or the ceiling of the law."""
    computed = []
    for row, options in _rows(case):
        name = options.get("regime") or "FR_B2B"
        regime = regime_named(law, name, meta.get("regimes", {}))
        contract = options.get("contract_rate")
        rate = None if contract is None else decimal(contract, "contract_rate")
        when = needed_day_of(options, "day", "on", "date")
        check = check_rate(regime, law.series, rate, when)
        floor = floor_on(regime, law.series, when)
        computed.append(
            _echo(row, "date", "day", "on", "regime", "contract_rate")
            | {
                "floor": None if floor is None else percent(floor),
                "cap": None if check.cap is None else percent(check.cap),
                "default_rate": percent(check.default),
                "applied_rate": percent(check.applied),
                "warning": check.warning,
            }
        )
    return computed


# --- limitation -----------------------------------------------------------------------

_DELIVERED = ("delivered_on", "delivery_date", "delivered", "completed_on")
_COMPLETED = ("completion_date", "completed")
_INTERRUPTED = (
    "interruptions",
    "interruption",
    "interrupted_on",
    "acknowledgements",
    "acknowledgement",
    "acknowledged_on",
    "acknowledgment",
    "writ",
    "writ_on",
    "claim_in_court_on",
    "enforcement_act_on",
)
#: what does not stop the clock (Cass. com. 18 May 2022, 20-23.204)
_NO_INTERRUPTION = (
    "reminders",
    "reminder",
    "reminder_sent_on",
    "notice",
    "notice_date",
    "notice_presented_on",
    "notice_received_on",
    "formal_notice_on",
)


def prescription(case: Mapping, meta: Mapping, law: Law) -> list[dict]:
    """The last day on which one can safely go to court."""
    inputs = ("regime", "country", "due_date")
    inputs += _DELIVERED + _COMPLETED + _INTERRUPTED + _NO_INTERRUPTION
    computed = []
    for row, options in _rows(case):
        regime = _limited(law, options, meta.get("regimes", {}))
        due = needed_day_of(options, "due_date")
        last = last_safe_day(
            regime,
            due,
            delivered=day_of(options, *_DELIVERED, *_COMPLETED),
            interruptions=_interruptions(options),
        )
        far, near = warning_days(last) if last else (None, None)
        begins = _text(due + ONE_DAY)
        computed.append(
            _echo(row, *inputs)
            | {
                "last_day": _text(last),
                "last_safe_day": _text(last),
                "barred_from": _text(last and last + ONE_DAY),
                "starts": begins,
                "exigible_on": begins,
                "payable_on": begins,
                "warn_six_months": _text(far),
                "warn_one_month": _text(near),
                "years": regime.limitation_years,
            }
        )
    return computed


def _limited(law: Law, options: Mapping, described: Mapping):
    name = options.get("regime")
    word = str(name).strip().lower()
    if word in BUSINESS | CONSUMER | PUBLIC:
        country = country_of(str(options.get("country", "FR")))
        name = kind_code(law, country, word) or name
    return regime_named(law, name, described)


def _interruptions(options: Mapping) -> list[date]:
    found = []
    for name in _INTERRUPTED:
        value = options.get(name)
        values = value if isinstance(value, list) else [value]
        found += [day(one, name) for one in values if one is not None]
    return found


def _text(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


# --- time given by a reminder ---------------------------------------------------------

CHANNELS = {
    **dict.fromkeys(("email", "e_mail", "mail", "electronic"), Channel.EMAIL),
    **dict.fromkeys(("letter", "post", "postal", "paper"), Channel.LETTER),
    **dict.fromkeys(("registered", "registered_letter", "lrar"), Channel.LETTER),
}
SENT = ("sent", "posted", "date", "sent_on", "posted_on", "emailed_on")
RECEIVED = ("received", "received_on", "delivered_on", "presented_on")


def waiting(case: Mapping, meta: Mapping, law: Law) -> list[dict]:
    """The days a reminder gave the debtor (CDE XIX.2, BW 6:96(6))."""
    computed = []
    for row, options in _rows(case):
        name = options.get("regime", options.get("rule"))
        regime = regime_named(law, name, meta.get("regimes", {}))
        sent, received = day_of(options, *SENT), day_of(options, *RECEIVED)
        if sent is None and received is None:
            raise CaseError("neither the day it was sent nor that it was received")
        channel = options.get("channel", "letter")
        holidays = [day(one, "holidays") for one in options.get("holidays", ())]
        found = waiting_time(
            regime,
            sent or received,
            named(CHANNELS, channel, "channel"),
            received=received,
            holidays=frozenset(holidays),
        )
        if found is None:
            raise CaseError(f"the regime {name!r} gives no time to wait")
        if sent is None and not regime.wait.from_receipt:
            raise CaseError(f"the time of {name!r} counts from the day it was sent")
        names = (*SENT, *RECEIVED, "channel", "regime", "rule", "holidays")
        first, last = found.first.isoformat(), found.last.isoformat()
        after = (found.last + ONE_DAY).isoformat()
        computed.append(
            _echo(row, *names)
            | dict.fromkeys(("first_day", "starts", "start", "begins", "from"), first)
            | dict.fromkeys(("last_day", "ends", "end", "until", "deadline"), last)
            | dict.fromkeys(("claimable_from", "claim_from", "accrual_start"), after)
        )
    return computed
