"""The credit limit that a risk class gives a customer who has none of their own.

A multiple of average monthly sales changes a little every day, and so does an amount in
another currency. What moves is rounded to two significant digits: people read "12 000"
more easily than "12 347.53". And it stays as it is (:func:`settled`) until it would
change by more than a tenth: what wavers around a step of the rounding would otherwise
go to and fro each night, and fill the history of the customer with changes that mean
nothing.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

ZERO = Decimal(0)
MONTHS = 12
#: what moves by itself changes only by more than this share of the larger amount
TENTH = Decimal(10)


class LimitRule(Enum):
    """How a class finds the limit."""

    NONE = "none"
    FIXED = "fixed"
    SALES = "sales"


@dataclass(frozen=True, slots=True)
class ClassRule:
    """The rule of one class.

    :param amount: in the currency of the class. :param multiple: of monthly sales.
    :param rate: units of company currency for one of the class's; ``None``: the two are
        the same.
    """

    kind: LimitRule
    amount: Decimal = ZERO
    multiple: Decimal = ZERO
    rate: Decimal | None = None

    @property
    def moves(self):
        """Whether the limit changes by itself, without anybody changing the rule."""
        if self.kind is LimitRule.FIXED:
            return self.rate is not None
        return self.kind is LimitRule.SALES


def class_limit(rule, sales):
    """The limit the rule gives in company currency: an amount, or ``None`` for none.

    :param sales: untaxed sales of the last twelve months in company currency, less
        credit notes. Below zero counts as none.
    """
    if rule.kind is LimitRule.NONE:
        return None
    exact = _exact(rule, sales)
    return two_digits(exact) if rule.moves else exact


def settled(rule, sales, current):
    """The limit of a customer who has one by this rule already: it moves only when the
    rule says something clearly different.

    :param sales: as for :func:`class_limit`.
    :param current: the limit as it stands; ``None`` for no limit.
    :return: ``current``, while it is not more than a tenth away (of the larger amount;
        below 10 not more than 1). Nothing sold gives nothing at once.
    """
    fresh = class_limit(rule, sales)
    if not rule.moves or current is None or not fresh:
        return fresh
    exact = _exact(rule, sales)
    away = abs(exact - current)
    return current if away <= max(max(exact, current) / TENTH, Decimal(1)) else fresh


def _exact(rule, sales):
    if rule.kind is LimitRule.FIXED:
        return max(rule.amount, ZERO) * (1 if rule.rate is None else rule.rate)
    return max(sales, ZERO) / MONTHS * max(rule.multiple, ZERO)


def two_digits(amount):
    """An amount >= 0 with two significant digits; below 100 to the unit."""
    if amount < 100:
        return amount.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    step = Decimal(10) ** (amount.adjusted() - 1)
    return (amount / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step
