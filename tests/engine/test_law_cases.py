"""Worked cases: our own, and those of the project's material where it lies beside.

The material is not needed: without `../shared/law/cases.json` only our own are run.
"""

import json
from pathlib import Path

import pytest

import lawcases
from lawcases_names import regime_named
from lawcases_values import CaseError

HERE = Path(__file__).parent
OWN = HERE / "law_cases.json"
#: worked out apart from the engine, day by day
APART = HERE / "law_cases_apart.json"
SHARED = HERE.parents[2] / "shared" / "law" / "cases.json"
LAW = lawcases.shipped()


def _all() -> list:
    found = []
    for file in filter(Path.is_file, (OWN, APART, SHARED)):
        text = file.read_text(encoding="utf-8")
        for outcome in lawcases.outcomes(text, LAW):
            found.append(pytest.param(outcome, id=outcome.name))
    return found


@pytest.mark.parametrize("outcome", _all())
def test_case(outcome):
    assert not outcome.differences


def test_own_cases_cover_every_kind_and_most_regimes():
    cases = []
    for file in (OWN, APART):
        cases += json.loads(file.read_text(encoding="utf-8"))["cases"]
    assert {case["type"] for case in cases} == set(lawcases.KINDS)
    used = {case.get("regime") for case in cases}
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
        ({"type": "fee_table", "expected": {}}, "expected is no list of objects"),
        ({"type": "interest", "inputs": []}, "inputs is no object"),
        ({"inputs": {"invoices": ["F-1"]}}, "invoices is no list of objects"),
        (
            {"inputs": {"invoices": [_invoice(events=["paid"])]}},
            "events is no list of objects",
        ),
        ({"variants": []}, "variants is no object"),
        (
            {"inputs": {"invoices": [_invoice(amount_total="NaN")]}},
            "amount_total: 'NaN' is no number",
        ),
        (
            {"regime": "FR_B2C", "inputs": {"invoices": [_invoice(contract_rate=9)]}},
            "FR_B2C leaves no room for the rate of a contract",
        ),
        (
            {"inputs": {"weekend_shift": "sometimes", "invoices": [_invoice()]}},
            "unknown weekend rule 'sometimes'",
        ),
        (
            {"inputs": {"fee_rule": "XX", "invoices": [_invoice()]}},
            "unknown fee rule 'XX'",
        ),
    ],
)
def test_what_cannot_be_right_says_why(case, words):
    outcome = _one(**case)
    assert not outcome.ok
    assert words in outcome.differences[0]
    if outcome.computed is None:
        assert outcome.differences[0].startswith("cannot be computed: ")


def _row(kind, row, **case):
    return _one(type=kind, regime=None, expected=[row], **case)


@pytest.mark.parametrize(
    ("kind", "row", "words"),
    [
        ("fee_table", {"rule": "XX", "principal": "1", "fee": "1"}, "fee rule 'XX'"),
        ("fee_table", {"rule": "FR_FOO", "principal": "1"}, "fee rule 'FR_FOO'"),
        ("fee_table", {"rule": "DE_40_VAT", "principal": "1"}, "no VAT is added"),
        ("fee_table", {"rule": "FR_40", "fee": "40"}, "principal: None is no number"),
        ("fee_table", {"rule": "FR_40", "principal": "9", "odd": "1"}, "[0].odd: "),
        ("fee_table", {"rule": "FR_40", "principal": "9", "fee_vat": "1"}, "fee_vat: "),
        ("prescription", {"regime": "b2x", "due_date": "2026-01-01"}, "regime 'b2x'"),
        ("prescription", {"regime": "b2b"}, "due_date: None is no day"),
        (
            "prescription",
            {"regime": "b2b", "due_date": "2026-01-01", "sue_in": "Paris"},
            "[0].sue_in: nothing computes that",
        ),
        ("waiting", {"regime": "FR_B2C", "sent": "2026-03-02"}, "gives no time"),
        ("waiting", {"regime": "BE_B2C"}, "neither the day it was sent"),
        (
            "waiting",
            {"regime": "BE_B2C", "received_on": "2026-03-02"},
            "counts from the day it was sent",
        ),
        (
            "waiting",
            {"regime": "BE_B2C", "sent": "2026-03-02", "channel": "pigeon"},
            "unknown channel 'pigeon'",
        ),
        ("rate_validation", {"date": "2027-03-01"}, "has no rate for 2027-S1"),
        ("rate_validation", {"date": "2026-03-01", "mood": "good"}, "[0].mood: "),
    ],
)
def test_rows_that_cannot_be_right_say_why(kind, row, words):
    outcome = _row(kind, row)
    assert not outcome.ok
    assert words in outcome.differences[0]


def test_a_variant_that_cannot_be_computed_leaves_the_others():
    totals = {"totals": {"interest": "12.15"}}
    variants = {
        "odd": {"params": {"allocation": "odd"}, "expected": totals},
        "even": {"params": {"allocation": "interest_first"}, "expected": totals},
    }
    case = {
        "id": "T",
        "type": "interest",
        "regime": "FR_B2B",
        "inputs": {"invoices": [_invoice()]},
        "expected": totals,
        "variants": variants,
    }
    found = lawcases.outcomes(json.dumps({"cases": [case, "no case"]}), LAW)
    assert [(outcome.name, outcome.ok) for outcome in found] == [
        ("T", True),
        ("T/odd", False),
        ("T/even", True),
        ("no case", False),
    ]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("FR_B2B_DEFAULT", "FR_B2B"),
        ("fr-b2b", "FR_B2B"),
        ("FR_CONTRACT_15", "FR_CONTRACT"),
        ("FR_B2B_CONTRACT_7.5", "FR_CONTRACT"),
        ("BE_CONTRACT_9", "BE_B2B"),
        ("FR_PUBLIC", "FR_PUBLIC"),
        ("FR_PUBLIC_BUYER", None),
        ("FR_B2G", "FR_PUBLIC"),
        ("BE_PUBLIC", "BE_B2B"),
        ("FR_CONSUMER", "FR_B2C"),
        ("BE_B2B_2002", "BE_B2B"),
        ("BE_B2C_CAP", "BE_B2C"),
        ("BE_XIX4", "BE_B2C"),
        ("BE_BOOK_XIX", "BE_B2C"),
        ("BE_B2C_LEGAL", "BE_B2C_LEGAL"),
        ("BE_B2C_NO_CLAUSE", "BE_B2C_LEGAL"),
        ("BE_B2C_CLAUSE", "BE_B2C"),
        ("LU_CONSUMER", "LU_B2C"),
        ("DE_288_2_B2B", "DE_B2B"),
        ("DE_BGB_288_1", "DE_B2C"),
        ("AT_UGB_456", "AT_B2B"),
        ("AT_ABGB_1000", "AT_B2C"),
        ("NL_COMMERCIAL_B2B", "NL_B2B"),
        ("NL_14_DAY", "NL_B2C"),
        ("NL_WIK", "NL_B2C"),
        ("NL_6_119A", "NL_B2B"),
        ("CH_B2C", "CH"),
        ("CH_CO_104", "CH"),
        ("IT_231_2002", "IT_B2B"),
        ("ES_LEY", None),
        ("ES_B2C", "ES_B2C"),
        ("GB_B2B", "UK_B2B"),
        ("UK_ACT_1998", "UK_B2B"),
        ("UK_B2C", "UK_B2C"),
        ("FR_B2C_CONTRACT_9", None),
        ("FR_B2B_B2C", None),
        ("IE_B2B", None),
        ("FR", None),
        ("", None),
        (None, None),
    ],
)
def test_names_of_regimes(name, code):
    if code is None:
        with pytest.raises(CaseError, match="unknown regime"):
            regime_named(LAW, name, {})
    else:
        assert regime_named(LAW, name, {}).code == code


@pytest.mark.parametrize(
    ("rule", "fee"),
    [
        ("FR_40", "40"),
        ("FR_D441_5", "40"),
        ("FR_PUBLIC", "40"),
        ("FR_B2C", "0"),
        ("EU_40", "40"),
        ("EU_DIR_2011_7", "40"),
        ("BE_40", "40"),
        ("BE_XIX4", "90"),
        ("BE_XIX_4_CAP", "90"),
        ("DE_288_5", "40"),
        ("DE_B2C", "0"),
        ("AT_UGB_458", "40"),
        ("IT_231_2002", "40"),
        ("ES_3_2004", "40"),
        ("LU_FLAT", "40"),
        ("CH", "0"),
        ("CH_FEE", "0"),
        ("UK_TIERS", "70"),
        ("GB_1998", "70"),
        ("UK_B2C", "0"),
        ("NL_BIK", "150"),
        ("NL_WIK", "150"),
        ("WIK", "150"),
        ("NL_BIK_B2B", "150"),
        ("NL_6_96", "150"),
        ("NL_BIK_VAT", "181.50"),
        ("NL_BIK_INCL_BTW_9", "163.50"),
        ("NL_BIK_VAT21", "181.50"),
    ],
)
def test_names_of_fee_rules(rule, fee):
    row = {"principal": "1000", "fee": fee}
    outcome = _row("fee_table", row, rule=rule)
    assert outcome.ok, outcome.differences


def test_compensation_described_in_the_case():
    fee = {"type": "tiers", "tiers": [["500", "1"], [None, "2"]]}
    row = {"principal": "500", "fee": "2.00"}
    assert _row("fee_table", row, fee=fee).ok
    described = {"invoices": [_invoice(fee=fee)]}
    assert _one({"totals": {"fixed_fees": "2.00"}}, inputs=described).ok
    for none in (None, {"type": "none"}):
        described = {"invoices": [_invoice(fee=none)]}
        assert _one({"totals": {"fixed_fees": "0.00"}}, inputs=described).ok


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


def test_series_that_is_no_regime():
    described = {"rate": "FR/legal_interest_private", "fee": None}
    outcome = _one(
        regime="PRIVATE",
        meta={"regimes": {"PRIVATE": described}},
        expected={"totals": {"interest": "6.67", "fixed_fees": "0.00"}},
    )
    assert outcome.ok, outcome.differences


def test_no_compensation_where_the_file_has_none():
    described = {"rate": "FR/late_penalty_default", "fee": None}
    outcome = _one(
        regime="FR_B2B_DEFAULT",
        meta={"regimes": {"FR_B2B_DEFAULT": described}},
        expected={"totals": {"interest": "12.15", "fixed_fees": "0.00"}},
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
        ({"retroactive": False}, "9.11"),
        ({"type": "credit_note_retroactive"}, "6.08"),
        ({"type": "credit_note_own_date"}, "9.11"),
        ({"applies_from": "2026-04-11"}, "12.15"),
    ],
)
def test_credit_notes(event, interest):
    event = {"type": "credit_note", "date": "2026-04-06", "amount": "1825"} | event
    outcome = _one(
        inputs={"invoices": [_invoice(events=[event])]},
        expected={"totals": {"interest": interest}},
    )
    assert outcome.ok, outcome.differences


@pytest.mark.parametrize(
    ("params", "interest"),
    [
        ({"credit_note_mode": "retroactive"}, "6.08"),
        ({"credit_note_retroactive": True}, "6.08"),
        ({"credit_note_retroactive": False}, "9.11"),
    ],
)
def test_credit_notes_of_a_variant(params, interest):
    event = {"type": "credit_note", "date": "2026-04-06", "amount": "1825"}
    case = {
        "id": "T",
        "type": "interest",
        "regime": "FR_B2B",
        "inputs": {"invoices": [_invoice(events=[event])]},
        "expected": {"totals": {"interest": "9.11"}},
        "variants": {
            "other": {"params": params, "expected": {"totals": {"interest": interest}}}
        },
    }
    for outcome in lawcases.outcomes(json.dumps({"cases": [case]}), LAW):
        assert outcome.ok, outcome.differences
