"""The clock of the Odoo processes that the harness starts.

Demo data counts its dates from today, and lists say how many days late an invoice is.
Pictures that are the same tomorrow need an Odoo that takes one day for today.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from . import paths

_FOLDER = paths.INSIDE / "clock"
_moments: list[datetime | None] = [None]


@contextmanager
def set_to(moment: datetime | None) -> Iterator[None]:
    """Odoo processes started in the body begin at that moment (UTC).

    Needs the packages for the tests. None: they have the machine's clock.
    """
    _moments.append(moment)
    try:
        yield
    finally:
        _moments.pop()


def environment(python_path: str) -> dict[str, str]:
    """What such a process has to find in its environment."""
    moment = _moments[-1]
    if moment is None:
        return {"PYTHONPATH": python_path}
    return {
        "PYTHONPATH": f"{_FOLDER}:{python_path}",
        "ACCOUNT_DUNNING_NOW": moment.isoformat(sep=" "),
    }
