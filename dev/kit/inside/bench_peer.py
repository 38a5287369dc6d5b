"""The same steps with the OCA's ``account_credit_control``, for `./dev/bench`.

bench_peer.py DATABASE URL LETTERS SECONDS RESULT.json

Its shipped policy of three levels, on the same ledger. Runs ``SECONDS`` at the most: a
step that is stopped tells how many of how many it had done.
"""

import signal
import sys
import time

from measured import Meter
from session import environment, progress, write_result

from odoo import Command, fields


class TimeIsUp(Exception):
    pass


def main(database, url, letters, seconds, result):
    deadline = time.monotonic() + int(seconds)
    signal.signal(signal.SIGALRM, _stop)
    with environment(database) as env:
        company = env.ref("base.main_company")
        env = env(context=dict(env.context, allowed_company_ids=company.ids))
        env["ir.config_parameter"].set_param("report.url", url)
        policy = env.ref("account_credit_control.credit_control_3_time")
        policy.account_ids = env["account.account"].search(
            [
                ("account_type", "=", "asset_receivable"),
                ("company_ids", "=", company.id),
            ]
        )
        company.credit_policy_id = policy
        run = env["credit.control.run"].create(
            {
                "date": fields.Date.today(),
                "policy_ids": [Command.set(policy.ids)],
            }
        )
        env.flush_all()
        env.cr.commit()
        meter = Meter(env)
        stopped = None
        try:
            signal.alarm(int(seconds))
            progress(0, 4, "steps")
            meter.step("lines", run.generate_credit_lines)
            progress(1, 4, "steps")
            meter.step("ready", run.set_to_ready_lines)
            progress(2, 4, "steps")
            started = time.perf_counter()
            communications = meter.step("group", lambda: _group(env, run))
            signal.alarm(0)
        except TimeIsUp:
            stopped = _extrapolate(env, run, meter, started)
        if not stopped:
            progress(3, 4, "steps")
            _letters(env, meter, communications[: int(letters)])
        write_result(
            result,
            {
                "steps": meter.steps,
                "stopped": stopped,
                "lines": len(run.line_ids),
                "spare": deadline - time.monotonic(),
            },
        )


def _stop(_number, _frame):
    raise TimeIsUp


def _group(env, run):
    """One communication per customer and level, as its own action groups them."""
    Communication = env["credit.control.communication"]
    return Communication._generate_comm_from_credit_lines(run.line_ids)


def _extrapolate(env, run, meter, started):
    """The grouping was stopped: how far it had come, and how long all would take; at
    least as long as it took, where it had not come to write anything down."""
    seconds = time.perf_counter() - started
    env.cr.execute("SELECT COUNT(*) FROM credit_control_communication")
    [done] = env.cr.fetchone()
    groups = {
        (line.partner_id.commercial_partner_id, line.policy_level_id)
        for line in run.line_ids
    }
    meter.steps["group"] = {
        "seconds": seconds * len(groups) / done if done else seconds,
        "queries": 0,
        "peak_mb": 0,
        "renderers": 0,
    }
    return {"step": "group", "done": done, "of": len(groups), "after": seconds}


def _letters(env, meter, communications):
    """E-mails with their PDFs, in Odoo's queue: it renders one by one."""
    meter.step("letters", communications._generate_emails)
    mails = env["mail.mail"].search([("model", "=", communications._name)])
    attached = env["ir.attachment"].search_count(
        [("res_model", "in", (communications._name, "mail.mail", "mail.message"))]
    )
    meter.steps["letters"] |= {
        "done": len(communications),
        "mails": len(mails),
        "attached": attached,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
