import re

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import is_html_empty

from .dunning_level import CHANNELS

# Stands in an edited e-mail for the table of invoices, filled in when it is issued.
SUMMARY_TOKEN = "[[INVOICES]]"


class DunningNotice(models.Model):
    """What a person may change in a proposed notice, until it is issued."""

    _inherit = "dunning.notice"

    own_channel = fields.Selection(
        CHANNELS,
        string="Chosen channel",
        readonly=True,
        copy=False,
        help="Chosen by a person; used as long as it has an address.",
    )
    # Typed by a person: sanitized, and never rendered as a template.
    own_letter_body = fields.Html(string="Own letter text", readonly=True, copy=False)
    own_email_subject = fields.Char(string="Own subject", readonly=True, copy=False)
    own_email_body = fields.Html(string="Own e-mail text", readonly=True, copy=False)
    own_text_basis = fields.Char(
        readonly=True,
        copy=False,
        help="Level, amount and deadline the own text was written for.",
    )
    has_own_text = fields.Boolean(compute="_compute_has_own_text")

    @api.depends("own_letter_body", "own_email_subject", "own_email_body")
    def _compute_has_own_text(self):
        for notice in self:
            notice.has_own_text = bool(
                notice.own_letter_body
                or notice.own_email_subject
                or notice.own_email_body
            )

    # === ACTIONS === #

    def action_open_exclude(self):
        """Ask why, then exclude the proposed notices among these."""
        return self._open_dialogue("exclude", self.env._("Exclude from the run"))

    def action_open_level(self):
        """Ask for the lower level."""
        return self._open_dialogue("level", self.env._("Lower the level"))

    def action_open_channel(self):
        """Ask for the channel."""
        return self._open_dialogue("channel", self.env._("Change the channel"))

    def action_open_text(self):
        """Open the texts of the letter and the e-mail of this notice."""
        return self._open_dialogue("text", self.env._("Edit the text"))

    def action_drop_own_text(self):
        """Back to the policy's text."""
        self = self._as_collector()
        self._check_proposed()
        self._drop_own_text(self.env._("Back to the policy's text"))

    def _open_dialogue(self, kind, title):
        self.env["credit.profile"]._check_can_run()
        going = ("draft", "approved") if kind == "exclude" else ("draft",)
        notices = self.filtered(lambda n: n.state in going)
        if not notices:
            self._check_proposed()
            raise UserError(self.env._("Only a proposed notice can be changed."))
        wizard = self.env["dunning.notice.wizard"].create(
            {"notice_ids": [fields.Command.set(notices.ids)], "kind": kind}
        )
        view = self.env.ref(f"account_dunning.dunning_notice_wizard_view_form_{kind}")
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": wizard._name,
            "res_id": wizard.id,
            "views": [(view.id, "form")],
            "target": "new",
            "context": {"dialog_size": "large" if kind == "text" else "medium"},
        }

    # === BUSINESS METHODS === #

    def _check_proposed(self):
        """Changes are for proposals: an approval is for what was seen.

        :raises UserError: says what to do instead.
        """
        for notice in self:
            if notice.state == "approved":
                raise UserError(
                    self.env._(
                        "%(notice)s is approved already: take it back to the proposal "
                        "first.",
                        notice=notice.display_name,
                    )
                )
            if notice.state != "draft":
                raise UserError(
                    self.env._(
                        "%(notice)s: only a proposed notice can be changed.",
                        notice=notice.display_name,
                    )
                )

    def _unapprove(self):
        """Back to a proposal, with everything else as it is."""
        self.write(
            {
                "state": "draft",
                "approved_by_id": False,
                "approved_at": False,
                "issue_requested_by_id": False,
            }
        )

    def _lower_levels(self):
        """The levels of the policy a person may choose instead, the firmest last."""
        self.ensure_one()
        return self.policy_id.level_ids.filtered(
            lambda level: 0 <= level.days < self.level_id.days
        ).sorted("days")

    def _lower_to(self, level):
        """Say it more softly.

        :raises UserError: when the level is not a lower one of the policy.
        """
        self.ensure_one()
        self._check_proposed()
        if level not in self._lower_levels():
            raise UserError(
                self.env._(
                    "The level of %(notice)s cannot be lowered.",
                    notice=self.display_name,
                )
            )
        before = self.level_id.name
        self._set_level(level)
        self._message_log(
            body=self.env._(
                "Level lowered from “%(before)s” to “%(after)s”",
                before=before,
                after=level.name,
            )
        )

    def _addresses(self):
        """Where each channel reaches the customer now: ``{channel: Address}``."""
        self.ensure_one()
        facts = self.env["dunning.situation"]._fetch(self.profile_id, self.date)
        return facts[self.profile_id].addresses

    def _change_channel(self, channel):
        """Bring it through another channel, though the level would choose its own.

        :raises UserError: when the channel has no address for this customer.
        """
        self.ensure_one()
        self._check_proposed()
        addresses = self._addresses()
        labels = dict(self._fields["channel"]._description_selection(self.env))
        if channel == "email" and not self.level_id.mail_template_id:
            raise UserError(
                self.env._(
                    "Level “%(level)s” has no e-mail template: choose another channel.",
                    level=self.level_id.name,
                )
            )
        if not addresses.get(channel):
            raise UserError(
                self.env._(
                    "%(customer)s has no address for “%(channel)s”. Complete the "
                    "contact first, or choose another channel.",
                    customer=self.partner_id.display_name,
                    channel=labels[channel],
                )
            )
        before = labels.get(self.channel, "")
        self.write(
            {
                "own_channel": channel,
                "edited": True,
                "remark_fallback": False,
                **self._prepare_recipient(self.level_id, addresses, chosen=channel),
            }
        )
        self._message_log(
            body=self.env._(
                "Channel changed from %(before)s to %(after)s",
                before=before,
                after=labels[channel],
            )
        )

    # === BUSINESS METHODS: OWN TEXT === #

    def _set_own_text(self, letter_body, email_subject, email_body):
        """Keep the texts a person typed; empty ones stay the policy's."""
        self.ensure_one()
        self._check_proposed()
        self.write(
            {
                "own_letter_body": not is_html_empty(letter_body) and letter_body,
                "own_email_subject": (email_subject or "").strip() or False,
                "own_email_body": not is_html_empty(email_body) and email_body,
                "own_text_basis": self._text_basis(),
                "edited": True,
                "error": False,
            }
        )
        self._message_log(body=self.env._("The text of this notice was edited"))

    def _drop_own_text(self, why):
        """Back to the policy's text; ``why`` is said in the thread."""
        for notice in self.filtered("has_own_text"):
            notice.write(
                {
                    "own_letter_body": False,
                    "own_email_subject": False,
                    "own_email_body": False,
                    "own_text_basis": False,
                    "error": False,
                }
            )
            notice._message_log(body=why)

    def _text_basis(self):
        """What an edited text may speak of: the level, the amount, the deadline."""
        self.ensure_one()
        amount = self.currency_id.round(self.amount_due)
        return f"{self.level_id.id}|{amount:.2f}|{self.deadline_date}"

    def _holds_own_text(self):
        """Whether the text a person typed still fits the facts.

        If not, the notice goes back to the proposal with the reason: neither a wrong
        figure nor another text than the one somebody wrote leaves unseen.
        """
        self.ensure_one()
        if not self.has_own_text or self.own_text_basis == self._text_basis():
            return True
        self._unapprove()
        self.error = self.env._(
            "The level, the amount or the deadline have changed since the text of this "
            "notice was edited. Look at the text again, or go back to the policy's."
        )
        return False

    def _with_summary(self, body):
        """An edited e-mail with the table of invoices in its place."""
        self.ensure_one()
        notice = self.with_context(lang=self.lang)
        summary = notice.env["ir.qweb"]._render(
            "account_dunning.dunning_mail_summary", {"object": notice}
        )
        token = re.escape(SUMMARY_TOKEN)
        text = re.sub(
            rf"<p[^>]*>\s*{token}\s*</p>|{token}", lambda __: str(summary), str(body)
        )
        # both parts are markup: one sanitized when it was typed, one our own template
        return Markup(text)

    def _render_email(self, for_editing=False):
        """Subject, body and sender of the e-mail, in the recipient's language.

        :param for_editing: the policy's words, with a token for the table of invoices.
        :return: dict with ``subject``, ``body_html`` and ``email_from``.
        """
        self.ensure_one()
        template = self.level_id.mail_template_id.with_context(
            dunning_summary_token=for_editing and SUMMARY_TOKEN
        )
        rendered = self._render_template(template)
        if not for_editing:
            if self.own_email_subject:
                rendered["subject"] = self.own_email_subject
            if self.own_email_body:
                rendered["body_html"] = self._with_summary(self.own_email_body)
        return rendered
