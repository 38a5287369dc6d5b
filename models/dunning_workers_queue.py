"""Batches as jobs of OCA's ``queue_job``, where that module is installed.

It is no dependency: whether it is there is seen from its model. The scheduled actions
work on beside the jobs, so that nothing waits for a queue whose runner does not run. A
job takes what is there when it starts, and a batch that somebody else has done is not
there any more: a job too many, or one that runs twice, does nothing.
"""

from odoo import api, models

from . import dunning_workers


class _Step:
    """How many records one job does: its transaction."""

    def __init__(self, size):
        self.left = size


class IrCron(models.Model):
    _inherit = "ir.cron"

    @api.model
    def _dunning_call_hands(self, job, pieces, records=None):
        if "queue.job" not in self.env:
            return super()._dunning_call_hands(job, pieces, records)
        if self.env.context.get("dunning_hand"):
            return None
        runs = self.env["dunning.run"].browse(records and records.ids)
        about = {
            "propose": self.env._("Dunning: prepare proposals"),
            "issue": self.env._("Dunning: issue approved notices"),
            "deliver": self.env._("Dunning: deliver notices"),
        }
        for number in range(1, pieces + 1):
            runs.with_delay(
                description=f"{about[job]} ({number})",
                # not once more while this one waits
                identity_key=f"account_dunning {job} {runs.ids} {number}",
            )._job_take_part(job)
        return None

    @api.model
    def _dunning_retried(self, job):
        if self.env.context.get("dunning_step"):
            return job()  # the queue does it again
        return super()._dunning_retried(job)

    @api.model
    def _commit_progress(self, processed=0, *, remaining=None, deactivate=False):
        """In a job nothing is committed: it ends with the first batch."""
        step = self.env.context.get("dunning_step")
        if step is None:
            return super()._commit_progress(
                processed, remaining=remaining, deactivate=deactivate
            )
        step.left -= processed
        return max(step.left, 0)


class DunningRun(models.Model):
    _inherit = "dunning.run"

    def _job_take_part(self, job):
        """One batch of the work, in the transaction of the queue's job.

        :param job: ``propose`` (of these runs), ``issue`` or ``deliver``.
        """
        if job == "propose":
            for run in self.exists():
                if run._propose_batch() and run.state == "proposing":
                    run._finish_if_complete()
            return
        size = {
            "issue": dunning_workers.LETTERS_BATCH,
            "deliver": dunning_workers.DELIVERY_BATCH,
        }[job]
        hand = self.with_context(dunning_hand=True, dunning_step=_Step(size))
        if job == "issue":
            hand._cron_issue()
        else:
            hand.env["dunning.delivery"]._cron_deliver()
