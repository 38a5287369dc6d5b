from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain


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

    def write(self, vals):
        """A chart of accounts brings its currency: common classes that name no amount
        yet follow, where no company has theirs any more."""
        before = self.currency_id if "currency_id" in vals else False
        result = super().write(vals)
        gone = before and before - self._with_currencies(before).currency_id
        if gone:
            # sudo: whoever sets the company up need not know of classes
            classes = self.env["credit.risk.class"].sudo()
            classes = classes.with_context(active_test=False, tracking_disable=True)
            classes = classes.search(
                [("company_id", "=", False), ("currency_id", "in", gone.ids)]
            )
            classes.filtered(
                lambda known: not known.limit_amount
            ).currency_id = self.currency_id[:1]
        return result

    @api.model
    def _with_currencies(self, currencies):
        """The companies that keep their books in one of these."""
        return self.sudo().search([("currency_id", "in", currencies.ids)])

    def _credit_rate(self, currency, day=None):
        """What one unit of a currency is worth in that of the company.

        The rate of the day, the last one known; before the first one, the first.

        :param day: default: the company's today.
        :return: Decimal; ``None`` where no rate is known. A currency without any rate
            is worth 1 to core: true only of the one that the others are told in, and
            that is some company's own.
        """
        self.ensure_one()
        own = self.currency_id
        # sudo: a limit does not depend on who may read exchange rates
        pair = (currency | own).sudo()
        rated = (
            self.env["res.currency.rate"]
            .sudo()
            .search(
                Domain("currency_id", "in", pair.ids)
                & Domain("company_id", "in", (False, self.root_id.id))
            )
            .currency_id
        )
        told_in = self._with_currencies(pair).currency_id
        if not rated or pair - rated - told_in:
            return None
        rates = pair._get_rates(self.root_id, day or self._dunning_today())
        return Decimal(str(rates[own.id])) / Decimal(str(rates[currency.id]))

    def _credit_notes_lang(self):
        """The language of notes that nobody in particular writes: the company's."""
        self.ensure_one()
        return self.sudo().partner_id.lang or self.env.lang


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
    credit_unrated_rules = fields.Char(
        string="Limit of new customers", compute="_compute_credit_unrated_rules"
    )

    @api.depends("company_id")
    @api.depends_context("lang")
    def _compute_credit_unrated_rules(self):
        """The class of who has no review yet, in one line: core's default limit."""
        for settings in self:
            company = settings.company_id.root_id
            # sudo: who sets the company up need not work with classes
            unrated = self.env["credit.risk.class"].sudo()._unrated(company)
            settings.credit_unrated_rules = unrated and (
                f"{unrated.display_name}: {unrated._limit_in_words()}"
            )
