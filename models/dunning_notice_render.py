import errno
import logging
import time
from math import isqrt

from psycopg2 import OperationalError

from odoo import api, models
from odoo.exceptions import UserError

from .ir_qweb import RenderLimitReached, RenderLimits

_logger = logging.getLogger(__name__)

#: What one letter may take where the system parameter says nothing, and on top each
#: further letter printed by the same process, and each line. Several times of what
#: they need, and so little that finding a culprit among 50 ends within the two minutes
#: after which Odoo by default ends a request or a scheduled action.
LETTER_SECONDS = 15
FURTHER_SECONDS = 0.3
LINE_SECONDS = 0.02
#: after that nothing more is begun
ALL_SECONDS = 75
#: lines of invoices one process prints
LINES_AT_ONCE = 3000
#: HTML, in characters: a letter about 2 000 invoices has 1.5 millions
BATCH_CHARACTERS = 20_000_000
LETTER_CHARACTERS = 500_000
#: so many without end, one after the other: the others would be the same
ENOUGH_ENDLESS = 3

#: nothing is wrong with the notice: the disk is full, or no file can be made
MACHINE_ERRORS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EIO,
    errno.ENFILE,
    errno.EMFILE,
    errno.ENOMEM,
}


class MachineTrouble(UserError):
    """The server cannot make or keep any letter now; no notice is to blame."""


class DunningNotice(models.Model):
    """Letters made within limits, so that one cannot keep the others from leaving."""

    _inherit = "dunning.notice"

    # === TEXTS === #

    def _render_texts_safely(self):
        """The texts; where they cannot be made, an exception in their place.

        :return: ``{notice id: dict of values or Exception}``
        """
        result = {}
        for notices in self.grouped("level_id").values():
            result |= notices._texts_of_level_safely()
        return result

    def _texts_of_level_safely(self):
        texts = self._try(self._render_texts)
        if not isinstance(texts, Exception):
            return texts
        result = {}
        endless = 0
        for notice in self:
            if endless < ENOUGH_ENDLESS:
                texts = notice._try(notice._render_texts)
            # else: the level itself is to blame, and time is precious
            if isinstance(texts, Exception):
                endless += isinstance(self._root_of(texts), RenderLimitReached)
                result[notice.id] = texts
            else:
                result |= texts
        return result

    # === LETTERS === #

    def _render_letters_safely(self):
        """The letters; what cannot be made is an exception in its place.

        As many as possible by one process. When it fails or does not end, again in
        smaller parts, until the culprits are alone: first about the square root of the
        number, then one by one, so that few attempts run into the limit. What cannot
        be tried in a reasonable time is missing in the result: try it next time. There
        is always something in it.

        :return: ``{notice id: bytes or Exception}``
        :raise MachineTrouble: no letter can be made at all now.
        :raise OperationalError: another transaction was first.
        """
        result = {}
        endless = 0
        until = time.monotonic() + ALL_SECONDS
        parts = self._by_weight()
        while parts and not (result and time.monotonic() > until):
            part = parts.pop(0)
            letters = part._try(part._render_letters)
            if not isinstance(letters, Exception):
                result |= letters
            elif len(part) > 1:
                _logger.info("%s letters cannot be printed together", len(part))
                size = isqrt(len(part)) if len(part) > 3 else 1
                parts[:0] = [
                    part[start : start + size] for start in range(0, len(part), size)
                ]
            else:
                result[part.id] = letters
                endless += isinstance(self._root_of(letters), RenderLimitReached)
                if endless == len(result) == ENOUGH_ENDLESS and parts:
                    raise MachineTrouble(
                        self.env._(
                            "No letter can be made at the moment: none was ready in "
                            "time. %(reason)s",
                            reason=self._root_of(letters),
                        )
                    )
        return result

    def _by_weight(self):
        """The notices in parts that one process prints in a reasonable time."""
        parts, lines = [], LINES_AT_ONCE
        for notice in self:
            lines += len(notice.line_ids)
            if lines > LINES_AT_ONCE:
                parts.append(self.browse())
                lines = len(notice.line_ids)
            parts[-1] |= notice
        return parts

    def _try(self, make):
        """What ``make`` returns, or the exception it raises; nothing of it stays then.

        Trouble of the machine, and another transaction that was first, are raised.
        """
        try:
            with self.env.cr.savepoint():
                return make()
        except OperationalError:
            raise
        except Exception as error:  # whatever a template or the renderer may raise
            self._raise_machine_trouble(error)
            return error

    # === LIMITS === #

    def _with_render_limits(self):
        """The same notices, with a limit on what printing them together may take."""
        seconds = self._render_seconds()
        return self.with_context(
            dunning_renderer_seconds=seconds,
            dunning_render_limits=RenderLimits(
                seconds, BATCH_CHARACTERS + LETTER_CHARACTERS * len(self)
            ),
        )

    def _render_seconds(self):
        """How many seconds these letters may take together."""
        parameters = self.env["ir.config_parameter"].sudo()
        value = parameters.get_param("account_dunning.letter_seconds")
        try:
            seconds = float(value or LETTER_SECONDS)
        except ValueError:
            seconds = 0
        if seconds <= 0:  # what somebody mistyped must not stop every letter
            _logger.warning("account_dunning.letter_seconds is no number: %s", value)
            seconds = LETTER_SECONDS
        return (
            seconds
            + FURTHER_SECONDS * (len(self) - 1)
            + LINE_SECONDS * len(self.line_ids)
        )

    # === FAILURES === #

    @api.model
    def _root_of(self, error):
        """What happened first, where errors were packed into others."""
        while error.__cause__ and not isinstance(error, RenderLimitReached):
            error = error.__cause__
        return error

    def _failure_words(self, error):
        """What a person can do about an error of a template; no stack of calls."""
        cause = self._root_of(error)
        if isinstance(cause, RenderLimitReached):
            return str(cause)
        if self._is_of_template(error):
            return self.env._(
                "The texts of level “%(level)s” cannot be made: %(reason)s. Look at "
                "the placeholders in its texts.",
                level=self.level_id.name,
                reason=self._failure_cause(error),
            )
        return super()._failure_words(error)

    def _tell_failure(self):
        """Tell a person why a notice could not be issued; of the same cause once.

        What concerns one customer is told to its collector. When the next notice of a
        run fails for the same reason, the level or the layout is to blame: the credit
        contact is told, once for the run.
        """
        self.ensure_one()
        others = self.search_count(
            [
                ("run_id", "=", self.run_id.id),
                ("id", "!=", self.id),
                ("error", "=", self.error),
            ],
            limit=1,
        )
        if others:
            told = self.run_id._in_words_of_contact()
            told._tell_once(
                told.env._("Dunning notices could not be issued"), self.error
            )
            return
        profile = self.profile_id._in_words_of_responsible()
        profile._notify_person(
            profile.env._("A dunning notice could not be issued"), note=self.error
        )

    # === KEEPING THE FILES === #

    @api.model
    def _store_letters(self, values):
        """The attachments of issued letters; none at all if one cannot be kept.

        :param values: see ``_prepare_attachment``.
        :raise MachineTrouble: the disk is full, say.
        """
        # sudo: part of issuing, whoever may issue; reading follows the notice
        Attachment = self.env["ir.attachment"].sudo()
        try:
            return Attachment.create(values)
        except OSError as error:
            Attachment._drop_broken_files([vals["raw"] for vals in values])
            self._raise_machine_trouble(error)
            raise

    @api.model
    def _raise_machine_trouble(self, error):
        """Raise ``MachineTrouble`` if no notice is to blame for this error."""
        trouble = self._as_machine_trouble(error)
        if trouble:
            raise trouble from error

    @api.model
    def _as_machine_trouble(self, error):
        """The ``MachineTrouble`` that is behind an error, or ``None``."""
        while error:
            if isinstance(error, MachineTrouble):
                return error
            if isinstance(error, OSError) and error.errno in MACHINE_ERRORS:
                return MachineTrouble(
                    self.env._(
                        "The server cannot write files: %(reason)s. Nothing is lost: "
                        "ask your administrator to make room. What is done in the "
                        "background goes on by itself then.",
                        reason=error.strerror,
                    )
                )
            error = error.__cause__ or error.__context__
        return None
