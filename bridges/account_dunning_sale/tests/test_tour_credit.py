"""From the held order to the next one, in a real browser, in both languages."""

from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.account_dunning.tests.tour_common import DunningTour


class TestTourCredit(DunningTour):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._tour_user("tour_manager", "manager")
        cls.seller = new_test_user(
            cls.env,
            login="tour_seller",
            groups="sales_team.group_sale_salesman,account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            tz="UTC",
        )
        cls.seller.name = "Tour Seller"
        cls.product = cls.env["product.product"].create(
            {
                "name": "Tour Goods",
                "type": "consu",
                "invoice_policy": "order",
                "taxes_id": [Command.clear()],
            }
        )

    def _order(self, partner, amount):
        return (
            self.env["sale.order"]
            .with_company(self.company)
            .create(
                {
                    "partner_id": partner.id,
                    "user_id": self.seller.id,
                    "company_id": self.company.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": self.product.id,
                                "price_unit": amount,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                }
            )
        )

    def _path(self, lang):
        self.env["res.lang"]._activate_lang(lang)
        (self.seller | self.manager).lang = lang
        customer = self._customer("Tour Limited")
        profile = self.env["credit.profile"]._for_partners(customer, self.company)
        profile.write({"credit_limit": 1000, "limit_enforced": True})
        invoice = self._invoice(customer, 900, late=-20)
        order, following = self._order(customer, 400), self._order(customer, 250)

        self.start_tour(
            f"/odoo/orders/{order.id}",
            "account_dunning_credit_ask",
            login="tour_seller",
        )
        release = order.credit_release_ids
        self.assertEqual(release.state, "requested")
        self.assertEqual(release.reason, "Paid by Friday")
        self.assertEqual(release.activity_ids.user_id, self.manager)

        self.start_tour(
            f"/odoo/credit-releases/{release.id}",
            "account_dunning_credit_decide",
            login="tour_manager",
        )
        self.assertEqual(release.state, "approved")
        self.assertEqual(release.approver_id, self.manager)

        self.start_tour(
            f"/odoo/orders/{order.id}",
            "account_dunning_credit_confirm",
            login="tour_seller",
        )
        self.assertEqual((order.state, release.state), ("sale", "used"))

        self.start_tour(
            f"/odoo/customer-invoices/{invoice.id}",
            "account_dunning_credit_pay",
            login="tour_seller",
        )
        self.assertEqual(invoice.amount_residual, 0)

        self.start_tour(
            f"/odoo/orders/{following.id}",
            "account_dunning_credit_next",
            login="tour_seller",
        )
        self.assertEqual((following.state, following.credit_state), ("sale", "none"))

    def test_path_in_english(self):
        self._path("en_US")

    def test_path_in_french(self):
        self._path("fr_FR")
