from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _merge_credit_profiles(self, src_partners, dst_partner):
        """Who had a limit does not lose it by being merged, nor a credit hold.

        The kept customer's own limit goes on. One without takes over the largest that
        was enforced: merging two customers makes nobody unlimited. The kept customer
        does not share a limit with itself.
        """
        # sudo: who may merge partners merges what hangs on them
        Profile = self.env["credit.profile"].sudo().with_context(active_test=False)
        partners = src_partners | dst_partner
        found = Profile.search([("partner_id", "in", partners.ids)])
        left = {}
        for company, mine in found.grouped("company_id").items():
            if len(mine) > 1:
                left[company] = self._prepare_merged_limit(mine, dst_partner)
            else:
                self._move_limit(mine, dst_partner)
        holders = {
            company: mine.pool_profile_id
            for company, mine in found.grouped("company_id").items()
        }
        members = found.pool_member_ids - found
        result = super()._merge_credit_profiles(src_partners, dst_partner)
        kept = found.exists()
        for company, vals in left.items():
            profile = kept.filtered(lambda p, c=company: p.company_id == c)
            self._clear_pools(profile, holders[company].exists())
            if vals:
                profile.write(vals)
        (kept | members.exists())._limits_changed()
        return result

    @api.model
    def _prepare_merged_profile(self, profiles):
        # a duplicate nobody reviewed does not make the reviewed customer overdue
        reviewed = profiles.filtered("last_review_id") or profiles
        planned = filter(None, reviewed.mapped("next_review_date"))
        return {
            **super()._prepare_merged_profile(profiles),
            "next_review_date": min(planned, default=False),
        }

    @api.model
    def _move_limit(self, profile, dst_partner):
        """The amount of a profile that moves as it is: core merges that of one company
        only.
        """
        partner = dst_partner.sudo().with_company(profile.company_id)
        if profile.limit_enforced and partner != profile.partner_id:
            partner.with_context(
                credit_limit_of_profile=True
            ).credit_limit = profile.credit_limit

    @api.model
    def _update_values(self, src_partners, dst_partner):
        """Core fills what is empty, the amount of the limit, too: by nobody's will."""
        marked = dst_partner.with_context(credit_limit_of_profile=True)
        return super()._update_values(src_partners, marked)

    @api.model
    def _prepare_merged_limit(self, profiles, dst_partner):
        """What the profiles that go away leave behind."""
        kept = profiles.filtered(lambda p: p.partner_id == dst_partner)[:1]
        kept = kept or profiles[:1]
        gone = profiles - kept
        vals = {}
        limited = gone.filtered("limit_enforced").sorted("credit_limit")
        if limited and not kept.limit_enforced:
            vals |= {
                "limit_enforced": True,
                # otherwise the class of the kept customer would take it away
                "limit_own": True,
                "credit_limit": limited[-1].credit_limit,
            }
        held = gone.filtered("credit_hold")
        if held and not kept.credit_hold:
            vals |= {
                "credit_hold": True,
                "credit_hold_reason": held[0].credit_hold_reason,
            }
        rated = gone.filtered(lambda p: p.class_id and not p.class_id.unrated)
        if rated and (not kept.class_id or kept.class_id.unrated):
            # the most careful one
            worst = rated.sorted(lambda p: p.class_id.sequence)[-1:]
            vals["class_id"] = worst.class_id.id
            vals["class_manual_until"] = worst.class_manual_until
            vals["class_manual_reason"] = worst.class_manual_reason
        if kept.limit_enforced and kept.partner_id != dst_partner:
            # the kept profile moves to a contact that has none
            self._move_limit(kept, dst_partner)
            vals.setdefault("credit_limit", kept.credit_limit)
            vals.setdefault("limit_own", kept.limit_own)
        return vals

    @api.model
    def _clear_pools(self, profile, holders):
        """References were moved by SQL, past the rule that pools are flat.

        :param holders: those whose limit any of the merged shared, as far as they are
            still there.
        """
        profile.invalidate_recordset(["pool_profile_id", "pool_member_ids"])
        if profile.pool_member_ids - profile:
            # who lends a limit shares none
            holder = self.env["credit.profile"]
        else:
            holder = (holders - profile)[:1]
        if profile.pool_profile_id != holder:
            profile.pool_profile_id = holder
