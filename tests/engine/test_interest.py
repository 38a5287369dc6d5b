"""Interest where a worked case cannot say it: what is missing, cut, rounded, locked."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from engine.interest import Costs, interest, round_to
from engine.late_item import (
    Event,
    EventKind,
    Item,
    Waiting,
    compensation_from,
    first_day,
)
from engine.rates import RateMissing, Status
from engine.regime import (
    Accrual,
    Allocation,
    Divisor,
    RateLock,
    Rounding,
    Terms,
    with_terms,
)
from lawcases import shipped

LAW = shipped()
FRANCE = LAW.regimes["FR_B2B"]


def day(text):
    return date.fromisoformat(text)


def paid(text, amount, kind=EventKind.PAYMENT):
    return Event(day(text), Decimal(amount), kind)


def item(amount="3650", due="2026-03-31", *events, **other):
    return Item(
        key="F1",
        amount=Decimal(amount),
        due_date=day(due),
        events=events,
        **other,
    )


def up_to(text, of, regime=FRANCE, **options):
    return interest(of, regime, LAW.series, day(text), **options)


# --- rates that are missing -----------------------------------------------------------


def test_half_year_without_a_rate_raises():
    with pytest.raises(RateMissing, match="EU_ECB has no rate for 2027-S1"):
        up_to("2027-01-01", item())


def test_or_the_count_ends_before_it_and_says_so():
    found = up_to("2027-03-31", item(), partial=True)
    assert found.missing.period == "2027-S1"
    assert found.until == day("2026-12-31")
    assert found.segments[-1].last == day("2026-12-31")
    whole = up_to("2026-12-31", item())
    assert whole.missing is None
    assert (found.total, found.segments) == (whole.total, whole.segments)


def test_nothing_at_all_is_known():
    found = up_to("2027-03-31", item(due="2027-01-31"), partial=True)
    assert (found.total, found.daily, found.segments) == (0, 0, ())
    assert found.missing.period == "2027-S1"


def test_a_locked_rate_needs_no_later_ones():
    public = LAW.regimes["FR_PUBLIC"]
    found = up_to("2027-03-31", item(due="2026-12-21"), public)
    [line] = found.segments
    assert (line.rate, line.days) == (Decimal("10.40"), 100)


def test_paid_before_the_half_year_that_is_missing():
    found = up_to("2027-03-31", item("3650", "2026-12-21", paid("2026-12-31", "3650")))
    assert found.days == 10


def test_daily_amount_uses_the_last_known_rate():
    found = up_to("2026-12-31", item())
    assert found.daily == Decimal("1.24")
    # and the next half-year's where that is known
    assert up_to("2026-06-30", item()).daily == Decimal("1.24")
    assert up_to("2026-06-29", item()).daily == Decimal("1.215")


def test_least_sure_rate():
    assert up_to("2026-04-30", item()).status is Status.CONFIRMED
    germany = LAW.regimes["DE_B2B"]
    found = up_to("2026-07-31", item(), germany)
    assert [line.status for line in found.segments] == [
        Status.CONFIRMED,
        Status.DERIVED,
    ]
    assert found.status is Status.DERIVED
    italy = LAW.regimes["IT_B2C"]
    found = up_to("2026-07-31", item(notice=day("2026-04-01")), italy)
    assert found.status is Status.UNCONFIRMED


# --- when it begins and ends ----------------------------------------------------------


@pytest.mark.parametrize(
    ("accrual", "facts", "begins"),
    [
        (Accrual.DUE, {}, "2026-04-01"),
        (Accrual.NOTICE, {}, None),
        (Accrual.NOTICE, {"notice": day("2026-05-10")}, "2026-05-11"),
        # a notice before the due date sets nothing going earlier
        (Accrual.NOTICE, {"notice": day("2026-03-10")}, "2026-04-01"),
        (Accrual.REMINDER, {"reminder": day("2026-05-10")}, "2026-05-11"),
        (Accrual.REMINDER, {"notice": day("2026-05-10")}, "2026-05-11"),
        (Accrual.NOTICE, {"reminder": day("2026-05-10")}, None),
        (Accrual.DELIVERY, {"delivered": day("2026-03-01")}, "2026-04-01"),
        (Accrual.DELIVERY, {"delivered": day("2026-04-11")}, "2026-04-12"),
        (Accrual.NOTICE, {"starts": day("2026-06-01")}, "2026-06-01"),
        (Accrual.WAIT_END, {}, None),
    ],
)
def test_first_day(accrual, facts, begins):
    waits = {"wait": LAW.regimes["BE_B2C"].wait}
    regime = replace(FRANCE, accrual=accrual, **waits)
    expected = begins and day(begins)
    assert first_day(item(**facts), regime) == expected


def test_first_day_after_a_waiting_time():
    belgium = LAW.regimes["BE_B2C"]
    waiting = Waiting(day("2026-05-01"), day("2026-05-14"))
    assert first_day(item(waiting=waiting), belgium) == day("2026-05-15")
    small = replace(belgium, accrual=Accrual.WAIT_START)
    assert first_day(item(waiting=waiting), small) == day("2026-05-01")
    assert compensation_from(item(waiting=waiting), small) == day("2026-05-15")
    assert compensation_from(item(), small) is None


def test_months_and_days_after():
    luxembourg = LAW.regimes["LU_B2C"]
    delivered = item(due="2026-01-15", delivered=day("2025-11-30"))
    assert first_day(delivered, luxembourg) == day("2026-03-01")
    later = replace(FRANCE, accrual_days=8)
    assert first_day(item(), later) == day("2026-04-09")


def test_agreed_day_does_alone_where_the_law_says_so():
    switzerland = LAW.regimes["CH"]
    assert first_day(item(), switzerland) is None
    assert first_day(item(agreed_day=True), switzerland) == day("2026-04-01")
    assert first_day(item(agreed_day=True), LAW.regimes["FR_B2C"]) is None


def test_holidays_of_the_due_date():
    germany = LAW.regimes["DE_B2B"]
    friday = item(due="2026-05-01")
    assert first_day(friday, germany) == day("2026-05-02")
    assert first_day(friday, germany, {day("2026-05-01")}) == day("2026-05-05")
    assert first_day(friday, FRANCE, {day("2026-05-01")}) == day("2026-05-02")


def test_stop_ends_it_for_good():
    found = up_to("2026-06-30", item(stop=day("2026-04-11")))
    assert (found.days, found.total, found.daily) == (10, Decimal("12.15"), 0)
    assert found.until == day("2026-04-10")


def test_payments_after_the_stop_still_count():
    late = item("3650", "2026-03-31", paid("2026-05-01", "650"), stop=day("2026-04-11"))
    found = up_to("2026-06-30", late)
    assert (found.total, found.principal) == (Decimal("12.15"), 3000)
    taken = up_to("2026-06-30", late, _allocating(Allocation.INTEREST_FIRST))
    assert taken.taken == Decimal("12.15")
    assert taken.principal == Decimal("3012.15")


def test_what_is_not_known_yet_does_not_count():
    future = item("3650", "2026-03-31", paid("2026-04-20", "3650"))
    assert up_to("2026-04-10", future).principal == 3650
    assert up_to("2026-04-10", future).allocations == ()


@pytest.mark.parametrize("amount", ["0", "-100"])
def test_credit_bears_nothing(amount):
    found = up_to("2026-06-30", item(amount))
    assert (found.total, found.daily, found.principal) == (0, 0, 0)


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_event_without_an_amount(amount):
    with pytest.raises(ValueError, match="above zero"):
        paid("2026-04-01", amount)


# --- part payments --------------------------------------------------------------------


def _allocating(how):
    return replace(FRANCE, allocation=how)


def test_overpaid():
    found = up_to("2026-06-30", item("100", "2026-03-31", paid("2026-04-10", "150")))
    [allocated] = found.allocations
    assert (allocated.principal, allocated.left_over) == (100, 50)
    assert found.principal == 0


def test_costs_come_first_only_when_they_are_due():
    early = item("3650", "2026-03-31", paid("2026-03-20", "100"))
    costs = Costs(Decimal(40), day("2026-04-01"))
    found = up_to("2026-04-10", early, _allocating(Allocation.COSTS_FIRST), costs=costs)
    assert (found.costs_taken, found.principal) == (0, 3550)
    late = item("3650", "2026-03-31", paid("2026-04-01", "30"))
    found = up_to("2026-04-10", late, _allocating(Allocation.COSTS_FIRST), costs=costs)
    assert (found.costs_taken, found.taken, found.principal) == (30, 0, 3650)
    # elsewhere costs are nobody's business
    found = up_to("2026-04-10", late, costs=costs)
    assert (found.costs_taken, found.principal) == (0, 3620)


def test_interest_not_paid_stays_open():
    early = item("3650", "2026-03-31", paid("2026-04-10", "10"))
    found = up_to("2026-04-20", early, _allocating(Allocation.INTEREST_FIRST))
    assert (found.taken, found.principal, found.total) == (10, 3650, Decimal("24.30"))
    assert found.open == Decimal("14.30")
    assert len(found.segments) == 1, "the base did not change"


# --- other ways to count --------------------------------------------------------------


def test_leap_years():
    actual = replace(FRANCE, divisor=Divisor.ACTUAL)
    found = up_to("2025-01-10", item("36600", "2024-12-21"), actual)
    first, second = found.segments
    assert (first.divisor, first.exact) == (366, Decimal("142.50"))
    assert (second.divisor, second.days) == (365, 10)
    # both years have one rate here: split by the divisor alone
    contract = with_terms(actual, Terms(rate=Decimal(10)))
    found = up_to("2025-01-10", item("36600", "2024-12-21"), contract)
    assert [line.divisor for line in found.segments] == [366, 365]


def test_year_of_360_days():
    regime = replace(FRANCE, divisor=Divisor.D360)
    assert up_to("2026-04-10", item("3600"), regime).total == Decimal("12.15")


def test_rate_of_the_payment_day():
    ireland = replace(LAW.regimes["IT_B2B"], lock=RateLock.PAYMENT)
    history = item(
        "7300",
        "2026-06-20",
        paid("2026-06-30", "3650"),
        paid("2026-07-10", "3650"),
    )
    found = up_to("2026-08-31", history, ireland)
    assert [line.rate for line in found.segments] == [Decimal("10.15"), Decimal("10.4")]
    unpaid = item("3650", "2026-06-20")
    [line] = up_to("2026-07-10", unpaid, ireland).segments
    assert (line.rate, line.days) == (Decimal("10.4"), 20)


def test_interest_on_interest_of_full_years_only():
    dutch = LAW.regimes["NL_B2B"]
    found = up_to("2025-12-31", item("36500", "2024-12-31"), dutch)
    assert found.total == Decimal("3885.75")
    assert found.capitalised == ((day("2026-01-01"), Decimal("3885.75")),)
    assert found.principal == 36500
    # from tomorrow on 40 385.75 bear interest
    assert round_to(found.daily) == Decimal("11.23")


def test_nothing_bears_interest_once_the_principal_is_paid():
    dutch = LAW.regimes["NL_B2B"]
    history = item("36500", "2024-12-31", paid("2026-01-10", "36500"))
    found = up_to("2026-12-31", history, dutch)
    assert found.segments[-1].last == day("2026-01-10")
    assert found.daily == 0
    early = item("36500", "2024-12-31", paid("2025-12-30", "36500"))
    assert up_to("2026-12-31", early, dutch).capitalised == ()


def test_payment_takes_interest_out_of_the_base_again():
    dutch = replace(LAW.regimes["NL_B2B"], allocation=Allocation.INTEREST_FIRST)
    history = item("36500", "2024-12-31", paid("2026-01-10", "4000"))
    found = up_to("2026-01-20", history, dutch)
    # 3885.75 of the year, 112.31 since; 1.94 are left for the principal
    assert found.taken == Decimal("3998.06")
    assert found.principal == Decimal("36498.06")
    assert found.segments[-1].base == Decimal("36498.06")


# --- rounding -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "unit", "rounded"),
    [
        ("0.005", "0.01", "0.01"),
        ("0.00499999", "0.01", "0.00"),
        ("2.675", "0.01", "2.68"),
        ("12.49", "1", "12"),
        ("12.5", "1", "13"),
        ("7.43", "0.05", "7.45"),
        ("7.42", "0.05", "7.40"),
    ],
)
def test_half_up(amount, unit, rounded):
    assert round_to(Decimal(amount), Decimal(unit)) == Decimal(rounded)


def test_lines_are_made_to_add_up_to_the_sum():
    # 11.657205 and 3.386644: alone 11.66 and 3.39, together 15.04
    consumer = item("1450", "2026-01-15", notice=day("2026-03-10"))
    found = up_to("2026-07-31", consumer, LAW.regimes["FR_B2C"])
    assert [line.amount for line in found.segments] == [
        Decimal("11.66"),
        Decimal("3.38"),
    ]
    assert found.total == Decimal("15.04")
    lines = replace(LAW.regimes["FR_B2C"], rounding=Rounding.LINE)
    found = up_to("2026-07-31", consumer, lines)
    assert [line.amount for line in found.segments] == [
        Decimal("11.66"),
        Decimal("3.39"),
    ]
    assert found.total == Decimal("15.05")


def test_by_line_a_payment_ends_a_line():
    lines = replace(
        FRANCE, rounding=Rounding.LINE, allocation=Allocation.INTEREST_FIRST
    )
    small = item("365", "2026-03-31", paid("2026-04-05", "0.10"))
    found = up_to("2026-04-10", small, lines)
    # five days of 0.6075 each time
    assert [line.amount for line in found.segments] == [Decimal("0.61")] * 2


def test_unit_of_the_currency():
    yen = up_to("2026-04-10", item("365000"), unit=Decimal(1))
    assert yen.total == 1215
    francs = up_to("2026-04-10", item("3660"), unit=Decimal("0.05"))
    assert francs.total == Decimal("12.20")


def test_sums_of_segments_have_no_remainder():
    # 1/3 and 1/6 of 0.01 are half a cent together, which decimals alone would miss
    regime = replace(with_terms(FRANCE, Terms(rate=Decimal(12))), divisor=Divisor.D360)
    # a day of 10 at 12 % is 1/3 of a cent; one of 5 is 1/6
    history = item("10", "2026-01-31", paid("2026-02-01", "5"))
    found = up_to("2026-02-02", history, regime)
    assert found.exact == Decimal("0.005")
    assert found.total == Decimal("0.01")


# --- parts of the time ----------------------------------------------------------------


def test_since():
    history = item("3650", "2026-03-31", paid("2026-04-20", "650"))
    before = up_to("2026-04-10", history)
    after = up_to("2026-04-30", history, since=day("2026-04-11"))
    whole = up_to("2026-04-30", history)
    assert [line.first for line in after.segments] == [
        day("2026-04-11"),
        day("2026-04-21"),
    ]
    assert before.total + after.total == whole.total
    assert len(after.allocations) == 1
    assert up_to("2026-04-30", history, since=day("2026-05-01")).total == 0
    assert up_to("2026-04-30", history, since=day("2026-01-01")) == whole
