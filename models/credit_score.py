from collections import defaultdict
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.tools import SQL

from ..engine import scoring
from .dunning_level import TONES

YEAR = timedelta(days=365)
# Invoices older than this before the window say nothing of today's habits.
OLDEST = timedelta(days=730)
# What says something of the habits of customers is cut off here, for what is usual:
# one forgotten invoice must not make all customers look erratic.
EARLIEST, LATEST = -30, 180
MOST_PERCENT = 999.0  # of a limit of 0 any use is infinitely much


class CreditScore(models.AbstractModel):
    """Fetches what scores and early warnings need, for a batch of customers at a time.

    Each kind of fact costs one query, whatever the number of customers. Everything is
    read with full rights: a score must not depend on who asks for it.

    Left out is what we agreed not to ask for (pauses by hand and disputes, of items or
    of the whole customer while they run) and what is excluded from follow-up. Credit
    notes and write-offs settle an invoice, but say nothing about when somebody pays.
    """

    _name = "credit.score"
    _description = "Facts for Credit Scores"

    # === PUBLIC TO THE OTHER MODELS === #

    @api.model
    def _facts(self, profiles, day):
        """What the engine needs of these profiles; all of one company.

        :return: ``{profile id: engine.scoring.Facts}`` with all profiles as keys.
        """
        profiles = profiles.sudo()
        company = profiles.company_id
        company.ensure_one()
        self._flush()
        items = self._items(profiles, company, day)
        broken = self._broken_promises(profiles, company, day)
        tones = self._tones(profiles, day)
        sales = profiles._sales_of_a_year(company, day)
        self._note_first_invoices(profiles, company)
        ratings = self._ratings(profiles, day)
        return {
            profile.id: scoring.Facts(
                items=items[profile.id],
                broken=broken.get(profile.id, 0),
                tone=tones.get(profile.id),
                limit_used=self._limit_used(profile, day),
                since=profile.customer_since or None,
                sales=float(sales.get(profile.partner_id.id, 0)),
                rating=ratings.get(profile.id),
            )
            for profile in profiles
        }

    @api.model
    def _norm(self, company, day, fresh=False):
        """What is usual among the company's customers, kept for the day.

        :param fresh: measure it now, whatever was measured earlier on the day.
        """
        company = company.sudo()
        kept = company.credit_norm
        if fresh or not kept or kept["day"] != day.isoformat():
            kept = {"day": day.isoformat(), **self._measure(company, day)}
            company.credit_norm = kept
        return scoring.Norm(
            days=scoring.Prior(*kept["days"]),
            share=scoring.Prior(*kept["share"]),
            sales=kept["sales"],
            rating_weight=company.credit_rating_weight / 100,
        )

    # === WHAT IS USUAL === #

    def _measure(self, company, day):
        self._flush()
        ((*sums,),) = self.env.execute_query(self._spread_query(company, day))
        customers, count, squares, *rest = (float(value or 0) for value in sums)
        days, share = (
            scoring.Spread(int(customers), int(count), squares, *part)
            for part in (rest[:3], rest[3:])
        )
        usual = scoring.Norm()
        by_days = scoring.norm_of(days, usual.days)
        by_share = scoring.norm_of(share, usual.share)
        return {
            "days": [by_days.mean, by_days.strength],
            "share": [by_share.mean, by_share.strength],
            "sales": self._average_sales(company, day),
        }

    def _spread_query(self, company, day):
        """Sums over the payments of a year, of days late and of being late.

        Those of paused and disputed items are among them: cut off at ``LATEST``, the
        few do not change what is usual, and to find them out would cost more than that.
        """
        return SQL(
            """
        WITH paid AS (
            SELECT partner.commercial_partner_id AS customer,
                   LEAST(GREATEST(
                       payment.date - COALESCE(item.date_maturity, item.date),
                       %(earliest)s), %(latest)s)::float8 AS late
              FROM account_move_line payment
              JOIN account_journal journal ON journal.id = payment.journal_id
               AND journal.type IN ('bank', 'cash', 'credit')
              JOIN account_partial_reconcile partial
                ON partial.credit_move_id = payment.id
              JOIN account_move_line item ON item.id = partial.debit_move_id
              JOIN account_move move ON move.id = item.move_id
               AND move.move_type IN ('out_invoice', 'out_receipt')
              JOIN res_partner partner ON partner.id = item.partner_id
             WHERE payment.account_id = ANY(ARRAY(%(receivables)s))
               AND payment.parent_state = 'posted'
               AND payment.company_id = ANY(%(companies)s)
               AND payment.date BETWEEN %(since)s AND %(day)s
          GROUP BY partner.commercial_partner_id, payment.date,
                   COALESCE(item.date_maturity, item.date)
        ), customer AS (
            SELECT COUNT(*)::float8 AS n,
                   SUM(late) AS days, SUM(late * late) AS days2,
                   COUNT(*) FILTER (WHERE late > %(grace)s)::float8 AS lates
              FROM paid
          GROUP BY customer
        )
        SELECT COUNT(*), SUM(n), SUM(n * n),
               SUM(days), SUM(days * days / n), SUM(days2),
               SUM(lates), SUM(lates * lates / n), SUM(lates)
          FROM customer
            """,
            earliest=EARLIEST,
            latest=LATEST,
            grace=scoring.GRACE_DAYS,
            receivables=self.env["dunning.situation"]._receivables(company),
            companies=self.env["dunning.situation"]._branch_ids(company),
            since=day - YEAR,
            day=day,
        )

    def _average_sales(self, company, day):
        """Sales of a year to a customer who bought in it, on average; untaxed.

        By the customers as they are today: what a move keeps of them is of its day.
        """
        ((average,),) = self.env.execute_query(
            SQL(
                """
            SELECT AVG(sales)::float8
              FROM (SELECT SUM(amount_untaxed_signed) AS sales
                      FROM account_move move
                      JOIN res_partner partner ON partner.id = move.partner_id
                     WHERE %s
                  GROUP BY partner.commercial_partner_id) customer
             WHERE sales > 0
                """,
                self._sales_condition(company, day),
            )
        )
        return average or 0.0

    def _sales_condition(self, company, day):
        return SQL(
            """move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND move.state = 'posted'
               AND move.company_id = ANY(%s)
               AND move.invoice_date > %s AND move.invoice_date <= %s""",
            self.env["dunning.situation"]._branch_ids(company),
            day - relativedelta(months=12),
            day,
        )

    # === FETCHING, ONE QUERY EACH === #

    def _flush(self):
        self.env["dunning.situation"]._flush_ledger()
        self.env["account.move"].flush_model()
        for name in (
            "account.partial.reconcile",
            "account.journal",
            "dunning.hold",
            "dunning.notice",
            "credit.rating",
        ):
            self.env[name].flush_model()

    def _items(self, profiles, company, day):
        """Settled and overdue parts of invoices, those due and paid together as one.

        :return: ``{profile id: list of engine.scoring.Item}``.
        """
        since = day - timedelta(days=scoring.WINDOW_DAYS)
        result = defaultdict(list)
        for profile_id, due, paid_on, amount in self.env.execute_query(
            SQL(
                """
        WITH debtor AS (
            SELECT id, partner_id FROM credit_profile WHERE id = ANY(%(profiles)s)
        ), hold AS (
            SELECT id, profile_id, scope, date_from,
                   -- one tidied up after its last day did not last longer for that
                   LEAST(COALESCE(ended_on, 'infinity'::date),
                         COALESCE(date_to, 'infinity'::date)) AS until
              FROM dunning_hold
             WHERE profile_id = ANY(%(profiles)s)
               AND kind IN ('manual', 'dispute')
        ), spared AS (
            SELECT DISTINCT rel.account_move_line_id AS id
              FROM account_move_line_dunning_hold_rel rel
              JOIN hold ON hold.id = rel.dunning_hold_id AND hold.scope = 'items'
        ), item AS (
            SELECT debtor.id AS profile_id, line.id, line.amount_residual,
                   line.reconciled,
                   COALESCE(line.date_maturity, line.date) AS due
              FROM debtor
              JOIN res_partner partner
                ON partner.commercial_partner_id = debtor.partner_id
              JOIN account_move_line line ON line.partner_id = partner.id
               AND line.account_id = ANY(ARRAY(%(receivables)s))
               AND line.parent_state = 'posted'
               AND line.company_id = ANY(%(companies)s)
               AND line.date >= %(oldest)s
              JOIN account_move move ON move.id = line.move_id
               AND move.move_type IN ('out_invoice', 'out_receipt')
             WHERE NOT EXISTS (SELECT 1 FROM spared WHERE spared.id = line.id)
               AND line.no_followup IS NOT TRUE
               AND move.payment_state IS DISTINCT FROM 'blocked'
        ), part AS (
            SELECT item.profile_id, item.due, payment.date AS paid_on, partial.amount
              FROM item
              JOIN account_partial_reconcile partial
                ON partial.debit_move_id = item.id
              JOIN account_move_line payment ON payment.id = partial.credit_move_id
               AND payment.date BETWEEN %(since)s AND %(day)s
              JOIN account_journal journal ON journal.id = payment.journal_id
               AND journal.type IN ('bank', 'cash', 'credit')
         UNION ALL
            SELECT item.profile_id, item.due, NULL, item.amount_residual
              FROM item
             WHERE item.reconciled IS NOT TRUE
               AND item.amount_residual > 0
               AND item.due < %(day)s
        )
        SELECT part.profile_id, part.due, part.paid_on, SUM(part.amount)::float8
          FROM part
         WHERE NOT EXISTS (
                   SELECT 1 FROM hold
                    WHERE hold.profile_id = part.profile_id
                      AND hold.scope = 'customer'
                      AND COALESCE(part.paid_on, %(day)s)
                          BETWEEN hold.date_from AND hold.until)
      GROUP BY part.profile_id, part.due, part.paid_on
      ORDER BY part.profile_id, part.due, part.paid_on
                """,
                profiles=profiles.ids,
                receivables=self.env["dunning.situation"]._receivables(company),
                companies=self.env["dunning.situation"]._branch_ids(company),
                oldest=since - OLDEST,
                since=since,
                day=day,
            )
        ):
            result[profile_id].append(scoring.Item(due, paid_on, amount))
        return result

    def _broken_promises(self, profiles, company, day):
        """Promises of a year after whose day (and a bank's way) something was open.

        One of the whole customer is about what was due when it was made. One that a
        person ended early was replaced or taken back: nobody broke it. To end one
        after its day does not undo that it was broken.
        """
        return dict(
            self.env.execute_query(
                SQL(
                    """
            SELECT hold.profile_id, COUNT(*)
              FROM dunning_hold hold
              JOIN credit_profile profile ON profile.id = hold.profile_id
             WHERE hold.profile_id = ANY(%(profiles)s)
               AND hold.kind = 'promise'
               AND (hold.ended_on IS NULL
                    OR hold.ended_on > hold.date_to + %(grace)s)
               AND hold.date_to >= %(since)s
               AND hold.date_to + %(grace)s < %(day)s
               AND EXISTS (
                   SELECT 1
                     FROM account_move_line item
                    WHERE item.id IN (
                              SELECT rel.account_move_line_id
                                FROM account_move_line_dunning_hold_rel rel
                               WHERE hold.scope = 'items'
                                 AND rel.dunning_hold_id = hold.id
                           UNION ALL
                              SELECT line.id
                                FROM res_partner partner
                                JOIN account_move_line line
                                  ON line.partner_id = partner.id
                               WHERE hold.scope = 'customer'
                                 AND partner.commercial_partner_id = profile.partner_id
                                 AND line.account_id = ANY(ARRAY(%(receivables)s))
                                 AND line.company_id = ANY(%(companies)s)
                                 AND line.date >= %(oldest)s
                                 AND line.balance > 0
                                 AND NOT COALESCE(line.no_followup, FALSE)
                                 AND COALESCE(line.date_maturity, line.date)
                                     <= hold.date_from)
                      AND item.parent_state = 'posted'
                      AND CASE
                          WHEN item.reconciled IS NOT TRUE
                              THEN item.amount_residual > 0
                          ELSE (SELECT MAX(partial.max_date)
                                  FROM account_partial_reconcile partial
                                 WHERE partial.debit_move_id = item.id)
                              > hold.date_to + %(grace)s
                          END)
          GROUP BY hold.profile_id
                    """,
                    profiles=profiles.ids,
                    receivables=self.env["dunning.situation"]._receivables(company),
                    companies=self.env["dunning.situation"]._branch_ids(company),
                    since=day - YEAR,
                    oldest=day - YEAR - OLDEST,
                    grace=scoring.PROMISE_GRACE,
                    day=day,
                )
            )
        )

    def _tones(self, profiles, day):
        """The firmest message of a year that reached, or may have reached."""
        order = [tone for tone, __ in TONES]
        return {
            profile_id: max(tones, key=order.index)
            for profile_id, tones in self.env.execute_query(
                SQL(
                    """
            SELECT notice.profile_id, ARRAY_AGG(DISTINCT level.tone)
              FROM dunning_notice notice
              JOIN dunning_level level ON level.id = notice.level_id
             WHERE notice.profile_id = ANY(%s)
               AND notice.state = 'issued'
               AND notice.delivery_state IS DISTINCT FROM 'failed'
               AND notice.date > %s AND notice.date <= %s
          GROUP BY notice.profile_id
                    """,
                    profiles.ids,
                    day - YEAR,
                    day,
                )
            )
        }

    def _note_first_invoices(self, profiles, company):
        """Since when they buy: looked up once, as it asks the whole history."""
        unknown = profiles.filtered(lambda profile: not profile.customer_since)
        if not unknown:
            return
        self.env.cr.execute(
            SQL(
                """
            UPDATE credit_profile profile
               SET customer_since = first.day
              FROM (SELECT partner.commercial_partner_id AS partner_id,
                           MIN(COALESCE(move.invoice_date, move.date)) AS day
                      FROM res_partner partner
                      JOIN account_move move ON move.partner_id = partner.id
                     WHERE partner.commercial_partner_id = ANY(%s)
                       AND move.move_type IN ('out_invoice', 'out_receipt')
                       AND move.state = 'posted'
                       AND move.company_id = ANY(%s)
                  GROUP BY partner.commercial_partner_id) first
             WHERE profile.id = ANY(%s)
               AND profile.partner_id = first.partner_id
                """,
                unknown.partner_id.ids,
                self.env["dunning.situation"]._branch_ids(company),
                unknown.ids,
            )
        )
        unknown.invalidate_recordset(["customer_since"], flush=False)

    def _ratings(self, profiles, day):
        """The newest external rating that is worth something on our scale."""
        return dict(
            self.env.execute_query(
                SQL(
                    """
            SELECT DISTINCT ON (profile_id) profile_id, points
              FROM credit_rating
             WHERE profile_id = ANY(%s)
               AND rated
               AND date > %s AND date <= %s
          ORDER BY profile_id, date DESC, id DESC
                    """,
                    profiles.ids,
                    day - timedelta(days=scoring.RATING_DAYS),
                    day,
                )
            )
        )

    def _limit_used(self, profile, day):
        """Use of the credit limit in percent, as of the last refresh of the figures.

        What credit insurance in force covers is the insurer's risk and left out.

        :return: ``None`` where no limit is enforced.
        """
        if profile.limit_band == "none":
            return None
        limit = profile.limit_amount
        # the amounts, not the percentage kept: that one is cut off
        used = limit - profile.limit_free - self._insured(profile, day)
        if used <= 0:
            return 0.0
        return 100 * used / limit if limit else MOST_PERCENT

    def _insured(self, profile, day):
        """What credit insurance covers on a day, in company currency."""
        company = profile.company_id
        return sum(
            guarantee.currency_id._convert(
                guarantee.amount, company.currency_id, company, day
            )
            for guarantee in profile.guarantee_ids
            if guarantee.kind == "insurance" and guarantee._is_in_force(day)
        )
