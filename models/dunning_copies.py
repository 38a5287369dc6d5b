from odoo import api, models

#: for the renderer to start, and for each copy it prints: a hang keeps all others back
COPY_SECONDS = 15


class DunningCopies(models.AbstractModel):
    """Copies of invoices: as sent at the time, else printed now and kept.

    For whatever record is about them: a notice, a credit profile.
    """

    _name = "dunning.copies"
    _description = "Copies of Invoices"

    @api.model
    def _copies_of(self, moves, record):
        """PDFs of the invoices and credit notes among these entries.

        :param record: a copy printed now is kept with it, and used again; whoever may
            read the record may read the copy.
        :return: attachments, with full rights.
        """
        record.ensure_one()
        # sudo: a collector may send a copy of what the record is about
        invoices = moves.sudo().filtered(lambda move: move.is_sale_document())
        known = invoices.invoice_pdf_report_id
        missing = invoices.filtered(lambda move: not move.invoice_pdf_report_id)
        return known | self._printed_copies(missing, record)

    @api.model
    def _printed_copies(self, invoices, record):
        # sudo: part of sending, whoever may send; reading follows the record
        Attachment = self.env["ir.attachment"].sudo()
        names = {
            invoice: invoice._get_invoice_report_filename() for invoice in invoices
        }
        copies = Attachment.search(
            [
                ("res_model", "=", record._name),
                ("res_id", "=", record.id),
                ("name", "in", list(names.values())),
            ]
        )
        done = set(copies.mapped("name"))
        todo = invoices.filtered(lambda invoice: names[invoice] not in done)
        if not todo:
            return copies
        streams, kind = (
            self.env["ir.actions.report"]
            .sudo()
            .with_context(dunning_renderer_seconds=COPY_SECONDS * (1 + len(todo)))
            ._pre_render_qweb_pdf("account.account_invoices", res_ids=todo.ids)
        )
        return copies | Attachment.create(
            [
                {
                    "name": names[invoice],
                    "raw": streams[invoice.id]["stream"].getvalue()
                    if kind == "pdf"
                    else streams,
                    "mimetype": "application/pdf" if kind == "pdf" else "text/html",
                    "res_model": record._name,
                    "res_id": record.id,
                    "company_id": record.company_id.id,
                }
                for invoice in todo
            ]
        )
