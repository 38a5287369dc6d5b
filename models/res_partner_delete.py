from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class ResPartner(models.Model):
    """What deleting a contact means for dunning: proof stays, proposals do not."""

    _inherit = "res.partner"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_told(self):
        """Refuse it for whom something was sent; let go of what was only proposed.

        :raises UserError: when one of them was a recipient of what was sent, or the
            customer it was sent to.
        """
        # sudo: whoever deletes contacts need not see what they were told
        Notice = self.env["dunning.notice"].sudo()
        concerned = Domain("contact_id", "in", self.ids)
        concerned |= Domain("partner_id", "in", self.ids)
        notices = Notice.search(concerned)
        reviews = self.env["credit.review"].sudo()
        if reviews.search_count(
            [("partner_id", "in", self.ids), ("state", "=", "decided")], limit=1
        ):
            raise UserError(
                self.env._(
                    "A credit review of this customer was decided, and is kept: "
                    "archive the contact instead of deleting it."
                )
            )
        statements = self.env["credit.statement"].sudo()
        if (
            notices.filtered("issued_at")
            or self.env["dunning.delivery"]
            .sudo()
            .search_count([("contact_id", "in", self.ids)], limit=1)
            or statements.search_count(
                [("partner_id", "in", self.ids), ("state", "=", "sent")], limit=1
            )
        ):
            raise UserError(
                self.env._(
                    "Reminders or statements of account were sent to this contact, and "
                    "are kept as proof: archive the contact instead of deleting it."
                )
            )
        proposals = notices.filtered(lambda n: n.partner_id in self)
        runs = proposals.run_id
        proposals.unlink()
        # chosen anew when the notice is issued, from the addresses there are then
        (notices - proposals).write({"contact_id": False, "contact_address": False})
        runs._update_state()
