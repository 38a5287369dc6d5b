"""The preview: what dunning would send, and nothing written."""

from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user

from .common import NOW, TODAY, DunningCommon


class TestPreview(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Alpha")
        cls.invoice = cls._invoice(cls.customer, 100, late=4)

    def _preview(self, user=None, **values):
        Preview = self.env["dunning.preview"].with_user(user or self.collector)
        preview = Preview.create(values)
        preview.action_compute()
        return preview

    def _lines(self, preview):
        # sudo: a preview's rows are for its maker alone
        Line = self.env["dunning.preview.line"].sudo()
        return Line.search([("preview_id", "=", preview.id)])

    def _days(self, preview):
        return [
            ((line.date - TODAY).days, line.level_id) for line in self._lines(preview)
        ]

    def test_ninety_days_level_by_level(self):
        preview = self._preview()
        self.assertEqual(preview.date_to, TODAY + timedelta(days=89))
        self.assertEqual(
            self._days(preview),
            # the 26th day is a Saturday, the 41st a Sunday: on Mondays
            [(0, self.first), (11, self.second), (28, self.final), (42, self.formal)],
        )
        line = self._lines(preview)[0]
        self.assertRecordValues(
            line,
            [
                {
                    "profile_id": self._profile(self.customer).id,
                    "policy_id": self.policy.id,
                    "channel": "email",
                    "item_count": 1,
                    "amount": 100,
                    "currency_id": self.company.currency_id.id,
                }
            ],
        )
        self.assertEqual(line.create_uid, self.collector)
        self.assertEqual(
            (preview.message_count, preview.reminded_count, preview.amount), (4, 1, 400)
        )

    def test_first_day_is_what_a_run_proposes(self):
        others = [
            self._customer("Beta", email=False, street="1 Road", city="Town"),
            self._customer("Gamma", email=False),
            self._customer("Delta"),
        ]
        for number, customer in enumerate(others):
            self._invoice(customer, 50 + number, late=20 * number + 3)
        self._credit_note(others[2], 10)
        preview = self._preview(mode="date", date=TODAY)
        foreseen = {
            (li.profile_id, li.level_id, li.channel, li.item_count, li.amount)
            for li in self._lines(preview)
        }
        run = self._propose()
        proposed = {
            (
                n.profile_id,
                n.level_id,
                n.channel,
                len(n.line_ids.filtered(lambda li: li.residual > 0)),
                sum(n.line_ids.filtered(lambda li: li.residual > 0).mapped("residual")),
            )
            for n in run.notice_ids
        }
        self.assertEqual(foreseen, proposed)
        self.assertEqual(len(foreseen), 3)

    def test_nothing_is_written(self):
        self.env["credit.profile"]._ensure_all(self.company)
        self.env.flush_all()
        counts = self._counts()
        self._preview()
        self._preview(mode="date", date=TODAY + timedelta(days=30))
        self.assertEqual(self._counts(), counts)
        self.assertFalse(self._item(self.invoice).dunning_level_id)
        self.assertFalse(self._profile(self.customer).last_contact_date)

    def _counts(self):
        models = (
            "dunning.run",
            "dunning.notice",
            "dunning.delivery",
            "dunning.skip",
            "credit.profile",
            "mail.message",
            "mail.mail",
            "mail.activity",
        )
        return {m: self.env[m].sudo().search_count([]) for m in models}

    def test_one_day_ahead_as_if_nothing_was_sent_before(self):
        saturday = TODAY + timedelta(days=12)
        preview = self._preview(mode="date", date=saturday)
        self.assertEqual(self._days(preview), [(12, self.first)])

    def test_period_that_begins_later_follows_what_is_sent_before(self):
        preview = self._preview(
            date_from=TODAY + timedelta(days=7), date_to=TODAY + timedelta(days=20)
        )
        self.assertEqual(self._days(preview), [(11, self.second)])

    def test_waiting_proposal_is_foreseen_on_the_first_day(self):
        self._propose(self.customer)
        self.assertEqual(self._days(self._preview())[0], (0, self.first))

    def test_message_under_way_keeps_the_gap(self):
        self._run(self.customer)
        preview = self._preview()
        self.assertEqual(self._days(preview)[0], (11, self.second))

    def test_pause_with_an_end(self):
        self.env["dunning.hold"].create(
            {
                "profile_id": self._profile(self.customer).id,
                "reason": "Promised",
                "date_to": TODAY + timedelta(days=2),
            }
        )
        self.assertEqual(self._days(self._preview())[0], (3, self.first))

    def test_old_bank_data_stop_today_only(self):
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": TODAY - timedelta(days=30),
                "payment_ref": "Old",
                "amount": 1,
            }
        )
        self.assertEqual(self._days(self._preview())[0], (1, self.first))
        self.assertFalse(self._lines(self._preview(mode="date", date=TODAY)))

    def test_overview_adds_up(self):
        for number in range(3):
            self._invoice(self._customer(f"Beta {number}"), 50, late=10 * number - 10)
        preview = self._preview()
        matrix = preview.matrix
        self.assertEqual(
            [level["name"] for level in matrix["levels"]],
            self.policy.level_ids.mapped("name"),
        )
        self.assertEqual(matrix["weeks"][0]["from"], "2026-06-15")
        self.assertEqual(matrix["weeks"][-1]["to"], "2026-09-12")
        self.assertEqual(matrix["total"]["count"], preview.message_count)
        self.assertEqual(matrix["total"]["amount"], preview.amount)
        for week in matrix["weeks"]:
            self.assertEqual(
                week["total"]["count"], sum(c["count"] for c in week["cells"].values())
            )
        for level, cell in matrix["cells"].items():
            weeks = [w["cells"].get(level, {"count": 0}) for w in matrix["weeks"]]
            self.assertEqual(cell["count"], sum(w["count"] for w in weeks))

    def test_cells_open_their_messages(self):
        self._invoice(self._customer("Beta"), 50, late=14)
        preview = self._preview()
        for week in preview.matrix["weeks"]:
            for level, cell in week["cells"].items():
                action = preview.action_view_lines(
                    level_id=int(level), date_from=week["from"], date_to=week["to"]
                )
                found = preview.env["dunning.preview.line"].search(action["domain"])
                self.assertEqual(len(found), cell["count"])
                self.assertEqual(sum(found.mapped("amount")), cell["amount"])
        everything = preview.env["dunning.preview.line"].search(
            preview.action_view_customers()["domain"]
        )
        self.assertEqual(len(everything), preview.message_count)
        action = everything[0].action_view_profile()
        self.assertEqual(action["res_model"], "credit.profile")

    def test_weeks_begin_as_in_the_users_language(self):
        preview = self._preview()
        english = self.env["res.lang"]._lang_get("en_US")
        english.week_start = "3"
        self.env.invalidate_all()
        self.assertEqual(preview._week_start(TODAY), TODAY - timedelta(days=5))
        self.assertEqual(preview.matrix["weeks"][0]["to"], "2026-06-16")

    def test_only_the_policy_asked_for(self):
        other = self._policy("Other")
        self._profile(self.customer).policy_id = other
        self._invoice(self._customer("Beta"), 50, late=4)
        for policy in (other, self.policy):
            preview = self._preview(policy_id=policy.id)
            self.assertEqual(preview.customer_count, 1)
            self.assertEqual(self._lines(preview).policy_id, policy)
        self.assertEqual(len(self._lines(self._preview()).policy_id), 2)

    def test_policy_nobody_follows(self):
        preview = self._preview(policy_id=self._policy("Other").id)
        self.assertEqual((preview.customer_count, preview.message_count), (0, 0))

    def test_silence_says_why(self):
        self._payment(self.customer, 100)
        late = self._customer("Beta")
        self._invoice(late, 10, late=2)
        self._invoice(late, 10, late=-200)
        self.env["dunning.hold"].create(
            {"profile_id": self._profile(late).id, "reason": "Talks"}
        )
        preview = self._preview()
        self.assertEqual(
            preview.silence.splitlines(),
            [
                "2 · Dunning of this customer is paused",
                "1 · Covered by credits or payments not yet allocated",
            ],
        )
        self.assertEqual(preview.message_count, 0)
        self.assertEqual(preview.customer_count, 2)

    def test_policy_without_levels_and_no_policy(self):
        self.company.dunning_policy_id = self.env["dunning.policy"].create(
            {"name": "Empty"}
        )
        self.assertIn("no levels", self._preview().silence)
        self.company.dunning_policy_id = False
        self.assertIn("No dunning policy", self._preview().silence)

    def test_shown_again_replaces_what_was_shown(self):
        preview = self._preview()
        self._pay(self.invoice)
        preview.action_compute()
        self.assertFalse(self._lines(preview))
        self.assertFalse(preview.message_count)

    def test_another_question_hides_the_answer(self):
        preview = self._preview()
        with Form(preview) as form:
            self.assertTrue(form.computed_at)
            form.mode = "date"
            self.assertFalse(form.computed_at)

    def test_days_that_make_no_sense(self):
        for values in (
            {"mode": "date", "date": TODAY - timedelta(days=1)},
            {"mode": "date", "date": False},
            {"date_to": TODAY - timedelta(days=1)},
            {"date_from": TODAY + timedelta(days=9), "date_to": TODAY},
            {"date_to": TODAY + timedelta(days=400)},
        ):
            with self.subTest(**values), self.assertRaises(ValidationError):
                self._preview(**values)

    def test_customer_without_a_profile_yet(self):
        partner = self._customer("New")
        self._invoice(partner, 30, late=4)
        # posting has made one; this one comes from before the addon was installed
        profiles = self.env["credit.profile"].sudo()
        profiles.search([("partner_id", "=", partner.id)]).unlink()
        preview = self._preview()
        self.assertIn(partner, self._lines(preview).profile_id.partner_id)

    # === MANY, AND FOR HOW LONG === #

    def test_queries_do_not_grow_with_customers(self):
        def cost():
            self.env.flush_all()
            self.env.invalidate_all()
            preview = self.env["dunning.preview"].create({})
            before = self.env.cr.sql_log_count
            preview.action_compute()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        cost()
        few = cost()
        for number in range(20):
            self._invoice(self._customer(f"Beta {number}"), 50, late=number)
        self.env["credit.profile"]._ensure_all(self.company)
        self.assertLessEqual(cost(), few + 2)

    def test_old_previews_are_dropped(self):
        preview = self._preview()
        lines = self._lines(preview)
        self.env.cr.execute(
            "UPDATE dunning_preview SET create_date = %(past)s, write_date = %(past)s",
            {"past": NOW - timedelta(days=2)},
        )
        with freeze_time(NOW):
            self.env["dunning.preview"].sudo()._transient_clean_rows_older_than(3600)
        self.env.invalidate_all()
        self.assertFalse(preview.exists())
        self.assertFalse(lines.exists())

    # === WHO MAY === #

    def test_previews_are_their_makers(self):
        preview = self._preview(self.collector)
        lines = self._lines(preview)
        self.assertTrue(lines.with_user(self.collector).read(["amount"]))
        Line = self.env["dunning.preview.line"].with_user(self.manager)
        self.assertFalse(Line.search([]))
        with self.assertRaises(AccessError):
            lines.with_user(self.manager).read(["amount"])
        with self.assertRaises(AccessError):
            preview.with_user(self.manager).action_compute()
        with self.assertRaises(AccessError):
            lines.with_user(self.collector).unlink()

    def test_invoicing_user_has_no_preview(self):
        invoicing = self._user("invoicing", "account.group_account_invoice")
        with self.assertRaises(AccessError):
            self._preview(invoicing)

    def test_other_companies_stay_closed(self):
        other = self.env["res.company"].sudo().create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="account_dunning.group_account_dunning_user",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        env = self.env(user=stranger, context={"allowed_company_ids": other.ids})
        mine = env["dunning.preview"].create({"company_id": other.id})
        mine.action_compute()
        self.assertFalse(mine.message_count)
        with self.assertRaises(UserError):
            env["dunning.preview"].create(
                {"company_id": self.company.id}
            ).action_compute()

    def test_collector_of_a_branch_previews_the_root(self):
        branch = (
            self.env["res.company"]
            .sudo()
            .create({"name": "Branch", "parent_id": self.company.id})
        )
        collector = new_test_user(
            self.env,
            login="branch_collector",
            groups="account_dunning.group_account_dunning_user",
            company_id=branch.id,
            company_ids=[Command.set(branch.ids)],
        )
        self._invoice(self._customer("New"), 30, late=4)  # has no profile yet
        self.env.invalidate_all()
        env = self.env(user=collector, context={"allowed_company_ids": branch.ids})
        preview = env["dunning.preview"].create({})
        preview.action_compute()
        self.assertEqual(preview.company_id, self.company)
        self.assertEqual(preview.reminded_count, 2)
        self.assertEqual(preview.matrix["weeks"][0]["total"]["count"], 2)
        lines = env["dunning.preview.line"].search(
            preview.action_view_lines()["domain"]
        )
        self.assertTrue(lines[0].profile_id.display_name)
