from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..models.late_interruption import KINDS


class LateInterruptionWizard(models.TransientModel):
    """Record what restarts the time to go to court, with its document."""

    _name = "late.interruption.wizard"
    _description = "Record an Interruption of Limitation"

    profile_id = fields.Many2one("credit.profile", string="Customer", required=True)
    partner_id = fields.Many2one(related="profile_id.partner_id", string="Partner")
    kind = fields.Selection(KINDS, required=True, default="acknowledgement")
    date = fields.Date(
        required=True,
        default=lambda self: self.env.company.sudo()._dunning_today(),
        help="Day of the act: of the customer's letter, of the writ, of the seizure.",
    )
    scope = fields.Selection(
        [("all", "All the customer owes"), ("items", "Chosen items")],
        required=True,
        default="all",
    )
    move_line_ids = fields.Many2many("account.move.line", string="Items")
    attachment_ids = fields.Many2many("ir.attachment", string="Documents")
    note = fields.Char()

    @api.constrains("attachment_ids")
    def _check_own_documents(self):
        """Documents somebody has just uploaded here, and no others."""
        for wizard in self:
            for attachment in wizard.attachment_ids.sudo():
                here = attachment.res_model == self._name and not attachment.res_field
                if not here or attachment.create_uid != self.env.user:
                    raise ValidationError(
                        self.env._("Attach the document here: upload it anew.")
                    )

    def action_record(self):
        self.ensure_one()
        self.profile_id._check_can_run()
        self.profile_id.check_access("read")
        self.move_line_ids.check_access("read")
        if self.scope == "items" and not self.move_line_ids:
            raise UserError(self.env._("Choose the items it is about."))
        if not self.attachment_ids:
            raise UserError(
                self.env._(
                    "Attach the document: without it nobody can prove that the time "
                    "began anew."
                )
            )
        if self.date > self.profile_id.company_id.sudo()._dunning_today():
            raise UserError(
                self.env._("An act of a day to come interrupts nothing yet.")
            )
        items = self.move_line_ids if self.scope == "items" else self.move_line_ids[:0]
        self.env["late.interruption"]._record(
            {
                "profile_id": self.profile_id.id,
                "kind": self.kind,
                "date": self.date,
                "scope": self.scope,
                "move_line_ids": [fields.Command.set(items.ids)],
                "attachment_ids": [fields.Command.set(self.attachment_ids.ids)],
                "note": self.note,
            }
        )
        return {"type": "ir.actions.client", "tag": "soft_reload"}


class LateInterruptionUndo(models.TransientModel):
    """Take back an interruption that was recorded by mistake."""

    _name = "late.interruption.undo"
    _description = "Take Back an Interruption of Limitation"

    interruption_id = fields.Many2one("late.interruption", required=True)
    reason = fields.Char(required=True)

    def action_undo(self):
        self.ensure_one()
        self.interruption_id._as_collector()._undo(self.reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
