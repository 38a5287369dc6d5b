"""What the day's run decided, as a person reads it in a terminal."""

import textwrap
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from .currencies import decimals_of


def text(values: dict, letters: Path, mails: Path, notices: Iterable[str] = ()) -> str:
    kept = sorted(mails.glob("*.eml")) if mails.is_dir() else []
    lines = [
        f"Dunning of {values['date']} for {values['company']}",
        "",
        f"Customers looked at: {values['customers']}",
        f"Open items looked at: {values['items']}",
        "",
        *_section("Notices", _notice_rows(values["notices"]), "none today"),
        *_section("Deliveries", _delivery_rows(values["deliveries"]), "none"),
        *_listed("", _waiting(values)),
        *_section("Items skipped", _skip_rows(values["skipped"]), "none"),
        *_listed("Warnings", map(_first_line, values["warnings"])),
        *_listed("Notes", notices),
        f"Letters to post:  {_letters(values, letters)}",
        f"E-mails, kept:    {len(kept)} in {mails}",
    ]
    return "\n".join(lines)


def _first_line(text: str) -> str:
    """An error's first line; the rest is in the notice itself."""
    return textwrap.shorten(text.split("\n")[0], 160)


def _waiting(values: dict) -> list[str]:
    if values["sending"] or not values["deliveries"]:
        return []
    return ["the company sends nothing on this day; what is queued waits for a workday"]


def _letters(values: dict, letters: Path) -> str:
    if values["letters"]:
        return str(letters)
    return f"{letters} (printed before)" if letters.exists() else "none wait"


def _section(title: str, rows: list[Sequence[str]], nothing: str) -> list[str]:
    if not rows:
        return [f"{title}: {nothing}", ""]
    return [f"{title}:", *_table(rows), ""]


def _listed(title: str, lines: Iterable[str]) -> list[str]:
    found = [f"  - {line}" for line in lines]
    return [*([f"{title}:"] if title else []), *found, ""] if found else []


def _notice_rows(notices: list[dict]) -> list[Sequence[str]]:
    rows = [
        (
            str(one["count"]),
            one["level"],
            one["channel"],
            _amounts(one["amounts"]),
            one.get("policy", ""),
        )
        for one in notices
    ]
    if len(rows) > 1:
        rows.append(_total(notices))
    return rows


def _total(notices: list[dict]) -> Sequence[str]:
    amounts: dict[str, Decimal] = {}
    for one in notices:
        for currency, amount in one["amounts"].items():
            amounts[currency] = amounts.get(currency, Decimal()) + Decimal(amount)
    count = sum(one["count"] for one in notices)
    return str(count), "in all", "", _amounts(amounts), ""


def _delivery_rows(deliveries: list[dict]) -> list[Sequence[str]]:
    return [(str(one["count"]), one["channel"], one["state"]) for one in deliveries]


def _skip_rows(skipped: list[dict]) -> list[Sequence[str]]:
    return [(str(one["count"]), one["reason"]) for one in skipped]


def _amounts(amounts: dict[str, str | Decimal]) -> str:
    return " + ".join(
        f"{Decimal(amount):,.{decimals_of(currency)}f} {currency}"
        for currency, amount in sorted(amounts.items())
    )


def _table(rows: list[Sequence[str]]) -> list[str]:
    """Aligned columns; numbers (the first column) to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if at == 0 else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
