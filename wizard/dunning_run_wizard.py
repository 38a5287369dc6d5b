from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

AHEAD = 31  # days: a proposal of a later day would be overtaken before it can be issued


class DunningRunWizard(models.TransientModel):
    """Run dunning now: for all or for selected customers, for real or as a dry run.

    The dry run asks the same rules and shows what they say; it writes nothing but the
    rows of this dialogue, which are thrown away.
    """

    _name = "dunning.run.wizard"
    _description = "Run Dunning"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company.root_id
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(
        required=True,
        default=lambda self: self.env.company._dunning_today(),
        help="The day the rules look at; messages carry this date.",
    )
    profile_ids = fields.Many2many(
        "credit.profile",
        string="Customers",
        domain="[('company_id', '=', company_id)]",
        context={"active_test": False},
        help="Empty: all customers with open items.",
    )
    line_ids = fields.One2many("dunning.run.wizard.line", "wizard_id", readonly=True)
    tried = fields.Boolean()
    summary = fields.Char(compute="_compute_summary")

    @api.depends("line_ids", "tried")
    def _compute_summary(self):
        for wizard in self:
            messages = wizard.line_ids.filtered("level_id")
            wizard.summary = wizard.tried and self.env._(
                "%(customers)s customer(s) looked at, %(messages)s message(s) to send; "
                "nothing was written.",
                messages=len(messages),
                customers=len(wizard.line_ids),
            )

    def action_propose(self):
        """Make the proposal and open it."""
        self.ensure_one()
        profiles = self._chosen_profiles()
        today = self.company_id._dunning_today()
        if self.date > today + timedelta(days=AHEAD):
            raise UserError(
                self.env._(
                    "A proposal can be made up to %(days)s days ahead. A dry run or a "
                    "preview may look further.",
                    days=AHEAD,
                )
            )
        if self.date < today:
            raise UserError(
                self.env._(
                    "Messages cannot be dated back: choose today or a later day. A dry "
                    "run may look at any day."
                )
            )
        # sudo: collectors may run dunning (they may open this dialogue), not write runs
        run = (
            self.env["dunning.run"]
            .sudo()
            ._propose_run(self.company_id, self.date, profiles)
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": "dunning.run",
            "res_id": run.id,
            "view_mode": "form",
            "views": [(False, "form")],
            # the run is a place of its own, not something of the dialogue's record
            "context": {"active_id": False, "active_ids": [], "active_model": False},
        }

    def action_dry_run(self):
        """Show what a run on that day would decide."""
        self.ensure_one()
        profiles = self._chosen_profiles()
        if profiles is None:
            profiles = self.env["credit.profile"].search(
                [
                    ("company_id", "=", self.company_id.root_id.id),
                    ("active", "in", (True, False)),
                ]
            )
        lines = []
        for profile, situation, outcome in self.env["dunning.situation"]._decide(
            profiles, self.date
        ):
            if situation.rows:
                lines.append(self._prepare_line(profile, outcome))
        self.line_ids = [fields.Command.clear()] + [
            fields.Command.create(line) for line in lines
        ]
        self.tried = True
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Run dunning"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _chosen_profiles(self):
        """The customers chosen, ``None`` for all; of a company the user works in."""
        if self.company_id.root_id not in self.env.companies.root_id:
            raise UserError(
                self.env._(
                    "You do not work for %(company)s.",
                    company=self.company_id.sudo().name,
                )
            )
        chosen = self.with_context(active_test=False).profile_ids
        if chosen.company_id - self.company_id.root_id:
            raise UserError(
                self.env._(
                    "Choose customers of one company: a run belongs to %(company)s.",
                    company=self.company_id.root_id.name,
                )
            )
        return chosen.with_context(active_test=True) or None

    def _prepare_line(self, profile, outcome):
        message = outcome.message
        return {
            "profile_id": profile.id,
            "level_id": message.level.key if message else False,
            "item_count": len(message.carried) if message else 0,
            "amount": float(message.claimed) if message else 0.0,
            "sentence": profile._outcome_sentence(outcome),
        }


class DunningRunWizardLine(models.TransientModel):
    """What a dry run says about one customer."""

    _name = "dunning.run.wizard.line"
    _description = "Dry Run of Dunning"
    _order = "level_id desc, amount desc, id"

    wizard_id = fields.Many2one("dunning.run.wizard", required=True, ondelete="cascade")
    profile_id = fields.Many2one("credit.profile", string="Customer", required=True)
    level_id = fields.Many2one("dunning.level")
    item_count = fields.Integer(string="Items")
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    amount = fields.Monetary(string="Claimed")
    sentence = fields.Char(string="Why (not)")
