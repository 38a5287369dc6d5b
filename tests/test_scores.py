"""Scores, their factors in words, and the job that scores everybody."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..engine import scoring
from ..models import credit_profile_score
from .common import NOW, TODAY
from .credit_common import ScoreCommon


class TestScores(ScoreCommon):
    def test_score_with_its_factors_in_words(self):
        profile = self._history(self._customer(), late=20)
        profile._refresh_scores()
        self.assertEqual(profile.score_date, TODAY)
        self.assertLess(profile.score, 75)
        first = profile.score_factors[0]
        self.assertEqual(set(first), {"text", "points"})
        self.assertIn("days late", first["text"])
        self.assertLess(first["points"], 0)
        self.assertIn(f"{first['text']}: {first['points']:+}", profile.score_detail)

    def test_every_factor_has_words(self):
        values = {
            "days": [
                {"days": None, "counted": 9, "own": 0},
                {"days": 0, "counted": 0, "own": 90},
                {"days": 1, "counted": 1, "own": 90},
                {"days": 40, "counted": 20, "own": 50},
                {"days": 40, "counted": 40, "own": 90},
                {"days": 40, "counted": 40, "own": 90, "unpaid": 2},
                {"days": 1, "counted": 1, "own": 90, "unpaid": 1},
            ],
            "share": [{"percent": None, "counted": 40}, {"percent": 30, "counted": 40}],
            "trend": [{"days": n} for n in (12, 1, -1, -3)],
            "promises": [{"count": 1}, {"count": 3}],
            "level": [{"tone": "formal"}],
            "limit": [{"percent": 95}],
            "age": [{"years": 1}, {"years": 4}],
            "size": [{"ratio": 2.5}],
            "rating": [{"rating": 50}],
            "history": [{"count": 0, "percent": 100}, {"count": 2, "percent": 70}],
        }
        self.assertEqual(set(values), {kind.value for kind in scoring.Kind})
        seen = set()
        for kind, cases in values.items():
            for case in cases:
                text = self.env["credit.profile"]._factor_text(kind, case)
                self.assertNotIn("%(", text)
                seen.add(text)
        self.assertEqual(len(seen), sum(map(len, values.values())))

    def test_without_history_the_score_says_so(self):
        profile = self._profile(self._customer())
        self.assertFalse(profile.score_factors, "not scored yet")
        self.assertEqual(profile.score_detail, "")
        profile._refresh_scores()
        self.assertEqual(profile.score_confidence, "none")
        self.assertIn("usual here", profile.score_detail)

    def test_one_late_payment_is_no_certainty(self):
        self._usual(days=5, strength=10)
        profile = self._profile(self._customer())
        self._paid(profile.partner_id, 60, 5)
        profile._refresh_scores()
        self.assertEqual(profile.score_confidence, "low")
        self.assertEqual(self._kinds(profile)["days"]["counted"], 10)
        self.assertGreater(profile.score, 70)

    def test_collectors_score_and_others_do_not(self):
        profile = self._history(self._customer())
        profile.with_user(self.collector).action_refresh_score()
        self.assertEqual(profile.score_date, TODAY)
        clerk = self._user("clerk", "account.group_account_invoice")
        with self.assertRaises(AccessError):
            profile.with_user(clerk).action_refresh_score()
        self.assertTrue(profile.with_user(clerk).score_factors)
        with self.assertRaises(AccessError):
            profile.with_user(self.manager).write({"score": 100})

    def test_the_job_scores_everybody_once_a_day(self):
        customers = [self._customer(f"Job {number}") for number in range(3)]
        for customer in customers:
            self._profile(customer)
        archived = self._profile(self._customer("Gone"))
        archived.partner_id.active = False
        with patch.object(credit_profile_score, "SCORE_BATCH", 2):
            self._cron("ir_cron_score")
        profiles = self.env["credit.profile"].search([("score_date", "=", False)])
        self.assertFalse(profiles)
        self.assertFalse(archived.score_date)
        mine = self._profile(customers[0])
        mine.sudo().score = 1
        self._cron("ir_cron_score")
        self.assertEqual(mine.score, 1, "scored already today")
        self._cron("ir_cron_score", NOW + timedelta(days=1))
        self.assertNotEqual(mine.score, 1)

    def test_chart_of_the_form(self):
        profile = self._history(self._customer(), late=2, count=3)
        self._invoice(profile.partner_id, 100, late=6)
        months = profile.with_user(self.collector).get_payment_months()
        self.assertEqual([month["month"] for month in months][-1], "Jun 2026")
        self.assertEqual(months[-1]["open"], 50)
        self.assertFalse(self._profile(self._customer("None")).get_payment_months())


class TestManyScores(ScoreCommon):
    MANY = 10_000

    def _make_many(self, count):
        """Customers with one paid and one overdue invoice each, copied by SQL."""
        customer = self._customer("Copied")
        paid = self._paid(customer, 12, 30)
        overdue = self._invoice(customer, 80, late=20)
        payment = self._item(paid).matched_credit_ids.credit_move_id
        self.env.flush_all()
        cr = self.env.cr
        cr.execute(
            "INSERT INTO res_partner"
            " (name, complete_name, is_company, active, type, autopost_bills)"
            " SELECT 'Many ' || n, 'Many ' || n, TRUE, TRUE, 'contact', 'ask'"
            "   FROM generate_series(1, %s) n RETURNING id",
            [count],
        )
        ids = [row[0] for row in cr.fetchall()]
        cr.execute(
            "UPDATE res_partner SET commercial_partner_id = id WHERE id = ANY(%s)",
            [ids],
        )

        def copies(table, row_id, **values):
            """One copy of a row for each customer: ``{customer: id}``."""
            cr.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = %s AND column_name != 'id'",
                [table],
            )
            names = [row[0] for row in cr.fetchall()]
            columns = SQL(", ").join(map(SQL.identifier, names))
            chosen = SQL(", ").join(
                values.get(name, SQL.identifier("t", name)) for name in names
            )
            cr.execute(
                SQL(
                    "INSERT INTO %s (%s) SELECT %s FROM %s t, UNNEST(%s) customer"
                    " WHERE t.id = %s ORDER BY customer RETURNING id",
                    SQL.identifier(table),
                    columns,
                    chosen,
                    SQL.identifier(table),
                    ids,
                    row_id,
                )
            )
            return [row[0] for row in cr.fetchall()]

        customer_is = {
            "partner_id": SQL("customer"),
            "commercial_partner_id": SQL("customer"),
        }
        moves = {}
        for move in (paid, overdue, payment.move_id):
            name = SQL("t.name || '-' || customer")
            moves[move] = copies("account_move", move.id, name=name, **customer_is)
        lines = {}
        for line in (self._item(paid), self._item(overdue), payment):
            lines[line] = copies("account_move_line", line.id, **customer_is)
            cr.execute(
                "UPDATE account_move_line line SET move_id = pair.move"
                "  FROM UNNEST(%s, %s) pair(line, move) WHERE line.id = pair.line",
                [lines[line], moves[line.move_id]],
            )
        partial = self._item(paid).matched_credit_ids
        partials = copies("account_partial_reconcile", partial.id)
        cr.execute(
            "UPDATE account_partial_reconcile partial"
            "   SET debit_move_id = row.debit, credit_move_id = row.credit"
            "  FROM UNNEST(%s, %s, %s) row(id, debit, credit)"
            " WHERE partial.id = row.id",
            [partials, lines[self._item(paid)], lines[payment]],
        )
        cr.execute("ANALYZE account_move, account_move_line, account_partial_reconcile")
        self.env.invalidate_all()
        return self.env["credit.profile"]._make(ids, self.company)

    def test_ten_thousand_in_one_job(self):
        """At most 40 queries per 1,000 customers; all have what their ledgers say."""
        self.company.credit_class_mode = "auto"
        profiles = self._make_many(self.MANY)
        profiles.sudo().with_context(tracking_disable=True).class_id = self.class_a
        # as bad as can be, so that every class changes, and is told
        count = self._queries(
            lambda: profiles.search(profiles._unscored_domain(NOW))._refresh_scores()
        )
        self.assertLessEqual(count, 40 * self.MANY // 1_000)
        self.assertEqual(set(profiles.mapped("score_date")), {TODAY})
        self.assertEqual(len(set(profiles.mapped("score"))), 1)
        days = self._kinds(profiles[0])["days"]
        self.assertGreater(days["days"], 12)
        self.assertLess(days["days"], 20)
