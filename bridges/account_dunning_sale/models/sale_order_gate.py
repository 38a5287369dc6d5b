from collections import defaultdict
from decimal import ROUND_CEILING, Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import clean_context

from odoo.addons.account_dunning.engine import gate
from odoo.addons.account_dunning.models.credit_gated_mixin import WAITING, Passed

ZERO = Decimal(0)


class SaleOrder(models.Model):
    """Orders stop at the credit gate before they are confirmed.

    By whatever way: the button, the customer's signature or payment on the portal, an
    import that brings orders as confirmed, a program that writes the state.
    """

    _name = "sale.order"
    _inherit = ["sale.order", "credit.gated.mixin"]

    _credit_gate_method = "action_confirm"
    _credit_open_states = ("draft", "sent")

    _credit_waiting_idx = models.Index(
        "(partner_invoice_id) WHERE credit_state IN ('held', 'requested')"
    )

    credit_can_ask_deposit = fields.Boolean(
        compute="_compute_credit_can_ask_deposit",
        compute_sudo=True,
        groups="base.group_user",
    )

    credit_passed_amount = fields.Monetary(
        string="Passed the credit check with",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="The total when the order was confirmed, and what was added since and "
        "passed. What was added past the check is looked at when it is invoiced.",
    )

    credit_passed = fields.Boolean(
        string="Passed the credit check",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Unticked: confirmed before there was one.",
    )

    @api.depends(
        "partner_invoice_id", "amount_total", "currency_id", "state", "company_id"
    )
    def _compute_credit_sentence(self):
        return super()._compute_credit_sentence()

    @api.depends("credit_state", "credit_reasons")
    def _compute_credit_can_ask_deposit(self):
        for order in self:
            order.credit_can_ask_deposit = bool(
                order.credit_state in WAITING
                and order._credit_is_open()
                and order._credit_deposit()
            )

    # === HOOKS OF THE GATE === #

    def _credit_subject(self):
        subject = super()._credit_subject()
        return subject.filtered(
            lambda order: (
                order.state in self._credit_open_states and order.partner_invoice_id
            )
        )

    def _credit_prepaid(self, company, day):
        result = defaultdict(lambda: ZERO, super()._credit_prepaid(company, day))
        received = self.env["credit.gate"]._received(self, company, day)
        for key, amount in received.items():
            result[key] += amount
        return result

    def _credit_responsible(self):
        self.ensure_one()
        return self.user_id or super()._credit_responsible()

    @api.model
    def _credit_waiting_customer_domain(self, company, profiles):
        return Domain(
            "partner_invoice_id.commercial_partner_id", "in", profiles.partner_id.ids
        )

    def _credit_gated(self, confirm, *args, **kwargs):
        on_screen = self.with_context(credit_on_screen=True)
        passing = self.browse(on_screen._credit_pass().ids)
        held = self - passing
        result = True
        if passing or not self:
            passed = passing.with_context(credit_gate_passed=Passed(passing._ids))
            result = confirm(passed, *args, **kwargs)
            passing.sudo()._credit_note_passed()
        return held._credit_notification() if held else result

    def _credit_note_passed(self):
        """What an order has when it is confirmed was judged; what is added, later."""
        self._update_rows(
            {
                order.id: {
                    "credit_passed": True,
                    "credit_passed_amount": order.amount_total,
                }
                for order in self
            }
        )

    def _credit_passed_share(self):
        """The share of the order that was judged; orders of before count in full."""
        self.ensure_one()
        passed, total = self.credit_passed_amount, self.amount_total
        if not self.credit_passed or total <= passed:
            return Decimal(1)
        return Decimal(str(passed)) / Decimal(str(total))

    def _credit_deposit(self):
        """Only the part over the limit, where nothing else holds the order back."""
        self.ensure_one()
        return gate.deposit(self._credit_verdict(), self._credit_amount())

    # === OVERRIDES === #

    @api.model_create_multi
    def create(self, vals_list):
        """Imports and programs may bring orders that are confirmed already.

        They are made as quotations and judged before anything follows from them: lines
        that come into being on a confirmed order start deliveries, purchases and tasks
        at once. What passes is confirmed and starts them then, keeping its own dates;
        what is held stays a quotation, and waits.
        """
        self._credit_check_born(vals_list)
        usual = self.default_get(["state"]).get("state")
        born = [vals.get("state", usual) == "sale" for vals in vals_list]
        if not any(born):
            return super().create(vals_list)
        orders = super().create(
            [
                dict(vals, state="draft") if confirmed else vals
                for vals, confirmed in zip(vals_list, born, strict=True)
            ]
        )
        # what was to be the state of the order is none of what follows from it
        plain = orders.with_context(clean_context(self.env.context))
        waiting = plain.browse(
            order.id for order, yes in zip(orders, born, strict=True) if yes
        )
        waiting.write({"state": "sale"})
        passing = waiting.filtered(lambda order: order.state == "sale")
        passing.with_context(credit_gate_passed=Passed(passing._ids))._action_confirm()
        passing.sudo()._credit_note_passed()
        return orders

    def write(self, vals):
        self._credit_check_hand(vals)
        state = vals.get("state")
        moving = self._credit_moving() if state == "sale" else self.browse()
        result = super(SaleOrder, self - moving).write(vals)
        if moving:
            # what it will be is judged, not what it was
            super(SaleOrder, moving).write(
                {name: value for name, value in vals.items() if name != "state"}
            )
            passing = moving._credit_pass()
            super(SaleOrder, passing).write({"state": state})
            passing.sudo()._credit_note_passed()
        if state in ("draft", "cancel"):
            self._credit_reset()
        if state == "cancel":
            customers = self.sudo().partner_invoice_id.commercial_partner_id
            self.env["credit.gate"]._recheck_later(customers.ids)
        return result

    def _credit_moving(self):
        """Those a program confirms by writing the state, past the button."""
        moving = self.filtered(lambda order: order.state != "sale")
        moving -= moving._credit_has_passed()
        closed = moving.filtered(lambda o: o.state not in self._credit_open_states)
        if closed:
            raise UserError(
                self.env._(
                    "%(orders)s: set the order back to a quotation before you confirm "
                    "it.",
                    orders=", ".join(closed.mapped("name")),
                )
            )
        return moving

    def unlink(self):
        self._credit_reset()
        return super().unlink()

    # === ACTIONS === #

    def action_credit_ask_deposit(self):
        """Ask the customer online for the deposit that cures the order, and open the
        e-mail that brings the quotation.
        """
        self.ensure_one()
        deposit = self._credit_deposit()
        amount = self._credit_amount()
        if not deposit or not amount:
            raise UserError(self.env._("A deposit would not lift this hold."))
        share = (deposit / amount).quantize(Decimal("0.01"), ROUND_CEILING)
        self.write(
            {
                "require_payment": True,
                "prepayment_percent": max(
                    float(min(share, Decimal(1))),
                    self.prepayment_percent if self.require_payment else 0.0,
                ),
            }
        )
        self._message_log(
            body=self.env._(
                "Deposit of %(percent)s %% asked for, so that the order may be "
                "confirmed.",
                percent=round(self.prepayment_percent * 100),
            )
        )
        return self.action_quotation_send()


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _check_amount_and_confirm_order(self):
        """What is held was not confirmed: its customer hears that the money came."""
        orders = super()._check_amount_and_confirm_order()
        return orders.filtered(lambda order: order.state == "sale")
