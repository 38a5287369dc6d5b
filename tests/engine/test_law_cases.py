"""Worked cases: our own, and those of the project's material where it lies beside.

The material is not needed: without `../shared/law/cases.json` only our own are run.
"""

import json
from pathlib import Path

import pytest

import lawcases

HERE = Path(__file__).parent
OWN = HERE / "law_cases.json"
SHARED = HERE.parents[2] / "shared" / "law" / "cases.json"
LAW = lawcases.shipped()


def _all() -> list:
    found = []
    for file in filter(Path.is_file, (OWN, SHARED)):
        text = file.read_text(encoding="utf-8")
        for outcome in lawcases.outcomes(text, LAW):
            found.append(pytest.param(outcome, id=outcome.name))
    return found


@pytest.mark.parametrize("outcome", _all())
def test_case(outcome):
    assert not outcome.differences


def test_own_cases_cover_every_kind_and_most_regimes():
    content = json.loads(OWN.read_text(encoding="utf-8"))
    kinds = {case["type"] for case in content["cases"]}
    assert kinds == set(lawcases.KINDS)
    used = {case.get("regime") for case in content["cases"]}
    used = {lawcases.REGIMES.get(name, name) for name in used}
    countries = {LAW.regimes[code].country for code in used & set(LAW.regimes)}
    assert countries == {regime.country for regime in LAW.regimes.values()}


# --- what the command makes of files that are different -------------------------------


def _invoice(**other):
    return {
        "number": "1",
        "amount_total": "3650.00",
        "due_date": "2026-03-31",
        "as_of": "2026-04-10",
        "events": [],
        **other,
    }


def _one(expected=None, meta=None, **case):
    case = {
        "id": "T",
        "type": "interest",
        "regime": "FR_B2B",
        "inputs": {"invoices": [_invoice()]},
        "expected": {"totals": {"interest": "12.15"}} if expected is None else expected,
        **case,
    }
    content = {"meta": meta or {}, "cases": [case]}
    [outcome] = lawcases.outcomes(json.dumps(content), LAW)
    return outcome


def test_right_case():
    assert _one().ok
    assert lawcases.summary(_one().computed) == "interest 12.15, fees 40.00"


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"type": "tax"}, "unknown type of case 'tax'; known: fee_table, interest"),
        ({"type": None}, "unknown type of case None"),
        ({"regime": "XX"}, "unknown regime 'XX'; known: "),
        ({"inputs": {}}, "no invoices"),
        (
            {"inputs": {"invoices": [_invoice(due_date="2026-02-30")]}},
            "due_date: '2026-02-30' is no day",
        ),
        (
            {"inputs": {"invoices": [_invoice(amount_total="much")]}},
            "amount_total: 'much' is no number",
        ),
        (
            {"inputs": {"invoices": [_invoice(as_of="2027-04-10")]}},
            "EU_ECB has no rate for 2027-S1",
        ),
        (
            {"inputs": {"invoices": [_invoice(events=[{"type": "gift"}])]}},
            "unknown type of event 'gift'",
        ),
        (
            {"inputs": {"allocation": "odd", "invoices": [_invoice()]}},
            "unknown allocation 'odd'",
        ),
        ({"expected": {}}, "nothing is expected"),
        ({"expected": {"totals": {"fun": 1}}}, "totals.fun: nothing computes that"),
        (
            {"expected": {"totals": {"interest": "12.16"}}},
            "totals.interest: computed 12.15, expected 12.16",
        ),
        (
            {"expected": {"invoices": []}},
            "invoices: computed 1 rows, expected 0",
        ),
        ({"type": "fee_table", "rule": "XX"}, "unknown fee rule 'XX'"),
        ({"type": "fee_table", "rule": "FR_B2C"}, "unknown fee rule 'FR_B2C'"),
    ],
)
def test_what_cannot_be_right_says_why(case, words):
    outcome = _one(**case)
    assert not outcome.ok
    assert words in outcome.differences[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "no JSON"), ("[]", "cases"), ('{"cases": []}', "cases")],
)
def test_no_file_of_cases(text, words):
    with pytest.raises(lawcases.CaseError, match=words):
        lawcases.outcomes(text, LAW)


def test_fields_that_are_not_used_are_named():
    invoice = _invoice(colour="red", events=[])
    outcome = _one(inputs={"invoices": [invoice], "mood": "good"})
    assert outcome.ok
    assert outcome.unused == ("mood", "colour")


def test_regime_that_only_the_file_knows():
    described = {
        "rate": "DE/late_consumer",
        "lock": "period",
        "divisor": 360,
        "fee": {"type": "tiers", "tiers": [["100", "5"], [None, "9.5"]]},
    }
    outcome = _one(
        regime="SOME_NEW",
        meta={"regimes": {"SOME_NEW": described}},
        # 3650 x 6.27 x 10 / 36000
        expected={"totals": {"interest": "6.36", "fixed_fees": "9.50"}},
    )
    assert outcome.ok, outcome.differences


def test_fixed_rate_of_the_file():
    described = {"rate": {"fixed": "20"}, "fee": {"type": "flat", "amount": "1"}}
    meta = {"regimes": {"FR_CONTRACT_20": described, "XX_20": described}}
    shipped = {"totals": {"interest": "20.00", "fixed_fees": "40.00"}}
    assert _one(regime="FR_CONTRACT_20", meta=meta, expected=shipped).ok
    own = {"totals": {"interest": "20.00", "fixed_fees": "1.00"}}
    assert _one(regime="XX_20", meta=meta, expected=own).ok


@pytest.mark.parametrize(
    ("event", "interest"),
    [
        ({}, "9.11"),  # 5 days of 3650, 5 of 1825
        ({"effective": "2026-04-01"}, "6.08"),
        ({"effect": "retroactive"}, "6.08"),
        ({"retroactive": True}, "6.08"),
    ],
)
def test_credit_notes(event, interest):
    event = {"type": "credit_note", "date": "2026-04-06", "amount": "1825"} | event
    outcome = _one(
        inputs={"invoices": [_invoice(events=[event])]},
        expected={"totals": {"interest": interest}},
    )
    assert outcome.ok, outcome.differences
