from odoo import api, models
from odoo.exceptions import UserError


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_dunning(self):
        """In words, before the database refuses it in its own."""
        # sudo: whoever deletes users need not see what they did
        mine = [("user_id", "in", self.ids)]
        pause = self.env["dunning.hold"].sudo().search(mine, limit=1)
        call = self.env["dunning.call"].sudo().search(mine, limit=1)
        user = pause.user_id or call.user_id
        if user:
            raise UserError(
                self.env._(
                    "%(user)s has paused the dunning of customers or called them: "
                    "archive the user, so that it stays known who it was.",
                    user=user.name,
                )
            )
