"""A person's way through the screens, in a real browser."""

from datetime import timedelta

from odoo.fields import Command, Date
from odoo.tests import HttpCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestTourRun(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Tour Company"})
        cls.env["account.chart.template"].try_loading(
            "generic_coa", cls.company, install_demo=False
        )
        template = cls.env["mail.template"].create(
            {
                "name": "Tour reminder",
                "model_id": cls.env["ir.model"]._get_id("dunning.notice"),
                "subject": "Reminder",
                "body_html": "<p>Please pay.</p>",
            }
        )
        cls.company.dunning_policy_id = cls.env["dunning.policy"].create(
            {
                "name": "Tour policy",
                "level_ids": [
                    Command.create(
                        {
                            "name": "First",
                            "days": 3,
                            "letter_title": "Reminder",
                            "mail_template_id": template.id,
                        }
                    )
                ],
            }
        )
        cls.customer, cls.friend = cls.env["res.partner"].create(
            [
                {
                    "name": name,
                    "is_company": True,
                    "email": f"{name[5:].lower()}@customer.example",
                }
                for name in ("Tour Customer", "Tour Friend")
            ]
        )
        # browsers have the real clock: the invoices are late today
        today = Date.context_today(cls.customer)
        invoices = (
            cls.env["account.move"]
            .with_company(cls.company)
            .create(
                [
                    {
                        "move_type": "out_invoice",
                        "partner_id": customer.id,
                        "invoice_date": today - timedelta(days=34),
                        "invoice_date_due": today - timedelta(days=4),
                        "invoice_payment_term_id": False,
                        "invoice_line_ids": [
                            Command.create(
                                {"name": "Work", "price_unit": 100, "tax_ids": []}
                            )
                        ],
                    }
                    for customer in (cls.customer, cls.friend)
                ]
            )
        )
        invoices.action_post()
        cls.env["credit.profile"]._ensure_all(cls.company)._refresh_figures()
        cls.collector = new_test_user(
            cls.env,
            login="tour_collector",
            groups="account_dunning.group_account_dunning_user",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            tz="UTC",
        )

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
