from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_date

from ..engine import projection

EXAMPLE_DAYS = 40


class DunningPolicy(models.Model):
    """The policy editor: an example that follows every edit, and the preview."""

    _inherit = "dunning.policy"

    example_days = fields.Integer(
        string="Example: days late",
        compute="_compute_example_days",
        readonly=False,
        help="Try the policy on an invoice that is late by so many days and has "
        "followed the policy from the start. Negative: days to go until it is due. "
        "Not stored.",
    )
    example_sentence = fields.Char(
        string="Example", compute="_compute_example_sentence"
    )

    def _compute_example_days(self):
        self.example_days = EXAMPLE_DAYS

    @api.depends(
        "example_days",
        "gap_days",
        "company_id",
        "level_ids.name",
        "level_ids.days",
        "level_ids.tone",
        "level_ids.channel_1",
        "level_ids.active",
    )
    @api.depends_context("lang", "company")
    def _compute_example_sentence(self):
        for policy in self:
            policy.example_sentence = policy._example_sentence(policy.example_days)

    # === ACTIONS === #

    def action_preview(self):
        """Show what the policy, as saved, would send in the next 90 days."""
        self.ensure_one()
        company = self.company_id or self.env.company
        preview = self.env["dunning.preview"].create(
            {"policy_id": self.id, "company_id": company.root_id.id}
        )
        preview.action_compute()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.dunning_preview_action"
        )
        return dict(action, res_id=preview.id)

    # === BUSINESS METHODS === #

    def _example_sentence(self, days_late):
        """What happens next to an invoice so many days late, in one sentence.

        Works on a policy under edit, also one that could not be saved as it is.
        """
        self.ensure_one()
        levels = self.level_ids.filtered("active")
        if not levels:
            return self.env._("The policy has no levels: nobody is reminded.")
        if len(set(levels.mapped("days"))) != len(levels):
            return self.env._(
                "Two levels have the same number of days: give each its own."
            )
        company = (self.company_id or self.env.company).root_id
        today = company._dunning_today()
        engine_policy = self._to_engine(company)
        standing = projection.next_for_item_days_late(
            engine_policy, days_late, today, company._dunning_is_working_day
        )
        by_key = {level.id: level for level in levels}
        last = standing.last and by_key[standing.last.key]
        if not standing.next:
            return self.env._(
                "%(invoice)s has had “%(level)s”; the policy has nothing further.",
                invoice=self._example_invoice(days_late),
                level=last.name,
            )
        level = by_key[standing.next.key]
        values = {
            "invoice": self._example_invoice(days_late),
            "level": level.name or self.env._("a level without a name"),
            "way": self._example_ways()[level.channel_1],
            "date": self._example_date(standing.day, today),
        }
        if standing.day == today:
            return self.env._(
                "%(invoice)s would get “%(level)s” today %(way)s.", **values
            )
        return self.env._(
            "%(invoice)s would get “%(level)s” on %(date)s %(way)s.", **values
        )

    def _example_invoice(self, days_late):
        """The subject of the example's sentence."""
        if days_late == 1:
            return self.env._("An invoice 1 day late")
        if days_late > 1:
            return self.env._("An invoice %(days)s days late", days=days_late)
        if not days_late:
            return self.env._("An invoice due today")
        if days_late == -1:
            return self.env._("An invoice due tomorrow")
        return self.env._("An invoice due in %(days)s days", days=-days_late)

    def _example_ways(self):
        """How each channel sounds at the end of a sentence. Extend for a new one."""
        return {
            "email": self.env._("by e-mail"),
            "letter": self.env._("by letter"),
            "registered": self.env._("by registered letter"),
            "call": self.env._("by phone"),
        }

    def _example_date(self, day, today):
        """The day in short; with its year when that is not obvious."""
        near = abs(day - today) < timedelta(days=180)
        return format_date(self.env, day, date_format="d MMM" if near else "d MMM y")
