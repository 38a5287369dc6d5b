"""Formal notices: the checklist, the number without gaps, what they say."""

from datetime import timedelta

from psycopg2 import OperationalError

from odoo import api
from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import TODAY
from .formal_common import LateCommon


@tagged("post_install", "-at_install")
class TestFormalNotice(LateCommon):
    formal_checklist = True

    def setUp(self):
        super().setUp()
        self.customer = self._business()
        self.invoice = self._euros(self.customer, 1000.0, late=45)

    def _formal(self, partner=None, day=TODAY):
        """The proposal of a formal notice, after a final reminder."""
        partner = partner or self.customer
        reminder = self._final_reminder(partner)
        notice = self._proposed(partner, day=day)
        self.assertEqual(notice.level_id, self.formal)
        self.assertEqual(reminder.state, "issued")
        return notice

    def _final_reminder(self, partner):
        items = self.env["account.move.line"].search(
            [
                ("partner_id", "in", partner.ids),
                ("account_type", "=", "asset_receivable"),
            ]
        )
        before = TODAY - timedelta(days=14)
        items.sudo().write(
            {
                "dunning_level_id": self.second.id,
                "dunning_date": before - timedelta(days=10),
            }
        )
        run = self._run(*partner, day=before)
        self._deliver(day=before)
        self.assertEqual(run.notice_ids.level_id, self.final)
        return run.notice_ids

    def _points(self, notice):
        return [gap.point for gap in notice._formal_gaps().get(notice.id, ())]

    # === CHECKLIST === #

    def test_complete_notice_lacks_nothing(self):
        notice = self._formal()
        self.assertEqual(self._points(notice), [])
        self.assertFalse(notice.formal_gaps)
        notice.with_user(self.manager).action_approve()
        self.assertEqual(notice.state, "approved")

    def test_every_point_is_named(self):
        notice = self._formal()
        law = notice.line_ids.regime_id
        cases = [
            (self.company, "dunning_legal_form", False, "legal_form"),
            (self.company, "dunning_capital", 0, "capital"),
            (self.company, "company_registry", False, "registry"),
            (self.company, "street", False, "address"),
            (self.company, "city", False, "address"),
            (self.company, "dunning_signatory_id", False, "signatory"),
            (self.company, "dunning_signatory_title", False, "capacity"),
            (self.company, "dunning_agency", True, "agency"),
            (self.customer, "street", False, "debtor_address"),
            (self.customer, "zip", False, "debtor_address"),
            (law, "text_interest", False, "basis_interest"),
            (law, "text_compensation", False, "basis_compensation"),
            (self.formal, "deadline_days", 0, "deadline"),
            (self.formal, "letter_closing", False, "consequences"),
        ]
        self.company.vat = False
        for record, name, value, point in cases:
            with self.subTest(point=point, field=name):
                before = record[name]
                record[name] = value
                self.assertEqual(self._points(notice), [point])
                record[name] = before
                self.assertEqual(self._points(notice), [])

    def test_how_to_pay(self):
        notice = self._formal()
        self.invoice.partner_bank_id = False
        self.company.bank_ids.unlink()
        self.assertEqual(self._points(notice), ["payment"])

    def test_words_that_make_it_a_formal_notice(self):
        notice = self._formal()
        self.formal.write({"letter_title": "Hello", "letter_body": "<p>Pay.</p>"})
        self.assertEqual(self._points(notice), ["words"])
        self.formal.letter_body = False
        self.assertEqual(self._points(notice), ["words", "demand"])

    def test_item_without_number_or_due_date(self):
        notice = self._formal()
        notice.line_ids.date_maturity = False
        self.assertEqual(self._points(notice), ["item"])

    def test_whom_to_tell_of_a_dispute(self):
        notice = self._formal()
        self.contact.partner_id.write({"email": False, "phone": False})
        self.company.write({"email": False, "phone": False})
        self.assertEqual(self._points(notice), ["dispute"])

    def test_earlier_reminders_are_needed(self):
        notice = self._formal()
        earlier = self.env["dunning.notice"].search(
            [("profile_id", "=", notice.profile_id.id), ("id", "!=", notice.id)]
        )
        earlier.sudo()._cancel("never sent")
        self.assertEqual(self._points(notice), ["reminders"])
        profile = notice.profile_id.with_user(self.collector)
        profile.earlier_reminders = "letter of 2 May 2026"
        self.assertEqual(self._points(notice), [])
        self.assertIn("letter of 2 May 2026", self._text(notice))

    def test_rate_that_is_missing(self):
        notice = self._formal()
        self.env["late.rate"].search(
            [("series_id.code", "=", "EU_ECB"), ("valid_from", ">=", "2026-01-01")]
        ).unlink()
        notice._claim_late()
        self.assertEqual(self._points(notice), ["rate"])
        with self.assertRaisesRegex(UserError, "EU_ECB 2026-S1"):
            notice.with_user(self.manager).action_approve()

    def test_consumers_have_no_regime_for_businesses(self):
        notice = self._formal()
        notice.profile_id.customer_kind = "consumer"
        self.assertIn("consumer", self._points(notice))

    def test_gaps_are_shown_with_a_link(self):
        notice = self._formal()
        self.customer.street = False
        shown = notice.with_user(self.collector)
        shown.invalidate_recordset()
        self.assertIn(f"/odoo/res.partner/{self.customer.id}", shown.formal_gaps)
        self.assertIn("street", shown.formal_gaps)

    def test_link_to_the_sender_opens(self):
        action = self.env.ref("account_dunning.res_company_action_formal")
        self.assertEqual(action.path, "formal-notice-sender")
        with Form(self.company, view=action.view_id) as form:
            form.dunning_legal_form = "SAS"
        self.assertEqual(self.company.dunning_legal_form, "SAS")

    def test_reminders_need_no_checklist(self):
        self.company.dunning_legal_form = False
        notice = self._final_reminder(self.customer)
        self.assertEqual(notice.state, "issued")

    # === IT CANNOT GO === #

    def test_incomplete_one_cannot_be_approved(self):
        notice = self._formal()
        self.company.dunning_legal_form = False
        with self.assertRaisesRegex(UserError, "legal form"):
            notice.with_user(self.manager).action_approve()
        self.assertEqual(notice.state, "draft")

    def test_others_of_the_run_are_approved(self):
        other = self._business("Bellecour", street=False)
        self._euros(other, 500.0, late=45)
        self._final_reminder(self.customer | other)
        run = self._propose(self.customer, other)
        run.with_user(self.manager).action_approve()
        good, bad = run.notice_ids.sorted(lambda n: n.partner_id == other)
        self.assertEqual((good.state, bad.state), ("approved", "draft"))
        self.assertIn("street", bad.error)
        other.street = "1 place Bellecour"
        bad.with_user(self.manager).action_approve()
        self.assertEqual(bad.state, "approved")
        self.assertFalse(bad.error)

    def test_incomplete_by_the_time_of_issue(self):
        notice = self._formal()
        notice.with_user(self.manager).action_approve()
        self.company.dunning_signatory_id = False
        notice.run_id._issue_notices()
        self.assertEqual(notice.state, "draft")
        self.assertIn("signs", notice.error)
        self.assertFalse(notice.name or notice.formal_number)

    def test_automatic_policies_leave_it_to_a_person(self):
        self.policy.mode = "automatic"
        self.company.dunning_auto_send = True
        self._final_reminder(self.customer)
        self.company.dunning_legal_form = False
        run = self._propose(self.customer, scheduled=True)
        notice = run.notice_ids.filtered(lambda n: n.partner_id == self.customer)
        self.assertEqual((notice.level_id, notice.state), (self.formal, "draft"))
        self.assertIn("legal form", notice.error)

    # === NUMBER === #

    def _issued(self, partner=None, day=TODAY):
        notice = self._formal(partner)
        notice.with_user(self.manager).action_approve()
        notice.run_id._issue_notices(day=day)
        self.assertEqual(notice.state, "issued")
        return notice

    def test_numbers_have_no_gaps(self):
        first = self._issued()
        self.assertEqual(first.formal_number, "FN/2026/0001")
        other = self._business("Bellecour")
        self._euros(other, 500.0, late=45)
        notice = self._formal(other)
        notice.with_user(self.manager).action_approve()
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            notice.run_id._issue_notices()
            self.assertEqual(notice.formal_number, "FN/2026/0002")
            raise ZeroDivisionError
        notice.invalidate_recordset()
        self.env["ir.sequence.date_range"].invalidate_model()
        self.assertEqual(notice.state, "approved")
        notice.run_id._issue_notices()
        self.assertEqual(notice.formal_number, "FN/2026/0002")

    def test_withdrawn_ones_keep_theirs(self):
        notice = self._issued()
        notice.sudo()._withdraw({notice.id: "paid"})
        self.assertEqual(
            (notice.state, notice.formal_number), ("cancelled", "FN/2026/0001")
        )
        with self.assertRaises(UserError):
            notice.sudo().unlink()
        other = self._issued(self._second_customer())
        self.assertEqual(other.formal_number, "FN/2026/0002")

    def test_one_without_a_letter_keeps_its_number(self):
        notice = self._issued()
        notice.sudo()._take_back(UserError("no letter"))
        self.assertEqual(notice.state, "approved")
        with self.assertRaisesRegex(UserError, "FN/2026/0001"):
            notice.sudo().unlink()
        with self.assertRaisesRegex(UserError, "FN/2026/0001"):
            notice.sudo().run_id.unlink()
        notice.run_id._issue_notices()
        self.assertEqual(notice.formal_number, "FN/2026/0001")

    def test_two_at_once_wait_for_each_other(self):
        """Whoever comes second gets no number before the first is done."""
        company = self.env.ref("base.main_company")

        def number(cr):
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            cr.execute("SET LOCAL lock_timeout = '200ms'")
            sequence = env["res.company"].browse(company.id)._dunning_formal_sequence()
            return sequence.next_by_id(sequence_date="2026-03-01")

        with self.registry.cursor() as one, self.registry.cursor() as two:
            first = number(one)
            with self.assertRaises(OperationalError), mute_logger("odoo.sql_db"):
                number(two)
            one.rollback()
            two.rollback()
            self.assertEqual(number(two), first, "what was rolled back left no gap")
            two.rollback()

    def test_reminders_have_none(self):
        self.assertFalse(self._final_reminder(self.customer).formal_number)

    def test_each_year_and_company_counts_for_itself(self):
        sequence = self.company._dunning_formal_sequence()
        self.assertEqual(sequence, self.company._dunning_formal_sequence())
        numbers = [
            sequence.next_by_id(sequence_date=f"{year}-03-01")
            for year in (2026, 2027, 2026)
        ]
        self.assertEqual(numbers, ["FN/2026/0001", "FN/2027/0001", "FN/2026/0002"])
        other = self.env["res.company"].create({"name": "Other"})
        self.assertNotEqual(other._dunning_formal_sequence(), sequence)
        self.assertEqual(
            other._dunning_formal_sequence().next_by_id(sequence_date="2026-03-01"),
            "FN/2026/0001",
        )

    # === WHAT IT SAYS === #

    def test_letter_of_a_formal_notice(self):
        text = self._text(self._issued())
        for part in (
            "FORMAL NOTICE TO PAY",
            "FN/2026/0001",
            "Formal notice to pay – INV/2026/00001 – total 1,054.98 €",
            "Atelier Dupont, SARL with a share capital of $ 10,000.00",
            "SIREN 334175221, 12 rue des Tanneurs",
            "Terreaux, 8 place des Terreaux",
            "Final of Test policy of June 1, 2026",
            "We give you formal notice to pay.",
            "art. L. 441-10 II",
            "1 × 40.00 €",
            "Total to pay",
            "one thousand and fifty-four euros and ninety-eight cents",
            "Interest goes on until payment",
            "Or we go to court.",
            "manager",
            "Gérante",
        ):
            self.assertIn(part, text)
        self.assertNotIn("Registered letter", text)

    def test_consumer_has_no_cost_and_knows_what_runs(self):
        person = self._business("Jane Doe", is_company=False)
        self._euros(person, 1000.0, late=45)
        notice = self._issued(person)
        self.assertFalse(notice.amount_interest or notice.amount_compensation)
        text = self._text(notice)
        self.assertIn("This formal notice makes interest run at the legal rate", text)
        for part in ("L. 441-10", "40.00", "D. 441-5", "Total to pay"):
            self.assertNotIn(part, text)

    def test_registered_letter_says_so(self):
        notice = self._formal()
        notice.flush_recordset()
        self.env.cr.execute(
            "UPDATE dunning_notice SET channel = 'registered' WHERE id = %s",
            [notice.id],
        )
        notice.invalidate_recordset(["channel"])
        text = self._text(notice)
        self.assertIn(
            "Registered letter with acknowledgement of receipt no. ____", text
        )

    def test_agency_mentions(self):
        agency = self._business("Recouvrement SA", street="5 rue de Rivoli")
        self.company.write(
            {"dunning_agency": True, "dunning_agency_partner_id": agency.id}
        )
        text = self._text(self._formal())
        for part in (
            "Recouvrement SA, 5 rue de Rivoli",
            "business of amicable debt collection",
            "Article L. 111-8",
            "entrepris sans titre exécutoire restent à la charge",
            "débiteur de mauvaise foi",
        ):
            self.assertIn(part, text)
        reminder = self._text(self._final_reminder(self._second_customer()))
        self.assertIn("acting for the creditor", reminder)
        self.assertIn("Article L. 111-8", reminder)

    def _second_customer(self):
        other = self._business("Bellecour")
        self._euros(other, 500.0, late=45)
        return other
