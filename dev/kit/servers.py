"""Odoo's own processes, running while something else is done."""

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import odoo, run
from .progress import step


@contextmanager
def web(database: str, port: int, log: Path, *words: str) -> Iterator[subprocess.Popen]:
    """Odoo's web server, which answers when the body begins."""
    address = ("--http-port", str(port), "--http-interface", "127.0.0.1")
    with odoo_process(database, log, *address, *words) as process:
        with step("Odoo's web server"):
            _wait_until_it_answers(port, process, log)
        yield process


@contextmanager
def odoo_process(database: str, log: Path, *words: str) -> Iterator[subprocess.Popen]:
    with (
        log.open("w") as stream,
        run.background(
            *odoo.command("--database", database, *words),
            env=odoo.environment(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        yield process


def _wait_until_it_answers(port: int, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        try:
            url = f"http://127.0.0.1:{port}/web/health"
            # no proxy: it is this machine
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(url, timeout=30):
                return
        except (urllib.error.URLError, OSError):
            # not yet
            time.sleep(0.2)
    output = log.read_text(errors="replace")
    raise run.failed("Starting Odoo's web server", ["odoo"], -1, output)


def free_port() -> int:
    with socket.socket() as stream:
        stream.bind(("127.0.0.1", 0))
        return stream.getsockname()[1]
