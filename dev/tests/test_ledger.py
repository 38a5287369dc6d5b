"""What `./dev/demo --ledger` makes of other people's exports."""

from datetime import date
from decimal import Decimal

import pytest

from kit import ledger

HEADER = "customer,invoice,invoice date,due date,amount"


def parse(*lines: str, header: str = HEADER, encoding: str = "utf-8") -> ledger.Ledger:
    return ledger.parse("\n".join([header, *lines]).encode(encoding))


def problems(*lines: str, **options: str) -> list[str]:
    found = parse(*lines, **options)
    return [str(problem) for problem in found.problems]


def test_published_headers_are_understood():
    found = parse(
        "391,0379-NEVHP,4/6/2013,611365,1/2/2013,2/1/2013,55.94,No,1/15/2013,Paper,13,0",
        "406,8976-AMJEO,3/3/2012,7900770,1/26/2013,2/25/2013,61.74,Yes,,Electronic,36,6",
        header="countryCode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,"
        "InvoiceAmount,Disputed,SettledDate,PaperlessBill,DaysToSettle,DaysLate",
    )
    assert not found.problems
    assert found.rows[0] == ledger.Row(
        line=2,
        customer="0379-NEVHP",
        country="391",
        invoice="611365",
        invoice_date=date(2013, 1, 2),
        due_date=date(2013, 2, 1),
        amount=Decimal("55.94"),
        currency=None,
        paid_date=date(2013, 1, 15),
        disputed=False,
        electronic=False,
    )
    assert found.rows[1].disputed
    assert found.rows[1].electronic
    assert found.rows[1].paid_date is None


def test_french_export_in_windows_encoding():
    found = parse(
        "Dürand;FR;F1;31/01/2026;28/02/2026;1 234,50 €;;oui",
        header="Client;Pays;N° facture;Date facture;Date d'échéance;Montant TTC;"
        "Date de paiement;Litige",
        encoding="cp1252",
    )
    assert not found.problems
    [row] = found.rows
    assert row.customer == "Dürand"
    assert row.due_date == date(2026, 2, 28)
    assert row.amount == Decimal("1234.50")
    assert row.currency == "EUR"
    assert row.disputed


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["03/04/2026", "13/04/2026"], date(2026, 4, 3)),
        (["03/04/2026", "04/13/2026"], date(2026, 3, 4)),
        (["2026-04-03", "2026-04-13 00:00:00"], date(2026, 4, 3)),
        (["03.04.26", "13.04.26"], date(2026, 4, 3)),
    ],
)
def test_one_date_format_for_the_column(texts, expected):
    found = parse(*(f"A,{n},{t},2026-12-31,1" for n, t in enumerate(texts)))
    assert not found.problems
    assert found.rows[0].invoice_date == expected


def test_date_that_fits_the_column_not_is_reported():
    assert problems(
        "A,1,13/04/2026,2026-12-31,1",
        "A,2,14/04/2026,2026-12-31,1",
        "A,3,04/15/2026,2026-12-31,1",
    ) == [
        "line 4: invoice date '04/15/2026' is no date (day/month/year in this column)"
    ]


def test_order_of_day_and_month_shows_in_another_column():
    found = parse("A,1,01/02/2026,01/31/2026,1", "A,2,01/03/2026,01/31/2026,1")
    assert [row.invoice_date for row in found.rows] == [
        date(2026, 1, 2),
        date(2026, 1, 3),
    ]


def test_dates_that_can_be_read_both_ways_are_said():
    found = parse("A,1,01/02/2026,01/03/2026,1")
    assert found.rows[0].invoice_date == date(2026, 2, 1)
    assert "day/month/year and as month/day/year" in found.notices[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1234.50", "1234.50"),
        ('"1,234.50"', "1234.50"),
        ('"1.234,50"', "1234.50"),
        ('"1234,5"', "1234.5"),
        ('"1,234"', "1234"),
        ("1'234.50", "1234.50"),
        ("1\u202f234.50", "1234.50"),
        ("(12.50)", "-12.50"),
        ("12.50-", "-12.50"),
        ("-€12.50", "-12.50"),
        ("$12.50", "12.50"),
        ("12.50 CHF", "12.50"),
        (".50", "0.50"),
    ],
)
def test_amounts(text, expected):
    found = parse(f"A,1,2026-01-01,2026-02-01,{text}")
    assert not found.problems
    assert found.rows[0].amount == Decimal(expected)


@pytest.mark.parametrize("text", ["abc", "12 apples", "1.2.3", "1234.505", "-", "+"])
def test_no_amount(text):
    [problem] = problems(f"A,1,2026-01-01,2026-02-01,{text}")
    assert problem.startswith("line 2: ")
    assert "amount" in problem


def test_amount_0_is_left_out_and_said():
    found = parse("A,1,2026-01-01,2026-02-01,0", "A,2,2026-01-01,2026-02-01,1")
    assert [row.invoice for row in found.rows] == ["2"]
    assert found.notices == ["line 2: amount 0, nothing is owed; row left out"]


def test_all_bad_rows_are_reported_with_their_lines():
    header = HEADER + ",currency,paid date,disputed"
    assert problems(
        "A,1,2026-01-01,2026-02-01,1,EUR,,no",
        ",2,2026-01-01,2026-02-01,1,EUR,,no",
        "",
        ",,,,,,,",
        '"A\nB",3,2026-01-01,2025-02-01,1,EUR,,no',
        "A,4,2026-01-01,2026-02-01,1,XXX,2025-12-31,maybe",
        "a,1,2026-01-01,2026-02-01,1,EUR,,no",
        "A,5,2026-01-01,2026-02-01,1,EUR,,no,surplus",
        "A,6",
        header=header,
    ) == [
        "line 3: no customer",
        "line 6: due on 2025-02-01, before the invoice of 2026-01-01",
        "line 8: currency 'XXX' is no currency (its three-letter code is wanted)",
        "line 8: disputed 'maybe' is neither yes nor no",
        "line 8: paid on 2025-12-31, before the invoice of 2026-01-01",
        "line 9: invoice '1' of 'a' is on line 2 already",
        "line 10: 9 cells, but the header has 8 (is a text with the delimiter in it "
        "not quoted?)",
        "line 11: no invoice date",
        "line 11: no due date",
        "line 11: no amount",
    ]


def test_same_number_of_another_customer_is_no_duplicate():
    assert not problems("A,1,2026-01-01,2026-02-01,1", "B,1,2026-01-01,2026-02-01,1")


def test_missing_and_doubled_columns():
    assert problems("1,2", header="client,customer") == [
        "line 1: two columns for customer: 'client' and 'customer'",
        "line 1: no column for invoice, invoice date, due date, amount "
        "(found: client, customer)",
    ]


@pytest.mark.parametrize("data", [b"", b"\n\n", HEADER.encode(), b"\x00\xff\xfe"])
def test_nothing_in_it(data):
    assert ledger.parse(data).problems
