"""Do one thing in a database. usage: act.py DATABASE THING [RESULT]"""

import sys

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
    """A person approves and issues what is proposed, which is a lot."""
    with jobs.superuser(database) as env:
        for run in env["dunning.run"].search([("state", "=", "proposed")]):
            run.action_approve()
            run.action_issue()
    jobs.run_cron(database, "issue")


def _facts(stage):
    def write(database, result):
        with jobs.superuser(database) as env:
            told = {"problems": facts.problems(env, stage), "counts": facts.counts(env)}
        write_result(result, told)

    return write


THINGS = {
    "scheduled later": _scheduled_later,
    "issue": _issue,
    "facts of propose": _facts("propose"),
    "facts of deliver": _facts("deliver"),
}


if __name__ == "__main__":
    main(*sys.argv[1:])
