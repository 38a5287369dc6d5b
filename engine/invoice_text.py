"""Whether the terms on invoices say what the law asks them to say.

French invoices to businesses must name the rate of the penalties and the amount of the
fixed compensation (C. com. L441-9, L441-10 II; D441-5: the article alone is not
enough). Terms are free text, so this is a search for the figures, not a judgment: what
is reported as missing is missing, what is found a person should still have read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum


class Lack(str, Enum):
    """What a text does not say."""

    RATE = "rate"
    COMPENSATION = "compensation"


# 12,5 % - 12.5% - and the words for "points above" a published rate
_RATE = re.compile(
    r"\d+(?:[.,]\d+)?\s*(?:%|percent|pour\s*cent|procent|prozent|per\s*cento)"
    r"|\d+\s*(?:\w+\s+)?(?:points?|punten|procentpunten|prozentpunkte)",
    re.IGNORECASE,
)
_CURRENCIES = {
    "EUR": r"(?:€|eur\b|euros?\b)",
    "GBP": r"(?:£|gbp\b|pounds?\b)",
    "CHF": r"(?:chf\b|fr\.)",
}
_THREE = 3


def lacks(
    text: str,
    *,
    rate: bool,
    amounts: Iterable[Decimal] = (),
    currency: str = "EUR",
) -> frozenset[Lack]:
    """What a text of terms does not say.

    :param text: plain text, in any language.
    :param rate: whether a rate must be named: a figure in percent, or points above a
        published one.
    :param amounts: sums of the compensation that must all be named, with the currency
        before or behind; none for a scale that cannot be printed as one figure.
    """
    plain = re.sub(r"[\s\u00a0\u202f]+", " ", text)
    found = set()
    if rate and not _RATE.search(plain):
        found.add(Lack.RATE)
    if not all(_named(plain, amount, currency) for amount in amounts):
        found.add(Lack.COMPENSATION)
    return frozenset(found)


def _named(text: str, amount: Decimal, currency: str) -> bool:
    whole, __, cents = f"{amount:.2f}".partition(".")
    grouped = re.escape(whole)
    if len(whole) > _THREE:
        grouped = f"{whole[:-_THREE]}[., ']?{whole[-_THREE:]}"
    figure = rf"(?<![\d.,]){grouped}(?:[.,]{cents})?(?!\d)"
    if not int(cents):
        figure = rf"(?<![\d.,]){grouped}(?:[.,](?:00|-+))?(?![\d]|[.,]\d)"
    sign = _CURRENCIES.get(currency, re.escape(currency))
    wanted = rf"{figure} ?{sign}|{sign} ?{figure}"
    return bool(re.search(wanted, text, re.IGNORECASE))
