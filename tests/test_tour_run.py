"""A person's way through the screens, in a real browser."""

from .tour_common import DunningTour


class TestTourRun(DunningTour):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Tour Customer")
        cls.friend = cls._customer("Tour Friend")
        cls._invoice(cls.customer, 100, late=4)
        cls._invoice(cls.friend, 100, late=4)
        cls._refresh()

    def test_collector_runs_dunning(self):
        self.start_tour("/odoo", "account_dunning_run", login="tour_collector")
        notice = self.env["dunning.notice"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(notice.state, "issued")
        self.assertEqual(notice.issued_by_id, self.collector)
        self.assertEqual(notice.delivery_ids.state, "sending")
        excluded = self.env["dunning.notice"].search(
            [("partner_id", "=", self.friend.id)]
        )
        self.assertRecordValues(
            excluded,
            [
                {
                    "state": "cancelled",
                    "cancel_reason": "The customer has promised to pay: for Friday",
                }
            ],
        )
