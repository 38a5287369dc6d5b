"""Interest and compensation on notices: counted, printed, frozen."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TODAY
from .formal_common import LateCommon


@tagged("post_install", "-at_install")
class TestLateNotice(LateCommon):
    def setUp(self):
        super().setUp()
        self.customer = self._business()

    def _final(self, partner=None, day=TODAY):
        """The proposal of a final reminder for what was told of before."""
        partner = partner or self.customer
        for line in self.env["account.move.line"].search(
            [
                ("partner_id", "=", partner.id),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
            ]
        ):
            line.sudo().write(
                {
                    "dunning_level_id": self.second.id,
                    "dunning_date": day - timedelta(days=10),
                }
            )
        notice = self._proposed(partner, day=day)
        self.assertEqual(notice.level_id, self.final)
        return notice

    # === WHAT IS CLAIMED === #

    def test_line_has_rate_days_and_amount(self):
        self._euros(self.customer, 1000.0, late=40)
        notice = self._final()
        line = notice.line_ids
        # 1000 x 12.15 % x 40 / 365
        self.assertAlmostEqual(line.interest, 13.32)
        self.assertEqual(line.interest_days, 40)
        self.assertEqual(line.interest_rate, "12.15")
        self.assertAlmostEqual(line.interest_daily, 0.332877, 6)
        self.assertEqual(line.compensation, 40.0)
        self.assertEqual(line.regime_id.code, "FR_B2B")
        (part,) = line.interest_parts
        self.assertEqual(part["from"], str(TODAY - timedelta(days=39)))
        self.assertEqual(part["to"], str(TODAY))
        self.assertEqual(part["amount"], "13.32")

    def test_amounts_in_company_currency(self):
        self._euros(self.customer, 1000.0, late=40)  # one dollar is half a euro
        notice = self._final()
        self.assertAlmostEqual(notice.amount_due, 2000.0)
        self.assertAlmostEqual(notice.amount_interest, 26.64)
        self.assertAlmostEqual(notice.amount_compensation, 80.0)
        self.assertAlmostEqual(notice.amount_total, 2106.64)

    def test_compensation_in_the_currency_of_the_item(self):
        self._invoice(self.customer, 500.0, late=40)
        self.assertAlmostEqual(self._final().line_ids.compensation, 80.0)

    def test_part_payment_splits_the_count(self):
        invoice = self._euros(self.customer, 1000.0, late=40)
        self._pay(invoice, 400.0, day=TODAY - timedelta(days=10))
        line = self._final().line_ids
        first, second = line.interest_parts
        self.assertEqual((float(first["base"]), float(second["base"])), (1000, 600))
        self.assertEqual((first["days"], second["days"]), (30, 10))
        parts = sum(float(part["amount"]) for part in line.interest_parts)
        self.assertAlmostEqual(parts, line.interest)
        self.assertEqual(line.compensation, 40.0)  # whole after a part payment

    def test_levels_that_claim_nothing(self):
        self.final.write({"claim_interest": False, "claim_compensation": False})
        self._euros(self.customer, 1000.0, late=40)
        notice = self._final()
        self.assertFalse(notice.line_ids.interest or notice.line_ids.compensation)
        self.assertEqual(notice.amount_total, notice.amount_due)
        self.assertNotIn("Total to pay", self._text(notice))

    def test_one_of_the_two_only(self):
        self.final.claim_compensation = False
        self._euros(self.customer, 1000.0, late=40)
        line = self._final().line_ids
        self.assertTrue(line.interest)
        self.assertFalse(line.compensation)

    def test_company_that_claims_none(self):
        self.company.late_interest = False
        self._euros(self.customer, 1000.0, late=40)
        self.assertFalse(self._final().amount_interest)

    def test_consumers_are_charged_nothing_in_france(self):
        person = self._business("Jane Doe", is_company=False)
        self._euros(person, 1000.0, late=40)
        notice = self._final(person)
        self.assertEqual(notice.profile_id.customer_kind, "consumer")
        self.assertFalse(notice.amount_interest or notice.amount_compensation)

    def test_nothing_where_credits_cover_the_currency(self):
        self._euros(self.customer, 1000.0, late=40)
        self._invoice(self.customer, 500.0, late=40)
        self._euros(self.customer, 1200.0, late=0, move_type="out_refund")
        notice = self._final()
        by_currency = notice.line_ids.filtered("interest").currency_id
        self.assertEqual(by_currency, self.company.currency_id)

    def test_interest_alone_makes_no_message(self):
        invoice = self._euros(self.customer, 1000.0, late=40)
        self._pay(invoice)
        self.assertFalse(self._proposed(self.customer))

    # === UNTIL IT IS ISSUED === #

    def test_lower_level_drops_the_claim(self):
        self._euros(self.customer, 1000.0, late=40)
        notice = self._final()
        notice.with_user(self.collector).action_lower_level()
        self.assertFalse(notice.amount_interest or notice.line_ids.interest_parts)
        notice.with_user(self.collector).action_reset()
        self.assertAlmostEqual(notice.line_ids.interest, 13.32)

    def test_counted_anew_on_the_day_of_issue(self):
        self._euros(self.customer, 1000.0, late=40)
        notice = self._final()
        notice.with_user(self.collector).action_approve()
        notice.run_id._issue_notices(day=TODAY + timedelta(days=5))
        self.assertEqual(notice.state, "issued")
        self.assertEqual(notice.line_ids.interest_days, 45)
        self.assertAlmostEqual(notice.line_ids.interest, 14.98)

    def test_payment_before_issue_lowers_it(self):
        invoice = self._euros(self.customer, 1000.0, late=40)
        notice = self._final()
        notice.with_user(self.collector).action_approve()
        self._pay(invoice, 400.0, day=TODAY - timedelta(days=10))
        notice.run_id._issue_notices()
        self.assertEqual(notice.state, "issued")
        self.assertAlmostEqual(notice.line_ids.interest, 11.98)

    def test_frozen_once_issued(self):
        self._euros(self.customer, 1000.0, late=40)
        notice = self._final()
        notice.with_user(self.collector).action_approve()
        notice.run_id._issue_notices()
        self.env["late.rate"].search([("series_id.code", "=", "EU_ECB")]).rate = 9
        notice._claim_late()
        self.assertAlmostEqual(notice.line_ids.interest, 13.32)
        with self.assertRaises(UserError):
            notice.amount_interest = 1.0
        with self.assertRaises(UserError):
            notice.line_ids.interest = 1.0

    def test_own_text_goes_with_the_sums(self):
        self._euros(self.customer, 1000.0, late=40)
        notice = self._final()
        notice._set_own_text("<p>You owe us 1,053.32 EUR.</p>", False, False)
        notice.with_user(self.collector).action_approve()
        self.env["late.rate"].search([("series_id.code", "=", "EU_ECB")]).rate = 9
        notice.run_id._issue_notices()
        self.assertEqual(notice.state, "draft")
        self.assertIn("amount", notice.error)

    def test_queries_do_not_grow_with_the_customers(self):
        partners = [self._business(f"Firm {number}") for number in range(6)]
        for partner in partners:
            self._euros(partner, 1000.0, late=40)
        one = self._final(partners[0])
        others = (
            self.env["dunning.notice"]
            .sudo()
            .union(*(self._final(partner) for partner in partners[1:]))
        )
        counts = []
        for notices in (one, others):
            notices._claim_late()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            notices._claim_late()
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2)

    # === WHAT IS PRINTED === #

    def test_letter_prints_what_adds_up(self):
        invoice = self._euros(self.customer, 1000.0, late=40)
        self._pay(invoice, 400.0, day=TODAY - timedelta(days=10))
        self._euros(self.customer, 333.33, late=40)
        notice = self._final()
        page = self._page(notice)
        table = page.xpath("//table[contains(@class, 'dunning_interest')]")[0]
        printed = [
            self._figure(row.xpath("./td[last()]")[0].text_content())
            for row in table.xpath(".//tbody/tr")
        ]
        self.assertEqual(len(printed), 3)
        self.assertAlmostEqual(sum(printed), sum(notice.line_ids.mapped("interest")))
        (total,) = notice._totals()
        rows = notice._claim_summary(total)
        self.assertEqual(
            [row["kind"] for row in rows], ["principal", "interest", "compensation"]
        )
        self.assertAlmostEqual(sum(row["amount"] for row in rows), total["total"])
        text = self._text(notice)
        for part in (
            "art. L. 441-10 II",
            "12.15 % a year",
            "2 × 40.00",
            "art. D. 441-5",
            "Total to pay",
            "a day is added",
            "up to June 15, 2026",
        ):
            self.assertIn(part, text)

    def test_rates_are_written_as_the_language_does(self):
        notice = self._notice_model()
        self.assertEqual(notice._rate_in_words(["12.15"]), "12.15")
        self.assertEqual(notice._rate_in_words(["12.15", "12.4"]), "12.15 and 12.40")
        self.env["res.lang"]._activate_lang("fr_FR")
        french = notice.with_context(lang="fr_FR")
        self.assertEqual(french._rate_in_words(["12.15", "12.4"]), "12,15 et 12,40")
        many = french._rate_in_words(["10", "12", "14.5", "12.15"])
        self.assertEqual(many, "10,00 – 14,50")

    def _notice_model(self):
        return self.env["dunning.notice"]

    def test_email_says_it_too(self):
        self._euros(self.customer, 1000.0, late=40)
        notice = self._final()
        summary = self.env["ir.qweb"]._render(
            "account_dunning.dunning_mail_summary", {"object": notice}
        )
        text = self._plain(str(summary))
        for part in (
            "40 days at 12.15 %",
            "13.32",
            "1 × 40.00",
            "1,053.32",
            "a day is",
        ):
            self.assertIn(part, text)

    def test_two_currencies_are_not_mixed(self):
        self._euros(self.customer, 1000.0, late=40)
        self._invoice(self.customer, 500.0, late=40)
        notice = self._final()
        dollars, euros = notice._totals()
        self.assertAlmostEqual(euros["total"], 1053.32)
        self.assertAlmostEqual(dollars["total"], 500 + 6.66 + 80)
        text = self._text(notice)
        self.assertEqual(text.count("Total to pay"), 2)

    def test_code_to_pay_asks_for_the_sum_claimed(self):
        self._euros(self.customer, 1000.0, late=40)
        self.assertEqual(
            [
                (round(due, 2), currency)
                for due, currency in self._final()._letter_dues()
            ],
            [(1053.32, self.euro)],
        )

    def test_interest_settled_is_not_claimed_again(self):
        self._euros(self.customer, 1000.0, late=40)
        notice = self._final()
        found = notice._late_claims(notice, TODAY)
        for claim in found.values():
            claim.settled, claim.interest = claim.interest - 3, claim.interest - 10
            claim.settled = type(claim.interest)(10)
        with patch.object(
            type(notice), "_late_claims", lambda self, notices, day: found
        ):
            notice._claim_late()
        line = notice.line_ids
        self.assertAlmostEqual(line.interest, 3.32)
        parts = sum(float(part["amount"]) for part in line.interest_parts)
        self.assertAlmostEqual(parts - line.interest_settled, line.interest)
        self.assertIn("Invoiced already, or waived", self._text(notice))
