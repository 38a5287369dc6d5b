"""What files of worked cases say about how to count: tables of words, and fields.

They may be said of a case, of a variant, of one invoice, and of a regime that only the
file knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.days import Weekend
from engine.regime import (
    Allocation,
    CreditNotes,
    Divisor,
    RateLock,
    Regime,
    Rounding,
)
from lawcases_values import first_of, named

ALLOCATIONS = {
    "ledger": Allocation.LEDGER,
    "principal": Allocation.LEDGER,
    "principal_first": Allocation.LEDGER,
    "principal_interest": Allocation.LEDGER,
    "principal_interest_costs": Allocation.LEDGER,
    "interest": Allocation.INTEREST_FIRST,
    "interest_first": Allocation.INTEREST_FIRST,
    "interest_principal": Allocation.INTEREST_FIRST,
    "interest_then_principal": Allocation.INTEREST_FIRST,
    "costs_first": Allocation.COSTS_FIRST,
    "costs_interest": Allocation.COSTS_FIRST,
    "costs_interest_first": Allocation.COSTS_FIRST,
    "costs_interest_principal": Allocation.COSTS_FIRST,
    "costs_then_interest_first": Allocation.COSTS_FIRST,
    "costs_then_interest_then_principal": Allocation.COSTS_FIRST,
}
CREDIT_NOTES = {
    "own_date": CreditNotes.OWN_DATE,
    "own": CreditNotes.OWN_DATE,
    "date": CreditNotes.OWN_DATE,
    "at_date": CreditNotes.OWN_DATE,
    "on_date": CreditNotes.OWN_DATE,
    "from_date": CreditNotes.OWN_DATE,
    "from_own_date": CreditNotes.OWN_DATE,
    "document_date": CreditNotes.OWN_DATE,
    "dated": CreditNotes.OWN_DATE,
    "effective": CreditNotes.OWN_DATE,
    "effective_date": CreditNotes.OWN_DATE,
    "prospective": CreditNotes.OWN_DATE,
    "ex_nunc": CreditNotes.OWN_DATE,
    "gesture": CreditNotes.OWN_DATE,
    "commercial": CreditNotes.OWN_DATE,
    "goodwill": CreditNotes.OWN_DATE,
    "retroactive": CreditNotes.RETROACTIVE,
    "correction": CreditNotes.RETROACTIVE,
    "corrective": CreditNotes.RETROACTIVE,
    "correcting": CreditNotes.RETROACTIVE,
    "origin": CreditNotes.RETROACTIVE,
    "from_start": CreditNotes.RETROACTIVE,
    "from_the_start": CreditNotes.RETROACTIVE,
    "invoice_date": CreditNotes.RETROACTIVE,
    "due_date": CreditNotes.RETROACTIVE,
    "ex_tunc": CreditNotes.RETROACTIVE,
    "true": CreditNotes.RETROACTIVE,
    "false": CreditNotes.OWN_DATE,
}
DIVISORS = {
    "365": Divisor.D365,
    "360": Divisor.D360,
    "actual": Divisor.ACTUAL,
    "365/366": Divisor.ACTUAL,
    "365/366_by_year": Divisor.ACTUAL,
    "act/act": Divisor.ACTUAL,
    "actual/actual": Divisor.ACTUAL,
    "act/365": Divisor.D365,
    "actual/365": Divisor.D365,
    "act/360": Divisor.D360,
}
LOCKS = {
    **{lock.value: lock for lock in RateLock},
    **dict.fromkeys(("half_year", "semester", "follows"), RateLock.PERIOD),
    **dict.fromkeys(("frozen", "at_start", "locked"), RateLock.START),
}
WEEKENDS = {
    "none": Weekend.NONE,
    "sunday": Weekend.SUNDAY,
    "weekend": Weekend.WEEKEND,
    "saturday": Weekend.WEEKEND,
    "next_working_day": Weekend.WEEKEND,
    "next_business_day": Weekend.WEEKEND,
}
ROUNDINGS = {"invoice": Rounding.INVOICE, "line": Rounding.LINE}
COMPOUNDING = {
    **dict.fromkeys(("true", "yearly", "annual", "annually"), True),
    **dict.fromkeys(("false", "none", "no", "simple"), False),
}

_LOCK = ("lock", "rate_lock")
_DIVISOR = ("divisor", "day_count")
_ALLOCATION = ("allocation", "allocation_mode", "allocation_order", "imputation")
_CREDIT_NOTE = (
    "credit_note",
    "credit_notes",
    "credit_note_mode",
    "credit_note_effect",
    "credit_note_retroactive",
    "retroactive_credit_note",
    "retroactive_credit_notes",
)
_WEEKEND = ("weekend", "weekend_rule", "weekend_shift")
_COMPOUNDING, _ROUNDING = ("compounding",), ("rounding",)
#: all the fields that are understood here
NAMES = {
    *(*_LOCK, *_DIVISOR, *_ALLOCATION, *_CREDIT_NOTE, *_WEEKEND),
    *(*_COMPOUNDING, *_ROUNDING),
}
_FIELDS = (
    (_LOCK, "lock", LOCKS, "rate lock"),
    (_DIVISOR, "divisor", DIVISORS, "divisor"),
    (_ALLOCATION, "allocation", ALLOCATIONS, "allocation"),
    (_CREDIT_NOTE, "credit_notes", CREDIT_NOTES, "effect of credit notes"),
    (_COMPOUNDING, "compounding", COMPOUNDING, "compounding"),
    (_ROUNDING, "rounding", ROUNDINGS, "rounding"),
)


def changed(regime: Regime, options: Mapping, shipped: Weekend) -> Regime:
    """The regime with what the options say about it.

    :param shipped: what the law says of due dates on weekends, where it is asked for.
    """
    changes = {}
    for names, field, table, what in _FIELDS:
        if name := first_of(options, *names):
            changes[field] = named(table, options[name], what)
    if name := first_of(options, *_WEEKEND):
        changes["weekend"] = _weekend(options[name], shipped)
    return replace(regime, **changes)


def _weekend(value: object, shipped: Weekend) -> Weekend:
    if isinstance(value, bool):
        asked = Weekend.WEEKEND if shipped is Weekend.NONE else shipped
        return asked if value else Weekend.NONE
    return named(WEEKENDS, value, "weekend rule")
