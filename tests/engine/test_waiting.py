from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from engine.late_item import Waiting
from engine.regime import Band, Compensation, ReminderFees, Terms, with_terms
from engine.waiting import (
    Asked,
    Channel,
    Rule,
    Situation,
    refusals,
    reminder_fee,
    waiting_time,
)
from lawcases import shipped

LAW = shipped()
BELGIUM = LAW.regimes["BE_B2C"]
DUTCH = LAW.regimes["NL_B2C"]
FRANCE = LAW.regimes["FR_B2C"]
THURSDAY = date(2026, 4, 30)


# --- the time a reminder gives --------------------------------------------------------


def test_belgian_email_counts_from_the_next_day():
    found = waiting_time(BELGIUM, THURSDAY, Channel.EMAIL)
    assert found == Waiting(date(2026, 5, 1), date(2026, 5, 14))


def test_belgian_letter_counts_from_the_third_working_day():
    found = waiting_time(BELGIUM, THURSDAY, Channel.LETTER)
    assert found == Waiting(date(2026, 5, 5), date(2026, 5, 18))
    labour_day = {date(2026, 5, 1)}
    found = waiting_time(BELGIUM, THURSDAY, Channel.LETTER, holidays=labour_day)
    assert found == Waiting(date(2026, 5, 6), date(2026, 5, 19))
    # receipt is of no concern there
    received = date(2026, 5, 8)
    assert waiting_time(BELGIUM, THURSDAY, Channel.LETTER, received=received) == (
        waiting_time(BELGIUM, THURSDAY, Channel.LETTER)
    )


def test_dutch_letter_counts_from_the_day_after_receipt():
    received = date(2026, 5, 8)
    found = waiting_time(DUTCH, THURSDAY, Channel.LETTER, received=received)
    assert found == Waiting(date(2026, 5, 9), date(2026, 5, 22))
    unknown = waiting_time(DUTCH, THURSDAY, Channel.LETTER)
    assert unknown == Waiting(date(2026, 5, 5), date(2026, 5, 18))


def test_days_that_are_not_working_days():
    regime = replace(BELGIUM, wait=replace(BELGIUM.wait, letter_working=False))
    found = waiting_time(regime, THURSDAY, Channel.LETTER)
    assert found.first == date(2026, 5, 3)


def test_no_waiting_time():
    assert waiting_time(FRANCE, THURSDAY, Channel.EMAIL) is None


# --- what a reminder may cost ---------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "this_year", "regular", "fee"),
    [
        (0, 0, False, "0"),
        (1, 1, False, "8.64"),
        # regular supply: three free ones a year
        (1, 2, True, "0"),
        (1, 3, True, "8.64"),
        (0, 9, True, "0"),
    ],
)
def test_belgian_reminders(sent, this_year, regular, fee):
    found = reminder_fee(
        BELGIUM,
        Decimal(20),
        sent=sent,
        sent_this_year=this_year,
        regular=regular,
        postage=Decimal("1.14"),
    )
    assert found == Decimal(fee)


def test_reminders_elsewhere():
    ask = {"sent": 1, "postage": Decimal("1.14")}
    assert reminder_fee(FRANCE, Decimal(20), **ask) == 0
    assert reminder_fee(LAW.regimes["DE_B2C"], Decimal("0.95"), **ask) == Decimal(
        "0.95"
    )
    assert reminder_fee(LAW.regimes["DE_B2C"], Decimal("0.95"), sent=0) == 0
    assert reminder_fee(BELGIUM, Decimal(5), **ask) == 5
    assert reminder_fee(BELGIUM, Decimal(-5), **ask) == 0
    no_postage = replace(BELGIUM, reminders=ReminderFees(maximum=Decimal("7.50")))
    assert reminder_fee(no_postage, Decimal(20), **ask) == Decimal("7.50")


# --- what is refused ------------------------------------------------------------------


def _rules(regime, asked, **situation):
    situation = {"day": date(2026, 5, 20), "principal": Decimal(1000)} | situation
    return refusals(regime, asked, Situation(**situation))


def _clause(amount):
    flat = Compensation((Band(None, Decimal(amount)),))
    return with_terms(BELGIUM, Terms(rate=Decimal(10), compensation=flat))


WAITED = Waiting(date(2026, 5, 1), date(2026, 5, 14))


def test_nothing_asked_is_never_refused():
    for regime in LAW.regimes.values():
        assert _rules(regime, Asked()) == ()


def test_french_consumer_pays_no_cost():
    [refused] = _rules(FRANCE, Asked(compensation=Decimal(40)))
    assert (refused.rule, refused.basis) == (Rule.NO_FEE, "CPCE L111-8")
    [refused] = _rules(FRANCE, Asked(reminder_fee=Decimal(1)))
    assert (refused.rule, refused.limit) == (Rule.REMINDER_FEE, 0)


def test_french_consumer_pays_interest_only_after_notice():
    [refused] = _rules(FRANCE, Asked(interest=Decimal(1)))
    assert (refused.rule, refused.basis) == (
        Rule.NO_INTEREST,
        "C. civ. 1231-6, 1344-1",
    )
    begins = date(2026, 5, 10)
    early = Asked(interest=Decimal(1), interest_from=date(2026, 4, 1))
    [refused] = _rules(FRANCE, early, interest_begins=begins)
    assert (refused.rule, refused.day) == (Rule.NOT_YET, begins)
    right = replace(early, interest_from=begins)
    assert _rules(FRANCE, right, interest_begins=begins) == ()
    future = date(2026, 5, 21)
    [refused] = _rules(FRANCE, Asked(interest=Decimal(1)), interest_begins=future)
    assert refused.rule is Rule.NOT_YET


def test_belgian_consumer():
    asked = Asked(compensation=Decimal(30))
    [refused] = _rules(BELGIUM, asked, waiting=WAITED)
    assert (refused.rule, refused.basis) == (Rule.NO_CLAUSE, "CDE XIX.4")
    [refused] = _rules(_clause(30), asked)
    assert (refused.rule, refused.basis) == (Rule.NO_REMINDER, "CDE XIX.2")
    [refused] = _rules(_clause(30), asked, waiting=WAITED, day=date(2026, 5, 14))
    assert (refused.rule, refused.day) == (Rule.WAITING, date(2026, 5, 15))
    assert _rules(_clause(30), asked, waiting=WAITED, day=date(2026, 5, 15)) == ()
    # more than the clause, and more than the law
    for clause, asks, most in ((30, 31, 30), (500, 91, 90)):
        asked = Asked(compensation=Decimal(asks))
        [refused] = _rules(_clause(clause), asked, waiting=WAITED)
        assert (refused.rule, refused.limit) == (Rule.TOO_MUCH, most)
    # without a clause no lump sum at all
    legal = LAW.regimes["BE_B2C_LEGAL"]
    [refused] = _rules(legal, asked, waiting=WAITED)
    assert refused.rule is Rule.NO_FEE


def test_dutch_consumer():
    asked = Asked(compensation=Decimal(150))
    assert _rules(DUTCH, asked, waiting=WAITED) == ()
    [refused] = _rules(DUTCH, asked)
    assert (refused.rule, refused.basis) == (Rule.NO_REMINDER, "BW 6:96(6)")
    asked = Asked(compensation=Decimal("181.50"))
    [refused] = _rules(DUTCH, asked, waiting=WAITED)
    assert (refused.rule, refused.limit) == (Rule.TOO_MUCH, 150)
    vat = Decimal(21)
    assert _rules(DUTCH, asked, waiting=WAITED, vat_percent=vat) == ()


def test_fee_of_a_reminder():
    asked = Asked(reminder_fee=Decimal("7.50"))
    assert _rules(BELGIUM, asked, fee_allowed=Decimal("7.50")) == ()
    [refused] = _rules(BELGIUM, asked, fee_allowed=Decimal(0))
    assert (refused.rule, refused.basis) == (Rule.REMINDER_FEE, "CDE XIX.2")


def test_out_of_time_is_refused_to_consumers():
    last = date(2026, 5, 19)
    [refused] = _rules(FRANCE, Asked(), last_day=last)
    assert (refused.rule, refused.basis, refused.day) == (
        Rule.BARRED,
        "C. conso. L218-2",
        last,
    )
    assert _rules(FRANCE, Asked(), last_day=date(2026, 5, 20)) == ()
    assert _rules(LAW.regimes["FR_B2B"], Asked(), last_day=last) == ()


def test_insolvency():
    [refused] = _rules(FRANCE, Asked(), insolvent_since=date(2026, 5, 20))
    assert refused.rule is Rule.INSOLVENT
    assert _rules(FRANCE, Asked(), insolvent_since=date(2026, 5, 21)) == ()


def test_all_that_is_wrong_is_named():
    asked = Asked(Decimal(40), Decimal(5), Decimal(1))
    found = _rules(FRANCE, asked, last_day=date(2026, 1, 1))
    assert [refused.rule for refused in found] == [
        Rule.BARRED,
        Rule.NO_FEE,
        Rule.REMINDER_FEE,
        Rule.NO_INTEREST,
    ]


def test_bases_are_of_rules_that_exist():
    rules = {rule.value for rule in Rule}
    for regime in LAW.regimes.values():
        assert set(regime.bases) <= rules
