"""The credit limit that a risk class gives a customer who has none of their own.

A multiple of average monthly sales changes a little every day. It is therefore rounded
to two significant digits: people read "12 000" more easily than "12 347.53", and the
history of a customer is not filled with changes that mean nothing.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

ZERO = Decimal(0)
MONTHS = 12


class LimitRule(Enum):
    """How a class finds the limit."""

    NONE = "none"
    FIXED = "fixed"
    SALES = "sales"


@dataclass(frozen=True, slots=True)
class ClassRule:
    """The rule of one class; ``amount`` in company currency."""

    kind: LimitRule
    amount: Decimal = ZERO
    multiple: Decimal = ZERO


def class_limit(rule, sales):
    """The limit the rule gives: an amount, or ``None`` for no limit.

    :param sales: untaxed sales of the last twelve months in company currency, less
        credit notes. Below zero counts as none.
    """
    if rule.kind is LimitRule.NONE:
        return None
    if rule.kind is LimitRule.FIXED:
        return max(rule.amount, ZERO)
    return two_digits(max(sales, ZERO) / MONTHS * max(rule.multiple, ZERO))


def two_digits(amount):
    """An amount >= 0 with two significant digits; below 100 to the unit."""
    if amount < 100:
        return amount.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    step = Decimal(10) ** (amount.adjusted() - 1)
    return (amount / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step
