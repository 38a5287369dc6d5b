"""A collector's way through the page of a customer, in a real browser."""

from .tour_common import DunningTour


class TestTourCustomerPage(DunningTour):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer(
            "Page Customer", email=False, phone="+33 1 23 45 67 89"
        )
        cls.invoice = cls._invoice(cls.customer, 100, late=20)
        cls._invoice(cls._customer("Second Customer"), 50, late=20)
        cls._refresh()

    def test_collector_logs_a_promise(self):
        self.start_tour(
            "/odoo/credit-profiles",
            "account_dunning_customer_page",
            login="tour_collector",
        )
        call = self.customer.credit_profile_ids.call_ids
        self.assertEqual(call.user_id, self.collector)
        self.assertEqual(call.outcome, "promised")
        self.assertEqual(call.promised_amount, 100)
        self.assertEqual(call.hold_id.move_line_ids.move_id, self.invoice)
        self.assertGreaterEqual(call.hold_id.date_to, self.today)
