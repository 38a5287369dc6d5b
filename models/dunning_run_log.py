from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from .dunning_run_issue import ISSUE_AT_ONCE


class DunningRun(models.Model):
    """What happened to a run and when, what failed, and another try for it."""

    _inherit = "dunning.run"

    log = fields.Html(compute="_compute_log", sanitize=False)
    failed_delivery_ids = fields.One2many(
        "dunning.delivery",
        "run_id",
        string="Failed deliveries",
        domain=[("state", "in", ("failed", "returned"))],
    )

    def _compute_log(self):
        for run in self:
            rows = run._log_rows()
            run.log = self.env["ir.qweb"]._render(
                "account_dunning.dunning_run_log", {"rows": rows}
            )

    # === ACTIONS === #

    def action_open_retry(self):
        """Say what would be tried again, and ask."""
        self.ensure_one()
        deliveries, notices = self._as_collector()._retryable()
        if not deliveries and not notices:
            raise UserError(
                self.env._(
                    "Nothing of this run can be tried again: what failed was "
                    "withdrawn, reached the customer through another channel, its day "
                    "to pay by has passed, or the customer has a later notice or "
                    "proposal."
                )
            )
        wizard = self.env["dunning.run.retry"].create({"run_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Retry the failed ones"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_retry_failed(self):
        """Try again whatever of the run failed and may go again."""
        self.ensure_one()
        self = self._as_collector()
        deliveries, notices = self._retryable()
        deliveries.action_retry()
        result = [
            self.env._(
                "%(count)s deliveries are back in the queue.", count=len(deliveries)
            )
        ]
        if notices:
            result.append(self._retry_notices(notices))
        return self._tell(" ".join(result))

    # === BUSINESS METHODS === #

    def _retryable(self):
        """What failed and may be tried again.

        :return: deliveries (one per notice: its first channel) and approved notices
            that could not be issued.
        """
        self.ensure_one()
        retryable = self.failed_delivery_ids._filter_retryable().sorted("id")
        deliveries = self.env["dunning.delivery"].union(
            *(group[:1] for group in retryable.grouped("notice_id").values())
        )
        notices = self.notice_ids.filtered(lambda n: n.state == "approved" and n.error)
        return deliveries, notices

    def _retry_notices(self, notices):
        """Issue again; many of them in the background.

        :return: what came of it, in a sentence.
        """
        today = self.company_id._dunning_today()
        allowance = self.company_id._dunning_allowance()
        if len(notices) > ISSUE_AT_ONCE or (
            allowance is not None and len(notices) > allowance
        ):
            self._issue_in_background(notices)
            return self.env._(
                "%(count)s notices are being issued in the background.",
                count=len(notices),
            )
        self._issue_notices(notices, today)
        issued = notices.filtered(lambda n: n.state == "issued")
        failed = notices.filtered("error")
        return self.env._(
            "%(issued)s notices issued, %(failed)s failed again, %(cancelled)s no "
            "longer necessary.",
            issued=len(issued),
            failed=len(failed),
            cancelled=len(notices - issued - failed),
        )

    def _log_rows(self):
        """What happened, the oldest first.

        :return: list of dicts with ``when``, ``who`` and ``what``, texts in the user's
            language and time zone.
        """
        self.ensure_one()
        events = [
            (
                self.create_date,
                self.create_uid.name,
                self.env._(
                    "%(count)s notices proposed, %(customers)s customers looked at",
                    count=self.env["dunning.notice"].search_count(
                        [("run_id", "=", self.id)]
                    ),
                    customers=self.customer_count,
                ),
            ),
            *self._log_decisions(),
            *self._log_deliveries(),
        ]
        return [
            {
                "when": format_datetime(self.env, when, dt_format="short"),
                "who": who or "",
                "what": what,
            }
            for when, who, what in sorted(
                (event for event in events if event[0]), key=lambda event: event[0]
            )
        ]

    def _log_decisions(self):
        """Approvals and issues, by person and day; cancellations, by reason."""
        Notice = self.env["dunning.notice"]
        mine = fields.Domain("run_id", "=", self.id)
        for user, __, when, count in Notice._read_group(
            mine & fields.Domain("approved_at", "!=", False),
            ["approved_by_id", "approved_at:day"],
            ["approved_at:max", "__count"],
        ):
            yield when, user.sudo().name, self.env._("%(count)s approved", count=count)
        for user, __, when, count in Notice._read_group(
            mine & fields.Domain("issued_at", "!=", False),
            ["issued_by_id", "issued_at:day"],
            ["issued_at:max", "__count"],
        ):
            yield when, user.sudo().name, self.env._("%(count)s issued", count=count)
        for reason, when, count in Notice._read_group(
            mine & fields.Domain("state", "=", "cancelled"),
            ["cancel_reason"],
            ["write_date:max", "__count"],
        ):
            yield (
                when,
                "",
                self.env._(
                    "%(count)s cancelled: %(reason)s", count=count, reason=reason
                ),
            )
        for error, when, count in Notice._read_group(
            mine
            & fields.Domain("error", "!=", False)
            & fields.Domain("state", "!=", "cancelled"),
            ["error"],
            ["write_date:max", "__count"],
        ):
            yield (
                when,
                "",
                self.env._(
                    "%(count)s could not be issued: %(error)s", count=count, error=error
                ),
            )

    def _log_deliveries(self):
        """What became of the deliveries, by channel and state."""
        Delivery = self.env["dunning.delivery"]
        labels = {
            name: dict(Delivery._fields[name]._description_selection(self.env))
            for name in ("channel", "state")
        }
        for channel, state, sent, when, count in Delivery._read_group(
            [("run_id", "=", self.id)],
            ["channel", "state"],
            ["sent_at:max", "write_date:max", "__count"],
        ):
            yield (
                sent or when,
                "",
                self.env._(
                    "%(channel)s: %(count)s %(state)s",
                    channel=labels["channel"][channel],
                    count=count,
                    state=labels["state"][state].lower(),
                ),
            )
