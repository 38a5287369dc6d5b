"""The engine against the day-by-day walk: a thousand histories per shipped regime.

Half of them bend the regime too: divisor, rate lock, compounding, allocation, credit
notes, weekends, contract rates.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

import late_reference as slow
from engine.compensation import claim
from engine.days import Weekend
from engine.late_item import Event, EventKind, Item, Waiting
from engine.regime import (
    Allocation,
    Clause,
    CreditNotes,
    Divisor,
    RateLock,
    Rounding,
    Terms,
    with_terms,
)
from lawcases import shipped

LAW = shipped()
HISTORIES = 1000
HOLIDAYS = frozenset({date(2024, 5, 1), date(2024, 12, 25), date(2024, 12, 26)})


def _draw(dice: random.Random, regime):
    """An item with a history, and a day to look at it."""
    # one series knows the year 2024 only
    only_2024 = regime.series == "LU_LEGAL"
    first = date(2024, 1, 1) if only_2024 else date(2016, 1, 1)
    days = 150 if only_2024 else 3500
    due = first + timedelta(days=dice.randrange(days))
    # mostly short, sometimes over years
    length = dice.choice([5, 40, 200, 200, 800 if regime.compounding else 300])
    length = dice.randrange(1, length + 1)
    as_of = min(due + timedelta(days=length), date(2026, 12, 31))
    if only_2024:
        as_of = min(as_of, date(2024, 12, 31))
    amount = _cents(dice, dice.choice([100, 20_000, 500_000, 30_000_000]))
    events = tuple(
        _event(dice, due, length, amount) for _ in range(dice.choice([0, 1, 1, 2, 4]))
    )

    def around(least):
        return due + timedelta(days=dice.randrange(least, length + 15))

    def maybe(day):
        return day if dice.random() < 0.8 else None

    begins = around(-5)
    waiting = Waiting(begins, begins + timedelta(days=13))
    return as_of, Item(
        key="item",
        amount=amount,
        due_date=due,
        events=events,
        notice=maybe(around(-5)),
        reminder=maybe(around(-5)),
        delivered=maybe(due - timedelta(days=dice.randrange(120))),
        waiting=maybe(waiting),
        agreed_day=dice.random() < 0.5,
        starts=around(-2) if dice.random() < 0.1 else None,
        stop=around(-10) if dice.random() < 0.2 else None,
    )


def _cents(dice: random.Random, most: int) -> Decimal:
    return Decimal(dice.randrange(1, most + 1)) / 100


def _event(dice: random.Random, due: date, length: int, amount: Decimal) -> Event:
    kind = dice.choice([EventKind.PAYMENT, EventKind.PAYMENT, EventKind.CREDIT_NOTE])
    back = None
    if kind is EventKind.CREDIT_NOTE:
        back = dice.choice([None, True, False])
    day = due + timedelta(days=dice.randrange(-10, length + 10))
    share = dice.choice([0.01, 0.3, 0.6, 1, 1.1])
    paid = (amount * Decimal(str(share))).quantize(Decimal("0.01"))
    return Event(day, max(paid, Decimal("0.01")), kind, back)


def _bent(dice: random.Random, regime):
    if dice.random() < 0.5:
        return regime
    if regime.clause is not Clause.NONE and dice.random() < 0.5:
        rate = Decimal(dice.randrange(0, 2000)) / 100
        regime = with_terms(regime, Terms(rate=rate, compensation=regime.compensation))
    return replace(
        regime,
        divisor=dice.choice(list(Divisor)),
        lock=dice.choice(list(RateLock)),
        compounding=dice.random() < 0.4,
        allocation=dice.choice(list(Allocation)),
        credit_notes=dice.choice(list(CreditNotes)),
        weekend=dice.choice(list(Weekend)),
    )


@pytest.mark.parametrize("code", LAW.regimes)
def test_day_by_day(code):
    dice = random.Random(f"histories of {code}")
    bearing = charged = taken = 0
    for number in range(HISTORIES):
        regime = _bent(dice, LAW.regimes[code])
        as_of, item = _draw(dice, regime)
        found = claim([item], regime, LAW.series, as_of, holidays=HOLIDAYS)
        interest = found.items[0]
        fee = _fee(item, regime, as_of)
        assert found.compensation == fee[0], (number, item, regime)
        book = slow.walk(item, regime, as_of, HOLIDAYS, fee if fee[0] else None)
        place = (number, as_of, item, regime, interest)
        assert _near(interest.exact, book.exact), place
        assert interest.total == slow.to_cents(book.exact), place
        assert interest.days == book.days, place
        assert interest.principal == book.principal, place
        assert interest.taken == book.paid_plain + book.paid_base, place
        assert interest.costs_taken == book.paid_costs, place
        bearing += interest.total > 0
        charged += found.compensation > 0
        taken += interest.taken > 0
    # the histories are such that something happens
    rate = LAW.regimes[code].series
    assert bearing > (HISTORIES / 6 if rate else -1)
    assert bool(charged) == bool(LAW.regimes[code].compensation)
    assert taken > (20 if rate else -1)


def _near(engine: Decimal, exact: Fraction) -> bool:
    return abs(Fraction(engine) - exact) < Fraction(1, 10**40)


def _fee(item, regime, as_of) -> tuple[Fraction, date]:
    """What is due and since when, from what is open on that morning."""
    since = slow.begins(item, regime, HOLIDAYS)
    if regime.compensation_waits:
        since = None
        if item.waiting:
            late = slow.last_day_to_pay(item, regime, HOLIDAYS) + slow.DAY
            days = [late, item.waiting.last + slow.DAY, *filter(None, [item.starts])]
            since = max(days)
    if since is None or since > as_of or (item.stop and item.stop <= since):
        return Fraction(0), as_of
    plain = replace(regime, allocation=Allocation.LEDGER)
    # credit notes of the morning count, those of later days only if from the beginning
    before = [event for event in item.events if event.day <= as_of]
    early = [event for event in before if _counts_by(event, regime, since)]
    bare = replace(item, events=tuple(early), starts=since, stop=None)
    left = slow.walk(bare, plain, as_of, HOLIDAYS).principal
    law = slow.compensation(regime.compensation, left)
    clause = slow.compensation(regime.contract_compensation, left)
    if regime.clause_capped:
        return min(law, clause), since
    least = regime.compensation.minimum if regime.compensation else 0
    if clause and least:
        return max(clause, Fraction(least)), since
    return max(law, clause), since


def _counts_by(event, regime, day) -> bool:
    if event.kind is EventKind.PAYMENT:
        return event.day < day
    back = event.retroactive
    if back is None:
        back = regime.credit_notes is CreditNotes.RETROACTIVE
    return back or event.day <= day


def test_rounded_by_line():
    dice = random.Random("lines")
    regime = replace(LAW.regimes["FR_B2B"], rounding=Rounding.LINE)
    different = 0
    for _ in range(HISTORIES):
        as_of, item = _draw(dice, regime)
        found = claim([item], regime, LAW.series, as_of).items[0]
        lines = [
            slow.to_cents(
                Fraction(line.base)
                * Fraction(line.rate)
                * ((line.last - line.first).days + 1)
                / 36500
            )
            for line in found.segments
        ]
        assert [line.amount for line in found.segments] == lines
        assert found.total == sum(lines)
        different += found.total != slow.to_cents(Fraction(found.exact))
    assert different
