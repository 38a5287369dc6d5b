"""`./dev/bench`: our job, the OCA's and the least possible, on the same ledger."""

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

from . import benchmark, databases, paths, postgres, scripts, servers, setup
from .progress import say, step

PEER = "account_credit_control"
SUBJECTS = ("ours", "peer", "floor", "posting", "memo")
#: seconds the peer may work on one ledger before it is stopped, and extrapolated
PEER_SECONDS = 600
LETTERS = 100
#: partners for whom core's figures are read, see bench_ours.py
CORE_PARTNERS = 1_000
#: the peer renders each by a process of its own: so many tell how long 100 take
PEER_LETTERS = 30
POSTED = 200
#: interest and compensation: what the job is measured on, see bench_memo.py
NIGHTS = ("first night", "next night", "night after payments")

#: what is asked for: measure, row key, most or least, by the number of items
WANTED = (
    ("propose+issue", "times_faster_than_peer", "least", {10_000: 30, 100_000: 100}),
    ("propose+issue", "times_floor", "most", {10_000: 25, 100_000: 20}),
    ("whole job", "peak_mb", "most", {10_000: 250, 100_000: 400}),
    ("letters", "times_faster_than_peer", "least", {10_000: 10, 100_000: 10}),
    ("letters", "renderers_per_50", "most", {10_000: 2, 100_000: 2}),
    ("refresh profiles", "times_faster_than_peer", "least", {10_000: 10, 100_000: 10}),
    ("posting and paying", "slower_percent", "most", {10_000: 5, 100_000: 5}),
    ("posting, with the gate", "slower_percent", "most", {10_000: 10, 100_000: 10}),
    ("first night", "times_floor", "most", {10_000: 8, 100_000: 8}),
    ("next night", "times_floor", "most", {10_000: 4, 100_000: 4}),
    ("night after payments", "times_floor", "most", {10_000: 4, 100_000: 4}),
    ("open a profile", "queries", "most", {10_000: 24, 100_000: 24}),
    ("check a credit limit", "queries", "most", {10_000: 24, 100_000: 24}),
)


def start(words: list[str], description: str) -> int:
    options = parser(description).parse_args(words)
    setup.ensure(with_tests=True)
    rows, facts = [], []
    with postgres.running(), tempfile.TemporaryDirectory() as scratch:
        for items in options.items:
            ledger = Ledger(items, Path(scratch), options)
            with databases.reserved(ledger.name):
                try:
                    found = ledger.measure()
                finally:
                    if not options.keep:
                        ledger.drop()
            rows += table_rows(items, found)
            facts.append(remarks(items, found))
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    say()
    say(report(rows, facts, versions()))
    return 0


def parser(description: str) -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="./dev/bench",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    found.add_argument(
        "--items",
        type=_numbers,
        default=(10_000, 100_000),
        help="open items, several with commas (default: 10000,100000)",
    )
    found.add_argument(
        "--quick",
        action="store_const",
        dest="items",
        const=(10_000,),
        help="10,000 items only",
    )
    found.add_argument(
        "--only",
        type=_subjects,
        default=SUBJECTS,
        help=f"some of {','.join(SUBJECTS)} (default: all)",
    )
    found.add_argument(
        "--history",
        type=int,
        default=10,
        help="paid items for each open one (default: 10)",
    )
    found.add_argument(
        "--json", type=Path, metavar="FILE", help="write the rows of the table there"
    )
    found.add_argument(
        "--keep", action="store_true", help="keep the databases, to look into them"
    )
    return found


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part) if part.isdecimal() else 0 for part in text.split(","))
    if not all(number >= 100 for number in numbers):
        raise argparse.ArgumentTypeError(f"'{text}': numbers from 100 on are needed")
    return numbers


def _subjects(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    if unknown := set(chosen) - set(SUBJECTS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return chosen


# --- measuring ------------------------------------------------------------------------


@dataclass
class Ledger:
    """One ledger and the databases copied from it, each dropped when it is measured."""

    items: int
    scratch: Path
    options: argparse.Namespace

    @property
    def name(self) -> str:
        return f"bench-{self.items}"

    def measure(self) -> dict:
        """What came of each subject, by its name."""
        found = {"ledger": self._make()}
        for subject in self.options.only:
            found[subject] = getattr(self, f"_measure_{subject}")()
        return found

    def drop(self) -> None:
        for name in sorted(postgres.databases()):
            if name.startswith(f"{self.name}-") or name == self.name:
                databases.drop(name)

    def _make(self) -> dict:
        self.drop()
        databases.copy(databases.template(), self.name)
        databases.install(self.name, ["l10n_fr_account"], "French chart of accounts")
        return self._call(
            "bench_fill.py",
            f"A ledger of {self.items:,} open items",
            *(self.name, str(self.items), str(self.options.history)),
        )

    @contextmanager
    def _copy(self, subject: str, *modules: str) -> Iterator[str]:
        name = f"{self.name}-{subject}"
        with step(f"Copy of the ledger for '{subject}'"):
            databases.copy(self.name, name)
        if modules:
            databases.install(name, list(modules), f"Installing {', '.join(modules)}")
        with step("Statistics"):
            # what autovacuum would have done by the next morning
            postgres.psql("VACUUM ANALYZE", name)
        try:
            yield name
        finally:
            if not self.options.keep:
                databases.drop(name)

    def _call(self, script: str, title: str, *words: str) -> dict:
        result = self.scratch / f"{script}.json"
        return scripts.call(script, title, *words, str(result), result=result)

    def _measure_ours(self) -> dict:
        with self._copy("ours", *databases.own_modules()) as name, served(name) as url:
            return self._call("bench_ours.py", "Our job", name, url, str(LETTERS))

    def _measure_peer(self) -> dict:
        with self._copy("peer", PEER) as name, served(name) as url:
            limits = (str(PEER_LETTERS), str(PEER_SECONDS))
            return self._call("bench_peer.py", "The OCA's", name, url, *limits)

    def _measure_memo(self) -> dict:
        with self._copy("memo", *databases.own_modules()) as name:
            return self._call("bench_memo.py", "Interest and compensation", name)

    def _measure_floor(self) -> dict:
        with self._copy("floor") as name:
            return self._call("bench_floor.py", "The least possible", name)

    def _measure_posting(self) -> dict:
        """Both databases take turns, so that both see the same machine."""
        with (
            self._copy("without") as without,
            self._copy("with", paths.MODULE) as ours,
            step(f"Posting and paying {POSTED} invoices, with and without"),
        ):
            return take_turns(self.scratch, without, ours)


ROUNDS = 10


def take_turns(scratch: Path, *names: str) -> dict:
    """Post in each database in turn, round by round; ``{database's role: result}``."""
    files = [scratch / f"posting-{number}.json" for number in range(len(names))]
    with (
        scripts.conversation(
            "bench_posting.py", names[0], str(POSTED), str(ROUNDS), str(files[0])
        ) as without,
        scripts.conversation(
            "bench_posting.py", names[1], str(POSTED), str(ROUNDS), str(files[1])
        ) as ours,
    ):
        for turn in range(ROUNDS):
            pair = (without, ours) if turn % 2 else (ours, without)
            for process in (without, ours):
                scripts.expect(process, "ready")
            for process in pair:
                process.stdin.write("go\n")
                process.stdin.flush()
                scripts.expect(process, "done")
    return {
        role: json.loads(file.read_text())
        for role, file in zip(("without", "with"), files, strict=True)
    }


@contextmanager
def served(name: str) -> Iterator[str]:
    """Odoo's web server for that database: the renderer asks it for styles."""
    port = servers.free_port()
    log = paths.LOGS / f"{name}-server.log"
    with servers.web(name, port, log, "--max-cron-threads=0"):
        yield f"http://localhost:{port}"


# --- what came of it ------------------------------------------------------------------


def table_rows(items: int, found: dict) -> list[dict]:
    """One row per measure; what was not measured is ``None``."""
    ours = found.get("ours", {}).get("steps", {})
    peer = found.get("peer", {}).get("steps", {})
    floor = found.get("floor", {}).get("seconds")
    rows = []

    def add(measure, mine=(), theirs=(), least=None, **more):
        rows.append(row(measure, items, ours, mine, peer, theirs, least) | more)

    add(
        "propose+issue",
        ("propose", "approve", "issue"),
        ("lines", "ready", "group"),
        floor,
    )
    add("propose", ("propose",), ("lines",), floor)
    add("approve", ("approve",), ("ready",))
    add("issue", ("issue",), ("group",))
    add("letters", ("letters",), **letters(ours, peer))
    add("e-mails", ("e-mails",))
    add("refresh profiles", ("refresh",), **against_core(ours))
    add("whole job", ("refresh", "propose", "approve", "issue", "letters", "e-mails"))
    add("posting and paying", **posting(found.get("posting")))
    add("posting, with the gate", **posting(found.get("posting"), "posted"))
    for night in NIGHTS:
        add(night, **memo(found.get("memo"), night))
    add("open a profile", ("open a profile",))
    add("check a credit limit", ("check a credit limit",))
    return rows


def row(measure, items, ours, mine, peer, theirs, floor) -> dict:
    mine = [ours[name] for name in mine if name in ours]
    theirs = [peer[name] for name in theirs if name in peer]
    ours_s = sum(one["seconds"] for one in mine) if mine else None
    peer_s = sum(one["seconds"] for one in theirs) if theirs else None
    return {
        "measure": measure,
        "items": items,
        "ours_s": ours_s,
        "peer_s": peer_s,
        "floor_s": floor,
        "times_faster_than_peer": _ratio(peer_s, ours_s),
        "times_floor": _ratio(ours_s, floor),
        "queries": sum(one["queries"] for one in mine) if mine else None,
        "peak_mb": max(one["peak_mb"] for one in mine) if mine else None,
    }


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one and other else None


def letters(ours: dict, peer: dict) -> dict:
    """The peer renders when it writes its e-mails, so both together are compared."""
    if "letters" not in ours:
        return {}
    seconds = ours["letters"]["seconds"] + ours["e-mails"]["seconds"]
    found = {
        "ours_s": seconds,
        "queries": ours["letters"]["queries"] + ours["e-mails"]["queries"],
        "renderers_per_50": 50 * ours["letters"]["renderers"] / ours["letters"]["done"],
    }
    if "letters" in peer:
        scale = ours["letters"]["done"] / peer["letters"]["done"]
        found["peer_s"] = peer["letters"]["seconds"] * scale
        found["times_faster_than_peer"] = _ratio(found["peer_s"], seconds)
    return found


def against_core(ours: dict) -> dict:
    if "refresh" not in ours:
        return {}
    core = ours["core figures"]["seconds"]
    return {
        "peer_s": core,
        "times_faster_than_peer": _ratio(core, ours["refresh"]["seconds"]),
    }


def posting(found: dict | None, kind: str = "times") -> dict:
    """:param kind: ``times`` of posting and paying, or ``posted`` of posting alone."""
    if not found:
        return {}
    # the middle of the rounds' ratios: each round saw both on the same machine
    slower = median(
        mine / theirs
        for mine, theirs in zip(
            found["with"][kind], found["without"][kind], strict=True
        )
    )
    mine, theirs = sum(found["with"][kind]), sum(found["without"][kind])
    return {
        "ours_s": mine,
        "peer_s": theirs,
        "times_faster_than_peer": 1 / slower,
        "slower_percent": 100 * (slower - 1),
        "queries": found["with"]["queries"],
        "queries_without": found["without"]["queries"],
    }


def memo(found: dict | None, night: str) -> dict:
    """A night of the memo of interest, against a plain reading of the same items."""
    if not found:
        return {}
    night_s = found["steps"][night]["seconds"]
    reading_s = found["steps"]["reading"]["seconds"]
    return {
        "ours_s": night_s,
        "floor_s": reading_s,
        "times_floor": _ratio(night_s, reading_s),
        "queries": found["steps"][night]["queries"],
        "peak_mb": found["steps"][night]["peak_mb"],
    }


def remarks(items: int, found: dict) -> str:
    """What a reader of the numbers has to know."""
    ledger = found["ledger"]
    words = [
        f"{items:,} items: {ledger['open']:,} open of {ledger['customers']:,} "
        f"customers, {ledger['overdue']:,} overdue, {ledger['credits']:,} credits; "
        f"{ledger['paid']:,} paid."
    ]
    if "ours" in found:
        words.append(f"{found['ours']['run']['notices']:,} notices issued.")
        if ledger["customers"] > CORE_PARTNERS:
            words.append(
                f"Core's figures were read for {CORE_PARTNERS:,} partners; the time "
                "for all is in proportion."
            )
    if "memo" in found:
        words.append(
            f"Interest of {found['memo']['items']:,} items; its floor is their reading "
            "by the ORM."
        )
    if "peer" in found:
        peer = found["peer"]
        words.append(
            f"The peer made {peer['lines']:,} lines; its time for {LETTERS} letters is "
            f"that of {PEER_LETTERS} in proportion."
        )
        if peer["stopped"]:
            stopped = peer["stopped"]
            words.append(
                f"It was stopped after {PEER_SECONDS} s, {stopped['after']:.0f} s into "
                f"its last step, which had done {stopped['done']:,} of "
                f"{stopped['of']:,}: "
                + (
                    "its time is extrapolated in proportion."
                    if stopped["done"]
                    else "it takes longer than its time says."
                )
            )
    return " ".join(words)


def versions() -> str:
    machine = benchmark._machine()
    known = benchmark._versions()
    listed = ", ".join(f"{name} {version}" for name, version in known.items())
    return (
        f"{date.today()}, {machine['cores']} cores, {machine['memory_gib']} GiB; "
        f"Odoo 19.0, {listed}"
    )


def report(rows: list[dict], facts: list[str], machine: str) -> str:
    head = (
        f"{'measure':22}{'items':>9}{'ours s':>9}{'peer s':>9}{'floor s':>9}"
        f"{'x peer':>8}{'x floor':>8}{'queries':>9}{'peak MB':>9}"
    )
    lines = [machine, *facts, "", head]
    for one in rows:
        lines.append(
            f"{one['measure']:22}{one['items']:>9}"
            f"{_number(one['ours_s'], 9, 2)}{_number(one['peer_s'], 9, 2)}"
            f"{_number(one['floor_s'], 9, 2)}"
            f"{_number(one['times_faster_than_peer'], 8, 1)}"
            f"{_number(one['times_floor'], 8, 1)}"
            f"{_number(one['queries'], 9, 0)}{_number(one['peak_mb'], 9, 0)}"
        )
    lines += ["", "the peer of 'refresh profiles' is core's reading of 'credit' and"]
    lines += ["'days_sales_outstanding', that of 'posting and paying' no addon", ""]
    lines += verdicts(rows)
    return "\n".join(lines)


def _number(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.{digits}f}"


def verdicts(rows: list[dict]) -> list[str]:
    """What was asked for, and what it is."""
    lines = []
    for measure, key, direction, limits in WANTED:
        for one in rows:
            value, limit = one.get(key), limits.get(one["items"])
            if one["measure"] != measure or value is None or limit is None:
                continue
            reached = value >= limit if direction == "least" else value <= limit
            lines.append(
                f"{'reached' if reached else 'MISSED ':8} {one['items']:>9,}  "
                f"{measure}: {key.replace('_', ' ')} {value:.1f}, asked for at "
                f"{direction} {limit}"
            )
    return lines
