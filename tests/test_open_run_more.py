"""Changes while a run is open that concern more than one notice, or who is told."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TODAY
from .test_open_run import OpenRunCommon


@tagged("post_install", "-at_install")
class TestOpenRunMore(OpenRunCommon):
    # === MERGING CUSTOMERS === #

    def _doubles(self):
        """Two contacts that are one customer, each with all that hangs on one."""
        customers = self._customer("Kept"), self._customer("Double")
        for customer, late in zip(customers, (4, 5), strict=True):
            self._invoice(customer, 100.0, late=late)
        return customers

    def test_merge_with_everything_on_both_sides(self):
        kept, double = self._doubles()
        first = self._run(kept, double).notice_ids
        self._deliver()
        for customer in (kept, double):
            profile = self._profile(customer)
            self.env["dunning.hold"].create(
                {"profile_id": profile.id, "reason": f"For {customer.name}"}
            ).action_end()
            self.env["dunning.call"].create(
                {"profile_id": profile.id, "outcome": "other"}
            )
            profile._send_statement()
            self._invoice(customer, 50.0, late=10)
        day = TODAY + timedelta(days=6)
        second = self._propose(kept, double, day=day)
        self.assertEqual(len(second.notice_ids), 2)
        frozen = {n: (n.name, n.pdf_sha256, n.amount_due) for n in first}
        deliveries = first.delivery_ids

        self._merge(double, kept)
        self.env.invalidate_all()
        profile = self._profile(kept)
        self.assertEqual((first | second.notice_ids).profile_id, profile)
        self.assertEqual(
            {n: (n.name, n.pdf_sha256, n.amount_due) for n in first}, frozen
        )
        self.assertEqual(deliveries.profile_id, profile)
        self.assertEqual(deliveries.partner_id, kept)
        self.assertEqual(len(profile.hold_ids), 2)
        self.assertEqual(
            self.env["dunning.call"].search_count([("profile_id", "=", profile.id)]), 2
        )
        self.assertEqual(
            self.env["credit.statement"]
            .search([("profile_id", "=", profile.id)])
            .mapped("state"),
            ["sent", "sent"],
        )
        self.assertEqual(profile.last_contact_date, TODAY)
        # one of the two proposals is left, and the run counts it alone
        self.assertEqual(
            sorted(second.notice_ids.mapped("state")), ["cancelled", "draft"]
        )
        self.assertEqual((second.state, second.notice_count), ("proposed", 1))

    def test_merging_the_only_proposal_away_ends_the_run(self):
        kept, double = self._doubles()
        self._profile(kept)
        run = self._propose(double)
        self._merge(double, kept)
        self.assertEqual(run.notice_ids.state, "cancelled")
        self.assertIn("Kept", run.notice_ids.cancel_reason)
        self.assertEqual(run.state, "done")
        # and the customer is told of both items, once
        again = self._propose(kept)
        self.assertEqual(len(again.notice_ids.line_ids), 2)

    def test_merging_with_a_statement_waiting_on_both_sides(self):
        kept, double = self._doubles()
        Statement = self.env["credit.statement"]
        profiles = self._profile(kept) | self._profile(double)
        drafts = Statement._drafts(profiles, TODAY)
        waiting = Statement._make(drafts, "queued", TODAY)
        self._merge(double, kept)
        self.env.invalidate_all()
        self.assertEqual(waiting.profile_id, self._profile(kept))
        self.assertEqual(sorted(waiting.mapped("state")), ["queued", "unsent"])
        self.assertIn("Kept", waiting.filtered("reason").reason)

    def test_statement_waiting_goes_only_to_who_belongs_to_the_customer(self):
        acts = ("archive", "leave", "delete")
        waiting = self.env["credit.statement"].sudo()
        for act in acts:
            customer = self._customer(act)
            self._invoice(customer, 100.0, late=4)
            contact = self.env["res.partner"].create(
                {
                    "name": act,
                    "type": "invoice",
                    "parent_id": customer.id,
                    "email": f"{act}@customer.example",
                }
            )
            drafts = waiting._drafts(self._profile(customer), TODAY)
            waiting |= waiting._make(drafts, "queued", TODAY)
            self.assertEqual(waiting[-1:].contact_id, contact)
        contacts = waiting.contact_id.with_user(self.secretary)
        contacts[0].action_archive()
        contacts[1].parent_id = self._customer("Other")
        contacts[2].unlink()
        with self.mock_mail_gateway():
            waiting._send()
            self.env["mail.mail"].search([("state", "=", "outgoing")]).send()
        self.assertFalse(self._mails)
        self.assertEqual(set(waiting.mapped("state")), {"unsent"})
        self.assertTrue(all(waiting.mapped("reason")))

    def test_merging_while_both_messages_are_under_way_sends_both(self):
        """Each claims its own items: neither repeats the other."""
        kept, double = self._doubles()
        run = self._run(kept, double)
        self._merge(double, kept)
        mails = self._deliver()
        self.assertEqual(len(mails), 2)
        self.assertEqual(run.state, "done")
        told = run.notice_ids.line_ids.move_line_id
        self.assertEqual(len(told), 2)
        self.assertEqual(told.dunning_level_id, self.first)

    # === DELETING === #

    def test_customer_without_debts_and_told_of_nothing_can_be_deleted(self):
        self._start("proposed")
        drafts = (self.first_invoice | self.second_invoice).with_user(self.accountant)
        drafts.button_draft()
        drafts.with_context(force_delete=True).unlink()
        notice, run = self.notice, self.run
        (self.recipient | self.customer).with_user(self.secretary).unlink()
        self.assertFalse(notice.exists())
        self.assertEqual((run.state, run.notice_count), ("done", 0))

    def test_customer_who_was_told_something_is_archived_instead(self):
        self._start("issued")
        drafts = (self.first_invoice | self.second_invoice).with_user(self.accountant)
        drafts.button_draft()
        drafts.with_context(force_delete=True).unlink()
        with self.assertRaisesRegex(UserError, "archive"), self.env.cr.savepoint():
            self.customer.with_user(self.secretary).unlink()
        self.customer.with_user(self.secretary).action_archive()
        self.assertTrue(self.notice.exists())
        self.assertFalse(self._deliver())
        self.assertEqual(self.notice.state, "cancelled")

    def test_statement_sent_keeps_its_customer(self):
        customer = self._customer("Alpha")
        invoice = self._invoice(customer, 100.0, late=4)
        self._profile(customer)._send_statement()
        invoice.button_draft()
        invoice.with_context(force_delete=True).unlink()
        with self.assertRaisesRegex(UserError, "proof"):
            customer.unlink()

    def test_policy_whose_levels_items_carry_is_archived_instead(self):
        customer = self._customer("Alpha")
        items = self._item(self._invoice(customer, 100.0, late=4))
        level = self.other_policy.level_ids[1]
        items.write({"dunning_level_id": level.id, "dunning_date": TODAY})
        for record in (level, self.other_policy):
            with (
                self.assertRaisesRegex(UserError, "archive it"),
                self.env.cr.savepoint(),
            ):
                record.with_user(self.manager).unlink()
        unused = self._policy("Never used")
        unused.with_user(self.manager).unlink()
        self.assertFalse(unused.exists())

    def test_level_never_reached_may_change_its_policy(self):
        level = self._policy("Never used").level_ids[1]
        level.with_user(self.manager).write(
            {"policy_id": self.other_policy.id, "days": 7}
        )
        self.assertIn(level, self.other_policy.level_ids)

    def test_writing_the_same_policy_is_no_move(self):
        self._start("issued")
        self.first.with_user(self.manager).write(
            {"policy_id": self.policy.id, "name": "Other name"}
        )
        self.assertEqual(self.first.name, "Other name")

    # === WHO IS ASKED === #

    def test_who_has_left_is_asked_no_more(self):
        self._start("proposed")
        self.assertEqual(self.notice.user_id, self.clerk)
        self.clerk.with_user(self.admin).action_archive()
        self.env.invalidate_all()
        self.assertEqual(self.profile._responsible(), self.contact)
        self.assertEqual(self.notice.user_id, self.contact)
        self.assertEqual(self.notice._letter_contact()["name"], self.contact.name)
        self.profile._notify_person("Look at this")
        self.assertEqual(self.profile.activity_ids.user_id, self.contact)

    def test_when_the_credit_contact_has_left_too_the_letter_is_the_companys(self):
        self._start("proposed")
        (self.clerk | self.contact).with_user(self.admin).action_archive()
        self.env.invalidate_all()
        self.assertFalse(self.profile._responsible())
        self.assertEqual(self.notice._letter_contact()["name"], self.company.name)
        self.assertNotEqual(self.company._dunning_credit_contact(), self.contact)
        mails = self._go_on()
        self.assertEqual(len(mails), 1)

    def test_issue_in_the_background_goes_on_when_who_asked_has_left(self):
        self._start("approved")
        path = "odoo.addons.account_dunning.models.dunning_run_issue.ISSUE_AT_ONCE"
        with patch(path, 0):
            self.run.with_user(self.collector).action_issue()
        self.assertTrue(self.run.issue_requested)
        self.collector.with_user(self.admin).action_archive()
        self._cron("ir_cron_issue")
        self.assertEqual(self.notice.state, "issued", self.notice.error)
        self.assertEqual(self.notice.issued_by_id, self.collector)

    # === WORDS === #

    def test_what_cannot_be_rendered_is_told_without_a_stack_trace(self):
        self._start("approved")
        self.first.letter_body = "<p><t t-out='object.no_such_field'/></p>"
        with mute_logger("odoo.addons.account_dunning.models.dunning_notice_issue"):
            self.run.with_user(self.collector).action_issue()
        notes = str(self.profile.activity_ids.mapped("note"))
        for text in (self.notice.error, notes):
            self.assertIn("cannot be made: ", text)
            self.assertIn("no_such_field", text)
            self.assertNotIn("Traceback", text)
        self.assertIn("no_such_field", self.notice.preview_letter)
        self.assertNotIn("Traceback", self.notice.preview_letter)

    def test_letter_that_cannot_be_printed_says_why(self):
        self._start("proposed")
        notice = self.notice.with_user(self.collector)
        self.assertTrue(notice.action_print())
        self.env.ref("account_dunning.report_dunning_letter").unlink()
        with self.assertRaises(UserError) as refused:
            notice.action_print()
        self._check_words(str(refused.exception))

    def test_error_of_the_machine_is_told_in_one_line(self):
        notice = self.env["dunning.notice"]
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            words = notice._failure_words(error)
        self.assertIn("No space left on device", words)
        self.assertIn("administrator", words)

    def test_error_for_people_keeps_its_words(self):
        notice = self.env["dunning.notice"]
        told = UserError(self.env._("Complete the address.\nThen try again."))
        told.__context__ = KeyError("missing")  # raised while that was handled
        words = notice._failure_words(told)
        self.assertEqual(words, "Complete the address.\nThen try again.")

    # === SEVERAL NOTICES === #

    def test_one_recipient_leaving_keeps_the_others_going(self):
        partners = [self._customer(f"Customer {number}") for number in range(3)]
        contacts = [
            self.env["res.partner"].create(
                {
                    "name": "Books",
                    "type": "dunning",
                    "parent_id": partner.id,
                    "email": f"books.{number}@customer.example",
                }
            )
            for number, partner in enumerate(partners)
        ]
        for partner in partners:
            self._invoice(partner, 100.0, late=4)
        run = self._run(*partners)
        contacts[1].with_user(self.secretary).parent_id = partners[0]
        mails = self._deliver()
        self.assertEqual(len(mails), 2)
        states = {n.profile_id.partner_id: n.state for n in run.notice_ids}
        self.assertEqual(
            [states[partner] for partner in partners], ["issued", "cancelled", "issued"]
        )
        # the next proposal goes where the customer is reached now
        again = self._propose(*partners, day=TODAY + timedelta(days=1))
        self.assertEqual(again.notice_ids.profile_id.partner_id, partners[1])
        self.assertEqual(again.notice_ids.contact_id, partners[1])

    def test_second_channel_too_reaches_only_who_belongs_to_the_customer(self):
        """The e-mail bounced, the letter waits for print: its recipient leaves."""
        self._start("issued")
        self._deliver()
        self.notice.delivery_ids._fail("550 unknown", faulty=True)
        letter = self.notice.delivery_ids.filtered(lambda d: d.channel == "letter")
        self.assertEqual((letter.state, letter.contact_id), ("queued", self.recipient))
        self.recipient.with_user(self.secretary).parent_id = self._customer("Other")
        with self.assertRaisesRegex(UserError, "no letter"):
            letter.with_user(self.collector).action_print_letters()

    def test_lines_of_a_deleted_invoice_stay_on_what_was_issued(self):
        self._start("printed")
        drafts = (self.first_invoice | self.second_invoice).with_user(self.accountant)
        drafts.button_draft()
        drafts.with_context(force_delete=True).unlink()
        self.env.invalidate_all()
        self.assertEqual(len(self.notice.line_ids), 2)
        self.assertFalse(self.notice.line_ids.move_line_id)
        self.assertEqual(sum(self.notice.line_ids.mapped("residual")), 160.0)
        self.assertFalse(self.notice.settled)

    def test_own_policy_with_other_levels_asks_again_for_the_text(self):
        """What a person typed is for the level it was typed for."""
        self._start("proposed")
        self.notice._set_own_text("<p>Dear friend</p>", "Own subject", False)
        self.notice.action_approve()
        self.first.with_user(self.manager).deadline_days = 3
        self.run.with_user(self.collector).action_issue()
        self.assertEqual(self.notice.state, "draft")
        self.assertTrue(self.notice.error)
        self.assertEqual(self.run.state, "proposed")

    def test_shipped_emails_that_no_level_names_stay(self):
        for name in ("copies", "statement"):
            template = self.env.ref(f"account_dunning.mail_template_{name}")
            with (
                self.assertRaisesRegex(UserError, "Change its"),
                self.env.cr.savepoint(),
            ):
                template.with_user(self.admin).unlink()

    def test_user_deleted_who_logged_a_call(self):
        customer = self._customer("Alpha")
        self.env["dunning.call"].with_user(self.clerk).create(
            {
                "profile_id": self._profile(customer).id,
                "outcome": "other",
                "move_line_ids": [Command.clear()],
            }
        )
        with self.assertRaisesRegex(UserError, "archive the user"):
            self.clerk.with_user(self.admin).unlink()
