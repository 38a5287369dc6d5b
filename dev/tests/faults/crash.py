"""Kill a scheduled action right before its first, second, third ... commit, and start
it again each time; then have nobody kill it.

usage: crash.py DATABASE TEMPLATE JOB RESULT [SMTP_PORT]

Every round begins with a new copy of the template. What PostgreSQL has right before a
commit is what it has right after the one before, so that each state a dead process can
leave behind is reached.
"""

import os
import signal
import sys

import facts
import jobs
from session import write_result

from odoo import sql_db


def main(database, template, job, result, smtp_port="1"):
    databases = (database, template)
    jobs.databases.copy(template, database)
    smtp = ("--smtp", "127.0.0.1", "--smtp-port", smtp_port)
    jobs.prepare(database, *smtp, batch=2)
    rounds = []
    while not rounds or rounds[-1]["killed"]:
        rounds.append(_round(*databases, job, len(rounds) + 1))
    write_result(result, {"rounds": rounds})


def _round(database, template, job, number):
    jobs.renew(database, template)
    victim = jobs.started(lambda: _until_commit(database, job, number))
    [code] = jobs.ended(victim)
    killed = code == -signal.SIGKILL
    if code and not killed:
        raise RuntimeError(f"before commit {number} the job ended with {code}")
    jobs.wait_until_alone(database)
    if killed:
        jobs.done(lambda: jobs.run_cron(database, job))
    with jobs.superuser(database) as env:
        return {
            "killed": killed,
            "problems": facts.problems(env, job),
            "counts": facts.counts(env),
        }


def _until_commit(database, job, number):
    commit, count = sql_db.Cursor.commit, 0

    def counting(self):
        nonlocal count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return commit(self)

    sql_db.Cursor.commit = counting
    jobs.run_cron(database, job)


if __name__ == "__main__":
    main(*sys.argv[1:])
