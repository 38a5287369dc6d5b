from odoo import api, fields, models

from ..engine.escalation import SENTENCES
from ..engine.waiting import Rule

# Why a level is refused, for people; see engine.waiting.
LAW_RULES = [
    (Rule.BARRED.value, "The claim is out of time"),
    (Rule.INSOLVENT.value, "Insolvency proceedings have begun"),
    (Rule.NO_FEE.value, "The law allows no costs to this customer"),
    (Rule.NO_CLAUSE.value, "No clause of the contract allows it"),
    (Rule.NO_REMINDER.value, "No free reminder with the required content before"),
    (Rule.WAITING.value, "The time the free reminder gave is not over"),
    (Rule.TOO_MUCH.value, "More than the law or the contract allow"),
    (Rule.REMINDER_FEE.value, "The reminder is free, or may cost less"),
    (Rule.NO_INTEREST.value, "Nothing has set interest going"),
    (Rule.NOT_YET.value, "Interest of days before it began"),
]


class DunningSkip(models.Model):
    """Why an open item was not escalated in a run. May be pruned."""

    _name = "dunning.skip"
    _description = "Item Not Reminded"
    _inherit = ["dunning.bulk.mixin"]
    _order = "run_id desc, reason, id"
    _rec_name = "move_line_id"
    _log_access = False  # the run says who and when; two columns less a million times

    run_id = fields.Many2one(
        "dunning.run", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    profile_id = fields.Many2one(
        "credit.profile",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Item",
        required=True,
        index=True,
        ondelete="cascade",
    )
    reason = fields.Selection(
        [(reason.value, sentence) for reason, sentence in SENTENCES.items()],
        required=True,
    )
    until = fields.Date(
        string="Not before", help="First day on which the reason may no longer hold."
    )
    law_rule = fields.Selection(
        LAW_RULES, string="Rule of the law", help="What the level would break."
    )
    law_basis = fields.Char(string="Article")
    date_maturity = fields.Date(string="Due date", readonly=True)
    residual = fields.Monetary(string="Open", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")

    # === BUSINESS METHODS === #

    @api.model
    def _label(self, skip):
        """A reason in words; where the law is the reason, its rule and article.

        :param skip: ``engine.escalation.Skip``.
        """
        reason = self._label_of("reason", skip.reason.value)
        if not skip.refused:
            return reason
        rule = self._label_of("law_rule", skip.refused.rule)
        if not skip.refused.basis:
            return self.env._("%(reason)s: %(rule)s", reason=reason, rule=rule)
        return self.env._(
            "%(reason)s: %(rule)s (%(article)s)",
            reason=reason,
            rule=rule,
            article=skip.refused.basis,
        )

    @api.model
    def _label_of(self, name, value):
        return dict(self._fields[name]._description_selection(self.env))[value]

    @api.autovacuum
    def _gc_old_skips(self):
        """Drop what explains runs older than three months: the run keeps the counts."""
        limit = 10_000
        old = self.search([("run_id.date", "<", "today -90d")], limit=limit)
        old.unlink()
        return len(old), len(old) == limit
