"""What happens to a message when the facts change, before and after it is issued."""

from datetime import timedelta

from odoo.exceptions import UserError
from odoo.fields import Command

from .common import TODAY, DunningCommon


class TestFacts(DunningCommon):
    # === BETWEEN PROPOSAL AND ISSUE === #

    def test_paid_after_proposal_is_not_claimed(self):
        customer = self._customer()
        invoice = self._invoice(customer, late=4)
        run = self._propose(customer)
        run.action_approve()
        self._pay(invoice)
        run._issue_notices()
        self.assertEqual(run.notice_ids.state, "cancelled")
        self.assertIn("Settled", run.notice_ids.cancel_reason)
        self.assertFalse(run.notice_ids.delivery_ids)
        self.assertEqual(run.state, "done")

    def test_one_of_two_paid_after_proposal_falls_out(self):
        customer = self._customer()
        paid = self._invoice(customer, 100, late=4)
        kept = self._invoice(customer, 70, late=5)
        run = self._propose(customer)
        run.action_approve()
        self._pay(paid)
        run._issue_notices()
        notice = run.notice_ids
        self.assertEqual(notice.state, "issued")
        self.assertEqual(notice.line_ids.move_id, kept)
        self.assertEqual(notice.amount_due, 70)
        self.assertFalse(self._item(paid).dunning_level_id)

    def test_firmest_item_paid_softens_the_message(self):
        customer = self._customer()
        old = self._invoice(customer, 100, late=16)
        self._item(old).dunning_level_id = self.first
        self._invoice(customer, 70, late=4)
        run = self._propose(customer)
        self.assertEqual(run.notice_ids.level_id, self.second)
        run.action_approve()
        self._pay(old)
        run._issue_notices()
        self.assertEqual(run.notice_ids.state, "issued")
        self.assertEqual(run.notice_ids.level_id, self.first)

    def test_part_payment_after_proposal_is_deducted(self):
        customer = self._customer()
        invoice = self._invoice(customer, 100, late=4)
        run = self._propose(customer)
        run.action_approve()
        self._pay(invoice, 40)
        run._issue_notices()
        line = run.notice_ids.line_ids
        self.assertRecordValues(
            line, [{"amount_original": 100, "amount_paid": 40, "residual": 60}]
        )
        self.assertEqual(run.notice_ids.amount_due, 60)

    def test_reset_to_draft_after_proposal_is_not_claimed(self):
        customer = self._customer()
        invoice = self._invoice(customer, late=4)
        run = self._propose(customer)
        run.action_approve()
        invoice.button_draft()
        run._issue_notices()
        self.assertEqual(run.notice_ids.state, "cancelled")

    def test_paused_after_proposal_is_not_issued(self):
        customer = self._customer()
        self._invoice(customer, late=4)
        run = self._propose(customer)
        run.action_approve()
        self.env["dunning.hold"].create(
            {"profile_id": self._profile(customer).id, "reason": "Friend of the boss"}
        )
        run._issue_notices()
        self.assertEqual(run.notice_ids.state, "cancelled")
        self.assertIn("paused", run.notice_ids.cancel_reason)

    def test_credit_after_proposal_holds_the_message_back(self):
        customer = self._customer()
        self._invoice(customer, 100, late=4)
        run = self._propose(customer)
        run.action_approve()
        self._credit_note(customer, 100)
        run._issue_notices()
        self.assertEqual(run.notice_ids.state, "cancelled")
        self.assertIn("Covered", run.notice_ids.cancel_reason)

    # === BETWEEN ISSUE AND SENDING === #

    def test_paid_before_sending_is_not_sent(self):
        customer = self._customer()
        invoice = self._invoice(customer, late=4)
        run = self._run(customer)
        self._pay(invoice)
        self.assertFalse(self._deliver())
        self.assertEqual(run.notice_ids.state, "cancelled")
        self.assertEqual(run.notice_ids.delivery_ids.state, "cancelled")
        self.assertTrue(run.notice_ids.attachment_id, "what was issued stays")
        self.assertFalse(self._profile(customer).last_contact_date)

    def test_partly_paid_before_sending_is_proposed_anew(self):
        customer = self._customer()
        invoice = self._invoice(customer, 100, late=4)
        self._run(customer)
        self._pay(invoice, 30)
        self.assertFalse(self._deliver())
        item = self._item(invoice)
        self.assertFalse(item.dunning_level_id, "the level goes back")
        run = self._run(customer, day=TODAY + timedelta(days=1))
        self.assertEqual(run.notice_ids.amount_due, 70)
        self.assertEqual(len(self._deliver(TODAY + timedelta(days=1))), 1)

    def test_more_owed_before_sending_still_goes(self):
        customer = self._customer()
        self._invoice(customer, 100, late=4)
        self._run(customer)
        self._invoice(customer, 50, late=1)
        self.assertEqual(len(self._deliver()), 1)

    # === AFTER SENDING === #

    def test_reminded_invoice_can_be_reset_cancelled_and_reversed(self):
        customer = self._customer()
        drafted, reversed_ = (self._invoice(customer, 100, late=4) for __ in range(2))
        run = self._run(customer)
        self._deliver()
        drafted.button_draft()
        drafted.button_cancel()
        self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=reversed_.ids
        ).create({"journal_id": reversed_.journal_id.id}).refund_moves()
        self.assertEqual(drafted.state, "cancel")
        self.assertEqual(run.notice_ids.state, "issued")
        self.assertEqual(len(run.notice_ids.line_ids), 2)

    def test_issued_notice_cannot_be_changed_or_deleted(self):
        customer = self._customer()
        self._invoice(customer, late=4)
        run = self._run(customer)
        notice = run.notice_ids
        for change in (
            {"amount_due": 1.0},
            {"level_id": self.courtesy.id},
            {"letter_body": "<p>Other</p>"},
            {"line_ids": [Command.clear()]},
            {"pdf_sha256": "0" * 64},
        ):
            with self.subTest(change=change), self.assertRaises(UserError):
                notice.write(change)
        with self.assertRaises(UserError):
            notice.line_ids.residual = 1.0
        for record in (notice, notice.line_ids, notice.delivery_ids, run):
            with self.subTest(record=record), self.assertRaises(UserError):
                record.unlink()

    def test_edited_level_does_not_reach_issued_notices(self):
        customer = self._customer()
        self._invoice(customer, late=4)
        run = self._run(customer)
        before = run.notice_ids.deadline_date
        self.first.deadline_days = 99
        self.assertEqual(run.notice_ids.deadline_date, before)

    # === CREDITS === #

    def test_credit_note_covering_the_debt_holds_back(self):
        for credit in (1000, 1500):
            with self.subTest(credit=credit):
                customer = self._customer()
                self._invoice(customer, 1000, late=4)
                self._credit_note(customer, credit)
                run = self._propose(customer)
                self.assertFalse(run.notice_ids)
                self.assertEqual(self._reasons(run), {"covered", "not_a_debt"})

    def test_partial_credit_is_shown_and_deducted(self):
        customer = self._customer()
        self._invoice(customer, 1000, late=4)
        self._credit_note(customer, 300)
        notice = self._propose(customer).notice_ids
        self.assertRecordValues(
            notice,
            [{"amount_claimed": 1000, "amount_credit": 300, "amount_due": 700}],
        )
        (total,) = notice._totals()
        self.assertEqual(
            (total["claimed"], total["credit"], total["due"]), (1000, 300, 700)
        )

    def test_unallocated_payment_covers(self):
        customer = self._customer()
        self._invoice(customer, 100, late=4)
        payment = self._payment(customer, 100)
        self.assertTrue(payment.move_id)
        self.assertIn("covered", self._reasons(self._propose(customer)))

    def test_payment_on_its_way_without_entry_covers(self):
        customer = self._customer()
        self._invoice(customer, 100, late=4)
        self._payments_without_entry()
        payment = self._payment(customer, 60)
        self.assertFalse(payment.move_id)
        notice = self._propose(customer).notice_ids
        self.assertEqual(notice.amount_due, 40)
        notice.action_exclude()
        self._payment(customer, 40)
        self.assertIn("covered", self._reasons(self._propose(customer)))

    def test_online_payment_in_progress_covers(self):
        if "payment.transaction" not in self.env:
            self.fail("account_payment comes with account: the test needs it")
        customer = self._customer()
        self._invoice(customer, 100, late=4)
        transaction = self._online_payment(
            customer, 100, last_state_change=TODAY - timedelta(days=1)
        )
        self.assertIn("covered", self._reasons(self._propose(customer)))
        transaction.last_state_change = TODAY - timedelta(days=8)
        run = self._propose(customer)
        self.assertTrue(run.notice_ids, "announced, and never made")
        run._cancel("next")
        transaction.last_state_change = TODAY
        transaction.state = "cancel"
        self.assertTrue(self._propose(customer).notice_ids)

    def test_excluded_entries_net_among_themselves(self):
        customer = self._customer()
        self._entry(customer, 1000)
        self._entry(customer, -1000)
        run = self._propose(customer)
        self.assertFalse(run.notice_ids, "balance zero is nobody's business")
        self.assertEqual(self._reasons(run), {"item_excluded", "not_a_debt"})
        self._invoice(customer, 50, late=4)
        self.assertEqual(self._propose(customer).notice_ids.amount_due, 50)
