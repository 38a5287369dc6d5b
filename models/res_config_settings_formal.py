from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    late_interest = fields.Boolean(
        related="company_id.root_id.late_interest", readonly=False
    )
    dunning_signatory_id = fields.Many2one(
        related="company_id.root_id.dunning_signatory_id", readonly=False
    )
    dunning_signatory_title = fields.Char(
        related="company_id.root_id.dunning_signatory_title", readonly=False
    )

    def action_formal_notice_sender(self):
        """Open what formal notices say of the company."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.res_company_action_formal"
        )
        return dict(action, res_id=self.company_id.root_id.id)
