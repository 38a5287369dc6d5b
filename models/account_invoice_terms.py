from collections import defaultdict
from decimal import Decimal

from lxml import etree, html
from markupsafe import Markup

from odoo import models
from odoo.tools import format_amount, html2plaintext, is_html_empty

from ..engine import compensation
from ..engine.invoice_text import Lack, lacks

CLASS = "o_late_terms"
#: what of a profile says which law holds, and with which terms
FACTS = (
    "customer_kind",
    "late_contract",
    "late_contract_fee",
    "late_contract_law",
    "late_contract_rate",
    "late_regime_id",
)


class AccountMove(models.Model):
    """The sentence about late payment that the law asks invoices to print.

    Put into the note when an invoice is confirmed, so that it also stands in electronic
    invoices; what is confirmed keeps its words whatever changes later. Imported before
    the credit gate, and so carried out inside of it: what is held is not touched.
    """

    _inherit = "account.move"

    def _post(self, soft=True):
        self._late_print_terms()
        return super()._post(soft)

    def _late_print_terms(self):
        """Add to draft invoices what their customers' regimes ask for."""
        invoices = self.filtered(
            lambda move: (
                move.move_type == "out_invoice"
                and move.state == "draft"
                and not move.late_debit_note  # no price: what a delay cost already
                and move.company_id.root_id.sudo().late_invoice_terms
            )
        )
        if not invoices:
            return
        laws = self.env["late.regime"]._all_engine(True)
        known = self.env["late.rate.series"]._to_engine()
        # many invoices get the same note, and are written together
        notes = defaultdict(self.browse)
        texts = {}
        for company, moves in invoices.grouped(lambda m: m.company_id.root_id).items():
            debtors = moves._late_debtors(company)
            today = company.sudo()._dunning_today()
            days = moves.grouped(lambda move, day=today: move.invoice_date or day)
            for day, some in days.items():
                choose = self.env["late.regime"]._chooser(laws, day)
                for move in some:
                    facts, profile = debtors[move.commercial_partner_id]
                    key = choose(*facts)
                    sentence = False
                    if key:
                        law = laws[key]
                        if profile:
                            law = profile._late_with_terms(law, day)
                        sentence = move._late_sentence(key, law, known, day, texts)
                    note = move._late_note_with(sentence)
                    if note != (move.narration or ""):
                        notes[note] += move
        # the note changes neither lines nor sums, which core would look through again,
        # and is no change by hand
        aside = {
            "skip_invoice_sync": True,
            "check_move_validity": False,
            "skip_is_manually_modified": True,
        }
        for note, moves in notes.items():
            moves.with_context(**aside).narration = note

    def _late_debtors(self, company):
        """What the choice of a regime depends on, for each customer of the invoices.

        :return: ``{partner: (facts, profile)}``, see ``late.regime._chooser``; a
            customer without profile is judged as a new one would be.
        """
        partners = self.commercial_partner_id.sudo()
        profiles = (
            self.env["credit.profile"]
            .sudo()
            .with_context(active_test=False)
            .search_fetch(
                [("partner_id", "in", partners.ids), ("company_id", "=", company.id)],
                [*FACTS, "partner_id", "company_id"],
            )
            .grouped("partner_id")
        )
        law = company.sudo()._late_country()
        found = {}
        for partner in partners:
            profile = profiles.get(partner)
            kind = "business" if partner.is_company else "consumer"
            found[partner] = (
                profile._late_facts()
                if profile
                else (law, partner.country_id.code or "", kind, False, False),
                profile,
            )
        return found

    def _late_sentence(self, key, law, known, day, texts):
        """What the invoice must say, in the customer's language; nothing: False.

        A rate that is not published yet is named by the rule it follows from.

        :param key: id of the regime.
        :param law: the same with the contract's terms, ``engine.regime.Regime``.
        :param texts: what was found out about the terms of companies, to be kept while
            one goes through many invoices.
        """
        self.ensure_one()
        lang = self.partner_id.lang or self.env.user.lang
        if law.compensation is None and law.contract_compensation is None:
            if self.env["late.regime"].sudo().browse(key).band_ids:
                # the text promises what the contract has taken the place of
                return False
        Regime = self.env["late.regime"].with_context(lang=lang)
        asked = (self.company_id.id, key, lang, law.compensation)
        if asked not in texts:
            text = Regime._text_on_invoices(key)
            lacks = text and self.company_id.sudo()._late_own_lacks(law, text, lang)
            texts[asked] = text if lacks else False
        text = texts[asked]
        if not text:
            return False
        return text.replace("{rate}", Regime._late_print_rate(law, known, day)).replace(
            "{compensation}", self._late_print_sum(law, lang, day)
        )

    def _late_print_sum(self, law, lang, day):
        """The compensation for an invoice of this size, in the law's currency."""
        rule = law.compensation or law.contract_compensation
        if not rule:
            return "0"
        currency = self.env["late.regime"]._currency_of(rule.currency)
        total = self.amount_total
        if currency != self.currency_id:
            total = self.currency_id._convert(total, currency, self.company_id, day)
        size = Decimal(f"{total:.{currency.decimal_places}f}")
        due = compensation.allowed_compensation(law, max(size, Decimal("0.01")))
        return format_amount(self.env, float(due), currency, lang)

    def _late_note_with(self, sentence):
        """The note, ending with that sentence in place of the one from before."""
        self.ensure_one()
        note = self.narration or ""
        if CLASS in note:
            body = html.fragment_fromstring(note, create_parent="div")
            for paragraph in body.xpath(f"//p[contains(@class, '{CLASS}')]"):
                paragraph.drop_tree()
            note = Markup(body.text or "") + Markup("").join(
                Markup(etree.tostring(child, encoding="unicode", method="html"))
                for child in body
            )
        if sentence:
            if is_html_empty(note):
                note = ""
            note = Markup(note) + Markup('<p class="%s">%s</p>') % (CLASS, sentence)
        return note


class ResCompany(models.Model):
    """What the company's own terms and conditions say about late payment."""

    _inherit = "res.company"

    def _late_own_terms(self, lang):
        """The terms that core prints on each invoice, as plain text."""
        printed = (
            self.env["ir.config_parameter"]
            .sudo()
            .get_param("account.use_invoice_terms")
        )
        if not printed or self.terms_type == "html":
            return ""
        return html2plaintext(self.with_context(lang=lang).invoice_terms or "")

    def _late_own_lacks(self, law, text, lang):
        """What a regime's sentence says and the company's own terms do not.

        :param law: ``engine.regime.Regime``
        :param text: the sentence, with its places in braces.
        :return: set of ``engine.Lack``; also where there is nothing to
            compare, so that a sentence without figures is printed.
        """
        own = self._late_own_terms(lang)
        rate, amount = "{rate}" in text, "{compensation}" in text
        if not own or not (rate or amount):
            named = {Lack.RATE: rate, Lack.COMPENSATION: amount}
            return {lack for lack, one in named.items() if one} or {Lack.RATE}
        rule = law.compensation
        return lacks(
            own,
            rate=rate,
            amounts=[band.amount for band in rule.bands] if rule and amount else (),
            currency=rule.currency if rule else "EUR",
        )
