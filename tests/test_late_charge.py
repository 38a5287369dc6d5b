from datetime import date, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError

from ..models import late_charge_job, late_charge_night
from .common import NOW
from .late_common import TODAY, LateCommon, before


class TestLateMemo(LateCommon):
    """What the night writes down, and what it leaves alone."""

    def test_the_night_makes_a_memo_of_each_kind(self):
        invoice = self._late(60)
        self._night()
        interest = self._memo(invoice)
        self.assertAlmostEqual(interest.accrued, float(self._interest(60)))
        self.assertEqual(interest.open_amount, interest.accrued)
        self.assertTrue(interest.accruing)
        self.assertEqual(interest.regime_id.code, "FR_B2B")
        self.assertEqual(interest.partner_id, self.customer)
        compensation = self._memo(invoice, "compensation")
        self.assertEqual(compensation.accrued, 40)
        self.assertEqual(self._moved(compensation, "accrued"), [(before(59), 40)])

    def test_what_accrues_is_told_by_month(self):
        invoice = self._late(60)  # due on 16 April
        self._night()
        memo = self._memo(invoice)
        shares = self._moved(memo, "accrued")
        self.assertEqual(
            [day for day, __ in shares], [date(2026, 4, 30), date(2026, 5, 31), TODAY]
        )
        self.assertEqual(shares[0][1], float(self._interest(14)))
        self.assertAlmostEqual(sum(part for __, part in shares), memo.accrued)

    def test_each_night_only_the_running_month_grows(self):
        invoice = self._late(60)
        self._night()
        memo = self._memo(invoice)
        entries = memo.entry_ids.ids
        old = self._moved(memo, "accrued")[:2]
        self._night(day=TODAY + timedelta(days=1))
        self.assertEqual(memo.entry_ids.ids, entries)
        self.assertEqual(self._moved(memo, "accrued")[:2], old)
        self.assertAlmostEqual(memo.accrued, float(self._interest(61)))
        self.assertEqual(memo.accrued_on, TODAY + timedelta(days=1))
        self._night(day=date(2026, 6, 30))
        self._night(day=date(2026, 7, 1))
        self.assertEqual(len(memo.entry_ids), 4)
        self.assertEqual(
            set(entries), set(memo.entry_ids.ids) & set(entries), "June was made anew"
        )

    def test_the_same_night_twice_changes_nothing(self):
        invoice = self._late(60)
        self._night()
        memo = self._memo(invoice)
        before_it = memo.read(), memo.entry_ids.read()
        self._night()
        self.assertEqual((memo.read(), memo.entry_ids.read()), before_it)

    def test_what_is_paid_in_time_has_no_memo(self):
        invoice = self._late(60)
        self._pay(invoice, day=before(60))
        not_due = self._late(-5)
        self._night()
        self.assertFalse(self._memo(invoice) | self._memo(not_due))

    def test_the_memo_survives_the_payment(self):
        invoice = self._late(60)
        self._night(day=before(10))
        self._pay(invoice, day=before(5))
        self._night()
        memo = self._memo(invoice)
        self.assertFalse(memo.accruing)
        self.assertAlmostEqual(memo.open_amount, float(self._interest(55)))
        self._night(day=TODAY + timedelta(days=30))
        self.assertAlmostEqual(memo.accrued, float(self._interest(55)))
        self.assertEqual(self._memo(invoice, "compensation").open_amount, 40)

    def test_late_and_paid_between_two_nights(self):
        invoice = self._late(4)
        seen = NOW - timedelta(days=1)
        self.profile.sudo().write({"late_seen_at": seen, "late_began_at": seen})
        self._pay(invoice, day=before(1))
        self._night()
        self.assertAlmostEqual(self._memo(invoice).accrued, float(self._interest(3)))

    def test_paid_late_long_before_we_looked_first(self):
        """What was settled before the books were looked at is left in peace."""
        invoice = self._late(60)
        self._pay(invoice, day=before(30))
        self._night()
        self.assertFalse(self._memo(invoice))
        # nor is it found the next night, as something allocated lately
        self.env.cr.execute(
            "UPDATE account_partial_reconcile"
            "   SET create_date = create_date - interval '1 hour'"
        )
        self._night(day=TODAY + timedelta(days=1))
        self.assertFalse(self._memo(invoice))

    def test_a_payment_with_an_earlier_value_date_corrects_the_months(self):
        invoice = self._late(60)
        self._night()
        self._pay(invoice, day=before(50))
        self._night()
        memo = self._memo(invoice)
        self.assertAlmostEqual(memo.accrued, float(self._interest(10)))
        self.assertEqual(
            self._moved(memo, "accrued"), [(before(50), float(self._interest(10)))]
        )

    def test_a_corrected_rate_reaches_what_is_settled(self):
        invoice = self._late(60)
        self._night(day=before(1))
        self._pay(invoice, day=before(10))
        self._night()
        rates = self.env["late.rate"].search(
            [("series_id.code", "like", "ECB%"), ("valid_from", "=", "2026-01-01")]
        )
        self.assertTrue(rates)
        with freeze_time(NOW + timedelta(hours=1)):
            for rate in rates:
                rate.rate += 1
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE late_rate SET write_date = %s WHERE id = ANY(%s)",
                (NOW + timedelta(hours=1), rates.ids),
            )
            self._night()
        self.assertAlmostEqual(
            self._memo(invoice).accrued, float(self._interest(50, rate="13.15"))
        )

    def test_changed_terms_reach_what_is_settled(self):
        invoice = self._late(60)
        self._night(day=before(1))
        self._pay(invoice, day=before(10))
        self._night()
        self.profile.write({"late_contract": True, "late_contract_rate": 15})
        self.assertTrue(self.profile.late_stale)
        self._night()
        self.assertAlmostEqual(
            self._memo(invoice).accrued, float(self._interest(50, rate="15"))
        )
        self.assertFalse(self.profile.late_stale)

    # === INVOICES THAT GO === #

    def test_a_deleted_invoice_takes_its_memo_along(self):
        invoice = self._late(60)
        self._night()
        memos = self._memo(invoice) | self._memo(invoice, "compensation")
        self.assertEqual(len(memos), 2)
        invoice.button_draft()
        invoice.with_context(force_delete=True).unlink()
        self._night()
        self.assertFalse(memos.exists())

    def test_what_was_waived_stays_when_the_invoice_goes(self):
        invoice = self._late(60)
        self._night()
        memo = self._memo(invoice)
        memo._waive({memo.id: 10}, "Goodwill")
        invoice.button_draft()
        invoice.with_context(force_delete=True).unlink()
        self._night()
        self.assertTrue(memo.name)
        self.assertEqual((memo.accrued, memo.waived, memo.open_amount), (0, 10, 0))

    def test_reset_and_posted_again_it_keeps_what_was_done(self):
        invoice = self._late(60)
        self._night()
        memo = self._memo(invoice)
        memo._waive({memo.id: 10}, "Goodwill")
        invoice.button_draft()
        self._night()
        self.assertEqual((memo.accrued, memo.accruing), (0, False))
        invoice.invoice_line_ids.price_unit = 5000
        invoice.action_post()
        self._night()
        self.assertEqual(self._memo(invoice), memo)
        self.assertAlmostEqual(memo.accrued, float(self._interest(60, 5000)))
        self.assertEqual(memo.waived, 10)

    def test_items_made_anew_find_their_memo(self):
        invoice = self._late(60)
        self._night()
        memo = self._memo(invoice)
        memo._waive({memo.id: 10}, "Goodwill")
        memo.sudo().move_line_id = False  # as the database does it
        self._night()
        self.assertEqual(memo.move_line_id, self._item(invoice))
        self.assertEqual(self._memo(invoice), memo)

    # === THE JOB === #

    def test_the_job_takes_every_customer_once_a_day(self):
        invoice = self._late(60)
        self._cron("ir_cron_late")
        memo = self._memo(invoice)
        self.assertAlmostEqual(memo.accrued, float(self._interest(60)))
        self.assertEqual(self.profile.late_day, TODAY)
        with patch.object(
            type(self.memos), "_refresh", side_effect=AssertionError("again")
        ):
            self._cron("ir_cron_late", NOW + timedelta(hours=3))
        self._cron("ir_cron_late", NOW + timedelta(days=1))
        self.assertAlmostEqual(memo.accrued, float(self._interest(61)))

    def test_a_company_that_does_not_want_it(self):
        invoice = self._late(60)
        self.company.late_interest = False
        self._cron("ir_cron_late")
        self.assertFalse(self._memo(invoice))

    def test_one_bad_customer_stops_nobody_else(self):
        good, bad = self._late(60), self._late(60, partner=self._customer("Bad"))
        culprit = self._profile(bad.partner_id)
        original = type(self.memos)._refresh

        def refresh(memos, profiles, day):
            if culprit in profiles:
                raise ValueError("broken")
            return original(memos, profiles, day)

        with (
            patch.object(type(self.memos), "_refresh", refresh),
            self.assertLogs(
                "odoo.addons.account_dunning.models.credit_profile_jobs", "WARNING"
            ),
        ):
            self._cron("ir_cron_late")
        self.assertTrue(self._memo(good))
        self.assertFalse(self._memo(bad))
        self.assertIn("Interest", culprit.trouble)

    def test_batches_go_on_where_they_stopped(self):
        invoices = self._late(60)
        for number in range(4):
            invoices |= self._late(60, partner=self._customer(f"Batch {number}"))
        self.patch(late_charge_night, "BATCH", 2)
        self.patch(late_charge_job, "BATCH_ITEMS", 2)
        self._cron("ir_cron_late")
        for invoice in invoices:
            self.assertTrue(self._memo(invoice))

    def test_queries_are_a_function_of_batches(self):
        few = self._profile(self.customer)
        for late in (40, 50, 70):
            self._late(late)
        many = few.browse()
        for number in range(15):
            partner = self._customer(f"Many {number}")
            self._late(40 + number, partner=partner)
            many |= self._profile(partner)
        day = TODAY
        few._refresh_late(day)
        many._refresh_late(day)
        day += timedelta(days=1)
        less = self._queries(lambda: few._refresh_late(day))
        more = self._queries(lambda: many._refresh_late(day))
        self.assertLessEqual(more, less + 3)
        self.assertLess(more, 70)

    def test_posting_and_paying_ask_the_memos_nothing(self):
        self._late(60)
        self._night()
        invoice = self._late(30, post=False)
        with (
            patch.object(
                type(self.memos),
                "_assess_batch",
                side_effect=AssertionError("synchronous"),
            ),
            patch.object(
                type(self.memos),
                "_follow_debit_notes",
                side_effect=AssertionError("follow"),
            ),
        ):
            invoice.action_post()
            self._pay(invoice)
            invoice.button_draft()

    # === CLAIMED === #

    def _claim(self, invoice, interest, compensation=0, day=TODAY):
        """An issued notice that claims so much of an invoice."""
        run = self.env["dunning.run"].sudo()
        run = run.create(
            {
                "company_id": self.company.id,
                "date": day,
                "kind": "scheduled",
                "state": "done",
            }
        )
        notice = (
            self.env["dunning.notice"]
            .sudo()
            .with_context(dunning_issuing=True)
            .create(
                {
                    "profile_id": self.profile.id,
                    "company_id": self.company.id,
                    "policy_id": self.policy.id,
                    "level_id": self.final.id,
                    "date": day,
                    "run_id": run.id,
                    "state": "issued",
                    "issued_at": NOW,
                    "line_ids": [
                        (
                            0,
                            0,
                            {
                                "move_line_id": self._item(invoice).id,
                                "move_id": invoice.id,
                                "currency_id": invoice.currency_id.id,
                                "interest": interest,
                                "compensation": compensation,
                            },
                        )
                    ],
                }
            )
        )
        self.memos._note_claimed(notice)
        return notice

    def test_a_notice_notes_what_it_claims(self):
        invoice = self._late(60)
        notice = self._claim(invoice, 199.73, 40)
        memo, other = self._memo(invoice), self._memo(invoice, "compensation")
        self.assertEqual((memo.claimed, other.claimed), (199.73, 40))
        self.assertEqual(self._moved(memo, "claimed"), [(TODAY, 199.73)])
        self.assertEqual(
            memo.entry_ids.filtered(lambda e: e.kind == "claimed").notice_id, notice
        )
        # what a customer was told does not lower what may be claimed again
        self.assertEqual(memo.open_amount, memo.accrued)

    def test_a_later_notice_adds_what_is_more(self):
        invoice = self._late(60)
        self._claim(invoice, 100, 40, before(20))
        self._claim(invoice, 150, 40)
        memo = self._memo(invoice)
        self.assertEqual(memo.claimed, 150)
        self.assertEqual(self._moved(memo, "claimed"), [(before(20), 100), (TODAY, 50)])
        self.assertEqual(self._memo(invoice, "compensation").claimed, 40)

    def test_a_notice_that_reached_nobody_claimed_nothing(self):
        invoice = self._late(60)
        self._claim(invoice, 100, 40, before(20))
        notice = self._claim(invoice, 150, 40)
        notice._restore_levels()
        memo = self._memo(invoice)
        self.assertEqual(memo.claimed, 100)

    # === WAIVED === #

    def _wizard(self, memos, user=None, **values):
        return (
            self.env["late.waive.wizard"]
            .with_user(user or self.manager)
            .with_context(default_charge_ids=memos.ids)
            .create({"reason": "Goodwill", **values})
        )

    def test_waived_in_part_with_a_reason(self):
        invoice = self._late(60)
        self._night()
        memo = self._memo(invoice)
        wizard = self._wizard(memo)
        self.assertAlmostEqual(wizard.line_ids.amount, memo.open_amount)
        wizard.line_ids.amount = 50
        wizard.action_waive()
        self.assertEqual(memo.waived, 50)
        self.assertAlmostEqual(memo.open_amount, memo.accrued - 50)
        entry = memo.entry_ids.filtered(lambda e: e.kind == "waived")
        self.assertEqual((entry.reason, entry.user_id), ("Goodwill", self.manager))
        found = self._assessed(invoice)
        self.assertEqual(found.interest_due, found.accrued - 50)

    def test_a_waiver_can_be_taken_back_once(self):
        invoice = self._late(60)
        self._night()
        memo = self._memo(invoice)
        self._wizard(memo).action_waive()
        self.assertEqual(memo.open_amount, 0)
        entry = memo.entry_ids.filtered(lambda e: e.kind == "waived")
        entry.with_user(self.manager).action_undo()
        self.assertEqual(memo.waived, 0)
        self.assertEqual(memo.open_amount, memo.accrued)
        self.assertEqual(len(memo.entry_ids.filtered(lambda e: e.kind == "waived")), 2)
        with self.assertRaises(UserError):
            entry.with_user(self.manager).action_undo()

    def test_waived_for_good(self):
        invoice = self._late(60)
        self._night()
        memo = self._memo(invoice)
        self._wizard(memo, forgo=True).action_waive()
        self._night(day=TODAY + timedelta(days=20))
        self.assertGreater(memo.accrued, memo.waived)
        self.assertEqual(memo.open_amount, 0)
        self.assertEqual(self._assessed(invoice).interest_due, 0)
        memo.with_user(self.manager).action_claim_again()
        self.assertAlmostEqual(memo.open_amount, memo.accrued - memo.waived)
        acts = memo.entry_ids.filtered(lambda e: e.kind == "waived").sorted("id")
        self.assertEqual(acts.user_id, self.manager)
        self.assertEqual(acts[-1].reason, "What accrues is claimed again")

    def test_not_more_than_is_open_and_not_without_a_reason(self):
        invoice = self._late(60)
        self._night()
        memo = self._memo(invoice)
        for amounts, reason in (
            ({memo.id: memo.open_amount + 1}, "Why"),
            ({memo.id: -1}, "Why"),
            ({memo.id: 1}, " "),
        ):
            with self.assertRaises(UserError):
                memo.with_user(self.manager)._waive(amounts, reason)

    # === RIGHTS === #

    def test_collectors_read_and_managers_decide(self):
        invoice = self._late(60)
        self._night()
        memo = self._memo(invoice).with_user(self.collector)
        self.assertGreater(memo.open_amount, 0)
        self.assertTrue(memo.entry_ids.mapped("amount"))
        for act in (
            lambda: memo._waive({memo.id: 1}, "Why"),
            memo.action_waive,
            memo.action_debit_note,
            memo.action_claim_again,
            memo.entry_ids.action_undo,
            lambda: memo.write({"accrued": 0}),
            lambda: memo.with_user(self.manager).write({"waived": 1}),
            lambda: memo.with_user(self.manager).unlink(),
            lambda: memo.entry_ids.with_user(self.manager).write({"amount": 1}),
            lambda: self._wizard(memo, self.collector),
        ):
            with self.assertRaises(AccessError):
                act()

    def test_another_company_sees_nothing(self):
        invoice = self._late(60)
        self._night()
        memo = self._memo(invoice)
        other = self.env["res.company"].sudo().create({"name": "Other"})
        stranger = self._user("stranger", "manager")
        stranger.sudo().write(
            {"company_ids": [(6, 0, other.ids)], "company_id": other.id}
        )
        self.assertFalse(self.memos.with_user(stranger).search([]) & memo)
        self.assertFalse(
            self.env["late.charge.entry"].with_user(stranger).search([])
            & memo.entry_ids
        )
        with self.assertRaises(AccessError):
            memo.with_user(stranger)._waive({memo.id: 1}, "Why")

    def test_merged_customers_keep_their_memos(self):
        double = self._customer("Double")
        invoice = self._late(60, partner=double)
        self._night(self._profile(double))
        memo = self._memo(invoice)
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge(
            (self.customer | double).ids, self.customer, extra_checks=False
        )
        self.env.invalidate_all()
        self.assertEqual(memo.profile_id, self.profile)
        self.assertEqual(memo.partner_id, self.customer)
        self.assertEqual(memo.entry_ids.partner_id, self.customer)

    def test_a_customer_without_invoices_can_be_deleted(self):
        partner = self._customer("Gone")
        invoice = self._late(60, partner=partner)
        self._night(self._profile(partner))
        memo = self._memo(invoice)
        invoice.button_draft()
        invoice.with_context(force_delete=True).unlink()
        partner.unlink()
        self.assertFalse(memo.exists())
