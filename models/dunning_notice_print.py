import hashlib
import logging

from psycopg2 import OperationalError

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

LETTER_BATCH = 50  # letters that one renderer process prints


class DunningNotice(models.Model):
    """The letters of issued notices, and with them the outbox.

    A step of its own, because it is the slow one: by the time a letter is printed the
    items carry their level, and nobody at the ledger waits for the printer. Until then
    the notice is *under way* without a delivery; it can be found, and is, by the
    missing checksum.
    """

    _inherit = "dunning.notice"

    _unprinted_idx = models.Index(
        "(company_id, id) WHERE state = 'issued' AND pdf_sha256 IS NULL"
    )

    # === BUSINESS METHODS === #

    @api.model
    def _unprinted_domain(self):
        """Issued notices whose letter is still to be made."""
        return fields.Domain("state", "=", "issued") & fields.Domain(
            "pdf_sha256", "=", False
        )

    @api.model
    def _make_waiting_letters(self, commit):
        """Make the letters of issued notices, batch by batch; shared between workers.

        :param commit: called after each batch with the number of letters; stops when
            it says 0.
        :return: whether all that could be taken was done.
        """
        seen = self.browse()
        while True:
            waiting = self.search(
                self._unprinted_domain() & fields.Domain("id", "not in", seen.ids),
                limit=4 * LETTER_BATCH,
                order="company_id, id",
            )
            if not waiting:
                return True
            batch = waiting.try_lock_for_update(
                allow_referencing=True, limit=LETTER_BATCH
            ).filtered_domain(self._unprinted_domain())
            seen |= batch or waiting
            if not batch:
                continue
            for company, notices in batch.grouped("company_id").items():
                notices.with_company(company)._make_letters()
            if not commit(len(batch)):
                return False

    def _make_letters(self):
        """Texts, letters with their checksum, and the outbox, for issued notices.

        A notice whose letter cannot be made is taken back: it is approved again, with
        its error, and its items have the level they had. The others go on.

        :return: the notices whose letter was made.
        """
        printed = self.browse()
        for start in range(0, len(self), LETTER_BATCH):
            printed |= self[start : start + LETTER_BATCH]._make_letters_or_split()
        self.run_id._update_state()
        return printed

    def _make_letters_or_split(self):
        """Together, because one process prints them all; when that fails, in parts."""
        try:
            with self.env.cr.savepoint():
                self._make_letters_now()
                return self
        except OperationalError:
            raise  # another transaction was first: tried again as a whole
        except Exception as error:  # a template may raise anything; it is reported
            if len(self) > 1:
                return self.browse().union(
                    *(part._make_letters_or_split() for part in self._parts())
                )
            self._take_back(error)
            return self.browse()

    def _make_letters_now(self):
        notices = self.with_context(dunning_issuing=True)
        texts = notices._render_texts()
        for notice in notices:
            notice.write(texts[notice.id])
        letters = notices._render_letters()
        attachments = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                [
                    notices._prepare_attachment(notice, letters[notice.id])
                    for notice in notices
                ]
            )
        )  # sudo: part of issuing, whoever may issue; reading follows the notice
        for notice, attachment in zip(notices, attachments, strict=True):
            notice.write(
                {
                    "attachment_id": attachment.id,
                    "pdf_sha256": hashlib.sha256(letters[notice.id]).hexdigest(),
                }
            )
        self.env["dunning.delivery"]._queue(notices)

    def _take_back(self, error):
        """Undo the issue of a notice that has no letter: nothing of it left the house.

        It keeps its number, so that there is no gap when it is issued after all.
        """
        self.ensure_one()
        self.with_context(dunning_issuing=True).write(
            {"state": "approved", "issued_at": False, "issued_by_id": False}
        )
        self._restore_levels()
        for line in self.line_ids.filtered("escalated"):
            line.level_id = line.proposed_level_id or line.level_id
        self._report_failure(error)

    def _render_texts(self):
        """Title, body and closing of each letter, in its recipient's language."""
        result = {notice.id: {} for notice in self}
        for level, notices in self.grouped("level_id").items():
            langs = {notice.id: notice.lang for notice in notices}
            for name in ("letter_body", "letter_closing"):
                for res_id, text in level._render_field(
                    name, notices.ids, res_ids_lang=langs
                ).items():
                    result[res_id][name] = text
            for notice in notices:
                result[notice.id]["letter_title"] = level.with_context(
                    lang=notice.lang
                ).letter_title
                if notice.own_letter_body:
                    result[notice.id]["letter_body"] = notice.own_letter_body
        return result

    def _render_letters(self):
        """The letters, all by one renderer process.

        :return: ``{notice id: bytes}``; PDF, or HTML where the tests render none.
        """
        report = self.env["ir.actions.report"].sudo()
        streams, kind = report._pre_render_qweb_pdf(
            "account_dunning.report_dunning_letter", res_ids=self.ids
        )
        if kind != "pdf":
            return {notice.id: streams for notice in self}
        return {notice.id: streams[notice.id]["stream"].getvalue() for notice in self}

    @api.model
    def _prepare_attachment(self, notice, content):
        is_pdf = content.startswith(b"%PDF")
        return {
            "name": f"{notice.name.replace('/', '-')}.{'pdf' if is_pdf else 'html'}",
            "raw": content,
            "mimetype": "application/pdf" if is_pdf else "text/html",
            "res_model": self._name,
            "res_id": notice.id,
            "company_id": notice.company_id.id,
        }
