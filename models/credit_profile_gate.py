from odoo import models

from ..engine import gate

# A change of these may open the gate for a customer; what a limit opens, the limit
# says itself.
CURING_FIELDS = {"class_id", "credit_hold", "next_review_date"}


class CreditProfile(models.Model):
    _inherit = "credit.profile"

    def write(self, vals):
        result = super().write(vals)
        if CURING_FIELDS & set(vals):
            gate_model = self.env["credit.gate"]
            gate_model._recheck_later(self.sudo()._with_pools().partner_id.ids)
        return result

    def _credit_has_rules(self, day):
        """Whether anything could hold a document of this customer back: looked at
        first, as it costs nothing.
        """
        self.ensure_one()
        holder = self._pool_holder()
        return bool(
            self.class_id
            or self.credit_hold
            or holder.limit_enforced
            or (holder.temporary_limit_to and holder.temporary_limit_to >= day)
        )

    def _credit_rules(self):
        """The rules of the class, as the engine reads them.

        A customer in no class is held back by what somebody has set on purpose: an
        enforced limit, and a hold.
        """
        self.ensure_one()
        risk_class = self.class_id
        if not risk_class:
            return gate.UNCLASSED
        return gate.Rules(
            manual=gate.Rule(risk_class.rule_manual),
            limit=gate.Rule(risk_class.rule_limit),
            overdue=gate.Rule(risk_class.rule_overdue),
            level=gate.Rule(risk_class.rule_level),
            review=gate.Rule(risk_class.rule_review),
            overdue_days=risk_class.overdue_days,
        )

    def _credit_review_due(self, day):
        self.ensure_one()
        return self.next_review_date if self._is_review_due(day) else None
