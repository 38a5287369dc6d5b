from odoo import fields, models

from ..engine import reminder


class DunningNotice(models.Model):
    """Notices that a person ordered keep their own rules until they are sent."""

    _inherit = "dunning.notice"

    by_hand = fields.Boolean(
        string="On a person's order",
        readonly=True,
        copy=False,
        help="Ordered on the page of the customer, for the items chosen there.",
    )
    insisted = fields.Char(
        string="Sent in spite of",
        readonly=True,
        copy=False,
        help="What the rules of timing said against it, and a person knew.",
    )

    def _recheck(self, issued=False, day=None, stored=None):
        """Ask the rules of a person's order for what a person has ordered."""
        ordered = self.filtered("by_hand")
        result = super(DunningNotice, self - ordered)._recheck(issued, day, stored)
        for (company, today), notices in ordered.grouped(
            lambda n: (n.company_id, day or n.date)
        ).items():
            Situation = self.env["dunning.situation"].with_company(company)
            now = Situation._circumstances(company, today)
            situations = Situation._fetch(notices.profile_id, today)
            for notice in notices:
                situation = situations[notice.profile_id]
                verdict = notice._recheck_order(situation, now, issued)
                result.append((notice, situation, verdict))
        return result

    def _recheck_order(self, situation, now, issued):
        self.ensure_one()
        items = self.line_ids.filtered(
            lambda line: line.kind == "item" and line.move_line_id
        )
        return reminder.recheck(
            self.policy_id._to_engine(self.company_id),
            situation.customer,
            self.level_id._to_engine(),
            carried=items.move_line_id.ids,
            escalated={
                line.move_line_id.id: line.level_id._to_engine()
                for line in items
                if line.escalated
            },
            now=now,
            insisted=bool(self.insisted),
            issued=issued,
        )
