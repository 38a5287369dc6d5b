from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_date

from ..engine import earlywarning

CHART_MONTHS = 18
NOTE_MONTHS = 6
QUIET = timedelta(days=90)  # nobody is told twice of the same change


class CreditProfile(models.Model):
    """Who begins to pay later than is usual for them, and the days late by month."""

    _inherit = "credit.profile"

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

    # === COMPUTE METHODS === #

    @api.depends("pays_later", "pays_later_facts")
    @api.depends_context("lang")
    def _compute_pays_later_sentence(self):
        for profile in self:
            facts = profile.pays_later and profile.pays_later_facts
            profile.pays_later_sentence = facts and self.env._(
                "Pays clearly later than usual: %(recent)s lately, %(usual)s in the "
                "year before.",
                recent=self._days_in_words(facts["recent"]),
                usual=self._days_in_words(facts["usual"]),
            )

    def _days_in_words(self, days):
        """Whole days after the due date, below zero before it."""
        if not days:
            return self.env._("on the due date")
        if days < 0:
            return self.env._("%(days)s day(s) early", days=-days)
        if days == 1:
            return self.env._("1 day late")
        return self.env._("%(days)s days late", days=days)

    # === ON THE PAGE === #

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

    # === TELLING === #

    @api.model
    def _finding_values(self, finding):
        return {
            "usual": finding.usual,
            "recent": finding.recent,
            "probability": finding.probability,
            "effect": finding.effect,
            "observations": finding.observations,
        }

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
            user = (
                profile._responsible() or profile.company_id._dunning_credit_contact()
            )
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
                self._days_in_words(round(month.days))
                if round(month.days) > 0
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
