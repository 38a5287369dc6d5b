"""How good a debtor a customer is, from 0 (worst) to 100 (best), and why.

:func:`score` takes what is known of one customer and what is usual in the company, and
gives the score with the factors it is made of: each has points, and what people read.
The points are whole, and ``START`` plus their sum is the score, cut off at 0 and 100.

**What counts.** Money that settled invoices in the last :data:`WINDOW_DAYS` days, and
invoices still open after their due date. On average early money makes up for late
money, but an average before the due date is no merit: it counts as paid in time, for
the days as for the trend. An open invoice says something only once it is later than the
customer's settled ones: before that, nobody knows yet.

**What is left out.** What we agreed not to ask for: items paused by hand or disputed,
what was paid while the whole customer was, and items excluded from follow-up. A promise
spares nothing: it is kept or broken. What an insurer bears is the insurer's risk and
not a habit of the customer: insured parts count here like others, because *when* a
customer pays does not depend on who bears the loss; they are left out where the use of
the limit is measured. Who fetches the facts leaves out; nothing is left out here.

**Recent counts more.** A payment counts with its amount, and half as much for each
:data:`HALF_LIFE` days of its age.

**Too little history.** A customer's own average is shrunk towards that of the company's
customers (empirical Bayes): with ``n`` effective payments it counts ``n / (n + k)``,
where ``k`` is the variance of one customer's payments divided by the variance between
customers, both measured in the company's books (:func:`norm_of`). Where customers
hardly differ, ``k`` is large and one payment says little. ``n`` is Kish's effective
size by the weights of what is averaged: for the days, ninety-nine small payments beside
one large count as hardly more than one; for the share of late ones, where amounts do
not weigh, as a hundred.

Statistics are floats: they are weights and days, not money that anybody books. Amounts
are in company currency and come in as weights only; dates are local dates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

START = 90  # of a customer without a blemish and without a past
WINDOW_DAYS = 545  # eighteen months
HALF_LIFE = 180
RECENT_DAYS = 90  # "lately", for the trend
GRACE_DAYS = 3  # a bank's way: so few days after the due date are not late
PROMISE_GRACE = 3  # likewise for a promise
RATING_DAYS = 365  # an older rating says nothing any more
LEAST = 1e-6  # less is no money, and its square no number
ENOUGH = 3  # effective payments below which confidence is low whatever the company says


class Kind(str, Enum):
    """What gives or takes points; in this order they are shown when equal."""

    DAYS = "days"
    SHARE = "share"
    TREND = "trend"
    PROMISES = "promises"
    LEVEL = "level"
    LIMIT = "limit"
    AGE = "age"
    SIZE = "size"
    RATING = "rating"
    HISTORY = "history"


class Confidence(str, Enum):
    """How much of the score is the customer's own behaviour."""

    NONE = "none"  # no payment yet: what is usual in the company
    LOW = "low"  # leans on the company for the most part
    MEDIUM = "medium"
    HIGH = "high"


#: Points for the highest message of twelve months, by tone.
TONE_POINTS = {"courtesy": 0, "friendly": -1, "firm": -5, "final": -10, "formal": -15}
#: Points for the use of the limit: from so many percent on.
LIMIT_POINTS = ((100, -10), (90, -5), (70, -2))


@dataclass(frozen=True, slots=True)
class Item:
    """Money that settled an invoice or a part of it, or a part that is still open.

    :param due_date: last day to pay in time.
    :param paid_on: day the money came; ``None``: still open.
    :param amount: company currency, positive.
    """

    due_date: date
    paid_on: date | None
    amount: float

    def days_late(self, day: date) -> int:
        """Days after the due date; so far, where it is open. Early is negative."""
        return ((self.paid_on or day) - self.due_date).days


@dataclass(frozen=True, slots=True)
class Spread:
    """How a quantity is spread in the company: sums over customers.

    :param customers: customers with at least one payment.
    :param count: payments of all of them.
    :param squares: sum over customers of their number of payments, squared.
    :param total: sum of the quantity over all payments.
    :param between: sum over customers of ``total_i ** 2 / count_i``.
    :param total_squares: sum over all payments of the quantity squared.
    """

    customers: int
    count: int
    squares: float
    total: float
    between: float
    total_squares: float


@dataclass(frozen=True, slots=True)
class Prior:
    """What is usual, and how many payments of one's own weigh as much as it."""

    mean: float
    strength: float


@dataclass(frozen=True, slots=True)
class Norm:
    """What is usual among the customers of the company.

    :param days: days late. :param share: share of late payments (0 to 1).
    :param sales: sales of twelve months to a customer on average.
    :param rating_weight: how much an external rating enters the score (0 to 1).
    """

    days: Prior = Prior(10.0, 5.0)
    share: Prior = Prior(0.5, 5.0)
    sales: float = 0.0
    rating_weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one customer.

    :param items: settled and overdue parts of invoices; see the module.
    :param broken: promises of twelve months that were not kept.
    :param tone: of the firmest message of twelve months.
    :param limit_used: use of the credit limit in percent; ``None`` without limit.
    :param since: day of the first invoice.
    :param sales: sales of twelve months.
    :param rating: external rating on our scale, 0 to 100.
    """

    items: Sequence[Item] = ()
    broken: int = 0
    tone: str | None = None
    limit_used: float | None = None
    since: date | None = None
    sales: float = 0.0
    rating: int | None = None


@dataclass(frozen=True, slots=True)
class Factor:
    """One reason for the score.

    :param points: what it adds or takes.
    :param values: numbers its sentence needs.
    """

    kind: Kind
    points: int
    values: dict


@dataclass(frozen=True, slots=True)
class Score:
    """:param own: share of the customer's own behaviour in it (0 to 1)."""

    value: int
    confidence: Confidence
    own: float
    factors: tuple[Factor, ...]


def norm_of(spread: Spread, fallback: Prior) -> Prior:
    """What is usual, and how strongly it draws: the method of moments.

    The strength is the variance of one customer's payments over the variance between
    customers (one-way analysis of variance with unequal group sizes), kept between 1
    and 50: one payment alone is never believed more than the company, and fifty of
    one's own always are.

    :param fallback: where the books say too little (fewer than two customers, or no
        customer with two payments).
    """
    n, groups = spread.count, spread.customers
    if groups < 2 or n <= groups:
        return fallback
    mean = spread.total / n
    within = max(spread.total_squares - spread.between, 0.0) / (n - groups)
    excess = spread.between - n * mean * mean - (groups - 1) * within
    size = n - spread.squares / n  # greater than 0: there are two groups at least
    between = excess / size
    if between <= 0:
        return Prior(mean, 50.0)  # customers do not differ
    return Prior(mean, min(max(within / between, 1.0), 50.0))


def score(facts: Facts, norm: Norm, day: date) -> Score:
    """The score of one customer on a day, with its factors.

    The strongest factors come first; one without points says what people must know to
    read the score (that there is little history).
    """
    settled, overdue = _counted(facts.items, day)
    counted = settled + overdue
    size = _effective_size(counted, day)
    own = size / (size + norm.days.strength)
    factors = [
        *_punctuality(counted, norm, own, size, day),
        *_trend(settled, overdue, norm, day),
        *_events(facts),
        *_relation(facts, norm, day),
    ]
    confidence = _confidence(size, own)
    if confidence in (Confidence.NONE, Confidence.LOW):
        values = {"count": len(counted), "percent": round(100 * (1 - own))}
        factors.append(Factor(Kind.HISTORY, 0, values))
    reached = _clamp(START + sum(factor.points for factor in factors))
    if facts.rating is not None and norm.rating_weight > 0:
        points = round(norm.rating_weight * (_clamp(facts.rating) - reached))
        factors.append(Factor(Kind.RATING, points, {"rating": facts.rating}))
        reached = _clamp(reached + points)
    order = list(Kind)
    factors.sort(key=lambda factor: (-abs(factor.points), order.index(factor.kind)))
    return Score(
        reached,
        confidence,
        own,
        tuple(
            factor for factor in factors if factor.points or factor.kind is Kind.HISTORY
        ),
    )


# === PARTS OF THE SCORE === #


def _counted(items: Iterable[Item], day: date) -> tuple[list[Item], list[Item]]:
    """What was settled, and what is open for longer than the settled ones took."""
    usable = [item for item in items if item.amount >= LEAST]
    settled = [
        item
        for item in usable
        if item.paid_on
        and item.paid_on <= day
        and (day - item.paid_on).days < WINDOW_DAYS
    ]
    usual = max(_average(settled, day) or 0.0, 0.0)
    overdue = [
        item for item in usable if item.paid_on is None and item.days_late(day) > usual
    ]
    return settled, overdue


def _recency(item: Item, day: date) -> float:
    """How much it counts for its age: what is open is of today."""
    return 0.5 ** ((day - (item.paid_on or day)).days / HALF_LIFE)


def _weight(item: Item, day: date) -> float:
    return item.amount * _recency(item, day)


def _average(items: Sequence[Item], day: date) -> float | None:
    total = sum(_weight(item, day) for item in items)
    if not total:
        return None
    return sum(_weight(item, day) * item.days_late(day) for item in items) / total


def _effective_size(items: Sequence[Item], day: date, weight=_weight) -> float:
    weights = [weight(item, day) for item in items]
    squares = sum(weight * weight for weight in weights)
    return sum(weights) ** 2 / squares if squares else 0.0


def _shrunk(value: float | None, prior: Prior, size: float) -> float:
    if value is None:
        return prior.mean
    return (size * value + prior.strength * prior.mean) / (size + prior.strength)


def _confidence(size: float, own: float) -> Confidence:
    if not size:
        return Confidence.NONE
    if size < ENOUGH or own < 0.4:
        return Confidence.LOW
    return Confidence.MEDIUM if own < 0.75 else Confidence.HIGH


def _punctuality(counted, norm, own, size, day):
    """Average days late (up to 35 points) and share of late payments (up to 15)."""
    average = _average(counted, day)
    days = _shrunk(average, norm.days, size)
    yield Factor(
        Kind.DAYS,
        -min(35, round(0.8 * max(days, 0.0))),
        {
            "days": None if average is None else round(average),
            "counted": round(days),
            "own": round(100 * own),
            "unpaid": sum(item.paid_on is None for item in counted),
        },
    )
    total = late = 0.0
    for item in counted:
        weight = _recency(item, day)
        total += weight
        late += weight * (item.days_late(day) > GRACE_DAYS)
    share = late / total if total else None
    shrunk = _shrunk(share, norm.share, _effective_size(counted, day, _recency))
    yield Factor(
        Kind.SHARE,
        -round(15 * min(max(shrunk, 0.0), 1.0)),
        {
            "percent": None if share is None else round(100 * share),
            "counted": round(100 * shrunk),
        },
    )


def _trend(settled, overdue, norm, day):
    """The last three months against what was before in the window: -10 to +4.

    What is open is lately when it fell due lately; what fell due before that and is
    still open says nothing about a change, as it stays that way. A difference counts
    the less, the fewer payments stand on either side.
    """
    recent = [item for item in overdue if item.days_late(day) < RECENT_DAYS]
    usual = []
    for item in settled:
        age = (day - item.paid_on).days
        (recent if age < RECENT_DAYS else usual).append(item)
    if len(recent) < 2 or len(usual) < 3:
        return
    sizes = _effective_size(recent, day), _effective_size(usual, day)
    joint = 1 / (1 / sizes[0] + 1 / sizes[1])
    later = max(_average(recent, day), 0.0) - max(_average(usual, day), 0.0)
    believed = later * joint / (joint + norm.days.strength / 2)
    points = max(-10, min(4, -round(0.75 * believed)))
    yield Factor(Kind.TREND, points, {"days": round(later)})


def _events(facts):
    """Broken promises, the firmest message, the use of the limit."""
    if facts.broken > 0:
        points = -min(15, 5 * facts.broken)
        yield Factor(Kind.PROMISES, points, {"count": facts.broken})
    if facts.tone in TONE_POINTS:
        yield Factor(Kind.LEVEL, TONE_POINTS[facts.tone], {"tone": facts.tone})
    if facts.limit_used is not None:
        for percent, points in LIMIT_POINTS:
            if facts.limit_used >= percent:
                values = {"percent": round(facts.limit_used)}
                yield Factor(Kind.LIMIT, points, values)
                break


def _relation(facts, norm, day):
    """A long relation gives up to 6 points, a large one up to 4."""
    if facts.since and facts.since < day:
        years = (day - facts.since).days // 365
        yield Factor(Kind.AGE, min(6, years), {"years": years})
    if norm.sales > 0 and facts.sales > 0:
        ratio = min(facts.sales / norm.sales, 1000.0)
        yield Factor(Kind.SIZE, min(4, round(2 * ratio)), {"ratio": round(ratio, 1)})


def _clamp(value: int) -> int:
    return max(0, min(100, value))


# === CLASSES === #


@dataclass(frozen=True, slots=True)
class RiskClass:
    """:param unrated: the class of customers nobody has reviewed."""

    key: int
    floor: int
    unrated: bool = False


def class_for(
    result: Score,
    classes: Sequence[RiskClass],
    current: int | None,
    margin: int,
) -> int | None:
    """The class a score leads to; the current one where it stays.

    A class is left only when the score is beyond its border by ``margin`` points: a
    score that wavers around a border does not flip the class every night. A score of
    low confidence moves nobody: it is mostly about other customers. The score leads to
    no unrated class; out of one (or out of none) it leads without margin, as there is
    nothing to waver from.

    :param classes: those of the company, active ones.
    :param current: key of the class the customer has.
    :param margin: points, 0 or more.
    """
    ladder = sorted(
        (known for known in classes if not known.unrated), key=lambda c: -c.floor
    )
    if not ladder or result.confidence in (Confidence.NONE, Confidence.LOW):
        return current
    by_key = {known.key: place for place, known in enumerate(ladder)}
    there = _place(ladder, result.value)
    if current not in by_key:
        return ladder[there].key
    here = by_key[current]
    if there < here:  # better: the best class that is reached with the margin
        there = min(_place(ladder, result.value - margin), here)
    elif there > here and result.value >= ladder[here].floor - margin:
        there = here
    return ladder[there].key


def _place(ladder: Sequence[RiskClass], value: int) -> int:
    """The best class whose floor the value reaches; the last one takes the rest."""
    for place, known in enumerate(ladder):
        if value >= known.floor:
            return place
    return len(ladder) - 1


# === EXTERNAL RATINGS === #


def on_our_scale(
    value: str,
    steps: Sequence[tuple[str, int]],
    worst: float | None,
    best: float | None,
) -> int | None:
    """An agency's value on our scale of 0 (worst) to 100 (best).

    :param steps: what the agency's words are worth: ``[("AA", 95), ...]``; spaces and
        case do not matter.
    :param worst, best: the ends of an agency's scale of numbers; ``best`` may be the
        smaller one (1.0 is the best school mark). Equal or missing: no such scale.
    :return: ``None`` when nothing says what the value is worth.
    """
    plain = "".join(value.split()).casefold()
    for word, points in steps:
        if "".join(word.split()).casefold() == plain:
            return _clamp(points)
    if worst is None or best is None or worst == best:
        return None
    try:
        number = float(plain.replace(",", "."))
        return _clamp(round(100 * (number - worst) / (best - worst)))
    except (ValueError, OverflowError):  # a word, or infinite: not on this scale
        return None
