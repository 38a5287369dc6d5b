"""What scores rest on: facts from the ledger, and what is usual in it."""

from datetime import date, timedelta

from odoo.fields import Command

from ..engine import scoring
from .common import TODAY
from .credit_common import ScoreCommon


class TestScoreFacts(ScoreCommon):
    def test_payments_and_open_debts_come_from_the_ledger(self):
        customer = self._customer()
        contact = self._customer("Contact", parent_id=customer.id, is_company=False)
        self._paid(customer, 12, 20)
        part = self._invoice(contact, 300, late=25)
        self._pay(part, 100, day=TODAY - timedelta(days=5))
        self._invoice(customer, 70, late=-10)  # not due yet
        due = TODAY - timedelta(days=25)
        self.assertEqual(
            sorted(self._facts(self._profile(customer)).items, key=str),
            sorted(
                [
                    scoring.Item(
                        TODAY - timedelta(days=32), TODAY - timedelta(days=20), 100.0
                    ),
                    scoring.Item(due, TODAY - timedelta(days=5), 100.0),
                    scoring.Item(due, None, 200.0),
                ],
                key=str,
            ),
        )

    def test_credit_notes_say_nothing_about_when_somebody_pays(self):
        customer = self._customer()
        invoice = self._invoice(customer, 100, late=40)
        credit = self._credit_note(customer, 100)
        (self._item(invoice) | self._item(credit)).reconcile()
        self.assertFalse(self._facts(self._profile(customer)).items)

    def test_what_we_agreed_not_to_ask_for_is_left_out(self):
        customer = self._customer()
        profile = self._profile(customer)
        disputed = self._paid(customer, 80, 10)
        paused = self._invoice(customer, 10, late=50)
        promised = self._paid(customer, 30, 10, amount=7)
        excluded = self._invoice(customer, 20, late=60)
        self._item(excluded).no_followup = True
        # as little when it was paid at last
        self._item(self._paid(customer, 90, 9)).no_followup = True
        for kind, invoice in (
            ("dispute", disputed),
            ("manual", paused),
            ("promise", promised),
        ):
            self.env["dunning.hold"].create(
                {
                    "profile_id": profile.id,
                    "kind": kind,
                    "reason": "Agreed",
                    "date_from": TODAY - timedelta(days=60),
                    "date_to": TODAY + timedelta(days=9),
                    "move_line_ids": [Command.set(self._item(invoice).ids)],
                }
            )
        self.assertEqual([item.amount for item in self._facts(profile).items], [7.0])

    def test_what_was_paid_while_all_was_paused_is_left_out(self):
        customer = self._customer()
        profile = self._profile(customer)
        self._paid(customer, 60, 10, amount=60)
        self._paid(customer, 5, 100, amount=5)
        self._invoice(customer, 30, late=30)
        hold = self.env["dunning.hold"].create(
            {
                "profile_id": profile.id,
                "reason": "Flood",
                "date_from": TODAY - timedelta(days=20),
            }
        )
        self.assertEqual([item.amount for item in self._facts(profile).items], [5.0])
        hold.ended_on = TODAY - timedelta(days=8)  # what is open counts again
        self.assertEqual(
            [item.amount for item in self._facts(profile).items], [5.0, 30.0]
        )
        # over before the payment came, whenever somebody tidied it up
        hold.write({"date_to": TODAY - timedelta(days=15), "ended_on": TODAY})
        self.assertEqual(
            [item.amount for item in self._facts(profile).items], [5.0, 60.0, 30.0]
        )

    def test_promises_not_kept(self):
        customer = self._customer()
        profile = self._profile(customer)
        made, until = TODAY - timedelta(days=40), TODAY - timedelta(days=20)

        def promise(invoice=None, **values):
            items = self._item(invoice).ids if invoice else []
            self.env["dunning.hold"].create(
                {
                    "profile_id": profile.id,
                    "kind": "promise",
                    "reason": "Promised",
                    "date_from": made,
                    "date_to": until,
                    "move_line_ids": [Command.set(items)],
                    **values,
                }
            )

        kept = self._invoice(customer, 10, late=60)
        self._pay(kept, day=until + timedelta(days=scoring.PROMISE_GRACE))
        promise(kept)
        self.assertEqual(self._facts(profile).broken, 0)
        late = self._invoice(customer, 10, late=60)
        self._pay(late, day=until + timedelta(days=scoring.PROMISE_GRACE + 1))
        promise(late)
        self.assertEqual(self._facts(profile).broken, 1)
        half = self._invoice(customer, 10, late=60)
        self._pay(half, 4, day=until)
        promise(half)
        self.assertEqual(self._facts(profile).broken, 2)
        promise(half, ended_on=until - timedelta(days=2))  # taken back
        promise(kept, ended_on=TODAY - timedelta(days=1))  # tidied up, and kept
        promise(half, date_to=TODAY - timedelta(days=scoring.PROMISE_GRACE))  # not yet
        promise(half, date_from=date(2025, 1, 1), date_to=date(2025, 5, 1))  # long ago
        self.assertEqual(self._facts(profile).broken, 2)
        promise(scope="customer")  # of everything: the one paid late, and the half
        self.assertEqual(self._facts(profile).broken, 3)
        promise(half, ended_on=TODAY - timedelta(days=1))  # broken, then tidied up
        self.assertEqual(self._facts(profile).broken, 4)

    def test_firmest_message_of_a_year_that_reached(self):
        customer = self._customer()
        profile = self._profile(customer)
        self._invoice(customer, 100, late=20)
        run = self._run(customer)
        self.assertEqual(run.notice_ids.level_id, self.first)
        self.assertEqual(self._facts(profile).tone, "friendly")
        self._deliver()
        later = TODAY + timedelta(days=30)
        run = self._run(customer, day=later)
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.assertEqual(self._facts(profile, later).tone, "firm")
        self.assertEqual(self._facts(profile, TODAY).tone, "friendly")
        self.assertIsNone(self._facts(profile, later + timedelta(days=400)).tone)
        run.notice_ids.sudo().delivery_state = "failed"
        self.assertEqual(self._facts(profile, later).tone, "friendly")

    def test_sales_and_first_invoice(self):
        customer = self._customer()
        self._invoice(customer, 400, due=TODAY - timedelta(days=500))
        self._invoice(customer, 100, late=0)
        self._credit_note(customer, 30)
        profile = self._profile(customer)
        facts = self._facts(profile)
        self.assertEqual(facts.sales, 70.0)
        first = TODAY - timedelta(days=530)
        self.assertEqual(facts.since, first)
        self.assertEqual(profile.customer_since, first)

    def test_use_of_the_limit_counts_where_one_is_enforced(self):
        profile = self._profile(self._customer())
        self.assertIsNone(self._facts(profile).limit_used)
        self._invoice(profile.partner_id, 95, late=-10)
        profile.write({"limit_enforced": True, "limit_own": True, "credit_limit": 100})
        profile._refresh_figures()
        self.assertAlmostEqual(self._facts(profile).limit_used, 95)
        insured = {"profile_id": profile.id, "kind": "insurance"}
        self.env["credit.guarantee"].create(
            [
                {**insured, "amount": profile.limit_amount / 2},
                {**insured, "amount": 1e6, "valid_until": TODAY - timedelta(days=1)},
                {"profile_id": profile.id, "kind": "bank", "amount": 1e6},
            ]
        )
        self.assertAlmostEqual(self._facts(profile).limit_used, 45)

    def test_use_far_beyond_the_limit_is_not_hidden_by_an_insurance(self):
        """What is kept in percent is cut off; what is insured is taken off before."""
        profile = self._profile(self._customer())
        self._invoice(profile.partner_id, 50_000, late=-10)
        profile.write({"limit_enforced": True, "limit_own": True, "credit_limit": 1000})
        self.env["credit.guarantee"].create(
            {"profile_id": profile.id, "kind": "insurance", "amount": 20_000}
        )
        profile._refresh_figures()
        self.assertAlmostEqual(self._facts(profile).limit_used, 3_000)
        profile.credit_limit = 0
        profile._refresh_figures()
        self.assertEqual(self._facts(profile).limit_used, 999)

    def test_a_contact_that_moved_brings_its_sales(self):
        """What a move remembers of its customer is of its day."""
        contact = self._customer("Was alone")
        self._invoice(contact, 400, due=TODAY - timedelta(days=40))
        group = self._customer("Group")
        contact.write({"parent_id": group.id, "is_company": False})
        self.env.flush_all()
        self.assertEqual(contact.commercial_partner_id, group)
        facts = self._facts(self._profile(group))
        self.assertEqual(facts.sales, 400.0)
        self.assertEqual(facts.since, TODAY - timedelta(days=70))
        self._invoice(self._customer("Other"), 200, late=5)
        norm = self.env["credit.score"]._norm(self.company, TODAY, fresh=True)
        self.assertAlmostEqual(norm.sales, 300.0)

    def test_branches_count_and_other_companies_do_not(self):
        branch = self._branch()
        customer = self._customer()
        in_branch = (
            self.env["account.move"]
            .with_context(allowed_company_ids=[branch.id, self.company.id])
            .with_company(branch)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": customer.id,
                    "company_id": branch.id,
                    "invoice_date": TODAY - timedelta(days=40),
                    "invoice_date_due": TODAY - timedelta(days=5),
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Work", "price_unit": 30, "tax_ids": []}
                        )
                    ],
                }
            )
        )
        in_branch.action_post()
        facts = self._facts(self._profile(customer))
        self.assertEqual([item.amount for item in facts.items], [30.0])
        self.assertEqual(facts.sales, 30.0)
        other = self.env["res.company"].sudo().create({"name": "Other"})
        facts = self._facts(self._profile(customer, other))
        self.assertFalse(facts.items)
        self.assertEqual(facts.sales, 0.0)

    def test_what_is_usual_is_measured_and_kept_for_the_day(self):
        for number in range(4):
            customer = self._customer(f"Usual {number}")
            for ago in (10, 40, 70):
                self._paid(customer, 10 * number + ago // 35, ago)
        Score = self.env["credit.score"]
        norm = Score._norm(self.company, TODAY, fresh=True)
        self.assertAlmostEqual(norm.days.mean, 16.0)
        self.assertEqual(norm.days.strength, 1.0)  # each is true to themselves
        self.assertAlmostEqual(norm.share.mean, 0.75)
        self.assertAlmostEqual(norm.sales, 300.0)
        self._paid(customer, 90, 5)
        self.assertEqual(Score._norm(self.company, TODAY), norm)
        self.assertNotEqual(Score._norm(self.company, TODAY + timedelta(days=1)), norm)

    def test_an_empty_ledger_has_a_norm(self):
        company = self.env["res.company"].create({"name": "New"})
        norm = self.env["credit.score"]._norm(company, TODAY)
        self.assertEqual(norm.days, scoring.Norm().days)
        self.assertEqual(norm.sales, 0.0)
