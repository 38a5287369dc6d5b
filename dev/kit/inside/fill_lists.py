"""Customers with open invoices, many of them, for `./dev/bench-lists`.

fill_lists.py DATABASE MODULES COUNT ACTION MENU AGAINST RESULT.json

Makes those that are missing, refreshes the figures of all, and tells which lists are to
be opened. The entries are inserted by SQL, as nothing but their open items is read.
"""

import sys

import company
from session import environment, progress, write_result

from odoo.fields import Date
from odoo.tools import SQL

_BATCH = 1000
#: one customer in so many is paused, one in so many was reminded already
_PAUSED, _REMINDED = 20, 2


def main(database, modules, count, action, menu, against, result):
    with environment(database) as env:
        main_company = env.ref("base.main_company")
        env = env(context=dict(env.context, allowed_company_ids=main_company.ids))
        partners = env["res.partner"].search([("ref", "=like", "bench-%")])
        if len(partners) < int(count):
            company.set_up(env)
            _fill(env, int(count), main_company)
            company.finish(env)
        env["credit.profile"].search([])._refresh_figures()
        _restore_contacts(env, modules.split(","))
        ours = env.ref(action) if action else env.ref(menu).action
        write_result(
            result,
            {
                "ours": {"action": ours.id, "name": ours.name},
                "theirs": {
                    "action": env.ref(against).id,
                    "name": env.ref(against).name,
                },
            },
        )


def _fill(env, count, main_company):
    profiles = env["credit.profile"]
    for start in range(0, count, _BATCH):
        progress(start, count, "customers")
        numbers = range(start, min(start + _BATCH, count))
        partners = env["res.partner"].create([_partner(number) for number in numbers])
        env.flush_all()
        _insert_items(env, partners, main_company)
        env.invalidate_all()
        profiles |= env["credit.profile"]._ensure_all(main_company)
        env.flush_all()
    paused = profiles[::_PAUSED]
    env["dunning.hold"].create(
        [
            {
                "profile_id": profile.id,
                "reason": "Waits for the goods",
                "date_from": Date.today(),
            }
            for profile in paused
        ]
    )
    collector = env.ref("base.user_admin")
    profiles[::3].user_id = collector
    env.flush_all()
    env.cr.execute("ANALYZE")


def _restore_contacts(env, modules):
    """Take what our modules add to Odoo's list of contacts out of it again.

    What ours is compared with must not be slower because of us.
    """
    names = env["ir.model.data"].search(
        [("module", "in", modules), ("model", "=", "ir.ui.view")]
    )
    views = env["ir.ui.view"].browse(names.mapped("res_id"))
    views.filtered(
        lambda view: view.model == "res.partner" and view.type == "list"
    ).active = False


def _partner(number):
    return {
        "name": f"Customer {number:05}",
        "ref": f"bench-{number:05}",
        "is_company": number % 4 > 0,
        "email": f"customer.{number}@customers.example",
        "phone": f"+33 1 99 00 {number % 10000:04}",
        "street": f"{number} Sample Street",
        "zip": f"{number:05}",
        "city": "Sample Town",
    }


def _insert_items(env, partners, main_company):
    """Two open items for each: one overdue by 1 to 120 days, one not due yet."""
    journal = env["account.journal"].search(
        [("type", "=", "sale"), ("company_id", "=", main_company.id)], limit=1
    )
    receivable = env["account.account"].search(
        [
            ("account_type", "=", "asset_receivable"),
            ("company_ids", "=", main_company.id),
        ],
        limit=1,
    )
    levels = main_company.dunning_policy_id.level_ids
    values = {
        "journal": journal.id,
        "company": main_company.id,
        "currency": main_company.currency_id.id,
        "account": receivable.id,
        "partners": partners.ids,
        "levels": levels.ids,
        "reminded": _REMINDED,
    }
    env.cr.execute(SQL(_MOVES, **values))
    env.cr.execute(SQL(_ITEMS, **values))


_MOVES = """
    INSERT INTO account_move (
           name, state, move_type, auto_post, date, invoice_date, journal_id,
           company_id, currency_id, partner_id, commercial_partner_id)
    SELECT 'BENCH/' || partner.id || '/' || part, 'posted', 'out_invoice', 'no',
           CURRENT_DATE - 30, CURRENT_DATE - 30, %(journal)s,
           %(company)s, %(currency)s, partner.id, partner.id
      FROM res_partner partner
CROSS JOIN generate_series(1, 2) part
     WHERE partner.id = ANY(%(partners)s)
"""

_ITEMS = """
    INSERT INTO account_move_line (
           move_id, move_name, name, parent_state, display_type, date, invoice_date,
           date_maturity, journal_id, company_id, currency_id, company_currency_id,
           account_id, partner_id, debit, credit, balance, amount_currency,
           amount_residual, amount_residual_currency, reconciled, dunning_level_id,
           dunning_date)
    SELECT move.id, move.name, move.name, 'posted', 'payment_term', move.date,
           move.invoice_date, due.on_day, move.journal_id, move.company_id,
           move.currency_id, move.currency_id, %(account)s, move.partner_id,
           due.amount, 0, due.amount, due.amount, due.amount, due.amount, FALSE,
           due.level, CASE WHEN due.level IS NULL THEN NULL ELSE CURRENT_DATE - 1 END
      FROM account_move move
CROSS JOIN LATERAL (
               SELECT move.name LIKE '%%/1' AS late
           ) kind
CROSS JOIN LATERAL (
               SELECT CASE WHEN kind.late THEN CURRENT_DATE - 1 - move.partner_id %% 120
                           ELSE CURRENT_DATE + 20 END AS on_day,
                      100 + move.partner_id %% 9000 AS amount,
                      CASE WHEN kind.late AND move.partner_id %% %(reminded)s = 0
                           THEN (%(levels)s::int[])[
                               1 + move.partner_id %% cardinality(%(levels)s::int[])]
                           END AS level
           ) due
     WHERE move.name LIKE 'BENCH/%%' AND move.partner_id = ANY(%(partners)s)
"""


if __name__ == "__main__":
    main(*sys.argv[1:])
