import logging
import threading
import uuid

import psutil

from odoo import api, models

from .ir_qweb import RenderLimitReached

_logger = logging.getLogger(__name__)

#: names the process on its command line; wkhtmltopdf itself makes nothing of it
MARK = "dunning_process"


class IrActionsReport(models.Model):
    """A renderer that hangs is stopped, where the context says after how long.

    Core waits for wkhtmltopdf without end. Only reports rendered with
    ``dunning_renderer_seconds`` in the context are concerned.
    """

    _inherit = "ir.actions.report"

    def _build_wkhtmltopdf_args(self, *args, **kwargs):
        command = super()._build_wkhtmltopdf_args(*args, **kwargs)
        mark = self.env.context.get("dunning_renderer_mark")
        # a text that would be replaced in headers and footers, and stands in none
        return [*command, "--replace", MARK, mark] if mark else command

    @api.model
    def _run_wkhtmltopdf(self, bodies, **kwargs):
        """See core; stopped after ``dunning_renderer_seconds``, with all it started.

        :raise RenderLimitReached: it was stopped.
        """
        seconds = self.env.context.get("dunning_renderer_seconds")
        if not seconds:
            return super()._run_wkhtmltopdf(bodies, **kwargs)
        mark = uuid.uuid4().hex
        watch = _Watch(mark, seconds)
        report = self.with_context(dunning_renderer_mark=mark)
        try:
            with watch:
                return super(IrActionsReport, report)._run_wkhtmltopdf(bodies, **kwargs)
        except Exception as error:
            if not watch.stopped:
                raise
            raise RenderLimitReached(
                self.env._(
                    "The PDF took longer than %(seconds)s seconds to make and was "
                    "stopped. Look for very large images or tables in its texts and in "
                    "the layout of your documents; if a letter is only long, ask your "
                    "administrator for more time (system parameter "
                    "account_dunning.letter_seconds).",
                    seconds=round(seconds),
                )
            ) from error


class _Watch:
    """Kills the process that carries a mark, and what it started, when time is up.

    Core does not give the process away, so it is looked for among our children.
    """

    def __init__(self, mark, seconds):
        self.stopped = False
        self._mark = mark
        self._seconds = seconds
        self._done = threading.Event()
        self._thread = threading.Thread(
            target=self._wait, name="dunning renderer watch", daemon=True
        )

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._done.set()
        self._thread.join()

    def _wait(self):
        seconds = self._seconds
        while not self._done.wait(seconds):
            self._kill()
            seconds = 0.5  # should it only start now

    def _kill(self):
        for process in psutil.Process().children(recursive=True):
            try:
                if self._mark not in process.cmdline():
                    continue
                family = [process, *process.children(recursive=True)]
            except psutil.Error:  # it has just ended
                continue
            self.stopped = True
            _logger.warning(
                "wkhtmltopdf (%s) stopped after %s seconds", process.pid, self._seconds
            )
            for member in family:
                try:
                    member.kill()
                except psutil.NoSuchProcess:
                    _logger.info("%s has ended by itself", member)
