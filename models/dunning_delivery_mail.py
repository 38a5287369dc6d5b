from odoo import models

from ..engine.smtp import read_answer


class DunningDelivery(models.Model):
    """Why an e-mail did not leave: whose fault it is, in words, and what follows."""

    _inherit = "dunning.delivery"

    def _take_address_of_today(self):
        """An e-mail goes to the address the contact has by now: the proof says so."""
        self.ensure_one()
        address_of = self.env["dunning.situation"]._targets()["email"]
        address = address_of(self.contact_id)
        if address and address != self.target:
            self.target = address

    def _take_over_failure(self, notification):
        """The attempt to send failed: try again, or take the next channel.

        An address that the mail server calls wrong is faulty. A mail server that does
        not answer says nothing about the customer: the e-mail waits for it. Not so when
        it broke off: it may have taken the e-mail, so the attempts are counted.
        """
        self.ensure_one()
        kind = notification.failure_type
        answer = read_answer(notification.failure_reason)
        words = self._failure_in_words(notification, answer)
        if kind in ("mail_email_invalid", "mail_email_missing"):
            self._fail(words, faulty=True)
        elif answer and answer.blames_address:
            self._fail(words, faulty=True)
        else:
            self._postpone(words, patient=kind == "mail_smtp")

    def _postpone_after(self, error, now):
        """Handing over failed: try again, patiently if it is the server's fault."""
        self.ensure_one()
        notice = self.notice_id
        trouble = notice._as_machine_trouble(error)
        words = str(trouble) if trouble else notice._failure_words(error)
        self._postpone(words, now, patient=bool(trouble))

    def _failure_in_words(self, notification, answer):
        """What a person can make of the failure.

        :param answer: see ``engine.smtp``, or ``None``.
        """
        if notification.failure_type == "mail_smtp":
            return self.env._("The mail server cannot be reached.")
        if self._broke_off(notification):
            return self.env._("The connection to the mail server broke off.")
        if not answer:
            return notification.format_failure_reason()
        said = f"{answer.code} {answer.text}"
        if not answer.is_final:
            return self.env._(
                "The mail server asks to try again later: %(answer)s", answer=said
            )
        if answer.recipient:
            return self.env._(
                "The mail server does not take mail for this address: %(answer)s",
                answer=said,
            )
        return self.env._(
            "The mail server refuses the message: %(answer)s", answer=said
        )

    def _broke_off(self, notification):
        """Whether core was interrupted: it never came to say how the sending ended.

        While it sends it writes down provisional reasons, different ones on the mail
        and on the notification; in the end both carry the same.
        """
        mail = notification.sudo().mail_mail_id
        return (
            notification.failure_type == "unknown"
            and mail.state == "exception"
            and mail.failure_type == "unknown"
            and mail.failure_reason != notification.failure_reason
        )
