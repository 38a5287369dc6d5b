"""Jobs that go through all customers: one bad record stops nobody else."""

from datetime import timedelta
from unittest.mock import patch

from psycopg2 import OperationalError

from odoo.exceptions import UserError
from odoo.tools import mute_logger

from ..models.credit_exposure import CreditExposure
from ..models.credit_profile_class import CreditProfile as ClassOfProfile
from ..models.credit_score import CreditScore
from .common import NOW, TODAY
from .credit_common import RiskClassCommon, ScoreCommon

LOGGER = "odoo.addons.account_dunning.models.credit_profile_jobs"


def failing_for(bad, method, error):
    """The method, but for batches that hold the bad one."""

    def fails(self, *args, **kwargs):
        profiles = next(
            (arg for arg in (self, *args) if arg._name == "credit.profile"), self
        )
        if bad in profiles:
            raise error
        return method(self, *args, **kwargs)

    return fails


class TestScoreJob(ScoreCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["credit.profile"].search([]).sudo().score_date = TODAY
        cls.good = [cls._profile(cls._customer(f"Good {n}")) for n in range(4)]
        cls.bad = cls._profile(cls._customer("Bad"))
        cls.good += [cls._profile(cls._customer("Last"))]

    def _night(self, error, when=NOW):
        facts = CreditScore._facts
        with (
            patch.object(CreditScore, "_facts", failing_for(self.bad, facts, error)),
            self.assertLogs(LOGGER, "WARNING") as logs,
        ):
            self._cron("ir_cron_score", when)
        return logs.output

    def test_the_others_are_scored_and_the_error_is_seen(self):
        logs = self._night(ZeroDivisionError("division by zero"))
        self.assertEqual(len(logs), 1)
        self.assertIn(f"profile {self.bad.id} failed", logs[0])
        self.assertIn("Traceback", logs[0])
        self.assertEqual({profile.score_date for profile in self.good}, {TODAY})
        self.assertFalse(any(profile.score_error for profile in self.good))
        self.assertFalse(self.bad.score_date)
        bad = self.bad.with_user(self.manager)
        self.assertIn("division by zero", bad.score_error)
        self.assertIn(bad.score_error, bad.trouble)
        self.assertEqual(bad.search([("score_error", "!=", False)]), bad)

    def test_the_next_time_it_is_done_and_the_error_goes(self):
        self._night(UserError("No rate"))
        self.assertEqual(self.bad.score_error, "No rate")
        self._cron("ir_cron_score")
        self.assertEqual(self.bad.score_date, TODAY)
        self.assertFalse(self.bad.score_error)
        self.assertFalse(self.bad.trouble)

    def test_a_conflict_is_nobodys_error(self):
        facts = CreditScore._facts
        conflict = failing_for(self.bad, facts, OperationalError("gave way"))
        with (
            patch.object(CreditScore, "_facts", conflict),
            self.assertRaises(OperationalError),
        ):
            todo = self.bad | self.good[0]
            todo._one_by_one_if_needed("_refresh_scores", "score_error")
        self.assertFalse(self.bad.score_error)

    def test_what_failed_leaves_nothing_half_done(self):
        """Its class would change: neither that nor a note stays."""
        self.company.credit_class_mode = "auto"
        self.env.flush_all()
        warn = type(self.bad)._warn_of_late_payers

        def fails(profiles, company, warned, day):
            warn(profiles, company, warned, day)
            if self.bad in profiles:
                raise ZeroDivisionError("at the very end")

        notes = len(self.bad.message_ids)
        with (
            patch.object(type(self.bad), "_warn_of_late_payers", fails),
            mute_logger(LOGGER),
        ):
            self._cron("ir_cron_score")
        self.assertFalse(self.bad.score_date)
        self.assertEqual(len(self.bad.message_ids), notes)
        self.assertTrue(self.good[0].score_date)

    def test_figures(self):
        whole = CreditExposure._exposures

        def fails(exposure, profiles, *args, **kwargs):
            if self.bad in profiles:
                raise ZeroDivisionError("in the figures")
            return whole(exposure, profiles, *args, **kwargs)

        (self.good[0] | self.bad).sudo().refreshed_at = NOW - timedelta(days=2)
        with patch.object(CreditExposure, "_exposures", fails), mute_logger(LOGGER):
            self._cron("ir_cron_refresh_profiles")
        self.assertGreaterEqual(self.good[0].refreshed_at, NOW)
        self.assertIn("in the figures", self.bad.figures_error)
        self._cron("ir_cron_refresh_profiles")
        self.assertFalse(self.bad.figures_error)


class TestLimitJob(RiskClassCommon):
    def test_the_others_get_their_limits(self):
        fixed = self._class(limit_rule="sales", limit_multiple=1)
        good, bad = (self._profile(self._customer(name)) for name in ("Good", "Bad"))
        (good | bad).class_id = fixed
        for profile in good | bad:
            self._invoice(profile.partner_id, 12_000)
        (good | bad).sudo().limit_rule_date = TODAY - timedelta(days=1)
        method = ClassOfProfile._apply_limit_batch
        error = ZeroDivisionError("in the limits")
        with (
            patch.object(
                ClassOfProfile, "_apply_limit_batch", failing_for(bad, method, error)
            ),
            mute_logger(LOGGER),
        ):
            self._cron("ir_cron_apply_limit_rules")
        self.assertEqual(self._limit(good), 1_000.0)
        self.assertEqual(self._limit(bad), 0.0, "as it was")
        self.assertIn("in the limits", bad.limit_error)
        self._cron("ir_cron_apply_limit_rules")
        self.assertEqual(self._limit(bad), 1_000.0)
        self.assertFalse(bad.limit_error)
