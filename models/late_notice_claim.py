from odoo import models


class DunningNotice(models.Model):
    """What notices claimed goes back when they reached nobody."""

    _inherit = "dunning.notice"

    def _restore_levels(self):
        result = super()._restore_levels()
        if self:
            self.env["late.charge"]._note_unclaimed(self)
        return result
