"""Formal notices in French, English, Dutch and German, under every regime shipped."""

import re

from odoo.tests import tagged

from ..report.amount_in_words import amount_in_words
from .common import TODAY
from .formal_common import LateCommon

LANGUAGES = {
    "fr_FR": ("MISE EN DEMEURE", "mettons en demeure", "Principal", "Total à régler"),
    "en_US": ("FORMAL NOTICE", "formal notice to pay", "Principal", "Total to pay"),
    "nl_NL": ("INGEBREKESTELLING", "in gebreke", "Hoofdsom", "Totaal te betalen"),
    "de_DE": ("FÖRMLICHE MAHNUNG", "mahnen", "Hauptforderung", "Gesamtbetrag"),
}
# words of the English letter that no other language may show
ENGLISH = (
    "Subject",
    "Creditor",
    "Earlier reminders",
    "Amount unpaid",
    "Counted up",
    "counted up",
    "Total to pay",
    "a day is added",
    "Amount in words",
    "Dear Sir",
    "Yours faithfully",
    "To be paid by",
    "Due date",
    "Still due",
)


@tagged("post_install", "-at_install")
class TestFormalLanguages(LateCommon):
    formal_checklist = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in LANGUAGES:
            cls.env["res.lang"]._activate_lang(code)
        wanted = [code for code in LANGUAGES if code != "en_US"]
        cls.env["ir.module.module"]._load_module_terms(
            ["account_dunning"], wanted, overwrite=True
        )
        cls.business = cls.env.ref("account_dunning.dunning_level_standard_formal")
        cls.consumer = cls.env.ref("account_dunning.dunning_level_consumer_formal")
        cls.rates = cls.env["late.rate.series"]._to_engine()

    def _formal_of(self, regime, lang):
        """A formal notice under that regime, in that language."""
        person = not (regime.for_business or regime.for_public)
        partner = self._business(f"{regime.code} {lang}", is_company=not person)
        partner.lang = lang
        profile = self._profile(partner)
        profile.write(
            {
                "customer_kind": "consumer"
                if person
                else ("public" if not regime.for_business else "business"),
                "late_regime_id": regime.id,
                "late_contract": regime.clause == "required",
                "late_contract_rate": 14 if regime.clause == "required" else 0,
                "earlier_reminders": "03/05/2026",
            }
        )
        invoice = self._euros(partner, 1234.56, late=60)
        level = self.consumer if person else self.business
        run = (
            self.env["dunning.run"]
            .sudo()
            .create({"company_id": self.company.id, "date": TODAY})
        )
        item = self._item(invoice)
        notice = (
            self.env["dunning.notice"]
            .sudo()
            .create(
                {
                    "run_id": run.id,
                    "profile_id": profile.id,
                    "company_id": self.company.id,
                    "policy_id": level.policy_id.id,
                    "level_id": level.id,
                    "date": TODAY,
                    "channel": "letter",
                    "contact_id": partner.id,
                    "lang": lang,
                    "line_ids": [
                        (
                            0,
                            0,
                            {
                                "kind": "item",
                                "move_line_id": item.id,
                                "move_id": invoice.id,
                                "name": invoice.name,
                                "invoice_date": invoice.invoice_date,
                                "date_maturity": item.date_maturity,
                                "days_late": 60,
                                "currency_id": self.euro.id,
                                "amount_original": 1234.56,
                                "residual": 1234.56,
                                "residual_company": 2469.12,
                                "escalated": True,
                            },
                        )
                    ],
                }
            )
        )
        notice._claim_late()
        return notice

    def test_every_regime_in_every_language(self):
        for regime in self.env["late.regime"].search([]):
            for lang, words in LANGUAGES.items():
                with self.subTest(regime=regime.code, lang=lang):
                    notice = self._formal_of(regime, lang)
                    # Swiss interest begins with a reminder of ours: there was none
                    runs = regime.accrual == "due" and regime.code != "FR_CONTRACT"
                    if regime.for_business and runs:
                        self.assertTrue(notice.amount_interest)
                    text = self._text(notice)
                    self._check_sums(notice)
                    for word in words[:2]:  # the demand is in capitals
                        self.assertIn(word.casefold(), text.casefold())
                    if notice.amount_interest:
                        for word in words[2:]:
                            self.assertIn(word, text)
                    self.assertNotRegex(text, r"\{\w+\}")
                    if lang != "en_US":
                        for word in ENGLISH:
                            self.assertNotIn(word, text)
                    self.assertFalse(notice._formal_gaps())

    def _check_sums(self, notice):
        for total in notice._totals():
            rows = notice._claim_summary(total)
            self.assertAlmostEqual(sum(row["amount"] for row in rows), total["total"])
            for line in total["delayed"]:
                parts = sum(float(part["amount"]) for part in line.interest_parts or [])
                self.assertAlmostEqual(parts - line.interest_settled, line.interest)

    def test_consumers_of_france_are_charged_nothing(self):
        regime = self.env["late.regime"].search([("code", "=", "FR_B2C")])
        notice = self._formal_of(regime, "fr_FR")
        text = self._text(notice)
        self.assertIn("fait courir les intérêts au taux légal", text)
        self.assertNotRegex(text, r"40,00|441-10|[Ii]ndemnité|pénalit")

    def test_email_speaks_the_language(self):
        regime = self.env["late.regime"].search([("code", "=", "BE_B2B")])
        for lang, words in LANGUAGES.items():
            with self.subTest(lang=lang):
                notice = self._formal_of(regime, lang)
                mail = notice._render_email()
                text = self._plain(re.sub(r"<[^>]+>", " ", str(mail["body_html"])))
                self.assertIn(words[0], mail["subject"])
                self.assertIn(words[3].split()[-1], text)
                if lang != "en_US":
                    for word in ENGLISH:
                        self.assertNotIn(word, text)

    def test_amount_in_words_in_each(self):
        regime = self.env["late.regime"].search([("code", "=", "FR_B2B")])
        said = {
            "fr_FR": "mille deux cents euros et cinquante centimes",
            "en_US": "one thousand, two hundred euros and fifty cents",
            "nl_NL": "duizend tweehonderd euro en vijftig cent",
            "de_DE": "eintausendzweihundert Euro und fünfzig Cent",
        }
        for lang, words in said.items():
            with self.subTest(lang=lang):
                notice = self._formal_of(regime, lang)
                self.assertEqual(notice._amount_in_words(1200.5, self.euro), words)

    def test_words_of_neighbours(self):
        cases = [
            ("nl_NL", "EUR", 1.0, "één euro"),
            ("nl_NL", "EUR", 101.0, "honderdeen euro"),
            ("nl_NL", "EUR", 1001.01, "duizend één euro en één cent"),
            ("nl_NL", "GBP", 1.5, "één pond sterling en vijftig pence"),
            ("nl_NL", "GBP", 0.01, "één penny"),
            ("nl_NL", "CHF", 2.05, "twee Zwitserse frank en vijf centime"),
            ("de_DE", "EUR", 1.01, "ein Euro und ein Cent"),
            ("de_DE", "CHF", 1.01, "ein Schweizer Franken und ein Rappen"),
            ("de_DE", "CHF", 21.0, "einundzwanzig Schweizer Franken"),
            ("de_DE", "GBP", 2.0, "zwei Pfund Sterling"),
        ]
        for lang, code, amount, words in cases:
            with self.subTest(lang=lang, currency=code, amount=amount):
                self.assertEqual(amount_in_words(amount, code, lang), words)
