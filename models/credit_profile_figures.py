import json
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import worklist

REFRESH_BATCH = 5_000

ZERO = Decimal(0)

AGEING = (
    "amount_not_due",
    "amount_late_30",
    "amount_late_60",
    "amount_late_90",
    "amount_late_more",
)
NUMERIC, INTEGER, DATE = SQL("numeric"), SQL("integer"), SQL("date")
BOOLEAN, VARCHAR, JSONB = SQL("boolean"), SQL("varchar"), SQL("jsonb")

# The columns a refresh writes, with their database types.
SNAPSHOT = {
    "amount_open": NUMERIC,
    "amount_overdue": NUMERIC,
    "amount_not_due": NUMERIC,
    "amount_late_30": NUMERIC,
    "amount_late_60": NUMERIC,
    "amount_late_90": NUMERIC,
    "amount_late_more": NUMERIC,
    "amount_unallocated": NUMERIC,
    "amount_to_collect": NUMERIC,
    "oldest_due_date": DATE,
    "overdue_count": INTEGER,
    "level_id": INTEGER,
    "next_action_date": DATE,
    "hold_alert": BOOLEAN,
    "work_state": VARCHAR,
    "work_why": VARCHAR,
    "work_number": INTEGER,
    "priority": INTEGER,
    "priority_points": JSONB,
}

LABELS = {
    worklist.State.ACT: "Act now",
    worklist.State.WAITING: "Waiting for the customer",
    worklist.State.PAUSED: "Paused",
    worklist.State.NONE: "Nothing to do",
}


class CreditProfile(models.Model):
    """The stored figures of a profile, and its place on the worklist.

    All of it is a snapshot in company currency, as of ``refreshed_at``: made by one
    query that reads the facts of a batch of customers, the rules in
    ``engine.worklist``, and one statement that writes the result down.
    """

    _inherit = "credit.profile"

    amount_open = fields.Monetary(string="Open", readonly=True)
    amount_not_due = fields.Monetary(string="Not due", readonly=True)
    amount_overdue = fields.Monetary(string="Overdue", readonly=True)
    amount_late_30 = fields.Monetary(string="1–30 days late", readonly=True)
    amount_late_60 = fields.Monetary(string="31–60 days late", readonly=True)
    amount_late_90 = fields.Monetary(string="61–90 days late", readonly=True)
    amount_late_more = fields.Monetary(string="More than 90 days late", readonly=True)
    ageing = fields.Char(
        compute="_compute_ageing",
        help="What is open by age, in company currency.",
    )
    amount_unallocated = fields.Monetary(
        string="Unallocated",
        readonly=True,
        help="Payments and credit notes not yet allocated to an invoice.",
    )
    amount_to_collect = fields.Monetary(
        string="To collect",
        readonly=True,
        help="What you can ask for today: what is overdue, less items that are paused, "
        "disputed or excluded, less reminders whose time to pay is not over, less "
        "credits, and payments not yet allocated or on their way.",
    )
    oldest_due_date = fields.Date(string="Oldest due date", readonly=True)
    overdue_count = fields.Integer(string="Overdue items", readonly=True)
    days_overdue = fields.Integer(
        string="Oldest days",
        compute="_compute_days_overdue",
        help="Days since the oldest open item fell due.",
    )
    level_id = fields.Many2one(
        "dunning.level",
        string="Highest level",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    level_tone = fields.Selection(related="level_id.tone")
    refreshed_at = fields.Datetime(readonly=True)

    work_state = fields.Selection(
        [(state.value, label) for state, label in LABELS.items()],
        string="Worklist",
        default=worklist.State.NONE.value,
        readonly=True,
        copy=False,
        help="Act now: somebody has to do something today. Waiting for the customer: "
        "reminded or contacted, the customer's turn. Paused: nobody reminds.",
    )
    work_why = fields.Selection(
        [(why.value, sentence) for why, sentence in worklist.SENTENCES.items()],
        string="Why it is here",
        readonly=True,
        copy=False,
    )
    work_number = fields.Integer(readonly=True, copy=False)
    work_chip = fields.Char(string="Reason", compute="_compute_work_chip")
    priority = fields.Integer(
        readonly=True,
        aggregator=None,
        copy=False,
        help="A sum of points, shown when you point at it. What gives how many points "
        "is set in Configuration, Priority points.",
    )
    priority_points = fields.Json(readonly=True, copy=False)
    priority_detail = fields.Char(
        string="Priority points", compute="_compute_priority_detail"
    )
    hold_alert = fields.Boolean(
        string="Pause over or ending",
        readonly=True,
        copy=False,
        help="A pause ends today, or is over without the debt being paid.",
    )
    next_action_date = fields.Date(
        string="Next action",
        readonly=True,
        copy=False,
        help="Date of the earliest activity planned for the customer.",
    )
    handled_on = fields.Date(
        string="Done on",
        readonly=True,
        copy=False,
        help="Day on which somebody said “Done” on the worklist.",
    )

    _worklist_idx = models.Index("(company_id, work_state, priority DESC, id)")
    _overdue_idx = models.Index("(company_id, amount_overdue DESC, id)")

    # === COMPUTE METHODS === #

    @api.depends("oldest_due_date")
    def _compute_days_overdue(self):
        for profile in self:
            oldest = profile.oldest_due_date
            today = oldest and profile.company_id.sudo()._dunning_today()
            profile.days_overdue = max((today - oldest).days, 0) if oldest else 0

    @api.depends(*AGEING)
    @api.depends_context("lang")
    def _compute_ageing(self):
        for profile in self:
            profile.ageing = "\n".join(
                f"{self._fields[name]._description_string(self.env)}: "
                f"{profile.currency_id.format(profile[name])}"
                for name in AGEING
                if profile[name]
            )

    @api.depends("work_why", "work_number")
    def _compute_work_chip(self):
        chips = self._work_chips()
        for profile in self:
            if profile.work_why == worklist.Why.CROSSED.value:
                profile.work_chip = self.env._(
                    "%(days)s days crossed", days=profile.work_number
                )
            else:
                profile.work_chip = chips.get(profile.work_why, False)

    def _work_chips(self):
        """The reason in two or three words; the sentence is its tooltip."""
        why = worklist.Why
        return {
            why.REPLY.value: self.env._("reply to read"),
            why.RETURNED.value: self.env._("letter returned"),
            why.BOUNCED.value: self.env._("mail bounced"),
            why.UNDELIVERED.value: self.env._("reached nobody"),
            why.BROKEN.value: self.env._("pause over"),
            why.ENDING.value: self.env._("pause ends today"),
            why.CALL_DUE.value: self.env._("call due"),
            why.TASK_DUE.value: self.env._("task due"),
            why.LAST_LEVEL.value: self.env._("no further level"),
            why.BY_HAND.value: self.env._("no automatic policy"),
            why.PLANNED.value: self.env._("contact planned"),
            why.UNDER_WAY.value: self.env._("under way"),
            why.REMINDED.value: self.env._("reminded"),
            why.HANDLED.value: self.env._("done today"),
            why.CALLED.value: self.env._("contacted"),
            why.PAUSED.value: self.env._("paused"),
        }

    @api.depends("priority_points")
    def _compute_priority_detail(self):
        labels = dict(
            self.env["credit.priority.rule"]
            ._fields["criterion"]
            ._description_selection(self.env)
        )
        for profile in self:
            profile.priority_detail = "\n".join(
                self.env._(
                    "%(criterion)s: %(points)s",
                    criterion=labels.get(criterion, criterion),
                    points=f"{points:+}",
                )
                for criterion, points in profile.priority_points or []
            )

    # === BUSINESS METHODS === #

    def _refresh_figures(self, day=None):
        """Recompute the stored figures of these profiles, and their place on the list.

        One query and one statement per company and batch.

        :param day: the day to look at; default: today where the company is.
        """
        if not self:
            return
        self.env["dunning.situation"]._flush_ledger()
        self._flush_worklist()
        for company, mine in self.sudo().grouped("company_id").items():
            today = day or company._dunning_today()
            for start in range(0, len(mine), REFRESH_BATCH):
                mine[start : start + REFRESH_BATCH]._refresh_batch(company, today)
        derived = ["ageing", "days_overdue", "work_chip", "priority_detail"]
        self.invalidate_model([*SNAPSHOT, "refreshed_at", *derived], flush=False)

    def _flush_worklist(self):
        """Write out what the query of the worklist reads besides the ledger."""
        for model in (
            "dunning.hold",
            "dunning.notice",
            "dunning.delivery",
            "mail.activity",
            "account.payment",
            "payment.transaction",
        ):
            if model in self.env:
                self.env[model].flush_model()

    def _refresh_batch(self, company, day):
        rules = self.env["credit.priority.rule"]._rules_of(company)
        ends = self._policy_ends()
        rows, facts = [], {}
        for row in self.env.execute_query_dict(self._figures_query(company, day)):
            row["amount_online"] = self._online_amount(company, row.pop("online"))
            facts[row["id"]] = row
            rows.append(self._to_snapshot(row, ends.get(row["id"]), rules, day))
        self.env.cr.execute(
            SQL(
                """
            UPDATE credit_profile profile
               SET %(sets)s, refreshed_at = %(now)s
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS fresh(id integer, %(types)s)
             WHERE profile.id = fresh.id
            """,
                sets=SQL(", ").join(
                    SQL("%s = fresh.%s", SQL.identifier(name), SQL.identifier(name))
                    for name in SNAPSHOT
                ),
                types=SQL(", ").join(
                    SQL("%s %s", SQL.identifier(name), kind)
                    for name, kind in SNAPSHOT.items()
                ),
                now=fields.Datetime.now(),
                # dates and decimals as text: the database reads both exactly
                rows=json.dumps(rows, default=str),
            )
        )
        self._refresh_more(company, day, facts)

    def _refresh_more(self, company, day, facts):
        """Refresh what else is kept about these profiles, of one company.

        :param facts: rows of the query of the figures, by profile id.
        """

    def _policy_ends(self):
        """``{profile id: days of the last level}``; missing where no policy reminds."""
        ends = {
            policy: max(
                policy.level_ids.filtered("active").mapped("days"), default=None
            )
            for policy in self.effective_policy_id
            if policy.mode != "manual"
        }
        return {profile.id: ends.get(profile.effective_policy_id) for profile in self}

    @api.model
    def _to_snapshot(self, row, last_days, rules, day):
        """A row of the query, judged: the values of the stored columns."""
        facts = self._to_facts(row, last_days)
        work = worklist.assess(facts, rules, day)
        judged = {
            "amount_to_collect": facts.to_collect,
            "next_action_date": facts.next_action,
            "hold_alert": work.pause_alert,
            "work_state": work.state.value,
            "work_why": work.why and work.why.value,
            "work_number": work.number,
            "priority": work.priority,
            "priority_points": [[c.value, points] for c, points in work.points],
        }
        read = {name: row[name] for name in SNAPSHOT if name not in judged}
        return {"id": row["id"], **read, **judged}

    @api.model
    def _to_facts(self, row, last_days):
        """A row of the query as the rules see it.

        :param last_days: days of the last level of the policy; ``None`` where none
            reminds by itself.
        """
        overdue, spared, held = (
            Decimal(str(row[name] or 0))
            for name in ("amount_overdue", "amount_spared", "amount_held")
        )
        cover = sum(
            Decimal(str(row[name] or 0))
            for name in ("amount_credit", "amount_pending", "amount_online")
        )
        served = row["least_days"]
        talks = [day for day in (row["last_call_date"], row["handled_on"]) if day]
        last_talk = max(talks, default=None)
        failed_on = row["failed_on"]
        paused = row["paused"] or (overdue > 0 and held >= overdue)
        return worklist.Facts(
            overdue=overdue,
            to_collect=ZERO if paused else worklist.to_collect(overdue, spared, cover),
            oldest_due=row["oldest_unheld"],
            served_days=row["level_days"],
            ahead=last_days is not None and (served is None or served < last_days),
            by_hand=last_days is None,
            last_message=row["last_contact_date"],
            answer_until=row["answer_until"],
            last_talk=last_talk,
            handled_on=row["handled_on"],
            next_action=row["next_action"],
            is_call=row["is_call"],
            returned=row["returned"],
            bounced=row["bounced"],
            undelivered=bool(failed_on and (not last_talk or failed_on > last_talk)),
            under_way=row["under_way"],
            paused=paused,
            pause_ended=row["pause_ended"],
            pause_ends=row["pause_ends"],
            reply=row["reply"],
        )

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_refresh_profiles(self):
        """Hourly: what a collector sees on the worklist; once a day: all profiles.

        Missing profiles are made first. Batch by batch, and resumed where it stopped.
        """
        for company in self.env["res.company"].search([("parent_id", "=", False)]):
            self._ensure_all(company)
        domain = self._stale_domain(fields.Datetime.now())
        self._work_through(domain, REFRESH_BATCH, "_refresh_figures", "figures_error")

    @api.model
    def _stale_domain(self, now):
        """Profiles whose figures are due to be computed again.

        All of them once a day, from the company's own midnight on.

        :param now: naive UTC.
        """
        companies = self.env["res.company"].search([("parent_id", "=", False)])
        of_yesterday = Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain(
                "refreshed_at",
                "<",
                company._dunning_bounds(company._dunning_today(now))[0],
            )
            for company in companies
        )
        seen = Domain("work_state", "!=", worklist.State.NONE.value)
        return Domain("active", "in", (True, False)) & (
            Domain("refreshed_at", "=", False)
            | of_yesterday
            | (seen & Domain("refreshed_at", "<", now - timedelta(minutes=50)))
        )
