"""The thread through all layers: propose, approve, issue, deliver, close."""

from datetime import timedelta

from .common import TODAY, DunningCommon


class TestJob(DunningCommon):
    def test_overdue_invoice_goes_all_the_way(self):
        customer = self._customer("Alpha")
        invoice = self._invoice(customer, 250.0, late=4)
        run = self._propose(customer)
        notice = run.notice_ids
        self.assertRecordValues(
            notice,
            [
                {
                    "state": "draft",
                    "level_id": self.first.id,
                    "channel": "email",
                    "contact_id": customer.id,
                    "amount_due": 250.0,
                }
            ],
        )
        item = self._item(invoice)
        self.assertFalse(item.dunning_level_id, "a proposal changes no item")

        run.action_approve()
        run.action_issue()
        self.assertEqual(notice.state, "issued", notice.error)
        self.assertTrue(notice.name)
        self.assertRegex(notice.pdf_sha256, r"^[0-9a-f]{64}$")
        self.assertTrue(notice.attachment_id.raw)
        self.assertEqual(item.dunning_level_id, self.first)
        self.assertEqual(item.dunning_date, TODAY)
        self.assertEqual(notice.delivery_ids.state, "queued")
        self.assertEqual(run.state, "issued")

        mails = self._deliver()
        self.assertEqual(len(mails), 1)
        self.assertIn("alpha@customer.example", mails[0]["email_to"][0])
        self.assertIn("250", mails[0]["body"])
        self.assertEqual(notice.delivery_ids.state, "sent", notice.delivery_ids.error)
        self.assertEqual(run.state, "done")
        self.assertFalse(notice.settled)

        self._pay(invoice, day=TODAY + timedelta(days=2))
        self.assertTrue(notice.settled)
        self.assertEqual(notice.days_to_payment, 2)
