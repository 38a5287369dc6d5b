"""Who sees and does what; companies and branches apart and together."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user

from .common import TODAY, DunningCommon

MODELS = (
    "credit.profile",
    "dunning.policy",
    "dunning.level",
    "dunning.run",
    "dunning.notice",
    "dunning.notice.line",
    "dunning.delivery",
    "dunning.skip",
    "dunning.hold",
)


class TestAccess(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoicing = cls._user("invoicing", "account.group_account_invoice")
        cls.employee = cls._user("salesperson", "base.group_user")
        cls.portal = new_test_user(
            cls.env, login="portal_user", groups="base.group_portal"
        )
        cls.customer = cls._customer("Alpha")
        cls.invoice = cls._invoice(cls.customer, 100, late=4)

    def _may(self, user, operation):
        return {m for m in MODELS if self.env[m].with_user(user).has_access(operation)}

    def test_rights_by_group(self):
        read = {
            self.portal: set(),
            self.employee: set(),
            self.invoicing: set(MODELS) - {"dunning.run", "dunning.skip"},
            self.collector: set(MODELS),
            self.manager: set(MODELS),
        }
        write = {
            self.portal: set(),
            self.employee: set(),
            self.invoicing: set(),
            self.collector: {"credit.profile", "dunning.hold"},
            self.manager: {
                "credit.profile",
                "dunning.hold",
                "dunning.policy",
                "dunning.level",
            },
        }
        for user in read:
            with self.subTest(user=user.login):
                self.assertEqual(self._may(user, "read"), read[user])
                self.assertEqual(self._may(user, "write"), write[user])

    def test_accounting_administrator_is_a_credit_manager(self):
        admin = self._user("admin2", "account.group_account_manager")
        self.assertTrue(
            admin.has_group("account_dunning.group_account_dunning_manager")
        )

    def test_collector_works_the_whole_day(self):
        """Everything a collector does, with a collector's rights alone."""
        env = self.env(user=self.collector)
        wizard = env["dunning.run.wizard"].create({})
        wizard.action_dry_run()
        run = env["dunning.run"].browse(wizard.action_propose()["res_id"])
        notice = run.notice_ids.filtered(lambda n: n.partner_id == self.customer)
        self.assertEqual(notice.state, "draft")
        run.action_approve()
        run.action_issue()
        self.assertEqual(notice.state, "issued", notice.error)
        with self.mock_mail_gateway():
            run.action_send()
        self.assertEqual(notice.delivery_ids.state, "sending")
        self.assertTrue(notice.attachment_id.raw)
        profile = self.customer.with_user(self.collector).credit_profile_id
        self.assertIn("under way", profile.proposal_sentence)
        self.assertTrue(profile.move_line_ids.dunning_why)
        pause = profile.action_pause()
        env["dunning.hold.wizard"].with_context(**pause["context"]).create(
            {"reason": "Waits for a delivery"}
        ).action_pause()
        self.assertTrue(profile.hold_id)
        profile.action_resume()
        self.assertFalse(profile.hold_id)

    def test_formal_notice_needs_the_credit_manager(self):
        self.formal.approval = "manager"
        other = self._customer("Late")
        self._item(self._invoice(other, late=46)).dunning_level_id = self.final
        run = self._propose(self.customer, other)
        run.with_user(self.collector).action_approve()
        self.assertEqual(
            {n.partner_id: n.state for n in run.notice_ids},
            {self.customer: "approved", other: "draft"},
        )
        waiting = run.notice_ids.filtered(lambda n: n.state == "draft")
        with self.assertRaises(UserError):
            waiting.with_user(self.collector).action_approve()
        waiting.with_user(self.manager).action_approve()
        self.assertEqual(waiting.approved_by_id, self.manager)

    def test_nobody_bypasses_the_actions(self):
        run = self._propose(self.customer)
        notice = run.notice_ids.with_user(self.manager)
        with self.assertRaises(AccessError):
            notice.state = "approved"
        with self.assertRaises(AccessError):
            notice.with_context(dunning_issuing=True).level_id = self.courtesy
        with self.assertRaises(AccessError):
            notice.line_ids.residual = 1
        with self.assertRaises(AccessError):
            run.with_user(self.manager).state = "done"
        run.action_approve()
        run.action_issue()
        with self.assertRaises(AccessError):
            notice.delivery_ids.state = "sent"
        with self.assertRaises(AccessError):
            notice.attachment_id.with_user(self.manager).raw = b"forged"
        with self.assertRaises(AccessError):
            self.env["dunning.notice.line"].with_user(self.manager).create(
                {"notice_id": notice.id, "currency_id": notice.currency_id.id}
            )

    def test_profiles_are_written_where_their_form_lets_people(self):
        profile = self._profile(self.customer).with_user(self.collector)
        for name, value in (
            ("last_contact_date", TODAY),
            ("handled_on", TODAY),
            ("last_call_date", TODAY),
            ("unread_reply", True),
            ("work_state", "none"),
            ("amount_overdue", 0),
            ("partner_id", self._customer("Beta").id),
            ("company_id", self.company.id),
            ("active", False),
        ):
            for user in (self.collector, self.manager):
                with self.subTest(name=name), self.assertRaises(AccessError):
                    profile.with_user(user).write({name: value})
        with self.assertRaises(AccessError):
            profile.create(
                {"partner_id": self._customer("C").id, "last_contact_date": TODAY}
            )
        profile.write(
            {
                "policy_id": self.policy.id,
                "user_id": self.collector.id,
                "customer_kind": "public",
            }
        )
        self.assertEqual(profile.customer_kind, "public")

    def test_what_was_issued_stays_in_its_run_and_channel(self):
        notice = self._run(self.customer).notice_ids.sudo()
        other = self._propose(self._customer("Beta"))
        for name, value in (
            ("run_id", other.id),
            ("channel", "letter"),
            ("contact_address", "else@customer.example"),
            ("by_hand", True),
            ("insisted", "nothing"),
        ):
            with self.subTest(name=name), self.assertRaises(UserError):
                notice.write({name: value})

    def test_collector_cannot_change_policies(self):
        with self.assertRaises(AccessError):
            self.policy.with_user(self.collector).gap_days = 1
        with self.assertRaises(AccessError):
            self.first.with_user(self.collector).letter_title = "Pay!"
        self.policy.with_user(self.manager).gap_days = 6
        self.assertEqual(self.policy.gap_days, 6)

    def test_invoicing_user_sees_levels_and_cannot_act(self):
        run = self._run(self.customer)
        invoice = self.invoice.with_user(self.invoicing)
        self.assertEqual(invoice.dunning_level_id, self.first)
        self.assertEqual(invoice.dunning_notice_count, 1)
        partner = self.customer.with_user(self.invoicing)
        self.assertTrue(partner.credit_profile_id.display_name)
        notice = run.notice_ids.with_user(self.invoicing)
        self.assertEqual(notice.amount_due, 100)
        for act in ("action_approve", "action_exclude", "action_lower_level"):
            with self.subTest(act=act), self.assertRaises(AccessError):
                getattr(notice, act)()
        with self.assertRaises(AccessError):
            partner.dunning_policy_id = self.policy
        with self.assertRaises(AccessError):
            self.env["dunning.run.wizard"].with_user(self.invoicing).create({})
        with self.assertRaises(AccessError):
            self.env["dunning.hold.wizard"].with_user(self.invoicing).create(
                {"reason": "x"}
            )

    def test_salesperson_uses_partners_without_noticing(self):
        partner = self.customer.with_user(self.employee)
        self.assertTrue(partner.read(["name", "email"]))
        self.assertNotIn("dunning_level_id", partner.fields_get())
        with self.assertRaises(AccessError):
            partner.read(["credit_profile_id"])

    def test_posting_and_paying_needs_no_right_to_dunning(self):
        customer = self._customer("Beta")
        invoice = self._invoice(customer, 10, late=4, post=False)
        invoice.with_user(self.invoicing).action_post()
        self.assertEqual(invoice.state, "posted")

    # === COMPANIES === #

    def test_other_company_sees_nothing(self):
        run = self._run(self.customer)
        other = self.env["res.company"].sudo().create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="account_dunning.group_account_dunning_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        env = self.env(user=stranger, context={"allowed_company_ids": other.ids})
        for model in (
            "credit.profile",
            "dunning.run",
            "dunning.notice",
            "dunning.skip",
        ):
            with self.subTest(model=model):
                self.assertFalse(
                    env[model].search([("company_id", "=", self.company.id)])
                )
        with self.assertRaises(AccessError):
            run.notice_ids.with_env(env).read(["amount_due"])
        self.assertFalse(env["res.partner"].browse(self.customer.id).credit_profile_id)

    def test_run_of_another_company_is_refused(self):
        """The company comes from the client: it may say what it likes."""
        other = self.env["res.company"].sudo().create({"name": "Elsewhere"})
        env = self.env(user=self.collector)
        elsewhere = env["dunning.run.wizard"].create({"company_id": other.id})
        for act in (elsewhere.action_propose, elsewhere.action_dry_run):
            with self.subTest(act=act.__name__), self.assertRaises(UserError):
                act()
        self.assertFalse(
            self.env["dunning.run"].sudo().search([("company_id", "=", other.id)])
        )

    # === DIALOGUES === #

    def _dialogues(self):
        """One of each dialogue, as the collector (or manager) who opened it."""
        env = self.env(user=self.collector)
        profile = self._profile(self.customer).with_env(env)
        items = Command.set(self._item(self.invoice).ids)
        run_wizard = env["dunning.run.wizard"].create({})
        run_wizard.action_dry_run()
        statement = env["credit.statement.wizard"].create(
            {"profile_ids": [Command.set(profile.ids)]}
        )
        env.flush_all()  # its rows are the collector's too
        reminder = env["dunning.reminder.wizard"].create({"profile_id": profile.id})
        exclude = env["dunning.exclude.wizard"].create(
            {"profile_id": profile.id, "move_line_ids": [items], "reason": "x"}
        )
        pause = env["dunning.hold.wizard"].create(
            {"profile_ids": [Command.set(profile.ids)], "reason": "x"}
        )
        run = self._propose(self.customer).with_env(env)
        change = env["dunning.notice.wizard"].browse(
            run.notice_ids.action_open_text()["res_id"]
        )
        retry = env["dunning.run.retry"].create({"run_id": run.id})
        golive = self.company.with_user(self.manager).action_dunning_go_live()
        document = {"res_model": "account.move", "res_ids": self.invoice.ids}
        release = env["credit.release.wizard"].create({"reason": "x", **document})
        pay = {"res_model": "account.move", "res_id": self.invoice.id}
        risk_class = self.env["credit.risk.class"].search([], limit=1)
        by_hand = {"class_id": risk_class.id, "reason": "x"}
        by_hand["profile_ids"] = [Command.set(profile.ids)]
        return [
            release,
            env["credit.payment.wizard"].create(pay),
            self.env["credit.class.wizard"].with_user(self.manager).create(by_hand),
            run_wizard,
            run_wizard.line_ids,
            statement,
            statement.line_ids,
            reminder,
            exclude,
            pause,
            change,
            retry,
            self.env[golive["res_model"]]
            .with_user(self.manager)
            .browse(golive["res_id"]),
            *self._late_dialogues(profile, run.notice_ids),
        ]

    def _late_dialogues(self, profile, notices):
        """Those about interest, proofs, limitation and insolvency."""
        customer = {"profile_id": profile.id}
        delivery = {"notice_id": notices.id, "channel": "letter", "target": "x"}
        delivery = self.env["dunning.delivery"].sudo().create(delivery)
        interruption = (
            self.env["late.interruption"]
            .sudo()
            .create(
                {
                    **customer,
                    "kind": "acknowledgement",
                    "scope": "all",
                    "date": TODAY,
                    "user_id": self.collector.id,
                }
            )
        )
        regime = self.env["late.regime"].search([], limit=1)
        memo = (
            self.env["late.charge"]
            .sudo()
            .create(
                {
                    **customer,
                    "company_id": self.company.id,
                    "kind": "interest",
                    "move_id": self.invoice.id,
                    "move_line_id": self._item(self.invoice).id,
                    "currency_id": self.invoice.currency_id.id,
                }
            )
        )
        memos = {"charge_ids": [Command.set(memo.ids)]}
        collector, manager = self.env(user=self.collector), self.env(user=self.manager)
        waive = manager["late.waive.wizard"].create({**memos, "reason": "x"})
        manager.flush_all()  # its lines are the manager's too
        check = {"company_id": self.company.id, "regime_id": regime.id}
        return [
            collector["dunning.proof.wizard"].create({"delivery_id": delivery.id}),
            collector["dunning.proof.import"].create({"content": b"eA=="}),
            collector["late.interruption.wizard"].create(customer),
            collector["late.interruption.undo"].create(
                {"interruption_id": interruption.id, "reason": "x"}
            ),
            collector["late.insolvency.wizard"].create({**customer, "date": TODAY}),
            collector["late.insolvency.end"].create(customer),
            manager["late.debit.wizard"].create(memos),
            waive,
            waive.line_ids,
            manager["late.invoice.check"].create({**check, "state": "missing"}),
            manager["late.regime.change"].create({"regime_id": regime.id}),
        ]

    def test_a_dialogue_is_for_who_opened_it(self):
        other = self.env["res.company"].sudo().create({"name": "Elsewhere"})
        colleague = self._user("colleague", "manager")
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="account_dunning.group_account_dunning_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        dialogues = self._dialogues()
        for records in dialogues:
            self.assertTrue(records)
            records.read(["display_name"])
            for user in (colleague, stranger):
                theirs = records.with_user(user)
                with self.subTest(model=records._name, user=user.login):
                    self.assertFalse(theirs.search([("id", "in", records.ids)]))
                    for operation in ("read", "write", "unlink"):
                        with self.assertRaises(AccessError):
                            theirs.check_access(operation)
        ours = {
            model
            for model, cls in self.env.registry.items()
            if cls._transient and model.startswith(("dunning.", "credit.", "late."))
        } - {"dunning.preview", "dunning.preview.line"}
        self.assertEqual({records._name for records in dialogues}, ours)

    def test_branch_shares_the_profile_of_its_root(self):
        branch = (
            self.env["res.company"]
            .sudo()
            .create({"name": "Branch", "parent_id": self.company.id})
        )
        self.env.user.sudo().company_ids |= branch
        self.env["account.chart.template"].sudo().try_loading(
            self.company.chart_template, branch, install_demo=False
        )
        partner = self._customer("Shared")
        self._invoice(partner, 100, late=4)
        in_branch = (
            self.env["account.move"]
            .with_context(allowed_company_ids=[branch.id, self.company.id])
            .with_company(branch)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "company_id": branch.id,
                    "invoice_date": TODAY - timedelta(days=40),
                    "invoice_date_due": TODAY - timedelta(days=5),
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Work", "price_unit": 50, "tax_ids": []}
                        )
                    ],
                }
            )
        )
        in_branch.action_post()
        run = self._propose(partner)
        self.assertEqual(run.notice_ids.amount_due, 150)
        self.assertEqual(
            self._profile(partner, branch), self._profile(partner, self.company)
        )
        local = new_test_user(
            self.env,
            login="branch_collector",
            groups="account_dunning.group_account_dunning_user",
            company_id=branch.id,
            company_ids=[Command.set(branch.ids)],
        )
        self.assertTrue(run.notice_ids.with_user(local).read(["amount_due"]))
