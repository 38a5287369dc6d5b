"""Running other programs: errors that say which command failed and what it printed."""

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .progress import HarnessError


def guarded(*words: str | Path) -> list[str]:
    """That command, ended by the kernel when the harness is gone, even if killed."""
    return ["setpriv", "--pdeathsig=TERM", *map(str, words)]


def capture(command: Sequence[str | Path], what: str, **options) -> str:
    """Run a short command; its output, or a `HarnessError` that shows it."""
    result = subprocess.run(
        guarded(*command),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        check=False,
        **options,
    )
    if result.returncode:
        raise failed(what, command, result.returncode, result.stdout)
    return result.stdout


def failed(
    what: str, command: Sequence[str | Path], code: int, output: str
) -> HarnessError:
    tail = "\n".join("  | " + line for line in output.strip().splitlines()[-25:])
    words = shlex.join(str(word) for word in command)
    return HarnessError(f"{what} failed (exit code {code}): {words}\n{tail}")


def environment(**extra: str) -> dict[str, str]:
    return {**os.environ, **extra}


def foreground(*words: str | Path, **options) -> int:
    """Run a command that owns the terminal; its exit code.

    Ctrl-C reaches it directly, and a plain `kill` is passed on. The harness waits in
    both cases, for as long as the command needs to end in order.
    """
    process = subprocess.Popen(guarded(*words), **options)
    handlers = {
        signal.SIGINT: lambda *_: None,
        signal.SIGTERM: lambda *_: process.terminate(),
    }
    previous = {number: signal.signal(number, h) for number, h in handlers.items()}
    try:
        return process.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def background(*words: str | Path, **options) -> Iterator[subprocess.Popen]:
    """A server that runs while the body does.

    In a session of its own, so that Ctrl-C reaches the harness only, which ends the
    server when the body is left.
    """
    process = subprocess.Popen(guarded(*words), start_new_session=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
