from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from .dunning_notice_render import MachineTrouble

ISSUE_BATCH = 50  # notices whose letters one renderer process prints
ISSUE_AT_ONCE = 50  # more than this are issued in the background


class DunningRun(models.Model):
    """Approve, issue and send a run: three acts of a person, or of the machine."""

    _inherit = "dunning.run"

    issue_requested_by_id = fields.Many2one(
        "res.users",
        string="Issue asked for by",
        readonly=True,
        copy=False,
        help="Who asked for the issue in the background; empty: an automatic policy.",
    )
    waiting_reason = fields.Char(compute="_compute_waiting_reason")

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
        return self._issue_by_person(self.env["dunning.notice"], today)

    def _issue_by_person(self, notices, today):
        """Issue what a person asked for: at once, or in the background if it is much.

        :param notices: only these approved ones; empty means all.
        """
        wanted = len(notices) or self.approved_count
        allowance = self.company_id._dunning_allowance()
        at_once = wanted if allowance is None else min(wanted, allowance)
        if at_once > ISSUE_AT_ONCE:
            self._issue_in_background()
            return self._tell(
                self.env._(
                    "%(count)s notices are being issued in the background.",
                    count=wanted,
                )
            )
        before = self.issued_count
        if at_once:
            self._issue_notices(day=today, notices=notices)
        self.invalidate_recordset()
        waiting = self.approved_count - self.error_count
        if allowance is None or waiting <= 0:
            return True
        self._issue_in_background()
        return self._tell(
            self.env._(
                "%(issued)s issued, %(waiting)s wait for the next working day: the "
                "go-live limit is %(limit)s notices a day.",
                issued=self.issued_count - before,
                waiting=waiting,
                limit=self.company_id.dunning_daily_limit,
            ),
            kind="warning",
        )

    def _issue_in_background(self):
        self.write({"issue_requested": True, "issue_requested_by_id": self.env.uid})
        self.env.ref("account_dunning.ir_cron_issue").sudo()._trigger()

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

    def _issue_notices(self, limit=None, day=None, notices=None):
        """Issue approved notices, at most ``limit`` of them, and not more than the
        company's daily limit leaves.

        :param day: date of the letters; defaults to the date of the run.
        :param notices: only these.
        :return: how many approved notices were looked at.
        """
        self.ensure_one()
        domain = fields.Domain("run_id", "=", self.id) & fields.Domain(
            "state", "=", "approved"
        )
        if notices:
            domain &= fields.Domain("id", "in", notices.ids)
        if limit:
            # In the background a notice that failed waits for a person; asked for by a
            # person, it gets another chance.
            domain &= fields.Domain("error", "=", False)
        allowance = self.company_id._dunning_claim_allowance()
        if allowance is None:
            approved = self.env["dunning.notice"].search(
                domain, limit=limit, order="id"
            )
        else:
            most = min(limit or allowance, allowance)
            approved = self.env["dunning.notice"].search(domain)._by_urgency()[:most]
        for start in range(0, len(approved), ISSUE_BATCH):
            batch = approved[start : start + ISSUE_BATCH]
            batch.with_company(self.company_id)._issue(day or self.date)
        self._trouble_over()
        return len(approved)

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
        for run in self:
            if run.issue_requested_by_id or run.company_id.dunning_auto_send:
                continue
            by_machine = run.notice_ids.filtered(
                lambda n: n.state == "approved" and n.approved_by_id.id == SUPERUSER_ID
            )
            by_machine._unapprove()
            run.issue_requested = False
            run._update_state()

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_issue(self):
        """Issue, batch by batch, what somebody or an automatic policy asked for."""
        cron = self.env["ir.cron"]
        requested = fields.Domain("issue_requested", "=", True)
        self.search(requested)._stop_machine()
        runs = self.search(requested, order="date, id")
        cron._commit_progress(remaining=sum(run._issuable_now() for run in runs))
        for run in runs:
            while True:
                locked = run.try_lock_for_update()
                if not locked:
                    break  # another worker is at it
                today = run.company_id._dunning_today()
                if run._waits_for_next_day(today):
                    run.issue_requested = run.approved_count > run.error_count
                    break
                # in the name of the person who asked for it
                user = run.issue_requested_by_id or self.env.user
                try:
                    done = (
                        run.with_user(user)
                        .sudo()
                        ._issue_notices(limit=ISSUE_BATCH, day=today)
                    )
                except MachineTrouble as trouble:
                    run._wait_for_machine(trouble)
                    cron._commit_progress()
                    return  # all wait; tried again the next time
                if not done:
                    run.issue_requested = False
                if not cron._commit_progress(done) and done:
                    return
                if not done:
                    break

    def _issuable_now(self):
        """How many notices of the run the machine can issue today."""
        self.ensure_one()
        if self._waits_for_next_day(self.company_id._dunning_today()):
            return 0
        waiting = self.approved_count - self.error_count
        allowance = self.company_id._dunning_allowance()
        return waiting if allowance is None else min(waiting, allowance)
