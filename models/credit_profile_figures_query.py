from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.statement import AGEING_LIMITS
from .ledger_rules import PAYMENT_ON_ITS_WAY, online_payment_domain

ZERO = Decimal(0)


class CreditProfile(models.Model):
    """The one query that reads the facts behind the stored figures of a batch."""

    _inherit = "credit.profile"

    def _figures_query(self, company, day):
        """All facts of these profiles (of one company), one row per profile.

        What covers debts is the same as in ``dunning.situation``: credits, excluded
        entries netted among themselves, payments on their way.
        """
        __, late_30, late_60, late_90 = AGEING_LIMITS  # as on statements of account
        return SQL(
            """
        WITH debtor AS (
            SELECT id, partner_id, last_contact_date, last_call_date, handled_on,
                   COALESCE(unread_reply, FALSE) AS reply
              FROM credit_profile
             WHERE id = ANY(%(profiles)s)
        ), hold AS (
            SELECT id, profile_id, scope, date_to, ended_on,
                   (ended_on IS NULL AND date_from <= %(day)s
                    AND (date_to IS NULL OR date_to >= %(day)s)) AS running
              FROM dunning_hold
             WHERE profile_id = ANY(%(profiles)s)
        ), held AS (
            SELECT DISTINCT rel.account_move_line_id AS id
              FROM account_move_line_dunning_hold_rel rel
              JOIN hold ON hold.id = rel.dunning_hold_id AND hold.running
        ), item AS (
            SELECT line.id, line.amount_residual AS residual,
                   line.dunning_level_id AS level_id,
                   partner.commercial_partner_id AS partner_id,
                   COALESCE(line.date_maturity, line.date) AS due,
                   level.days,
                   line.dunning_date + level.deadline_days AS answer_until,
                   COALESCE(line.no_followup, FALSE)
                   OR COALESCE(move.payment_state = 'blocked', FALSE) AS excluded,
                   COALESCE(line.no_followup, FALSE) AS no_followup,
                   held.id IS NOT NULL AS held
              FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
              JOIN res_partner partner ON partner.id = line.partner_id
              JOIN debtor ON debtor.partner_id = partner.commercial_partner_id
         LEFT JOIN dunning_level level ON level.id = line.dunning_level_id
         LEFT JOIN held ON held.id = line.id
             WHERE line.account_id = ANY(ARRAY(%(receivables)s))
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.company_id = ANY(%(companies)s)
        ), ledger AS (
            SELECT partner_id,
                   SUM(residual) AS amount_open,
                   SUM(residual) FILTER (WHERE residual > 0 AND due < %(day)s)
                       AS amount_overdue,
                   SUM(residual) FILTER (WHERE residual > 0 AND due >= %(day)s)
                       AS amount_not_due,
                   SUM(residual) FILTER (WHERE residual > 0
                       AND due < %(day)s AND due >= %(late_30)s) AS amount_late_30,
                   SUM(residual) FILTER (WHERE residual > 0
                       AND due < %(late_30)s AND due >= %(late_60)s) AS amount_late_60,
                   SUM(residual) FILTER (WHERE residual > 0
                       AND due < %(late_60)s AND due >= %(late_90)s) AS amount_late_90,
                   SUM(residual) FILTER (WHERE residual > 0 AND due < %(late_90)s)
                       AS amount_late_more,
                   -SUM(residual) FILTER (WHERE residual < 0) AS amount_unallocated,
                   COALESCE(-SUM(residual) FILTER (
                       WHERE residual < 0 AND NOT no_followup), 0)
                   + GREATEST(-SUM(residual) FILTER (WHERE no_followup), 0)
                       AS amount_credit,
                   SUM(residual) FILTER (WHERE residual > 0 AND due < %(day)s
                       AND (held OR excluded)) AS amount_held,
                   SUM(residual) FILTER (WHERE residual > 0 AND due < %(day)s
                       AND (held OR excluded OR answer_until >= %(day)s))
                       AS amount_spared,
                   MIN(due) FILTER (WHERE residual > 0 AND due < %(day)s)
                       AS oldest_due_date,
                   MIN(due) FILTER (WHERE residual > 0 AND due < %(day)s
                       AND NOT held AND NOT excluded) AS oldest_unheld,
                   COUNT(*) FILTER (WHERE residual > 0 AND due < %(day)s)
                       AS overdue_count,
                   (ARRAY_AGG(level_id ORDER BY days DESC NULLS LAST))[1] AS level_id,
                   MAX(days) AS level_days,
                   -- NULL (never told) counts as below every level
                   (ARRAY_AGG(days ORDER BY days NULLS FIRST)
                       FILTER (WHERE residual > 0 AND due < %(day)s
                           AND NOT held AND NOT excluded))[1] AS least_days,
                   MAX(answer_until) FILTER (WHERE residual > 0) AS answer_until
              FROM item
          GROUP BY partner_id
        ), pending AS (
            SELECT partner.commercial_partner_id AS partner_id,
                   SUM(payment.amount_company_currency_signed) AS amount
              FROM account_payment payment
              JOIN res_partner partner ON partner.id = payment.partner_id
              JOIN debtor ON debtor.partner_id = partner.commercial_partner_id
             WHERE %(on_its_way)s
               AND payment.company_id = ANY(%(companies)s)
          GROUP BY partner.commercial_partner_id
        ), online AS (
            %(online)s
        ), pause AS (
            SELECT hold.profile_id,
                   BOOL_OR(hold.running AND hold.scope = 'customer') AS paused,
                   -- one that was over before today's oldest debt fell due was
                   -- about other debts
                   MAX(hold.date_to) FILTER (WHERE hold.ended_on IS NULL
                       AND hold.date_to < %(day)s
                       AND hold.date_to >= ledger.oldest_due_date) AS pause_ended,
                   MAX(hold.date_to) FILTER (WHERE hold.running
                       AND hold.date_to = %(day)s) AS pause_ends
              FROM hold
              JOIN debtor ON debtor.id = hold.profile_id
         LEFT JOIN ledger ON ledger.partner_id = debtor.partner_id
             WHERE hold.scope = 'customer'
                OR EXISTS (SELECT 1
                             FROM account_move_line_dunning_hold_rel rel
                             JOIN item ON item.id = rel.account_move_line_id
                            WHERE rel.dunning_hold_id = hold.id)
          GROUP BY hold.profile_id
        ), faulty AS (
            SELECT profile_id,
                   BOOL_OR(channel IN ('letter', 'registered')) AS returned,
                   BOOL_OR(channel = 'email') AS bounced
              FROM dunning_delivery
             WHERE profile_id = ANY(%(profiles)s)
               AND state IN ('failed', 'returned')
               AND address_faulty
          GROUP BY profile_id
        ), told AS (
            SELECT DISTINCT ON (profile_id) profile_id,
                   CASE WHEN delivery_state = 'failed' THEN date END AS failed_on,
                   delivery_state = 'pending' AS under_way
              FROM dunning_notice
             WHERE profile_id = ANY(%(profiles)s)
               AND state = 'issued'
          ORDER BY profile_id, id DESC
        ), task AS (
            SELECT DISTINCT ON (activity.res_id) activity.res_id AS profile_id,
                   activity.date_deadline AS next_action,
                   type.category = 'phonecall' AS is_call
              FROM mail_activity activity
         LEFT JOIN mail_activity_type type ON type.id = activity.activity_type_id
             WHERE activity.res_model = 'credit.profile'
               AND activity.res_id = ANY(%(profiles)s)
               AND activity.active
          ORDER BY activity.res_id, activity.date_deadline, is_call DESC NULLS LAST,
                   activity.id
        )
        SELECT debtor.id, debtor.last_contact_date, debtor.last_call_date,
               debtor.handled_on, debtor.reply,
               COALESCE(ledger.amount_open, 0) AS amount_open,
               COALESCE(ledger.amount_overdue, 0) AS amount_overdue,
               COALESCE(ledger.amount_not_due, 0) AS amount_not_due,
               COALESCE(ledger.amount_late_30, 0) AS amount_late_30,
               COALESCE(ledger.amount_late_60, 0) AS amount_late_60,
               COALESCE(ledger.amount_late_90, 0) AS amount_late_90,
               COALESCE(ledger.amount_late_more, 0) AS amount_late_more,
               COALESCE(ledger.amount_unallocated, 0) AS amount_unallocated,
               pending.amount AS amount_pending, online.payments AS online,
               ledger.amount_credit, ledger.amount_held, ledger.amount_spared,
               ledger.oldest_due_date, ledger.oldest_unheld,
               COALESCE(ledger.overdue_count, 0) AS overdue_count,
               ledger.level_id, ledger.level_days, ledger.least_days,
               ledger.answer_until,
               COALESCE(pause.paused, FALSE) AS paused,
               pause.pause_ended, pause.pause_ends,
               COALESCE(faulty.returned, FALSE) AS returned,
               COALESCE(faulty.bounced, FALSE) AS bounced,
               told.failed_on, COALESCE(told.under_way, FALSE) AS under_way,
               task.next_action, COALESCE(task.is_call, FALSE) AS is_call
          FROM debtor
     LEFT JOIN ledger ON ledger.partner_id = debtor.partner_id
     LEFT JOIN pending ON pending.partner_id = debtor.partner_id
     LEFT JOIN online ON online.partner_id = debtor.partner_id
     LEFT JOIN pause ON pause.profile_id = debtor.id
     LEFT JOIN faulty ON faulty.profile_id = debtor.id
     LEFT JOIN told ON told.profile_id = debtor.id
     LEFT JOIN task ON task.profile_id = debtor.id
            """,
            profiles=self.ids,
            companies=self.env["dunning.situation"]._branch_ids(company),
            receivables=self.env["dunning.situation"]._receivables(company),
            day=day,
            on_its_way=PAYMENT_ON_ITS_WAY,
            online=self._online_query(company, day),
            late_30=day - timedelta(days=late_30),
            late_60=day - timedelta(days=late_60),
            late_90=day - timedelta(days=late_90),
        )

    @api.model
    def _online_query(self, company, day):
        """Online payments of the debtors that are not yet in the books, by customer.

        In their own currencies: what they are worth is said by ``_online_amount``.
        """
        if "payment.transaction" not in self.env:
            return SQL("SELECT NULL::integer AS partner_id, NULL::jsonb AS payments")
        # sudo: figures follow from the facts, whoever asks for them
        found = (
            self.env["payment.transaction"]
            .sudo()
            ._search(online_payment_domain(company, day))
        )
        return SQL(
            """
            SELECT partner.commercial_partner_id AS partner_id,
                   JSONB_AGG(JSONB_BUILD_ARRAY(
                       transaction.currency_id,
                       transaction.create_date::date,
                       transaction.amount::text)) AS payments
              FROM payment_transaction transaction
              JOIN res_partner partner ON partner.id = transaction.partner_id
              JOIN debtor ON debtor.partner_id = partner.commercial_partner_id
             WHERE transaction.id IN %s
          GROUP BY partner.commercial_partner_id
            """,
            found.subselect(),
        )

    @api.model
    def _online_amount(self, company, payments):
        """Sum of online payments in company currency.

        :param payments: list of ``[currency id, date, amount as text]``, or ``None``.
        """
        total = ZERO
        for currency_id, made_on, amount in payments or ():
            currency = self.env["res.currency"].browse(currency_id)
            total += company._to_decimal(
                currency._convert(
                    float(amount),
                    company.currency_id,
                    company,
                    fields.Date.to_date(made_on),
                )
            )
        return total
