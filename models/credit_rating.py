from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import scoring


class CreditRatingAgency(models.Model):
    """Who rates customers, and what its values are worth on our scale of 0 to 100."""

    _name = "credit.rating.agency"
    _description = "Rating Agency"
    _order = "name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    worst = fields.Float(
        string="Worst number",
        help="For agencies that rate in numbers: the number that is worth 0 of our "
        "points. Worst and best both 0: no numbers.",
    )
    best = fields.Float(
        string="Best number",
        help="The number that is worth 100 of our points. May be the smaller one.",
    )
    step_ids = fields.One2many("credit.rating.step", "agency_id", copy=True)
    note = fields.Text()

    _name_uniq = models.UniqueIndex(
        "(LOWER(name)) WHERE active", "There is an agency of this name already."
    )

    def _points(self, value):
        """What a value of this agency is worth; ``None`` where nothing says so."""
        self.ensure_one()
        steps = [(step.value, step.points) for step in self.step_ids]
        return scoring.on_our_scale(value, steps, self.worst, self.best)


class CreditRatingStep(models.Model):
    """What one word of an agency ("AA", "low risk") is worth."""

    _name = "credit.rating.step"
    _description = "Value of a Rating Agency"
    _order = "points desc, id"

    agency_id = fields.Many2one(
        "credit.rating.agency", required=True, index=True, ondelete="cascade"
    )
    value = fields.Char(required=True)
    points = fields.Integer(
        required=True, help="On our scale: from 0 (worst) to 100 (best)."
    )

    _points_range = models.Constraint(
        "CHECK (points BETWEEN 0 AND 100)", "Points go from 0 (worst) to 100 (best)."
    )
    _value_uniq = models.UniqueIndex(
        "(agency_id, LOWER(value))", "The agency has this value already."
    )


class CreditRating(models.Model):
    """What an agency said about a customer on a day; imported or typed in.

    Never overwritten by the next one: the history is what a credit review reads.
    """

    _name = "credit.rating"
    _description = "External Rating"
    _order = "date desc, id desc"
    _check_company_domain = models.check_company_domain_parent_of

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
        help="In a file to import: the name, the reference or the tax number.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        domain=[("parent_id", "=", False)],
        default=lambda self: self.env.company.root_id,
    )
    profile_id = fields.Many2one(
        "credit.profile",
        compute="_compute_profile_id",
        store=True,
        precompute=True,
        index=True,
        ondelete="cascade",
    )
    agency_id = fields.Many2one(
        "credit.rating.agency", required=True, index=True, ondelete="restrict"
    )
    value = fields.Char(string="Rating", required=True, help="As the agency writes it.")
    date = fields.Date(required=True, default=fields.Date.context_today)
    limit_advised = fields.Monetary(
        help="The credit limit the agency advises. Empty: it advises none."
    )
    limit_is_advised = fields.Boolean(
        string="Limit advised?",
        compute="_compute_limit_is_advised",
        store=True,
        readonly=False,
        precompute=True,
        help="Ticked, with an amount of 0: the agency advises against any credit.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    points = fields.Integer(
        string="On our scale",
        compute="_compute_points",
        store=True,
        readonly=False,
        precompute=True,
        aggregator="avg",
        help="From 0 (worst) to 100 (best), from the scale of the agency. It enters "
        "the score as far as the settings say, for a year.",
    )
    rated = fields.Boolean(
        string="Has points",
        compute="_compute_points",
        store=True,
        readonly=False,
        precompute=True,
        help="Unticked: nothing says what this value is worth, so it does not enter "
        "the score. Complete the scale of the agency, or fill in the points.",
    )
    note = fields.Char()

    _rating_uniq = models.UniqueIndex(
        "(profile_id, agency_id, date)",
        "This rating is there already: one per customer, agency and day.",
    )
    _points_range = models.Constraint(
        "CHECK (points BETWEEN 0 AND 100)", "Points go from 0 (worst) to 100 (best)."
    )
    _limit_positive = models.Constraint(
        "CHECK (limit_advised >= 0)", "A limit cannot be negative."
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "company_id")
    def _compute_profile_id(self):
        """The customer's profile, made where there is none yet."""
        for company, ratings in self.grouped("company_id").items():
            if not company:
                ratings.profile_id = False
                continue
            profiles = self.env["credit.profile"]._for_partners(
                ratings.partner_id, company
            )
            by_partner = profiles.sudo().grouped("partner_id")
            for rating in ratings:
                customer = rating.partner_id.sudo().commercial_partner_id
                rating.profile_id = by_partner.get(customer, profiles.browse())

    @api.depends("company_id")
    def _compute_currency_id(self):
        for rating in self:
            rating.currency_id = rating.currency_id or rating.company_id.currency_id

    @api.depends("limit_advised")
    def _compute_limit_is_advised(self):
        for rating in self:
            rating.limit_is_advised = rating.limit_is_advised or bool(
                rating.limit_advised
            )

    @api.depends(
        "value",
        "agency_id.worst",
        "agency_id.best",
        "agency_id.step_ids.value",
        "agency_id.step_ids.points",
    )
    def _compute_points(self):
        for rating in self:
            points = (
                rating.agency_id._points(rating.value)
                if rating.agency_id and rating.value
                else None
            )
            if points is not None:
                rating.points, rating.rated = points, True
            elif not rating.rated:
                rating.points, rating.rated = 0, False  # else: as somebody filled in

    @api.depends("agency_id", "value", "date")
    def _compute_display_name(self):
        for rating in self:
            rating.display_name = f"{rating.agency_id.name}: {rating.value}"

    @api.onchange("points")
    def _onchange_points(self):
        if self.points:
            self.rated = True

    @api.constrains("date")
    def _check_date(self):
        for rating in self:
            if rating.date > rating.company_id.sudo()._dunning_today():
                raise ValidationError(
                    self.env._(
                        "A rating cannot be of a day to come: %(date)s.",
                        date=rating.date,
                    )
                )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._points_by_scale(vals) for vals in vals_list]
        for vals in vals_list:
            if vals.get("points"):
                vals.setdefault("rated", True)
        ratings = super().create(vals_list)
        ratings._score_again()
        return ratings

    def write(self, vals):
        vals = self._points_by_scale(vals)
        if vals.get("points"):
            vals = {"rated": True, **vals}
        before = self.profile_id
        result = super().write(vals)
        self._score_again(before)
        return result

    @api.model
    def _points_by_scale(self, vals):
        """Points may move the score, and with it class and limit: only credit managers
        give them by hand, for others the agency's scale says what a value is worth.
        """
        if self.env.su or self.env.user.has_group(
            "account_dunning.group_account_dunning_manager"
        ):
            return vals
        return {k: v for k, v in vals.items() if k not in ("points", "rated")}

    def unlink(self):
        profiles = self.profile_id
        result = super().unlink()
        self._score_again(profiles)
        return result

    def _score_again(self, more=()):
        """Where ratings enter the score, it follows at once; else the night is enough.

        :param more: profiles besides those of the ratings.
        """
        # sudo: whoever keeps ratings, the score follows by the same rules
        profiles = (
            self.sudo().exists().profile_id
            | self.env["credit.profile"].sudo().browse(more and more.ids).exists()
        )
        profiles = profiles.filtered("company_id.credit_rating_weight")
        if profiles:
            profiles._refresh_scores()
