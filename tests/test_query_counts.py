"""What speed depends on, as counts: they are the same on every machine.

``dev/bench`` measures seconds; these tests keep what the seconds come from. Each step
of the job takes as many queries for thirty customers as for ten, as long as they fit
one batch.
"""

from unittest.mock import patch

from lxml import etree

from odoo import sql_db

from ..models import dunning_notice_print
from .common import NOW, TODAY, DunningCommon


class TestQueryCounts(DunningCommon):
    FEW, MANY = 10, 30

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.few = cls._late_customers("Few", cls.FEW)
        cls.many = cls._late_customers("Many", cls.MANY)

    @classmethod
    def _late_customers(cls, name, count):
        customers = cls.env["res.partner"]
        for number in range(count):
            customer = cls._customer(f"{name} {number}")
            for late in (4, 40, -20):
                cls._invoice(customer, late=late)
            customers |= customer
        return cls.env["credit.profile"]._for_partners(customers, cls.company)

    def _counted(self, call):
        """How many queries it takes from an empty cache, and what it gave back."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = sql_db.sql_counter
        result = call()
        self.env.flush_all()
        return sql_db.sql_counter - before, result

    def _assert_same(self, step, **counts):
        """As many queries for many as for few, and not absurdly many either."""
        few, many = counts["few"], counts["many"]
        # a stored value that happens to be new, a cache that is not quite as full
        self.assertLessEqual(many, few + 3, step)
        self.assertLessEqual(many, counts["most"], step)

    def _run_of(self, profiles):
        """A warm run before, so that what is cached for good is cached."""
        return self.env["dunning.run"].sudo()._start(self.company, TODAY, profiles)

    def test_propose_approve_issue(self):
        counts = {}
        warm = self._late_customers("Warm", 3)
        for name, profiles in (
            ("warm", warm),
            ("few", self.few),
            ("many", self.many),
        ):
            run = self._run_of(profiles)
            propose, __ = self._counted(lambda r=run: r._propose_rest(lambda: True))
            self.assertEqual(run.draft_count, len(profiles))
            approve, __ = self._counted(run.action_approve)
            issue, issued = self._counted(
                lambda r=run: r._issue_frozen(r._approved_notices(), TODAY)
            )
            self.assertEqual(len(issued), len(profiles))
            counts[name] = {"propose": propose, "approve": approve, "issue": issue}
        for step, most in {"propose": 130, "approve": 60, "issue": 110}.items():
            with self.subTest(step=step):
                self._assert_same(
                    step,
                    few=counts["few"][step],
                    many=counts["many"][step],
                    most=most,
                )

    def test_refresh_of_the_figures(self):
        self.few._refresh_figures()
        few, __ = self._counted(self.few._refresh_figures)
        many, __ = self._counted(self.many._refresh_figures)
        self._assert_same("refresh", few=few, many=many, most=20)

    def test_a_look_at_all_before_handing_over(self):
        """What is asked before e-mails leave is asked once for the whole batch."""
        counts = []
        for profiles in (self.few, self.many):
            run = self._run_of(profiles)
            run._propose_rest(lambda: True)
            run.action_approve()
            run._issue_notices()
            deliveries = run.env["dunning.delivery"].browse(
                run.notice_ids.delivery_ids.ids
            )
            self.assertEqual(len(deliveries), len(profiles))
            count, kept = self._counted(lambda d=deliveries: d._keep_standing(NOW))
            self.assertEqual(kept, deliveries)
            counts.append(count)
        self._assert_same("look", few=counts[0], many=counts[1], most=40)

    def test_one_renderer_for_each_batch_of_letters(self):
        """That one call is one process, test_pdf_letters sees to."""
        run = self._run_of(self.few)
        run._propose_rest(lambda: True)
        run.action_approve()
        issued = run._issue_frozen(run._approved_notices(), TODAY)
        Notice = self.env.registry["dunning.notice"]
        with (
            patch.object(dunning_notice_print, "LETTER_BATCH", 4),
            patch.object(
                Notice,
                "_render_letters",
                autospec=True,
                side_effect=Notice._render_letters,
            ) as renderer,
        ):
            printed = issued._make_letters()
        self.assertEqual(printed, issued)
        self.assertEqual(renderer.call_count, 3)

    def test_opening_a_profile(self):
        profile = self.few[:1].with_user(self.collector)
        arch = etree.fromstring(profile.get_view(view_type="form")["arch"])
        specification = self._specification(profile, arch)
        profile.web_read(specification)  # what is cached for good
        count, __ = self._counted(lambda: profile.web_read(specification))
        # with its credit figures, ratings and the chart of payments
        self.assertLess(count, 46)

    def _specification(self, model, arch):
        """What the client asks for when it opens that form."""
        result = {}
        for node in arch.iter("field"):
            if next(node.iterancestors("field"), None) is not None:
                continue  # a column of a list within
            field = model._fields[node.get("name")]
            result[field.name] = {}
            if field.type == "many2one":
                result[field.name] = {"fields": {"display_name": {}}}
            elif field.relational and len(node):
                inner = self._specification(self.env[field.comodel_name], node[0])
                result[field.name] = {"fields": inner, "limit": 40}
        return result
