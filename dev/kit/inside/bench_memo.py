"""Interest and compensation of a whole ledger, for `./dev/bench`.

bench_memo.py DATABASE RESULT.json

The reference is the plainest thing that can be done with the same items: reading, by
the ORM and in as many at a time, what the rules need to know of each. Then the nightly
job for the first time, for a night on which nobody paid, and for one before which one
item in a hundred was.
"""

import sys
from datetime import timedelta
from unittest.mock import patch

from measured import Meter
from session import environment, progress, write_result

from odoo import Command, fields
from odoo.tools import split_every

#: what a plain reading of an item would have to read
READ = (
    "name",
    "partner_id",
    "move_id",
    "currency_id",
    "date_maturity",
    "amount_currency",
    "amount_residual_currency",
    "matched_credit_ids",
)
AT_A_TIME = 2_000
PAID_SHARE = 100  # one item in so many


def main(database, result):
    with environment(database) as env:
        company = env.ref("base.main_company")
        env = env(context=dict(env.context, allowed_company_ids=company.ids))
        env["credit.profile"]._ensure_all(company)
        env.flush_all()
        env.cr.commit()
        today = fields.Date.today()
        overdue = env["account.move.line"].search(
            [
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("amount_residual_currency", ">", 0),
                ("no_followup", "=", False),
                ("date_maturity", "<", today - timedelta(days=2)),
            ]
        )
        meter = Meter(env)
        steps = [
            lambda: meter.step("reading", lambda: _read(overdue)),
            lambda: _night(env, meter, "first night", today - timedelta(days=2)),
            lambda: _night(env, meter, "next night", today - timedelta(days=1)),
            lambda: _pay_some(env, company, overdue),
            lambda: _night(env, meter, "night after payments", today),
        ]
        for number, step in enumerate(steps):
            progress(number, len(steps), "parts of the memo")
            env.invalidate_all()
            step()
        _check(env, overdue, today)
        write_result(result, {"steps": meter.steps, "items": len(overdue)})


def _read(items):
    for some in split_every(AT_A_TIME, items.ids, items.browse):
        some.invalidate_model()
        some.read(READ)


def _night(env, meter, name, day):
    """The scheduled action, on that day."""
    profiles = env["credit.profile"]
    with patch.object(
        type(env["res.company"]), "_dunning_today", lambda company, now=None: day
    ):
        meter.step(name, profiles._cron_late)
    assert not profiles.search_count([("late_day", "!=", day)])
    # the next payment comes long after what the last night might not have seen
    env.cr.execute(
        "UPDATE account_partial_reconcile"
        "   SET create_date = create_date - interval '1 day';"
        "UPDATE credit_profile"
        "   SET late_seen_at = late_seen_at - interval '1 day',"
        "       late_began_at = late_began_at - interval '1 day'"
    )
    env.cr.execute("ANALYZE late_charge, late_charge_entry, credit_profile")
    env.cr.commit()


def _pay_some(env, company, items):
    """One in a hundred is paid in full, by one entry of the bank."""
    paid = items[::PAID_SHARE].filtered("amount_residual")
    journal = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
    )
    received = sum(paid.mapped("amount_residual"))
    entry = env["account.move"].create(
        {
            "journal_id": journal.id,
            "date": fields.Date.today(),
            "line_ids": [
                *(
                    Command.create(
                        {
                            "name": "Transfer",
                            "account_id": item.account_id.id,
                            "partner_id": item.partner_id.id,
                            "credit": item.amount_residual,
                        }
                    )
                    for item in paid
                ),
                Command.create(
                    {
                        "name": "Bank",
                        "account_id": journal.default_account_id.id,
                        "debit": received,
                    }
                ),
            ],
        }
    )
    entry.action_post()
    credits = entry.line_ids.filtered("credit").sorted("id")
    env["account.move.line"]._reconcile_plan(
        [item | credit for item, credit in zip(paid, credits, strict=True)]
    )
    assert all(paid.mapped("reconciled"))
    env.flush_all()
    env.cr.commit()


def _check(env, items, today):
    """What was measured was done: a memo for all that bears interest, up to today.

    Consumers owe none before a formal notice.
    """
    memos = env["late.charge"].search([("kind", "=", "interest")])
    consumers = env["credit.profile"].search([("customer_kind", "=", "consumer")])
    missing = (items - memos.move_line_id).filtered(
        lambda item: item.partner_id.commercial_partner_id not in consumers.partner_id
    )
    assert not missing, f"{len(missing)} without memo"
    late = memos.filtered(lambda memo: memo.accruing and memo.accrued_on != today)
    assert not late, f"{len(late)} are behind"
    paid = items[::PAID_SHARE]
    wrong = memos.filtered(lambda memo: memo.accruing and memo.move_line_id in paid)
    assert not wrong, f"{len(wrong)} go on although they are paid"


if __name__ == "__main__":
    main(*sys.argv[1:])
