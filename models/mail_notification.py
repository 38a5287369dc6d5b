from odoo import models


class MailNotification(models.Model):
    _inherit = "mail.notification"

    def write(self, vals):
        """Tell dunning deliveries of a bounce, which the mail gateway writes here.

        Only of bounces: while core sends, it marks the notification as failed first and
        as sent afterwards, so an exception seen here is not yet the truth. What became
        of the sending is taken over in ``mail.mail._postprocess_sent_message``.
        """
        result = super().write(vals)
        if vals.get("notification_status") == "bounce":
            self.env["dunning.delivery"]._sync_messages(self.sudo().mail_message_id)
        return result
