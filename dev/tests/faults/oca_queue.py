"""The batches as jobs of OCA's queue_job, run by its own functions in processes of
their own; one of them is killed.

usage: oca_queue.py DATABASE RESULT
"""

import os
import signal
import sys
from functools import partial

import facts
import jobs
from session import write_result

from odoo import sql_db


def main(database, result):
    jobs.prepare(database)
    # Odoo's names for the addons of the virtual environment are there by now
    from odoo.addons.queue_job.jobrunner.runner import Database

    told = {}
    for job in ("propose", "issue", "deliver"):
        jobs.set_batches(4 if job == "issue" else 2)
        # the scheduled action asks for hands, and dies before it has done anything
        [code] = jobs.ended(
            jobs.started(lambda job=job: _until_it_asked(database, job))
        )
        asked = _jobs(database, job)
        runner = Database(database)
        try:
            killed = _run_until_killed(database, runner)
            runner.requeue_dead_jobs()
            again = _jobs(database, job)
            _run_all(database, runner)
        finally:
            runner.close()
        jobs.wait_until_alone(database)
        with jobs.superuser(database) as env:
            by_jobs = facts.counts(env)
        jobs.done(partial(jobs.run_cron, database, job))
        # what it has asked for and then done itself
        runner = Database(database)
        try:
            _run_all(database, runner)
        finally:
            runner.close()
        after = _jobs(database, job)
        with jobs.superuser(database) as env:
            told[job] = {
                "codes": [code, killed],
                "asked": asked,
                "again": again,
                "after": after,
                "by jobs": by_jobs,
                "counts": facts.counts(env),
                "problems": facts.problems(env, job),
            }
    write_result(result, told)


def _until_it_asked(database, job):
    """It dies with the commit in which it has asked."""
    commit = sql_db.Cursor.commit

    def counting(self):
        asked = _pending(self)
        commit(self)
        if asked:
            os.kill(os.getpid(), signal.SIGKILL)

    sql_db.Cursor.commit = counting
    jobs.run_cron(database, job)


def _pending(cr):
    if cr.dbname == "postgres":
        return 0
    cr.flush()
    cr.execute("SELECT count(*) FROM queue_job WHERE state = 'pending'")
    return cr.fetchone()[0]


def _jobs(database, job):
    with jobs.superuser(database) as env:
        groups = env["queue.job"]._read_group(
            [("identity_key", "like", f"account_dunning {job} ")],
            ["state"],
            ["__count"],
        )
        return dict(groups)


def _next(database):
    with jobs.superuser(database) as env:
        waiting = env["queue.job"].search(
            [("state", "=", "pending")], limit=1, order="id"
        )
        return waiting.uuid


def _perform(database, uuid):
    from odoo.addons.queue_job.controllers.main import RunJobController

    with jobs.Registry(database).cursor() as cr:
        env = jobs.api.Environment(cr, jobs.SUPERUSER_ID, {})
        job = RunJobController._acquire_job(env, uuid)
        RunJobController._runjob(env, job)


def _run_until_killed(database, runner):
    """The first job dies right before it commits what it has done."""
    uuid = _next(database)
    runner.set_job_enqueued(uuid)

    def work():
        commit, count = sql_db.Cursor.commit, 0

        def counting(self):
            nonlocal count
            count += 1
            if count == 2:  # the first one says that it has started
                os.kill(os.getpid(), signal.SIGKILL)
            return commit(self)

        sql_db.Cursor.commit = counting
        _perform(database, uuid)

    [code] = jobs.ended(jobs.started(work))
    # queue_job looks for the dead after some seconds
    jobs.postgres.psql(
        "UPDATE queue_job SET date_enqueued = date_enqueued - interval '1 minute'"
        f" WHERE uuid = '{uuid}'",
        database,
    )
    return code


def _run_all(database, runner):
    """Two at a time, until none waits."""
    while uuid := _next(database):
        workers = []
        for _ in range(2):
            if uuid:
                runner.set_job_enqueued(uuid)
                workers.append(jobs.started(lambda uuid=uuid: _perform(database, uuid)))
                uuid = _next(database)
        codes = jobs.ended(*workers)
        if any(codes):
            raise RuntimeError(f"jobs ended with {codes}")


if __name__ == "__main__":
    main(*sys.argv[1:])
