import hashlib
import logging
from datetime import timedelta

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..engine import escalation
from ..report.amount_in_words import amount_in_words
from .dunning_level import CHANNELS

_logger = logging.getLogger(__name__)

# What a customer was told; never changes once issued.
FROZEN = {
    "name",
    "profile_id",
    "company_id",
    "policy_id",
    "level_id",
    "date",
    "deadline_date",
    "lang",
    "contact_id",
    "line_ids",
    "letter_title",
    "letter_body",
    "letter_closing",
    "attachment_id",
    "pdf_sha256",
    "amount_claimed",
    "amount_credit",
    "amount_due",
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
    _inherit = ["mail.thread"]
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
        tracking=True,
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

    @api.depends("date", "level_id.deadline_days")
    def _compute_deadline_date(self):
        for notice in self:
            if notice.issued_at:
                continue  # frozen: an edited level does not reach issued notices
            notice.deadline_date = notice.date and notice.date + timedelta(
                days=notice.level_id.deadline_days
            )

    @api.depends("state", "delivery_ids.state")
    def _compute_delivery_state(self):
        for notice in self:
            states = set(notice.delivery_ids.mapped("state"))
            if states & {"sent", "delivered"}:
                notice.delivery_state = "sent"
            elif states & {"queued", "sending"}:
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
        drafts._cancel(
            reason or self.env._("Excluded by %(user)s", user=self.env.user.name)
        )
        drafts.edited = True
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
        allowed.write({"state": "approved", "approved_by_id": self.env.uid})
        allowed.run_id._update_state()
        return allowed

    def action_reset(self):
        """Undo: back to the proposal as the rules made it, as long as it is not issued.

        Takes back an approval, an exclusion and a lowered level.
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
                    "error": False,
                    "edited": False,
                }
            )
            notice._set_level(notice.proposed_level_id)
            notice.edited = False
        self.run_id._update_state()

    def action_lower_level(self):
        """Lower the message by one level of its policy, short of the first."""
        self = self._as_collector()
        for notice in self:
            lower = notice.policy_id.level_ids.filtered(
                lambda level, notice=notice: 0 <= level.days < notice.level_id.days
            ).sorted("days")[-1:]
            if notice.state != "draft" or not lower:
                raise UserError(
                    self.env._(
                        "The level of %(notice)s cannot be lowered.",
                        notice=notice.display_name,
                    )
                )
            notice._set_level(lower)

    def action_print(self):
        self.ensure_one()
        if self.attachment_id:
            return {
                "type": "ir.actions.act_url",
                "url": f"/web/content/{self.attachment_id.id}",
                "target": "new",
            }
        return self.env.ref("account_dunning.report_dunning_letter").report_action(self)

    def _as_collector(self):
        """The records with full rights, for a collector who may see them.

        Nobody may write notices freely: see ``dunning.delivery._as_collector``.
        """
        self.env["credit.profile"]._check_can_run()
        self.check_access("read")
        return self.sudo()

    # === BUSINESS METHODS: PROPOSAL === #

    @api.model
    def _prepare_from_outcome(self, run, profile, situation, outcome):
        """Values of a draft notice from what the rules decided."""
        message = outcome.message
        level = self.env["dunning.level"].browse(message.level.key)
        escalated = {key: step.key for key, step in outcome.escalated.items()}
        lines = self._prepare_lines(run.date, situation, message.carried, escalated)
        return {
            "run_id": run.id,
            "profile_id": profile.id,
            "company_id": run.company_id.id,
            "policy_id": profile.effective_policy_id.id,
            "level_id": level.id,
            "proposed_level_id": level.id,
            "date": run.date,
            "line_ids": [fields.Command.create(line) for line in lines],
            **self._prepare_recipient(level, situation.addresses),
            **self._prepare_amounts(lines),
        }

    @api.model
    def _prepare_recipient(self, level, addresses, after=None):
        """Channel, contact, address and language for a level."""
        channel = level._pick_channel(addresses, after=after)
        address = addresses.get(channel)
        contact = self.env["res.partner"].browse(address.partner_id if address else [])
        return {
            "channel": channel,
            "contact_id": contact.id,
            "contact_address": address.target if address else False,
            "lang": self._lang_of(contact),
        }

    @api.model
    def _lang_of(self, contact):
        """The language the recipient is written to in; always an installed one."""
        contact = contact.sudo()
        installed = {code for code, __ in self.env["res.lang"].get_installed()}
        wanted = (
            contact.lang,
            contact.commercial_partner_id.lang,
            self.env.company.partner_id.lang,
        )
        return next((lang for lang in wanted if lang in installed), "en_US")

    @api.model
    def _prepare_lines(self, day, situation, carried, escalated):
        """Values of the notice lines: the items carried, then credits and payments.

        :param escalated: ``{item id: level id}``.
        """
        lines = []
        for key in carried:
            row = situation.rows[key]
            lines.append(
                {
                    "kind": "item",
                    "move_line_id": row.id,
                    "move_id": row.move_id,
                    "name": row.name,
                    "invoice_date": row.invoice_date,
                    "date_maturity": row.due_date,
                    "days_late": max((day - row.due_date).days, 0),
                    "currency_id": row.currency_id,
                    "amount_original": float(row.original_currency),
                    "amount_paid": float(row.original_currency - row.residual_currency),
                    "residual": float(row.residual_currency),
                    "residual_company": float(row.residual),
                    "escalated": key in escalated,
                    "level_id": escalated.get(key, False),
                    "level_before_id": row.level_id,
                    "date_before": row.level_date,
                }
            )
        for row in situation.credits:
            if row.excluded:
                continue
            lines.append(
                {
                    "kind": "credit",
                    "move_line_id": row.id,
                    "move_id": row.move_id,
                    "name": row.name,
                    "invoice_date": row.invoice_date,
                    "date_maturity": row.due_date,
                    "currency_id": row.currency_id,
                    "amount_original": float(row.original_currency),
                    "residual": float(row.residual_currency),
                    "residual_company": float(row.residual),
                }
            )
        for payment in situation.pending:
            lines.append(
                {
                    "kind": "payment",
                    "name": payment["name"],
                    "invoice_date": payment["date"],
                    "currency_id": payment["currency_id"],
                    "amount_original": -float(payment["currency"]),
                    "residual": -float(payment["currency"]),
                    "residual_company": -float(payment["company"]),
                }
            )
        return lines

    @api.model
    def _prepare_amounts(self, lines):
        claimed = sum(v["residual_company"] for v in lines if v["kind"] == "item")
        credit = -sum(v["residual_company"] for v in lines if v["kind"] != "item")
        currency = self.env.company.currency_id
        return {
            "amount_claimed": currency.round(claimed),
            "amount_credit": currency.round(credit),
            "amount_due": currency.round(claimed - credit),
        }

    def _set_level(self, level):
        self.ensure_one()
        situation = self.env["dunning.situation"]._fetch(self.profile_id, self.date)
        addresses = situation[self.profile_id].addresses
        self.write(
            {
                "level_id": level.id,
                "edited": True,
                **self._prepare_recipient(level, addresses),
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

    # === BUSINESS METHODS: ISSUE === #

    def _issue(self, day):
        """Issue approved notices: re-check, freeze, letter, levels, outbox.

        All or nothing per notice. A notice that cannot be issued (its template does not
        render, say) keeps its error and stays approved; the others go on.

        :param day: date of the letters; a proposal that waited is dated anew.
        :return: the notices issued.
        """
        approved = self.filtered(lambda n: n.state == "approved")
        approved.filtered(lambda n: n.date < day).date = day
        going = approved._recheck_before_issue()
        issued = going._issue_or_split()
        approved.run_id._update_state()
        return issued

    def _issue_or_split(self):
        """Issue together; when that fails, in parts, so that one cannot stop all.

        Together, because all letters of one attempt are printed by one process. The
        parts are the levels first: what does not render is mostly a level's text.
        """
        if not self:
            return self
        try:
            with self.env.cr.savepoint():
                self._issue_now()
                return self
        except (
            Exception
        ) as error:  # whatever a template may raise is reported, see below
            if len(self) > 1:
                levels = list(self.grouped("level_id").values())
                parts = levels if len(levels) > 1 else self
                return self.browse().union(*(part._issue_or_split() for part in parts))
            self._report_failure(error)
            return self.browse()

    def _report_failure(self, error):
        """Keep the error on the notice, and tell a person."""
        self.ensure_one()
        _logger.warning(
            "Notice %s for profile %s cannot be issued",
            self.id,
            self.profile_id.id,
            exc_info=True,
        )
        self.error = str(error)
        self.profile_id._notify_person(
            self.env._("A dunning notice could not be issued"), note=str(error)
        )

    def _recheck_before_issue(self):
        """Compare with today's facts; cancel what no longer holds, refresh the rest."""
        going = self.browse()
        for notice, situation, verdict in self._recheck():
            try:
                with self.env.cr.savepoint():
                    if notice._refresh_from(situation, verdict):
                        going |= notice
            except OperationalError:
                raise  # another transaction was first: tried again as a whole
            except Exception as error:  # reported; it must not stop the others
                notice._report_failure(error)
        return going

    def _refresh_from(self, situation, verdict):
        """Take over what the re-check found.

        :return: whether the notice may go; otherwise it is cancelled with the reason.
        """
        self.ensure_one()
        if isinstance(verdict, escalation.Skip):
            self._cancel(self._reason_label(verdict.reason))
            return False
        if self.profile_id.effective_policy_id != self.policy_id:
            self._cancel(self.env._("The customer has another policy meanwhile"))
            return False
        # as proposed: what the items are told at most follows when it is issued
        escalated = {
            line.move_line_id.id: line.level_id.id
            for line in self.line_ids
            if line.escalated and line.move_line_id.id in verdict.escalated
        }
        level = self.env["dunning.level"].browse(verdict.level.key)
        recipient = self._prepare_recipient(level, situation.addresses)
        if not recipient["channel"]:
            self._cancel(self._reason_label(escalation.Reason.NO_ADDRESS))
            self.profile_id._notify_person(
                self.env._("No address for a dunning notice")
            )
            return False
        lines = self._prepare_lines(self.date, situation, verdict.carried, escalated)
        self.line_ids.unlink()
        self.write(
            {
                "level_id": level.id,
                "error": False,
                "line_ids": [fields.Command.create(line) for line in lines],
                **recipient,
                **self._prepare_amounts(lines),
            }
        )
        return True

    def _recheck(self, issued=False, day=None):
        """Ask the rules whether the notices may (still) go.

        :param issued: they are issued and about to be sent.
        :param day: the day to look at; default: the date of each notice.
        :return: list of ``(notice, situation, Confirmed or Skip)``.
        """
        result = []
        for (company, today), notices in self.grouped(
            lambda n: (n.company_id, day or n.date)
        ).items():
            Situation = self.env["dunning.situation"].with_company(company)
            now = Situation._circumstances(company, today)
            situations = Situation._fetch(notices.profile_id, today)
            policies = {
                policy: policy._to_engine(company) for policy in notices.policy_id
            }
            for notice in notices:
                situation = situations[notice.profile_id]
                items = notice.line_ids.filtered(lambda li: li.kind == "item")
                verdict = escalation.recheck(
                    policies[notice.policy_id],
                    situation.customer,
                    notice.level_id._to_engine(),
                    carried=items.move_line_id.ids,
                    escalated={
                        line.move_line_id.id: line.level_id._to_engine()
                        for line in items
                        if line.escalated and line.move_line_id
                    },
                    now=now,
                    issued=issued,
                )
                result.append((notice, situation, verdict))
        return result

    def _issue_now(self):
        """Freeze texts and letters, write the levels down, fill the outbox."""
        notices = self.with_context(dunning_issuing=True)
        now = fields.Datetime.now()
        notices._cap_item_levels()
        texts = notices._render_texts()
        for notice in notices:
            notice.write(
                {
                    "name": notice._next_number(),
                    "state": "issued",
                    "issued_at": now,
                    "issued_by_id": self.env.uid,
                    "error": False,
                    **texts[notice.id],
                }
            )
        letters = notices._render_letters()
        attachments = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                [
                    notices._prepare_attachment(notice, letters[notice.id])
                    for notice in notices
                ]
            )
        )  # sudo: part of issuing, whoever may issue; reading follows the notice
        for notice, attachment in zip(notices, attachments, strict=True):
            notice.write(
                {
                    "attachment_id": attachment.id,
                    "pdf_sha256": hashlib.sha256(letters[notice.id]).hexdigest(),
                }
            )
        notices._write_levels()
        for day, group in notices.grouped("date").items():
            # sudo: collectors issue; the snapshot of the profile follows
            group.profile_id.sudo().write({"last_contact_date": day})
            group.profile_id._refresh_figures(day)
        self.env["dunning.delivery"]._queue(notices)

    def _cap_item_levels(self):
        """Items are told no firmer a level than the message that carries them.

        Nor do they fall back: told less than before, they stay where they were.
        """
        for line in self.line_ids.filtered("escalated"):
            level, before = line.notice_id.level_id, line.level_before_id
            told = min(line.level_id | level, key=lambda li: li._to_engine().firmness)
            if before and told.days < before.days:
                told = before
            if line.level_id != told:
                line.level_id = told

    def _render_texts(self):
        """Title, body and closing of each letter, in its recipient's language."""
        result = {notice.id: {} for notice in self}
        for level, notices in self.grouped("level_id").items():
            langs = {notice.id: notice.lang for notice in notices}
            for name in ("letter_body", "letter_closing"):
                for res_id, text in level._render_field(
                    name, notices.ids, res_ids_lang=langs
                ).items():
                    result[res_id][name] = text
            for notice in notices:
                result[notice.id]["letter_title"] = level.with_context(
                    lang=notice.lang
                ).letter_title
        return result

    def _render_letters(self):
        """The letters, all by one renderer process.

        :return: ``{notice id: bytes}``; PDF, or HTML where the tests render none.
        """
        report = self.env["ir.actions.report"].sudo()
        streams, kind = report._pre_render_qweb_pdf(
            "account_dunning.report_dunning_letter", res_ids=self.ids
        )
        if kind != "pdf":
            return {notice.id: streams for notice in self}
        return {notice.id: streams[notice.id]["stream"].getvalue() for notice in self}

    @api.model
    def _prepare_attachment(self, notice, content):
        is_pdf = content.startswith(b"%PDF")
        return {
            "name": f"{notice.name.replace('/', '-')}.{'pdf' if is_pdf else 'html'}",
            "raw": content,
            "mimetype": "application/pdf" if is_pdf else "text/html",
            "res_model": self._name,
            "res_id": notice.id,
            "company_id": notice.company_id.id,
        }

    def _next_number(self):
        self.ensure_one()
        return (
            self.env["ir.sequence"]
            .sudo()
            .with_company(self.company_id)
            .next_by_code("dunning.notice", sequence_date=self.date)
        )

    def _write_levels(self):
        """Items carry their new level and its date, from the moment of issue."""
        lines = self.line_ids.filtered(lambda li: li.escalated and li.move_line_id)
        self.env["account.move.line"]._set_dunning_levels(
            [(li.move_line_id.id, li.level_id.id, li.notice_id.date) for li in lines]
        )

    def _restore_levels(self):
        """Give the items back the level they had: the message reached nobody.

        Only where no later notice has moved them on.
        """
        self.env["account.move.line"].flush_model(["dunning_level_id", "dunning_date"])
        lines = self.line_ids.filtered(
            lambda li: (
                li.escalated
                and li.sudo().move_line_id.dunning_level_id == li.level_id
                and li.sudo().move_line_id.dunning_date == li.notice_id.date
            )
        )
        self.env["account.move.line"]._set_dunning_levels(
            [
                (
                    li.move_line_id.id,
                    li.level_before_id.id or None,
                    li.date_before or None,
                )
                for li in lines
            ]
        )
        self.profile_id._recompute_last_contact()
        self.profile_id._refresh_figures()

    def _cancel(self, reason):
        """Cancel with a reason; what was already issued keeps its content."""
        self.write({"state": "cancelled", "cancel_reason": reason})

    def _reason_label(self, reason):
        labels = (
            self.env["dunning.skip"]._fields["reason"]._description_selection(self.env)
        )
        return dict(labels)[reason.value]

    # === BUSINESS METHODS: AFTER ISSUE === #

    def _withdraw_overtaken(self, day):
        """Withdraw issued notices that events have overtaken before they were sent.

        Money came, an invoice was withdrawn, an item put on hold: the letter is frozen
        and would claim too much, so it is cancelled with its deliveries, the levels go
        back, and the next run proposes what is right then.

        :param day: the company's local date on which they would be sent.
        :return: the notices that were withdrawn.
        """
        withdrawn = self.browse()
        for notice, situation, verdict in self._recheck(issued=True, day=day):
            reason = notice._overtaken_reason(situation, verdict)
            if reason:
                notice.delivery_ids._cancel(reason)
                notice._cancel(reason)
                withdrawn |= notice
        withdrawn._restore_levels()
        withdrawn.run_id._update_state()
        return withdrawn

    def _overtaken_reason(self, situation, verdict):
        """Why the frozen notice would be wrong today, or ``False``."""
        self.ensure_one()
        if isinstance(verdict, escalation.Skip):
            return self._reason_label(verdict.reason)
        lines = self._prepare_lines(self.date, situation, verdict.carried, {})
        today = self.with_company(self.company_id)._prepare_amounts(lines)["amount_due"]
        if self.currency_id.compare_amounts(today, self.amount_due) < 0:
            return self.env._("Overtaken by a payment or credit")
        return False

    def _is_outdated(self):
        """Whether the customer was told something later, or the deadline has passed."""
        self.ensure_one()
        later = self.search_count(
            [
                ("profile_id", "=", self.profile_id.id),
                ("state", "=", "issued"),
                ("id", ">", self.id),
            ],
            limit=1,
        )
        today = self.company_id._dunning_today()
        return bool(later) or bool(self.deadline_date and self.deadline_date < today)

    def _on_undelivered(self):
        """No channel reached the customer: the level does not count as served."""
        self._restore_levels()
        for notice in self:
            notice.profile_id._notify_person(
                self.env._("A dunning notice reached nobody"),
                note=self.env._(
                    "%(notice)s could not be delivered. Check the addresses of the "
                    "customer, then confirm them on the credit profile.",
                    notice=notice.display_name,
                ),
            )

    # === BUSINESS METHODS: INVOICE COPIES === #

    def _invoice_copies(self):
        """PDFs of the invoices of one notice: as sent at the time, else printed now.

        A copy printed now is kept with the notice, and used again.
        """
        self.ensure_one()
        # sudo: a collector may send a copy of what the notice is about
        moves = self.line_ids.filtered(lambda li: li.kind == "item").sudo().move_id
        invoices = moves.filtered(lambda move: move.is_sale_document())
        known = invoices.invoice_pdf_report_id
        missing = invoices.filtered(lambda move: not move.invoice_pdf_report_id)
        return known | self._printed_copies(missing)

    def _printed_copies(self, invoices):
        Attachment = self.env["ir.attachment"].sudo()  # see _invoice_copies
        names = {
            invoice: invoice._get_invoice_report_filename() for invoice in invoices
        }
        copies = Attachment.search(
            [
                ("res_model", "=", self._name),
                ("res_id", "=", self.id),
                ("name", "in", list(names.values())),
            ]
        )
        done = set(copies.mapped("name"))
        todo = invoices.filtered(lambda invoice: names[invoice] not in done)
        if not todo:
            return copies
        streams, kind = (
            self.env["ir.actions.report"]
            .sudo()
            ._pre_render_qweb_pdf("account.account_invoices", res_ids=todo.ids)
        )
        return copies | Attachment.create(
            [
                {
                    "name": names[invoice],
                    "raw": streams[invoice.id]["stream"].getvalue()
                    if kind == "pdf"
                    else streams,
                    "mimetype": "application/pdf" if kind == "pdf" else "text/html",
                    "res_model": self._name,
                    "res_id": self.id,
                    "company_id": self.company_id.id,
                }
                for invoice in todo
            ]
        )

    # === TEXTS FOR LETTERS === #

    def _amount_in_words(self, amount, currency):
        """An amount in words, in the language of the notice. Never fails."""
        self.ensure_one()
        lang = self.lang or self.env.lang or "en_US"
        try:
            words = amount_in_words(
                currency.round(amount), currency.name, lang
            ) or self._amount_in_core_words(amount, currency, lang)
        except Exception:  # num2words raises whatever its languages raise
            _logger.info("No words for %s %s in %s", amount, currency.name, lang)
            words = False
        return words or currency.with_context(lang=lang).format(amount)

    @api.model
    def _amount_in_core_words(self, amount, currency, lang):
        """Words for a currency that num2words does not know in that language."""
        currency = currency.with_context(lang=lang)
        if not currency.currency_unit_label:
            return False
        text = currency.amount_to_text(amount)
        # core writes every word with a capital; German nouns keep theirs
        return text if lang.startswith("de") else text.lower()

    def _letter_texts(self):
        """Title, body and closing: frozen if issued, else as they would be."""
        self.ensure_one()
        names = ("letter_title", "letter_body", "letter_closing")
        if self.letter_title:
            return {name: self[name] for name in names}
        return self._render_texts()[self.id]

    def _place_and_date(self):
        """Where and when the letter was written, as its language puts it."""
        self.ensure_one()
        day = format_date(self.env, self.date, date_format="long")
        city = self.company_id.sudo().city
        if not city:
            return day
        return self.env._("%(city)s, %(date)s", city=city, date=day)

    def _recipient_lines(self):
        """The postal address, line by line: at most six, and the country if abroad."""
        self.ensure_one()
        contact = self.contact_id or self.partner_id
        company = self.company_id.sudo()
        names = [contact.commercial_partner_id.name, contact.name]
        country = contact.country_id
        address_format, values = contact._prepare_display_address(without_company=True)
        values["country_name"] = ""
        address = (address_format % values).split("\n")
        lines = [line.strip() for line in (*names, *address) if line and line.strip()]
        lines = list(dict.fromkeys(lines))[:6]
        if country and country != company.country_id:
            lines.append(country.name.upper())
        return lines

    def _sender_line(self):
        """The sender in one line, above the address in a left-hand window."""
        self.ensure_one()
        company = self.company_id.sudo()
        town = " ".join(part for part in (company.zip, company.city) if part)
        return " · ".join(part for part in (company.name, company.street, town) if part)

    def _letter_contact(self):
        """Whom to contact: the collector, with the company's numbers as a stopgap."""
        self.ensure_one()
        # sudo: a collector's name and numbers are made to be printed here
        person = self.sudo().user_id.partner_id
        company = self.company_id.sudo()
        return {
            "name": person.name or company.name,
            "phone": person.phone or company.phone,
            "email": person.email or company.email,
        }

    def _payment_accounts(self):
        """Where to pay: the accounts the invoices name, else the company's own."""
        self.ensure_one()
        # sudo: printed on the invoices already
        notice = self.sudo()
        items = notice.line_ids.filtered(lambda li: li.kind == "item")
        accounts = items.move_id.partner_bank_id or notice.company_id.bank_ids.filtered(
            lambda bank: not bank.company_id or bank.company_id == notice.company_id
        )
        return accounts[:3]

    def _payment_reference(self):
        """What the customer is asked to quote, so that the money finds its invoices."""
        self.ensure_one()
        items = self.line_ids.filtered(lambda li: li.kind == "item")
        numbers = [item.name for item in items if item.name]
        invoices = ", ".join(numbers) if len(numbers) <= 3 else ""
        return " / ".join(
            part for part in (self.name, self.partner_id.ref, invoices) if part
        )

    def _payment_link(self):
        """Link to pay online, where Odoo has one for what is due; else ``False``."""
        self.ensure_one()
        # sudo: making a link writes nothing that stays
        items = self.sudo().line_ids.filtered(lambda li: li.kind == "item")
        move = items.move_id
        if len(move) != 1 or not hasattr(move, "_has_to_be_paid"):
            return False
        return move._has_to_be_paid() and move._get_portal_payment_link() or False

    def _payment_qr_code(self):
        """QR code of the bank transfer as an image, if the company prints them."""
        self.ensure_one()
        totals = [total for total in self._totals() if total["due"] > 0]
        accounts = self._payment_accounts()
        if not self.company_id.sudo().qr_code or len(totals) != 1 or not accounts:
            return False
        return accounts[0].build_qr_code_base64(
            totals[0]["due"],
            self._payment_reference(),
            "",
            totals[0]["currency"],
            self.partner_id.sudo(),
        )

    def _mail_get_partner_fields(self, introspect_fields=False):
        return ["contact_id"]
