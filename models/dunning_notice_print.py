import hashlib

from odoo import api, fields, models

from .dunning_notice_render import MachineTrouble
from .ir_qweb import text_limits

LETTER_BATCH = 50  # letters that one renderer process prints
TEXTS = ("letter_title", "letter_body", "letter_closing")


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
            if not batch:
                seen |= waiting  # others are at them
                continue
            batch = batch._begin_letters()
            seen |= batch
            if not commit(0):
                return False
            batch = batch.try_lock_for_update(allow_referencing=True).filtered_domain(
                self._unprinted_domain()
            )
            try:
                for company, notices in batch.grouped("company_id").items():
                    notices.with_company(company)._make_letters()
            except MachineTrouble as trouble:
                batch._end_letters()
                for run in batch.run_id:
                    run._wait_for_machine(trouble)
                commit(0)
                return False  # all wait; tried again the next time
            if batch and not commit(len(batch)):
                return False

    def _make_letters(self):
        """Texts, letters with their checksum, and the outbox, for issued notices.

        A notice whose letter cannot be made is taken back: it is approved again, with
        its error, and its items have the level they had. The others go on.

        :return: the notices whose letter was made.
        :raise MachineTrouble: the server can make or keep none now; nothing is changed.
        """
        printed = self.browse()
        for start in range(0, len(self), LETTER_BATCH):
            printed |= self[start : start + LETTER_BATCH]._one_by_one_if_needed(
                "_make_batch_of_letters", failed="_take_back"
            )
        self.run_id._update_state()
        for run in printed.run_id:
            run._trouble_over()
        # not when they are issued: that is to be quick, and this follows within minutes
        printed.profile_id._refresh_figures()
        return printed

    def _make_batch_of_letters(self):
        """What fails, and what there was no time for, is left out of the result."""
        notices = self.with_context(dunning_issuing=True)
        texts, failed = notices._apart(notices._render_texts_safely())
        for notice_id, values in texts.items():
            notices.browse(notice_id).write(values)
        ready = notices.browse(texts)
        letters, without = ready._apart(ready._render_letters_safely())
        printed = notices.browse(letters)
        printed._keep_letters(letters)
        self.env["dunning.delivery"]._queue(printed)
        untried = ready - printed - ready.browse(without)
        untried.write(dict.fromkeys(TEXTS, False))
        untried._end_letters()
        for notice_id, error in {**failed, **without}.items():
            self.browse(notice_id)._take_back(error)
        return self & printed

    @api.model
    def _apart(self, made):
        """What was made, and what came instead; two dicts by notice id."""
        failed = {key: one for key, one in made.items() if isinstance(one, Exception)}
        return {key: one for key, one in made.items() if key not in failed}, failed

    def _keep_letters(self, letters):
        """Attach the letters, with their checksum.

        :param letters: ``{notice id: bytes}``
        """
        attachments = self._store_letters(
            [self._prepare_attachment(notice, letters[notice.id]) for notice in self]
        )
        for notice, attachment in zip(self, attachments, strict=True):
            notice.write(
                {
                    "attachment_id": attachment.id,
                    "pdf_sha256": hashlib.sha256(letters[notice.id]).hexdigest(),
                }
            )

    def _take_back(self, error):
        """Undo the issue of a notice that has no letter: nothing of it left the house.

        It keeps its number, so that there is no gap when it is issued after all.
        """
        self.ensure_one()
        self.with_context(dunning_issuing=True).write(
            {
                "state": "approved",
                "issued_at": False,
                "issued_by_id": False,
                **dict.fromkeys(TEXTS, False),
            }
        )
        self._end_letters(deaths=True)
        self._restore_levels()
        for line in self.line_ids.filtered("escalated"):
            line.level_id = line.proposed_level_id or line.level_id
        self._report_failure(error)

    def _render_texts(self):
        """Title, body and closing of each letter, in its recipient's language."""
        result = {notice.id: {} for notice in self}
        limits = text_limits(len(self))
        for level, notices in self.grouped("level_id").items():
            level = level.with_context(dunning_render_limits=limits)
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
        report = self._with_render_limits().env["ir.actions.report"].sudo()
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
