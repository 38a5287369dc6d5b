from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..engine import escalation

CHANNELS = [
    ("email", "E-mail"),
    ("letter", "Letter"),
    ("registered", "Registered letter"),
    ("call", "Call"),
]
# what goes by post: printed and posted by a person, or by a mailing house
PAPER = ("letter", "registered")
# from the softest to the firmest
TONES = [
    ("courtesy", "Courtesy, before the due date"),
    ("friendly", "Friendly reminder"),
    ("firm", "Firm reminder"),
    ("final", "Last reminder"),
    ("formal", "Formal notice"),
]


class DunningLevel(models.Model):
    """One step of a policy: when, how firmly, through which channel, in which words."""

    _name = "dunning.level"
    _description = "Dunning Level"
    _inherit = ["mail.render.mixin"]
    _order = "policy_id, days, id"
    # Like mail.template: whoever may write a level may use placeholders in its texts;
    # writing one is checked by the mixin (group "Mail Template Editor").
    _unrestricted_rendering = True

    policy_id = fields.Many2one(
        "dunning.policy", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="policy_id.company_id", store=True)
    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    days = fields.Integer(
        string="Days after due date",
        required=True,
        help="Calendar days from the due date; negative means before it. The order of "
        "the levels follows from it.",
    )
    tone = fields.Selection(
        TONES,
        required=True,
        default="friendly",
        help="Chooses the letter. A formal notice shows the amount in words; old debts "
        "do not enter the policy there, and no softer level may follow it.",
    )
    channel_1 = fields.Selection(
        CHANNELS, string="Channel", required=True, default="email"
    )
    channel_2 = fields.Selection(
        CHANNELS,
        string="Second channel",
        help="Used when the first has no address, or fails.",
    )
    channel_3 = fields.Selection(
        CHANNELS,
        string="Third channel",
        help="Used when the second has no address, or fails. After the last one the "
        "collector gets an activity.",
    )
    deadline_days = fields.Integer(
        string="Days to pay",
        default=8,
        help="The letter asks for payment within this number of days of its date.",
    )
    attach_invoices = fields.Boolean(
        string="Attach invoice copies",
        help="E-mails carry the PDF of each invoice; copies follow the printed letter.",
    )
    approval = fields.Selection(
        [("collector", "Collector"), ("manager", "Credit manager")],
        string="Approval by",
        required=True,
        default="collector",
        help="Who may approve messages of this level. Levels for the credit manager "
        "wait for a person even where the policy is automatic.",
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        string="E-mail",
        domain=[("model", "=", "dunning.notice")],
        ondelete="restrict",
        help="Subject and text of the e-mail; the letter is attached to it.",
    )
    letter_title = fields.Char(
        required=True, translate=True, help="The subject line of the letter."
    )
    letter_body = fields.Html(
        translate=True,
        render_engine="qweb",
        render_options={"post_process": False},
        sanitize="email_outgoing",
        help="What the letter says above the table of invoices. Placeholders as in "
        "e-mail templates, e.g. object.deadline_words.",
    )
    letter_closing = fields.Html(
        translate=True,
        render_engine="qweb",
        render_options={"post_process": False},
        sanitize="email_outgoing",
        help="What the letter says below the table: consequences, thanks, greeting.",
    )
    call_script = fields.Text(
        translate=True, help="What to say on the phone; shown in the call activity."
    )

    _days_uniq = models.UniqueIndex(
        "(policy_id, days) WHERE active",
        "Two levels of a policy cannot have the same number of days.",
    )
    _deadline_days_positive = models.Constraint(
        "CHECK (deadline_days >= 0)", "The days to pay cannot be negative."
    )

    @api.constrains("channel_1", "channel_2", "channel_3")
    def _check_channels(self):
        for level in self:
            channels = level._channels()
            if len(set(channels)) != len(channels):
                raise ValidationError(
                    self.env._(
                        "Level “%(level)s” names a channel twice.", level=level.name
                    )
                )

    @api.constrains("channel_1", "channel_2", "channel_3", "mail_template_id")
    def _check_mail_template(self):
        for level in self:
            if "email" in level._channels() and not level.mail_template_id:
                raise ValidationError(
                    self.env._(
                        "Level “%(level)s” goes out by e-mail: choose its e-mail "
                        "template.",
                        level=level.name,
                    )
                )

    @api.constrains("days", "tone")
    def _check_formal_after_due_date(self):
        for level in self:
            if level.tone == "formal" and level.days < 1:
                raise ValidationError(
                    self.env._("A formal notice comes after the due date.")
                )

    @api.constrains("days", "tone", "active", "policy_id")
    def _check_formal_last(self):
        for policy in self.policy_id:
            formal = policy.level_ids.filtered(lambda level: level.tone == "formal")
            others = policy.level_ids - formal
            if formal and others:
                last = others.sorted("days")[-1]
                if last.days > min(formal.mapped("days")):
                    raise ValidationError(
                        self.env._(
                            "“%(level)s” would follow a formal notice: after it "
                            "nothing softer can be said.",
                            level=last.name,
                        )
                    )

    def write(self, vals):
        if "policy_id" in vals:
            moved = self.filtered(lambda level: level.policy_id.id != vals["policy_id"])
            if moved._is_served():
                raise UserError(
                    self.env._(
                        "Invoices have already reached this level: it stays in its "
                        "policy. Add a new level to the other policy."
                    )
                )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_served(self):
        if self._is_served():
            raise UserError(
                self.env._(
                    "Invoices have already reached this level: archive it, so that "
                    "what was sent stays known."
                )
            )

    def _compute_render_model(self):
        self.render_model = "dunning.notice"

    # === BUSINESS METHODS === #

    def _is_served(self):
        """Whether a notice was proposed at one of these, or an item has reached it."""
        # sudo: existence only, whatever company they belong to
        Line = self.env["dunning.notice.line"].sudo()
        used = Domain("level_id", "in", self.ids)
        return bool(
            self.env["dunning.notice"]
            .sudo()
            .search_count(used | Domain("proposed_level_id", "in", self.ids), limit=1)
            or Line.search_count(used, limit=1)
            or self.env["account.move.line"]
            .sudo()
            .search_count([("dunning_level_id", "in", self.ids)], limit=1)
        )

    def _channels(self):
        """The channels in the order in which they are tried."""
        self.ensure_one()
        return [c for c in (self.channel_1, self.channel_2, self.channel_3) if c]

    def _to_engine(self):
        self.ensure_one()
        return escalation.Level(
            key=self.id, days=self.days, formal=self.tone == "formal"
        )

    def _pick_channel(self, addresses, after=None):
        """The first channel of the level that has an address.

        :param addresses: ``{channel: address}`` as ``dunning.situation`` finds them.
        :param after: only channels that come after this one.
        :return: a channel, or ``False``.
        """
        channels = self._channels()
        if after in channels:
            channels = channels[channels.index(after) + 1 :]
        return next((channel for channel in channels if addresses.get(channel)), False)
