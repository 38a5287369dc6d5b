from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

KINDS = [
    ("acknowledgement", "Acknowledgement of the debt"),
    ("claim", "Claim before a court"),
    ("enforcement", "Act of enforcement"),
]


class LateInterruption(models.Model):
    """An act from whose day the time to go to court counts anew, with its document.

    A reminder or formal notice is none (Cass. com. 18 May 2022): only what the debtor
    has written himself, a claim in court, or an act of enforcement (C. civ. 2240, 2241,
    2244). It is proof: nobody changes or deletes it; what was recorded by mistake is
    taken back, with the reason, and stays readable.
    """

    _name = "late.interruption"
    _description = "Interruption of Limitation"
    _inherit = ["dunning.collector.mixin"]
    _order = "date desc, id desc"
    _check_company_auto = True

    profile_id = fields.Many2one(
        "credit.profile",
        string="Customer",
        required=True,
        index=True,
        readonly=True,
        ondelete="restrict",
    )
    partner_id = fields.Many2one(
        related="profile_id.partner_id", string="Partner", store=True
    )
    company_id = fields.Many2one(related="profile_id.company_id", store=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    date = fields.Date(
        required=True,
        readonly=True,
        help="Day of the act: the time counts anew from it. What comes after the last "
        "day revives nothing.",
    )
    scope = fields.Selection(
        [("all", "All the customer owes"), ("items", "Chosen items")],
        required=True,
        readonly=True,
    )
    move_line_ids = fields.Many2many(
        "account.move.line",
        "late_interruption_item_rel",
        "interruption_id",
        "line_id",
        string="Items",
        readonly=True,
    )
    attachment_ids = fields.Many2many(
        "ir.attachment", string="Documents", readonly=True, bypass_search_access=True
    )
    note = fields.Char(readonly=True)
    user_id = fields.Many2one(
        "res.users", string="Recorded by", required=True, readonly=True
    )
    undone_on = fields.Date(string="Taken back on", readonly=True, copy=False)
    undone_by_id = fields.Many2one(
        "res.users", string="Taken back by", readonly=True, copy=False
    )
    undo_reason = fields.Char(string="Why", readonly=True, copy=False)
    state = fields.Selection(
        [("valid", "Valid"), ("undone", "Taken back")], compute="_compute_state"
    )

    _acts_idx = models.Index("(partner_id, company_id) WHERE undone_on IS NULL")

    @api.depends("undone_on")
    def _compute_state(self):
        for act in self:
            act.state = "undone" if act.undone_on else "valid"

    @api.depends("kind", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for act in self:
            act.display_name = act.kind and self.env._(
                "%(kind)s of %(date)s",
                kind=labels[act.kind],
                date=format_date(self.env, act.date),
            )

    @api.constrains("date", "profile_id")
    def _check_date(self):
        for act in self:
            if act.date > act.company_id.sudo()._dunning_today():
                raise ValidationError(
                    self.env._("An act of a day to come interrupts nothing yet.")
                )

    @api.constrains("move_line_ids", "profile_id")
    def _check_items(self):
        for act in self:
            strangers = act.sudo().move_line_ids.filtered(
                lambda line, act=act: (
                    line.partner_id.commercial_partner_id != act.profile_id.partner_id
                )
            )
            if strangers:
                raise ValidationError(
                    self.env._(
                        "These items do not belong to %(customer)s: %(items)s",
                        items=", ".join(strangers.mapped("display_name")),
                        customer=act.profile_id.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._(
                "Interruptions are proof: they stay. Take back what was recorded by "
                "mistake."
            )
        )

    # === ACTIONS === #

    def action_undo(self):
        """Open the dialogue that asks why it is taken back."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Take back the interruption"),
            "res_model": "late.interruption.undo",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_interruption_id": self.id},
        }

    def action_open_document(self):
        """Download the first document."""
        self.ensure_one()
        self.check_access("read")
        attachment = self.attachment_ids[:1]
        if not attachment:
            raise UserError(self.env._("No document is attached."))
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "new",
        }

    # === BUSINESS METHODS === #

    @api.model
    def _record(self, vals):
        """Record an act; the last safe days follow at once.

        :param vals: values, with full rights: who may is checked by the caller.
        """
        act = self.sudo().create({**vals, "user_id": self.env.uid})
        act.attachment_ids.write({"res_model": self._name, "res_id": act.id})
        act.profile_id._message_log(
            body=self.env._(
                "Limitation interrupted: %(act)s, %(items)s",
                act=act.display_name,
                items=self.env._("all items")
                if act.scope == "all"
                else ", ".join(act.move_line_ids.mapped("display_name")),
            )
        )
        act.profile_id._refresh_limitations()
        return act

    def _undo(self, reason):
        """Take back what was recorded by mistake."""
        for act in self.filtered(lambda a: not a.undone_on):
            act.write(
                {
                    "undone_on": act.company_id._dunning_today(),
                    "undone_by_id": self.env.uid,
                    "undo_reason": reason,
                }
            )
            act.profile_id._message_log(
                body=self.env._(
                    "Interruption taken back: %(act)s. %(reason)s",
                    act=act.display_name,
                    reason=reason,
                )
            )
        self.profile_id._refresh_limitations()
