import logging

from odoo import api, models

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

    def _letter_items(self):
        return self.line_ids.filtered(lambda li: li.kind == "item")

    def _letter_moves(self):
        return self._letter_items().move_id

    def _letter_numbers(self):
        return [self.name]

    def _letter_names(self):
        return [item.name for item in self._letter_items() if item.name]

    def _letter_dues(self):
        return [
            (total["due"], total["currency"])
            for total in self._totals()
            if total["due"] > 0
        ]
