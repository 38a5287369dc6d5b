from odoo import models


class CreditProfile(models.Model):
    """The way from the page of a customer to the statement of account."""

    _inherit = "credit.profile"

    def action_statement(self):
        """Open the dialogue that sends a statement of account."""
        self.ensure_one()
        return self._page_dialogue(
            self.env._("Statement of account"),
            "credit.statement.wizard",
            {"default_profile_ids": self.ids},
        )
