"""Summer time, other time zones, midnight, holidays: what day and what hour it is."""

from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.fields import Command

from .common import NOW, TODAY, DunningCommon


class TestClock(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._live_in("Europe/Paris", company=cls.company)

    @classmethod
    def _live_in(cls, tz, days=range(5), company=None):
        """The company works on these weekdays, in that time zone."""
        company = company or cls.company
        company.resource_calendar_id = cls.env["resource.calendar"].create(
            {
                "name": tz,
                "tz": tz,
                "company_id": company.id,
                "attendance_ids": [
                    Command.clear(),
                    *(
                        Command.create(
                            {
                                "name": f"Day {day}",
                                "dayofweek": str(day),
                                "hour_from": 9,
                                "hour_to": 17,
                                "day_period": "morning",
                            }
                        )
                        for day in days
                    ),
                ],
            }
        )

    def _sending_hours(self, day):
        """The hours of a UTC day, in steps of half an hour, at which messages leave."""
        start = datetime.combine(day, datetime.min.time())
        return [
            step / 2
            for step in range(48)
            if self.company._dunning_is_sending_time(
                start + timedelta(minutes=30 * step)
            )
        ]

    # === SUMMER TIME === #

    def test_sending_hours_follow_the_clock_on_the_wall(self):
        self._live_in("Europe/Paris", days=range(7))
        for day, first, last in [
            (date(2026, 3, 28), 7, 16.5),  # Saturday: winter
            (date(2026, 3, 29), 6, 15.5),  # the night had 23 hours
            (date(2026, 10, 24), 6, 15.5),
            (date(2026, 10, 25), 7, 16.5),  # the night had 25 hours
        ]:
            with self.subTest(day=day):
                hours = self._sending_hours(day)
                self.assertEqual((hours[0], hours[-1], len(hours)), (first, last, 20))

    def test_hour_that_comes_twice_or_never(self):
        self._live_in("Europe/Paris", days=range(7))
        self.company.write({"dunning_send_from": 2, "dunning_send_to": 3})
        self.assertEqual(self._sending_hours(date(2026, 3, 28)), [1, 1.5])
        self.assertEqual(self._sending_hours(date(2026, 3, 29)), [], "2 to 3 never was")
        self.assertEqual(self._sending_hours(date(2026, 10, 25)), [0, 0.5, 1, 1.5])

    def test_day_is_the_wall_calendars_across_the_change(self):
        for instant, local in [
            (datetime(2026, 3, 28, 22, 59), date(2026, 3, 28)),
            (datetime(2026, 3, 28, 23, 0), date(2026, 3, 29)),
            (datetime(2026, 3, 29, 21, 59), date(2026, 3, 29)),
            (datetime(2026, 3, 29, 22, 0), date(2026, 3, 30)),
            (datetime(2026, 10, 25, 22, 59), date(2026, 10, 25)),
            (datetime(2026, 10, 25, 23, 0), date(2026, 10, 26)),
        ]:
            self.assertEqual(self.company._dunning_today(instant), local)

    def test_days_of_23_and_25_hours_are_working_days(self):
        sundays = (date(2026, 3, 29), date(2026, 10, 25))
        for sunday in sundays:
            self.assertFalse(self.company._dunning_is_working_day(sunday))
        self._live_in("Europe/Paris", days=range(7))
        for sunday in sundays:
            self.assertTrue(self.company._dunning_is_working_day(sunday))
            days = self.company._dunning_working_days(
                sunday - timedelta(days=1), sunday + timedelta(days=1)
            )
            self.assertEqual(len(days), 3)

    def test_bounds_of_a_day(self):
        for day, hours in [
            (date(2026, 3, 29), 23),
            (date(2026, 10, 25), 25),
            (date(2026, 6, 15), 24),
        ]:
            start, end = self.company._dunning_bounds(day)
            self.assertEqual(end - start, timedelta(hours=hours))
            self.assertEqual(self.company._dunning_today(start), day)
            self.assertEqual(
                self.company._dunning_today(end - timedelta(seconds=1)), day
            )

    def test_daily_limit_counts_the_day_of_25_hours(self):
        """What is issued in the last hour of the longest day counts on that day."""
        self._live_in("Europe/Paris", days=range(7))
        self.company.write(
            {
                "dunning_daily_limit": 2,
                "dunning_daily_limit_until": date(2026, 12, 31),
            }
        )
        customers = [
            self._late(f"Late {number}", date(2026, 10, 20)) for number in (1, 2)
        ]
        with freeze_time("2026-10-25 22:30"):  # half past eleven in the evening
            run = self._propose(*customers, day=date(2026, 10, 25))
            run.action_approve()
            run.action_issue()
            self.assertEqual(run.issued_count, 2)
            self.assertEqual(self.company._dunning_issued_today(), 2)
            self.assertEqual(self.company._dunning_allowance(), 0)
        with freeze_time("2026-10-25 23:00"):
            self.assertEqual(self.company._dunning_allowance(), 2)

    def _late(self, name, due):
        customer = self._customer(name)
        self._invoice(customer, due=due)
        return customer

    # === OTHER TIME ZONES === #

    def _morning(self, when):
        """The morning's job at that instant (UTC); the company's runs."""
        self._cron("ir_cron_propose", when)
        return (
            self.env["dunning.run"]
            .sudo()
            .search([("company_id", "=", self.company.id), ("kind", "=", "scheduled")])
        )

    def test_proposal_of_a_company_far_in_the_east(self):
        self._live_in("Pacific/Auckland")
        self._invoice(self._customer("Kiwi"), due=TODAY - timedelta(days=3))
        # Sunday noon in London is midnight in Auckland; 17:00 is five on Monday
        for too_early in (datetime(2026, 6, 14, 12, 30), datetime(2026, 6, 14, 16, 59)):
            self.assertFalse(self._morning(too_early))
        run = self._morning(datetime(2026, 6, 14, 17, 0))
        self.assertEqual(run.date, date(2026, 6, 15))
        self.assertEqual(run.notice_ids.date, date(2026, 6, 15))
        self.assertEqual(run.notice_ids.level_id, self.first, "three days late there")
        for same_day in (datetime(2026, 6, 15, 0, 0), datetime(2026, 6, 15, 11, 59)):
            self.assertEqual(self._morning(same_day), run)

    def test_proposal_of_a_company_in_the_west(self):
        self._live_in("America/New_York")
        self._invoice(self._customer("Yankee"), due=TODAY - timedelta(days=3))
        # three at night in London of Monday is still Sunday in New York
        for too_early in (datetime(2026, 6, 15, 3, 0), datetime(2026, 6, 15, 8, 59)):
            self.assertFalse(self._morning(too_early))
        run = self._morning(datetime(2026, 6, 15, 9, 0))
        self.assertEqual(run.date, date(2026, 6, 15))
        # late in the evening there, already Tuesday in London: not again
        self.assertEqual(self._morning(datetime(2026, 6, 16, 3, 30)), run)

    def test_friday_in_london_is_saturday_in_auckland(self):
        self._live_in("Pacific/Auckland")
        self._invoice(self._customer("Kiwi"), late=3)
        self.assertFalse(self._morning(datetime(2026, 6, 19, 18, 0)))
        self.assertTrue(self._morning(datetime(2026, 6, 21, 18, 0)))

    def test_companies_of_one_server_each_in_its_hours(self):
        self.company.write({"dunning_send_from": 8, "dunning_send_to": 18})
        for tz, first in [
            ("Pacific/Auckland", 20),  # of the day before in London
            ("America/New_York", 12),
            ("Europe/Paris", 6),
        ]:
            with self.subTest(tz=tz):
                self._live_in(tz)
                # noon to noon in London around Tuesday, all of it weekdays everywhere
                start = datetime(2026, 6, 16, first)
                self.assertTrue(self.company._dunning_is_sending_time(start))
                self.assertFalse(
                    self.company._dunning_is_sending_time(start - timedelta(minutes=1))
                )
                end = start + timedelta(hours=10)
                self.assertFalse(self.company._dunning_is_sending_time(end))
                self.assertTrue(
                    self.company._dunning_is_sending_time(end - timedelta(minutes=1))
                )

    def test_letter_has_the_date_of_its_company(self):
        self._live_in("Pacific/Auckland")
        customer = self._customer("Kiwi")
        self._invoice(customer, due=date(2026, 6, 12))
        with freeze_time("2026-06-15 20:00"):  # Tuesday morning in Auckland
            run = self._propose(customer, day=self.company._dunning_today())
            run.action_approve()
            run.action_issue()
        notice = run.notice_ids
        self.assertEqual(notice.date, date(2026, 6, 16))
        self.assertEqual(notice.deadline_date, date(2026, 6, 24))
        self.assertEqual(notice.line_ids.days_late, 4)
        self.assertEqual(notice.line_ids.move_line_id.dunning_date, date(2026, 6, 16))

    def test_figures_are_of_the_companys_day(self):
        """A customer becomes late at the company's midnight, and is listed then."""
        self._live_in("Pacific/Auckland")
        customer = self._customer("Kiwi")
        self._invoice(customer, 100, due=date(2026, 6, 15))
        profile = self._profile(customer)
        self._cron("ir_cron_refresh_profiles", datetime(2026, 6, 15, 11, 30))
        self.assertFalse(profile.amount_overdue, "half an hour before midnight")
        self._cron("ir_cron_refresh_profiles", datetime(2026, 6, 15, 12, 30))
        self.assertEqual(profile.amount_overdue, 100)

    # === MIDNIGHT === #

    def test_run_over_midnight(self):
        """Proposed before, issued after midnight: dated when issued, never twice."""
        customer = self._late("Alpha", TODAY - timedelta(days=3))
        run = self._morning(datetime(2026, 6, 15, 21, 59))  # 23:59 in Paris
        self.assertEqual((run.date, run.state), (TODAY, "proposed"))
        run.action_approve()
        run._issue_in_background()
        self._cron("ir_cron_issue", datetime(2026, 6, 15, 22, 5))  # 00:05
        notice = run.notice_ids
        tomorrow = TODAY + timedelta(days=1)
        self.assertRecordValues(
            notice,
            [
                {
                    "state": "issued",
                    "date": tomorrow,
                    "deadline_date": tomorrow + timedelta(days=8),
                }
            ],
        )
        self.assertEqual(notice.line_ids.days_late, 4)
        self.assertEqual(self._profile(customer).last_contact_date, tomorrow)
        # nothing leaves at night
        self._cron("ir_cron_deliver", datetime(2026, 6, 15, 22, 10))
        self.assertEqual(notice.delivery_ids.state, "queued")
        # the proposal of the new day knows what was issued at its beginning
        runs = self._morning(datetime(2026, 6, 16, 4, 0))
        self.assertEqual(set(runs.mapped("date")), {TODAY, tomorrow})
        self.assertFalse((runs - run).notice_ids)
        self._cron("ir_cron_deliver", datetime(2026, 6, 16, 7, 0))
        self.assertEqual(notice.delivery_ids.state, "sending")

    def test_proposal_nobody_looked_at_is_replaced_after_midnight(self):
        customer = self._late("Alpha", TODAY - timedelta(days=3))
        run = self._morning(datetime(2026, 6, 15, 21, 59))
        runs = self._morning(datetime(2026, 6, 16, 3, 30))
        self.assertEqual(run.state, "cancelled")
        (new,) = runs - run
        self.assertEqual(new.notice_ids.partner_id, customer)
        waiting = self.env["dunning.notice"].search(
            [("partner_id", "=", customer.id), ("state", "=", "draft")]
        )
        self.assertEqual(waiting, new.notice_ids)

    def test_proposal_that_broke_off_before_midnight_begins_anew(self):
        self._late("Alpha", TODAY - timedelta(days=3))
        with freeze_time("2026-06-15 21:59"):
            broken = (
                self.env["dunning.run"]
                .sudo()
                ._start(self.company, TODAY, scheduled=True)
            )
        self.assertEqual(broken.state, "proposing")
        runs = self._morning(datetime(2026, 6, 16, 3, 30))
        self.assertEqual(broken.state, "cancelled")
        self.assertEqual((runs - broken).date, TODAY + timedelta(days=1))
        self.assertEqual(len((runs - broken).notice_ids), 1)

    def test_payment_between_proposal_and_issue_over_midnight(self):
        customer = self._customer("Alpha")
        invoice = self._invoice(customer, late=3)
        run = self._morning(datetime(2026, 6, 15, 21, 59))
        run.action_approve()
        self._pay(invoice)
        run._issue_in_background()
        self._cron("ir_cron_issue", datetime(2026, 6, 15, 22, 5))
        self.assertEqual(run.notice_ids.state, "cancelled")
        self.assertFalse(run.notice_ids.delivery_ids)

    # === HOLIDAYS === #

    def test_public_holiday_is_of_the_companys_day(self):
        """A holiday of a company in the east begins on the day before in London."""
        for tz, start in [
            ("Pacific/Auckland", datetime(2026, 6, 15, 12)),
            ("Europe/Paris", datetime(2026, 6, 15, 22)),
            ("America/New_York", datetime(2026, 6, 16, 4)),
        ]:
            with self.subTest(tz=tz):
                self._live_in(tz)
                self.env["resource.calendar.leaves"].create(
                    {
                        "name": "Holiday",
                        "calendar_id": self.company.resource_calendar_id.id,
                        "company_id": self.company.id,
                        "date_from": start,
                        "date_to": start + timedelta(hours=24, seconds=-1),
                    }
                )
                holiday = date(2026, 6, 16)
                working = self.company._dunning_working_days(
                    holiday - timedelta(days=1), holiday + timedelta(days=1)
                )
                for day in (-1, 0, 1):
                    one = holiday + timedelta(days=day)
                    self.assertEqual(
                        self.company._dunning_is_working_day(one), day != 0
                    )
                    self.assertEqual(one in working, day != 0)
                noon = start + timedelta(hours=12)
                self.assertFalse(self.company._dunning_is_sending_time(noon))
                self.assertTrue(
                    self.company._dunning_is_sending_time(noon + timedelta(days=1))
                )

    def test_nothing_leaves_and_nothing_is_proposed_on_a_holiday(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.company.resource_calendar_id.id,
                "company_id": self.company.id,
                "date_from": datetime(2026, 6, 15, 22),
                "date_to": datetime(2026, 6, 16, 21, 59, 59),
            }
        )
        customer = self._late("Alpha", TODAY - timedelta(days=3))
        run = self._run(customer)
        for hour in range(0, 24, 3):
            self._cron("ir_cron_deliver", NOW.replace(day=16, hour=hour))
            self.assertEqual(run.notice_ids.delivery_ids.state, "queued")
        self.assertFalse(self._morning(NOW.replace(day=16)))
        self._cron("ir_cron_deliver", NOW.replace(day=17))
        self.assertEqual(run.notice_ids.delivery_ids.state, "sending")
