from odoo import api, fields, models


class CreditProfile(models.Model):
    """A customer's replies: told to the collector once, until somebody reacts.

    Odoo's mail gateway puts the answer to any of our messages into the thread of the
    profile. There it would only notify followers; the collector gets an activity.
    """

    _inherit = "credit.profile"

    reply_date = fields.Datetime(
        string="Last reply", readonly=True, copy=False, help="Of the customer."
    )
    unread_reply = fields.Boolean(
        string="Reply to read",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The customer has written. Ends when somebody answers, logs a call, or "
        "marks the reply as read.",
    )

    # === ACTIONS === #

    def action_mark_read(self):
        """A person has read the reply; nothing more to do about it."""
        self._check_can_run()
        self.check_access("write")
        self._mark_read()

    # === BUSINESS METHODS === #

    def _message_post_after_hook(self, message, msg_values):
        """Replies of the customer are announced; answers of ours end that."""
        result = super()._message_post_after_hook(message, msg_values)
        if self._is_reply(message):
            self._receive_reply(message)
        elif self._is_answer(message):
            self._mark_read()
        return result

    def _is_reply(self, message):
        """Whether the customer, or somebody for them, wrote it.

        What comes by e-mail does, unless a colleague sent it; on the portal only the
        customer's own people do.
        """
        if message.message_type == "email":
            return not self._is_colleague(message)
        author = message.sudo().author_id
        return (
            message.message_type == "comment"
            and author.commercial_partner_id in self.sudo().partner_id
            and not self._is_colleague(message)
        )

    @api.model
    def _is_answer(self, message):
        """Whether a person of the company wrote to the outside; notes do not count."""
        return (
            message.message_type in ("comment", "email", "email_outgoing")
            and message.subtype_id == self.env.ref("mail.mt_comment")
            and self._is_colleague(message)
        )

    @api.model
    def _is_colleague(self, message):
        users = message.sudo().author_id.with_context(active_test=False).user_ids
        return any(user._is_internal() for user in users)

    def _receive_reply(self, message):
        """Remember the reply, and tell the collector once."""
        activity_type = self.env.ref("account_dunning.mail_activity_type_reply")
        # sudo: whoever brings the message; nothing but the announcement is written
        for profile in self.sudo():
            profile.write({"reply_date": message.date, "unread_reply": True})
            if not profile._reply_activities():
                user = profile._responsible() or self.env.ref("base.user_admin")
                profile.activity_schedule(
                    activity_type_id=activity_type.id,
                    summary=profile.with_context(lang=user.lang).env._("Reply to read"),
                    note=message.subject or message.record_name,
                    user_id=user.id,
                )

    def _mark_read(self):
        """Somebody has reacted: the announcement ends."""
        unread = self.filtered("unread_reply")
        if not unread:
            return
        unread.sudo().unread_reply = False  # sudo: whoever reacts ends it
        unread._reply_activities().action_feedback(
            feedback=self.env._("Read by %(user)s", user=self.env.user.name)
        )

    def _reply_activities(self):
        activity_type = self.env.ref("account_dunning.mail_activity_type_reply")
        return self.activity_ids.filtered(
            lambda activity: activity.activity_type_id == activity_type
        )
