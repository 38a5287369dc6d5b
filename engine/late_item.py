"""An open item with its history: when it is late, and what of it is open on a day.

Models build items from the ledger: payments with their value dates, credit notes,
notices and reminders. Amounts are in the currency of the item.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum

from .days import ONE_DAY, add_months, moved
from .regime import ZERO, Accrual, CreditNotes, Regime


class EventKind(str, Enum):
    PAYMENT = "payment"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that lowers the open amount.

    :param day: value date of a payment, date of a credit note.
    :param amount: above zero.
    :param retroactive: of a credit note: whether it counts from the beginning; None as
        the regime says.
    """

    day: date
    amount: Decimal
    kind: EventKind = EventKind.PAYMENT
    retroactive: bool | None = None

    def __post_init__(self):
        if self.amount <= ZERO:
            raise ValueError("a payment or credit note has an amount above zero")


@dataclass(frozen=True, slots=True)
class Waiting:
    """The time given by a reminder: its first and its last day."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An open item: an invoice, or one instalment of it, with its whole history.

    :param amount: original amount including VAT; zero or below bears nothing.
    :param invoice: key of the invoice, for instalments; None when it is its own.
    :param letter: key of the reminder letter, where a compensation is due per letter.
    :param notice: day the formal notice counts as received (first presentation).
    :param reminder: day the reminder that puts in default was received.
    :param delivered: day of delivery, or the end of the service. Given only where the
        conditions of the law hold (Luxembourg: invoiced within a month, with mention).
    :param waiting: time given by the free reminder (:mod:`engine.waiting`).
    :param announced: what the letter of that reminder says may be claimed for all its
        items together, in the currency of the compensation; None: not known.
    :param agreed_day: whether the due date is a payment day both have agreed on.
    :param starts: first day that bears interest, when somebody has decided it.
    :param stop: first day that bears no interest any more: judgment opening insolvency
        proceedings (C. com. L622-28; not for claims that arise after it), a waiver.
    :param no_compensation: whether the item gives no right to a compensation.
    """

    key: object
    amount: Decimal
    due_date: date
    invoice: object = None
    letter: object = None
    events: tuple[Event, ...] = ()
    notice: date | None = None
    reminder: date | None = None
    delivered: date | None = None
    waiting: Waiting | None = None
    announced: Decimal | None = None
    agreed_day: bool = False
    starts: date | None = None
    stop: date | None = None
    no_compensation: bool = False


def late_from(item: Item, regime: Regime, holidays: Collection[date] = ()) -> date:
    """The first day on which the item is late: the day after the last day to pay.

    Directive 2011/7/EU art. 3(3), C. com. L441-10 II: without a reminder. A due date on
    which nobody works may move first (BGB 193, CO 78); in France it does not.
    """
    return moved(item.due_date, regime.weekend, holidays) + ONE_DAY


def first_day(
    item: Item, regime: Regime, holidays: Collection[date] = ()
) -> date | None:
    """The first day that bears interest; None when nothing has set it going.

    Due date, formal notice (C. civ. 1231-6 and 1344-1: the day after it counts as
    received), reminder (CO 102, BGB 286), delivery (Luxembourg, law of 18 April 2004:
    end of the third month after it), or the time given by a reminder (CDE XIX.4).
    Never before the item is late. ``item.starts`` goes before all of that.
    """
    if item.starts is not None:
        return item.starts
    late = late_from(item, regime, holidays)
    after = {
        Accrual.DUE: late - ONE_DAY,
        Accrual.NOTICE: item.notice,
        Accrual.REMINDER: _earliest(item.reminder, item.notice),
        Accrual.DELIVERY: item.delivered,
        Accrual.WAIT_START: item.waiting and item.waiting.first - ONE_DAY,
        Accrual.WAIT_END: item.waiting and item.waiting.last,
    }[regime.accrual]
    begins = [late] if regime.agreed_day_suffices and item.agreed_day else []
    if after is not None:
        moved_on = add_months(after, regime.accrual_months)
        moved_on += timedelta(days=regime.accrual_days + 1)
        begins.append(max(late, moved_on))
    return min(begins, default=None)


def compensation_from(
    item: Item, regime: Regime, holidays: Collection[date] = ()
) -> date | None:
    """The first day on which a compensation may be claimed; None: not yet.

    With the first day of interest (D441-5: of right, from the first day late), or when
    the time given by the reminder has passed (CDE XIX.4, BW 6:96(6)).
    """
    if not regime.compensation_waits:
        return first_day(item, regime, holidays)
    if item.waiting is None:
        return None
    day = max(late_from(item, regime, holidays), item.waiting.last + ONE_DAY)
    return day if item.starts is None else max(day, item.starts)


def bearing_on(item: Item, regime: Regime, day: date, as_of: date) -> Decimal:
    """The principal that is open on a day as far as it is known on another.

    As the ledger has it: every payment lowers the principal. For the size of the debt
    on the day a compensation becomes due (1998 Act s. 5A, CDE XIX.4).
    """
    left = item.amount
    for event in item.events:
        if event.day <= as_of and effective_from(event, regime, day) <= day:
            left -= event.amount
    return max(left, ZERO)


def effective_from(event: Event, regime: Regime, begin: date | None) -> date:
    """The first day on which an event lowers what bears interest.

    A payment the day after it was made, on the day when the money was at the creditor's
    disposal (C. com. L441-9); a credit note on its own day, or before all: no law says.
    """
    if event.kind is EventKind.PAYMENT:
        return event.day + ONE_DAY
    retroactive = event.retroactive
    if retroactive is None:
        retroactive = regime.credit_notes is CreditNotes.RETROACTIVE
    return min(event.day, begin or event.day) if retroactive else event.day


def _earliest(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)
