"""Ratings of agencies: their scales, files, and what they do to the score."""

from datetime import date, timedelta

from psycopg2.errors import CheckViolation, UniqueViolation

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .common import TODAY
from .credit_common import ScoreCommon


class TestRatings(ScoreCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agency = cls.env["credit.rating.agency"].create(
            {
                "name": "Rate & Co",
                "worst": 6,
                "best": 1,
                "step_ids": [Command.create({"value": "insolvent", "points": 0})],
            }
        )

    def _rating(self, partner, value="2", **values):
        return self.env["credit.rating"].create(
            {
                "partner_id": partner.id,
                "agency_id": self.agency.id,
                "value": value,
                "date": TODAY,
                **values,
            }
        )

    def test_values_on_our_scale(self):
        customer = self._customer()
        contact = self._customer("Contact", parent_id=customer.id, is_company=False)
        rating = self._rating(contact)
        self.assertEqual(rating.profile_id, self._profile(customer))
        self.assertRecordValues(
            rating, [{"points": 80, "rated": True, "limit_is_advised": False}]
        )
        word = self._rating(customer, "Insolvent", date=TODAY - timedelta(days=1))
        self.assertRecordValues(word, [{"points": 0, "rated": True}])
        unknown = self._rating(customer, "??", date=TODAY - timedelta(days=2))
        self.assertFalse(unknown.rated)
        self.agency.step_ids = [Command.create({"value": "??", "points": 33})]
        self.assertRecordValues(unknown, [{"points": 33, "rated": True}])
        by_hand = self._rating(
            customer, "n/a", points=40, date=TODAY - timedelta(days=3)
        )
        self.assertRecordValues(by_hand, [{"points": 40, "rated": True}])

    def test_a_rating_enters_the_score_as_set(self):
        profile = self._history(self._customer())
        profile._refresh_scores()
        own = profile.score
        rating = self._rating(profile.partner_id, "6")
        self.assertEqual(profile.score, own, "not unless the settings say so")
        self.company.credit_rating_weight = 50
        profile._refresh_scores()
        self.assertEqual(profile.score, own - round(own / 2))
        self.assertEqual(self._kinds(profile)["rating"], {"rating": 0})
        rating.value = "1"
        self.assertGreater(profile.score, own)
        rating.unlink()
        self.assertEqual(profile.score, own)

    def test_only_the_newest_of_a_year_counts(self):
        self.company.credit_rating_weight = 100
        profile = self._profile(self._customer())
        self._rating(profile.partner_id, "6", date=TODAY - timedelta(days=400))
        profile._refresh_scores()
        self.assertNotIn("rating", self._kinds(profile))
        self._rating(profile.partner_id, "1", date=TODAY - timedelta(days=9))
        self._rating(profile.partner_id, "3.5", date=TODAY - timedelta(days=90))
        self._rating(profile.partner_id, "unknown", date=TODAY)
        self.assertEqual(profile.score, 100)

    def test_bad_input(self):
        customer = self._customer()
        self._rating(customer)
        with self.assertRaises(ValidationError):
            self._rating(customer, date=TODAY + timedelta(days=1))
        for error, values in (
            (UniqueViolation, {}),
            (CheckViolation, {"points": 101, "date": TODAY - timedelta(days=1)}),
            (CheckViolation, {"limit_advised": -1, "date": TODAY - timedelta(days=1)}),
        ):
            with (
                self.subTest(**values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(error),
                self.cr.savepoint(),
            ):
                self._rating(customer, **values)

    def test_import_of_a_file(self):
        """By name, reference or tax number; what is wrong is told by its row."""
        customer = self._customer("Import Customer", ref="C-77")
        second = self._customer("Second", vat="FR23334175221")
        text = (
            "Customer;Agency;Rating;Date;Limit advised\n"
            "C-77;Rate & Co;2;2026-06-01;5000\n"
            "FR23334175221;Rate & Co;3,5;2026-05-31;0\n"
        )
        wizard = (
            self.env["base_import.import"]
            .with_user(self.collector)
            .create(
                {
                    "res_model": "credit.rating",
                    "file": text.encode(),
                    "file_type": "text/csv",
                    "file_name": "ratings.csv",
                }
            )
        )
        options = {
            "quoting": '"',
            "separator": ";",
            "has_headers": True,
            "date_format": "%Y-%m-%d",
            "float_thousand_separator": " ",
            "float_decimal_separator": ".",
            "encoding": "utf-8",
        }
        names = ["partner_id", "agency_id", "value", "date", "limit_advised"]
        columns = text.split("\n", 1)[0].split(";")
        result = wizard.execute_import(names, columns, options)
        self.assertFalse(
            [message for message in result["messages"] if message["type"] == "error"]
        )
        ratings = self.env["credit.rating"].browse(result["ids"])
        self.assertRecordValues(
            ratings,
            [
                {
                    "partner_id": customer.id,
                    "points": 80,
                    "limit_advised": 5000,
                    "limit_is_advised": True,
                },
                {
                    "partner_id": second.id,
                    "points": 50,
                    "limit_advised": 0,
                    "limit_is_advised": False,
                },
            ],
        )
        self.assertEqual(ratings.profile_id.partner_id, customer | second)
        bad = text.replace("C-77", "C-78")
        wizard.file = bad.encode()
        result = wizard.execute_import(names, columns, options, dryrun=True)
        self.assertTrue(result["messages"])

    def test_rights(self):
        rating = self._rating(self._customer())
        rating.with_user(self.collector).note = "Seen"
        with self.assertRaises(AccessError):
            rating.with_user(self.collector).unlink()
        with self.assertRaises(AccessError):
            self.agency.with_user(self.collector).worst = 1
        clerk = self._user("clerk", "account.group_account_invoice")
        self.assertEqual(rating.with_user(clerk).value, "2")
        with self.assertRaises(AccessError):
            rating.with_user(clerk).note = "x"
        seller = new_test_user(self.env, "seller", groups="base.group_user")
        with self.assertRaises(AccessError):
            rating.with_user(seller).read(["value"])
        rating.with_user(self.manager).unlink()

    def test_ratings_of_other_companies_are_hidden(self):
        other = self.env["res.company"].create({"name": "Other"})
        rating = self._rating(self._customer(), company_id=other.id)
        self.assertEqual(rating.profile_id.company_id, other)
        self.assertEqual(rating.currency_id, other.currency_id)
        found = self.env["credit.rating"].with_user(self.collector).search([])
        self.assertNotIn(rating, found)

    def test_merged_customers_keep_their_ratings(self):
        one, two = self._customer("One"), self._customer("Two")
        kept = self._rating(one)
        self._rating(two)  # of the same agency and day
        older = self._rating(two, date=TODAY - timedelta(days=30))
        self._profile(two).sudo().customer_since = date(2020, 1, 1)
        self._profile(one).sudo().customer_since = date(2024, 1, 1)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((one | two).ids, one)
        profile = self._profile(one)
        self.assertEqual(profile.rating_ids, kept | older)
        self.assertEqual(profile.rating_ids.partner_id, one)
        self.assertEqual(profile.customer_since, date(2020, 1, 1))
