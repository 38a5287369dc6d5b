from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_amount, format_date

from ..engine.calls import CallOutcome, next_contact

OUTCOMES = [
    ("promised", "Promises to pay"),
    ("disputed", "Disputes the claim"),
    ("no_answer", "No answer"),
    ("wrong_contact", "Wrong contact"),
    ("copy", "Asks for a copy"),
    ("other", "Other"),
]
CORRECTABLE = {"note", "next_contact_date"}


class DunningCall(models.Model):
    """One call with a customer, or one tried: what came of it, and when is the next.

    Logging it does what follows: a promise or a dispute pauses the items, copies are
    sent, call activities are done, and the next call is scheduled.
    """

    _name = "dunning.call"
    _description = "Call"
    _order = "date desc, id desc"
    _check_company_auto = True

    profile_id = fields.Many2one(
        "credit.profile",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="profile_id.company_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(related="profile_id.partner_id", string="Partner")
    user_id = fields.Many2one(
        "res.users",
        string="Caller",
        required=True,
        default=lambda self: self.env.user,
        readonly=True,
    )
    date = fields.Datetime(required=True, default=fields.Datetime.now)
    contact_id = fields.Many2one(
        "res.partner",
        string="Spoken to",
        compute="_compute_contact_id",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('commercial_partner_id', '=', partner_id)]",
    )
    contact_phone = fields.Char(related="contact_id.phone", string="Phone")
    outcome = fields.Selection(OUTCOMES, required=True)
    move_line_ids = fields.Many2many(
        "account.move.line",
        string="Items",
        domain="[('partner_id.commercial_partner_id', '=', partner_id), "
        "('account_type', '=', 'asset_receivable'), ('parent_state', '=', 'posted'), "
        "('reconciled', '=', False), ('amount_residual', '>', 0)]",
        help="What the call was about. Empty: everything that is overdue.",
    )
    promised_date = fields.Date(string="Promised for")
    promised_amount = fields.Monetary(
        string="Promised amount",
        compute="_compute_promised_amount",
        store=True,
        readonly=False,
        precompute=True,
        help="In company currency. Proposed: what is open of the items.",
    )
    next_contact_date = fields.Date(
        string="Next contact",
        compute="_compute_next_contact_date",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="A call is scheduled for that day.",
    )
    note = fields.Text()
    send_copies = fields.Boolean(
        string="Send the copies now",
        compute="_compute_send_copies",
        readonly=False,
        store=True,
        precompute=True,
        help="Sends the PDFs of the invoices when the call is logged.",
    )
    copies_to = fields.Char(string="Copies go to", compute="_compute_copies_to")
    hold_id = fields.Many2one(
        "dunning.hold",
        string="Pause",
        readonly=True,
        copy=False,
        ondelete="set null",
        help="The pause that followed from the call.",
    )
    hold_state = fields.Selection(related="hold_id.state")
    activity_id = fields.Many2one(
        "mail.activity", readonly=True, copy=False, ondelete="set null"
    )
    logged_on = fields.Date(
        readonly=True,
        copy=False,
        help="Day on which the call was logged; on that day its author may correct it.",
    )
    correctable = fields.Boolean(compute="_compute_correctable")

    _promise_dated = models.Constraint(
        "CHECK (outcome != 'promised' OR promised_date IS NOT NULL)",
        "A promise needs the day for which payment was promised.",
    )
    _promised_amount_positive = models.Constraint(
        "CHECK (promised_amount IS NULL OR promised_amount >= 0)",
        "A promised amount cannot be negative.",
    )

    # === COMPUTE METHODS === #

    @api.depends("profile_id", "date")
    def _compute_display_name(self):
        for call in self:
            day = call.date and format_date(
                self.env, fields.Datetime.context_timestamp(call, call.date).date()
            )
            name = call.profile_id.display_name
            call.display_name = f"{name} · {day}" if name and day else name

    @api.depends("profile_id")
    def _compute_contact_id(self):
        for call in self:
            contacts = call.profile_id.contact_ids
            call.contact_id = contacts.filtered("phone")[:1] or contacts[:1]

    @api.depends("outcome", "move_line_ids")
    def _compute_promised_amount(self):
        for call in self:
            if call.outcome == "promised":
                items = call._concerned()
                call.promised_amount = sum(items.mapped("amount_residual"))
            else:
                call.promised_amount = 0

    @api.depends("outcome", "promised_date")
    def _compute_next_contact_date(self):
        for call in self:
            if not call.outcome:
                call.next_contact_date = False
                continue
            company = call._company()
            call.next_contact_date = next_contact(
                CallOutcome(call.outcome),
                company._dunning_today(),
                company._dunning_is_working_day,
                promised=call.promised_date or None,
            )

    @api.depends("outcome")
    def _compute_send_copies(self):
        for call in self:
            call.send_copies = call.outcome == "copy"

    @api.depends("profile_id")
    def _compute_copies_to(self):
        for call in self:
            profile = call.profile_id
            call.copies_to = profile and profile._correspondent().email

    @api.depends_context("uid")
    @api.depends("logged_on", "user_id")
    def _compute_correctable(self):
        for call in self:
            call.correctable = not call.id or call._may_correct()

    # === CONSTRAINTS AND CRUD === #

    @api.constrains("outcome", "promised_date", "next_contact_date", "date")
    def _check_dates(self):
        now = fields.Datetime.now()
        for call in self:
            if call.date > now + timedelta(minutes=5):
                raise ValidationError(self.env._("A call cannot lie in the future."))
            called = call._company()._dunning_today(call.date)
            if call.outcome == "promised" and call.promised_date < called:
                raise ValidationError(
                    self.env._("Payment cannot be promised for a day that has passed.")
                )
            if call.next_contact_date < call._today():
                raise ValidationError(
                    self.env._("The next contact cannot lie in the past.")
                )

    @api.constrains("outcome", "move_line_ids", "profile_id")
    def _check_items(self):
        for call in self:
            strangers = call.move_line_ids.filtered(
                lambda line, call=call: (
                    line.partner_id.commercial_partner_id != call.profile_id.partner_id
                )
            )
            if strangers:
                raise ValidationError(
                    self.env._(
                        "These items do not belong to %(customer)s: %(items)s",
                        items=", ".join(strangers.mapped("display_name")),
                        customer=call.profile_id.display_name,
                    )
                )
            if call.outcome == "disputed" and not call.move_line_ids:
                raise ValidationError(
                    self.env._("Choose the items that the customer disputes.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["user_id"] = self.env.uid  # whoever logs it made it
            if vals.get("outcome", "promised") != "promised":
                vals["promised_date"] = False
        calls = super().create(vals_list)
        for call in calls:
            call.sudo().logged_on = call._today()  # sudo: see _pause
            call._follow_up()
        return calls

    def write(self, vals):
        """Only notes and dates are corrected, on the same day, by the caller."""
        if not self.env.su:
            self._check_correction(vals)
        before = {call: call.next_contact_date for call in self}
        result = super().write(vals)
        for call, day in before.items():
            if call.next_contact_date != day:
                call.activity_id.date_deadline = call.next_contact_date
                call._set_last_call()
        return result

    def unlink(self):
        profiles = self.profile_id
        for call in self:
            call.profile_id._message_log(
                body=self.env._("Call deleted: %(call)s", call=call._sentence())
            )
        result = super().unlink()
        for profile in profiles:
            self._restore_last_call(profile)
        return result

    def _check_correction(self, vals):
        if set(vals) - CORRECTABLE:
            raise UserError(
                self.env._(
                    "What came of a call is not changed afterwards: log another call."
                )
            )
        if not all(call._may_correct() for call in self):
            raise AccessError(
                self.env._("A call is corrected on the same day, by who made it.")
            )

    def _may_correct(self):
        self.ensure_one()
        return self.user_id == self.env.user and self.logged_on == self._today()

    # === ACTIONS === #

    def action_end_hold(self):
        """End the pause that followed from the call."""
        self.hold_id.action_end()

    # === BUSINESS METHODS === #

    def _company(self):
        """The company whose days and working calendar count, with full rights."""
        return (self.profile_id.company_id or self.env.company.root_id).sudo()

    def _today(self):
        """The local date of the company, as for the rules."""
        return self._company()._dunning_today()

    def _concerned(self):
        """The items the call was about: those chosen, else all that are overdue."""
        self.ensure_one()
        if self.move_line_ids or not self.profile_id:
            return self.move_line_ids
        return self.profile_id._ticked()

    def _follow_up(self):
        """Do what follows from the call; all or nothing, with the call itself."""
        self.ensure_one()
        getattr(self, f"_follow_up_{self.outcome}", lambda: None)()
        self.profile_id._message_log(
            body=self.env._("Call: %(call)s", call=self._sentence())
        )
        self._schedule_next()
        self._set_last_call()
        self.profile_id._mark_read()

    def _follow_up_promised(self):
        items = self._concerned()
        if not items:
            raise UserError(
                self.env._(
                    "Nothing is overdue: choose the items for which payment was "
                    "promised."
                )
            )
        self._pause(items, "promise", self._promise_sentence(), self.promised_date)

    def _follow_up_disputed(self):
        reason = (self.note or "").strip().split("\n")[0]
        self._pause(
            self.move_line_ids,
            "dispute",
            reason or self.env._("Disputed on the phone"),
            False,
        )

    def _follow_up_wrong_contact(self):
        contact = self.contact_id.display_name or self.profile_id.display_name
        self.profile_id.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("Find the right contact"),
            note=self.env._("%(contact)s is not the right contact.", contact=contact),
            user_id=self._next_caller().id,
            date_deadline=self._today(),
        )

    def _follow_up_copy(self):
        if self.send_copies:
            self.profile_id._send_copies(self._concerned())

    def _pause(self, items, kind, reason, until):
        hold = self.env["dunning.hold"].create(
            {
                "profile_id": self.profile_id.id,
                "kind": kind,
                "move_line_ids": [fields.Command.set(items.ids)],
                "reason": reason,
                "date_from": self._today(),
                "date_to": until,
                "user_id": self.env.uid,
            }
        )
        # sudo: the caller logs the call; what follows from it is not a correction
        self.sudo().hold_id = hold

    def _schedule_next(self):
        """Finish the calls that were due, and schedule the next one.

        A reminder whose channel is the telephone reaches nobody who does not answer:
        its activity stays open for the next contact, and its level is not served yet.
        """
        today = self._today()
        call_type = self.env.ref("mail.mail_activity_data_call")
        earlier = self.search(
            [("profile_id", "=", self.profile_id.id), ("id", "!=", self.id)]
        ).activity_id
        due = self.profile_id.activity_ids.filtered(
            lambda activity: (
                activity.activity_type_id == call_type
                and (activity.date_deadline <= today or activity in earlier)
            )
        )
        kept = due.browse()
        if self.outcome in ("no_answer", "wrong_contact"):
            kept = due.filtered(lambda activity: activity._dunning_calls())
        (due - kept).action_feedback(feedback=self._sentence())
        if kept:
            kept.date_deadline = self.next_contact_date
            self._link_activity(kept[0])
            return
        self._link_activity(
            self.profile_id.activity_schedule(
                "mail.mail_activity_data_call",
                summary=self.with_context(lang=self._next_caller().lang).env._(
                    "Call back"
                ),
                note=self._sentence(),
                user_id=self._next_caller().id,
                date_deadline=self.next_contact_date,
            )
        )

    def _link_activity(self, activity):
        self.sudo().activity_id = activity  # sudo: see _pause

    def _next_caller(self):
        return self.profile_id._responsible() or self.user_id

    def _set_last_call(self):
        """The profile shows its newest call."""
        for profile in self.profile_id:
            self._restore_last_call(profile)

    @api.model
    def _restore_last_call(self, profile):
        last = self.search([("profile_id", "=", profile.id)], limit=1)
        called = last and last._company()._dunning_today(last.date)
        # sudo: what the calls left is written by the calls only
        profile.sudo().write(
            {
                "last_call_date": called,
                "last_call_outcome": last.outcome,
                "next_contact_date": last.next_contact_date,
            }
        )

    # === WORDS === #

    def _outcome_label(self):
        labels = dict(self._fields["outcome"]._description_selection(self.env))
        return labels[self.outcome]

    def _promise_sentence(self):
        day = format_date(self.env, self.promised_date)
        if not self.promised_amount:
            return self.env._("Promised for %(date)s", date=day)
        return self.env._(
            "Promised %(amount)s for %(date)s",
            amount=format_amount(self.env, self.promised_amount, self.currency_id),
            date=day,
        )

    def _summary(self):
        """What came of it, without the outcome's own word; then the note."""
        self.ensure_one()
        parts = [self.contact_id.display_name or ""]
        if self.outcome == "promised":
            parts.append(self._promise_sentence())
        parts.append(self.note or "")
        parts.append(
            self.env._(
                "Next contact %(date)s",
                date=format_date(self.env, self.next_contact_date),
            )
        )
        return " · ".join(part for part in parts if part)

    def _sentence(self):
        self.ensure_one()
        return f"{self._outcome_label()} · {self._summary()}"
