"""How much is usual: when an automatic run waits for a person, and a day's measure.

A run that suddenly speaks to many more customers than usual is more often a mistake (a
bank statement that was not read in, a changed policy) than a bad month. So the machine
stops and asks. The usual size is the median of the last runs: one odd run does not move
it, as it would move an average.

All numbers are counts of messages (notices), all dates the company's local dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import Enum
from fractions import Fraction

RUNS = 10  # so many of the last runs say what is usual
ENOUGH = 3  # with fewer of them nothing is usual yet
FACTOR = 3  # a run is unusual beyond so many times the usual size
FLOOR = 5  # so few messages are never too many, once there is some history


class Brake(str, Enum):
    """Why an automatic run waits for a person."""

    NO_HISTORY = "no_history"  # too few runs before it: nothing is usual yet
    UNUSUAL = "unusual"  # many more messages than usual


def usual_size(sizes: Sequence[int]) -> Fraction | None:
    """The size of a usual run.

    :param sizes: messages of earlier runs, the newest first. Empty runs say nothing
        about a usual one and are left out; of the others the first :data:`RUNS` count.
    :return: their median; ``None`` when there are fewer than :data:`ENOUGH`.
    """
    counted = sorted([size for size in sizes if size > 0][:RUNS])
    if len(counted) < ENOUGH:
        return None
    middle = len(counted) // 2
    if len(counted) % 2:
        return Fraction(counted[middle])
    return Fraction(counted[middle - 1] + counted[middle], 2)


def check_size(size: int, sizes: Sequence[int]) -> Brake | None:
    """Whether a run of this size may go without a person.

    :param size: messages of the run.
    :param sizes: those of earlier runs, the newest first.
    :return: why it has to wait, or ``None``. An empty run never waits.
    """
    if size <= 0:
        return None
    usual = usual_size(sizes)
    if usual is None:
        return Brake.NO_HISTORY
    if size > FLOOR and size > FACTOR * usual:
        return Brake.UNUSUAL
    return None


def allowance(limit: int, last_day: date | None, day: date, issued: int) -> int | None:
    """How many messages may still be issued on a day of the first weeks.

    :param limit: messages a day; 0 or less: there is no limit.
    :param last_day: last day on which the limit applies; ``None``: until it is removed.
    :param issued: messages issued on that day already, by whomever.
    :return: how many more, never negative; ``None`` where there is no limit.
    """
    if limit <= 0 or (last_day is not None and day > last_day):
        return None
    return max(limit - issued, 0)


def urgency(formal: bool, days: int, oldest_due: date | None) -> tuple:
    """Sorts messages of which only some can go today: the most pressing first.

    A formal notice before anything else, then the later level of the policy, then the
    oldest debt.

    :param days: days of the message's level.
    :param oldest_due: due date of the oldest item it claims.
    """
    return (not formal, -days, oldest_due or date.max)
