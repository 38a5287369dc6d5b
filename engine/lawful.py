"""Which levels of a policy the law lets be told of an item, and which it never will.

Some laws let a message claim nothing beside the debt itself before a free reminder with
a fixed content has had its time (Belgium, CDE book XIX; Netherlands, BW 6:96(6)). A
level that claims all the same is refused there, with the name of the rule;
:mod:`engine.escalation` looks at what :func:`refused_levels` says about each item.

Where the law simply knows no such claim (interest of French consumers before the
formal notice, their compensation; the lump sum of Belgian consumers whose contract has
no clause, CDE XIX.4), the level is lawful: its message goes out without it, and a claim
of nothing breaks no rule. :func:`findings` says both about a policy before anybody is
reminded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum

from .compensation import allowed_compensation
from .days import working_day_after
from .escalation import Refused
from .late_item import Waiting
from .regime import CENT, Accrual, Regime
from .waiting import Asked, Refusal, Rule, Situation, refusals

#: interest that begins with the time a free reminder gives, or ends with it
AFTER_REMINDER = (Accrual.WAIT_START, Accrual.WAIT_END)


@dataclass(frozen=True, slots=True)
class Step:
    """A level as the law looks at it.

    :param key: identifies the level to the caller.
    :param days: after the due date; negative levels announce it.
    :param compensation: it claims a fixed compensation.
    :param interest: it claims interest.
    :param written: e-mail or letter is its first channel: a call is no reminder that
        the law counts.
    """

    key: int
    days: int
    compensation: bool = False
    interest: bool = False
    written: bool = True

    @property
    def claims(self) -> bool:
        return self.compensation or self.interest


def needs_reminder(regime: Regime) -> bool:
    """Whether a free reminder with a fixed content comes before all costs.

    Then the first message about an item has to be one.
    """
    return regime.wait is not None


def needs_clause(regime: Regime) -> bool:
    """Whether the law of that country allows no compensation without a clause.

    Such a regime is the one for customers whose contract has none (CDE XIX.4).
    """
    none = regime.compensation is None and regime.contract_compensation is None
    return none and Rule.NO_CLAUSE.value in regime.bases


def gives_compensation(regime: Regime) -> bool:
    """Whether law and contract give a compensation at all, of whatever amount.

    A regime that needs a clause stands, without terms put in, for those who have one.
    """
    if regime.compensation is None and regime.contract_compensation is None:
        return False
    has_terms = regime.contract_rate is not None
    lacks = has_terms and regime.contract_compensation is None
    return not (regime.clause_capped and lacks)


def gives_interest(regime: Regime) -> bool:
    """Whether law and contract give interest at all."""
    if regime.contract_rate is not None:
        return regime.contract_rate > 0
    return regime.series is not None or regime.fixed_rate is not None


def refused_levels(
    regime: Regime | None,
    steps: Iterable[Step],
    *,
    day: date,
    principal: Decimal,
    waiting: Waiting | None,
    unit: Decimal = CENT,
) -> Mapping[int, Refused]:
    """The levels that would claim what the law does not allow of the item, by key.

    :param regime: with the terms of the contract in it; None: no law is known, and
        nothing is claimed.
    :param principal: what is open of the item, in the currency of the compensation.
    :param waiting: time its free reminder gave; None: none has gone out that counts.
    """
    if regime is None or not needs_reminder(regime):
        return {}
    found = {}
    for step in steps:
        refusal = step.claims and _refusal(regime, step, day, principal, waiting, unit)
        if refusal:
            found[step.key] = Refused(
                refusal.rule.value,
                refusal.basis,
                refusal.day,
                _days_after(regime, day) if refusal.rule is Rule.NO_REMINDER else None,
            )
    return found


def _refusal(regime, step, day, principal, waiting, unit) -> Refusal | None:
    asked = Asked(
        compensation=_asked_compensation(regime, principal, unit, step),
        interest=unit if _interest_waits(regime, step) else Decimal(0),
    )
    begins = None
    if waiting:
        ends = regime.accrual is Accrual.WAIT_END
        begins = waiting.last + timedelta(days=1) if ends else waiting.first
    known = Situation(day, principal, interest_begins=begins, waiting=waiting)
    found = refusals(regime, asked, known, unit)
    # interest that has not begun: for the same want of a reminder
    return next((_named(regime, refusal) for refusal in found), None)


def _asked_compensation(regime, principal, unit, step) -> Decimal:
    """What the level would claim: what law and contract give, and no more."""
    if not step.compensation:
        return Decimal(0)
    return allowed_compensation(regime, principal, unit=unit)


def _interest_waits(regime, step) -> bool:
    """Whether the level claims interest that runs with the free reminder's time."""
    return step.interest and regime.accrual in AFTER_REMINDER and gives_interest(regime)


def _named(regime: Regime, refusal: Refusal) -> Refusal:
    names = {Rule.NO_INTEREST: Rule.NO_REMINDER, Rule.NOT_YET: Rule.WAITING}
    rule = names.get(refusal.rule, refusal.rule)
    return Refusal(
        rule, regime.bases.get(rule.value, refusal.basis), refusal.limit, refusal.day
    )


def _days_after(regime: Regime, day: date) -> int:
    """How long after a reminder a level may claim, at the latest: by letter."""
    wait = regime.wait
    first = day + timedelta(days=wait.letter)
    if wait.letter_working:
        first = working_day_after(day, wait.letter)
    first = max(first, day + timedelta(days=wait.email))
    return (first - day).days + wait.days


# --- about a policy -------------------------------------------------------------------


class Verdict(str, Enum):
    """What the law makes of a level, for customers of one regime."""

    NEVER = "never"  # refused whatever happens
    WAITS = "waits"  # told later than the policy says
    WITHOUT = "without"  # goes out, but claims nothing of it


@dataclass(frozen=True, slots=True)
class Finding:
    """One level that the law does not let be as the policy has it.

    :param key: of the level.
    :param basis: article; empty where none is known.
    :param days: with *waits*: days after the message before at which it may be told.
    """

    key: int
    verdict: Verdict
    rule: Rule
    basis: str = ""
    days: int | None = None


def findings(regime: Regime, steps: Sequence[Step]) -> tuple[Finding, ...]:
    """What the law says about the levels of a policy, for customers of a regime.

    * *never*: no earlier level is a free reminder (in writing, after the due date,
      claiming nothing) that the law wants before what it claims;
    * *waits*: it follows its free reminder before the time that gave is over;
    * *without*: the law knows no such claim, or the contract has no clause that gives
      one; its messages go out without it.
    """
    steps = sorted(steps, key=lambda step: step.days)
    found: list[Finding] = []
    free: Step | None = None
    for step in steps:
        if step.days > 0 and step.written and not step.claims:
            free = free or step
        found += _findings(regime, step, free)
    return tuple(found)


def _findings(regime, step, free):
    def say(verdict, rule, days=None):
        return Finding(step.key, verdict, rule, regime.bases.get(rule.value, ""), days)

    given = step.compensation and gives_compensation(regime)
    if step.compensation and not given:
        clause = needs_clause(regime) or regime.clause_capped
        yield say(Verdict.WITHOUT, Rule.NO_CLAUSE if clause else Rule.NO_FEE)
    if not needs_reminder(regime) or not (given or _interest_waits(regime, step)):
        return
    wait = regime.wait.email + regime.wait.days
    if free is None:
        yield say(Verdict.NEVER, Rule.NO_REMINDER)
    elif step.days - free.days < wait:
        yield say(Verdict.WAITS, Rule.WAITING, wait)
