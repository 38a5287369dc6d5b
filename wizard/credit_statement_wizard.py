from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..models.credit_statement import STYLES

PREVIEW = 200  # up to this many customers are looked up while the dialogue is filled in
NAMED = 5  # customers left out are named up to this number


class CreditStatementWizard(models.TransientModel):
    """Print or e-mail statements of account, to one customer or to many.

    What the dialogue shows is for the eye: printing and sending look everything up
    anew, with the choice of customers alone taken from it.
    """

    _name = "credit.statement.wizard"
    _description = "Statements of Account"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company.root_id
    )
    profile_ids = fields.Many2many(
        "credit.profile",
        string="Customers",
        context={"active_test": False},
        help="Empty: all customers.",
    )
    date = fields.Date(
        string="As of",
        required=True,
        default=lambda self: self.env.company._dunning_today(),
        help="The books of that day are told: what was invoiced or paid later does not "
        "count.",
    )
    style = fields.Selection(
        STYLES,
        required=True,
        default="open",
        help="Open items: what is open on the day. All movements: what was invoiced "
        "and paid between two days, with opening and closing balance.",
    )
    date_from = fields.Date(
        string="From",
        compute="_compute_date_from",
        store=True,
        readonly=False,
        help="First day of the period; what was owed before is the opening balance.",
    )
    which = fields.Selection(
        [("open", "With something open"), ("overdue", "With something overdue")],
        string="Only customers",
        required=True,
        default="open",
        help="Customers with nothing to be told are always left out. With all "
        "movements, whoever had any in the period is told.",
    )
    line_ids = fields.One2many(
        "credit.statement.wizard.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )
    left_out = fields.Char(compute="_compute_line_ids", store=True)
    problem = fields.Char(compute="_compute_line_ids", store=True)
    is_large = fields.Boolean(compute="_compute_line_ids", store=True)
    state = fields.Selection(
        [("choose", "Choose"), ("done", "Done")], default="choose", readonly=True
    )
    result = fields.Char(readonly=True)
    profile_count = fields.Integer(
        string="Chosen customers", compute="_compute_profile_count"
    )
    can_send = fields.Boolean(compute="_compute_can_send")
    unsent_count = fields.Integer(compute="_compute_counts")
    email_count = fields.Integer(compute="_compute_counts")
    chosen_count = fields.Integer(compute="_compute_counts")

    # === COMPUTE METHODS === #

    @api.depends("date")
    def _compute_date_from(self):
        for wizard in self:
            if wizard.date and (not wizard.date_from or wizard.date_from > wizard.date):
                wizard.date_from = wizard.date.replace(month=1, day=1)

    @api.depends("profile_ids")
    def _compute_profile_count(self):
        for wizard in self:
            wizard.profile_count = len(
                wizard.with_context(active_test=False).profile_ids
            )

    @api.depends_context("uid")
    def _compute_can_send(self):
        self.can_send = self.env.user.has_group(
            "account_dunning.group_account_dunning_user"
        )

    @api.depends("line_ids.chosen", "line_ids.email")
    def _compute_counts(self):
        for wizard in self:
            chosen = wizard.line_ids.filtered("chosen")
            wizard.chosen_count = len(chosen)
            wizard.email_count = len(chosen.filtered("email"))
            wizard.unsent_count = len(wizard.line_ids.filtered("unsent"))

    @api.depends("profile_ids", "date", "style", "date_from", "which", "company_id")
    def _compute_line_ids(self):
        for wizard in self:
            if wizard.state == "done":
                continue
            profiles = wizard._profiles()
            wizard.problem = wizard.left_out = False
            wizard.is_large = len(profiles) > PREVIEW
            wizard.line_ids = [Command.clear()]
            if wizard.is_large:
                continue
            try:
                drafts, left_out = wizard._drafts(profiles)
            except UserError as error:  # the period is being filled in
                wizard.problem = str(error)
                continue
            wizard.line_ids = [
                Command.create(wizard._prepare_line(draft)) for draft in drafts
            ]
            wizard.left_out = wizard._left_out_sentence(left_out)

    # === ACTIONS === #

    def action_print(self):
        """One PDF with a statement for each chosen customer."""
        self.ensure_one()
        if self.state == "done":
            drafts = self._chosen_drafts(self.line_ids.filtered("unsent").profile_id)
        else:
            drafts = self._chosen_drafts()
        if not drafts:
            raise UserError(self._nothing_sentence())
        statements = self.env["credit.statement"]._make(
            drafts, "printed", *self._period()
        )
        return statements.with_env(self.env).action_print()

    def action_send(self):
        """E-mail each chosen customer its statement; print what has no address."""
        self.ensure_one()
        self.env["credit.profile"]._check_can_run()
        # a second click waits for the first, and finds it done
        if not self.try_lock_for_update():
            raise UserError(self.env._("These statements are being sent already."))
        if self.state == "done":
            return self._reopen()
        drafts = self._chosen_drafts()
        if not drafts:
            raise UserError(self._nothing_sentence())
        statements = self.env["credit.statement"]._queue(drafts, *self._period())
        unsent = statements.filtered(lambda s: s.state == "unsent")
        self.write(
            {
                "state": "done",
                "result": self._result_sentence(statements),
                "line_ids": [Command.clear()]
                + [Command.create(self._prepare_unsent(one)) for one in unsent],
            }
        )
        return self._reopen()

    def action_view_statements(self):
        """The statements made, with what became of them."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.credit_statement_action"
        )
        return dict(action, context={"search_default_mine": 1})

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Statement of account"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    # === HELPERS === #

    def _profiles(self):
        """The customers chosen, else all of the company."""
        self.ensure_one()
        chosen = self.with_context(active_test=False).profile_ids
        if chosen:
            return chosen._origin.with_context(active_test=True)
        return self.env["credit.profile"].search(
            [
                ("company_id", "=", self.company_id.root_id.id),
                ("active", "in", (True, False)),
            ]
        )

    def _period(self):
        self.ensure_one()
        return self.date, self.style, self.style == "activity" and self.date_from

    def _drafts(self, profiles):
        """What these customers would be told, and those left out."""
        self.ensure_one()
        if not self.date:
            raise UserError(self.env._("Choose the day whose books are told."))
        drafts = self.env["credit.statement"]._drafts(profiles, *self._period())
        told = [
            draft
            for draft in drafts
            if draft.statements and (self.which == "open" or draft.overdue)
        ]
        kept = profiles.browse(draft.profile.id for draft in told)
        return told, profiles - kept

    def _chosen_drafts(self, profiles=None):
        """Looked up now, whatever the dialogue shows."""
        self.ensure_one()
        if profiles is None:
            profiles = self._profiles()
            if not self.is_large:
                profiles &= self.line_ids.filtered("chosen").profile_id
            drafts, __ = self._drafts(profiles)
            if self.is_large:
                drafts = [draft for draft in drafts if draft.reason != "earlier"]
            return drafts
        return self._drafts(profiles)[0]

    def _prepare_line(self, draft):
        return {
            "profile_id": draft.profile.id,
            "chosen": draft.reason != "earlier",
            "balance": self._amounts(draft, "closing"),
            "overdue": self._amounts(draft, "overdue"),
            "email": draft.email.target if draft.email else False,
            "note": self._draft_note(draft),
        }

    @api.model
    def _prepare_unsent(self, statement):
        return {
            "profile_id": statement.profile_id.id,
            "unsent": True,
            "note": statement.reason,
        }

    @api.model
    def _amounts(self, draft, name):
        """The amounts of all currencies in one text; zeros only when alone."""
        amounts = [
            (one.currency, getattr(one.figures, name)) for one in draft.statements
        ]
        shown = [pair for pair in amounts if pair[1]] or amounts[:1]
        return " · ".join(currency.format(float(amount)) for currency, amount in shown)

    @api.model
    def _draft_note(self, draft):
        if draft.reason == "address":
            return self.env._("No e-mail address: print it")
        if draft.reason == "earlier":
            return draft.profile._statement_earlier_note(draft.earlier)
        return False

    def _left_out_sentence(self, left_out):
        if not left_out:
            return False
        names = ", ".join(left_out[:NAMED].mapped("display_name"))
        if len(left_out) > NAMED:
            names = self.env._(
                "%(names)s and %(count)s more", names=names, count=len(left_out) - NAMED
            )
        if self.which == "overdue":
            return self.env._("Left out, nothing overdue: %(names)s", names=names)
        return self.env._("Left out, nothing open: %(names)s", names=names)

    def _nothing_sentence(self):
        return self.env._(
            "There is no statement to make: none of the chosen customers has anything "
            "to be told on that day."
        )

    @api.model
    def _result_sentence(self, statements):
        count = len(statements.filtered(lambda s: s.state == "sent"))
        waiting = len(statements.filtered(lambda s: s.state == "queued"))
        if waiting:
            return self.env._(
                "%(count)s statements are being sent in the background.", count=waiting
            )
        if not count:
            return self.env._("No statement was sent.")
        return self.env._(
            "%(count)s statement(s) handed over to the mail queue.", count=count
        )


class CreditStatementWizardLine(models.TransientModel):
    """One customer in the dialogue: what it would be told and how it is reached."""

    _name = "credit.statement.wizard.line"
    _description = "Customer of the Statements of Account"
    _order = "id"

    wizard_id = fields.Many2one(
        "credit.statement.wizard", required=True, ondelete="cascade"
    )
    profile_id = fields.Many2one("credit.profile", string="Customer", required=True)
    chosen = fields.Boolean(default=True, help="Gets a statement.")
    balance = fields.Char()
    overdue = fields.Char()
    email = fields.Char(string="E-mail")
    note = fields.Char(string="Remark")
    unsent = fields.Boolean()
