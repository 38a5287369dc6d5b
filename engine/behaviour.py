"""How a customer pays: what past payments say about their habits.

Amounts are :class:`~decimal.Decimal` in company currency, dates are local dates. Only
amounts of one company may be mixed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
WINDOW_YEARS = 1


@dataclass(frozen=True, slots=True)
class Paid:
    """Money that settled an invoice, or a part of it.

    :param due_date: last day to pay that invoice in time.
    :param paid_on: day on which the money came.
    :param amount: how much of the invoice it settled, company currency, positive.
    """

    due_date: date
    paid_on: date
    amount: Decimal

    @property
    def days_late(self) -> int:
        """Days after the due date; negative when the money came before it."""
        return (self.paid_on - self.due_date).days


def window_start(day: date) -> date:
    """First day of the year that ends on ``day``: what is older does not count."""
    try:
        return day.replace(year=day.year - WINDOW_YEARS)
    except ValueError:  # 29 February
        return day.replace(year=day.year - WINDOW_YEARS, day=28)


def average_days_late(payments: Iterable[Paid], day: date) -> int | None:
    """Days after the due date at which the customer's money comes, on average.

    Each payment counts with its amount, so that a hundred small receipts do not hide
    one large invoice paid late; parts of an invoice count as they came. Early money
    counts as negative days. Only the year up to ``day`` counts, and only what was paid:
    what is still open has no day yet.

    :return: whole days, halves away from zero; ``None`` when nothing was paid.
    """
    since = window_start(day)
    counted = [p for p in payments if since <= p.paid_on <= day and p.amount > 0]
    total = sum((p.amount for p in counted), ZERO)
    if not total:
        return None
    weighted = sum((p.amount * p.days_late for p in counted), ZERO)
    return int((weighted / total).quantize(Decimal(1), ROUND_HALF_UP))
