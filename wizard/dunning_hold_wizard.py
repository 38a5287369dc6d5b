from odoo import api, fields, models
from odoo.exceptions import UserError


class DunningHoldWizard(models.TransientModel):
    """Pause dunning of customers, or of some of their items, with a reason."""

    _name = "dunning.hold.wizard"
    _description = "Pause Dunning"

    profile_ids = fields.Many2many("credit.profile", string="Customers", required=True)
    move_line_ids = fields.Many2many(
        "account.move.line",
        string="Items",
        help="Empty: everything the customers owe.",
    )
    of_items = fields.Boolean(
        compute="_compute_of_items",
        store=True,
        precompute=True,
        help="Whether items were chosen; also when they were deleted meanwhile.",
    )
    kind = fields.Selection(
        [("manual", "Manual pause"), ("dispute", "Dispute")],
        required=True,
        default="manual",
    )
    reason = fields.Char(required=True)
    date_to = fields.Date(
        string="Until",
        help="Last day of the pause. Leave empty to pause until its owner ends it.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        required=True,
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
        help="Who sees to it that the pause ends.",
    )

    @api.depends("move_line_ids")
    def _compute_of_items(self):
        for wizard in self:
            wizard.of_items = bool(wizard.move_line_ids)

    def action_pause(self):
        self.ensure_one()
        if self.of_items and not self.move_line_ids:
            raise UserError(
                self.env._(
                    "The items chosen are no longer there: their invoices were "
                    "deleted. Choose again."
                )
            )
        companies = self.profile_ids.company_id.sudo()
        if self.date_to and any(
            self.date_to < company._dunning_today() for company in companies
        ):
            raise UserError(
                self.env._("The pause would be over already: choose a later day.")
            )
        holds = [self._prepare_hold(profile) for profile in self.profile_ids]
        if self.move_line_ids:
            # a customer none of whose items is chosen is not paused as a whole
            holds = [hold for hold in holds if hold["move_line_ids"][0][2]]
        self.env["dunning.hold"].create(holds)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _prepare_hold(self, profile):
        items = self.move_line_ids.filtered(
            lambda line: (
                line.partner_id.commercial_partner_id == profile.partner_id
                and line.company_id.root_id == profile.company_id
            )
        )
        return {
            "profile_id": profile.id,
            "kind": self.kind,
            "reason": self.reason,
            "date_to": self.date_to,
            "user_id": self.user_id.id,
            "move_line_ids": [fields.Command.set(items.ids)],
        }
