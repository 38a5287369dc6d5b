from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.account_dunning.tests.common import TODAY, DunningCommon

CHANGE = date(2027, 1, 1)


@tagged("post_install", "-at_install")
class TestLateRegimes(DunningCommon):
    """Regimes: in plain words, changed by a new row, every change written down."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.env.ref("base.fr")
        cls.regimes = cls.env["late.regime"].with_user(cls.manager)
        cls.business = cls._regime("FR_B2B")

    @classmethod
    def _regime(cls, code):
        return cls.regimes.search([("code", "=", code)])

    def _change(self, regime, day=CHANGE):
        wizard = (
            self.env["late.regime.change"]
            .with_user(self.manager)
            .create({"regime_id": regime.id, "day": day})
        )
        return self.regimes.browse(wizard.action_confirm()["res_id"])

    # === IN WORDS === #

    def test_in_words(self):
        row = self.business
        self.assertEqual(row.confidence, "verified")
        self.assertIn("12.15 % a year", row.rate_words)
        self.assertIn("2.15 % + 10 points", row.rate_words)
        self.assertEqual(row.accrual_words, "The day after: due date")
        self.assertIn("40.00", row.compensation_words)
        self.assertIn("per invoice", row.compensation_words)
        self.assertTrue(row.in_force)
        self.assertEqual(self._regime("FR_PUBLIC").confidence, "open")

    def test_all_shipped_ones_can_be_said(self):
        for row in self.regimes.search([]):
            with self.subTest(row.code):
                self.assertTrue(row.rate_words)
                self.assertTrue(row.compensation_words)
                self.assertTrue(row.debtor_words)
                self.assertEqual(bool(row.accrual_words), row.code != "UK_B2C")

    def test_belgian_consumers_in_words(self):
        row = self._regime("BE_B2C")
        self.assertIn("14 days to pay", row.reminder_words)
        self.assertIn("the first 1 free of charge", row.reminder_words)
        self.assertIn("up to", row.compensation_words)
        self.assertIn("at most", row.compensation_words)
        self.assertIn("rounded up", row.rate_words)

    def test_missing_rate_in_words(self):
        with freeze_time("2027-01-01 12:00:00"):
            self.business.invalidate_recordset()
            self.assertTrue(self.business.rate_missing)
            self.assertIn("2027-S1", self.business.rate_words)

    def test_customers(self):
        partner = self._customer("One", country_id=self.env.ref("base.fr").id)
        self.env["credit.profile"]._for_partners(partner, self.company)
        self.business.invalidate_recordset()
        self.assertGreaterEqual(self.business.customer_count, 1)
        self.assertEqual(self._regime("IT_B2B").customer_count, 0)

    def test_a_form_that_is_half_filled_in(self):
        with Form(self.regimes) as form:
            form.name = "Mine"
            form.code = "MINE"
            form.country_id = self.env.ref("base.jp")
            form.for_business = True
            form.accrual = "wait_end"
            self.assertIn("how long to wait", form.rate_words)
            form.accrual = "due"
            self.assertIn("no interest", form.rate_words)
        self.assertEqual(form.record.code, "MINE")

    # === CHANGES === #

    def test_a_change_closes_the_old_row(self):
        new = self._change(self.business)
        self.assertEqual(self.business.valid_until, date(2026, 12, 31))
        self.assertEqual(new.valid_from, CHANGE)
        self.assertEqual(new.previous_id, self.business)
        self.assertEqual(new.code, "FR_B2B_20270101")
        self.assertFalse(new.verified)
        self.assertEqual(new.margin, 10)
        self.assertEqual(len(new.band_ids), 1)
        self.assertIn("France", new.display_name)

    def test_each_day_has_its_own_row(self):
        partner = self._customer("Own", country_id=self.env.ref("base.fr").id)
        profile = self.env["credit.profile"]._for_partners(partner, self.company)
        for own in (False, self.business):
            profile.late_regime_id = own
            new = self._change(self.business)
            new.margin = 12
            chosen = profile._late_regimes(date(2026, 12, 31))[profile.id]
            self.assertEqual(chosen, self.business.sudo())
            self.assertEqual(profile._late_regimes(CHANGE)[profile.id], new.sudo())
            law = profile._late_laws(CHANGE)[profile.id]
            self.assertEqual(law.margin, 12)
            new.action_take_back()

    def test_translations_go_along(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.business.update_field_translations(
            "text_interest", {"fr_FR": "Pénalités : {rate} %."}
        )
        new = self._change(self.business)
        self.assertEqual(
            new.with_context(lang="fr_FR").text_interest, "Pénalités : {rate} %."
        )

    def test_taken_back(self):
        new = self._change(self.business)
        new.action_take_back()
        self.assertFalse(new.exists())
        self.assertFalse(self.business.valid_until)
        with self.assertRaises(UserError):
            self.business.action_take_back()

    def test_not_taken_back_once_in_force(self):
        new = self._change(self.business)
        with freeze_time("2027-01-02 12:00:00"), self.assertRaises(UserError):
            new.action_take_back()

    def test_changed_twice(self):
        second = self._change(self.business)
        third = self._change(second, date(2028, 1, 1))
        self.assertEqual(third.code, "FR_B2B_20280101")
        self.assertEqual(second.valid_until, date(2027, 12, 31))
        with self.assertRaises(UserError):
            self._change(self.business, date(2029, 1, 1))
        with self.assertRaises(UserError):
            second.action_take_back()

    def test_days_that_cannot_be(self):
        new = self._change(self.business)
        with self.assertRaises(UserError):
            self._change(new, CHANGE)
        new.valid_until = date(2027, 6, 30)
        with self.assertRaises(UserError):
            self._change(new, date(2027, 7, 1))

    def test_the_dialogue_proposes_the_next_half_year(self):
        wizard = self.env["late.regime.change"].new({"regime_id": self.business.id})
        self.assertEqual(wizard.day, date(2026, 7, 1))
        with freeze_time("2026-11-22 12:00:00"):
            wizard = self.env["late.regime.change"].new({})
            self.assertEqual(wizard.day, CHANGE)

    def test_a_copy_has_a_code_of_its_own(self):
        first, second = self.business.copy(), self.business.copy()
        self.assertEqual(first.code, "FR_B2B_COPY")
        self.assertEqual(second.code, "FR_B2B_COPY_2")
        self.assertFalse(first.previous_id)

    def test_shipped_ones_are_archived_not_deleted(self):
        with self.assertRaises(UserError):
            self.business.unlink()
        self.business.copy().unlink()

    # === HISTORY AND RIGHTS === #

    def test_changes_are_written_down(self):
        self.business.margin = 11
        self.env.cr.flush()
        self.business.band_ids.amount = 40
        self.business.write(
            {"band_ids": [(1, self.business.band_ids.id, {"amount": 50})]}
        )
        self.flush_tracking()
        messages = self.business.message_ids
        fields = messages.tracking_value_ids.field_id.mapped("name")
        self.assertIn("margin", fields)
        self.assertTrue(any("50.00" in body for body in messages.mapped("body")))

    def test_places_in_texts(self):
        self.business.text_invoice = "At {rate} % and {compensation}."
        for wrong in ("At {taux} %.", "{balance}", "{}"):
            with self.assertRaises(ValidationError):
                self.business.text_invoice = wrong

    def test_collectors_read_only(self):
        mine = self.business.with_user(self.collector)
        self.assertTrue(mine.rate_words)
        self.assertTrue(mine.customer_count >= 0)
        with self.assertRaises(AccessError):
            mine.margin = 5
        with self.assertRaises(AccessError):
            self.env["late.regime.change"].with_user(self.collector).create(
                {"regime_id": self.business.id}
            )

    # === THE CUSTOMER'S TAB === #

    def _profile(self, name="Tab", **values):
        partner = self._customer(name, country_id=self.env.ref("base.fr").id)
        profile = self.env["credit.profile"]._for_partners(partner, self.company)
        profile.write(values)
        return profile.with_user(self.collector)

    def test_the_tab_says_whose_law(self):
        terms = self._profile().get_late_terms()
        self.assertEqual(terms["regime"]["name"], "France: businesses")
        self.assertTrue(terms["regime"]["verified"])
        self.assertFalse(terms["regime"]["own"])
        self.assertEqual(terms["warnings"], [])
        self.assertIn("12.15 %", terms["lines"][0]["words"])

    def test_the_tab_says_when_nothing_is_claimed(self):
        self.company.country_id = self.env.ref("base.jp")
        profile = self._profile()
        terms = profile.get_late_terms()
        self.assertFalse(terms["regime"])
        self.assertIn("nothing is claimed", terms["warnings"][0])

    def test_floor_of_the_contract_rate(self):
        """3 x legal interest: 7.86 in June 2026, 8.25 from July on."""
        profile = self._profile(late_contract=True, late_contract_rate=8.0)
        self.assertEqual(profile.get_late_terms()["warnings"], [])
        with freeze_time("2026-07-01 12:00:00"):
            (warning,) = profile.get_late_terms()["warnings"]
        self.assertIn("8.25 %", warning)
        profile.late_contract_rate = 7
        (warning,) = profile.get_late_terms()["warnings"]
        self.assertIn("7.86 %", warning)
        with Form(profile) as form:
            form.late_contract_rate = 9
        self.assertEqual(profile.get_late_terms()["warnings"], [])

    def test_cap_of_the_contract_rate(self):
        profile = self._profile(late_contract=True, late_contract_rate=20)
        partner = profile.partner_id.sudo()
        partner.write({"is_company": False, "country_id": self.env.ref("base.be").id})
        profile.sudo().customer_kind = "consumer"
        (warning,) = profile.get_late_terms()["warnings"]
        self.assertIn("10.50 %", warning)
        self.assertIn("above", warning)

    def test_what_changes_nothing_is_said(self):
        profile = self._profile(late_contract=True)
        self.assertIn("changes nothing", profile.get_late_terms()["warnings"][0])
        profile.sudo().write({"customer_kind": "consumer", "late_contract_rate": 12})
        self.assertIn("no room", profile.get_late_terms()["warnings"][0])
        profile.sudo().write(
            {"late_contract": False, "late_regime_id": self.business.id}
        )
        self.assertIn("does not count", profile.get_late_terms()["warnings"][0])

    def test_own_regime_is_said(self):
        profile = self._profile(late_regime_id=self._regime("DE_B2B").id)
        terms = profile.get_late_terms()
        self.assertTrue(terms["regime"]["own"])
        self.assertEqual(terms["regime"]["id"], self._regime("DE_B2B").id)

    def test_company_without_interest(self):
        self.company.late_interest = False
        (warning,) = self._profile().get_late_terms()["warnings"]
        self.assertIn("computes no interest", warning)
        self.assertEqual(self.company._dunning_today(), TODAY)
