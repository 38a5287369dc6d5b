from odoo import api, fields, models

from .dunning_level import TONES

RULES = [
    ("nothing", "Say nothing"),
    ("warn", "Warn"),
    ("block", "Block"),
]


class CreditRiskClass(models.Model):
    """How much risk a customer is, and what follows from it.

    A class says how the credit limit is found, what holds a document back, and on which
    terms the customer buys. One class without score floor is for customers nobody has
    reviewed yet (``unrated``).
    """

    _name = "credit.risk.class"
    _description = "Risk Class"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True, translate=True)
    code = fields.Char(string="Letter", size=3, required=True)
    color = fields.Integer()
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    description = fields.Text(translate=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        domain=[("parent_id", "=", False)],
        help="Leave empty to offer the class in all companies.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    unrated = fields.Boolean(
        string="For customers without a review",
        tracking=True,
        help="The class of customers nobody has reviewed; the score never leads here.",
    )
    score_floor = fields.Integer(
        string="Lowest score",
        tracking=True,
        help="From 0 (worst) to 100 (best): scores from here up to the next better "
        "class belong here.",
    )

    # --- the limit -------------------------------------------------------------------
    limit_rule = fields.Selection(
        [
            ("none", "No limit"),
            ("fixed", "Fixed amount"),
            ("sales", "Multiple of monthly sales"),
        ],
        required=True,
        default="none",
        tracking=True,
        help="The limit of customers whose own limit nobody has set.",
    )
    limit_amount = fields.Monetary(tracking=True)
    limit_multiple = fields.Float(
        string="Times average monthly sales",
        tracking=True,
        help="Average over the last twelve months, without taxes.",
    )

    # --- what holds a document back --------------------------------------------------
    rule_limit = fields.Selection(
        RULES, string="Limit exceeded", required=True, default="warn", tracking=True
    )
    rule_overdue = fields.Selection(
        RULES, string="Overdue items", required=True, default="warn", tracking=True
    )
    overdue_days = fields.Integer(
        string="Days tolerated",
        default=30,
        tracking=True,
        help="Items overdue by more days than this count.",
    )
    rule_level = fields.Selection(
        RULES,
        string="Dunning level reached",
        required=True,
        default="nothing",
        tracking=True,
    )
    level_tone = fields.Selection(
        TONES,
        string="From the level",
        default="final",
        tracking=True,
        help="The least firm message that counts.",
    )
    rule_manual = fields.Selection(
        RULES,
        string="Customer on credit hold",
        required=True,
        default="block",
        tracking=True,
    )
    rule_review = fields.Selection(
        RULES,
        string="Review out of date",
        required=True,
        default="nothing",
        tracking=True,
    )

    # --- terms -----------------------------------------------------------------------
    policy_id = fields.Many2one(
        "dunning.policy",
        string="Dunning policy",
        check_company=True,
        ondelete="restrict",
        tracking=True,
        help="Empty: the company's policy for this kind of customer.",
    )
    payment_term_ids = fields.Many2many(
        "account.payment.term",
        string="Payment terms allowed",
        check_company=True,
        help="Empty: all.",
    )
    deposit_percent = fields.Float(
        string="Deposit (%)",
        tracking=True,
        help="Share of an order asked for before it is confirmed.",
    )
    review_months = fields.Integer(
        string="Review every (months)",
        default=12,
        tracking=True,
        help="0: no periodic review.",
    )
    profile_ids = fields.One2many("credit.profile", "class_id")

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        for risk_class in self:
            company = risk_class.company_id or self.env.company
            risk_class.currency_id = company.currency_id

    @api.depends("code", "name")
    def _compute_display_name(self):
        for risk_class in self:
            risk_class.display_name = f"{risk_class.code} – {risk_class.name}"
