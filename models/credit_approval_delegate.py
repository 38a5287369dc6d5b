from odoo import api, fields, models
from odoo.fields import Domain

from ..engine import gate


class CreditApprovalDelegate(models.Model):
    """Who decides on releases while an approver is away."""

    _name = "credit.approval.delegate"
    _description = "Stand-in of an Approver"
    _order = "date_from desc, id desc"

    user_id = fields.Many2one(
        "res.users",
        string="Approver",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
    )
    delegate_id = fields.Many2one(
        "res.users",
        string="Stand-in",
        required=True,
        ondelete="cascade",
        domain=[("share", "=", False)],
        help="Is asked instead, and may decide what the approver may decide.",
    )
    date_from = fields.Date(
        string="From", required=True, default=fields.Date.context_today
    )
    date_to = fields.Date(string="Until", required=True, help="Last day of absence.")

    _dates_ordered = models.Constraint(
        "CHECK (date_to >= date_from)", "An absence cannot end before it starts."
    )
    _somebody_else = models.Constraint(
        "CHECK (user_id != delegate_id)", "The stand-in is somebody else."
    )

    @api.depends("user_id", "delegate_id")
    def _compute_display_name(self):
        for delegate in self:
            delegate.display_name = self.env._(
                "%(delegate)s for %(user)s",
                delegate=delegate.delegate_id.name,
                user=delegate.user_id.name,
            )

    @api.model_create_multi
    def create(self, vals_list):
        """What waits for who goes away is asked of the stand-in at once."""
        delegates = super().create(vals_list)
        self.env["credit.release"]._ask_again()
        return delegates

    def write(self, vals):
        result = super().write(vals)
        # the rule holds for what it has become, too: nobody makes himself a stand-in
        self.check_access("write")
        self.env["credit.release"]._ask_again()
        return result

    def unlink(self):
        result = super().unlink()
        self.env["credit.release"]._ask_again()
        return result

    @api.model
    def _absences(self, company):
        """Absences of today, as the engine reads them."""
        day = company._dunning_today()
        running = self.sudo().search(
            Domain("date_from", "<=", day) & Domain("date_to", ">=", day)
        )
        return [
            gate.Absence(
                person=absence.user_id.id,
                deputy=absence.delegate_id.id,
                first=absence.date_from,
                last=absence.date_to,
            )
            for absence in running
        ]
