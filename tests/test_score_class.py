"""Classes that follow scores, or somebody's decision."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form
from odoo.tools import mute_logger

from ..engine import scoring
from .common import NOW, TODAY
from .credit_common import ScoreCommon


class TestClassFollowsScore(ScoreCommon):
    def _score(self, profile, value, confidence="high"):
        """Judge the profile as if its score were this one."""
        result = scoring.Score(
            value,
            scoring.Confidence(confidence),
            0.9,
            (scoring.Factor(scoring.Kind.PROMISES, value - 90, {"count": 2}),),
        )
        with patch.object(scoring, "score", lambda *args: result):
            profile._refresh_scores()

    def test_automatically(self):
        self.company.credit_class_mode = "auto"
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.class_a
        self._score(profile, 30)
        self.assertEqual(profile.class_id, self.class_e)
        self.assertFalse(profile.class_proposed_id)
        self.assertIn("A – A good → E – E bad", self._bodies(profile))
        self.assertIn("2 promises to pay not kept", self._bodies(profile))

    def test_on_approval(self):
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.class_a
        self._score(profile, 30)
        self.assertEqual(profile.class_id, self.class_a)
        self.assertEqual(profile.class_proposed_id, self.class_e)
        with self.assertRaises(AccessError):
            profile.with_user(self.collector).action_accept_class()
        profile.with_user(self.manager).action_accept_class()
        self.assertEqual(profile.class_id, self.class_e)
        self.assertFalse(profile.class_proposed_id)
        self.assertIn("Score 30", self._bodies(profile))
        with self.assertRaises(UserError):
            profile.with_user(self.manager).action_accept_class()

    def test_a_proposal_goes_when_the_score_is_back(self):
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.class_a
        self._score(profile, 30)
        self._score(profile, 85)
        self.assertFalse(profile.class_proposed_id)

    def test_never(self):
        self.company.credit_class_mode = "never"
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.class_a
        self._score(profile, 0)
        self.assertEqual(profile.class_id, self.class_a)
        self.assertFalse(profile.class_proposed_id)

    def test_nobody_flips_every_night(self):
        self.company.credit_class_mode = "auto"
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.class_b
        classes = []
        for value in (79, 81, 78, 82, 58, 62, 57, 83):
            self._score(profile, value)
            classes.append(profile.class_id.code)
        self.assertEqual(classes, ["B"] * 7 + ["A"])

    def test_out_of_unrated_only_with_enough_history(self):
        self.company.credit_class_mode = "auto"
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.unrated
        self._score(profile, 85, "low")
        self.assertEqual(profile.class_id, self.unrated)
        self._score(profile, 85, "medium")
        self.assertEqual(profile.class_id, self.class_a)

    def test_set_by_hand_it_stays_until_its_day(self):
        self.company.credit_class_mode = "auto"
        profile = self._profile(self._customer())
        profile.sudo().class_id = self.class_e
        action = profile.with_user(self.manager).action_change_class()
        wizard = Form(
            self.env["credit.class.wizard"]
            .with_user(self.manager)
            .with_context(**action["context"])
        )
        self.assertEqual(wizard.class_id, self.class_e)
        wizard.class_id = self.class_a
        wizard.reason = "Guarantee of the parent company"
        wizard.until = TODAY + timedelta(days=10)
        wizard.save().action_apply()
        self.assertEqual(profile.class_id, self.class_a)
        self.assertTrue(profile.class_is_manual)
        self.assertIn("Guarantee of the parent company", self._bodies(profile))
        found = self.env["credit.profile"].search([("class_is_manual", "=", True)])
        self.assertEqual(found, profile)
        self._score(profile, 0)
        self.assertEqual(profile.class_id, self.class_a)
        with freeze_time(NOW + timedelta(days=11)):
            profile.invalidate_recordset()
            self.assertFalse(profile.class_is_manual)
            self._score(profile, 0)
        self.assertEqual(profile.class_id, self.class_e)

    def test_a_last_day_that_is_over_is_refused(self):
        wizard = self.env["credit.class.wizard"].create(
            {
                "profile_ids": [Command.set(self._profile(self._customer()).ids)],
                "class_id": self.class_a.id,
                "reason": "Why not",
                "until": TODAY - timedelta(days=1),
            }
        )
        with self.assertRaises(UserError):
            wizard.action_apply()

    def test_what_a_manager_types_in_is_not_taken_back_by_the_night(self):
        self.company.credit_class_mode = "auto"
        profile = self._profile(self._customer())
        profile.with_user(self.manager).write({"class_id": self.class_a.id})
        self.assertEqual(profile.class_manual_until, TODAY + timedelta(days=180))
        self._score(profile, 0)
        self.assertEqual(profile.class_id, self.class_a)
        profile.with_user(self.manager).action_end_manual_class()
        self.assertFalse(profile.class_is_manual)
        self._score(profile, 0)
        self.assertEqual(profile.class_id, self.class_e)

    def test_a_collector_does_not_decide(self):
        profile = self._profile(self._customer()).with_user(self.collector)
        for values in (
            {"class_id": self.class_a.id},
            {"class_manual_until": TODAY},
            {"class_manual_reason": "x"},
            {"class_proposed_id": self.class_a.id},
        ):
            with self.subTest(**values), self.assertRaises(AccessError):
                profile.write(values)
        for action in ("action_change_class", "action_end_manual_class"):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(profile, action)()
        with self.assertRaises(AccessError):
            self.env["credit.profile"].with_user(self.collector).create(
                {
                    "partner_id": self._customer("New").id,
                    "company_id": self.company.id,
                    "class_id": self.class_a.id,
                }
            )

    def test_classes_of_another_company_do_not_matter(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env["credit.risk.class"].create(
            {"name": "Theirs", "code": "X", "score_floor": 95, "company_id": other.id}
        )
        self.company.credit_class_mode = "auto"
        profile = self._profile(self._customer())
        self._score(profile, 100)
        self.assertEqual(profile.class_id, self.class_a)

    def test_margins_and_weights_have_a_range(self):
        for values in (
            {"credit_class_margin": -1},
            {"credit_rating_weight": 101},
        ):
            with (
                self.subTest(**values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.cr.savepoint(),
            ):
                self.company.write(values)
                self.env.flush_all()
