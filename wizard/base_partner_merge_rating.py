from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _merge_credit_profiles(self, src_partners, dst_partner):
        """One rating per agency and day is left of those of customers merged.

        Core would meet that rule halfway, and delete all ratings of a partner merged.
        """
        customers = (src_partners | dst_partner).ids
        # sudo: who may merge partners merges what hangs on them
        ratings = self.env["credit.rating"].sudo()
        ratings = ratings.search([("profile_id.partner_id", "in", customers)])
        same = ratings.grouped(lambda r: (r.company_id, r.agency_id, r.date))
        for twins in same.values():
            kept = twins.filtered(lambda r: r.partner_id == dst_partner)[:1]
            (twins - (kept or twins[:1])).unlink()
        return super()._merge_credit_profiles(src_partners, dst_partner)

    @api.model
    def _prepare_merged_profile(self, profiles):
        since = filter(None, profiles.mapped("customer_since"))
        return {
            **super()._prepare_merged_profile(profiles),
            "customer_since": min(since, default=False),
        }
