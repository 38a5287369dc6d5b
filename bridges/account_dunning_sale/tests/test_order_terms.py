"""On which terms a customer buys, and what salespeople see of its credit."""

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.account_dunning.tests.common import DunningCommon


@tagged("post_install", "-at_install")
class TestOrderTerms(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls._user("seller", "sales_team.group_sale_salesman")
        cls.customer = cls._customer()
        cls.profile = cls._profile(cls.customer)
        cls.immediate = cls.env.ref("account.account_payment_term_immediate")
        cls.month = cls.env.ref("account.account_payment_term_30days")
        cls.two_months = cls.env["account.payment.term"].create({"name": "60 days"})
        cls.risky = cls.env["credit.risk.class"].create(
            {
                "name": "Risky",
                "code": "R",
                "deposit_percent": 30,
                "payment_term_ids": [Command.set((cls.immediate | cls.month).ids)],
            }
        )
        cls.company.write({"portal_confirmation_pay": False, "prepayment_percent": 1})

    def _order(self, partner=None, **values):
        partner = partner or self.customer
        return (
            self.env["sale.order"]
            .with_user(self.seller)
            .create({"partner_id": partner.id, "user_id": self.seller.id, **values})
        )

    # === DEPOSIT === #

    def test_deposit_of_the_class_is_asked_for(self):
        self.assertFalse(self._order().require_payment)
        self.profile.class_id = self.risky
        order = self._order()
        self.assertTrue(order.require_payment)
        self.assertAlmostEqual(order.prepayment_percent, 0.3)

    def test_company_that_asks_for_more_gets_more(self):
        self.profile.class_id = self.risky
        self.company.write({"portal_confirmation_pay": True, "prepayment_percent": 0.5})
        self.assertAlmostEqual(self._order().prepayment_percent, 0.5)
        self.company.prepayment_percent = 0.1
        self.assertAlmostEqual(self._order().prepayment_percent, 0.3)

    def test_deposit_of_who_owes_the_order(self):
        self.profile.class_id = self.risky
        contact = self.env["res.partner"].create(
            {"name": "Contact", "parent_id": self.customer.id}
        )
        self.assertTrue(self._order(contact).require_payment)
        other = self._customer("Other")
        self.assertTrue(
            self._order(other, partner_invoice_id=contact.id).require_payment
        )
        self.assertFalse(self._order(other).require_payment)

    def test_new_customer_has_the_terms_of_the_unrated(self):
        unrated = self.env.ref("account_dunning.credit_risk_class_unrated")
        unrated.deposit_percent = 100
        order = self._order(self._customer("Unknown"))
        self.assertTrue(order.require_payment)
        self.assertEqual(order.prepayment_percent, 1)

    def test_in_the_form_and_by_hand(self):
        self.profile.class_id = self.risky
        other = self._customer("Other")
        with Form(self.env["sale.order"].with_user(self.seller)) as form:
            form.partner_id = other
            self.assertFalse(form.require_payment)
            form.partner_id = self.customer
            self.assertTrue(form.require_payment)
            form.require_payment = False
        order = form.save()
        self.assertFalse(order.require_payment, "the last word is the person's")

    def test_confirmed_orders_stay_as_they_are(self):
        order = self._order()
        order.sudo().state = "sale"
        self.profile.class_id = self.risky
        order.sudo().partner_invoice_id = self.env["res.partner"].create(
            {"name": "Invoices", "parent_id": self.customer.id, "type": "invoice"}
        )
        self.assertFalse(order.require_payment)

    # === PAYMENT TERMS === #

    def test_payment_term_that_is_not_allowed(self):
        self.profile.class_id = self.risky
        order = self._order(payment_term_id=self.two_months.id)
        self.assertIn("60 days", order.credit_term_warning)
        self.assertIn(self.month.name, order.credit_term_warning)
        order.payment_term_id = self.month
        self.assertFalse(order.credit_term_warning)
        order.payment_term_id = False
        self.assertFalse(order.credit_term_warning)

    def test_all_terms_where_the_class_names_none(self):
        self.risky.payment_term_ids = False
        self.profile.class_id = self.risky
        order = self._order(payment_term_id=self.two_months.id)
        self.assertFalse(order.credit_term_warning)

    # === WHAT SALESPEOPLE SEE === #

    def test_salespeople_see_state_and_free_limit(self):
        self._invoice(self.customer, 400)
        self.profile.write(
            {
                "credit_limit": 1_000,
                "credit_hold": True,
                "credit_hold_reason": "Insolvency rumoured",
            }
        )
        partner = self.customer.with_user(self.seller)
        self.assertEqual(partner.credit_limit_free, 600)
        self.assertEqual(
            partner.credit_hold_sentence, "On credit hold: Insolvency rumoured"
        )
        contact = self.env["res.partner"].create(
            {"name": "Contact", "parent_id": self.customer.id}
        )
        self.assertTrue(contact.with_user(self.seller).credit_hold_sentence)

    def test_salespeople_do_not_see_the_ledger(self):
        partner = self.customer.with_user(self.seller)
        for name in ("credit_bar", "credit_score_brief", "credit_exposure"):
            with self.subTest(name), self.assertRaises(AccessError):
                partner.read([name])
        with self.assertRaises(AccessError):
            self.profile.with_user(self.seller).read(["class_id"])
        arch = partner.get_view(view_type="form")["arch"]
        self.assertIn("credit_hold_sentence", arch)
        self.assertNotIn("credit_bar", arch)

    def test_employees_see_nothing(self):
        employee = self._user("employee", "base.group_user")
        partner = self.customer.with_user(employee)
        with self.assertRaises(AccessError):
            partner.read(["credit_hold_sentence"])
        self.assertNotIn(
            "credit_limit_free", partner.get_view(view_type="form")["arch"]
        )
