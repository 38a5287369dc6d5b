import json
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..engine import earlywarning, scoring

SCORE_BATCH = 1_000
CHART_MONTHS = 18
NOTE_MONTHS = 6
QUIET = timedelta(days=90)  # nobody is told twice of the same change
BY_HAND = timedelta(days=180)  # a class somebody writes without saying until when

# What a person decides about the class of a customer.
CLASS_FIELDS = {"class_id", "class_manual_until", "class_manual_reason"}

# The columns a scoring writes, with their database types.
COLUMNS = {
    "score": SQL("integer"),
    "score_date": SQL("date"),
    "score_confidence": SQL("varchar"),
    "score_points": SQL("jsonb"),
    "class_proposed_id": SQL("integer"),
    "pays_later": SQL("boolean"),
    "pays_later_told_on": SQL("date"),
    "pays_later_facts": SQL("jsonb"),
}


class CreditProfile(models.Model):
    """The score of a customer, the class that follows it, and the early warning.

    Scores are a snapshot as of ``score_date``: fetched by ``credit.score``, judged by
    ``engine.scoring`` and ``engine.earlywarning``, and written by one statement.
    """

    _inherit = "credit.profile"

    customer_since = fields.Date(
        readonly=True, copy=False, help="Day of the first invoice in the books."
    )
    score = fields.Integer(
        readonly=True,
        copy=False,
        aggregator="avg",
        help="How good a debtor this customer is: from 0 (worst) to 100 (best).",
    )
    score_date = fields.Date(string="Score of", readonly=True, copy=False)
    score_confidence = fields.Selection(
        [
            (scoring.Confidence.NONE.value, "No history: what is usual here"),
            (scoring.Confidence.LOW.value, "Low: little history"),
            (scoring.Confidence.MEDIUM.value, "Medium"),
            (scoring.Confidence.HIGH.value, "High"),
        ],
        string="Confidence",
        readonly=True,
        copy=False,
        help="How much of the score is the customer's own behaviour. What is missing "
        "is filled with what is usual among your customers.",
    )
    score_points = fields.Json(readonly=True, copy=False)
    score_factors = fields.Json(
        string="What the score is made of", compute="_compute_score_factors"
    )
    score_detail = fields.Text(
        string="Factors",
        compute="_compute_score_factors",
        help="Every score begins at 90 points; each factor adds or takes some.",
    )
    class_mode = fields.Selection(related="company_id.credit_class_mode")
    class_proposed_id = fields.Many2one(
        "credit.risk.class",
        string="Class proposed",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The class the score leads to; a credit manager decides.",
    )
    class_manual_until = fields.Date(
        string="Class set by hand until",
        tracking=True,
        copy=False,
        help="Until the end of this day the class does not follow the score.",
    )
    class_manual_reason = fields.Char(string="Why by hand", tracking=True, copy=False)
    class_is_manual = fields.Boolean(
        string="Class set by hand",
        compute="_compute_class_is_manual",
        search="_search_class_is_manual",
    )
    pays_later = fields.Boolean(
        string="Pays later than usual",
        readonly=True,
        copy=False,
        help="What fell due lately is paid clearly later than is usual for this "
        "customer: a statistical test, not a fixed number of days.",
    )
    pays_later_told_on = fields.Date(readonly=True, copy=False)
    pays_later_facts = fields.Json(readonly=True, copy=False)
    pays_later_sentence = fields.Char(compute="_compute_pays_later_sentence")
    rating_ids = fields.One2many("credit.rating", "profile_id", string="Ratings")

    _score_idx = models.Index("(company_id, score_date)")

    # === COMPUTE METHODS === #

    @api.depends("score_points")
    @api.depends_context("lang")
    def _compute_score_factors(self):
        for profile in self:
            factors = [
                {"text": self._factor_text(kind, values), "points": points}
                for kind, points, values in profile.score_points or []
            ]
            profile.score_factors = factors
            profile.score_detail = "\n".join(
                f"{factor['text']}: {factor['points']:+}"
                if factor["points"]
                else factor["text"]
                for factor in factors
            )

    @api.model
    def _factor_text(self, kind, values):
        """One factor of a score as people read it, without its points."""
        return getattr(self, f"_factor_{kind}")(**values)

    def _factor_days(self, days, counted, own):
        if days is None:
            return self.env._(
                "No payments yet: counted like your customers on average, %(days)s "
                "days late",
                days=counted,
            )
        if days == counted or own >= 75:
            return self._habit_words(days)
        return self.env._(
            "%(habit)s; counted as %(days)s days late, as there is little history",
            habit=self._habit_words(days),
            days=counted,
        )

    def _habit_words(self, days):
        if days <= 0:
            return self.env._("Pays in time on average")
        if days == 1:
            return self.env._("Pays 1 day late on average")
        return self.env._("Pays %(days)s days late on average", days=days)

    def _factor_share(self, percent, counted):
        if percent is None:
            return self.env._(
                "Share of late payments as usual here: %(percent)s %%", percent=counted
            )
        return self.env._("%(percent)s %% of payments are late", percent=percent)

    def _factor_trend(self, days):
        if days > 0:
            return self.env._("Pays %(days)s days later than before", days=days)
        return self.env._("Pays %(days)s days earlier than before", days=-days)

    def _factor_promises(self, count):
        if count == 1:
            return self.env._("1 promise to pay not kept in twelve months")
        return self.env._(
            "%(count)s promises to pay not kept in twelve months", count=count
        )

    def _factor_level(self, tone):
        levels = self.env["dunning.level"]._fields["tone"]
        label = dict(levels._description_selection(self.env)).get(tone, tone)
        return self.env._("Highest message in twelve months: %(tone)s", tone=label)

    def _factor_limit(self, percent):
        return self.env._("%(percent)s %% of the credit limit used", percent=percent)

    def _factor_age(self, years):
        if years == 1:
            return self.env._("Customer for 1 year")
        return self.env._("Customer for %(years)s years", years=years)

    def _factor_size(self, ratio):
        return self.env._("Buys %(ratio)s times what customers buy here", ratio=ratio)

    def _factor_rating(self, rating):
        return self.env._("External rating: %(points)s of 100", points=rating)

    def _factor_history(self, count, percent):
        if not count:
            return self.env._(
                "No payments in eighteen months: the score is what is usual here"
            )
        return self.env._(
            "Little history: %(percent)s %% of the punctuality is what is usual here",
            percent=percent,
        )

    @api.depends("class_manual_until")
    def _compute_class_is_manual(self):
        for profile in self:
            until = profile.class_manual_until
            company = profile.company_id.sudo()
            profile.class_is_manual = bool(
                until and company and until >= company._dunning_today()
            )

    def _search_class_is_manual(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = self.env["res.company"]._dunning_domain_today(
            lambda day: Domain("class_manual_until", ">=", day)
        )
        return domain if True in value else ~domain

    @api.depends("pays_later", "pays_later_facts")
    @api.depends_context("lang")
    def _compute_pays_later_sentence(self):
        for profile in self:
            facts = profile.pays_later and profile.pays_later_facts
            profile.pays_later_sentence = facts and self.env._(
                "Pays clearly later than usual: %(recent)s days late lately, "
                "%(usual)s in the year before.",
                recent=facts["recent"],
                usual=facts["usual"],
            )

    @api.depends("partner_id", "company_id")
    def get_payment_months(self):
        """How many days late the customer paid, by month of the due date; live.

        :return: list of dicts: ``month`` in words, ``days``, ``amount`` in company
            currency, ``open`` in percent of it.
        """
        self.ensure_one()
        self.check_access("read")
        company = self.company_id.sudo()
        day = company._dunning_today()
        Score = self.env["credit.score"].sudo()  # sudo: days, of who is readable
        Score._flush()
        items = Score._items(self, company, day)[self.id]
        return [
            {
                "month": self._month_name(month.first),
                "days": round(month.days),
                "amount": round(month.amount, 2),
                "open": round(100 * month.open_amount / month.amount),
            }
            for month in earlywarning.by_month(items, day, CHART_MONTHS)
        ]

    def _month_name(self, day):
        return format_date(self.env, day, date_format="MMM yyyy")

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._decided_by_hand(vals) for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        return super().write(self._decided_by_hand(vals))

    @api.model
    def _decided_by_hand(self, vals):
        """Who may decide on a class; and what somebody sets stays for a while.

        Otherwise a class typed in today, or read from a file, would be taken back by
        the score in the night without a word.
        """
        if self.env.su or not CLASS_FIELDS & set(vals):
            return vals
        self._check_decides_class()
        if vals.get("class_id") and "class_manual_until" not in vals:
            until = fields.Date.context_today(self) + BY_HAND
            vals = {"class_manual_reason": self.env._("Set by hand"), **vals}
            vals["class_manual_until"] = until
            vals["class_proposed_id"] = False
        return vals

    @api.model
    def _check_kept_by_machine(self, names):
        names = set(names)
        if CLASS_FIELDS & names and not self.env.su:
            # emptied along with a decision; only a credit manager comes so far
            names.discard("class_proposed_id")
        return super()._check_kept_by_machine(names)

    @api.model
    def _check_decides_class(self):
        if not self.env.su and not self.env.user.has_group(
            "account_dunning.group_account_dunning_manager"
        ):
            raise AccessError(
                self.env._("Only a credit manager decides on the class of a customer.")
            )

    # === ACTIONS === #

    def action_refresh_score(self):
        """Score these customers again now."""
        self._check_can_run()
        self.check_access("write")
        self._refresh_scores()

    def action_accept_class(self):
        """Give these customers the classes their scores lead to."""
        self._check_decides_class()
        self.check_access("write")
        proposed = self.filtered("class_proposed_id")
        if not proposed:
            raise UserError(self.env._("No class is proposed for these customers."))
        for risk_class, profiles in proposed.grouped("class_proposed_id").items():
            # an earlier decision by hand gives way to this one
            profiles.sudo().write(
                {"class_manual_until": False, "class_manual_reason": False}
            )
            profiles._apply_class(risk_class, profiles._score_reasons())

    def action_change_class(self):
        """Open the dialogue that sets a class by hand."""
        self._check_decides_class()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Set the class by hand"),
            "res_model": "credit.class.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_profile_ids": self.ids},
        }

    def action_add_rating(self):
        """Open the dialogue for a rating of this customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("External rating"),
            "res_model": "credit.rating",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
            },
        }

    def action_end_manual_class(self):
        """Let the class follow the score again."""
        self._check_decides_class()
        self.check_access("write")
        self.write({"class_manual_until": False, "class_manual_reason": False})
        self._refresh_scores()

    # === CLASSES === #

    def _apply_class(self, risk_class, why):
        """Give these customers a class, and say so in their chatter.

        With full rights: who may decide is checked by who calls. What is held back and
        may pass under the new class is looked at again.

        :param why: the reason in words, or ``{profile id: words}``.
        """
        profiles = self.sudo()
        changed = profiles.filtered(lambda p: p.class_id != risk_class)
        proposed = profiles.filtered("class_proposed_id")
        proposed.with_context(tracking_disable=True).write({"class_proposed_id": False})
        if not changed:
            return
        if isinstance(why, str):
            why = dict.fromkeys(changed.ids, why)
        bodies = {
            profile.id: self.env._(
                "Risk class: %(old)s → %(new)s. %(why)s",
                old=profile.class_id.display_name or self.env._("none"),
                new=risk_class.display_name or self.env._("none"),
                why=why.get(profile.id, ""),
            )
            for profile in changed
        }
        # the note says old and new, and why: one message, where tracking makes another
        changed.with_context(tracking_disable=True).write({"class_id": risk_class.id})
        changed._plan_reviews_of_class()
        changed._message_log_batch(bodies)
        self.env["credit.gate"]._recheck_later(changed.partner_id.ids)

    def _score_reasons(self):
        """Why the score is what it is: ``{profile id: a sentence or two}``."""
        return {
            profile.id: self.env._(
                "Score %(score)s. %(factors)s",
                score=profile.score,
                factors=" · ".join(
                    f"{factor['text']} ({factor['points']:+})"
                    for factor in (profile.score_factors or [])[:3]
                    if factor["points"]
                ),
            )
            for profile in self
        }

    # === SCORING === #

    def _refresh_scores(self, day=None):
        """Score these profiles, let classes follow, and tell who begins to pay later.

        :param day: the day to look at; default: today where the company is.
        """
        for company, mine in self.sudo().grouped("company_id").items():
            today = day or company._dunning_today()
            norm = self.env["credit.score"].sudo()._norm(company, today)
            for start in range(0, len(mine), SCORE_BATCH):
                mine[start : start + SCORE_BATCH]._score_batch(company, today, norm)

    def _score_batch(self, company, day, norm):
        classes = self._engine_classes(company)
        facts = self.env["credit.score"]._facts(self, day)
        rows, moves, warned = [], [], {}
        for profile in self:
            mine = facts[profile.id]
            result = scoring.score(mine, norm, day)
            target = profile._class_for(result, classes, company, day)
            finding = earlywarning.examine(mine.items, day)
            told_on = profile.pays_later_told_on or None
            alarm = bool(finding and finding.alarm)
            if (
                alarm
                and company.credit_early_warning
                and not (told_on and told_on > day - QUIET)
            ):
                warned[profile] = mine.items
                told_on = day
            proposed = None
            if target and target != profile.class_id.id:
                if company.credit_class_mode == "auto":
                    moves.append((target, profile))
                else:
                    proposed = target
            rows.append(
                {
                    "id": profile.id,
                    "score": result.value,
                    "score_date": day.isoformat(),
                    "score_confidence": result.confidence.value,
                    "score_points": [
                        (factor.kind.value, factor.points, factor.values)
                        for factor in result.factors
                    ],
                    "class_proposed_id": proposed,
                    "pays_later": alarm,
                    "pays_later_told_on": told_on and told_on.isoformat(),
                    "pays_later_facts": finding and self._finding_values(finding),
                }
            )
        self._write_scores(rows)
        self._follow_scores(company, moves)
        self._warn_of_late_payers(company, warned, day)

    @api.model
    def _finding_values(self, finding):
        return {
            "usual": finding.usual,
            "recent": finding.recent,
            "probability": finding.probability,
            "effect": finding.effect,
            "observations": finding.observations,
        }

    @api.model
    def _engine_classes(self, company):
        # sudo: the rules are the same, whoever asks
        classes = self.env["credit.risk.class"].sudo()
        classes = classes.search([("company_id", "in", (False, company.id))])
        # a company that keeps classes of its own does not use the common ones
        own = classes.filtered(lambda known: known.company_id and not known.unrated)
        return [
            scoring.RiskClass(known.id, known.score_floor, known.unrated)
            for known in own or classes
        ]

    def _class_for(self, result, classes, company, day):
        """Id of the class the score leads to; ``None`` where it has nothing to say."""
        self.ensure_one()
        by_hand = self.class_manual_until and self.class_manual_until >= day
        # who has a class that was archived keeps it, as archiving it says
        archived = self.class_id and not self.class_id.active
        if by_hand or archived or company.credit_class_mode == "never":
            return None
        current = self.class_id.id or None
        return scoring.class_for(result, classes, current, company.credit_class_margin)

    def _write_scores(self, rows):
        self.flush_model(list(COLUMNS))
        self.env.cr.execute(
            SQL(
                """
            UPDATE credit_profile profile
               SET %(sets)s
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS fresh(id integer, %(types)s)
             WHERE profile.id = fresh.id
            """,
                sets=SQL(", ").join(
                    SQL("%s = fresh.%s", SQL.identifier(name), SQL.identifier(name))
                    for name in COLUMNS
                ),
                types=SQL(", ").join(
                    SQL("%s %s", SQL.identifier(name), kind)
                    for name, kind in COLUMNS.items()
                ),
                rows=json.dumps(rows),
            )
        )
        derived = ["score_factors", "score_detail", "pays_later_sentence"]
        self.invalidate_recordset([*COLUMNS, *derived], flush=False)

    def _follow_scores(self, company, moves):
        """Give customers the classes their scores led to.

        :param moves: list of ``(class id, profile)``.
        """
        if not moves:
            return
        # notes are read by everybody in the company: in its language
        scoped = self.with_context(lang=company.partner_id.lang)
        by_class = {}
        for target, profile in moves:
            by_class.setdefault(target, []).append(profile.id)
        for target, ids in by_class.items():
            profiles = scoped.browse(ids)
            risk_class = scoped.env["credit.risk.class"].browse(target)
            profiles._apply_class(risk_class, profiles._score_reasons())

    def _warn_of_late_payers(self, company, warned, day):
        """One activity for the collector of each customer who begins to pay later.

        Without e-mails: the activity stands on the worklist and in the collector's
        list. Not where one like it is open.

        :param warned: ``{profile: items}``.
        """
        activity_type = self.env.ref(
            "account_dunning.mail_activity_type_late", raise_if_not_found=False
        )
        if not warned or not activity_type:
            return
        Activity = self.env["mail.activity"].sudo()
        known = Activity.search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", [profile.id for profile in warned]),
                ("activity_type_id", "=", activity_type.id),
            ]
        )
        open_already = set(known.mapped("res_id"))
        model_id = self.env["ir.model"]._get_id(self._name)
        values = []
        for profile, items in warned.items():
            if profile.id in open_already:
                continue
            user = profile._responsible() or self.env.user
            told = profile.with_context(lang=user.lang)
            values.append(
                {
                    "res_model_id": model_id,
                    "res_id": profile.id,
                    "activity_type_id": activity_type.id,
                    "user_id": user.id,
                    "date_deadline": day,
                    "automated": True,
                    "summary": told.env._("Pays later than usual"),
                    "note": told._late_note(items, day),
                }
            )
        Activity.with_context(mail_activity_quick_update=True).create(values)

    def _late_note(self, items, day):
        """What the collector reads: the finding, the last months, what it means."""
        self.ensure_one()
        facts = self.pays_later_facts
        months = earlywarning.by_month(items, day, NOTE_MONTHS)
        rows = Markup("").join(
            Markup("<li>%s: %s</li>")
            % (
                self._month_name(month.first),
                self.env._("%(days)s days late", days=round(month.days))
                if month.days > 0
                else self.env._("in time"),
            )
            for month in months
        )
        return Markup("<p>%s</p><p>%s</p><ul>%s</ul><p>%s</p>") % (
            self.pays_later_sentence,
            self.env._("By the month in which invoices fell due:"),
            rows,
            self.env._(
                "Found by a rank test on %(recent)s recent and %(usual)s earlier "
                "payments; by chance such a difference comes once in %(odds)s times. "
                "The chart is on the customer's page.",
                recent=facts["observations"][0],
                usual=facts["observations"][1],
                odds=round(1 / max(facts["probability"], 1e-6)),
            ),
        )

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_score(self):
        """Once a day, from the company's own midnight on: score all customers.

        Batch by batch, and resumed where it stopped. What is usual in a company is
        measured anew once a day, with its first batch. Where somebody at a customer was
        first, it begins again from the last batch.
        """
        return self.env["ir.cron"]._dunning_retried(self._score_all)

    @api.model
    def _score_all(self):
        cron = self.env["ir.cron"]
        domain = self._unscored_domain(fields.Datetime.now())
        remaining = self.search_count(domain)
        cron._commit_progress(remaining=remaining)
        while remaining:
            batch = self.search(domain, limit=SCORE_BATCH, order="company_id, id")
            if not batch:
                break
            batch._refresh_scores()
            remaining = max(remaining - len(batch), 0) or self.search_count(domain)
            if not cron._commit_progress(len(batch), remaining=remaining):
                break

    @api.model
    def _unscored_domain(self, now):
        """Profiles of customers, archived ones aside, not yet scored today.

        :param now: naive UTC.
        """
        companies = self.env["res.company"].search([("parent_id", "=", False)])
        return Domain("active", "=", True) & Domain.OR(
            Domain("company_id", "=", company.id)
            & (
                Domain("score_date", "=", False)
                | Domain("score_date", "<", company._dunning_today(now))
            )
            for company in companies
        )
