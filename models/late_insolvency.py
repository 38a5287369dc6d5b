from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..engine import insolvency
from ..engine.escalation import Reason


class CreditProfile(models.Model):
    """Insolvency of a customer: what is older than the judgment stands still.

    ``insolvency_date`` is what everybody asks for: interest and compensation of items
    invoiced before it stop there (``engine.late_item.Item.stop``), they are reminded no
    more, and declared to the administrator instead. Later invoices go on as before.
    """

    _inherit = "credit.profile"

    # readonly: the dialogue writes them, because more follows from them
    insolvency_date = fields.Date(
        string="Insolvency judgment",
        tracking=True,
        readonly=True,
        copy=False,
        help="Day of the judgment that opened the proceedings. Interest and "
        "compensation stop there, and nothing older is reminded.",
    )
    insolvency_published_on = fields.Date(
        string="Judgment published on", tracking=True, readonly=True, copy=False
    )
    insolvency_claim_date = fields.Date(
        string="Declare the claim until", tracking=True, readonly=True, copy=False
    )
    insolvency_claimed_on = fields.Date(
        string="Claim declared on", tracking=True, readonly=True, copy=False
    )
    insolvency_court = fields.Char(
        string="Court", tracking=True, readonly=True, copy=False
    )
    insolvency_reference = fields.Char(
        string="Insolvency file",
        tracking=True,
        readonly=True,
        copy=False,
        help="Number of the file at the court.",
    )
    insolvency_administrator = fields.Char(
        string="Administrator",
        tracking=True,
        readonly=True,
        copy=False,
        help="To whom the claim is declared: name and address.",
    )
    insolvency_ended_on = fields.Date(
        string="Proceedings ended on", tracking=True, readonly=True, copy=False
    )
    insolvency_resumed = fields.Boolean(
        string="Older claims are due again",
        tracking=True,
        readonly=True,
        copy=False,
        help="The proceedings are over, and what is older than the judgment is "
        "reminded again. Interest stays as it stood on the day of the judgment.",
    )
    insolvency_state = fields.Selection(
        [("open", "Open proceedings"), ("ended", "Ended")],
        string="Insolvency",
        compute="_compute_insolvency_state",
        store=True,
        index="btree_not_null",
    )

    @api.depends("insolvency_date", "insolvency_ended_on")
    def _compute_insolvency_state(self):
        for profile in self:
            profile.insolvency_state = bool(profile.insolvency_date) and (
                "ended" if profile.insolvency_ended_on else "open"
            )

    # === ACTIONS === #

    def action_insolvency(self):
        """Open the dialogue that records a judgment, or mends what was recorded."""
        self.ensure_one()
        return self._open_dialogue(
            "late.insolvency.wizard", self.env._("Insolvency proceedings")
        )

    def action_insolvency_end(self):
        """Open the dialogue for the end of the proceedings."""
        self.ensure_one()
        return self._open_dialogue(
            "late.insolvency.end", self.env._("End of the proceedings")
        )

    def action_insolvency_declared(self):
        """A person has declared the claim: the task is done."""
        self._check_can_run()
        self.check_access("read")
        for profile in self.sudo().filtered("insolvency_date"):
            profile.insolvency_claimed_on = profile.company_id._dunning_today()
            profile._insolvency_tasks().action_feedback(
                feedback=self.env._("The claim was declared.")
            )

    def action_insolvency_items(self):
        """The open items older than the judgment: what is to be declared."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Claim as of the judgment"),
            "res_model": "account.move.line",
            "views": [
                (
                    self.env.ref(
                        "account_dunning.account_move_line_view_list_insolvency"
                    ).id,
                    "list",
                ),
                (False, "form"),
            ],
            "search_view_id": [
                self.env.ref(
                    "account_dunning.account_move_line_view_search_insolvency"
                ).id,
                "search",
            ],
            "domain": self._insolvency_items_domain(),
            "context": {"create": False},
        }

    def action_insolvency_statement(self):
        """Open the statement of account as of the eve of the judgment."""
        self.ensure_one()
        if not self.insolvency_date:
            raise UserError(self.env._("No judgment is recorded for this customer."))
        action = self.action_statement()
        action["context"] = {
            **(action.get("context") or {}),
            "default_date": fields.Date.to_string(
                fields.Date.subtract(self.insolvency_date, days=1)
            ),
        }
        return action

    def _open_dialogue(self, model, name):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_profile_id": self.id},
        }

    # === BUSINESS METHODS === #

    def _insolvency_items_domain(self):
        """Journal items that arose before the judgment and were open at its day.

        What was paid since is among them: the claim is declared as it stood.
        """
        self.ensure_one()
        day = self.insolvency_date
        settled_later = Domain(
            "matched_credit_ids", "any", [("max_date", ">=", day)]
        ) | Domain("matched_debit_ids", "any", [("max_date", ">=", day)])
        arose = Domain("move_id.invoice_date", "<", day) | (
            Domain("move_id.invoice_date", "=", False) & Domain("date", "<", day)
        )
        return list(
            Domain("partner_id.commercial_partner_id", "=", self.partner_id.id)
            & Domain("account_type", "=", "asset_receivable")
            & Domain("parent_state", "=", "posted")
            & Domain("company_id", "child_of", self.company_id.id)
            & arose
            & (Domain("reconciled", "=", False) | settled_later)
        )

    def _open_insolvency(self, vals):
        """Record a judgment, and do what follows from it at once.

        Proposals and messages that have not left are taken back where they claim what
        is older; the collector gets the task to declare the claim.

        :param vals: fields ``insolvency_*``.
        """
        self.ensure_one()
        profile = self.sudo()
        first = profile.insolvency_date != vals["insolvency_date"]
        profile.write(
            {"insolvency_ended_on": False, "insolvency_resumed": False, **vals}
        )
        profile._withdraw_insolvent()
        profile._message_log(body=profile._insolvency_words(first))
        profile._plan_insolvency_task()
        profile._refresh_figures()

    def _withdraw_insolvent(self):
        """Take back what would still claim items older than the judgment."""
        self.ensure_one()
        reason = self.env["dunning.notice"]._reason_label(Reason.INSOLVENT)
        older = Domain("kind", "=", "item") & Domain(
            "invoice_date", "<", self.insolvency_date
        )
        notices = self.env["dunning.notice"].search(
            Domain("profile_id", "=", self.id)
            & Domain("state", "in", ("draft", "approved", "issued"))
            & Domain("line_ids", "any", older)
        )
        proposed = notices.filtered(lambda n: n.state != "issued")
        proposed._cancel(reason)
        proposed.run_id._update_state()
        waiting = (notices - proposed).filtered(
            lambda n: (
                n.delivery_state == "pending"
                and not n.delivery_ids.filtered(lambda d: d.state == "sending")
            )
        )
        waiting._withdraw(dict.fromkeys(waiting.ids, reason))

    def _insolvency_words(self, first):
        """What the chatter says of the judgment, or of a change to what is known."""
        day = format_date(self.env, self.insolvency_date)
        if first:
            return self.env._(
                "Insolvency proceedings opened by the judgment of %(date)s. Interest "
                "and reminders of what is older stand still; later invoices go on.",
                date=day,
            )
        return self.env._(
            "Insolvency proceedings of %(date)s: details changed.", date=day
        )

    def _plan_insolvency_task(self):
        """The task to declare the claim, with its deadline; moved when it is there."""
        self.ensure_one()
        if self.insolvency_claimed_on:
            return
        known = self._insolvency_tasks()
        user = self._responsible() or self.env.user
        told = self.with_context(lang=user.lang)
        deadline = self.insolvency_claim_date or self.company_id._dunning_today()
        note = told.env._(
            "Declare the claim to the administrator: what is older than the judgment "
            "and not declared in time may be lost. The page of the customer lists it "
            "and prints the statement. %(details)s",
            details=" · ".join(
                filter(
                    None,
                    (
                        self.insolvency_administrator,
                        self.insolvency_court,
                        self.insolvency_reference,
                    ),
                )
            ),
        )
        note = Markup("<p>%s</p>") % note
        summary = told.env._("Declare the claim")
        if known:
            known.write({"date_deadline": deadline, "note": note, "summary": summary})
            return
        self.activity_schedule(
            "account_dunning.mail_activity_type_insolvency",
            date_deadline=deadline,
            summary=summary,
            note=note,
            user_id=user.id,
        )

    def _insolvency_tasks(self):
        """Open tasks to declare the claim of these customers."""
        activity_type = self.env.ref("account_dunning.mail_activity_type_insolvency")
        return (
            self.env["mail.activity"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "in", self.ids),
                    ("activity_type_id", "=", activity_type.id),
                ]
            )
        )

    def _end_insolvency(self, day, outcome):
        """The proceedings are over.

        :param outcome: ``closed``: what is older is never reminded again; ``resumed``:
            it is due again. Interest stays stopped either way (C. com. L622-28).
        """
        self.ensure_one()
        profile = self.sudo()
        profile.write(
            {
                "insolvency_ended_on": day,
                "insolvency_resumed": outcome == "resumed",
            }
        )
        profile._insolvency_tasks().unlink()
        Wizard = self.env["late.insolvency.end"]
        labels = dict(Wizard._fields["outcome"]._description_selection(self.env))
        profile._message_log(
            body=self.env._(
                "Insolvency proceedings ended on %(date)s. %(outcome)s",
                date=format_date(self.env, day),
                outcome=labels[outcome],
            )
        )
        profile._refresh_figures()

    def _drop_insolvency(self, reason):
        """Recorded by mistake, or annulled: as if it had never been."""
        self.ensure_one()
        profile = self.sudo()
        day = profile.insolvency_date
        profile.write(
            {
                "insolvency_date": False,
                "insolvency_published_on": False,
                "insolvency_claim_date": False,
                "insolvency_claimed_on": False,
                "insolvency_court": False,
                "insolvency_reference": False,
                "insolvency_administrator": False,
                "insolvency_ended_on": False,
                "insolvency_resumed": False,
            }
        )
        profile._insolvency_tasks().unlink()
        profile._message_log(
            body=self.env._(
                "Insolvency judgment of %(date)s taken back: %(reason)s",
                date=format_date(self.env, day),
                reason=reason,
            )
        )
        profile._refresh_figures()

    @api.model
    def _insolvency_deadline(self, profile, published):
        """Default of the day until which the claim has to be declared, or False."""
        company = profile.company_id.sudo()
        country = profile.partner_id.country_id or company.country_id
        return (
            insolvency.declare_until(
                country.code or None,
                company.country_id.code or None,
                published or None,
            )
            or False
        )
