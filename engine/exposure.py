"""What a customer owes or will owe, and how much of the limit that uses.

:class:`Exposure` is the sum of its parts, :func:`limit_on` says which limit holds on a
day, :func:`assess` compares the two. :func:`order_rest` says what of a confirmed order
is still to be invoiced, :func:`allocate` for which documents money was received,
:func:`converted` what something is worth in company currency.

Amounts are exact :class:`~decimal.Decimal` in company currency unless said otherwise.
Nothing here raises for odd business data.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

ZERO = Decimal(0)
HUNDRED = Decimal(100)
# Use of a limit is not told beyond this: of a limit of 0 any use is infinitely much.
MOST_PERCENT = Decimal(999)


# === EXPOSURE === #


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a customer owes or will owe, in parts.

    ``open_items``: posted and open; ``credits`` (0 or less): payments and credit notes
    not yet allocated; ``pending`` (0 or less): payments on their way that have no entry
    yet; ``drafts``: invoices not yet posted, less what was paid on them; ``orders``:
    confirmed and not yet invoiced; ``document``: what is being decided on, and in none
    of the other parts.
    ``others`` is the total of those who share the limit with this customer.
    """

    open_items: Decimal = ZERO
    credits: Decimal = ZERO
    pending: Decimal = ZERO
    drafts: Decimal = ZERO
    orders: Decimal = ZERO
    document: Decimal = ZERO
    others: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Of the customer alone; below zero when the customer is in credit."""
        return (
            self.open_items
            + self.credits
            + self.pending
            + self.drafts
            + self.orders
            + self.document
        )

    @property
    def pooled(self) -> Decimal:
        """Of all who share the limit: what the limit is compared with."""
        return self.total + self.others


# === LIMIT === #


class Source(Enum):
    """Where a limit comes from."""

    OWN = "own"
    TEMPORARY = "temporary"
    CLASS = "class"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class Limit:
    """How much a customer may owe.

    ``amount`` is ``None`` where no limit is enforced. ``group`` are the keys of the
    customers who share it, this one included; empty where nobody shares.
    """

    amount: Decimal | None = None
    source: Source | None = None
    group: frozenset[Hashable] = frozenset()

    @property
    def enforced(self) -> bool:
        return self.amount is not None


@dataclass(frozen=True, slots=True)
class Terms:
    """What is kept about the limit of one customer.

    A temporary limit is one with a last day; without a first day it runs already.
    """

    enforced: bool = False
    own: bool = False
    amount: Decimal = ZERO
    temporary: Decimal = ZERO
    temporary_from: date | None = None
    temporary_to: date | None = None


def limit_on(
    terms: Terms, day: date, group: Iterable[Hashable] = (), pooled: bool = False
) -> Limit:
    """The limit that holds on a day.

    On its days a temporary limit replaces any other, and holds where none is enforced.

    :param terms: of the customer, or of the one whose limit is shared.
    :param group: keys of all who share the limit.
    :param pooled: whether the terms are those of somebody else.
    """
    members = frozenset(group)
    source = Source.OWN if terms.own else Source.CLASS
    amount: Decimal | None = terms.amount
    if runs_on(terms, day):
        source, amount = Source.TEMPORARY, terms.temporary
    elif not terms.enforced:
        amount = None
    if amount is None:
        return Limit(group=members)
    # nobody's debts are below nothing at all
    return Limit(max(amount, ZERO), Source.POOL if pooled else source, members)


def runs_on(terms: Terms, day: date) -> bool:
    """Whether the temporary limit holds on a day; first and last day included."""
    if terms.temporary_to is None or day > terms.temporary_to:
        return False
    return terms.temporary_from is None or terms.temporary_from <= day


# === USE === #


class Band(Enum):
    """How far a limit is used."""

    NONE = "none"
    OK = "ok"
    WARN = "warn"
    HIGH = "high"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Usage:
    """A limit and what uses it.

    ``free`` is below zero over the limit, and above the limit for a customer in credit.
    ``limit``, ``free`` and ``percent`` are ``None`` where no limit is enforced.
    """

    limit: Decimal | None
    used: Decimal
    free: Decimal | None
    percent: Decimal | None
    band: Band


def assess(
    exposure: Exposure, limit: Limit, warn_levels: Iterable[Decimal | int] = (70, 90)
) -> Usage:
    """Compare an exposure with a limit.

    :param warn_levels: first and second warning, in percent of the limit; 0 is off.
        What is exactly at a level has reached it; the limit itself is not exceeded.
    """
    used = exposure.pooled
    if limit.amount is None:
        return Usage(None, used, None, None, Band.NONE)
    return Usage(
        limit=limit.amount,
        used=used,
        free=limit.amount - used,
        percent=_percent(used, limit.amount),
        band=_band(used, limit.amount, tuple(map(Decimal, warn_levels))),
    )


def _percent(used: Decimal, limit: Decimal) -> Decimal:
    if used <= 0:
        return ZERO
    if not limit:
        return MOST_PERCENT
    return min(used * HUNDRED / limit, MOST_PERCENT)


def _band(used: Decimal, limit: Decimal, levels: tuple[Decimal, ...]) -> Band:
    if used > limit:
        return Band.OVER
    if used <= 0:
        return Band.OK
    first, second = (*levels, ZERO, ZERO)[:2]
    for level, band in ((second, Band.HIGH), (first, Band.WARN)):
        if level > 0 and used * HUNDRED >= level * limit:
            return band
    return Band.OK


# === ORDERS === #


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of a confirmed order, in the currency of the order, taxes included.

    ``total`` is the price of the quantity ``ordered``, ``price`` that of one unit, used
    where nothing was ordered (expenses). ``delivered`` is 0 for what is billed by the
    quantity ordered. ``advance`` is the net amount of down payments invoiced on the
    line; ``None`` for any other line.
    """

    ordered: Decimal = ZERO
    delivered: Decimal = ZERO
    invoiced: Decimal = ZERO
    total: Decimal = ZERO
    price: Decimal = ZERO
    advance: Decimal | None = None


def left_to_invoice(line: OrderLine) -> Decimal:
    """The quantity of a line that is still to be invoiced, delivered or not.

    More delivered than ordered will be invoiced as well. More invoiced than ordered
    leaves nothing, and takes nothing from other lines. A line with a quantity below
    zero (goods taken back) has a rest below zero.
    """
    if line.advance is not None:
        return ZERO
    due = max(line.ordered, line.delivered) if line.ordered >= 0 else line.ordered
    left = due - line.invoiced
    return max(left, ZERO) if due >= 0 else min(left, ZERO)


def _is_untouched(line: OrderLine) -> bool:
    """Whether exactly what was ordered is still to be invoiced."""
    if line.advance is not None:
        return not line.advance
    return not line.invoiced and left_to_invoice(line) == line.ordered


def order_rest(
    lines: Iterable[OrderLine], unit: Decimal, total: Decimal | None = None
) -> Decimal:
    """What is still to be invoiced of an order, never below zero.

    Down payments invoiced are off the rest until a later invoice deducts them.

    :param unit: smallest amount of the order's currency.
    :param total: of the order as its customer reads it, which is what nobody has begun
        to invoice comes to: taxes that are rounded once make it differ from the sum of
        the lines.
    """
    lines = list(lines)
    if total is not None and all(map(_is_untouched, lines)):
        return max(rounded(total, unit), ZERO)
    rest = ZERO
    for line in lines:
        if line.advance is not None:
            rest -= line.advance
        elif line.ordered:
            rest += line.total * left_to_invoice(line) / line.ordered
        else:
            rest += line.price * left_to_invoice(line)
    return max(rounded(rest, unit), ZERO)


# === MONEY RECEIVED === #


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money received for certain documents, and not yet in the ledger.

    ``claims`` are the keys of the documents, in the order in which they are served.
    """

    amount: Decimal
    claims: tuple[Hashable, ...]


def allocate(
    receipts: Iterable[Receipt], claims: Mapping[Hashable, Decimal]
) -> dict[Hashable, Decimal]:
    """What of the money goes to which document: no coin twice, none beyond a claim.

    Money for few documents goes first, or it would find them served by money that could
    have gone elsewhere. What is left when all its documents are served goes to none.

    :param claims: what each document asks for; one not named asks for nothing.
    :return: ``{document key: Decimal}``, of those that get something.
    """
    open_claims = dict(claims)
    served: dict[Hashable, Decimal] = {}
    for receipt in sorted(receipts, key=lambda receipt: len(receipt.claims)):
        left = receipt.amount
        for key in receipt.claims:
            share = min(left, open_claims.get(key, ZERO))
            if share > 0:
                served[key] = served.get(key, ZERO) + share
                open_claims[key] -= share
                left -= share
    return served


# === CURRENCIES === #


def rounded(amount: Decimal, unit: Decimal) -> Decimal:
    """An amount in whole units of a currency; half a unit goes away from zero."""
    return (amount / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit


def converted(
    amount: Decimal, rate: Decimal, company_rate: Decimal, unit: Decimal
) -> Decimal:
    """An amount in company currency.

    :param rate: units of the amount's currency for one unit of the reference currency.
    :param company_rate: the same for the company's currency.
    :param unit: smallest amount of the company's currency.
    """
    return rounded(amount * company_rate / rate, unit)
