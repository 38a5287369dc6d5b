from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from ..engine import late_item

ZERO = Decimal(0)
ONE = Decimal(1)

# Journal items that somebody owes from a due date on. Debit notes for interest are
# debts like others, but bear nothing themselves: no interest on interest.
BEARING = SQL(
    """(line.parent_state = 'posted'
        AND line.amount_currency > 0
        AND line.no_followup IS NOT TRUE
        AND move.move_type IN ('out_invoice', 'out_receipt', 'entry')
        AND move.origin_payment_id IS NULL
        AND move.statement_line_id IS NULL
        AND move.late_debit_note IS NOT TRUE)"""
)


@dataclass(slots=True)
class LateRow:
    """What the ledger says of an item that can bear interest.

    :ivar currency_id: of the item; ``amount`` is in it, including VAT.
    :ivar invoice: key shared by the instalments of one invoice; of an entry that is no
        invoice each item stands for itself.
    :ivar arose: day the claim arose, beside a judgment that opens proceedings.
    """

    id: int
    move_id: int
    profile_id: int
    company_id: int
    name: str
    currency_id: int
    amount: Decimal
    due_date: date
    arose: date
    is_invoice: bool
    open: bool

    @property
    def invoice(self):
        return ("move", self.move_id) if self.is_invoice else ("line", self.id)


class LateHistory(models.AbstractModel):
    """Fetches what interest is computed from, for a batch of items at a time.

    The history is that of the reconciliations as they stand: what was allocated to an
    item lowers it, whenever somebody allocated it, from its own day on. Each kind of
    fact costs one query for the whole batch. Read with full rights: what a delay costs
    must not depend on who asks; who may see it is checked where it is shown.
    """

    _name = "late.history"
    _description = "Facts for Late-Payment Interest"

    # === PUBLIC TO THE OTHER MODELS === #

    @api.model
    def _rows(self, line_ids):
        """The items among these that can bear interest, with the other instalments of
        their invoices, and what stood in the same free reminder: a compensation may
        be due for all of them together.

        :return: ``{journal item id: LateRow}``.
        """
        if not line_ids:
            return {}
        self._flush()
        line_ids = self._with_letters(line_ids)
        to_decimal = self.env["res.company"]._to_decimal
        rows = self.env.execute_query(
            SQL(
                """
        WITH asked AS (
            SELECT DISTINCT line.move_id
              FROM account_move_line line
             WHERE line.id = ANY(%(lines)s)
        )
        SELECT line.id, line.move_id, profile.id, profile.company_id,
               COALESCE(move.name, line.name, ''), line.currency_id,
               line.amount_currency,
               COALESCE(line.date_maturity, line.date),
               COALESCE(move.invoice_date, line.date),
               move.move_type IN ('out_invoice', 'out_receipt'),
               line.reconciled IS NOT TRUE AND line.amount_residual_currency > 0
          FROM asked
          JOIN account_move move ON move.id = asked.move_id
          JOIN account_move_line line ON line.move_id = move.id
          JOIN account_account account ON account.id = line.account_id
           AND account.account_type = 'asset_receivable'
          JOIN res_partner partner ON partner.id = line.partner_id
          JOIN res_company company ON company.id = line.company_id
          JOIN credit_profile profile
            ON profile.partner_id = partner.commercial_partner_id
           AND profile.company_id =
               SPLIT_PART(company.parent_path, '/', 1)::integer
         WHERE %(bearing)s
           AND (line.id = ANY(%(lines)s)
                OR move.move_type IN ('out_invoice', 'out_receipt'))
      ORDER BY COALESCE(line.date_maturity, line.date), line.id
                """,
                lines=list(line_ids),
                bearing=BEARING,
            )
        )
        found = {}
        for values in rows:
            row = LateRow(*values)
            row.amount = to_decimal(row.amount)
            found[row.id] = row
        return found

    @api.model
    def _items(self, rows, insolvent=None):
        """The items as the rules see them.

        :param rows: ``{journal item id: LateRow}``.
        :param insolvent: ``{profile id: day of the judgment}``; items older than it
            bear nothing from that day on (C. com. L622-28), later ones do.
        :return: ``{journal item id: engine.late_item.Item}``.
        """
        events = self._events(list(rows))
        days = self._late_days(list(rows))
        insolvent = insolvent or {}
        result = {}
        for row in rows.values():
            judgment = insolvent.get(row.profile_id)
            told = {"invoice": row.invoice, **days.get(row.id, {})}
            if judgment and row.arose < judgment:
                told["stop"] = min(judgment, told.get("stop") or judgment)
            result[row.id] = late_item.Item(
                key=row.id,
                amount=row.amount,
                due_date=row.due_date,
                events=tuple(events.get(row.id, ())),
                **told,
            )
        return result

    @api.model
    def _with_letters(self, line_ids):
        """These journal items, and those of the same free reminders.

        An item told by two of them (the first was returned, say) leads from one to the
        other, so that each letter is there with all it told.
        """
        told = self.env.execute_query(
            SQL(
                """
        WITH RECURSIVE letter AS (
            SELECT line.notice_id
              FROM dunning_notice_line line
             WHERE line.move_line_id = ANY(%(lines)s) AND line.free_reminder
             UNION
            SELECT again.notice_id
              FROM letter
              JOIN dunning_notice_line line ON line.notice_id = letter.notice_id
               AND line.free_reminder
              JOIN dunning_notice_line again
                ON again.move_line_id = line.move_line_id
               AND again.free_reminder
        )
        SELECT DISTINCT line.move_line_id
          FROM letter
          JOIN dunning_notice_line line ON line.notice_id = letter.notice_id
           AND line.free_reminder
         WHERE line.move_line_id IS NOT NULL
                """,
                lines=list(line_ids),
            )
        )
        return list(dict.fromkeys([*line_ids, *(line_id for (line_id,) in told)]))

    @api.model
    def _late_days(self, line_ids):
        """Days on which something reached the customer about these items.

        A registered letter counts from its first presentation, and not at all as long
        as that is not known; other messages from the day they left.

        :return: ``{journal item id: {field of engine.late_item.Item: value}}``:
            ``notice``, when the first formal notice was received; ``reminder``, when
            the first message that was a reminder was; ``waiting``, the time the free
            reminder gave, ``letter``, which one that was, and ``announced``, the
            compensation it announced. Nothing for what reached nobody.
        """
        result = defaultdict(dict)
        times = self.env["dunning.situation"]._reminder_times(line_ids)
        for line_id, told in times.items():
            result[line_id] = {**told, "letter": ("letter", told["letter"])}
        for company_id, line_id, formal, sent_at, received in self.env.execute_query(
            SQL(
                """
        SELECT notice.company_id, line.move_line_id, level.tone = 'formal',
               MIN(delivery.sent_at) FILTER (WHERE delivery.channel != 'registered'),
               MIN(%(received)s)
          FROM dunning_notice_line line
          JOIN dunning_notice notice ON notice.id = line.notice_id
           AND notice.state = 'issued'
          JOIN dunning_level level ON level.id = COALESCE(line.level_id,
                                                          notice.level_id)
          JOIN dunning_delivery delivery ON delivery.notice_id = notice.id
           AND delivery.state IN ('sent', 'delivered')
           AND delivery.sent_at IS NOT NULL
         WHERE line.move_line_id = ANY(%(lines)s)
           AND line.kind = 'item'
           AND line.days_late > 0
           AND (line.escalated OR level.tone != 'formal')
           AND level.tone != 'courtesy'
      GROUP BY notice.company_id, line.move_line_id, level.tone = 'formal'
                """,
                received=self.env["dunning.delivery"]._received_sql(),
                lines=list(line_ids),
            )
        ):
            company = self.env["res.company"].sudo().browse(company_id)
            left = sent_at and company._dunning_today(sent_at)
            day = min(filter(None, (left, received)), default=None)
            if day is None:
                continue  # a registered letter on its way
            mine = result[line_id]
            if formal:
                mine["notice"] = min(day, mine.get("notice") or day)
            mine["reminder"] = min(day, mine.get("reminder") or day)
        return result

    # === FETCHING, ONE QUERY EACH === #

    @api.model
    def _flush(self):
        self.env["dunning.situation"]._flush_ledger()
        for name in (
            "account.move",
            "account.partial.reconcile",
            "dunning.notice",
            "dunning.notice.line",
            "dunning.delivery",
            "late.charge",
            "late.charge.entry",
        ):
            self.env[name].flush_model()

    @api.model
    def _events(self, line_ids):
        """What lowered these items, each with its own day and in their currency.

        A payment counts from its value date: the day of the bank statement that shows
        its money, else that of its own entry; when somebody allocated it is of no
        matter. A difference of exchange rates is no payment: where it settles
        something in the currency of the item it belongs to the payment that caused it.
        What is neither money nor a credit note (write-off, set-off by an entry) lowers
        the claim from its own day, as a credit note does.

        :return: ``{journal item id: [engine.late_item.Event]}``.
        """
        to_decimal = self.env["res.company"]._to_decimal
        events = defaultdict(list)
        for line_id, day, is_payment, amount in self.env.execute_query(
            SQL(
                """
        WITH part AS (
            SELECT partial.id, partial.debit_move_id AS line_id,
                   partial.credit_move_id, partial.debit_amount_currency AS amount
              FROM account_partial_reconcile partial
             WHERE partial.debit_move_id = ANY(%(lines)s)
        ), cause AS (
            -- the allocation at which an exchange difference was booked
            SELECT part.id,
                   COALESCE(origin.credit_move_id, part.credit_move_id) AS credit_id,
                   part.line_id, part.amount
              FROM part
              JOIN account_move_line credit ON credit.id = part.credit_move_id
         LEFT JOIN LATERAL (
                   SELECT other.credit_move_id
                     FROM account_partial_reconcile other
                    WHERE other.exchange_move_id = credit.move_id
                      AND other.debit_move_id = part.line_id
                    LIMIT 1) origin ON TRUE
        ), banked AS (
            SELECT bank.move_id, MAX(statement.date) AS day
              FROM (SELECT DISTINCT credit.move_id
                      FROM cause
                      JOIN account_move_line credit ON credit.id = cause.credit_id
                      JOIN account_move move ON move.id = credit.move_id
                       AND move.origin_payment_id IS NOT NULL) bank
              JOIN account_move_line liquidity ON liquidity.move_id = bank.move_id
              JOIN account_partial_reconcile shown
                ON shown.debit_move_id = liquidity.id
              JOIN account_move_line statement ON statement.id = shown.credit_move_id
               AND statement.statement_line_id IS NOT NULL
          GROUP BY bank.move_id
        )
        SELECT cause.line_id,
               COALESCE(banked.day,
                        CASE WHEN move.move_type = 'out_refund'
                             THEN COALESCE(move.invoice_date, credit.date)
                             ELSE credit.date END),
               move.move_type != 'out_refund'
               AND (move.origin_payment_id IS NOT NULL
                    OR move.statement_line_id IS NOT NULL
                    OR journal.type IN ('bank', 'cash', 'credit')),
               SUM(cause.amount)
          FROM cause
          JOIN account_move_line credit ON credit.id = cause.credit_id
          JOIN account_move move ON move.id = credit.move_id
          JOIN account_journal journal ON journal.id = move.journal_id
     LEFT JOIN banked ON banked.move_id = move.id
         WHERE cause.amount > 0
      GROUP BY 1, 2, 3
      ORDER BY 2, 3 DESC
                """,
                lines=list(line_ids),
            )
        ):
            kind = (
                late_item.EventKind.PAYMENT
                if is_payment
                else late_item.EventKind.CREDIT_NOTE
            )
            events[line_id].append(late_item.Event(day, to_decimal(amount), kind))
        return events

    @api.model
    def _conversions(self, company):
        """Rates of all currencies for the company, in one query.

        :return: a function ``(currency from, currency to, day) -> Decimal``; ids of
            ``res.currency``. As core does, the first rate there is counts for the days
            before it, and a currency without any is worth as much as the company's.
        """
        rates = defaultdict(lambda: ([], []))
        for currency_id, day, rate in self.env.execute_query(
            SQL(
                """
        SELECT currency_id, name, rate FROM (
            SELECT DISTINCT ON (currency_id, name) currency_id, name, rate
              FROM res_currency_rate
             WHERE company_id IS NULL OR company_id = %s
          ORDER BY currency_id, name, company_id NULLS LAST) one
      ORDER BY currency_id, name
                """,
                company.id,
            )
        ):
            days, values = rates[currency_id]
            days.append(day)
            values.append(Decimal(str(rate)))

        def rate_of(currency_id, day):
            if currency_id not in rates:
                return ONE
            days, values = rates[currency_id]
            return values[max(bisect_right(days, day) - 1, 0)]

        def convert(source_id, target_id, day):
            if source_id == target_id:
                return ONE
            return rate_of(target_id, day) / rate_of(source_id, day)

        return convert
