from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError


class CreditClassWizard(models.TransientModel):
    """Set the class of customers by hand: why, and until when."""

    _name = "credit.class.wizard"
    _description = "Set Risk Class"

    profile_ids = fields.Many2many("credit.profile", required=True, string="Customers")
    class_id = fields.Many2one(
        "credit.risk.class",
        string="Risk class",
        required=True,
        compute="_compute_class_id",
        store=True,
        readonly=False,
    )
    reason = fields.Char(required=True)
    until = fields.Date(
        required=True,
        default=lambda self: fields.Date.context_today(self) + timedelta(days=180),
        help="Until the end of this day the class does not follow the score.",
    )

    @api.depends("profile_ids")
    def _compute_class_id(self):
        for wizard in self:
            classes = wizard.profile_ids.class_id
            wizard.class_id = wizard.class_id or (len(classes) == 1 and classes)

    def action_apply(self):
        """Write the class, and let the score rest until the day chosen."""
        self.ensure_one()
        profiles = self.profile_ids
        profiles._check_decides_class()
        profiles.check_access("write")
        if any(
            self.until < company._dunning_today()
            for company in profiles.company_id.sudo()
        ):
            raise UserError(self.env._("Choose a last day that is not over yet."))
        profiles.write(
            {"class_manual_until": self.until, "class_manual_reason": self.reason}
        )
        profiles._apply_class(self.class_id, self.reason)
        return {"type": "ir.actions.act_window_close"}
