"""Core's company-wide default limit holds with the addon, too."""

from .credit_common import RiskClassCommon


class TestCoreDefaultLimit(RiskClassCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # as it is when the addon comes: nobody but core knows of limits
        roots = cls.env["res.company"].search([("parent_id", "=", False)])
        roots.account_use_credit_limit = False
        cls.company.account_use_credit_limit = True
        cls.env["credit.risk.class"].search([("company_id", "!=", False)]).unlink()
        cls._default(5_000)

    @classmethod
    def _default(cls, amount):
        cls.env["ir.default"].set(
            "res.partner", "credit_limit", amount, company_id=cls.company.id
        )

    def _adopt(self):
        profile = self.env["credit.profile"]
        profile._adopt_core_limits()
        return profile._adopt_core_default_limits()

    def test_customers_have_it(self):
        known = self._profile(self.customer)
        special = self._customer("Special")
        special.credit_limit = 800
        adopted = self._adopt()
        self.assertEqual(adopted.company_id, self.company)
        self.assertTrue(adopted.unrated)
        self.assertEqual(adopted.currency_id, self.company.currency_id)
        self.assertEqual(known.class_id, adopted)
        self.assertEqual(self._limit(known), 5_000.0)
        self.assertFalse(known.limit_own)
        self.assertEqual(self._limit(self._profile(self._customer("New"))), 5_000.0)
        self.assertEqual(self._limit(self._profile(special)), 800.0)

    def test_it_is_the_class_of_that_company_alone(self):
        other = self._create_company(name="Other")
        theirs = self._profile(self.customer, other)
        adopted = self._adopt()
        self.assertEqual(theirs.class_id, self.unrated)
        self.assertIsNone(self._limit(theirs))
        for name in ("code", "name", "rule_limit", "rule_overdue", "deposit_percent"):
            self.assertEqual(adopted[name], self.unrated[name])
        self.assertEqual(self.unrated.limit_rule, "none")
        self.assertFalse(self._adopt(), "once")

    def test_names_keep_their_translations(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.unrated.with_context(lang="fr_FR").name = "Non classé"
        adopted = self._adopt()
        self.assertEqual(adopted.with_context(lang="fr_FR").name, "Non classé")
        self.assertEqual(adopted.with_context(lang="en_US").name, "Unrated")

    def test_where_core_did_not_warn_nothing_is_limited(self):
        self.company.account_use_credit_limit = False
        self.assertFalse(self._adopt())
        self.assertIsNone(self._limit(self._profile(self.customer)))

    def test_without_default_there_is_nothing_to_take_over(self):
        self._default(0)
        self.assertFalse(self._adopt())

    def test_a_class_somebody_has_set_is_left_alone(self):
        self.unrated.write({"limit_rule": "fixed", "limit_amount": 10})
        self.assertFalse(self._adopt())
        self.assertEqual(self.unrated.limit_amount, 10)

    def test_the_migration_gives_it_to_who_had_no_class(self):
        profile = self._profile(self.customer)
        profile.class_id = False
        adopted = self._adopt()
        self.env["credit.profile"]._class_of_the_unclassed()
        self.assertEqual(profile.class_id, adopted)
        self.assertEqual(self._limit(profile), 5_000.0)

    def test_the_settings_say_where_it_is_now(self):
        self._adopt()
        admin = self._user("setter", "base.group_system")
        settings = self.env["res.config.settings"].with_user(admin).create({})
        self.assertIn("Unrated", settings.credit_unrated_rules)
        self.assertIn("5,000", settings.credit_unrated_rules)
