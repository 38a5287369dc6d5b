from odoo import fields, models
from odoo.exceptions import UserError


class DunningExcludeWizard(models.TransientModel):
    """Exclude items from follow-up for good, or take them back in, with a reason."""

    _name = "dunning.exclude.wizard"
    _description = "Exclude from Dunning"

    profile_id = fields.Many2one("credit.profile", required=True, readonly=True)
    move_line_ids = fields.Many2many("account.move.line", string="Items", required=True)
    exclude = fields.Boolean(default=True)
    reason = fields.Char(required=True)

    def action_apply(self):
        """Write it on the journal items, and note it on the profile."""
        self.ensure_one()
        profile = self.profile_id
        profile._check_can_run()
        profile.check_access("write")
        if not self.move_line_ids:  # which would mean everything that is overdue
            raise UserError(
                self.env._(
                    "The items chosen are no longer there: their invoices were "
                    "deleted. Choose again."
                )
            )
        items = profile._ticked(self.move_line_ids.ids)
        changed = items.filtered(lambda item: item.no_followup != self.exclude)
        if not changed:
            raise UserError(self.env._("Nothing changes: the items are so already."))
        # sudo: collectors cannot write journal items; of these only the mark changes
        changed.sudo().no_followup = self.exclude
        names = ", ".join(name for name in changed.mapped("move_name") if name)
        if self.exclude:
            body = self.env._(
                "Excluded from dunning: %(items)s. %(reason)s",
                items=names,
                reason=self.reason,
            )
        else:
            body = self.env._(
                "Included in dunning again: %(items)s. %(reason)s",
                items=names,
                reason=self.reason,
            )
        profile._message_log(body=body)
        profile._refresh_figures()
        return {"type": "ir.actions.act_window_close"}
