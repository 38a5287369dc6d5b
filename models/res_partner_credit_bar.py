from odoo import api, fields, models

from .res_partner import PROFILE_GROUPS


class ResPartner(models.Model):
    """Class, limit and credit hold on the contact, for who may read the ledger."""

    _inherit = "res.partner"

    credit_bar = fields.Json(
        string="Credit limit in use",
        compute="_compute_credit_bar",
        groups=PROFILE_GROUPS,
    )
    credit_class_color = fields.Integer(
        compute="_compute_credit_standing", groups=PROFILE_GROUPS
    )
    credit_class_rules = fields.Char(
        compute="_compute_credit_standing", groups=PROFILE_GROUPS
    )
    on_credit_hold = fields.Boolean(
        string="On credit hold",
        compute="_compute_credit_standing",
        search="_search_on_credit_hold",
        groups=PROFILE_GROUPS,
    )
    credit_hold_reason = fields.Char(
        compute="_compute_credit_standing", groups=PROFILE_GROUPS
    )

    credit_score_brief = fields.Json(
        string="Score in short", compute="_compute_credit_bar", groups=PROFILE_GROUPS
    )

    @api.depends_context("company", "lang")
    @api.depends("credit_profile_id.credit_bar", "credit_profile_id.score_brief")
    def _compute_credit_bar(self):
        for partner in self:
            partner.credit_bar = partner.credit_profile_id.credit_bar
            partner.credit_score_brief = partner.credit_profile_id.score_brief

    @api.depends_context("company")
    @api.depends(
        "credit_profile_id.class_id",
        "credit_profile_id.credit_hold",
        "credit_profile_id.credit_hold_reason",
    )
    def _compute_credit_standing(self):
        for partner in self:
            profile = partner.credit_profile_id
            partner.credit_class_color = profile.class_id.color
            partner.credit_class_rules = profile.class_id.rules_text
            partner.on_credit_hold = profile.credit_hold
            partner.credit_hold_reason = profile.credit_hold_reason

    def _search_on_credit_hold(self, operator, value):
        return self._search_profile("credit_hold", operator, value)
