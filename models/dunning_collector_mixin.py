from odoo import models


class DunningCollectorMixin(models.AbstractModel):
    """Records that collectors act on and nobody writes freely.

    Runs, notices and deliveries are the proof of what customers were told: even a
    credit manager has no right to write them. What a collector does with them goes
    through the actions only, and each of those begins with ``_as_collector``.
    """

    _name = "dunning.collector.mixin"
    _description = "What Collectors Act On"

    def _as_collector(self):
        """The records with full rights, for a collector who may see them.

        :raises AccessError: for everybody else.
        """
        self.env["credit.profile"]._check_can_run()
        self.check_access("read")
        return self.sudo()
