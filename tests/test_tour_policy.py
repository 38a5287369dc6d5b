"""A credit manager's way through the policy editor and the preview, in a browser."""

from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from . import test_tour_run


@tagged("post_install", "-at_install")
class TestTourPolicy(test_tour_run.TestTourRun):
    test_collector_runs_dunning = None  # the facts of that tour, not the tour

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            login="tour_manager",
            groups="account_dunning.group_account_dunning_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            tz="UTC",
        )

    def test_manager_makes_a_first_policy(self):
        self.start_tour("/odoo", "account_dunning_first_policy", login="tour_manager")
        policy = self.env["dunning.policy"].search(
            [("name", "=", "Tour: first policy")]
        )
        self.assertEqual(policy.level_ids.mapped("days"), [3, 42])
        self.assertEqual(policy.level_ids.mapped("tone"), ["friendly", "firm"])
        self.assertTrue(all(policy.level_ids.mapped("letter_title")))
        self.assertTrue(policy.level_ids.mail_template_id)

    def test_manager_previews_ninety_days(self):
        notices = self.env["dunning.notice"].search_count([])
        self.start_tour("/odoo", "account_dunning_preview", login="tour_manager")
        preview = self.env["dunning.preview"].search(
            [("create_uid", "=", self.manager.id)]
        )
        self.assertGreaterEqual(preview.message_count, 1)
        self.assertEqual(self.env["dunning.notice"].search_count([]), notices)
