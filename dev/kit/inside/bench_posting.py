"""Posting and paying invoices, for `./dev/bench`: with the addon, and without.

bench_posting.py DATABASE COUNT ROUNDS RESULT.json

Posts and pays ``COUNT`` invoices in ``ROUNDS`` equal parts, each waiting for a line on
standard input, so that two databases take turns on the same machine.
"""

import sys
import time

from session import environment, write_result

from odoo import Command, fields, sql_db


def main(database, count, rounds, result):
    each = int(count) // int(rounds)
    times, posted, queries = [], [], 0
    with environment(database) as env:
        company = env.ref("base.main_company")
        env = env(context=dict(env.context, allowed_company_ids=company.ids))
        partners = env["res.partner"].search([("ref", "=like", "bench-%")], limit=each)
        if "credit.profile" in env:
            # the gate has something to judge, and nothing to hold
            profiles = env["credit.profile"]._for_partners(partners, company)
            profiles.write({"credit_limit": 1e9, "limit_enforced": True})
            profiles.class_id.write({"rule_limit": "block", "rule_overdue": "warn"})
            env.cr.commit()
        _round(env, partners)  # the first one fills caches
        for _number in range(int(rounds)):
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            sys.stdin.readline()
            post_seconds, seconds, counted = _round(env, partners)
            posted.append(post_seconds)
            times.append(seconds)
            queries += counted
            sys.stdout.write("done\n")
            sys.stdout.flush()
        write_result(result, {"times": times, "posted": posted, "queries": queries})


def _round(env, partners):
    invoices = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": fields.Date.today(),
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Goods", "price_unit": 100.0 + number, "tax_ids": []}
                    )
                ],
            }
            for number, partner in enumerate(partners)
        ]
    )
    env.flush_all()
    env.cr.commit()
    env.invalidate_all()
    counted, started = sql_db.sql_counter, time.perf_counter()
    invoices.action_post()
    env.flush_all()
    env.cr.commit()
    post_seconds = time.perf_counter() - started
    for invoice in invoices:
        env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": fields.Date.today()}).action_create_payments()
    env.flush_all()
    env.cr.commit()
    seconds, counted = time.perf_counter() - started, sql_db.sql_counter - counted
    assert all(invoice.payment_state in ("paid", "in_payment") for invoice in invoices)
    env.invalidate_all()
    return post_seconds, seconds, counted


if __name__ == "__main__":
    main(*sys.argv[1:])
