from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.account_dunning.engine import regime
from odoo.addons.account_dunning.tests.common import TODAY, DunningCommon

D = Decimal


@tagged("post_install", "-at_install")
class TestLateChoice(DunningCommon):
    """Whose law holds for a customer, and what their contract changes in it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.france = cls.env.ref("base.fr")
        cls.belgium = cls.env.ref("base.be")
        cls.company.country_id = cls.france
        cls.regimes = cls.env["late.regime"]

    def _profile(self, name, kind, country="base.fr", **values):
        partner = self._customer(
            name,
            is_company=kind == "business",
            country_id=country and self.env.ref(country).id,
        )
        profile = self.env["credit.profile"]._for_partners(partner, self.company)
        profile.write({"customer_kind": kind, **values})
        return profile

    def _regime(self, code):
        return self.regimes.search([("code", "=", code)])

    def _code(self, profile, day=TODAY):
        return profile._late_regimes(day)[profile.id].code

    def test_kind_and_country_choose(self):
        for kind, country, code in (
            ("business", "base.fr", "FR_B2B"),
            ("business", "base.de", "FR_B2B"),
            ("consumer", "base.fr", "FR_B2C"),
            ("consumer", "base.be", "BE_B2C_LEGAL"),
            ("consumer", False, "FR_B2C"),
            ("public", "base.fr", "FR_PUBLIC"),
            ("public", "base.be", "FR_B2B"),
        ):
            with self.subTest(kind=kind, country=country):
                profile = self._profile(f"{kind} {country}", kind, country)
                self.assertEqual(self._code(profile), code)

    def test_nothing_is_claimed_where_no_law_is_known(self):
        self.company.country_id = self.env.ref("base.jp")
        profiles = self._profile("Osaka", "business", "base.jp")
        profiles += self._profile("Kyoto", "consumer", "base.jp")
        self.assertEqual(
            set(profiles._late_laws(TODAY).values()),
            {None},
        )
        found = profiles._late_regimes(TODAY)
        self.assertEqual(set(found), set(profiles.ids))
        self.assertFalse(any(found.values()))

    def test_a_consumer_of_a_country_without_row_has_the_company_s(self):
        profile = self._profile("Kobe", "consumer", "base.jp")
        self.assertEqual(self._code(profile), "FR_B2C")

    def test_own_regime(self):
        profile = self._profile("Own", "business", late_regime_id=None)
        profile.late_regime_id = self._regime("DE_B2B")
        self.assertEqual(self._code(profile), "DE_B2B")

    def test_own_regime_of_another_kind_does_not_count(self):
        profile = self._profile("Alice", "consumer")
        profile.late_regime_id = self._regime("FR_B2B")
        self.assertEqual(self._code(profile), "FR_B2C")

    def test_own_regime_stays_when_archived(self):
        profile = self._profile("Old", "business")
        profile.late_regime_id = self._regime("DE_B2B")
        profile.late_regime_id.active = False
        self.assertEqual(self._code(profile), "DE_B2B")
        self._regime("FR_B2B").active = False
        profile.late_regime_id = False
        self.assertFalse(profile._late_regimes(TODAY)[profile.id])

    def test_contract_rate_and_fee(self):
        profile = self._profile("Contract", "business")
        profile.write(
            {
                "late_contract": True,
                "late_contract_rate": 15.1234,
                "late_contract_fee": 100,
            }
        )
        law = profile._late_laws(TODAY)[profile.id]
        self.assertEqual(law.code, "FR_CONTRACT")
        self.assertEqual(law.contract_rate, D("15.1234"))
        self.assertEqual(law.contract_compensation.bands[0].amount, D("100.00"))

    def test_terms_count_only_with_a_contract(self):
        profile = self._profile("Unsigned", "business", late_contract_rate=15)
        law = profile._late_laws(TODAY)[profile.id]
        self.assertEqual((law.code, law.contract_rate), ("FR_B2B", None))

    def test_consumers_pay_no_contract_rate_in_france(self):
        profile = self._profile(
            "Bob", "consumer", late_contract=True, late_contract_rate=15
        )
        law = profile._late_laws(TODAY)[profile.id]
        self.assertEqual((law.code, law.contract_rate), ("FR_B2C", None))

    def test_belgian_consumer_with_the_clause_of_the_law(self):
        profile = self._profile(
            "Jef",
            "consumer",
            "base.be",
            late_contract=True,
            late_contract_law=True,
        )
        law = profile._late_laws(TODAY)[profile.id]
        self.assertEqual(law.code, "BE_B2C")
        self.assertEqual(law.margin, D(8))
        self.assertEqual(law.contract_compensation, law.compensation)
        rates = self.env["late.rate.series"]._to_engine()
        self.assertEqual(regime.rate_on(law, rates, TODAY).percent, D("10.5"))

    def test_belgian_clause_without_rate_bears_no_interest(self):
        profile = self._profile(
            "Piet", "consumer", "base.be", late_contract=True, late_contract_fee=20
        )
        law = profile._late_laws(TODAY)[profile.id]
        self.assertEqual((law.code, law.contract_rate), ("BE_B2C", D(0)))

    def test_british_contract_rate_leaves_no_fixed_sum_of_the_law(self):
        self.company.country_id = self.env.ref("base.uk")
        profile = self._profile("Joe Ltd", "business", "base.uk")
        labels = [line["label"] for line in profile.get_late_terms()["lines"]]
        self.assertIn("In addition", labels)
        profile.write({"late_contract": True, "late_contract_rate": 5})
        law = profile._late_laws(TODAY)[profile.id]
        self.assertEqual((law.code, law.contract_rate), ("UK_B2B", D(5)))
        self.assertFalse(law.compensation or law.contract_compensation)
        lines = profile.get_late_terms()["lines"]
        self.assertNotIn("In addition", [line["label"] for line in lines])
        # the law itself, written into the contract, stays
        profile.write({"late_contract_rate": 0, "late_contract_law": True})
        law = profile._late_laws(TODAY)[profile.id]
        self.assertTrue(law.contract_compensation)

    def test_lump_sum_in_another_currency_is_converted(self):
        self.company.country_id = self.env.ref("base.uk")
        pound = self.env.ref("base.GBP")
        pound.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": pound.id,
                "name": date(2026, 1, 1),
                "rate": 0.5,
                "company_id": self.company.id,
            }
        )
        profile = self._profile("Jane Ltd", "business", "base.uk")
        profile.write({"late_contract": True, "late_contract_fee": 300})
        law = profile._late_laws(TODAY)[profile.id]
        self.assertNotEqual(profile.currency_id, pound)
        self.assertEqual(law.code, "UK_B2B")
        self.assertEqual(law.contract_compensation.currency, "GBP")
        self.assertEqual(law.contract_compensation.bands[0].amount, D("150.00"))

    def test_one_set_of_queries_for_many(self):
        profiles = self.env["credit.profile"]
        for number in range(12):
            profiles += self._profile(
                f"Many {number}", ("business", "consumer", "public")[number % 3]
            )
        few = profiles[:3]

        def queries(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some._late_laws(TODAY)
            return self.env.cr.sql_log_count - before

        queries(few)
        self.assertEqual(queries(profiles), queries(few))

    def test_collectors_may_ask(self):
        profile = self._profile("Asked", "business")
        mine = profile.with_user(self.collector)
        self.assertEqual(mine._late_laws(TODAY)[profile.id].code, "FR_B2B")
        with self.assertRaises(AccessError):
            self._regime("FR_B2B").with_user(self.collector).margin = 20
