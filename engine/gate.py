"""Whether an order or invoice may go on, who may let it, and what would cure it.

The gate looks at several documents at once, so that ten drafts which would each fit
under a limit cannot pass together. They are judged in their order; what passes uses up
the limit for those behind it, and what is held does not. Amounts are in company
currency.

What is held, and what is not:

* a document that asks for nothing (amount zero, or paid in advance) always passes;
* what the customer already owes or has ordered is in the *used* amount; a document only
  adds what is new. An invoice of what was ordered adds nothing: the decision was taken
  with the order, the claim exists, and holding its invoice would only delay the money.
  Such an invoice is warned about at most;
* everything else follows the rules of the customer's class, one rule for each cause.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import Enum

ZERO = Decimal(0)
HUNDRED = Decimal(100)


class Rule(str, Enum):
    """What a class wants to happen for a cause."""

    NOTHING = "nothing"
    WARN = "warn"
    BLOCK = "block"


class Kind(str, Enum):
    PASS = "pass"
    WARN = "warn"
    BLOCK = "block"
    RELEASED = "released"  # would be held, but somebody has decided


class Cause(str, Enum):
    """Why a document may be held, in the order in which people read it."""

    MANUAL = "manual"
    LIMIT = "limit"
    NEAR = "near"  # the limit is not exceeded, but nearly used up
    OVERDUE = "overdue"
    LEVEL = "level"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a class.

    :param overdue_days: days an item may be late; only what is later counts, and the
        facts of the customer are fetched with it.
    """

    manual: Rule = Rule.BLOCK
    limit: Rule = Rule.BLOCK
    overdue: Rule = Rule.NOTHING
    level: Rule = Rule.NOTHING
    review: Rule = Rule.NOTHING
    overdue_days: int = 0


# For customers in no class: an enforced limit is meant, and so is a hold set by hand.
UNCLASSED = Rules()


@dataclass(frozen=True, slots=True)
class Account:
    """The limit that one customer, or a group of them, uses up.

    :param used: exposure without the documents at hand, but with the orders behind
        them.
    :param limit: None when no limit is enforced; zero means zero.
    :param warn_at: uses of the limit, in percent, from which people are warned; 0 is
        off.
    """

    used: Decimal = ZERO
    limit: Decimal | None = None
    warn_at: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Customer:
    """What is known of a customer besides the limit.

    :param account: key of the account used up.
    :param overdue: what is late by more than the tolerated days, less credits.
    :param days: days late of the oldest such item.
    :param level: the firmest level told counts for the class.
    :param on_hold: set by hand.
    :param review_due: the day of the next review, when it has passed.
    """

    account: object
    rules: Rules = UNCLASSED
    overdue: Decimal = ZERO
    days: int = 0
    level: bool = False
    on_hold: bool = False
    review_due: date | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """An order or invoice about to be confirmed.

    :param rank: documents are judged in this order; what comes first is served first.
    :param amount: what it asks of the customer.
    :param ordered: the part of it that is counted among the orders already.
    :param prepaid: the part that was paid for it and is not in the ledger yet.
    :param approved: the amount somebody has released it for; None without release.
    :param approved_causes: what was known when it was released.
    """

    key: object
    customer: object
    amount: Decimal
    rank: tuple = ()
    ordered: Decimal = ZERO
    prepaid: Decimal = ZERO
    approved: Decimal | None = None
    approved_causes: Collection[Cause] = ()

    @property
    def at_risk(self) -> Decimal:
        return self.amount - self.prepaid

    @property
    def new(self) -> Decimal:
        """What it adds to the exposure; never below zero."""
        return max(self.at_risk - max(self.ordered, ZERO), ZERO)


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause with its figures.

    :param amount: by how much the limit is exceeded; what is overdue.
    :param free: what of the limit is free before the document.
    :param limit: the limit.
    :param days: days late.
    :param percent: use of the limit after the document.
    :param day: since when the review is due.
    """

    cause: Cause
    rule: Rule
    amount: Decimal = ZERO
    free: Decimal = ZERO
    limit: Decimal = ZERO
    days: int = 0
    percent: int = 0
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens to a document, and why.

    :param reasons: all that speak against it, also those that only warn.
    """

    kind: Kind
    reasons: tuple[Reason, ...] = ()
    new: Decimal = ZERO

    @property
    def blocking(self) -> tuple[Reason, ...]:
        return tuple(r for r in self.reasons if r.rule is Rule.BLOCK)

    @property
    def excess(self) -> Decimal:
        """By how much the limit is exceeded; zero when it is not."""
        return sum((r.amount for r in self.reasons if r.cause is Cause.LIMIT), ZERO)


PASSED = Verdict(Kind.PASS)


def judge(
    documents: Iterable[Document],
    customers: Mapping[object, Customer],
    accounts: Mapping[object, Account],
) -> dict[object, Verdict]:
    """Judge documents that are to be confirmed together.

    :return: ``{document key: Verdict}``, in the order of judgement.
    """
    used = {key: account.used for key, account in accounts.items()}
    verdicts = {}
    for document in sorted(documents, key=lambda d: d.rank):
        customer = customers[document.customer]
        account = accounts[customer.account]
        verdict = _judge_one(document, customer, account, used[customer.account])
        if verdict.kind is not Kind.BLOCK:
            used[customer.account] += document.new
        verdicts[document.key] = verdict
    return verdicts


def _judge_one(document, customer, account, used) -> Verdict:
    if document.at_risk <= ZERO or document.amount <= ZERO:
        return PASSED
    reasons = [
        reason
        for reason in _causes(document, customer, account, used)
        if reason.rule is not Rule.NOTHING
    ]
    if document.new <= ZERO:
        reasons = [_softened(reason) for reason in reasons]
    blocking = {reason.cause for reason in reasons if reason.rule is Rule.BLOCK}
    if not reasons:
        kind = Kind.PASS
    elif not blocking:
        kind = Kind.WARN
    elif (
        document.approved is not None
        and document.amount <= document.approved
        and blocking <= set(document.approved_causes)
    ):
        kind = Kind.RELEASED
    else:
        kind = Kind.BLOCK
    return Verdict(kind, tuple(reasons), document.new)


def _causes(document, customer, account, used):
    rules = customer.rules
    if customer.on_hold:
        yield Reason(Cause.MANUAL, rules.manual)
    if account.limit is not None and document.new > ZERO:
        after = used + document.new
        if after > account.limit:
            yield Reason(
                Cause.LIMIT,
                rules.limit,
                amount=after - account.limit,
                free=account.limit - used,
                limit=account.limit,
            )
        elif rules.limit is not Rule.NOTHING and _near(account, after):
            yield Reason(
                Cause.NEAR,
                Rule.WARN,
                free=account.limit - after,
                limit=account.limit,
                percent=int(after * HUNDRED / account.limit),
            )
    if customer.overdue > ZERO:
        yield Reason(
            Cause.OVERDUE, rules.overdue, amount=customer.overdue, days=customer.days
        )
    if customer.level:
        yield Reason(Cause.LEVEL, rules.level)
    if customer.review_due:
        yield Reason(Cause.REVIEW, rules.review, day=customer.review_due)


def _near(account, after):
    """Whether the use of the limit has reached a level at which people are warned."""
    return account.limit > ZERO and any(
        level and after * HUNDRED >= level * account.limit for level in account.warn_at
    )


def _softened(reason):
    return replace(reason, rule=Rule.WARN) if reason.rule is Rule.BLOCK else reason


# === WHO MAY RELEASE === #


@dataclass(frozen=True, slots=True)
class Bracket:
    """Who releases up to an amount.

    :param up_to: None means any amount.
    :param people: who may, in the order in which they are asked.
    """

    up_to: Decimal | None
    people: tuple[int, ...] = ()

    def covers(self, amount: Decimal) -> bool:
        return self.up_to is None or amount <= self.up_to


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody stands in for an approver.

    :param first, last: the days; None means open.
    """

    person: int
    deputy: int
    first: date | None = None
    last: date | None = None

    def covers(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (
            self.last is None or day <= self.last
        )


def approvers(
    brackets: Sequence[Bracket],
    amount: Decimal,
    barred: Collection[int] = (),
    absences: Iterable[Absence] = (),
    day: date | None = None,
) -> list[int]:
    """Who may decide on this amount, whom to ask first standing first.

    Those of the lowest bracket that covers the amount are asked, those of the higher
    ones may decide as well. Who is away stays entitled, but the deputy comes first. A
    deputy decides what the person away could; deputies have no deputies of their own,
    or a circle of holidays would hand a decision to anybody.

    :param barred: who asked for it, and whoever else must not decide.
    """
    fitting = sorted(
        (bracket for bracket in brackets if bracket.covers(amount)),
        key=lambda b: (b.up_to is None, b.up_to or ZERO),
    )
    away = {}
    for absence in absences:
        if day is None or absence.covers(day):
            away.setdefault(absence.person, []).append(absence.deputy)
    result: list[int] = []
    for bracket in fitting:
        present = [p for p in bracket.people if p not in away]
        absent = [p for p in bracket.people if p in away]
        # who must not decide cannot send a deputy to do it
        deputies = [d for p in absent if p not in barred for d in away[p]]
        result += present + deputies + absent
    return [p for p in dict.fromkeys(result) if p not in barred]


# === WHAT WOULD CURE IT === #


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An open item the customer could pay.

    :param amount: above zero.
    :param late: counts among the overdue items that hold documents back.
    """

    key: object
    amount: Decimal
    late: bool = False
    rank: tuple = field(default=(), compare=False)


def smallest_cure(
    items: Iterable[OpenItem], excess: Decimal, clear_late: bool
) -> list[object] | None:
    """The fewest items whose payment cures a document.

    All late items, when those hold it back; and so many others, the largest first, that
    the limit is no longer exceeded. The last one is the smallest that does, so that no
    more is asked than necessary.

    :return: keys, or None when paying everything would not be enough.
    """
    items = sorted(items, key=lambda i: i.rank)
    chosen = [item for item in items if clear_late and item.late]
    missing = excess - sum((item.amount for item in chosen), ZERO)
    rest = sorted(
        (item for item in items if item not in chosen),
        key=lambda i: i.amount,
        reverse=True,
    )
    while missing > ZERO:
        if not rest:
            return None
        enough = [item for item in rest if item.amount >= missing]
        item = enough[-1] if enough else rest[0]
        rest.remove(item)
        chosen.append(item)
        missing -= item.amount
    return [item.key for item in chosen]


def deposit(verdict: Verdict, amount: Decimal) -> Decimal | None:
    """What the customer would have to pay in advance for the document to pass.

    :return: None when money in advance does not cure it: something else than the limit
        holds it back, unless all of it is paid.
    """
    causes = {reason.cause for reason in verdict.blocking}
    if not causes:
        return None
    if causes == {Cause.LIMIT}:
        return min(verdict.excess, amount)
    return amount
