"""A letter at which every process dies that makes it, as for lack of memory; the job is
started again each time, until it ends by itself.

usage: deadly.py DATABASE RESULT CULPRIT
"""

import os
import signal
import sys

import jobs
from session import write_result

from odoo.modules.registry import Registry

MOST = 10  # deaths, before the job counts as one that never ends


def main(database, result, culprit):
    jobs.prepare(database)
    jobs.set_batches(4)
    jobs.done(lambda: jobs.run_cron(database, "propose"))
    deaths = 0
    while deaths < MOST:
        [code] = jobs.ended(jobs.started(lambda: _issue(database, culprit)))
        jobs.wait_until_alone(database)
        if not code:
            break
        if code != -signal.SIGKILL:
            raise RuntimeError(f"the job ended with {code}")
        deaths += 1
    with jobs.superuser(database) as env:
        notices = env["dunning.notice"].search([("state", "!=", "cancelled")])
        told = {
            "deaths": deaths,
            "notices": {
                notice.partner_id.name: [
                    notice.state,
                    bool(notice.pdf_sha256),
                    len(notice.delivery_ids),
                    notice.error or "",
                ]
                for notice in notices
            },
        }
    write_result(result, told)


def _issue(database, culprit):
    notice_class = Registry(database)["dunning.notice"]
    render = notice_class._render_letters

    def deadly(self):
        if culprit in self.mapped("partner_id.name"):
            os.kill(os.getpid(), signal.SIGKILL)
        return render(self)

    notice_class._render_letters = deadly
    jobs.run_cron(database, "issue")


if __name__ == "__main__":
    main(*sys.argv[1:])
