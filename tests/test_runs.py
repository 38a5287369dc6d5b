"""Runs: scheduled actions, resuming, repeating, dry run, cost in queries."""

from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form

from odoo.addons.account_dunning.models import dunning_run, dunning_run_issue

from .common import NOW, TODAY, DunningCommon


class TestRuns(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # only the company of these tests: the database may hold others
        others = cls.env["res.company"].sudo().search([("id", "!=", cls.company.id)])
        others.dunning_auto_propose = False

    def _scheduled(self, day=TODAY):
        return (
            self.env["dunning.run"]
            .sudo()
            .search(
                [
                    ("company_id", "=", self.company.id),
                    ("date", "=", day),
                    ("kind", "=", "scheduled"),
                ]
            )
        )

    # === SCHEDULED ACTIONS === #

    def test_morning_job_proposes_and_waits(self):
        customer = self._customer()
        self._invoice(customer, late=4)
        self._cron("ir_cron_propose")
        run = self._scheduled()
        self.assertRecordValues(run, [{"state": "proposed", "notice_count": 1}])
        self.assertEqual(run.notice_ids.state, "draft")

    def test_morning_job_twice_a_day_is_one_run_and_one_message(self):
        customer = self._customer()
        self._invoice(customer, late=4)
        self._cron("ir_cron_propose")
        self._scheduled().notice_ids.action_approve()
        self._scheduled()._issue_notices()
        self._cron("ir_cron_propose")
        self.assertEqual(len(self._scheduled()), 1)
        self.assertEqual(len(self._profile(customer).notice_ids), 1)
        self.assertEqual(len(self._deliver()), 1)
        self.assertFalse(self._deliver())

    def test_automatic_policy_goes_through_to_the_mail(self):
        self.policy.mode = "automatic"
        self.company.dunning_auto_send = True
        self._usual_runs()
        self.formal.approval = "manager"
        soft, hard = self._customer("Soft"), self._customer("Hard")
        self._invoice(soft, late=4)
        self._item(self._invoice(hard, late=46)).dunning_level_id = self.final
        self._cron("ir_cron_propose")
        self._cron("ir_cron_issue")
        notices = self._scheduled().notice_ids
        self.assertEqual(
            {n.partner_id.name: n.state for n in notices},
            {"Soft": "issued", "Hard": "draft"},
            "the formal notice waits for the credit manager",
        )
        with self.mock_mail_gateway():
            self._cron("ir_cron_deliver", datetime(2026, 6, 15, 8, 0))
        self.assertEqual(notices.delivery_ids.state, "sending")

    def test_no_proposal_on_days_off(self):
        self._invoice(self._customer(), late=4)
        saturday = datetime(2026, 6, 20, 9, 0)
        self._cron("ir_cron_propose", saturday)
        self.assertFalse(self._scheduled(saturday.date()))

    def test_proposal_waits_for_the_companys_own_morning(self):
        self.company.resource_calendar_id.tz = "America/New_York"
        self._invoice(self._customer(), late=4)
        self._cron("ir_cron_propose", datetime(2026, 6, 15, 8, 59))
        self.assertFalse(self._scheduled())
        self._cron("ir_cron_propose", datetime(2026, 6, 15, 9, 0))
        self.assertEqual(self._scheduled().state, "proposed")

    def test_cancelled_proposal_does_not_come_back_the_same_day(self):
        self._invoice(self._customer(), late=4)
        self._cron("ir_cron_propose")
        self._scheduled().action_cancel()
        self._cron("ir_cron_propose", NOW + timedelta(hours=1))
        self.assertEqual(self._scheduled().mapped("state"), ["cancelled"])

    def test_no_empty_run_where_nobody_owes_anything(self):
        self._cron("ir_cron_propose")
        self.assertFalse(self._scheduled())

    def test_untouched_proposal_is_replaced_the_next_day(self):
        touched, untouched = self._customer("T"), self._customer("U")
        for customer in (touched, untouched):
            self._invoice(customer, late=4)
        self._cron("ir_cron_propose")
        first = self._scheduled()
        tomorrow = TODAY + timedelta(days=1)
        self._cron("ir_cron_propose", NOW + timedelta(days=1))
        self.assertEqual(first.state, "cancelled")
        second = self._scheduled(tomorrow)
        self.assertEqual(second.draft_count, 2)

        second.notice_ids[0].action_exclude()
        self._cron("ir_cron_propose", NOW + timedelta(days=2))
        self.assertEqual(second.state, "proposed", "somebody works on it")
        third = self._scheduled(TODAY + timedelta(days=2))
        self.assertIn("in_proposal", self._reasons(third))

    def test_interrupted_proposal_goes_on_where_it_stopped(self):
        customers = [self._customer(f"C{i}") for i in range(5)]
        for customer in customers:
            self._invoice(customer, late=4)
        with patch.object(dunning_run, "BATCH", 2):
            run = self.env["dunning.run"].sudo()
            run = run._start(self.company, TODAY, scheduled=True)
            self.assertEqual(run._propose_batch(), 2)
            self.assertEqual(run.state, "proposing")
            self._cron("ir_cron_propose")
        self.assertEqual(self._scheduled(), run)
        self.assertEqual(run.state, "proposed")
        self.assertEqual(
            run.notice_ids.partner_id, self.env["res.partner"].union(*customers)
        )
        self.assertEqual(run.customer_count, 5)

    def test_refresh_job_makes_profiles_and_figures(self):
        customer = self._customer()
        self._invoice(customer, 100, late=10)
        self._invoice(customer, 50, late=-10)
        self._credit_note(customer, 30)
        self._cron("ir_cron_refresh_profiles")
        profile = customer.credit_profile_id
        self.assertRecordValues(
            profile,
            [
                {
                    "amount_open": 120,
                    "amount_overdue": 100,
                    "amount_not_due": 50,
                    "amount_unallocated": 30,
                    "overdue_count": 1,
                    "days_overdue": 10,
                }
            ],
        )

    # === BY HAND === #

    def test_many_notices_are_issued_in_the_background(self):
        for i in range(3):
            self._invoice(self._customer(f"C{i}"), late=4)
        run = self._propose()
        run.action_approve()
        with patch.object(dunning_run_issue, "ISSUE_AT_ONCE", 2):
            action = run.action_issue()
        self.assertEqual(action["tag"], "display_notification")
        self.assertEqual(run.approved_count, 3)
        self._cron("ir_cron_issue")
        self.assertEqual(run.issued_count, 3)
        self.assertFalse(run.issue_requested)

    def test_excluded_notice_stays_out_and_may_come_again(self):
        customer = self._customer()
        invoice = self._invoice(customer, late=4)
        run = self._propose(customer)
        run.notice_ids.action_exclude("They called")
        self.assertEqual(run.notice_ids.cancel_reason, "They called")
        self.assertEqual(run.state, "done")
        with self.assertRaises(UserError):
            run.action_approve()
        self.assertFalse(self._item(invoice).dunning_level_id)
        self.assertTrue(self._propose(customer).notice_ids)

    def test_proposal_that_waited_is_dated_the_day_it_is_issued(self):
        customer = self._customer()
        invoice = self._invoice(customer, late=4)
        run = self._propose(customer)
        run.action_approve()
        with freeze_time(NOW + timedelta(days=3)):
            run.action_issue()
        notice, later = run.notice_ids, TODAY + timedelta(days=3)
        self.assertEqual((notice.state, notice.date), ("issued", later))
        self.assertEqual(notice.line_ids.days_late, 7)
        self.assertEqual(notice.deadline_date, later + timedelta(days=8))
        self.assertEqual(self._item(invoice).dunning_date, later)

    def test_lowered_message_lowers_what_its_items_are_told(self):
        customer = self._customer()
        invoice = self._invoice(customer, late=31)
        self._item(invoice).dunning_level_id = self.second
        run = self._propose(customer)
        notice = run.notice_ids
        self.assertEqual(notice.level_id, self.final)
        notice.action_lower_level()
        run.action_approve()
        run.action_issue()
        self.assertEqual(notice.level_id, self.second)
        self.assertEqual(self._item(invoice).dunning_level_id, self.second)
        self.assertEqual(self._item(invoice).dunning_date, TODAY)

    def test_message_lowered_twice_leaves_the_item_where_it_was(self):
        customer = self._customer()
        invoice = self._invoice(customer, late=31)
        self._item(invoice).dunning_level_id = self.second
        run = self._propose(customer)
        run.notice_ids.action_lower_level()
        run.notice_ids.action_lower_level()
        run.action_approve()
        run.action_issue()
        self.assertEqual(run.notice_ids.level_id, self.first)
        self.assertEqual(self._item(invoice).dunning_level_id, self.second)

    def test_lowered_notice_that_failed_once_is_issued_the_second_time(self):
        customer = self._customer()
        self._item(self._invoice(customer, late=31)).dunning_level_id = self.second
        run = self._propose(customer)
        run.notice_ids.action_lower_level()
        run.action_approve()
        self.second.letter_body = "<p><t t-out='object.no_such_field'/></p>"
        with self.assertLogs("odoo.addons.account_dunning", "WARNING"):
            run.action_issue()
        self.assertEqual(run.notice_ids.state, "approved")
        self.second.letter_body = "<p>Mended</p>"
        run.action_issue()
        self.assertEqual(run.notice_ids.state, "issued")

    def test_decisions_on_a_proposal_can_be_taken_back(self):
        customer = self._customer()
        self._item(self._invoice(customer, late=31)).dunning_level_id = self.second
        run = self._propose(customer)
        notice = run.notice_ids
        for act in ("action_lower_level", "action_approve", "action_exclude"):
            with self.subTest(act=act):
                getattr(notice, act)()
                notice.action_reset()
                self.assertRecordValues(
                    notice,
                    [{"state": "draft", "level_id": self.final.id, "edited": False}],
                )
        notice.action_exclude()
        self._propose(customer)
        with self.assertRaises(UserError):
            notice.action_reset()

    def test_run_dated_ahead_is_issued_on_its_day(self):
        customer = self._customer()
        self._invoice(customer, late=4)
        run = self._propose(customer, day=TODAY + timedelta(days=2))
        run.action_approve()
        with self.assertRaises(UserError):
            run.action_issue()

    def test_nothing_to_issue_says_so(self):
        self._invoice(self._customer(), late=4)
        run = self._propose()
        with self.assertRaises(UserError):
            run.action_issue()

    def test_no_next_message_while_the_last_is_under_way(self):
        customer = self._customer()
        self._invoice(customer, 100, late=4)
        self._run(customer)
        later = TODAY + timedelta(days=20)
        run = self._propose(customer, day=later)
        self.assertEqual(self._reasons(run), {"under_way"})
        self._deliver()
        self.assertTrue(self._propose(customer, day=later).notice_ids)

    def test_second_contact_only_after_the_gap(self):
        customer = self._customer()
        self._invoice(customer, 100, late=4)
        self._run(customer)
        self._deliver()
        self._invoice(customer, 70, late=3)
        for day in range(1, 5):
            run = self._propose(customer, day=TODAY + timedelta(days=day))
            self.assertFalse(run.notice_ids)
            self.assertIn("too_soon", self._reasons(run))
        self.assertTrue(
            self._propose(customer, day=TODAY + timedelta(days=5)).notice_ids
        )

    # === DRY RUN === #

    def test_dry_run_says_what_a_run_decides_and_writes_nothing(self):
        due, quiet = self._customer("Due"), self._customer("Quiet")
        self._invoice(due, 100, late=4)
        self._invoice(quiet, 100, late=1)
        tables = ("dunning.run", "dunning.notice", "dunning.skip", "dunning.delivery")

        def counts():
            return [self.env[name].search_count([]) for name in tables]

        before = counts()
        profiles = self._profile(due | quiet)
        wizard = Form(
            self.env["dunning.run.wizard"].with_context(
                default_profile_ids=profiles.ids
            )
        ).save()
        wizard.action_dry_run()
        self.assertEqual(counts(), before)
        lines = {line.profile_id.partner_id: line for line in wizard.line_ids}
        self.assertEqual(lines[due].level_id, self.first)
        self.assertEqual(lines[due].amount, 100)
        self.assertFalse(lines[quiet].level_id)
        self.assertIn("not reached", lines[quiet].sentence)

        action = wizard.action_propose()
        run = self.env["dunning.run"].browse(action["res_id"])
        self.assertEqual(run.notice_ids.partner_id, due)

    def test_run_on_archived_customers_only_is_not_a_run_on_all(self):
        archived, other = self._customer("Archived"), self._customer("Other")
        for customer in (archived, other):
            self._invoice(customer, late=4)
        profile = self._profile(archived)
        archived.active = False
        wizard = self.env["dunning.run.wizard"].create(
            {"profile_ids": [Command.set(profile.ids)]}
        )
        wizard.action_dry_run()
        self.assertEqual(wizard.line_ids.profile_id, profile)
        action = wizard.action_propose()
        run = self.env["dunning.run"].browse(action["res_id"])
        self.assertFalse(run.notice_ids)
        self.assertEqual(run.customer_count, 1)

    def test_messages_cannot_be_dated_far_ahead(self):
        last = TODAY + timedelta(days=31)
        wizard = self.env["dunning.run.wizard"].create(
            {"date": last + timedelta(days=1)}
        )
        with self.assertRaises(UserError):
            wizard.action_propose()
        wizard.action_dry_run()
        wizard.date = last
        self.assertTrue(wizard.action_propose()["res_id"])

    def test_messages_cannot_be_dated_back(self):
        wizard = self.env["dunning.run.wizard"].create(
            {"date": TODAY - timedelta(days=1)}
        )
        wizard.action_dry_run()
        with self.assertRaises(UserError):
            wizard.action_propose()

    # === SUMMARY === #

    def test_summary_counts_every_item_once(self):
        first, second = self._customer("One"), self._customer("Two")
        self._invoice(first, 100, late=4)
        self._invoice(first, 100, late=-20)
        self._invoice(second, 50, late=1)
        run = self._propose(first, second)
        summary = run._get_summary()
        self.assertEqual((summary["customers"], summary["items"]), (2, 3))
        self.assertEqual(sum(row["count"] for row in summary["skipped"]), 2)
        (group,) = summary["notices"]
        self.assertEqual((group["level"], group["count"]), ("First", 1))
        self.assertEqual(
            {k: float(v) for k, v in group["amounts"].items()},
            {self.company.currency_id.name: 100.0},
        )
        self.assertEqual(run.skip_count + 1, run.item_count)

    # === COST === #

    def _query_count(self, function):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        function()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def test_number_of_queries_does_not_grow_with_customers(self):
        groups = []
        for size in (3, 12):
            partners = self.env["res.partner"]
            for i in range(size):
                partner = self._customer(f"C{size}-{i}")
                self._invoice(partner, late=4)
                self._invoice(partner, late=-20)
                partners |= partner
            groups.append(self._profile(partners))
        decide = self.env["dunning.situation"]._decide
        # warm the caches that do not depend on the batch
        self._query_count(lambda: decide(groups[0], TODAY))
        few, many = (
            self._query_count(lambda profiles=profiles: decide(profiles, TODAY))
            for profiles in groups
        )
        self.assertEqual(
            few, many, "deciding costs queries per batch, not per customer"
        )
        refresh = [
            self._query_count(
                lambda profiles=profiles: profiles._refresh_figures(TODAY)
            )
            for profiles in groups
        ]
        self.assertEqual(*refresh)
