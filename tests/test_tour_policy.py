"""A credit manager's way through the policy editor and the preview, in a browser."""

from .tour_common import DunningTour


class TestTourPolicy(DunningTour):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._invoice(cls._customer("Tour Customer"), 100, late=4)
        cls._refresh()
        cls.manager = cls._tour_user("tour_manager", "manager")

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
