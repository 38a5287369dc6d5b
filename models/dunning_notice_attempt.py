import os
import uuid

from odoo import fields, models
from odoo.exceptions import UserError

ATTEMPTS = 3  # processes that may die at the same letter

_worker = (0, "")


def _this_worker():
    """A name for this process; the number of a dead one may be used again."""
    global _worker  # noqa: PLW0603 -- a process has one name, and a fork another
    if _worker[0] != os.getpid():
        _worker = (os.getpid(), uuid.uuid4().hex)
    return _worker[1]


class DunningNotice(models.Model):
    """Letters at which a process dies: they must not be what each new one begins with.

    Whoever makes letters in the background first writes down that it does. Who finds a
    letter begun by another process, and not locked by it, knows that this one died at
    the batch: out of memory, or killed for taking too long. Such a letter is made
    alone, after the others, and not again once it has cost three processes.
    """

    _inherit = "dunning.notice"

    letter_begun_by = fields.Char(copy=False, readonly=True)
    letter_deaths = fields.Integer(copy=False, readonly=True)

    def _begin_letters(self):
        """Choose what to make now, and write down who does; to be committed first.

        :return: those of these notices to make next.
        """
        me = _this_worker()
        lost = self.filtered(lambda n: n.letter_begun_by not in (False, me))
        for notice in lost:
            notice.letter_deaths += 1
        given_up = lost.filtered(lambda n: n.letter_deaths >= ATTEMPTS)
        for notice in given_up:
            notice._take_back(
                UserError(
                    self.env._(
                        "The server stopped %(count)s times while it made this letter, "
                        "for lack of memory perhaps. Look at the number of items and "
                        "the texts, and approve the notice again.",
                        count=notice.letter_deaths,
                    )
                )
            )
        left = self - given_up
        suspects = left.filtered("letter_deaths").sorted("letter_deaths")
        chosen = (left - suspects) or suspects[:1]
        (lost & left - chosen)._end_letters()
        chosen.with_context(dunning_issuing=True).write({"letter_begun_by": me})
        return chosen

    def _end_letters(self, deaths=False):
        """Nobody is making these letters any more, for another reason than a death.

        :param deaths: forget those of earlier attempts too.
        """
        values = {"letter_begun_by": False}
        if deaths:
            values["letter_deaths"] = 0
        self.with_context(dunning_issuing=True).write(values)
