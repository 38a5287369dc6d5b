"""`./dev/law-cases`: needs nothing but this machine's python3."""

import argparse
import importlib
import json
import sys
from pathlib import Path

from . import paths
from .progress import HarnessError, say


def start(words: list[str], description: str) -> int:
    options = _parser(description).parse_args(words)
    cases = _module()
    try:
        found = cases.outcomes(options.file.read_text("utf-8"), cases.shipped())
    except (OSError, UnicodeDecodeError, cases.CaseError) as error:
        raise HarnessError(f"{options.file}: {error}", exit_code=2) from error
    say(report(found, cases.summary, options.verbose))
    return int(any(not outcome.ok for outcome in found))


def _parser(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./dev/law-cases",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE.json")
    parser.add_argument(
        "--verbose", action="store_true", help="also print all that was computed"
    )
    return parser


def _module():
    """What works out cases; it lies with the tests of the engine, which run it too."""
    for folder in (paths.ROOT, paths.ROOT / "tests" / "engine"):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    return importlib.import_module("lawcases")


#: a table of fees can be long; --verbose prints all of it
WIDEST = 60


def _cell(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3].rstrip()}..."


def report(found, summary, verbose: bool = False) -> str:
    """A table of the cases, with the differences below each, and the count."""
    rows = [("case", "computed", "expected", "")]
    rows += [
        (
            outcome.name,
            _cell(summary(outcome.computed)),
            _cell(summary(outcome.expected)),
            "ok" if outcome.ok else "NOT OK",
        )
        for outcome in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [_line(rows[0], widths)]
    for row, outcome in zip(rows[1:], found, strict=True):
        lines.append(_line(row, widths))
        lines += [f"    {difference}" for difference in outcome.differences]
        if outcome.unused:
            lines.append(f"    not used: {', '.join(outcome.unused)}")
        if verbose:
            lines.append(json.dumps(outcome.computed, indent=2, default=str))
    right = sum(outcome.ok for outcome in found)
    lines.append(f"{right} of {len(found)} ok")
    return "\n".join(lines)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
    return "  ".join([*cells, row[3]]).rstrip()
