from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """Tell dunning deliveries what became of their e-mail.

        Core calls this once per mail when the attempt is over. The mail has left by
        then: nothing here may fail, or core would take it for unsent and send it again.
        """
        messages = self.sudo().mail_message_id  # the mail itself may be deleted below
        result = super()._postprocess_sent_message(
            success_pids,
            success_emails,
            failure_reason=failure_reason,
            failure_type=failure_type,
        )
        self.env["dunning.delivery"]._sync_sent(messages)
        return result
