from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import review, volume


class DunningNotice(models.Model):
    """The remarks on a notice; the run writes them when its proposal is complete."""

    _inherit = "dunning.notice"

    remark_payment = fields.Boolean(string="Payment in progress", readonly=True)
    remark_credit = fields.Boolean(string="Partly covered by credits", readonly=True)
    remark_unusual = fields.Boolean(string="Unusually much", readonly=True)
    remark_fallback = fields.Boolean(string="Not the first channel", readonly=True)
    remark_barred = fields.Boolean(string="Out of time", readonly=True)
    remark_first = fields.Boolean(string="First message ever", readonly=True)
    remark_new = fields.Boolean(string="New since the last run", readonly=True)
    attention = fields.Boolean(
        string="Look at it",
        compute="_compute_attention",
        store=True,
        help="A payment in progress or a credit covers a part, it claims unusually "
        "much, or what is out of time, or it does not go through the first channel of "
        "its level.",
    )
    remarks = fields.Char(compute="_compute_remarks")

    @api.depends(*(f"remark_{remark.value}" for remark in review.ATTENTION))
    def _compute_attention(self):
        for notice in self:
            notice.attention = any(
                notice[f"remark_{remark.value}"] for remark in review.ATTENTION
            )

    @api.depends(*(f"remark_{remark.value}" for remark in review.Remark))
    @api.depends_context("lang")
    def _compute_remarks(self):
        labels = {
            "payment": self.env._("a payment in progress covers a part"),
            "credit": self.env._("credits cover a part"),
            "unusual": self.env._("claims unusually much"),
            "fallback": self.env._("the first channel has no address"),
            "barred": self.env._("claims what is out of time"),
            "first": self.env._("first message to this customer"),
            "new": self.env._("new since the last run"),
        }
        for notice in self:
            found = [text for name, text in labels.items() if notice[f"remark_{name}"]]
            notice.remarks = " · ".join(found) or False

    # === BUSINESS METHODS === #

    def _to_review(self):
        """The notices of one run as ``engine.review`` sees them.

        :return: ``{notice: Proposed}``.
        """
        exact = self.env["res.company"]._to_decimal
        deducted = {}
        for notice, kind, amount in self.env["dunning.notice.line"]._read_group(
            [("notice_id", "in", self.ids), ("kind", "!=", "item")],
            ["notice_id", "kind"],
            ["residual_company:sum"],
        ):
            deducted[notice, kind] = -exact(amount)
        told = self._told_before()
        in_last = set(self.run_id._last_run().notice_ids.profile_id.ids)
        result = {}
        for notice in self:
            count, usual = told.get(notice.profile_id.id, (0, None))
            result[notice] = review.Proposed(
                claimed=exact(notice.amount_claimed),
                credit=deducted.get((notice, "credit"), Decimal(0)),
                payment=deducted.get((notice, "payment"), Decimal(0)),
                told=count,
                usual=usual,
                in_last_run=notice.profile_id.id in in_last,
                first_channel=notice.channel == notice.level_id.channel_1,
                barred=notice.claims_barred,
            )
        return result

    def _by_urgency(self):
        """The most pressing first, where not all can go today."""
        oldest = dict(
            self.env["dunning.notice.line"]._read_group(
                [("notice_id", "in", self.ids), ("kind", "=", "item")],
                ["notice_id"],
                ["date_maturity:min"],
            )
        )
        return self.sorted(
            lambda n: (
                *volume.urgency(
                    n.level_id.tone == "formal", n.level_id.days, oldest.get(n)
                ),
                n.id,
            )
        )

    def _told_before(self):
        """Per customer, how many messages were issued and what they usually claimed.

        :return: ``{profile id: (count, median claim in company currency)}``.
        """
        self.flush_model(["profile_id", "issued_at", "amount_claimed"])
        rows = self.env.execute_query(
            SQL(
                """
            SELECT profile_id,
                   COUNT(*),
                   PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY amount_claimed)
              FROM dunning_notice
             WHERE profile_id = ANY(%(profiles)s)
               AND issued_at IS NOT NULL
          GROUP BY profile_id
            """,
                profiles=self.profile_id.ids,
            )
        )
        return {pid: (count, Decimal(str(usual))) for pid, count, usual in rows}
