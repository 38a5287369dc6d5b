"""Classes: who gets which, what follows for limit and policy, and what keeps them."""

from datetime import timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TODAY
from .credit_common import RiskClassCommon


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
            def work():
                changed = made._apply_limit_batch(self.company, TODAY)
                self.assertEqual(changed, made)

            return self._queries(work)

        queries(profiles(1, "First"))  # warms what is read once
        few, many = profiles(5, "Few"), profiles(50, "Many")
        self.assertLessEqual(queries(many), queries(few))

    # === WHAT MOVES BY ITSELF === #

    def _night(self, profile, days=1):
        """The job of a night, looking at what stands in the books now."""
        profile.sudo().limit_rule_date = TODAY - timedelta(days=days)
        self._cron("ir_cron_apply_limit_rules")

    def test_a_limit_by_sales_does_not_flip_each_night(self):
        self._invoice(self.customer, 12_400)
        profile = self._profile(self.customer)
        profile.class_id = self._class(limit_rule="sales", limit_multiple=12)
        self.assertEqual(self._limit(profile), 12_000.0)
        count = len(profile.message_ids)
        for amount in (200, -200, 200):  # 12,600 rounds to 13,000
            if amount > 0:
                self._invoice(self.customer, amount)
            else:
                self._credit_note(self.customer, -amount)
            self._night(profile)
            self.assertEqual(self._limit(profile), 12_000.0)
        self.assertEqual(len(profile.message_ids), count, "nothing to say")
        self._invoice(self.customer, 1_200)
        self._night(profile)
        self.assertEqual(self._limit(profile), 14_000.0)
        self.assertEqual(len(profile.message_ids), count + 1)

    def test_a_rule_that_is_changed_holds_exactly(self):
        """Who changes a class by little means it."""
        self._invoice(self.customer, 12_000)
        profile = self._profile(self.customer)
        risk_class = self._class(limit_rule="sales", limit_multiple=10)
        profile.class_id = risk_class
        self.assertEqual(self._limit(profile), 10_000.0)
        risk_class.limit_multiple = 10.5
        self.assertEqual(self._limit(profile), 11_000.0)

    def test_notes_of_the_night_are_in_the_language_of_the_company(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        profile = self._profile(self.customer)
        profile.class_id = self._class(limit_rule="sales", limit_multiple=1)
        self._invoice(self.customer, 24_000)
        self.company.partner_id.lang = "fr_FR"
        self._night(profile)
        body = profile.message_ids[0].body
        self.assertIn("Limite de crédit selon la règle de la classe T", body)
        self.assertIn("2&nbsp;000,00", body)

    # === CURRENCIES === #

    def _foreign(self, rates, amount=5000, **values):
        currency = self._currency("XTF", rates)
        return self._class(
            limit_rule="fixed", limit_amount=amount, currency_id=currency.id, **values
        )

    def test_a_common_class_has_a_currency_of_its_own(self):
        profile = self._profile(self.customer)
        foreign = self._foreign({TODAY - timedelta(days=40): 0.5})
        profile.class_id = foreign
        self.assertEqual(self._limit(profile), 10_000.0, "the last rate known")
        self.assertIn("XTF", foreign.rules_text)
        own = self._class(code="O", company_id=self.company.id)
        self.assertEqual(own.currency_id, self.company.currency_id)
        self.assertEqual(
            self._class(code="V").currency_id, self.env.company.currency_id
        )

    def test_other_companies_convert_it(self):
        """One number is not the same in two currencies."""
        other = self._create_company(
            name="Elsewhere", currency_id=self._currency("XTE", {}).id
        )
        self.env["res.currency.rate"].create(
            {
                "name": TODAY,
                "rate": 0.25,
                "currency_id": self.company.currency_id.id,
                "company_id": other.id,
            }
        )
        common = self._class(limit_rule="fixed", limit_amount=1000)
        here, there = self._profile(self.customer), self._profile(self.customer, other)
        (here | there).class_id = common
        self.assertEqual(self._limit(here), 1_000.0)
        self.assertEqual(self._limit(there), 4_000.0)

    def test_a_limit_does_not_follow_each_rate(self):
        profile = self._profile(self.customer)
        foreign = self._foreign({TODAY - timedelta(days=40): 0.5})
        profile.class_id = foreign
        rates = self.env["res.currency.rate"]
        for days, rate, limit in ((3, 0.52, 10_000.0), (2, 0.4, 13_000.0)):
            rates.create(
                {
                    "name": TODAY - timedelta(days=days),
                    "rate": rate,
                    "currency_id": foreign.currency_id.id,
                    "company_id": self.company.id,
                }
            )
            self._night(profile)
            self.assertEqual(self._limit(profile), limit)

    def test_without_any_rate_nothing_is_taken_for_one_to_one(self):
        profile = self._profile(self.customer)
        profile.class_id = self._class(limit_rule="fixed", limit_amount=700)
        foreign = self._foreign({}, code="F")
        self.assertIn("XTF", foreign.rate_missing)
        profile.class_id = foreign
        self.assertEqual(self._limit(profile), 700.0, "as it was")
        self.assertIn("no exchange rate", profile.limit_error)
        self.assertIn(profile.limit_error, profile.trouble)
        found = profile.search([("limit_error", "!=", False)])
        self.assertIn(profile, found)
        self.env["res.currency.rate"].create(
            {
                "name": TODAY,
                "rate": 2,
                "currency_id": foreign.currency_id.id,
                "company_id": self.company.id,
            }
        )
        foreign.invalidate_recordset(["rate_missing"])
        self.assertFalse(foreign.rate_missing)
        self._night(profile)
        self.assertEqual(self._limit(profile), 2_500.0)
        self.assertFalse(profile.limit_error)

    def test_nothing_is_nothing_without_a_rate(self):
        profile = self._profile(self.customer)
        profile.class_id = self._foreign({}, amount=0)
        self.assertEqual(self._limit(profile), 0.0)
        self.assertFalse(profile.limit_error)

    def test_common_classes_follow_the_currency_of_a_new_chart(self):
        company = self._create_company(
            name="New", currency_id=self._currency("XTN", {}).id
        )
        empty = self._class(currency_id=company.currency_id.id)
        named = self._class(
            code="N",
            currency_id=company.currency_id.id,
            limit_rule="fixed",
            limit_amount=5,
        )
        before = company.currency_id
        company.currency_id = self._currency("XTM", {})
        self.assertEqual(empty.currency_id, company.currency_id)
        self.assertEqual(named.currency_id, before, "somebody meant that currency")

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
