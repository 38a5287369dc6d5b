from odoo import api, fields, models

from .dunning_level import CHANNELS

# The rhythm of the shipped policies: what is proposed for the next level.
USUAL_DAYS = (-5, 3, 15, 30, 45)
FURTHER_DAYS = 15  # between levels beyond the usual ones
FIRMER = {
    "courtesy": "friendly",
    "friendly": "firm",
    "firm": "final",
    "final": "formal",
    "formal": "formal",
}
# Says in the context that no text changes. An object, so that no client can send it.
TEXTS_KEPT = object()
TEXTS = ("letter_title", "letter_body", "letter_closing", "call_script")


class DunningLevel(models.Model):
    """What the policy editor shows of a level, and proposes for the next one."""

    _inherit = "dunning.level"

    timing = fields.Char(
        string="When", compute="_compute_timing", help="The days in words."
    )
    mail_subject = fields.Char(
        related="mail_template_id.subject",
        string="Subject of the e-mail",
        help="Its placeholders are filled in for each notice.",
    )
    mail_body = fields.Html(
        related="mail_template_id.body_html", string="Text of the e-mail"
    )

    @api.depends("days")
    def _compute_timing(self):
        for level in self:
            days = level.days
            if not days:
                level.timing = self.env._("On the due date")
            elif days == 1:
                level.timing = self.env._("1 day after the due date")
            elif days == -1:
                level.timing = self.env._("1 day before the due date")
            elif days > 0:
                level.timing = self.env._("%(days)s days after the due date", days=days)
            else:
                level.timing = self.env._(
                    "%(days)s days before the due date", days=-days
                )

    # === WHO MAY WRITE TEXTS === #

    def write(self, vals):
        """Only who changes a text needs the right to write texts.

        The mixin looks at all texts after every change: without this, a credit manager
        could not even change the days of a level whose letter holds placeholders.
        """
        if any(self._is_text(name) for name in vals):
            return super().write(vals)
        kept = self.with_context(dunning_level_texts=TEXTS_KEPT)
        return super(DunningLevel, kept).write(vals)

    def _has_unsafe_expression(self):
        """Whether a text holds placeholders that need the right to write templates.

        A text that another level has word for word (a policy was copied, a level was
        proposed) was written by somebody who had it.
        """
        if self.env.context.get("dunning_level_texts") is TEXTS_KEPT:
            return False
        names = [name for name in self._fields if self._is_text(name)]
        Level = self.sudo().with_context(active_test=False)
        others = Level.search([("id", "not in", self.ids)])
        for level in self.sudo():
            for name in names:
                text = level[name]
                if self._is_text_unsafe(name, text) and text not in others.mapped(name):
                    return True
        return False

    @api.model
    def _is_text(self, name):
        """Whether the field is a text of the level itself that may be rendered."""
        field = self._fields.get(name)
        return bool(field) and field.store and field.type in ("char", "text", "html")

    @api.model
    def _is_text_unsafe(self, name, text):
        engine = getattr(self._fields[name], "render_engine", "inline_template")
        if engine == "qweb":
            return self._has_unsafe_expression_template_qweb(
                text, "dunning.notice", name
            )
        return self._has_unsafe_expression_template_inline_template(
            text, "dunning.notice", name
        )

    # === THE NEXT LEVEL === #

    @api.model
    def default_get(self, fields):
        """The next level of a policy under edit, where the editor asks for one.

        The editor gives the last level, which may not be saved yet, as
        ``dunning_previous_level`` in the context (``False``: there is none).
        """
        values = super().default_get(fields)
        if "dunning_previous_level" in self.env.context:
            previous = self.env.context["dunning_previous_level"] or {}
            proposed = self._propose_next(previous)
            values |= {
                name: value
                for name, value in proposed.items()
                if name in fields and f"default_{name}" not in self.env.context
            }
        return values

    @api.model
    def _propose_next(self, previous):
        """Values for the level after ``previous``: later, firmer, the same way.

        Texts are those of the first level of the same tone that this user sees, in the
        user's language.

        :param previous: values of the last level; empty when there is none.
        """
        tone = FIRMER.get(previous.get("tone"), "friendly")
        channels = [
            channel
            for name in ("channel_1", "channel_2", "channel_3")
            if (channel := previous.get(name)) in dict(CHANNELS)
        ] or ["email"]
        formal = tone == "formal"
        if formal:  # what counts is that it can be proven
            channels = ["registered", *(c for c in channels if c == "email")]
        tones = dict(self._fields["tone"]._description_selection(self.env))
        values = {
            "days": self._next_days(previous.get("days")),
            "tone": tone,
            "name": tones[tone],
            "deadline_days": previous.get("deadline_days") or 8,
            "attach_invoices": bool(previous.get("attach_invoices")),
            "approval": (
                "manager" if formal else previous.get("approval", "collector")
            ),
            "deadline_from": "presentation" if formal else "letter",
        }
        values |= dict(
            zip(
                ("channel_1", "channel_2", "channel_3"),
                [*channels, False, False],
                strict=False,
            )
        )
        pattern = self.search([("tone", "=", tone)], limit=1)
        values |= {name: pattern[name] for name in TEXTS if pattern[name]}
        values.setdefault("letter_title", tones[tone])
        if "email" in channels:
            template = pattern.mail_template_id or self.env["mail.template"].search(
                [("model", "=", "dunning.notice")], limit=1
            )
            values["mail_template_id"] = template.id
        return values

    @api.model
    def _next_days(self, days):
        """The first usual number of days after these, or some time after the last."""
        if days is None:
            return USUAL_DAYS[1]
        later = [usual for usual in USUAL_DAYS if usual > days]
        return later[0] if later else days + FURTHER_DAYS
