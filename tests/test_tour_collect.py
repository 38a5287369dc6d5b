"""The morning of a collector, in a real browser."""

from .tour_common import DunningTour


class TestTourCollect(DunningTour):
    def test_morning_of_a_collector(self):
        alpha, beta, gamma = (
            self._customer(f"Tour {name}") for name in ("Alpha", "Beta", "Gamma")
        )
        self._invoice(alpha, 5000, late=50)
        self._invoice(beta, 100, late=50)
        self._invoice(gamma, 100, late=2)
        profiles = self._refresh()
        self.start_tour("/odoo", "account_dunning_collect", login="tour_collector")
        done = profiles.filtered(lambda p: p.partner_id in alpha | beta)
        self.assertEqual(set(done.mapped("handled_on")), {self.today})
        self.assertFalse((profiles - done).handled_on)
