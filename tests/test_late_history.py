from datetime import timedelta
from decimal import Decimal

from odoo.fields import Command

from ..engine.late_item import EventKind
from .late_common import TODAY, LateCommon, before

PAYMENT, CREDIT_NOTE = EventKind.PAYMENT, EventKind.CREDIT_NOTE


class TestLateHistory(LateCommon):
    """The history of an item as the reconciliations have it."""

    def _events(self, invoice):
        item = self._item(invoice)
        found = self.env["late.history"]._events(item.ids)
        return [(e.day, e.amount, e.kind) for e in found.get(item.id, [])]

    def _bank_line(self, day, amount, partner=None):
        return self.env["account.bank.statement.line"].create(
            {
                "date": day,
                "amount": amount,
                "partner_id": (partner or self.customer).id,
                "payment_ref": "transfer",
                "journal_id": self.company_data["default_journal_bank"].id,
            }
        )

    def _book_on(self, line, account):
        """The other side of a bank line, on an account, ready to be reconciled."""
        __, suspense, __ = line._seek_for_lines()
        line.move_id.with_context(
            skip_account_move_synchronization=True
        ).line_ids.filtered(lambda one: one == suspense).account_id = account
        return line.move_id.line_ids.filtered(lambda one: one.account_id == account)

    # === VALUE DATES === #

    def test_a_payment_counts_from_its_own_day(self):
        invoice = self._late(60)
        self._pay(invoice, 4000, before(20))
        self.assertEqual(self._events(invoice), [(before(20), 4000, PAYMENT)])

    def test_when_it_was_allocated_is_of_no_matter(self):
        invoice = self._late(60)
        payment = self._payment(self.customer, 10000, before(50))
        (self._item(payment.move_id) | self._item(invoice)).reconcile()
        self.assertEqual(self._events(invoice), [(before(50), 10000, PAYMENT)])

    def test_the_bank_knows_when_the_money_came(self):
        invoice = self._late(60)
        payment = self._payment(self.customer, 10000, before(50))
        (self._item(payment.move_id) | self._item(invoice)).reconcile()
        outstanding = payment.move_id.line_ids - self._item(payment.move_id)
        bank = self._bank_line(before(46), 10000)
        (self._book_on(bank, outstanding.account_id) | outstanding).reconcile()
        self.assertEqual(self._events(invoice), [(before(46), 10000, PAYMENT)])

    def test_a_bank_line_counts_from_its_date(self):
        invoice = self._late(60)
        bank = self._bank_line(before(33), 2500)
        item = self._item(invoice)
        (self._book_on(bank, item.account_id) | item).reconcile()
        self.assertEqual(self._events(invoice), [(before(33), 2500, PAYMENT)])

    def test_paid_before_the_due_date(self):
        invoice = self._late(60)
        self._pay(invoice, 4000, before(75))
        found = self._assessed(invoice)
        self.assertEqual(found.accrued, self._interest(60, 6000))

    def test_unreconciled_later(self):
        invoice = self._late(60)
        self._pay(invoice, day=before(30))
        self.assertEqual(self._assessed(invoice).accrued, self._interest(30))
        self._item(invoice).remove_move_reconcile()
        self.assertEqual(self._events(invoice), [])
        self.assertEqual(self._assessed(invoice).accrued, self._interest(60))

    # === WHAT IS NO PAYMENT === #

    def test_a_credit_note_counts_from_its_own_day(self):
        invoice = self._late(60)
        credit = self._credit_note(self.customer, 1000, invoice_date=before(25))
        (self._item(credit) | self._item(invoice)).reconcile()
        self.assertEqual(self._events(invoice), [(before(25), 1000, CREDIT_NOTE)])

    def test_a_write_off_counts_from_its_own_day(self):
        invoice = self._late(60)
        item = self._item(invoice)
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": before(12),
                "line_ids": [
                    Command.create(
                        {
                            "account_id": item.account_id.id,
                            "partner_id": self.customer.id,
                            "balance": -300,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": self.company_data[
                                "default_account_expense"
                            ].id,
                            "balance": 300,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        (self._item(entry) | item).reconcile()
        self.assertEqual(self._events(invoice), [(before(12), 300, CREDIT_NOTE)])

    def test_exchange_differences_are_no_payments(self):
        dollar = self._currency("TST", {before(400): 2.0, before(20): 4.0})
        invoice = self._late(60, 1000, currency_id=dollar.id)
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.customer.id,
                "amount": 1000,
                "currency_id": dollar.id,
                "date": before(10),
                "journal_id": self.company_data["default_journal_bank"].id,
                "payment_method_line_id": self.inbound_payment_method_line.id,
            }
        )
        payment.action_post()
        item = self._item(invoice)
        (self._item(payment.move_id) | item).reconcile()
        self.assertTrue(item.matched_credit_ids.exchange_move_id)
        self.assertTrue(item.reconciled)
        self.assertEqual(self._events(invoice), [(before(10), 1000, PAYMENT)])

    def test_a_foreign_item_paid_in_our_currency(self):
        dollar = self._currency("TST", {before(400): 2.0})
        invoice = self._late(60, 1000, currency_id=dollar.id)
        payment = self._payment(self.customer, 250, before(10))
        (self._item(payment.move_id) | self._item(invoice)).reconcile()
        self.assertEqual(self._events(invoice), [(before(10), 500, PAYMENT)])

    # === WHICH ITEMS === #

    def test_instalments_share_the_invoice(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Two halves",
                "line_ids": [
                    Command.create(
                        {
                            "value": "percent",
                            "value_amount": 50,
                            "delay_type": "days_after",
                            "nb_days": days,
                        }
                    )
                    for days in (10, 40)
                ],
            }
        )
        invoice = self._late(
            0, invoice_payment_term_id=term.id, invoice_date=before(100)
        )
        items = self._item(invoice).sorted("date_maturity")
        found = self.memos._assess(items, TODAY)
        first, second = (found[item.id] for item in items)
        self.assertEqual(first.accrued, self._interest(90, 5000))
        self.assertEqual(second.accrued, self._interest(60, 5000))
        # once for the invoice, and found from whichever item is asked for
        self.assertEqual((first.compensation, second.compensation), (40, 0))
        alone = self.memos._assess(items[1], TODAY)
        self.assertEqual(list(alone), items[1].ids)
        self.assertEqual(alone[items[1].id].compensation, 40)

    def test_what_bears_nothing_is_left_out(self):
        draft = self._late(60, post=False)
        credit = self._credit_note(self.customer, 100)
        excluded = self._late(60)
        self._item(excluded).no_followup = True
        entry = self._entry(self.customer, 500)
        items = self._item(draft | credit | excluded | entry)
        self.assertEqual(self.memos._assess(items, TODAY), {})

    def test_an_opening_balance_that_is_followed_up(self):
        entry = self._entry(self.customer, 500)
        item = self._item(entry)
        item.write({"no_followup": False, "date_maturity": before(30)})
        found = self.memos._assess(item, TODAY)[item.id]
        self.assertEqual(found.accrued, self._interest(30, 500))
        self.assertEqual(found.compensation, 40)

    def test_branches_and_their_customers(self):
        branch = self._branch()
        partner = self._customer("Of the branch", country_id=self.env.ref("base.fr").id)
        contact = self._customer("Site", parent_id=partner.id, is_company=False)
        env = self._in(branch)
        move = (
            env["account.move"]
            .with_company(branch)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": contact.id,
                    "invoice_date": before(90),
                    "invoice_date_due": before(60),
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Work", "price_unit": 10000, "tax_ids": []}
                        )
                    ],
                }
            )
        )
        move.action_post()
        profile = self._profile(partner)
        item = self._item(move)
        found = self.memos._assess(item, TODAY)[item.id]
        self.assertEqual(found.row.profile_id, profile.id)
        self.assertEqual(found.row.company_id, self.company.id)
        self.assertEqual(found.accrued, self._interest(60))

    # === LAW === #

    def test_compensation_of_a_foreign_item_is_converted_once(self):
        dollar = self._currency("TST", {before(400): 2.0, before(20): 4.0})
        invoice = self._late(60, 1000, currency_id=dollar.id)
        found = self._assessed(invoice)
        self.assertEqual(found.charge.amount, 40)
        self.assertEqual(found.compensation, 80)

    def test_no_law_no_interest(self):
        self.company.country_id = self.env.ref("base.jp")
        found = self._assessed(self._late(60))
        self.assertIsNone(found.law)
        self.assertEqual((found.accrued, found.compensation), (0, 0))

    def test_insolvency_freezes_what_is_older(self):
        older, later = self._late(60), self._late(5, due=before(5))
        later_items = self._item(later)
        later.button_draft()
        later.invoice_date = before(20)
        later.action_post()
        later_items = self._item(later)
        self.profile.sudo().insolvency_date = before(30)
        found = self.memos._assess(self._item(older) | later_items, TODAY)
        # the day of the judgment bears none
        self.assertEqual(found[self._item(older).id].accrued, self._interest(29))
        self.assertEqual(found[self._item(older).id].daily, 0)
        self.assertEqual(found[later_items.id].accrued, self._interest(5))

    def test_a_rate_nobody_has_entered_is_named(self):
        self.env["late.rate"].search(
            [("valid_from", ">=", "2026-01-01"), ("series_id.code", "like", "ECB%")]
        ).unlink()
        found = self._assessed(self._late(200))
        self.assertEqual(found.missing.period, "2026-S1")
        self.assertGreater(found.accrued, 0)
        self.assertLess(found.interest.until, before(100))

    def test_a_consumer_owes_from_the_formal_notice_on(self):
        person = self._customer(
            "Person", is_company=False, country_id=self.env.ref("base.fr").id
        )
        invoice = self._late(60, partner=person)
        found = self._assessed(invoice)
        self.assertEqual((found.accrued, found.compensation), (0, 0))
        for days in (50, 40, 25, 10):  # one level after the other
            self._run(person, day=before(days))
            self._deliver(before(days))
        item = self._item(invoice)
        days = self.env["late.history"]._late_days(item.ids)
        self.assertEqual(days[item.id], {"notice": before(10), "reminder": before(50)})
        found = self._assessed(invoice)
        self.assertEqual(found.interest.first, before(9))
        self.assertEqual(found.interest.days, 10)
        self.assertEqual(found.compensation, 0)

    def test_queries_are_a_function_of_batches(self):
        few = self.env["account.move"].browse([self._late(40 + n).id for n in range(3)])
        many = few.browse()
        for number in range(12):
            partner = self._customer(f"Many {number}")
            invoice = self._late(40 + number, partner=partner)
            self._pay(invoice, 100, TODAY - timedelta(days=number))
            many |= invoice
        self._queries(lambda: self.memos._assess(self._item(few), TODAY))
        fewer = self._queries(lambda: self.memos._assess(self._item(few), TODAY))
        more = self._queries(lambda: self.memos._assess(self._item(many), TODAY))
        self.assertLessEqual(more, fewer + 3)
        self.assertLess(more, 40)

    def test_sums_are_exact(self):
        found = self._assessed(self._late(60, 1234.56))
        self.assertIsInstance(found.accrued, Decimal)
        self.assertEqual(found.accrued, self._interest(60, "1234.56"))
