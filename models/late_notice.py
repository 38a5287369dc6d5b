from odoo import api, fields, models
from odoo.tools.sql import column_exists, create_column, table_exists


class DunningLevel(models.Model):
    """What a level claims beside the items themselves."""

    _inherit = "dunning.level"

    claim_interest = fields.Boolean(
        help="The notice claims late-payment interest, where the law or the contract "
        "of the customer gives it: amount, rate and days of each item, and what each "
        "further day adds.",
    )
    claim_compensation = fields.Boolean(
        help="The notice claims the fixed compensation for the costs of recovery, "
        "where the law or the contract of the customer gives one.",
    )


class DunningNotice(models.Model):
    """Interest and compensation a notice claims; frozen when it is issued."""

    _inherit = "dunning.notice"

    amount_interest = fields.Monetary(
        string="Interest", readonly=True, copy=False, help="Company currency."
    )
    amount_compensation = fields.Monetary(
        string="Compensation", readonly=True, copy=False, help="Company currency."
    )
    amount_total = fields.Monetary(
        string="Total claimed",
        compute="_compute_amount_total",
        store=True,
        help="Still due, with interest and compensation. Company currency.",
    )
    formal_number = fields.Char(
        string="Number of the formal notice", readonly=True, copy=False
    )

    _formal_number_uniq = models.UniqueIndex(
        "(company_id, formal_number) WHERE formal_number IS NOT NULL",
        "Two formal notices of a company cannot have the same number.",
    )

    def _auto_init(self):
        cr, table = self.env.cr, self._table
        if table_exists(cr, table) and not column_exists(cr, table, "amount_total"):
            # what was issued before claimed nothing else: not one by one by the ORM
            create_column(cr, table, "amount_total", "numeric")
            cr.execute("UPDATE dunning_notice SET amount_total = amount_due")
        return super()._auto_init()

    @api.depends("amount_due", "amount_interest", "amount_compensation")
    def _compute_amount_total(self):
        for notice in self:
            notice.amount_total = (
                notice.amount_due + notice.amount_interest + notice.amount_compensation
            )


class DunningNoticeLine(models.Model):
    """What the delay of the item costs, in the item's currency, as it was printed."""

    _inherit = "dunning.notice.line"

    regime_id = fields.Many2one("late.regime", ondelete="restrict")
    interest = fields.Monetary()
    interest_settled = fields.Monetary(
        string="Interest settled",
        help="Of the interest of all parts: invoiced or waived already, not claimed.",
    )
    interest_days = fields.Integer(string="Days of interest")
    interest_rate = fields.Char(
        string="Rate", help="Percent per year; of several parts, all of them."
    )
    interest_daily = fields.Float(
        string="Interest a day",
        digits=(16, 6),
        help="What each further day adds; not rounded.",
    )
    interest_parts = fields.Json(
        help="The parts: from, to, days, base, rate, amount; amounts as text."
    )
    interest_missing = fields.Char(
        string="Missing rate",
        help="Series and half-year of the rate for want of which the interest ends.",
    )
    compensation = fields.Monetary()
