"""`./dev/bench-lists`: our list of customers against Odoo's list of contacts."""

import argparse
import json
import os
import platform
import tempfile
from datetime import date
from pathlib import Path
from statistics import median

from . import browser, databases, paths, postgres, run, scripts, servers, setup
from .progress import HarnessError, say

MENU = "account_dunning.credit_profile_menu"
AGAINST = "contacts.action_contacts"
#: how many times as long as Odoo's list ours may take
LIMIT = 1.5

#: what is measured, by the key in the result; seconds
MEASURES = {
    "client_row": "opened from the menu: first line painted",
    "client_quiet": "opened from the menu: painted, nothing more asked for",
    "page_row": "opened by its address: first line painted",
    "page_quiet": "opened by its address: painted, nothing more asked for",
    "server": "the reading alone, in process, without the browser",
}
#: what a person waits for, and so what decides
DECISIVE = ("client_row", "client_quiet", "page_row", "page_quiet")


def start(words: list[str], description: str) -> int:
    options = parser(description).parse_args(words)
    setup.ensure(with_tests=True)
    if trouble := browser.ensure():
        raise HarnessError(f"no browser to open lists with: {trouble}")
    database = f"bench-lists-{options.count}"
    with (
        databases.reserved(database),
        postgres.running(),
        tempfile.TemporaryDirectory() as scratch,
    ):
        result = _measure(database, options, Path(scratch))
    say()
    say(report(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return int(result["ratio"] > LIMIT)


def parser(description: str) -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="./dev/bench-lists",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    found.add_argument(
        "--count", type=_positive, default=10_000, help="customers (default: 10000)"
    )
    found.add_argument(
        "--times",
        type=_positive,
        default=7,
        help="how often each list is opened (default: 7)",
    )
    found.add_argument(
        "--action",
        metavar="XMLID",
        help=f"the action to open (default: that of the menu {MENU})",
    )
    found.add_argument(
        "--json", type=Path, metavar="FILE", help="write all that was measured there"
    )
    found.add_argument(
        "--reset", action="store_true", help="make the database anew, from nothing"
    )
    return found


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"'{text}' is no number above 0")
    return int(text)


# --- measuring ------------------------------------------------------------------------


def _measure(database: str, options: argparse.Namespace, scratch: Path) -> dict:
    _have_database(database, options)
    scripts.call(
        "fill_lists.py",
        f"{options.count:,} customers with open invoices",
        *(database, ",".join(databases.own_modules()), str(options.count)),
        *(options.action or "", MENU, AGAINST),
        str(scratch / "lists.json"),
    )
    port = servers.free_port()
    log = paths.LOGS / f"{database}-server.log"
    with servers.web(database, port, log):
        seen = scripts.call(
            "open_lists.py",
            "Opening the lists",
            *(f"http://localhost:{port}", browser.program(), str(options.times)),
            *(str(scratch / "lists.json"), str(scratch / "seen.json")),
            result=scratch / "seen.json",
        )
    read = scripts.call(
        "read_lists.py",
        "Reading alone",
        *(database, str(options.times)),
        *(str(scratch / "seen.json"), str(scratch / "read.json")),
        result=scratch / "read.json",
    )
    for name, values in read.items():
        seen["lists"][name]["times"]["server"] = values["times"]
        seen["lists"][name]["queries"] = values["queries"]
    return evaluated(
        {
            "date": str(date.today()),
            "machine": _machine(),
            "versions": {**seen["versions"], **_versions()},
            "customers": options.count,
            "repeated": options.times,
            "lists": seen["lists"],
        }
    )


def _have_database(database: str, options: argparse.Namespace) -> None:
    if options.reset:
        databases.drop(database)
    modules = databases.own_modules()
    sources = databases.source_fingerprint()

    def build(name: str) -> None:
        databases.copy(databases.template(), name)
        title = f"Odoo database '{database}'"
        databases.install(name, [*modules, "contacts", "l10n_fr_account"], title)

    if databases.build_once(database, build):
        databases.remember_sources(database, sources)
    elif databases.remembered_sources(database) != sources:
        databases.update(database, modules, "The addon changed: updating it")
        databases.remember_sources(database, sources)


def _machine() -> dict:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cores": os.cpu_count(), "memory_gib": round(memory / 2**30)}


def _versions() -> dict:
    words = [postgres.programs() / "postgres", "--version"]
    output = run.capture(words, "Asking for PostgreSQL's version")
    return {"postgresql": output.split()[-1], "python": platform.python_version()}


# --- what came of it ------------------------------------------------------------------


def evaluated(result: dict) -> dict:
    """The result with medians, their ratios, and the ratio that decides."""
    ours, theirs = result["lists"]["ours"], result["lists"]["theirs"]
    for values in (ours, theirs):
        values["medians"] = {key: median(values["times"][key]) for key in MEASURES}
    ratios = {key: ours["medians"][key] / theirs["medians"][key] for key in MEASURES}
    worst = max(ratios[key] for key in DECISIVE)
    return {**result, "ratios": ratios, "ratio": worst, "limit": LIMIT}


def report(result: dict) -> str:
    ours, theirs = result["lists"]["ours"], result["lists"]["theirs"]
    machine, versions = result["machine"], result["versions"]
    known = ", ".join(f"{name} {version}" for name, version in versions.items())
    lines = [
        f"{result['date']}, {machine['cores']} cores, {machine['memory_gib']} GiB; "
        f"{known}",
        f"{ours['name']} ({ours['found']:,} found, {ours['rows']} on the page) against "
        f"{theirs['name']} ({theirs['found']:,} found, {theirs['rows']} on the page)",
        f"median of {result['repeated']}, milliseconds",
        "",
        f"{'':58}{'ours':>8}{'Odoo':>8}{'ratio':>8}",
    ]
    for key, text in MEASURES.items():
        numbers = (1000 * values["medians"][key] for values in (ours, theirs))
        columns = "".join(f"{number:8.0f}" for number in numbers)
        lines.append(f"{text:58}{columns}{result['ratios'][key]:8.2f}")
    queries = f"{ours['queries']:8}{theirs['queries']:8}"
    lines.append(f"{'queries of the reading':58}{queries}")
    verdict = "more than" if result["ratio"] > result["limit"] else "within"
    lines += [
        "",
        f"The worst ratio of what the browser shows: {result['ratio']:.2f}, {verdict} "
        f"{result['limit']}",
    ]
    return "\n".join(lines)
