import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError

from .dunning_level import PAPER


class DunningDelivery(models.Model):
    """Letters that a mailing house prints and posts."""

    _inherit = "dunning.delivery"

    provider_id = fields.Many2one(
        "dunning.post.provider",
        string="Mailing house",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="Who prints and posts the letter. Empty: it waits in the print queue.",
    )
    mailing_id = fields.Many2one(
        "dunning.post.mailing",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    post_reference = fields.Char(
        string="Reference at the mailing house", readonly=True, copy=False
    )
    slip_wanted = fields.Char(
        readonly=True,
        copy=False,
        help="Scan the mailing house has announced and not delivered yet.",
    )

    _post_idx = models.Index(
        "(provider_id, next_try, id) WHERE state = 'queued' AND provider_id IS NOT NULL"
    )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Letters of a company with a mailing house are its business from the start."""
        deliveries = super().create(vals_list)
        paper = deliveries.filtered(
            lambda d: d.channel in PAPER and d.state == "queued"
        )
        for (company, channel), mine in paper.grouped(
            lambda d: (d.company_id, d.channel)
        ).items():
            provider = self.env["dunning.post.provider"]._for_channel(company, channel)
            if provider:
                mine.sudo().provider_id = provider
        return deliveries

    # === ACTIONS === #

    def action_print_ourselves(self):
        """Take letters that are not handed over yet back into the print queue."""
        self = self._as_collector()
        self.lock_for_update()
        mine = self.filtered(lambda d: d.provider_id and d.state == "queued")
        if not mine:
            raise UserError(
                self.env._(
                    "Only letters that are not handed over yet can be printed here."
                )
            )
        mine.write({"provider_id": False, "next_try": False, "error": False})
        mine.run_id._update_state()

    def action_retry(self):
        """A letter that is tried again is one the mailing house has not had yet."""
        result = super().action_retry()
        again = self._as_collector().filtered(
            lambda d: d.state == "queued" and d.channel in PAPER
        )
        for delivery in again:
            provider = self.env["dunning.post.provider"]._for_channel(
                delivery.company_id, delivery.channel
            )
            delivery.write(
                {
                    "mailing_id": False,
                    "post_reference": False,
                    "provider_id": provider.id,
                    "printed_at": False,
                }
            )
        return result

    # === BUSINESS METHODS === #

    def _cancel(self, reason):
        """What a mailing house has, or may have, cannot be stopped: it is not said."""
        gone = self.filtered(lambda d: d.mailing_id and d.state == "sending")
        return super(DunningDelivery, self - gone)._cancel(reason)

    def _reference(self):
        """What the mailing house names the letter by."""
        self.ensure_one()
        return f"{self.notice_id.name}-{self.id}"

    def _letter_is_intact(self):
        """Whether the letter is the one that was issued, byte for byte."""
        self.ensure_one()
        notice = self.notice_id.sudo()
        content = notice.attachment_id.raw
        return bool(
            content and hashlib.sha256(content).hexdigest() == notice.pdf_sha256
        )

    def _attach_slip(self, attachments, source, status=None):
        """Keep scans with the delivery; they are part of the proof."""
        self.ensure_one()
        known = set(self.sudo().slip_ids.mapped("checksum"))
        new = attachments.filtered(lambda a: a.checksum not in known)
        if not new:
            return
        new._dunning_keep_with(self)
        self.env["dunning.delivery.proof"].sudo().create(
            [
                {
                    "delivery_id": self.id,
                    "fact": "slip",
                    "after": attachment.name,
                    "source": source,
                    "status_id": status.id if status else False,
                    "user_id": self.env.uid,
                }
                for attachment in new
            ]
        )  # sudo: written with the scan itself, and by nobody else
        self.invalidate_recordset(["slip_ids", "slip_count"])
