from collections import Counter
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from . import dunning_run

LAST = 2**31 - 1  # the last part is open: customers made meanwhile belong to it


class DunningRunPart(models.Model):
    """So many customers of a run: what one worker decides on in one transaction.

    A part is taken with a lock that skips what others hold, and done when its
    transaction ends well; so several workers share a run, and the part of one that dies
    is free for the next. When the proposal is complete the run has the sums and the
    parts go.
    """

    _name = "dunning.run.part"
    _description = "Part of a Dunning Run"
    _log_access = False

    run_id = fields.Many2one("dunning.run", required=True, ondelete="cascade")
    first_profile_id = fields.Integer(required=True)
    last_profile_id = fields.Integer(required=True)
    done = fields.Boolean()
    customer_count = fields.Integer()
    item_count = fields.Integer()
    skip_counts = fields.Json()

    _run_idx = models.Index("(run_id, done, id)")


class DunningRun(models.Model):
    _inherit = "dunning.run"

    # === BUSINESS METHODS: PROPOSE, SHARED === #

    def _split(self):
        """Divide the customers into parts of ``BATCH``, once.

        A run without parts that has notices or skips was begun before there were any:
        it goes on after the last of its customers.
        """
        self.ensure_one()
        if self.part_count:
            return
        told = [
            self.env[model].sudo()._read_group([("run_id", "=", self.id)], [], [key])
            for model, key in (
                ("dunning.notice", "profile_id:max"),
                ("dunning.skip", "profile_id:max"),
            )
        ]
        last_told = max(latest or 0 for [(latest,)] in told)
        rows = self.env.execute_query(
            SQL(
                """
            SELECT min(id), max(id)
              FROM (SELECT found.id, row_number() OVER (ORDER BY found.id) AS number
                      FROM (%(profiles)s) found
                     WHERE found.id > %(last_told)s) numbered
          GROUP BY (number - 1) / %(size)s
          ORDER BY 1
            """,
                profiles=self._profiles_query(),
                last_told=last_told,
                size=dunning_run.BATCH,
            )
        )
        firsts = [last_told + 1, *(first for first, __ in rows[1:])]
        lasts = [*(last for __, last in rows[:-1]), LAST]
        self.env["dunning.run.part"].sudo().create(
            [
                {"run_id": self.id, "first_profile_id": first, "last_profile_id": last}
                for first, last in zip(firsts, lasts, strict=True)
            ]
        )
        self.part_count = len(firsts)

    def _open_part_count(self):
        """How many parts are not done yet, whoever is at them."""
        parts = self.env["dunning.run.part"].sudo()
        return parts.search_count([("run_id", "in", self.ids), ("done", "=", False)])

    def _take_part(self):
        """A part nobody is at, locked until the transaction ends; empty if none is."""
        self.ensure_one()
        parts = self.env["dunning.run.part"].sudo()
        parts.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM dunning_run_part WHERE run_id = %s AND done IS NOT TRUE"
                " ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED",
                self.id,
            )
        )
        return parts.browse([pid for (pid,) in rows])

    def _finish_if_complete(self):
        """Complete the proposal if all parts are done, and nobody else is at it.

        Whoever leaves while others are at the last parts asks the morning job to look
        again: should one of them die, its part is not left until the next hour.
        """
        self.ensure_one()
        parts = self.env["dunning.run.part"].sudo()
        parts = parts.search([("run_id", "=", self.id)])
        if all(parts.mapped("done")):
            # lets others refer to the run, as the writers of notices do
            if self.try_lock_for_update(allow_referencing=True):
                self._sum_up(parts)
                self._finish_proposal()
        elif self.kind == "scheduled":
            soon = fields.Datetime.now() + timedelta(minutes=1)
            cron = self.env.ref("account_dunning.ir_cron_propose").sudo()
            cron._trigger(at=soon)

    def _sum_up(self, parts):
        counts = Counter()
        for part in parts:
            counts.update(part.skip_counts or {})
        self.write(
            {
                "customer_count": sum(parts.mapped("customer_count")),
                "item_count": sum(parts.mapped("item_count")),
                "skip_counts": dict(counts),
            }
        )
        parts.unlink()
