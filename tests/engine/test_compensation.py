from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import late_reference as slow
from engine.compensation import (
    allowed_compensation,
    by_currency,
    charges,
    claim,
    compensation_of,
)
from engine.late_item import Event, EventKind, Item, Waiting
from engine.regime import Allocation, Band, Compensation, Terms, with_terms
from lawcases import shipped

LAW = shipped()
FRANCE = LAW.regimes["FR_B2B"]
BELGIUM = LAW.regimes["BE_B2C"]
DUTCH = LAW.regimes["NL_B2C"]
LATE = date(2026, 5, 31)


def item(key="F1", amount="1000", due=date(2026, 3, 31), *events, **other):
    return Item(key=key, amount=Decimal(amount), due_date=due, events=events, **other)


def paid(day, amount):
    return Event(day, Decimal(amount))


def amounts(items, regime=FRANCE, day=LATE, **options):
    found = charges(items, regime, day, **options)
    return {charge.group: charge.amount for charge in found}


# --- the amount -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "principal", "amount"),
    [
        ("FR_B2B", "0.01", "40"),
        ("FR_B2B", "0", "0"),
        ("FR_B2B", "-5", "0"),
        ("FR_B2C", "1000", "0"),
        ("BE_B2C", "150", "20"),
        ("BE_B2C", "150.01", "30.00"),
        ("BE_B2C", "500", "65"),
        ("BE_B2C", "39200.01", "2000"),
        ("UK_B2B", "999.99", "40"),
        ("UK_B2B", "1000", "70"),
        ("NL_B2B", "0.01", "40"),
        ("NL_B2B", "7500", "750"),
        ("NL_B2B", "1000000.01", "6775"),
    ],
)
def test_amount(code, principal, amount):
    rule = LAW.regimes[code].compensation
    assert compensation_of(rule, Decimal(principal)) == Decimal(amount)


@given(st.integers(0, 3_000_000_00))
def test_ladders_climbed_step_by_step(cents):
    amount = Decimal(cents) / 100
    for code in ("BE_B2C", "UK_B2B", "NL_B2B", "FR_B2B"):
        rule = LAW.regimes[code].compensation
        assert compensation_of(rule, amount) == slow.compensation(
            rule, slow.Fraction(cents, 100)
        )


def test_vat_the_creditor_cannot_deduct():
    vat = {"vat_percent": Decimal(21)}
    assert allowed_compensation(DUTCH, Decimal(100), **vat) == Decimal("48.40")
    assert allowed_compensation(DUTCH, Decimal(100)) == 40
    # none on a French one, whatever is asked for
    assert allowed_compensation(FRANCE, Decimal(100), **vat) == 40


def _flat(amount, currency="EUR"):
    return Compensation((Band(None, Decimal(amount)),), currency=currency)


def test_lump_sum_of_the_contract():
    # businesses: the law's is the least
    for asked, allowed in (("30", 40), ("100", 100)):
        regime = with_terms(FRANCE, Terms(compensation=_flat(asked)))
        assert allowed_compensation(regime, Decimal(1000)) == allowed
    # consumers: the law's is the most
    assert allowed_compensation(BELGIUM, Decimal(1000)) == 0
    for asked, allowed in (("30", 30), ("100", 90)):
        regime = with_terms(BELGIUM, Terms(compensation=_flat(asked)))
        assert allowed_compensation(regime, Decimal(1000)) == allowed
    # a scale may be agreed on below, down to its minimum (BW 6:96(4))
    for asked, allowed in (("30", 40), ("100", 100), ("500", 500)):
        regime = with_terms(LAW.regimes["NL_B2B"], Terms(compensation=_flat(asked)))
        assert allowed_compensation(regime, Decimal(1000)) == allowed
    # where the law has none of its own, the contract's stands
    swiss = with_terms(LAW.regimes["CH"], Terms(compensation=_flat("20", "CHF")))
    [charge] = charges([item(agreed_day=True)], swiss, LATE)
    assert (charge.amount, charge.currency) == (20, "CHF")


@pytest.mark.parametrize(
    ("terms", "allowed"),
    [
        (None, 70),
        (Terms(rate=Decimal(5)), 0),
        (Terms(margin=Decimal(3)), 0),
        (Terms(compensation=_flat("100", "GBP")), 100),
        (Terms(rate=Decimal(5), compensation=_flat("20", "GBP")), 20),
    ],
)
def test_british_contract_rate_is_another_remedy(terms, allowed):
    regime = with_terms(LAW.regimes["UK_B2B"], terms)
    assert allowed_compensation(regime, Decimal(1000)) == allowed
    # elsewhere the compensation of the law stays
    regime = with_terms(FRANCE, Terms(rate=Decimal(5)))
    assert allowed_compensation(regime, Decimal(1000)) == 40


# --- when, and how often --------------------------------------------------------------


def test_from_the_first_day_late():
    assert amounts([item()], day=date(2026, 3, 31)) == {}
    assert amounts([item()], day=date(2026, 4, 1)) == {"F1": 40}


def test_whole_even_after_part_payments_and_when_paid_late():
    before = paid(date(2026, 3, 20), "990")
    late = paid(date(2026, 4, 1), "1000")
    due = date(2026, 3, 31)
    assert amounts([item("F1", "1000", due, before)]) == {"F1": 40}
    assert amounts([item("F1", "1000", due, late)]) == {"F1": 40}
    on_time = paid(due, "1000")
    assert amounts([item("F1", "1000", due, on_time)]) == {}


def test_none_for_what_was_credited_from_the_beginning():
    due = date(2026, 3, 31)
    note = Event(date(2026, 5, 1), Decimal(1000), EventKind.CREDIT_NOTE, True)
    assert amounts([item("F1", "1000", due, note)]) == {}
    gesture = replace(note, retroactive=False)
    assert amounts([item("F1", "1000", due, gesture)]) == {"F1": 40}


def test_once_per_invoice():
    first = item("1", "100", invoice="F1")
    second = item("2", "100", date(2026, 4, 30), invoice="F1")
    assert amounts([first, second]) == {"F1": 40}
    [charge] = charges([second, first], FRANCE, LATE)
    assert charge.items == ("1", "2"), "the one that was late first bears it"
    assert charge.since == date(2026, 4, 1)
    assert amounts([first, second], already={"F1"}) == {}
    waived = replace(first, no_compensation=True)
    assert amounts([waived, second]) == {"F1": 40}
    assert amounts([waived]) == {}


def test_size_of_the_debt_is_what_was_open():
    regime = LAW.regimes["UK_B2B"]
    due = date(2026, 3, 31)
    part = paid(date(2026, 3, 20), "1")
    assert amounts([item("F1", "10000", due, part)], regime) == {"F1": 70}
    later = paid(date(2026, 4, 20), "9000")
    assert amounts([item("F1", "10000", due, later)], regime) == {"F1": 100}
    # instalments grow into the next bracket as they become late
    parts = [
        item("1", "600", due, invoice="F1"),
        item("2", "600", date(2026, 4, 30), invoice="F1"),
    ]
    assert amounts(parts, regime, date(2026, 4, 15)) == {"F1": 40}
    assert amounts(parts, regime) == {"F1": 70}


def test_none_when_proceedings_had_begun():
    assert amounts([item(stop=date(2026, 4, 1))]) == {}
    assert amounts([item(stop=date(2026, 4, 2))]) == {"F1": 40}


def test_only_after_the_time_the_reminder_gave():
    regime = with_terms(BELGIUM, Terms(compensation=BELGIUM.compensation))
    waiting = Waiting(date(2026, 5, 1), date(2026, 5, 14))
    reminded = item(waiting=waiting)
    assert amounts([item()], regime) == {}
    assert amounts([reminded], regime, date(2026, 5, 14)) == {}
    assert amounts([reminded], regime, date(2026, 5, 15)) == {"F1": 90}
    in_time = item("F1", "1000", date(2026, 3, 31), paid(date(2026, 5, 14), "1000"))
    assert amounts([replace(in_time, waiting=waiting)], regime) == {}


def test_one_letter_adds_up_what_it_claims():
    waiting = Waiting(date(2026, 4, 3), date(2026, 4, 16))
    several = [
        item(str(number), "100", waiting=waiting, letter="L1") for number in range(4)
    ]
    # four times 40 would be 160; 15 % of 400 are 60
    assert amounts(several, DUTCH) == {"L1": 60}
    alone = [replace(found, letter=None) for found in several[:2]]
    assert amounts(alone, DUTCH) == {"0": 40, "1": 40}


# --- the claim ------------------------------------------------------------------------


def test_claim_adds_up():
    items = [item("F1"), item("F2", "3650"), item("F3", "10", date(2026, 6, 30))]
    found = claim(items, FRANCE, LAW.series, LATE)
    assert [result.key for result in found.items] == ["F1", "F2", "F3"]
    # 61 days: 20.305479 and 74.115
    assert [result.total for result in found.items] == [
        Decimal("20.31"),
        Decimal("74.12"),
        0,
    ]
    assert found.interest == Decimal("94.43")
    assert found.compensation == 80
    assert found.daily.quantize(Decimal("0.0001")) == Decimal("1.5479")
    assert by_currency(found, "EUR") == {"EUR": Decimal("174.43")}


def test_claim_in_another_currency():
    yen = [item("F1", "100000")]
    found = claim(
        yen, FRANCE, LAW.series, LATE, unit=Decimal(1), convert=Decimal("0.006")
    )
    assert by_currency(found, "JPY") == {"JPY": 2031, "EUR": 40}
    assert found.charges[0].base == 600


def test_costs_of_another_currency_come_first_in_the_item_s():
    regime = replace(FRANCE, allocation=Allocation.COSTS_FIRST)
    part = item("F1", "100000", date(2026, 3, 31), paid(date(2026, 4, 1), "10000"))
    found = claim(
        [part], regime, LAW.series, LATE, unit=Decimal(1), convert=Decimal("0.006")
    )
    # 40 EUR are 6 667 JPY
    assert found.items[0].costs_taken == 6667


def test_payment_is_counted_against_the_costs_of_its_own_invoice():
    regime = replace(FRANCE, allocation=Allocation.COSTS_FIRST)
    due = date(2026, 3, 31)
    first = item("1", "100", due, paid(date(2026, 4, 10), "50"), invoice="F1")
    second = item("2", "100", due, paid(date(2026, 4, 10), "50"), invoice="F1")
    found = claim([first, second], regime, LAW.series, LATE)
    assert [result.costs_taken for result in found.items] == [40, 0]
    # claimed before or not, it is owed
    again = claim([first, second], regime, LAW.series, LATE, already={"F1"})
    assert again.items == found.items
    assert again.compensation == 0


# --- no more than announced -----------------------------------------------------------

TOLD = Waiting(date(2026, 4, 15), date(2026, 4, 28))
CLAUSE = Terms(rate=Decimal(8), compensation=Compensation((Band(None, Decimal(100)),)))


def told(key, announced, letter="letter", amount="1000", **other):
    return item(
        key,
        amount,
        waiting=TOLD,
        letter=letter,
        announced=announced and Decimal(announced),
        **other,
    )


def test_a_clause_raised_after_the_reminder_comes_too_late_for_it():
    law = with_terms(BELGIUM, CLAUSE)
    assert amounts([told("F1", None)], law) == {"F1": Decimal("90.00")}
    assert amounts([told("F1", "50")], law) == {"F1": Decimal("50.00")}
    assert amounts([told("F1", "0")], law) == {}
    both = [told("F1", "120"), told("F2", "120")]
    assert amounts(both, law) == {"F1": Decimal("90.00"), "F2": Decimal("30.00")}
    others = [told("F1", "60"), told("F2", "70", "another letter")]
    assert amounts(others, law) == {"F1": Decimal("60.00"), "F2": Decimal("70.00")}


def test_what_a_letter_announced_is_the_most_the_ladder_gives_for_it():
    assert amounts([told("F1", "100")], DUTCH) == {"letter": Decimal("100.00")}
    assert amounts([told("F1", "200")], DUTCH) == {"letter": Decimal("150.00")}


def test_businesses_need_no_announcement():
    assert amounts([told("F1", "1")]) == {"F1": Decimal(40)}


@given(
    st.lists(st.tuples(st.integers(1, 5000), st.sampled_from("AB")), max_size=6),
    st.integers(0, 400),
)
def test_the_items_of_a_letter_never_cost_more_than_it_announced(drawn, announced):
    law = with_terms(BELGIUM, CLAUSE)
    items = [
        told(number, str(announced), letter, str(amount))
        for number, (amount, letter) in enumerate(drawn)
    ]
    found = charges(items, law, LATE)
    for letter in "AB":
        mine = [c for c in found if drawn[c.items[0]][1] == letter]
        assert sum(c.amount for c in mine) <= announced
    free = charges([replace(one, announced=None) for one in items], law, LATE)
    assert {c.group for c in found} <= {c.group for c in free}
