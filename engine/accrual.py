"""The interest of an item by the months in which it arose: for lists by period.

A month's share is what the sum had grown to at its end, rounded as the sum is, less
what it was before; so the shares add up to the sum to the cent. Amounts are in the
currency of the item.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, localcontext

from .days import ONE_DAY
from .interest import Interest, Segment, round_to
from .regime import CENT, EXACT, ZERO


def by_month(found: Interest, unit: Decimal = CENT) -> dict[date, Decimal]:
    """What arose in each month, by the last day of it that was counted.

    A payment that is counted against interest first changes nothing: it is accrued,
    then paid. Months in which nothing arose are left out.

    :param unit: smallest unit of the item's currency.
    """
    grown: dict[tuple[int, int], tuple[date, Decimal]] = {}
    exact = ZERO
    with localcontext(EXACT):
        for first, last, segment in _pieces(found.segments):
            days = (last - first).days + 1
            divisor = segment.divisor * 100
            exact += segment.base * segment.rate * days / divisor
            grown[last.year, last.month] = last, exact
    shares, before = {}, ZERO
    for position, (last, sum_so_far) in enumerate(grown.values(), start=1):
        is_last = position == len(grown)
        now = found.total if is_last else round_to(sum_so_far, unit)
        if now != before:
            shares[last] = now - before
        before = now
    return shares


def _pieces(segments: tuple[Segment, ...]) -> Iterator[tuple[date, date, Segment]]:
    """The segments cut at the ends of months."""
    for segment in segments:
        first = segment.first
        while first <= segment.last:
            last = min(segment.last, _month_end(first))
            yield first, last, segment
            first = last + ONE_DAY


def _month_end(day: date) -> date:
    year, month = divmod(day.year * 12 + day.month, 12)
    return date(year, month + 1, 1) - ONE_DAY


def apportion(
    amount: Decimal, parts: list[Decimal], whole: Decimal, unit: Decimal = CENT
) -> list[Decimal]:
    """What falls on each part of a whole when an amount is counted against all of it.

    In proportion, rounded so that the shares never add up to more than the amount, and
    to all of every part when the amount is the whole.

    :param amount: from zero to the whole.
    :param parts: add up to the whole at most; a rest belongs to nobody here.
    :param whole: zero gives nothing to anybody.
    """
    if whole <= ZERO:
        return [ZERO for _ in parts]
    shares, upto, before = [], ZERO, ZERO
    with localcontext(EXACT):
        for part in parts:
            upto += part
            now = round_to(amount * upto / whole, unit)
            shares.append(now - before)
            before = now
    return shares
