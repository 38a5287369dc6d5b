"""What tests of credit control share."""

from decimal import Decimal

from odoo.fields import Command

from ..engine import exposure
from .common import TODAY, DunningCommon


class CreditCommon(DunningCommon):
    """A customer with a profile; builders for limits, branches and currencies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # what is held back is the gate's business, with tests of its own
        cls.env["credit.risk.class"].search([]).write(
            {"rule_limit": "warn", "rule_manual": "warn"}
        )
        cls.customer = cls._customer("Debtor")
        cls.profile = cls._profile(cls.customer)

    def _owed(self, profile=None, **values):
        profile = profile or self.profile
        return profile._exposure(**values)[profile.id]

    def _limit(self, profile=None, **values):
        profile = profile or self.profile
        return profile._limits(**values)[profile.id]

    def assertOwed(self, profile=None, documents=None, **parts):
        """Exactly these parts; those not named are nothing."""
        owed = self._owed(profile, documents=documents)
        expected = exposure.Exposure(
            **{name: Decimal(str(amount)) for name, amount in parts.items()}
        )
        self.assertEqual(owed, expected)

    @classmethod
    def _branch(cls, name="Branch"):
        # sudo: companies are the administrator's
        branch = (
            cls.env["res.company"]
            .sudo()
            .create({"name": name, "parent_id": cls.company.id})
        )
        cls.env.user.sudo().company_ids |= branch
        cls.env["account.chart.template"].sudo().try_loading(
            cls.company.chart_template, branch, install_demo=False
        )
        return branch

    @classmethod
    def _in(cls, company):
        """The environment of somebody who works in that company."""
        allowed = [company.id, *(cls.company - company).ids]
        return cls.env(context=dict(cls.env.context, allowed_company_ids=allowed))

    @classmethod
    def _currency(cls, name, rates, rounding=0.01):
        """A currency of its own.

        :param rates: ``{day: units for one of the company's}``
        """
        return cls.env["res.currency"].create(
            {
                "name": name,
                "symbol": name,
                "rounding": rounding,
                "rate_ids": [
                    Command.create(
                        {"name": day, "rate": rate, "company_id": cls.company.id}
                    )
                    for day, rate in rates.items()
                ],
            }
        )

    @classmethod
    def _draft(cls, partner, amount, **values):
        return cls._invoice(partner, amount, late=0, post=False, **values)


__all__ = ["TODAY", "CreditCommon"]
