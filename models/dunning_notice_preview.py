import logging

import psycopg2
from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime, formataddr

from .credit_letter_mixin import EMAIL_LAYOUT

_logger = logging.getLogger(__name__)


class DunningNotice(models.Model):
    """The letter and the e-mail as the customer gets them.

    Of a proposal they are rendered anew each time; of an issued notice they are what
    was frozen: the PDF, and the message that was sent.
    """

    _inherit = "dunning.notice"

    preview_letter = fields.Html(
        compute="_compute_preview_letter", compute_sudo=True, sanitize=False
    )
    letter_pdf = fields.Binary(string="Letter (PDF)", related="attachment_id.datas")
    letter_is_pdf = fields.Boolean(compute="_compute_letter_is_pdf", compute_sudo=True)
    preview_has_email = fields.Boolean(
        compute="_compute_preview_email", compute_sudo=True
    )
    preview_subject = fields.Char(
        string="Subject", compute="_compute_preview_email", compute_sudo=True
    )
    preview_from = fields.Char(
        string="From", compute="_compute_preview_email", compute_sudo=True
    )
    preview_to = fields.Char(
        string="To", compute="_compute_preview_email", compute_sudo=True
    )
    preview_body = fields.Html(
        string="E-mail",
        compute="_compute_preview_email",
        compute_sudo=True,
        sanitize=False,
    )
    preview_attachments = fields.Char(
        string="Attachments", compute="_compute_preview_email", compute_sudo=True
    )
    preview_state = fields.Char(compute="_compute_preview_email", compute_sudo=True)

    # === COMPUTE METHODS === #

    def _compute_letter_is_pdf(self):
        for notice in self:
            notice.letter_is_pdf = notice.attachment_id.mimetype == "application/pdf"

    def _compute_preview_letter(self):
        # all first: what does not render is rolled back, and what was assigned with it
        letters = {notice: notice._preview_letter() for notice in self}
        for notice, letter in letters.items():
            notice.preview_letter = letter

    def _compute_preview_email(self):
        # all first: see _compute_preview_letter
        emails = {
            notice: notice._preview_email() if notice._goes_by_email() else None
            for notice in self
        }
        for notice, values in emails.items():
            notice.preview_has_email = values is not None
            for name in ("subject", "from", "to", "body", "attachments", "state"):
                notice[f"preview_{name}"] = (values or {}).get(name, False)

    # === BUSINESS METHODS === #

    def _goes_by_email(self):
        self.ensure_one()
        return self.channel == "email" or "email" in self.delivery_ids.mapped("channel")

    def _preview_letter(self):
        """The letter as HTML; ``False`` where there is a PDF to show instead."""
        self.ensure_one()
        if self.letter_is_pdf:
            return False
        if self.attachment_id:
            return self._letter_html_frozen()
        return self.id and self._letter_html()

    def _letter_html_frozen(self):
        """The letter of an issued notice where it was kept as HTML and not as PDF."""
        raw = self.attachment_id.raw or b""
        # our own letter, as it was rendered and frozen
        return Markup(raw.decode(errors="replace"))

    def _letter_html(self):
        """The letter as HTML; a text that cannot be rendered says so instead."""
        self.ensure_one()
        try:
            return self._render_letter_html()
        except Exception as error:  # a template may raise anything; it is shown
            self._raise_database_error(error)
            _logger.info("No preview of notice %s", self.id, exc_info=True)
            return self._cannot_show(error)

    def _render_letter_html(self):
        self.ensure_one()
        # forms read sizes of images, the letter needs the logo
        self = self.with_context(bin_size=False)
        with self.env.cr.savepoint():
            content, __ = self.env["ir.actions.report"]._render_qweb_html(
                "account_dunning.report_dunning_letter", self.ids
            )
        return Markup(content.decode() if isinstance(content, bytes) else content)

    def action_print(self):
        """Download the letter; a text that cannot be rendered says so before.

        :raises UserError: then, instead of the report's page of errors.
        """
        self.ensure_one()
        self.check_access("read")
        if not self.attachment_id:
            notice = self.sudo()  # sudo: as the preview
            try:
                notice._render_letter_html()
            except Exception as error:  # a template may raise anything; it is told
                self._raise_database_error(error)
                raise UserError(notice._failure_words(error)) from error
        return super().action_print()

    def _raise_database_error(self, error):
        """Let through what the request is repeated for, however it was wrapped.

        Another transaction was first, or a replica was asked to write.
        """
        while error:
            if isinstance(error, psycopg2.Error):
                raise error
            error = error.__cause__ or error.__context__

    def _cannot_show(self, error):
        return Markup("<p>%s</p><pre>%s</pre>") % (
            self.env._("This text cannot be rendered: mend it in the policy's level."),
            self._failure_cause(error),
        )

    def _preview_email(self):
        """The e-mail: the message sent, else as it would be now."""
        self.ensure_one()
        delivery = self.delivery_ids.filtered(lambda d: d.channel == "email")[:1]
        message = delivery.mail_message_id
        values = {
            "to": formataddr(
                (
                    (delivery.contact_id or self.contact_id).name or "",
                    delivery.target or self.contact_address or "",
                )
            ),
        }
        if message:
            return {
                **values,
                "subject": message.subject,
                "from": message.email_from,
                "body": self._in_email_layout(message.body),
                "attachments": ", ".join(message.attachment_ids.mapped("name")),
                "state": self.env._(
                    "As handed over on %(date)s",
                    date=format_datetime(self.env, message.date),
                ),
            }
        values["attachments"] = ", ".join(self._email_attachment_names())
        try:
            with self.env.cr.savepoint():
                rendered = self._render_email()
                body = self._in_email_layout(rendered["body_html"])
        except Exception as error:  # a template may raise anything; it is shown
            self._raise_database_error(error)
            _logger.info("No preview of the e-mail of %s", self.id, exc_info=True)
            return {**values, "body": self._cannot_show(error)}
        return {
            **values,
            "subject": rendered["subject"],
            "from": rendered["email_from"],
            "body": body,
            "state": self.issued_at
            and self.env._("As it will be handed over")
            or self.env._("As it would be sent now; the number is given at issue"),
        }

    def _title(self):
        """The subject of the letter, in its language; renders nothing."""
        self.ensure_one()
        level = self.level_id.with_context(lang=self.lang)
        return self.letter_title or level.letter_title

    def _email_heading(self):
        """What the frame of the e-mail calls it: never our own "credit profile"."""
        self.ensure_one()
        return {
            "model_description": self._title(),
            "force_record_name": self.name or self.partner_id.name,
        }

    def _in_email_layout(self, body):
        """The body inside the frame that every e-mail of ours has."""
        profile = self.profile_id.with_context(lang=self.lang)
        heading = self._email_heading()
        return profile.env["mail.render.mixin"]._render_encapsulate(
            EMAIL_LAYOUT,
            Markup(body),  # from our own template, or sanitized when it was typed
            add_context={
                "company": self.company_id,
                "lang": self.lang,
                "model_description": heading["model_description"],
                "record_name": heading["force_record_name"],
            },
            context_record=profile,
        )

    def _email_attachment_names(self):
        """Names of what the e-mail carries, without making any of it."""
        self.ensure_one()
        names = [self.attachment_id.name or f"{self._title()}.pdf"]
        if self.level_id.attach_invoices:
            items = self.line_ids.filtered(lambda li: li.kind == "item")
            invoices = items.sudo().move_id.filtered(lambda m: m.is_sale_document())
            names += [
                invoice.invoice_pdf_report_id.name
                or invoice._get_invoice_report_filename()
                for invoice in invoices
            ]
        return names
