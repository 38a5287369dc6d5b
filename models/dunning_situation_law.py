from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from ..engine import lawful
from .legal import Legal

#: the shortest limitation is a year: nothing younger is out of time
SHORTEST = timedelta(days=365)
#: a letter is posted, and received, within so many days
POST_DAYS = timedelta(days=30)


class DunningSituation(models.AbstractModel):
    """What the law says about the items of a customer; fetched with the situation."""

    _inherit = "dunning.situation"

    # === PUBLIC TO THE OTHER MODELS === #

    @api.model
    def _reminder_times(self, line_ids):
        """The time that the free reminder of these journal items gave.

        Also of items that are paid by now. What the law of the customer does not ask
        for is not there.

        :return: ``{journal item id: {"waiting": engine.late_item.Waiting, "letter": id
            of the notice, "announced": the compensation it announced}}``, for
            ``engine.late_item.Item``.
        """
        self._flush_law()
        told = defaultdict(list)
        for profile_id, line_id, *facts in self.env.execute_query(
            SQL(
                """
            SELECT notice.profile_id, told.move_line_id, notice.id,
                   notice.reminder_compensation::text,
                   delivery.channel, delivery.sent_at, %(posted)s, %(received)s
              FROM dunning_notice_line told
              JOIN dunning_notice notice ON notice.id = told.notice_id
              JOIN dunning_delivery delivery ON delivery.notice_id = notice.id
             WHERE told.move_line_id = ANY(%(lines)s)
               AND %(counts)s
          ORDER BY delivery.id
                """,
                posted=self._posted_sql(),
                received=self.env["dunning.delivery"]._received_sql(),
                lines=list(line_ids),
                counts=self._counts_as_reminder_sql(),
            )
        ):
            told[profile_id].append((line_id, *facts[:2], facts[2:]))
        profiles = self.env["credit.profile"].sudo().browse(told)
        result = {}
        for company, mine in profiles.grouped("company_id").items():
            laws = mine._late_laws(company._dunning_today())
            reminders = [one[-1] for pid in mine.ids for one in told[pid]]
            common = self._legal_of_company(company, reminders)
            for profile in mine:
                legal = Legal(law=laws.get(profile.id), **common)
                for line_id, notice_id, announced, reminder in told[profile.id]:
                    waiting = legal.waiting([reminder])
                    known = result.get(line_id)
                    if waiting and (not known or waiting.last < known["waiting"].last):
                        result[line_id] = {
                            "waiting": waiting,
                            "letter": notice_id,
                            "announced": announced and Decimal(announced),
                        }
        return result

    # === FETCHING === #

    @api.model
    def _fetch_legal(self, company, by_partner, rows, day):
        """The law of each customer, as far as it matters for what they owe today.

        :param by_partner: ``{customer id: profile}``; ``rows``: their open items.
        :return: ``{profile id: Legal}``.
        """
        asked = self.env["credit.profile"].sudo()
        for partner_id, profile in by_partner.items():
            if self._needs_law(profile, rows.get(partner_id, ()), day):
                asked |= profile
        laws = asked._late_laws(day) if asked else {}
        codes = {
            law.code for law in laws.values() if law and lawful.needs_reminder(law)
        }
        ids = self.env["late.regime"]._ids_of(codes) if codes else {}
        reminders = [
            reminder
            for mine in rows.values()
            for row in mine
            for reminder in row.free_reminders or ()
        ]
        common = self._legal_of_company(company, reminders)
        steps = {}
        result = {}
        for profile in by_partner.values():
            policy = profile.effective_policy_id
            if policy not in steps:
                steps[policy] = policy._law_steps()
            law = laws.get(profile.id)
            resumed = profile.insolvency_resumed
            result[profile.id] = Legal(
                day=day,
                law=law,
                law_id=ids.get(law.code, False) if law else False,
                is_consumer=profile.customer_kind == "consumer",
                judgment=(not resumed and profile.insolvency_date) or None,
                steps=steps[policy],
                **common,
            )
        return result

    @api.model
    def _needs_law(self, profile, rows, day):
        """Whether the law can matter: not for what is neither late nor old."""
        if not any(row.residual > 0 and row.due_date < day for row in rows):
            return False
        return (
            profile.customer_kind == "consumer"
            or self.env["late.regime"]._asks_businesses()
            or any(row.due_date <= day - SHORTEST for row in rows)
        )

    @api.model
    def _legal_of_company(self, company, reminders):
        """What all customers of a company have in common.

        :param reminders: the free reminders, as ``Legal.waiting`` takes them.
        """
        company = company.sudo()
        legal = Legal(tz=company._dunning_tz())
        days = [legal.left_on(reminder) for reminder in reminders]
        holidays = frozenset()
        if days:
            holidays = company._late_holidays(min(days), max(days) + POST_DAYS)
        return {"tz": legal.tz, "holidays": holidays}

    # === PIECES OF QUERIES === #

    @api.model
    def _flush_law(self):
        self.env["late.interruption"].flush_model()
        self.env["dunning.notice.line"].flush_model(["move_line_id", "free_reminder"])
        self.env["dunning.delivery"].flush_model()

    @api.model
    def _interruptions_sql(self, company):
        """Days on which the limitation of ``line`` was interrupted."""
        return SQL(
            """ARRAY(
                SELECT act.date
                  FROM late_interruption act
                 WHERE act.partner_id = partner.commercial_partner_id
                   AND act.company_id = %s
                   AND act.undone_on IS NULL
                   AND (act.scope = 'all' OR EXISTS (
                        SELECT 1
                          FROM late_interruption_item_rel rel
                         WHERE rel.interruption_id = act.id
                           AND rel.line_id = line.id)))""",
            company.id,
        )

    @api.model
    def _free_reminders_sql(self):
        """The free reminders of ``line`` that reached the customer in writing."""
        return SQL(
            """(SELECT JSON_AGG(JSON_BUILD_ARRAY(
                           delivery.channel, delivery.sent_at, %s, %s))
                  FROM dunning_notice_line told
                  JOIN dunning_delivery delivery
                    ON delivery.notice_id = told.notice_id
                 WHERE told.move_line_id = line.id
                   AND %s)""",
            self._posted_sql(),
            self.env["dunning.delivery"]._received_sql(),
            self._counts_as_reminder_sql(),
        )

    @api.model
    def _counts_as_reminder_sql(self):
        """Which line and delivery are a free reminder: told in writing, and arrived."""
        return SQL(
            """(told.free_reminder
                AND delivery.channel != 'call'
                AND delivery.state IN ('sent', 'delivered')
                AND delivery.sent_at IS NOT NULL)"""
        )

    @api.model
    def _posted_sql(self):
        """The day on which the post took ``delivery`` in, where that is known.

        Whoever marks a letter as sent may do so before it is posted, or after.
        """
        return SQL("delivery.deposited_on")
