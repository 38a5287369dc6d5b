from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    dunning_policy_id = fields.Many2one(
        related="company_id.root_id.dunning_policy_id", readonly=False
    )
    dunning_consumer_policy_id = fields.Many2one(
        related="company_id.root_id.dunning_consumer_policy_id", readonly=False
    )
    dunning_auto_propose = fields.Boolean(
        related="company_id.root_id.dunning_auto_propose", readonly=False
    )
    dunning_baseline_date = fields.Date(
        related="company_id.root_id.dunning_baseline_date", readonly=False
    )
    dunning_bank_max_age = fields.Integer(
        related="company_id.root_id.dunning_bank_max_age", readonly=False
    )
    dunning_user_id = fields.Many2one(
        related="company_id.root_id.dunning_user_id", readonly=False
    )
    dunning_send_from = fields.Float(
        related="company_id.root_id.dunning_send_from", readonly=False
    )
    dunning_send_to = fields.Float(
        related="company_id.root_id.dunning_send_to", readonly=False
    )
    dunning_address_position = fields.Selection(
        related="company_id.root_id.dunning_address_position", readonly=False
    )
    dunning_auto_send = fields.Boolean(
        related="company_id.root_id.dunning_auto_send", readonly=False
    )
    dunning_daily_limit = fields.Integer(
        related="company_id.root_id.dunning_daily_limit", readonly=False
    )
    dunning_daily_limit_until = fields.Date(
        related="company_id.root_id.dunning_daily_limit_until", readonly=False
    )
    dunning_golive_done_on = fields.Date(
        related="company_id.root_id.dunning_golive_done_on"
    )
    dunning_follow_up_installed = fields.Boolean(
        compute="_compute_dunning_follow_up_installed"
    )

    def _compute_dunning_follow_up_installed(self):
        self.dunning_follow_up_installed = self.env[
            "dunning.policy"
        ]._is_follow_up_installed()

    def action_dunning_go_live(self):
        """Open the guided start of the company."""
        self.ensure_one()
        return self.company_id.action_dunning_go_live()
