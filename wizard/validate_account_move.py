from odoo import models

from ..models.credit_gated_mixin import WAITING


class ValidateAccountMove(models.TransientModel):
    _inherit = "validate.account.move"

    def validate_move(self):
        result = super().validate_move()
        held = self.move_ids.filtered(
            lambda move: move.state == "draft" and move.credit_state in WAITING
        )
        return held._credit_notification() if held else result
