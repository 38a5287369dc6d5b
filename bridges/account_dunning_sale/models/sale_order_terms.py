from odoo import api, fields, models


class SaleOrder(models.Model):
    """The terms on which the risk class lets a customer buy: deposit, payment terms."""

    _inherit = "sale.order"

    credit_term_warning = fields.Char(
        string="Payment terms not allowed",
        compute="_compute_credit_term_warning",
        # sudo: salespeople do not read credit profiles
        compute_sudo=True,
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "partner_invoice_id")
    def _compute_require_payment(self):
        """Who has to pay a deposit confirms an order by paying it."""
        result = super()._compute_require_payment()
        for order, risk_class in self._credit_class_of_quotations():
            if risk_class.deposit_percent:
                order.require_payment = True
        return result

    @api.depends("partner_id", "partner_invoice_id")
    def _compute_prepayment_percent(self):
        """The deposit of the class, or the company's where that is more."""
        result = super()._compute_prepayment_percent()
        for order, risk_class in self._credit_class_of_quotations():
            if risk_class.deposit_percent:
                asked = order.company_id.portal_confirmation_pay
                usual = order.company_id.prepayment_percent if asked else 0
                order.prepayment_percent = max(risk_class.deposit_percent / 100, usual)
        return result

    @api.depends("partner_id", "partner_invoice_id", "payment_term_id", "state")
    @api.depends_context("lang")
    def _compute_credit_term_warning(self):
        self.credit_term_warning = False
        for order, risk_class in self._credit_class_of_quotations():
            term, allowed = order.payment_term_id, risk_class.payment_term_ids
            if term and allowed and term not in allowed:
                order.credit_term_warning = self.env._(
                    "Customers of class %(class)s do not buy on “%(term)s”, but on: "
                    "%(allowed)s.",
                    **{"class": risk_class.code},
                    term=term.name,
                    allowed=", ".join(allowed.mapped("name")),
                )

    # === BUSINESS METHODS === #

    def _credit_class_of_quotations(self):
        """Quotations with the risk class of who will owe them, from one query per
        company; a customer nobody has met yet is unrated.

        :return: list of ``(order, class)``
        """
        # sudo: salespeople do not read credit profiles
        quotations = self.sudo().filtered(
            lambda order: order.partner_id and order.state in ("draft", "sent")
        )
        result = []
        for company, orders in quotations.grouped(
            lambda order: order.company_id.root_id
        ).items():
            customers = {order: order._credit_customer()._origin for order in orders}
            profiles = self.env["credit.profile"].sudo().with_context(active_test=False)
            profiles = profiles.search_fetch(
                [
                    ("partner_id", "in", [one.id for one in customers.values()]),
                    ("company_id", "=", company.id),
                ],
                ["partner_id", "class_id"],
            )
            class_of = {profile.partner_id: profile.class_id for profile in profiles}
            unrated = self.env["credit.risk.class"]._unrated(company).sudo()
            result += [
                (order.sudo(self.env.su), class_of.get(customer, unrated))
                for order, customer in customers.items()
            ]
        return result

    def _credit_customer(self):
        """Who will owe the order."""
        self.ensure_one()
        return (self.partner_invoice_id or self.partner_id).commercial_partner_id
