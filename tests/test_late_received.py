"""A notice counts from the day it was received: what the post says reaches the memo."""

from datetime import date, datetime, timedelta
from itertools import product

from freezegun import freeze_time

from odoo.tools import SQL

from ..engine import postal
from .common import NOW
from .late_common import TODAY, LateCommon, before

ADDRESS = {"street": "1 rue de la Paix", "zip": "75002", "city": "Paris"}


class TestLateReceived(LateCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.formal.channel_1 = "registered"
        cls.person = cls._customer(
            "Person",
            is_company=False,
            country_id=cls.env.ref("base.fr").id,
            **ADDRESS,
        )
        cls.consumer = cls._profile(cls.person)

    def _posted(self, partner, day):
        """The registered letter of a run of that day, posted on it."""
        letter = self._run(partner, day=day).notice_ids.delivery_ids
        self.assertEqual(letter.channel, "registered")
        with freeze_time(datetime.combine(day, NOW.time())):
            letter.printed_at = NOW
            letter.action_mark_posted()
        return letter

    def _noticed(self):
        """A consumer's invoice with its formal notice, posted ten days ago."""
        invoice = self._late(60, partner=self.person)
        for days in (50, 40, 25):
            self._run(self.person, day=before(days))
            self._deliver(before(days))
        return invoice, self._posted(self.person, before(10))

    def _days(self, invoice):
        item = self._item(invoice)
        return self.env["late.history"]._late_days(item.ids).get(item.id, {})

    def test_interest_starts_the_day_after_the_presentation(self):
        invoice, letter = self._noticed()
        self._night(self.consumer)
        self.assertFalse(self._memo(invoice), "nobody knows yet that it was received")
        letter._record_proof({"presented_on": before(6)}, "person")
        self._night(self.consumer)
        memo = self._memo(invoice)
        self.assertAlmostEqual(
            memo.accrued, float(self._assessed(invoice).interest.total)
        )
        found = self._assessed(invoice).interest
        self.assertEqual((found.first, found.days), (before(5), 6))
        self.assertEqual(letter.notice_id.interest_from, found.first)
        self.assertEqual(self._days(invoice)["notice"], before(6))
        self.assertFalse(self._memo(invoice, "compensation"))

    def test_a_letter_nobody_fetched_counts(self):
        invoice, letter = self._noticed()
        letter._record_proof(
            {
                "presented_on": before(7),
                "outcome": "unclaimed",
                "outcome_on": before(1),
            },
            "person",
        )
        self.assertEqual(self._assessed(invoice).interest.first, before(6))

    def test_without_a_presentation_its_end_counts(self):
        invoice, letter = self._noticed()
        letter._record_proof({"outcome": "refused", "outcome_on": before(4)}, "person")
        self.assertEqual(self._assessed(invoice).interest.first, before(3))

    def test_a_wrong_address_was_never_reached(self):
        invoice, letter = self._noticed()
        letter._record_proof({"presented_on": before(6)}, "person")
        self._night(self.consumer)
        memo = self._memo(invoice)
        self.assertGreater(memo.accrued, 0)
        letter._record_proof({"outcome": "returned", "outcome_on": before(2)}, "person")
        self.assertEqual(self._assessed(invoice).accrued, 0)
        self._night(self.consumer)
        self.assertEqual((memo.accrued, memo.open_amount), (0, 0))

    def test_what_the_post_says_after_the_payment(self):
        invoice, letter = self._noticed()
        seen = datetime.combine(before(4), NOW.time())
        self.consumer.sudo().write({"late_seen_at": seen, "late_began_at": seen})
        self._pay(invoice, day=before(1))
        self._night(self.consumer)
        self.assertFalse(self._memo(invoice))
        # a day later, long after the payment was looked at
        self.env.cr.execute(
            "UPDATE account_partial_reconcile"
            "   SET create_date = create_date - interval '1 day';"
            "UPDATE credit_profile SET late_began_at = '2026-01-01' WHERE id = %s",
            [self.consumer.id],
        )
        letter._record_proof({"presented_on": before(6)}, "person")
        self._night(self.consumer)
        # from the day after the presentation to the day of the payment
        self.assertEqual(self._assessed(invoice).interest.days, 5)
        self.assertGreater(self._memo(invoice).accrued, 0)

    def test_a_swiss_reminder_counts_from_its_receipt(self):
        self.company.country_id = self.env.ref("base.ch")
        self.first.channel_1 = "registered"
        self.customer.write(ADDRESS)
        invoice = self._late(20)
        self.assertEqual(self._assessed(invoice).accrued, 0)
        letter = self._posted(self.customer, before(10))
        self.assertEqual(self._assessed(invoice).law.code, "CH")
        self.assertEqual(self._assessed(invoice).accrued, 0)
        letter._record_proof({"presented_on": before(8)}, "person")
        found = self._assessed(invoice).interest
        self.assertEqual((found.first, found.days), (before(7), 8))
        self.assertEqual(self._days(invoice), {"reminder": before(8)})

    def test_the_query_says_what_the_rules_say(self):
        known = (None, before(6)), (None, *postal.Outcome), (None, before(3))
        cases = [
            case
            for case in product(*known)
            if bool(case[1]) == bool(case[2]) or case[0]
        ]
        for presented, outcome, outcome_on in cases:
            posting = postal.Posting(
                deposited=before(9),
                presented=presented,
                outcome=outcome,
                outcome_on=outcome_on if outcome else None,
            )
            ((found,),) = self.env.execute_query(
                SQL(
                    """
                SELECT %s
                  FROM (VALUES ('registered', %s::date, %s::varchar, %s::date))
                    AS delivery(channel, presented_on, outcome, outcome_on)
                    """,
                    self.env["dunning.delivery"]._received_sql(),
                    presented,
                    outcome.value if outcome else None,
                    posting.outcome_on,
                )
            )
            self.assertEqual(found, postal.received_on(posting), posting)


class TestLateInsolvency(LateCommon):
    """The judgment cuts what is older, and nothing else."""

    JUDGMENT = before(30)

    def _judge(self):
        self.env["late.insolvency.wizard"].create(
            {"profile_id": self.profile.id, "date": self.JUDGMENT}
        ).action_record()

    def test_the_memo_is_cut_at_the_judgment(self):
        older = self._late(60)  # invoiced 90 days ago
        # invoiced before the judgment, due after it
        caught = self._late(10, invoice_date=before(40))
        later = self._late(5, invoice_date=before(20))
        self._night()
        self.assertAlmostEqual(self._memo(older).accrued, float(self._interest(60)))
        self.assertEqual(self._memo(caught, "compensation").accrued, 40)
        self._judge()
        self._night()
        frozen = float(self._interest(29))  # the day of the judgment bears none
        self.assertAlmostEqual(self._memo(older).accrued, frozen)
        # its compensation had arisen before, the other's had not
        self.assertEqual(self._memo(older, "compensation").accrued, 40)
        self.assertEqual(self._memo(caught).accrued, 0)
        self.assertEqual(self._memo(caught, "compensation").accrued, 0)
        self.assertAlmostEqual(self._memo(later).accrued, float(self._interest(5)))
        self.assertEqual(self._memo(later, "compensation").accrued, 40)
        self._night(day=TODAY + timedelta(days=7))
        self.assertAlmostEqual(self._memo(older).accrued, frozen)
        self.assertAlmostEqual(self._memo(later).accrued, float(self._interest(12)))

    def test_a_judgment_recorded_by_mistake_freezes_nothing(self):
        older = self._late(60)
        self._judge()
        self._night()
        self.env["late.insolvency.end"].create(
            {"profile_id": self.profile.id, "outcome": "mistake", "reason": "Namesake"}
        ).action_end()
        self._night()
        self.assertAlmostEqual(self._memo(older).accrued, float(self._interest(60)))

    def test_of_the_day_of_the_judgment_is_later(self):
        invoice = self._late(5, invoice_date=self.JUDGMENT)
        self._judge()
        self.assertEqual(self._assessed(invoice).accrued, self._interest(5))
        self.assertIsInstance(self.JUDGMENT, date)
