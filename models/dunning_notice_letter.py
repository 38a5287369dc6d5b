import logging

from odoo import api, models
from odoo.tools import format_date

from ..report.amount_in_words import amount_in_words

_logger = logging.getLogger(__name__)


class DunningNotice(models.Model):
    """What the letter and the e-mail of a notice need: copies, words, addresses."""

    _inherit = "dunning.notice"

    # === BUSINESS METHODS: INVOICE COPIES === #

    def _invoice_copies(self):
        """PDFs of the invoices the notice is about."""
        self.ensure_one()
        moves = self.line_ids.filtered(lambda li: li.kind == "item").move_id
        return self.env["dunning.copies"]._copies_of(moves, self)

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
