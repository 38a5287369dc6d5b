import logging
from collections import Counter, defaultdict
from decimal import Decimal

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.escalation import SENTENCES, Reason

_logger = logging.getLogger(__name__)

MORNING = 5  # o'clock, the company's local time: proposals are made from then on
BATCH = 500  # customers decided on, and written down, together
ISSUE_BATCH = 50  # notices whose letters one renderer process prints
ISSUE_AT_ONCE = 50  # more than this are issued in the background


class DunningRun(models.Model):
    """One execution for one company and one date: proposal, approval, issue.

    A scheduled run exists once per company and day. It is made in batches of customers
    and remembers the last one, so that a broken run goes on where it stopped.
    """

    _name = "dunning.run"
    _description = "Dunning Run"
    _inherit = ["mail.thread"]
    _mail_post_access = "read"  # collectors talk, the record itself is not theirs
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name", store=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        readonly=True,
        default=lambda self: self.env.company.root_id,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(required=True, readonly=True, index=True)
    kind = fields.Selection(
        [("scheduled", "Scheduled"), ("manual", "By hand")],
        required=True,
        default="manual",
        readonly=True,
    )
    state = fields.Selection(
        [
            ("proposing", "In preparation"),
            ("proposed", "Proposed"),
            ("approved", "Approved"),
            ("issued", "Issued"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        default="proposing",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
        copy=False,
    )
    issue_requested = fields.Boolean(
        readonly=True, copy=False, help="Issued in the background, batch by batch."
    )
    last_profile_id = fields.Integer(readonly=True, copy=False)
    profile_ids = fields.Many2many(
        "credit.profile",
        string="Selected customers",
        readonly=True,
        context={"active_test": False},
    )
    is_selection = fields.Boolean(
        readonly=True, help="The run looks at the selected customers only."
    )
    notice_ids = fields.One2many("dunning.notice", "run_id")
    problem_notice_ids = fields.One2many(
        "dunning.notice",
        "run_id",
        string="Problems",
        domain=[
            ("state", "!=", "cancelled"),
            "|",
            ("error", "!=", False),
            ("delivery_state", "=", "failed"),
        ],
    )
    skip_ids = fields.One2many("dunning.skip", "run_id")
    customer_count = fields.Integer(string="Customers looked at", readonly=True)
    item_count = fields.Integer(string="Items looked at", readonly=True)
    skip_counts = fields.Json(
        readonly=True, help="Items not reminded, by reason; kept when details go."
    )
    skip_summary = fields.Text(string="Why not", compute="_compute_skip_summary")
    skip_count = fields.Integer(
        string="Items not reminded", compute="_compute_skip_summary"
    )
    notice_count = fields.Integer(compute="_compute_notice_counts")
    draft_count = fields.Integer(compute="_compute_notice_counts")
    approved_count = fields.Integer(compute="_compute_notice_counts")
    issued_count = fields.Integer(compute="_compute_notice_counts")
    failed_count = fields.Integer(compute="_compute_notice_counts")
    letter_count = fields.Integer(
        string="Letters to post", compute="_compute_notice_counts"
    )
    amount_due = fields.Monetary(compute="_compute_notice_counts")

    _scheduled_uniq = models.UniqueIndex(
        "(company_id, date) WHERE kind = 'scheduled' AND state != 'cancelled'",
        "There is already a scheduled run for this company and day.",
    )

    # === COMPUTE METHODS === #

    @api.depends("date", "company_id")
    def _compute_name(self):
        for run in self:
            run.name = fields.Date.to_string(run.date)

    @api.depends("skip_counts")
    def _compute_skip_summary(self):
        for run in self:
            rows = run._skip_rows()
            run.skip_count = sum(row["count"] for row in rows)
            run.skip_summary = "\n".join(f"{r['count']} · {r['reason']}" for r in rows)

    def _compute_notice_counts(self):
        groups = self.env["dunning.notice"]._read_group(
            [("run_id", "in", self.ids)],
            ["run_id", "state", "delivery_state"],
            ["__count", "amount_due:sum"],
        )
        counts = defaultdict(Counter)
        for run, state, delivery_state, count, amount in groups:
            counts[run][state] += count
            if state != "cancelled":
                counts[run]["all"] += count
                counts[run]["amount"] += amount
            if state == "issued" and delivery_state == "failed":
                counts[run]["failed"] += count
        letters = dict(
            self.env["dunning.delivery"]._read_group(
                [
                    ("run_id", "in", self.ids),
                    ("channel", "=", "letter"),
                    ("state", "=", "queued"),
                ],
                ["run_id"],
                ["__count"],
            )
        )
        for run in self:
            mine = counts[run]
            run.notice_count = mine["all"]
            run.draft_count = mine["draft"]
            run.approved_count = mine["approved"]
            run.issued_count = mine["issued"]
            run.failed_count = mine["failed"]
            run.amount_due = mine["amount"]
            run.letter_count = letters.get(run, 0)

    # === CRUD === #

    @api.ondelete(at_uninstall=False)
    def _unlink_except_issued(self):
        if self.env["dunning.notice"].search_count(
            [("run_id", "in", self.ids), ("issued_at", "!=", False)], limit=1
        ):
            raise UserError(
                self.env._(
                    "Notices of this run were issued: it cannot be deleted. It is part "
                    "of the proof of what was sent."
                )
            )
        self.notice_ids.unlink()

    # === ACTIONS === #

    def action_approve(self):
        """Approve all proposed notices this user may approve."""
        for run in self._as_collector():
            if not run.draft_count:
                raise UserError(
                    self.env._("%(run)s: there is nothing to approve.", run=run.name)
                )
            run.notice_ids.filtered(lambda n: n.state == "draft").action_approve()

    def action_issue(self):
        """Issue the approved notices; many of them in the background."""
        self.ensure_one()
        self = self._as_collector()
        if not self.approved_count:
            raise UserError(
                self.env._(
                    "%(run)s: nothing is approved. Approve the proposal first.",
                    run=self.name,
                )
            )
        today = self.company_id._dunning_today()
        if self.date > today:
            raise UserError(
                self.env._(
                    "%(run)s is dated in the future: issue it on that day.",
                    run=self.name,
                )
            )
        if self.approved_count <= ISSUE_AT_ONCE:
            self._issue_notices(day=today)
            return True
        self.issue_requested = True
        self.env.ref("account_dunning.ir_cron_issue").sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._(
                    "%(count)s notices are being issued in the background.",
                    count=self.approved_count,
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_send(self):
        """Hand the queued e-mails and calls of this run over now."""
        self = self._as_collector()
        self.env["dunning.delivery"]._hand_over(
            fields.Domain("run_id", "in", self.ids), fields.Datetime.now()
        )
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def action_cancel(self):
        """Cancel the run's notices that are not issued."""
        self._as_collector()._cancel(
            self.env._("Run cancelled by %(user)s", user=self.env.user.name)
        )

    def action_print_letters(self):
        """Download the letters of this run not printed yet, as one PDF.

        What is printed is not printed again from here, lest it be posted twice; the
        print queue prints what is chosen there.
        """
        self.ensure_one()
        deliveries = self.env["dunning.delivery"].search(
            [
                ("run_id", "=", self.id),
                ("channel", "=", "letter"),
                ("state", "=", "queued"),
                ("printed_at", "=", False),
            ]
        )
        if not deliveries:
            raise UserError(
                self.env._(
                    "All letters of this run are printed. To print one again, choose "
                    "it in the print queue."
                )
            )
        return deliveries.action_print_letters()

    def action_view_notices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.dunning_notice_action"
        )
        return dict(
            action,
            domain=[("run_id", "=", self.id)],
            context={"search_default_group_level": 1},
        )

    def action_view_skips(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.dunning_skip_action"
        )
        return dict(
            action,
            domain=[("run_id", "=", self.id)],
            context={"search_default_group_reason": 1},
        )

    def action_view_deliveries(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.dunning_delivery_action"
        )
        return dict(action, domain=[("run_id", "=", self.id)], context={})

    def _as_collector(self):
        """The records with full rights, for a collector who may see them.

        Nobody may write runs freely: see ``dunning.delivery._as_collector``.
        """
        self.env["credit.profile"]._check_can_run()
        self.check_access("read")
        return self.sudo()

    # === BUSINESS METHODS: PROPOSE === #

    @api.model
    def _propose_run(self, company, day, profiles=None, scheduled=False):
        """Make a complete proposal.

        :param company: any company; branches are handled with their root.
        :param day: the local date the rules look at.
        :param profiles: only these customers; ``None`` means all with open items.
        :param scheduled: made by the morning job; at most one per company and day.
        :return: the run, in state *proposed* (or *done* when there is nothing to say).
        """
        run = self._start(company, day, profiles, scheduled)
        while run._propose_batch():
            pass
        return run

    @api.model
    def _start(self, company, day, profiles=None, scheduled=False):
        """Open a run, or give back the scheduled one that exists for the day."""
        company = company.root_id
        if scheduled:
            run = self.search(
                [
                    ("company_id", "=", company.id),
                    ("date", "=", day),
                    ("kind", "=", "scheduled"),
                    ("state", "!=", "cancelled"),
                ],
                limit=1,
            )
            if run:
                return run
        self.env["credit.profile"]._ensure_all(company)
        return self.create(
            {
                "company_id": company.id,
                "date": day,
                "kind": "scheduled" if scheduled else "manual",
                "is_selection": profiles is not None,
                "profile_ids": [fields.Command.set(profiles.ids if profiles else [])],
            }
        )

    def _propose_batch(self):
        """Decide on the next customers and write the result down.

        :return: how many customers there were; 0 when the proposal is complete.
        """
        self.ensure_one()
        if self.state != "proposing":
            return 0
        self.lock_for_update()
        profiles = self._next_profiles()
        if not profiles:
            self._finish_proposal()
            return 0
        scoped = self.with_company(self.company_id)
        decided = scoped.env["dunning.situation"]._decide(
            profiles.with_env(scoped.env), self.date, scheduled=self.kind == "scheduled"
        )
        scoped._write_proposal(decided)
        self.last_profile_id = profiles[-1].id
        return len(profiles)

    def _next_profiles(self):
        """The next customers with open items, in the order of their ids."""
        self.ensure_one()
        selected = self.with_context(active_test=False).profile_ids.ids
        self.env["dunning.situation"]._flush_ledger()
        rows = self.env.execute_query(
            SQL(
                """
            SELECT profile.id
              FROM credit_profile profile
             WHERE profile.company_id = %(company)s
               AND profile.id > %(after)s
               AND %(selection)s
               AND EXISTS (
                   SELECT 1
                     FROM account_move_line line
                     JOIN account_account account
                       ON account.id = line.account_id
                      AND account.account_type = 'asset_receivable'
                     JOIN res_partner partner ON partner.id = line.partner_id
                    WHERE partner.commercial_partner_id = profile.partner_id
                      AND line.parent_state = 'posted'
                      AND line.reconciled IS NOT TRUE
                      AND line.company_id = ANY(%(companies)s))
          ORDER BY profile.id
             LIMIT %(limit)s
            """,
                company=self.company_id.id,
                after=self.last_profile_id or 0,
                selection=(
                    SQL("profile.id = ANY(%s)", selected)
                    if self.is_selection
                    else SQL("TRUE")
                ),
                companies=self.env["dunning.situation"]._branch_ids(self.company_id),
                limit=BATCH,
            )
        )
        return self.env["credit.profile"].browse([pid for (pid,) in rows])

    def _write_proposal(self, decided):
        """Draft notices and skips of one batch.

        Notices are made with full rights: whom the rules choose does not depend on the
        user, who needs the right to the run itself.
        """
        notices, skips, counts = [], [], Counter(self.skip_counts or {})
        customers = items = 0
        Notice = self.env["dunning.notice"].sudo()
        for profile, situation, outcome in decided:
            if not situation.rows:
                continue
            customers += 1
            items += len(situation.rows)
            if outcome.message:
                notices.append(
                    Notice._prepare_from_outcome(self, profile, situation, outcome)
                )
            for key, skip in outcome.skipped.items():
                counts[skip.reason.value] += 1
                skips.append(self._prepare_skip(profile, situation.rows[key], skip))
            self._tell_unreachable(profile, situation, outcome)
        Notice.with_context(tracking_disable=True).create(notices)
        self.env["dunning.skip"].sudo().create(skips)
        self.write(
            {
                "customer_count": self.customer_count + customers,
                "item_count": self.item_count + items,
                "skip_counts": dict(counts),
            }
        )

    def _prepare_skip(self, profile, row, skip):
        return {
            "run_id": self.id,
            "company_id": self.company_id.id,
            "profile_id": profile.id,
            "move_line_id": row.id,
            "reason": skip.reason.value,
            "until": skip.until,
            "date_maturity": row.due_date,
            "residual": float(row.residual),
        }

    def _tell_unreachable(self, profile, situation, outcome):
        """A customer who is late, and whom no channel reaches, needs a person.

        Not one whose invoice is only about to fall due: that is a courtesy.
        """
        if any(
            skip.reason is Reason.NO_ADDRESS
            and situation.rows[key].due_date < self.date
            for key, skip in outcome.skipped.items()
        ):
            profile._notify_person(self.env._("No address for a dunning notice"))

    def _finish_proposal(self):
        """The proposal is complete: say so; where policies are automatic, approve."""
        self.ensure_one()
        self.state = "proposed"
        if self.kind == "scheduled":
            automatic = self.notice_ids.filtered(
                lambda n: (
                    n.state == "draft"
                    and n.approval != "manager"
                    and n.policy_id._effective_mode() == "automatic"
                )
            )
            if automatic:
                automatic.action_approve()
                self.issue_requested = True
        self._update_state()

    # === BUSINESS METHODS: ISSUE === #

    def _issue_notices(self, limit=None, day=None):
        """Issue approved notices, at most ``limit`` of them.

        :param day: date of the letters; defaults to the date of the run.
        :return: how many approved notices were looked at.
        """
        self.ensure_one()
        domain = [("run_id", "=", self.id), ("state", "=", "approved")]
        if limit:
            # In the background a notice that failed waits for a person; asked for by a
            # person, it gets another chance.
            domain.append(("error", "=", False))
        approved = self.env["dunning.notice"].search(domain, limit=limit, order="id")
        for start in range(0, len(approved), ISSUE_BATCH):
            batch = approved[start : start + ISSUE_BATCH]
            batch.with_company(self.company_id)._issue(day or self.date)
        return len(approved)

    def _cancel(self, reason):
        for run in self:
            run.notice_ids.filtered(lambda n: n.state in ("draft", "approved"))._cancel(
                reason
            )
            run.issue_requested = False
            if any(notice.issued_at for notice in run.notice_ids):
                run._update_state()
            else:
                run.state = "cancelled"

    def _update_state(self):
        """Derive the state from the notices and their deliveries."""
        self.env.flush_all()
        for run in self:
            if run.state in ("cancelled", "proposing"):
                continue
            run.invalidate_recordset(["draft_count", "approved_count"])
            state = run._state_from_notices()
            if run.state != state:  # one row for all: not written for nothing
                run.state = state

    def _state_from_notices(self):
        self.ensure_one()
        if self.approved_count:
            return "approved"
        if self.draft_count:
            return "proposed"
        if self.env["dunning.delivery"].search_count(
            [("run_id", "=", self.id), ("state", "in", ("queued", "sending"))],
            limit=1,
        ):
            return "issued"
        return "done"

    # === BUSINESS METHODS: REPORT === #

    def _skip_rows(self):
        """Items not reminded by reason, in the order of the rules."""
        self.ensure_one()
        labels = dict(
            self.env["dunning.skip"]._fields["reason"]._description_selection(self.env)
        )
        counts = self.skip_counts or {}
        return [
            {"reason": labels[reason.value], "count": counts[reason.value]}
            for reason in SENTENCES
            if counts.get(reason.value)
        ]

    def _get_summary(self):
        """The run in figures, for a person: see ``dev/demo``.

        Amounts are the balances due, per currency of the items.
        """
        self.ensure_one()
        groups = defaultdict(lambda: {"count": 0, "amounts": Counter()})
        channels = dict(
            self.env["dunning.notice"]
            ._fields["channel"]
            ._description_selection(self.env)
        )
        notices = self.notice_ids.filtered(lambda n: n.state != "cancelled")
        for notice in notices.sorted(lambda n: (n.level_id.days, n.id)):
            group = groups[notice.level_id, notice.channel]
            group["count"] += 1
            for total in notice._totals():
                group["amounts"][total["currency"].name] += Decimal(str(total["due"]))
        return {
            "date": self.date,
            "company": self.company_id.name,
            "customers": self.customer_count,
            "items": self.item_count,
            "notices": [
                {
                    "level": level.name,
                    "policy": level.policy_id.name,
                    "channel": channels.get(channel, ""),
                    "count": group["count"],
                    "amounts": dict(group["amounts"]),
                }
                for (level, channel), group in groups.items()
            ],
            "skipped": self._skip_rows(),
            "warnings": [
                f"{notice.display_name}: {notice.error}"
                for notice in notices
                if notice.error
            ]
            + [
                f"{notice.display_name}: {notice.cancel_reason}"
                for notice in self.notice_ids - notices
            ],
        }

    def _get_letters_pdf(self):
        """The letters of the run that wait to be posted, in a stable order.

        :return: bytes of one PDF; empty when there are none.
        """
        self.ensure_one()
        deliveries = self.env["dunning.delivery"].search(
            [
                ("run_id", "=", self.id),
                ("channel", "=", "letter"),
                ("state", "=", "queued"),
            ]
        )
        return deliveries._letters_pdf()

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_propose(self):
        """Morning job: propose for each company that works today, batch by batch."""
        cron = self.env["ir.cron"]
        for company in self.env["res.company"].search(
            [("parent_id", "=", False), ("dunning_auto_propose", "=", True)]
        ):
            try:
                if not self.with_company(company)._propose_scheduled(company):
                    return  # time is up; goes on from here the next time
            except OperationalError:
                raise  # another transaction was first: tried again as a whole
            except Exception:
                # One company's trouble must not keep the others from their proposals.
                self.env.cr.rollback()
                _logger.exception("No dunning proposal for %s", company.name)
                cron._commit_progress()

    def _propose_scheduled(self, company):
        """The morning's proposal of one company, batch by batch.

        Once a day, from ``MORNING`` on in the company's own time; a proposal that a
        person has cancelled does not come back the same day.

        :return: whether there is time left.
        """
        cron = self.env["ir.cron"]
        today = company._dunning_today()
        if (
            company._dunning_now().hour < MORNING
            or not company._dunning_is_working_day(today)
            or self._is_proposed(company, today)
        ):
            return True
        self._supersede(company, today)
        if not self.env["credit.profile"]._any_open_items(company):
            return True  # nobody owes anything: no empty run every morning
        run = self._start(company, today, scheduled=True)
        cron._commit_progress(remaining=1)
        while run._propose_batch():
            if not cron._commit_progress(1, remaining=1):
                return False
        if run.issue_requested:
            self.env.ref("account_dunning.ir_cron_issue")._trigger()
        return bool(cron._commit_progress(1, remaining=0))

    @api.model
    def _is_proposed(self, company, day):
        """Whether the day's scheduled proposal was made, whatever became of it."""
        return bool(
            self.search_count(
                [
                    ("company_id", "=", company.root_id.id),
                    ("date", "=", day),
                    ("kind", "=", "scheduled"),
                    ("state", "!=", "proposing"),
                ],
                limit=1,
            )
        )

    @api.model
    def _supersede(self, company, today):
        """Withdraw older scheduled proposals nobody has touched, for today's."""
        stale = self.search(
            [
                ("company_id", "=", company.root_id.id),
                ("date", "<", today),
                ("kind", "=", "scheduled"),
                ("state", "in", ("proposing", "proposed")),
                ("notice_ids", "not any", [("edited", "=", True)]),
                ("notice_ids", "not any", [("state", "in", ("approved", "issued"))]),
            ]
        )
        stale.with_context(tracking_disable=True)._cancel(
            self.env._("Replaced by the proposal of a later day")
        )

    @api.model
    def _cron_issue(self):
        """Issue, batch by batch, what somebody or an automatic policy asked for."""
        cron = self.env["ir.cron"]
        runs = self.search([("issue_requested", "=", True)], order="date, id")
        cron._commit_progress(remaining=sum(runs.mapped("approved_count")))
        for run in runs:
            while True:
                locked = run.try_lock_for_update()
                if not locked:
                    break  # another worker is at it
                today = run.company_id._dunning_today()
                done = run._issue_notices(limit=ISSUE_BATCH, day=today)
                if not done:
                    run.issue_requested = False
                if not cron._commit_progress(done) and done:
                    return
                if not done:
                    break
