"""Registered letters: days that follow, reports in any order, the two files."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.postal import (
    ADDRESS_LINES,
    MANIFEST,
    Fault,
    LegalDates,
    Outcome,
    Posting,
    Problem,
    Sheet,
    Step,
    advance,
    find_problem,
    is_overtaken,
    legal_dates,
    read_status,
    received_on,
    write_manifest,
)

WRITTEN = date(2026, 6, 15)
TODAY = date(2026, 7, 31)


def day(number: int) -> date:
    return WRITTEN + timedelta(days=number)


days = st.integers(-3, 60).map(day)
maybe_days = st.none() | days
postings = st.builds(
    Posting,
    deposited=maybe_days,
    presented=maybe_days,
    outcome=st.none() | st.sampled_from(Outcome),
    outcome_on=maybe_days,
)
reports = st.tuples(st.sampled_from(Step), days)

# === RECEIVED === #


@pytest.mark.parametrize(
    ("posting", "expected"),
    [
        (Posting(), None),
        (Posting(day(0)), None),
        (Posting(day(0), day(2)), day(2)),
        (Posting(day(0), day(2), Outcome.DELIVERED, day(5)), day(2)),
        (Posting(day(0), day(2), Outcome.UNCLAIMED, day(18)), day(2)),
        (Posting(day(0), day(2), Outcome.REFUSED, day(2)), day(2)),
        # only the end is known: it was presented by then at the latest
        (Posting(day(0), None, Outcome.DELIVERED, day(5)), day(5)),
        (Posting(day(0), None, Outcome.UNCLAIMED, day(18)), day(18)),
        # a wrong address: nobody was there to receive it
        (Posting(day(0), None, Outcome.RETURNED, day(9)), None),
        (Posting(day(0), day(2), Outcome.RETURNED, day(9)), None),
    ],
)
def test_received_on(posting, expected):
    assert received_on(posting) == expected


def test_only_a_wrong_address_is_no_notice():
    assert [one for one in Outcome if not one.stands] == [Outcome.RETURNED]


@given(postings)
def test_never_received_before_it_is_proven(posting):
    received = received_on(posting)
    assert received is None or received in (posting.presented, posting.outcome_on)
    if posting.presented and received:
        assert received == posting.presented


# === LEGAL DATES === #


def test_deadline_counts_from_the_presentation_where_the_level_says_so():
    posting = Posting(day(1), day(3), Outcome.UNCLAIMED, day(18))
    assert legal_dates(posting, day(8), 8, True) == LegalDates(
        posted=day(1), received=day(3), interest_from=day(4), deadline=day(11)
    )
    assert legal_dates(posting, day(8), 8, False).deadline == day(8)


def test_no_deadline_as_long_as_the_presentation_is_not_known():
    assert legal_dates(Posting(day(1)), day(8), 8, True).deadline is None
    assert legal_dates(Posting(day(1)), day(8), 8, False).deadline == day(8)


@given(postings, maybe_days, st.integers(0, 60), st.booleans())
def test_interest_begins_the_day_after_and_never_without_a_notice(
    posting, printed, count, from_presentation
):
    dates = legal_dates(posting, printed, count, from_presentation)
    if dates.received is None:
        assert dates.interest_from is None
    else:
        assert dates.interest_from == dates.received + timedelta(days=1)
    if not from_presentation:
        assert dates.deadline == printed
    elif dates.received:
        assert dates.deadline >= dates.received


# === WHAT CANNOT BE === #


@pytest.mark.parametrize(
    ("posting", "problem"),
    [
        (Posting(), None),
        (Posting(day(0), day(0), Outcome.DELIVERED, day(0)), None),
        (Posting(day(0), day(2), Outcome.UNCLAIMED), None),
        (Posting(TODAY + timedelta(days=1)), Problem.FUTURE),
        (Posting(day(-1)), Problem.BEFORE_LETTER),
        (Posting(day(3), day(2)), Problem.BEFORE_DEPOSIT),
        (
            Posting(day(3), None, Outcome.RETURNED, day(2)),
            Problem.BEFORE_DEPOSIT,
        ),
        (
            Posting(day(0), day(3), Outcome.REFUSED, day(2)),
            Problem.BEFORE_PRESENTATION,
        ),
        (Posting(day(0), None, Outcome.RETURNED), Problem.OUTCOME_WITHOUT_DAY),
        (Posting(day(0), None, None, day(3)), Problem.DAY_WITHOUT_OUTCOME),
    ],
)
def test_find_problem(posting, problem):
    assert find_problem(posting, WRITTEN, TODAY) is problem


# === REPORTS === #


def test_reports_in_any_order_say_the_same():
    told = [
        (Step.DEPOSITED, day(1)),
        (Step.PRESENTED, day(3)),
        (Step.PRESENTED, day(9)),  # presented again: the first one counts
        (Step.UNCLAIMED, day(18)),
    ]
    for order in permutations(told):
        posting = Posting()
        for step, when in order:
            posting = advance(posting, step, when)
        assert posting == Posting(day(1), day(3), Outcome.UNCLAIMED, day(18))


def test_an_end_of_an_earlier_day_takes_nothing_back():
    told = [(Step.UNCLAIMED, day(18)), (Step.DELIVERED, day(20))]
    for order in permutations(told):
        posting = Posting(day(1), day(3))
        for step, when in order:
            posting = advance(posting, step, when)
        assert posting == Posting(day(1), day(3), Outcome.DELIVERED, day(20))
    assert is_overtaken(posting, *told[0])
    assert not is_overtaken(posting, *told[1])
    assert not is_overtaken(posting, Step.PRESENTED, day(2))
    assert not is_overtaken(Posting(day(1)), *told[0])
    # of two ends on one day nobody knows the order: the one reported last
    posting = advance(posting, Step.RETURNED, day(20))
    assert posting.outcome is Outcome.RETURNED


@given(postings, reports)
def test_the_same_report_again_changes_nothing(posting, report):
    once = advance(posting, *report)
    assert advance(once, *report) == once


@given(postings, reports)
def test_a_report_takes_no_day_away(posting, report):
    after = advance(posting, *report)
    for name in ("deposited", "presented", "outcome", "outcome_on"):
        if getattr(posting, name) is not None:
            assert getattr(after, name) is not None


def test_a_house_that_could_not_post_says_nothing_of_days():
    assert advance(Posting(), Step.REJECTED, day(1)) == Posting()


# === THE MANIFEST === #

words = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=30
)


@given(st.lists(st.lists(words, max_size=10), max_size=5))
def test_manifest_has_one_row_for_each_letter_and_loses_no_line(addresses):
    sheets = [
        Sheet(f"R-{number}", f"N/{number}", f"{number}.pdf", "0" * 64, tuple(lines))
        for number, lines in enumerate(addresses)
    ]
    rows = list(csv.DictReader(io.StringIO(write_manifest(sheets), newline="")))
    assert len(rows) == len(addresses)
    for row, lines in zip(rows, addresses, strict=True):
        assert tuple(row) == MANIFEST
        told = " ".join(row[f"address_{n}"] for n in range(1, ADDRESS_LINES + 1))
        for line in lines:
            assert " ".join(line.split()) in told


def test_manifest_says_how_to_print():
    text = write_manifest(
        [
            Sheet(
                "DUN/1-7",
                "DUN/1",
                "DUN_1-7.pdf",
                "ab",
                ("Alpha, Ltd", "1 rue\nde la Paix", "75002 PARIS"),
                "FR",
                registered=True,
                duplex=True,
            )
        ]
    )
    assert text.splitlines()[1] == (
        'DUN/1-7,DUN/1,DUN_1-7.pdf,ab,yes,no,yes,FR,"Alpha, Ltd",1 rue de la Paix,'
        "75002 PARIS,,,,"
    )


# === THE STATUS FILE === #


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("begin", ["", "\ufeff"])
def test_status_in_any_order_of_columns(delimiter, begin):
    text = begin + "\r\n".join(
        delimiter.join(cells)
        for cells in (
            ("Date", "STATUS", " Reference ", "number", "extra", "proof"),
            ("2026-06-17", "Presented", "DUN/1-7", "1A 23", "x", "slip.pdf"),
            ("", "", "", "", "", ""),
            ("2026-06-18T10:00:00", "delivered", "DUN/1-7", "", "", ""),
        )
    )
    reports, bad = read_status(text)
    assert not bad
    assert [(r.line, r.step, r.day) for r in reports] == [
        (2, Step.PRESENTED, date(2026, 6, 17)),
        (4, Step.DELIVERED, date(2026, 6, 18)),
    ]
    assert (reports[0].reference, reports[0].number) == ("DUN/1-7", "1A 23")
    assert reports[0].proof == "slip.pdf"


def test_words_of_the_house():
    reports, bad = read_status(
        "notice,status,date\nDUN/1,Non  Réclamé,2026-06-17\nDUN/1,delivered,2026-06-18",
        {"non réclamé": "Unclaimed"},
    )
    assert not bad
    assert [r.step for r in reports] == [Step.UNCLAIMED, Step.DELIVERED]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",delivered,2026-06-17", Fault.NO_LETTER),
        ("DUN/1,lost,2026-06-17", Fault.UNKNOWN_STATUS),
        ("DUN/1,,2026-06-17", Fault.UNKNOWN_STATUS),
        ("DUN/1,delivered,17/06/2026", Fault.BAD_DAY),
        ("DUN/1,delivered,2026-06-31", Fault.BAD_DAY),
        ("DUN/1,delivered,20260617", Fault.BAD_DAY),
        ("DUN/1,delivered,2026-06-171", Fault.BAD_DAY),
        ("DUN/1,delivered,", Fault.BAD_DAY),
        ("DUN/1", Fault.UNKNOWN_STATUS),
    ],
)
def test_bad_rows_are_said_and_stop_nothing(row, fault):
    reports, bad = read_status(f"notice,status,date\n{row}\nDUN/2,refused,2026-06-17")
    assert [(b.line, b.fault) for b in bad] == [(2, fault)]
    assert [r.notice for r in reports] == ["DUN/2"]


@pytest.mark.parametrize("text", ["", "notice,date\n", "status,date\nx,2026-01-01"])
def test_a_file_without_its_heading_is_one_fault(text):
    assert [b.fault for b in read_status(text)[1]] == [Fault.NO_HEADING]


@given(st.text(max_size=300), st.booleans())
def test_whatever_the_file_nothing_is_lost(text, headed):
    head = "notice,status,date\n" if headed else ""
    reports, bad = read_status(head + text)
    if headed:
        rows = list(csv.reader(io.StringIO(text.replace("\x00", ""), newline="")))
        filled = [cells for cells in rows if any(cell.strip() for cell in cells)]
        assert len(reports) + len(bad) == len(filled)
    else:
        assert reports or bad
