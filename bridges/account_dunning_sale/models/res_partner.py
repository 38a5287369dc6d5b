from odoo import api, fields, models

SALESPEOPLE = "sales_team.group_sale_salesman"


class ResPartner(models.Model):
    """What salespeople read about a customer's credit: may they sell, and how much."""

    _inherit = "res.partner"

    credit_hold_sentence = fields.Char(
        string="Credit hold",
        compute="_compute_credit_hold_sentence",
        # sudo: the state and its reason are for salespeople, the ledger is not
        compute_sudo=True,
        groups=SALESPEOPLE,
    )

    @api.depends("commercial_partner_id")
    @api.depends_context("company", "lang")
    def _compute_credit_hold_sentence(self):
        profiles = self.env["credit.profile"].with_context(active_test=False)
        held = profiles.search(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "=", self.env.company.root_id.id),
                ("credit_hold", "=", True),
            ]
        ).grouped("partner_id")
        for partner in self:
            profile = held.get(partner.commercial_partner_id)
            if not profile:
                partner.credit_hold_sentence = False
            elif profile.credit_hold_reason:
                partner.credit_hold_sentence = self.env._(
                    "On credit hold: %(reason)s", reason=profile.credit_hold_reason
                )
            else:
                partner.credit_hold_sentence = self.env._("On credit hold")
