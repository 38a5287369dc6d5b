"""Money received for documents that are judged, and not in the ledger yet."""

from odoo.fields import Command
from odoo.tools import SQL

from .gate_common import GateCommon


class TestReceived(GateCommon):
    def _paid_online(self, amount, moves, state="done", **values):
        transaction = self._online_payment(
            self.customer, amount, invoice_ids=[Command.set(moves.ids)], **values
        )
        # which providers can do what is not ours to test
        transaction.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE payment_transaction SET state = %s WHERE id = %s",
                state,
                transaction.id,
            )
        )
        transaction.invalidate_recordset(["state"])
        return transaction

    def _got(self, moves):
        company = self.company
        got = self.env["credit.gate"]._received(moves, company, self.today())
        return [float(got.get(move.id, 0)) for move in moves]

    def today(self):
        return self.company._dunning_today()

    def test_one_payment_for_two_invoices_counts_once(self):
        self._invoice(self.customer, 1000, late=-30)
        moves = self._drafts(400, 500)
        self._paid_online(600, moves)
        self.assertEqual(self._got(moves), [400, 200])
        self.assertEqual(self._got(moves[1]), [200], "also when asked for alone")
        moves.with_user(self.biller).action_post()
        self.assertEqual(moves.mapped("state"), ["posted", "draft"])
        self.assertEqual(moves[1].credit_reasons[0]["amount"], 300)

    def test_posted_invoice_takes_its_share(self):
        posted = self._invoice(self.customer, 300, late=-30)
        draft = self._draft(400)
        self._paid_online(500, posted + draft)
        self.assertEqual(self._got(draft), [200])

    def test_cancelled_invoice_leaves_its_share(self):
        moves = self._drafts(400, 500)
        self._paid_online(600, moves)
        moves[0].button_cancel()
        self.assertEqual(self._got(moves), [0, 500])

    def test_only_what_was_received(self):
        moves = self._drafts(400)
        for state in ("draft", "pending", "cancel", "error"):
            self._paid_online(400, moves, state=state)
        self.assertEqual(self._got(moves), [0])
        self._paid_online(100, moves, state="authorized")
        self._paid_online(50, moves)
        self.assertEqual(self._got(moves), [150])

    def test_captured_in_part(self):
        """What was captured is a transaction of its own, and a payment."""
        moves = self._drafts(400)
        source = self._paid_online(300, moves, state="authorized")
        child = self._paid_online(100, moves, source_transaction_id=source.id)
        self.assertEqual(self._got(moves), [300])
        child.payment_id = self._payment(self.customer, 100)
        self.assertEqual(self._got(moves), [200])

    def test_paid_back(self):
        moves = self._drafts(400)
        source = self._paid_online(300, moves)
        self._paid_online(
            -120, moves, operation="refund", source_transaction_id=source.id
        )
        self.assertEqual(self._got(moves), [180])

    # === RECONCILED WITH A DRAFT === #

    def _reconcile(self, move, amount):
        payment = self._payment(self.customer, amount)
        lines = (payment.move_id + move).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        lines.reconcile()
        self.assertEqual(move.amount_residual, move.amount_total - amount)

    def test_money_on_a_draft_is_off_the_drafts(self):
        self.company.credit_count_drafts = True
        move = self._draft(900)
        self._reconcile(move, 400)
        exposure = self.profile._exposure()[self.profile.id]
        self.assertEqual((exposure.drafts, exposure.credits), (500, 0))
        at_hand = self.profile._exposure(documents=move)[self.profile.id]
        self.assertEqual((at_hand.drafts, at_hand.document), (0, 500))

    def test_money_on_a_draft_lets_it_pass(self):
        move = self._held(1500)
        self._reconcile(move, 1400)
        self._look_again()
        self.assertEqual(move.credit_state, "held")
        self.assertEqual(move.credit_reasons[0]["amount"], 100)
        self._reconcile_rest(move)

    def _reconcile_rest(self, move):
        payment = self._payment(self.customer, 100)
        (payment.move_id + move).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self._look_again()
        self.assertEqual(move.credit_state, "none")
        move.action_post()
        self.assertEqual((move.state, move.amount_residual), ("posted", 0))

    def test_money_on_a_draft_that_is_being_changed(self):
        move = self._draft(900)
        self._reconcile(move, 400)
        form = self.env["account.move"].new(origin=move)
        form.invoice_line_ids.price_unit = 950
        amounts = self.env["credit.exposure"]._document_amounts(form)
        self.assertEqual(list(amounts.values()), [550])
