from contextlib import closing

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.escalation import Skip
from ..models.dunning_level import PAPER


class DunningReminderWizard(models.TransientModel):
    """Send a reminder now: what it would be, and the order to send it.

    Nothing is written before the order. The order makes a run of its own, whose notice
    is approved and issued like any other; the rules are asked again each time.
    """

    _name = "dunning.reminder.wizard"
    _description = "Send a Reminder Now"

    profile_id = fields.Many2one("credit.profile", required=True, readonly=True)
    currency_id = fields.Many2one(related="profile_id.currency_id")
    move_line_ids = fields.Many2many(
        "account.move.line",
        string="Chosen items",
        readonly=True,
        help="Empty: everything that is overdue.",
    )
    of_items = fields.Boolean(
        compute="_compute_of_items",
        store=True,
        precompute=True,
        help="Whether items were chosen; also when they were deleted meanwhile.",
    )
    level_id = fields.Many2one("dunning.level", compute="_compute_verdict")
    tone = fields.Selection(related="level_id.tone")
    channel = fields.Selection(
        selection=lambda self: self.env["dunning.notice"]._fields["channel"].selection,
        compute="_compute_verdict",
    )
    contact_id = fields.Many2one(
        "res.partner", string="Recipient", compute="_compute_verdict"
    )
    contact_address = fields.Char(string="Address", compute="_compute_verdict")
    carried_ids = fields.Many2many(
        "account.move.line", string="Items", compute="_compute_verdict"
    )
    amount = fields.Monetary(
        string="Claimed",
        compute="_compute_verdict",
        help="Company currency, before credits.",
    )
    left_out = fields.Text(
        string="Left out",
        compute="_compute_verdict",
        help="Items you chose that the rules do not allow, with the reason.",
    )
    refusal = fields.Char(compute="_compute_verdict")
    waiting_notice_id = fields.Many2one(
        "dunning.notice",
        string="Waiting proposal",
        compute="_compute_verdict",
        help="Decide on it first: a customer gets one message at a time.",
    )
    against = fields.Char(compute="_compute_verdict")
    needs_manager = fields.Boolean(compute="_compute_verdict")
    confirmed = fields.Boolean(
        string="I know; send it all the same",
        help="The reason stays on the notice.",
    )
    notice_id = fields.Many2one("dunning.notice", readonly=True)

    @api.depends("move_line_ids")
    def _compute_of_items(self):
        for wizard in self:
            wizard.of_items = bool(wizard.move_line_ids)

    @api.depends("profile_id", "move_line_ids")
    def _compute_verdict(self):
        Run = self.env["dunning.run"]
        Notice = self.env["dunning.notice"]
        manager = self.env.user.has_group(
            "account_dunning.group_account_dunning_manager"
        )
        for wizard in self:
            wizard.update(dict.fromkeys(self._verdict_fields(), False))
            profile = wizard.profile_id
            profile.check_access("read")  # the facts are fetched with full rights
            if wizard._items_gone():
                wizard.refusal = wizard._items_gone()
                continue
            situation, verdict = Run._remind(
                profile, wizard.move_line_ids, wizard._today()
            )
            if isinstance(verdict, Skip):
                wizard.refusal = Run._refusal(verdict)
                wizard.waiting_notice_id = Notice.search(
                    [
                        ("profile_id", "=", profile.id),
                        ("state", "in", ("draft", "approved")),
                    ],
                    limit=1,
                )
                continue
            # sudo: policies are read by all who may be asked about them
            level = self.env["dunning.level"].browse(verdict.message.level.key)
            recipient = Notice._prepare_recipient(level.sudo(), situation.addresses)
            wizard.level_id = level
            wizard.channel = recipient["channel"]
            wizard.contact_id = recipient["contact_id"]
            wizard.contact_address = recipient["contact_address"]
            wizard.carried_ids = self.env["account.move.line"].search(
                [("id", "in", verdict.message.carried)], order="date_maturity, id"
            )
            wizard.amount = float(verdict.message.claimed)
            wizard.left_out = "\n".join(
                f"{situation.rows[key].name}: {Run._say(skip)}"
                for key, skip in verdict.left_out.items()
            )
            wizard.against = Run._against_sentence(verdict)
            wizard.needs_manager = level.approval == "manager" and not manager

    @api.model
    def _verdict_fields(self):
        return [
            name
            for name, field in self._fields.items()
            if field.compute == "_compute_verdict"
        ]

    # === ACTIONS === #

    def action_send(self):
        """Propose, approve, issue, and hand over: the reminder is on its way."""
        self.ensure_one()
        if not self.notice_id:
            limit = self._limit_reached()
            if limit:
                raise UserError(limit)
            run = self._propose()
            notice = self._own_notice(run)
            if not notice.action_approve():
                raise UserError(self.env._("The reminder could not be approved."))
            run._issue_notices(day=self._today())
            if notice.state != "issued":
                raise UserError(
                    self.env._(
                        "The reminder was not sent: %(reason)s",
                        # what used the limit up may be another order of this moment
                        reason=notice.error
                        or notice.cancel_reason
                        or self._limit_reached()
                        or "",
                    )
                )
            run.with_user(self.env.user).action_send()
        return self._tell(self._sent_sentence())

    def action_propose(self):
        """Only propose: the notice waits for approval in a run of its own."""
        self.ensure_one()
        if not self.notice_id:
            self._own_notice(self._propose())
        return self._tell(
            self.env._(
                "“%(level)s” waits for approval. Find it under Messages, or among the "
                "notices of the customer.",
                level=self.notice_id.level_id.name,
            )
        )

    def action_preview(self):
        """Show the letter as it would be; nothing of it stays but the file."""
        self.ensure_one()
        with closing(self.env.cr.savepoint()):
            # what is made for the preview is undone: no run, notice or number is used
            run = self._propose_run(confirmed=True)
            letter = run.notice_ids._render_letters()[run.notice_ids.id]
        is_pdf = letter.startswith(b"%PDF")
        attachment = self.env["ir.attachment"].create(
            {
                "name": self.env._("Preview.pdf")
                if is_pdf
                else self.env._("Preview.html"),
                "raw": letter,
                "mimetype": "application/pdf" if is_pdf else "text/html",
                "res_model": self._name,
                "res_id": self.id,
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}",
            "target": "new",
        }

    # === BUSINESS METHODS === #

    def _today(self):
        return self.profile_id.company_id._dunning_today()

    def _limit_reached(self):
        """What to say when the go-live limit leaves nothing for today; or ``False``."""
        company = self.profile_id.company_id.sudo()
        return company._dunning_allowance() == 0 and self.env._(
            "The go-live limit of %(limit)s notices a day is reached: nothing more is "
            "issued today. Choose “Only propose”, and the reminder waits for approval.",
            limit=company.dunning_daily_limit,
        )

    def _items_gone(self):
        """What to say when the items chosen were deleted meanwhile; else ``False``.

        No items at all would mean everything that is overdue.
        """
        self.ensure_one()
        return (
            self.of_items
            and not self.move_line_ids
            and self.env._(
                "The items chosen are no longer there: their invoices were deleted. "
                "Choose again."
            )
        )

    def _propose(self):
        """The run of the order, with the rights of the one who may give it."""
        return self._propose_run(confirmed=self.confirmed)

    def _propose_run(self, confirmed):
        self.profile_id._check_can_run()
        self.profile_id.check_access("read")
        if self._items_gone():
            raise UserError(self._items_gone())
        # sudo: collectors may order reminders, not write runs
        return (
            self.env["dunning.run"]
            .sudo()
            ._propose_reminder(
                self.profile_id, self.move_line_ids, self._today(), confirmed
            )
        )

    def _own_notice(self, run):
        """Remember the notice; its thread says who ordered it, and in spite of what."""
        notice = run.notice_ids
        self.notice_id = notice
        if notice.insisted:
            notice._message_log(
                body=self.env._(
                    "Ordered by %(user)s in spite of: %(reason)s",
                    user=self.env.user.name,
                    reason=notice.insisted,
                )
            )
        return notice

    def _sent_sentence(self):
        notice = self.notice_id
        if notice.channel in PAPER:
            return self.env._(
                "%(notice)s is issued. The letter waits in the print queue.",
                notice=notice.name,
            )
        if notice.channel == "call":
            return self.env._(
                "%(notice)s is issued. The call is in your activities.",
                notice=notice.name,
            )
        return self.env._(
            "%(notice)s is on its way to %(address)s.",
            notice=notice.name,
            address=notice.contact_address,
        )

    def _tell(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
