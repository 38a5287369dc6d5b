"""Looking through a proposal: remarks, volume brake, pace, progress, log, retry."""

from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError

from ..engine import volume
from .common import NOW, TODAY, DunningCommon

ADDRESS = {"street": "1 rue de la Paix", "zip": "75002", "city": "Paris"}
BROKEN = "<p><t t-out='object.no_such_field'/></p>"


class TestRunReview(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        others = cls.env["res.company"].sudo().search([("id", "!=", cls.company.id)])
        others.dunning_auto_propose = False

    def _customers(self, count, amount=100, **values):
        customers = self.env["res.partner"]
        for number in range(count):
            customer = self._customer(f"C{number}", **values)
            self._invoice(customer, amount, late=4)
            customers |= customer
        return customers

    def _scheduled(self):
        return (
            self.env["dunning.run"]
            .sudo()
            .search(
                [
                    ("company_id", "=", self.company.id),
                    ("date", "=", TODAY),
                    ("kind", "=", "scheduled"),
                ]
            )
        )

    def _remarks(self, notice):
        names = ("payment", "credit", "unusual", "fallback", "first", "new")
        return {name for name in names if notice[f"remark_{name}"]}

    # === REMARKS === #

    def test_remarks_say_what_to_look_at(self):
        plain = self._customer("Plain")
        credited = self._customer("Credited")
        posted = self._customer("Posted", email=False, **ADDRESS)
        for customer in (plain, credited, posted):
            self._invoice(customer, 100, late=4)
        self._credit_note(credited, 30)
        run = self._propose()
        found = {n.partner_id: n for n in run.notice_ids}
        self.assertEqual(self._remarks(found[plain]), {"first"})
        self.assertEqual(self._remarks(found[credited]), {"first", "credit"})
        self.assertEqual(self._remarks(found[posted]), {"first", "fallback"})
        self.assertFalse(found[plain].attention)
        self.assertTrue(found[credited].attention and found[posted].attention)
        self.assertIn("credits cover a part", found[credited].remarks)
        self.assertRecordValues(
            run,
            [
                {
                    "attention_count": 2,
                    "credit_count": 1,
                    "fallback_count": 1,
                    "first_count": 3,
                    "payment_count": 0,
                }
            ],
        )
        opened = run.with_context(remark="credit").action_view_remark()
        self.assertEqual(
            self.env["dunning.notice"].search(opened["domain"]), found[credited]
        )

    def test_payment_in_progress_is_told(self):
        customer = self._customer()
        self._invoice(customer, 100, late=4)
        self.inbound_payment_method_line.payment_account_id = False
        self.patch(
            type(self.env["account.move"]),
            "_get_invoice_in_payment_state",
            lambda move: "in_payment",
        )
        self._payment(customer, 60)
        notice = self._propose(customer).notice_ids
        self.assertEqual(self._remarks(notice), {"first", "payment"})

    def test_unusual_claim_is_measured_by_the_customers_own(self):
        customer = self._customer()
        for late in (8, 4):
            self._invoice(customer, 100, late=late - 30)
        for number, day in enumerate((33, 48)):
            run = self._run(customer, day=TODAY + timedelta(days=day))
            self.assertEqual(len(run.notice_ids), 1, number)
            self._deliver(TODAY + timedelta(days=day))
        self._invoice(customer, 2000, late=-55)
        day = TODAY + timedelta(days=65)
        with freeze_time(datetime.combine(day, NOW.time())):
            notice = self._propose(customer, day=day).notice_ids
        self.assertEqual(self._remarks(notice), {"unusual"})

    def test_new_since_the_last_run(self):
        known = self._customer("Known")
        self._invoice(known, 100, late=4)
        self._propose(day=TODAY).action_cancel()
        fresh = self._customer("Fresh")
        self._invoice(fresh, 100, late=4)
        run = self._propose()
        self.assertEqual(
            {n.partner_id: n.remark_new for n in run.notice_ids},
            {known: False, fresh: True},
        )
        run.action_cancel()
        chosen = self._propose(fresh)
        self.assertFalse(chosen.notice_ids.remark_new, "chosen by hand: no news")

    def test_customers_without_address_are_listed(self):
        lost = self._customer("Lost", email=False)
        self._invoice(lost, 100, late=4)
        self._invoice(lost, 50, late=5)
        run = self._propose()
        self.assertEqual(run.no_address_count, 1, "customers, not items")
        action = run.with_user(self.collector).action_view_no_address()
        found = self.env["credit.profile"].search(action["domain"])
        self.assertEqual(found.partner_id, lost)

    def test_review_costs_queries_per_batch(self):
        def cost(count):
            customers = self._customers(count)
            run = self._propose(*customers)
            self.env.flush_all()
            self.env.invalidate_all()
            run.notice_ids.fetch(["profile_id"])
            before = self.env.cr.sql_log_count
            run._review_proposal()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        cost(2)  # caches of the registry
        few = cost(3)
        self.assertLessEqual(cost(12), few + 2)

    # === WHAT THE FORM SHOWS === #

    def test_form_shows_levels_progress_and_log(self):
        customers = self._customers(3)
        run = self._propose(*customers)
        run.notice_ids[0].action_exclude("Promised")
        run.with_user(self.collector).action_approve()
        run._issue_notices(run._approved_notices()[:1])
        self.env.invalidate_all()
        run = run.with_user(self.collector)
        self.assertEqual(
            [(s["label"], s["count"], s["total"]) for s in run._progress_steps()],
            [("Approved", 2, 2), ("Issued", 1, 2), ("Sent", 0, 2)],
        )
        [row] = run._level_rows()
        self.assertEqual((row["level"], row["count"]), ("First", 2))
        self.assertEqual((row["amount"], row["channels"]), (200, ["E-mail 2"]))
        self.assertIn("progress-bar", run.progress)
        self.assertIn("First", run.level_table)
        what = [row["what"] for row in run._log_rows()]
        self.assertIn("2 approved", what)
        self.assertIn("1 issued", what)
        self.assertIn("1 cancelled: Promised", what)
        who = {row["who"] for row in run._log_rows() if row["what"] == "2 approved"}
        self.assertEqual(who, {self.collector.name})
        self.assertIn("2 approved", run.log)

    def test_run_is_called_by_its_date_in_the_users_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        run = self._propose(self._customers(1))
        self.assertRegex(run.display_name, r"^Run of Jun 15, 2026, \d+:\d\d")
        french = run.with_context(lang="fr_FR").display_name
        self.assertIn("15 juin 2026", french)
        run.kind = "scheduled"  # one a day: the date says which
        self.assertEqual(run.display_name, "Run of Jun 15, 2026")
        self.assertEqual(run.name, "2026-06-15")

    # === APPROVE, ISSUE, SEND === #

    def test_three_acts_of_a_collector(self):
        run = self._propose(*self._customers(2)).with_user(self.collector)
        self.assertEqual((run.draft_count, run.queued_count), (2, 0))
        with self.assertRaises(UserError):
            run.action_issue()
        run.action_approve()
        self.assertEqual((run.draft_count, run.approved_count), (0, 2))
        run.action_issue()
        self.env.invalidate_all()
        self.assertEqual((run.issued_count, run.queued_count), (2, 2))
        self.assertEqual(run.notice_ids.issued_by_id, self.collector)
        self.assertEqual(
            run.notice_ids.mapped("approved_at"), [NOW, NOW], "kept for the log"
        )
        with self.mock_mail_gateway():
            message = run.action_send()["params"]["message"]
        self.assertTrue(message.startswith("2 "))
        self.env.invalidate_all()
        self.assertEqual(run.queued_count, 0)

    def test_issue_in_the_background_is_in_the_name_of_who_asked(self):
        run = self._propose(*self._customers(2))
        run.with_user(self.collector).action_approve()
        run.with_user(self.collector).sudo()._issue_in_background(run.notice_ids)
        self._cron("ir_cron_issue")
        self.assertEqual(run.notice_ids.mapped("state"), ["issued", "issued"])
        self.assertEqual(run.notice_ids.issued_by_id, self.collector)
        self.assertFalse(run.issue_requested)

    # === VOLUME BRAKE === #

    def _automatic(self):
        self.policy.mode = "automatic"
        self.company.dunning_auto_send = True

    def test_nothing_usual_yet_waits_for_a_person(self):
        self._automatic()
        self._usual_runs(count=2)
        self._customers(1)
        self._cron("ir_cron_propose")
        run = self._scheduled()
        self.assertRecordValues(run, [{"state": "proposed", "brake": "no_history"}])
        self.assertIn("nothing is usual yet", run.brake_reason)
        activity = run.activity_ids
        self.assertEqual(activity.user_id, self.contact)
        self._cron("ir_cron_issue")
        self.assertEqual(run.notice_ids.state, "draft")
        run.with_user(self.collector).action_approve()
        self.assertFalse(run.activity_ids, "nobody has to be asked any more")
        run.with_user(self.collector).action_issue()
        self.assertEqual(run.notice_ids.state, "issued")

    def test_unusually_large_run_waits_for_a_person(self):
        self._automatic()
        self._usual_runs(size=2, count=4)
        self._customers(7)
        self._cron("ir_cron_propose")
        run = self._scheduled()
        self.assertRecordValues(
            run, [{"state": "proposed", "brake": "unusual", "usual_count": 2}]
        )
        self.assertIn("7 notices; usually there are 2", run.brake_reason)
        self.assertEqual(run.size_sentence, "7 notices, usually 2")
        self.assertEqual(len(run.activity_ids), 1)
        run.action_cancel()
        self.assertFalse(run.activity_ids)

    def test_proposals_nobody_looked_at_make_nothing_usual(self):
        self._automatic()
        self._invoice(self._customer(), 100, late=20)
        for days in range(-5, 0):
            self._cron("ir_cron_propose", NOW + timedelta(days=days))
            self._cron("ir_cron_issue", NOW + timedelta(days=days, hours=1))
        runs = self.env["dunning.run"].search([("company_id", "=", self.company.id)])
        self.assertGreaterEqual(len(runs.filtered("notice_ids")), volume.ENOUGH)
        self._cron("ir_cron_propose")
        self._cron("ir_cron_issue")
        self.assertRecordValues(
            self._scheduled(), [{"state": "proposed", "brake": "no_history"}]
        )

    def test_usual_run_goes_by_itself(self):
        self._automatic()
        self._usual_runs(size=2, count=3)
        self._customers(6)
        self._cron("ir_cron_propose")
        run = self._scheduled()
        self.assertFalse(run.brake)
        self._cron("ir_cron_issue")
        self.assertEqual(set(run.notice_ids.mapped("state")), {"issued"})

    def test_runs_by_hand_say_nothing_about_what_is_usual(self):
        self._usual_runs(size=2, count=4).write({"kind": "manual"})
        run = self._propose(*self._customers(1))
        self.assertFalse(run.usual_count)
        self.assertFalse(run.size_sentence)

    def test_run_that_waits_for_a_person_anyway_needs_no_brake(self):
        self._customers(1)
        run = self._propose(scheduled=True)
        self.assertFalse(run.brake)
        self.assertFalse(run.activity_ids)

    # === AUTOMATIC SENDING === #

    def test_automatic_policy_waits_as_long_as_the_switch_is_off(self):
        self.policy.mode = "automatic"
        self.assertFalse(self.company.dunning_auto_send, "off by default")
        self._usual_runs()
        self._customers(1)
        self._cron("ir_cron_propose")
        self._cron("ir_cron_issue")
        self.assertEqual(self._scheduled().notice_ids.state, "draft")

    def test_switching_off_takes_back_what_the_machine_approved(self):
        self._automatic()
        self._usual_runs()
        self._customers(1)
        self._cron("ir_cron_propose")
        run = self._scheduled()
        self.assertEqual(run.notice_ids.state, "approved")
        self.company.dunning_auto_send = False
        self._cron("ir_cron_issue")
        self.assertRecordValues(
            run.notice_ids, [{"state": "draft", "approved_by_id": False}]
        )
        self.assertRecordValues(run, [{"state": "proposed", "issue_requested": False}])

    def test_what_a_person_issued_is_delivered_without_the_switch(self):
        customer = self._customers(1)
        self._run(customer)
        self.assertEqual(len(self._deliver()), 1)

    # === DAILY LIMIT === #

    def test_daily_limit_spreads_a_run_over_days(self):
        self.company.dunning_daily_limit = 2
        customers = self._customers(4)
        self._invoice(customers[3], 100, late=14)  # the oldest debt
        run = self._propose(*customers)
        run.with_user(self.collector).action_approve()
        told = run.with_user(self.collector).action_issue()["params"]
        self.assertEqual(told["type"], "warning")
        self.assertIn("2 issued, 2 wait", told["message"])
        issued = run.notice_ids.filtered(lambda n: n.state == "issued")
        self.assertEqual(len(issued), 2)
        self.assertIn(customers[3], issued.partner_id, "the most pressing first")
        self.assertTrue(run.issue_requested)
        self.assertTrue(run.waiting_reason)
        self._cron("ir_cron_issue")
        self.assertEqual(run.issued_count, 2, "nothing more on this day")
        with freeze_time(NOW + timedelta(hours=1)):
            again = self._propose(self._customers(1))
            again.action_approve()
            again.action_issue()
        self.assertEqual(again.issued_count, 0, "by whomever, in whatever run")
        again.action_cancel()
        self._cron("ir_cron_issue", NOW + timedelta(days=1))
        self.assertEqual(run.issued_count, 4)
        self.assertEqual(run.notice_ids.issued_by_id, self.collector)
        self._cron("ir_cron_issue", NOW + timedelta(days=1, hours=1))
        self.assertFalse(run.issue_requested)

    def test_what_the_limit_held_back_waits_for_a_working_day(self):
        self.company.dunning_daily_limit = 1
        friday = NOW + timedelta(days=4)
        with freeze_time(friday):
            run = self._propose(*self._customers(2), day=friday.date())
            run.action_approve()
            run.action_issue()
        self._cron("ir_cron_issue", friday + timedelta(days=1))
        self.assertEqual(run.issued_count, 1, "not on a Saturday")
        self._cron("ir_cron_issue", friday + timedelta(days=3))
        self.assertEqual(run.issued_count, 2)

    def test_limit_ends(self):
        self.company.write(
            {
                "dunning_daily_limit": 1,
                "dunning_daily_limit_until": TODAY - timedelta(days=1),
            }
        )
        run = self._propose(*self._customers(3))
        run.action_approve()
        run.action_issue()
        self.assertEqual(run.issued_count, 3)

    # === RETRY === #

    def test_retry_of_what_failed(self):
        customers = self._customers(2)
        run = self._run(*customers)
        self._deliver()
        first, second = run.notice_ids.delivery_ids.sorted("id")
        (first | second)._fail("Server down")
        third = self._customer("Broken")
        self._invoice(third, 100, late=16)
        self._item(third.invoice_ids).dunning_level_id = self.first
        other = self._propose(third)
        other.action_approve()
        self.second.letter_body = BROKEN
        with self.assertLogs("odoo.addons.account_dunning", "WARNING"):
            other.action_issue()
        self.assertEqual(other.error_count, 1)
        # deliveries of one run
        run = run.with_user(self.collector)
        wizard = (
            self.env["dunning.run.retry"]
            .with_user(self.collector)
            .browse(run.action_open_retry()["res_id"])
        )
        self.assertRecordValues(wizard, [{"delivery_count": 2, "notice_count": 0}])
        message = wizard.action_retry()["params"]["message"]
        self.assertIn("2 deliveries are back in the queue", message)
        self.assertEqual({first.state, second.state}, {"queued"})
        with self.assertRaises(UserError):
            run.action_open_retry()
        # the notice of the other
        with self.assertLogs("odoo.addons.account_dunning", "WARNING"):
            message = other.action_retry_failed()["params"]["message"]
        self.assertIn("0 notices issued, 1 failed again", message)
        self.second.letter_body = "<p>Mended</p>"
        message = other.action_retry_failed()["params"]["message"]
        self.assertIn("1 notices issued, 0 failed again", message)
        self.assertEqual(other.notice_ids.state, "issued")

    def test_one_delivery_per_notice_is_tried_again(self):
        customer = self._customer(**ADDRESS)
        self._invoice(customer, 100, late=4)
        run = self._run(customer)
        self._deliver()
        email = run.notice_ids.delivery_ids
        email._fail("Refused")
        letter = run.notice_ids.delivery_ids - email
        self.assertEqual(letter.channel, "letter")
        letter._fail("No printer")
        run.action_retry_failed()
        self.assertEqual((email.state, letter.state), ("queued", "failed"))

    def test_retry_leaves_out_what_a_later_notice_has_overtaken(self):
        customer = self._customer()
        self._invoice(customer, 100, late=4)
        run = self._run(customer)
        self._deliver()
        run.notice_ids.delivery_ids._fail("Refused")
        later = self._run(customer, day=TODAY + timedelta(days=12))
        self.assertEqual(later.notice_ids.state, "issued")
        self.assertFalse(any(run._retryable()))

    def test_readers_cannot_act_on_runs(self):
        reader = self._user("reader", "account.group_account_readonly")
        run = self._propose(*self._customers(1)).with_user(reader)
        self.assertTrue(run.level_table, "they may look")
        for act in (
            "action_approve",
            "action_issue",
            "action_send",
            "action_cancel",
            "action_open_retry",
            "action_retry_failed",
        ):
            with self.subTest(act=act), self.assertRaises(AccessError):
                getattr(run, act)()
