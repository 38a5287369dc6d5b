from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .dunning_level import CHANNELS

ZERO = Decimal(0)

# What a customer was told; never changes once issued.
FROZEN = {
    "name",
    "run_id",
    "profile_id",
    "company_id",
    "policy_id",
    "level_id",
    "date",
    "deadline_date",
    "lang",
    "channel",
    "contact_id",
    "contact_address",
    "line_ids",
    "letter_title",
    "letter_body",
    "letter_closing",
    "attachment_id",
    "pdf_sha256",
    "amount_claimed",
    "amount_credit",
    "amount_due",
    "amount_interest",
    "amount_compensation",
    "amount_total",
    "formal_number",
    "reminder_law_id",
    "reminder_currency_id",
    "reminder_compensation",
    "reminder_interest",
    "claims_barred",
    "own_channel",
    "own_letter_body",
    "own_email_subject",
    "own_email_body",
    "by_hand",
    "insisted",
    "issued_at",
    "issued_by_id",
}


class DunningNotice(models.Model):
    """One message to one customer at one level.

    A draft is part of a run's proposal and may be changed. Issuing freezes it: amounts,
    texts and the letter (PDF with its SHA-256) stay as the customer got them, and only
    then do the items carry their new level. A notice is settled when the items that
    made it necessary are paid; nothing has to be run for that.
    """

    _name = "dunning.notice"
    _description = "Dunning Notice"
    _inherit = [
        "mail.thread",
        "credit.letter.mixin",
        "dunning.collector.mixin",
        "dunning.bulk.mixin",
    ]
    _order = "date desc, id desc"
    _check_company_auto = True
    _mail_post_access = "read"  # collectors talk, the record itself is not theirs

    name = fields.Char(string="Number", readonly=True, copy=False)
    run_id = fields.Many2one(
        "dunning.run", required=True, index=True, ondelete="restrict", readonly=True
    )
    profile_id = fields.Many2one(
        "credit.profile",
        required=True,
        index=True,
        ondelete="restrict",
        readonly=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        related="profile_id.partner_id", string="Customer", store=True, index=True
    )
    user_id = fields.Many2one(
        "res.users", string="Collector", compute="_compute_user_id", compute_sudo=True
    )
    policy_id = fields.Many2one(
        "dunning.policy", required=True, ondelete="restrict", readonly=True
    )
    level_id = fields.Many2one(
        "dunning.level",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('policy_id', '=', policy_id)]",
    )
    tone = fields.Selection(related="level_id.tone")
    approval = fields.Selection(related="level_id.approval")
    proposed_level_id = fields.Many2one(
        "dunning.level", readonly=True, ondelete="restrict"
    )
    date = fields.Date(required=True, index=True, readonly=True)
    deadline_date = fields.Date(
        string="Pay until", compute="_compute_deadline_date", store=True
    )
    state = fields.Selection(
        [
            ("draft", "Proposed"),
            ("approved", "Approved"),
            ("issued", "Issued"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    edited = fields.Boolean(
        readonly=True, help="A person has changed the proposal of this notice."
    )
    cancel_reason = fields.Char(readonly=True, copy=False)
    error = fields.Text(readonly=True, copy=False)
    channel = fields.Selection(CHANNELS, readonly=True)
    contact_id = fields.Many2one(
        "res.partner", string="Recipient", readonly=True, ondelete="restrict"
    )
    contact_address = fields.Char(string="Address", readonly=True)
    lang = fields.Char(string="Language", readonly=True)
    lang_name = fields.Char(string="Language name", compute="_compute_lang_name")
    line_ids = fields.One2many("dunning.notice.line", "notice_id")
    amount_claimed = fields.Monetary(
        string="Claimed", readonly=True, help="Company currency, before credits."
    )
    amount_credit = fields.Monetary(string="Credits", readonly=True)
    amount_due = fields.Monetary(
        string="Still due", readonly=True, help="Claimed less credits."
    )
    letter_title = fields.Char(readonly=True, copy=False)
    letter_body = fields.Html(readonly=True, copy=False, sanitize=False)
    letter_closing = fields.Html(readonly=True, copy=False, sanitize=False)
    attachment_id = fields.Many2one(
        "ir.attachment", string="Letter", readonly=True, copy=False, ondelete="restrict"
    )
    pdf_sha256 = fields.Char(string="SHA-256 of the letter", readonly=True, copy=False)
    issued_at = fields.Datetime(readonly=True, copy=False)
    issued_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    approved_at = fields.Datetime(readonly=True, copy=False)
    issue_requested_by_id = fields.Many2one(
        "res.users",
        string="Issue asked for by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Who asked for the issue in the background; the system, where the policy "
        "is automatic.",
    )
    delivery_ids = fields.One2many("dunning.delivery", "notice_id")
    delivery_state = fields.Selection(
        [
            ("pending", "Under way"),
            ("sent", "Sent"),
            ("failed", "Did not arrive"),
        ],
        compute="_compute_delivery_state",
        store=True,
    )
    settled = fields.Boolean(
        compute="_compute_settled",
        search="_search_settled",
        help="The items that made the notice necessary are paid.",
    )
    settled_on = fields.Date(string="Paid on", compute="_compute_settled")
    days_to_payment = fields.Integer(compute="_compute_settled")

    _open_profile_uniq = models.UniqueIndex(
        "(profile_id) WHERE state IN ('draft', 'approved')",
        "This customer is already in a proposal that waits for a decision.",
    )
    _name_uniq = models.UniqueIndex(
        "(company_id, name) WHERE name IS NOT NULL",
        "Two notices of a company cannot have the same number.",
    )

    # === COMPUTE METHODS === #

    @api.depends("name", "level_id", "partner_id")
    def _compute_display_name(self):
        for notice in self:
            notice.display_name = (
                notice.name or f"{notice.level_id.name} · {notice.partner_id.name}"
            )

    @api.depends("profile_id.user_id", "company_id.dunning_user_id")
    def _compute_user_id(self):
        for notice in self:
            notice.user_id = notice.profile_id._responsible()

    @api.depends("lang")
    def _compute_lang_name(self):
        names = dict(self.env["res.lang"].get_installed())
        for notice in self:
            notice.lang_name = names.get(notice.lang, notice.lang)

    @api.depends("date", "level_id.deadline_days", "reminder_law_id", "channel")
    def _compute_deadline_date(self):
        for notice in self:
            if notice.issued_at:
                continue  # frozen: an edited level does not reach issued notices
            notice.deadline_date = notice.date and self._deadline(
                notice.company_id,
                notice.date,
                notice.level_id,
                notice.reminder_law_id.id,
                notice.channel,
            )

    @api.depends("state", "delivery_ids.state")
    def _compute_delivery_state(self):
        for notice in self:
            states = set(notice.delivery_ids.mapped("state"))
            if states & {"sent", "delivered"}:
                notice.delivery_state = "sent"
            elif states & {"queued", "sending"} or (
                notice.state == "issued" and not states
            ):
                # without deliveries: its letter is being made
                notice.delivery_state = "pending"
            elif states & {"failed", "returned"}:
                notice.delivery_state = "failed"
            else:
                notice.delivery_state = False

    @api.depends("line_ids.move_line_id.reconciled")
    def _compute_settled(self):
        for notice in self:
            items = notice.line_ids.filtered("escalated")
            # sudo: whether and when it was paid, whoever may see the notice may know
            move_lines = items.sudo().move_line_id
            notice.settled = bool(
                notice.issued_at
                and move_lines
                and all(line.reconciled for line in move_lines)
            )
            partials = move_lines.matched_credit_ids if notice.settled else []
            notice.settled_on = partials and max(partials.mapped("max_date"))
            notice.days_to_payment = (
                (notice.settled_on - notice.date).days if notice.settled_on else 0
            )

    def _search_settled(self, operator, value):
        if operator != "in":
            return NotImplemented
        issued = fields.Domain("issued_at", "!=", False)
        open_items = fields.Domain("escalated", "=", True) & fields.Domain(
            "move_line_id.reconciled", "=", False
        )
        told = fields.Domain("line_ids", "any", [("escalated", "=", True)])
        settled = issued & told & fields.Domain("line_ids", "not any", open_items)
        return settled if True in value else ~settled

    # === CRUD === #

    def write(self, vals):
        if not self.env.context.get("dunning_issuing") and FROZEN & set(vals):
            self._check_not_issued()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_issued(self):
        self._check_not_issued()

    def _check_not_issued(self):
        if any(notice.issued_at for notice in self):
            raise UserError(
                self.env._(
                    "This notice was issued: what a customer was told cannot be "
                    "changed or deleted. Correct it with a new one."
                )
            )

    @api.constrains("level_id", "proposed_level_id")
    def _check_level_not_raised(self):
        for notice in self:
            if (
                notice.proposed_level_id
                and notice.level_id.days > notice.proposed_level_id.days
            ):
                raise ValidationError(
                    self.env._(
                        "The level can be lowered, not raised: “%(level)s” is the "
                        "highest that %(customer)s has reached.",
                        level=notice.proposed_level_id.name,
                        customer=notice.partner_id.display_name,
                    )
                )

    # === ACTIONS === #

    def action_exclude(self, reason=None):
        """Take a proposed notice out of the run; its items stay at their level."""
        self = self._as_collector()
        drafts = self.filtered(lambda n: n.state in ("draft", "approved"))
        if not drafts:
            raise UserError(self.env._("Only a proposed notice can be excluded."))
        reason = reason or self.env._("Excluded by %(user)s", user=self.env.user.name)
        drafts._cancel(reason)
        drafts.edited = True
        drafts._message_log_batch({notice.id: reason for notice in drafts})
        drafts.run_id._update_state()

    def action_approve(self):
        """Approve proposed notices; levels for the credit manager need one."""
        self = self._as_collector()
        drafts = self.filtered(lambda n: n.state == "draft")
        manager = self.env.user.has_group(
            "account_dunning.group_account_dunning_manager"
        )
        allowed = drafts.filtered(lambda n: manager or n.approval != "manager")
        if drafts and not allowed:
            raise UserError(
                self.env._(
                    "%(levels)s: only a credit manager may approve this level.",
                    levels=", ".join(drafts.level_id.mapped("name")),
                )
            )
        allowed.write(
            {
                "state": "approved",
                "approved_by_id": self.env.uid,
                "approved_at": fields.Datetime.now(),
            }
        )
        allowed.run_id._update_state()
        return allowed

    def action_reset(self):
        """Undo: back to the proposal as the rules made it, as long as it is not issued.

        Takes back an approval, an exclusion, a lowered level, another channel and an
        edited text. What a person ordered and somebody cancelled stays cancelled.
        """
        self = self._as_collector()
        for notice in self:
            if notice.issued_at or notice.run_id.state == "cancelled":
                raise UserError(
                    self.env._(
                        "%(notice)s cannot be taken back to the proposal any more.",
                        notice=notice.display_name,
                    )
                )
            if notice.state == "cancelled" and notice.by_hand:
                # the order set aside what spoke against it on its own day
                raise UserError(
                    self.env._(
                        "%(notice)s was ordered by a person and is cancelled: order a "
                        "new reminder on the page of the customer.",
                        notice=notice.display_name,
                    )
                )
            situation = self.env["dunning.situation"]._fetch(
                notice.profile_id, notice.date
            )
            if notice.state == "cancelled" and (
                situation[notice.profile_id].customer.in_proposal
            ):
                raise UserError(
                    self.env._(
                        "%(customer)s is in a newer proposal already.",
                        customer=notice.partner_id.display_name,
                    )
                )
            notice.write(
                {
                    "state": "draft",
                    "cancel_reason": False,
                    "approved_by_id": False,
                    "approved_at": False,
                    "issue_requested_by_id": False,
                    "error": False,
                    "edited": False,
                    "own_channel": False,
                }
            )
            notice._drop_own_text(self.env._("Back to the proposal"))
            notice._set_level(notice.proposed_level_id)
            notice.edited = False
        self.run_id._update_state()

    def action_lower_level(self):
        """Lower the message by one level of its policy, short of the first."""
        for notice in self._as_collector():
            notice._lower_to(notice._lower_levels()[-1:])

    def action_print(self):
        self.ensure_one()
        if self.attachment_id:
            return {
                "type": "ir.actions.act_url",
                "url": f"/web/content/{self.attachment_id.id}",
                "target": "new",
            }
        return self.env.ref("account_dunning.report_dunning_letter").report_action(self)

    # === BUSINESS METHODS: PROPOSAL === #

    @api.model
    def _propose_all(self, run, decided):
        """Draft notices of a run, for what the rules decided; all at once.

        :param decided: list of ``(profile, situation, outcome)``, each with a message.
        """
        prepared = [self._prepare_from_outcome(run, *facts) for facts in decided]
        notices = self._create_rows([vals for vals, __ in prepared])
        notices._create_lines(
            {
                notice.id: lines
                for notice, (__, lines) in zip(notices, prepared, strict=True)
            }
        )
        return notices

    def _create_lines(self, lines):
        """Lines of notices of one company.

        :param lines: ``{notice id: values as _prepare_lines makes them}``.
        """
        company = self.company_id.id
        return self.env["dunning.notice.line"]._create_rows(
            [
                {**line, "notice_id": notice_id, "company_id": company}
                for notice_id, mine in lines.items()
                for line in mine
            ]
        )

    @api.model
    def _prepare_from_outcome(self, run, profile, situation, outcome):
        """Values of a draft notice from what the rules decided, and of its lines."""
        message = outcome.message
        level = self.env["dunning.level"].browse(message.level.key)
        escalated = {key: step.key for key, step in outcome.escalated.items()}
        lines = self._prepare_lines(run.date, situation, message.carried, escalated)
        recipient = self._prepare_recipient(level, situation.addresses)
        law = self._prepare_law(situation, message.carried)
        return {
            "run_id": run.id,
            "profile_id": profile.id,
            "partner_id": profile.partner_id.id,
            "company_id": run.company_id.id,
            "policy_id": level.policy_id.id,
            "level_id": level.id,
            "proposed_level_id": level.id,
            "date": run.date,
            "deadline_date": self._deadline(
                run.company_id,
                run.date,
                level,
                law["reminder_law_id"],
                recipient["channel"],
            ),
            "delivery_state": False,
            "attention": False,
            **law,
            **recipient,
            **self._prepare_amounts(lines),
        }, lines

    @api.model
    def _prepare_recipient(self, level, addresses, after=None, chosen=False):
        """Channel, contact, address and language for a level.

        :param chosen: the channel a person chose; used as long as it can be.
        """
        channel = level._pick_channel(addresses, after=after)
        if addresses.get(chosen) and (chosen != "email" or level.mail_template_id):
            channel = chosen
        address = addresses.get(channel)
        contact = self.env["res.partner"].browse(address.partner_id if address else [])
        return {
            "channel": channel,
            "contact_id": contact.id,
            "contact_address": address.target if address else False,
            "lang": self._lang_of(contact),
        }

    @api.model
    def _prepare_lines(self, day, situation, carried, escalated):
        """Values of the notice lines: the items carried, then credits and payments.

        :param escalated: ``{item id: level id}``.
        """
        blank = {
            "kind": "item",
            "move_line_id": False,
            "move_id": False,
            "name": False,
            "invoice_date": False,
            "date_maturity": False,
            "days_late": 0,
            "currency_id": False,
            "amount_original": ZERO,
            "amount_paid": ZERO,
            "residual": ZERO,
            "residual_company": ZERO,
            "escalated": False,
            "level_id": False,
            "proposed_level_id": False,
            "level_before_id": False,
            "date_before": False,
            "free_reminder": False,
        }
        lines = []
        for key in carried:
            row = situation.rows[key]
            lines.append(
                {
                    **blank,
                    "move_line_id": row.id,
                    "move_id": row.move_id,
                    "name": row.name,
                    "invoice_date": row.invoice_date,
                    "date_maturity": row.due_date,
                    "days_late": max((day - row.due_date).days, 0),
                    "currency_id": row.currency_id,
                    "amount_original": row.original_currency,
                    "amount_paid": row.original_currency - row.residual_currency,
                    "residual": row.residual_currency,
                    "residual_company": row.residual,
                    "escalated": key in escalated,
                    "level_id": escalated.get(key, False),
                    "proposed_level_id": escalated.get(key, False),
                    "level_before_id": row.level_id or False,
                    "date_before": row.level_date or False,
                    "free_reminder": situation.legal.is_free_reminder(row, day),
                }
            )
        for row in situation.credits:
            if row.excluded:
                continue
            lines.append(
                {
                    **blank,
                    "kind": "credit",
                    "move_line_id": row.id,
                    "move_id": row.move_id,
                    "name": row.name,
                    "invoice_date": row.invoice_date,
                    "date_maturity": row.due_date,
                    "currency_id": row.currency_id,
                    "amount_original": row.original_currency,
                    "residual": row.residual_currency,
                    "residual_company": row.residual,
                }
            )
        for payment in situation.pending:
            lines.append(
                {
                    **blank,
                    "kind": "payment",
                    "name": payment["name"],
                    "invoice_date": payment["date"],
                    "currency_id": payment["currency_id"],
                    "amount_original": -payment["currency"],
                    "residual": -payment["currency"],
                    "residual_company": -payment["company"],
                }
            )
        return lines

    @api.model
    def _prepare_amounts(self, lines):
        """Totals in company currency; what the lines carry is rounded already."""
        claimed = sum(
            (v["residual_company"] for v in lines if v["kind"] == "item"), ZERO
        )
        credit = -sum(
            (v["residual_company"] for v in lines if v["kind"] != "item"), ZERO
        )
        return {
            "amount_claimed": claimed,
            "amount_credit": credit,
            "amount_due": claimed - credit,
        }

    def _set_level(self, level):
        """Another level for a proposal; a text edited for the old one is dropped."""
        self.ensure_one()
        recipient = self._prepare_recipient(
            level, self._addresses(), chosen=self.own_channel
        )
        if level != self.level_id:
            self._drop_own_text(
                self.env._("The edited text was dropped: it was for another level")
            )
        self.write(
            {
                "level_id": level.id,
                "edited": True,
                "remark_fallback": not self.own_channel
                and recipient["channel"] != level.channel_1,
                **recipient,
            }
        )

    def _totals(self):
        """What the letter adds up, per currency of the items and credits.

        :return: list of dicts with ``currency``, ``items``, ``credits``, ``claimed``,
            ``credit`` and ``due``; company currency first, then by
            name. A credit in a currency in which nothing is claimed is listed too: it
            is the customer's money.
        """
        self.ensure_one()
        result = []
        currencies = self.line_ids.currency_id.sorted(
            lambda c: (c != self.currency_id, c.name)
        )
        for currency in currencies:
            lines = self.line_ids.filtered(lambda li, c=currency: li.currency_id == c)
            items = lines.filtered(lambda li: li.kind == "item")
            others = lines - items
            claimed = currency.round(sum(items.mapped("residual")))
            credit = currency.round(-sum(others.mapped("residual")))
            result.append(
                {
                    "currency": currency,
                    "items": items,
                    "credits": others,
                    "claimed": claimed,
                    "credit": credit,
                    "due": currency.round(claimed - credit),
                }
            )
        return result

    def _mail_get_partner_fields(self, introspect_fields=False):
        return ["contact_id"]
