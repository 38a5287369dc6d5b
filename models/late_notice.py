from odoo import fields, models


class DunningLevel(models.Model):
    """What a level claims beside the items themselves."""

    _inherit = "dunning.level"

    claim_interest = fields.Boolean(
        help="The notice claims late-payment interest, where the customer's regime "
        "has it.",
    )
    claim_compensation = fields.Boolean(
        help="The notice claims the fixed compensation, where the customer's regime "
        "has one.",
    )


class DunningNotice(models.Model):
    """Interest and compensation a notice claims; frozen when it is issued."""

    _inherit = "dunning.notice"

    amount_interest = fields.Monetary(
        string="Interest", readonly=True, help="Company currency."
    )
    amount_compensation = fields.Monetary(
        string="Compensation", readonly=True, help="Company currency."
    )
    amount_total = fields.Monetary(
        string="Total claimed",
        readonly=True,
        help="Still due, with interest and compensation. Company currency.",
    )
    formal_number = fields.Char(
        string="Number of the formal notice", readonly=True, copy=False
    )

    _formal_number_uniq = models.UniqueIndex(
        "(company_id, formal_number) WHERE formal_number IS NOT NULL",
        "Two formal notices of a company cannot have the same number.",
    )


class DunningNoticeLine(models.Model):
    """What the delay of the item costs, in the item's currency, as it was printed."""

    _inherit = "dunning.notice.line"

    regime_id = fields.Many2one("late.regime", ondelete="restrict")
    interest = fields.Monetary()
    interest_days = fields.Integer()
    interest_rate = fields.Char(
        help="The rate of each part, in the words of the letter."
    )
    interest_daily = fields.Monetary(help="What each further day adds.")
    interest_parts = fields.Json(
        help="The parts: from, to, days, base, rate, amount; amounts as text."
    )
    compensation = fields.Monetary()
