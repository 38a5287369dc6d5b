"""What the tests of the credit gate share."""

from datetime import timedelta

from odoo.fields import Command

from .common import TODAY, DunningCommon


class GateCommon(DunningCommon):
    """A strict class, a customer with a limit of 1,000, people who sell and decide."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.strict = cls.env["credit.risk.class"].create(
            {
                "name": "Strict",
                "code": "S",
                "rule_limit": "block",
                "rule_overdue": "block",
                "overdue_days": 10,
                "rule_level": "block",
                "level_tone": "final",
                "rule_manual": "block",
                "rule_review": "block",
            }
        )
        cls.customer = cls._customer("Limited")
        cls.profile = cls._limited(cls.customer, 1000)
        cls.biller = cls._user("biller", "account.group_account_invoice")

    @classmethod
    def _limited(cls, customer, amount, **values):
        profile = cls._profile(customer)
        profile.write({"credit_limit": amount, "limit_enforced": True, **values})
        # reviewed: what a new customer's missing review does has a test of its own
        profile.sudo().next_review_date = TODAY + timedelta(days=365)
        return profile

    @classmethod
    def _draft(cls, amount=400.0, partner=None, **values):
        values.setdefault("late", -30)
        return cls._invoice(partner or cls.customer, amount, post=False, **values)

    @classmethod
    def _drafts(cls, *amounts, **values):
        moves = cls.env["account.move"]
        for amount in amounts:
            moves += cls._draft(amount, **values)
        return moves

    def _held(self, amount=400.0, **values):
        """An invoice that was held because the limit is used up."""
        self._invoice(self.customer, 1000, late=-30)
        move = self._draft(amount, **values)
        move.with_user(self.biller).action_post()
        self.assertEqual(move.credit_state, "held")
        return move

    def _request(self, document, user=None, **values):
        """Ask for its release in the dialogue."""
        user = user or self.biller
        action = document.with_user(user).action_credit_request()
        wizard = (
            self.env[action["res_model"]]
            .with_user(user)
            .with_context(**action["context"])
            .create({"reason": "Payment announced", **values})
        )
        wizard.action_confirm()
        return document.credit_release_ids.filtered(lambda r: r.state == "requested")

    def _look_again(self):
        """What is noted during a transaction is looked at before its commit."""
        self.env.cr.flush()

    def _tomorrow(self, days=1):
        return TODAY + timedelta(days=days)

    def _bracket(self, up_to, *users, group=None):
        return self.env["credit.approval.bracket"].create(
            {
                "company_id": self.company.id,
                "up_to": up_to or 0,
                "any_amount": not up_to,
                "user_ids": [Command.set([user.id for user in users])],
                "group_id": group and self.env.ref(group).id,
            }
        )
