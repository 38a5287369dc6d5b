"""Several processes at the same work, at the same moment.

usage: workers.py DATABASE RESULT

Each scene begins with the database as the stage before has left it.
"""

import multiprocessing
import sys
import time
from functools import partial

import facts
import jobs
from keeping import Kept
from session import write_result

from odoo import fields, sql_db
from odoo.exceptions import UserError
from odoo.service.model import retrying

HANDS = [f"account_dunning.ir_cron_hand_{n}" for n in (1, 2, 3)]


def main(database, result):
    jobs.prepare(database)
    told = {}
    for job in ("propose", "issue", "deliver"):
        jobs.set_batches(10 if job == "issue" else 2)
        kept = Kept(database)
        scenes = [
            *([("given way", partial(_given_way, job))] if job in OTHERS else []),
            ("two workers", partial(_together, job, 2)),
            ("four workers", partial(_together, job, 4)),
            *SCENES.get(job, []),
        ]
        for name, scene in scenes:
            begun = time.monotonic()
            found = scene(database)
            jobs.wait_until_alone(database)
            with jobs.superuser(database) as env:
                if "issued" not in found:
                    found["problems"] = facts.problems(env, job)
                found["counts"] = facts.counts(env)
            told[f"{job}, {name}"] = found
            print(job, name, round(time.monotonic() - begun, 1), "s")
            kept.restore()
        jobs.done(partial(jobs.run_cron, database, job))
    told["deadlocks"] = jobs.postgres.psql(
        f"SELECT deadlocks FROM pg_stat_database WHERE datname = '{database}'"
    )
    write_result(result, told)


# --- scheduled actions ----------------------------------------------------------------


def _together(job, count, database):
    """The action and hands, begun at the same moment; what each of them has done."""
    crons = [jobs.CRONS[job], *HANDS[: count - 1]]
    begin = multiprocessing.Barrier(count)

    def work(cron):
        _leave_out(database, set(METHODS) - {job})
        _meet_after_first_commit(begin)
        jobs.run_cron(database, cron)

    codes = jobs.ended(*[jobs.started(partial(work, cron)) for cron in crons])
    with jobs.superuser(database) as env:
        shares = {
            cron: sum(
                env["ir.cron.progress"]
                .search([("cron_id", "=", env.ref(cron).id)])
                .mapped("done")
            )
            for cron in crons
        }
    # who left while others were at the rest has asked for another look
    jobs.done(partial(jobs.run_cron, database, job))
    return {"codes": codes, "shares": shares}


def _leave_out(database, others):
    """Hands do whatever there is to do; here it is one thing after the other."""
    for other in others:
        model, method = METHODS[other]
        setattr(jobs.Registry(database)[model], method, lambda self: None)


METHODS = {
    "propose": ("dunning.run", "_cron_propose"),
    "issue": ("dunning.run", "_cron_issue"),
    "deliver": ("dunning.delivery", "_cron_deliver"),
}


def _meet_after_first_commit(barrier):
    """Odoo commits before it calls the action: from there on all work at once."""
    commit, met = sql_db.Cursor.commit, False

    def meeting(self):
        nonlocal met
        commit(self)
        if not met:
            met = True
            barrier.wait(jobs.PATIENCE)

    sql_db.Cursor.commit = meeting


def _given_way(job, database):
    """Somebody else changes what the action is about to change, and is first."""
    begin = multiprocessing.Event()

    def work():
        begin.wait(jobs.PATIENCE)
        jobs.run_cron(database, job)

    worker = jobs.started(work)
    with jobs.superuser(database) as env:
        OTHERS[job](env)
        env.flush_all()
        begin.set()
        _wait_until_blocked(database)
    return {"codes": jobs.ended(worker)}


def _make_a_profile(env):
    partner = env["res.partner"].search([("name", "like", "c0 customer")], limit=1)
    env["credit.profile"]._for_partners(partner, env.ref("base.main_company"))


def _touch_notices(env):
    env.cr.execute("UPDATE dunning_notice SET write_date = write_date")


#: what somebody else does meanwhile
OTHERS = {
    "propose": _make_a_profile,
    "issue": _touch_notices,
}


def _wait_until_blocked(database):
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        f" WHERE datname = '{database}' AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + jobs.PATIENCE
    while jobs.postgres.psql(query) == ["0"]:
        if time.monotonic() > deadline:
            raise TimeoutError("nobody waits for a lock")
        time.sleep(0.01)


# --- people and others at the same moment ---------------------------------------------


def _at_once(database, count, act, before=lambda env: None):
    """Let processes act at once, all with the same picture of the database.

    As Odoo does it for users: what gives way to another transaction is done again.

    :return: the exit code of each; 3: it was told in words why it cannot be.
    """
    begin = multiprocessing.Barrier(count)

    def work():
        with jobs.Registry(database).cursor() as cr:
            env = jobs.api.Environment(cr, jobs.SUPERUSER_ID, {})
            cr.execute("SELECT 1")  # from here on what others commit is not seen
            begin.wait(jobs.PATIENCE)
            try:
                retrying(partial(act, env), env)
            except UserError as error:
                print("told:", error, file=sys.stderr)
                raise SystemExit(3) from error

    return jobs.ended(*[jobs.started(work) for _ in range(count)])


def _two_morning_jobs(database):
    def act(env):
        env["dunning.run"]._cron_propose()

    return {"codes": _at_once(database, 2, act)}


def _profiles_at_once(database):
    def act(env):
        env["credit.profile"]._ensure_all(env.ref("base.main_company"))

    codes = _at_once(database, 2, act)
    jobs.done(partial(jobs.run_cron, database, "propose"))
    with jobs.superuser(database) as env:
        env.cr.execute(
            "SELECT count(*) - count(DISTINCT (partner_id, company_id))"
            "  FROM credit_profile"
        )
        return {"codes": codes, "double": env.cr.fetchone()[0]}


def _two_people_approve(database):
    with jobs.superuser(database) as env:
        env.company.search([]).dunning_auto_send = False
    jobs.done(partial(jobs.run_cron, database, "propose"))
    return {
        "codes": _at_once(database, 2, lambda env: _run(env).action_approve()),
    }


def _run(env):
    return env["dunning.run"].search(
        [
            ("company_id", "=", env.ref("base.main_company").id),
            ("date", "=", fields.Date.today()),
        ],
        limit=1,
    )


def _two_people_issue(database):
    codes = _at_once(database, 2, lambda env: _run(env).action_issue())
    jobs.done(partial(jobs.run_cron, database, "issue"))
    return {"codes": codes}


def _two_people_send(database):
    codes = _at_once(database, 2, lambda env: _run(env).action_send())
    jobs.done(partial(jobs.run_cron, database, "deliver"))
    return {"codes": codes}


def _daily_limit(database):
    """Two runs of a company that together want more than it may issue in a day."""
    with jobs.superuser(database) as env:
        company = env.ref("base.main_company")
        company.dunning_daily_limit = LIMIT
        scheduled = _run(env)
        notices = scheduled.notice_ids.sorted("id")
        manual = scheduled.copy({"kind": "manual", "state": "approved"})
        notices[len(notices) // 2 :].run_id = manual
        for run in scheduled | manual:
            run._issue_in_background()

    def act(env):
        for run in env["dunning.run"].search(
            [("issue_requested", "=", True), ("company_id.parent_id", "=", False)]
        ):
            run._issue_notices(
                run._approved_notices()[: LIMIT - 1], fields.Date.today()
            )

    codes = _at_once(database, 2, act)
    with jobs.superuser(database) as env:
        issued = env["dunning.notice"].search_count(
            [
                ("company_id", "=", env.ref("base.main_company").id),
                ("state", "=", "issued"),
            ]
        )
    return {"codes": codes, "issued": issued}


LIMIT = 5
SCENES = {
    "propose": [
        ("two morning jobs", _two_morning_jobs),
        ("profiles made at once", _profiles_at_once),
        ("two people approve", _two_people_approve),
    ],
    "issue": [
        ("two people", _two_people_issue),
        ("daily limit", _daily_limit),
    ],
    "deliver": [("two people", _two_people_send)],
}


if __name__ == "__main__":
    main(*sys.argv[1:])
