"""A credit review from its beginning to the paper, in a browser, in both languages."""

from dateutil.relativedelta import relativedelta

from .tour_common import DunningTour


class TestTourCreditReview(DunningTour):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._tour_user("tour_manager", "manager")
        cls.company.dunning_user_id = cls.manager
        cls.risk_class = cls.env["credit.risk.class"].create(
            {"name": "Tour class", "code": "T", "review_months": 6}
        )

    def _path(self, lang):
        self.env["res.lang"]._activate_lang(lang)
        # the words of views and paper are kept in the database
        ours = self.env["ir.module.module"].search([("name", "=", "account_dunning")])
        ours._update_translations([lang])
        (self.collector | self.manager).lang = lang
        customer = self._customer("Tour Reviewed")
        self._invoice(customer, 900, late=-20)
        self._refresh()
        profile = self.env["credit.profile"]._for_partners(customer, self.company)

        self.start_tour(
            f"/odoo/credit-profiles/{profile.id}",
            "account_dunning_review_prepare",
            login="tour_collector",
        )
        review = profile.review_ids
        self.assertEqual(review.state, "proposed")
        self.assertEqual(review.user_id, self.collector)
        looked = review.source_ids.filtered("looked_on")
        self.assertEqual(looked.kind, "registry")
        self.assertEqual(
            (looked.looked_on, looked.note), (self.today, "Founded in 1998")
        )
        self.assertEqual(review.proposed_class_id, self.risk_class)
        self.assertEqual(review.proposed_limit, 5000)
        self.assertEqual(review.activity_ids.user_id, self.manager)
        self.assertNotEqual(profile.class_id, self.risk_class)

        self.start_tour(
            f"/odoo/credit-reviews/{review.id}",
            "account_dunning_review_decide",
            login="tour_manager",
        )
        self.assertEqual(review.state, "decided")
        self.assertEqual(review.decided_by_id, self.manager)
        self.assertFalse(review.activity_ids)
        self.assertEqual(profile.class_id, self.risk_class)
        self.assertEqual((profile.credit_limit, profile.limit_enforced), (4000, True))
        self.assertEqual(profile.next_review_date, self.today + relativedelta(months=6))

        self._check_paper(review, lang)

    def _check_paper(self, review, lang):
        """What "Print" gives who decided, in the language of both."""
        report = (
            self.env["ir.actions.report"]
            .with_user(self.manager)
            .with_context(lang=lang, force_report_rendering=True)
        )
        name = "account_dunning.report_credit_review_main"
        html = report._render_qweb_html(name, review.ids)[0].decode()
        amount = review.with_context(lang=lang).currency_id.format(4000)
        for text in (
            review.name,
            "Tour Reviewed",
            "Founded in 1998",
            "Sound, but small",
            "Half a year on trial",
            amount,
            {"en_US": "Decided on", "fr_FR": "Décid"}[lang],
        ):
            self.assertIn(text, html)
        pdf, kind = report._render_qweb_pdf(name, review.ids)
        self.assertEqual(kind, "pdf")
        self.assertTrue(pdf.startswith(b"%PDF"))

    def test_review_in_english(self):
        self._path("en_US")

    def test_review_in_french(self):
        self._path("fr_FR")
