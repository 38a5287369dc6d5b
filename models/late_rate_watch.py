from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL, format_date, format_list

from ..engine import rate_watch

ACTIVITY = "account_dunning.mail_activity_type_rate"


class ResCompany(models.Model):
    """Which rates must be entered for what the company's customers owe."""

    _inherit = "res.company"

    def _late_in_use(self, day):
        """The regimes that hold for customers of these root companies on a day.

        :return: ``{company: {late.regime id: number of customers}}``
        """
        found = {company: defaultdict(int) for company in self}
        if not self:
            return found
        choose = self.env["late.regime"]._chooser(
            self.env["late.regime"]._all_engine(True), day
        )
        for cid, country, kind, clause, own, count in self._late_customer_facts():
            company = self.browse(cid)
            law = company.sudo()._late_country()
            chosen = choose(law, country or "", kind, clause, own)
            if chosen:
                found[company][chosen] += count
        return found

    def _late_customer_facts(self):
        """How many customers there are of each sort; see ``late.regime._chooser``."""
        Profile = self.env["credit.profile"]
        Profile.flush_model()
        self.env["res.partner"].flush_model(["country_id"])
        return self.env.execute_query(
            SQL(
                """
            SELECT profile.company_id, country.code, profile.customer_kind,
                   COALESCE(profile.late_contract AND (
                       profile.late_contract_law
                       OR profile.late_contract_rate > 0
                       OR profile.late_contract_fee > 0), FALSE) AS clause,
                   profile.late_regime_id, count(*)
              FROM credit_profile profile
              JOIN res_partner partner ON partner.id = profile.partner_id
         LEFT JOIN res_country country ON country.id = partner.country_id
             WHERE profile.company_id = ANY(%s)
               AND profile.active
          GROUP BY 1, 2, 3, 4, 5
            """,
                self.ids,
            )
        )

    def _late_gaps(self, day):
        """What these root companies must have entered: now, or within two weeks.

        Companies that compute no interest need nothing.

        :return: ``{company: [(engine.rate_watch.Gap, late.regime records)]}``
        """
        laws = self.env["late.regime"]._all_engine(True)
        rates = self.env["late.rate.series"]._to_engine()
        Regime = self.env["late.regime"].sudo()
        result = dict.fromkeys(self, [])
        using = self.filtered(lambda company: company.sudo().late_interest)
        for company, used in using._late_in_use(day).items():
            needing = defaultdict(list)
            for rid in used:
                for code in rate_watch.series_needed(laws[rid]):
                    needing[code].append(rid)
            result[company] = [
                (gap, Regime.browse(needing[gap.series]))
                for gap in rate_watch.gaps(needing, rates, day)
            ]
        return result

    def _late_gap_sentences(self, day=None):
        """The same in words, one sentence per rate that is missing.

        :return: ``{company: [sentences]}``
        """
        day = day or self[:1]._dunning_today()
        Series = self.env["late.rate.series"]
        return {
            company: [Series._gap_sentence(gap, laws) for gap, laws in missing]
            for company, missing in self._late_gaps(day).items()
        }


class LateRateSeries(models.Model):
    """Somebody is asked, once, for a rate that is missing or about to be."""

    _inherit = "late.rate.series"

    told = fields.Json(
        copy=False, readonly=True, help="Who was asked for which half-year."
    )

    @api.model
    def _gap_sentence(self, gap, laws):
        """What is missing, since when, and what follows."""
        series = self.sudo().with_context(active_test=False)
        name = series.search([("code", "=", gap.series)]).name or gap.series
        words = {
            "series": name,
            "period": gap.period,
            "day": format_date(self.env, gap.first),
            "regimes": format_list(self.env, sorted(laws.mapped("name"))),
        }
        if gap.running:
            return self.env._(
                "%(series)s: there is no rate for %(period)s. From %(day)s on no "
                "interest is computed under %(regimes)s.",
                **words,
            )
        return self.env._(
            "%(series)s: the rate for %(period)s is not entered yet. It is needed "
            "from %(day)s on for %(regimes)s.",
            **words,
        )

    @api.model
    def _cron_watch_rates(self):
        """Ask a credit manager of each company for the rates that are missing."""
        every = self.with_context(active_test=False).search([("id", "!=", False)])
        series = {one.code: one for one in every}
        companies = self.env["res.company"].search([("parent_id", "=", False)])
        for day, some in companies.grouped(lambda c: c._dunning_today()).items():
            for company, missing in some._late_gaps(day).items():
                for gap, laws in missing:
                    if gap.series in series:
                        series[gap.series]._ask(gap, laws, company)

    def _ask(self, gap, laws, company):
        """Open an activity for that company's manager, unless they had it before."""
        self.ensure_one()
        manager = company._dunning_credit_contact()
        told = dict(self.told or {})
        asked = told.get(gap.period, [])
        if manager.id in asked:
            return
        theirs = self.with_context(lang=manager.lang)
        self.activity_schedule(
            ACTIVITY,
            summary=theirs.env._("Enter the rate for %s", gap.period),
            note=theirs._gap_sentence(gap, laws.with_context(lang=manager.lang)),
            user_id=manager.id,
            date_deadline=max(gap.first, company._dunning_today()),
        )
        self.told = told | {gap.period: [*asked, manager.id]}

    def _answered(self):
        """Close what was asked where nothing is missing any more."""
        day = self.env.company.root_id._dunning_today()
        rates = self._to_engine()
        for series in self.sudo():
            known = series.activity_ids.activity_type_id
            if self.env.ref(ACTIVITY) in known and not rate_watch.gaps(
                [series.code], rates, day
            ):
                series.activity_feedback(
                    [ACTIVITY], feedback=self.env._("The rate has been entered.")
                )


class DunningRun(models.Model):
    """A run says that interest is incomplete before anybody approves it."""

    _inherit = "dunning.run"

    late_rate_warning = fields.Text(compute="_compute_late_rate_warning")

    @api.depends("company_id", "state")
    def _compute_late_rate_warning(self):
        going = self.filtered(lambda run: run.state not in ("done", "cancelled"))
        sentences = going.company_id._late_gap_sentences()
        for run in self:
            said = sentences.get(run.company_id) if run in going else None
            run.late_rate_warning = "\n".join(said or []) or False


class DunningNotice(models.Model):
    """A notice says for which time its interest cannot be computed."""

    _inherit = "dunning.notice"

    late_rate_warning = fields.Char(compute="_compute_late_rate_warning")

    @api.depends("state", "level_id", "line_ids")
    def _compute_late_rate_warning(self):
        self.late_rate_warning = False
        claiming = self.filtered(
            lambda notice: (
                notice.state in ("draft", "approved")
                and notice.level_id.sudo().claim_interest
                and notice.company_id.sudo().late_interest
            )
        )
        for company, notices in claiming.grouped("company_id").items():
            day = company._dunning_today()
            first = {}
            for notice in notices:
                pid = notice.profile_id.id
                due = [d for d in notice.line_ids.mapped("date_maturity") if d]
                first[pid] = min([*due, first.get(pid, day)])
            missing = notices.profile_id._late_missing(first, day)
            for notice in notices:
                periods = missing[notice.profile_id.id]
                notice.late_rate_warning = periods and self.env._(
                    "There is no rate for %(periods)s: interest of that time is not "
                    "claimed. Enter the rate, then propose the notice again.",
                    periods=format_list(self.env, periods),
                )


class LateCharge(models.Model):
    """A memo says so, too."""

    _inherit = "late.charge"

    rate_warning = fields.Char(string="Missing rates", compute="_compute_rate_warning")

    @api.depends("profile_id", "date_maturity", "accruing", "kind")
    def _compute_rate_warning(self):
        self.rate_warning = False
        growing = self.filtered(lambda c: c.accruing and c.kind == "interest")
        for company, charges in growing.grouped("company_id").items():
            day = company.root_id._dunning_today()
            first = {}
            for charge in charges:
                pid = charge.profile_id.id
                first[pid] = min(charge.date_maturity or day, first.get(pid, day))
            missing = charges.profile_id._late_missing(first, day)
            for charge in charges:
                periods = missing[charge.profile_id.id]
                charge.rate_warning = periods and self.env._(
                    "No rate for %(periods)s: not computed for that time.",
                    periods=format_list(self.env, periods),
                )
