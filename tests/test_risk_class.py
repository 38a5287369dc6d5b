"""Classes: who gets which, what follows for limit and policy, and what keeps them."""

from datetime import timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TODAY, DunningCommon


@tagged("post_install", "-at_install")
class RiskClassCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in "abcde":
            risk_class = cls.env.ref(f"account_dunning.credit_risk_class_{code}")
            setattr(cls, f"class_{code}", risk_class)
        cls.unrated = cls.env.ref("account_dunning.credit_risk_class_unrated")
        cls.customer = cls._customer()

    @classmethod
    def _class(cls, **values):
        return cls.env["credit.risk.class"].create(
            {"name": "Test", "code": "T", **values}
        )

    def _limit(self, profile):
        """The limit that holds: an amount, or ``None``."""
        amount = profile._limits(TODAY)[profile.id].amount
        return None if amount is None else float(amount)

    def _bodies(self, profile):
        return " ".join(profile.message_ids.mapped("body"))


@tagged("post_install", "-at_install")
class TestRiskClass(RiskClassCommon):
    def test_shipped_classes(self):
        classes = self.env["credit.risk.class"]._offered(self.company)
        shipped = classes.filtered(lambda c: not c.company_id)
        self.assertEqual("".join(shipped.mapped("code")), "ABCDEU")
        floors = (shipped - self.unrated).mapped("score_floor")
        self.assertEqual(floors, sorted(floors, reverse=True))
        self.assertEqual(floors[-1], 0, "every score leads to a class")
        for risk_class in shipped:
            self.assertTrue(risk_class.rules_text)

    def test_new_customer_is_unrated(self):
        profile = self._profile(self.customer)
        self.assertEqual(profile.class_id, self.unrated)
        self.assertIsNone(self._limit(profile))

    def test_class_of_the_company_comes_first(self):
        own = self._class(unrated=True, company_id=self.company.id)
        self.assertEqual(self._profile(self.customer).class_id, own)
        other = self._create_company(name="Other")
        elsewhere = self._profile(self._customer("Elsewhere"), other)
        self.assertEqual(elsewhere.class_id, self.unrated)

    def test_new_customer_gets_the_limit_of_the_unrated(self):
        self.unrated.write({"limit_rule": "fixed", "limit_amount": 0})
        profile = self._profile(self.customer)
        self.assertEqual(self._limit(profile), 0.0)

    def test_limit_given_in_core_is_kept_from_the_class(self):
        self.unrated.write({"limit_rule": "fixed", "limit_amount": 10})
        customer = self._customer("Given", credit_limit=700)
        profile = self._profile(customer)
        self.assertTrue(profile.limit_own)
        self.assertEqual(self._limit(profile), 700.0)

    # === LIMIT RULES === #

    def test_limit_follows_the_class_at_once(self):
        profile = self._profile(self.customer)
        fixed = self._class(limit_rule="fixed", limit_amount=5000)
        profile.class_id = fixed
        self.assertEqual(self._limit(profile), 5000.0)
        fixed.limit_amount = 6000
        self.assertEqual(self._limit(profile), 6000.0)
        profile.class_id = self.unrated
        self.assertIsNone(self._limit(profile))

    def test_limit_from_sales_of_twelve_months(self):
        self._invoice(self.customer, 60_000, late=30)
        self._credit_note(self.customer, 6_000)
        # too old, draft, or somebody else's
        self._invoice(self.customer, 999_000, due=TODAY - timedelta(days=400))
        self._invoice(self.customer, 999_000, post=False)
        self._invoice(self._customer("Other"), 999_000)
        profile = self._profile(self.customer)
        profile.class_id = self.class_c  # twice the average: 54,000 / 12 * 2
        self.assertEqual(self._limit(profile), 9_000.0)

    def test_sales_of_contacts_and_branches_count(self):
        child = self.env["res.partner"].create(
            {"name": "Branch office", "parent_id": self.customer.id}
        )
        self._invoice(child, 120_000)
        profile = self._profile(self.customer)
        profile.class_id = self.class_d
        self.assertEqual(self._limit(profile), 10_000.0)

    def test_nobody_bought_nothing_on_account(self):
        profile = self._profile(self.customer)
        profile.class_id = self.class_a
        self.assertEqual(self._limit(profile), 0.0)

    def test_own_limit_is_left_alone(self):
        profile = self._profile(self.customer)
        profile.credit_limit = 1234
        profile.class_id = self._class(limit_rule="fixed", limit_amount=5000)
        self.assertEqual(self._limit(profile), 1234.0)
        profile.limit_own = False
        self.assertEqual(self._limit(profile), 5000.0)

    def test_change_of_limit_is_in_the_chatter(self):
        profile = self._profile(self.customer)
        fixed = self._class(limit_rule="fixed", limit_amount=5000)
        profile.class_id = fixed
        fixed.limit_amount = 6000
        bodies = self._bodies(profile)
        self.assertIn("no limit → ", bodies)
        self.assertRegex(bodies, r"5,000\.00.* → .*6,000\.00")
        count = len(profile.message_ids)
        profile._apply_limit_rules()
        self.assertEqual(len(profile.message_ids), count, "nothing changed")

    def test_change_of_class_and_hold_is_in_the_chatter(self):
        profile = self._profile(self.customer).with_context(
            tracking_disable=False, mail_notrack=False
        )
        self.flush_tracking()
        profile.write({"class_id": self.class_e.id, "credit_hold": True})
        self.flush_tracking()
        values = profile.message_ids.sudo().tracking_value_ids
        tracked = {value.field_id.name: value for value in values}
        self.assertEqual(tracked["class_id"].old_value_char, "U – Unrated")
        self.assertEqual(tracked["class_id"].new_value_char, "E – Very high risk")
        self.assertEqual(tracked["credit_hold"].new_value_integer, 1)

    def test_nightly_limits(self):
        profile = self._profile(self.customer)
        profile.class_id = self._class(limit_rule="sales", limit_multiple=1)
        self.assertEqual(self._limit(profile), 0.0)
        self._invoice(self.customer, 24_000)
        self._cron("ir_cron_apply_limit_rules")
        self.assertEqual(self._limit(profile), 0.0, "looked at today already")
        profile.sudo().limit_rule_date = TODAY - timedelta(days=1)
        self._cron("ir_cron_apply_limit_rules")
        self.assertEqual(self._limit(profile), 2_000.0)
        self.assertEqual(profile.limit_rule_date, TODAY)

    def test_queries_do_not_grow_with_customers(self):
        def profiles(count, name):
            customers = self.env["res.partner"].create(
                [{"name": f"{name} {n}"} for n in range(count)]
            )
            made = self._profile(customers)
            for customer in customers[:2]:
                self._invoice(customer, 12_000)
            self.env.flush_all()
            made._update_columns({"class_id": self.class_c.id})
            self.env.invalidate_all()
            return made

        def queries(made):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            changed = made._apply_limit_batch(self.company, TODAY)
            self.env.flush_all()
            self.assertEqual(changed, made)
            return self.cr.sql_log_count - before

        queries(profiles(1, "First"))  # warms what is read once
        few, many = profiles(5, "Few"), profiles(50, "Many")
        self.assertLessEqual(queries(many), queries(few))

    # === POLICY === #

    def test_policy_of_the_class(self):
        firm, own = self._policy("Firm"), self._policy("Own")
        profile = self._profile(self.customer)
        self.assertEqual(profile.effective_policy_id, self.policy)
        self.class_d.policy_id = firm
        profile.class_id = self.class_d
        self.assertEqual(profile.effective_policy_id, firm)
        profile.policy_id = own
        self.assertEqual(profile.effective_policy_id, own)

    def test_run_takes_the_policy_of_the_class(self):
        firm = self._policy("Firm")
        profile = self._profile(self.customer)
        profile.class_id = self._class(policy_id=firm.id)
        self._invoice(self.customer, late=4)
        run = self._propose(self.customer)
        self.assertEqual(run.notice_ids.policy_id, firm)

    # === KEEPING CLASSES === #

    def test_class_in_use_cannot_be_deleted(self):
        used = self._class()
        self._profile(self.customer).class_id = used
        with self.assertRaisesRegex(UserError, "1 customer"):
            used.unlink()
        self.customer.active = False
        with self.assertRaisesRegex(UserError, "1 customer"):
            used.with_user(self.manager).unlink()
        used.active = False
        self.assertEqual(self._profile(self.customer).class_id, used)

    def test_class_of_a_review_cannot_be_deleted(self):
        used = self._class()
        profile = self._profile(self.customer)
        self.env["credit.review"].create(
            {"profile_id": profile.id, "proposed_class_id": used.id}
        )
        with self.assertRaisesRegex(UserError, "review"):
            used.unlink()

    def test_unused_class_can_be_deleted(self):
        unused = self._class()
        unused.with_user(self.manager).unlink()
        self.assertFalse(unused.exists())

    @mute_logger("odoo.sql_db")
    def test_one_class_per_letter_and_one_unrated(self):
        for values in ({"code": "a"}, {"unrated": True}):
            with self.subTest(values), self.assertRaises(IntegrityError):
                with self.cr.savepoint():
                    self._class(**values)

    @mute_logger("odoo.sql_db")
    def test_limits_of_values(self):
        for values in (
            {"score_floor": 101},
            {"limit_amount": -1},
            {"limit_multiple": -1},
            {"deposit_percent": 101},
            {"overdue_days": -1},
            {"review_months": -1},
        ):
            with self.subTest(values), self.assertRaises(IntegrityError):
                with self.cr.savepoint():
                    self._class(**values)

    def test_copy_is_a_class_of_its_own(self):
        copy = self.unrated.copy()
        self.assertFalse(copy.unrated)
        self.assertNotEqual(copy.code, self.unrated.code)

    def test_rights(self):
        profile = self._profile(self.customer)
        with self.assertRaises(AccessError):
            self.class_a.with_user(self.collector).name = "Mine"
        self.assertTrue(self.class_a.with_user(self.collector).rules_text)
        self.class_a.with_user(self.manager).name = "Ours"
        profile.with_user(self.manager).class_id = self.class_a
        self.assertEqual(profile.class_id, self.class_a)

    def test_migration_gives_everybody_a_class(self):
        profile = self._profile(self.customer)
        profile.class_id = False
        self.customer.active = False
        self.env["credit.profile"]._class_of_the_unclassed()
        self.assertEqual(profile.class_id, self.unrated)


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
