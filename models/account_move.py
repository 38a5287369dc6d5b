from odoo import api, fields, models
from odoo.fields import Domain

from .res_partner import PROFILE_GROUPS


class AccountMove(models.Model):
    _inherit = "account.move"

    dunning_level_id = fields.Many2one(
        "dunning.level",
        string="Dunning level",
        compute="_compute_dunning",
        search="_search_dunning_level_id",
        groups=PROFILE_GROUPS,
        help="The highest level of the invoice's open items.",
    )
    dunning_date = fields.Date(
        string="Reminded on", compute="_compute_dunning", groups=PROFILE_GROUPS
    )
    dunning_notice_count = fields.Integer(
        string="Notices", compute="_compute_dunning_notice_count", groups=PROFILE_GROUPS
    )
    dunning_why = fields.Char(
        string="Dunning today", compute="_compute_dunning_why", groups=PROFILE_GROUPS
    )
    dunning_hold_id = fields.Many2one(
        "dunning.hold",
        string="Dunning pause",
        compute="_compute_dunning_why",
        groups=PROFILE_GROUPS,
    )

    def _dunning_items(self):
        """The open receivable items."""
        return self.line_ids.filtered(
            lambda line: (
                line.account_type == "asset_receivable"
                and line.parent_state == "posted"
                and not line.reconciled
            )
        )

    @api.depends("line_ids.dunning_level_id", "line_ids.reconciled", "state")
    def _compute_dunning(self):
        for move in self:
            top = (
                move._dunning_items()
                .filtered("dunning_level_id")
                .sorted(lambda line: line.dunning_level_id.days)[-1:]
            )
            move.dunning_level_id = top.dunning_level_id
            move.dunning_date = top.dunning_date

    def _compute_dunning_why(self):
        """Apart from the level: lists show levels, few of them ask the rules."""
        items = self._dunning_items()
        holds = self._dunning_running_holds(items)
        # all of them at once: lists may show the sentence, too
        sentences = {line: line.dunning_why for line in items}
        for move in self:
            mine = move._dunning_items()
            move.dunning_hold_id = move._dunning_covering_holds(holds, mine)[:1]
            move.dunning_why = " · ".join(
                dict.fromkeys(sentences[line] for line in mine if sentences[line])
            )

    def _dunning_running_holds(self, items):
        """Running pauses of these items, or of all their customers owe."""
        Hold = self.env["dunning.hold"]
        whole = Domain("scope", "=", "customer") & Domain(
            "partner_id", "in", items.partner_id.commercial_partner_id.ids
        )
        return Hold.search(
            self.env["res.company"]._dunning_domain_today(Hold._running_domain)
            & (whole | Domain("move_line_ids", "in", items.ids))
        )

    def _dunning_covering_holds(self, holds, items):
        self.ensure_one()
        customer = items.partner_id.commercial_partner_id
        company = self.company_id.root_id
        return holds.filtered(
            lambda hold: (
                hold.move_line_ids & items
                if hold.scope == "items"
                else hold.partner_id in customer and hold.company_id == company
            )
        )

    def _search_dunning_level_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        reached = Domain("dunning_level_id", "!=", False) & Domain(
            "reconciled", "=", False
        )
        domain = Domain.FALSE
        levels = [level for level in value if level]
        if levels:
            domain |= Domain(
                "line_ids",
                "any",
                Domain("dunning_level_id", "in", levels)
                & Domain("reconciled", "=", False),
            )
        if False in value:
            domain |= Domain("line_ids", "not any", reached)
        return domain

    def _compute_dunning_notice_count(self):
        groups = dict(
            self.env["dunning.notice.line"]._read_group(
                [("move_id", "in", self.ids), ("notice_id.issued_at", "!=", False)],
                ["move_id"],
                ["notice_id:count_distinct"],
            )
        )
        for move in self:
            move.dunning_notice_count = groups.get(move, 0)

    # === ACTIONS === #

    def action_view_dunning_notices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.dunning_notice_action"
        )
        return dict(action, domain=[("line_ids.move_id", "=", self.id)], context={})

    def action_pause_dunning(self):
        """Open the dialogue that pauses the open items of these invoices."""
        return self._dunning_items().action_pause_dunning()
