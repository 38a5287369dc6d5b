from odoo import api, fields, models


class DunningRunRetry(models.TransientModel):
    """Asks before what failed in a run is tried again, and says how much it is."""

    _name = "dunning.run.retry"
    _description = "Retry Failed Notices and Deliveries"

    run_id = fields.Many2one("dunning.run", required=True, readonly=True)
    delivery_count = fields.Integer(compute="_compute_counts")
    notice_count = fields.Integer(compute="_compute_counts")

    @api.depends("run_id")
    def _compute_counts(self):
        for wizard in self:
            deliveries, notices = wizard.run_id._as_collector()._retryable()
            wizard.delivery_count = len(deliveries)
            wizard.notice_count = len(notices)

    def action_retry(self):
        """Try again, and say what came of it."""
        self.ensure_one()
        return self.run_id.action_retry_failed()
