"""Several workers at the same work, on one machine or many.

Odoo runs one scheduled action at one place at a time: its row is locked while it runs.
What the actions work on can be shared, though: parts of a run, notices, deliveries are
taken with locks that skip what another holds. So there are further scheduled actions,
the *hands*, which do the same work and are called when there is more of it than one
worker does at once. Where OCA's ``queue_job`` is installed, its jobs are the hands.

What is here surrounds the scheduled actions, so it is imported after their files.
"""

import logging
import random
import time

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

TRIES = 5  # in a row, without any progress between them
CONFLICTS = (ConcurrencyError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY)
#: what is worth another worker
LETTERS_BATCH = 50
DELIVERY_BATCH = 200
HANDS = ("ir_cron_hand_1", "ir_cron_hand_2", "ir_cron_hand_3")


class IrCron(models.Model):
    _inherit = "ir.cron"

    @api.model
    def _dunning_retried(self, job):
        """Do a job that commits step by step, and begin again when it had to give way.

        Odoo repeats the request of a user when another transaction was first, but not a
        scheduled action, which would wait for its next hour. What is committed is done:
        a job that begins again goes on from there.

        :param job: called without arguments.
        :raises: what it raises, when it had to give way again and again.
        """
        tries, before = 0, self._dunning_progress()
        while True:
            try:
                return job()
            except CONFLICTS as conflict:
                self.env.cr.rollback()
                self.env.transaction.reset()
                self.env.registry.reset_changes()
                progress = self._dunning_progress()
                tries = 1 if progress != before else tries + 1
                before = progress
                if tries >= TRIES:
                    raise
                _logger.info("Dunning job begins again: %s", repr(conflict))
                # not at the same moment as the other
                time.sleep(random.uniform(0, 0.05 * 2**tries))

    @api.model
    def _dunning_progress(self):
        """How much the scheduled action has done so far; 0 outside of one."""
        progress = self.env["ir.cron.progress"].sudo()
        return progress.browse(self.env.context.get("ir_cron_progress_id")).done

    @api.model
    def _dunning_call_hands(self, job, pieces, records=None):
        """Have others take part in the work, once this transaction is committed.

        :param job: what is to be done: ``propose``, ``issue`` or ``deliver``.
        :param pieces: into so many batches the work falls that others could do.
        :param records: what the work belongs to, if there is something.
        """
        if self.env.context.get("dunning_hand") or pieces < 1:
            return
        for name in HANDS[:pieces]:
            hand = self.env.ref(f"account_dunning.{name}", raise_if_not_found=False)
            if hand:
                hand.sudo()._trigger()


class DunningRun(models.Model):
    _inherit = "dunning.run"

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_propose(self):
        return self.env["ir.cron"]._dunning_retried(super()._cron_propose)

    @api.model
    def _cron_issue(self):
        return self.env["ir.cron"]._dunning_retried(super()._cron_issue)

    @api.model
    def _cron_lend_hand(self):
        """Take part in whatever there is to do; called by the actions that do it."""
        run = self.with_context(dunning_hand=True)
        run._cron_propose()
        run._cron_issue()
        run.env["dunning.delivery"]._cron_deliver()
        cron = self.env["ir.cron"]
        if not cron._dunning_progress():
            # others are at what is left; it is called again when there is more
            cron._commit_progress(remaining=0)


class DunningNotice(models.Model):
    _inherit = "dunning.notice"

    @api.model
    def _make_waiting_letters(self, commit):
        waiting = self.search_count(self._unprinted_domain())
        pieces = (waiting - 1) // LETTERS_BATCH
        self.env["ir.cron"]._dunning_call_hands("issue", pieces)
        return super()._make_waiting_letters(commit)


class CreditProfile(models.Model):
    _inherit = "credit.profile"

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_refresh_profiles(self):
        refresh = super()._cron_refresh_profiles
        return self.env["ir.cron"]._dunning_retried(refresh)


class DunningDelivery(models.Model):
    _inherit = "dunning.delivery"

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_deliver(self):
        cron = self.env["ir.cron"]
        waiting = self.search_count(self._due_domain(fields.Datetime.now()))
        cron._dunning_call_hands("deliver", (waiting - 1) // DELIVERY_BATCH)
        return cron._dunning_retried(super()._cron_deliver)

    @api.model
    def _sweep(self, now):
        if self.env.context.get("dunning_hand"):
            return None  # one worker is enough for that
        return super()._sweep(now)
