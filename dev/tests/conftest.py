"""Databases and processes for the tests that break things."""

import json
import os
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from kit import clock, databases, odoo, paths, postgres, run

FAULTS = Path(__file__).parent / "faults"
#: A Monday of the past: PostgreSQL keeps its own clock, and a job that Odoo triggers
#: now must be due there too.
NOW = datetime(2025, 6, 16, 9)


class Faults:
    """The scripts in `faults/`, and databases to let them loose on."""

    def __init__(self):
        self.made = []

    def call(self, script: str, *words: object, **environment: str) -> None:
        """Run a script to its end; a failure shows what it said."""
        with clock.set_to(NOW):
            values = odoo.environment(**environment)
        values["PYTHONPATH"] += f":{paths.INSIDE}:{paths.DEV_SOURCES}:{FAULTS}"
        command = [paths.PYTHON, FAULTS / script, *map(str, words)]
        result = subprocess.run(
            run.guarded(*command),
            env=values,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )
        if result.returncode:
            raise run.failed(script, command, result.returncode, result.stdout)
        self.output = result.stdout

    def result(self, script: str, folder: Path, *words: object) -> dict:
        """What a script writes into the file named by its fourth word."""
        file = folder / "result.json"
        self.call(script, *words[:3], file, *words[3:])
        return json.loads(file.read_text())

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
