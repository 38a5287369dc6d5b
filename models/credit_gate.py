import logging
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from psycopg2 import OperationalError

from odoo import api, models
from odoo.tools import SQL

from ..engine import gate
from .dunning_level import TONES
from .ledger_rules import PAYMENT_ON_ITS_WAY

_logger = logging.getLogger(__name__)

ZERO = Decimal(0)
TONE_RANK = {tone: rank for rank, (tone, __) in enumerate(TONES)}
RECHECK_BATCH = 500
# What is read of the profiles to be judged, at once with finding them.
JUDGED_FIELDS = (
    "partner_id",
    "company_id",
    "active",
    "class_id",
    "credit_hold",
    "credit_hold_reason",
    "limit_enforced",
    "temporary_limit_to",
    "pool_profile_id",
    "next_review_date",
)


class CreditGate(models.AbstractModel):
    """Lets documents on, or holds them: fetches the facts, asks ``engine.gate``.

    All documents of a batch are judged together, with a number of queries that does not
    depend on how many they are. Facts are read with full rights: what may be sold must
    not depend on what the salesperson may read.
    """

    _name = "credit.gate"
    _description = "Credit Gate"

    # === PUBLIC TO THE OTHER MODELS === #

    @api.model
    def _judge(self, documents, day=None, lock=False):
        """What happens to these documents if they are confirmed now, together.

        :param documents: recordset of one gated model.
        :param lock: take the turn for the limits they use up.
        :return: ``{document id: engine.gate.Verdict}`` for all documents; what the gate
            has no business with passes.
        """
        verdicts = dict.fromkeys(documents._ids, gate.PASSED)
        documents = documents.sudo()
        subject = documents._credit_subject()
        for company, mine in subject.grouped(lambda d: d.company_id.root_id).items():
            today = day or company._dunning_today()
            verdicts.update(self._judge_company(company, mine, today, lock))
        return verdicts

    @api.model
    def _recheck_held(self, profiles):
        """Look again at what is held for these customers; lift what is cured.

        Called after something that can cure: a payment, a limit, a class. Costs one
        query per gated model where nothing is held.

        :param profiles: ``credit.profile``, of one company or several.
        """
        profiles = profiles.sudo()
        if not profiles:
            return
        for model in self._gated_models():
            for company, mine in profiles.grouped("company_id").items():
                model._credit_waiting(company, mine)._credit_recheck()

    @api.model
    def _recheck_later(self, partner_ids):
        """Look again before the transaction is committed, once for all that happens
        in it: a bank statement pays a thousand items.
        """
        if not partner_ids:
            return
        data = self.env.cr.precommit.data
        known = data.get("credit.gate.partners")
        if known is None:
            known = data["credit.gate.partners"] = set()
            self.env.cr.precommit.add(self.sudo()._recheck_noted)
        known.update(partner_ids)

    @api.model
    def _recheck_noted(self):
        partner_ids = self.env.cr.precommit.data.pop("credit.gate.partners", set())
        if not partner_ids or not any(
            model._credit_any_waiting() for model in self._gated_models()
        ):
            return
        customers = self.env["res.partner"].browse(partner_ids).exists()
        profiles = self.env["credit.profile"].search(
            [
                ("partner_id", "in", customers.commercial_partner_id.ids),
                ("active", "in", (True, False)),
            ]
        )
        try:
            with self.env.cr.savepoint():
                self._recheck_held(profiles._with_pools())
        except OperationalError:
            raise  # another transaction was first: all is done again
        except (
            Exception
        ):  # no payment is refused for that; the hourly action looks again
            _logger.exception("Held documents could not be looked at again")

    @api.model
    def _gated_models(self):
        """Empty recordsets of the models whose documents the gate judges."""
        return [self.env["account.move"].sudo()]

    # === JUDGEMENT === #

    @api.model
    def _judge_company(self, company, documents, day, lock):
        """Judge documents of one root company and its branches."""
        Exposure = self.env["credit.exposure"]
        customer_of = {doc: Exposure._customer_of(doc)._origin for doc in documents}
        partners = self.env["res.partner"].sudo().union(*customer_of.values())
        profiles = self._profiles(partners, company, make=lock)
        profile_of = {profile.partner_id: profile for profile in profiles}
        judged = profiles.filtered(lambda p: p._credit_has_rules(day))
        if not judged:
            return {}
        documents = documents.filtered(
            lambda doc: profile_of.get(customer_of[doc]) in judged
        )
        amounts = Exposure._document_amounts(documents, day)
        ordered = documents._credit_ordered(company, day)
        # what asks for nothing new uses up no limit: an invoice of what was ordered
        asking = self.env["credit.profile"].union(
            *(
                profile_of[customer_of[doc]]
                for doc in documents
                if amounts.get(doc.id, ZERO) > max(ordered.get(doc.id, ZERO), ZERO)
            )
        )
        rules = {profile: profile._credit_rules() for profile in judged}
        bounded = (judged & asking).filtered(
            lambda p: rules[p].limit is not gate.Rule.NOTHING
        )
        limits = Exposure._limits(bounded, day) if bounded else {}
        limited = bounded.filtered(lambda p: limits[p.id].amount is not None)
        holders = {profile: profile._pool_holder() for profile in judged}
        if lock:
            strict = limited.filtered(lambda p: rules[p].limit is gate.Rule.BLOCK)
            self.env["credit.gate.lock"]._take({holders[p].id for p in strict})
        late, ledger = self._ledger_facts(company, rules, limited, day)
        accounts = {holder: gate.Account() for holder in holders.values()}
        exposures = (
            Exposure._exposures(limited, day, documents, ledger, amounts)
            if limited
            else {}
        )
        at_hand = defaultdict(lambda: ZERO)
        for doc in documents:
            holder = holders[profile_of[customer_of[doc]]]
            at_hand[holder] += amounts.get(doc.id, ZERO) - ordered.get(doc.id, ZERO)
        for profile in limited:
            accounts[holders[profile]] = gate.Account(
                used=exposures[profile.id].pooled - at_hand[holders[profile]],
                limit=limits[profile.id].amount,
                warn_at=company._credit_warn_levels(),
            )
        customers = {
            profile: gate.Customer(
                account=holders[profile],
                rules=rules[profile],
                on_hold=profile.credit_hold,
                review_due=profile._credit_review_due(day),
                **late.get(profile.partner_id.id, {}),
            )
            for profile in judged
        }

        def verdicts(approved, prepaid):
            return gate.judge(
                (
                    gate.Document(
                        key=doc.id,
                        customer=profile_of[customer_of[doc]],
                        amount=amounts.get(doc.id, ZERO),
                        rank=doc._credit_rank(),
                        ordered=ordered.get(doc.id, ZERO),
                        prepaid=prepaid.get(doc.id, ZERO),
                        **approved.get(doc.id, {}),
                    )
                    for doc in documents
                ),
                customers,
                accounts,
            )

        found = verdicts({}, {})
        if all(verdict.kind is gate.Kind.PASS for verdict in found.values()):
            # money in advance and releases only speak for a document
            return found
        return verdicts(
            documents._credit_approved(day), documents._credit_prepaid(company, day)
        )

    @api.model
    def _profiles(self, partners, company, make=True):
        """Profiles of the customers, with full rights.

        :param make: those missing, who then get the class of new customers. Not when
            somebody only looks at a document.
        """
        Profile = self.env["credit.profile"].sudo()
        profiles = Profile.search_fetch(
            [
                ("partner_id", "in", partners.ids),
                ("company_id", "=", company.id),
                ("active", "in", (True, False)),
            ],
            JUDGED_FIELDS,
        )
        missing = make and partners - profiles.partner_id
        return (
            profiles | Profile._for_partners(missing, company) if missing else profiles
        )

    @api.model
    def _ledger_facts(self, company, rules, limited, day):
        """What the ledger says of the customers, from one query.

        What is overdue, and how firmly they were reminded: items somebody disputes do
        not count, nor those left out of follow-up. Credits and payments on their way
        are deducted: who has paid is not late. And what they owe in all, for those with
        a limit.

        :param rules: ``{profile: engine.gate.Rules}``.
        :param limited: profiles whose exposure is needed.
        :return: ``{customer id: {overdue, days, level}}``, and the parts of the ledger
            as ``credit.exposure`` takes them, by profile id.
        """
        asked = [
            (profile, rule)
            for profile, rule in rules.items()
            if {rule.overdue, rule.level} != {gate.Rule.NOTHING} or profile in limited
        ]
        if not asked:
            return {}, {}
        situation = self.env["dunning.situation"]
        situation._flush_ledger()
        self.env["account.payment"].flush_model()
        self.env["dunning.hold"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
            WITH asked AS (
                SELECT *
                  FROM UNNEST(%(customers)s, %(before)s::date[], %(ranks)s)
                    AS asked(partner_id, before, rank)
            ), item AS (
                SELECT asked.partner_id, line.amount_residual AS residual,
                       COALESCE(line.date_maturity, line.date) AS due,
                       asked.before,
                       ARRAY_POSITION(%(tones)s::varchar[], level.tone) - 1
                           >= asked.rank AS firm,
                       (COALESCE(line.no_followup, FALSE)
                        OR EXISTS (
                           SELECT 1
                             FROM account_move_line_dunning_hold_rel rel
                             JOIN dunning_hold hold ON hold.id = rel.dunning_hold_id
                            WHERE rel.account_move_line_id = line.id
                              AND hold.kind = 'dispute'
                              AND hold.ended_on IS NULL
                              AND hold.date_from <= %(day)s
                              AND (hold.date_to IS NULL OR hold.date_to >= %(day)s)
                       )) AS excused
                  FROM asked
                  JOIN res_partner partner
                    ON partner.commercial_partner_id = asked.partner_id
                  JOIN account_move_line line ON line.partner_id = partner.id
             LEFT JOIN dunning_level level ON level.id = line.dunning_level_id
                 WHERE line.account_id = ANY(ARRAY(%(receivables)s))
                   AND line.parent_state = 'posted'
                   AND line.reconciled IS NOT TRUE
                   AND line.amount_residual != 0
                   AND line.company_id = ANY(%(companies)s)
            ), pending AS (
                SELECT asked.partner_id,
                       SUM(payment.amount_company_currency_signed) AS amount
                  FROM asked
                  JOIN res_partner partner
                    ON partner.commercial_partner_id = asked.partner_id
                  JOIN account_payment payment ON payment.partner_id = partner.id
                 WHERE %(on_its_way)s
                   AND payment.company_id = ANY(%(companies)s)
              GROUP BY asked.partner_id
            )
            SELECT asked.partner_id,
                   (COALESCE(SUM(residual) FILTER (WHERE residual > 0
                        AND due < item.before AND NOT excused), 0)
                    + COALESCE(SUM(residual) FILTER (WHERE residual < 0), 0)
                    - COALESCE(MAX(pending.amount), 0))::text,
                   MIN(due) FILTER (WHERE residual > 0 AND due < item.before
                                      AND NOT excused),
                   BOOL_OR(COALESCE(firm, FALSE)) FILTER (WHERE residual > 0
                                                            AND NOT excused),
                   COALESCE(SUM(residual) FILTER (WHERE residual > 0), 0)::text,
                   COALESCE(SUM(residual) FILTER (WHERE residual < 0), 0)::text,
                   (- COALESCE(MAX(pending.amount), 0))::text
              FROM asked
         LEFT JOIN item ON item.partner_id = asked.partner_id
         LEFT JOIN pending ON pending.partner_id = asked.partner_id
          GROUP BY asked.partner_id
            """,
                customers=[profile.partner_id.id for profile, __ in asked],
                before=[day - timedelta(days=rule.overdue_days) for __, rule in asked],
                ranks=[
                    TONE_RANK.get(profile.class_id.level_tone, len(TONES))
                    for profile, __ in asked
                ],
                tones=list(TONE_RANK),
                day=day,
                receivables=situation._receivables(company),
                companies=situation._branch_ids(company),
                on_its_way=PAYMENT_ON_ITS_WAY,
            )
        )
        key_of = {profile.partner_id.id: profile.id for profile, __ in asked}
        late, ledger = {}, {}
        for partner_id, overdue, oldest, firm, debt, credit, pending in rows:
            late[partner_id] = {
                "overdue": max(Decimal(overdue), ZERO),
                "days": (day - oldest).days if oldest else 0,
                "level": bool(firm),
            }
            ledger[key_of[partner_id]] = {
                "open_items": Decimal(debt),
                "credits": Decimal(credit),
                "pending": Decimal(pending),
            }
        return late, ledger

    # === SCHEDULED ACTION === #

    @api.model
    def _cron_gate(self):
        """Hourly: what time cures or ends.

        Releases run out, temporary limits begin, reviews are dated anew, an approver
        goes on holiday: nobody writes anything at that moment.
        """
        self.env["credit.release"]._expire()
        self.env["credit.release"]._ask_again()
        for model in self._gated_models():
            waiting = model.search(model._credit_waiting_domain(), order="id")
            remaining = len(waiting)
            cron = self.env["ir.cron"]
            cron._commit_progress(remaining=remaining)
            for start in range(0, len(waiting), RECHECK_BATCH):
                # by customer: those who share what is free are judged together
                batch = waiting[start : start + RECHECK_BATCH].exists()
                batch.filtered_domain(model._credit_waiting_domain())._credit_recheck()
                if not cron._commit_progress(len(batch)):
                    return
