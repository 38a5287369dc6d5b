"""What tests of late-payment interest share: a French company and its customers."""

from datetime import timedelta
from decimal import Decimal

from .common import TODAY
from .credit_common import CreditBase


class LateCommon(CreditBase):
    """FR_B2B: 12.15 % in the first half of 2026, 365 days, 40 EUR per invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True
        cls.company.write({"country_id": cls.env.ref("base.fr").id})
        if cls.company.currency_id != cls.euro:
            cls.company.currency_id = cls.euro
        # whose customers hold back what here is only to be posted
        cls.env["credit.risk.class"].search([]).write(
            {"rule_limit": "warn", "rule_manual": "warn"}
        )
        cls.memos = cls.env["late.charge"]
        cls.customer = cls._customer("Late payer", country_id=cls.env.ref("base.fr").id)
        cls.profile = cls._profile(cls.customer)

    @classmethod
    def _late(cls, days, amount=10000.0, partner=None, **values):
        return cls._invoice(partner or cls.customer, amount, late=days, **values)

    def _assessed(self, invoice, day=TODAY):
        """What one item costs; the invoice has no instalments."""
        item = self._item(invoice)
        return self.memos._assess(item, day)[item.id]

    def _interest(self, days, amount=10000, rate="12.15"):
        """One balance at one rate, to the cent."""
        exact = Decimal(amount) * Decimal(rate) * days / 36500
        return exact.quantize(Decimal("0.01"), "ROUND_HALF_UP")

    def _night(self, profile=None, day=TODAY):
        (profile or self.profile)._refresh_late(day)
        self.env.invalidate_all()

    def _memo(self, invoice, kind="interest"):
        memos = self.memos.search([("kind", "=", kind)])
        return memos.filtered(lambda m: invoice in (m.move_id | m.move_line_id.move_id))

    def _moved(self, memo, kind):
        """Its movements of one kind, oldest first: ``[(day, amount)]``."""
        entries = memo.entry_ids.filtered(lambda e: e.kind == kind).sorted(
            lambda e: (e.date, e.id)
        )
        return [(entry.date, round(entry.amount, 2)) for entry in entries]


def before(days):
    """So many days before today."""
    return TODAY - timedelta(days=days)


__all__ = ["TODAY", "LateCommon", "before"]
