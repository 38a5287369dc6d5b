from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from .late_common import TODAY, LateCommon, before


class TestLateDebit(LateCommon):
    """Debit notes: made of memos, posted by the accountant, followed afterwards."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journal = cls.company_data["default_journal_sale"]
        cls.account = cls.company_data["default_account_revenue"]
        cls.company.write({"late_interest_account_id": cls.account.id})
        cls.invoice = cls._late(60)
        cls.profile._refresh_late(TODAY)
        cls.env.invalidate_all()
        cls.interest = cls.memos.search(
            [("profile_id", "=", cls.profile.id), ("kind", "=", "interest")]
        )
        cls.compensation = cls.memos.search(
            [("profile_id", "=", cls.profile.id), ("kind", "=", "compensation")]
        )
        cls.both = cls.interest | cls.compensation
        cls.amount = round(cls.interest.accrued + 40, 2)
        cls.accountant = new_test_user(
            cls.env, login="accountant", groups="account.group_account_user"
        )
        cls.accountant.sudo().write(
            {"company_ids": cls.company.ids, "company_id": cls.company.id}
        )

    def _debit(self, memos=None, user=None):
        """The drafts of the dialogue, as a credit manager makes them."""
        memos = self.both if memos is None else memos
        wizard = (
            self.env["late.debit.wizard"]
            .with_user(user or self.manager)
            .with_context(default_charge_ids=memos.ids)
            .create({})
        )
        action = wizard.action_invoice()
        self.env.invalidate_all()
        moves = self.env["account.move"]
        if action.get("res_id"):
            return moves.browse(action["res_id"])
        return moves.search(action["domain"])

    def _follow(self):
        self.memos.sudo()._follow_debit_notes()
        self.env.invalidate_all()

    def assertMemo(self, memo, **amounts):
        self.env.invalidate_all()
        for name, amount in amounts.items():
            self.assertAlmostEqual(memo[name], amount, 2, name)

    # === MAKING THEM === #

    def test_one_draft_without_tax(self):
        note = self._debit()
        self.assertEqual((note.move_type, note.state), ("out_invoice", "draft"))
        self.assertTrue(note.late_debit_note)
        self.assertEqual(note.partner_id, self.customer)
        self.assertAlmostEqual(note.amount_total, self.amount)
        self.assertEqual(note.amount_tax, 0)
        self.assertEqual(note.invoice_line_ids.account_id, self.account)
        self.assertFalse(note.invoice_line_ids.tax_ids)
        words = "\n".join(note.invoice_line_ids.mapped("name"))
        self.assertIn(self.invoice.name, words)
        self.assertIn("60 days", words)
        self.assertIn("12.15", words)

    def test_a_draft_holds_the_amounts(self):
        self._debit()
        self.assertMemo(
            self.interest, in_draft=self.interest.accrued, invoiced=0, open_amount=0
        )
        self.assertMemo(self.compensation, in_draft=40, invoiced=0, open_amount=0)
        with self.assertRaises(UserError):
            self._debit()

    def test_one_per_customer_and_currency(self):
        dollar = self._currency("TST", {before(400): 2.0})
        foreign = self._late(60, 1000, currency_id=dollar.id)
        other = self._customer("Other payer")
        theirs = self._late(60, partner=other)
        self._night(self.profile | self._profile(other))
        memos = self.memos.search(
            [("profile_id.partner_id", "in", (self.customer | other).ids)]
        )
        notes = self._debit(memos)
        self.assertEqual(len(notes), 3)
        by_currency = {
            (note.partner_id, note.currency_id): note.amount_total for note in notes
        }
        self.assertAlmostEqual(
            by_currency[self.customer, dollar],
            self._memo(foreign).accrued + 80,
        )
        self.assertAlmostEqual(
            by_currency[other, self.company.currency_id],
            self._memo(theirs).accrued + 40,
        )

    def test_the_dialogue_knows_where_to_book(self):
        form = Form(
            self.env["late.debit.wizard"]
            .with_user(self.manager)
            .with_context(default_charge_ids=self.both.ids)
        )
        self.assertEqual(form.journal_id, self.journal)
        self.assertEqual(form.account_id, self.account)
        self.assertEqual(form.invoice_count, 1)

    def test_the_french_chart_has_an_account_for_it(self):
        self.company.late_interest_account_id = False
        found = self.env["account.account"].search(
            [("code", "=", "763100"), ("company_ids", "parent_of", self.company.id)]
        )
        if not found:
            self.assertFalse(self.memos._debit_account(self.company))
            with self.assertRaisesRegex(UserError, "income account"):
                self._debit()
            found = self.env["account.account"].create(
                {"code": "763100", "name": "Interest", "account_type": "income"}
            )
        self.assertEqual(self.memos._debit_account(self.company), found)

    def test_the_choice_is_kept_for_the_next_time(self):
        account = self.account.copy({"name": "Interest received"})
        wizard = (
            self.env["late.debit.wizard"]
            .with_user(self.manager)
            .with_context(default_charge_ids=self.both.ids)
            .create({"account_id": account.id})
        )
        wizard.action_invoice()
        self.assertEqual(self.company.late_interest_account_id, account)
        self.assertEqual(self.company.late_journal_id, self.journal)

    def test_only_managers(self):
        for user in (self.collector, self.accountant):
            with self.assertRaises(AccessError):
                self.both.with_user(user)._invoice(self.journal, self.account, TODAY)

    # === WHAT BECOMES OF THEM === #

    def test_posted_by_the_accountant_it_is_invoiced(self):
        note = self._debit()
        note.with_user(self.accountant).action_post()
        self.assertMemo(
            self.interest,
            in_draft=0,
            invoiced=self.interest.accrued,
            open_amount=0,
            unpaid=self.interest.accrued,
        )
        self.assertEqual(self._moved(self.compensation, "invoiced"), [(TODAY, 40)])
        # and a notice claims it no second time
        found = self._assessed(self.invoice)
        self.assertEqual((found.interest_due, found.compensation_due), (0, 0))

    def test_what_accrues_later_is_open_again(self):
        self._debit().action_post()
        self._night(day=TODAY + timedelta(days=10))
        self.assertMemo(
            self.interest,
            open_amount=float(self._interest(70) - self._interest(60)),
        )
        self.assertMemo(self.compensation, open_amount=0)

    def test_cancelled_deleted_reset(self):
        note = self._debit()
        note.button_cancel()
        self.assertMemo(self.compensation, in_draft=0, open_amount=40)
        note = self._debit()
        self.assertMemo(self.compensation, in_draft=40)
        note.unlink()
        self.assertMemo(self.compensation, in_draft=0, open_amount=40)
        note = self._debit()
        note.action_post()
        self.assertMemo(self.compensation, invoiced=40, in_draft=0)
        note.button_draft()
        self.assertMemo(self.compensation, invoiced=0, in_draft=40, open_amount=0)
        note.button_cancel()
        self.assertMemo(self.compensation, invoiced=0, in_draft=0, open_amount=40)
        self.assertEqual(
            self._moved(self.compensation, "invoiced"), [(TODAY, 40), (TODAY, -40)]
        )

    def test_reversed_gives_it_back(self):
        note = self._debit()
        note.action_post()
        reversal = note._reverse_moves([{"invoice_date": TODAY, "date": TODAY}])
        reversal.action_post()
        if note.payment_state != "reversed":
            (self._item(note) | self._item(reversal)).reconcile()
            self._follow()
        self.assertMemo(self.compensation, invoiced=0, open_amount=40)
        self.assertMemo(self.interest, invoiced=0, open_amount=self.interest.accrued)

    def test_what_the_accountant_changed_counts(self):
        note = self._debit(self.compensation)
        note.invoice_line_ids.filtered("price_unit").price_unit = 30
        note.action_post()
        self.assertMemo(self.compensation, invoiced=30, open_amount=10)

    def test_paid_follows_the_debit_note(self):
        note = self._debit()
        note.action_post()
        self._pay(note, 100, before(3))
        self._follow()
        self.assertAlmostEqual(sum(self.both.mapped("paid")), 100, 2)
        self._pay(note)
        self._follow()
        self.assertMemo(self.interest, paid=self.interest.accrued, unpaid=0)
        self.assertMemo(self.compensation, paid=40, unpaid=0)
        days = [day for day, __ in self._moved(self.compensation, "paid")]
        self.assertEqual(days, [before(3), TODAY])
        self._item(note).remove_move_reconcile()
        self._follow()
        self.assertMemo(self.compensation, paid=0, unpaid=40)

    def test_the_job_follows(self):
        note = self._debit()
        note.action_post()
        self._pay(note)
        self._cron("ir_cron_late")
        self.assertMemo(self.compensation, paid=40)

    def test_money_for_interest_reopens_nothing(self):
        self._pay(self.invoice, day=before(5))
        self._night()
        note = self._debit()
        note.action_post()
        self._pay(note)
        self._follow()
        accrued = self.interest.accrued
        self._night(day=TODAY + timedelta(days=20))
        self.assertTrue(self._item(self.invoice).reconciled)
        self.assertMemo(self.interest, accrued=accrued, open_amount=0)
        self.assertEqual(
            len(self.memos.search([("profile_id", "=", self.profile.id)])), 2
        )

    def test_no_interest_on_interest(self):
        note = self._debit()
        note.action_post()
        self._item(note).sudo().date_maturity = before(20)
        self.assertEqual(self.memos._assess(self._item(note), TODAY), {})
        self._night(day=TODAY + timedelta(days=40))
        self.assertFalse(self._memo(note) | self._memo(note, "compensation"))

    def test_a_debit_note_is_reminded_like_an_invoice(self):
        note = self._debit()
        note.invoice_payment_term_id = False
        note.invoice_date_due = TODAY
        note.action_post()
        run = self._propose(self.customer, day=TODAY + timedelta(days=4))
        self.assertIn(note, run.notice_ids.line_ids.move_id)

    def test_a_reminder_claims_nothing_on_a_debit_note(self):
        levels = self.env["dunning.level"].search([("policy_id", "=", self.policy.id)])
        levels.write({"claim_interest": True, "claim_compensation": True})
        self._pay(self.invoice)
        note = self._debit()
        note.invoice_payment_term_id = False
        note.invoice_date_due = TODAY
        note.action_post()
        day = TODAY + timedelta(days=4)
        notice = self._run(self.customer, day=day).notice_ids
        self.assertEqual(notice.line_ids.move_id, note)
        self.assertAlmostEqual(notice.amount_due, self.amount)
        self.assertEqual((notice.amount_interest, notice.amount_compensation), (0, 0))
        self.assertFalse(notice.line_ids.interest or notice.line_ids.compensation)

    def test_it_does_not_print_what_it_does_not_bear(self):
        self.company.late_invoice_terms = True
        note = self._debit()
        note.action_post()
        self.assertNotIn("o_late_terms", note.narration)

    def test_money_on_account_for_interest_reopens_nothing(self):
        """Paid without a debit note, allocated to nothing: the item stays settled."""
        self._pay(self.invoice, day=before(5))
        self._night()
        accrued = self.interest.accrued
        self._payment(self.customer, accrued, TODAY)
        self._night(day=TODAY + timedelta(days=3))
        self.assertTrue(self._item(self.invoice).reconciled)
        self.assertMemo(self.interest, accrued=accrued, paid=0, open_amount=accrued)
        self.assertFalse(self.interest.accruing)

    def test_the_account_is_looked_for_on_french_charts_only(self):
        self.company.late_interest_account_id = False
        account = self.env["account.account"].search(
            [("code", "=like", "7631%"), ("company_ids", "parent_of", self.company.id)]
        ) or self.env["account.account"].create(
            {"code": "763100", "name": "Interest", "account_type": "income"}
        )
        self.assertEqual(self.memos._debit_account(self.company), account[:1])
        self.company.country_id = self.env.ref("base.be")
        self.assertFalse(self.memos._debit_account(self.company))

    def test_a_journal_of_its_own_from_the_settings(self):
        settings = self.env["res.config.settings"].create({})
        self.assertIn(self.journal.name, settings.late_booking)
        self.assertIn(self.account.code, settings.late_booking)
        settings.action_late_journal()
        journal = self.company.late_journal_id
        self.assertEqual((journal.type, journal.code), ("sale", "LATE"))
        note = self._debit()
        self.assertEqual(note.journal_id, journal)
        note.action_post()
        self.assertTrue(note.name.startswith("LATE/"))

    def test_invoiced_too_much_is_shown(self):
        self._debit().action_post()
        self._pay(self.invoice, day=before(50))
        self._night()
        self.assertMemo(
            self.interest, open_amount=float(self._interest(10) - self._interest(60))
        )

    def test_who_has_no_credit_gets_debit_notes_all_the_same(self):
        self.env["credit.risk.class"].search([]).write(
            {"rule_limit": "block", "rule_manual": "block"}
        )
        self.profile.sudo().write({"limit_enforced": True, "credit_limit": 1})
        note = self._debit()
        note.with_user(self.accountant).action_post()
        self.assertEqual(note.state, "posted")

    def test_words_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        note = self._debit()
        self.assertIn("16/04/2026", note.invoice_line_ids[0].name)
        self.assertIn("12,15 %", note.invoice_line_ids[0].name)

    def test_it_names_the_law(self):
        note = self._debit()
        self.assertIn("L. 441-10", note.narration)
        self.assertIn("12.15", note.narration)
        self.assertIn("D. 441-5", note.narration)
        self.assertIn("VAT", note.narration)
        self.assertNotIn("{", note.narration)
