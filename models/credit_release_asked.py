from markupsafe import Markup

from odoo import api, fields, models


class CreditRelease(models.Model):
    """Whom a request waits for, when those who were asked go away, leave, or lose the
    right to decide: no request waits unseen.
    """

    _inherit = "credit.release"

    nobody_entitled = fields.Boolean(
        string="Nobody may approve",
        readonly=True,
        copy=False,
        help="Everybody who could decide has left, was archived, or has lost the right "
        "to. Whoever was asked puts the approval brackets in order.",
    )

    # === ASKING ANEW === #

    @api.model
    def _ask_again(self):
        """Who was asked has gone on holiday or left: ask who stands in.

        Who may decide is written anew in any case, as it says who sees the request.
        """
        for release in self.sudo().search([("state", "=", "requested")]):
            people = release._approvers()
            if people != release.entitled_ids:
                release.entitled_ids = people
            if not people:
                release._ask_caretaker()
            elif people[0] != release.asked_id or release.nobody_entitled:
                release._close_request()
                release.write({"asked_id": people[0].id, "nobody_entitled": False})
                release._ask()

    def _ask_caretaker(self):
        """Nobody may decide: somebody has to see to it that somebody may.

        Told once, and again when who was told leaves too. Whoever is told decides
        nothing: what no bracket covers, nobody releases.
        """
        self.ensure_one()
        people = self.env["credit.approval.bracket"]._caretakers(
            self.company_id, self.requester_id
        )
        if self.nobody_entitled and (self.asked_id in people or not people):
            return
        self._close_request()
        self.write({"asked_id": people[:1].id, "nobody_entitled": True})
        if not people:
            return
        self.with_context(mail_activity_quick_update=True).activity_schedule(
            "account_dunning.mail_activity_type_release",
            summary=self._nobody_words(),
            note=self._nobody_note(),
            user_id=self.asked_id.id,
        )
        self.message_notify(
            partner_ids=self.asked_id.partner_id.ids,
            subject=self._nobody_words(),
            body=self._nobody_note(),
            email_layout_xmlid="mail.mail_notification_layout",
        )

    def _close_request(self):
        """What was asked of somebody else is asked no more."""
        self.activity_unlink(["account_dunning.mail_activity_type_release"])

    def _nobody_words(self):
        return self.env._("Nobody may approve %(release)s", release=self.display_name)

    def _nobody_note(self):
        return Markup("<p>%s</p><p>%s</p>") % (
            self.env._(
                "%(requester)s asks for the release of %(document)s of %(customer)s, "
                "%(amount)s. Everybody who could decide has left or has lost the right "
                "to.",
                requester=self.requester_id.name,
                document=self.document_name,
                customer=self.partner_id.display_name,
                amount=self._money(self.amount),
            ),
            self.env._(
                "Add somebody to the approval brackets, or to the group of the credit "
                "managers: the request goes there by itself."
            ),
        )
