"""An Odoo environment for the scripts in this folder, and their way to report.

The harness runs them with Odoo importable and reads their standard output: a line
`progress DONE TOTAL UNIT` moves the shown progress. Odoo's log goes to standard error.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config


@contextmanager
def environment(database: str, *options: str) -> Iterator[api.Environment]:
    """The superuser's environment, committed if the body ends well."""
    config.parse_config(["--database", database, "--log-level", "warn", *options])
    with Registry(database).cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})


def progress(done: int, total: int, unit: str) -> None:
    print("progress", done, total, unit, flush=True)


def write_result(path: str, values: dict) -> None:
    Path(path).write_text(json.dumps(values, default=_plain, indent=1))


def _plain(value):
    # amounts stay exact
    return str(value) if isinstance(value, Decimal) else value.isoformat()
