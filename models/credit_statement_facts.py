from collections import defaultdict
from dataclasses import dataclass

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import statement as engine

BATCH = 500  # customers looked at together


@dataclass(slots=True)
class CurrencyStatement:
    """What the engine made of one currency, with the currency as a record."""

    currency: models.BaseModel
    figures: engine.Statement


class CreditStatementFacts(models.AbstractModel):
    """Fetches what statements of account tell, for a batch of customers at a time.

    Each kind of fact costs one query for the whole batch, whatever its size. Read with
    full rights: callers check that the user may read the profiles.

    The rest of an item on a day is its rest of today plus what was allocated to it
    later, in the item's own currency. From the company's current day on, the ledger
    counts as it stands: an allocation to an entry dated later counts already.
    """

    _name = "credit.statement.facts"
    _description = "Facts for Statements of Account"

    # === PUBLIC TO THE OTHER MODELS === #

    @api.model
    def _fetch(self, profiles, day, style="open", date_from=None):
        """The statements of these customers.

        :param style: ``open`` (items open on ``day``) or ``activity`` (all movements
            from ``date_from`` to ``day``).
        :return: ``{profile: [CurrencyStatement]}`` with every profile as a key; the
            list is empty where there is nothing to tell. Company currency first, then
            by name.
        """
        result = {}
        for company, mine in profiles.sudo().grouped("company_id").items():
            for start in range(0, len(mine), BATCH):
                batch = mine[start : start + BATCH]
                result |= self._fetch_batch(company, batch, day, style, date_from)
        return {profile: result[profile] for profile in profiles}

    @api.model
    def _fetch_batch(self, company, profiles, day, style, date_from):
        by_partner = {profile.partner_id.id: profile for profile in profiles}
        self._flush_books()
        marks = self._fetch_marks(profiles, day)
        pending = self._fetch_pending(company, by_partner, day)
        rows = self._fetch_open_rows(company, by_partner, day, marks)
        moved, openings = defaultdict(list), defaultdict(dict)
        if style == "activity":
            moved, openings = self._fetch_movements(company, by_partner, day, date_from)
        result = {}
        for partner_id, profile in by_partner.items():
            mine = rows[partner_id] + pending[partner_id]
            if style == "activity":
                figures = engine.activity(
                    moved[partner_id] + pending[partner_id],
                    date_from,
                    day,
                    openings[partner_id],
                    mine,
                )
            else:
                figures = engine.open_items(mine, day)
            result[profile] = self._with_currencies(company, figures)
        return result

    @api.model
    def _with_currencies(self, company, figures):
        Currency = self.env["res.currency"].with_context(active_test=False)
        result = [
            CurrencyStatement(Currency.browse(one.currency), one) for one in figures
        ]
        result.sort(key=lambda s: (s.currency != company.currency_id, s.currency.name))
        return result

    # === FETCHING, ONE QUERY EACH === #

    @api.model
    def _flush_books(self):
        """Write out what the queries read."""
        self.env["dunning.situation"]._flush_ledger()
        self.env["account.move"].flush_model()
        self.env["account.partial.reconcile"].flush_model()

    @api.model
    def _items_sql(self, company, by_partner, day, condition=None):
        """Posted receivable items up to a day, as a common table ``item``."""
        return SQL(
            """
            item AS (
                SELECT partner.commercial_partner_id AS customer_id,
                       line.id,
                       line.date,
                       COALESCE(move.invoice_date, line.date) AS invoice_date,
                       COALESCE(line.date_maturity, line.date) AS due_date,
                       COALESCE(move.name, line.name, '') AS name,
                       CASE WHEN move.move_type IN ('out_invoice', 'out_receipt')
                            THEN 'invoice'
                            WHEN move.move_type = 'out_refund' THEN 'refund'
                            WHEN move.origin_payment_id IS NOT NULL
                              OR move.statement_line_id IS NOT NULL THEN 'payment'
                            ELSE 'entry'
                       END AS kind,
                       line.currency_id,
                       line.amount_currency AS amount,
                       line.amount_residual_currency AS residual
                  FROM account_move_line line
                  JOIN account_account account
                    ON account.id = line.account_id
                   AND account.account_type = 'asset_receivable'
                  JOIN account_move move ON move.id = line.move_id
                  JOIN res_partner partner ON partner.id = line.partner_id
                 WHERE line.parent_state = 'posted'
                   AND line.company_id = ANY(%(companies)s)
                   AND partner.commercial_partner_id = ANY(%(partners)s)
                   AND line.date <= %(day)s
                   AND %(condition)s
            )
            """,
            companies=self.env["dunning.situation"]._branch_ids(company),
            partners=list(by_partner),
            day=day,
            condition=condition or SQL("TRUE"),
        )

    @api.model
    def _fetch_open_rows(self, company, by_partner, day, marks):
        """What was open on the day, by customer."""
        result = defaultdict(list)
        if self._is_current(company, day):
            query = SQL(
                "WITH %s SELECT * FROM item WHERE residual != 0",
                self._items_sql(
                    company, by_partner, day, SQL("line.reconciled IS NOT TRUE")
                ),
            )
        else:
            query = SQL(
                """
            WITH %(items)s,
            later AS (
                SELECT id, SUM(settled) AS settled
                  FROM (SELECT item.id, partial.debit_amount_currency AS settled
                          FROM item
                          JOIN account_partial_reconcile partial
                            ON partial.debit_move_id = item.id
                         WHERE partial.max_date > %(day)s
                     UNION ALL
                        SELECT item.id, -partial.credit_amount_currency
                          FROM item
                          JOIN account_partial_reconcile partial
                            ON partial.credit_move_id = item.id
                         WHERE partial.max_date > %(day)s) allocation
              GROUP BY id
            )
            SELECT item.customer_id, item.id, item.invoice_date, item.due_date,
                   item.name, item.kind, item.currency_id, item.amount,
                   item.residual + COALESCE(later.settled, 0) AS residual
              FROM item
         LEFT JOIN later ON later.id = item.id
             WHERE item.residual + COALESCE(later.settled, 0) != 0
                """,
                items=self._items_sql(company, by_partner, day),
                day=day,
            )
        for row in self.env.execute_query_dict(query):
            paused = marks["items"].get(row["id"])
            if row["residual"] > 0:
                mark = marks["customers"].get(row["customer_id"]) or paused or ""
            else:
                mark = ""
            result[row["customer_id"]].append(
                engine.Row(
                    key=row["id"],
                    date=row["invoice_date"],
                    due_date=row["due_date"],
                    name=row["name"],
                    currency=row["currency_id"],
                    amount=company._to_decimal(row["amount"]),
                    residual=company._to_decimal(row["residual"]),
                    kind=row["kind"],
                    mark=mark,
                )
            )
        return result

    @api.model
    def _fetch_movements(self, company, by_partner, day, date_from):
        """What moved in the period, and what was owed before it.

        Beside the items themselves these are the allocations that settle one side of
        the customer's account only: against an item in another currency, of another
        customer, or dated after the period. Without them the closing balance would not
        be what is open.

        :return: ``({customer: [Row]}, {customer: {currency: Decimal}})``
        """
        moved, openings = defaultdict(list), defaultdict(dict)
        current = self._is_current(company, day)
        for row in self.env.execute_query_dict(
            SQL(
                """
            WITH %(items)s,
            side AS (
                SELECT item.customer_id, item.currency_id, item.id AS item_id,
                       partial.id, LEAST(partial.max_date, %(day)s) AS date,
                       -partial.debit_amount_currency AS amount,
                       partial.credit_move_id AS other_id
                  FROM item
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = item.id
                 WHERE %(current)s OR partial.max_date <= %(day)s
             UNION ALL
                SELECT item.customer_id, item.currency_id, item.id,
                       partial.id, LEAST(partial.max_date, %(day)s),
                       partial.credit_amount_currency,
                       partial.debit_move_id
                  FROM item
                  JOIN account_partial_reconcile partial
                    ON partial.credit_move_id = item.id
                 WHERE %(current)s OR partial.max_date <= %(day)s
            ),
            one_sided AS (
                SELECT customer_id, currency_id, id, date,
                       SUM(amount) AS amount, MIN(other_id) AS other_id
                  FROM side
              GROUP BY customer_id, currency_id, id, date
                HAVING SUM(amount) != 0
            ),
            movement AS (
                SELECT customer_id, currency_id, id, date, due_date, name, kind, amount
                  FROM item
                 WHERE amount != 0
             UNION ALL
                SELECT one_sided.customer_id, one_sided.currency_id, one_sided.id,
                       one_sided.date, one_sided.date, other.move_name, 'set_off',
                       one_sided.amount
                  FROM one_sided
                  JOIN account_move_line other ON other.id = one_sided.other_id
            )
            SELECT customer_id, currency_id, id, date, due_date, name, kind, amount
              FROM movement
             WHERE date >= %(date_from)s
         UNION ALL
            SELECT customer_id, currency_id, NULL, NULL, NULL, NULL, 'opening',
                   SUM(amount)
              FROM movement
             WHERE date < %(date_from)s
          GROUP BY customer_id, currency_id
                """,
                items=self._items_sql(company, by_partner, day),
                day=day,
                date_from=date_from,
                current=current,
            )
        ):
            amount = company._to_decimal(row["amount"])
            if row["kind"] == "opening":
                openings[row["customer_id"]][row["currency_id"]] = amount
                continue
            moved[row["customer_id"]].append(
                engine.Row(
                    key=(row["kind"], row["id"]),
                    date=row["date"],
                    due_date=row["due_date"],
                    name=row["name"] or "",
                    currency=row["currency_id"],
                    amount=amount,
                    kind=row["kind"],
                )
            )
        return moved, openings

    @api.model
    def _fetch_pending(self, company, by_partner, day):
        """Payments on their way on that day, as credits: the customer's money.

        Only what is on its way now is known; of an earlier day, what has arrived since
        stands in the books already.
        """
        result = defaultdict(list)
        pending = self.env["dunning.situation"]._fetch_pending(company, by_partner, day)
        for partner_id, payments in pending.items():
            for number, payment in enumerate(payments):
                if payment["date"] > day and not self._is_current(company, day):
                    continue
                when = min(payment["date"], day)
                result[partner_id].append(
                    engine.Row(
                        key=("payment", number),
                        date=when,
                        due_date=when,
                        name=payment["name"],
                        currency=payment["currency_id"],
                        amount=-payment["currency"],
                        residual=-payment["currency"],
                        kind="on_its_way",
                    )
                )
        return result

    @api.model
    def _fetch_marks(self, profiles, day):
        """Disputes and pauses of that day that the customer may read about.

        A dispute of the whole customer marks all it owes; another pause of the whole
        customer is the company's own affair and marks nothing.

        :return: ``{"items": {item id: mark}, "customers": {partner id: mark}}``
        """
        Hold = self.env["dunning.hold"].sudo()
        holds = Hold.search_fetch(
            Hold._running_domain(day) & Domain("profile_id", "in", profiles.ids),
            ["profile_id", "kind", "scope", "move_line_ids"],
        )
        marks = {"items": {}, "customers": {}}
        for hold in holds.sorted(lambda h: h.kind == "dispute"):
            mark = "disputed" if hold.kind == "dispute" else "held"
            if hold.scope == "items":
                marks["items"].update(dict.fromkeys(hold.move_line_ids.ids, mark))
            elif mark == "disputed":
                marks["customers"][hold.profile_id.partner_id.id] = mark
        return marks

    # === HELPERS === #

    @api.model
    def _is_current(self, company, day):
        """Whether the ledger as it stands tells that day."""
        return day >= company._dunning_today()
