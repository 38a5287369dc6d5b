"""A receivables ledger of any size for `./dev/bench`, inserted by a few statements.

bench_fill.py DATABASE ITEMS HISTORY RESULT.json

``ITEMS`` open items of about nine per customer: invoices not due and overdue by up to
five hundred days, one in ten in two instalments, some paid in part, some open credits,
some excluded from follow-up; and ``HISTORY`` times as many paid invoices, settled by
payments of several invoices each. What is inserted is what Odoo would have written:
balanced entries, residuals that agree with the reconciliations (checked at the end).
Only taxes are left out. The same number of items gives the same ledger, relative to
today.
"""

import sys

import company
from session import environment, progress, write_result

from odoo import fields
from odoo.tools import SQL

PER_CUSTOMER = 9
SETTLED_TOGETHER = 4  # paid invoices per payment
BIG = ("account_move_line", "account_move", "account_partial_reconcile")


def main(database, items, history, result):
    items = int(items)
    paid = items * int(history)
    with environment(database) as env:
        main_company = company.set_up(env)
        env = env(context=dict(env.context, allowed_company_ids=main_company.ids))
        customers = _customers(env, max(items // PER_CUSTOMER, 1))
        env.flush_all()
        env.cr.execute("SET LOCAL session_replication_role = replica")
        env.cr.execute("SET LOCAL maintenance_work_mem = '512MB'")
        env.cr.execute("SET LOCAL work_mem = '256MB'")
        indexes = _drop_indexes(env)
        for number, statement in enumerate(_statements(env, customers, items, paid)):
            progress(number, len(_SCRIPT), "steps")
            env.cr.execute(statement)
        for index in indexes:
            env.cr.execute(index)
        env.cr.execute("SET LOCAL session_replication_role = DEFAULT")
        env.cr.execute("ANALYZE")
        env.invalidate_all()
        _check(env)
        write_result(result, _tell(env))


def _customers(env, count):
    """Companies with an e-mail; one in seven has its own contact for invoices."""
    env.cr.execute(
        SQL(
            """
        INSERT INTO res_partner (
               name, complete_name, ref, type, active, is_company, partner_share,
               lang, email, email_normalized, phone, street, zip, city, country_id,
               customer_rank, autopost_bills, create_date, write_date)
        SELECT 'Customer ' || lpad(n::text, 6, '0'),
               'Customer ' || lpad(n::text, 6, '0'),
               'bench-' || n, 'contact', TRUE, n %% 10 != 0, TRUE,
               CASE WHEN n %% 4 = 0 THEN 'en_US' ELSE 'fr_FR' END,
               'customer.' || n || '@customers.example',
               'customer.' || n || '@customers.example',
               '+33 1 99 00 ' || lpad((n %% 10000)::text, 4, '0'),
               n || ' Sample Street', lpad((n %% 95000)::text, 5, '0'), 'Sample Town',
               %(country)s, 1, 'ask', now() AT TIME ZONE 'UTC',
               now() AT TIME ZONE 'UTC'
          FROM generate_series(1, %(count)s) n
        """,
            count=count,
            country=env.ref("base.fr").id,
        )
    )
    env.cr.execute(
        """
        UPDATE res_partner SET commercial_partner_id = id WHERE ref LIKE 'bench-%';
        INSERT INTO res_partner (
               name, complete_name, type, active, is_company, partner_share, lang,
               email, email_normalized, parent_id, commercial_partner_id,
               autopost_bills, create_date, write_date)
        SELECT 'Accounts', name || ', Accounts', 'invoice', TRUE, FALSE, TRUE, lang,
               'accounts.' || email, 'accounts.' || email, id, id, 'ask', create_date,
               write_date
          FROM res_partner
         WHERE ref LIKE 'bench-%' AND is_company AND id % 7 = 0;
        SELECT array_agg(id ORDER BY id) FROM res_partner WHERE ref LIKE 'bench-%'
        """
    )
    return env.cr.fetchone()[0]


def _drop_indexes(env):
    """Filling is much faster without them; what makes them again is returned."""
    env.cr.execute(
        """
        SELECT indexname, indexdef
          FROM pg_indexes
         WHERE tablename = ANY(%s) AND schemaname = 'public'
           AND indexname NOT LIKE '%%_pkey'
        """,
        [list(BIG)],
    )
    made = []
    for name, definition in env.cr.fetchall():
        env.cr.execute(SQL("DROP INDEX %s", SQL.identifier(name)))
        made.append(SQL("%s", SQL(definition.replace("%", "%%"))))
    return made


def _statements(env, customers, items, paid):
    main_company = env.ref("base.main_company")
    journal = {
        kind: env["account.journal"].search(
            [("type", "=", kind), ("company_id", "=", main_company.id)], limit=1
        )
        for kind in ("sale", "bank")
    }
    account = {
        kind: env["account.account"].search(
            [("account_type", "=", kind), ("company_ids", "=", main_company.id)],
            limit=1,
        )
        for kind in ("asset_receivable", "income")
    }
    values = {
        "today": fields.Date.today(),
        "company": main_company.id,
        "currency": main_company.currency_id.id,
        "sale": journal["sale"].id,
        "bank": journal["bank"].id,
        "receivable": account["asset_receivable"].id,
        "income": account["income"].id,
        "money": journal["bank"].default_account_id.id,
        "customers": customers,
        "count": len(customers),
        "paid": paid,
        "together": SETTLED_TOGETHER,
        "items": items,
        "documents": _documents(items),
    }
    for statement in _SCRIPT:
        yield SQL(statement, **values)


def _documents(items):
    """How many documents have that many open items: one in ten has two."""
    documents = items * 10 // 11
    while documents + (documents + 3) // 10 < items:
        documents += 1
    return documents


# One row per document; `d` numbers them. The hashes stand in for chance.
_SCRIPT = [
    """
    CREATE TEMP TABLE doc ON COMMIT DROP AS
    WITH chance AS (
        SELECT d,
               d > %(documents)s AS paid,
               (hashint4(d)::bigint & 2147483647) AS h1,
               (hashint4(d * 7 + 3)::bigint & 2147483647) / 2147483648.0 AS r2,
               (hashint4(d * 11 + 5)::bigint & 2147483647) / 2147483648.0 AS r3
          FROM generate_series(1, %(documents)s + %(paid)s) d
    ), kind AS (
        SELECT *,
               CASE WHEN paid THEN 'paid'
                    WHEN d %% 100 < 5 THEN 'credit'
                    WHEN d %% 10 = 7 THEN 'instalments'
                    WHEN d %% 100 BETWEEN 20 AND 26 THEN 'part'
                    ELSE 'plain' END AS kind
          FROM chance
    )
    SELECT d, kind,
           -- payments settle neighbours, so these belong to one customer
           (%(customers)s::int[])[1 + CASE WHEN paid THEN d / %(together)s ELSE h1 END
                                  %% %(count)s] AS partner,
           CASE WHEN paid THEN %(today)s::date - 60 - (d %% 1400)
                WHEN r2 < 0.35 THEN %(today)s::date + 1 + (d %% 45)
                ELSE %(today)s::date - 1 - (500 * power(r3, 2.5))::int END AS due,
           round((20 + 4000 * power((h1 %% 9973) / 9973.0, 3))::numeric, 2) AS amount,
           CASE WHEN kind = 'part'
                THEN round((8 + 1600 * power((h1 %% 9973) / 9973.0, 3))::numeric, 2)
                END AS part,
           d %% 97 = 0 AND NOT paid AS excluded,
           nextval('account_move_id_seq')::int AS move
      FROM kind
    """,
    """
    CREATE TEMP TABLE item ON COMMIT DROP AS
    SELECT doc.*, due AS item_due, nextval('account_move_line_id_seq')::int AS line,
           CASE kind WHEN 'instalments' THEN amount - round(amount / 2, 2)
                     WHEN 'credit' THEN -amount
                     ELSE amount END AS value
      FROM doc
     UNION ALL
    SELECT doc.*, due + 30, nextval('account_move_line_id_seq')::int,
           round(amount / 2, 2)
      FROM doc
     WHERE kind = 'instalments'
    """,
    """
    CREATE TEMP TABLE pay ON COMMIT DROP AS
    SELECT partner, kind, array_agg(line) AS lines,
           SUM(COALESCE(part, value)) AS amount, MAX(due) + 5 AS on_day,
           nextval('account_move_id_seq')::int AS move,
           nextval('account_move_line_id_seq')::int AS line,
           CASE WHEN kind = 'paid'
                THEN nextval('account_full_reconcile_id_seq')::int END AS full_id,
           row_number() OVER () AS p
      FROM item
     WHERE kind IN ('paid', 'part')
  GROUP BY partner, kind, CASE WHEN kind = 'paid' THEN d / %(together)s ELSE d END
    """,
    """
    INSERT INTO account_full_reconcile (id, create_date, write_date)
    SELECT full_id, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM pay
     WHERE full_id IS NOT NULL
    """,
    """
    INSERT INTO account_move (
           id, name, sequence_prefix, sequence_number, state, move_type, auto_post,
           date, invoice_date, invoice_date_due, journal_id, company_id, currency_id,
           partner_id, commercial_partner_id, invoice_partner_display_name,
           payment_state, amount_untaxed, amount_tax, amount_total, amount_residual,
           amount_untaxed_signed, amount_untaxed_in_currency_signed, amount_tax_signed,
           amount_total_signed, amount_total_in_currency_signed,
           amount_residual_signed, payment_reference, invoice_currency_rate,
           posted_before, checked, create_date, write_date)
    SELECT move, name, 'BN/', d, 'posted',
           CASE kind WHEN 'credit' THEN 'out_refund' ELSE 'out_invoice' END, 'no',
           due - 30, due - 30, due + CASE kind WHEN 'instalments' THEN 30 ELSE 0 END,
           %(sale)s, %(company)s, %(currency)s,
           partner, partner, 'Customer',
           CASE kind WHEN 'paid' THEN 'paid' WHEN 'part' THEN 'partial'
                ELSE 'not_paid' END,
           amount, 0, amount, rest, sign * amount, sign * amount, 0,
           sign * amount, sign * amount, sign * rest, name, 1, TRUE, TRUE,
           now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM (SELECT *, 'BN/' || lpad(d::text, 8, '0') AS name,
                   CASE kind WHEN 'credit' THEN -1 ELSE 1 END AS sign,
                   CASE kind WHEN 'paid' THEN 0 WHEN 'part' THEN amount - part
                        ELSE amount END AS rest
              FROM doc) document
    """,
    """
    INSERT INTO account_move (
           id, name, sequence_prefix, sequence_number, state, move_type, auto_post,
           date, journal_id, company_id, currency_id, partner_id,
           commercial_partner_id, payment_state, amount_total, amount_residual,
           amount_total_signed, amount_total_in_currency_signed, invoice_currency_rate,
           posted_before, checked, create_date, write_date)
    SELECT move, 'BP/' || lpad(p::text, 8, '0'), 'BP/', p, 'posted', 'entry', 'no',
           LEAST(on_day, %(today)s), %(bank)s, %(company)s, %(currency)s, partner,
           partner, 'not_paid', amount, 0, amount, amount, 1, TRUE, TRUE,
           now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM pay
    """,
    # the items themselves
    """
    INSERT INTO account_move_line (
           id, move_id, move_name, name, parent_state, display_type, sequence, date,
           invoice_date, date_maturity, journal_id, company_id, currency_id,
           company_currency_id, account_id, partner_id, debit, credit, balance,
           amount_currency, amount_residual, amount_residual_currency, reconciled,
           full_reconcile_id, matching_number, no_followup, quantity, price_unit,
           discount, tax_base_amount, create_date, write_date)
    SELECT line, move, name, name, 'posted', 'payment_term', 10000, due - 30, due - 30,
           item_due, %(sale)s, %(company)s, %(currency)s, %(currency)s, %(receivable)s,
           partner, GREATEST(value, 0), GREATEST(-value, 0), value, value, rest, rest,
           kind = 'paid', full_id,
           CASE WHEN full_id IS NOT NULL THEN full_id::text
                WHEN kind = 'part' THEN 'P' || line END,
           excluded, 0, 0, 0, 0, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM (SELECT item.*, 'BN/' || lpad(d::text, 8, '0') AS name,
                   CASE item.kind WHEN 'paid' THEN 0 WHEN 'part' THEN value - part
                        ELSE value END AS rest,
                   settled.full_id
              FROM item
         LEFT JOIN (SELECT unnest(lines) AS line_id, full_id FROM pay) settled
                ON settled.line_id = item.line) document
    """,
    # what was sold
    """
    INSERT INTO account_move_line (
           move_id, move_name, name, parent_state, display_type, sequence, date,
           invoice_date, journal_id, company_id, currency_id, company_currency_id,
           account_id, partner_id, debit, credit, balance, amount_currency,
           amount_residual, amount_residual_currency, reconciled, quantity, price_unit,
           price_subtotal, price_total, discount, tax_base_amount, no_followup,
           create_date, write_date)
    SELECT move, 'BN/' || lpad(d::text, 8, '0'), 'Goods', 'posted', 'product', 10,
           due - 30, due - 30, %(sale)s, %(company)s, %(currency)s, %(currency)s,
           %(income)s, partner, GREATEST(-sold, 0), GREATEST(sold, 0), -sold, -sold,
           0, 0, FALSE, 1, amount, amount, amount, 0, 0, FALSE,
           now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM (SELECT *, CASE kind WHEN 'credit' THEN -amount ELSE amount END AS sold
              FROM doc) document
    """,
    # the payments: the customer's side, and the bank's
    """
    INSERT INTO account_move_line (
           id, move_id, move_name, name, parent_state, display_type, sequence, date,
           date_maturity, journal_id, company_id, currency_id, company_currency_id,
           account_id, partner_id, debit, credit, balance, amount_currency,
           amount_residual, amount_residual_currency, reconciled, full_reconcile_id,
           matching_number, no_followup, create_date, write_date)
    SELECT CASE side WHEN 1 THEN line ELSE nextval('account_move_line_id_seq') END,
           move, 'BP/' || lpad(p::text, 8, '0'), 'Payment', 'posted', 'product', 10,
           LEAST(on_day, %(today)s), LEAST(on_day, %(today)s), %(bank)s, %(company)s,
           %(currency)s, %(currency)s,
           CASE side WHEN 1 THEN %(receivable)s ELSE %(money)s END, partner,
           CASE side WHEN 1 THEN 0 ELSE amount END,
           CASE side WHEN 1 THEN amount ELSE 0 END,
           CASE side WHEN 1 THEN -amount ELSE amount END,
           CASE side WHEN 1 THEN -amount ELSE amount END,
           0, 0, side = 1, CASE side WHEN 1 THEN full_id END,
           CASE WHEN side = 2 THEN NULL
                WHEN full_id IS NOT NULL THEN full_id::text
                ELSE 'P' || lines[1] END,
           FALSE, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM pay
CROSS JOIN generate_series(1, 2) side
    """,
    """
    INSERT INTO account_partial_reconcile (
           debit_move_id, credit_move_id, full_reconcile_id, debit_currency_id,
           credit_currency_id, company_id, max_date, amount, debit_amount_currency,
           credit_amount_currency, create_date, write_date)
    SELECT item.line, settled.line, settled.full_id, %(currency)s, %(currency)s,
           %(company)s, LEAST(settled.on_day, %(today)s),
           COALESCE(item.part, item.value), COALESCE(item.part, item.value),
           COALESCE(item.part, item.value), now() AT TIME ZONE 'UTC',
           now() AT TIME ZONE 'UTC'
      FROM (SELECT unnest(lines) AS item_line, pay.* FROM pay) settled
      JOIN item ON item.line = settled.item_line
    """,
]


def _check(env):
    """What was inserted is bookkeeping: balanced, and settled as it says."""
    for trouble, query in {
        "entries that do not balance": """
            SELECT move_id FROM account_move_line
          GROUP BY move_id HAVING SUM(balance) != 0 LIMIT 1""",
        "residuals that disagree with the reconciliations": """
            SELECT line.id
              FROM account_move_line line
         LEFT JOIN (
                SELECT id, SUM(amount) AS amount
                  FROM (SELECT debit_move_id AS id, amount
                          FROM account_partial_reconcile
                         UNION ALL
                        SELECT credit_move_id, -amount
                          FROM account_partial_reconcile) part
              GROUP BY id) settled ON settled.id = line.id
              JOIN account_account account ON account.id = line.account_id
             WHERE account.account_type = 'asset_receivable'
               AND (line.amount_residual != line.balance - COALESCE(settled.amount, 0)
                    OR line.reconciled != (line.amount_residual = 0))
             LIMIT 1""",
        "documents whose rest is not that of their items": """
            SELECT move.id
              FROM account_move move
              JOIN account_move_line line ON line.move_id = move.id
              JOIN account_account account ON account.id = line.account_id
             WHERE account.account_type = 'asset_receivable'
               AND move.move_type != 'entry'
          GROUP BY move.id
            HAVING SUM(line.amount_residual) != move.amount_residual_signed LIMIT 1""",
    }.items():
        env.cr.execute(query)
        if found := env.cr.fetchone():
            raise AssertionError(f"{trouble}, for one {found[0]}")


def _tell(env):
    env.cr.execute(
        """
        SELECT COUNT(*) FILTER (WHERE line.reconciled IS NOT TRUE) AS open,
               COUNT(*) FILTER (WHERE line.reconciled
                                AND line.display_type = 'payment_term') AS paid,
               COUNT(DISTINCT line.partner_id) AS customers,
               COUNT(*) FILTER (WHERE line.amount_residual < 0) AS credits,
               COUNT(*) FILTER (WHERE line.amount_residual > 0
                                AND line.date_maturity < CURRENT_DATE) AS overdue
          FROM account_move_line line
          JOIN account_account account ON account.id = line.account_id
         WHERE account.account_type = 'asset_receivable'
        """
    )
    return dict(env.cr.dictfetchone())


if __name__ == "__main__":
    main(*sys.argv[1:])
