from odoo import api, fields, models
from odoo.tools import format_date, formatLang
from odoo.tools.i18n import format_list

from ..engine import gate
from .credit_gated_mixin import WAITING

LEVELS = {gate.Kind.BLOCK: "block", gate.Kind.WARN: "warn"}


class CreditGatedMixin(models.AbstractModel):
    """What people see of the credit check on a document: words, figures, buttons."""

    _inherit = "credit.gated.mixin"

    credit_sentence = fields.Char(
        groups="base.group_user",
        string="Credit",
        compute="_compute_credit_sentence",
        compute_sudo=True,
        help="What the credit rules say about this document, with the figures.",
    )
    credit_advice = fields.Char(
        groups="base.group_user",
        compute="_compute_credit_actions",
        compute_sudo=True,
        help="What you can do about it.",
    )
    credit_level = fields.Selection(
        [("none", "None"), ("warn", "Warning"), ("block", "Held")],
        groups="base.group_user",
        compute="_compute_credit_sentence",
        compute_sudo=True,
    )
    credit_release_ids = fields.One2many(
        "credit.release",
        "res_id",
        groups="base.group_user",
        string="Releases",
        domain=lambda self: [("res_model", "=", self._name)],
        readonly=True,
        copy=False,
    )
    credit_release_count = fields.Integer(
        groups="base.group_user",
        compute="_compute_credit_release_count",
        compute_sudo=True,
    )
    credit_can_request = fields.Boolean(
        groups="base.group_user", compute="_compute_credit_actions", compute_sudo=True
    )
    credit_can_release = fields.Boolean(
        groups="base.group_user", compute="_compute_credit_actions", compute_sudo=True
    )
    credit_can_ask_payment = fields.Boolean(
        groups="base.group_user", compute="_compute_credit_actions", compute_sudo=True
    )

    # === COMPUTE METHODS === #

    @api.depends("credit_state", "credit_reasons")
    @api.depends_context("lang", "uid")
    def _compute_credit_sentence(self):
        """What was found when it was confirmed; before, what would be found now.

        A form asks about one document, and is told what the gate would do. Where many
        are read together, as lists and programs do, they show what is known already:
        judging each of them would cost more than reading them.
        """
        verdict = None
        if (
            len(self) == 1
            and self._credit_is_open()
            and self.credit_state in (False, "none", "warned")
        ):
            verdict = self.env["credit.gate"]._judge(self).get(self.id, gate.PASSED)
        for doc in self:
            reasons = (
                doc._credit_reasons_values(verdict) if verdict else doc.credit_reasons
            )
            if doc.credit_state in WAITING:
                doc.credit_level = "block"
            elif verdict:
                doc.credit_level = LEVELS.get(verdict.kind, "none")
            else:
                doc.credit_level = "none"
            doc.credit_sentence = doc._credit_words(reasons or [], doc.company_id)

    @api.depends("credit_state")
    @api.depends_context("uid", "lang")
    def _compute_credit_actions(self):
        """What this user may do about it, as buttons and in words."""
        for doc in self:
            waiting = doc.credit_state in WAITING and doc._credit_is_open()
            request = doc._credit_pending_release() if waiting else None
            releaser = waiting and self.env.user in doc._credit_deciders(request)
            doc.credit_can_request = doc.credit_state == "held" and waiting
            doc.credit_can_release = releaser
            doc.credit_can_ask_payment = waiting and bool(doc._credit_cure_items())
            doc.credit_advice = doc._credit_advise(request) if waiting else False

    def _compute_credit_release_count(self):
        counts = dict(
            self.env["credit.release"]._read_group(
                [("res_model", "=", self._name), ("res_id", "in", self.ids)],
                ["res_id"],
                ["__count"],
            )
        )
        for doc in self:
            doc.credit_release_count = counts.get(doc.id, 0)

    # === WORDS === #

    def _credit_reasons_values(self, verdict):
        """The reasons as they are kept: codes and figures, words come when read."""
        result = []
        for reason in verdict.reasons:
            row = {"cause": reason.cause.value, "rule": reason.rule.value}
            for name in ("amount", "free", "limit"):
                if getattr(reason, name):
                    row[name] = float(getattr(reason, name))
            for name in ("days", "percent"):
                if getattr(reason, name):
                    row[name] = getattr(reason, name)
            if reason.day:
                row["day"] = fields.Date.to_string(reason.day)
            if reason.cause is gate.Cause.LEVEL:
                row["tone"] = self._credit_profile().class_id.level_tone
            if reason.cause is gate.Cause.MANUAL:
                why = self._credit_profile().credit_hold_reason
                if why:
                    row["why"] = why
            result.append(row)
        return result

    def _credit_profile(self):
        """The credit profile of the customer who will owe it."""
        self.ensure_one()
        return self.env["credit.gate"]._profiles(
            self.env["credit.exposure"]._customer_of(self.sudo())._origin,
            self.company_id.root_id,
        )

    @api.model
    def _credit_words(self, reasons, company):
        """The reasons as one sentence with the figures, in the reader's language."""
        currency = company.sudo().root_id.currency_id
        return " · ".join(self._credit_reason_words(row, currency) for row in reasons)

    @api.model
    def _credit_reason_words(self, row, currency):

        def money(name):
            return formatLang(self.env, row.get(name, 0.0), currency_obj=currency)

        match row["cause"]:
            case "manual" if row.get("why"):
                return self.env._("Customer on credit hold: %(why)s", why=row["why"])
            case "manual":
                return self.env._("Customer on credit hold")
            case "limit" if row.get("free", 0.0) > 0:
                return self.env._(
                    "Credit limit exceeded by %(excess)s with this document (limit "
                    "%(limit)s, free %(free)s)",
                    excess=money("amount"),
                    limit=money("limit"),
                    free=money("free"),
                )
            case "limit":
                return self.env._(
                    "Credit limit exceeded by %(excess)s with this document (limit "
                    "%(limit)s, nothing free)",
                    excess=money("amount"),
                    limit=money("limit"),
                )
            case "near":
                return self.env._(
                    "%(percent)s %% of the credit limit used with this document (limit "
                    "%(limit)s, %(free)s left)",
                    percent=row.get("percent", 0),
                    limit=money("limit"),
                    free=money("free"),
                )
            case "overdue":
                return self.env._(
                    "%(amount)s overdue, the oldest item for %(days)s days",
                    amount=money("amount"),
                    days=row.get("days", 0),
                )
            case "level":
                tones = self.env["credit.risk.class"]._fields["level_tone"]
                label = dict(tones._description_selection(self.env)).get(
                    row.get("tone"), ""
                )
                return self.env._("Reminded up to “%(level)s” or further", level=label)
            case _:
                return self.env._(
                    "Credit review due since %(day)s",
                    day=format_date(self.env, row.get("day")),
                )

    def _credit_advise(self, request):
        """What the reader can do, as the end of the sentence."""
        self.ensure_one()
        if request and request.nobody_entitled:
            return self.env._(
                "Release requested by %(requester)s, but nobody may approve it: "
                "%(caretaker)s was told.",
                requester=request.requester_id.name,
                caretaker=request.asked_id.name or self.env._("an administrator"),
            )
        if request:
            return self.env._(
                "Release requested by %(requester)s, waiting for %(approver)s.",
                requester=request.requester_id.name,
                approver=request.asked_id.name or self.env._("an approver"),
            )
        ways = [self.env._("request a release")]
        deposit = self._credit_deposit()
        if deposit:
            currency = self.company_id.root_id.sudo().currency_id
            ways.append(
                self.env._(
                    "ask for a deposit of %(amount)s",
                    amount=formatLang(self.env, float(deposit), currency_obj=currency),
                )
            )
        items = self._credit_cure_items()
        if items:
            ways.append(
                self.env._("send the payment link of an invoice")
                if len(items.move_id) == 1
                else self.env._(
                    "send the payment links of %(count)s invoices",
                    count=len(items.move_id),
                )
            )
        ways = format_list(self.env, ways, style="or")
        return self.env._("You can %(ways)s.", ways=ways)

    # === ACTIONS === #

    def action_credit_request(self):
        """Open the dialogue in which a release is asked for."""
        return self._credit_open_wizard("request", self.env._("Request a release"))

    def action_credit_release(self):
        """Open the dialogue in which somebody entitled releases."""
        request = self._credit_pending_release() if len(self) == 1 else None
        if request:
            return request._get_records_action(name=self.env._("Release"))
        return self._credit_open_wizard("release", self.env._("Release"))

    def _credit_open_wizard(self, mode, name):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "credit.release.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_mode": mode,
                "default_res_model": self._name,
                "default_res_ids": self.ids,
            },
        }

    def action_credit_ask_payment(self):
        """Open the dialogue that sends the customer the links to pay."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send payment links"),
            "res_model": "credit.payment.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_res_model": self._name,
                "default_res_id": self.id,
            },
        }

    def action_view_credit_releases(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.credit_release_action"
        )
        if self.credit_release_count == 1:
            release = self.credit_release_ids
            return dict(action, res_id=release.id, views=[(False, "form")])
        return dict(
            action,
            domain=[("res_model", "=", self._name), ("res_id", "=", self.id)],
            context={},
        )

    def _credit_notification(self):
        """For who stands before the screen: what was held, why, and what to do."""
        if len(self) == 1:
            title = self.env._("Held: %(name)s", name=self.display_name)
            message = f"{self.credit_sentence}. {self.credit_advice or ''}"
        else:
            title = self.env._("%(count)s documents are held", count=len(self))
            message = self.env._(
                "They were not confirmed. See why on each of them: %(names)s",
                names=", ".join(self[:5].mapped("display_name"))
                + (" …" if len(self) > 5 else ""),
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": title,
                "message": message,
                "type": "warning",
                "sticky": True,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
