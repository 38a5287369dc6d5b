from odoo import fields, models


class ResCompany(models.Model):
    """How the company uses credit scores; set on the root company."""

    _inherit = "res.company"

    credit_class_mode = fields.Selection(
        [
            ("auto", "Automatically"),
            ("approve", "When a credit manager agrees"),
            ("never", "Never"),
        ],
        string="Risk class follows the score",
        required=True,
        default="approve",
    )
    credit_class_margin = fields.Integer(
        string="Margin between classes",
        default=3,
        help="Points by which a score must pass the border of a class before the class "
        "changes, so that nobody moves to and fro.",
    )
    credit_rating_weight = fields.Integer(
        string="Weight of external ratings (%)",
        help="How much the newest external rating enters the score: 0 not at all, 100 "
        "it is the score. One older than a year does not count.",
    )
    credit_early_warning = fields.Boolean(
        string="Tell collectors who begins to pay later",
        default=True,
        help="A statistical test compares what fell due lately with the year before.",
    )
    credit_norm = fields.Json(
        copy=False,
        groups="account_dunning.group_account_dunning_manager",
        help="What is usual among the company's customers, as measured last.",
    )

    _credit_class_margin_range = models.Constraint(
        "CHECK (credit_class_margin BETWEEN 0 AND 50)",
        "The margin between classes goes from 0 to 50 points.",
    )
    _credit_rating_weight_range = models.Constraint(
        "CHECK (credit_rating_weight BETWEEN 0 AND 100)",
        "The weight of external ratings goes from 0 to 100 %.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    credit_class_mode = fields.Selection(
        related="company_id.root_id.credit_class_mode", readonly=False
    )
    credit_class_margin = fields.Integer(
        related="company_id.root_id.credit_class_margin", readonly=False
    )
    credit_rating_weight = fields.Integer(
        related="company_id.root_id.credit_rating_weight", readonly=False
    )
    credit_early_warning = fields.Boolean(
        related="company_id.root_id.credit_early_warning", readonly=False
    )
