"""How much of the exposure is with how few, and the bar of the limit."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import TODAY
from .credit_common import RiskClassCommon


@tagged("post_install", "-at_install")
class TestConcentration(RiskClassCommon):
    def _owing(self, amounts):
        customers = self.env["res.partner"].create(
            [{"name": f"Customer {n}"} for n in range(len(amounts))]
        )
        for customer, amount in zip(customers, amounts, strict=True):
            self._invoice(customer, amount)
        profiles = self._profile(customers)
        profiles._refresh_figures(TODAY)
        return profiles

    def test_shares(self):
        profiles = self._owing([500, 300, 200])
        self.assertEqual(profiles.mapped("exposure_rank"), [1, 2, 3])
        self.assertEqual(profiles.mapped("exposure_share"), [50, 30, 20])
        self.assertEqual(profiles.mapped("exposure_share_running"), [50, 80, 100])

    def test_top_ten(self):
        profiles = self._owing([100] * 11 + [900])
        top = self.env["credit.profile"].search(
            [("exposure_rank", "<=", 10), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(len(top), 10)
        self.assertIn(profiles[-1], top)
        figures = self.env["credit.profile"].get_exposure_figures()
        self.assertEqual(figures["top"], 90)
        self.assertEqual(figures["exposure"], 2000)

    def test_customers_in_credit_take_nothing_off(self):
        profiles = self._owing([100, 100])
        creditor = self._customer("Creditor")
        self._credit_note(creditor, 5_000)
        creditor_profile = self._profile(creditor)
        creditor_profile._refresh_figures(TODAY)
        self.env.invalidate_all()
        self.assertEqual(profiles.mapped("exposure_share"), [50, 50])
        self.assertFalse(creditor_profile.exposure_rank)

    def test_nobody_owes(self):
        company = self._create_company(name="Empty")
        figures = (
            self.env["credit.profile"]
            .with_context(allowed_company_ids=company.ids)
            .get_exposure_figures()
        )
        self.assertIsNone(figures["top"])
        self.assertEqual(figures["over"]["count"], 0)

    def test_over_the_limit(self):
        (profile,) = self._owing([1_000])
        profile.credit_limit = 400
        figures = self.env["credit.profile"].get_exposure_figures()
        self.assertEqual(figures["over"], {"count": 1, "amount": 600})
        found = self.env["credit.profile"].search([("limit_band", "=", "over")])
        self.assertIn(profile, found)

    def test_country_and_salesperson_follow_the_customer(self):
        france = self.env.ref("base.fr")
        (profile,) = self._owing([100])
        profile.partner_id.write(
            {"country_id": france.id, "user_id": self.collector.id}
        )
        self.assertEqual(profile.country_id, france)
        self.assertEqual(profile.salesperson_id, self.collector)

    def test_bar(self):
        (profile,) = self._owing([1_000])
        profile.credit_limit = 1_250
        self._payment(profile.partner_id, 200)
        bar = profile.with_user(self.collector).credit_bar
        self.assertEqual(bar["parts"]["open_items"], 1_000)
        self.assertEqual(bar["parts"]["credits"], -200)
        self.assertEqual((bar["used"], bar["limit"], bar["free"]), (800, 1_250, 450))
        self.assertEqual(bar["band"], "ok")
        partner = profile.partner_id.with_user(self.collector)
        self.assertEqual(partner.credit_bar, bar)

    def test_bar_is_not_for_everybody(self):
        (profile,) = self._owing([1_000])
        employee = self._user("employee", "base.group_user")
        with self.assertRaises(AccessError):
            profile.partner_id.with_user(employee).read(["credit_bar"])
        self.assertFalse(
            {"credit_bar", "credit_risk_class_id"}
            & set(self.env["res.partner"].with_user(employee).fields_get())
        )
