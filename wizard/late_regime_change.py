from odoo import fields, models

from ..engine.days import half_year_start


class LateRegimeChange(models.TransientModel):
    """From this day on the rule is different."""

    _name = "late.regime.change"
    _description = "Change of a Regime of Late Payment"

    regime_id = fields.Many2one(
        "late.regime", required=True, readonly=True, ondelete="cascade"
    )
    day = fields.Date(
        string="First day of the new rule",
        required=True,
        default=lambda self: self._next_half_year(),
    )

    def _next_half_year(self):
        today = self.env.company.root_id._dunning_today()
        start = half_year_start(today)
        if start.month == 1:
            return start.replace(month=7)
        return start.replace(year=start.year + 1, month=1)

    def action_confirm(self):
        """Make the new row and open it, to be filled in."""
        self.ensure_one()
        return self.regime_id._change_from(self.day)._form_action()
