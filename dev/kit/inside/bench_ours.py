"""Our job, step by step, for `./dev/bench`.

bench_ours.py DATABASE URL LETTERS RESULT.json

``URL`` is where the renderer finds the styles of the letters; as many notices as
``LETTERS`` says get theirs, and an e-mail each.
"""

import sys
from pathlib import Path

from lxml import etree
from measured import Meter
from session import environment, progress, write_result

from odoo import Command, fields
from odoo.tools import SQL

sys.path.append(str(Path(__file__).resolve().parents[3] / "tests"))
from form_fields import specification  # noqa: E402

PAUSED = 50  # one customer in so many is paused
CORE_PARTNERS = 1_000  # for whom core's figures are read


def main(database, url, letters, result):
    with environment(database) as env:
        company = env.ref("base.main_company")
        env = env(context=dict(env.context, allowed_company_ids=company.ids))
        env["ir.config_parameter"].set_param("report.url", url)
        env["credit.profile"]._ensure_all(company)
        _pause_some(env)
        env.flush_all()
        env.cr.execute("ANALYZE credit_profile, dunning_hold")
        env.cr.commit()
        meter = Meter(env)
        steps = [
            lambda: _refresh(env, meter),
            lambda: _core_figures(env, meter),
            lambda: _propose_and_issue(env, meter, company),
            lambda: _deliver(env, meter, company, int(letters)),
            lambda: _screens(env, meter),
        ]
        for number, step in enumerate(steps):
            progress(number, len(steps), "parts of the job")
            step()
            env.invalidate_all()
        write_result(result, {"steps": meter.steps, "run": _tell(env)})


def _pause_some(env):
    env["dunning.hold"].create(
        [
            {
                "profile_id": profile.id,
                "reason": "Waits for the goods",
                "date_from": fields.Date.today(),
            }
            for profile in env["credit.profile"].search([])[::PAUSED]
        ]
    )


def _refresh(env, meter):
    """All profiles, as the scheduled action of the night does it."""
    profiles = env["credit.profile"]
    env.cr.execute("UPDATE credit_profile SET refreshed_at = NULL")
    env.cr.commit()
    env.invalidate_all()
    meter.step("refresh", profiles._cron_refresh_profiles)
    assert not profiles.search_count([("refreshed_at", "=", False)])


def _core_figures(env, meter):
    """What core has instead, read for the same partners; for so many of them that it
    ends, the others in proportion."""
    profiles = env["credit.profile"].search([])
    partners = profiles[:CORE_PARTNERS].partner_id

    def read():
        partners.read(["credit", "days_sales_outstanding"])

    env.invalidate_all()
    meter.step("core figures", read)
    meter.steps["core figures"]["seconds"] *= len(profiles) / len(partners)


def _propose_and_issue(env, meter, company):
    """The morning's proposal, its approval by a person, and the issue."""
    today = fields.Date.today()
    Run = env["dunning.run"]
    commit = env["ir.cron"]._commit_progress

    def propose():
        run = Run._start(company, today, scheduled=True)
        run._propose_rest(commit)
        return run

    run = meter.step("propose", propose, lambda run: run.item_count)
    meter.step("approve", run.action_approve)

    def issue():
        run._request_issue(run._approved_notices(), env.user)
        return run._issue_requested_ones(env["ir.cron"])

    meter.step("issue", issue, lambda __: run.issued_count)
    assert run.issued_count and not run.approved_count, "not everything was issued"


def _deliver(env, meter, company, count):
    """Letters, then their e-mails in Odoo's queue, each with its letter."""
    Notice = env["dunning.notice"]
    left = count

    def made(done):
        nonlocal left
        left -= done
        env.cr.commit()
        return left > 0

    def letters():
        Notice._make_waiting_letters(made)
        return Notice.search_count([("pdf_sha256", "!=", False)])

    meter.step("letters", letters, int)
    deliveries = env["dunning.delivery"]
    emails = deliveries.search([("channel", "=", "email"), ("state", "=", "queued")])

    def queue():
        domain = fields.Domain("id", "in", emails.ids)
        return deliveries._hand_over(
            domain, fields.Datetime.now(), commit=env["ir.cron"]._commit_progress
        )

    meter.step("e-mails", queue, int)
    mails = emails.mail_message_id.mail_ids
    assert len(mails) == len(emails), "a mail for each delivery"
    assert all(mail.unrestricted_attachment_ids for mail in mails), "with its letter"


def _screens(env, meter):
    """What opening a profile costs, and a look at a credit limit."""
    profile = env["credit.profile"].search([("amount_overdue", ">", 0)], limit=1)
    profile = profile.with_context(lang=env.user.lang)  # as each request says
    form = profile.get_view(view_type="form")
    asked = specification(env, profile._name, etree.fromstring(form["arch"]))
    profile.web_read(asked)
    _forget(env)
    meter.step("open a profile", lambda: profile.web_read(asked))
    invoice = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": profile.partner_id.id,
            "invoice_line_ids": [
                Command.create({"name": "Goods", "price_unit": 100.0, "quantity": 1})
            ],
        }
    )
    profile.write({"credit_limit": 1, "limit_enforced": True})
    env.flush_all()
    assert invoice.credit_sentence
    _forget(env)
    meter.step("check a credit limit", lambda: invoice.credit_sentence)
    assert invoice.credit_sentence


def _forget(env):
    """Empty the cache of records; what a process keeps for good stays."""
    env.invalidate_all()
    # read by every request, whatever it is about
    assert env.user.partner_id.name and env.company.name


def _tell(env):
    env.cr.execute(
        SQL(
            """
        SELECT COUNT(*) AS notices, SUM(amount_claimed) AS claimed
          FROM dunning_notice
         WHERE state = 'issued'
        """
        )
    )
    return env.cr.dictfetchone()


if __name__ == "__main__":
    main(*sys.argv[1:])
