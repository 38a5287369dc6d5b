from datetime import date
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.account_dunning.tests.common import DunningCommon

MARK = "441-10"


@tagged("post_install", "-at_install")
class TestLateInvoiceTerms(DunningCommon):
    """The sentence the law asks invoices to print, and the check that it is there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.france = cls.env.ref("base.fr")
        cls.company.country_id = cls.france
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.env.ref("base.module_account_dunning")._update_translations(["fr_FR"])
        cls.business = cls.env["late.regime"].search([("code", "=", "FR_B2B")])

    def _partner(self, name="Buyer", **values):
        return self._customer(name, country_id=self.france.id, **values)

    def _note(self, partner, **values):
        move = self._invoice(partner, late=0, **values)
        return str(move.narration or "")

    def test_a_french_business(self):
        note = self._note(self._partner())
        self.assertIn("12.15 % a year", note)
        self.assertIn("40.00", note)
        self.assertIn(MARK, note)

    def test_in_the_customer_s_language(self):
        note = self._note(self._partner(lang="fr_FR"))
        self.assertIn("pénalités au taux de 12,15 %", note)
        self.assertIn("40,00&nbsp;€", note)

    def test_consumers_and_credit_notes_have_none(self):
        alice = self._partner("Alice", is_company=False)
        self.assertNotIn(MARK, self._note(alice))
        self.assertNotIn(MARK, self._note(self._partner(), move_type="out_refund"))
        self.assertNotIn(MARK, self._note(self._partner(), move_type="in_invoice"))

    def test_kind_of_the_profile_counts(self):
        alice = self._partner("Alice", is_company=False)
        profile = self.env["credit.profile"]._for_partners(alice, self.company)
        profile.customer_kind = "business"
        self.assertIn(MARK, self._note(alice))

    def test_contract_terms(self):
        partner = self._partner()
        profile = self.env["credit.profile"]._for_partners(partner, self.company)
        profile.write(
            {
                "late_contract": True,
                "late_contract_rate": 15,
                "late_contract_fee": 60,
            }
        )
        note = self._note(partner)
        self.assertIn("15.00 % a year", note)
        self.assertIn("60.00", note)
        self.assertNotIn("ECB", note)

    def test_not_what_the_contract_has_taken_the_place_of(self):
        britain = self.env.ref("base.uk")
        self.company.country_id = britain
        partner = self._customer("Joe Ltd", country_id=britain.id)
        self.assertIn("fixed sum", self._note(partner))
        profile = self.env["credit.profile"]._for_partners(partner, self.company)
        profile.write({"late_contract": True, "late_contract_rate": 5})
        self.assertNotIn("fixed sum", self._note(partner))

    def test_switched_off(self):
        self.company.late_invoice_terms = False
        self.assertNotIn(MARK, self._note(self._partner()))

    def test_behind_what_was_written(self):
        note = self._note(self._partner(), narration="<p>Thank you.</p>")
        self.assertTrue(note.startswith("<p>Thank you.</p>"), note)
        self.assertIn(MARK, note)

    def test_once_however_often_it_is_confirmed(self):
        move = self._invoice(self._partner(), late=0, narration="<p>A &amp; B</p>")
        first = str(move.narration)
        move.button_draft()
        move.action_post()
        self.assertEqual(str(move.narration), first)
        self.business.margin = 11
        self.assertEqual(str(move.narration), first)
        move.button_draft()
        move.action_post()
        self.assertEqual(str(move.narration).count(MARK), 1)
        self.assertIn("13.15 %", str(move.narration))
        self.assertIn("A &amp; B", str(move.narration))

    def test_taken_out_when_the_customer_becomes_a_consumer(self):
        partner = self._partner()
        move = self._invoice(partner, late=0, narration="<p>Thank you.</p>")
        move.button_draft()
        profile = self.env["credit.profile"]._for_partners(partner, self.company)
        profile.customer_kind = "consumer"
        move.action_post()
        self.assertEqual(str(move.narration), "<p>Thank you.</p>")

    def test_the_rate_of_the_invoice_s_day(self):
        partner = self._partner()
        move = self._invoice(partner, due=date(2025, 3, 1), late=0)
        self.assertIn("13.15 % a year", str(move.narration))

    def test_a_rate_that_is_not_published_is_not_guessed(self):
        with freeze_time("2027-01-04 12:00:00"):
            partner = self._partner(lang="fr_FR")
            move = self._invoice(
                partner, due=date(2027, 1, 4), invoice_date=date(2027, 1, 4)
            )
        note = str(move.narration)
        self.assertNotIn("12,4", note)
        self.assertIn("+ 10 %", note)
        self.assertIn("BCE majoré de 10 points", note)

    def test_own_terms_that_say_it_are_enough(self):
        self.env["ir.config_parameter"].set_param("account.use_invoice_terms", "True")
        self.company.terms_type = "plain"
        self.company.invoice_terms = "<p>Payment within 30 days.</p>"
        note = self._note(self._partner())
        self.assertIn("Payment within 30 days", note)
        self.assertIn(MARK, note)
        self.company.invoice_terms = "<p>Penalties of 15 %, compensation of 40 €.</p>"
        self.assertNotIn(MARK, self._note(self._partner("Second")))

    def test_many_at_once(self):
        def posted(count):
            moves = self.env["account.move"]
            for number in range(count):
                partner = self._partner(f"Many {count} {number}")
                moves += self._invoice(partner, late=0, post=False)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            moves._late_print_terms()
            self.assertTrue(all(MARK in str(move.narration) for move in moves))
            return self.env.cr.sql_log_count - before

        posted(2)
        few = posted(3)
        # what posting reads anyway, and the profiles
        self.assertLessEqual(few, 10)
        self.assertLessEqual(posted(12), few, "the number does not matter")

    def test_law_is_read_once(self):
        """What a process knows of the law is as new as the law."""
        partner = self._partner(lang="fr_FR")
        self._note(partner)
        self.env.invalidate_all()
        Regime, Series = self.env["late.regime"], self.env["late.rate.series"]
        with self.assertQueryCount(0):
            Regime._all_engine(True)
            Series._to_engine()
        self.business.margin = 11
        self.assertIn("13,15 %", self._note(partner))
        rate = self.business.series_id.rate_ids.filtered(
            lambda one: one.valid_from == date(2026, 1, 1)
        )
        rate.rate += 1
        self.assertIn("14,15 %", self._note(partner))
        self.business.band_ids.amount = 45
        self.assertIn("45,00", self._note(partner))
        self.business.update_field_translations(
            "text_invoice", {"fr_FR": "Pénalités de {rate} %, {compensation} de frais."}
        )
        self.assertIn("Pénalités de 14,15 %", self._note(partner))
        self.business.active = False
        self.assertNotIn("Pénalités", self._note(partner))

    def test_core_does_not_look_through_the_lines_again(self):
        move = self._invoice(self._partner(), late=0, post=False)
        move.is_manually_modified = False
        with patch.object(
            type(move), "_get_sync_stack", side_effect=AssertionError("not again")
        ):
            move._late_print_terms()
        self.assertIn(MARK, str(move.narration))
        self.assertFalse(move.is_manually_modified)

    def test_not_on_debit_notes_for_interest(self):
        move = self._invoice(self._partner(), late=0, post=False)
        move.late_debit_note = True
        move.action_post()
        self.assertNotIn(MARK, str(move.narration))

    # === THE CHECK === #

    def _rows(self):
        Check = self.env["late.invoice.check"].with_user(self.manager)
        action = Check.action_open()
        return Check.search(action["domain"])

    def test_check(self):
        rows = self._rows().filtered(lambda row: row.regime_id == self.business)
        self.assertEqual(set(rows.mapped("lang")), {"en_US", "fr_FR"})
        self.assertEqual(set(rows.mapped("state")), {"printed"})
        self.assertFalse(any(rows.mapped("missing")))

    def test_check_of_what_is_missing(self):
        self.company.late_invoice_terms = False
        rows = self._rows().filtered(lambda row: row.regime_id == self.business)
        self.assertEqual(set(rows.mapped("state")), {"missing"})
        self.assertEqual(rows[0].missing, "rate, compensation")
        settings = self.env["res.config.settings"].create({})
        self.assertIn("France: businesses", settings.late_invoice_warning)
        rows[0].action_print()
        self.assertTrue(self.company.late_invoice_terms)
        settings.invalidate_recordset()
        self.assertFalse(settings.late_invoice_warning)

    def test_check_of_own_terms_and_of_translations(self):
        self.env["ir.config_parameter"].set_param("account.use_invoice_terms", "True")
        self.company.terms_type = "plain"
        self.company.invoice_terms = "<p>Penalties of 15 %, compensation of 40 €.</p>"
        rows = self._rows().filtered(lambda row: row.regime_id == self.business)
        self.assertEqual(set(rows.mapped("state")), {"own"})
        self.company.invoice_terms = False
        self.business.text_invoice = "Pay {rate} % and {compensation}."
        self.business.update_field_translations("text_invoice", {"fr_FR": False})
        rows = self._rows().filtered(lambda row: row.regime_id == self.business)
        self.assertEqual(
            {row.lang: row.state for row in rows},
            {"en_US": "printed", "fr_FR": "english"},
        )

    def test_collectors_do_not_check(self):
        with self.assertRaises(AccessError):
            self.env["late.invoice.check"].with_user(self.collector).action_open()

    def test_no_country_no_sentence(self):
        self.company.country_id = self.env.ref("base.jp")
        self.assertNotIn(MARK, self._note(self._partner()))
        self.assertFalse(
            self._rows().filtered(lambda row: row.company_id == self.company)
        )
