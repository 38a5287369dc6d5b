"""Whether a customer has begun to pay clearly later than is usual for them.

**The test.** A one-sided Mann-Whitney rank test compares the lateness of what fell due
lately with the lateness of what fell due in the year before. It asks nothing of the
shape of the lateness, one odd payment does not decide it, and "clearly later" means
later *for this customer*: five days can be an alarm for one, thirty be nothing for
another. Three things are needed:

* the probability of the difference by chance is at most :data:`ALPHA`, and
* the effect is large: of two payments, one recent and one usual, the recent one is the
  later one with a probability of at least :data:`EFFECT`, so that hundreds of payments
  do not make an alarm of a small difference, and
* the medians differ by more than a bank's way (``scoring.GRACE_DAYS``): for who has
  always paid to the day, one day is as unlikely as thirty, and a bank holiday.

**What is compared.** Parts of invoices are put together by due date, not by payment
date: what is paid at last in a given month is late by selection, what falls due in it
is not. The recent window is 30, 60 or 90 days long: the shortest that holds enough. It
ends as many days ago as the customer usually takes, so that what is in it had its usual
time. What is still open counts with the days it is late so far: among the recent that
can only hide an alarm. Among the usual it can favour one, but hardly: such an item is a
month late at least. Invoices paid on the same day are one observation, and so are those
still open that fell due in the same week: a payment run is one decision, not thirty.

**Error rate.** With at most :data:`EXACT` observations the probability is the exact
permutation distribution of the mid-ranks, so ties are right; beyond it is the normal
approximation with corrections for ties and continuity. As far as observations are
independent, one test of a customer whose habits have not changed raises a false alarm
with a probability of 0.25 % at most (simulated: 0.21 % in the worst group). The test is
made every night on windows that overlap: over a year of nights the rate is higher.
Simulated on customers who do not change (regular, erratic, skewed, with two habits; due
every second day to monthly; with and without payment runs; 120 of each, tested every
third night for a year): 3 of 100 on average, 8 of 100 in the worst group; tested every
night somewhat more. In half of the cases a regular customer who begins to pay 15 days
later is found within some 40 days when an invoice falls due each week, and some 75 when
one does each month. Of erratic ones a third (weekly) to most (monthly) are not found in
200 days: they cannot be told from chance. ``tests/engine/test_earlywarning.py``
simulates a part of it again.

Lateness is in days; dates are local dates; amounts are weights.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import comb, erfc, sqrt
from statistics import median

from .scoring import GRACE_DAYS, Item

ALPHA = 0.0025
EFFECT = 0.75
WINDOWS = (30, 60, 90)  # days; the first that holds ENOUGH observations, else the last
ENOUGH = 5
USUAL_DAYS = 365
LONGEST_USUAL = 60  # the recent window ends no earlier than so many days ago
FEWEST_RECENT = 3
FEWEST_USUAL = 6
EXACT = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """What the test found.

    :param alarm: the customer pays clearly later than usual.
    :param usual, recent: medians of days late.
    :param probability: of such a difference by chance; 1.0 where effect or difference
        are small and nobody need know it.
    :param effect: probability that a recent payment is later than a usual one.
    :param observations: recent and usual ones.
    """

    alarm: bool
    usual: int
    recent: int
    probability: float
    effect: float
    observations: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Month:
    """What fell due in one month.

    :param days: average days late, weighted by amount; of open parts, so far.
    :param amount: what it is the average of. :param open_amount: of it, still open.
    """

    first: date
    days: float
    amount: float
    open_amount: float


def examine(items: Iterable[Item], day: date) -> Finding | None:
    """Compare the recent with the usual lateness of one customer.

    :param items: parts of invoices; what is not due yet is ignored.
    :return: ``None`` when there is too little to compare.
    """
    due = [item for item in items if item.due_date < day and item.amount > 0]
    border = day - timedelta(days=WINDOWS[-1])
    before = _observations(due, border - timedelta(days=USUAL_DAYS), border, day)
    if len(before) < FEWEST_USUAL:
        return None
    pause = timedelta(days=min(max(round(median(before)), 0), LONGEST_USUAL))
    end = day - pause
    for days in WINDOWS:
        border = end - timedelta(days=days)
        recent = _observations(due, border, end, day)
        if len(recent) >= ENOUGH:
            break
    usual = _observations(due, border - timedelta(days=USUAL_DAYS), border, day)
    if len(recent) < FEWEST_RECENT or len(usual) < FEWEST_USUAL:
        return None
    effect = superiority(recent, usual)
    clear = effect >= EFFECT and median(recent) - median(usual) > GRACE_DAYS
    probability = rank_probability(recent, usual) if clear else 1.0
    return Finding(
        alarm=probability <= ALPHA,
        usual=round(median(usual)),
        recent=round(median(recent)),
        probability=probability,
        effect=effect,
        observations=(len(recent), len(usual)),
    )


def by_month(items: Iterable[Item], day: date, months: int) -> list[Month]:
    """Days late by the month in which the invoices fell due, for the chart.

    :return: the last ``months`` months in which something fell due, the oldest first.
    """
    sums: dict[date, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for item in items:
        if item.due_date >= day or item.amount <= 0:
            continue
        entry = sums[item.due_date.replace(day=1)]
        entry[0] += item.amount * item.days_late(day)
        entry[1] += item.amount
        entry[2] += item.amount if item.paid_on is None else 0.0
    return [
        Month(first, weighted / amount, amount, still_open)
        for first, (weighted, amount, still_open) in sorted(sums.items())[-months:]
    ]


def superiority(recent: Sequence[float], usual: Sequence[float]) -> float:
    """Probability that one of ``recent`` is greater than one of ``usual``; ties half.

    >>> superiority([3, 5], [3, 1])
    0.875
    """
    twice = sum(2 if r > u else 1 if r == u else 0 for r in recent for u in usual)
    return twice / (2 * len(recent) * len(usual))


def rank_probability(recent: Sequence[float], usual: Sequence[float]) -> float:
    """Probability of ranks of ``recent`` as high or higher, were all alike.

    One-sided Mann-Whitney test; see the module for exactness.
    """
    ranks = _twice_mid_ranks([*recent, *usual])
    reached = sum(ranks[: len(recent)])
    if len(ranks) <= EXACT:
        return _exact_tail(ranks, len(recent), reached)
    return _normal_tail(ranks, len(recent), reached)


# === PARTS === #


def _observations(items, after, until, day) -> list[float]:
    """Lateness of what fell due after ``after`` and not later than ``until``."""
    sums: dict[object, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for item in items:
        if after < item.due_date <= until:
            key = item.paid_on or ("open", *item.due_date.isocalendar()[:2])
            sums[key][0] += item.amount * item.days_late(day)
            sums[key][1] += item.amount
    # rounded, so that equal days stay equal whatever the amounts
    return [round(weighted / amount, 6) for weighted, amount in sums.values()]


def _twice_mid_ranks(values: Sequence[float]) -> list[int]:
    """Ranks from 1 on, doubled so that shared ranks are whole numbers too."""
    counts = Counter(values)
    ranks, below = {}, 0
    for value in sorted(counts):
        ranks[value] = 2 * below + counts[value] + 1
        below += counts[value]
    return [ranks[value] for value in values]


def _exact_tail(ranks: Sequence[int], size: int, reached: int) -> float:
    """Share of the ways to choose ``size`` ranks whose sum is ``reached`` or more."""
    ways: list[dict[int, int]] = [defaultdict(int) for __ in range(size + 1)]
    ways[0][0] = 1
    for rank in ranks:
        for chosen in range(size, 0, -1):
            into = ways[chosen]
            for total, count in ways[chosen - 1].items():
                into[total + rank] += count
    extreme = sum(count for total, count in ways[size].items() if total >= reached)
    return extreme / comb(len(ranks), size)


def _normal_tail(ranks: Sequence[int], size: int, reached: int) -> float:
    count = len(ranks)
    mean = size * (count + 1)  # of doubled ranks
    average = sum(ranks) / count
    spread = sum((rank - average) ** 2 for rank in ranks)
    variance = size * (count - size) / (count * (count - 1)) * spread
    if not variance:  # all alike
        return 1.0
    return 0.5 * erfc((reached - mean - 1) / sqrt(2 * variance))
