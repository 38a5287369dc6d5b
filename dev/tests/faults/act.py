"""Do one thing in a database. usage: act.py DATABASE THING [RESULT]"""

import sys
import time

import facts
import jobs
from session import write_result


def main(database, thing, result=None):
    jobs.prepare(database)
    jobs.done(lambda: THINGS[thing](database, result))


def _scheduled_later(database, _result):
    """Nothing is due by itself: what is to run is triggered."""
    with jobs.superuser(database) as env:
        env["ir.cron"].search([]).nextcall = "2100-01-01"
        env.company.search([]).dunning_auto_send = False


def _issue(database, _result):
    """A person approves and issues what is proposed, which is so much that the servers
    do it in the background. Nothing is delivered yet: it is not the hour for it."""
    _set_hours(database, 22, 23)
    with jobs.superuser(database) as env:
        # what the system itself approves is taken back where automatic sending is off
        env = env(user=env.ref("base.user_admin"))
        for run in env["dunning.run"].search([("state", "=", "proposed")]):
            run.action_approve()
            run.action_issue()
    deadline = time.monotonic() + jobs.PATIENCE
    while time.monotonic() < deadline:
        with jobs.superuser(database) as env:
            notices = env["dunning.notice"]
            if not notices.search_count([("state", "=", "approved")]) and (
                not notices.search_count(notices._unprinted_domain())
            ):
                return
        time.sleep(0.1)
    raise TimeoutError("the servers did not issue")


def _set_hours(database, begin, end):
    with jobs.superuser(database) as env:
        hours = {"dunning_send_from": begin, "dunning_send_to": end}
        env["res.company"].search([]).write(hours)


def _facts(stage):
    def write(database, result):
        with jobs.superuser(database) as env:
            told = {"problems": facts.problems(env, stage), "counts": facts.counts(env)}
        write_result(result, told)

    return write


THINGS = {
    "scheduled later": _scheduled_later,
    "issue": _issue,
    "sending hours": lambda database, _result: _set_hours(database, 0, 24),
    "facts of propose": _facts("propose"),
    "facts of deliver": _facts("deliver"),
}


if __name__ == "__main__":
    main(*sys.argv[1:])
