from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Merge the credit profiles first, company by company.

        Core would meet the rule "one profile per customer and company" and delete the
        surplus profile, and with it the proof of what its customer was told.
        """
        self._merge_credit_profiles(src_partners, dst_partner)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env.invalidate_all()  # core writes by SQL
        # sudo: figures follow from the ledger, which has only just moved
        self.env["credit.profile"].sudo().with_context(active_test=False).search(
            [("partner_id", "=", dst_partner.id)]
        )._refresh_figures()
        return result

    @api.model
    def _merge_credit_profiles(self, src_partners, dst_partner):
        # sudo: who may merge partners merges what hangs on them
        Profile = self.env["credit.profile"].sudo().with_context(active_test=False)
        customers = (src_partners | dst_partner).ids
        profiles = Profile.search([("partner_id", "in", customers)])
        for __, mine in profiles.grouped("company_id").items():
            if len(mine) < 2:
                continue  # core moves it
            kept = mine.filtered(lambda p: p.partner_id == dst_partner)[:1] or mine[:1]
            gone = mine - kept
            merged = self.env._("Merged into %(customer)s", customer=dst_partner.name)
            proposals = gone.notice_ids.filtered(
                lambda n: n.state in ("draft", "approved")
            )
            proposals._cancel(merged)
            proposals.run_id._update_state()
            # one message to one customer: the kept one's own goes out
            statements = self.env["credit.statement"].sudo()
            statements.search(
                [("profile_id", "in", gone.ids), ("state", "=", "queued")]
            ).write({"state": "unsent", "reason": merged})
            self.env["credit.review"].sudo().search(
                [
                    ("profile_id", "in", gone.ids),
                    ("state", "in", ("draft", "proposed")),
                ]
            )._close_by_merge(merged)
            left = self._prepare_merged_profile(mine)
            self.env.flush_all()
            self._update_foreign_keys_generic("credit.profile", gone, kept)
            self._update_reference_fields_generic("credit.profile", gone, kept)
            self.env.invalidate_all()
            gone.unlink()
            kept.write(left)
            kept._recompute_last_contact()
            self.env["dunning.call"].sudo()._restore_last_call(kept)

    @api.model
    def _prepare_merged_profile(self, profiles):
        """What events left on any of these profiles, for the one that is kept."""
        return {
            "unread_reply": any(profiles.mapped("unread_reply")),
            "reply_date": max(
                filter(None, profiles.mapped("reply_date")), default=False
            ),
            "handled_on": max(
                filter(None, profiles.mapped("handled_on")), default=False
            ),
        }
