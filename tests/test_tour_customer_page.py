"""A collector's way through the page of a customer, in a real browser."""

from datetime import timedelta

from odoo.fields import Command, Date
from odoo.tests import HttpCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestTourCustomerPage(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Page Company"})
        cls.env["account.chart.template"].try_loading(
            "generic_coa", cls.company, install_demo=False
        )
        cls.customer = cls.env["res.partner"].create(
            {"name": "Page Customer", "is_company": True, "phone": "+33 1 23 45 67 89"}
        )
        # browsers have the real clock: the invoice is late today
        cls.today = Date.context_today(cls.customer)
        cls.invoice = (
            cls.env["account.move"]
            .with_company(cls.company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": cls.customer.id,
                    "invoice_date": cls.today - timedelta(days=50),
                    "invoice_date_due": cls.today - timedelta(days=20),
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Work", "price_unit": 100, "tax_ids": []}
                        )
                    ],
                }
            )
        )
        cls.invoice.action_post()
        cls.env["credit.profile"]._ensure_all(cls.company)._refresh_figures()
        cls.collector = new_test_user(
            cls.env,
            login="page_collector",
            groups="account_dunning.group_account_dunning_user",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            tz="UTC",
        )

    def test_collector_logs_a_promise(self):
        self.start_tour(
            "/odoo/credit-profiles",
            "account_dunning_customer_page",
            login="page_collector",
        )
        call = self.customer.credit_profile_ids.call_ids
        self.assertEqual(call.user_id, self.collector)
        self.assertEqual(call.outcome, "promised")
        self.assertEqual(call.promised_amount, 100)
        self.assertEqual(call.hold_id.move_line_ids.move_id, self.invoice)
        self.assertGreaterEqual(call.hold_id.date_to, self.today)
