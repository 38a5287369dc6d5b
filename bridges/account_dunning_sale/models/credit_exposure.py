from collections import defaultdict
from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.account_dunning.engine import exposure

ZERO = Decimal(0)


class CreditExposure(models.AbstractModel):
    """Confirmed orders not yet invoiced are part of what a customer will owe."""

    _inherit = "credit.exposure"

    @api.model
    def _flush(self):
        result = super()._flush()
        self.env["sale.order"].flush_model(
            [
                "state",
                "invoice_status",
                "company_id",
                "currency_id",
                "partner_invoice_id",
                "amount_total",
            ]
        )
        self.env["sale.order.line"].flush_model()
        self.env["product.template"].flush_model(["invoice_policy"])
        self.env["uom.uom"].flush_model(["factor"])
        return result

    @api.model
    def _orders_parts(self, profiles, company, day, exclude):
        result = super()._orders_parts(profiles, company, day, exclude)
        profile_of = {profile.partner_id.id: profile.id for profile in profiles}
        rests = self._open_orders(company, day, list(profile_of), exclude)
        for customer_id, orders in rests.items():
            key = profile_of[customer_id]
            result[key] = result.get(key, ZERO) + sum(orders.values(), ZERO)
        return result

    @api.model
    def _document_amounts(self, documents, day=None):
        if documents._name != "sale.order":
            return super()._document_amounts(documents, day)
        result = {}
        documents = documents.sudo()
        self._flush()
        for company, mine in documents.grouped(lambda o: o.company_id.root_id).items():
            today = day or company._dunning_today()
            saved = self._order_rests(
                company, SQL("id = ANY(%s)", mine._origin.ids), [], today
            )
            for order in mine:
                result[order.id] = self._order_amount(order, saved, company, today)
        return result

    @api.model
    def _order_amount(self, order, saved, company, day):
        """What an order adds in company currency: its rest, and what a person is about
        to change in its form.
        """
        if order.state == "cancel":
            return ZERO
        __, rest = saved.get(order._origin.id, (None, ZERO))
        changed = order.amount_total - order._origin.amount_total
        if not order._origin or not order.currency_id.is_zero(changed):
            rest += company._to_decimal(
                order.currency_id._convert(changed, company.currency_id, company, day)
            )
        return max(rest, ZERO)

    @api.model
    def _open_orders(self, company, day, customer_ids, exclude):
        """Confirmed orders of these customers with something left to invoice.

        :return: ``{customer id: {order id: rest in company currency}}``
        """
        orders = SQL(
            """id IN (
                SELECT found.id
                  FROM sale_order found
                  JOIN res_partner partner ON partner.id = found.partner_invoice_id
                 WHERE partner.commercial_partner_id = ANY(%(customers)s)
                   AND found.state = 'sale'
                   AND found.invoice_status != 'invoiced'
                 UNION
                -- invoiced by a draft alone: not yet
                SELECT found.id
                  FROM account_move move
                  JOIN account_move_line item ON item.move_id = move.id
                  JOIN sale_order_line_invoice_rel rel
                    ON rel.invoice_line_id = item.id
                  JOIN sale_order_line line ON line.id = rel.order_line_id
                  JOIN sale_order found ON found.id = line.order_id
                  JOIN res_partner partner ON partner.id = found.partner_invoice_id
                 WHERE partner.commercial_partner_id = ANY(%(customers)s)
                   AND move.state = 'draft'
                   AND move.move_type IN ('out_invoice', 'out_refund'))
               AND state = 'sale'
               AND company_id = ANY(%(companies)s)
               AND id != ALL(%(at_hand)s)""",
            customers=customer_ids,
            companies=self.env["dunning.situation"]._branch_ids(company),
            at_hand=self._ids_at_hand(exclude, "sale.order"),
        )
        result = defaultdict(dict)
        counted = self._ids_at_hand(exclude, "account.move")
        rests = self._order_rests(company, orders, counted, day)
        for order_id, (customer_id, rest) in rests.items():
            if rest:
                result[customer_id][order_id] = rest
        return result

    @api.model
    def _order_rests(self, company, orders, counted, day):
        """What is left to invoice of orders, from one query.

        :param orders: condition on ``sale_order``.
        :param counted: ids of draft invoices that count like posted ones.
        :return: ``{order id: (customer id, rest in company currency)}``
        """
        rows = self.env.execute_query_dict(
            self._order_lines_query(orders, counted, company.credit_count_drafts)
        )
        if not rows:
            return {}
        lines, heads = defaultdict(dict), {}
        for row in rows:
            heads[row["order_id"]] = row
            lines[row["order_id"]].setdefault(row["line_id"], []).append(row)
        Currency = self.env["res.currency"]
        used = {row["currency_id"] for row in rows}
        used |= {row["billed_in"] for row in rows if row["billed_in"]}
        rates = self._rates(Currency.browse(used), company, day)
        prices = self._prices_of_unordered(rows)
        result = {}
        for order_id, head in heads.items():
            currency_id = head["currency_id"]
            rest = exposure.order_rest(
                [
                    self._to_line(mine, currency_id, rates, prices)
                    for mine in lines[order_id].values()
                ],
                self._unit(Currency.browse(currency_id)),
                Decimal(head["order_total"]),
            )
            worth = exposure.converted(
                rest,
                rates[currency_id],
                rates[company.currency_id.id],
                self._unit(company.currency_id),
            )
            paid = Decimal(head["paid"])
            result[order_id] = head["customer_id"], max(worth - paid, ZERO)
        return result

    @api.model
    def _order_lines_query(self, orders, counted, drafts):
        """The lines of orders, and what was invoiced of them by currency.

        Like core, a credit note made from the order opens it again. ``order_total``
        and ``paid``, which is in company currency, are the same in all rows of an
        order.

        :param counted: ids of draft invoices that count like posted ones.
        :param drafts: whether all draft invoices do.
        """
        return SQL(
            """
        WITH open_order AS (
            SELECT id, partner_invoice_id, currency_id, amount_total
              FROM sale_order
             WHERE %(orders)s
        ), billed AS (
            SELECT line.id AS line_id, item.currency_id,
                   SUM(CASE move.move_type WHEN 'out_refund' THEN -1 ELSE 1 END
                       * item.quantity
                       * COALESCE(unit.factor / NULLIF(own.factor, 0), 1)) AS quantity,
                   SUM(CASE move.move_type WHEN 'out_refund' THEN -1 ELSE 1 END
                       * item.price_total) AS amount
              FROM open_order
              JOIN sale_order_line line ON line.order_id = open_order.id
              JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = line.id
              JOIN account_move_line item ON item.id = rel.invoice_line_id
              JOIN account_move move ON move.id = item.move_id
         LEFT JOIN uom_uom unit ON unit.id = item.product_uom_id
         LEFT JOIN uom_uom own ON own.id = line.product_uom_id
             WHERE move.move_type IN ('out_invoice', 'out_refund')
               AND (move.state = 'posted'
                    OR move.payment_state = 'invoicing_legacy'
                    OR (move.state = 'draft' AND move.move_type = 'out_invoice'
                        AND (%(drafts)s OR move.id = ANY(%(counted)s))))
          GROUP BY line.id, item.currency_id
        ), paid AS (
            -- on drafts that do not count; one of several orders is paid once
            SELECT order_id, SUM(amount) AS amount
              FROM (SELECT DISTINCT ON (move.id)
                           open_order.id AS order_id,
                           move.amount_total_signed - move.amount_residual_signed
                               AS amount
                      FROM open_order
                      JOIN sale_order_line line ON line.order_id = open_order.id
                      JOIN sale_order_line_invoice_rel rel
                        ON rel.order_line_id = line.id
                      JOIN account_move_line item ON item.id = rel.invoice_line_id
                      JOIN account_move move ON move.id = item.move_id
                      JOIN res_partner payer ON payer.id = move.partner_id
                      JOIN res_partner owner ON owner.id = open_order.partner_invoice_id
                     WHERE move.state = 'draft'
                       AND move.move_type = 'out_invoice'
                       AND move.amount_residual_signed != move.amount_total_signed
                       AND payer.commercial_partner_id = owner.commercial_partner_id
                       AND NOT (%(drafts)s OR move.id = ANY(%(counted)s))
                  ORDER BY move.id, open_order.id) AS draft
          GROUP BY order_id
        )
        SELECT open_order.id AS order_id,
               partner.commercial_partner_id AS customer_id,
               open_order.currency_id,
               line.id AS line_id,
               COALESCE(line.is_downpayment, FALSE) AS is_downpayment,
               -- as text: exact, and not by way of a float
               COALESCE(line.product_uom_qty, 0)::text AS ordered,
               CASE WHEN template.invoice_policy = 'delivery'
                    THEN COALESCE(line.qty_delivered, 0) ELSE 0 END::text AS delivered,
               COALESCE(line.price_total, 0)::text AS total,
               billed.currency_id AS billed_in,
               COALESCE(open_order.amount_total, 0)::text AS order_total,
               COALESCE(paid.amount, 0)::text AS paid,
               COALESCE(billed.quantity, 0)::text AS quantity,
               COALESCE(billed.amount, 0)::text AS amount
          FROM open_order
          JOIN res_partner partner ON partner.id = open_order.partner_invoice_id
          JOIN sale_order_line line ON line.order_id = open_order.id
     LEFT JOIN product_product product ON product.id = line.product_id
     LEFT JOIN product_template template ON template.id = product.product_tmpl_id
     LEFT JOIN billed ON billed.line_id = line.id
     LEFT JOIN paid ON paid.order_id = open_order.id
         WHERE line.display_type IS NULL
            """,
            orders=orders,
            counted=counted,
            drafts=drafts,
        )

    @api.model
    def _to_line(self, rows, currency_id, rates, prices):
        """The rows of one order line, one per currency it was invoiced in."""
        first = rows[0]
        return exposure.OrderLine(
            ordered=Decimal(first["ordered"]),
            delivered=Decimal(first["delivered"]),
            invoiced=sum((Decimal(row["quantity"]) for row in rows), ZERO),
            total=Decimal(first["total"]),
            price=prices.get(first["line_id"], ZERO),
            advance=sum(
                (
                    Decimal(row["amount"])
                    * rates[currency_id]
                    / rates[row["billed_in"] or currency_id]
                    for row in rows
                ),
                ZERO,
            )
            if first["is_downpayment"]
            else None,
        )

    @api.model
    def _prices_of_unordered(self, rows):
        """Price with taxes of one unit, for lines that nobody ordered a quantity of
        (expenses billed to the customer): they keep no total.
        """
        unordered = self.env["sale.order.line"].sudo()
        unordered = unordered.browse(
            {
                row["line_id"]
                for row in rows
                if not row["is_downpayment"]
                and not Decimal(row["ordered"])
                and Decimal(row["delivered"])
            }
        )
        return {
            line.id: Decimal(
                str(
                    line.tax_ids.compute_all(
                        line.price_unit * (1 - (line.discount or 0) / 100),
                        currency=line.currency_id,
                        product=line.product_id,
                        partner=line.order_id.partner_shipping_id,
                    )["total_included"]
                )
            )
            for line in unordered
        }

    @api.model
    def _rates(self, currencies, company, day):
        """Exact exchange rates of a day; core's rule where that day has none: the last
        one before, else the first one after, else 1.
        """
        everyone = currencies | company.currency_id
        rates = everyone._get_rates(company, day)
        return {key: Decimal(str(rate or 1)) for key, rate in rates.items()}

    @api.model
    def _unit(self, currency):
        return Decimal(str(currency.rounding))
