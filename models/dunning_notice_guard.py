from odoo import models


class DunningNotice(models.Model):
    """What has to stand still for a notice to go, beside what the rules look at."""

    _inherit = "dunning.notice"

    def _level_stands(self):
        """Whether the level is still one of the notice's policy."""
        self.ensure_one()
        level = self.level_id
        return level.active and level.policy_id == self.policy_id

    def _recipients_stand(self):
        """Whether whoever the notice still has to reach belongs to the customer.

        A contact who has left, or was archived, must not be told of the debts.
        """
        self.ensure_one()
        queued = self.delivery_ids.filtered(lambda d: d.state == "queued")
        return all(self._is_of_customer(contact) for contact in queued.contact_id)
