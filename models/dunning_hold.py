from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import format_date


class DunningHold(models.Model):
    """A dated, reasoned pause of some items, or of everything a customer owes.

    While it covers an item, the item neither escalates nor appears in a message.
    """

    _name = "dunning.hold"
    _description = "Dunning Hold"
    _order = "date_from desc, id desc"
    _check_company_auto = True

    profile_id = fields.Many2one(
        "credit.profile",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="profile_id.company_id", store=True)
    partner_id = fields.Many2one(related="profile_id.partner_id", string="Partner")
    kind = fields.Selection(
        [
            ("manual", "Manual pause"),
            ("dispute", "Dispute"),
            ("promise", "Promise to pay"),
        ],
        required=True,
        default="manual",
    )
    scope = fields.Selection(
        [("customer", "Everything the customer owes"), ("items", "Chosen items")],
        compute="_compute_scope",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="A pause of chosen items never grows into one of the whole customer, also "
        "when its invoices are deleted.",
    )
    move_line_ids = fields.Many2many(
        "account.move.line",
        string="Items",
        help="Leave empty to pause everything the customer owes.",
    )
    reason = fields.Char(required=True)
    date_from = fields.Date(
        string="From",
        compute="_compute_date_from",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    date_to = fields.Date(
        string="Until",
        help="Last day of the pause. Without it the pause lasts until its owner ends "
        "it.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        required=True,
        default=lambda self: self.env.user,
        help="Who sees to it that the pause ends.",
    )
    ended_on = fields.Date(
        readonly=True, copy=False, help="Day on which a person ended the pause early."
    )
    state = fields.Selection(
        [("planned", "Planned"), ("running", "Running"), ("ended", "Ended")],
        compute="_compute_state",
        search="_search_state",
    )

    _dates_ordered = models.Constraint(
        "CHECK (date_to IS NULL OR date_to >= date_from)",
        "A pause cannot end before it starts.",
    )
    _promise_dated = models.Constraint(
        "CHECK (kind != 'promise' OR date_to IS NOT NULL)",
        "A promise needs the day for which payment was promised.",
    )
    _running_idx = models.Index("(profile_id, date_from) WHERE ended_on IS NULL")

    @api.depends("profile_id")
    def _compute_date_from(self):
        """From today on, unless somebody says otherwise."""
        for hold in self:
            hold.date_from = hold.date_from or hold._today()

    @api.depends("move_line_ids")
    def _compute_scope(self):
        for hold in self:
            if hold.move_line_ids:
                hold.scope = "items"
            elif not hold.scope:
                hold.scope = "customer"

    @api.depends("date_from", "date_to", "ended_on")
    def _compute_state(self):
        for hold in self:
            today = hold._today()
            if hold.ended_on or (hold.date_to and hold.date_to < today):
                hold.state = "ended"
            elif hold.date_from and hold.date_from > today:
                hold.state = "planned"
            else:
                hold.state = "running"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented

        def domain_of(today):
            over = Domain("ended_on", "!=", False) | Domain("date_to", "<", today)
            domains = {
                "ended": over,
                "planned": ~over & Domain("date_from", ">", today),
                "running": self._running_domain(today),
            }
            return Domain.OR(domains[state] for state in value if state in domains)

        return self.env["res.company"]._dunning_domain_today(domain_of)

    @api.constrains("profile_id", "move_line_ids")
    def _check_items(self):
        for hold in self:
            strangers = hold.move_line_ids.filtered(
                lambda line, hold=hold: (
                    line.partner_id.commercial_partner_id != hold.profile_id.partner_id
                )
            )
            if strangers:
                raise ValidationError(
                    self.env._(
                        "These items do not belong to %(customer)s: %(items)s",
                        items=", ".join(strangers.mapped("display_name")),
                        customer=hold.profile_id.display_name,
                    )
                )

    @api.depends("kind", "reason", "date_to")
    def _compute_display_name(self):
        for hold in self:
            hold.display_name = hold._sentence() if hold.reason else False

    @api.model_create_multi
    def create(self, vals_list):
        holds = super().create(vals_list)
        for hold in holds:
            hold._log(self.env._("Dunning paused: %(pause)s", pause=hold._sentence()))
        holds.profile_id._refresh_figures()
        return holds

    def write(self, vals):
        before = {hold: hold._sentence() for hold in self}
        result = super().write(vals)
        for hold, sentence in before.items():
            if hold._sentence() != sentence:
                hold._log(
                    self.env._(
                        "Pause changed: %(before)s → %(after)s",
                        before=sentence,
                        after=hold._sentence(),
                    )
                )
        self.profile_id._refresh_figures()
        return result

    def unlink(self):
        for hold in self:
            hold._log(self.env._("Pause deleted: %(pause)s", pause=hold._sentence()))
        profiles = self.profile_id
        result = super().unlink()
        profiles._refresh_figures()
        return result

    # === ACTIONS === #

    def action_end(self):
        """End the pause now; dunning goes on from where it was."""
        for hold in self.filtered(lambda h: not h.ended_on):
            hold.ended_on = hold._today()
            hold._log(self.env._("Pause ended: %(pause)s", pause=hold._sentence()))

    # === BUSINESS METHODS === #

    def _today(self):
        """The local date of the company, as for the rules."""
        company = self.profile_id.company_id or self.env.company
        return company.sudo()._dunning_today()

    @api.model
    def _running_domain(self, day):
        """Holds that cover that day."""
        return (
            Domain("date_from", "<=", day)
            & Domain("ended_on", "=", False)
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", day))
        )

    def _sentence(self):
        """One sentence for people: since when, until when, why, and what."""
        self.ensure_one()
        kind = dict(self._fields["kind"]._description_selection(self.env))[self.kind]
        until = (
            self.env._("until %(date)s", date=self._format_date(self.date_to))
            if self.date_to
            else self.env._("until further notice")
        )
        items = (
            self.env._("%(count)s item(s)", count=len(self.move_line_ids))
            if self.scope == "items"
            else self.env._("all items")
        )
        return self.env._(
            "%(kind)s, %(items)s, %(until)s: %(reason)s",
            kind=kind,
            items=items,
            until=until,
            reason=self.reason,
        )

    def _chip_label(self):
        """A few words for an item: what holds it, and until when."""
        self.ensure_one()
        day = self.date_to and format_date(self.env, self.date_to)
        if self.kind == "promise":
            return self.env._("Promised for %(date)s", date=day)
        if self.kind == "dispute":
            return self.env._("Disputed")
        if day:
            return self.env._("On hold until %(date)s", date=day)
        return self.env._("On hold until further notice")

    def _format_date(self, day):
        return self.env["ir.qweb.field.date"].value_to_html(day, {})

    def _log(self, body):
        self.ensure_one()
        self.profile_id._message_log(body=body)
