"""`./dev/demo`: a database, the day's job, its summary, a web server."""

import argparse
import dataclasses
import json
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path

from . import (
    databases,
    ledger,
    odoo,
    paths,
    postgres,
    scripts,
    servers,
    setup,
    summary,
)
from .progress import HarnessError, say

DATABASE = "demo"
#: modules the demo shows beside our own
_EXTRA_MODULES = ("l10n_fr_account",)


def start(words: list[str], description: str) -> int:
    options = _parser(description).parse_args(words)
    # what may be wrong with the call is said before anything long is begun
    _check_port(options)
    source = Demo() if options.ledger is None else _Ledger(options)
    setup.ensure()
    with (
        databases.reserved(source.database),
        postgres.running(),
        tempfile.TemporaryDirectory() as scratch,
    ):
        return Session(source, options, Path(scratch)).run()


def _parser(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./dev/demo",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--once", action="store_true", help="stop after the summary")
    parser.add_argument("--port", type=int, default=8069, help="default: 8069")
    parser.add_argument(
        "--reset", action="store_true", help="make the database anew, from nothing"
    )
    parser.add_argument(
        "--lang", choices=["en_US", "fr_FR"], help="the language of admin"
    )
    parser.add_argument(
        "--date",
        type=_day,
        default=date.today(),
        metavar="YYYY-MM-DD",
        help="the day the job runs for (default: today)",
    )
    parser.add_argument(
        "--ledger",
        type=Path,
        metavar="FILE.csv",
        help="load this receivables ledger, as known on --date, instead of demo data; "
        "columns: customer, country, invoice, invoice date, due date, amount, "
        "currency, paid date, disputed",
    )
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no date like 2026-01-31"
        ) from None


# --- what the database is made of -----------------------------------------------------


class Demo:
    """The addon's own demo data."""

    def __init__(self, database: str = DATABASE, modules: tuple[str, ...] = ()):
        self.database = database
        #: installed on top
        self.modules = modules

    def notices(self) -> list[str]:
        return []

    def fill(self, database: str, scratch: Path) -> None:
        words = [database, *databases.own_modules()]
        scripts.call("build_demo.py", "Demo data", *words)


class _Ledger:
    """A ledger file; a database for each content and day."""

    modules = ()

    def __init__(self, options: argparse.Namespace):
        try:
            data = options.ledger.read_bytes()
        except OSError as error:
            raise HarnessError(f"{options.ledger}: {error.strerror}", 2) from error
        self.file = options.ledger
        self.day = options.date
        self.parsed = ledger.parse(data)
        if self.parsed.problems:
            raise HarnessError(self._rejection(), 2)
        content = paths.fingerprint(data.hex())[:8]
        self.database = f"ledger-{content}-{options.date:%Y%m%d}"

    def _rejection(self) -> str:
        problems = self.parsed.problems
        lines = "\n".join(f"  {problem}" for problem in problems)
        rows = len({problem.line for problem in problems})
        return (
            f"{self.file} was not loaded; lines with something wrong: {rows}\n"
            f"{lines}\nNothing was loaded."
        )

    def fill(self, database: str, scratch: Path) -> None:
        say(f"Ledger: {self._as_understood()}")
        rows = scratch / "rows.json"
        plain = [dataclasses.asdict(row) for row in self.parsed.rows]
        rows.write_text(json.dumps(plain, default=str))
        scripts.call(
            "load_ledger.py",
            "Loading the ledger",
            *("--database", database, "--date", str(self.day), "--rows", str(rows)),
        )

    def _as_understood(self) -> str:
        columns = self.parsed.columns.items()
        return ", ".join(f"{key.replace('_', ' ')} = '{name}'" for key, name in columns)

    def notices(self) -> list[str]:
        loaded = databases.parameter(self.database, "account_dunning.harness_notices")
        notices = [*self.parsed.notices, *json.loads(loaded or "[]")]
        latest = max(row.due_date for row in self.parsed.rows)
        if (self.day - latest).days > 366:
            notices.append(
                f"the last due date in it is {latest}: choose a day with --date"
            )
        return notices


# --- one call of the command ----------------------------------------------------------


@dataclasses.dataclass
class Served:
    """A web server that runs, and what the day's job told."""

    process: subprocess.Popen
    port: int
    smtp_port: int
    values: dict


class Session:
    def __init__(self, source: Demo | _Ledger, options, scratch: Path):
        self.source = source
        self.options = options
        self.scratch = scratch
        self.database = source.database
        self.mails = paths.STATE / "mail" / self.database
        self.letters = paths.STATE / "letters" / f"{self.database}-{options.date}.pdf"

    def run(self) -> int:
        with self.served() as served:
            notices = self.source.notices()
            say()
            say(summary.text(served.values, self.letters, self.mails, notices))
            if self.options.once:
                return 0
            say(f"\nhttp://localhost:{served.port}  (admin / admin)   Ctrl-C ends it")
            return self._serve(served.process, served.smtp_port)

    @contextmanager
    def served(self) -> Iterator[Served]:
        """The database made, the day's job done, the web server up for the body."""
        self._have_database()
        port = servers.free_port() if self.options.once else self.options.port
        with self._mail_sink() as smtp_port, self._server(port, smtp_port) as server:
            values = self._job(port, smtp_port)
            yield Served(server, port, smtp_port, values)

    def _have_database(self) -> None:
        if self.options.reset:
            databases.drop(self.database)
            databases.drop(self.database + databases.BUILDING)
        sources = databases.source_fingerprint()
        if databases.build_once(self.database, self._build):
            databases.remember_sources(self.database, sources)
        elif databases.remembered_sources(self.database) != sources:
            modules = databases.own_modules()
            databases.update(self.database, modules, "The addon changed: updating it")
            databases.remember_sources(self.database, sources)

    def _build(self, name: str) -> None:
        extra = [m for m in _EXTRA_MODULES if odoo.has_module(m)]
        modules = [*databases.own_modules(), *extra, *self.source.modules]
        databases.install(
            name,
            modules,
            f"Odoo database '{self.database}'",
            f"--load-language={databases.LANGUAGES}",
        )
        self.source.fill(name, self.scratch)

    def _job(self, port: int, smtp_port: int) -> dict:
        self.letters.parent.mkdir(exist_ok=True)
        words = {
            "--database": self.database,
            "--date": self.options.date,
            "--url": f"http://localhost:{self.options.port}",
            "--render-url": f"http://127.0.0.1:{port}",
            "--smtp-port": smtp_port,
            "--letters": self.letters,
            "--result": self.scratch / "summary.json",
        }
        if self.options.lang:
            words["--lang"] = self.options.lang
        return scripts.call(
            "job.py",
            f"Dunning job for {self.options.date}",
            *(str(word) for pair in words.items() for word in pair),
            result=self.scratch / "summary.json",
        )

    # --- servers ------------------------------------------------------------------

    @contextmanager
    def _mail_sink(self) -> Iterator[int]:
        with scripts.background("mail_sink.py", str(self.mails)) as process:
            first = process.stdout.readline()
            if not first.strip():
                raise HarnessError(f"the mail sink did not start; see {scripts.LOG}")
            yield int(first)

    def _server(
        self, port: int, smtp_port: int
    ) -> AbstractContextManager[subprocess.Popen]:
        """Odoo's web server. It also serves the letters' renderer its style sheets."""
        words = self._mail_words(smtp_port)
        return servers.web(self.database, port, self._log("server"), *words)

    def _serve(self, server: subprocess.Popen, smtp_port: int) -> int:
        """Until Ctrl-C, with what a person asks for in the background being done.

        The scheduled actions start only now, so that they and the day's job do not
        send the same queue at once.
        """
        words = (*self._mail_words(smtp_port), "--no-http", "--max-cron-threads", "1")
        with servers.odoo_process(self.database, self._log("scheduled"), *words):
            code = server.wait()
        raise HarnessError(
            f"Odoo's web server ended (exit code {code}); see {self._log('server')}"
        )

    def _mail_words(self, smtp_port: int) -> tuple[str, ...]:
        return ("--smtp", "127.0.0.1", "--smtp-port", str(smtp_port))

    def _log(self, name: str) -> Path:
        return paths.LOGS / f"{self.database}-{name}.log"


def _check_port(options: argparse.Namespace) -> None:
    """Say so before a long build, not after it."""
    if options.once:
        return
    with socket.socket() as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            stream.bind(("127.0.0.1", options.port))
        except OSError as error:
            raise HarnessError(
                f"port {options.port} is not free ({error.strerror}); "
                f"try --port {options.port + 1}"
            ) from error
