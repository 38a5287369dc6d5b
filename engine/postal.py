"""Registered letters: what the post reports, and from which day a notice counts.

A registered letter takes effect when it is presented, whether or not it is then taken:
one that nobody fetches, or that is refused, is still a valid notice (Cass. 1re civ.,
20 January 2021, 19-20.680). One that comes back because the address was wrong has
reached nobody. Interest that runs from the notice begins on the day after the first
presentation (C. civ. 1231-6 and 1344-1, by convention).

Here too: the two files that are exchanged with a mailing house, as text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum

ONE_DAY = timedelta(days=1)


class Outcome(str, Enum):
    """How the way of a registered letter ended."""

    DELIVERED = "delivered"
    UNCLAIMED = "unclaimed"  # presented, never fetched
    REFUSED = "refused"  # presented, not taken
    RETURNED = "returned"  # nobody of that name at that address

    @property
    def stands(self) -> bool:
        """Whether the letter is a valid notice."""
        return self is not Outcome.RETURNED


class Step(str, Enum):
    """What a mailing house may report of a letter."""

    DEPOSITED = "deposited"
    PRESENTED = "presented"
    DELIVERED = "delivered"
    UNCLAIMED = "unclaimed"
    REFUSED = "refused"
    RETURNED = "returned"
    REJECTED = "rejected"  # the house could not print or post it


class Problem(str, Enum):
    """Why days of a letter cannot be right."""

    FUTURE = "future"
    BEFORE_LETTER = "before_letter"
    BEFORE_DEPOSIT = "before_deposit"
    BEFORE_PRESENTATION = "before_presentation"
    OUTCOME_WITHOUT_DAY = "outcome_without_day"
    DAY_WITHOUT_OUTCOME = "day_without_outcome"


@dataclass(frozen=True, slots=True)
class Posting:
    """What is known of the way of one letter.

    :param deposited: day it was handed to the post.
    :param presented: day the post first stood at the door.
    :param outcome_on: day it was handed over, refused or sent back.
    """

    deposited: date | None = None
    presented: date | None = None
    outcome: Outcome | None = None
    outcome_on: date | None = None


@dataclass(frozen=True, slots=True)
class LegalDates:
    """The days that follow from a letter; ``None`` is not known, or not yet.

    :param received: the day the notice counts as received.
    :param interest_from: first day of interest that runs from the notice.
    :param deadline: last day to pay; where it counts from a presentation that is not
        known yet there is none.
    """

    posted: date | None
    received: date | None
    interest_from: date | None
    deadline: date | None


def find_problem(posting: Posting, written: date, today: date) -> Problem | None:
    """The first thing that cannot be right, or ``None``.

    :param written: date of the letter.
    """
    days = (posting.deposited, posting.presented, posting.outcome_on)
    known = [day for day in days if day is not None]
    if any(day > today for day in known):
        return Problem.FUTURE
    if any(day < written for day in known):
        return Problem.BEFORE_LETTER
    if posting.deposited and any(day < posting.deposited for day in known):
        return Problem.BEFORE_DEPOSIT
    if (
        posting.presented
        and posting.outcome_on
        and posting.outcome_on < posting.presented
    ):
        return Problem.BEFORE_PRESENTATION
    if posting.outcome and not (posting.outcome_on or posting.presented):
        return Problem.OUTCOME_WITHOUT_DAY
    if posting.outcome_on and not posting.outcome:
        return Problem.DAY_WITHOUT_OUTCOME
    return None


def received_on(posting: Posting) -> date | None:
    """The day the notice counts as received: never earlier than is proven.

    The first presentation; where only the end is known, its day, since the letter was
    presented by then at the latest. A letter to a wrong address was never received.
    """
    if posting.outcome is Outcome.RETURNED:
        return None
    return posting.presented or (posting.outcome and posting.outcome_on) or None


def legal_dates(
    posting: Posting, printed: date | None, days: int, from_presentation: bool
) -> LegalDates:
    """The days that follow from a letter.

    :param printed: the last day to pay as the letter prints it.
    :param days: days to pay.
    :param from_presentation: whether they count from the first presentation.
    """
    received = received_on(posting)
    if not from_presentation:
        deadline = printed
    elif received:
        deadline = received + timedelta(days=days)
    else:
        deadline = None
    return LegalDates(
        posted=posting.deposited,
        received=received,
        interest_from=received and received + ONE_DAY,
        deadline=deadline,
    )


def advance(posting: Posting, step: Step, day: date) -> Posting:
    """What is known after a report; the same report again changes nothing.

    Reports may come in any order: an earlier step never takes back a later one. Of two
    presentations the first counts, of two days of posting the first, of two ends the
    later one, and of two on one day the one reported last.
    """
    if step is Step.DEPOSITED:
        return replace(posting, deposited=min(posting.deposited or day, day))
    if step is Step.PRESENTED:
        return replace(posting, presented=min(posting.presented or day, day))
    if step is Step.REJECTED or is_overtaken(posting, step, day):
        return posting
    return replace(posting, outcome=Outcome(step.value), outcome_on=day)


def is_overtaken(posting: Posting, step: Step, day: date) -> bool:
    """Whether a report of an end is of a day before the end that is known.

    A status file read late or twice, or a correction: it changes nothing by itself.
    """
    is_end = step.value in {outcome.value for outcome in Outcome}
    ended = posting.outcome and posting.outcome_on
    return is_end and bool(ended) and day < ended


# === THE FILE WE WRITE === #

ADDRESS_LINES = 7
MANIFEST = (
    "reference",
    "notice",
    "file",
    "sha256",
    "registered",
    "colour",
    "duplex",
    "country",
    *(f"address_{number}" for number in range(1, ADDRESS_LINES + 1)),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One letter in the manifest.

    :param reference: what the mailing house names the letter by when it reports.
    :param lines: the address, as it stands in the window of the envelope.
    :param country: ISO code, two letters.
    """

    reference: str
    notice: str
    file: str
    sha256: str
    lines: tuple[str, ...]
    country: str = ""
    registered: bool = False
    colour: bool = False
    duplex: bool = False


def write_manifest(sheets: Iterable[Sheet]) -> str:
    """The list of letters for the mailing house: CSV with commas and a heading.

    An address of more lines than there are columns has the rest in the last one:
    nothing of it is lost.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(MANIFEST)
    for sheet in sheets:
        # one line each: a line break would be two lines for a simple reader
        lines = [" ".join(line.split()) for line in sheet.lines]
        if len(lines) > ADDRESS_LINES:
            rest = ", ".join(lines[ADDRESS_LINES - 1 :])
            lines = [*lines[: ADDRESS_LINES - 1], rest]
        lines += [""] * (ADDRESS_LINES - len(lines))
        writer.writerow(
            [
                sheet.reference,
                sheet.notice,
                sheet.file,
                sheet.sha256,
                _yes_no(sheet.registered),
                _yes_no(sheet.colour),
                _yes_no(sheet.duplex),
                sheet.country,
                *lines,
            ]
        )
    return out.getvalue()


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


# === THE FILE WE READ === #


class Fault(str, Enum):
    """Why a row of a status file says nothing."""

    NO_HEADING = "no_heading"
    NO_LETTER = "no_letter"
    UNKNOWN_STATUS = "unknown_status"
    BAD_DAY = "bad_day"


@dataclass(frozen=True, slots=True)
class Report:
    """One row of a status file.

    :param line: its line in the file, the heading being 1.
    :param number: number of the registered letter.
    :param proof: name of the file that holds the scan.
    """

    line: int
    step: Step
    day: date
    reference: str = ""
    notice: str = ""
    number: str = ""
    proof: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be understood, with what it says."""

    line: int
    fault: Fault
    text: str


def read_status(
    text: str, words: Mapping[str, str] | None = None
) -> tuple[list[Report], list[BadRow]]:
    """Read a status file: CSV with a heading, commas, semicolons or tabs.

    Columns in any order and case: ``status`` and ``date`` (a day as 2026-06-15, with
    or without a time), ``reference`` or ``notice``, and if there is any ``number``,
    ``proof`` and ``remark``; others are not looked at. Every row that is not empty is
    in one of the two lists.

    :param words: the house's own words for a status, in any case: ``{word: step}``.
    """
    words = {_folded(word): _folded(step) for word, step in (words or {}).items()}
    rows = _rows(text)
    __, heading = next(rows, (0, []))
    columns = [_folded(name) for name in heading]
    if not {"status", "date"} <= set(columns) or not {"reference", "notice"} & set(
        columns
    ):
        return [], [BadRow(1, Fault.NO_HEADING, ", ".join(heading))]
    reports, bad = [], []
    for line, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
        read = _read_row(line, row, words)
        if isinstance(read, Fault):
            bad.append(BadRow(line, read, ", ".join(cells)))
        else:
            reports.append(read)
    return reports, bad


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with the number of their first line."""
    text = text.removeprefix("\ufeff").replace("\x00", "")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begun = 1
    try:
        for cells in reader:
            yield begun, cells
            begun = reader.line_num + 1
    except csv.Error:  # a field beyond all bounds: said, not left out
        yield begun, [f"line {begun}"]


def _read_row(line: int, row: dict[str, str], words: Mapping[str, str]):
    if not (row.get("reference") or row.get("notice")):
        return Fault.NO_LETTER
    word = _folded(row.get("status", ""))
    try:
        step = Step(words.get(word, word))
    except ValueError:
        return Fault.UNKNOWN_STATUS
    day = _day(row.get("date", ""))
    if day is None:
        return Fault.BAD_DAY
    return Report(
        line=line,
        step=step,
        day=day,
        **{
            name: row.get(name, "")
            for name in ("reference", "notice", "number", "proof", "remark")
        },
    )


def _day(text: str) -> date | None:
    """A day as 2026-06-15, or the day of a moment that begins so."""
    if len(text) > 10 and text[10] not in "T ":
        return None
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return day if text[4:5] == "-" else None


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
