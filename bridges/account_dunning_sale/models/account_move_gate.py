from collections import defaultdict
from decimal import Decimal

from odoo import models
from odoo.tools import SQL

ZERO = Decimal(0)


class AccountMove(models.Model):
    _inherit = "account.move"

    def _credit_is_advance(self):
        """Only as long as nothing else was added to it."""
        return super()._credit_is_advance() and all(
            line.sale_line_ids
            for line in self.invoice_line_ids
            if line.display_type == "product"
        )

    def _credit_ordered(self, company, day):
        """What of these invoices was ordered, and is among the orders as long as they
        are not posted.

        Two invoices of one order share what was left of it, the older one first. An
        order that has grown since it was confirmed counts with the share that it had
        then: the rest has passed no gate yet.
        """
        result = defaultdict(lambda: ZERO, super()._credit_ordered(company, day))
        orders = self.line_ids.sale_line_ids.order_id.filtered(
            lambda order: order.state == "sale"
        )
        if not orders:
            return result
        Exposure = self.env["credit.exposure"].sudo()
        Exposure = Exposure.with_context(credit_posted_only=True)
        Exposure._flush()
        where = SQL("id = ANY(%s)", orders.ids)
        before = Exposure._order_rests(company, where, [], day)
        after = Exposure._order_rests(company, where, self._origin.ids, day)
        left = {
            order.id: (before[order.id][1] - after.get(order.id, (None, ZERO))[1])
            * order._credit_passed_share()
            for order in orders._origin
            if order.id in before
        }
        amounts = Exposure._document_amounts(self, day)
        customer_of = {move: move.partner_id.commercial_partner_id.id for move in self}
        for move in self.sorted(lambda m: m._credit_rank()):
            for order in (move.line_ids.sale_line_ids.order_id & orders)._origin:
                if before.get(order.id, (None,))[0] != customer_of[move]:
                    continue  # ordered by somebody else
                scale = move._credit_rate_since(order, company, day)
                share = max(left.get(order.id, ZERO), ZERO) * scale
                asked = amounts.get(move.id, ZERO) - result[move.id]
                mine = min(share, asked)
                if share and asked - mine <= move._credit_cents():
                    mine = asked
                result[move.id] += mine
                left[order.id] = left.get(order.id, ZERO) - mine / scale
        return result

    def _credit_rate_since(self, order, company, day):
        """How much more the invoice is worth than its order, which is taken at today's
        rate: an exchange rate decides nothing anew.
        """
        self.ensure_one()
        currency, rate = self.currency_id, self.invoice_currency_rate
        if currency != order.currency_id or currency == company.currency_id or not rate:
            return Decimal(1)
        rates = self.env["credit.exposure"]._rates(currency, company, day)
        today = rates[currency.id] / rates[company.currency_id.id]
        return today / Decimal(str(rate))

    def _credit_cents(self):
        """What rounding of taxes, line by line and piece by piece, may add up to."""
        self.ensure_one()
        products = self.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )
        unit = max(
            self.company_currency_id.rounding,
            self.currency_id.rounding / (self.invoice_currency_rate or 1),
        )
        return Decimal(str(unit)) * len(products)


class CreditExposure(models.AbstractModel):
    _inherit = "credit.exposure"

    def _order_lines_query(self, orders, counted, drafts):
        """What was invoiced by posted invoices and those named, when asked so."""
        if self.env.context.get("credit_posted_only"):
            drafts = False
        return super()._order_lines_query(orders, counted, drafts)
