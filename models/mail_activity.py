from odoo import models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    def _action_done(self, feedback=False, attachment_ids=None):
        """A call that was made is a delivery that arrived."""
        self._dunning_calls()._mark_sent()
        return super()._action_done(feedback=feedback, attachment_ids=attachment_ids)

    def unlink(self):
        """A call activity thrown away is a call not made: the next channel follows."""
        self._dunning_calls()._fail(self.env._("The call activity was cancelled"))
        return super().unlink()

    def _dunning_calls(self):
        # sudo: whoever may finish the activity finishes the call
        return (
            self.env["dunning.delivery"]
            .sudo()
            .search([("activity_id", "in", self.ids), ("state", "=", "sending")])
        )
