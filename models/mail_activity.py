from odoo import api, models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    @api.model_create_multi
    def create(self, vals_list):
        activities = super().create(vals_list)
        activities._refresh_worklist()
        return activities

    def write(self, vals):
        result = super().write(vals)
        if {"date_deadline", "active", "activity_type_id"} & set(vals):
            self._refresh_worklist()
        return result

    def _action_done(self, feedback=False, attachment_ids=None):
        """A call that was made is a delivery that arrived."""
        self._dunning_calls()._mark_sent()
        return super()._action_done(feedback=feedback, attachment_ids=attachment_ids)

    def unlink(self):
        """A call activity thrown away is a call not made: the next channel follows."""
        self._dunning_calls()._fail(self.env._("The call activity was cancelled"))
        profiles = self._dunning_profiles()
        result = super().unlink()
        profiles._refresh_figures()
        return result

    def _refresh_worklist(self):
        """What is planned decides where a customer stands on the worklist.

        Who plans for many customers refreshes them together, and says so in the
        context.
        """
        if not self.env.context.get("dunning_refresh_later"):
            self._dunning_profiles()._refresh_figures()

    def _dunning_profiles(self):
        mine = self.filtered(lambda a: a.res_model == "credit.profile")
        # sudo: the snapshot follows, whoever plans the activity
        return self.env["credit.profile"].sudo().browse(mine.mapped("res_id")).exists()

    def _dunning_calls(self):
        # sudo: whoever may finish the activity finishes the call
        return (
            self.env["dunning.delivery"]
            .sudo()
            .search([("activity_id", "in", self.ids), ("state", "=", "sending")])
        )
