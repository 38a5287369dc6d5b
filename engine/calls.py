"""When a customer is called again, by what came of the last call.

Dates are the company's local dates.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from enum import Enum

LONGEST_BREAK = 31  # days in a row on which a company may be closed


class CallOutcome(str, Enum):
    """What came of a call."""

    PROMISED = "promised"
    DISPUTED = "disputed"
    NO_ANSWER = "no_answer"
    WRONG_CONTACT = "wrong_contact"
    COPY = "copy"
    OTHER = "other"


#: Days after the call, before it is moved to a working day.
DAYS_UNTIL_NEXT = {
    CallOutcome.PROMISED: 1,  # for a promise without a date yet
    CallOutcome.DISPUTED: 7,
    CallOutcome.NO_ANSWER: 1,
    CallOutcome.WRONG_CONTACT: 1,
    CallOutcome.COPY: 7,
    CallOutcome.OTHER: 7,
}


def next_contact(
    outcome: CallOutcome,
    day: date,
    works: Callable[[date], bool],
    promised: date | None = None,
) -> date:
    """The day proposed for the next contact: a working day after the call.

    A promise is looked at on the day after the money should have come. Nothing answers
    on a day off, so other days move to the next working day.

    :param day: day of the call.
    :param works: whether the company works on a day.
    :param promised: the day for which the customer has promised to pay.
    """
    if outcome is CallOutcome.PROMISED and promised:
        start = max(promised, day) + timedelta(days=1)
    else:
        start = day + timedelta(days=DAYS_UNTIL_NEXT[outcome])
    for offset in range(LONGEST_BREAK + 1):
        proposed = start + timedelta(days=offset)
        if works(proposed):
            return proposed
    return start  # a company that never works still calls back
