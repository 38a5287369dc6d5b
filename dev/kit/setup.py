"""Everything a command needs before it starts, one process at a time."""

from . import atomic, odoo, paths, renderer, venv
from .progress import say


def ensure(with_tests: bool = False) -> None:
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    waiting = "Waiting for another command that is setting things up ..."
    # one lock per checkout, one for the cache that all checkouts of a user share
    with (
        atomic.locked(paths.cache_dir() / "lock", lambda: say(waiting)),
        atomic.locked(paths.STATE / "lock", lambda: say(waiting)),
    ):
        venv.ensure(with_tests)
        odoo.ensure()
        renderer.ensure()
