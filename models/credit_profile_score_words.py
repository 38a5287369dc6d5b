from odoo import api, models


class CreditProfile(models.Model):
    """The factors of a score as people read them: ``_factor_<kind>`` for each."""

    _inherit = "credit.profile"

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

    def _factor_days(self, days, counted, own, unpaid=0):
        if days is None:
            return self.env._(
                "No payments yet: counted like your customers on average, %(days)s "
                "days late",
                days=counted,
            )
        habit = self._habit_words(days, unpaid)
        if days == counted or own >= 75:
            return habit
        return self.env._(
            "%(habit)s; counted as %(days)s days late, as there is little history",
            habit=habit,
            days=counted,
        )

    def _habit_words(self, days, unpaid):
        """What the average is of, too: "Paid on average" on the page is another one.

        :param unpaid: how many debts in it are still open.
        """
        if days <= 0:
            return self.env._("Pays in time on average")
        if unpaid and days == 1:
            return self.env._("1 day late on average, what is still unpaid included")
        if unpaid:
            return self.env._(
                "%(days)s days late on average, what is still unpaid included",
                days=days,
            )
        if days == 1:
            return self.env._("Paid 1 day late on average, recent payments count more")
        return self.env._(
            "Paid %(days)s days late on average, recent payments count more", days=days
        )

    def _factor_share(self, percent, counted):
        if percent is None:
            return self.env._(
                "Share of late payments as usual here: %(percent)s %%", percent=counted
            )
        return self.env._("%(percent)s %% of payments are late", percent=percent)

    def _factor_trend(self, days):
        if days == 1:
            return self.env._("Pays 1 day later than before")
        if days == -1:
            return self.env._("Pays 1 day earlier than before")
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
