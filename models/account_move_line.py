from odoo import api, fields, models
from odoo.fields import Domain

from ..engine.escalation import Escalate
from .res_partner import PROFILE_GROUPS


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # Plain columns, written once per notice and never computed: posting and reconciling
    # must not pay for dunning.
    dunning_level_id = fields.Many2one(
        "dunning.level",
        string="Dunning level",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The last level of which the customer was told.",
        groups=PROFILE_GROUPS,
    )
    dunning_date = fields.Date(
        string="Reminded on",
        copy=False,
        readonly=True,
        help="Date of the notice that brought the item to its level.",
        groups=PROFILE_GROUPS,
    )
    dunning_days_late = fields.Integer(
        string="Days late",
        compute="_compute_dunning_days_late",
        groups=PROFILE_GROUPS,
    )
    dunning_why = fields.Char(
        string="Dunning today",
        compute="_compute_dunning_why",
        help="What the rules would do with this item today, and why.",
        groups=PROFILE_GROUPS,
    )

    @api.depends("date_maturity")
    def _compute_dunning_days_late(self):
        for line in self:
            due = line.date_maturity or line.date
            today = line.company_id.sudo()._dunning_today() if due else None
            late = due and not line.reconciled and (today - due).days
            line.dunning_days_late = max(late or 0, 0)

    def _compute_dunning_why(self):
        """Ask the engine, once for all customers of a company."""
        self.dunning_why = False
        receivable = self.filtered(
            lambda line: (
                line.account_type == "asset_receivable"
                and line.parent_state == "posted"
                and not line.reconciled
                and line.partner_id
            )
        )
        for company, lines in receivable.grouped(
            lambda li: li.company_id.root_id
        ).items():
            profiles = self.env["credit.profile"]._for_partners(
                lines.partner_id, company
            )
            sentences = {}
            today = company.sudo()._dunning_today()
            for __, __, outcome in self.env["dunning.situation"]._decide(
                profiles, today
            ):
                sentences |= self._dunning_sentences(outcome)
            for line in lines:
                line.dunning_why = sentences.get(line.id, False)

    @api.model
    def _dunning_due_before(self, day):
        """Domain of the items that fell due before a day.

        Entries made by hand may have no due date: their own date counts, as in every
        query of the ledger.
        """
        return Domain("date_maturity", "<", day) | (
            Domain("date_maturity", "=", False) & Domain("date", "<", day)
        )

    @api.model
    def _dunning_sentences(self, outcome):
        """``{item id: sentence}`` for people."""
        label = self.env["dunning.skip"]._label
        levels = self.env["dunning.level"].sudo()
        result = {}
        for key, decision in outcome.decisions.items():
            if isinstance(decision, Escalate):
                result[key] = self.env._(
                    "Would reach “%(level)s”",
                    level=levels.browse(decision.level.key).name,
                )
            elif decision.until:
                result[key] = self.env._(
                    "%(reason)s; not before %(date)s",
                    reason=label(decision),
                    date=self.env["ir.qweb.field.date"].value_to_html(
                        decision.until, {}
                    ),
                )
            else:
                result[key] = label(decision)
        return result

    def action_pause_dunning(self):
        """Open the dialogue that pauses these items."""
        profiles = self.env["credit.profile"]
        for company, lines in self.grouped(lambda li: li.company_id.root_id).items():
            profiles |= profiles._for_partners(lines.partner_id, company)
        action = profiles.action_pause()
        action["context"]["default_move_line_ids"] = self.ids
        return action
