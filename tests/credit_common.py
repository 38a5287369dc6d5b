"""What tests of credit control share."""

from datetime import timedelta
from decimal import Decimal

from odoo import sql_db
from odoo.fields import Command

from ..engine import exposure
from .common import TODAY, DunningCommon


class CreditBase(DunningCommon):
    """Makers of branches and currencies, and what a piece of work costs."""

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

    def _queries(self, work):
        """How many queries a piece of work takes, with nothing read before."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = sql_db.sql_counter
        work()
        self.env.flush_all()
        return sql_db.sql_counter - before

    def _bodies(self, profile):
        """All that is in its chatter."""
        return "\n".join(profile.message_ids.mapped("body"))


class CreditCommon(CreditBase):
    """A customer with a profile, and what is read of its exposure and limit."""

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
    def _draft(cls, partner, amount, **values):
        return cls._invoice(partner, amount, late=0, post=False, **values)


class RiskClassCommon(CreditBase):
    """The shipped classes, in the currency of the company of the tests."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in "abcde":
            risk_class = cls.env.ref(f"account_dunning.credit_risk_class_{code}")
            setattr(cls, f"class_{code}", risk_class)
        cls.unrated = cls.env.ref("account_dunning.credit_risk_class_unrated")
        # the main company of the database may have another currency
        cls.env["credit.risk.class"].search([]).currency_id = cls.company.currency_id
        cls.customer = cls._customer()

    @classmethod
    def _class(cls, **values):
        return cls.env["credit.risk.class"].create(
            {"name": "Test", "code": "T", **values}
        )

    def _limit(self, profile):
        """The limit that holds: an amount, or ``None``."""
        amount = profile._limits(TODAY)[profile.id].amount
        return None if amount is None else float(amount)


class ScoreCommon(CreditBase):
    """Four classes, a known norm, and ledgers of customers who pay."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # classes of the data give way to those of the tests
        cls.env["credit.risk.class"].search([]).active = False
        cls.env.flush_all()
        cls.class_a, cls.class_b, cls.class_c, cls.class_e = cls.env[
            "credit.risk.class"
        ].create(
            [
                {"name": name, "code": name[0], "score_floor": floor, "sequence": at}
                for at, (name, floor) in enumerate(
                    [("A good", 80), ("B usual", 60), ("C slow", 40), ("E bad", 0)]
                )
            ]
        )
        cls.unrated = cls.env["credit.risk.class"].create(
            {"name": "Unrated", "code": "U", "unrated": True, "sequence": 9}
        )
        # what is usual, so that tests do not depend on each other's ledgers
        cls._usual(days=10, strength=1)

    @classmethod
    def _usual(cls, days, strength, sales=1000.0):
        cls.company.credit_norm = {
            "day": TODAY.isoformat(),
            "days": [days, strength],
            "share": [0.5, strength],
            "sales": sales,
        }

    @classmethod
    def _paid(cls, partner, late, ago, amount=100.0):
        """An invoice paid so many days ago, ``late`` days after it was due."""
        paid_on = TODAY - timedelta(days=ago)
        due = paid_on - timedelta(days=late)
        invoice = cls._invoice(
            partner, amount, due=due, invoice_date=due - timedelta(days=30)
        )
        cls._pay(invoice, day=paid_on)
        return invoice

    @classmethod
    def _history(cls, partner, late=0, count=6):
        for number in range(count):
            cls._paid(partner, late, 5 + 30 * number)
        return cls._profile(partner)

    def _facts(self, profile, day=TODAY):
        return self.env["credit.score"]._facts(profile, day)[profile.id]

    def _kinds(self, profile):
        return {kind: values for kind, __, values in profile.score_points}


__all__ = ["TODAY", "CreditBase", "CreditCommon", "RiskClassCommon", "ScoreCommon"]
