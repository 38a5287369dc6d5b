from odoo import models


class MailNotification(models.Model):
    _inherit = "mail.notification"

    def write(self, vals):
        """Tell dunning deliveries what became of their e-mail, the moment it is known.

        Core writes here when a mail is sent, refused, or bounces through the gateway.
        """
        result = super().write(vals)
        if "notification_status" in vals:
            # sudo: the mail queue and the gateway run as whoever they run as
            deliveries = (
                self.env["dunning.delivery"]
                .sudo()
                .search([("mail_message_id", "in", self.mail_message_id.ids)])
            )
            deliveries._sync_notifications()
        return result
