"""What the browser tours share: a company of their own, on today's real date."""

from datetime import timedelta

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class DunningTour(HttpCase):
    """A company with a chart of accounts, a policy of one level, and a collector.

    Browsers have the real clock: everything is dated from today.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Tour Company"})
        cls.env["account.chart.template"].try_loading(
            "generic_coa", cls.company, install_demo=False
        )
        cls.today = cls.company._dunning_today()
        cls.template = cls.env["mail.template"].create(
            {
                "name": "Tour reminder",
                "model_id": cls.env["ir.model"]._get_id("dunning.notice"),
                "subject": "Reminder",
                "body_html": "<p>Please pay.</p>",
            }
        )
        cls.policy = cls.company.dunning_policy_id = cls.env["dunning.policy"].create(
            {
                "name": "Tour policy",
                "level_ids": [
                    Command.create(
                        {
                            "name": "First",
                            "days": 3,
                            "letter_title": "Reminder",
                            "mail_template_id": cls.template.id,
                        }
                    )
                ],
            }
        )
        cls.collector = cls._tour_user("tour_collector", "user")

    @classmethod
    def _tour_user(cls, login, role):
        return new_test_user(
            cls.env,
            login=login,
            groups=f"account_dunning.group_account_dunning_{role}",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            tz="UTC",
        )

    @classmethod
    def _customer(cls, name, **values):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "is_company": True,
                "email": f"{name.lower().replace(' ', '.')}@customer.example",
                **values,
            }
        )

    @classmethod
    def _invoice(cls, partner, amount, late):
        """A posted invoice without taxes, that many days late."""
        due = cls.today - timedelta(days=late)
        invoice = (
            cls.env["account.move"]
            .with_company(cls.company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": due - timedelta(days=30),
                    "invoice_date_due": due,
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Work", "price_unit": amount, "tax_ids": []}
                        )
                    ],
                }
            )
        )
        invoice.action_post()
        return invoice

    @classmethod
    def _refresh(cls):
        cls.env["credit.profile"]._ensure_all(cls.company)
        profiles = cls.env["credit.profile"].search(
            [("company_id", "=", cls.company.id)]
        )
        profiles._refresh_figures()
        return profiles
