from odoo import api, fields, models


class DunningDelivery(models.Model):
    """Letters that lie printed on a desk while events go on."""

    _inherit = "dunning.delivery"

    overtaken = fields.Char(
        string="Do not post",
        compute="_compute_overtaken",
        help="Why a letter that is printed but not yet marked as posted would be wrong "
        "today.",
    )

    @api.depends("state", "printed_at")
    def _compute_overtaken(self):
        self.overtaken = False
        printed = self.filtered(lambda d: d._waits_for_print() and d.printed_at)
        # sudo: the facts are asked for as the machine does before it sends
        for company, mine in printed.sudo().grouped("company_id").items():
            reasons = mine.notice_id._overtaken_reasons(company._dunning_today())
            for delivery in mine:
                delivery.overtaken = reasons.get(delivery.notice_id.id)

    def action_withdraw(self):
        """These printed letters stay here: withdraw what events have overtaken."""
        letters = self._as_collector().filtered("overtaken")
        for company, mine in letters.grouped("company_id").items():
            mine.notice_id._withdraw_overtaken(company._dunning_today())
