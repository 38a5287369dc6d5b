"""Amounts of money in words: what num2words says, in the grammar of a letter."""

import re
from decimal import ROUND_HALF_UP, Decimal

from num2words import CONVERTER_CLASSES, num2words

CENT = Decimal("0.01")
# Keeps units and cents apart in a text, whatever the language joins them with.
MARK = "\x00"
# What is put between units and cents where the language's own way reads badly.
JOINTS = {"en": " and ", "nl": " en ", "de": " und "}
# Currencies of neighbours that num2words lacks: unit, units, subunit, subunits.
ADDITIONS = {
    ("fr", "CHF"): ("franc suisse", "francs suisses", "centime", "centimes"),
    ("en", "CHF"): ("Swiss franc", "Swiss francs", "centime", "centimes"),
    ("nl", "CHF"): ("Zwitserse frank", "Zwitserse frank", "centime", "centime"),
    ("de", "CHF"): ("Schweizer Franken", "Schweizer Franken", "Rappen", "Rappen"),
}
# What num2words leaves wrong in the noun after a number, by language.
CORRECTIONS = {
    "fr": [
        (r"\b(cent|vingt)s mille\b", r"\1 mille"),
        (r"\bun (million|milliard)s\b", r"un \1"),
        (r"^zéro (\w+?)s$", r"zéro \1"),
        (
            r"(illions?|illiards?) (dollars?|francs? suisses?|[^aeiouyd]\w*)$",
            r"\1 de \2",
        ),
        (r"(illions?|illiards?) ([aeiouy]\w*)$", r"\1 d'\2"),
        (r"\bun livre(s?)$", r"une livre\1"),
        (r"\blivre(s?)$", r"livre\1 sterling"),
    ],
    "es": [(r"(illón|illones) (\w+)$", r"\1 de \2")],
    "it": [(r"(ilion[ei]|iliard[oi]) (\w+)$", r"\1 di \2")],
    "en": [(r"\b(?<!^one )euro$", "euros")],
    "nl": [
        # the only accent is on what stands alone; a space follows a thousand
        (r"duizend(?=\w)", "duizend "),
        (r"(?<=\w)éé(?=n\b)", "ee"),
        (r"\bpond$", "pond sterling"),
        (r"(?<!^één )penny$", "pence"),
    ],
    "de": [
        (r"\b(\w*ein)s (?=Schweizer|Rappen)", r"\1 "),
        (r"\bPfund$", "Pfund Sterling"),
    ],
}


def amount_in_words(amount, currency, lang):
    """An amount in words, or ``None`` where num2words does not know the currency.

    Round amounts come without "and zero cents", amounts below one unit without "zero
    euros and".

    :param amount: int, float or Decimal; taken as the decimal a person reads.
    :param currency: ISO 4217 code.
    :param lang: language code such as ``fr_FR``.
    """
    value = Decimal(str(amount))
    cents = value.quantize(CENT, rounding=ROUND_HALF_UP)
    # more than two decimals: num2words would drop the third one
    if cents != value:
        return None
    if (lang[:2], currency) in ADDITIONS:
        units, joint, rest = _added(cents, currency, lang)
    elif _knows(lang, currency):
        units, joint, rest = _known(cents, currency, lang)
    else:
        return None
    if cents == cents.to_integral_value():
        return _correct(units, lang)
    rest = _correct(rest, lang)
    if 0 < cents < 1:
        return rest
    return _correct(units, lang) + JOINTS.get(lang[:2], joint) + rest


def _known(cents, currency, lang):
    """Units, what joins them, and cents, as num2words has them."""
    options = {"lang": lang, "to": "currency", "currency": currency}
    units, __, rest = num2words(cents, separator=MARK, **options).partition(MARK)
    rest = rest.strip()
    joint = num2words(cents, **options).removeprefix(units).removesuffix(rest)
    return units, joint, rest


def _added(cents, currency, lang):
    """The same for a currency of which num2words knows the numbers only."""
    one, many, cent, cents_name = ADDITIONS[lang[:2], currency]
    whole = int(cents)
    part = abs(int(cents % 1 * 100))
    # nothing and one are singular in French, one alone is in English
    singular = abs(whole) < 2 if lang.startswith("fr") else abs(whole) == 1
    units = f"{num2words(whole, lang=lang)} {one if singular else many}"
    rest = f"{num2words(part, lang=lang)} {cent if part == 1 else cents_name}"
    return units, " et ", rest


def _knows(lang, currency):
    """Whether num2words has the currency; some languages ignore what is asked for."""
    converter = CONVERTER_CLASSES.get(lang) or CONVERTER_CLASSES.get(lang[:2])
    return currency in getattr(converter, "CURRENCY_FORMS", {})


def _correct(text, lang):
    for pattern, replacement in CORRECTIONS.get(lang[:2], ()):
        text = re.sub(pattern, replacement, text)
    return text
