from odoo import fields, models


class CreditProfile(models.Model):
    """What the customer's delay costs: the regime, and what was agreed."""

    _inherit = "credit.profile"

    late_regime_id = fields.Many2one(
        "late.regime",
        string="Own regime of interest",
        tracking=True,
        help="Leave empty to follow the law: by the company's country for businesses "
        "and public bodies, by the customer's own for consumers.",
    )
    late_contract = fields.Boolean(
        string="Late payment agreed by contract",
        tracking=True,
        help="The customer has accepted terms that say what late payment costs. Some "
        "laws let nothing be claimed of consumers without it.",
    )
    late_contract_rate = fields.Float(
        string="Contract rate (%)",
        digits=(8, 4),
        tracking=True,
        help="Percent per year; 0: the contract names no rate. Never below what the "
        "law sets as the least.",
    )
    late_contract_fee = fields.Monetary(
        string="Contract lump sum",
        tracking=True,
        help="Per invoice; 0: none was agreed. Where the law sets a ceiling, the "
        "smaller of the two is claimed.",
    )
    late_charge_ids = fields.One2many("late.charge", "profile_id")
