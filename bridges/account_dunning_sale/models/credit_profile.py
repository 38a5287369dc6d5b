from odoo import models


class CreditProfile(models.Model):
    _inherit = "credit.profile"

    def action_view_exposure_orders(self):
        """The confirmed orders with something left to invoice."""
        self.check_access("read")
        Exposure = self.env["credit.exposure"]
        Exposure._flush()
        orders = set()
        for company, mine in self.sudo().grouped("company_id").items():
            found = Exposure._open_orders(
                company, company._dunning_today(), mine.partner_id.ids, {}
            )
            orders.update(*found.values())
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Orders to invoice"),
            "res_model": "sale.order",
            "view_mode": "list,form",
            "domain": [("id", "in", sorted(orders))],
            "context": {"create": False},
        }
