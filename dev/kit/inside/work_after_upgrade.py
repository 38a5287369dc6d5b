"""The day after an upgrade: all is readable, and the jobs run on what was there.

work_after_upgrade.py DATABASE RESULT.json

Time is what the harness sets it to: the morning after the records were made.
"""

import hashlib
import sys
from unittest.mock import Mock, patch

from session import environment, write_result

from odoo.addons.base.models.ir_mail_server import IrMail_Server

#: in the order of a day
JOBS = ("propose", "issue", "deliver", "refresh_profiles", "send_statements")


def main(database: str, result: str) -> None:
    with (
        environment(database) as env,
        patch.object(IrMail_Server, "_connect__", return_value=Mock()),
        patch.object(
            IrMail_Server,
            "send_email",
            lambda self, message, *args, **kwargs: message["Message-Id"],
        ),
    ):
        company = env.ref("base.main_company")
        env = env(context=dict(env.context, allowed_company_ids=company.ids))
        issued = env["dunning.notice"].search([("issued_at", "!=", False)])
        told = {notice.id: notice.pdf_sha256 for notice in issued}
        # a user switched this one off before the upgrade: on again, for the test
        env.ref("account_dunning.ir_cron_propose").active = True
        for job in JOBS:
            env.ref(f"account_dunning.ir_cron_{job}").method_direct_trigger()
            env.cr.commit()
        write_result(
            result,
            {
                "unreadable": [n.name for n in issued if not _readable(n, told)],
                "forms": _open_forms(env),
                **_outcome(env, company),
            },
        )


def _readable(notice, told):
    content = notice.attachment_id.raw or b""
    digest = hashlib.sha256(content).hexdigest()
    return digest == notice.pdf_sha256 == told[notice.id]


def _open_forms(env):
    """Read every record through its form and list, as the web client does.

    :return: what could not be read.
    """
    troubles = []
    for name, model in sorted(env.registry.items()):
        if model._original_module != "account_dunning" or not model._auto:
            continue
        records = env[name].with_context(active_test=False).search([])
        for kind in ("form", "list"):
            if not env["ir.ui.view"].search_count(
                [("model", "=", name), ("type", "=", kind)], limit=1
            ):
                continue
            fields = env[name].get_views([(False, kind)])["models"][name]["fields"]
            specification = {field: {} for field in fields if field in model._fields}
            try:
                with env.cr.savepoint():
                    records.web_read(specification)
            except Exception as error:  # whatever it is: it is what is looked for
                troubles.append(f"{name} {kind}: {error!r}")
    return troubles


def _outcome(env, company):
    today = company._dunning_today()
    run = env["dunning.run"].search(
        [("kind", "=", "scheduled"), ("date", "=", today), ("state", "!=", "cancelled")]
    )
    waited = env["dunning.notice"].search([("date", "<", today)])
    return {
        "runs": len(run),
        "states": run.mapped("state"),
        "proposed": len(run.notice_ids),
        "errors": [n.error for n in run.notice_ids if n.error],
        "waiting": len(
            waited.filtered(lambda n: n.state == "approved" and not n.error)
        ),
        "queued": env["dunning.delivery"].search_count(
            [("state", "=", "queued"), ("channel", "in", ("email", "call"))]
        ),
        "limits": [
            (profile.partner_id.name, profile.limit_own, profile.credit_limit)
            for profile in env["credit.profile"].search([("limit_enforced", "=", True)])
        ],
        "statements": env["credit.statement"].search_count([("state", "=", "queued")]),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
