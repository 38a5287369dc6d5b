from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    late_interest = fields.Boolean(
        related="company_id.root_id.late_interest", readonly=False
    )
    late_journal_id = fields.Many2one(
        related="company_id.root_id.late_journal_id", readonly=False
    )
    late_interest_account_id = fields.Many2one(
        related="company_id.root_id.late_interest_account_id", readonly=False
    )
    late_compensation_vat = fields.Float(
        related="company_id.root_id.late_compensation_vat", readonly=False
    )
    late_booking = fields.Char(string="Booked in", compute="_compute_late_booking")

    def _compute_late_booking(self):
        """Where debit notes are booked as long as nothing is chosen."""
        Memo = self.env["late.charge"]
        for settings in self:
            company = settings.company_id.root_id
            journal, account = (
                Memo._debit_journal(company),
                Memo._debit_account(company),
            )
            settings.late_booking = self.env._(
                "%(journal)s, account %(account)s",
                journal=journal.display_name or self.env._("no sale journal"),
                account=account.display_name or self.env._("to be chosen"),
            )

    # === ACTIONS === #

    def action_late_journal(self):
        """Make a journal of its own for debit notes, and book them there."""
        self.ensure_one()
        company = self.company_id.root_id
        journals = self.env["account.journal"].with_company(company)
        code = "LATE"
        taken = journals.search_count(
            [("code", "=", code), ("company_id", "=", company.id)], limit=1
        )
        account = self.env["late.charge"]._debit_account(company)
        company.late_journal_id = journals.create(
            {
                "name": self.env._("Debit notes for late payment"),
                "type": "sale",
                "company_id": company.id,
                **({} if taken else {"code": code}),
                **({"default_account_id": account.id} if account else {}),
            }
        )
        return {"type": "ir.actions.client", "tag": "reload"}
