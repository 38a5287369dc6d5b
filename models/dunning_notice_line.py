from odoo import api, fields, models
from odoo.exceptions import UserError


class DunningNoticeLine(models.Model):
    """One item of a notice, or one credit shown on it; frozen when it is issued.

    Amounts are in the item's own currency; ``residual_company`` is the same rest in
    company currency, as the journal item carries it. Credits are negative.
    """

    _name = "dunning.notice.line"
    _description = "Dunning Notice Line"
    _inherit = ["dunning.bulk.mixin"]
    _log_access = False  # the notice says who and when
    _order = "notice_id, kind desc, date_maturity, id"

    notice_id = fields.Many2one(
        "dunning.notice", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="notice_id.company_id", store=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company currency"
    )
    kind = fields.Selection(
        [("item", "Item"), ("credit", "Credit"), ("payment", "Payment on its way")],
        required=True,
        default="item",
    )
    # set null, never restrict: a reminded invoice can still be reset and deleted
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Journal item",
        index="btree_not_null",
        ondelete="set null",
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        index="btree_not_null",
        ondelete="set null",
    )
    name = fields.Char(string="Number")
    invoice_date = fields.Date(string="Date")
    date_maturity = fields.Date(string="Due date")
    days_late = fields.Integer(help="Days past the due date on the day of the notice.")
    currency_id = fields.Many2one("res.currency", required=True)
    amount_original = fields.Monetary(string="Amount")
    amount_paid = fields.Monetary(string="Paid")
    residual = fields.Monetary(string="Still due")
    residual_company = fields.Monetary(
        string="Still due (company currency)", currency_field="company_currency_id"
    )
    escalated = fields.Boolean(
        help="The item reaches a level with this notice; the others are listed because "
        "they are overdue too."
    )
    level_id = fields.Many2one(
        "dunning.level",
        index="btree_not_null",
        ondelete="restrict",
        help="Level the item reaches with this notice.",
    )
    proposed_level_id = fields.Many2one(
        "dunning.level",
        ondelete="restrict",
        help="Level the rules found for the item; it is told less where a person "
        "lowered the message.",
    )
    level_before_id = fields.Many2one("dunning.level", ondelete="set null")
    date_before = fields.Date(string="Previous reminder on")

    def write(self, vals):
        # The database's own "set null" does not pass here: only people and code do.
        self._check_open("write")
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_issued(self):
        self._check_open("unlink")

    def _check_open(self, operation):
        if self.env.context.get("dunning_issuing"):
            return
        if any(notice.issued_at for notice in self.notice_id):
            raise UserError(
                self.env._(
                    "This notice was issued: what a customer was told cannot be "
                    "changed. Correct it with a new one."
                )
            )
