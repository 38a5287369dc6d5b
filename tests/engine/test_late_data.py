"""The shipped law: that it can be read, and that it says what the sources print."""

import csv
import json
import re
from datetime import date
from decimal import Decimal

import pytest

from engine.late_data import (
    LateDataError,
    read_all,
    read_rates,
    read_regimes,
    read_series,
)
from engine.rates import Period, Status
from engine.regime import (
    Accrual,
    Clause,
    Debtor,
    Divisor,
    RateLock,
    Rounding,
    rate_on,
)
from lawcases import DATA, shipped
from translated import in_other_languages, terms

LAW = shipped()
RATES = (DATA / "late_rates.csv").read_text(encoding="utf-8")
REGIMES = (DATA / "late_regimes.json").read_text(encoding="utf-8")

HALF_YEARS = [date(year, month, 1) for year in range(2016, 2027) for month in (1, 7)]
#: the whole rate of each half-year from 2016 on, as tables of the law print it
PRINTED = {
    "FR_B2B": """10.05 10.00 10.00 10.00 10.00 10.00 10.00 10.00 10.00 10.00 10.00
        10.00 10.00 10.00 12.50 14.00 14.50 14.25 13.15 12.15 12.15 12.40""",
    "FR_PUBLIC": """8.05 8.00 8.00 8.00 8.00 8.00 8.00 8.00 8.00 8.00 8.00
        8.00 8.00 8.00 10.50 12.00 12.50 12.25 11.15 10.15 10.15 10.40""",
    "FR_B2C": """1.01 0.93 0.90 0.90 0.89 0.88 0.86 0.87 0.87 0.84 0.79
        0.76 0.76 0.77 2.06 4.22 5.07 4.92 3.71 2.76 2.62 2.75""",
    "BE_B2B": """8.50 8.00 8.00 8.00 8.00 8.00 8.00 8.00 8.00 8.00 8.00
        8.00 8.00 8.00 10.50 12.00 12.50 12.50 11.50 10.50 10.50 10.50""",
    "DE_B2B": """8.17 8.12 8.12 8.12 8.12 8.12 8.12 8.12 8.12 8.12 8.12
        8.12 8.12 8.12 10.62 12.12 12.62 12.37 11.27 10.27 10.27 10.52""",
    "AT_B2B": """9.08 8.58 8.58 8.58 8.58 8.58 8.58 8.58 8.58 8.58 8.58
        8.58 8.58 8.58 11.08 12.58 13.08 13.08 11.73 10.73 10.73 10.73""",
    "UK_B2B": """8.50 8.50 8.25 8.25 8.50 8.50 8.75 8.75 8.75 8.10 8.10
        8.10 8.25 9.25 11.50 13.00 13.25 13.25 12.75 12.25 11.75 11.75""",
}
for _code in ("LU_B2B", "NL_B2B", "IT_B2B", "ES_B2B"):
    PRINTED[_code] = PRINTED["FR_PUBLIC"]


@pytest.mark.parametrize("code", PRINTED)
def test_whole_rates(code):
    regime = LAW.regimes[code]
    computed = [rate_on(regime, LAW.series, day).percent for day in HALF_YEARS]
    assert computed == [Decimal(rate) for rate in PRINTED[code].split()]


def test_floor_of_french_contracts():
    series = LAW.series["FR_LEGAL_PROFESSIONAL"]
    printed = "3.03 2.79 2.70 2.70 2.67 2.64 2.58 2.61 2.61 2.52 2.37 2.28 2.28 2.31 "
    printed += "6.18 12.66 15.21 14.76 11.13 8.28 7.86 8.25"
    assert [3 * series.on(day).value for day in HALF_YEARS] == [
        Decimal(rate) for rate in printed.split()
    ]


def test_countries_and_kinds():
    found = {}
    for regime in LAW.regimes.values():
        found.setdefault(regime.country, set()).update(regime.debtors)
    both = {Debtor.BUSINESS, Debtor.CONSUMER}
    assert set(found) == {
        *("FR", "BE", "LU", "DE", "AT", "NL", "CH", "IT", "ES", "GB"),
    }
    assert all(both <= kinds for kinds in found.values())
    assert Debtor.PUBLIC in found["FR"]


def test_consumers_are_never_treated_like_businesses():
    for regime in LAW.regimes.values():
        if regime.debtors == {Debtor.CONSUMER}:
            assert regime.compensation is None or regime.compensation_waits
            assert regime.clause in (Clause.NONE, Clause.REQUIRED)
            assert regime.clause is Clause.NONE or regime.clause_capped
            assert (
                regime.reminders.free
                or regime.reminders.maximum == 0
                or (regime.code == "AT_B2C")
            )


def test_what_holds_for_all_of_them():
    for regime in LAW.regimes.values():
        assert regime.divisor is Divisor.D365
        assert regime.rounding is Rounding.INVOICE
        assert regime.valid_from is None or regime.valid_until is None
    locked = {r.code for r in LAW.regimes.values() if r.lock is not RateLock.PERIOD}
    assert locked == {"FR_PUBLIC", "UK_B2B"}
    compounding = {r.code for r in LAW.regimes.values() if r.compounding}
    assert compounding == {"NL_B2B", "NL_B2C"}


def test_what_is_not_verified_says_what_to_confirm():
    for regime in LAW.regimes.values():
        assert regime.doubts in terms("fr")
    unverified = {r.code for r in LAW.regimes.values() if not r.verified}
    assert unverified == {
        *("FR_PUBLIC", "BE_B2C", "LU_B2C", "NL_B2C", "IT_B2B", "IT_B2C"),
        *("ES_B2B", "ES_B2C", "UK_B2C"),
    }


def test_sentences_are_there_in_all_languages():
    for regime in LAW.regimes.values():
        assert all(in_other_languages(regime.name))
        purposes = set(regime.texts)
        if regime.series:
            assert {"interest", "notice"} <= purposes
        assert ("compensation" in purposes) == bool(regime.compensation)
        if Debtor.CONSUMER not in regime.debtors:
            assert "invoice" in purposes
        assert ("reminder" in purposes) == bool(regime.wait)
        for sentence in regime.texts.values():
            assert all(in_other_languages(sentence))


@pytest.mark.parametrize("code", LAW.regimes)
def test_sentences_are_sentences(code):
    known = {
        "interest": {"rate"},
        "compensation": {"compensation"},
        "invoice": {"rate", "compensation"},
        "notice": set(),
        "reminder": {"balance", "claims", "compensation"},
    }
    for purpose, english in LAW.regimes[code].texts.items():
        sentences = [english, *in_other_languages(english)]
        used = [set(re.findall(r"{(\w*)}", text)) for text in sentences]
        assert all(names == used[0] for names in used), purpose
        assert used[0] <= known[purpose]
        for text in sentences:
            assert text.endswith(".")
            assert text == " ".join(text.split())
            assert "%s" not in text
            filled = text.format(
                rate="12", compensation="40 EUR", balance="9 EUR", claims="40 EUR"
            )
            assert "{" not in filled
            # the article or law it rests on
            assert re.search(r"\d", filled)


def test_french_invoice_names_rate_and_compensation():
    text = terms("fr")[LAW.regimes["FR_B2B"].texts["invoice"]]
    assert "{rate}" in text
    assert "{compensation}" in text
    assert "L. 441-10" in text
    assert "D. 441-5" in text


def test_accrual_of_consumers():
    accrual = {
        code: LAW.regimes[code].accrual
        for code in ("FR_B2C", "BE_B2C", "LU_B2C", "DE_B2C", "NL_B2C")
    }
    assert accrual == {
        "FR_B2C": Accrual.NOTICE,
        "BE_B2C": Accrual.WAIT_END,
        "LU_B2C": Accrual.DELIVERY,
        "DE_B2C": Accrual.REMINDER,
        "NL_B2C": Accrual.DUE,
    }
    assert LAW.regimes["LU_B2C"].accrual_months == 3


# --- the rates ------------------------------------------------------------------------


def test_half_years_have_no_gap():
    for series in LAW.series.values():
        if series.period is Period.HALF_YEAR:
            assert [rate.valid_from for rate in series.rates] == HALF_YEARS
            assert series.known_until(HALF_YEARS[0]) == date(2026, 12, 31)
        if series.period is Period.YEAR and series.code != "LU_LEGAL":
            assert series.known_until(date(2016, 1, 1)) == date(2026, 12, 31)


def test_every_rate_has_a_source():
    for series in LAW.series.values():
        assert series.name in terms("fr")
        for rate in series.rates:
            assert rate.source
            unchecked = rate.source.startswith("not checked")
            assert unchecked == (rate.status is Status.UNCONFIRMED), rate


# --- what cannot be read --------------------------------------------------------------

HEAD = "series,valid_from,rate,confirmed,source\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the columns must be series,valid_from,rate,confirmed,source"),
        ("series;valid_from;rate\n", "the columns must be"),
        (HEAD + "A,2026-01-01,1\n", "line 2: not 5 cells"),
        (HEAD + "A,2026-01-01,1,yes,s,x\n", "line 2: not 5 cells"),
        (HEAD + "A,01/01/2026,1,yes,s\n", "line 2: '01/01/2026' is no day"),
        (HEAD + 'A,2026-01-01,"1,5",yes,s\n', "line 2: '1,5' is no number"),
        (HEAD + "A,2026-01-01,NaN,yes,s\n", "line 2: 'NaN' is no number"),
        (HEAD + "A,2026-01-01,1,perhaps,s\n", "is no Status (yes, derived, no)"),
        (
            HEAD + "A,2026-01-01,1,yes,s\nA,2026-01-01,2,yes,s\n",
            "line 3: A has that day twice",
        ),
    ],
)
def test_rates_that_cannot_be_read(text, words):
    with pytest.raises(LateDataError, match=re.escape(words)):
        read_rates(text)


def test_rates_of_an_unknown_series():
    rates = read_rates(HEAD + "NEW,2026-01-01,1,yes,s\n")
    with pytest.raises(LateDataError, match="nobody described: NEW"):
        read_series(REGIMES, rates)


def _with(**values):
    regime = {"code": "X", "country": "FR", "debtors": ["business"], **values}
    return json.dumps({"series": {}, "regimes": [regime]})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"colour": "red"}, "regime X: unknown colour"),
        ({"code": None}, "a regime, code: None is no text"),
        ({"country": ""}, "regime X, country: '' is no text"),
        ({"debtors": ["friend"]}, "regime X, debtors: 'friend' is no Debtor"),
        ({"debtors": []}, "regime X, debtors: [] is no list of debtors"),
        ({"debtors": None}, "regime X, debtors: None is no list"),
        ({"margin": "ten"}, "regime X, margin: 'ten' is no number"),
        ({"margin": True}, "regime X, margin: True is no number"),
        ({"margin": None}, "regime X, margin: None is no number"),
        ({"lock": "never"}, "'never' is no RateLock (period, start, payment)"),
        ({"compounding": 1}, "regime X, compounding: 1 is no true or false"),
        ({"accrual_days": -1}, "regime X, accrual_days: -1 is no whole number"),
        ({"accrual_days": True}, "accrual_days: True is no whole number"),
        ({"valid_from": "soon"}, "regime X, valid_from: 'soon' is no day"),
        ({"series": "NONE"}, "regime X: unknown series NONE"),
        ({"wait": {}}, "regime X, wait: without days"),
        ({"accrual": "wait_end"}, "regime X: X: nothing says how long to wait"),
        ({"compensation": {"bands": []}}, "the last step, and only that"),
        (
            {"texts": {"interest": {"it": "si"}}},
            "interest: {'it': 'si'} is no text",
        ),
        ({"texts": []}, "regime X, texts: [] is no object"),
        ({"reminders": {"free": 1.5}}, "Decimal('1.5') is no whole number"),
    ],
)
def test_regimes_that_cannot_be_read(values, words):
    with pytest.raises(LateDataError, match=re.escape(words)):
        read_regimes(_with(**values), {})


def test_regime_without_what_it_needs():
    text = json.dumps({"regimes": [{"code": "X"}]})
    with pytest.raises(LateDataError, match="without country, debtors"):
        read_regimes(text, {})
    twice = json.dumps({"regimes": [json.loads(_with())["regimes"][0]] * 2})
    with pytest.raises(LateDataError, match="X is there twice"):
        read_regimes(twice, {})


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_no_such_file(text):
    with pytest.raises(LateDataError):
        read_all(RATES, text)


def test_numbers_may_be_literals():
    regimes = read_regimes(_with(margin=9.2, fixed_rate=None), {})
    assert regimes["X"].margin == Decimal("9.2")
    assert regimes["X"].fixed_rate is None


def test_files_are_written_as_their_readers_expect():
    rows = list(csv.reader(RATES.splitlines()))
    assert all(len(row) == 5 for row in rows)
    assert REGIMES.endswith("}\n")
