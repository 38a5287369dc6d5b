"""Kill the nightly job of interest right before its first, second, third ... commit,
and start it again each time; at last have nobody kill it.

usage: memo.py DATABASE RESULT
"""

import sys

import crash
import jobs
from keeping import Kept
from session import write_result

CRON = "account_dunning.ir_cron_late"


def main(database, result):
    jobs.prepare(database)
    with jobs.superuser(database) as env:
        company = env.ref("base.main_company")
        company.country_id = env.ref("base.fr")
        env["credit.profile"]._ensure_all(company)
    jobs.set_batches(2)
    kept = Kept(database)
    rounds = []
    while not rounds or rounds[-1]["killed"]:
        if rounds:
            kept.restore()
        number = len(rounds) + 1
        victim = jobs.started(lambda n=number: crash.until_commit(database, CRON, n))
        killed = crash.was_killed(victim, number)
        jobs.wait_until_alone(database)
        left = _facts(database)
        if killed:
            jobs.done(lambda: jobs.run_cron(database, CRON))
        rounds.append({"killed": killed, "left": left, "whole": _facts(database)})
    write_result(result, rounds)


def _facts(database):
    """The memos with what accrued, and who was looked at when."""
    with jobs.superuser(database) as env:
        memos = env["late.charge"].search([], order="move_id, kind")
        return {
            "memos": [
                [memo.move_id.id, memo.kind, memo.accrued, memo.open_amount]
                for memo in memos
            ],
            "by month": [
                [memo.id, round(sum(memo.entry_ids.mapped("amount")), 2), memo.accrued]
                for memo in memos
            ],
            "seen": {
                str(profile.id): str(profile.late_seen_at)
                for profile in env["credit.profile"].search([("late_day", "!=", False)])
            },
        }


if __name__ == "__main__":
    main(*sys.argv[1:])
