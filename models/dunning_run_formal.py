from odoo import models


class DunningRun(models.Model):
    """Formal notices that are not complete wait for a person."""

    _inherit = "dunning.run"

    def _automatic_notices(self):
        automatic = super()._automatic_notices()
        gaps = automatic._formal_gaps()
        stuck = automatic.browse(gaps)
        stuck._note_gaps(gaps)
        return automatic - stuck
