"""What accrued, was claimed, invoiced, paid and waived: by customer and period."""

from datetime import date, timedelta

from .late_common import TODAY, LateCommon, before

STEPS = ("accrued", "claimed", "invoiced", "paid", "waived")


class TestLatePeriods(LateCommon):
    def _sums(self, groupby):
        """Sums of the steps in company currency, by group, as a collector sees them."""
        rows = (
            self.env["late.charge.entry"]
            .with_user(self.collector)
            ._read_group(
                [("company_id", "=", self.company.id)],
                [groupby],
                [f"{step}:sum" for step in STEPS],
            )
        )
        return {
            key: [round(amount or 0, 2) for amount in amounts] for key, *amounts in rows
        }

    def test_each_step_has_a_sum_of_its_own(self):
        invoice = self._late(60)
        self._night()
        memo = self._memo(invoice)
        memo._waive({memo.id: 50}, "Goodwill")
        other = self._customer("Other")
        self._late(60, partner=other)
        self._night(self._profile(other))
        self.company.late_interest_account_id = self.company_data[
            "default_account_revenue"
        ]
        compensation = self._memo(invoice, "compensation")
        note = compensation._invoice(
            self.company_data["default_journal_sale"],
            self.company.late_interest_account_id,
            TODAY,
        )
        note.action_post()
        self._pay(note, 30)
        self.memos.sudo()._follow_debit_notes()
        accrued = round(float(self._interest(60)) + 40, 2)
        self.assertEqual(
            self._sums("partner_id"),
            {
                self.customer: [accrued, 0, 40, 30, 50],
                other: [accrued, 0, 0, 0, 0],
            },
        )

    def test_by_month(self):
        self._late(60)
        self._night()
        sums = self._sums("date:month")
        self.assertEqual(
            {month: amounts[0] for month, amounts in sums.items()},
            {
                date(2026, 4, 1): round(float(self._interest(14)) + 40, 2),
                date(2026, 5, 1): round(
                    float(self._interest(45) - self._interest(14)), 2
                ),
                date(2026, 6, 1): round(
                    float(self._interest(60) - self._interest(45)), 2
                ),
            },
        )

    def test_other_currencies_count_in_that_of_the_company(self):
        dollar = self._currency("TST", {before(400): 2.0, before(20): 4.0})
        invoice = self._late(60, 10000, currency_id=dollar.id)
        self._night()
        memo = self._memo(invoice)
        shares = memo.entry_ids.filtered(lambda e: e.kind == "accrued").sorted("date")
        # at the rate of the day of each movement
        self.assertEqual(
            [round(entry.accrued, 2) for entry in shares],
            [
                round(entry.amount / (2 if entry.date < before(20) else 4) + 1e-9, 2)
                for entry in shares
            ],
        )
        memo._waive({memo.id: 10}, "Goodwill")
        waived = memo.entry_ids.filtered(lambda e: e.kind == "waived")
        self.assertEqual((waived.amount, waived.waived), (10, 2.5))
        # the running month goes on at the rate of its day
        self._night(day=TODAY + timedelta(days=1))
        last = shares[-1]
        self.assertEqual(last.accrued, round(last.amount / 4 + 1e-9, 2))
        self.assertEqual(last.amount_company, last.accrued)

    def test_only_one_step_in_each_movement(self):
        invoice = self._late(60)
        self._night()
        memo = self._memo(invoice)
        memo._waive({memo.id: 10}, "Goodwill")
        for entry in memo.entry_ids:
            told = [step for step in STEPS if entry[step]]
            self.assertEqual(told, [entry.kind])
            self.assertEqual(entry[entry.kind], entry.amount_company)

    def test_what_the_views_ask_for(self):
        """The pivot with its currency, as a collector opens it."""
        self._late(60)
        self._night()
        groups = (
            self.env["late.charge.entry"]
            .with_user(self.collector)
            .formatted_read_group(
                [],
                ["date:month"],
                [
                    *(f"{step}:sum" for step in STEPS),
                    "company_currency_id:array_agg_distinct",
                ],
            )
        )
        self.assertTrue(groups)
        for group in groups:
            self.assertEqual(
                group["company_currency_id:array_agg_distinct"],
                self.company.currency_id.ids,
            )
