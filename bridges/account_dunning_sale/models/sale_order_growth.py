from contextlib import contextmanager
from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import formatLang

from odoo.addons.account_dunning.engine import gate
from odoo.addons.account_dunning.models.credit_gated_mixin import Passed

# What of a line makes its order worth more. What is delivered or billed later (time
# spent, expenses, more than was ordered) raises no total, and is judged when invoiced.
RAISING_FIELDS = {
    "order_id",
    "product_id",
    "product_uom_qty",
    "product_uom_id",
    "price_unit",
    "technical_price_unit",
    "discount",
    "tax_ids",
}


class _Growth(dict):
    """``{order id: by how much it was raised, in its currency}``, in the context of who
    judges it; a client can send a dict under the same key, but none of these.
    """


class SaleOrder(models.Model):
    """A confirmed order that is raised asks for more credit: what is added is judged.

    The order stands and what it had is not looked at again. Where the gate would hold
    what is added, people who may not release are refused, in words that name the ways
    out; who may release has decided by doing it, which is noted. What a machine adds is
    let, noted and told, and looked at once more when it is invoiced.
    """

    _inherit = "sale.order"

    # === HOOKS OF THE GATE === #

    def _credit_growth(self):
        """What is being judged: the growth of these orders, or nothing."""
        growth = self.env.context.get("credit_growth")
        return growth if isinstance(growth, _Growth) else {}

    def _credit_ordered(self, company, day):
        result = super()._credit_ordered(company, day)
        growth = self._credit_growth()
        if not growth:
            return result
        amounts = self.env["credit.exposure"]._document_amounts(self, day)
        return {
            order.id: amounts[order.id]
            - order._credit_company_amount(growth[order.id], day)
            for order in self
        }

    def _credit_prepaid(self, company, day):
        """What was paid in advance was paid for what the order had."""
        if self._credit_growth():
            return {}
        return super()._credit_prepaid(company, day)

    def _credit_approved(self, day):
        """The release an order was confirmed with covers it up to its amount, as long
        as it is valid.
        """
        if not self._credit_growth():
            return super()._credit_approved(day)
        releases = self.env["credit.release"].sudo()
        releases = releases.search(
            releases._open_domain(self, ("used",)) & Domain("valid_until", ">=", day),
            order="id",
        )
        result = {}
        for release in releases:
            order = self.browse(release.res_id)
            total = order._credit_company_amount(order.amount_total, day)
            if (
                release.profile_id.partner_id
                == order.partner_invoice_id.commercial_partner_id
                and total <= Decimal(str(release.amount))
            ):
                result[order.id] = {
                    "approved": Decimal(str(release.amount)),
                    "approved_causes": release._causes(),
                }
        return result

    def _credit_company_amount(self, amount, day):
        """An amount of the order in company currency."""
        self.ensure_one()
        company = self.company_id.root_id
        return company._to_decimal(
            self.currency_id._convert(amount, company.currency_id, company, day)
        )

    # === JUDGEMENT === #

    @contextmanager
    def _credit_watch_growth(self):
        """Judge these orders when what is done meanwhile has raised them.

        All at once, at the end: one line may grow while another shrinks.

        :return: these orders, to be written with.
        """
        known = self.env.context.get("credit_growth_watched")
        known = known if isinstance(known, Passed) else Passed()
        orders = self.sudo().filtered(
            lambda order: order.state == "sale" and order.id not in known
        )
        orders -= orders._credit_has_passed()
        if not orders:
            yield self
            return
        before = {
            order.id: (order.amount_untaxed, order.amount_total) for order in orders
        }
        yield self.with_context(credit_growth_watched=Passed(known.union(orders._ids)))
        growth = _Growth()
        for order in orders.filtered(lambda order: order.state == "sale"):
            untaxed, total = before[order.id]
            rise = order.amount_total - total
            if (
                order.currency_id.compare_amounts(order.amount_untaxed, untaxed) > 0
                and order.currency_id.compare_amounts(rise, 0) > 0
            ):
                growth[order.id] = rise
        if growth:
            raised = self.browse(growth)
            raised._credit_judge_growth(growth, {key: before[key][1] for key in growth})

    def _credit_judge_growth(self, growth, before):
        """Let, note or refuse that these orders are raised.

        :param growth: by how much, by order.
        :param before: the totals they had, by order id.
        :raises UserError: when the gate would hold what is added, and nobody entitled
            adds it.
        """
        Gate = self.env["credit.gate"].sudo()
        orders = self.sudo().with_context(credit_growth=growth)
        verdicts = {}
        for company, mine in orders.grouped(lambda o: o.company_id.root_id).items():
            today = company._dunning_today()
            verdicts.update(Gate._judge_company(company, mine, today, lock=True))
        refused, judged = [], {}
        for order in self.sudo():
            verdict = verdicts.get(order.id, gate.PASSED)
            if verdict.kind is gate.Kind.BLOCK and not self._credit_is_automatic():
                deciders = order._credit_growth_deciders()
                if self.env.user not in deciders:
                    refused.append(
                        order._credit_growth_refusal(growth, verdict, deciders)
                    )
                    continue
            if verdict.kind is not gate.Kind.PASS:
                order._credit_note_growth(growth, verdict, self._credit_is_automatic())
            if verdict.kind is gate.Kind.BLOCK and self._credit_is_automatic():
                continue  # nobody has decided: its invoice is judged
            if order.credit_passed:
                known = min(order.credit_passed_amount, before[order.id])
                judged[order.id] = {"credit_passed_amount": known + growth[order.id]}
        if refused:
            raise UserError("\n\n".join(refused))
        self.sudo()._update_rows(judged)

    def _credit_is_automatic(self):
        """Whether no colleague stands behind what is done."""
        return self.env.su or not self.env.user._is_internal()

    def _credit_growth_deciders(self):
        """Who may release the order as it is now; not who sells it."""
        self.ensure_one()
        company = self.company_id.root_id
        total = self._credit_company_amount(self.amount_total, company._dunning_today())
        return self.env["credit.release"]._approvers_of(
            company, total, self.user_id | self._credit_self_made()
        )

    # === WORDS === #

    def _credit_growth_values(self, growth, verdict):
        self.ensure_one()
        return {
            "order": self.name,
            "amount": formatLang(
                self.env, growth[self.id], currency_obj=self.currency_id
            ),
            "reasons": self._credit_words(
                self._credit_reasons_values(verdict), self.company_id
            ),
        }

    def _credit_growth_refusal(self, growth, verdict, deciders):
        return self.env._(
            "%(order)s cannot be raised by %(amount)s: %(reasons)s. Put what is added "
            "on a new quotation and request its release there, or ask %(people)s to "
            "change the order.",
            people=", ".join(deciders[:3].mapped("name"))
            or self.env._("a credit manager"),
            **self._credit_growth_values(growth, verdict),
        )

    def _credit_note_growth(self, growth, verdict, automatic):
        """On the order, for later; and to its salesperson, where nobody has decided."""
        values = self._credit_growth_values(growth, verdict)
        if verdict.kind is gate.Kind.BLOCK and automatic:
            body = self.env._(
                "Raised automatically by %(amount)s, though the credit check would "
                "hold it: %(reasons)s. Its invoice will be checked.",
                **values,
            )
            self._credit_tell(self.env._("Raised above what credit allows"), body)
        elif verdict.kind is gate.Kind.BLOCK:
            body = self.env._(
                "Raised by %(amount)s by somebody who may release it, though: "
                "%(reasons)s.",
                **values,
            )
        elif verdict.kind is gate.Kind.RELEASED:
            body = self.env._(
                "Raised by %(amount)s, which its release covers: %(reasons)s.", **values
            )
        else:
            body = self.env._("Raised by %(amount)s: %(reasons)s.", **values)
        self._message_log(body=body)

    # === OVERRIDES === #

    def write(self, vals):
        if not vals.get("order_line"):
            return super().write(vals)
        with self._credit_watch_growth() as watched:
            return super(SaleOrder, watched).write(vals)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        usual = self.env.context.get("default_order_id")
        ids = {vals.get("order_id", usual) for vals in vals_list}
        orders = self.env["sale.order"].browse(filter(None, ids))
        with orders._credit_watch_growth() as watched:
            lines = super(SaleOrderLine, self.with_env(watched.env)).create(vals_list)
        return lines.with_env(self.env)

    def write(self, vals):
        if not RAISING_FIELDS & set(vals):
            return super().write(vals)
        orders = self.order_id
        if vals.get("order_id"):
            orders |= orders.browse(vals["order_id"])
        with orders._credit_watch_growth() as watched:
            return super(SaleOrderLine, self.with_env(watched.env)).write(vals)
