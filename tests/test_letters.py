"""What letters and e-mails say: words, amounts, languages, addresses."""

import re
from unittest.mock import patch

from lxml import html

from odoo.tests import tagged
from odoo.tools import format_date, mute_logger

from ..models import dunning_notice_letter
from .letters_common import LettersCommon


@tagged("post_install", "-at_install")
class TestLetters(LettersCommon):
    def _page(self, notice):
        """The letter as an HTML tree."""
        content, __ = self.env["ir.actions.report"]._render_qweb_html(
            "account_dunning.report_dunning_letter", notice.ids
        )
        return html.fromstring(content)

    def _text(self, notice):
        return self._plain(" ".join(self._page(notice).xpath("//main//text()")))

    def _plain(self, text):
        # core writes "-", a no-break mark and the amount
        return re.sub(r"\s+", " ", text.replace("\N{ZERO WIDTH NO-BREAK SPACE}", ""))

    def _mail(self, notice):
        template = notice.level_id.mail_template_id.with_context(lang=notice.lang)
        return template._generate_template(notice.ids, ("subject", "body_html"))[
            notice.id
        ]

    # === AMOUNTS IN WORDS === #

    def test_amounts_in_words(self):
        french = self._customer("Terreaux", lang="fr_FR")
        notices = {
            "en": self._notice(self._level("standard_formal")),
            "fr": self._notice(self._level("standard_formal"), partner=french),
        }
        cases = [
            ("fr", "EUR", 1200.50, "mille deux cents euros et cinquante centimes"),
            ("fr", "EUR", 1200.0, "mille deux cents euros"),
            ("fr", "EUR", 1.0, "un euro"),
            ("fr", "EUR", 1.01, "un euro et un centime"),
            ("fr", "EUR", 0.01, "un centime"),
            ("fr", "EUR", 0.0, "zéro euro"),
            ("fr", "EUR", 80.0, "quatre-vingts euros"),
            ("fr", "EUR", 71.0, "soixante et onze euros"),
            ("fr", "EUR", 200000.0, "deux cent mille euros"),
            ("fr", "EUR", 1000000.0, "un million d'euros"),
            ("fr", "EUR", 2000000.0, "deux millions d'euros"),
            ("fr", "EUR", 1200000.0, "un million deux cent mille euros"),
            # 0.1 + 0.2 is 0.30000000000000004 to a machine, not to a person
            ("fr", "EUR", 0.1 + 0.2, "trente centimes"),
            ("fr", "GBP", 21.0, "vingt et une livres sterling"),
            ("fr", "USD", 1000000.0, "un million de dollars"),
            (
                "en",
                "EUR",
                1200.50,
                "one thousand, two hundred euros and fifty cents",
            ),
            ("en", "EUR", 1.0, "one euro"),
            ("en", "GBP", 2.0, "two pounds sterling"),
            # not known to num2words
            ("fr", "CHF", 2.5, "deux francs suisses et cinquante centimes"),
            ("fr", "CHF", 3000000.0, "trois millions de francs suisses"),
            ("en", "CHF", 1.01, "one Swiss franc and one centime"),
            # not known at all: Odoo's own words
            ("en", "JPY", 1200.0, "one thousand, two hundred yen"),
        ]
        for lang, code, amount, words in cases:
            with self.subTest(lang=lang, currency=code, amount=amount):
                currency = self.env.ref(f"base.{code}")
                self.assertEqual(
                    notices[lang]._amount_in_words(amount, currency), words
                )

    @mute_logger("odoo.addons.account_dunning.models.dunning_notice_letter")
    def test_amount_without_words_is_given_in_figures(self):
        notice = self._notice(self._level("standard_formal"))
        with patch.object(
            dunning_notice_letter,
            "amount_in_words",
            side_effect=OverflowError("too big"),
        ):
            words = notice._amount_in_words(5.0, self.env.ref("base.USD"))
        self.assertIn("5.00", words)

    # === THE LETTER === #

    def test_totals_equal_the_lines(self):
        usd = self.setup_other_currency("EUR", rates=[])
        notice = self._notice(
            self._level("standard_second"),
            [
                self._line("A-1", 1000.55, paid=200.0),
                self._line("A-2", 0.45),
                self._line("C-1", -150.0, kind="credit"),
                self._line("B-1", 70.0, currency=usd),
                self._line("P-1", -100.0, kind="payment", currency=usd),
            ],
        )
        first, second = notice._totals()
        self.assertEqual((first["claimed"], first["credit"]), (1001.0, 150.0))
        self.assertEqual(first["due"], 851.0)
        self.assertEqual(second["due"], -30.0)
        text = self._text(notice)
        for part in (
            "1,200.55",  # the amount
            "200.00",  # paid
            "1,000.55",
            "-150.00",
            "1,001.00",
            "851.00",
            "Balance in your favour",
            "30.00",
            "on its way",
        ):
            self.assertIn(part, text)

    def test_total_per_currency_has_its_own_table(self):
        other = self.setup_other_currency("EUR", rates=[])
        notice = self._notice(
            self._level("standard_first"),
            [self._line("A-1", 10.0), self._line("B-1", 20.0, currency=other)],
        )
        tables = self._page(notice).xpath("//table[thead]")
        self.assertEqual(len(tables), 2)
        self.assertIn("Amounts in EUR", tables[1].text_content())

    def test_letter_says_how_to_pay_and_whom_to_ask(self):
        text = self._text(self._notice(self._level("standard_first")))
        for part in ("ACC-0815-4711", "C0042", "ITEM-001", "credit contact"):
            self.assertIn(part, text)
        self.assertIn("June 23, 2026", text)  # eight days to pay

    def test_company_without_bank_account_prints_none(self):
        self.bank.unlink()
        text = self._text(self._notice(self._level("standard_first")))
        self.assertNotIn("Account number", text)
        self.assertNotIn("IBAN", text)
        self.assertIn("Payment reference", text)

    def test_courtesy_speaks_of_no_delay_and_no_deadline(self):
        notice = self._notice(
            self._level("standard_courtesy"), [self._line("A-1", 5.0, late=-5)]
        )
        notice.with_context(dunning_issuing=True).line_ids.days_late = 0
        text = self._text(notice)
        self.assertNotIn("Days late", text)
        self.assertNotIn("To be paid by", text)

    def test_only_the_formal_notice_has_words(self):
        self.assertIn(
            "one hundred and one dollars",
            self._text(self._notice(self._level("standard_formal"))),
        )
        self.assertNotIn(
            "Amount in words", self._text(self._notice(self._level("standard_final")))
        )

    def test_draft_is_marked_and_shows_what_it_would_say(self):
        notice = self._notice(self._level("standard_first"), issued=False)
        text = self._text(notice)
        self.assertIn("DRAFT", text)
        self.assertIn("Unless we are mistaken", text)
        self.assertFalse(notice.letter_title)
        notice.unlink()
        self.assertNotIn(
            "DRAFT", self._text(self._notice(self._level("standard_first")))
        )

    def test_issued_letter_keeps_its_words(self):
        level = self._level("standard_first")
        notice = self._notice(level)
        level.letter_body = "<p>Changed since.</p>"
        self.assertIn("Unless we are mistaken", self._text(notice))

    def test_every_letter_has_one_heading(self):
        one = self._notice(self._level("standard_first"))
        page = self._page(one | self._notice(self._level("standard_formal")))
        headings = page.xpath(
            "//*[self::h1 or self::h2 or self::h3][normalize-space()]"
        )
        self.assertEqual(len(headings), 2)

    def test_recipient_is_written_to_in_its_language(self):
        level = self._level("standard_first")
        level.with_context(lang="fr_FR").write(
            {
                "letter_title": "Rappel",
                "letter_body": '<p>Avant le <t t-out="format_date('
                "object.deadline_date, date_format='long')\"/>.</p>",
            }
        )
        french = self._customer("Terreaux", lang="fr_FR", city="Lyon", street="8 place")
        english = self._notice(level)
        both = english | self._notice(level, partner=french)
        self.assertEqual(both.mapped("letter_title"), ["Payment reminder", "Rappel"])
        text = self._text(both)
        self.assertIn("Avant le 23 juin 2026.", text)
        self.assertIn("26/05/2026", text)
        self.assertIn("by June 23, 2026.", text)
        self.assertIn("05/26/2026", text)

    def test_address_is_for_the_postman(self):
        branch = self.env["res.partner"].create(
            {
                "name": "Jane Doe",
                "parent_id": self.customer.id,
                "type": "invoice",
                "street": "1 Quay",
                "street2": "Floor 2",
                "zip": "BS2",
                "city": "Bristol",
                "country_id": self.env.ref("base.uk").id,
            }
        )
        notice = self._notice(self._level("standard_first"), contact_id=branch.id)
        lines = notice._recipient_lines()
        self.assertEqual(lines[:4], ["Harbour Ltd", "Jane Doe", "1 Quay", "Floor 2"])
        self.assertEqual(lines[-1], "UNITED KINGDOM")
        self.assertLessEqual(len(lines), 7)
        self.company.country_id = self.env.ref("base.uk")
        self.assertNotIn("UNITED KINGDOM", notice._recipient_lines())

    def test_window_side_follows_the_company(self):
        notice = self._notice(self._level("standard_first"))
        for position, left in (("right", "52.4%"), ("left", "11.9%")):
            self.company.dunning_address_position = position
            (address,) = self._page(notice).xpath("//div[@class='dunning_address']")
            self.assertIn(left, address.get("style"))

    # === SHIPPED POLICIES === #

    def test_shipped_policies_wait_for_a_person(self):
        for name in ("business_standard", "business_friendly", "consumer"):
            policy = self.env.ref(f"account_dunning.dunning_policy_{name}")
            self.assertTrue(policy.active)
            self.assertEqual(policy.mode, "confirm")
            self.assertEqual(policy.level_ids[-1].tone, "formal")
            self.assertEqual(policy.level_ids[-1].approval, "manager")
        standard = self.env.ref("account_dunning.dunning_policy_business_standard")
        self.assertEqual(standard.level_ids.mapped("days"), [-5, 3, 15, 30, 45])

    def test_every_shipped_level_renders(self):
        policies = self.env["dunning.policy"].browse(
            self.env.ref(f"account_dunning.dunning_policy_{name}").id
            for name in ("business_standard", "business_friendly", "consumer")
        )
        for level in policies.level_ids:
            with self.subTest(policy=level.policy_id.name, level=level.name):
                notice = self._notice(level)
                text = self._text(notice)
                mail = self._mail(notice)
                for part in (notice.name, "ITEM-001", "101.00", "ACC-0815-4711"):
                    self.assertIn(part, text)
                    self.assertIn(part, str(mail["body_html"]) + mail["subject"])
                self.assertIn("Atelier Dupont", mail["subject"])
                if level.tone != "courtesy":
                    deadline = format_date(
                        self.env, notice.deadline_date, date_format="long"
                    )
                    self.assertIn(deadline, text)
                    self.assertIn(deadline, str(mail["body_html"]))

    def test_consumers_are_threatened_with_no_cost(self):
        policy = self.env.ref("account_dunning.dunning_policy_consumer")
        for level in policy.level_ids:
            text = f"{level.letter_title} {level.letter_body} {level.letter_closing}"
            for word in ("fee", "penalt", "charge", "cost", "compensation", "advance"):
                self.assertNotIn(word, text.lower())

    def test_mail_totals_per_currency(self):
        other = self.setup_other_currency("EUR", rates=[])
        notice = self._notice(
            self._level("standard_first"),
            [
                self._line("A-1", 10.5),
                self._line("C-1", -0.5, kind="credit"),
                self._line("B-1", 20.0, currency=other),
            ],
        )
        mail = html.fromstring(str(self._mail(notice)["body_html"]))
        body = self._plain(mail.text_content())
        self.assertEqual(body.count("Balance due"), 2)
        for part in ("10.50", "-0.50", "10.00", "20.00"):
            self.assertIn(part, body)
