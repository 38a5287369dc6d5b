from odoo import models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    def _action_done(self, feedback=False, attachment_ids=None):
        """Whoever finishes "Reply to read" has read the reply."""
        profiles = self._dunning_reply_profiles()
        result = super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
        profiles.unread_reply = False
        return result

    def unlink(self):
        """A cancelled "Reply to read" does not come back either."""
        profiles = self._dunning_reply_profiles()
        result = super().unlink()
        profiles.unread_reply = False
        return result

    def _dunning_reply_profiles(self):
        """The profiles on which these activities announce a reply not read yet."""
        activity_type = self.env.ref(
            "account_dunning.mail_activity_type_reply", raise_if_not_found=False
        )
        replies = self.filtered(
            lambda activity: (
                activity.res_model == "credit.profile"
                and activity.activity_type_id == activity_type
            )
        )
        # sudo: whoever may finish the activity has read the reply
        profiles = self.env["credit.profile"].sudo().browse(replies.mapped("res_id"))
        return profiles.exists().filtered("unread_reply")
