from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tools import format_date

OPEN = ("draft", "proposed")
# Where a review looks, in this order; the last is what the books say.
USUAL_SOURCES = ("registry", "accounts", "bank", "agency", "history")
LIMIT_KINDS = [
    ("class", "By the rule of the class"),
    ("own", "Own limit"),
    ("none", "No limit"),
]
# What the machine writes: the course of a review and what it froze.
KEPT = {
    "name",
    "state",
    "facts",
    "decided_on",
    "decided_by_id",
    "proposed_on",
    "previous_class_id",
    "previous_limit",
    "previous_limit_enforced",
}
DECISION = {
    "decided_class_id",
    "decided_limit_kind",
    "decided_limit",
    "decision_note",
    "next_review_date",
}


class CreditReview(models.Model):
    """How much risk a customer is, who looked where, and who decided what.

    A collector prepares it: sources, guarantees, findings, a proposal. A credit manager
    decides; class, limit and next review of the customer follow. What was decided is
    never changed, and keeps the figures it was decided on.
    """

    _name = "credit.review"
    _description = "Credit Review"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(string="Number", readonly=True, copy=False, default="")
    profile_id = fields.Many2one(
        "credit.profile",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    partner_id = fields.Many2one(
        related="profile_id.partner_id", string="Partner", store=True, index=True
    )
    company_id = fields.Many2one(
        related="profile_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    state = fields.Selection(
        [
            ("draft", "In preparation"),
            ("proposed", "To decide"),
            ("decided", "Decided"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    reason = fields.Selection(
        [
            ("first", "First review"),
            ("periodic", "Periodic review"),
            ("event", "Because of an event"),
            ("request", "At somebody's request"),
        ],
        required=True,
        compute="_compute_reason",
        store=True,
        readonly=False,
        precompute=True,
    )
    date = fields.Date(
        required=True, default=lambda self: self.env.company._dunning_today()
    )
    user_id = fields.Many2one(
        "res.users",
        string="Prepared by",
        required=True,
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
        tracking=True,
    )

    # --- what was looked at ----------------------------------------------------------
    source_ids = fields.One2many(
        "credit.review.source",
        "review_id",
        string="Sources",
        default=lambda self: self._default_source_ids(),
    )
    source_text = fields.Char(string="Looked at", compute="_compute_source_text")
    guarantee_ids = fields.One2many(
        related="profile_id.guarantee_ids", string="Guarantees", readonly=False
    )
    guarantee_amount = fields.Monetary(
        related="profile_id.guarantee_amount", string="Sum of guarantees"
    )
    findings = fields.Html(
        help="What speaks for the customer, what against; what would change the "
        "opinion.",
    )
    facts = fields.Json(
        string="Figures",
        readonly=True,
        copy=False,
        help="What the books said when the review was proposed.",
    )
    facts_text = fields.Json(string="Own figures", compute="_compute_facts_text")

    # --- proposal and decision -------------------------------------------------------
    previous_class_id = fields.Many2one(
        "credit.risk.class",
        string="Class so far",
        compute="_compute_previous",
        store=True,
        precompute=True,
        ondelete="restrict",
    )
    previous_limit = fields.Monetary(
        string="Limit so far", compute="_compute_previous", store=True, precompute=True
    )
    previous_limit_enforced = fields.Boolean(
        compute="_compute_previous", store=True, precompute=True
    )
    proposed_class_id = fields.Many2one(
        "credit.risk.class",
        string="Class proposed",
        check_company=True,
        ondelete="restrict",
        domain=[("unrated", "=", False)],
        tracking=True,
    )
    proposed_limit_kind = fields.Selection(
        LIMIT_KINDS, string="Limit", default="class", required=True
    )
    proposed_limit = fields.Monetary(string="Limit proposed", tracking=True)
    decided_class_id = fields.Many2one(
        "credit.risk.class",
        string="Class decided",
        check_company=True,
        ondelete="restrict",
        domain=[("unrated", "=", False)],
        copy=False,
        tracking=True,
    )
    decided_limit_kind = fields.Selection(
        LIMIT_KINDS, string="Kind of limit decided", copy=False
    )
    decided_limit = fields.Monetary(string="Limit decided", copy=False, tracking=True)
    decision_note = fields.Text(
        string="Why", copy=False, help="Printed with the decision."
    )
    next_review_date = fields.Date(
        string="Next review",
        copy=False,
        help="Found by the class: every so many months. Empty: no periodic review.",
    )
    proposed_on = fields.Date(readonly=True, copy=False)
    decided_by_id = fields.Many2one(
        "res.users", string="Decided by", readonly=True, copy=False
    )
    decided_on = fields.Date(readonly=True, copy=False)
    can_decide = fields.Boolean(compute="_compute_can_decide")

    _open_uniq = models.UniqueIndex(
        "(profile_id) WHERE state IN ('draft', 'proposed')",
        "A review of this customer is under way already: go on with that one.",
    )
    _limits_positive = models.Constraint(
        "CHECK (proposed_limit >= 0 AND decided_limit >= 0)",
        "A credit limit cannot be negative.",
    )
    _decided_complete = models.Constraint(
        "CHECK (state != 'decided' OR (decided_class_id IS NOT NULL"
        " AND decided_limit_kind IS NOT NULL AND decided_by_id IS NOT NULL"
        " AND decided_on IS NOT NULL))",
        "A decision names a class, a limit, and who decided when.",
    )

    # === DEFAULTS AND COMPUTE METHODS === #

    @api.model
    def _default_source_ids(self):
        return [
            Command.create({"kind": kind, "sequence": 10 * (number + 1)})
            for number, kind in enumerate(USUAL_SOURCES)
        ]

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for review in self:
            review.display_name = (
                self.env._(
                    "%(number)s: %(customer)s",
                    number=review.name,
                    customer=review.partner_id.display_name,
                )
                if review.name
                else self.env._("New credit review")
            )

    @api.depends("profile_id")
    def _compute_reason(self):
        for review in self:
            known = review.reason or review.profile_id.last_review_id
            review.reason = review.reason or ("periodic" if known else "first")

    @api.depends("profile_id")
    def _compute_previous(self):
        for review in self:
            profile = review.profile_id
            review.previous_class_id = profile.class_id
            review.previous_limit_enforced = profile.limit_enforced
            review.previous_limit = profile._limit_amount_of_core()

    @api.depends("source_ids.kind", "source_ids.looked_on")
    @api.depends_context("lang")
    def _compute_source_text(self):
        kinds = self.env["credit.review.source"]._fields["kind"]
        labels = dict(kinds._description_selection(self.env))
        for review in self:
            looked = review.source_ids.filtered("looked_on")
            review.source_text = ", ".join(labels[source.kind] for source in looked)

    @api.depends("facts", "profile_id", "state")
    @api.depends_context("lang")
    def _compute_facts_text(self):
        for review in self:
            facts = review.facts if review.state not in OPEN else None
            facts = facts or (review.profile_id and review._gather_facts())
            review.facts_text = review._facts_in_words(facts or {})

    @api.depends_context("uid")
    def _compute_can_decide(self):
        self.can_decide = self._may_decide()

    @api.onchange("proposed_class_id")
    def _onchange_proposed_class_id(self):
        self.decided_class_id = self.proposed_class_id
        self.next_review_date = self._next_review_of(self.proposed_class_id)

    @api.onchange("decided_class_id")
    def _onchange_decided_class_id(self):
        self.next_review_date = self._next_review_of(self.decided_class_id)

    @api.constrains("next_review_date", "state")
    def _check_next_review(self):
        for review in self:
            if (
                review.state == "decided"
                and review.next_review_date
                and review.next_review_date <= review.decided_on
            ):
                raise ValidationError(
                    self.env._("The next review comes after the day of the decision.")
                )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not self.env.su and (KEPT | DECISION) & set(vals):
                self._check_hand({name for name in vals if vals[name]})
        reviews = super().create(vals_list)
        for review in reviews:
            # sudo: a number is a number, whoever asks for the next one
            review.sudo().name = (
                self.env["ir.sequence"]
                .sudo()
                .with_company(review.company_id)
                .next_by_code("credit.review", sequence_date=review.date)
            )
        return reviews

    @api.model
    def default_get(self, fields_list):
        """What a decision writes is no default of a caller's choice."""
        if not self.env.su:
            forged = {f"default_{name}" for name in KEPT | DECISION}
            context = {k: v for k, v in self.env.context.items() if k not in forged}
            self = self.with_env(self.env(context=context))
        return super().default_get(fields_list)

    def write(self, vals):
        self.check_access("write")
        self._check_hand(set(vals))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        if any(review.state == "decided" for review in self):
            raise UserError(
                self.env._("A decision is kept: it cannot be deleted any more.")
            )

    def _check_hand(self, names):
        """What people may write by hand on a review, and when.

        :param names: fields about to be written.
        :raises AccessError: for what only the buttons write.
        :raises UserError: for a review that is closed.
        """
        if self.env.su:
            return
        if KEPT & names:
            raise AccessError(
                self.env._("The course of a review is written by its buttons.")
            )
        if DECISION & names and not self._may_decide():
            raise AccessError(self.env._("Only credit managers decide reviews."))
        if any(not name.startswith(("activity_", "message_")) for name in names):
            self._check_open()

    def _check_open(self):
        closed = self.filtered(lambda review: review.state not in OPEN)
        if closed and not self.env.su:
            raise UserError(
                self.env._(
                    "%(review)s is closed and stays as it is: begin a new review.",
                    review=closed[0].display_name,
                )
            )

    # === ACTIONS === #

    def action_propose(self):
        """Hand the proposal over to who decides."""
        self._check_preparer()
        for review in self:
            review._check_open()
            if not review.proposed_class_id:
                raise UserError(self.env._("Propose a class first."))
            if not review.source_ids.filtered("looked_on"):
                raise UserError(
                    self.env._(
                        "Nobody has looked anywhere yet: say at least at one source "
                        "when it was looked at."
                    )
                )
            # sudo: the course of a review is written by its buttons
            review.sudo().write(review._prepare_proposal())
            review._ask_manager()

    def action_back(self):
        """Back to preparation."""
        self._check_preparer()
        self._check_open()
        # sudo: the course of a review is written by its buttons
        self.sudo().state = "draft"
        self.activity_unlink(["account_dunning.mail_activity_type_review"])

    def action_cancel(self):
        """Give a review up; the customer stays as it is."""
        self._check_preparer()
        self._check_open()
        # sudo: the course of a review is written by its buttons
        self.sudo().state = "cancelled"
        self.activity_unlink(["account_dunning.mail_activity_type_review"])

    def action_decide(self):
        """Decide: class, limit and next review of the customer follow at once."""
        if not self._may_decide():
            raise AccessError(self.env._("Only credit managers decide reviews."))
        self.check_access("write")
        for review in self:
            if review.state != "proposed":
                raise UserError(
                    self.env._("Only a review that was proposed can be decided.")
                )
            if not review.decided_class_id or not review.decided_limit_kind:
                raise UserError(self.env._("Say which class and limit you decide."))
            # sudo: the course of a review is written by its buttons
            review.sudo().write(
                {
                    "state": "decided",
                    "decided_by_id": self.env.uid,
                    "decided_on": review.company_id._dunning_today(),
                    "facts": review._gather_facts(),
                }
            )
            review._carry_out()
            review.sudo().facts = review.facts | review._limit_after()
        self.activity_feedback(["account_dunning.mail_activity_type_review"])

    def action_print(self):
        """The decision as a PDF."""
        return self.env.ref("account_dunning.report_credit_review").report_action(self)

    def action_view_profile(self):
        """The customer's page."""
        self.ensure_one()
        return self.profile_id.get_formview_action()

    # === BUSINESS METHODS === #

    def _open(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "credit.review",
            "res_id": self.id,
            "views": [(False, "form")],
        }

    def _close_by_merge(self, why):
        """Give reviews under way up, whose customer becomes another one's."""
        # sudo: the course of a review is written by its buttons
        self.sudo().state = "cancelled"
        for review in self:
            review._message_log(body=why)

    @api.model
    def _may_decide(self):
        return self.env.su or self.env.user.has_group(
            "account_dunning.group_account_dunning_manager"
        )

    def _check_preparer(self):
        self.env["credit.profile"]._check_can_run()
        self.check_access("write")

    def _next_review_of(self, risk_class):
        """When a customer of that class is reviewed again; ``False`` for never."""
        self.ensure_one()
        if not risk_class.review_months:
            return False
        company = self.company_id or self.env.company
        return company._dunning_today() + relativedelta(months=risk_class.review_months)

    def _prepare_proposal(self):
        self.ensure_one()
        return {
            "state": "proposed",
            "proposed_on": self.company_id._dunning_today(),
            "facts": self._gather_facts(),
            "decided_class_id": self.proposed_class_id.id,
            "decided_limit_kind": self.proposed_limit_kind,
            "decided_limit": self.proposed_limit,
            "next_review_date": self._next_review_of(self.proposed_class_id),
        }

    def _ask_manager(self):
        """An activity for who decides: the company's credit contact, if a manager."""
        self.ensure_one()
        group = self.env.ref("account_dunning.group_account_dunning_manager")
        contact = self.company_id.sudo().dunning_user_id
        managers = contact.filtered(lambda user: user in group.sudo().all_user_ids)
        if not managers or self.env.user in managers:
            return
        self.activity_schedule(
            "account_dunning.mail_activity_type_review",
            user_id=managers.id,
            summary=self.with_context(lang=managers.lang).env._("Decide the review"),
        )

    def _carry_out(self):
        """Class, limit and next review of the customer become what was decided."""
        self.ensure_one()
        # sudo: a manager of a branch decides for the root company's profile
        profile = self.profile_id.sudo()
        own = self.decided_limit_kind != "class"
        profile.write({"limit_own": own, "next_review_date": self.next_review_date})
        if own:
            profile._set_own_limit(
                self.decided_limit if self.decided_limit_kind == "own" else None
            )
        profile._class_by_review(
            self,
            self.env._(
                "Credit review %(number)s, decided by %(user)s: class %(class)s, "
                "%(limit)s",
                number=self.name,
                user=self.env.user.name,
                **{"class": self.decided_class_id.code},
                limit=self._limit_in_words("decided"),
            ),
        )

    def _limit_after(self):
        """What the customer's limit became by the decision; ``None`` for no limit."""
        self.ensure_one()
        profile = self.profile_id.sudo()
        limit = profile._limit_amount_of_core() if profile.limit_enforced else None
        return {"limit_after": limit}

    # --- figures and words -----------------------------------------------------------

    def _gather_facts(self):
        """What the books say about the customer now, as plain values to be kept."""
        self.ensure_one()
        # sudo: a review tells the figures of all branches, as the profile does
        profile = self.profile_id.sudo()
        company = profile.company_id
        day = company._dunning_today()
        sales = profile._sales_of_a_year(company, day)
        return {
            "date": fields.Date.to_string(day),
            "sales": float(sales.get(profile.partner_id.id, 0)),
            "overdue": profile.live_overdue,
            "not_due": profile.live_not_due,
            "unallocated": profile.live_unallocated,
            "days_late": profile.average_days_late,
            "habit": profile.payment_habit or "",
            "guarantees": [
                {
                    "name": guarantee.display_name,
                    "amount": guarantee.amount,
                    "currency_id": guarantee.currency_id.id,
                    "until": fields.Date.to_string(guarantee.valid_until) or "",
                }
                for guarantee in profile.guarantee_ids
                if guarantee._is_in_force(day)
            ],
        } | profile._review_facts()

    def _facts_in_words(self, facts):
        """The figures as rows for screen and paper: list of ``{label, value}``."""
        self.ensure_one()
        if not facts:
            return []
        money = self.currency_id.format
        rows = [
            (self.env._("Sales of the last 12 months"), money(facts["sales"])),
            (self.env._("Overdue"), money(facts["overdue"])),
            (self.env._("Not due"), money(facts["not_due"])),
            (self.env._("Unallocated"), money(facts["unallocated"])),
        ]
        if facts.get("orders"):
            rows.append((self.env._("Orders to invoice"), money(facts["orders"])))
        if facts["habit"]:
            rows.append((self.env._("Paid on average in 12 months"), facts["habit"]))
        if facts.get("score") is not None:
            rows.append((self.env._("Score (0–100)"), str(facts["score"])))
        return [{"label": label, "value": value} for label, value in rows]

    def _guarantees_in_words(self):
        """The guarantees that counted: list of ``{name, amount, until}`` as text."""
        self.ensure_one()
        facts = self.facts if self.state == "decided" else self._gather_facts()
        currencies = self.env["res.currency"].sudo()
        return [
            {
                "name": row["name"],
                "amount": currencies.browse(row["currency_id"]).format(row["amount"]),
                "until": format_date(self.env, row["until"]) if row["until"] else "",
            }
            for row in (facts or {}).get("guarantees", [])
        ]

    def _limit_in_words(self, which):
        """The limit ``proposed`` or ``decided``, in words; "" while there is none."""
        self.ensure_one()
        kind = self[f"{which}_limit_kind"]
        if kind == "own":
            return self.env._(
                "limit %(amount)s",
                amount=self.currency_id.format(self[f"{which}_limit"]),
            )
        if kind == "class":
            risk_class = self[f"{which}_class_id"]
            return self.env._(
                "limit by the rule of the class (%(rule)s)",
                rule=risk_class._limit_in_words(),
            )
        return self.env._("no limit") if kind else ""

    def _decided_limit_text(self):
        """The limit that was decided, as short as a box on paper needs it: what it is
        by the rule of the class, where that was the decision.
        """
        self.ensure_one()
        if self.decided_limit_kind == "own":
            return self.currency_id.format(self.decided_limit)
        after = (self.facts or {}).get("limit_after")
        if self.decided_limit_kind == "none" or after is None:
            return self.env._("no limit")
        return self.env._(
            "%(amount)s, by the rule of the class",
            amount=self.currency_id.format(after),
        )

    def _pdf_name(self):
        self.ensure_one()
        return self.env._(
            "Credit decision %(number)s", number=(self.name or "").replace("/", "-")
        )
