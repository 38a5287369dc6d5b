"""What the person at the terminal sees: steps, their progress, and clear errors."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class HarnessError(Exception):
    """Something the person can act on; the message says what to do."""

    def __init__(self, message: str, exit_code: int = 1):
        super().__init__(message)
        self.exit_code = exit_code


def say(text: str = "") -> None:
    print(text, flush=True)


def notice(text: str) -> None:
    say(f"note: {text}")


class Step:
    """One long step: a line on a terminal that is redrawn, plain lines elsewhere."""

    #: seconds between two plain lines, so that a log stays readable
    PLAIN_INTERVAL = 10
    TTY_INTERVAL = 0.2

    def __init__(self, title: str):
        self.title = title
        self.started = time.monotonic()
        self._last = 0.0
        self._tty = sys.stdout.isatty()
        if not self._tty:
            say(f"{title} ...")

    def update(self, text: str) -> None:
        now = time.monotonic()
        interval = self.TTY_INTERVAL if self._tty else self.PLAIN_INTERVAL
        if now - max(self._last, self.started if not self._tty else 0) < interval:
            return
        self._last = now
        if self._tty:
            print(f"\r\033[K{self.title} ... {text}", end="", flush=True)
        else:
            say(f"  {self.title}: {text}")

    def ratio(self, done: float, total: float, unit: str = "") -> None:
        share = min(100, int(100 * done / total)) if total else 0
        self.update(f"{share} % ({done:,.0f} of {total:,.0f}{unit and ' ' + unit})")

    def close(self, outcome: str) -> None:
        seconds = time.monotonic() - self.started
        start = "\r\033[K" if self._tty else "  "
        say(f"{start}{self.title}: {outcome} ({seconds:.0f} s)")


@contextmanager
def step(title: str) -> Iterator[Step]:
    shown = Step(title)
    try:
        yield shown
    except BaseException:
        shown.close("not finished")
        raise
    shown.close("done")


@contextmanager
def polled(poll: Callable[[], None], interval: float = 0.5) -> Iterator[None]:
    """Call `poll` now and then while the body, which blocks, runs."""
    finished = threading.Event()

    def loop() -> None:
        while not finished.wait(interval):
            poll()

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
