"""The fixed compensation for the costs of recovery, and the claim as a whole.

Directive 2011/7/EU art. 6 and C. com. D441-5 (40 EUR), Late Payment of Commercial Debts
Act 1998 s. 5A (40, 70, 100 GBP by the size of the debt), CDE XIX.4 (Belgian consumers),
BW 6:96 and the decree on it (Dutch ladder). It is due once for an invoice however many
instalments it has, is not split after a part payment, never bears interest, and carries
no VAT unless the regime says so.

:func:`claim` puts interest and compensations of one customer together; what it returns
adds up. Amounts of items are in one currency, compensations in the regime's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext

from .interest import Costs, Interest, interest, round_to
from .late_item import Item, bearing_on, compensation_from
from .rates import Rates
from .regime import CENT, EXACT, ONE, ZERO, Compensation, Per, Regime


def compensation_of(
    compensation: Compensation | None, principal: Decimal, unit: Decimal = CENT
) -> Decimal:
    """The compensation for a claim of that size, rounded half up to the unit.

    The fixed part of the step the amount lies in, plus a share of what is above the
    lower end of that step, between the minimum and the maximum. Belgium: 480 lies in
    the step from 150 to 500, so 30 + 10 % of 330 = 63 (CDE XIX.4, 2).

    :param principal: in the currency of the compensation; zero or below gives zero.
    :param compensation: None gives zero.
    """
    if compensation is None or principal <= ZERO:
        return ZERO
    floor = ZERO
    for band in compensation.bands:
        if band.up_to is None or principal < band.up_to:
            break
        if compensation.inclusive and principal == band.up_to:
            break
        floor = band.up_to
    with localcontext(EXACT):
        amount = band.amount + (principal - floor) * band.percent / 100
    amount = max(amount, compensation.minimum)
    if compensation.maximum is not None:
        amount = min(amount, compensation.maximum)
    return round_to(amount, unit)


def allowed_compensation(
    regime: Regime,
    principal: Decimal,
    *,
    vat_percent: Decimal = ZERO,
    unit: Decimal = CENT,
) -> Decimal:
    """What the regime and the contract in it allow for a claim of that size.

    Where a clause is required there is nothing without one, and with one at most what
    the law allows (CDE XIX.4); elsewhere the higher of the two counts (Directive
    2011/7/EU art. 6: *at least* 40 EUR), or, where the law has a scale with a minimum,
    the contract's from that minimum on (BW 6:96(4): businesses may agree on less).

    :param vat_percent: of VAT the creditor cannot deduct; used only where the regime
        lets it be added (BW, decree on extrajudicial costs art. 2(3)).
    """
    law = compensation_of(regime.compensation, principal, unit)
    contract = compensation_of(regime.contract_compensation, principal, unit)
    if regime.clause_capped:
        amount = min(law, contract)
    elif contract and regime.compensation and regime.compensation.minimum:
        amount = max(regime.compensation.minimum, contract)
    else:
        amount = max(law, contract)
    if vat_percent and regime.compensation and regime.compensation.vat:
        with localcontext(EXACT):
            amount = amount * (100 + vat_percent) / 100
    return round_to(amount, unit)


@dataclass(frozen=True, slots=True)
class Charge:
    """One compensation.

    :param group: key of the invoice, or of the letter, it is due for.
    :param base: the claim it was found with, in the currency of the compensation.
    :param items: keys of the items it stands for; payments are counted against it with
        the first of them.
    :param since: first day on which it may be claimed.
    """

    group: object
    amount: Decimal
    currency: str
    base: Decimal
    items: tuple
    since: date


@dataclass(frozen=True, slots=True)
class _Late:
    item: Item
    since: date
    open: Decimal


def charges(
    items: Iterable[Item],
    regime: Regime,
    as_of: date,
    *,
    already: Collection = (),
    convert: Decimal = ONE,
    vat_percent: Decimal = ZERO,
    unit: Decimal = CENT,
    holidays: Collection[date] = (),
) -> tuple[Charge, ...]:
    """The compensations due up to and with a day, once per invoice (or letter).

    An item gives a right to one when something of it is still open on the first day on
    which it may be claimed, even if it is paid afterwards; and not when insolvency
    proceedings had begun by then (C. com. L441-10 II, last sentence). The size of the
    claim is what was open on that day, of all late items of the invoice.

    Where it waits for a free reminder it is never more than that has announced (CDE
    XIX.2, BW 6:96(6)): a clause that was raised afterwards comes too late for it.

    :param already: groups that have had theirs; they get no second one.
    :param convert: compensation currency per unit of the items' currency.
    """
    items = tuple(items)
    groups: dict[object, list[_Late]] = {}
    per_letter = regime.compensation is not None and regime.compensation.per
    for item in items:
        late = _late(item, regime, as_of, holidays)
        if late is None:
            continue
        own = item.key if item.invoice is None else item.invoice
        letter = own if item.letter is None else item.letter
        group = letter if per_letter is Per.LETTER else own
        groups.setdefault(group, []).append(late)
    found = []
    for group, lates in groups.items():
        if group in already:
            continue
        with localcontext(EXACT):
            base = sum((late.open for late in lates), ZERO) * convert
        amount = allowed_compensation(regime, base, vat_percent=vat_percent, unit=unit)
        if amount > ZERO:
            found.append(_charge(group, amount, base, lates, regime))
    if regime.compensation_waits:
        return tuple(_as_announced(found, {item.key: item for item in items}))
    return tuple(found)


def _as_announced(found: list[Charge], items: dict[object, Item]) -> Iterable[Charge]:
    """No more for the items of a letter, together, than it has announced."""
    left: dict[object, Decimal] = {}
    for charge in sorted(found, key=lambda charge: charge.since):  # stable
        item = items[charge.items[0]]
        if item.announced is None:
            yield charge
            continue
        rest = left.get(item.letter, item.announced)
        amount = min(charge.amount, rest)
        left[item.letter] = rest - amount
        if amount > ZERO:
            yield replace(charge, amount=amount)


def _late(
    item: Item, regime: Regime, as_of: date, holidays: Collection[date]
) -> _Late | None:
    since = compensation_from(item, regime, holidays)
    if item.no_compensation or since is None or since > as_of:
        return None
    if item.stop is not None and item.stop <= since:
        return None
    left = bearing_on(item, regime, since, as_of)
    return _Late(item, since, left) if left > ZERO else None


def _charge(
    group: object, amount: Decimal, base: Decimal, lates: list[_Late], regime: Regime
) -> Charge:
    rule = regime.compensation or regime.contract_compensation
    lates = sorted(lates, key=lambda late: late.since)  # stable
    return Charge(
        group=group,
        amount=amount,
        currency=rule.currency,
        base=base,
        items=tuple(late.item.key for late in lates),
        since=lates[0].since,
    )


@dataclass(frozen=True, slots=True)
class Claim:
    """What the delay costs one customer, by a day.

    :param interest: sum of the items' interest, in their currency.
    :param compensation: sum of the charges, in the currency of the regime.
    :param daily: what each further day costs, not rounded.
    """

    as_of: date
    items: tuple[Interest, ...]
    charges: tuple[Charge, ...]
    interest: Decimal
    compensation: Decimal
    daily: Decimal


def claim(
    items: Sequence[Item],
    regime: Regime,
    rates: Rates,
    as_of: date,
    *,
    since: date | None = None,
    already: Collection = (),
    convert: Decimal = ONE,
    vat_percent: Decimal = ZERO,
    unit: Decimal = CENT,
    compensation_unit: Decimal = CENT,
    holidays: Collection[date] = (),
    partial: bool = False,
) -> Claim:
    """Interest and compensations of items of one currency up to and with a day.

    Payments are counted against compensations first where the regime says so (BGB 367,
    BW 6:44; Cass. 1re civ. 7 Feb 1995): each against that of its own item, whether or
    not it is among those that were claimed ``already``.

    :param since: interest of the days from this one on only.
    :param unit: smallest unit of the items' currency; ``compensation_unit`` of the
        other one.
    :raise RateMissing: see :func:`engine.interest.interest`.
    """
    all_charges = charges(
        items,
        regime,
        as_of,
        convert=convert,
        vat_percent=vat_percent,
        unit=compensation_unit,
        holidays=holidays,
    )
    bearers = {
        charge.items[0]: Costs(round_to(charge.amount / convert, unit), charge.since)
        for charge in all_charges
    }
    interests = tuple(
        interest(
            item,
            regime,
            rates,
            as_of,
            since=since,
            unit=unit,
            holidays=holidays,
            costs=bearers.get(item.key),
            partial=partial,
        )
        for item in items
    )
    new = tuple(charge for charge in all_charges if charge.group not in already)
    with localcontext(EXACT):
        return Claim(
            as_of=as_of,
            items=interests,
            charges=new,
            interest=sum((found.total for found in interests), ZERO),
            compensation=sum((charge.amount for charge in new), ZERO),
            daily=sum((found.daily for found in interests), ZERO),
        )


def by_currency(found: Claim, currency: str) -> dict[str, Decimal]:
    """What the claim adds to the principal, by currency; the items' given first."""
    totals = {currency: found.interest}
    for charge in found.charges:
        totals[charge.currency] = totals.get(charge.currency, ZERO) + charge.amount
    return totals
