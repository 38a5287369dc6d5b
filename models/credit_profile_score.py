import json

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import earlywarning, scoring
from .credit_profile_late import QUIET

SCORE_BATCH = 1_000

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
    """The score of a customer.

    Scores are a snapshot as of ``score_date``: fetched by ``credit.score``, judged by
    ``engine.scoring`` and ``engine.earlywarning``, and written by one statement. What
    follows is elsewhere: the words of the factors in ``credit_profile_score_words``,
    classes in ``credit_profile_score_class``, early warnings in
    ``credit_profile_late``.
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
    rating_ids = fields.One2many("credit.rating", "profile_id", string="Ratings")

    _score_idx = models.Index("(company_id, score_date)")

    # === ACTIONS === #

    def action_refresh_score(self):
        """Score these customers again now."""
        self._check_can_run()
        self.check_access("write")
        self._refresh_scores()

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
        domain = self._unscored_domain(fields.Datetime.now())
        # measured before, so that a batch that fails does not measure it once more
        for company, __ in self._read_group(domain, ["company_id"], ["__count"]):
            Score = self.env["credit.score"].sudo()
            Score._norm(company, company._dunning_today())
        self._work_through(domain, SCORE_BATCH, "_refresh_scores", "score_error")

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
