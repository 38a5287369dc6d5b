from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from .dunning_level import PAPER

ISSUE_BATCH = 500  # notices issued, and committed, together
ISSUE_AT_ONCE = 50  # more than this are issued in the background


class DunningRun(models.Model):
    """Approve, issue and send a run: three acts of a person, or of the machine."""

    _inherit = "dunning.run"

    requested_count = fields.Integer(compute="_compute_requested_count")
    waiting_reason = fields.Char(compute="_compute_waiting_reason")

    def _compute_requested_count(self):
        counts = dict(
            self.env["dunning.notice"]._read_group(
                fields.Domain("run_id", "in", self.ids) & self._requested_domain(),
                ["run_id"],
                ["__count"],
            )
        )
        for run in self:
            run.requested_count = counts.get(run, 0)

    @api.model
    def _requested_domain(self):
        """Approved notices that the machine has been asked to issue, and can.

        One that failed waits for a person.
        """
        return (
            fields.Domain("state", "=", "approved")
            & fields.Domain("issue_requested_by_id", "!=", False)
            & fields.Domain("error", "=", False)
        )

    @api.depends("issue_requested", "company_id")
    def _compute_waiting_reason(self):
        """Why approved notices are not issued today, where the daily limit says so."""
        for run in self:
            company = run.company_id.sudo()
            held = run.issue_requested and company._dunning_allowance() == 0
            run.waiting_reason = held and self.env._(
                "The go-live limit of %(limit)s notices a day is reached: the others "
                "are issued on the next working days, the most pressing first.",
                limit=company.dunning_daily_limit,
            )

    # === ACTIONS === #

    def action_approve(self):
        """Approve all proposed notices this user may approve."""
        for run in self._as_collector():
            if not run.draft_count:
                raise UserError(
                    self.env._(
                        "%(run)s: there is nothing to approve.", run=run.display_name
                    )
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
                    run=self.display_name,
                )
            )
        today = self.company_id._dunning_today()
        if self.date > today:
            raise UserError(
                self.env._(
                    "%(run)s is dated in the future: issue it on that day.",
                    run=self.display_name,
                )
            )
        return self._issue_by_person(self._approved_notices(), today)

    def _approved_notices(self):
        return self.env["dunning.notice"].search(
            [("run_id", "=", self.id), ("state", "=", "approved")], order="id"
        )

    def _issue_by_person(self, notices, today):
        """Issue what a person asked for: at once, or in the background if it is much.

        :param notices: the approved notices meant.
        """
        allowance = self.company_id._dunning_allowance()
        wanted = len(notices)
        at_once = wanted if allowance is None else min(wanted, allowance)
        if at_once > ISSUE_AT_ONCE:
            self._issue_in_background(notices)
            return self._tell(
                self.env._(
                    "%(count)s notices are being issued in the background.",
                    count=wanted,
                )
            )
        issued = self.env["dunning.notice"]
        if at_once:
            issued = self._issue_notices(notices, today)
        waiting = notices.filtered(lambda n: n.state == "approved" and not n.error)
        if not waiting:
            return True
        self._issue_in_background(waiting)
        if allowance is None:
            return self._tell(
                self.env._(
                    "%(issued)s issued; %(waiting)s follow within the hour, because "
                    "somebody is working on their customers at the moment.",
                    issued=len(issued),
                    waiting=len(waiting),
                ),
            )
        return self._tell(
            self.env._(
                "%(issued)s issued, %(waiting)s wait for the next working day: the "
                "go-live limit is %(limit)s notices a day.",
                issued=len(issued),
                waiting=len(waiting),
                limit=self.company_id.dunning_daily_limit,
            ),
            kind="warning",
        )

    def _issue_in_background(self, notices=None):
        """Ask the scheduled action to issue these approved notices, and no others.

        :param notices: default: all approved ones of the run.
        """
        if notices is None:
            notices = self._approved_notices()
        self._request_issue(notices, self.env.user)
        self.env.ref("account_dunning.ir_cron_issue").sudo()._trigger()

    def _request_issue(self, notices, user):
        notices.write({"issue_requested_by_id": user.id, "error": False})
        self.issue_requested = True

    def action_send(self):
        """Hand the queued e-mails and calls of this run over now."""
        self = self._as_collector()
        done = self.env["dunning.delivery"]._hand_over(
            fields.Domain("run_id", "in", self.ids), fields.Datetime.now()
        )
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        return self._tell(
            self.env._(
                "%(count)s messages handed over: they leave within minutes.", count=done
            )
        )

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
                ("channel", "in", PAPER),
                ("state", "=", "queued"),
                ("provider_id", "=", False),
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

    def action_refresh(self):
        """Show how far the work in the background has come: the form reads anew."""
        return True

    def _tell(self, message, kind="info"):
        """A notification for the person at the screen, whose form is read anew."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # === BUSINESS METHODS === #

    def _issue_notices(self, notices=None, day=None):
        """Issue approved notices with their letters, as many as the company's daily
        limit leaves, the most pressing first.

        :param notices: default: all approved ones of the run.
        :param day: date of the letters; default: that of the run.
        :return: the notices issued.
        """
        self.ensure_one()
        if notices is None:
            notices = self._approved_notices()
        issued = self._issue_frozen(notices, day or self.date)
        return issued.with_company(self.company_id)._make_letters()

    def _issue_frozen(self, notices, day):
        """Issue without the letters, which follow by ``_make_letters``."""
        allowance = self.company_id._dunning_claim_allowance()
        if allowance is not None:
            notices = notices._by_urgency()[:allowance]
        issued = self.env["dunning.notice"]
        for start in range(0, len(notices), ISSUE_BATCH):
            batch = notices[start : start + ISSUE_BATCH]
            issued |= batch.with_company(self.company_id)._issue(day)
        return issued

    def _waits_for_next_day(self, today):
        """Whether the machine stops issuing for today: the daily limit of the go-live.

        What the limit holds back is issued on working days.
        """
        company = self.company_id
        allowance = company._dunning_allowance()
        return allowance is not None and (
            allowance == 0 or not company._dunning_is_working_day(today)
        )

    def _stop_machine(self):
        """Take back what an automatic policy approved, where automatic sending is off.

        What a person approved or asked for stays.
        """
        for run in self.filtered(lambda r: not r.company_id.dunning_auto_send):
            by_machine = run.notice_ids.filtered(
                lambda n: (
                    n.state == "approved"
                    and n.approved_by_id.id == SUPERUSER_ID
                    and n.issue_requested_by_id.id == SUPERUSER_ID
                )
            )
            by_machine._unapprove()
            run.issue_requested = bool(run.requested_count)
            run._update_state()

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_issue(self):
        """Issue, batch by batch, what somebody or an automatic policy asked for; then
        make the letters of all that is issued.

        Several of these may work at once: each takes what no other has locked.
        """
        cron = self.env["ir.cron"]
        Notice = self.env["dunning.notice"]
        requested = fields.Domain("issue_requested", "=", True)
        self.search(requested)._stop_machine()
        runs = self.search(requested, order="date, id")
        cron._commit_progress(
            remaining=sum(run._issuable_now() for run in runs)
            + Notice.search_count(Notice._unprinted_domain())
        )
        for run in runs:
            if not run._issue_requested_ones(cron):
                return
        if Notice._make_waiting_letters(cron._commit_progress):
            self.env.ref("account_dunning.ir_cron_deliver")._trigger()

    def _issue_requested_ones(self, cron):
        """Issue what was asked for in this run, batch by batch.

        :return: whether there is time left.
        """
        self.ensure_one()
        Notice = self.env["dunning.notice"]
        seen = []
        while self.try_lock_for_update(allow_referencing=True):
            today = self.company_id._dunning_today()
            batch = Notice.search(
                fields.Domain("run_id", "=", self.id)
                & self._requested_domain()
                & fields.Domain("id", "not in", seen),
                limit=None if self.company_id.dunning_daily_limit else ISSUE_BATCH,
                order="id",
            )
            if not batch or self._waits_for_next_day(today):
                self.issue_requested = bool(self.requested_count)
                return bool(cron._commit_progress())
            seen += batch.ids
            for user, mine in batch.grouped("issue_requested_by_id").items():
                # in the name of the person who asked for it
                run = self.with_user(user).sudo()
                run._issue_frozen(mine.with_env(run.env), today)
            if not cron._commit_progress(len(batch)):
                return False
        return True  # another worker is at it

    def _issuable_now(self):
        """How many notices of the run the machine can issue today."""
        self.ensure_one()
        if self._waits_for_next_day(self.company_id._dunning_today()):
            return 0
        allowance = self.company_id._dunning_allowance()
        if allowance is None:
            return self.requested_count
        return min(self.requested_count, allowance)
