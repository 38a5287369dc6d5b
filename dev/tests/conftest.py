"""Databases and processes for the tests that break things."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from kit import clock, databases, odoo, paths, postgres, run, scripts

FAULTS = Path(__file__).parent / "faults"
#: A Monday of the past: PostgreSQL keeps its own clock, and a job that Odoo triggers
#: now must be due there too.
NOW = datetime(2025, 6, 16, 9)


class Faults:
    """The scripts in `faults/`, and databases to let them loose on."""

    def __init__(self):
        self.made = []

    def call(self, script: str, *words: object) -> str:
        """Run a script to its end; its output. A failure shows it."""
        command = [paths.PYTHON, FAULTS / script, *map(str, words)]
        return run.capture(command, script, env=self.environment(), timeout=600)

    def result(self, script: str, folder: Path, database: str, *words: object) -> dict:
        """What a script writes into a file; it gets its name after the database's."""
        file = folder / "result.json"
        output = self.call(script, database, file, *words)
        print(output)  # shown by pytest when a test fails
        return json.loads(file.read_text())

    def environment(self) -> dict[str, str]:
        with clock.set_to(NOW):
            values = odoo.environment()
        values["PYTHONPATH"] += f":{paths.INSIDE}:{paths.DEV_SOURCES}:{FAULTS}"
        return values

    @contextmanager
    def mail_sink(self, folder: Path) -> Iterator[int]:
        """A mail server that keeps what it gets in the folder; its port."""
        with scripts.background("mail_sink.py", str(folder)) as sink:
            yield int(sink.stdout.readline())

    def copied(self, source: str, name: str) -> str:
        databases.copy(source, name)
        self.made.append(name)
        return name

    def drop(self) -> None:
        for name in self.made:
            databases.drop(name)


@pytest.fixture(scope="session")
def server():
    with postgres.running():
        yield


@pytest.fixture(scope="session")
def installed(server):
    """A database with the addon; the name says of which sources."""
    prefix = "faults-"
    name = prefix + databases.source_fingerprint()[:12]
    if name not in postgres.databases():
        for old in postgres.databases():
            if old.startswith(prefix):
                databases.drop(old)
    databases.build_once(name, _install)
    yield name
    if os.environ.get("CI"):
        databases.drop(name)


def _install(name: str) -> None:
    databases.copy(databases.template(), name)
    databases.install(name, ["account_dunning"], "The addon, to break things on")


@pytest.fixture(scope="module")
def faults(installed):
    holder = Faults()
    yield holder
    holder.drop()
