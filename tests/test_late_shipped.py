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
        return replace(law, name="", doubts={}, texts={})

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
