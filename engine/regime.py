"""What the law of one country says about being paid late, as data.

A :class:`Regime` is one row of that law for one kind of debtor. Everything that differs
between countries is a field of it; the functions of :mod:`engine.interest` and
:mod:`engine.compensation` know no country. So a new rule is a new row.

:func:`choose` finds the regime of a customer, :func:`with_terms` puts the terms of a
contract into it, :func:`rate_on` gives the rate of a day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from enum import Enum
from types import MappingProxyType

from .days import Weekend
from .rates import RateMissing, Rates, Status

ZERO = Decimal(0)
ONE = Decimal(1)
CENT = Decimal("0.01")

#: Sums and products of amounts, rates and days never need that many digits, so nothing
#: is rounded before it is meant to be. Independent of what the caller has set.
EXACT = Context(prec=120)


class Debtor(str, Enum):
    """The quality of a debtor. Who is of unknown quality is a consumer."""

    BUSINESS = "business"
    CONSUMER = "consumer"
    PUBLIC = "public"


class RateLock(str, Enum):
    """Which day's rate a day of delay bears."""

    PERIOD = "period"  # its own: the rate follows each half-year
    START = "start"  # that of the first day of delay, for good
    PAYMENT = "payment"  # that of the day of the next payment, or of the statement


class Accrual(str, Enum):
    """After what interest begins to run. It never does before the due date."""

    DUE = "due"
    NOTICE = "notice"  # formal notice, on the day it counts as received
    REMINDER = "reminder"
    DELIVERY = "delivery"  # delivery of the goods, end of the service
    WAIT_START = "wait_start"  # with the first day of the time the reminder gave
    WAIT_END = "wait_end"  # when that time has passed


class Divisor(str, Enum):
    """Days of a year."""

    D365 = "365"  # in leap years too
    ACTUAL = "actual"  # 366 for the days of a leap year
    D360 = "360"


class Allocation(str, Enum):
    """What a part payment is counted against first."""

    LEDGER = "ledger"  # the principal, as it is reconciled
    INTEREST_FIRST = "interest_first"  # C. civ. 1343-1
    COSTS_FIRST = "costs_first"  # costs, interest, principal (BGB 367, BW 6:44)


class CreditNotes(str, Enum):
    """From when a credit note lowers what bears interest."""

    OWN_DATE = "own_date"  # a gesture
    RETROACTIVE = "retroactive"  # the claim was never that high


class Rounding(str, Enum):
    """What is rounded, half up, to the unit of the currency."""

    INVOICE = "invoice"  # the sum of an item; its lines are made to add up to it
    LINE = "line"  # every line; the sum is that of the lines


class Clause(str, Enum):
    """What a clause of the contract counts for."""

    NONE = "none"  # nothing
    OPTIONAL = "optional"  # it takes the place of the rate of the law
    REQUIRED = "required"  # the regime is for contracts that have one


class Per(str, Enum):
    """What a fixed compensation is due for once."""

    INVOICE = "invoice"
    LETTER = "letter"  # what one letter claims is added up first (BW 6:96(7))


@dataclass(frozen=True, slots=True)
class Band:
    """One step of a compensation.

    :param up_to: upper end of the step; None for the last one.
    :param amount: fixed part.
    :param percent: of what is above the lower end of the step.
    """

    up_to: Decimal | None
    amount: Decimal
    percent: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Compensation:
    """A fixed sum for the costs of recovery: flat, by brackets, or a ladder.

    :param bands: rising, the last without an upper end.
    :param inclusive: whether the upper end belongs to the step (Belgium: up to 150),
        or begins the next one (United Kingdom: less than 1000).
    :param minimum: at least that.
    :param maximum: at most that; None without a limit.
    :param vat: whether VAT may be added that the creditor cannot deduct.
    """

    bands: tuple[Band, ...]
    inclusive: bool = True
    minimum: Decimal = ZERO
    maximum: Decimal | None = None
    per: Per = Per.INVOICE
    currency: str = "EUR"
    vat: bool = False

    def __post_init__(self):
        ends = [band.up_to for band in self.bands]
        if not ends or ends[-1] is not None or None in ends[:-1]:
            raise ValueError("the last step, and only that, has no upper end")
        if ends[:-1] != sorted(set(ends[:-1])):
            raise ValueError("the steps of a compensation must rise")
        if any(band.amount < ZERO or band.percent < ZERO for band in self.bands):
            raise ValueError("a compensation cannot be below zero")

    @property
    def kind(self) -> str:
        """``flat``, ``tiers`` or ``ladder``, for people."""
        if any(band.percent for band in self.bands):
            return "ladder"
        return "flat" if len(self.bands) == 1 else "tiers"


@dataclass(frozen=True, slots=True)
class Wait:
    """The time a debtor must be given by a reminder before anything may be charged.

    :param days: calendar days (CDE XIX.2: 14; BW 6:96(6): 14).
    :param email: days after an e-mail at which they begin.
    :param letter: the same for a letter, when the day of receipt is not known.
    :param letter_working: whether those are working days (CDE XIX.2: the third one).
    :param from_receipt: whether they begin on the day after a known receipt.
    """

    days: int
    email: int = 1
    letter: int = 3
    letter_working: bool = True
    from_receipt: bool = False


@dataclass(frozen=True, slots=True)
class ReminderFees:
    """What reminders may cost the debtor.

    :param free: reminders of a debt that are free.
    :param free_per_year: free reminders per calendar year where goods or services are
        supplied regularly (CDE XIX.2); None where the law has no such number.
    :param maximum: at most that for each further one; None for no limit of the law.
    :param postage: whether postage may be added to the maximum.
    """

    free: int = 0
    free_per_year: int | None = None
    maximum: Decimal | None = None
    postage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """The law of late payment for one kind of debtor in one country.

    Rates are percent per year, amounts in the currency of the compensation.

    :param name: for people, in English.
    :param series: code of the reference rate; None with a fixed rate.
    :param margin: points on top of ``multiplier`` times the reference.
    :param round_up_to: the whole rate is rounded up to a multiple of that (BE: 0.5).
    :param fixed_rate: the rate, where the law prints one.
    :param contract_rate: the rate of the contract (:func:`with_terms`).
    :param contract_compensation: the lump sum of the contract.
    :param clause_capped: what the contract says counts up to what the law says
        (CDE XIX.4); without, a lump sum of the contract only counts above it
        (Directive 2011/7/EU art. 6: *at least*).
    :param clause_replaces: a rate of the contract takes the place of the compensation
        of the law, too, unless the contract names one (Late Payment of Commercial Debts
        (Interest) Act 1998 s. 8: another substantial remedy).
    :param floor_series: the contract rate should not be below ``floor_multiplier``
        times that rate (C. com. L441-10 II).
    :param accrual_days: days to add to what interest begins after; months likewise.
    :param agreed_day_suffices: interest runs from an agreed payment day without notice
        (CO 102(2), BGB 286(2)).
    :param compounding: interest of a full year bears interest from then on
        (BW 6:119(2); C. civ. 1343-2 where a contract or judgment says so).
    :param compensation_waits: the compensation is due only when the time of ``wait``
        has passed; interest begins as ``accrual`` says.
    :param limitation_years: time after which the claim cannot be enforced.
    :param limitation_year_end: counted from the end of the year (BGB 199).
    :param verified: what the report behind it has read in sources; else, and in all
        regimes where ``doubts`` says something, it is to be confirmed.
    :param doubts: what to have confirmed.
    :param bases: articles behind what is refused, by :class:`engine.waiting.Rule`.
    :param texts: sentences to print, by purpose, in English: ``invoice`` (to print on
        invoices), ``interest``, ``compensation`` (legal basis of the sums), ``notice``
        (what the formal notice does).
    """

    code: str
    country: str
    debtors: frozenset[Debtor]
    name: str = ""
    series: str | None = None
    multiplier: Decimal = ONE
    margin: Decimal = ZERO
    round_up_to: Decimal | None = None
    fixed_rate: Decimal | None = None
    contract_rate: Decimal | None = None
    contract_compensation: Compensation | None = None
    clause: Clause = Clause.NONE
    clause_capped: bool = False
    clause_replaces: bool = False
    floor_series: str | None = None
    floor_multiplier: Decimal = ONE
    lock: RateLock = RateLock.PERIOD
    accrual: Accrual = Accrual.DUE
    accrual_days: int = 0
    accrual_months: int = 0
    agreed_day_suffices: bool = False
    divisor: Divisor = Divisor.D365
    compounding: bool = False
    weekend: Weekend = Weekend.NONE
    allocation: Allocation = Allocation.LEDGER
    credit_notes: CreditNotes = CreditNotes.OWN_DATE
    rounding: Rounding = Rounding.INVOICE
    compensation: Compensation | None = None
    compensation_waits: bool = False
    wait: Wait | None = None
    reminders: ReminderFees = field(default_factory=ReminderFees)
    limitation_years: int | None = None
    limitation_year_end: bool = False
    valid_from: date | None = None
    valid_until: date | None = None
    verified: bool = False
    doubts: str = ""
    bases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self):
        needs_wait = self.compensation_waits or self.accrual in _WAITS
        if needs_wait and not self.wait:
            raise ValueError(f"{self.code}: nothing says how long to wait")
        if self.round_up_to is not None and self.round_up_to <= ZERO:
            raise ValueError(f"{self.code}: a rate is rounded up to something above 0")

    def is_valid(self, day: date) -> bool:
        """Whether the regime is in force on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


_WAITS = (Accrual.WAIT_START, Accrual.WAIT_END)


# --- whose law ------------------------------------------------------------------------


def choose(
    regimes: Iterable[Regime],
    *,
    law_country: str,
    customer_country: str | None,
    debtor: Debtor | None,
    day: date,
    clause: bool = False,
) -> Regime | None:
    """The regime of a customer, or None where no row fits.

    Between businesses the seller's law holds, or that of the contract (Rome I art. 4);
    a consumer keeps the protection of the country they live in (art. 6); public buyers
    abroad are treated like businesses.

    :param law_country: the company's country, or the one the contract names; ISO code.
    :param customer_country: the customer's; None counts as the company's.
    :param debtor: None, unknown, means consumer.
    :param day: on which the regime must be in force: usually the due date.
    :param clause: whether the contract has a clause about late payment. Regimes for
        which that is required are only taken with it, and then before the others.
    """
    law, home = _country(law_country), _country(customer_country or law_country)
    debtor = debtor or Debtor.CONSUMER
    if debtor is Debtor.CONSUMER:
        places = [(home, debtor), (law, debtor)]
    elif debtor is Debtor.PUBLIC and home == law:
        places = [(law, Debtor.PUBLIC), (law, Debtor.BUSINESS)]
    else:
        places = [(law, Debtor.BUSINESS)]
    known = [regime for regime in regimes if regime.is_valid(day)]
    for country, kind in places:
        fitting = [
            regime
            for regime in known
            if _country(regime.country) == country
            and kind in regime.debtors
            and (clause or regime.clause is not Clause.REQUIRED)
        ]
        if fitting:
            return max(fitting, key=_rank)
    return None


def is_for(regime: Regime, debtor: Debtor) -> bool:
    """Whether somebody may have chosen that regime for a debtor of that quality.

    Public bodies may be treated like businesses; consumers like nobody else.
    """
    if debtor is Debtor.PUBLIC:
        return bool(regime.debtors & {Debtor.PUBLIC, Debtor.BUSINESS})
    return debtor in regime.debtors


def _rank(regime: Regime) -> tuple:
    # the clause first, then the newest row; the code only makes the order certain
    since = regime.valid_from or date.min
    return regime.clause is Clause.REQUIRED, since, regime.code


def _country(code: str) -> str:
    return "GB" if code.upper() == "UK" else code.upper()


# --- the contract ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Terms:
    """What the contract with a customer says about late payment; None: nothing.

    :param rate: percent per year, all in.
    :param margin: or points above the regime's reference rate.
    :param compensation: its lump sum.
    """

    rate: Decimal | None = None
    margin: Decimal | None = None
    compensation: Compensation | None = None
    compounding: bool | None = None
    allocation: Allocation | None = None

    def __bool__(self) -> bool:
        return any(
            value is not None for value in (self.rate, self.margin, self.compensation)
        )


def with_terms(regime: Regime, terms: Terms | None) -> Regime:
    """The regime as the contract changes it.

    A regime without room for a clause stays as it is (French consumers: off by default;
    C. conso. L212-1). Compounding and allocation are taken over where a clause counts.
    Where the law needs a clause and caps it, one that names no rate gives no interest
    (CDE XIX.4).
    """
    if terms is None or regime.clause is Clause.NONE:
        return regime
    if regime.clause is Clause.REQUIRED and regime.clause_capped:
        if terms.rate is None and terms.margin is None:
            terms = replace(terms, rate=ZERO)
    changes = {
        "contract_rate": terms.rate,
        "margin": terms.margin,
        "contract_compensation": terms.compensation,
        "compounding": terms.compounding,
        "allocation": terms.allocation,
    }
    if regime.clause_capped and terms.margin is not None:
        changes["margin"] = min(terms.margin, regime.margin)
    changes = {name: new for name, new in changes.items() if new is not None}
    if regime.clause_replaces and (terms.rate is not None or terms.margin is not None):
        changes["compensation"] = None
    return replace(regime, **changes)


@dataclass(frozen=True, slots=True)
class RateCheck:
    """A contract rate beside the law on one day; all percent per year.

    :param floor: what it should not be below; None where the law has no floor.
    :param cap: what it counts up to; None where the law has no such limit.
    :param default: what holds without a contract rate.
    :param applied: what is computed with.
    :param warning: whether the contract rate is below the floor, or above the cap.
        Below the floor it is applied all the same: people are told (C. com. L441-16: a
        fine), nothing is changed silently.
    """

    day: date
    contract: Decimal | None
    floor: Decimal | None
    cap: Decimal | None
    default: Decimal
    applied: Decimal
    warning: bool


def floor_on(regime: Regime, rates: Rates, day: date) -> Decimal | None:
    """What a contract rate should not be below on a day; None where there is no floor.

    :raise RateMissing: where the floor has no value for that day.
    """
    if not regime.floor_series:
        return None
    reference = series_of(regime.floor_series, rates, day).on(day)
    return EXACT.multiply(reference.value, regime.floor_multiplier)


def check_rate(
    regime: Regime, rates: Rates, contract: Decimal | None, day: date
) -> RateCheck:
    """Compare a contract rate with the floor of the law (C. com. L441-10 II).

    Or with its cap (CDE XIX.4: at most the rate of the law of 2 August 2002).

    The floor is for contract rates only. It never lifts the default rate, which was
    below it in 2024.

    :raise RateMissing: where the floor or the default rate has no value for that day.
    """
    floor = floor_on(regime, rates, day)
    default = rate_on(replace(regime, contract_rate=None), rates, day).percent
    applied = rate_on(replace(regime, contract_rate=contract), rates, day).percent
    cap = default if regime.clause_capped else None
    warning = contract is not None and (
        (floor is not None and contract < floor) or (cap is not None and contract > cap)
    )
    return RateCheck(day, contract, floor, cap, default, applied, warning)


# --- the rate -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Applied:
    """The rate of a day, percent per year, and how sure it is."""

    percent: Decimal
    status: Status = Status.CONFIRMED


def rate_on(regime: Regime, rates: Rates, day: date) -> Applied:
    """The rate the regime has on a day; whether it is locked is not looked at here.

    Reference times multiplier plus margin, rounded up where the law says so (Belgium,
    law of 2 August 2002 art. 5), never below zero. A contract rate goes before it, up
    to it where the contract is capped. A regime with neither reference nor fixed rate
    has none: zero (UK consumers).

    :raise RateMissing: when the series has no rate for the half-year, or is unknown.
    """
    if regime.contract_rate is not None and not regime.clause_capped:
        return Applied(max(regime.contract_rate, ZERO))
    with localcontext(EXACT):
        law = _law_rate(regime, rates, day)
    if regime.contract_rate is None:
        return law
    return Applied(max(min(regime.contract_rate, law.percent), ZERO), law.status)


def _law_rate(regime: Regime, rates: Rates, day: date) -> Applied:
    if regime.fixed_rate is not None:
        return Applied(max(regime.fixed_rate, ZERO))
    if regime.series is None:
        return Applied(ZERO)
    reference = series_of(regime.series, rates, day).on(day)
    percent = reference.value * regime.multiplier + regime.margin
    if step := regime.round_up_to:
        percent = (percent / step).to_integral_value(ROUND_CEILING) * step
    return Applied(max(percent, ZERO), reference.status)


def series_of(code: str, rates: Rates, day: date):
    """The series of that code.

    :raise RateMissing: when there is no such series at all.
    """
    if code not in rates:
        raise RateMissing(code, day.isoformat(), day, day)
    return rates[code]


def rate_breaks(regime: Regime, rates: Rates, first: date, last: date) -> list[date]:
    """Days after the first, up to the last, on which the regime's rate may change."""
    follows = regime.contract_rate is None or regime.clause_capped
    if not follows or regime.fixed_rate is not None or regime.series is None:
        return []
    return series_of(regime.series, rates, first).breaks(first, last)


def missing_rates(
    regime: Regime, rates: Rates, first: date, last: date
) -> Collection[str]:
    """The half-years (or years) between two days for which the regime has no rate.

    For the warning on screen and in the run: empty when all is known.
    """
    found = []
    for day in [first, *rate_breaks(regime, rates, first, last)]:
        try:
            rate_on(regime, rates, day)
        except RateMissing as error:
            if error.period not in found:
                found.append(error.period)
    return tuple(found)
