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
    def _copies_of(self, moves, record=None):
        """PDFs of the invoices and credit notes among these entries.

        :param record: an issued notice. A copy printed now is kept with it and used
            again, so that whatever sends the notice later sends the same; whoever may
            read the record may read the copy. Without it copies are printed as the
            invoices stand now.
        :return: attachments, with full rights.
        """
        # sudo: a collector may send a copy of what the record is about
        invoices = moves.sudo().filtered(lambda move: move.is_sale_document())
        known = invoices.invoice_pdf_report_id
        missing = invoices.filtered(lambda move: not move.invoice_pdf_report_id)
        if record is None:
            # core hands a composer's files over to the message that is sent with them,
            # and throws away those of a message that is not
            return known | self._print_copies(
                missing, {"res_model": "mail.compose.message", "res_id": 0}
            )
        record.ensure_one()
        return known | self._kept_copies(missing, record)

    @api.model
    def _kept_copies(self, invoices, record):
        place = {"res_model": record._name, "res_id": record.id}
        # sudo: part of sending, whoever may send; reading follows the record
        copies = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    *((name, "=", value) for name, value in place.items()),
                    ("name", "in", list(self._copy_names(invoices).values())),
                ]
            )
        )
        done = set(copies.mapped("name"))
        todo = invoices.filtered(lambda i: self._copy_names(i)[i] not in done)
        return copies | self._print_copies(
            todo, {**place, "company_id": record.company_id.id}
        )

    @api.model
    def _copy_names(self, invoices):
        return {invoice: invoice._get_invoice_report_filename() for invoice in invoices}

    @api.model
    def _print_copies(self, invoices, place):
        """Print these invoices, all by one renderer process.

        :param place: values that say where the files belong.
        """
        # sudo: part of sending, whoever may send; reading follows the record
        Attachment = self.env["ir.attachment"].sudo()
        if not invoices:
            return Attachment
        streams, kind = (
            self.env["ir.actions.report"]
            .sudo()
            .with_context(dunning_renderer_seconds=COPY_SECONDS * (1 + len(invoices)))
            ._pre_render_qweb_pdf("account.account_invoices", res_ids=invoices.ids)
        )
        return Attachment.create(
            [
                {
                    "name": name,
                    "raw": streams[invoice.id]["stream"].getvalue()
                    if kind == "pdf"
                    else streams,
                    "mimetype": "application/pdf" if kind == "pdf" else "text/html",
                    **place,
                }
                for invoice, name in self._copy_names(invoices).items()
            ]
        )
