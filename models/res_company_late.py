from decimal import Decimal

from odoo import fields, models


class ResCompany(models.Model):
    """How the company claims interest, and who signs; set on the root company."""

    _inherit = "res.company"

    late_interest = fields.Boolean(
        string="Compute late-payment interest and compensation",
        default=True,
        help="As a memo beside the ledger. Customers see it on notices of the levels "
        "that claim it only.",
    )
    late_invoice_terms = fields.Boolean(
        string="Print on invoices what the law asks for",
        default=True,
        help="When an invoice is confirmed, the sentence of the customer's regime "
        "(rate of the penalties, fixed compensation) is added to its note, in the "
        "customer's language. Not where your own terms and conditions name both "
        "already. Invoices that are confirmed never change.",
    )
    late_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of debit notes",
        domain="[('type', '=', 'sale')]",
        check_company=True,
    )
    late_interest_account_id = fields.Many2one(
        "account.account",
        string="Account of interest and compensation",
        check_company=True,
        help="Debit notes for interest and compensation are booked here, without tax. "
        "French chart: 763100.",
    )
    late_compensation_vat = fields.Float(
        string="VAT on costs of recovery",
        digits=(5, 2),
        help="Percent. Only if you cannot deduct VAT, and only where the law of the "
        "customer lets it be added to the fixed compensation (Netherlands: BW 6:96). "
        "Leave it at 0 otherwise.",
    )
    dunning_signatory_id = fields.Many2one(
        "res.users",
        string="Signatory of formal notices",
        help="The person entitled to act for the company.",
    )
    dunning_signatory_title = fields.Char(
        string="Capacity of the signatory",
        translate=True,
        help="Printed below the name, e.g. Managing director.",
    )
    dunning_agency = fields.Boolean(
        string="We collect for other creditors",
        help="French law (CPCE R124-4) then asks for further mentions on letters.",
    )

    _check_compensation_vat = models.Constraint(
        "CHECK (late_compensation_vat >= 0 AND late_compensation_vat <= 50)",
        "VAT on costs of recovery is a percentage between 0 and 50.",
    )

    def _late_vat_percent(self):
        """VAT the company cannot deduct and adds to compensations; percent."""
        return Decimal(f"{self.root_id.sudo().late_compensation_vat:.2f}")

    def _late_country(self):
        """The country whose law holds for the company's claims; ISO code, or nothing.

        Where the seller is established, not where a tax is declared.
        """
        return (self.country_id or self.account_fiscal_country_id).code or ""
