from markupsafe import Markup

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from odoo.addons.base.models.ir_qweb import QWebError

from .ir_qweb import text_limits

EMAIL_LAYOUT = "mail.mail_notification_light"


class CreditLetterMixin(models.AbstractModel):
    """What letters and e-mails to customers share: window, addresses, how to pay.

    For models with ``profile_id``, ``partner_id``, ``company_id``, ``contact_id`` (the
    recipient), ``user_id`` (whom to contact) and ``lang``. What a letter is about comes
    from the ``_letter_*`` hooks.
    """

    _name = "credit.letter.mixin"
    _description = "Letter to a Customer"

    # === HOOKS === #

    def _letter_date(self):
        """The date the letter carries."""
        self.ensure_one()
        return self.date

    def _letter_moves(self):
        """The entries the letter asks payment of."""
        return self.env["account.move"]

    def _letter_numbers(self):
        """What the customer is asked to quote, beside its number and the invoices."""
        return []

    def _letter_names(self):
        """The numbers of what the letter asks payment of."""
        return []

    def _letter_dues(self):
        """What the letter asks for: list of ``(amount, currency)``, above zero."""
        return []

    # === WHO WRITES TO WHOM === #

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

    def _place_and_date(self):
        """Where and when the letter was written, as its language puts it."""
        self.ensure_one()
        day = format_date(self.env, self._letter_date(), date_format="long")
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

    def _is_of_customer(self, contact):
        """Whether that contact may be told: one of the customer's, and not archived."""
        self.ensure_one()
        contact = contact.sudo()  # sudo: of another company than the user's, maybe
        return contact.active and contact.commercial_partner_id == self.partner_id

    # === WHAT WENT WRONG === #

    def _failure_words(self, error):
        """What people are told when it could not be issued or sent: no program's words.

        :param error: whatever was raised.
        """
        if isinstance(error, UserError) and error.__cause__ is None:
            return str(error)
        cause = self._failure_cause(error)
        if self._is_of_template(error):
            return self.env._(
                "A text or its template cannot be rendered: %(cause)s", cause=cause
            )
        return self.env._(
            "Something went wrong; ask your administrator: %(cause)s", cause=cause
        )

    @api.model
    def _failure_cause(self, error):
        """The first line of what was behind an error, however it was wrapped."""
        while error.__cause__ or (error.__context__ and not error.__suppress_context__):
            error = error.__cause__ or error.__context__
        lines = str(error).strip().splitlines()
        return lines[0] if lines else type(error).__name__

    @api.model
    def _is_of_template(self, error):
        while error:
            # mail.render.mixin wraps what a template raises in an error for users
            if isinstance(error, QWebError) or (
                isinstance(error, UserError) and error.__cause__
            ):
                return True
            error = error.__cause__
        return False

    # === HOW TO PAY === #

    def _payment_accounts(self):
        """Where to pay: the accounts the invoices name, else the company's own."""
        self.ensure_one()
        company = self.company_id.sudo()  # sudo: printed on the invoices already
        accounts = self.sudo()._letter_moves().partner_bank_id
        accounts = accounts or company.bank_ids.filtered(
            lambda bank: not bank.company_id or bank.company_id == company
        )
        return accounts[:3]

    def _payment_reference(self):
        """What the customer is asked to quote, so that the money finds its invoices."""
        self.ensure_one()
        names = self._letter_names()
        invoices = ", ".join(names) if len(names) <= 3 else ""
        parts = (*self._letter_numbers(), self.partner_id.ref, invoices)
        return " / ".join(part for part in parts if part)

    def _payment_link(self):
        """Link to pay online, where Odoo has one for what is due; else ``False``."""
        self.ensure_one()
        move = self.sudo()._letter_moves()  # sudo: making a link writes nothing
        if len(move) != 1 or not hasattr(move, "_has_to_be_paid"):
            return False
        return move._has_to_be_paid() and move._get_portal_payment_link() or False

    def _payment_qr_code(self):
        """QR code of the bank transfer as an image, if the company prints them."""
        self.ensure_one()
        if not self.company_id.sudo().qr_code:
            return False
        dues = self._letter_dues()
        accounts = self._payment_accounts()
        if len(dues) != 1 or not accounts:
            return False
        amount, currency = dues[0]
        return accounts[0].build_qr_code_base64(
            amount,
            self._payment_reference(),
            "",
            currency,
            self.partner_id.sudo(),
        )

    # === E-MAIL === #

    def _render_template(self, template):
        """A mail template of this model in ``lang``, from somebody in any case.

        :return: dict with ``subject``, ``body_html`` and ``email_from``.
        """
        self.ensure_one()
        rendered = template.with_context(
            lang=self.lang, dunning_render_limits=text_limits(1)
        )._generate_template(self.ids, ("subject", "body_html", "email_from"))[self.id]
        sender = self.user_id.partner_id or self.company_id.partner_id
        rendered["email_from"] = rendered.get("email_from") or (
            self.company_id.email_formatted or sender.email_formatted
        )
        return rendered

    def _prepare_email(self, rendered, contact, attachments):
        """Arguments of ``message_post`` on the profile: a note with one recipient.

        A note, so that followers of the profile are not mailed what is for a customer.

        :param rendered: see ``_render_template``.
        """
        self.ensure_one()
        sender = self.user_id.partner_id or self.company_id.partner_id
        return {
            "subject": rendered["subject"],
            "body": Markup(rendered["body_html"]),
            "email_from": rendered["email_from"],
            "author_id": sender.id,
            "message_type": "comment",
            "subtype_xmlid": "mail.mt_note",
            "partner_ids": contact.ids,
            "attachment_ids": attachments.ids,
            "email_layout_xmlid": EMAIL_LAYOUT,
            "mail_auto_delete": False,
            "notify_author": True,
        }
