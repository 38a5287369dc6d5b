"""The guided start: settings without administrator rights, the test to oneself."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from .common import TODAY, DunningCommon


class TestGolive(DunningCommon):
    def _guide(self, user=None):
        company = self.company.with_user(user or self.manager)
        action = company.action_dunning_go_live()
        return (
            self.env[action["res_model"]]
            .with_user(user or self.manager)
            .browse(action["res_id"])
        )

    # === SETTINGS === #

    def test_credit_manager_decides_without_being_administrator(self):
        self.assertFalse(self.manager.has_group("base.group_system"))
        with Form(self._guide()) as form:
            form.baseline_date = TODAY - timedelta(days=30)
            form.start_rule = "age"
            form.user_id = self.collector
            form.daily_limit = 25
            form.daily_limit_until = TODAY + timedelta(days=28)
        self.assertRecordValues(
            self.company,
            [
                {
                    "dunning_baseline_date": TODAY - timedelta(days=30),
                    "dunning_user_id": self.collector.id,
                    "dunning_daily_limit": 25,
                    "dunning_daily_limit_until": TODAY + timedelta(days=28),
                    "dunning_policy_id": self.policy.id,
                }
            ],
        )
        self.assertEqual(self.policy.start_rule, "age")
        with self.assertRaises(AccessError):
            self.company.with_user(self.manager).dunning_daily_limit = 1

    def test_policies_are_chosen_here(self):
        other = self._policy("Other")
        with Form(self._guide()) as form:
            form.policy_id = other
        self.assertEqual(self.company.dunning_policy_id, other)
        self.assertEqual(self.company.dunning_consumer_policy_id, self.policy)

    def test_collectors_are_turned_away(self):
        with self.assertRaises(AccessError):
            self.company.with_user(self.collector).action_dunning_go_live()
        with self.assertRaises(AccessError):
            self.env["dunning.golive"].with_user(self.collector).create(
                {"company_id": self.company.id}
            )

    def test_managers_of_another_company_are_turned_away(self):
        other = self.env["res.company"].sudo().create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="account_dunning.group_account_dunning_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        with self.assertRaises(AccessError):
            self._guide(stranger)
        guide = self.env["dunning.golive"].with_user(stranger)
        with self.assertRaises(AccessError):
            guide.create({"company_id": self.company.id, "daily_limit": 1})
        with self.assertRaises(AccessError):
            guide.new({"company_id": self.company.id}).old_debts  # noqa: B018
        mine = guide.browse(
            other.with_user(stranger).action_dunning_go_live()["res_id"]
        )
        with self.assertRaises(AccessError):
            mine.company_id = self.company
            mine.action_auto_send_on()
        self.assertFalse(self.company.dunning_auto_send)

    def test_branches_start_with_their_root(self):
        branch = (
            self.env["res.company"]
            .sudo()
            .create({"name": "Branch", "parent_id": self.company.id})
        )
        self.manager.company_ids |= branch
        action = branch.with_user(self.manager).action_dunning_go_live()
        guide = self.env["dunning.golive"].browse(action["res_id"])
        self.assertEqual(guide.company_id, self.company)

    # === WHAT IT SAYS === #

    def test_old_debts_in_todays_numbers(self):
        self._invoice(self._customer(), 100, late=40)
        self._invoice(self._customer("Other"), 50, late=2)
        guide = self._guide()
        self.assertIn("all 2 open items", guide.old_debts)
        with Form(guide) as form:
            form.baseline_date = TODAY - timedelta(days=10)
            self.assertRegex(form.old_debts, r"^1 items due before .*100\.00")
            self.assertIn("at the first level", form.old_debts)
            form.start_rule = "age"
            self.assertIn("level of their age", form.old_debts)
            form.baseline_date = TODAY - timedelta(days=400)
            self.assertIn("no open items", form.old_debts)

    def test_old_debts_without_due_date(self):
        """Entries made by hand count from their own date."""
        entry = self._entry(self._customer("Opening"), 70)
        self._item(entry).no_followup = False
        guide = self._guide()
        guide.write({"baseline_date": entry.date, "start_rule": "age"})
        self.assertIn("no open items", guide.old_debts)
        guide.baseline_date = entry.date + timedelta(days=1)
        self.assertRegex(guide.old_debts, r"^1 items due before .*70\.00")

    def test_two_rules_are_told_apart(self):
        self.company.dunning_consumer_policy_id = self._policy(
            "Other", start_rule="age"
        )
        self._invoice(self._customer(), 100, late=40)
        guide = self._guide()
        self.assertFalse(guide.start_rule)
        self.assertIn("as the policy of each customer says", guide.old_debts)
        with Form(guide) as form:
            form.daily_limit = 3
        self.assertEqual(self.policy.start_rule, "first", "nothing else is touched")

    def test_ticks_follow_the_facts(self):
        self.company.partner_id.bank_ids.unlink()
        self.company.write({"street": False})
        self.env["ir.mail_server"].sudo().search([]).unlink()
        guide = self._guide()
        self.assertRecordValues(
            guide,
            [
                {
                    "has_policies": True,
                    "has_address": False,
                    "has_bank": False,
                    "has_mail_server": False,
                    "has_contact": True,
                    "has_company_data": False,
                    "has_run": False,
                }
            ],
        )
        self.company.write(
            {
                "street": "1 rue de la Gare",
                "city": "Lyon",
                "country_id": self.env.ref("base.fr").id,
            }
        )
        self.env["res.partner.bank"].create(
            {
                "acc_number": "FR7630006000011234567890189",
                "partner_id": self.company.partner_id.id,
            }
        )
        self.env["ir.mail_server"].sudo().create(
            {"name": "Out", "smtp_host": "mail.example"}
        )
        self.assertTrue(self._guide().has_company_data)

    # === SWITCH AND END === #

    def test_switch_is_off_and_is_switched(self):
        guide = self._guide()
        self.assertFalse(guide.auto_send)
        self.policy.mode = "automatic"
        guide.action_auto_send_on()
        self.assertTrue(self.company.dunning_auto_send)
        self.assertEqual(self._guide().automatic_policies, self.policy.name)
        self._guide().action_auto_send_off()
        self.assertFalse(self.company.dunning_auto_send)

    def test_usual_care_with_one_click(self):
        self._guide().action_limit()
        self.assertRecordValues(
            self.company,
            [
                {
                    "dunning_daily_limit": 30,
                    "dunning_daily_limit_until": TODAY + timedelta(weeks=4),
                }
            ],
        )

    def test_first_run_ends_the_guide(self):
        self.assertFalse(self.company.dunning_golive_done_on)
        action = self._guide().action_first_run()
        self.assertEqual(action["res_model"], "dunning.run.wizard")
        self.assertEqual(action["context"]["default_company_id"], self.company.id)
        self.assertEqual(self.company.dunning_golive_done_on, TODAY)

    def test_links_open(self):
        guide = self._guide()
        for act in ("action_view_policies", "action_view_company", "action_view_banks"):
            with self.subTest(act=act):
                self.assertTrue(getattr(guide, act)()["res_model"])

    # === TEST TO ONESELF === #

    def _counts(self):
        self.env.flush_all()
        return {
            model: self.env[model]
            .sudo()
            .with_context(active_test=False)
            .search_count([])
            for model in (
                "dunning.run",
                "dunning.notice",
                "dunning.delivery",
                "dunning.skip",
                "credit.profile",
                "res.partner",
                "account.move",
            )
        }

    def _send_test(self):
        guide = self._guide()
        before = self._counts()
        with self.mock_mail_gateway():
            guide.action_send_test()
        self.assertEqual(self._counts(), before, "nothing of the sample stays")
        self.assertTrue(guide.tested)
        self.assertEqual(len(self._mails), 1)
        mail = self._mails[0]
        self.assertEqual(mail["email_to"], [self.manager.email_formatted])
        self.assertFalse(mail["email_cc"])
        self.assertTrue(mail["subject"].startswith("[TEST]"))
        self.assertIn("This is a test.", mail["body"])
        self.assertEqual(len(mail["attachments"]), 1, "the letter and no copies")
        return mail

    def test_made_up_customer_where_nobody_is_late(self):
        mail = self._send_test()
        self.assertIn("Sample Customer", mail["body"])

    def test_real_customer_who_would_be_reminded(self):
        self.first.attach_invoices = True
        customer = self._customer("Late Payer")
        invoice = self._invoice(customer, 100, late=4)
        self._profile(customer)._refresh_figures(TODAY)
        mail = self._send_test()
        self.assertIn("Late Payer", mail["body"])
        self.assertFalse(self._item(invoice).dunning_level_id)
        self.assertFalse(self._profile(customer).message_ids.mail_ids)
        self.assertNotIn("customer.example", str(mail["email_to"]))

    def test_sample_of_a_waiting_proposal(self):
        customer = self._customer("Proposed")
        self._invoice(customer, 100, late=4)
        notice = self._propose(customer).notice_ids
        mail = self._send_test()
        self.assertIn("Proposed", mail["body"])
        self.assertRecordValues(notice, [{"state": "draft", "name": False}])

    def test_trouble_with_the_mail_server_is_told(self):
        guide = self._guide()
        with (
            self.mock_mail_gateway(),
            patch.object(
                self.env.registry["ir.mail_server"],
                "_connect__",
                side_effect=OSError("Connection refused"),
            ),
            mute_logger("odoo.addons.mail.models.mail_mail"),
            self.assertRaisesRegex(UserError, "Connection refused"),
        ):
            guide.action_send_test()
        self.assertFalse(guide.tested)

    def test_no_address_no_test(self):
        self.manager.sudo().partner_id.email = False
        with self.assertRaises(UserError):
            self._guide().action_send_test()

    # === FROM AN EMPTY COMPANY === #

    def test_first_approved_run_needs_no_guide(self):
        """Defaults that work: propose and approve are the only acts."""
        company = self.env["res.company"].sudo().create({"name": "Fresh"})
        self.assertTrue(
            company.dunning_policy_id and company.dunning_consumer_policy_id
        )
        self.assertRecordValues(
            company,
            [
                {
                    "dunning_auto_send": False,
                    "dunning_daily_limit": 0,
                    "dunning_golive_done_on": False,
                }
            ],
        )
