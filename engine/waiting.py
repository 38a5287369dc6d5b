"""What the law forbids a message to a customer to claim, and from when it may.

Consumers first: in France no cost of recovery before a title (CPCE L111-8); in Belgium
a free first reminder with a fixed content, fourteen days, and then no more than the
clause of the contract and the law allow (CDE book XIX); in the Netherlands the
fourteen-day letter (BW 6:96(6)). What the regime does not allow is refused with the
name of the rule; nothing is claimed less silently.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum

from .compensation import allowed_compensation
from .days import ONE_DAY, working_day_after
from .late_item import Waiting
from .limitation import Standing, standing
from .regime import CENT, ZERO, Clause, Debtor, Regime


class Channel(str, Enum):
    EMAIL = "email"
    LETTER = "letter"


def waiting_time(
    regime: Regime,
    sent: date,
    channel: Channel,
    *,
    received: date | None = None,
    holidays: Collection[date] = (),
) -> Waiting | None:
    """The time a reminder gave the debtor; None where the regime knows none.

    Belgium (CDE XIX.2): fourteen calendar days which begin on the day after an e-mail,
    and on the third working day after a letter was posted; Saturdays are not counted
    as working days, which can only give the debtor more time. Netherlands (BW 6:96(6)):
    fourteen days from the day after the letter was received.

    :param received: day of receipt where it is known; counts only where the law counts
        from it.
    """
    wait = regime.wait
    if wait is None:
        return None
    if wait.from_receipt and received is not None:
        first = received + ONE_DAY
    elif channel is Channel.EMAIL:
        first = sent + timedelta(days=wait.email)
    elif wait.letter_working:
        first = working_day_after(sent, wait.letter, holidays)
    else:
        first = sent + timedelta(days=wait.letter)
    return Waiting(first, first + timedelta(days=wait.days - 1))


def reminder_fee(
    regime: Regime,
    asked: Decimal,
    *,
    sent: int,
    sent_this_year: int = 0,
    regular: bool = False,
    postage: Decimal = ZERO,
) -> Decimal:
    """What of a fee for one reminder may be charged, at most what was asked.

    Belgium (CDE XIX.2): the first reminder of a debt is free, and three per calendar
    year where goods or services are supplied regularly; each further one costs at most
    7.50 EUR and postage. France (CPCE L111-8): nothing. Germany (BGH 26 June 2019,
    VIII ZR 95/18): the first is free, then what was really spent.

    :param sent: reminders of this debt before this one.
    :param sent_this_year: reminders to the debtor in this calendar year before it.
    :param regular: whether the contract is one of regular supply.
    :param postage: what posting it costs.
    """
    rule = regime.reminders
    if sent < rule.free:
        return ZERO
    if regular and rule.free_per_year and sent_this_year < rule.free_per_year:
        return ZERO
    if rule.maximum is None:
        return max(asked, ZERO)
    most = rule.maximum + (postage if rule.postage else ZERO)
    return max(min(asked, most), ZERO)


class Rule(str, Enum):
    """Why something may not be claimed."""

    BARRED = "barred"  # the claim is out of time
    INSOLVENT = "insolvent"  # proceedings have begun
    NO_FEE = "no_fee"  # the law forbids any cost to this debtor
    NO_CLAUSE = "no_clause"  # the contract has no clause that allows it
    NO_REMINDER = "no_reminder"  # no free reminder with the required content before
    WAITING = "waiting"  # the time it gave has not passed
    TOO_MUCH = "too_much"  # more than the law or the clause allow
    REMINDER_FEE = "reminder_fee"  # this reminder is free, or may cost less
    NO_INTEREST = "no_interest"  # nothing has set interest going
    NOT_YET = "not_yet"  # interest of days before it began


@dataclass(frozen=True, slots=True)
class Asked:
    """What a message would claim beside the principal; zero: it does not claim it.

    :param interest: and the first day it is claimed for.
    """

    compensation: Decimal = ZERO
    reminder_fee: Decimal = ZERO
    interest: Decimal = ZERO
    interest_from: date | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when the message is issued.

    :param principal: what is open, in the currency of the compensation.
    :param interest_begins: :func:`engine.late_item.first_day`; None: it has not begun.
    :param waiting: time the free reminder gave; None: none was sent that counts.
    :param fee_allowed: :func:`reminder_fee`.
    :param last_day: :func:`engine.limitation.last_safe_day`.
    :param insolvent_since: day of the judgment.
    """

    day: date
    principal: Decimal
    interest_begins: date | None = None
    waiting: Waiting | None = None
    fee_allowed: Decimal = ZERO
    vat_percent: Decimal = ZERO
    last_day: date | None = None
    insolvent_since: date | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule that a message would break.

    :param basis: article of the law, from the regime; empty where it names none.
    :param limit: the most that may be claimed, or None.
    :param day: the day from which it may, or after which it may not; or None.
    """

    rule: Rule
    basis: str = ""
    limit: Decimal | None = None
    day: date | None = None


def refusals(
    regime: Regime, asked: Asked, situation: Situation, unit: Decimal = CENT
) -> tuple[Refusal, ...]:
    """The rules a message would break; none: it may go out.

    :param unit: smallest unit of the currency of the compensation.
    """
    found = [
        *_whole(regime, situation),
        *_compensation(regime, asked, situation, unit),
        *_fee(asked, situation),
        *_interest(asked, situation),
    ]
    return tuple(
        Refusal(
            refusal.rule,
            regime.bases.get(refusal.rule.value, ""),
            refusal.limit,
            refusal.day,
        )
        for refusal in found
    )


def _whole(regime, situation):
    if (
        Debtor.CONSUMER in regime.debtors
        and standing(situation.last_day, situation.day) is Standing.BARRED
    ):
        yield Refusal(Rule.BARRED, day=situation.last_day)
    since = situation.insolvent_since
    if since is not None and since <= situation.day:
        yield Refusal(Rule.INSOLVENT, day=since)


def _compensation(regime, asked, situation, unit):
    if asked.compensation <= ZERO:
        return
    if regime.compensation is None and regime.contract_compensation is None:
        yield Refusal(Rule.NO_FEE, limit=ZERO)
        return
    lacks_clause = regime.contract_compensation is None and regime.clause_capped
    if lacks_clause and regime.clause is Clause.REQUIRED:
        yield Refusal(Rule.NO_CLAUSE, limit=ZERO)
        return
    if regime.compensation_waits:
        if situation.waiting is None:
            yield Refusal(Rule.NO_REMINDER)
        elif situation.day <= situation.waiting.last:
            yield Refusal(Rule.WAITING, day=situation.waiting.last + ONE_DAY)
    most = allowed_compensation(
        regime, situation.principal, vat_percent=situation.vat_percent, unit=unit
    )
    if asked.compensation > most:
        yield Refusal(Rule.TOO_MUCH, limit=most)


def _fee(asked, situation):
    if asked.reminder_fee > max(situation.fee_allowed, ZERO):
        yield Refusal(Rule.REMINDER_FEE, limit=max(situation.fee_allowed, ZERO))


def _interest(asked, situation):
    if asked.interest <= ZERO:
        return
    begins = situation.interest_begins
    if begins is None:
        yield Refusal(Rule.NO_INTEREST, limit=ZERO)
    elif begins > situation.day:
        yield Refusal(Rule.NOT_YET, limit=ZERO, day=begins)
    elif asked.interest_from is not None and asked.interest_from < begins:
        yield Refusal(Rule.NOT_YET, day=begins)
