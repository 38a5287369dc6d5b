"""The last safe day of claims: shown, warned of, interrupted, and kept to."""

from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user

from .common import NOW, TODAY
from .late_law_common import LateLawCommon


class TestLimitation(LateLawCommon):
    def _refresh(self, *profiles):
        for profile in profiles:
            profile._refresh_and_warn_of_limitation()

    def _row(self, invoice):
        return self.env["late.limitation"].search(
            [("move_line_id", "=", self._item(invoice).id)]
        )

    # --- the day ----------------------------------------------------------------------

    def test_last_day_follows_the_law_of_the_customer(self):
        business, company = self._debtor("Firm", "business")
        consumer, person = self._debtor("Person")
        due = date(2025, 2, 10)
        one, two = self._invoice(business, due=due), self._invoice(consumer, due=due)
        self._refresh(company, person)
        self.assertEqual(self._row(one).last_day, date(2030, 2, 10))
        self.assertEqual(self._row(two).last_day, date(2027, 2, 10))
        self.assertEqual(self._item(one).late_last_day, date(2030, 2, 10))
        self.assertEqual(self._item(two).late_last_day, date(2027, 2, 10))

    def test_consumers_time_may_run_from_delivery(self):
        partner, profile = self._debtor()
        invoice = self._invoice(
            partner, due=date(2025, 2, 10), delivery_date=date(2025, 1, 5)
        )
        firm, other = self._debtor("Firm", "business")
        same = self._invoice(
            firm, due=date(2025, 2, 10), delivery_date=date(2025, 1, 5)
        )
        self._refresh(profile, other)
        self.assertEqual(self._row(invoice).last_day, date(2027, 1, 5))
        self.assertEqual(self._row(same).last_day, date(2030, 2, 10))

    def test_no_law_known_no_last_day(self):
        partner, profile = self._debtor(country=self.env.ref("base.us"))
        self.company.country_id = self.env.ref("base.us")
        invoice = self._invoice(partner, late=3000)
        self._refresh(profile)
        self.assertFalse(self._row(invoice).last_day)
        self.assertEqual(self._row(invoice).standing, "open")
        self.assertEqual(self._propose(partner).draft_count, 1)

    def test_list_follows_the_ledger(self):
        partner, profile = self._debtor()
        invoice = self._invoice(partner, late=10)
        self._credit_note(partner, 30)
        self._refresh(profile)
        rows = self.env["late.limitation"].search([("profile_id", "=", profile.id)])
        self.assertEqual(rows.move_line_id, self._item(invoice))
        self.assertEqual(rows.residual, 100)
        self._pay(invoice, 40)
        self._refresh(profile)
        self.assertEqual(rows.residual, 60)
        self._pay(invoice)
        self._refresh(profile)
        self.assertFalse(rows.exists())

    # --- search, group ----------------------------------------------------------------

    def test_journal_items_are_searched_and_grouped_by_it(self):
        partner, profile = self._debtor()
        barred = self._item(self._invoice(partner, late=800))
        close = self._item(self._invoice(partner, due=date(2024, 7, 1)))
        near = self._item(self._invoice(partner, due=date(2024, 11, 1)))
        fine = self._item(self._invoice(partner, late=10))
        self._refresh(profile)
        mine = [("partner_id", "=", partner.id), ("balance", ">", 0)]
        Line = self.env["account.move.line"].with_user(self.collector)

        def found(*domain):
            return Line.search([*mine, *domain])

        self.assertEqual(found(("late_standing", "=", "barred")), barred)
        self.assertEqual(found(("late_standing", "=", "close")), close)
        self.assertEqual(
            found(("late_standing", "in", ("near", "close"))), close | near
        )
        self.assertEqual(found(("late_standing", "!=", "open")), barred | close | near)
        self.assertEqual(found(("late_last_day", "<", TODAY)), barred)
        self.assertEqual(found(("late_last_day", ">", "2027-01-01")), fine)
        self.assertFalse(found(("late_last_day", "=", False)))
        self.assertEqual(
            [item.late_standing for item in barred | close | near | fine],
            ["barred", "close", "near", "open"],
        )
        groups = Line._read_group(mine, ["late_last_day:month"], ["__count"])
        self.assertEqual([count for __, count in groups], [1, 1, 1, 1])
        ordered = Line.search(mine, order="late_last_day desc")
        self.assertEqual(ordered, fine | near | close | barred)
        self.assertTrue(
            Line.fields_get(["late_last_day"])["late_last_day"]["groupable"]
        )

    def test_list_is_searched_by_standing(self):
        partner, profile = self._debtor()
        close = self._invoice(partner, due=date(2024, 7, 1))
        self._invoice(partner, late=10)
        self._refresh(profile)
        Row = self.env["late.limitation"].with_user(self.collector)
        rows = Row.search([("standing", "=", "close"), ("profile_id", "=", profile.id)])
        self.assertEqual(rows.move_line_id, self._item(close))
        self.assertEqual(rows.standing, "close")
        groups = Row._read_group(
            [("profile_id", "=", profile.id)], ["user_id"], ["__count"]
        )
        self.assertEqual(groups, [(self.collector, 2)])

    # --- what it means for reminders --------------------------------------------------

    def test_consumers_are_not_reminded_of_what_is_out_of_time(self):
        partner, __ = self._debtor()
        barred = self._invoice(partner, 100, late=731)
        self._invoice(partner, 50, late=20)
        run = self._propose(partner)
        self.assertEqual(run.notice_ids.amount_due, 50)
        self.assertEqual(self._skip(run, barred).reason, "time_barred")
        run.notice_ids.action_exclude()
        self.assertIn("Out of time", self._item(barred).dunning_why)

    def test_the_last_day_itself_is_in_time(self):
        partner, __ = self._debtor()
        invoice = self._invoice(partner, due=date(2024, 6, 15))
        self.assertEqual(self._propose(partner).draft_count, 1)
        self.assertEqual(self._item(invoice).late_standing, "close")

    def test_businesses_are_reminded_with_a_warning(self):
        partner, __ = self._debtor(kind="business")
        self._invoice(partner, late=5 * 366)
        run = self._propose(partner)
        notice = run.notice_ids
        self.assertTrue(notice.claims_barred)
        self.assertTrue(notice.remark_barred)
        self.assertTrue(notice.attention)
        self.assertIn("out of time", notice.remarks)
        self.assertEqual(run.barred_count, 1)
        young, __ = self._debtor("Young", "business")
        self._invoice(young, late=20)
        self.assertFalse(self._propose(young).notice_ids.remark_barred)

    def test_out_of_time_between_proposal_and_issue(self):
        partner, __ = self._debtor()
        self._invoice(partner, due=date(2024, 6, 15))
        run = self._propose(partner)
        run.notice_ids.action_approve()
        run.notice_ids.date = TODAY + timedelta(days=1)
        run._issue_notices(day=TODAY + timedelta(days=1))
        self.assertEqual(run.notice_ids.state, "cancelled")
        self.assertIn("Out of time", run.notice_ids.cancel_reason)

    # --- interruptions ----------------------------------------------------------------

    def test_an_acknowledgement_begins_the_time_anew(self):
        partner, profile = self._debtor()
        invoice = self._invoice(partner, late=800)
        self.assertEqual(self._propose(partner).draft_count, 0)
        day = TODAY - timedelta(days=300)
        act = self._interrupt(profile, day)
        self.assertEqual(self._row(invoice).last_day, date(2027, 8, 19))
        self.assertEqual(self._row(invoice).interrupted_on, day)
        self.assertEqual(self._item(invoice).late_last_day, date(2027, 8, 19))
        self.assertEqual(self._propose(partner).draft_count, 1)
        self.assertEqual(act.user_id, self.collector)
        self.assertEqual(act.attachment_ids.raw, b"I owe you that.")
        self.assertEqual(act.attachment_ids.res_model, "late.interruption")
        self.assertIn("Limitation interrupted", profile.message_ids[0].body)

    def test_what_comes_too_late_revives_nothing(self):
        partner, profile = self._debtor()
        invoice = self._invoice(partner, late=800)
        self._interrupt(profile, TODAY - timedelta(days=10))
        self.assertEqual(self._item(invoice).late_standing, "barred")

    def test_only_the_items_it_is_about(self):
        partner, profile = self._debtor()
        one = self._invoice(partner, late=400)
        other = self._invoice(partner, late=400)
        self._interrupt(
            profile,
            TODAY,
            scope="items",
            kind="claim",
            move_line_ids=[(6, 0, self._item(one).ids)],
        )
        self.assertEqual(self._row(one).last_day, date(2028, 6, 15))
        self.assertLess(self._row(other).last_day, date(2028, 6, 15))

    def test_taken_back_with_a_reason(self):
        partner, profile = self._debtor()
        invoice = self._invoice(partner, late=400)
        before = self._item(invoice).late_last_day
        act = self._interrupt(profile, TODAY)
        self.env.invalidate_all()
        self.assertNotEqual(self._item(invoice).late_last_day, before)
        undo = self.env["late.interruption.undo"].with_user(self.collector)
        undo.create({"interruption_id": act.id, "reason": "Not theirs"}).action_undo()
        self.env.invalidate_all()
        self.assertEqual(self._item(invoice).late_last_day, before)
        self.assertEqual(self._row(invoice).last_day, before)
        self.assertEqual(
            (act.state, act.undo_reason, act.undone_by_id),
            ("undone", "Not theirs", self.collector),
        )
        self.assertIn("Not theirs", profile.message_ids[0].body)

    def test_proof_is_asked_for_and_kept(self):
        partner, profile = self._debtor()
        self._invoice(partner, late=400)
        Wizard = self.env["late.interruption.wizard"].with_user(self.collector)
        bare = Wizard.create({"profile_id": profile.id, "date": TODAY})
        with self.assertRaisesRegex(UserError, "Attach the document"):
            bare.action_record()
        with self.assertRaisesRegex(UserError, "day to come"):
            self._interrupt(profile, TODAY + timedelta(days=1))
        with self.assertRaisesRegex(UserError, "Choose the items"):
            self._interrupt(profile, TODAY, scope="items")
        act = self._interrupt(profile, TODAY)
        with self.assertRaisesRegex(UserError, "proof"):
            act.sudo().unlink()
        with self.assertRaises(AccessError):
            act.with_user(self.manager).write({"date": TODAY - timedelta(days=9)})

    def test_nobody_borrows_a_document_of_somebody_else(self):
        partner, profile = self._debtor()
        Wizard = self.env["late.interruption.wizard"].with_user(self.collector)

        def record(document):
            Wizard.create(
                {
                    "profile_id": profile.id,
                    "date": TODAY,
                    "attachment_ids": [(6, 0, document.ids)],
                }
            )

        foreign = self._document("late.interruption.wizard", self.manager)
        with self.assertRaises(AccessError):
            record(foreign)
        filed = self._document("late.interruption.wizard")
        filed.write({"res_model": "res.partner", "res_id": partner.id})
        with self.assertRaisesRegex(ValidationError, "upload it anew"):
            record(filed)

    def test_items_of_others_are_refused(self):
        __, profile = self._debtor()
        stranger = self._invoice(self._customer("Stranger"), late=20)
        with self.assertRaisesRegex(ValidationError, "do not belong"):
            self._interrupt(
                profile,
                TODAY,
                scope="items",
                move_line_ids=[(6, 0, self._item(stranger).ids)],
            )

    def test_who_may_not_collect_records_nothing(self):
        __, profile = self._debtor()
        clerk = new_test_user(
            self.env,
            "clerk",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        with self.assertRaises(AccessError):
            self._interrupt(profile, TODAY, user=clerk)

    # --- warnings ---------------------------------------------------------------------

    def _warnings(self, profile):
        return profile.activity_ids.filtered(
            lambda a: (
                a.activity_type_id
                == self.env.ref("account_dunning.mail_activity_type_limitation")
            )
        )

    def test_warned_once_six_months_and_once_one_month_before(self):
        partner, profile = self._debtor()
        self._invoice(partner, 70, due=date(2024, 12, 1))
        self._invoice(partner, 80, due=date(2024, 12, 5))
        self._invoice(partner, late=10)
        self._refresh(profile)
        warning = self._warnings(profile)
        self.assertEqual(len(warning), 1)
        self.assertEqual(warning.user_id, self.collector)
        self.assertIn("12/01/2026", warning.summary)
        self.assertIn("80.00", warning.note)
        self.assertNotIn("100.00", warning.note)
        self._refresh(profile)
        self.assertEqual(self._warnings(profile), warning)

    def test_warned_again_when_a_month_is_left(self):
        partner, profile = self._debtor()
        invoice = self._invoice(partner, due=date(2024, 7, 20))
        self._refresh(profile)
        self.assertEqual(self._row(invoice).warned, "near")
        with self._on(date(2026, 6, 20)):
            self._refresh(profile)
            self.assertEqual(self._row(invoice).warned, "close")
            self.assertEqual(len(self._warnings(profile)), 2)
            self._refresh(profile)
            self.assertEqual(len(self._warnings(profile)), 2)
        with self._on(date(2026, 7, 21)):
            self._refresh(profile)
            self.assertEqual(len(self._warnings(profile)), 2)

    def test_a_time_that_began_anew_is_warned_of_anew(self):
        partner, profile = self._debtor()
        invoice = self._invoice(partner, due=date(2024, 7, 20))
        self._refresh(profile)
        self._interrupt(profile, date(2026, 6, 1))
        self.assertFalse(self._row(invoice).warned)
        with self._on(date(2028, 1, 10)):
            self._refresh(profile)
            self.assertEqual(self._row(invoice).warned, "near")
            self.assertEqual(len(self._warnings(profile)), 2)

    def test_the_nightly_job(self):
        partner, profile = self._debtor()
        self._invoice(partner, due=date(2024, 7, 1))
        self._cron("ir_cron_limitation")
        self.assertEqual(profile.limitation_on, TODAY)
        self.assertEqual(len(self._warnings(profile)), 1)
        self.assertFalse(profile.limitation_error)

    def test_warning_finds_a_person_where_nobody_is_responsible(self):
        """The job runs as the system, whose activities nobody sees."""
        partner, profile = self._debtor(user_id=False)
        self.company.dunning_user_id = False
        self._invoice(partner, due=date(2024, 7, 1))
        self._cron("ir_cron_limitation")
        user = self._warnings(profile).user_id
        self.assertEqual(user, self.company._dunning_credit_contact())
        self.assertNotEqual(user, self.env.ref("base.user_root"))

    def test_half_a_year_of_nights(self):
        """Each night as the scheduler has it: two warnings in all, then silence."""
        partner, profile = self._debtor()
        firm, business = self._debtor("Firm", "business")
        invoice = self._invoice(partner, due=date(2024, 12, 20))
        old = self._invoice(firm, due=date(2021, 12, 20))
        nights = [
            *(date(2026, 6, day) for day in range(18, 24)),
            *(date(2026, month, 9) for month in range(7, 12)),
            *(date(2026, 11, day) for day in range(18, 24)),
            *(date(2026, 12, day) for day in range(18, 23)),
        ]
        told = []
        for day in nights:
            self._cron("ir_cron_limitation", datetime.combine(day, NOW.time()))
            for one in (profile, business):
                # what a collector has seen to does not come back
                warnings = self._warnings(one)
                told += [(one, day)] * len(warnings)
                warnings.unlink()
        self.assertEqual(
            told,
            [
                (one, day)
                for day in (date(2026, 6, 20), date(2026, 11, 20))
                for one in (profile, business)
            ],
        )
        self.assertEqual(self._row(old).warned, "close")
        with self._on(date(2026, 12, 21)):
            self.assertEqual(self._row(invoice).standing, "barred")
            run = self._propose(partner, firm, day=date(2026, 12, 21))
        self.assertEqual(run.notice_ids.partner_id, firm, "consumers are left alone")
        self.assertTrue(run.notice_ids.claims_barred)
        self.assertEqual(run.skip_ids.mapped("reason"), ["time_barred"])

    def test_costs_of_what_is_out_of_time_are_not_invoiced(self):
        partner, profile = self._debtor(country=self.netherlands)
        self._invoice(partner, 1000, due=date(2024, 5, 1))
        profile._refresh_late(TODAY)
        memos = self.env["late.charge"].search([("profile_id", "=", profile.id)])
        self.assertGreater(sum(memos.mapped("open_amount")), 0)
        with self.assertRaises(UserError) as caught:
            memos.with_user(self.manager)._invoice(
                self.company_data["default_journal_sale"],
                self.company_data["default_account_revenue"],
                TODAY,
            )
        self.assertIn("Out of time", str(caught.exception))

    def test_queries_do_not_grow_with_the_customers(self):
        def customers(name, count):
            profiles = self.env["credit.profile"]
            for number in range(count):
                partner, profile = self._debtor(f"{name} {number}")
                self._invoice(partner, due=date(2024, 7, 1))
                profiles |= profile
            return profiles

        counts = []
        for name, count in (("Warm", 2), ("Few", 5), ("Many", 15)):
            profiles = customers(name, count)
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            profiles._write_limitations(TODAY)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - start)
        self.assertLessEqual(counts[2], counts[1] + 2)

    def _on(self, day):
        return freeze_time(datetime.combine(day, NOW.time()))

    # --- companies --------------------------------------------------------------------

    def test_other_companies_are_not_seen(self):
        partner, profile = self._debtor()
        invoice = self._invoice(partner, late=20)
        self._refresh(profile)
        self._interrupt(profile, TODAY)
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            "stranger",
            groups="account_dunning.group_account_dunning_user",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        for model in ("late.limitation", "late.interruption"):
            self.assertFalse(
                self.env[model]
                .with_user(stranger)
                .search([("profile_id", "=", profile.id)])
            )
        self.assertTrue(self._row(invoice))
