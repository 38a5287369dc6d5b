"""What may open the gate, noted where it happens: payments, disputes, milder rules.

Nothing here judges. Each only notes the customer, and the gate looks at what it holds
once, before the transaction is committed.
"""

from odoo import api, models


class CreditRiskClass(models.Model):
    _inherit = "credit.risk.class"

    def write(self, vals):
        """Milder rules open the gate for what the class holds back."""
        result = super().write(vals)
        curing = {name for name in vals if name.startswith("rule_")}
        if curing or {"overdue_days", "level_tone"} & set(vals):
            held = self.env["credit.profile"].sudo()
            for model in self.env["credit.gate"]._gated_models():
                held |= model._credit_waiting_profiles()
            mine = held.filtered(lambda p: p.class_id in self)
            self.env["credit.gate"]._recheck_later(mine.partner_id.ids)
        return result


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        """Who pays what is overdue may buy again."""
        partials = super().create(vals_list)
        lines = partials.sudo().debit_move_id
        self.env["credit.gate"]._recheck_later(lines.partner_id.ids)
        return partials


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def write(self, vals):
        """A payment without journal entry counts from the moment it is confirmed."""
        result = super().write(vals)
        if "state" in vals:
            self.env["credit.gate"]._recheck_later(self.sudo().partner_id.ids)
        return result


class DunningHold(models.Model):
    _inherit = "dunning.hold"

    @api.model_create_multi
    def create(self, vals_list):
        """What is disputed holds nothing back."""
        holds = super().create(vals_list)
        disputes = holds.filtered(lambda hold: hold.kind == "dispute")
        customers = disputes.sudo().partner_id
        self.env["credit.gate"]._recheck_later(customers.ids)
        return holds
