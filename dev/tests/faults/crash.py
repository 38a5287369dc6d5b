"""Kill a scheduled action right before its first, second, third ... commit, and start
it again each time; at last have nobody kill it. Then the same with the next action.

usage: crash.py DATABASE RESULT SMTP_PORT

What PostgreSQL has right before a commit is what it has right after the one before, so
that each state a dead process can leave behind is reached.
"""

import os
import signal
import sys
import time

import facts
import jobs
from keeping import Kept
from session import write_result

from odoo import sql_db


def main(database, result, smtp_port):
    smtp = ("--smtp", "127.0.0.1", "--smtp-port", smtp_port)
    jobs.prepare(database, *smtp)
    told = {}
    for job in jobs.CRONS:
        # printing takes long
        jobs.set_batches(4 if job == "issue" else 2)
        kept = Kept(database)
        told[job] = rounds = []
        begun = time.monotonic()
        while not rounds or rounds[-1]["killed"]:
            if rounds:
                kept.restore()
            rounds.append(_round(database, job, len(rounds) + 1))
        print(job, len(rounds), "rounds,", round(time.monotonic() - begun, 1), "s")
    write_result(result, told)


def _round(database, job, number):
    victim = jobs.started(lambda: until_commit(database, job, number))
    killed = was_killed(victim, number)
    jobs.wait_until_alone(database)
    if killed:
        jobs.done(lambda: jobs.run_cron(database, job))
    with jobs.superuser(database) as env:
        return {
            "killed": killed,
            "problems": facts.problems(env, job),
            "counts": facts.counts(env),
        }


def was_killed(victim, number):
    """Whether the job was, or ended well; another end is an error."""
    [code] = jobs.ended(victim)
    killed = code == -signal.SIGKILL
    if code and not killed:
        raise RuntimeError(f"before commit {number} the job ended with {code}")
    return killed


def until_commit(database, job, number):
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
