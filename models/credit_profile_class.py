import json
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.class_limit import LimitRule, class_limit, settled

BATCH = 1_000
ZERO = Decimal(0)


class CreditProfile(models.Model):
    """What follows from the risk class: the limit of who has none of their own."""

    _inherit = "credit.profile"

    class_color = fields.Integer(related="class_id.color", string="Colour of the class")
    class_rules = fields.Char(
        related="class_id.rules_text", string="Rules of the class"
    )
    limit_rule_date = fields.Date(
        string="Limit by class as of",
        readonly=True,
        copy=False,
        help="The day on which the rule of the class was last applied.",
    )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """One by one as by the thousand: see ``_make``."""
        profiles = super().create(vals_list)
        without_review = without_limit = self.sudo().browse()
        for profile, vals in zip(profiles.sudo(), vals_list, strict=True):
            if "next_review_date" not in vals:
                without_review += profile
            if not {"limit_own", "limit_enforced", "credit_limit"} & vals.keys():
                without_limit += profile
        without_review._plan_first_reviews()
        without_limit._limit_by_class_at_first()
        return profiles

    def write(self, vals):
        """Another class, or no own limit any more: the class's rule holds at once."""
        result = super().write(vals)
        if {"class_id", "limit_own"} & set(vals):
            self._apply_limit_rules()
        return result

    @api.model
    def _make(self, customer_ids, company):
        made = super()._make(customer_ids, company)
        made._limit_by_class_at_first()
        return made

    # === BUSINESS METHODS === #

    def _limit_by_class_at_first(self):
        """The limit of the class, but for who was given one where core keeps it: that
        was on purpose."""
        for company, mine in self.grouped("company_id").items():
            mine.filtered(
                lambda profile, company=company: (
                    not profile.partner_id.with_company(
                        company
                    ).use_partner_credit_limit
                )
            )._apply_limit_rules()

    def _apply_limit_rules(self, day=None, steady=False):
        """Give customers without own limit the limit of their class.

        One query and two statements per company and batch. Each change is noted in the
        chatter with the old and the new amount.

        :param day: sales of the twelve months before it count; default: today.
        :param steady: class and rule are those of yesterday: a limit that follows from
            sales or from an exchange rate only moves where it clearly differs.
        :return: the profiles whose limit changed.
        """
        changed = self.browse()
        # sudo: what follows from the class is not the user's to choose
        ruled = self.sudo().filtered(lambda profile: not profile.limit_own)
        for company, mine in ruled.grouped("company_id").items():
            today = day or company._dunning_today()
            for start in range(0, len(mine), BATCH):
                changed |= mine[start : start + BATCH]._apply_limit_batch(
                    company, today, steady
                )
        if changed:
            changed._limits_changed()
        return changed.with_env(self.env)

    def _steady_limit_rules(self):
        """The step of the night: see ``_apply_limit_rules``."""
        self._apply_limit_rules(steady=True)

    def _apply_limit_batch(self, company, day, steady=False):
        rules = {
            risk_class: risk_class._limit_to_engine(company, day)
            for risk_class in [*self.class_id, self.class_id.browse()]
        }
        lost = self.filtered(lambda profile: rules[profile.class_id] is None)
        lost._note_rate_missing(company)
        ruled = self - lost
        by_sales = ruled.filtered(
            lambda profile: rules[profile.class_id].kind is LimitRule.SALES
        )
        sales = by_sales._sales_of_a_year(company, day)
        before = ruled._limits_written(company)
        wanted = {}
        for profile in ruled:
            rule = rules[profile.class_id]
            sold = sales.get(profile.partner_id.id, ZERO)
            wanted[profile.id] = (
                settled(rule, sold, before[profile.id])
                if steady
                else class_limit(rule, sold)
            )
        ruled._clear_trouble("limit_error")
        changes = {
            key: (before[key], limit)
            for key, limit in wanted.items()
            if before[key] != limit
        }
        changed = self.browse(changes)
        changed._write_limits(
            company, {key: limit for key, (__, limit) in changes.items()}
        )
        stale = self.filtered(lambda profile: profile.limit_rule_date != day)
        stale._update_columns({"limit_rule_date": day})
        changed._note_limits(company, changes)
        return changed

    def _note_rate_missing(self, company):
        """No rate says what the limit of the class is here: it stays as it is."""
        scoped = self.with_context(lang=company._credit_notes_lang())
        for risk_class, profiles in scoped.grouped("class_id").items():
            profiles._note_trouble(
                "limit_error",
                scoped.env._(
                    "The limit of class %(class)s is in %(currency)s, and no exchange "
                    "rate from it to %(own)s is known. The customer keeps the limit "
                    "as it is.",
                    **{"class": risk_class.code},
                    currency=risk_class.currency_id.name,
                    own=company.currency_id.name,
                ),
            )

    @api.model
    def _sales_query(self, company, day):
        """Untaxed sales of twelve months by customer, branches included."""
        return SQL(
            """
            SELECT partner.commercial_partner_id,
                   SUM(move.amount_untaxed_signed)::text
              FROM res_partner partner
              JOIN account_move move ON move.partner_id = partner.id
             WHERE move.state = 'posted'
               AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND move.company_id = ANY(%(companies)s)
               AND move.invoice_date > %(since)s
               AND move.invoice_date <= %(day)s
               AND partner.commercial_partner_id = ANY(%(customers)s)
          GROUP BY partner.commercial_partner_id
            """,
            companies=self.env["dunning.situation"]._branch_ids(company),
            since=day - relativedelta(months=12),
            day=day,
            customers=self.partner_id.ids,
        )

    def _sales_of_a_year(self, company, day):
        """``{customer id: untaxed sales of the last twelve months}``, of those who
        bought; in company currency, credit notes deducted."""
        if not self:
            return {}
        self.env["account.move"].flush_model()
        rows = self.env.execute_query(self._sales_query(company, day))
        return {customer_id: Decimal(amount) for customer_id, amount in rows}

    def _limits_written(self, company):
        """``{profile id: limit as it stands}``, ``None`` where it is not enforced."""
        partners = self.partner_id.with_company(company)
        amounts = {partner.id: partner.credit_limit for partner in partners}
        return {
            profile.id: company._to_decimal(amounts[profile.partner_id.id])
            if profile.limit_enforced
            else None
            for profile in self
        }

    def _write_limits(self, company, limits):
        """Write the limits down: the amount where core keeps it, and that it holds.

        An amount that holds no more is left where it is; nobody reads it.
        """
        if not limits:
            return
        enforced = self.filtered(lambda profile: limits[profile.id] is not None)
        enforced._update_columns({"limit_enforced": True})
        (self - enforced)._update_columns({"limit_enforced": False})
        Partner = self.env["res.partner"]
        Partner.flush_model(["credit_limit"])
        self.env.cr.execute(
            SQL(
                """
            UPDATE res_partner partner
               SET credit_limit = COALESCE(partner.credit_limit, '{}'::jsonb)
                       || jsonb_build_object(%(company)s::text, fresh.amount)
              FROM jsonb_to_recordset(%(rows)s::jsonb)
                       AS fresh(id integer, amount numeric)
             WHERE partner.id = fresh.id
            """,
                company=company.id,
                rows=json.dumps(
                    [
                        {"id": profile.partner_id.id, "amount": limits[profile.id]}
                        for profile in enforced
                    ],
                    default=str,
                ),
            )
        )
        Partner.invalidate_model(["credit_limit"], flush=False)

    def _update_columns(self, values):
        """Write the same plain columns to all, past tracking and checks."""
        if not self:
            return
        self.flush_recordset(list(values))
        self.env.cr.execute(
            SQL(
                "UPDATE credit_profile SET %s WHERE id = ANY(%s)",
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value)
                    for name, value in values.items()
                ),
                self.ids,
            )
        )
        self.invalidate_recordset(list(values), flush=False)

    def _note_limits(self, company, changes):
        """Note in the chatter what the class made of the limits.

        In the language of the company: the night has none, and all read it.

        :param changes: ``{profile id: (old, new)}``, ``None`` for no limit.
        """
        if not changes:
            return
        scoped = self.with_context(lang=company._credit_notes_lang())
        currency = company.currency_id.with_env(scoped.env)

        def in_words(limit):
            if limit is None:
                return scoped.env._("no limit")
            return currency.format(float(limit))

        scoped._message_log_batch(
            {
                profile.id: scoped.env._(
                    "Credit limit by the rule of class %(class)s: %(old)s → %(new)s",
                    **{"class": profile.class_id.code or "–"},
                    old=in_words(changes[profile.id][0]),
                    new=in_words(changes[profile.id][1]),
                )
                for profile in scoped
            }
        )

    @api.model
    def _class_of_the_unclassed(self):
        """Give profiles without a class, archived ones too, that of the unrated."""
        profiles = self.sudo().with_context(active_test=False)
        profiles = profiles.search([("class_id", "=", False)])
        for company, mine in profiles.grouped("company_id").items():
            unrated = self.env["credit.risk.class"]._unrated(company)
            mine.with_context(tracking_disable=True).class_id = unrated

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_apply_limit_rules(self):
        return self.env["ir.cron"]._dunning_retried(self._apply_all_limit_rules)

    @api.model
    def _apply_all_limit_rules(self):
        """Each night: the limits that follow from sales, batch by batch.

        Resumed where it stopped: who has had today's look is left out.
        """
        domain = Domain("limit_own", "=", False) & self.env[
            "res.company"
        ]._dunning_domain_today(
            lambda day: (
                Domain("limit_rule_date", "<", day)
                | Domain("limit_rule_date", "=", False)
            )
        )
        self._work_through(domain, BATCH, "_steady_limit_rules", "limit_error")
