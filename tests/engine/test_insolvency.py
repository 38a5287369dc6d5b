"""Dates that follow from a judgment on insolvency."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.insolvency import declare_until, is_older

JUDGMENT = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("arose", "older"),
    [(date(2026, 3, 9), True), (JUDGMENT, False), (date(2026, 3, 11), False)],
)
def test_judgment_counts_from_the_beginning_of_its_day(arose, older):
    assert is_older(arose, JUDGMENT) is older


def test_without_a_judgment_nothing_is_older():
    assert not is_older(date(1999, 1, 1), None)


@pytest.mark.parametrize(
    ("country", "creditor", "published", "until"),
    [
        ("FR", "FR", date(2026, 3, 20), date(2026, 5, 20)),
        ("FR", "BE", date(2026, 3, 20), date(2026, 7, 20)),
        ("FR", None, date(2026, 3, 20), date(2026, 5, 20)),
        ("FR", "FR", date(2025, 12, 31), date(2026, 2, 28)),
        ("FR", "FR", None, None),
        ("BE", "FR", date(2026, 3, 20), None),
        (None, "FR", date(2026, 3, 20), None),
        ("", "", date(2026, 3, 20), None),
    ],
)
def test_time_to_declare(country, creditor, published, until):
    assert declare_until(country, creditor, published) == until


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_creditors_abroad_have_longer(published):
    home = declare_until("FR", "FR", published)
    abroad = declare_until("FR", "DE", published)
    assert published < home < abroad
    assert timedelta(58) <= home - published <= timedelta(62)
