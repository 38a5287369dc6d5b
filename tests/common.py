"""What all tests of the addon on Odoo share: a company, a policy, small builders."""

from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.mail.tests.common import MailCase

TODAY = date(2026, 6, 15)  # a Monday
NOW = datetime(2026, 6, 15, 9, 0)


@tagged("post_install", "-at_install")
class DunningCommon(AccountTestInvoicingCommon, MailCase):
    """One company and a policy of its own (-5, 3, 15, 30, formal notice at 45 days).

    Time stands still at ``NOW``; whatever needs another day is given one. Formal
    notices count as complete, but for the tests of their checklist.
    """

    formal_checklist = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(NOW))
        if not cls.formal_checklist:
            notice = type(cls.env["dunning.notice"])
            cls.startClassPatcher(
                patch.object(notice, "_formal_gaps", lambda notices: {})
            )
        cls.company = cls.env.company
        cls.template = cls.env["mail.template"].create(
            {
                "name": "Test reminder",
                "model_id": cls.env["ir.model"]._get_id("dunning.notice"),
                "subject": "Reminder {{ object.name }}",
                "body_html": "<p>Please pay <t t-out='object.amount_due'/>.</p>",
            }
        )
        cls.policy = cls._policy("Test policy")
        cls.courtesy, cls.first, cls.second, cls.final, cls.formal = (
            cls.policy.level_ids
        )
        cls.contact = cls._user("credit contact", "manager")
        cls.company.write(
            {
                "dunning_policy_id": cls.policy.id,
                "dunning_consumer_policy_id": cls.policy.id,
                "dunning_user_id": cls.contact.id,
                "email": "credit@company.example",
            }
        )
        cls.collector = cls._user("collector", "user")
        cls.manager = cls._user("manager", "manager")

    # === BUILDERS === #

    @classmethod
    def _policy(cls, name, **values):
        steps = [
            ("Courtesy", -5, "courtesy"),
            ("First", 3, "friendly"),
            ("Second", 15, "firm"),
            ("Final", 30, "final"),
            ("Formal", 45, "formal"),
        ]
        levels = [
            Command.create(
                {
                    "name": step,
                    "days": days,
                    "tone": tone,
                    "channel_1": "email",
                    "channel_2": "letter",
                    "mail_template_id": cls.template.id,
                    "letter_title": f"{step} of {name}",
                    "letter_body": "<p>Please pay.</p>",
                    "letter_closing": "<p>Thank you.</p>",
                }
            )
            for step, days, tone in steps
        ]
        return cls.env["dunning.policy"].create(
            {"name": name, "gap_days": 5, "level_ids": levels, **values}
        )

    @classmethod
    def _user(cls, name, role, **values):
        groups = {
            "user": "account_dunning.group_account_dunning_user",
            "manager": "account_dunning.group_account_dunning_manager",
        }
        return new_test_user(
            cls.env,
            login=name.replace(" ", "_"),
            name=name,
            email=f"{name.replace(' ', '.')}@company.example",
            groups=groups.get(role, role),
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.company.ids)],
            **values,
        )

    @classmethod
    def _customer(cls, name="Customer", **values):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "is_company": True,
                "email": f"{name.lower().replace(' ', '.')}@customer.example",
                **values,
            }
        )

    @classmethod
    def _invoice(cls, partner, amount=100.0, late=None, due=None, **values):
        """A posted customer invoice without taxes.

        :param late: days since the due date (negative: days to go).
        """
        due = due or TODAY - timedelta(days=late or 0)
        post = values.pop("post", True)
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": min(due, TODAY) - timedelta(days=30),
                "invoice_date_due": due,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Work", "price_unit": amount, "tax_ids": []}
                    )
                ],
                **values,
            }
        )
        if post:
            move.action_post()
        return move

    @classmethod
    def _credit_note(cls, partner, amount, **values):
        return cls._invoice(partner, amount, late=0, move_type="out_refund", **values)

    @classmethod
    def _pay(cls, invoice, amount=None, day=TODAY):
        """Register a payment and reconcile it with the invoice."""
        return cls._register_payment(
            invoice,
            payment_date=day,
            **(
                {"amount": amount, "payment_difference_handling": "open"}
                if amount
                else {}
            ),
        )

    @classmethod
    def _payment(cls, partner, amount, day=TODAY):
        """A posted customer payment that nobody has allocated yet."""
        payment = cls.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": partner.id,
                "amount": amount,
                "date": day,
                "journal_id": cls.company_data["default_journal_bank"].id,
                "payment_method_line_id": cls.inbound_payment_method_line.id,
            }
        )
        payment.action_post()
        return payment

    def _payments_without_entry(self):
        """From here on payments have no entry, as with Odoo's full accounting."""
        self.inbound_payment_method_line.payment_account_id = False
        self.patch(
            type(self.env["account.move"]),
            "_get_invoice_in_payment_state",
            lambda move: "in_payment",
        )

    @classmethod
    def _online_payment(cls, partner, amount, **values):
        """A payment that its provider has announced, and nobody has booked yet."""
        provider = cls.env["payment.provider"].create(
            {"name": "Bank", "company_id": cls.env.company.id}
        )
        return cls.env["payment.transaction"].create(
            {
                "reference": f"online-{provider.id}",
                "provider_id": provider.id,
                "payment_method_id": cls.env.ref("payment.payment_method_unknown").id,
                "amount": amount,
                "currency_id": cls.env.company.currency_id.id,
                "partner_id": partner.id,
                "state": "pending",
                "last_state_change": NOW,
                **values,
            }
        )

    @classmethod
    def _entry(cls, partner, amount):
        """An opening balance or the like: core leaves it out of follow-up."""
        receivable = cls.company_data["default_account_receivable"]
        other = cls.company_data["default_account_revenue"]
        move = cls.env["account.move"].create(
            {
                "move_type": "entry",
                "date": TODAY - timedelta(days=60),
                "line_ids": [
                    Command.create(
                        {
                            "account_id": receivable.id,
                            "partner_id": partner.id,
                            "balance": amount,
                        }
                    ),
                    Command.create({"account_id": other.id, "balance": -amount}),
                ],
            }
        )
        move.action_post()
        return move

    @classmethod
    def _profile(cls, partner, company=None):
        return cls.env["credit.profile"]._for_partners(
            partner, company or cls.env.company
        )

    @classmethod
    def _item(cls, invoice):
        return invoice.line_ids.filtered(
            lambda li: li.account_type == "asset_receivable"
        )

    # === STEPS === #

    def _propose(self, *partners, day=TODAY, **values):
        profiles = self.env["credit.profile"]
        for partner in partners:
            profiles |= self._profile(partner)
        # sudo: nobody writes runs and notices freely; what users may do is tested apart
        return (
            self.env["dunning.run"]
            .sudo()
            ._propose_run(self.env.company, day, profiles or None, **values)
        )

    def _cron(self, name, when=NOW):
        with freeze_time(when), self.enter_registry_test_mode():
            self.env.ref(f"account_dunning.{name}").sudo().method_direct_trigger()
        self.env.invalidate_all()

    def _run(self, *partners, day=TODAY):
        """Propose, approve and issue, on that day."""
        with freeze_time(datetime.combine(day, NOW.time())):
            run = self._propose(*partners, day=day)
            run.notice_ids.action_approve()
            run._issue_notices()
        return run

    def _usual_runs(self, size=1, count=3):
        """Runs issued on the days before, so that there is something usual."""
        partners = self.env["res.partner"].create(
            [{"name": f"Usual {number}"} for number in range(size)]
        )
        profiles = self._profile(partners)
        runs = self.env["dunning.run"].sudo()
        for number in range(1, count + 1):
            day = TODAY - timedelta(days=number)
            run = runs.create(
                {
                    "company_id": self.company.id,
                    "date": day,
                    "kind": "scheduled",
                    "state": "done",
                    "notice_ids": [
                        Command.create(
                            {
                                "profile_id": profile.id,
                                "company_id": self.company.id,
                                "policy_id": self.policy.id,
                                "level_id": self.first.id,
                                "date": day,
                                "state": "issued",
                                "pdf_sha256": "0" * 64,
                                "issued_at": datetime.combine(day, NOW.time()),
                            }
                        )
                        for profile in profiles
                    ],
                }
            )
            runs |= run
        return runs

    def _deliver(self, day=TODAY):
        """Hand over what is queued and let the mail queue send it (no real SMTP).

        Whatever the day: sending hours have tests of their own.
        """
        now = datetime.combine(day, NOW.time())
        Delivery = self.env["dunning.delivery"].sudo()
        with freeze_time(now), self.mock_mail_gateway():
            Delivery._hand_over([("company_id", "=", self.env.company.id)], now)
            mails = self.env["mail.mail"].sudo().search([("state", "=", "outgoing")])
            mails.send()
            Delivery._sweep(now)
        # the customers', without those that tell a colleague of an activity
        return [m for m in self._mails if "@company.example" not in str(m["email_to"])]

    def _reasons(self, run):
        return set(run.skip_ids.mapped("reason"))
