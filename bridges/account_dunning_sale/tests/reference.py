"""Exposure computed the slow and obvious way: record by record, through the ORM.

No query and no rule of the addon is used: what the addon says is compared with this.
"""

from odoo.fields import Date


def exposure(profile, documents=()):
    """The parts of the exposure of a customer, as floats in company currency.

    :param documents: list of invoices and orders being decided on.
    """
    return Reference(profile, list(documents)).parts()


class Reference:
    def __init__(self, profile, documents):
        self.env = profile.sudo().env
        self.customer = profile.partner_id
        self.company = profile.company_id
        self.currency = self.company.currency_id
        self.documents = documents

    def parts(self):
        items = [self._residual(line) for line in self._receivables()]
        return {
            "open_items": self._sum(rest for rest in items if rest > 0),
            "credits": self._sum(rest for rest in items if rest < 0),
            "pending": self._sum(self._pending()),
            "drafts": self._sum(self._drafts()),
            "orders": self._sum(self._orders()),
            "document": self._sum(self._at_hand()),
        }

    def _sum(self, amounts):
        return self.currency.round(sum(amounts))

    def _is_mine(self, record, partner):
        return (
            partner.commercial_partner_id == self.customer
            and record.company_id.root_id == self.company
        )

    # --- the ledger ---------------------------------------------------------------

    def _receivables(self):
        for line in self.env["account.move.line"].search([]):
            if (
                line.account_id.account_type == "asset_receivable"
                and line.move_id.state == "posted"
                and self._is_mine(line, line.partner_id)
            ):
                yield line

    def _residual(self, line):
        """What was booked, less every allocation."""
        rest = line.balance
        rest -= sum(line.matched_credit_ids.mapped("amount"))
        rest += sum(line.matched_debit_ids.mapped("amount"))
        return self.currency.round(rest)

    def _pending(self):
        for payment in self.env["account.payment"].search([]):
            if (
                payment.state == "in_process"
                and not payment.move_id
                and payment.payment_type == "inbound"
                and payment.partner_type == "customer"
                and self._is_mine(payment, payment.partner_id)
            ):
                yield -payment.amount_company_currency_signed

    def _drafts(self):
        if not self.company.credit_count_drafts:
            return
        for move in self.env["account.move"].search([]):
            if (
                move.state == "draft"
                and move.move_type in ("out_invoice", "out_receipt")
                and move.amount_total_signed > 0
                and move not in self.documents
                and self._is_mine(move, move.partner_id)
            ):
                yield move.amount_total_signed

    # --- orders -------------------------------------------------------------------

    def _orders(self):
        for order in self.env["sale.order"].search([]):
            if (
                order.state == "sale"
                and order not in self.documents
                and self._is_mine(order, order.partner_invoice_id)
            ):
                yield self._rest(order, self.documents)

    def _at_hand(self):
        for document in self.documents:
            if document._name == "account.move":
                if document.state == "draft" and self._is_mine(
                    document, document.partner_id
                ):
                    yield document.amount_total_signed
            elif document.state != "cancel" and self._is_mine(
                document, document.partner_invoice_id
            ):
                yield self._rest(document, [])

    def _rest(self, order, at_hand):
        rest = 0.0
        untouched = True
        for line in order.order_line:
            if line.display_type:
                continue
            quantity, amount = 0.0, 0.0
            for item in line.invoice_lines:
                if not self._counts(item.move_id, at_hand):
                    continue
                sign = -1 if item.move_id.move_type == "out_refund" else 1
                quantity += sign * item.product_uom_id._compute_quantity(
                    item.quantity, line.product_uom_id, round=False
                )
                amount += sign * item.price_total
            if line.is_downpayment:
                rest -= amount
                untouched = untouched and not amount
                continue
            due = line.product_uom_qty
            if line.product_id.invoice_policy == "delivery":
                due = max(due, line.qty_delivered)
            left = max(due - quantity, 0.0)
            untouched = untouched and not quantity and due == line.product_uom_qty
            if line.product_uom_qty:
                rest += line.price_total * left / line.product_uom_qty
        if untouched:
            rest = order.amount_total
        rest = max(order.currency_id.round(rest), 0.0)
        return order.currency_id._convert(
            rest, self.currency, self.company, Date.context_today(order)
        )

    def _counts(self, move, at_hand):
        if move.move_type not in ("out_invoice", "out_refund"):
            return False
        if move.state == "posted":
            return True
        counted = self.company.credit_count_drafts or move in at_hand
        return move.state == "draft" and move.move_type == "out_invoice" and counted
