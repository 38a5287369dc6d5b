import time

from odoo import api, models
from odoo.exceptions import UserError

#: what a text may take that is ready within milliseconds, and how long it may become
TEXT_SECONDS = 2
TEXT_CHARACTERS = 500_000


class RenderLimitReached(UserError):
    """Something of ours took too long to make, or became too long."""


class RenderLimits:
    """How long and how large what is rendered from one template call may become.

    Handed over in the context as ``dunning_render_limits``; counts from its making.
    """

    def __init__(self, seconds, characters):
        """
        :param seconds: of real time.
        :param characters: of HTML.
        """
        self.seconds = seconds
        self.characters = characters
        self._until = time.monotonic() + seconds
        self._left = characters

    def check(self, env, text=""):
        """Count what was rendered.

        :raise RenderLimitReached: time is up, or the text is too long.
        """
        self._left -= len(text)
        if self._left < 0 or time.monotonic() > self._until:
            raise RenderLimitReached(
                env._(
                    "The text becomes too long or takes too long to make. Look for a "
                    "loop (t-foreach) without end in the texts of the level, in its "
                    "e-mail template or in the layout of the letter."
                )
            )


def text_limits(count):
    """For so many texts of an admin, rendered one after the other from now on."""
    return RenderLimits(TEXT_SECONDS + 0.2 * count, TEXT_CHARACTERS * count)


class _LimitedValues(dict):
    """The variables of a template; every loop writes them at each turn.

    So a loop that prints nothing is noticed too.
    """

    def __init__(self, values, env, limits):
        super().__init__(values)
        self._env = env
        self._limits = limits

    def __setitem__(self, key, value):
        self._limits.check(self._env)
        return super().__setitem__(key, value)

    def copy(self):
        return type(self)(super().copy(), self._env, self._limits)


class IrQweb(models.AbstractModel):
    _inherit = "ir.qweb"

    @api.model
    def _render(self, template, values=None, **options):
        """Stop a template that does not end, where the context sets limits.

        What cannot be stopped is a single expression that does not end.
        """
        limits = self.env.context.get("dunning_render_limits")
        if limits and values:
            values = _LimitedValues(values, self.env, limits)
        return super()._render(template, values, **options)

    def _render_iterall(self, view_ref, method, values, directive="render"):
        parts = super()._render_iterall(view_ref, method, values, directive=directive)
        limits = self.env.context.get("dunning_render_limits")
        return self._render_within(limits, parts) if limits else parts

    def _render_within(self, limits, parts):
        for part in parts:
            limits.check(self.env, part)
            yield part
