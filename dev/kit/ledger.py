"""Reading somebody else's receivables ledger: a CSV file becomes invoices, or errors.

Pure Python, no Odoo. Exports differ in header names, delimiter, encoding, the way of
writing dates and amounts; each of these is inferred once for the file or its column,
never guessed row by row. Every row that then does not make sense is reported with its
line number, all of them at once, so that a person can mend the file in one go.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from .currencies import CURRENCIES, SYMBOLS, decimals_of

#: header names, compared without case, accents, spaces and punctuation
HEADERS = {
    "customer": """customer customerid customername customerno customernumber client
        clientid clientname debtor debtorname account accountname partner partnername
        company name soldto billto kunde kundenname cliente nomclient debiteur""",
    "country": "country countrycode countryname customercountry pays codepays land",
    "invoice": """invoice invoicenumber invoiceno invoiceid invoicenr inv invno number
        document documentnumber documentno docno voucher facture numerofacture nofacture
        nfacture numfacture numero reference ref rechnung rechnungsnummer
        belegnummer""",
    "invoice_date": """invoicedate date documentdate docdate issuedate issued billdate
        billingdate postingdate datefacture datedefacture dateemission
        rechnungsdatum belegdatum""",
    "due_date": """duedate due invoiceduedate netduedate maturity maturitydate
        paymentdue paymentduedate dateecheance datedecheance echeance faelligkeit
        faelligkeitsdatum faelligam""",
    "amount": """amount invoiceamount total totalamount invoicetotal grossamount gross
        amounttotal value montant montantttc totalttc betrag rechnungsbetrag
        bruttobetrag importe""",
    "currency": """currency currencycode cur curr ccy invoicecurrency isocurrency devise
        monnaie waehrung""",
    "paid_date": """paiddate paid paidon paymentdate datepaid settleddate settled
        settlementdate cleardate cleareddate clearingdate clearing datepaiement
        datedepaiement datereglement datedereglement payele bezahltam zahlungsdatum""",
    "disputed": """disputed dispute indispute isdisputed disputeflag litige enlitige
        conteste contestee strittig""",
    "channel": """paperlessbill paperless channel delivery deliverymethod sendingmethod
        invoicedelivery canal envoi""",
}
REQUIRED = ("customer", "invoice", "invoice_date", "due_date", "amount")
_NAMES = {name: column for column, names in HEADERS.items() for name in names.split()}

_NOTHING = {"", "-", "--", "n/a", "na", "null", "none", "nan", "nil", "open", "unpaid"}
_YES = {"yes", "y", "true", "t", "1", "x", "oui", "o", "vrai", "ja", "j", "si"}
_NO = {"no", "n", "false", "f", "0", "non", "faux", "nein"} | _NOTHING
_ELECTRONIC = {"electronic", "email", "mail", "digital", "electronique", "edi", "pdf"}
_PAPER = {"paper", "post", "letter", "print", "printed", "papier", "courrier", "postal"}


@dataclass(frozen=True)
class Row:
    """One invoice, or credit note if the amount is negative."""

    line: int
    customer: str
    country: str
    invoice: str
    invoice_date: date
    due_date: date
    amount: Decimal
    currency: str | None
    paid_date: date | None
    disputed: bool
    #: False where the ledger says the customer gets paper; None if it says nothing
    electronic: bool | None


@dataclass(frozen=True)
class Problem:
    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else self.reason


@dataclass
class Ledger:
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)


class _BadCell(ValueError):
    """What is wrong with one cell, as the end of a sentence about its row."""


@dataclass(frozen=True)
class _Record:
    line: int
    cells: dict[str, str]


def read(path: Path) -> Ledger:
    return parse(path.read_bytes())


def parse(data: bytes) -> Ledger:
    """The ledger's rows, or everything that is wrong with it."""
    return _Parser(_decode(data)).parse()


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # what Windows programs call latin-1; its five empty places are never text
        return data.decode("cp1252", errors="replace")


def _plain(text: str) -> str:
    """Without case, accents, spaces and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(c for c in decomposed.lower() if c.isascii() and c.isalnum())


class _Parser:
    def __init__(self, text: str):
        self.text = text
        self.ledger = Ledger()

    def parse(self) -> Ledger:
        header, *body = list(self._lines()) or [(1, [])]
        positions = self._positions(header[1])
        if self.ledger.problems:
            return self.ledger
        if not body:
            self._problem(0, "the file has no rows")
            return self.ledger
        records = self._records(body, positions, len(header[1]))
        dates = _DateReader(records, self.ledger.notices.append)
        amounts = _AmountReader(record.cells["amount"] for record in records)
        rows = [self._row(record, dates, amounts) for record in records]
        self.ledger.rows = [row for row in rows if row is not None]
        self._check_duplicates()
        self._check_countries()
        self.ledger.problems.sort(key=lambda problem: problem.line)
        return self.ledger

    def _problem(self, line: int, reason: str) -> None:
        self.ledger.problems.append(Problem(line, reason))

    # --- cells --------------------------------------------------------------------

    def _records(
        self, body: list[tuple[int, list[str]]], positions: dict[str, int], width: int
    ) -> list[_Record]:
        records = []
        for line, cells in body:
            if any(cell.strip() for cell in cells[width:]):
                self._problem(
                    line,
                    f"{len(cells)} cells, but the header has {width} "
                    "(is a text with the delimiter in it not quoted?)",
                )
                continue
            padded = cells + [""] * (width - len(cells))
            named = {column: padded[at].strip() for column, at in positions.items()}
            records.append(_Record(line, dict.fromkeys(HEADERS, "") | named))
        return records

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """Rows that hold something, with the number of the line they start on."""
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self._sniff())
        start = 1
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield start, cells
                start = reader.line_num + 1
        except csv.Error as error:
            self._problem(start, f"not readable as CSV: {error}")

    def _sniff(self) -> str:
        """The delimiter that makes the first line name the most columns we know."""
        lines = (line for line in self.text.splitlines() if line.strip(" ,;\t|"))
        header = next(lines, "")

        def known(delimiter: str) -> int:
            cells = next(csv.reader([header], delimiter=delimiter), [])
            return sum(_plain(cell) in _NAMES for cell in cells)

        return max(",;\t|", key=known)

    def _positions(self, header: list[str]) -> dict[str, int]:
        positions: dict[str, int] = {}
        for at, name in enumerate(header):
            column = _NAMES.get(_plain(name))
            if column is None:
                continue
            if column in positions:
                first = header[positions[column]]
                self._problem(
                    1, f"two columns for {_words(column)}: '{first}' and '{name}'"
                )
            else:
                positions[column] = at
                self.ledger.columns[column] = name.strip()
        missing = [_words(column) for column in REQUIRED if column not in positions]
        if missing:
            found = ", ".join(header) or "nothing"
            self._problem(1, f"no column for {', '.join(missing)} (found: {found})")
        return positions

    # --- rows ---------------------------------------------------------------------

    def _row(self, record: _Record, dates, amounts) -> Row | None:
        """One row; None, with its problems noted, if anything in it is wrong."""
        cells, reasons = record.cells, []

        def take(read: Callable, column: str, needed: bool = False):
            text = cells[column]
            if needed and text.lower() in _NOTHING:
                reasons.append(f"no {_words(column)}")
                return None
            try:
                return read(text)
            except _BadCell as error:
                reasons.append(f"{_words(column)} '{text}' {error}")
                return None

        currency = take(_currency, "currency")
        values = {
            "customer": take(str, "customer", needed=True),
            "country": cells["country"],
            "invoice": take(str, "invoice", needed=True),
            "invoice_date": take(dates.of("invoice_date"), "invoice_date", needed=True),
            "due_date": take(dates.of("due_date"), "due_date", needed=True),
            "currency": currency or _currency_sign(cells["amount"]),
            "paid_date": take(dates.of("paid_date"), "paid_date"),
            "disputed": take(_flag, "disputed"),
            "electronic": take(_is_electronic, "channel"),
        }
        values["amount"] = take(
            lambda text: amounts.read(text, values["currency"]), "amount", needed=True
        )
        reasons += _contradictions(**values)
        for reason in reasons:
            self._problem(record.line, reason)
        if reasons:
            return None
        if not values["amount"]:
            self.ledger.notices.append(
                f"line {record.line}: amount 0, nothing is owed; row left out"
            )
            return None
        return Row(line=record.line, **values)

    def _check_duplicates(self) -> None:
        first: dict[tuple[str, str], int] = {}
        for row in self.ledger.rows:
            key = (_plain(row.customer), row.invoice.casefold())
            if key in first:
                self._problem(
                    row.line,
                    f"invoice '{row.invoice}' of '{row.customer}' is on line "
                    f"{first[key]} already",
                )
            first.setdefault(key, row.line)

    def _check_countries(self) -> None:
        seen: dict[str, str] = {}
        for row in self.ledger.rows:
            known = seen.setdefault(row.customer, row.country)
            if row.country and row.country != known:
                self.ledger.notices.append(
                    f"line {row.line}: '{row.customer}' in country '{row.country}', "
                    f"before in '{known}'; the first is kept"
                )


def _words(column: str) -> str:
    return column.replace("_", " ")


def _contradictions(
    invoice_date: date | None,
    due_date: date | None,
    paid_date: date | None,
    amount: Decimal | None,
    **_others,
) -> list[str]:
    found = []
    if invoice_date and due_date and due_date < invoice_date:
        found.append(f"due on {due_date}, before the invoice of {invoice_date}")
    if invoice_date and paid_date and paid_date < invoice_date:
        found.append(f"paid on {paid_date}, before the invoice of {invoice_date}")
    return found


def _flag(text: str) -> bool:
    word = _plain(text)
    if word in _YES:
        return True
    if word in map(_plain, _NO):
        return False
    raise _BadCell("is neither yes nor no")


def _is_electronic(text: str) -> bool | None:
    word = _plain(text)
    if word in _ELECTRONIC | _YES:
        return True
    if word in _PAPER | {"no", "n", "false", "0", "non", "nein"}:
        return False
    return None


def _currency(text: str) -> str | None:
    if text.lower() in _NOTHING:
        return None
    code = SYMBOLS.get(text, text.upper())
    if code not in CURRENCIES:
        raise _BadCell("is no currency (its three-letter code is wanted)")
    return code


def _currency_sign(amount: str) -> str | None:
    """The currency written beside the amount, if there is one."""
    sign = re.sub(r"[\d\s.,'’()+-]", "", amount)
    code = SYMBOLS.get(sign, sign.upper())
    return code if code in CURRENCIES else None


# --- dates ----------------------------------------------------------------------------

_DATE_COLUMNS = ("invoice_date", "due_date", "paid_date")
_DATE = re.compile(
    r"^(\d{1,4})([-/. ])(\d{1,2})\2(\d{1,4})(?:[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?$"
)
_ORDERS = {
    "day/month/year": (2, 1, 0),
    "month/day/year": (2, 0, 1),
    "year-month-day": (0, 1, 2),
}


def _read_date(text: str, order: str) -> date | None:
    match = _DATE.match(text)
    if not match:
        return None
    parts = match[1], match[3], match[4]
    year, month, day = (parts[at] for at in _ORDERS[order])
    if len(year) not in (2, 4) or len(day) > 2 or len(month) > 2:
        return None
    if len(year) == 2 and order == "year-month-day":
        return None
    full_year = int(year) if len(year) == 4 else 2000 + int(year)
    try:
        return datetime(full_year, int(month), int(day)).date()
    except ValueError:
        return None


class _DateReader:
    """One order of day, month and year for each column, inferred from all its cells."""

    def __init__(self, records: list[_Record], notify: Callable[[str], None]):
        self.records = records
        fitting = {column: self._fitting(column) for column in _DATE_COLUMNS}
        overall = sum(fitting.values(), Counter())
        for order in _ORDERS:
            overall[order] -= self._contradictions(order)
        self.orders = {
            column: max(_ORDERS, key=lambda order: (counts[order], overall[order]))
            for column, counts in fitting.items()
        }
        day_first, month_first = (overall[order] for order in list(_ORDERS)[:2])
        if day_first == month_first > overall["year-month-day"]:
            notify(
                "dates can be read as day/month/year and as month/day/year; "
                "the first was taken"
            )

    def of(self, column: str) -> Callable[[str], date | None]:
        order = self.orders[column]

        def read(text: str) -> date | None:
            if text.lower() in _NOTHING:
                return None
            found = _read_date(text, order)
            if found is None:
                raise _BadCell(f"is no date ({order} in this column)")
            return found

        return read

    def _fitting(self, column: str) -> Counter:
        texts = [record.cells[column] for record in self.records]
        return Counter(
            order for text in texts for order in _ORDERS if _read_date(text, order)
        )

    def _contradictions(self, order: str) -> int:
        """Rows in which the due date would come before the invoice's."""
        found = 0
        for record in self.records:
            start = _read_date(record.cells["invoice_date"], order)
            end = _read_date(record.cells["due_date"], order)
            found += bool(start and end and end < start)
        return found


# --- amounts --------------------------------------------------------------------------

_SPACES = re.compile(r"[\s'’]")
_GROUPED = re.compile(r"^[1-9]\d{0,2}[.,]\d{3}$")
_NUMBER = {
    ".": re.compile(r"^(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?$"),
    ",": re.compile(r"^(\d+|\d{1,3}(\.\d{3})+)?(,\d+)?$"),
}


def _bare(text: str) -> tuple[str, bool]:
    """The number without sign, spaces and currency; and whether it is negative."""
    text = _SPACES.sub("", text.replace("−", "-"))
    negative = text.startswith("(") and text.endswith(")")
    text = text.strip("()")
    letters = "".join(c for c in text if not (c.isdigit() or c in ".,+-"))
    if letters and _currency_sign(letters) is None:
        raise _BadCell("is no amount")
    text = text.replace(letters, "") if letters else text
    negative ^= text.startswith("-") or text.endswith("-")
    return text.strip("+-"), negative


class _AmountReader:
    """One decimal mark for the column, inferred from all its amounts."""

    def __init__(self, texts: Iterable[str]):
        votes: Counter = Counter()
        for text in texts:
            try:
                number, _negative = _bare(text)
            except _BadCell:
                # reported with its row, when it is read
                continue
            votes[self._mark(number)] += 1
        self.mark = "," if votes[","] > votes["."] else "."

    @staticmethod
    def _mark(number: str) -> str | None:
        marks = [c for c in number if c in ".,"]
        if not marks:
            return None
        if any(one != two for one, two in pairwise(marks)):
            return marks[-1]
        if len(marks) > 1 or _GROUPED.match(number):
            # thousands: then the other one is the decimal mark
            return "," if marks[-1] == "." else "."
        return marks[-1]

    def read(self, text: str, currency: str | None) -> Decimal:
        number, negative = _bare(text)
        if not number or not _NUMBER[self.mark].match(number):
            raise _BadCell(f"is no amount ('{self.mark}' is the decimal mark here)")
        thousands = "," if self.mark == "." else "."
        value = Decimal(number.replace(thousands, "").replace(self.mark, "."))
        places = decimals_of(currency)
        if value != round(value, places):
            raise _BadCell(f"has more than {places} decimals")
        return -value if negative else value
