from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.dunning_level import CHANNELS

REASONS = [
    ("promised", "The customer has promised to pay"),
    ("disputed", "The customer disputes the invoice"),
    ("paid", "Paid, the bank statement is still to come"),
    ("contact", "In contact with the customer"),
    ("internal", "Our own mistake: to be corrected first"),
    ("other", "Another reason"),
]


class DunningNoticeWizard(models.TransientModel):
    """Changes proposed notices: exclude with a reason, lower, re-route, re-word.

    One dialogue each; what they do is in the actions of the notice.
    """

    _name = "dunning.notice.wizard"
    _description = "Change a Proposed Notice"

    kind = fields.Selection(
        [
            ("exclude", "Exclude"),
            ("level", "Lower the level"),
            ("channel", "Change the channel"),
            ("text", "Edit the text"),
        ],
        required=True,
        readonly=True,
    )
    notice_ids = fields.Many2many("dunning.notice", string="Notices", readonly=True)
    notice_count = fields.Integer(compute="_compute_notice_count")
    notice_id = fields.Many2one("dunning.notice", compute="_compute_notice_id")

    reason = fields.Selection(REASONS, default="promised")
    note = fields.Char(help="Kept with the reason on the notice.")

    policy_id = fields.Many2one(related="notice_id.policy_id")
    level_ids = fields.Many2many("dunning.level", compute="_compute_level_ids")
    level_id = fields.Many2one(
        "dunning.level",
        string="New level",
        compute="_compute_level_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', level_ids)]",
    )
    drops_text = fields.Boolean(related="notice_id.has_own_text")

    channel = fields.Selection(
        CHANNELS, compute="_compute_channel", store=True, readonly=False
    )
    addresses = fields.Text(compute="_compute_addresses")

    letter_body = fields.Html(
        string="Letter, above the table",
        compute="_compute_texts",
        store=True,
        readonly=False,
    )
    email_subject = fields.Char(
        string="Subject", compute="_compute_texts", store=True, readonly=False
    )
    email_body = fields.Html(
        string="E-mail", compute="_compute_texts", store=True, readonly=False
    )
    # What was offered: only what differs from it is a person's own text.
    offered_letter_body = fields.Html(compute="_compute_texts", store=True)
    offered_email_subject = fields.Char(compute="_compute_texts", store=True)
    offered_email_body = fields.Html(compute="_compute_texts", store=True)
    has_email = fields.Boolean(compute="_compute_has_email")

    # === COMPUTE METHODS === #

    @api.depends("notice_ids")
    def _compute_notice_count(self):
        for wizard in self:
            wizard.notice_count = len(wizard.notice_ids)

    @api.depends("notice_ids")
    def _compute_notice_id(self):
        for wizard in self:
            wizard.notice_id = wizard.notice_ids[:1]

    @api.depends("notice_ids")
    def _compute_level_ids(self):
        for wizard in self:
            notice = wizard.notice_ids[:1]
            wizard.level_ids = notice and notice._lower_levels()

    @api.depends("notice_ids")
    def _compute_level_id(self):
        for wizard in self:
            wizard.level_id = wizard.level_ids[-1:]

    @api.depends("notice_ids")
    def _compute_channel(self):
        for wizard in self:
            wizard.channel = wizard.notice_ids[:1].channel

    @api.depends("notice_ids")
    def _compute_addresses(self):
        labels = dict(self._fields["channel"]._description_selection(self.env))
        for wizard in self:
            found = wizard._notice()._addresses() if wizard.notice_count == 1 else {}
            wizard.addresses = "\n".join(
                f"{label}: {found[name].target}"
                if name in found
                else self.env._("%(channel)s: no address", channel=label)
                for name, label in labels.items()
            )

    @api.depends("notice_ids")
    def _compute_has_email(self):
        for wizard in self:
            wizard.has_email = bool(wizard.notice_id.level_id.mail_template_id)

    @api.depends("notice_ids", "kind")
    def _compute_texts(self):
        """What the customer would get: the own text, else the policy's, rendered."""
        for wizard in self:
            texts = {}
            if wizard.kind == "text" and wizard.notice_ids:
                notice = wizard._notice()
                texts = {"letter_body": notice._letter_texts()["letter_body"]}
                if wizard.has_email:
                    rendered = notice._render_email(for_editing=True)
                    texts["email_subject"] = (
                        notice.own_email_subject or rendered["subject"]
                    )
                    texts["email_body"] = notice.own_email_body or rendered["body_html"]
            for name in ("letter_body", "email_subject", "email_body"):
                wizard[name] = wizard[f"offered_{name}"] = texts.get(name, False)

    # === ACTIONS === #

    def action_exclude(self):
        """Exclude the notices, with the reason."""
        self.ensure_one()
        labels = dict(self._fields["reason"]._description_selection(self.env))
        note = (self.note or "").strip()
        if self.reason == "other" and not note:
            raise UserError(self.env._("Say in a few words why."))
        reason = note if self.reason == "other" else labels.get(self.reason, note)
        if note and self.reason != "other":
            reason = self.env._("%(reason)s: %(note)s", reason=reason, note=note)
        self.notice_ids.action_exclude(reason)

    def action_lower(self):
        """Lower the notice to the chosen level."""
        notice = self._notice()
        notice._lower_to(self.level_id)

    def action_change_channel(self):
        """Bring the notice through the chosen channel."""
        self._notice()._change_channel(self.channel)

    def action_set_text(self):
        """Keep the texts of this notice; those left as they were stay the policy's."""
        notice = self._notice()
        notice._set_own_text(
            **{
                name: notice[f"own_{name}"] if self._is_as_offered(name) else self[name]
                for name in ("letter_body", "email_subject", "email_body")
            }
        )

    def _is_as_offered(self, name):
        return (self[name] or "").strip() == (self[f"offered_{name}"] or "").strip()

    def _notice(self):
        """The one notice, with the rights of a collector."""
        self.ensure_one()
        return self.notice_ids.ensure_one()._as_collector()
