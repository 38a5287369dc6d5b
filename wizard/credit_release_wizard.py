from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class CreditReleaseWizard(models.TransientModel):
    """Ask for a release, give one, or refuse it: always with a reason."""

    _name = "credit.release.wizard"
    _description = "Credit Release Dialogue"

    mode = fields.Selection(
        [("request", "Request"), ("release", "Release"), ("refuse", "Refuse")],
        required=True,
        default="request",
    )
    res_model = fields.Char()
    res_ids = fields.Json()
    release_id = fields.Many2one("credit.release", readonly=True)
    document_names = fields.Char(string="Documents", compute="_compute_documents")
    sentence = fields.Char(string="Why it is held", compute="_compute_documents")
    reason = fields.Text(required=True)
    valid_until = fields.Date(
        string="Valid until",
        default=lambda self: self._default_valid_until(),
        help="Last day on which the document can be confirmed with this release.",
    )
    attachment_ids = fields.Many2many("ir.attachment", string="Attachments")

    _valid_until_given = models.Constraint(
        "CHECK (mode = 'refuse' OR valid_until IS NOT NULL)",
        "Say until when the release is to be valid.",
    )

    @api.model
    def _default_valid_until(self):
        root = self.env.company.sudo().root_id
        return root._dunning_today() + timedelta(days=root.credit_release_days)

    @api.depends("res_model", "res_ids", "release_id")
    def _compute_documents(self):
        for wizard in self:
            if wizard.release_id:
                wizard.document_names = wizard.release_id.document_name
                wizard.sentence = wizard.release_id.sentence
                continue
            documents = wizard._documents()
            wizard.document_names = ", ".join(documents[:10].mapped("display_name")) + (
                " …" if len(documents) > 10 else ""
            )
            wizard.sentence = (
                documents.credit_sentence if len(documents) == 1 else False
            )

    def _documents(self):
        self.ensure_one()
        gated = {model._name for model in self.env["credit.gate"]._gated_models()}
        if self.res_model not in gated:
            return self.env["account.move"]
        documents = self.env[self.res_model].browse(self.res_ids or [])
        documents.check_access("read")
        return documents

    def action_confirm(self):
        self.ensure_one()
        if self.mode == "refuse":
            if not self.release_id:
                raise UserError(self.env._("There is nothing to refuse."))
            self.release_id.check_access("read")
            self.release_id._decide("refused", self.reason)
            return {"type": "ir.actions.client", "tag": "soft_reload"}
        documents = self._documents()
        if not documents:
            raise UserError(self.env._("Choose the documents first."))
        if not self.env.user._is_internal():
            raise AccessError(self.env._("Only colleagues can ask for a release."))
        self._own_attachments()
        Release = self.env["credit.release"]
        act = Release._request if self.mode == "request" else Release._grant
        act(documents, self.reason, self.valid_until, self.attachment_ids)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _own_attachments(self):
        """Files may only be those that the user may read."""
        self.attachment_ids.check_access("read")
