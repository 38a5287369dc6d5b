"""The scheduled actions in processes of their own, each forked from a warm one.

A process that has loaded the registry and has no connection open is forked for every
job: the job is a real process with its own connections, which can be killed, and starts
in milliseconds instead of seconds.
"""

import logging
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.tools import config

from kit import postgres

#: seconds a job may take
PATIENCE = 120

CRONS = {
    "propose": "account_dunning.ir_cron_propose",
    "issue": "account_dunning.ir_cron_issue",
    "deliver": "account_dunning.ir_cron_deliver",
    "mail": "mail.ir_cron_mail_scheduler_action",
}


def prepare(database: str, *options: str) -> None:
    """Load the registry of a database, for the processes that will be forked."""
    config.parse_config(["--database", database, "--log-level", "warn", *options])
    # the renderer finds no web server to fetch style sheets from, and says so at length
    logging.getLogger("odoo.addons.base.models.ir_actions_report").disabled = True
    # Odoo says at length which query had to give way; what counts is what comes of it
    logging.getLogger("odoo.sql_db").setLevel(logging.CRITICAL)
    Registry(database)
    sql_db.close_all()


def set_batches(size: int) -> None:
    """Have all work done in batches of so many records."""
    for name, module in list(sys.modules.items()):
        if name.startswith("odoo.addons.account_dunning.models."):
            for constant in vars(module).copy():
                if re.fullmatch(r"(\w+_)?BATCH(_\w+)?", constant):
                    setattr(module, constant, size)


@contextmanager
def superuser(database: str):
    """An environment, committed at the end as Odoo's server would."""
    with Registry(database).cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})
    sql_db.close_all()


def run_cron(database: str, job: str) -> None:
    """As Odoo's scheduler would: own cursor, progress, commits; again when its time was
    up before the work was done. Its error is raised."""
    again = True
    while again:
        with superuser(database) as env:
            cron = env.ref(CRONS.get(job, job))
            told = cron.method_direct_trigger()
            if told is not True:
                raise RuntimeError(told["params"]["data"]["debug"])
        with superuser(database) as env:
            env.cr.execute(
                "SELECT EXISTS (SELECT FROM ir_cron_trigger"
                " WHERE cron_id = %s AND call_at <= now() AT TIME ZONE 'utc')",
                [cron.id],
            )
            [again] = env.cr.fetchone()


def started(job: Callable[[], None]) -> int:
    """A new process that does the job; its number."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        job()
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def ended(*pids: int) -> list[int]:
    """Wait for processes; their exit codes (negative: killed by that signal)."""
    deadline = time.monotonic() + PATIENCE
    codes = {}
    try:
        while len(codes) < len(pids):
            for pid in [pid for pid in pids if pid not in codes]:
                found, status = os.waitpid(pid, os.WNOHANG)
                if found:
                    codes[pid] = os.waitstatus_to_exitcode(status)
            if time.monotonic() > deadline:
                raise TimeoutError(f"still running: {set(pids) - set(codes)}")
            time.sleep(0.005)
    finally:
        for pid in set(pids) - set(codes):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return [codes[pid] for pid in pids]


def done(job: Callable[[], None]) -> None:
    """Have a process of its own do the job; its failure is ours."""
    [code] = ended(started(job))
    if code:
        raise RuntimeError(f"the job ended with {code}")


def wait_until_alone(database: str) -> None:
    """PostgreSQL has noticed that the killed process is gone."""
    query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'"
    deadline = time.monotonic() + PATIENCE
    while postgres.psql(query) != ["0"]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"somebody is still connected to {database}")
        time.sleep(0.01)
