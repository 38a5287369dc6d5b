from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Where a consumer becomes a business by it, that is said.

        Other rules hold for what they owe from now on: somebody should know.
        """
        # sudo: who may merge partners merges what hangs on them
        Profile = self.env["credit.profile"].sudo().with_context(active_test=False)
        profiles = Profile.search([("partner_id", "in", list(partner_ids))])
        consumers = profiles.filtered(lambda p: p.customer_kind == "consumer")
        companies = consumers.company_id
        result = super()._merge(partner_ids, dst_partner, extra_checks)
        kinds = dict(Profile._fields["customer_kind"]._description_selection(self.env))
        for profile in profiles.exists():
            if profile.customer_kind == "consumer" or (
                profile.company_id not in companies
            ):
                continue
            profile._message_log(
                body=self.env._(
                    "Merged with a consumer, and treated as “%(kind)s” from now on. "
                    "Correct the kind of customer if that is wrong: consumers are "
                    "protected by other rules.",
                    kind=kinds[profile.customer_kind],
                )
            )
        return result

    @api.model
    def _prepare_merged_profile(self, profiles):
        """A judgment on any of them holds for who is left; the first one counts."""
        values = super()._prepare_merged_profile(profiles)
        insolvent = profiles.filtered("insolvency_date").sorted("insolvency_date")[:1]
        names = [name for name in profiles._fields if name.startswith("insolvency_")]
        for name in set(names) - {"insolvency_state"} if insolvent else ():
            values[name] = insolvent[name]
        return values
