"""Belgium, the Netherlands and their kin, enforced: free reminders and refused levels.

The rules are in ``engine.lawful`` and ``engine.waiting``; what they need to know is
fetched by ``dunning_situation_law``.
"""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytz
from markupsafe import Markup

from odoo import api, fields, models, tools
from odoo.tools import SQL

from ..engine import lawful
from ..engine.compensation import allowed_compensation
from ..engine.regime import Per
from ..engine.waiting import Channel, waiting_time

ZERO = Decimal(0)


class LateRegime(models.Model):
    _inherit = "late.regime"

    @api.model
    @tools.ormcache()
    def _asks_businesses(self):
        """Whether any regime of businesses or public bodies asks for a free reminder.

        None that is shipped does: their levels need no look at the law then.
        """
        kinds = fields.Domain("for_business", "=", True) | fields.Domain(
            "for_public", "=", True
        )
        asks = fields.Domain("wait_days", ">", 0)
        # sudo: law is no secret
        return bool(self.sudo().search_count(kinds & asks, limit=1))

    @api.model
    def _ids_of(self, codes):
        """``{code: id}`` of regimes, archived ones too."""
        rows = self.sudo().with_context(active_test=False)
        found = rows.search_fetch([("code", "in", list(codes))], ["code"])
        return {row.code: row.id for row in found}


class ResCompany(models.Model):
    _inherit = "res.company"

    def _late_holidays(self, first, last):
        """Days between two dates on which the company's calendar knows a holiday.

        Public holidays are the calendar's leaves without a resource. A day on which
        the company alone is closed counts as well, which can only give a debtor more
        time.

        :return: frozenset of dates.
        """
        self.ensure_one()
        calendar = self.root_id.sudo().resource_calendar_id
        begin, __ = self._dunning_bounds(first)
        __, end = self._dunning_bounds(last)
        leaves = (
            self.env["resource.calendar.leaves"]
            .sudo()
            .search_fetch(
                [
                    ("resource_id", "=", False),
                    ("calendar_id", "in", [False, calendar.id]),
                    ("company_id", "in", [False, self.root_id.id]),
                    ("date_from", "<", end),
                    ("date_to", ">=", begin),
                ],
                ["date_from", "date_to"],
            )
        )
        tz = self._dunning_tz()
        found = set()
        for leave in leaves:
            day, over = (
                pytz.utc.localize(moment).astimezone(tz).date()
                for moment in (leave.date_from, leave.date_to)
            )
            day, over = max(day, first), min(over, last)
            while day <= over:
                found.add(day)
                day += timedelta(days=1)
        return frozenset(found)


class DunningLevel(models.Model):
    _inherit = "dunning.level"

    def _to_step(self):
        """The level as the law sees it."""
        self.ensure_one()
        return lawful.Step(
            key=self.id,
            days=self.days,
            compensation=self.claim_compensation,
            interest=self.claim_interest,
            written=self.channel_1 != "call",
        )


class DunningPolicy(models.Model):
    _inherit = "dunning.policy"

    law_findings = fields.Json(
        compute="_compute_law_findings",
        help="Levels that the law does not let be as they are, for customers of a "
        "kind who may follow this policy.",
    )
    law_warning = fields.Html(compute="_compute_law_findings", sanitize=False)

    def _law_steps(self):
        """The levels as the law sees them; for an empty recordset none."""
        return tuple(level._to_step() for level in self.level_ids if level.active)

    @api.depends(
        "level_ids.active",
        "level_ids.days",
        "level_ids.channel_1",
        "level_ids.claim_compensation",
        "level_ids.claim_interest",
        "company_id",
    )
    @api.depends_context("lang", "company")
    def _compute_law_findings(self):
        self.law_findings = self.law_warning = False
        claiming = self.filtered(
            lambda policy: any(
                level.active and (level.claim_compensation or level.claim_interest)
                for level in policy.level_ids
            )
        )
        if not claiming:
            return
        rows = self.env["late.regime"].sudo().search([("id", "!=", False)])
        laws = [(row, row._to_engine()) for row in rows]
        for policy in claiming:
            policy._put_law_findings(laws)

    def _put_law_findings(self, laws):
        kinds, countries = self._kinds_that_follow()
        levels = [level for level in self.level_ids if level.active]
        steps = [
            lawful.Step(
                key=number,
                days=level.days,
                compensation=level.claim_compensation,
                interest=level.claim_interest,
                written=level.channel_1 != "call",
            )
            for number, level in enumerate(levels)
        ]
        today = (self.company_id or self.env.company).sudo()._dunning_today()
        result, words = [], []
        for row, law in laws:
            if not law.is_valid(today) or not self._may_apply(row, kinds, countries):
                continue
            for finding in lawful.findings(law, steps):
                level = levels[finding.key]
                sentence = self._law_sentence(finding, level, row)
                result.append(
                    {
                        "level": level.name,
                        "regime": row.code,
                        "verdict": finding.verdict.value,
                        "rule": finding.rule.value,
                        "basis": finding.basis,
                        "sentence": sentence,
                    }
                )
                words.append(Markup("<li>%s</li>") % sentence)
        self.law_findings = result
        self.law_warning = words and Markup("<ul class='mb-0'>%s</ul>") % Markup(
            ""
        ).join(words)

    def _kinds_that_follow(self):
        """Kinds of customers who follow the policy, and the countries of consumers.

        :return: ``(set of kinds, {country code})``; of consumers the countries where
            there are some, and the company's.
        """
        self.ensure_one()
        company = (self.company_id or self.env.company).root_id.sudo()
        mine = self._origin
        kinds = set()
        if company.dunning_policy_id == mine:
            kinds |= {"business", "public"}
        if company.dunning_consumer_policy_id == mine:
            kinds.add("consumer")
        Profile = self.env["credit.profile"].sudo()  # sudo: kinds and countries only
        own = fields.Domain("policy_id", "in", mine.ids) | fields.Domain(
            "class_id.policy_id", "in", mine.ids
        )
        of_company = fields.Domain("company_id", "=", company.id)
        if mine:
            groups = Profile._read_group(own & of_company, ["customer_kind"])
            kinds |= {kind for (kind,) in groups}
        countries = {company.country_id.code or company.account_fiscal_country_id.code}
        if "consumer" in kinds:
            groups = Profile._read_group(
                of_company & fields.Domain("customer_kind", "=", "consumer"),
                ["partner_id.country_id"],
            )
            countries |= {country.code for (country,) in groups if country}
        return kinds, countries

    def _may_apply(self, row, kinds, countries):
        """Whether a regime may be that of a customer who follows the policy."""
        company = (self.company_id or self.env.company).root_id.sudo()
        home = company.country_id or company.account_fiscal_country_id
        if row.for_consumer and "consumer" in kinds:
            if row.country_id.code in countries:
                return True
        at_home = row.country_id == home
        return at_home and bool(
            (row.for_business and "business" in kinds)
            or (row.for_public and "public" in kinds)
        )

    def _law_sentence(self, finding, level, row):
        """What a finding means, for people."""
        label = self.env["dunning.skip"]._label_of
        what = label("law_rule", finding.rule.value)
        if finding.basis:
            what = self.env._(
                "%(rule)s (%(article)s)", rule=what, article=finding.basis
            )
        values = {"level": level.name, "regime": row.name, "rule": what}
        if finding.verdict is lawful.Verdict.NEVER:
            return self.env._(
                "“%(level)s” will never be told under “%(regime)s”: %(rule)s.", **values
            )
        if finding.verdict is lawful.Verdict.WAITS:
            return self.env._(
                "“%(level)s” waits under “%(regime)s” until %(days)s days after the "
                "free reminder: %(rule)s.",
                days=finding.days,
                **values,
            )
        return self.env._(
            "“%(level)s” goes out without its costs under “%(regime)s”: %(rule)s.",
            **values,
        )


class DunningNoticeLine(models.Model):
    _inherit = "dunning.notice.line"

    free_reminder = fields.Boolean(
        help="For this item the notice is the free reminder that the law asks for "
        "before anything may be charged."
    )


class DunningNotice(models.Model):
    """The free reminder as a notice: what it must say, and how long it must give."""

    _inherit = "dunning.notice"

    reminder_law_id = fields.Many2one(
        "late.regime",
        string="Free reminder under",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The law that asks for a free reminder with a fixed content and a time to "
        "pay, before anything may be charged: this notice is it.",
    )
    claims_barred = fields.Boolean(
        string="Claims what is out of time",
        readonly=True,
        copy=False,
        help="At least one item is past the last safe day to go to court. A business "
        "may be reminded of it, but can refuse to pay.",
    )
    reminder_currency_id = fields.Many2one("res.currency", readonly=True, copy=False)
    reminder_compensation = fields.Monetary(
        string="Compensation announced",
        currency_field="reminder_currency_id",
        readonly=True,
        copy=False,
        help="What the free reminder says may be claimed when its time is over.",
    )
    reminder_interest = fields.Boolean(
        string="Interest announced", readonly=True, copy=False
    )
    reminder_of_year = fields.Integer(
        string="Reminder of the year",
        compute="_compute_reminder_of_year",
        help="How many reminders the customer has got in the calendar year up to this "
        "one. Where goods or services are supplied regularly, some laws want the "
        "first ones to be free.",
    )

    def _compute_reminder_of_year(self):
        """By one query for all; what reached nobody does not count."""
        self.reminder_of_year = 0
        mine = self.filtered(lambda n: n.id and n.state == "issued")
        if not mine:
            return
        self.flush_model(["profile_id", "date", "state", "delivery_state", "level_id"])
        rows = self.env.execute_query(
            SQL(
                """
            SELECT one.id, COUNT(*)
              FROM dunning_notice one
              JOIN dunning_notice other
                ON other.profile_id = one.profile_id
               AND other.state = 'issued'
               AND other.delivery_state != 'failed'
               AND other.date >= DATE_TRUNC('year', one.date)
               AND (other.date, other.id) <= (one.date, one.id)
              JOIN dunning_level level ON level.id = other.level_id AND level.days >= 0
             WHERE one.id = ANY(%s)
          GROUP BY one.id
                """,
                mine.ids,
            )
        )
        for notice_id, count in rows:
            self.browse(notice_id).reminder_of_year = count

    # === BUSINESS METHODS === #

    @api.model
    def _prepare_law(self, situation, carried):
        """Values of a notice from what the law says about the items it carries."""
        legal = situation.legal
        rows = [situation.rows[key] for key in carried]
        values = {
            "reminder_law_id": False,
            "reminder_currency_id": False,
            "reminder_compensation": ZERO,
            "reminder_interest": False,
            "claims_barred": any(legal.is_barred(row) for row in rows),
        }
        free = [row for row in rows if legal.is_free_reminder(row, legal.day)]
        if free:
            values["reminder_law_id"] = legal.law_id
            # a clause for a lump sum alone gives none (CDE XIX.4)
            values["reminder_interest"] = lawful.gives_interest(legal.law)
        if free and (legal.law.compensation or legal.law.contract_compensation):
            law = self.env["late.regime"].sudo().browse(legal.law_id)
            currency = law.compensation_currency_id or self.env.company.currency_id
            values["reminder_currency_id"] = currency.id
            values["reminder_compensation"] = self._compensation_foreseen(
                legal.law, free, currency, legal.day
            )
        return values

    @api.model
    def _deadline(self, company, day, level, law_id, channel):
        """The day to pay by: as the level says, and never less than the law gives.

        :param law_id: the regime whose free reminder the notice is, or False.
        """
        deadline = day + timedelta(days=level.deadline_days)
        if law_id and channel != "call":
            law = self.env["late.regime"].browse(law_id)._to_engine()
            kind = Channel.EMAIL if channel == "email" else Channel.LETTER
            holidays = ()
            if kind is Channel.LETTER:  # once for all letters of the day
                key = ("late_holidays", company.id, day)
                holidays = self.env.cr.cache.get(key)
                if holidays is None:
                    last = day + timedelta(days=30)
                    holidays = company.sudo()._late_holidays(day, last)
                    self.env.cr.cache[key] = holidays
            given = waiting_time(law, day, kind, holidays=holidays)
            deadline = max(deadline, given.last) if given else deadline
        return deadline

    @api.model
    def _compensation_foreseen(self, law, rows, currency, day):
        """What may be claimed for these items when the time to pay is over.

        :param rows: open items; :param currency: of the compensation.
        """
        Currency = self.env["res.currency"]
        company = self.env.company.sudo()
        unit = Decimal(1).scaleb(-currency.decimal_places)
        sums = defaultdict(lambda: ZERO)
        together = (law.compensation or law.contract_compensation).per is Per.LETTER
        for row in rows:
            if row.is_debit_note:
                continue  # costs have no costs
            amount = row.residual_currency
            if row.currency_id != currency.id:
                own = Currency.browse(row.currency_id)
                amount = company._to_decimal(
                    own._convert(float(amount), currency, company, day)
                )
            sums[None if together else row.move_id] += amount
        vat = company._late_vat_percent()
        return sum(
            (
                allowed_compensation(law, amount, vat_percent=vat, unit=unit)
                for amount in sums.values()
            ),
            ZERO,
        )
