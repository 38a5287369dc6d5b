"""What the opening of insolvency proceedings means for the creditor's dates.

A judgment takes effect at the beginning of its own day (C. com. R621-4), so that what
was invoiced on that day is later than it. What is older may neither be paid nor asked
for (L622-7, L622-21), bears no interest from that day on (L622-28), and has to be
declared to the administrator in time (L622-24), or is lost to the creditor.
"""

from __future__ import annotations

from datetime import date

from .days import add_months

#: months from publication of the judgment: for creditors at home, and for the others
#: (C. com. R622-24: two, and two more for creditors outside France)
DECLARATION_MONTHS = {"FR": (2, 4)}


def is_older(arose: date, judgment: date | None) -> bool:
    """Whether a claim is caught by the judgment: invoiced before its day."""
    return judgment is not None and arose < judgment


def declare_until(
    country: str | None, creditor_country: str | None, published: date | None
) -> date | None:
    """Until when the claim has to be declared; None where the court says so.

    :param country: of the proceedings, ISO code.
    :param creditor_country: of the creditor; unknown counts as the same country, which
        can only give too early a day.
    :param published: day on which the judgment was published (France: BODACC), from
        which the time runs.
    """
    months = DECLARATION_MONTHS.get(country or "")
    if months is None or published is None:
        return None
    home, abroad = months
    is_abroad = bool(creditor_country) and creditor_country != country
    return add_months(published, abroad if is_abroad else home)
