from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _prepare_merged_profile(self, profiles):
        """A judgment on any of them holds for who is left; the first one counts."""
        values = super()._prepare_merged_profile(profiles)
        insolvent = profiles.filtered("insolvency_date").sorted("insolvency_date")[:1]
        names = [name for name in profiles._fields if name.startswith("insolvency_")]
        for name in set(names) - {"insolvency_state"} if insolvent else ():
            values[name] = insolvent[name]
        return values
