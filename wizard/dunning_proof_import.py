import base64

from odoo import fields, models
from odoo.exceptions import UserError


class DunningProofImport(models.TransientModel):
    """A status file a person has from the post or a mailing house."""

    _name = "dunning.proof.import"
    _description = "Import of Proofs"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company.root_id,
        domain=[("parent_id", "=", False)],
    )
    content = fields.Binary(string="File", required=True, attachment=False)
    file_name = fields.Char()

    def action_import(self):
        """Read it, and show what became of its rows."""
        self.ensure_one()
        self.env["credit.profile"]._check_can_run()
        company = self.company_id.root_id
        if company not in self.env.companies.root_id:
            raise UserError(self.env._("Choose one of your companies."))
        content = base64.b64decode(self.with_context(bin_size=False).content)
        # sudo: collectors may enter proofs, not write deliveries
        status = (
            self.env["dunning.post.status"]
            .sudo()
            ._take_in(
                company,
                self.file_name or self.env._("status.csv"),
                content,
            )
        )
        return {
            "type": "ir.actions.act_window",
            "name": status.name,
            "res_model": status._name,
            "res_id": status.id,
            "view_mode": "form",
        }
