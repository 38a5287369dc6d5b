from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .credit_gated_mixin import WAITING, Passed

ZERO = Decimal(0)


class AccountMove(models.Model):
    """Customer invoices stop at the credit gate before they are posted.

    Credit notes, receipts and payments never do: they lower what is owed, or are paid
    at once. Neither do invoices of a till, whose goods have left, nor those of a down
    payment, which is what a customer without credit is asked for.
    """

    _name = "account.move"
    _inherit = ["account.move", "credit.gated.mixin"]

    _credit_gate_method = "_post"

    _credit_waiting_idx = models.Index(
        "(partner_id) WHERE credit_state IN ('held', 'requested')"
    )

    @api.depends("partner_id", "amount_total", "currency_id", "state", "company_id")
    def _compute_credit_sentence(self):
        return super()._compute_credit_sentence()

    # === HOOKS OF THE GATE === #

    def _credit_subject(self):
        subject = (
            super()
            ._credit_subject()
            .filtered(
                lambda move: (
                    move.move_type == "out_invoice"
                    and move.state == "draft"
                    and move.partner_id
                    and not move._credit_is_advance()
                )
            )
        )
        if "pos_order_ids" in self._fields:
            subject = subject.filtered(lambda move: not move.sudo().pos_order_ids)
        return subject

    def _credit_is_advance(self):
        """Whether it asks for a down payment, and for nothing else."""
        self.ensure_one()
        return self._is_downpayment()

    def _credit_rank(self):
        self.ensure_one()
        day = self.invoice_date or self.date or fields.Date.context_today(self)
        return (day, self._origin.id or 0)

    def _credit_document_name(self):
        """A draft has no number yet: told apart as the list of held documents does."""
        name = super()._credit_document_name()
        if self.name and self.name != "/":
            return name
        return f"{name} ({self.ref or f'*{self.id}'})"

    def _credit_responsible(self):
        self.ensure_one()
        return self.invoice_user_id or super()._credit_responsible()

    def _credit_prepaid(self, company, day):
        result = defaultdict(lambda: ZERO, super()._credit_prepaid(company, day))
        received = self.env["credit.gate"]._received(self, company, day)
        for key, amount in received.items():
            result[key] += amount
        return result

    @api.model
    def _credit_waiting_customer_domain(self, company, profiles):
        return Domain("partner_id.commercial_partner_id", "in", profiles.partner_id.ids)

    def _credit_gated(self, confirm, soft=True):
        """``_post``: what is not posted today is judged on its day."""
        later = self.browse()
        if soft:
            today = fields.Date.context_today(self)
            later = self.filtered(lambda move: move.date > today)
        moves = self
        if self.env.context.get("credit_gate_skips_held"):
            # it says which entries the scheduled action looks at, and goes no further
            moves = self.with_context(credit_gate_skips_held=False)
        passed = (moves - later)._credit_pass()
        passing = passed | later
        if self and not passing:
            return self.browse()
        moves = moves.filtered(lambda move: move in passing)
        moves = moves.with_context(credit_gate_passed=Passed(passed._ids))
        posted = confirm(moves, soft)
        if isinstance(posted, models.BaseModel):
            # what passed has passed: nothing later may take it for having done so
            posted = posted.with_env(self.env)
        return posted

    def _credit_go_on(self):
        """Entries posted by schedule: not next night, but now."""
        if any(move.auto_post != "no" for move in self):
            cron = self.env.ref(
                "account.ir_cron_auto_post_draft_entry", raise_if_not_found=False
            )
            if cron:
                cron.sudo()._trigger()

    # === OVERRIDES === #

    @api.model_create_multi
    def create(self, vals_list):
        self._credit_check_born(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._credit_check_hand(vals)
        state = vals.get("state")
        moving = self._credit_moving() if state == "posted" else self.browse()
        if moving:
            return self._credit_write_posted(moving, vals)
        result = super().write(vals)
        if state in ("draft", "cancel"):
            self._credit_reset()
        if state:
            # an invoice posted lowers nothing that anybody owes
            curing = (
                self.filtered(lambda move: move.move_type != "out_invoice")
                if state == "posted"
                else self
            )
            self.env["credit.gate"]._recheck_later(curing._credit_debtor_ids())
        return result

    def _credit_moving(self):
        """Invoices that a program posts by writing their state, past the method."""
        moving = self.filtered(
            lambda move: move.move_type == "out_invoice" and move.state != "posted"
        )
        moving -= moving._credit_has_passed()
        closed = moving.filtered(lambda move: move.state != "draft")
        if closed:
            raise UserError(
                self.env._(
                    "%(invoices)s: set the invoice back to draft before you confirm "
                    "it.",
                    invoices=", ".join(closed.mapped("display_name")),
                )
            )
        return moving

    def _credit_write_posted(self, moving, vals):
        """Judge what a program posts by hand; what is held gets all but the state.

        :param moving: those of these entries that have passed no gate.
        """
        posting = {
            name: vals[name] for name in ("state", "posted_before") if name in vals
        }
        rest = {name: value for name, value in vals.items() if name not in posting}
        if rest:
            # what it will be is judged, not what it was
            self.write(rest)
        passing = (self - moving) | moving._credit_pass()
        if not passing:
            return True
        passed = passing.with_context(credit_gate_passed=Passed(passing._ids))
        return passed.write(posting)

    def unlink(self):
        self.env["credit.gate"]._recheck_later(self._credit_debtor_ids())
        self._credit_reset()
        return super().unlink()

    def _credit_debtor_ids(self):
        """Customers whose receivable items these entries have."""
        lines = self.sudo().line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        return lines.partner_id.ids

    @api.model
    def _search(self, domain, *args, **kwargs):
        """The scheduled action takes the first hundred entries that are due: what is
        held would come first again and again, and keep the others from their turn.
        """
        if self.env.context.get("credit_gate_skips_held"):
            domain = Domain(domain) & ~Domain("credit_state", "in", WAITING)
        return super()._search(domain, *args, **kwargs)

    def _autopost_draft_entries(self, batch_size=100):
        gated = self.with_context(credit_gate_skips_held=True)
        return super(AccountMove, gated)._autopost_draft_entries(batch_size)

    def action_post(self):
        """Say what is held, if something is."""
        return self._credit_told_held(super().action_post)

    def action_validate_moves_with_confirmation(self):
        return self._credit_told_held(super().action_validate_moves_with_confirmation)

    def _credit_told_held(self, confirm):
        drafts = self.filtered(lambda move: move.state == "draft")
        result = confirm()
        held = drafts.filtered(
            lambda move: move.state == "draft" and move.credit_state in WAITING
        )
        # a dialogue of core goes before: the reasons stand on the invoice
        return result or (held._credit_notification() if held else result)
