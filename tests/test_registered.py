"""Registered letters: the channel, the proof, and the days that follow from it."""

import base64
from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form

from .common import NOW, TODAY, DunningCommon

ADDRESS = {"street": "1 rue de la Paix", "zip": "75002", "city": "Paris"}
LATER = datetime(2026, 7, 10, 9, 0)


class RegisteredCommon(DunningCommon):
    """A formal level by registered letter, then e-mail, in the hands of a collector."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first.write(
            {
                "channel_1": "registered",
                "channel_2": "email",
                "deadline_from": "presentation",
                "deadline_days": 8,
            }
        )

    def _issued(self, name="Alpha", **values):
        customer = self._customer(name, **{**ADDRESS, **values})
        self._invoice(customer, 100, late=4)
        notice = self._run(customer).notice_ids
        self.assertEqual(notice.state, "issued", notice.error)
        return notice.with_user(self.collector)

    def _posted(self, name="Alpha", **values):
        notice = self._issued(name, **values)
        letter = notice.delivery_ids
        letter.action_print_letters()
        letter.action_mark_posted()
        return letter

    def _enter(self, letter, when=LATER, **values):
        """What the collector types into the dialogue."""
        with freeze_time(when):
            action = letter.action_record_proof()
            wizard = self.env[action["res_model"]].with_user(self.collector)
            wizard = wizard.browse(action["res_id"])
            wizard.write(values)
            wizard.action_save()
        return letter

    def _level(self, letter):
        return letter.notice_id.sudo().line_ids.move_line_id.dunning_level_id


class TestRegistered(RegisteredCommon):
    # === CHANNEL === #

    def test_channel_waits_in_the_print_queue(self):
        notice = self._issued()
        self.assertEqual(notice.channel, "registered")
        self.assertEqual(notice.contact_address, "1 rue de la Paix, 75002 Paris")
        letter = notice.delivery_ids
        self.assertEqual((letter.channel, letter.state), ("registered", "queued"))
        self.assertFalse(self._deliver(), "it waits for a person")
        self.assertEqual(notice.run_id.letter_count, 1)
        queue = self.env.ref("account_dunning.dunning_delivery_print_queue_action")
        self.assertIn("print_queue", queue.context)
        with self.assertRaises(UserError):
            letter.action_mark_posted()
        letter.action_print_letters()
        letter.action_mark_posted()
        self.assertRecordValues(
            letter, [{"state": "sent", "deposited_on": TODAY, "waits_for_proof": True}]
        )

    def test_without_a_postal_address_the_next_channel(self):
        customer = self._customer("Nowhere")
        self._invoice(customer, 100, late=4)
        self.assertEqual(self._run(customer).notice_ids.channel, "email")

    def test_words_of_the_channel(self):
        ways = self.policy._example_ways()
        self.assertEqual(ways["registered"], "by registered letter")
        selection = self.env["dunning.level"]._fields["channel_1"].selection
        self.assertEqual(set(ways), set(dict(selection)))

    def test_overtaken_while_it_lies_printed(self):
        notice = self._issued()
        notice.delivery_ids.action_print_letters()
        self._pay(notice.sudo().line_ids.move_line_id.move_id)
        notice.delivery_ids.invalidate_recordset(["overtaken"])
        self.assertTrue(notice.delivery_ids.overtaken)

    def test_preview_counts_it_as_a_letter(self):
        customer = self._customer("Preview", **ADDRESS)
        self._invoice(customer, 100, late=4)
        notice = self._propose(customer).notice_ids
        self.assertEqual(notice.channel, "registered")

    # === PROOF === #

    def test_unclaimed_is_a_valid_notice(self):
        letter = self._posted()
        self._enter(
            letter,
            presented_on=date(2026, 6, 17),
            outcome="unclaimed",
            outcome_on=date(2026, 7, 3),
            tracking_number="1A 23",
        )
        self.assertRecordValues(
            letter,
            [{"state": "sent", "outcome": "unclaimed", "waits_for_proof": False}],
        )
        notice = letter.notice_id
        self.assertEqual(len(notice.delivery_ids), 1, "no other channel follows")
        self.assertEqual(notice.delivery_state, "sent")
        self.assertEqual(self._level(letter), self.first, "the level stands")
        self.assertRecordValues(
            notice,
            [
                {
                    "posted_on": TODAY,
                    "received_on": date(2026, 6, 17),
                    "interest_from": date(2026, 6, 18),
                    "legal_deadline": date(2026, 6, 25),
                }
            ],
        )

    def test_refused_is_a_valid_notice(self):
        letter = self._posted()
        self._enter(letter, outcome="refused", outcome_on=date(2026, 6, 17))
        self.assertEqual(letter.state, "sent")
        self.assertEqual(letter.notice_id.received_on, date(2026, 6, 17))

    def test_delivered(self):
        letter = self._posted()
        self._enter(
            letter,
            presented_on=date(2026, 6, 16),
            outcome="delivered",
            outcome_on=date(2026, 6, 18),
        )
        self.assertEqual(letter.state, "delivered")
        self.assertEqual(letter.notice_id.received_on, date(2026, 6, 16))

    def test_wrong_address_reaches_nobody(self):
        letter = self._posted()
        when = datetime(2026, 6, 18, 9, 0)
        self._enter(letter, when, outcome="returned", outcome_on=date(2026, 6, 18))
        self.assertRecordValues(letter, [{"state": "returned", "address_faulty": True}])
        notice = letter.notice_id
        self.assertFalse(notice.received_on)
        # the e-mail that follows prints the date
        self.assertEqual(notice.legal_deadline, notice.deadline_date)
        follower = notice.delivery_ids - letter
        self.assertRecordValues(follower, [{"channel": "email", "state": "queued"}])
        # a mistake: it did arrive
        self._enter(letter, when, outcome="delivered", outcome_on=date(2026, 6, 18))
        self.assertRecordValues(
            letter, [{"state": "delivered", "address_faulty": False, "error": False}]
        )
        self.assertEqual(follower.state, "cancelled")
        self.assertEqual(self._level(letter), self.first)
        self.assertEqual(notice.received_on, date(2026, 6, 18))

    def test_wrong_address_and_no_other_channel(self):
        self.first.channel_2 = False
        letter = self._posted()
        letter.action_mark_returned()
        self.assertRecordValues(
            letter, [{"state": "returned", "outcome": "returned", "outcome_on": TODAY}]
        )
        self.assertFalse(self._level(letter), "the level goes back")
        self.assertFalse(letter.notice_id.legal_deadline)
        self._enter(letter, NOW, outcome="unclaimed", outcome_on=TODAY)
        self.assertEqual(self._level(letter), self.first)

    def test_every_change_is_kept(self):
        letter = self._posted()
        self._enter(letter, presented_on=date(2026, 6, 17), remark="blue slip")
        self._enter(letter, presented_on=date(2026, 6, 18), remark="misread")
        self._enter(letter, presented_on=date(2026, 6, 18))
        changes = letter.proof_ids.sorted("id")
        self.assertEqual(
            [(c.fact, c.before, c.after, c.remark) for c in changes],
            [
                ("deposited_on", False, "2026-06-15", False),
                ("presented_on", False, "2026-06-17", "blue slip"),
                ("presented_on", "2026-06-17", "2026-06-18", "misread"),
            ],
        )
        self.assertEqual(changes.user_id, self.collector)
        self.assertEqual(set(changes.mapped("source")), {"person"})
        self.assertEqual(changes[-1].after_text, "06/18/2026")
        with self.assertRaises(UserError):
            changes[0].sudo().after = "2020-01-01"
        with self.assertRaises(UserError):
            changes[0].sudo().unlink()

    def test_days_that_cannot_be_are_refused(self):
        letter = self._posted()
        for values, words in (
            ({"presented_on": date(2026, 6, 10)}, "before the date of the letter"),
            ({"presented_on": date(2026, 7, 11)}, "in the future"),
            ({"outcome": "unclaimed"}, "say when"),
            ({"outcome_on": date(2026, 6, 20)}, "say how"),
            (
                {
                    "presented_on": date(2026, 6, 20),
                    "outcome": "refused",
                    "outcome_on": date(2026, 6, 19),
                },
                "before the first presentation",
            ),
        ):
            with (
                self.subTest(words=words),
                self.assertRaisesRegex(UserError, words),
                self.env.cr.savepoint(),
            ):
                self._enter(letter, **values)
            letter.invalidate_recordset()

    def test_proof_before_anybody_marked_it_as_posted(self):
        letter = self._issued().delivery_ids
        self._enter(letter, deposited_on=date(2026, 6, 16))
        self.assertEqual(letter.state, "sent")
        self.assertEqual(letter.sent_at, datetime(2026, 6, 16, 12))

    def test_slips(self):
        letter = self._posted()
        action = letter.action_record_proof()
        wizard = self.env[action["res_model"]].with_user(self.collector)
        wizard = wizard.browse(action["res_id"])
        # as the browser uploads it
        slip = (
            self.env["ir.attachment"]
            .with_user(self.collector)
            .create(
                {
                    "name": "slip.png",
                    "raw": b"\x89PNG slip",
                    "res_model": wizard._name,
                    "res_id": wizard.id,
                }
            )
        )
        wizard.slip_ids = slip
        wizard.action_save()
        loose = (
            self.env["ir.attachment"]
            .with_user(self.collector)
            .create({"name": "back.png", "raw": b"\x89PNG back"})
        )
        self._enter(letter, slip_ids=[Command.set(loose.ids)])
        self.assertEqual(letter.slip_count, 2)
        letter.proof_ids.invalidate_recordset()
        self.assertEqual(letter.slip_ids, slip | loose)
        kept = letter.proof_ids.filtered(lambda c: c.fact == "slip").sorted("id")
        self.assertEqual(kept.mapped("after"), ["slip.png", "back.png"])
        self.assertEqual(kept.user_id, self.collector)
        reader = self._user("reader", "account.group_account_readonly")
        seen = letter.with_user(reader).slip_ids.sorted("id")
        self.assertEqual(seen.mapped("raw"), [b"\x89PNG slip", b"\x89PNG back"])
        with self.assertRaises(AccessError):
            slip.with_user(self.collector).unlink()
        # somebody else's document cannot be taken over by its id
        other = self.env["ir.attachment"].create(
            {"name": "x", "raw": b"x", "res_model": "res.company", "res_id": 1}
        )
        wizard = self.env["dunning.proof.wizard"].with_user(self.collector)
        wizard = wizard.create({"delivery_id": letter.id})
        wizard.sudo().slip_ids = other
        wizard.action_save()
        self.assertEqual(other.res_model, "res.company")

    def test_dialogue_says_what_follows(self):
        letter = self._posted()
        action = letter.action_record_proof()
        wizard = self.env[action["res_model"]].with_user(self.collector)
        form = Form(wizard.browse(action["res_id"]))
        self.assertFalse(form.consequence)
        form.outcome = "unclaimed"
        self.assertIn("valid all the same", form.consequence)
        form.outcome = "returned"
        self.assertIn("next channel", form.consequence)

    def test_who_may_enter_proofs(self):
        letter = self._posted()
        for role in ("account.group_account_readonly", "account.group_account_invoice"):
            user = self._user(f"user {role[-8:]}", role)
            with self.subTest(role=role), self.assertRaises(AccessError):
                letter.with_user(user).action_record_proof()
            with self.assertRaises(AccessError):
                letter.with_user(user).outcome = "delivered"
        with self.assertRaises(AccessError):
            letter.with_user(self.manager).outcome = "delivered"

    def test_waiting_list(self):
        letter = self._posted()
        found = self.env["dunning.delivery"].with_user(self.collector)
        waiting = [("waits_for_proof", "=", True)]
        self.assertIn(letter, found.search(waiting))
        self.assertNotIn(letter, found.search([("waits_for_proof", "=", False)]))
        self._enter(letter, outcome="delivered", outcome_on=date(2026, 6, 18))
        self.assertNotIn(letter, found.search(waiting))

    # === LEGAL DATES === #

    def test_days_to_pay_from_the_date_of_the_letter(self):
        self.first.deadline_from = "letter"
        letter = self._posted()
        self._enter(letter, presented_on=date(2026, 6, 17))
        notice = letter.notice_id
        self.assertEqual(notice.legal_deadline, TODAY + timedelta(days=8))
        self.assertEqual(notice.interest_from, date(2026, 6, 18))

    def test_frozen_when_issued(self):
        letter = self._posted()
        self.first.write({"deadline_from": "letter", "deadline_days": 30})
        self._enter(letter, presented_on=date(2026, 6, 17))
        self.assertEqual(letter.notice_id.deadline_from, "presentation")
        self.assertEqual(letter.notice_id.legal_deadline, date(2026, 6, 25))

    def test_nothing_is_proven_by_email(self):
        customer = self._customer("Mail")
        self._invoice(customer, 100, late=4)
        notice = self._run(customer).notice_ids
        self._deliver()
        self.assertEqual(notice.channel, "email")
        self.assertFalse(notice.received_on)
        self.assertEqual(notice.legal_deadline, notice.deadline_date)

    def test_legal_dates_of_many_by_one_query(self):
        letters = self.env["dunning.delivery"]
        for number in range(4):
            letters |= self._posted(f"Customer {number}").sudo()
        notices = letters.notice_id
        notices.mapped("deadline_date")
        self.env.flush_all()
        for batch in (notices[:1], notices):
            batch.invalidate_recordset(["delivery_ids"])
            letters.invalidate_recordset()
            with self.assertQueryCount(1):
                batch._legal_dates()

    # === IMPORT === #

    def _import(self, text, user=None, company=None):
        wizard = (
            self.env["dunning.proof.import"]
            .with_user(user or self.collector)
            .create(
                {
                    "content": base64.b64encode(text.encode()),
                    "file_name": "post.csv",
                    "company_id": (company or self.company).id,
                }
            )
        )
        action = wizard.action_import()
        return self.env[action["res_model"]].browse(action["res_id"])

    def test_import(self):
        letter = self._posted()
        name = letter.notice_id.name
        with freeze_time(LATER):
            status = self._import(
                "notice;status;date;number\n"
                f"{name};presented;2026-06-17;1A 23\n"
                f"{name};unclaimed;2026-07-03;1A 23\n"
                "DUN/none;delivered;2026-07-03;\n"
                f"{name};lost;2026-07-03;\n"
                f"{name};delivered;2027-01-01;\n"
            )
        self.assertRecordValues(
            letter,
            [
                {
                    "presented_on": date(2026, 6, 17),
                    "outcome": "unclaimed",
                    "tracking_number": "1A 23",
                }
            ],
        )
        self.assertRecordValues(
            status,
            [
                {
                    "row_count": 5,
                    "changed_count": 2,
                    "problem_count": 3,
                    "state": "problems",
                }
            ],
        )
        lines = status.problems.splitlines()
        self.assertIn("Line 4: no letter of notice DUN/none", lines[0])
        self.assertIn("Line 5: unknown status", lines[1])
        self.assertIn("in the future", lines[2])
        self.assertEqual(
            set(letter.proof_ids.filtered("status_id").mapped("source")), {"file"}
        )
        self.assertEqual(status.attachment_id.raw.decode()[:6], "notice")
        mine = status.with_user(self.collector)
        before = len(letter.proof_ids)
        with freeze_time(LATER):
            mine.action_read_again()
        self.assertEqual(mine.changed_count, 0)
        self.assertEqual(len(letter.proof_ids), before, "again changes nothing")
        mine.action_settle()
        self.assertRecordValues(
            mine, [{"state": "settled", "settled_by_id": self.collector.id}]
        )

    def test_import_does_not_overrule_a_person(self):
        letter = self._posted()
        self._enter(letter, presented_on=date(2026, 6, 18))
        with freeze_time(LATER):
            status = self._import(
                f"notice,status,date\n{letter.notice_id.name},presented,2026-06-17\n"
            )
        self.assertEqual(letter.presented_on, date(2026, 6, 18))
        self.assertIn("has entered 2026-06-18", status.problems)

    def test_import_touches_no_other_company(self):
        letter = self._posted()
        other = self.env["res.company"].create({"name": "Other company"})
        text = f"notice,status,date\n{letter.notice_id.name},delivered,2026-06-15\n"
        with self.assertRaises(UserError):
            self._import(text, company=other)
        status = (
            self.env["dunning.post.status"]
            .sudo()
            ._take_in(other, "post.csv", text.encode())
        )
        self.assertEqual(status.problem_count, 1)
        self.assertFalse(letter.outcome)

    def test_import_is_for_collectors(self):
        reader = self._user("reader", "account.group_account_readonly")
        with self.assertRaises(AccessError):
            self._import("notice,status,date\n", user=reader)
