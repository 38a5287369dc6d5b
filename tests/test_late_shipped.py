from dataclasses import replace

from odoo.tests import TransactionCase, tagged
from odoo.tools import file_open

from odoo.addons.account_dunning.engine import late_data
from odoo.addons.account_dunning.models.late_shipped import RATES, REGIMES


@tagged("post_install", "-at_install")
class TestLateShipped(TransactionCase):
    """The law in the database: as it was shipped, and as users made it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with file_open(RATES) as rates, file_open(REGIMES) as regimes:
            cls.series, cls.laws = late_data.read_all(rates.read(), regimes.read())

    def _bare(self, law):
        """Without what is translated, which is the database's business."""
        return replace(law, name="", doubts="", texts={})

    def test_every_regime_comes_back_as_it_was_shipped(self):
        rows = self.env["late.regime"].with_context(active_test=False)
        for code, law in self.laws.items():
            with self.subTest(code):
                row = rows.search([("code", "=", code)])
                self.assertEqual(self._bare(row._to_engine()), self._bare(law))

    def test_every_rate_comes_back_as_it_was_shipped(self):
        found = self.env["late.rate.series"]._to_engine()
        for code, series in self.series.items():
            with self.subTest(code):
                self.assertEqual(found[code].rates, series.rates)
                self.assertEqual(found[code].period, series.period)

    def test_what_a_user_corrected_stays(self):
        rate = self.env["late.rate"].search([], limit=1)
        rate.rate = 9.25
        law = self.env["late.regime"].search([("code", "=", "FR_B2B")])
        law.margin = 11
        self.env["late.regime"]._load_shipped()
        self.assertEqual((rate.rate, law.margin), (9.25, 11))

    def test_loading_again_adds_nothing(self):
        def counts():
            return [
                self.env[name].with_context(active_test=False).search_count([])
                for name in ("late.rate.series", "late.rate", "late.regime")
            ]

        before = counts()
        self.env["late.regime"]._load_shipped()
        self.assertEqual(counts(), before)

    def test_what_a_user_entered_before_it_was_shipped_is_kept(self):
        rate = self.env["late.rate"].search([], limit=1)
        values = rate.copy_data()[0] | {"rate": 7.5}
        rate.unlink()
        mine = self.env["late.rate"].create(values)
        self.env["late.regime"]._load_shipped()
        self.assertEqual(mine.rate, 7.5)
        self.assertEqual(
            len(mine.series_id.rate_ids),
            len(set(mine.series_id.rate_ids.mapped("valid_from"))),
        )

    def test_a_shipped_value_we_know_better_now(self):
        rate = self.env["late.rate"].search([("status", "=", "derived")], limit=1)
        right = rate.rate
        rate.write({"rate": 9.5, "status": "no", "shipped": "9.5 no"})
        self.env["late.regime"]._load_shipped()
        self.assertEqual((rate.rate, rate.status), (right, "derived"))
        said = rate.series_id.message_ids[:1].body
        self.assertIn("9.5 %", said)

    def test_what_a_user_touched_is_not_corrected(self):
        rate = self.env["late.rate"].search([("status", "=", "derived")], limit=1)
        rate.write({"rate": 9.5, "status": "no", "shipped": "9.25 no"})
        self.env["late.regime"]._load_shipped()
        self.assertEqual((rate.rate, rate.status), (9.5, "no"))

    def test_every_text_is_there_in_the_languages_of_customers(self):
        """From the PO files, when the languages are loaded."""
        for code in ("fr_FR", "nl_NL", "de_DE"):
            self.env["res.lang"]._activate_lang(code)
            self.env.ref("base.module_account_dunning")._update_translations([code])
        rows = self.env["late.regime"].search([])
        for purpose in ("invoice", "interest", "compensation", "notice", "reminder"):
            name = f"text_{purpose}"
            for row in rows.filtered(name):
                for code in ("fr_FR", "nl_NL", "de_DE"):
                    with self.subTest(regime=row.code, text=name, lang=code):
                        there = row.with_context(lang=code)[name]
                        self.assertNotEqual(there, row.with_context(lang="en_US")[name])
