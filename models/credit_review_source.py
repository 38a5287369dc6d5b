from odoo import api, fields, models

SOURCES = [
    ("registry", "Company registry"),
    ("accounts", "Annual accounts"),
    ("bank", "Bank reference"),
    ("agency", "Rating agency"),
    ("history", "Own history"),
    ("other", "Other"),
]


class CreditReviewSource(models.Model):
    """One place that was looked at in a review, with what it said."""

    _name = "credit.review.source"
    _description = "Source of a Credit Review"
    _order = "sequence, id"

    review_id = fields.Many2one(
        "credit.review", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    kind = fields.Selection(SOURCES, string="Source", required=True, default="other")
    looked_on = fields.Date(
        string="Looked at on", help="Empty: nobody has looked there yet."
    )
    result = fields.Selection(
        [
            ("good", "Good"),
            ("mixed", "Mixed"),
            ("bad", "Bad"),
            ("none", "Nothing to be had"),
        ],
    )
    note = fields.Char(string="What it says")
    attachment_ids = fields.Many2many("ir.attachment", string="Documents")

    @api.model_create_multi
    def create(self, vals_list):
        sources = super().create(vals_list)
        sources.review_id._check_open()
        sources._keep_attachments()
        return sources

    def write(self, vals):
        self.review_id._check_open()
        result = super().write(vals)
        self.review_id._check_open()
        if "attachment_ids" in vals:
            self._keep_attachments()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        self.review_id._check_open()

    def _keep_attachments(self):
        """Who may read the review may read the documents."""
        for source in self:
            source.attachment_ids._dunning_keep_with(source.review_id)
