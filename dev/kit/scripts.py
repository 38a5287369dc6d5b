"""Running the scripts in `inside/`, which have Odoo at hand."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import odoo, paths, run
from .progress import Step, step

LOG = paths.LOGS / "scripts.log"


def call(script: str, title: str, *words: str, result: Path | None = None) -> dict:
    """Run a script to its end, showing its progress.

    :param result: a file the script writes
    :return: what is in that file
    """
    command = [paths.PYTHON, paths.INSIDE / script, *words]
    with step(title) as shown, LOG.open("w") as log:
        process = subprocess.Popen(
            run.guarded(*command),
            env=odoo.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        with process.stdout as lines:
            for line in lines:
                _show(line, shown)
        if code := process.wait():
            output = LOG.read_text(errors="replace")
            raise run.failed(title, command, code, output)
    return json.loads(result.read_text()) if result else {}


def _show(line: str, shown: Step) -> None:
    match line.split(maxsplit=3):
        case ["progress", done, total, unit]:
            shown.ratio(int(done), int(total), unit.strip())


@contextmanager
def background(script: str, *words: str) -> Iterator[subprocess.Popen]:
    """A script that runs while the body does; its output can be read."""
    command = [paths.PYTHON, paths.INSIDE / script, *words]
    with (
        LOG.open("a") as log,
        run.background(
            *command, env=odoo.environment(), stdout=subprocess.PIPE, stderr=log
        ) as process,
    ):
        yield process


@contextmanager
def conversation(script: str, *words: str) -> Iterator[subprocess.Popen]:
    """A script that is told line by line when to go on; ended when the body is left."""
    with (
        LOG.open("a") as log,
        run.background(
            *(paths.PYTHON, paths.INSIDE / script, *words),
            env=odoo.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        yield process
        process.wait()


def expect(process: subprocess.Popen, word: str) -> None:
    """Wait until the script says that word."""
    for line in process.stdout:
        if line.strip() == word:
            return
    output = LOG.read_text(errors="replace")
    raise run.failed("A script of the harness", process.args, process.wait(), output)
