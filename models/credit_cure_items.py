from odoo import api, models
from odoo.fields import Domain

from .ledger_rules import online_payment_domain


class CreditGatedMixin(models.AbstractModel):
    """Which invoices a customer may be asked to pay, so that a document is cured."""

    _inherit = "credit.gated.mixin"

    @api.model
    def _credit_askable(self, lines):
        """Those of these open items that nobody has paid or disputes, and that are not
        left out of follow-up.

        :param lines: receivable items of one root company, with full rights.
        """
        lines = lines.filtered(
            lambda line: (
                not line.no_followup and line.move_id.payment_state != "in_payment"
            )
        )
        if not lines:
            return lines
        return lines - self._credit_disputed(lines) - self._credit_paid_online(lines)

    @api.model
    def _credit_disputed(self, lines):
        disputes = self.env["dunning.hold"].search(
            [
                (
                    "profile_id.partner_id",
                    "in",
                    lines.partner_id.commercial_partner_id.ids,
                ),
                ("profile_id.company_id", "in", lines.company_id.root_id.ids),
                ("kind", "=", "dispute"),
                ("state", "=", "running"),
            ]
        )
        whole = disputes.filtered(
            lambda hold: not hold.move_line_ids
        ).profile_id.partner_id
        return (lines & disputes.move_line_ids) | lines.filtered(
            lambda line: line.partner_id.commercial_partner_id in whole
        )

    @api.model
    def _credit_paid_online(self, lines):
        """What a provider has announced or received, but is not in the ledger yet."""
        moves = lines.move_id
        if "transaction_ids" not in moves._fields:
            return lines.browse()
        company = lines.company_id.root_id
        paid = self.env["payment.transaction"].search(
            online_payment_domain(company, company._dunning_today())
            & Domain("invoice_ids", "in", moves.ids)
        )
        return lines.filtered(lambda line: line.move_id in paid.invoice_ids)
