from odoo import api, fields, models
from odoo.exceptions import UserError


class LateDebitWizard(models.TransientModel):
    """Invoice interest and compensation: which memos, where they are booked."""

    _name = "late.debit.wizard"
    _description = "Invoice Interest and Compensation"

    charge_ids = fields.Many2many("late.charge", required=True, string="Memos")
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    date = fields.Date(
        required=True, default=lambda self: fields.Date.context_today(self)
    )
    journal_id = fields.Many2one(
        "account.journal",
        compute="_compute_booking",
        store=True,
        precompute=True,
        readonly=False,
        domain="[('type', '=', 'sale'), ('company_id', '=', company_id)]",
    )
    account_id = fields.Many2one(
        "account.account",
        string="Income account",
        compute="_compute_booking",
        store=True,
        precompute=True,
        readonly=False,
        domain="[('company_ids', 'parent_of', company_id),"
        " ('account_type', 'in', ('income', 'income_other'))]",
        help="Interest and compensation are booked here, without tax.",
    )
    remember = fields.Boolean(
        string="Use this journal and account from now on", default=True
    )
    invoice_count = fields.Integer(
        string="Debit notes", compute="_compute_invoice_count"
    )

    # === COMPUTE METHODS === #

    @api.depends("charge_ids")
    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = wizard.charge_ids.company_id[:1]

    @api.depends("charge_ids")
    def _compute_booking(self):
        Memo = self.env["late.charge"]
        for wizard in self:
            company = wizard.charge_ids.company_id[:1]
            wizard.journal_id = company and Memo._debit_journal(company)
            wizard.account_id = company and Memo._debit_account(company)

    @api.depends("charge_ids")
    def _compute_invoice_count(self):
        for wizard in self:
            memos = wizard.charge_ids.filtered(lambda memo: memo.open_amount > 0)
            wizard.invoice_count = len(
                {(memo.profile_id, memo.currency_id) for memo in memos}
            )

    # === ACTIONS === #

    def action_invoice(self):
        """Make the drafts and show them."""
        self.ensure_one()
        if not (self.journal_id and self.account_id):
            raise UserError(
                self.env._("Choose the journal and the income account first.")
            )
        moves = self.charge_ids._invoice(self.journal_id, self.account_id, self.date)
        if self.remember:
            # sudo: the manager of receivables need not be one of the settings
            self.company_id.sudo().write(
                {
                    "late_journal_id": self.journal_id.id,
                    "late_interest_account_id": self.account_id.id,
                }
            )
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Debit notes"),
            "res_model": "account.move",
            "domain": [("id", "in", moves.ids)],
            "view_mode": "list,form",
        }
        if len(moves) == 1:
            action |= {
                "view_mode": "form",
                "views": [(False, "form")],
                "res_id": moves.id,
            }
        return action
