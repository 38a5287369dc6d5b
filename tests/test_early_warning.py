"""Who begins to pay later than usual, and who is told."""

from datetime import timedelta

from odoo.exceptions import UserError

from .common import TODAY
from .credit_common import ScoreCommon


class TestEarlyWarning(ScoreCommon):
    def _changes(self, customer):
        """Punctual for a year, and for ten weeks a month late."""
        for number in range(11):
            self._paid(customer, number % 3, 110 + 28 * number)
        for number in range(5):
            self._paid(customer, 30 + number % 3, 1 + 9 * number)
        return self._profile(customer)

    def _activities(self, profile):
        return profile.activity_ids.filtered(
            lambda a: (
                a.activity_type_id
                == self.env.ref("account_dunning.mail_activity_type_late")
            )
        )

    def test_the_collector_is_told_once(self):
        profile = self._changes(self._customer())
        profile.user_id = self.collector
        with self.mock_mail_gateway():
            profile._refresh_scores()
        self.assertFalse(self._mails)
        activity = self._activities(profile)
        self.assertEqual(activity.user_id, self.collector)
        self.assertEqual(activity.date_deadline, TODAY)
        self.assertTrue(profile.pays_later)
        self.assertEqual(profile.pays_later_told_on, TODAY)
        self.assertIn(
            "31 days late lately, 1 day late in the year", profile.pays_later_sentence
        )
        self.assertIn(profile.pays_later_sentence, activity.note)
        self.assertIn("days late</li>", activity.note)
        activity.action_feedback("Called")
        profile._refresh_scores(TODAY + timedelta(days=1))
        self.assertFalse(self._activities(profile))
        self.assertTrue(profile.pays_later)

    def test_who_stops_paying_is_found(self):
        customer = self._customer()
        for number in range(11):
            self._paid(customer, number % 3, 110 + 28 * number)
        for number in range(5):
            self._invoice(customer, 100, late=15 + 9 * number)
        profile = self._profile(customer)
        profile._refresh_scores()
        self.assertTrue(self._activities(profile))

    def test_the_usual_is_no_news(self):
        customer = self._customer()
        for number in range(15):
            self._paid(customer, 40 + number % 3, 5 + 24 * number)
        profile = self._profile(customer)
        profile._refresh_scores()
        self.assertFalse(self._activities(profile))
        self.assertFalse(profile.pays_later)

    def test_days_before_the_due_date_are_called_so(self):
        """Earlier than a month before, now on the due date: later, and never late."""
        profile = self._profile(self._customer())
        for days, words in (
            (-20, "20 day(s) early"),
            (0, "on the due date"),
            (1, "1 day late"),
            (9, "9 days late"),
        ):
            profile.sudo().write(
                {"pays_later": True, "pays_later_facts": {"recent": days, "usual": -40}}
            )
            self.assertEqual(
                profile.pays_later_sentence,
                f"Pays clearly later than usual: {words} lately, 40 day(s) early in "
                "the year before.",
            )

    def test_can_be_switched_off(self):
        self.company.credit_early_warning = False
        profile = self._changes(self._customer())
        profile._refresh_scores()
        self.assertFalse(self._activities(profile))
        self.assertTrue(profile.pays_later, "still in lists and filters")
        self.company.credit_early_warning = True
        profile._refresh_scores()
        self.assertTrue(self._activities(profile), "was not told before")

    def test_its_type_of_activity_is_kept(self):
        with self.assertRaises(UserError):
            self.env.ref("account_dunning.mail_activity_type_late").unlink()
