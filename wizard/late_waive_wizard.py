from odoo import api, fields, models
from odoo.fields import Command


class LateWaiveWizard(models.TransientModel):
    """Waive interest and compensation, in part too: how much, and why."""

    _name = "late.waive.wizard"
    _description = "Waive Interest and Compensation"

    charge_ids = fields.Many2many("late.charge", required=True, string="Memos")
    line_ids = fields.One2many(
        "late.waive.wizard.line",
        "wizard_id",
        string="Amounts",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )
    reason = fields.Char(required=True)
    forgo = fields.Boolean(
        string="And what still accrues",
        help="Nothing more is claimed of these items, however long they stay open.",
    )

    # === COMPUTE METHODS === #

    @api.depends("charge_ids")
    def _compute_line_ids(self):
        for wizard in self:
            wizard.line_ids = [
                Command.clear(),
                *(
                    Command.create(
                        {"charge_id": memo.id, "amount": max(memo.open_amount, 0)}
                    )
                    for memo in wizard.charge_ids
                ),
            ]

    # === ACTIONS === #

    def action_waive(self):
        """Waive what the lines say."""
        self.ensure_one()
        amounts = {line.charge_id.id: line.amount for line in self.line_ids}
        memos = self.charge_ids.filtered(lambda memo: memo.id in amounts)
        memos._waive(amounts, self.reason, self.forgo)
        return {"type": "ir.actions.act_window_close"}


class LateWaiveWizardLine(models.TransientModel):
    """How much of one memo is waived, in its currency."""

    _name = "late.waive.wizard.line"
    _description = "Amount to Waive"

    wizard_id = fields.Many2one("late.waive.wizard", required=True, ondelete="cascade")
    charge_id = fields.Many2one("late.charge", string="Memo", required=True)
    partner_id = fields.Many2one(related="charge_id.partner_id")
    kind = fields.Selection(related="charge_id.kind")
    name = fields.Char(related="charge_id.name")
    currency_id = fields.Many2one(related="charge_id.currency_id")
    open_amount = fields.Monetary(related="charge_id.open_amount")
    amount = fields.Monetary(string="To waive")
