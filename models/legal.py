"""The law of a customer on a day, as far as it concerns what they owe."""

from dataclasses import dataclass
from datetime import date, datetime

import pytz

from ..engine import insolvency, lawful, limitation
from ..engine.late_item import Waiting
from ..engine.regime import Regime
from ..engine.waiting import Channel, waiting_time


@dataclass(frozen=True, slots=True)
class Legal:
    """The law of one customer on one day.

    :param law: with the terms of the contract in it; None: not asked, or none known.
    :param law_id: its ``late.regime`` where that asks for a free reminder.
    :param judgment: day from which insolvency proceedings count; None: there are none,
        or what is older is due again.
    :param steps: the levels of the policy as the law sees them.
    """

    day: date = date.min
    law: Regime | None = None
    law_id: int | bool = False
    is_consumer: bool = False
    judgment: date | None = None
    steps: tuple = ()
    tz: object = pytz.utc
    holidays: frozenset = frozenset()

    @property
    def asks_for_reminder(self):
        return self.law is not None and lawful.needs_reminder(self.law)

    def of_item(self, row):
        """What the rules of escalation want to know of an open item."""
        if row.residual <= 0:
            return {}
        return {
            "insolvent": insolvency.is_older(row.invoice_date, self.judgment),
            "last_day": self.last_day(row) if self.is_consumer else None,
            "refused": lawful.refused_levels(
                self.law,
                self.steps,
                day=self.day,
                principal=row.residual,
                waiting=self.waiting(row.free_reminders),
            ),
        }

    def last_day(self, row):
        """The last day on which one can safely go to court for the item, or None.

        Against consumers courts have also counted from delivery: the earlier day is
        the safe one.
        """
        if self.law is None:
            return None
        return limitation.last_safe_day(
            self.law,
            row.due_date,
            delivered=row.delivery_date if self.is_consumer else None,
            interruptions=row.interruptions or (),
        )

    def is_barred(self, row):
        """Whether the item is out of time; businesses may be reminded all the same."""
        last = self.last_day(row)
        return last is not None and self.day > last

    def is_free_reminder(self, row, day):
        """Whether a message of that day about the item is the free one the law wants.

        The first one after the due date that reached the customer in writing.
        """
        return (
            self.asks_for_reminder
            and row.residual > 0
            and row.due_date < day
            and self.waiting(row.free_reminders) is None
        )

    def waiting(self, reminders):
        """The time that the first of these free reminders gave, or None.

        :param reminders: of each ``[channel, when it left, the day the post took it in
            or None, the day of receipt or None]``.
        """
        if not reminders or not self.asks_for_reminder:
            return None
        return min(
            (self._waiting(*reminder) for reminder in reminders),
            key=lambda waiting: waiting.last,
        )

    def _waiting(self, channel, sent_at, posted, received) -> Waiting:
        return waiting_time(
            self.law,
            self.left_on([channel, sent_at, posted]),
            Channel.EMAIL if channel == "email" else Channel.LETTER,
            received=_as_date(received),
            holidays=self.holidays,
        )

    def left_on(self, reminder):
        """The day a reminder left: what the post says goes before what we noted."""
        __, sent_at, posted, *__ = reminder
        return _as_date(posted) or self.local_day(sent_at)

    def local_day(self, moment):
        """The company's date of a moment: naive UTC, or the same as text."""
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
        return pytz.utc.localize(moment).astimezone(self.tz).date()


NOT_ASKED = Legal()


def _as_date(day):
    return date.fromisoformat(day) if isinstance(day, str) else day
