"""The policy editor: an example that follows every edit, and the next level."""

from datetime import date

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form

from .common import TODAY, DunningCommon


class TestPolicyEditor(DunningCommon):
    def _sentence(self, days_late, **context):
        return self.policy.with_context(**context)._example_sentence(days_late)

    def test_example_says_what_comes_next(self):
        # TODAY is Monday, 15 June; the policy has -5, 3, 15, 30 and 45
        cases = {
            -10: "An invoice due in 10 days would get “Courtesy” on 20 Jun by e-mail.",
            -1: "An invoice due tomorrow would get “First” on 19 Jun by e-mail.",
            0: "An invoice due today would get “First” on 18 Jun by e-mail.",
            1: "An invoice 1 day late would get “First” on 17 Jun by e-mail.",
            3: "An invoice 3 days late would get “First” today by e-mail.",
            40: "An invoice 40 days late would get “Formal” on 20 Jun by e-mail.",
            46: "An invoice 46 days late has had “Formal”; the policy has nothing "
            "further.",
            -400: "An invoice due in 400 days would get “Courtesy” on 15 Jul 2027 by "
            "e-mail.",
        }
        self.company.resource_calendar_id = self._calendar_of_every_day()
        for days_late, sentence in cases.items():
            with self.subTest(days_late=days_late):
                self.assertEqual(self._sentence(days_late), sentence)

    def test_example_waits_for_a_working_day(self):
        self.assertIn("on 22 Jun", self._sentence(40))  # the 20th is a Saturday

    def test_example_follows_edits_before_saving(self):
        with Form(self.policy.with_user(self.manager)) as form:
            self.assertEqual(form.example_days, 40)
            self.assertIn("“Formal” on 22 Jun by e-mail", form.example_sentence)
            form.example_days = 14
            self.assertIn("14 days late would get “Second”", form.example_sentence)
            with form.level_ids.edit(2) as level:
                level.name = "Sooner"
                level.days = 14
                level.channel_1, level.channel_2 = "call", "letter"
                self.assertEqual(level.timing, "14 days after the due date")
            self.assertEqual(
                form.example_sentence,
                "An invoice 14 days late would get “Sooner” today by phone.",
            )
            with form.level_ids.edit(3) as level:
                level.days = 14
            self.assertIn("same number of days", form.example_sentence)
            with form.level_ids.edit(3) as level:
                level.days = 30

    def test_example_of_a_new_policy(self):
        form = Form(self.env["dunning.policy"].with_user(self.manager))
        self.assertIn("no levels", form.example_sentence)
        form.name = "New"
        with form.level_ids.new() as level:
            level.name = "Only"
            level.days = 10
            level.letter_title = "Title"
            level.mail_template_id = self.template
        self.assertIn("40 days late has had “Only”", form.example_sentence)
        form.example_days = 4
        self.assertIn("4 days late would get “Only” on 22 Jun", form.example_sentence)
        self.assertEqual(form.save().level_ids.name, "Only")

    def test_example_archived_levels_do_not_count(self):
        self.formal.active = False
        policy = self.policy.with_context(active_test=False)
        self.assertIn("has had “Final”", policy._example_sentence(40))

    def test_example_is_not_stored(self):
        self.policy.example_days = 7
        self.env.invalidate_all()
        self.assertEqual(self.policy.example_days, 40)

    def test_timing_in_words(self):
        words = {
            -5: "5 days before the due date",
            -1: "1 day before the due date",
            0: "On the due date",
            1: "1 day after the due date",
            15: "15 days after the due date",
        }
        for days, sentence in words.items():
            level = self.env["dunning.level"].new({"days": days})
            self.assertEqual(level.timing, sentence)

    # === THE NEXT LEVEL === #

    def _next(self, **previous):
        Level = self.env["dunning.level"].with_user(self.manager)
        return Level.with_context(dunning_previous_level=previous or False).default_get(
            list(Level._fields)
        )

    def test_first_level_is_complete(self):
        values = self._next()
        self.assertEqual((values["days"], values["tone"]), (3, "friendly"))
        self.assertEqual(values["channel_1"], "email")
        self.assertTrue(values["mail_template_id"])
        policy = (
            self.env["dunning.policy"]
            .with_user(self.manager)
            .create({"name": "Short", "level_ids": [Command.create(values)]})
        )
        self.assertTrue(policy.level_ids.letter_body)

    def test_next_level_is_later_firmer_and_goes_the_same_way(self):
        values = self._next(
            days=3,
            tone="friendly",
            channel_1="letter",
            channel_2="call",
            channel_3=False,
            deadline_days=12,
            attach_invoices=True,
            approval="collector",
        )
        self.assertEqual((values["days"], values["tone"]), (15, "firm"))
        self.assertEqual((values["channel_1"], values["channel_2"]), ("letter", "call"))
        self.assertFalse(values["channel_3"])
        self.assertEqual(values["deadline_days"], 12)
        self.assertTrue(values["attach_invoices"])
        self.assertNotIn("mail_template_id", values)

    def test_formal_notice_comes_last_and_asks_for_the_manager(self):
        final = self._next(days=30, tone="final", channel_1="email")
        self.assertEqual((final["days"], final["tone"]), (45, "formal"))
        self.assertEqual(final["approval"], "manager")
        self.assertEqual(
            (final["channel_1"], final["channel_2"], final["deadline_from"]),
            ("registered", "email", "presentation"),
        )
        after = self._next(days=45, tone="formal", channel_1="email")
        self.assertEqual((after["days"], after["tone"]), (60, "formal"))

    def test_levels_added_one_by_one_make_a_valid_policy(self):
        values, levels = self._next(), []
        for _ in range(4):
            levels.append(Command.create(values))
            values = self._next(**values)
        policy = self.env["dunning.policy"].create(
            {"name": "Grown", "level_ids": levels}
        )
        self.assertEqual(policy.level_ids.mapped("days"), [3, 15, 30, 45])
        self.assertEqual(
            policy.level_ids.mapped("tone"), ["friendly", "firm", "final", "formal"]
        )

    def test_defaults_elsewhere_are_as_before(self):
        values = self.env["dunning.level"].default_get(["days", "tone", "name"])
        self.assertEqual(values, {"tone": "friendly"})

    def test_default_given_wins(self):
        values = (
            self.env["dunning.level"]
            .with_context(dunning_previous_level=False, default_days=7)
            .default_get(["days"])
        )
        self.assertEqual(values, {"days": 7})

    # === WHO MAY === #

    UNSAFE = "<p t-out=\"format_date(object.date, date_format='long')\">Soon</p>"

    def test_manager_edits_levels_whose_letters_hold_placeholders(self):
        self.assertFalse(self.manager.has_group("mail.group_mail_template_editor"))
        self.second.letter_body = self.UNSAFE
        level = self.second.with_user(self.manager)
        level.write({"days": 16, "channel_2": "call"})
        self.assertEqual(self.second.days, 16)
        # word for word what another level says
        copied = self.policy.with_user(self.manager).copy()
        self.assertIn("format_date", copied.level_ids[2].letter_body)
        self.first.with_user(self.manager).letter_body = self.second.letter_body

    def test_manager_writes_no_code_into_letters(self):
        level = self.second.with_user(self.manager)
        level.letter_body = "<p>Dear <t t-out='object.partner_id.name'/></p>"
        self.env["res.lang"]._activate_lang("fr_FR")
        for context in ({}, {"dunning_level_texts": True}, {"lang": "fr_FR"}):
            with self.subTest(**context), self.assertRaises(AccessError):
                level.with_context(**context).letter_body = self.UNSAFE
        with self.assertRaises(AccessError):
            level.copy({"days": 20, "letter_closing": self.UNSAFE})

    def test_collector_reads_the_editor_and_previews(self):
        policy = self.policy.with_user(self.collector)
        self.assertTrue(policy.example_sentence)
        self.assertTrue(policy.level_ids[0].timing)
        self._invoice(self._customer(), late=4)
        action = policy.action_preview()
        preview = (
            self.env["dunning.preview"]
            .with_user(self.collector)
            .browse(action["res_id"])
        )
        self.assertEqual(preview.policy_id, policy)
        with self.assertRaises(AccessError):
            policy.gap_days = 1

    # === THE INVOICE SAYS WHY === #

    def test_invoice_list_asks_the_rules_once(self):
        invoices = self.env["account.move"]
        for number in range(6):
            invoices |= self._invoice(self._customer(f"Alpha {number}"), late=number)
        invoices.mapped("dunning_why")  # profiles are made on the first look

        def cost(moves):
            self.env.invalidate_all()
            moves = moves.with_user(self.collector)
            before = self.env.cr.sql_log_count
            sentences = moves.mapped("dunning_why")
            return self.env.cr.sql_log_count - before, sentences

        one, __ = cost(invoices[:1])
        six, sentences = cost(invoices)
        self.assertLessEqual(six, one + 2)
        self.assertIn("Would reach “First”", sentences)
        self.assertIn(
            "The next level is not reached yet; not before 06/17/2026", sentences
        )

    def _calendar_of_every_day(self):
        return self.env["resource.calendar"].create(
            {
                "name": "Always",
                "tz": "UTC",
                "attendance_ids": [
                    Command.clear(),
                    *(
                        Command.create(
                            {
                                "name": str(day),
                                "dayofweek": str(day),
                                "hour_from": 0,
                                "hour_to": 24,
                                "day_period": "morning",
                            }
                        )
                        for day in range(7)
                    ),
                ],
            }
        )

    def test_working_days_of_a_span(self):
        company = self.company
        first, last = TODAY, date(2026, 7, 12)
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": company.resource_calendar_id.id,
                "date_from": "2026-06-23 00:00:00",
                "date_to": "2026-06-23 23:59:59",
            }
        )
        calendars = {
            "usual": company.resource_calendar_id,
            "every day": self._calendar_of_every_day(),
            "none": self.env["resource.calendar"],
        }
        for name, calendar in calendars.items():
            company.resource_calendar_id = calendar
            with self.subTest(calendar=name):
                span = company._dunning_working_days(first, last)
                days = [
                    date.fromordinal(n)
                    for n in range(first.toordinal(), last.toordinal() + 1)
                ]
                self.assertEqual(
                    span, {day for day in days if company._dunning_is_working_day(day)}
                )
                self.assertTrue(span)
