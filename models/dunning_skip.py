from odoo import api, fields, models

from ..engine.escalation import SENTENCES


class DunningSkip(models.Model):
    """Why an open item was not escalated in a run. May be pruned."""

    _name = "dunning.skip"
    _description = "Item Not Reminded"
    _inherit = ["dunning.bulk.mixin"]
    _order = "run_id desc, reason, id"
    _rec_name = "move_line_id"
    _log_access = False  # the run says who and when; two columns less a million times

    run_id = fields.Many2one(
        "dunning.run", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    profile_id = fields.Many2one(
        "credit.profile",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Item",
        required=True,
        index=True,
        ondelete="cascade",
    )
    reason = fields.Selection(
        [(reason.value, sentence) for reason, sentence in SENTENCES.items()],
        required=True,
    )
    until = fields.Date(
        string="Not before", help="First day on which the reason may no longer hold."
    )
    date_maturity = fields.Date(string="Due date", readonly=True)
    residual = fields.Monetary(string="Open", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")

    @api.autovacuum
    def _gc_old_skips(self):
        """Drop what explains runs older than three months: the run keeps the counts."""
        limit = 10_000
        old = self.search([("run_id.date", "<", "today -90d")], limit=limit)
        old.unlink()
        return len(old), len(old) == limit
