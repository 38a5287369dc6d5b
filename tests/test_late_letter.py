"""Compensation per letter (Netherlands): once for what a letter tells together."""

from datetime import date, timedelta

from .common import TODAY
from .late_common import LateCommon
from .test_lawful import LawfulCommon

#: the e-mail of 15 June gives from the 16th to the 29th
OVER = date(2026, 6, 30)


class TestLateLetter(LawfulCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.netherlands
        cls.euro = cls.env.ref("base.EUR")
        cls.company.currency_id = cls.euro
        cls.partner, cls.profile = cls._debtor("Dutch", country=cls.netherlands)
        cls.memos = cls.env["late.charge"]

    def _told(self, *amounts):
        """Invoices of one free reminder that was sent today."""
        invoices = self.env["account.move"]
        for number, amount in enumerate(amounts):
            invoices |= self._invoice(self.partner, amount, late=6 - number)
        run = self._go(self.partner, TODAY)
        self.assertEqual(run.notice_ids.reminder_law_id.code, "NL_B2C")
        self.letter = run.notice_ids
        return invoices

    def _night(self, day):
        self.profile._refresh_late(day)
        self.env.invalidate_all()

    def _compensations(self):
        return self.memos.search(
            [("profile_id", "=", self.profile.id), ("kind", "=", "compensation")],
            order="id",
        )

    def test_nothing_before_the_time_is_over(self):
        self._told(100, 300)
        self._night(OVER - timedelta(days=1))
        self.assertFalse(self._compensations())

    def test_one_ladder_for_the_sum(self):
        first, second = self._told(100, 300)
        self._night(OVER)
        memo = self._compensations()
        self.assertEqual((memo.accrued, memo.open_amount), (60, 60))  # 15 % of 400
        self.assertEqual(memo.letter_id, self.letter)
        self.assertEqual(memo.move_id, first)
        self.assertEqual(memo.name, f"{first.name}, {second.name}")
        self._night(OVER + timedelta(days=1))
        self.assertEqual(self._compensations(), memo)
        self.assertEqual(memo.accrued, 60)

    def test_a_small_sum_has_the_least_once(self):
        self._told(20, 30)
        self._night(OVER)
        self.assertEqual(self._compensations().accrued, 40)

    def test_what_was_paid_in_time_counts_no_more(self):
        first, __ = self._told(100, 300)
        self._pay(first, day=date(2026, 6, 20))
        self._night(OVER)
        memo = self._compensations()
        self.assertEqual(memo.accrued, 45)  # 15 % of 300

    def test_partial_payments(self):
        __, second = self._told(100, 300)
        self._pay(second, 100, date(2026, 6, 20))
        self._night(OVER)
        self.assertEqual(self._compensations().accrued, 45)  # 15 % of 100 + 200
        # a payment after the time is over takes nothing back
        self._pay(second, 200, OVER)
        self._night(OVER + timedelta(days=2))
        self.assertEqual(self._compensations().accrued, 45)

    def test_the_first_is_paid_when_the_time_is_over(self):
        first, second = self._told(100, 300)
        self._night(OVER)
        memo = self._compensations()
        self._pay(first, day=OVER)
        for days in (1, 2):
            self._night(OVER + timedelta(days=days))
            self.assertEqual(self._compensations(), memo)
            self.assertEqual(memo.accrued, 60)
        self._pay(second, day=OVER + timedelta(days=2))
        self._night(OVER + timedelta(days=3))
        self.assertEqual((self._compensations(), memo.accrued), (memo, 60))

    def test_whoever_is_asked_for_one_of_them_alone(self):
        invoices = self._told(100, 300)
        items = self._item(invoices)
        for asked in (items, items[0], items[1]):
            found = self.memos._assess(asked, OVER)
            self.assertEqual(list(found), asked.ids)
            self.assertEqual(sum(one.compensation for one in found.values()), 60)
        self._night(OVER)
        memo = self._compensations()
        memo._waive({memo.id: 20}, "Goodwill")
        for asked in (items, items[0], items[1]):
            found = self.memos._assess(asked, OVER).values()
            self.assertEqual(sum(one.compensation_due for one in found), 40)

    def test_a_later_letter_has_its_own(self):
        self._told(100, 300)
        self._night(OVER)
        memo = self._compensations()
        self._invoice(self.partner, 50, due=date(2026, 7, 1))
        run = self._go(self.partner, date(2026, 7, 6))
        new = run.notice_ids.line_ids.filtered("free_reminder")
        self.assertEqual(len(new), 1, "the others had theirs")
        self._night(date(2026, 7, 20))
        self.assertEqual(self._compensations(), memo)
        self._night(date(2026, 7, 21))
        other = self._compensations() - memo
        self.assertEqual((memo.accrued, other.accrued), (60, 40))
        self.assertEqual(other.letter_id, run.notice_ids)

    def test_claimed_on_later_notices_it_is_claimed_once(self):
        self._told(100, 300)
        run = self._go(self.partner, OVER)
        self.assertEqual(run.notice_ids.level_id, self.second)
        self.assertEqual(run.notice_ids.amount_compensation, 60)
        memo = self._compensations()
        self.assertEqual((memo.accrued, memo.claimed), (60, 60))
        later = self._go(self.partner, OVER + timedelta(days=20))
        self.assertEqual(later.notice_ids.amount_compensation, 60)
        self.assertEqual(self._compensations(), memo)
        self.assertEqual(memo.claimed, 60)

    def test_a_letter_that_reached_nobody_gives_none(self):
        self._told(100, 300)
        self._night(OVER)
        memo = self._compensations()
        self.letter.delivery_ids.sudo()._fail("550 mailbox unavailable", faulty=True)
        self._night(OVER + timedelta(days=1))
        self.assertEqual((memo.accrued, memo.open_amount), (0, 0))

    def test_two_currencies_one_compensation(self):
        other = self.env["res.currency"].create({"name": "TST", "symbol": "T"})
        self._invoice(self.partner, 100, late=6)
        self._invoice(self.partner, 300, late=5, currency_id=other.id)
        self._go(self.partner, TODAY)
        self._night(OVER)
        memo = self._compensations()
        self.assertEqual((memo.currency_id, memo.accrued), (self.euro, 40))

    def test_words_on_the_debit_note(self):
        self._told(100, 300)
        self._night(OVER)
        words = self._compensations()._debit_line_text(None)
        self.assertIn(self.letter.name, words)
        self.assertIn("06/15/2026", words)


class TestPerInvoice(LateCommon):
    """Elsewhere each invoice has its own, whatever letter told it."""

    def test_one_for_each_invoice(self):
        invoices = self._late(60, 100) | self._late(60, 300)
        self._run(self.customer)
        self._deliver()
        self._night()
        memos = self.memos.search(
            [("profile_id", "=", self.profile.id), ("kind", "=", "compensation")]
        )
        self.assertEqual(memos.mapped("accrued"), [40, 40])
        self.assertEqual(memos.move_id, invoices)
        self.assertFalse(memos.letter_id)
