"""Calling others to help: only when there is work for them, and never by them."""

from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import ConcurrencyError

from odoo.addons.account_dunning.models import dunning_run, dunning_workers

from .common import TODAY, DunningCommon


class TestHands(DunningCommon):
    def setUp(self):
        super().setUp()
        self.env["ir.cron.trigger"].search([]).unlink()

    def _called(self):
        triggers = self.env["ir.cron.trigger"].search(
            [("cron_id.code", "=", "model._cron_lend_hand()")]
        )
        return len(triggers.cron_id)

    def _call(self, pieces, **context):
        cron = self.env["ir.cron"].with_context(**context)
        cron._dunning_call_hands("deliver", pieces)
        return self._called()

    def test_no_more_hands_than_pieces(self):
        self.assertEqual(self._call(-1), 0)
        self.assertEqual(self._call(0), 0)
        self.assertEqual(self._call(2), 2)

    def test_hands_are_as_many_as_there_are_and_active(self):
        self.assertEqual(self._call(100), 3)
        self.env["ir.cron.trigger"].search([]).unlink()
        self.env.ref("account_dunning.ir_cron_hand_2").active = False
        self.assertEqual(self._call(100), 2)

    def test_deleted_hand_is_not_missed(self):
        self.env.ref("account_dunning.ir_cron_hand_1").unlink()
        self.assertEqual(self._call(100), 2)

    def test_hand_calls_nobody(self):
        self.assertEqual(self._call(5, dunning_hand=True), 0)

    def test_run_is_divided_and_summed_up(self):
        for number in range(5):
            self._invoice(self._customer(f"C{number}"), late=4)
        with patch.object(dunning_run, "BATCH", 2):
            run = self._propose()
        self.assertEqual((run.part_count, run.customer_count), (3, 5))
        self.assertEqual(run.draft_count, 5)
        self.assertFalse(self.env["dunning.run.part"].sudo().search([]))

    def test_run_of_an_earlier_version_goes_on_after_its_last_customer(self):
        for number in range(4):
            self._invoice(self._customer(f"C{number}"), late=4)
        with patch.object(dunning_run, "BATCH", 2):
            run = self.env["dunning.run"].sudo()._start(self.company, TODAY)
            run._propose_batch()
            self.env["dunning.run.part"].sudo().search([]).unlink()
            run.part_count = 0
            while run._propose_batch():
                pass
        self.assertEqual(run.state, "proposed")
        self.assertEqual(len(run.notice_ids.profile_id), 4)
        self.assertEqual(len(run.notice_ids), 4)
        self.assertFalse(run.skip_ids)

    def test_customer_made_meanwhile_belongs_to_the_last_part(self):
        self._invoice(self._customer("Early"), late=4)
        run = self.env["dunning.run"].sudo()._start(self.company, TODAY)
        run._split()
        late = self._customer("Late")
        self._invoice(late, late=4)
        self._profile(late)
        while run._propose_batch():
            pass
        self.assertEqual(len(run.notice_ids), 2)

    def _retried(self, *outcomes):
        calls = iter(outcomes)
        tried = []

        def job():
            outcome = next(calls)
            tried.append(outcome)
            if isinstance(outcome, type):
                raise outcome()
            return outcome

        cron = self.env["ir.cron"]
        with (
            patch.object(self.env.cr, "rollback"),
            patch.object(dunning_workers.time, "sleep") as slept,
        ):
            result = cron._dunning_retried(job)
        return result, len(tried), slept.call_count

    def test_conflict_is_tried_again(self):
        found = self._retried(SerializationFailure, ConcurrencyError, "done")
        self.assertEqual(found, ("done", 3, 2))

    def test_conflict_without_end_is_told(self):
        with self.assertRaises(SerializationFailure):
            self._retried(*[SerializationFailure] * dunning_workers.TRIES, "never")

    def test_other_errors_are_told_at_once(self):
        with self.assertRaises(ZeroDivisionError):
            self._retried(ZeroDivisionError, "never")
