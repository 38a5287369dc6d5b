"""What must hold for interest and compensation whatever the law and the history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, example, given
from hypothesis import strategies as st

import strategies  # noqa: F401  # the profile of the engine's tests
from engine.compensation import charges, claim, compensation_of
from engine.days import ONE_DAY, Weekend
from engine.interest import interest
from engine.late_item import Event, EventKind, Item, Waiting, first_day
from engine.rates import Period, Rate, Series
from engine.regime import (
    ZERO,
    Accrual,
    Allocation,
    Band,
    Compensation,
    CreditNotes,
    Debtor,
    Divisor,
    Per,
    RateLock,
    Regime,
    Rounding,
    Wait,
    rate_on,
)

START = date(2023, 10, 1)
CENT = Decimal("0.01")


def _same(parts, whole):
    """Whether they add up, as far as a number without an end can be written down."""
    difference = sum(map(Fraction, parts)) - Fraction(whole)
    return abs(difference) < Fraction(1, 10**60)


def cents(least=0, most=50_000_00):
    return st.integers(least, most).map(lambda number: Decimal(number) / 100)


def days(before=0, after=900):
    return st.integers(-before, after).map(lambda number: START + timedelta(number))


@st.composite
def series(draw):
    """A value for every half-year of 2023 to 2027."""
    starts = [date(year, month, 1) for year in range(2023, 2028) for month in (1, 7)]
    values = [draw(st.integers(-100, 1500)) for _ in starts]
    rates = (
        Rate(day, Decimal(value) / 100)
        for day, value in zip(starts, values, strict=True)
    )
    return {"S": Series("S", Period.HALF_YEAR, tuple(rates))}


@st.composite
def compensations(draw):
    ends = sorted(draw(st.sets(st.integers(1, 5000), max_size=3)))
    amounts = sorted(draw(st.integers(0, 100)) for _ in range(len(ends) + 1))
    percents = [draw(st.sampled_from([0, 0, 5, 10])) for _ in amounts]
    bands = tuple(
        Band(None if end is None else Decimal(end), Decimal(amount), Decimal(percent))
        for end, amount, percent in zip([*ends, None], amounts, percents, strict=True)
    )
    return Compensation(
        bands,
        inclusive=draw(st.booleans()),
        minimum=Decimal(draw(st.sampled_from([0, 40]))),
        maximum=draw(st.none() | st.just(Decimal(500))),
        per=draw(st.sampled_from(Per)),
    )


@st.composite
def regimes(draw, **fixed):
    values = {
        "code": "X",
        "country": "XX",
        "debtors": frozenset({Debtor.BUSINESS}),
        "series": "S",
        "margin": Decimal(draw(st.integers(0, 10))),
        "round_up_to": draw(st.sampled_from([None, None, Decimal("0.5")])),
        "lock": draw(st.sampled_from([RateLock.PERIOD, RateLock.START])),
        "accrual": draw(st.sampled_from(Accrual)),
        "accrual_days": draw(st.sampled_from([0, 0, 8])),
        "accrual_months": draw(st.sampled_from([0, 0, 3])),
        "agreed_day_suffices": draw(st.booleans()),
        "divisor": draw(st.sampled_from(Divisor)),
        "compounding": draw(st.booleans()),
        "weekend": draw(st.sampled_from(Weekend)),
        "allocation": draw(st.sampled_from(Allocation)),
        "credit_notes": draw(st.sampled_from(CreditNotes)),
        "rounding": draw(st.sampled_from(Rounding)),
        "compensation": draw(st.none() | compensations()),
        "compensation_waits": draw(st.booleans()),
        "wait": Wait(14),
    }
    return Regime(**values | fixed)


@st.composite
def events(draw, kinds=tuple(EventKind)):
    kind = draw(st.sampled_from(kinds))
    back = None
    if kind is EventKind.CREDIT_NOTE:
        back = draw(st.sampled_from([None, True, False]))
    return Event(draw(days(30)), draw(cents(1, 20_000_00)), kind, back)


@st.composite
def items(draw, kinds=tuple(EventKind), **fixed):
    waiting = draw(days())
    values = {
        "key": "item",
        "amount": draw(cents()),
        "due_date": draw(days(20, 300)),
        "events": tuple(draw(st.lists(events(kinds), max_size=4))),
        "notice": draw(st.none() | days()),
        "reminder": draw(st.none() | days()),
        "delivered": draw(st.none() | days(90)),
        "waiting": draw(st.none() | st.just(Waiting(waiting, waiting + 13 * ONE_DAY))),
        "agreed_day": draw(st.booleans()),
        "stop": draw(st.none() | st.none() | days(0, 1200)),
    }
    return Item(**values | fixed)


DUE = {"accrual": Accrual.DUE, "accrual_days": 0, "accrual_months": 0}
WHOLE = {"rounding": Rounding.INVOICE}
PAYMENTS = (EventKind.PAYMENT,)


@given(items(), regimes(), series(), days(40))
def test_never_negative_and_nothing_before_it_begins(item, regime, rates, as_of):
    found = claim([item], regime, rates, as_of)
    [result] = found.items
    amounts = [line.amount for line in result.segments]
    assert all(amount >= 0 for amount in amounts)
    assert min(found.interest, found.compensation, found.daily, result.principal) >= 0
    assert ZERO <= result.taken <= result.total
    assert ZERO <= result.costs_taken
    begin = first_day(item, regime)
    if begin is None or as_of < begin:
        assert result.total == 0
        assert not result.segments
    else:
        assert all(
            begin <= line.first <= line.last <= as_of for line in result.segments
        )
    if item.stop:
        assert all(line.last < item.stop for line in result.segments)
    assert begin is None or begin > item.due_date


@given(items(), regimes(), series(), days(40))
def test_what_is_printed_adds_up(item, regime, rates, as_of):
    found = interest(item, regime, rates, as_of)
    assert found.total == sum(line.amount for line in found.segments)
    assert all(line.amount == line.amount.quantize(CENT) for line in found.segments)
    # no line is further than a cent from what it is alone, the sum never half a cent
    for line in found.segments:
        assert abs(line.amount - line.exact) <= CENT
    if regime.rounding is Rounding.INVOICE:
        assert abs(found.total - found.exact) <= CENT / 2
    # lines follow each other, and are not split without a reason
    for line, after in zip(found.segments, found.segments[1:], strict=False):
        assert line.last < after.first


@given(items(), regimes(), series(), days(40))
def test_every_payment_is_counted_in_full(item, regime, rates, as_of):
    found = claim([item], regime, rates, as_of).items[0]
    for allocated in found.allocations:
        parts = (
            allocated.costs,
            allocated.interest,
            allocated.principal,
            allocated.left_over,
        )
        assert min(parts) >= 0
        assert sum(parts) == allocated.amount
    known = [event for event in item.events if event.day <= as_of]
    payments = [event for event in known if event.kind is EventKind.PAYMENT]
    assert len(found.allocations) == len(payments)


@given(
    items(),
    regimes(**WHOLE),
    series(),
    days(40),
    st.integers(0, 400),
)
def test_adjoining_periods_add_up_to_the_cent(item, regime, rates, first, more):
    as_of = first + timedelta(more)
    whole = interest(item, regime, rates, as_of)
    early = [line for line in whole.segments if line.last <= first]
    late = interest(item, regime, rates, as_of, since=first + ONE_DAY)
    # the same walk, cut in two
    cut = interest(item, regime, rates, as_of, since=date.min)
    assert cut.total == whole.total
    # and what stood at the end of the first part, where nothing reaches back
    if all(not _reaches_back(event, regime) for event in item.events):
        before = interest(item, regime, rates, first)
        assert before.total + late.total == whole.total
        assert _same((before.exact, late.exact), whole.exact)
        assert sum(line.amount for line in early) <= before.total


def _reaches_back(event, regime):
    if event.kind is EventKind.PAYMENT:
        return False
    back = event.retroactive
    return regime.credit_notes is CreditNotes.RETROACTIVE if back is None else back


@given(items(), regimes(**WHOLE), series(), days(40), events(PAYMENTS))
def test_a_payment_never_raises_interest(item, regime, rates, as_of, payment):
    paid = replace(item, events=(*item.events, payment))
    without = interest(item, regime, rates, as_of)
    assert interest(paid, regime, rates, as_of).total <= without.total


@given(items(), regimes(**WHOLE), series(), days(40), events())
def test_nor_does_a_credit_note(item, regime, rates, as_of, event):
    note = replace(event, kind=EventKind.CREDIT_NOTE)
    reduced = replace(item, events=(*item.events, note))
    without = interest(item, regime, rates, as_of)
    # what a credit note takes off the principal can no longer be paid, so that with
    # the allocation of the law more of a payment is left over; never more is claimed
    assert interest(reduced, regime, rates, as_of).total <= without.total


@given(items(events=()), regimes(**WHOLE), series(), days(40))
def test_interest_never_shrinks_with_time(item, regime, rates, as_of):
    today = interest(item, regime, rates, as_of)
    tomorrow = interest(item, regime, rates, as_of + ONE_DAY)
    assert tomorrow.total >= today.total
    # the daily amount is what the next day brings
    assert _same((today.exact, today.daily), tomorrow.exact)


@given(
    cents(1),
    regimes(**DUE, lock=RateLock.PERIOD, compounding=False, weekend=Weekend.NONE),
    series(),
    st.integers(1, 180),
    st.integers(0, 180),
)
def test_a_rate_change_splits_exactly(amount, regime, rates, before, after):
    change = date(2024, 7, 1)
    due = change - timedelta(before + 1)
    as_of = change + timedelta(after)
    found = interest(Item(key=1, amount=amount, due_date=due), regime, rates, as_of)
    for line in found.segments:
        assert line.last < change or line.first >= change or _same_rate(rates, regime)
    last = change - ONE_DAY
    early = interest(Item(key=1, amount=amount, due_date=due), regime, rates, last)
    late = interest(Item(key=1, amount=amount, due_date=last), regime, rates, as_of)
    assert _same((early.exact, late.exact), found.exact)


def _same_rate(rates, regime):
    days = (date(2024, 6, 30), date(2024, 7, 1))
    return len({rate_on(regime, rates, day).percent for day in days}) == 1


@given(
    st.lists(cents(1, 5_000_00), min_size=1, max_size=5),
    items(events=()),
    regimes(compounding=False),
    series(),
    days(40),
)
def test_instalments_sum(parts, item, regime, rates, as_of):
    whole = interest(replace(item, amount=sum(parts)), regime, rates, as_of)
    split = [
        interest(replace(item, key=number, amount=part), regime, rates, as_of)
        for number, part in enumerate(parts)
    ]
    assert _same([found.exact for found in split], whole.exact)


@given(st.lists(items(), max_size=6), regimes(), series(), days(40))
def test_compensation_once_per_invoice_and_sums_of_the_claim(
    drawn, regime, rates, as_of
):
    drawn = [
        replace(item, key=number, invoice=number // 2, letter="letter")
        for number, item in enumerate(drawn)
    ]
    found = claim(drawn, regime, rates, as_of)
    groups = [charge.group for charge in found.charges]
    assert len(groups) == len(set(groups))
    assert found.compensation == sum(charge.amount for charge in found.charges)
    assert found.interest == sum(result.total for result in found.items)
    keys = [key for charge in found.charges for key in charge.items]
    assert len(keys) == len(set(keys))
    # who had theirs gets no second one, and it changes nothing else
    again = claim(drawn, regime, rates, as_of, already=groups)
    assert again.charges == ()
    assert again.items == found.items
    if regime.compensation and regime.compensation.per is Per.LETTER:
        assert len(groups) <= 1


@given(items(), regimes(), days(40), st.integers(0, 400))
def test_a_compensation_once_due_stays(item, regime, as_of, later):
    # events after the day are not known on it; credit notes can reach back
    assume(not any(event.kind is EventKind.CREDIT_NOTE for event in item.events))
    first = charges([item], regime, as_of)
    assert not first or charges([item], regime, as_of + timedelta(later)) == first


@given(cents(), cents(0, 10_00), compensations())
@example(Decimal(150), CENT, Compensation((Band(None, Decimal(40)),)))
def test_a_larger_claim_has_no_smaller_compensation(amount, more, compensation):
    # true of laws whose fixed parts rise at least as fast as their shares
    bands = compensation.bands
    assume(all(_rises(low, high) for low, high in zip(bands, bands[1:], strict=False)))
    smaller = compensation_of(compensation, amount)
    assert smaller <= compensation_of(compensation, amount + more)
    assert compensation.maximum is None or smaller <= compensation.maximum


def _rises(low, high):
    return high.amount >= low.amount + low.up_to * low.percent / 100
