"""What a person should look at in a proposal before approving it.

:func:`remarks` gives the remarks on one proposed message. Those in :data:`ATTENTION`
call for a look; the others only say what is new. Nothing here decides anything: the
message goes out the same.

What counts as unusual is kept simple, so that it can be said in one sentence: more than
:data:`FACTOR` times what the customer's messages usually claim (the median of at least
:data:`OWN_HISTORY` earlier ones). For a customer without such a history: more than
:data:`RUN_FACTOR` times the median claim of the run, where the run has at least
:data:`RUN_SIZE` messages. Amounts are in company currency, before credits.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

ZERO = Decimal(0)
FACTOR = 3
OWN_HISTORY = 2
RUN_FACTOR = 10
RUN_SIZE = 5


class Remark(str, Enum):
    """One remark on a proposed message."""

    PAYMENT = "payment"  # a payment in progress covers a part
    CREDIT = "credit"  # credits not yet allocated cover a part
    UNUSUAL = "unusual"  # claims unusually much
    FALLBACK = "fallback"  # not the level's first channel: that has no address
    BARRED = "barred"  # claims what is out of time
    FIRST = "first"  # the first message ever to this customer
    NEW = "new"  # the customer was not in the last run


ATTENTION = frozenset(
    {
        Remark.PAYMENT,
        Remark.CREDIT,
        Remark.UNUSUAL,
        Remark.FALLBACK,
        Remark.BARRED,
    }
)


@dataclass(frozen=True, slots=True)
class Proposed:
    """One proposed message and what is known of its customer.

    :param claimed: what it claims, before credits.
    :param credit: unallocated credits it deducts, a positive sum.
    :param payment: payments in progress it deducts, a positive sum.
    :param told: how many messages the customer was issued before.
    :param usual: median of what they claimed; ``None`` without any.
    :param in_last_run: whether the run before this one had a message for the customer.
    :param first_channel: whether it goes through the first channel of its level.
    :param barred: whether it claims what is out of time: a business may be asked for it
        all the same, and may refuse.
    """

    claimed: Decimal
    credit: Decimal = ZERO
    payment: Decimal = ZERO
    told: int = 0
    usual: Decimal | None = None
    in_last_run: bool = True
    first_channel: bool = True
    barred: bool = False


def remarks(
    message: Proposed, run_size: int, run_median: Decimal, has_last_run: bool
) -> frozenset[Remark]:
    """The remarks on one message of a run.

    :param run_size: messages of the run.
    :param run_median: median of what they claim.
    :param has_last_run: whether there was a run before; without one nobody is new.
    """
    found = set()
    if message.payment > ZERO:
        found.add(Remark.PAYMENT)
    if message.credit > ZERO:
        found.add(Remark.CREDIT)
    if _is_unusual(message, run_size, run_median):
        found.add(Remark.UNUSUAL)
    if not message.first_channel:
        found.add(Remark.FALLBACK)
    if message.barred:
        found.add(Remark.BARRED)
    if not message.told:
        found.add(Remark.FIRST)
    if has_last_run and not message.in_last_run:
        found.add(Remark.NEW)
    return frozenset(found)


def _is_unusual(message: Proposed, run_size: int, run_median: Decimal) -> bool:
    if message.told >= OWN_HISTORY and message.usual is not None:
        return message.claimed > FACTOR * message.usual
    return run_size >= RUN_SIZE and message.claimed > RUN_FACTOR * run_median
