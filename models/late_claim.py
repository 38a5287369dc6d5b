from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from odoo import api, models

from ..engine import compensation, late_item
from ..engine.rates import RateMissing

ZERO = Decimal(0)
ONE = Decimal(1)


@dataclass(slots=True)
class Claimed:
    """What a notice may claim for the delay of one item, in the item's currency.

    :param regime_id: the ``late.regime`` it is claimed under.
    :param parts: the segments of the interest; their amounts less what was invoiced or
        waived already (``settled``) add up to it.
    :param daily: what each further day adds, not rounded.
    :param missing: the rate that was missing; the interest then ends before it.
    """

    regime_id: int
    interest: Decimal = ZERO
    settled: Decimal = ZERO
    parts: tuple = field(default_factory=tuple)
    daily: Decimal = ZERO
    compensation: Decimal = ZERO
    missing: RateMissing | None = None


class DunningNotice(models.Model):
    """What the delay of the items of notices costs, live, as the rules find it."""

    _inherit = "dunning.notice"

    @api.model
    def _late_claims(self, notices, day):
        """Interest and compensation of the items of notices, up to and with a day.

        Set-wise: the number of queries does not depend on the number of items.

        :param notices: of one company.
        :return: ``{move line id: Claimed}``; nothing for items under no regime.
        """
        # sudo: what is claimed does not depend on who looks
        profiles = notices.profile_id.sudo()
        laws = profiles._late_laws(day)
        regimes = profiles._late_regimes(day)
        rates = self.env["late.rate.series"]._to_engine()
        history = self._late_history(notices)
        result = {}
        for notice in notices:
            law = laws[notice.profile_id.id]
            if law is None:
                continue
            regime_id = regimes[notice.profile_id.id].id
            by_currency = defaultdict(list)
            for line in notice._letter_items().filtered("move_line_id"):
                item = notice._late_item(line, history)
                by_currency[line.currency_id].append(item)
            for currency, items in by_currency.items():
                result |= self._late_claims_of(
                    items, law, regime_id, rates, day, currency, notice.company_id
                )
        return result

    @api.model
    def _late_claims_of(self, items, law, regime_id, rates, day, currency, company):
        unit = Decimal(str(currency.rounding))
        convert = ONE
        name = law.compensation and law.compensation.currency
        if name and name != currency.name:
            other = self.env["res.currency"].with_context(active_test=False)
            other = other.search([("name", "=", name)], limit=1)
            convert = Decimal(
                str(currency._get_conversion_rate(currency, other, company, day))
            )
        claim = compensation.claim(
            items, law, rates, day, unit=unit, convert=convert, partial=True
        )
        result = {}
        for found in claim.items:
            result[found.key] = Claimed(
                regime_id,
                interest=found.open,
                parts=found.segments,
                daily=found.daily,
                missing=found.missing,
            )
        for charge in claim.charges:
            amount = (charge.amount / convert / unit).quantize(ONE) * unit
            result[charge.items[0]].compensation += amount
        return result

    @api.model
    def _late_history(self, notices):
        """The day of the first formal notice of each item that has had one."""
        lines = notices.line_ids.move_line_id
        told = {}
        # sudo: see _late_claims
        for line in (
            self.env["dunning.notice.line"]
            .sudo()
            .search(
                [
                    ("move_line_id", "in", lines.ids),
                    ("notice_id.state", "=", "issued"),
                    ("notice_id.level_id.tone", "=", "formal"),
                ],
            )
        ):
            day = line.notice_id.date
            told[line.move_line_id.id] = min(told.get(line.move_line_id.id, day), day)
        return told

    def _late_item(self, line, history):
        item = line.move_line_id.sudo()
        events = []
        for partial in item.matched_credit_ids:
            counterpart = partial.credit_move_id
            kind = late_item.EventKind.PAYMENT
            if counterpart.move_id.move_type == "out_refund":
                kind = late_item.EventKind.CREDIT_NOTE
            amount = Decimal(str(partial.debit_amount_currency))
            if amount > ZERO and counterpart.date <= self.date:
                events.append(late_item.Event(counterpart.date, amount, kind))
        stop = self.profile_id.sudo().insolvency_date or None
        return late_item.Item(
            key=item.id,
            amount=Decimal(str(item.amount_currency)),
            due_date=item.date_maturity or item.date,
            invoice=item.move_id.id,
            letter=self.id,
            events=tuple(sorted(events, key=lambda event: event.day)),
            notice=history.get(item.id),
            stop=stop,
        )
