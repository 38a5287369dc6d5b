from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.account_dunning.models.credit_gated_mixin import WAITING


class SaleOrder(models.Model):
    """What becomes of held orders once nothing holds them any more.

    An order that the customer signed or paid online is confirmed automatically, and the
    customer gets the confirmation that was due then. One that a salesperson wanted to
    confirm is left to the salesperson, who may ask for the same.
    """

    _inherit = "sale.order"

    credit_ordered_amount = fields.Monetary(
        string="Ordered online for",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="The total when the customer signed or paid, and the order was held. The "
        "customer gets the confirmation as soon as the order is confirmed.",
    )
    credit_auto_confirm = fields.Boolean(
        string="Confirm when no longer held",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="It is confirmed automatically as soon as nothing holds it any more.",
    )

    _credit_auto_confirm_idx = models.Index("(id) WHERE credit_auto_confirm")

    # === HELD === #

    def _credit_gated(self, confirm, *args, **kwargs):
        """Customers who confirm have been promised a confirmation, and get it when
        their order is confirmed, whoever does it then.
        """
        # core says so of what customers confirm themselves
        by_customer = self.env.context.get("send_email")

        def confirm_and_write(orders, *args, **kwargs):
            promised = orders.sudo().filtered("credit_ordered_amount")
            promised = orders.browse(promised.ids)
            result = True
            if orders - promised or not orders:
                result = confirm(orders - promised, *args, **kwargs)
            if promised:
                promised = promised.with_context(send_email=True)
                result = confirm(promised, *args, **kwargs)
            return result

        result = super()._credit_gated(confirm_and_write, *args, **kwargs)
        if by_customer:
            self.sudo().filtered(
                lambda order: order.credit_state in WAITING and order._credit_is_open()
            )._credit_note_ordered()
        return result

    def _credit_note_ordered(self):
        """The customer has done what customers do: it is no mere draft any more, no
        cart to be changed or reminded of.
        """
        new = self.filtered(lambda order: not order.credit_ordered_amount)
        if not new:
            return
        new._credit_store(
            {
                order.id: {
                    "credit_ordered_amount": order.amount_total,
                    "credit_auto_confirm": True,
                }
                for order in new
            }
        )
        drafts = new.filtered(lambda order: order.state == "draft")
        drafts.with_context(tracking_disable=True).action_quotation_sent()

    def _credit_note_passed(self):
        result = super()._credit_note_passed()
        self._credit_forget_promises()
        # what there was to do about them is done
        self._credit_close_tasks()
        return result

    def _credit_reset(self):
        result = super()._credit_reset()
        self._credit_forget_promises()
        return result

    def _credit_forget_promises(self):
        orders = self.sudo()
        known = orders.filtered(
            lambda order: order.credit_auto_confirm or order.credit_ordered_amount
        )
        known._credit_store(
            {
                order.id: {"credit_ordered_amount": 0, "credit_auto_confirm": False}
                for order in known
            }
        )

    def _credit_is_checked(self):
        """Whether the customer has ordered and waits for us. For the portal."""
        self.ensure_one()
        return bool(
            self.credit_ordered_amount
            and self._credit_is_open()
            and not self._has_to_be_paid()
        )

    # === TELLING === #

    def _credit_tell_held(self):
        """Also who confirms, unless there is a screen that shows it."""
        result = super()._credit_tell_held()
        seen = self.env.context.get("credit_on_screen")
        for order in self:
            if order._credit_told() == self.env.user and not (
                seen and not order._credit_at_till()
            ):
                order._credit_tell(
                    self.env._("Held by the credit check"), order.credit_sentence
                )
        return result

    def _credit_at_till(self):
        """Whether a point of sale confirms it, which shows nothing."""
        self.ensure_one()
        order = self.sudo()
        return "pos_order_line_ids" in order._fields and bool(order.pos_order_line_ids)

    def _credit_tell_cured(self, fallback):
        """What is confirmed automatically leaves nothing to do."""
        if self.sudo().credit_auto_confirm:
            return None
        return super()._credit_tell_cured(fallback)

    # === CONFIRMING BY ITSELF === #

    def action_credit_auto_confirm(self):
        """Have it confirmed automatically when it is cured, or leave that to people."""
        self.ensure_one()
        self.check_access("write")
        order = self.sudo()
        if order.credit_state not in WAITING or not order._credit_is_open():
            raise UserError(self.env._("This order is not held."))
        order._credit_store(
            {order.id: {"credit_auto_confirm": not order.credit_auto_confirm}}
        )
        order._message_log(
            body=self.env._(
                "It is confirmed automatically as soon as nothing holds it any more."
            )
            if order.credit_auto_confirm
            else self.env._("It is no longer confirmed automatically.")
        )
        return True

    def _credit_go_on(self):
        result = super()._credit_go_on()
        if any(order.credit_auto_confirm for order in self.sudo()):
            job = self.env.ref(
                "account_dunning_sale.ir_cron_credit_confirm", raise_if_not_found=False
            )
            if job:
                job.sudo()._trigger()
        return result

    @api.model
    def _cron_credit_confirm(self):
        """Confirm what waits for it and is held no longer.

        Not in the transaction that cures: nobody's payment waits for a delivery to be
        planned, or is refused because that fails.
        """
        orders = self.search(
            Domain("credit_auto_confirm", "=", True)
            & Domain("state", "in", self._credit_open_states)
            & Domain("credit_state", "not in", WAITING),
            order="id",
        )
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(orders))
        for order in orders:
            # core reads ahead for all that was found, again after each commit
            order = self.browse(order.id)
            if order.try_lock_for_update():
                order._credit_confirm_by_itself()
            if not cron._commit_progress(1):
                return

    def _credit_confirm_by_itself(self):
        self.ensure_one()
        salesperson = self._credit_told()
        order = self.with_company(self.company_id)
        # as if the salesperson had pressed the button, who is told what comes of it
        order = order.with_context(lang=salesperson.lang or self.env.lang)
        trouble = order._credit_changed()
        if not trouble:
            try:
                with self.env.cr.savepoint():
                    order.action_confirm()
            except UserError as error:
                trouble = str(error)
        if trouble:
            order._credit_store({order.id: {"credit_auto_confirm": False}})
            order._credit_tell(
                order.env._("Please confirm"),
                order.env._(
                    "%(order)s of %(customer)s is no longer held, but was not "
                    "confirmed automatically: %(trouble)s",
                    order=order.name,
                    customer=order.partner_id.display_name,
                    trouble=trouble,
                ),
            )
        elif order.state == "sale":
            order.message_post(
                body=order.env._(
                    "No longer held by the credit check, and confirmed automatically."
                ),
                subtype_xmlid="mail.mt_note",
                partner_ids=salesperson.partner_id.ids,
            )

    def _credit_changed(self):
        """Why it is no longer what the customer ordered; None where it is.

        What a salesperson asked to be confirmed is confirmed as it is.
        """
        ordered = self.credit_ordered_amount
        if not ordered:
            return None
        if self.currency_id.compare_amounts(self.amount_total, ordered):
            return self.env._("it has changed since the customer ordered it.")
        if self._has_to_be_paid():
            return self.env._("the customer has not paid the deposit yet.")
        return None
