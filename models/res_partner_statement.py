from odoo import models


class ResPartner(models.Model):
    """Statements of account from the contact."""

    _inherit = "res.partner"

    def action_credit_statement(self):
        """Open the dialogue that prints or e-mails their statements of account."""
        self.env["credit.profile"].check_access("read")
        profiles = self.env["credit.profile"]._for_partners(self, self.env.company)
        return profiles.action_statement()
