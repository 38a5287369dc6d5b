"""One step of a job, measured: seconds, SQL queries, peak memory, renderer processes.

Seconds are those of a clock on the wall; queries are counted by Odoo itself; the peak
is that of the resident memory of the process during the step, with all of Odoo in it.
"""

import subprocess
import time
from pathlib import Path

from odoo import sql_db

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # see proc(5)


class Meter:
    """Measures steps and keeps what came of each, by name."""

    def __init__(self, env):
        self.env = env
        self.steps = {}
        self.renderers = 0
        self._count_renderers()

    def step(self, name, call, unit=None):
        """Run a step to its commit.

        :param unit: function from what the step gave back to the number of things done.
        """
        _CLEAR.write_text(_RESET_PEAK)
        queries, renderers = sql_db.sql_counter, self.renderers
        started = time.perf_counter()
        result = call()
        self.env.flush_all()
        self.env.cr.commit()
        self.steps[name] = {
            "seconds": time.perf_counter() - started,
            "queries": sql_db.sql_counter - queries,
            "peak_mb": peak_mb(),
            "renderers": self.renderers - renderers,
            "done": unit(result) if unit else None,
        }
        return result

    def _count_renderers(self):
        original = subprocess.Popen.__init__
        meter = self

        def counting(process, args, *words, **options):
            program = args[0] if isinstance(args, list | tuple) else args
            meter.renderers += "wkhtmltopdf" in str(program)
            return original(process, args, *words, **options)

        subprocess.Popen.__init__ = counting


def peak_mb():
    for line in _STATUS.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise AssertionError("no VmHWM")
