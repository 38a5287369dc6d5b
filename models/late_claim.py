from dataclasses import dataclass, field
from decimal import Decimal

from odoo import api, models

from ..engine.rates import RateMissing

ZERO = Decimal(0)


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
    """What the delay of the items of notices costs, live; what is claimed is noted."""

    _inherit = "dunning.notice"

    @api.model
    def _late_claims(self, notices, day):
        """Interest and compensation of the items of notices, up to and with a day.

        Set-wise: the number of queries does not depend on the number of items.

        :param notices: of one company.
        :return: ``{move line id: Claimed}``; nothing for items under no regime.
        """
        # sudo: what is claimed does not depend on who looks
        Charge = self.env["late.charge"].sudo()
        items = notices.line_ids.filtered(lambda li: li.kind == "item").move_line_id
        return {
            key: Claimed(
                one.regime_id,
                interest=one.interest_due,
                settled=one.accrued - one.interest_due,
                parts=one.interest.segments,
                daily=one.daily,
                compensation=one.compensation_due,
                missing=one.missing,
            )
            for key, one in Charge._assess(items, day).items()
            if one.interest
        }

    def _issue_now(self):
        """The memos of the items keep what was claimed."""
        issued = super()._issue_now()
        # sudo: part of issuing, whoever may issue
        self.env["late.charge"].sudo()._note_claimed(issued)
        return issued
