"""Late payment in a browser, in both languages: rates, formal notice, debit note."""

from datetime import date, timedelta

from odoo.fields import Command

from .tour_common import DunningTour


class LateTour(DunningTour):
    """A French company that keeps its books in euros, and a customer of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.france = cls.env.ref("base.fr")
        euro = cls.env.ref("base.EUR")
        euro.active = True
        cls.company.write(
            {
                "country_id": cls.france.id,
                "currency_id": euro.id,
                "street": "12 rue des Tanneurs",
                "zip": "69002",
                "city": "Lyon",
                "phone": "+33 4 00 00 00 00",
                "company_registry": "334175221",
                "dunning_legal_form": "SARL",
                "dunning_capital": 10000,
                "dunning_signatory_id": cls.collector.id,
                "dunning_signatory_title": "Gérante",
            }
        )
        cls.env["res.partner.bank"].create(
            {"acc_number": "ACC-4711", "partner_id": cls.company.partner_id.id}
        )
        cls.manager = cls._tour_user("tour_manager", "manager")
        cls.manager.group_ids |= cls.env.ref("account.group_account_manager")
        cls.company.dunning_user_id = cls.manager

    def _speak(self, lang):
        self.env["res.lang"]._activate_lang(lang)
        # the words of views and letters are kept in the database
        ours = self.env["ir.module.module"].search([("name", "=", "account_dunning")])
        ours._update_translations([lang])
        (self.collector | self.manager).lang = lang

    def _debtor(self):
        return self._customer(
            "Tour Debtor",
            country_id=self.france.id,
            street="8 place des Terreaux",
            zip="69001",
            city="Lyon",
            lang="fr_FR" if self.collector.lang == "fr_FR" else "en_US",
        )

    def _profile(self, partner):
        return self.env["credit.profile"]._for_partners(partner, self.company)


class TestTourRates(LateTour):
    def _half_year(self):
        """The first days of the running half-year and of the next one."""
        year, second = self.today.year, self.today.month > 6
        first = date(year, 7 if second else 1, 1)
        return first, date(year + second, 1 if second else 7, 1)

    def _path(self, lang):
        self._speak(lang)
        series = self.env["late.rate.series"].search([("code", "=", "EU_ECB")])
        this, following = self._half_year()
        series.rate_ids.filtered(lambda rate: rate.valid_from >= this).unlink()
        self.env["late.rate"].create(
            {"series_id": series.id, "valid_from": following, "rate": 3.25}
        )
        partner = self._debtor()
        invoice = self._invoice(partner, 10000, late=10)
        profile = self._profile(partner)
        run = self.env["dunning.run"]._propose_run(self.company, self.today)
        self.assertIn(series.name, run.with_user(self.manager).late_rate_warning or "")
        item = invoice.line_ids.filtered(lambda line: line.date_maturity)
        before = self.env["late.charge"]._assess(item, self.today)[item.id]
        self.assertTrue(before.missing)
        self.assertIn("+ 10 %", str(invoice.narration))

        self.start_tour(
            "/odoo/reference-rates", "account_dunning_rate_import", login="tour_manager"
        )
        rate = series.rate_ids.filtered(lambda one: one.valid_from == this)
        self.assertRecordValues(
            rate, [{"rate": 3.25, "status": "yes", "source": "Official journal"}]
        )
        self.assertFalse(series.missing)
        run.invalidate_recordset(["late_rate_warning"])
        self.assertFalse(run.late_rate_warning)
        after = self.env["late.charge"]._assess(item, self.today)[item.id]
        self.assertFalse(after.missing)
        self.assertGreater(after.accrued, 0)
        profile._refresh_late(self.today)
        self.assertGreater(profile.late_charge_ids[:1].accrued, 0)

    def test_missing_rate_in_english(self):
        self._path("en_US")

    def test_missing_rate_in_french(self):
        self._path("fr_FR")


class TestTourFormalNotice(LateTour):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.level_ids = [
            Command.clear(),
            Command.create(
                {
                    "name": "Formal notice",
                    "days": 30,
                    "tone": "formal",
                    "approval": "collector",
                    "channel_1": "registered",
                    "deadline_days": 8,
                    "deadline_from": "presentation",
                    "letter_title": "Mise en demeure - Formal notice",
                    "letter_body": "<p>We give you formal notice.</p>",
                    "letter_closing": "<p>Or we go to court.</p>",
                    "mail_template_id": cls.template.id,
                }
            ),
        ]

    def _path(self, lang):
        self._speak(lang)
        partner = self._debtor()
        self._invoice(partner, 900, late=40)
        self._refresh()
        run = self.env["dunning.run"]._propose_run(self.company, self.today)
        notice = run.notice_ids
        self.assertEqual((notice.tone, notice.channel), ("formal", "registered"))
        self.assertEqual(str(notice.formal_gaps).count("<li>"), 1, notice.formal_gaps)
        self.start_tour(
            f"/odoo/dunning-notices/{notice.id}",
            "account_dunning_formal_notice",
            login="tour_collector",
        )
        self.assertEqual(notice.state, "issued", notice.error)
        self.assertTrue(notice.formal_number)
        letter = notice.delivery_ids
        self.assertEqual((letter.channel, letter.state), ("registered", "queued"))

        letter.with_user(self.collector).action_print_letters()
        self.start_tour(
            f"/odoo/dunning-deliveries/{letter.id}",
            "account_dunning_registered_proof",
            login="tour_collector",
        )
        self.assertRecordValues(
            letter,
            [
                {
                    "state": "sent",
                    "tracking_number": "1A 123 456 7890 1",
                    "deposited_on": self.today,
                    "presented_on": self.today,
                    "outcome": "unclaimed",
                }
            ],
        )
        self.assertRecordValues(
            notice,
            [
                {
                    "received_on": self.today,
                    "interest_from": self.today + timedelta(days=1),
                    "legal_deadline": self.today + timedelta(days=8),
                }
            ],
        )

    def test_formal_notice_in_english(self):
        self._path("en_US")

    def test_formal_notice_in_french(self):
        self._path("fr_FR")


class TestTourDebitNote(LateTour):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # of its own rate, so that the figures do not depend on what is published
        cls.regime = cls.env["late.regime"].create(
            {
                "name": "Tour law",
                "code": "TOUR",
                "country_id": cls.france.id,
                "for_business": True,
                "has_fixed_rate": True,
                "fixed_rate": 10,
                "band_ids": [Command.create({"amount": 40})],
            }
        )
        cls.account = cls.env["account.account"].create(
            {
                "name": "Tour interest",
                "code": "TOUR763",
                "account_type": "income_other",
                "company_ids": [Command.set(cls.company.ids)],
            }
        )

    def _path(self, lang):
        self._speak(lang)
        partner = self._debtor()
        profile = self._profile(partner)
        profile.late_regime_id = self.regime
        self._invoice(partner, 10000, late=60)
        profile._refresh_late(self.today)
        memos = profile.late_charge_ids
        interest = memos.filtered(lambda memo: memo.kind == "interest")
        compensation = memos - interest
        self.assertAlmostEqual(interest.accrued, 164.38)

        self.start_tour(
            "/odoo/late-charges",
            "account_dunning_debit_and_waive",
            login="tour_manager",
        )
        self.env.invalidate_all()
        debit = interest.debit_ids.move_id
        self.assertRecordValues(
            debit,
            [
                {
                    "state": "posted",
                    "amount_total": 164.38,
                    "amount_tax": 0,
                    "partner_id": partner.id,
                }
            ],
        )
        self.assertEqual(debit.invoice_line_ids.account_id, self.account)
        self.assertEqual(self.company.late_interest_account_id, self.account)
        self.assertNotIn("o_late_terms", str(debit.narration))
        self.assertAlmostEqual(interest.invoiced, 164.38)
        self.assertAlmostEqual(interest.open_amount, 0)
        self.assertAlmostEqual(compensation.waived, 15)
        self.assertAlmostEqual(compensation.open_amount, 25)
        waiver = compensation.entry_ids.filtered(lambda entry: entry.kind == "waived")
        self.assertEqual((waiver.user_id, waiver.reason), (self.manager, "Goodwill"))

    def test_debit_note_in_english(self):
        self._path("en_US")

    def test_debit_note_in_french(self):
        self._path("fr_FR")
