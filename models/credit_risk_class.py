from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.class_limit import ClassRule, LimitRule
from .dunning_level import TONES

RULES = [
    ("nothing", "Say nothing"),
    ("warn", "Warn"),
    ("block", "Block"),
]

# What changes the limit of the class's customers, and what may let a document go.
LIMIT_FIELDS = {"limit_rule", "limit_amount", "limit_multiple", "currency_id"}
GATE_FIELDS = {
    "rule_limit",
    "rule_overdue",
    "overdue_days",
    "rule_level",
    "level_tone",
    "rule_manual",
    "rule_review",
}


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
    code = fields.Char(
        string="Letter",
        size=3,
        required=True,
        help="One to three characters, shown wherever there is little room.",
    )
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
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        tracking=True,
        help="Currency of the fixed amount. In companies of another currency it is "
        "converted at the rate of the day, the last one known, rounded to two digits, "
        "and follows the rate when that makes a difference of more than a tenth.",
    )
    rate_missing = fields.Char(
        string="Exchange rates missing", compute="_compute_rate_missing"
    )
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
    profile_ids = fields.One2many("credit.profile", "class_id", string="Customers")
    profile_count = fields.Integer(
        string="Number of customers", compute="_compute_profile_count"
    )
    rules_text = fields.Char(
        string="What it means",
        compute="_compute_rules_text",
        help="The limit and the rules of the class in one line.",
    )

    _code_uniq = models.UniqueIndex(
        "(LOWER(code), COALESCE(company_id, 0)) WHERE active",
        "There is a class with this letter already.",
    )
    _unrated_uniq = models.UniqueIndex(
        "(COALESCE(company_id, 0)) WHERE unrated AND active",
        "One class only can be for customers without a review.",
    )
    _score_floor_range = models.Constraint(
        "CHECK (score_floor BETWEEN 0 AND 100)",
        "The lowest score of a class is between 0 and 100.",
    )
    _limit_positive = models.Constraint(
        "CHECK (limit_amount >= 0 AND limit_multiple >= 0)",
        "A credit limit cannot be negative.",
    )
    _deposit_range = models.Constraint(
        "CHECK (deposit_percent BETWEEN 0 AND 100)",
        "A deposit is between 0 and 100 percent.",
    )
    _days_positive = models.Constraint(
        "CHECK (overdue_days >= 0 AND review_months >= 0)",
        "Days and months cannot be negative.",
    )

    # === COMPUTE METHODS === #

    @api.depends("company_id.currency_id")
    def _compute_currency_id(self):
        """That of its company; a common class keeps the one it has."""
        for risk_class in self:
            company = risk_class.company_id
            if company or not risk_class.currency_id:
                currency = (company or self.env.company).currency_id
                risk_class.currency_id = currency

    @api.depends("currency_id", "company_id", "limit_rule", "limit_amount")
    @api.depends_context("lang", "allowed_company_ids")
    def _compute_rate_missing(self):
        """Whom the fixed amount cannot be converted for, in one sentence."""
        for risk_class in self:
            companies = risk_class.company_id or self.env.companies.root_id
            missing = companies.filtered(
                lambda company, risk_class=risk_class: (
                    risk_class._limit_to_engine(company) is None
                )
            )
            risk_class.rate_missing = bool(missing) and self.env._(
                "No exchange rate is known for %(currencies)s: customers keep the "
                "limit they have. Enter a rate in Accounting, Configuration, "
                "Currencies.",
                currencies=", ".join(
                    f"{risk_class.currency_id.name} → {currency.name}"
                    for currency in missing.currency_id
                ),
            )

    @api.depends("code", "name")
    def _compute_display_name(self):
        for risk_class in self:
            risk_class.display_name = f"{risk_class.code} – {risk_class.name}"

    def _compute_profile_count(self):
        counts = dict(
            self.env["credit.profile"]._read_group(
                [("class_id", "in", self.ids)], ["class_id"], ["__count"]
            )
        )
        for risk_class in self:
            risk_class.profile_count = counts.get(risk_class, 0)

    @api.depends("limit_rule", "limit_amount", "limit_multiple", "deposit_percent")
    @api.depends("currency_id")
    @api.depends("rule_limit", "rule_overdue", "overdue_days", "rule_level")
    @api.depends_context("lang")
    def _compute_rules_text(self):
        for risk_class in self:
            risk_class.rules_text = " · ".join(risk_class._rules_in_words())

    def _rules_in_words(self):
        """The limit, what blocks and the deposit, each in a few words."""
        self.ensure_one()
        yield self._limit_in_words()
        blocks = {
            "rule_limit": self.env._("limit exceeded"),
            "rule_overdue": self.env._(
                "overdue > %(days)s days", days=self.overdue_days
            ),
            "rule_level": self.env._("level reached"),
        }
        blocking = [words for name, words in blocks.items() if self[name] == "block"]
        if blocking:
            yield self.env._("blocks: %(reasons)s", reasons=", ".join(blocking))
        if self.deposit_percent:
            yield self.env._("deposit %(percent)g %%", percent=self.deposit_percent)

    def _limit_in_words(self):
        self.ensure_one()
        if self.limit_rule == "fixed":
            return self.env._(
                "limit %(amount)s", amount=self.currency_id.format(self.limit_amount)
            )
        if self.limit_rule == "sales":
            return self.env._(
                "limit %(multiple)g × monthly sales", multiple=self.limit_multiple
            )
        return self.env._("no limit")

    # === CRUD === #

    def write(self, vals):
        """A rule that changes holds at once, for the limits and for what is held."""
        result = super().write(vals)
        if LIMIT_FIELDS & set(vals):
            # sudo: what follows from the rule is not the editor's to choose
            self.sudo().profile_ids._apply_limit_rules()
        if (LIMIT_FIELDS | GATE_FIELDS) & set(vals):
            self.env["credit.gate"]._recheck_held(self.sudo().profile_ids)
        return result

    def copy_data(self, default=None):
        """A copy is a class of its own: with another letter, and never the unrated."""
        vals_list = super().copy_data(default)
        for risk_class, vals in zip(self, vals_list, strict=True):
            if "code" not in (default or {}):
                vals["code"] = f"{risk_class.code[:2]}*"
            vals["unrated"] = False
            vals["name"] = self.env._("%(name)s (copy)", name=risk_class.name)
        return vals_list

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        """Refuse it while customers have the class, archived ones included.

        :raises UserError: with the number of customers.
        """
        # sudo: customers of other companies count as well
        Profile = self.env["credit.profile"].sudo().with_context(active_test=False)
        for risk_class in self:
            count = Profile.search_count([("class_id", "=", risk_class.id)])
            if count:
                raise UserError(
                    self.env._(
                        "%(count)s customer(s) are in the class %(name)s. Give them "
                        "another class first, or archive the class: then nobody new "
                        "gets it, and who has it keeps it.",
                        count=count,
                        name=risk_class.display_name,
                    )
                )
            reviews = self.env["credit.review"].sudo()
            if reviews.search_count(
                [
                    "|",
                    ("proposed_class_id", "=", risk_class.id),
                    "|",
                    ("decided_class_id", "=", risk_class.id),
                    ("previous_class_id", "=", risk_class.id),
                ],
                limit=1,
            ):
                raise UserError(
                    self.env._(
                        "Credit reviews name the class %(name)s: archive it, so that "
                        "they can still be read.",
                        name=risk_class.display_name,
                    )
                )

    # === ACTIONS === #

    def action_view_profiles(self):
        """The customers of the class."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.credit_exposure_action"
        )
        return dict(action, domain=[("class_id", "=", self.id)], context={})

    # === BUSINESS METHODS === #

    @api.model
    def _unrated(self, company):
        """The class of a root company's customers whom nobody has reviewed.

        The company's own comes before the common one; none when none is kept.
        """
        # sudo: which class a new customer gets does not depend on who makes it
        classes = self.sudo().search(
            [("unrated", "=", True), ("company_id", "in", (False, company.root_id.id))]
        )
        return classes.sorted(lambda c: not c.company_id)[:1].with_env(self.env)

    def _make_own_unrated(self, company):
        """A class for customers without a review that is this company's alone, with
        the rules of the common one; who was in that is in the new one.

        :return: the new class.
        """
        self.ensure_one()
        common = self.sudo()
        own = common.copy({"company_id": company.id, "code": common.code})
        own.unrated = True
        for lang, __ in self.env["res.lang"].get_installed():
            own.with_context(lang=lang).name = common.with_context(lang=lang).name
        theirs = (
            self.env["credit.profile"]
            .sudo()
            .with_context(active_test=False, tracking_disable=True)
            .search([("class_id", "=", common.id), ("company_id", "=", company.id)])
        )
        theirs.write({"class_id": own.id})
        return own

    @api.model
    def _offered(self, company):
        """The classes a root company's customers may be in, the best first."""
        return self.sudo().search(
            [("company_id", "in", (False, company.root_id.id))], order="sequence, id"
        )

    def _limit_to_engine(self, company, day=None):
        """The limit rule as the engine sees it; no class gives no limit.

        :param day: of the exchange rate; default: the company's today.
        :return: ``None`` where the amount is in a currency of which no rate is known.
        """
        if not self:
            return ClassRule(LimitRule.NONE)
        company = company.sudo()
        rate = None
        if (
            self.limit_rule == "fixed"
            and self.limit_amount
            and self.currency_id != company.currency_id
        ):
            rate = company._credit_rate(self.currency_id, day)
            if rate is None:
                return None
        return ClassRule(
            LimitRule(self.limit_rule),
            amount=company._to_decimal(self.limit_amount),
            multiple=company._to_decimal(self.limit_multiple),
            rate=rate,
        )
