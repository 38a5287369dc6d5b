import logging
from collections import Counter, defaultdict

from psycopg2 import OperationalError
from psycopg2.errors import UniqueViolation

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import SQL, format_date, format_time

from ..engine.escalation import Reason
from .dunning_level import PAPER

_logger = logging.getLogger(__name__)

MORNING = 5  # o'clock, the company's local time: proposals are made from then on
BATCH = 500  # customers decided on, and written down, together


class DunningRun(models.Model):
    """One execution for one company and one date: proposal, approval, issue.

    A scheduled run exists once per company and day. It is made in batches of customers
    and remembers the last one, so that a broken run goes on where it stopped.
    """

    _name = "dunning.run"
    _description = "Dunning Run"
    _inherit = ["mail.thread", "mail.activity.mixin", "dunning.collector.mixin"]
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
    part_count = fields.Integer(
        string="Parts",
        readonly=True,
        copy=False,
        help="Into so many parts the customers were divided, for several workers.",
    )
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
    notice_count = fields.Integer(compute="_compute_notice_counts")
    draft_count = fields.Integer(compute="_compute_notice_counts")
    approved_count = fields.Integer(compute="_compute_notice_counts")
    issued_count = fields.Integer(compute="_compute_notice_counts")
    sent_count = fields.Integer(compute="_compute_notice_counts")
    failed_count = fields.Integer(compute="_compute_notice_counts")
    error_count = fields.Integer(
        string="Could not be issued", compute="_compute_notice_counts"
    )
    queued_count = fields.Integer(
        string="E-mails and calls to send", compute="_compute_notice_counts"
    )
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

    @api.depends("date", "kind")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        """For people; ``name`` is the date alone, which sorts."""
        for run in self:
            if not run.date:
                run.display_name = False
                continue
            day = format_date(self.env, run.date, date_format="medium")
            if run.kind == "manual" and run.create_date:
                # there may be several on a day
                time = format_time(self.env, run.create_date, time_format="short")
                run.display_name = self.env._(
                    "Run of %(date)s, %(time)s", date=day, time=time
                )
            else:
                run.display_name = self.env._("Run of %(date)s", date=day)

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
            if state == "issued":
                counts[run][f"delivery_{delivery_state}"] += count
        for run, count in self.env["dunning.notice"]._read_group(
            [
                ("run_id", "in", self.ids),
                ("state", "!=", "cancelled"),
                ("error", "!=", False),
            ],
            ["run_id"],
            ["__count"],
        ):
            counts[run]["error"] = count
        machine = self.env["dunning.delivery"]._machine_channels()
        for run, channel, provider, count in self.env["dunning.delivery"]._read_group(
            [("run_id", "in", self.ids), ("state", "=", "queued")],
            ["run_id", "channel", "provider_id"],
            ["__count"],
        ):
            counts[run]["queued"] += count if channel in machine else 0
            if channel in PAPER and not provider:
                counts[run]["letters"] += count
        for run in self:
            mine = counts[run]
            run.notice_count = mine["all"]
            run.draft_count = mine["draft"]
            run.approved_count = mine["approved"]
            run.issued_count = mine["issued"]
            run.sent_count = mine["delivery_sent"]
            run.failed_count = mine["delivery_failed"]
            run.error_count = mine["error"]
            run.amount_due = mine["amount"]
            run.letter_count = mine["letters"]
            run.queued_count = mine["queued"]

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
        run._propose_rest(lambda: True)
        return run

    def _propose_rest(self, commit):
        """Go on with the proposal, batch by batch, to its end.

        :param commit: called after each batch; stops when it says no.
        :return: whether the proposal is complete.
        """
        self.ensure_one()
        while self._propose_batch():
            if not commit():
                return False
            # what is decided is not needed again: memory does not grow with the run
            self.env.invalidate_all()
        return True

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
        try:
            return self.create(
                {
                    "company_id": company.id,
                    "date": day,
                    "kind": "scheduled" if scheduled else "manual",
                    "is_selection": profiles is not None,
                    "profile_ids": [
                        fields.Command.set(profiles.ids if profiles else [])
                    ],
                }
            )
        except UniqueViolation as error:
            # another worker has opened the day's run: tried again, this one finds it
            raise ConcurrencyError("the scheduled run was opened meanwhile") from error

    def _propose_batch(self):
        """Take a part of the run, decide on its customers, write the result down.

        Who does the last part completes the proposal.

        :return: how many customers there were, at least 1; 0 when no part is left to
            take, because the proposal is complete or other workers are at the rest.
        """
        self.ensure_one()
        if self.state != "proposing":
            return 0
        self._split()
        part = self._take_part()
        if not part:
            self._finish_if_complete()
            return 0
        profiles = self._profiles_of(part)
        scoped = self.with_company(self.company_id)
        decided = scoped.env["dunning.situation"]._decide(
            profiles.with_env(scoped.env), self.date, scheduled=self.kind == "scheduled"
        )
        part.write(dict(scoped._write_proposal(decided), done=True))
        return max(len(profiles), 1)

    def _profiles_of(self, part):
        """The customers of a part who have open items, in the order of their ids."""
        rows = self.env.execute_query(
            SQL(
                "%s AND profile.id BETWEEN %s AND %s ORDER BY profile.id",
                self._profiles_query(),
                part.first_profile_id,
                part.last_profile_id,
            )
        )
        return self.env["credit.profile"].browse([pid for (pid,) in rows])

    def _profiles_query(self):
        """The ids of all customers the run looks at: those with open items."""
        self.ensure_one()
        selected = self.with_context(active_test=False).profile_ids.ids
        self.env["dunning.situation"]._flush_ledger()
        return SQL(
            """
            SELECT profile.id
              FROM credit_profile profile
             WHERE profile.company_id = %(company)s
               AND %(selection)s
               AND EXISTS (
                   SELECT 1
                     FROM account_move_line line
                     JOIN res_partner partner ON partner.id = line.partner_id
                    WHERE partner.commercial_partner_id = profile.partner_id
                      AND line.account_id = ANY(ARRAY(%(receivables)s))
                      AND line.parent_state = 'posted'
                      AND line.reconciled IS NOT TRUE
                      AND line.company_id = ANY(%(companies)s))
            """,
            company=self.company_id.id,
            selection=(
                SQL("profile.id = ANY(%s)", selected)
                if self.is_selection
                else SQL("TRUE")
            ),
            companies=self.env["dunning.situation"]._branch_ids(self.company_id),
            receivables=self.env["dunning.situation"]._receivables(self.company_id),
        )

    def _write_proposal(self, decided):
        """Draft notices and skips of one batch.

        Notices are made with full rights: whom the rules choose does not depend on the
        user, who needs the right to the run itself.

        :return: the numbers of the batch, as values of a part or run.
        """
        wanted, skips, counts = [], [], Counter()
        customers = items = 0
        told = self.env["credit.profile"]
        for profile, situation, outcome in decided:
            if not situation.rows:
                continue
            customers += 1
            items += len(situation.rows)
            if outcome.message:
                wanted.append((profile, situation, outcome))
            for key, skip in outcome.skipped.items():
                counts[skip.reason.value] += 1
                skips.append(self._prepare_skip(profile, situation.rows[key], skip))
            if self._tell_unreachable(profile, situation, outcome):
                told |= profile
        told._refresh_figures()
        self.env["dunning.notice"].sudo()._propose_all(self, wanted)
        self.env["dunning.skip"].sudo()._create_rows(skips)
        return {
            "customer_count": customers,
            "item_count": items,
            "skip_counts": dict(counts),
        }

    def _prepare_skip(self, profile, row, skip):
        return {
            "run_id": self.id,
            "company_id": self.company_id.id,
            "profile_id": profile.id,
            "move_line_id": row.id,
            "reason": skip.reason.value,
            "until": skip.until,
            "law_rule": skip.refused.rule if skip.refused else False,
            "law_basis": (skip.refused.basis if skip.refused else "") or False,
            "date_maturity": row.due_date,
            "residual": row.residual,
        }

    def _tell_unreachable(self, profile, situation, outcome):
        """A customer who is late, and whom no channel reaches, needs a person.

        Not one whose invoice is only about to fall due: that is a courtesy.

        :return: whether a person was told.
        """
        if not any(
            skip.reason is Reason.NO_ADDRESS
            and situation.rows[key].due_date < self.date
            for key, skip in outcome.skipped.items()
        ):
            return False
        told = profile.with_context(dunning_refresh_later=True)
        told = told._in_words_of_responsible()
        told._notify_person(told.env._("No address for a dunning notice"))
        return True

    def _finish_proposal(self):
        """The proposal is complete: say so; where policies are automatic, approve."""
        self.ensure_one()
        self._review_proposal()
        self.state = "proposed"
        automatic = self._automatic_notices()
        if automatic and not self._apply_brake():
            robot = self.env["res.users"].browse(SUPERUSER_ID)
            self._request_issue(automatic.action_approve(), robot)
        self._update_state()

    def _automatic_notices(self):
        """Proposed notices that need no person: where the policies say so."""
        if self.kind != "scheduled":
            return self.env["dunning.notice"]
        return self.notice_ids.filtered(
            lambda n: (
                n.state == "draft"
                and n.approval != "manager"
                and n.policy_id._effective_mode(self.company_id) == "automatic"
            )
        )

    # === BUSINESS METHODS: STATE === #

    def _cancel(self, reason):
        for run in self:
            run.notice_ids.filtered(lambda n: n.state in ("draft", "approved"))._cancel(
                reason
            )
            run.issue_requested = False
            run._close_activity()
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
                if state != "proposed":
                    run._close_activity()

    def _state_from_notices(self):
        self.ensure_one()
        if self.approved_count:
            return "approved"
        if self.draft_count:
            return "proposed"
        Notice = self.env["dunning.notice"]
        mine = fields.Domain("run_id", "=", self.id)
        if self.env["dunning.delivery"].search_count(
            mine & fields.Domain("state", "in", ("queued", "sending")), limit=1
        ) or Notice.search_count(mine & Notice._unprinted_domain(), limit=1):
            return "issued"
        return "done"

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
            except (OperationalError, ConcurrencyError):
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
        run._split()
        cron._dunning_call_hands("propose", run._open_part_count() - 1, run)
        cron._commit_progress(remaining=1)
        if not run._propose_rest(lambda: cron._commit_progress(1, remaining=1)):
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
