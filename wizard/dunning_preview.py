from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_date, split_every

from ..engine import projection
from ..engine.escalation import SENTENCES, Reason
from ..models.dunning_level import CHANNELS

PERIOD_DAYS = 90
MAX_DAYS = 366  # further ahead, "nobody pays" says nothing any more
BATCH = 500  # customers played forward, and written down, together


class DunningPreview(models.TransientModel):
    """What dunning would send on a day, or in the days to come.

    The same rules as a run, played forward by ``engine.projection`` under the
    assumptions that stand there. Nothing is written but the rows of this preview, which
    are thrown away.
    """

    _name = "dunning.preview"
    _description = "Preview of Dunning"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company.root_id
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    policy_id = fields.Many2one(
        "dunning.policy",
        help="Only customers to whom this policy applies, as it is saved. Empty: all "
        "policies.",
    )
    mode = fields.Selection(
        [("period", "The coming days"), ("date", "One day")],
        string="Look at",
        required=True,
        default="period",
        help="The coming days: every message until then, one after the other.\n"
        "One day: what a run on that day would propose if none took place before it.",
    )
    date = fields.Date(default=lambda self: self.env.company._dunning_today())
    date_from = fields.Date(
        string="From", default=lambda self: self.env.company._dunning_today()
    )
    date_to = fields.Date(
        string="To",
        default=lambda self: (
            self.env.company._dunning_today() + timedelta(days=PERIOD_DAYS - 1)
        ),
    )
    computed_at = fields.Datetime(readonly=True)
    customer_count = fields.Integer(string="Customers looked at", readonly=True)
    reason_counts = fields.Json(readonly=True)
    message_count = fields.Integer(string="Messages", compute="_compute_figures")
    reminded_count = fields.Integer(string="Customers", compute="_compute_figures")
    amount = fields.Monetary(
        string="Claimed",
        compute="_compute_figures",
        help="What the messages claim; an invoice counts in each message about it.",
    )
    matrix = fields.Json(string="Weeks and levels", compute="_compute_matrix")
    silence = fields.Text(string="Without a message", compute="_compute_silence")

    # === COMPUTE METHODS === #

    @api.depends_context("lang")
    def _compute_display_name(self):
        self.display_name = self.env._("Preview")

    @api.onchange("company_id", "policy_id", "mode", "date", "date_from", "date_to")
    def _onchange_question(self):
        """What was found answers another question: hide it until asked again."""
        self.computed_at = False

    @api.depends("computed_at")
    def _compute_figures(self):
        for preview in self:
            rows = self.env["dunning.preview.line"]._read_group(
                [("preview_id", "in", preview.ids)],
                [],
                ["__count", "profile_id:count_distinct", "amount:sum"],
            )
            preview.message_count, preview.reminded_count, preview.amount = rows[0]

    @api.depends("computed_at")
    def _compute_matrix(self):
        for preview in self:
            preview.matrix = preview._prepare_matrix() if preview.computed_at else False

    @api.depends("computed_at")
    @api.depends_context("lang")
    def _compute_silence(self):
        labels = dict(
            self.env["dunning.skip"]._fields["reason"]._description_selection(self.env)
        )
        for preview in self:
            counts = preview.reason_counts or {}
            preview.silence = "\n".join(
                f"{counts[reason.value]} · {labels[reason.value]}"
                for reason in SENTENCES
                if counts.get(reason.value)
            )

    @api.constrains("mode", "date", "date_from", "date_to")
    def _check_dates(self):
        for preview in self:
            today = preview.company_id._dunning_today()
            first, last = preview._span()
            if not first or not last:
                raise ValidationError(self.env._("Choose the days to look at."))
            if last < first:
                raise ValidationError(
                    self.env._("The preview cannot end before it starts.")
                )
            if first < today:
                raise ValidationError(
                    self.env._("A preview looks ahead: choose today or a later day.")
                )
            if (last - today).days > MAX_DAYS:
                raise ValidationError(
                    self.env._(
                        "A preview looks at most one year ahead: that nobody pays "
                        "until then is no use as an assumption."
                    )
                )

    # === ACTIONS === #

    def action_compute(self):
        """Make the preview, or make it anew."""
        self.ensure_one()
        company = self.company_id.root_id
        if company not in self.env.companies.root_id:
            raise UserError(
                self.env._(
                    "You do not work for %(company)s.", company=self.company_id.name
                )
            )
        Line = self.env["dunning.preview.line"]
        # sudo: rows of this preview only, which nobody may write by hand
        Line.sudo().search([("preview_id", "=", self.id)]).unlink()
        reasons, customers = Counter(), 0
        play = self._player(company)
        for profiles in split_every(BATCH, self._debtors(company).ids):
            rows, batch_reasons, looked_at = play(
                self.env["credit.profile"].browse(profiles)
            )
            Line._insert(self, rows)
            reasons += batch_reasons
            customers += looked_at
        self.write(
            {
                "computed_at": fields.Datetime.now(),
                "customer_count": customers,
                "reason_counts": {
                    reason.value: count for reason, count in reasons.items()
                },
            }
        )

    def action_view_lines(self, level_id=None, date_from=None, date_to=None):
        """Open the list of messages: all, or those of a cell of the overview."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.dunning_preview_line_action"
        )
        domain = Domain("preview_id", "=", self.id)
        if level_id:
            domain &= Domain("level_id", "=", level_id)
        if date_from:
            domain &= Domain("date", ">=", date_from)
        if date_to:
            domain &= Domain("date", "<=", date_to)
        context = {"pivot_measures": ["__count", "amount"]}
        return dict(action, domain=list(domain), context=context)

    def action_view_customers(self):
        """Open the list of messages, one group per customer."""
        action = self.action_view_lines()
        context = dict(action["context"], search_default_group_customer=1)
        return dict(action, context=context)

    # === BUSINESS METHODS === #

    def _span(self):
        """First and last day shown."""
        self.ensure_one()
        if self.mode == "date":
            return self.date, self.date
        return self.date_from, self.date_to

    @api.model
    def _debtors(self, company):
        """Profiles of all who have open items, as far as this user sees them."""
        self.env["credit.profile"]._ensure_all(company)
        # sudo: who owes something; whose profile is seen is decided by its own rules
        groups = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                    ("reconciled", "=", False),
                    ("partner_id", "!=", False),
                    ("company_id", "child_of", company.id),
                ],
                ["partner_id"],
            )
        )
        partners = self.env["res.partner"].sudo().union(*(p for (p,) in groups))
        return self.env["credit.profile"].search(
            [
                ("company_id", "=", company.id),
                ("partner_id", "in", partners.commercial_partner_id.ids),
                ("active", "in", (True, False)),
            ],
            order="id",
        )

    def _player(self, company):
        """A function that plays the days to come for a batch of profiles.

        What does not depend on the customers is fetched once, here.

        :return: ``function(profiles) -> (rows, reasons, customers looked at)``; the
            reasons count the items of customers who get no message.
        """
        self.ensure_one()
        Situation = self.env["dunning.situation"]
        first, last = self._span()
        today = company._dunning_today()
        # one day is looked at as such; a period is played from today on, because what
        # is sent before it begins decides what is sent in it
        start = first if self.mode == "date" else today
        now = Situation._circumstances(company, start)
        if start > today:
            now = replace(now, bank_max_age=0)
        is_working_day = (
            projection.every_day
            if self.mode == "date"
            else company._dunning_working_days(start, last).__contains__
        )
        known = {}

        def rules_of(policy):
            if policy not in known:
                channels = {level.id: level._channels() for level in policy.level_ids}
                known[policy] = policy._to_engine(company), channels
            return known[policy]

        def play(profiles):
            rows, reasons, customers = [], Counter(), 0
            if self.policy_id:
                profiles = profiles.filtered(
                    lambda profile: profile.effective_policy_id == self.policy_id
                )
            for profile, situation in Situation._fetch(profiles, start).items():
                if not situation.rows:
                    continue
                customers += 1
                policy = profile.effective_policy_id
                rules, channels = rules_of(policy)
                found, outcome = [], None
                for day, outcome in projection.play(
                    rules, situation.customer, now, last, is_working_day
                ):
                    message = outcome.message
                    if message and day >= first:
                        channel = next(
                            channel
                            for channel in channels[message.level.key]
                            if channel in situation.addresses
                        )
                        size = len(message.carried), message.claimed
                        found.append(
                            (
                                profile.id,
                                policy.id,
                                message.level.key,
                                day,
                                channel,
                                *size,
                            )
                        )
                rows += found
                if not found and outcome:
                    reasons.update(
                        skip.reason
                        for skip in outcome.skipped.values()
                        if skip.reason is not Reason.NOT_A_DEBT
                    )
            return rows, reasons, customers

        return play

    def _prepare_matrix(self):
        """The overview: a row per week, a column per level.

        :return: ``{"levels": [...], "weeks": [...], "totals": {...}}``; cells are
            ``{"count": messages, "amount": claimed}`` by level id, dates are ISO texts.
        """
        self.ensure_one()
        cells = defaultdict(lambda: defaultdict(lambda: [0, 0.0]))
        levels = self.policy_id.level_ids.filtered("active")
        for day, level, count, amount in self.env["dunning.preview.line"]._read_group(
            [("preview_id", "=", self.id)],
            ["date:day", "level_id"],
            ["__count", "amount:sum"],
        ):
            levels |= level
            cell = cells[self._week_start(day)][level.id]
            cell[0] += count
            cell[1] += amount
        first, last = self._span()
        weeks, totals = [], defaultdict(lambda: [0, 0.0])
        start = self._week_start(first)
        while start <= last:
            mine = cells[start]
            for level_id, (count, amount) in mine.items():
                totals[level_id][0] += count
                totals[level_id][1] += amount
            begin, end = max(start, first), min(start + timedelta(days=6), last)
            weeks.append(
                {
                    "from": fields.Date.to_string(begin),
                    "to": fields.Date.to_string(end),
                    "label": self._week_label(begin, end),
                    "cells": _cells(mine),
                    "total": _total(mine),
                }
            )
            start += timedelta(days=7)
        return {
            "levels": [
                {
                    "id": level.id,
                    "name": level.name,
                    "timing": level.timing,
                    "policy": level.policy_id.name,
                }
                for level in levels.sorted(
                    lambda level: (
                        level.policy_id.sequence,
                        level.policy_id.id,
                        level.days,
                    )
                )
            ],
            "weeks": weeks,
            "cells": _cells(totals),
            "total": _total(totals),
        }

    def _week_start(self, day):
        """The first day of the week, as weeks begin in the user's language."""
        lang = self.env["res.lang"]._get_data(code=self.env.lang or "en_US")
        return day - timedelta(days=(day.isoweekday() - int(lang.week_start or 1)) % 7)

    def _week_label(self, begin, end):
        """The days of a row in short."""
        first = format_date(self.env, begin, date_format="d MMM")
        if begin == end:
            return first
        return f"{first} – {format_date(self.env, end, date_format='d MMM')}"


def _cells(counts):
    return {
        str(level_id): {"count": count, "amount": amount}
        for level_id, (count, amount) in counts.items()
    }


def _total(counts):
    return {
        "count": sum(count for count, __ in counts.values()),
        "amount": sum(amount for __, amount in counts.values()),
    }


class DunningPreviewLine(models.TransientModel):
    """One message that a preview foresees."""

    _name = "dunning.preview.line"
    _description = "Foreseen Message"
    _order = "date, amount desc, id"
    _rec_name = "profile_id"

    preview_id = fields.Many2one(
        "dunning.preview", required=True, index=True, ondelete="cascade"
    )
    profile_id = fields.Many2one(
        "credit.profile", string="Customer", required=True, ondelete="cascade"
    )
    policy_id = fields.Many2one("dunning.policy", required=True, ondelete="cascade")
    level_id = fields.Many2one("dunning.level", required=True, ondelete="cascade")
    date = fields.Date(required=True)
    channel = fields.Selection(CHANNELS, required=True)
    item_count = fields.Integer(string="Items")
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary(string="Claimed")

    @api.model
    def _insert(self, preview, rows):
        """Write the messages of a batch in one statement.

        By SQL: a preview of many customers has tens of thousands of rows, all of them
        throw-away, and none has a field to compute.

        :param rows: tuples of profile id, policy id, level id, day, channel, number of
            items, amount claimed in company currency.
        """
        if not rows:
            return
        preview.flush_recordset()
        profiles, policies, levels, days, channels, items, amounts = zip(
            *rows, strict=True
        )
        self.env.cr.execute(
            SQL(
                """
            INSERT INTO dunning_preview_line (
                preview_id, currency_id, create_uid, write_uid, create_date, write_date,
                profile_id, policy_id, level_id, date, channel, item_count, amount)
            SELECT %(preview)s, %(currency)s, %(user)s, %(user)s, %(now)s, %(now)s,
                   foreseen.*
              FROM UNNEST(%(profiles)s::integer[], %(policies)s::integer[],
                          %(levels)s::integer[], %(days)s::date[],
                          %(channels)s::varchar[], %(items)s::integer[],
                          %(amounts)s::numeric[]) AS foreseen
            """,
                preview=preview.id,
                currency=preview.currency_id.id,
                user=self.env.uid,
                now=self.env.cr.now(),
                profiles=list(profiles),
                policies=list(policies),
                levels=list(levels),
                days=list(days),
                channels=list(channels),
                items=list(items),
                amounts=list(amounts),
            )
        )

    def action_view_profile(self):
        """Open the customer's credit profile."""
        self.ensure_one()
        return self.profile_id.get_formview_action()
