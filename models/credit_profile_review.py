from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# How long a class that was reviewed stays where no next review is planned.
HELD_BY_REVIEW = relativedelta(months=12)


class CreditProfile(models.Model):
    """When a customer was reviewed, when the next review is due, and what is held."""

    _inherit = "credit.profile"

    review_ids = fields.One2many("credit.review", "profile_id", string="Credit reviews")
    guarantee_ids = fields.One2many("credit.guarantee", "profile_id")
    guarantee_amount = fields.Monetary(
        string="Sum of guarantees",
        compute="_compute_guarantee_amount",
        help="Sum of the guarantees in force today, in company currency.",
    )
    last_review_id = fields.Many2one(
        "credit.review", string="Last review", compute="_compute_last_review_id"
    )
    review_state = fields.Selection(
        [
            ("never", "Never reviewed"),
            ("due", "Review due"),
            ("fine", "Up to date"),
        ],
        string="Review",
        compute="_compute_review_state",
        search="_search_review_state",
        help="Due: the day of the next review has come. Never: no review has been "
        "decided, and none is planned.",
    )

    # === COMPUTE METHODS === #

    @api.depends("guarantee_ids.amount", "guarantee_ids.valid_until")
    @api.depends("guarantee_ids.currency_id", "guarantee_ids.active")
    def _compute_guarantee_amount(self):
        for profile in self:
            company = profile.company_id.sudo()
            today = company._dunning_today()
            profile.guarantee_amount = sum(
                guarantee.currency_id._convert(
                    guarantee.amount, company.currency_id, company, today
                )
                for guarantee in profile.guarantee_ids
                if guarantee._is_in_force(today)
            )

    @api.depends("review_ids.state", "review_ids.decided_on")
    def _compute_last_review_id(self):
        Review = self.env["credit.review"]
        decided = Review.search(
            [("profile_id", "in", self.ids), ("state", "=", "decided")],
            order="decided_on, id",
        )
        last = {review.profile_id.id: review for review in decided}
        for profile in self:
            profile.last_review_id = last.get(profile.id, Review)

    @api.depends("next_review_date", "review_ids.state")
    def _compute_review_state(self):
        for profile in self:
            if profile._is_review_due():
                profile.review_state = "due"
            elif profile.next_review_date or profile.last_review_id:
                profile.review_state = "fine"
            else:
                profile.review_state = "never"

    def _search_review_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        due = self.env["res.company"]._dunning_domain_today(
            lambda day: Domain("next_review_date", "<=", day)
        )
        decided = Domain("review_ids", "any", [("state", "=", "decided")])
        planned = Domain("next_review_date", "!=", False)
        domains = {
            "due": due,
            "fine": (planned | decided) & ~due,
            "never": ~planned & ~decided,
        }
        return Domain.OR(domains[one] for one in value if one in domains)

    # === ACTIONS === #

    def action_review(self):
        """Open the review under way, or begin one."""
        self.ensure_one()
        self._check_can_run()
        self.check_access("read")
        review = self.review_ids.filtered(lambda r: r.state in ("draft", "proposed"))
        review = review[:1] or self.env["credit.review"].create({"profile_id": self.id})
        return review._open()

    def action_view_guarantees(self):
        """The guarantees of the customer, to add to them and to change them."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Guarantees"),
            "res_model": "credit.guarantee",
            "view_mode": "list,form",
            "domain": [("profile_id", "=", self.id)],
            "context": {"default_profile_id": self.id},
        }

    # === BUSINESS METHODS === #

    def _is_review_due(self, day=None):
        """Whether the day of the next review has come.

        A new customer's is the day its profile was made: the first order on account
        comes after the review. Who was a customer before has none until one is planned.
        """
        self.ensure_one()
        day = day or self.company_id.sudo()._dunning_today()
        return bool(self.next_review_date and self.next_review_date <= day)

    @api.model
    def _first_review(self, company):
        """SQL for the first review of a profile that is being made: today for who has
        never had anything posted on account, none for who is a customer already."""
        situation = self.env["dunning.situation"]
        self.env["account.move.line"].flush_model()
        return SQL(
            """
            CASE WHEN EXISTS (
                SELECT 1 FROM account_move_line line
                 WHERE line.partner_id = partner.id
                   AND line.account_id = ANY(ARRAY(%(receivables)s))
                   AND line.parent_state = 'posted'
                   AND line.company_id = ANY(%(companies)s)
            ) THEN NULL ELSE %(day)s::date END
            """,
            receivables=situation._receivables(company),
            companies=situation._branch_ids(company),
            day=company._dunning_today(),
        )

    def _plan_reviews_of_class(self):
        """Where the class wants periodic reviews and none is planned, plan the next."""
        for profile in self:
            months = profile.class_id.review_months
            if months and not profile.next_review_date:
                today = profile.company_id._dunning_today()
                profile.next_review_date = today + relativedelta(months=months)

    def _plan_first_reviews(self):
        """Write the first review of profiles that were made one by one."""
        for company, mine in self.grouped("company_id").items():
            planned = dict(
                self.env.execute_query(
                    SQL(
                        "SELECT partner.id, %s FROM res_partner partner"
                        " WHERE partner.id = ANY(%s)",
                        self._first_review(company),
                        mine.partner_id.ids,
                    )
                )
            )
            for profile in mine:
                profile.next_review_date = planned[profile.partner_id.id]

    def _limit_amount_of_core(self):
        """The amount core keeps as the customer's limit in the root company."""
        if not self:
            return 0.0
        self.ensure_one()
        # sudo: the limit is shown to whoever may read the profile
        return self.sudo().partner_id.with_company(self.company_id).credit_limit

    def _set_own_limit(self, amount):
        """Give the customer a limit of its own.

        :param amount: in company currency; ``None`` for no limit at all.
        """
        self.ensure_one()
        values = {"limit_own": True, "limit_enforced": amount is not None}
        if amount is not None:
            values["credit_limit"] = amount
        self.write(values)

    def _class_by_review(self, review, why):
        """The class a review decided; it holds whatever the score says until the next.

        :param why: noted beside the old and the new class.
        """
        self.ensure_one()
        until = review.next_review_date or review.decided_on + HELD_BY_REVIEW
        self.write({"class_manual_until": until, "class_manual_reason": review.name})
        if self.class_id != review.decided_class_id:
            self._apply_class(review.decided_class_id, why)
        else:
            self._message_log(body=why)

    def _review_facts(self):
        """More figures for a review; see ``credit.review._gather_facts``."""
        self.ensure_one()
        owed = self._exposure()[self.id]
        return {
            "orders": float(owed.orders),
            "exposure": float(owed.total),
            "score": self.score if self.score_date else None,
        }
