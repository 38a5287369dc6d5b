from odoo import api, models


class LateHistory(models.AbstractModel):
    """The free reminder that some laws ask for gives a time to pay."""

    _inherit = "late.history"

    @api.model
    def _late_days(self, line_ids):
        """Adds ``waiting``, the time the free reminder gave, and its ``letter``."""
        days = super()._late_days(line_ids)
        told = self.env["dunning.situation"]._late_days(line_ids)
        for line_id, known in told.items():
            days[line_id] = {**days.get(line_id, {}), **known}
        return days
