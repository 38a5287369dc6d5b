"""Levels and the law: what is refused of an item, and what a policy may never do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.escalation import Refused
from engine.late_item import Waiting
from engine.lawful import (
    Finding,
    Step,
    Verdict,
    findings,
    gives_compensation,
    gives_interest,
    needs_clause,
    needs_reminder,
    refused_levels,
)
from engine.regime import Accrual, Band, Compensation, Terms, with_terms
from engine.waiting import Rule
from lawcases import shipped

LAW = shipped()
CLAUSE = Terms(
    rate=Decimal(8), compensation=Compensation(bands=(Band(None, Decimal(50)),))
)
BELGIUM = with_terms(LAW.regimes["BE_B2C"], CLAUSE)
NO_CLAUSE = LAW.regimes["BE_B2C_LEGAL"]
DUTCH = LAW.regimes["NL_B2C"]
FRANCE = LAW.regimes["FR_B2C"]
DAY = date(2026, 6, 15)
FREE = Step(1, 3)
COSTS = Step(2, 20, compensation=True)
INTEREST = Step(3, 30, interest=True)
BOTH = Step(4, 40, compensation=True, interest=True)
ALL = (FREE, COSTS, INTEREST, BOTH)
RUNNING = Waiting(date(2026, 6, 5), date(2026, 6, 18))
OVER = Waiting(date(2026, 6, 1), date(2026, 6, 14))


def refused(law, waiting=None, steps=ALL, principal="100"):
    return refused_levels(
        law, steps, day=DAY, principal=Decimal(principal), waiting=waiting
    )


def test_belgium_nothing_is_claimed_before_the_free_reminder():
    answer = Refused("no_reminder", "CDE XIX.2", None, after=17)
    assert refused(BELGIUM) == {2: answer, 3: answer, 4: answer}


def test_belgium_nothing_is_claimed_while_its_time_runs():
    answer = Refused("waiting", "CDE XIX.2", date(2026, 6, 19))
    assert refused(BELGIUM, RUNNING) == {2: answer, 3: answer, 4: answer}


def test_belgium_costs_and_interest_follow_the_time():
    assert refused(BELGIUM, OVER) == {}
    last = replace(OVER, last=DAY)  # the last day is the debtor's
    assert set(refused(BELGIUM, last)) == {2, 3, 4}


def test_belgium_without_a_clause_every_level_is_told_without_it():
    """A claim of nothing breaks no rule: the debt itself may be asked for."""
    assert refused(NO_CLAUSE) == {}
    assert refused(NO_CLAUSE, RUNNING) == {}


def test_belgium_a_clause_with_a_rate_alone():
    """No lump sum is claimed; the interest waits for the free reminder all the same."""
    rate_only = with_terms(LAW.regimes["BE_B2C"], Terms(rate=Decimal(8)))
    assert refused(rate_only, OVER) == {}
    answer = Refused("no_reminder", "CDE XIX.2", None, after=17)
    assert refused(rate_only) == {3: answer, 4: answer}


def test_belgium_a_clause_with_a_lump_sum_alone():
    """Without a rate in the clause no interest is claimed that could be too early."""
    sum_only = with_terms(LAW.regimes["BE_B2C"], replace(CLAUSE, rate=None))
    answer = Refused("no_reminder", "CDE XIX.2", None, after=17)
    assert refused(sum_only) == {2: answer, 4: answer}


def test_what_a_law_gives():
    compensation = {k for k, law in LAW.regimes.items() if not gives_compensation(law)}
    assert compensation == {
        "FR_B2C",
        "BE_B2C_LEGAL",
        "LU_B2C",
        "DE_B2C",
        "AT_B2C",
        "CH",
        "IT_B2C",
        "ES_B2C",
        "UK_B2C",
    }
    assert {k for k, law in LAW.regimes.items() if not gives_interest(law)} == {
        "UK_B2C"
    }
    nothing = with_terms(LAW.regimes["BE_B2C"], Terms())
    assert not gives_compensation(nothing) and not gives_interest(nothing)


def test_belgian_interest_from_the_begin_of_the_time():
    """The reading for small creditors is another value of one field."""
    small = replace(BELGIUM, accrual=Accrual.WAIT_START)
    assert refused(small, RUNNING, [INTEREST]) == {}
    assert set(refused(small, None, [INTEREST])) == {3}


def test_netherlands_fourteen_days_before_any_cost():
    answer = Refused("no_reminder", "BW 6:96(6)", None, after=17)
    assert refused(DUTCH) == {2: answer, 4: answer}
    waits = Refused("waiting", "BW 6:96(6)", date(2026, 6, 19))
    assert refused(DUTCH, RUNNING) == {2: waits, 4: waits}
    assert refused(DUTCH, OVER) == {}


@pytest.mark.parametrize("code", ["FR_B2C", "FR_B2B", "DE_B2C", "NL_B2B", "UK_B2C"])
def test_where_no_reminder_is_asked_for_no_level_is_refused(code):
    """What such a law does not know is simply not claimed."""
    assert refused(LAW.regimes[code]) == {}


def test_no_law_known_nothing_refused():
    assert refused(None) == {}


@given(
    st.sampled_from([BELGIUM, DUTCH, NO_CLAUSE, FRANCE]),
    st.integers(-40, 40),
    st.decimals(0, 100_000, places=2),
)
def test_levels_without_claims_are_never_refused(law, offset, principal):
    first = DAY + timedelta(offset)
    waiting = Waiting(first, first + timedelta(13))
    for given_time in (None, waiting):
        found = refused_levels(
            law, ALL, day=DAY, principal=principal, waiting=given_time
        )
        assert FREE.key not in found
        for answer in found.values():
            assert answer.basis and (answer.until is None or answer.until > DAY)


@given(
    st.sampled_from(sorted(LAW.regimes)),
    st.integers(-40, 40),
    st.decimals(0, 100_000, places=2),
)
def test_refused_is_only_what_would_claim_something(code, offset, principal):
    """Whatever the regime: a level that claims only what is not given is told."""
    law = with_terms(LAW.regimes[code], Terms(rate=Decimal(0)))
    law = replace(law, compensation=None, contract_compensation=None)
    first = DAY + timedelta(offset)
    for given_time in (None, Waiting(first, first + timedelta(13))):
        assert not refused_levels(
            law, [COSTS], day=DAY, principal=principal, waiting=given_time
        )


@given(st.sampled_from([BELGIUM, DUTCH]), st.integers(-40, 40))
def test_refused_until_the_day_it_says(law, offset):
    first = DAY + timedelta(offset)
    waiting = Waiting(first, first + timedelta(13))
    for answer in refused(law, waiting).values():
        assert answer.until == waiting.last + timedelta(1)
        later = refused_levels(
            law, ALL, day=answer.until, principal=Decimal(100), waiting=waiting
        )
        assert later == {}


# --- a policy -------------------------------------------------------------------------


def test_policy_that_begins_with_costs_is_never_lawful():
    found = findings(BELGIUM, [COSTS, BOTH])
    assert found == (
        Finding(2, Verdict.NEVER, Rule.NO_REMINDER, "CDE XIX.2"),
        Finding(4, Verdict.NEVER, Rule.NO_REMINDER, "CDE XIX.2"),
    )


@pytest.mark.parametrize(
    "first",
    [Step(1, -5), Step(1, 0), Step(1, 3, written=False)],
    ids=["announcement", "due day", "call"],
)
def test_what_is_no_free_reminder(first):
    assert findings(DUTCH, [first, COSTS])[0].rule is Rule.NO_REMINDER


def test_policy_with_a_free_reminder_long_enough_before():
    assert findings(BELGIUM, [FREE, COSTS, INTEREST, BOTH]) == ()
    assert findings(DUTCH, [FREE, COSTS, INTEREST, BOTH]) == ()


def test_level_that_comes_before_the_time_is_over_waits():
    early = Step(2, 17, compensation=True)
    waits = Finding(2, Verdict.WAITS, Rule.WAITING, "CDE XIX.2", 15)
    assert findings(BELGIUM, [FREE, early]) == (waits,)
    assert findings(BELGIUM, [FREE, replace(early, days=18)]) == ()


def test_the_law_of_those_with_a_clause_stands_without_terms():
    """As it is asked about a policy, not about a customer."""
    assert findings(LAW.regimes["BE_B2C"], [FREE, COSTS]) == ()


def test_without_a_clause_it_is_left_out():
    without = Finding(2, Verdict.WITHOUT, Rule.NO_CLAUSE, "CDE XIX.4")
    assert findings(NO_CLAUSE, [FREE, COSTS, INTEREST]) == (without,)
    assert findings(NO_CLAUSE, [COSTS]) == (without,)


def test_clause_with_a_rate_alone():
    """The lump sum is left out, the interest needs its reminder: both are said."""
    rate_only = with_terms(LAW.regimes["BE_B2C"], Terms(rate=Decimal(8)))
    without = Finding(4, Verdict.WITHOUT, Rule.NO_CLAUSE, "CDE XIX.4")
    assert findings(rate_only, [FREE, BOTH]) == (without,)
    never = Finding(4, Verdict.NEVER, Rule.NO_REMINDER, "CDE XIX.2")
    assert findings(rate_only, [BOTH]) == (without, never)


def test_what_the_law_does_not_know_is_left_out():
    without = Finding(2, Verdict.WITHOUT, Rule.NO_FEE, "CPCE L111-8")
    assert findings(FRANCE, [FREE, COSTS, INTEREST]) == (without,)
    assert findings(LAW.regimes["FR_B2B"], ALL) == ()


def test_which_laws_ask_for_a_reminder_or_a_clause():
    assert {code for code, law in LAW.regimes.items() if needs_reminder(law)} == {
        "BE_B2C",
        "NL_B2C",
    }
    assert {code for code, law in LAW.regimes.items() if needs_clause(law)} == {
        "BE_B2C_LEGAL"
    }
