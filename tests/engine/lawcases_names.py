"""Which shipped regime, and which compensation, the names in files of cases stand for.

Names begin with a country and go on with the kind of debtor or the article, in any
order: ``FR_B2B_DEFAULT``, ``FR_CONTRACT_15``, ``BE_XIX4``, ``NL_14_DAY``, ``DE_288_5``.
A name with a word nobody knows stands for nothing: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from engine.rates import Rates
from engine.regime import (
    Accrual,
    Band,
    Clause,
    Compensation,
    Debtor,
    Regime,
    Terms,
    with_terms,
)
from lawcases_options import changed
from lawcases_values import CaseError, decimal


@dataclass(frozen=True)
class Law:
    """What is shipped."""

    series: Rates
    regimes: Mapping[str, Regime]


#: names in files of cases -> codes of shipped regimes
REGIMES = {
    "FR_B2B_DEFAULT": "FR_B2B",
    "FR_CONTRACT": "FR_CONTRACT",
    "BE_B2C_CAP": "BE_B2C",
    "BE_XIX4": "BE_B2C",
    "CH_B2B": "CH",
    "CH_B2C": "CH",
    "NL_BIK": "NL_B2C",
    "NL_WIK": "NL_B2C",
}
#: names of regimes whose figures are those of interest alone
INTEREST_ONLY = {"BE_B2C_CAP"}
#: jurisdiction/kind of a rate -> shipped regime that has it
RATES = {
    "FR/late_penalty_default": "FR_B2B",
    "FR/late_public_procurement": "FR_PUBLIC",
    "FR/legal_interest_professional": "FR_B2C",
    "BE/late_commercial": "BE_B2B",
    "BE/legal_interest": "BE_B2C_LEGAL",
    "LU/late_commercial": "LU_B2B",
    "LU/legal_interest_consumer": "LU_B2C",
    "DE/late_b2b": "DE_B2B",
    "DE/late_consumer": "DE_B2C",
    "AT/late_b2b": "AT_B2B",
    "AT/late_consumer": "AT_B2C",
    "NL/late_commercial": "NL_B2B",
    "NL/legal_interest_consumer": "NL_B2C",
    "CH/late_interest": "CH",
    "IT/late_commercial": "IT_B2B",
    "IT/legal_interest": "IT_B2C",
    "ES/late_commercial": "ES_B2B",
    "ES/legal_interest": "ES_B2C",
    "UK/late_commercial": "UK_B2B",
}
#: jurisdiction/kind of a rate -> shipped series, and how often it is taken
SERIES = {
    "EU/ecb_mro_semester": ("EU_ECB", 1),
    "FR/legal_interest_private": ("FR_LEGAL_PRIVATE", 1),
    "FR/contract_floor_3x_legal": ("FR_LEGAL_PROFESSIONAL", 3),
    "DE/base_rate": ("DE_BASE", 1),
    "AT/base_rate": ("AT_BASE", 1),
    "UK/boe_reference": ("UK_BOE", 1),
}

BUSINESS = {"b2b", "business", "businesses", "professional", "pro", "company", "trader"}
CONSUMER = {"b2c", "consumer", "consumers", "private", "household", "individual"}
PUBLIC = {"public", "b2g", "b2a", "administration", "authority"}
#: words that say nothing more
REGIME_FILLERS = {
    "default",
    "statutory",
    "commercial",
    "late",
    "law",
    "rate",
    "standard",
}
FEE_FILLERS = REGIME_FILLERS | {
    *("fee", "fees", "compensation", "indemnity", "fixed", "flat", "lump", "sum"),
    *("tiers", "slices", "ladder", "scale", "table", "cap", "max", "40", "eur", "gbp"),
}
#: words that name the law of one kind of debtor in one country
ARTICLES = {
    "FR": {"l441": "B2B", "d441": "B2B", "441": "B2B", "10": "B2B", "5": "B2B"},
    "BE": {
        **dict.fromkeys(("xix", "xix2", "xix4", "4", "book", "cde", "wer"), "B2C"),
        "2002": "B2B",
    },
    "DE": {"bgb": "", "288": "", "5": "B2B", "2": "B2B", "1": "B2C"},
    "AT": {"ugb": "B2B", "456": "B2B", "458": "B2B", "abgb": "B2C", "1000": "B2C"},
    "NL": {
        **dict.fromkeys(("bik", "wik", "6", "96", "bw"), ""),
        **dict.fromkeys(("14", "day", "days", "letter"), "B2C"),
        **{"119": "B2C", "119a": "B2B"},
    },
    "CH": {"co": "", "or": "", "104": ""},
    "IT": {"231": "B2B", "2002": "B2B"},
    "ES": {"3": "B2B", "2004": "B2B"},
    "LU": {"2004": ""},
    "UK": {"1998": "B2B", "5a": "B2B", "s5a": "B2B", "act": "B2B"},
    "EU": {"dir": "B2B", "directive": "B2B", "2011": "B2B", "7": "B2B"},
}
#: names without a country, which can mean but one thing
ONLY_FEE = {"BIK": "NL_B2C", "WIK": "NL_B2C", "EU": "FR_B2B"}
#: VAT in the Netherlands, where a rule says "with VAT" and no more
DUTCH_VAT = Decimal(21)


def words_of(name: object) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9.]+", str(name).lower()) if word]


def country_of(word: str) -> str:
    return {"GB": "UK"}.get(word.upper(), word.upper())


def known_names(law: Law) -> str:
    return ", ".join(sorted({*law.regimes, *REGIMES, "FR_CONTRACT_<rate>"}))


def kind_code(law: Law, country: str, word: str) -> str | None:
    """The code of a country's regime for a kind of debtor; None: it has none."""
    word = word.lower()
    if word in PUBLIC:
        kinds = [Debtor.PUBLIC, Debtor.BUSINESS]
        names = [f"{country}_PUBLIC", f"{country}_B2B"]
    else:
        kinds = [Debtor.BUSINESS if word in BUSINESS else Debtor.CONSUMER]
        names = [f"{country}_{'B2B' if word in BUSINESS else 'B2C'}"]
    found = [name for name in names if name in law.regimes]
    alone = law.regimes.get(country)  # one row for all of them
    if not found and alone and alone.debtors & set(kinds):
        found = [country]
    return found[0] if found else None


# --- regimes --------------------------------------------------------------------------


def regime_named(law: Law, name: object, described: Mapping) -> Regime:
    """The shipped regime of that name, or the one the file describes."""
    own = described.get(name, {}) if isinstance(name, str) else {}
    rate = own.get("rate")
    if isinstance(rate, Mapping) and rate.get("fixed") is not None:
        terms = Terms(rate=decimal(rate["fixed"], f"rate of {name}"))
        code = f"{str(name).split('_')[0]}_CONTRACT"
        if code in law.regimes:
            return _bare(with_terms(law.regimes[code], terms), name, own)
    found = _shipped(law, name)
    if found is not None:
        return _bare(found, name, own)
    if not own:
        raise CaseError(f"unknown regime {name!r}; known: {known_names(law)}")
    return _described(law, name, own)


def _bare(regime: Regime, name: object, own: Mapping) -> Regime:
    """Without compensation where the file says that there is none in its figures."""
    none = "fee" in own and own["fee"] is None
    if none or str(name).upper() in INTEREST_ONLY:
        return replace(regime, compensation=None, compensation_waits=False)
    return regime


def _shipped(law: Law, name: object) -> Regime | None:
    key = str(name).upper()
    code = REGIMES.get(key, key)
    if code in law.regimes:
        return law.regimes[code]
    words = words_of(name)
    if len(words) < 2:
        return None
    country, words = country_of(words[0]), words[1:]
    if "contract" in words:
        return _of_contract(
            law, country, [word for word in words if word != "contract"]
        )
    if country == "BE" and {"b2c", "clause"} <= set(words):
        # Book XIX is for those whose contract has one
        code = "BE_B2C_LEGAL" if {"no", "without"} & set(words) else "BE_B2C"
        clause = {"b2c", "clause", "no", "without", "with"}
        return law.regimes[code] if set(words) <= clause else None
    if country == "BE" and set(words) == {"b2c", "legal"}:
        return law.regimes["BE_B2C_LEGAL"]
    code = _code(law, country, words, REGIME_FILLERS | {"legal"})
    return None if code is None else law.regimes[code]


def _of_contract(law: Law, country: str, words: list[str]) -> Regime | None:
    """``FR_CONTRACT_15``, ``BE_B2B_CONTRACT_7_5``: at the rate of a contract."""
    numbers = [word for word in words if re.fullmatch(r"[\d.]+", word)]
    others = [word for word in words if word not in numbers]
    if set(others) - BUSINESS - CONSUMER or not 1 <= len(numbers) <= 2:
        return None
    kind = others[0] if others else "b2b"
    code = f"{country}_CONTRACT"
    if code not in law.regimes or kind not in BUSINESS:
        code = kind_code(law, country, kind)
    if code is None or law.regimes[code].clause is Clause.NONE:
        return None
    rate = decimal(".".join(numbers), f"rate of {country}_CONTRACT")
    return with_terms(law.regimes[code], Terms(rate=rate))


def _code(law: Law, country: str, words: list[str], fillers: set[str]) -> str | None:
    """The code of the one regime that all the words name together."""
    articles = ARTICLES.get(country, {})
    kinds = []
    for word in words:
        if word in BUSINESS | CONSUMER | PUBLIC:
            kinds.append(word)
        elif word in articles:
            kinds.append(articles[word].lower())
        elif word not in fillers:
            return None
    codes = {kind_code(law, country, kind) for kind in kinds if kind}
    if not codes and country in law.regimes:
        codes = {country}
    return codes.pop() if len(codes) == 1 else None


def _described(law: Law, name: str, own: Mapping) -> Regime:
    rate = own.get("rate")
    if isinstance(rate, Mapping):
        fixed = decimal(rate.get("fixed"), f"rate of {name}")
        country = str(name).split("_")[0]
        regime = Regime(
            code=name, country=country, debtors=frozenset(), fixed_rate=fixed
        )
    elif rate in RATES:
        regime = replace(law.regimes[RATES[rate]], accrual=Accrual.DUE)
    elif rate in SERIES:
        series, times = SERIES[rate]
        regime = Regime(
            code=name,
            country=rate.split("/")[0],
            debtors=frozenset(),
            series=series,
            multiplier=Decimal(times),
        )
    else:
        every = ", ".join(sorted({*RATES, *SERIES}))
        raise CaseError(f"regime {name}: unknown rate {rate!r}; known: {every}")
    fee = own.get("fee")
    compensation = fee_described(fee, f"fee of {name}") if fee else None
    regime = replace(regime, compensation=compensation, compensation_waits=False)
    return changed(regime, own, regime.weekend)


# --- compensations --------------------------------------------------------------------


def fee_described(fee: Mapping, what: str) -> Compensation | None:
    """A compensation as files of cases describe it."""
    if not isinstance(fee, Mapping):
        raise CaseError(f"{what}: {fee!r} is no object")
    match fee.get("type"):
        case "none":
            return None
        case "flat":
            bands = (Band(None, decimal(fee.get("amount"), what)),)
        case "tiers":
            bands = tuple(
                Band(None if end is None else decimal(end, what), decimal(sum_, what))
                for end, sum_ in fee.get("tiers", ())
            )
        case kind:
            raise CaseError(f"{what}: unknown type {kind!r}; known: flat, none, tiers")
    return Compensation(bands, inclusive=False, currency=fee.get("currency", "EUR"))


def fee_named(law: Law, name: object) -> tuple[Compensation | None, Decimal | None]:
    """The compensation of that name, and the VAT in percent the name asks for."""
    words = words_of(name)
    vat, words = _vat(words)
    code = str(name).upper()
    code = REGIMES.get(code, code)
    if code not in law.regimes:
        code = _fee_code(law, words)
    if code is None:
        some = "BE_XIX4, UK_TIERS, NL_BIK, NL_WIK, NL_BIK_VAT, FR_40, DE_288_5"
        every = f"{some}, and names of regimes: {known_names(law)}"
        raise CaseError(f"unknown fee rule {name!r}; known: {every}")
    compensation = law.regimes[code].compensation
    if vat is not None and not (compensation and compensation.vat):
        raise CaseError(f"fee rule {name!r}: no VAT is added to that compensation")
    return compensation, vat


def _fee_code(law: Law, words: list[str]) -> str | None:
    if not words:
        return None
    country, rest = country_of(words[0]), words[1:]
    if country in ONLY_FEE:
        allowed = FEE_FILLERS | set(ARTICLES.get(country, ()))
        return ONLY_FEE[country] if set(rest) <= allowed else None
    code = _code(law, country, rest, FEE_FILLERS)
    neutral = {word for word, kind in ARTICLES.get(country, {}).items() if not kind}
    if code is None and rest and set(rest) <= FEE_FILLERS | neutral:
        # consumers have none; where they do, in the Netherlands, it is the same scale
        code = f"{country}_B2B"
    return code if code in law.regimes else None


def _vat(words: list[str]) -> tuple[Decimal | None, list[str]]:
    """Whether the words ask for VAT, how much, and the other words."""
    asked, rest = None, []
    for word in words:
        found = re.fullmatch(r"(?:vat|btw|tva)(\d{1,2})?", word)
        if found:
            asked = Decimal(found[1]) if found[1] else asked or DUTCH_VAT
        elif asked is not None and re.fullmatch(r"\d{1,2}", word):
            asked = Decimal(word)
        elif word not in ("incl", "including", "inc", "with", "ttc", "plus"):
            rest.append(word)
    return asked, rest
