"""The page of a customer: figures, items, actions, timeline, replies."""

from datetime import date, datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time
from odoo.tools import html2plaintext

from .common import NOW, TODAY, DunningCommon


class PageCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Alpha", phone="+33 1 00 00 00 00")
        cls.first_invoice = cls._invoice(cls.customer, 100, late=20)
        cls.old = cls._item(cls.first_invoice)
        cls.late = cls._item(cls._invoice(cls.customer, 200, late=4))
        cls.due = cls._item(cls._invoice(cls.customer, 400, late=-10))
        cls.profile = cls._profile(cls.customer).with_user(cls.collector)
        cls.profile.sudo().user_id = cls.collector

    def _fresh(self):
        self.env.invalidate_all()
        return self.profile

    def _row(self, item):
        return next(r for r in self._fresh().page_items if r["id"] == item.id)

    def _chips(self, item):
        return {chip["kind"]: chip["label"] for chip in self._row(item)["chips"]}


class TestHeader(PageCommon):
    def test_figures_are_live(self):
        self._credit_note(self.customer, 30)
        self.assertRecordValues(
            self._fresh(),
            [{"live_overdue": 300, "live_not_due": 400, "live_unallocated": 30}],
        )
        self._pay(self.first_invoice)
        self.assertEqual(self._fresh().live_overdue, 200)

    def test_level_is_the_highest_told(self):
        self.assertFalse(self.profile.live_level_id)
        self.old.dunning_level_id = self.second
        self.late.dunning_level_id = self.first
        self.assertEqual(self._fresh().live_level_id, self.second)

    def test_contacts_in_the_order_in_which_they_are_written_to(self):
        def contact(name, **values):
            return self.env["res.partner"].create(
                {"name": name, "parent_id": self.customer.id, **values}
            )

        buyer = contact("Buyer", phone="1")
        contact("Nobody", type="other")
        invoices = contact("Invoices", type="invoice")
        dunning = contact("Dunning", type="dunning")
        self.assertEqual(
            list(self._fresh().contact_ids), [dunning, invoices, self.customer, buyer]
        )
        self.assertEqual(self._profile(self._customer("Lone")).contact_ids.name, "Lone")

    def test_payment_habit(self):
        self.assertEqual(self.profile.payment_habit, "No payment in twelve months")
        self._pay(self.first_invoice, day=TODAY - timedelta(days=10))
        self.assertEqual(self._fresh().average_days_late, 10)
        self.assertEqual(self.profile.payment_habit, "10 days late")
        # a credit note settles, but says nothing about when they pay
        refund = self._credit_note(self.customer, 200)
        (self._item(refund) | self.late).reconcile()
        self.assertEqual(self._fresh().average_days_late, 10)
        # 300 paid 11 days early against 100 paid 10 days late
        self._pay(self.due.move_id, 300, day=TODAY - timedelta(days=1))
        self.assertEqual(self._fresh().average_days_late, round((1000 - 3300) / 400))
        self.assertIn("early", self.profile.payment_habit)

    def test_last_payment(self):
        self.assertFalse(self.profile.last_payment_date)
        self._pay(self.first_invoice, 40, day=TODAY - timedelta(days=3))
        self._payment(self.customer, 25, day=TODAY - timedelta(days=1))
        self._credit_note(self.customer, 10)
        self.assertRecordValues(
            self._fresh(),
            [
                {
                    "last_payment_date": TODAY - timedelta(days=1),
                    "last_payment_amount": 25,
                }
            ],
        )

    def test_number_of_queries_does_not_grow_with_customers(self):
        names = [
            "contact_ids",
            "live_overdue",
            "page_items",
            "payment_habit",
            "last_payment_date",
        ]

        def profiles(count):
            found = self.env["credit.profile"]
            for number in range(count):
                partner = self._customer(f"C{count} {number}")
                self._invoice(partner, 10, late=5)
                found |= self._profile(partner)
            return found

        few, many = profiles(2), profiles(6)

        def queries(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.read(names)
            return self.env.cr.sql_log_count - before

        queries(few)  # what is cached once for all
        self.assertEqual(queries(few), queries(many))


class TestDays(PageCommon):
    """What day it is, is said by the company's calendar, for page, pause and call."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = TODAY + timedelta(days=1)
        cls.item = cls._item(cls._invoice(cls._customer("Zone"), 100, late=0))
        cls.profile = cls._profile(cls.item.partner_id).with_user(cls.collector)
        cls.company.resource_calendar_id.tz = "Asia/Tokyo"
        cls.collector.tz = "America/New_York"
        # in Tokyo the next day has begun
        cls.startClassPatcher(freeze_time(datetime(2026, 6, 15, 16)))
        cls.env.invalidate_all()

    def test_page_and_lists(self):
        profile = self.profile.with_context(tz="America/New_York")
        self.assertEqual(profile.live_overdue, 100)
        self.assertEqual(profile.page_items[0]["days_late"], 1)
        self.assertEqual(profile._ticked(), self.item)
        self.assertEqual(self.item.dunning_days_late, 1)
        profile._refresh_figures()
        self.assertEqual(profile.days_overdue, 1)
        self.assertEqual(profile.amount_overdue, 100)

    def test_pauses(self):
        other = self.env["res.company"].sudo().create({"name": "Greenwich"})
        other.resource_calendar_id.tz = "UTC"
        Hold = self.env["dunning.hold"].with_user(self.collector)
        hold = Hold.create({"profile_id": self.profile.id, "reason": "Waits"})
        self.assertEqual(hold.date_from, self.today)
        self.assertEqual(hold.state, "running")
        self.assertEqual(self.profile.hold_id, hold)
        running = [("id", "=", hold.id), ("state", "=", "running")]
        self.assertEqual(Hold.search(running), hold)
        self.assertEqual(self.item.move_id.dunning_hold_id, hold)
        Profile = self.profile.browse()
        paused = [("id", "=", self.profile.id), ("hold_id", "!=", False)]
        self.assertEqual(Profile.search(paused), self.profile)
        over = Hold.create(
            {
                "profile_id": self.profile.id,
                "reason": "Over",
                "date_from": TODAY - timedelta(days=1),
                "date_to": TODAY,
            }
        )
        self.assertEqual(over.state, "ended")
        self.assertFalse(Hold.search([("id", "=", over.id), ("state", "=", "running")]))
        hold.action_end()
        self.assertEqual(hold.ended_on, self.today)

    def test_calls(self):
        call = self.env["dunning.call"].with_user(self.collector)
        call = call.create({"profile_id": self.profile.id, "outcome": "no_answer"})
        self.assertEqual(call.logged_on, self.today)
        self.assertEqual(self.profile.last_call_date, self.today)
        self.assertTrue(call.correctable)
        self.assertGreater(call.next_contact_date, self.today)


class TestItems(PageCommon):
    def test_rows_say_everything_in_words(self):
        row = self._row(self.old)
        self.assertEqual(row["name"], self.old.move_name)
        self.assertEqual((row["amount"], row["residual"]), (100, 100))
        self.assertEqual(row["days_late"], 20)
        self.assertIn("First", row["why"])
        self.assertEqual(self._chips(self.old), {"overdue": "Overdue"})
        self.assertEqual(self._chips(self.due), {"not_due": "Not due"})
        ids = [row["id"] for row in self.profile.page_items]
        self.assertEqual(ids, [self.old.id, self.late.id, self.due.id])

    def test_chips_of_holds_levels_and_blocks(self):
        hold = self.env["dunning.hold"].create(
            {
                "profile_id": self.profile.id,
                "move_line_ids": [Command.set(self.old.ids)],
                "reason": "Waits",
                "date_to": date(2026, 6, 30),
            }
        )
        self.assertEqual(self._chips(self.old)["manual"], "On hold until 06/30/2026")
        hold.kind = "dispute"
        self.assertEqual(self._chips(self.old)["dispute"], "Disputed")
        hold.kind = "promise"
        self.assertEqual(self._chips(self.old)["promise"], "Promised for 06/30/2026")
        self.late.no_followup = True
        self.assertEqual(self._chips(self.late)["excluded"], "Excluded")
        self.due.move_id.payment_state = "blocked"
        self.assertEqual(self._chips(self.due)["blocked"], "Payment blocked")
        credit = self._item(self._credit_note(self.customer, 5))
        self.assertEqual(self._chips(credit), {"credit": "Credit"})
        hold.action_end()
        self.assertEqual(set(self._chips(self.old)), {"overdue"})

    def test_reminded_chip(self):
        self._run(self.customer, day=TODAY - timedelta(days=1))
        self.assertEqual(self._chips(self.old)["reminded"], "Reminded on 06/14/2026")

    def test_items_of_branches_the_user_may_not_see_stay_hidden(self):
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        self.cr.precommit.run()  # the chart of the branch
        hidden = self._invoice(self.customer, 50, late=9, company_id=branch.id)
        self.assertEqual(self._fresh().live_overdue, 350)
        names = [row["name"] for row in self.profile.page_items]
        self.assertNotIn(hidden.name, names)
        self.assertEqual(len(names), 3)

    def test_ticks_are_checked(self):
        stranger = self._item(self._invoice(self._customer("Beta"), 9, late=5))
        self.assertEqual(self.profile._ticked(), self.old | self.late)
        self.assertEqual(self.profile._ticked((self.due | stranger).ids), self.due)
        with self.assertRaises(UserError):
            self.profile._ticked(stranger.ids)

    def test_items_without_due_date_are_due_on_their_own(self):
        entry = self._item(self._entry(self.customer, 70))
        entry.sudo().no_followup = False
        self.assertFalse(entry.date_maturity)
        self.assertTrue(self._row(entry)["overdue"])
        self.assertIn(entry, self.profile._ticked())
        self.assertEqual(self.profile.live_overdue, 370)


class TestActions(PageCommon):
    def _wizard(self, *items, **values):
        keys = [item.id for item in items]
        action = self.profile.action_page_remind(keys)
        return (
            self.env[action["res_model"]]
            .with_user(self.collector)
            .with_context(**action["context"])
            .create(values)
        )

    def _notices(self):
        return self.env["dunning.notice"].search(
            [("profile_id", "=", self.profile.id), ("state", "!=", "cancelled")]
        )

    # === SEND A REMINDER NOW === #

    def test_reminder_of_the_items_ticked(self):
        wizard = self._wizard(self.late)
        self.assertRecordValues(
            wizard,
            [
                {
                    "level_id": self.first.id,
                    "channel": "email",
                    "contact_id": self.customer.id,
                    "contact_address": "alpha@customer.example",
                    "carried_ids": self.late.ids,
                    "amount": 200,
                    "refusal": False,
                    "against": "",
                }
            ],
        )
        self.assertFalse(self._notices())
        with self.mock_mail_gateway():
            wizard.action_send()
        notice = self._notices()
        self.assertEqual(notice.state, "issued")
        self.assertEqual(notice.line_ids.move_line_id, self.late)
        self.assertTrue(notice.by_hand)
        self.assertEqual(notice.issued_by_id, self.collector)
        self.assertEqual(notice.delivery_ids.state, "sending")
        self.assertEqual(self.late.dunning_level_id, self.first)
        self.assertFalse(self.old.dunning_level_id)
        self.assertEqual(len(self._deliver()), 1)

    def test_nothing_ticked_reminds_of_all_that_is_overdue(self):
        wizard = self._wizard()
        self.assertEqual(wizard.carried_ids, self.old | self.late)
        self.assertFalse(wizard.left_out)

    def test_a_second_click_sends_nothing(self):
        wizard = self._wizard()
        with self.mock_mail_gateway():
            wizard.action_send()
            wizard.action_send()
            with self.assertRaises(UserError):
                self._wizard(confirmed=True).action_send()
        self.assertEqual(len(self._notices()), 1)
        self.assertEqual(len(self._deliver()), 1)

    def test_timing_is_overcome_with_a_confirmation_only(self):
        self._run(self.customer)
        self._deliver()
        wizard = self._wizard()
        self.assertIn("not before", wizard.against)
        with self.assertRaises(UserError):
            wizard.action_send()
        wizard.confirmed = True
        with self.mock_mail_gateway():
            wizard.action_send()
        notice = wizard.notice_id
        self.assertEqual(notice.state, "issued")
        self.assertEqual(notice.insisted, wizard.against or notice.insisted)
        self.assertIn("in spite of", notice.message_ids[0].body)
        self.assertEqual(notice.level_id, self.first)
        # told the same again: nobody falls back or goes up
        self.assertEqual((self.old | self.late).dunning_level_id, self.first)
        self.assertEqual(len(self._deliver()), 1)

    def test_level_before_its_day(self):
        young = self._item(self._invoice(self._customer("Young"), 10, late=1))
        profile = self._profile(young.partner_id)
        wizard = self.env["dunning.reminder.wizard"].create(
            {"profile_id": profile.id, "confirmed": True}
        )
        self.assertTrue(wizard.against)
        with self.mock_mail_gateway():
            wizard.action_send()
        self.assertEqual(wizard.notice_id.state, "issued")
        self.assertEqual(young.dunning_level_id, self.first)
        self._deliver()
        self.assertEqual(wizard.notice_id.delivery_ids.state, "sent")

    def test_protected_items_are_left_out_with_their_reason(self):
        self.env["dunning.hold"].create(
            {
                "profile_id": self.profile.id,
                "move_line_ids": [Command.set(self.old.ids)],
                "reason": "Wrong price",
                "kind": "dispute",
            }
        )
        wizard = self._wizard(self.old, self.late, self.due)
        self.assertEqual(wizard.carried_ids, self.late)
        self.assertIn(self.old.move_name, wizard.left_out)
        self.assertIn("Not due", wizard.left_out)
        alone = self._wizard(self.old)
        self.assertIn("disputes", alone.refusal)
        with self.assertRaises(UserError):
            alone.action_send()

    def test_never_to_somebody_who_has_paid(self):
        self._payment(self.customer, 300)
        wizard = self._wizard(confirmed=True)
        self.assertIn("Covered", wizard.refusal)
        with self.assertRaises(UserError):
            wizard.action_send()
        self.assertFalse(self._notices())

    def test_paid_while_the_proposal_waits(self):
        wizard = self._wizard(self.old)
        wizard.action_propose()
        self.assertEqual(wizard.notice_id.state, "draft")
        self._pay(self.first_invoice)
        wizard.notice_id.action_approve()
        wizard.notice_id.run_id.sudo()._issue_notices()
        self.assertEqual(wizard.notice_id.state, "cancelled")

    def test_only_propose(self):
        wizard = self._wizard(self.late)
        wizard.action_propose()
        notice = self._notices()
        self.assertEqual(notice.state, "draft")
        self.assertEqual(notice.run_id.state, "proposed")
        again = self._wizard(self.late)
        self.assertIn("proposal", again.refusal)
        self.assertEqual(again.waiting_notice_id, notice)
        notice.run_id.with_user(self.collector).action_approve()
        notice.run_id.with_user(self.collector).action_issue()
        self.assertEqual(notice.state, "issued")

    def test_the_limit_of_the_day_is_told(self):
        other = self._customer("Beta")
        self._invoice(other, 50, late=4)
        self._run(other)
        self.company.dunning_daily_limit = 1
        wizard = self._wizard(self.late)
        with self.assertRaisesRegex(UserError, "limit of 1 notices.*Only propose"):
            wizard.action_send()
        self.assertFalse(self._notices())
        wizard.action_propose()
        self.assertEqual(wizard.notice_id.state, "draft")

    def test_a_cancelled_order_is_not_revived(self):
        """Later the confirmation would cover what nobody has looked at."""
        self._run(self.customer)
        self._deliver()
        wizard = self._wizard(confirmed=True)
        wizard.action_propose()
        notice = wizard.notice_id
        self.assertTrue(notice.insisted)
        notice.action_approve()
        notice.action_reset()
        self.assertEqual(notice.state, "draft", "an approval can be taken back")
        notice.action_exclude()
        with self.assertRaisesRegex(UserError, "order a new reminder"):
            notice.action_reset()
        self.assertEqual(notice.state, "cancelled")

    def test_preview_leaves_nothing_behind(self):
        wizard = self._wizard(self.late)
        runs = self.env["dunning.run"].search_count([])
        action = wizard.action_preview()
        self.assertEqual(action["type"], "ir.actions.act_url")
        of_wizard = [("res_model", "=", wizard._name), ("res_id", "=", wizard.id)]
        Attachment = self.env["ir.attachment"]
        self.assertFalse(Attachment.search(of_wizard), "for who asked for it")
        attachment = Attachment.with_user(self.collector).search(of_wizard)
        self.assertIn(self.late.move_name, attachment.raw.decode())
        self.assertNotIn(self.old.move_name, attachment.raw.decode())
        self.assertEqual(self.env["dunning.run"].search_count([]), runs)
        self.assertFalse(self._notices())
        with self.mock_mail_gateway():
            wizard.action_send()
        self.assertEqual(self._notices().state, "issued")

    def test_levels_of_the_credit_manager(self):
        self.first.approval = "manager"
        wizard = self._wizard()
        self.assertTrue(wizard.needs_manager)
        with self.assertRaises(UserError), self.cr.savepoint():
            wizard.action_send()
        wizard.action_propose()
        self.assertEqual(wizard.notice_id.state, "draft")

    def test_only_collectors_order_reminders(self):
        accountant = self._user("accountant", "account.group_account_readonly")
        with self.assertRaises(AccessError):
            self.env["dunning.reminder.wizard"].with_user(accountant).create(
                {"profile_id": self.profile.id}
            )

    def test_dialogues_open_from_the_page(self):
        """Called by a script, not by a button: nothing completes the actions."""
        profile = self.profile
        for action in (
            profile.action_page_remind(),
            profile.action_page_call(),
            profile.action_page_pause(),
            profile.action_page_exclude(),
            profile.action_page_email(),
            profile.action_statement(),
        ):
            with self.subTest(dialogue=action["res_model"]):
                self.assertEqual(action["target"], "new")
                self.assertEqual(len(action["views"][0]), 2)

    # === PAUSE AND EXCLUDE === #

    def test_pause_the_items_ticked(self):
        action = self.profile.action_page_pause(self.late.ids)
        self.env["dunning.hold.wizard"].with_user(self.collector).with_context(
            **action["context"]
        ).create({"reason": "Waits"}).action_pause()
        self.assertEqual(self.profile.hold_ids.move_line_ids, self.late)
        kinds = dict(self.env["dunning.hold.wizard"]._fields["kind"].selection)
        self.assertNotIn("promise", kinds)

    def test_exclude_and_include_again(self):
        def apply(exclude, reason):
            action = self.profile.action_page_exclude(self.late.ids, exclude)
            return (
                self.env[action["res_model"]]
                .with_user(self.collector)
                .with_context(**action["context"])
                .create({"reason": reason})
                .action_apply()
            )

        self.profile._refresh_figures()
        self.assertEqual(self.profile.amount_to_collect, 300)
        apply(True, "Barter")
        self.assertTrue(self.late.no_followup)
        self.assertEqual(self.profile.amount_to_collect, 100, "at once")
        self.assertIn("excluded", self.late.dunning_why)
        self.assertIn("Barter", self.profile.message_ids[0].body)
        with self.assertRaises(UserError):
            apply(True, "twice")
        apply(False, "Mistake")
        self.assertFalse(self.late.no_followup)
        self.assertIn("Mistake", self.profile.message_ids[0].body)

    def test_items_deleted_meanwhile_do_not_become_all(self):
        def opened(action, **values):
            return (
                self.env[action["res_model"]]
                .with_user(self.collector)
                .with_context(**action["context"])
                .create(values)
            )

        keys = self.late.ids
        remind = opened(self.profile.action_page_remind(keys), confirmed=True)
        pause = opened(self.profile.action_page_pause(keys), reason="Waits")
        exclude = opened(self.profile.action_page_exclude(keys), reason="Barter")
        everything = opened(self.profile.action_page_remind())
        invoice = self.late.move_id
        invoice.button_draft()
        invoice.with_context(force_delete=True).unlink()
        self.env.invalidate_all()
        self.assertIn("no longer there", remind.refusal)
        for act in (
            remind.action_send,
            remind.action_propose,
            pause.action_pause,
            exclude.action_apply,
        ):
            with self.subTest(act=act), self.assertRaisesRegex(UserError, "deleted"):
                act()
        self.assertFalse(self.profile.hold_ids)
        self.assertFalse(self.old.no_followup)
        self.assertFalse(everything.refusal)
        self.assertEqual(everything.carried_ids, self.old)

    # === E-MAIL AND COPIES === #

    def _check_heading(self, mail):
        text = " ".join(html2plaintext(mail["body"]).split())
        self.assertIn("Your account", text)
        self.assertNotIn("Credit Profile", text, "our word, not the customer's")

    def test_copies_speak_the_language_of_the_contact(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env.ref("account_dunning.mail_template_copies").with_context(
            lang="fr_FR"
        ).subject = "Copie de {{ object._mail_item_names() }}"
        self.env["res.partner"].create(
            {
                "name": "Invoices",
                "type": "invoice",
                "parent_id": self.customer.id,
                "email": "factures@customer.example",
                "lang": "fr_FR",
            }
        )
        self.assertNotEqual(self.customer.lang, "fr_FR")
        with self.mock_mail_gateway():
            self.profile.action_page_copies(self.old.ids)
        self.assertEqual(
            self.profile.message_ids[0].subject, f"Copie de {self.old.move_name}"
        )

    def test_write_an_email(self):
        self.customer.lang = "en_US"
        action = self.profile.action_page_email(self.late.ids)
        Composer = self.env[action["res_model"]].with_user(self.collector)
        form = Form(Composer.with_context(**action["context"]))
        composer = form.save()
        self.assertEqual(composer.partner_ids, self.customer)
        self.assertIn(self.late.move_name, composer.subject)
        self.assertIn(self.late.move_name, composer.body)
        self.assertEqual(len(composer.attachment_ids), 1)
        with self.mock_mail_gateway():
            composer._action_send_mail()
        [mail] = [m for m in self._mails if "customer.example" in str(m["email_to"])]
        self._check_heading(mail)
        self.assertIn(self.late.move_name, mail["subject"])
        self.assertEqual(len(mail["attachments"]), 1)

    def test_write_an_email_about_nothing_in_particular(self):
        profile = self._profile(self._customer("Calm")).with_user(self.collector)
        action = profile.action_page_email()
        Composer = self.env[action["res_model"]].with_user(self.collector)
        composer = Form(Composer.with_context(**action["context"])).save()
        self.assertIn("your account", composer.subject)
        self.assertFalse(composer.attachment_ids)

    def test_copies_at_one_click(self):
        with self.mock_mail_gateway():
            action = self.profile.action_page_copies((self.old | self.late).ids)
            self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()
        self.assertIn("alpha@customer.example", action["params"]["message"])
        [mail] = [m for m in self._mails if "customer.example" in str(m["email_to"])]
        self._check_heading(mail)
        self.assertEqual(len(mail["attachments"]), 2)
        self.assertIn(self.old.move_name, mail["body"])
        message = self.profile.message_ids[0]
        self.assertEqual(message.author_id, self.collector.partner_id)
        self.assertEqual(len(message.attachment_ids), 2)

    def _copies_sent(self):
        with self.mock_mail_gateway():
            self.profile.action_page_copies(self.old.ids)
        return self.profile.message_ids[0].attachment_ids

    def test_copies_are_of_the_invoice_as_it_stands(self):
        """Corrected under the same number: the next copy is of the new one."""
        self.assertIn(b"Work", self._copies_sent().raw)
        number = self.first_invoice.name
        self.first_invoice.button_draft()
        self.first_invoice.invoice_line_ids.name = "Corrected"
        self.first_invoice.action_post()
        self.assertEqual(self.first_invoice.name, number)
        self.assertIn(b"Corrected", self._copies_sent().raw)
        copies = self.env["ir.attachment"].search(
            [("res_model", "=", "credit.profile"), ("res_id", "=", self.profile.id)]
        )
        self.assertEqual(len(copies), 2, "each belongs to the customer's thread")

    def test_a_file_of_the_customer_is_no_copy(self):
        self.env["ir.attachment"].create(
            {
                "name": self.first_invoice._get_invoice_report_filename(),
                "raw": b"what the customer wrote",
                "res_model": "credit.profile",
                "res_id": self.profile.id,
            }
        )
        self.assertIn(b"Work", self._copies_sent().raw)
        action = self.profile.action_page_email(self.old.ids)
        [copy] = action["context"]["default_attachment_ids"]
        self.assertIn(b"Work", self.env["ir.attachment"].browse(copy).raw)

    def test_copies_need_an_address(self):
        self.customer.email = False
        with self.assertRaises(UserError):
            self.profile.action_page_copies(self.old.ids)

    def test_accountants_read_the_page_and_do_nothing(self):
        accountant = self._user("accountant", "account.group_account_readonly")
        profile = self.profile.with_user(accountant)
        self.assertTrue(profile.page_items)
        self.assertTrue(profile.get_timeline()["entries"] is not None)
        with self.assertRaises(AccessError):
            profile.action_page_copies(self.old.ids)
        with self.assertRaises(AccessError):
            profile.action_mark_read()


class TestTimeline(PageCommon):
    def _kinds(self, kind="all", **values):
        self.env.invalidate_all()
        entries = self.profile.get_timeline(kind, **values)["entries"]
        return [entry["kind"] for entry in entries]

    def test_everything_newest_first(self):
        self._run(self.customer, day=TODAY - timedelta(days=9))
        self._deliver(day=TODAY - timedelta(days=9))
        self._pay(self.first_invoice, 10, day=TODAY - timedelta(days=7))
        self._credit_note(self.customer, 5, invoice_date=TODAY - timedelta(days=6))
        with freeze_time(NOW - timedelta(days=5)):
            hold = self.env["dunning.hold"].create(
                {
                    "profile_id": self.profile.id,
                    "reason": "Waits",
                    "date_from": TODAY - timedelta(days=5),
                }
            )
        with freeze_time(NOW - timedelta(days=4)):
            hold.action_end()
        with freeze_time(NOW - timedelta(days=3)):
            self.profile.message_post(body="Internal", message_type="comment")
        self.env["dunning.call"].with_user(self.collector).create(
            {"profile_id": self.profile.id, "outcome": "no_answer", "note": "Voice"}
        )
        kinds = self._kinds()
        # the day of notice and delivery is the clock's, not the mocked one's
        self.assertEqual(kinds[0], "call")
        self.assertEqual(
            sorted(kinds),
            sorted(
                [
                    "call",
                    "note",
                    "hold_ended",
                    "hold",
                    "credit_note",
                    "payment",
                    "delivery_email",
                    "notice",
                ]
            ),
        )
        days = [e["day"] for e in self.profile.get_timeline()["entries"]]
        self.assertEqual(days, sorted(days, reverse=True))
        self.assertEqual(set(self._kinds("calls")), {"call"})
        self.assertEqual(set(self._kinds("payments")), {"payment", "credit_note"})
        self.assertEqual(
            set(self._kinds("messages")), {"notice", "delivery_email", "note"}
        )

    def test_entries_say_what_became_of_it(self):
        run = self._run(self.customer)
        run.notice_ids.delivery_ids._fail("Mailbox full", faulty=True)
        entries = self.profile.get_timeline("messages")["entries"]
        failed = next(e for e in entries if e["kind"] == "delivery_email")
        self.assertEqual(failed["state"]["label"], "Failed")
        self.assertEqual(failed["text"], "Mailbox full")
        self.assertIn("alpha@customer.example", failed["title"])
        notice = next(e for e in entries if e["kind"] == "notice")
        self.assertIn("First", notice["title"])
        self.assertEqual(
            notice["link"], {"model": "dunning.notice", "id": run.notice_ids.id}
        )
        self._pay(self.first_invoice, 60)
        [payment] = self.profile.get_timeline("payments")["entries"]
        self.assertEqual(payment["amount"], 60)

    def test_limit_and_older(self):
        for number in range(5):
            self._payment(self.customer, 1 + number)
        timeline = self.profile.get_timeline("payments", limit=3)
        self.assertEqual(len(timeline["entries"]), 3)
        self.assertTrue(timeline["more"])
        timeline = self.profile.get_timeline("payments", limit=5)
        self.assertEqual(len(timeline["entries"]), 5)
        self.assertFalse(timeline["more"])

    def test_number_of_queries_does_not_grow(self):
        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.profile.get_timeline()
            return self.env.cr.sql_log_count - before

        def live(count):
            for __ in range(count):
                self._payment(self.customer, 1)
                self.profile.message_post(body="Note")
                self.env["dunning.call"].with_user(self.collector).create(
                    {"profile_id": self.profile.id, "outcome": "other"}
                )
                self.env["dunning.hold"].create(
                    {"profile_id": self.profile.id, "reason": "x"}
                ).action_end()

        live(2)
        queries()
        few = queries()
        live(4)
        self.assertEqual(queries(), few)


class TestReplies(PageCommon):
    def setUp(self):
        super().setUp()
        self._init_mail_gateway()

    def _reminded(self):
        run = self._run(self.customer)
        self._deliver()
        return run.notice_ids.delivery_ids.mail_message_id

    def _reply(self, message, sender="alpha@customer.example", number=1):
        """The answer to one of our messages, as the mail server delivers it."""
        mail = (
            f"From: {sender}\n"
            "To: catchall@company.example\n"
            "Subject: Re: Reminder\n"
            f"Message-Id: <reply-{number}@customer.example>\n"
            f"In-Reply-To: {message.message_id}\n"
            f"References: {message.message_id}\n"
            "Content-Type: text/plain; charset=utf-8\n"
            "\n"
            "We pay on Friday.\n"
        )
        with self.mock_mail_gateway():
            return self.env["mail.thread"].message_process(None, mail)

    def _to_read(self):
        return self.profile.activity_ids.filtered(
            lambda a: a.summary == "Reply to read"
        )

    def test_a_reply_comes_to_the_profile_and_is_announced_once(self):
        message = self._reminded()
        thread = self._reply(message)
        self.assertEqual(thread, self.profile.id)
        self.env.invalidate_all()
        self.assertTrue(self.profile.unread_reply)
        self.assertEqual(self.profile.reply_date, NOW)
        self.assertEqual(self._to_read().user_id, self.collector)
        self._reply(message, number=2)
        self.assertEqual(len(self._to_read()), 1)
        entries = self.profile.get_timeline("messages")["entries"]
        replies = [entry for entry in entries if entry["kind"] == "reply"]
        self.assertEqual(len(replies), 2)
        self.assertIn("We pay on Friday", replies[0]["text"])

    def test_a_reply_from_an_unknown_address_counts(self):
        self._reply(self._reminded(), sender="accounting@elsewhere.example")
        self.assertTrue(self._fresh().unread_reply)

    def test_a_colleague_is_no_customer(self):
        self._reply(self._reminded(), sender=self.collector.email)
        self.assertFalse(self._fresh().unread_reply)

    def test_our_own_messages_are_no_replies(self):
        self.company.dunning_user_id = False
        self.profile.sudo().user_id = False
        self._reminded()
        self.assertFalse(self._fresh().unread_reply)

    def test_it_ends_when_somebody_reacts(self):
        message = self._reminded()

        def answer():
            self.profile.message_post(
                body="Thank you",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )

        def call():
            self.env["dunning.call"].with_user(self.collector).create(
                {"profile_id": self.profile.id, "outcome": "other"}
            )

        def mark_done():
            self._to_read().action_feedback()

        def note():
            self.profile.message_post(body="For us")

        for number, (reaction, ends) in enumerate(
            [
                (note, False),
                (answer, True),
                (call, True),
                (self.profile.action_mark_read, True),
                (mark_done, True),
            ],
            start=10,
        ):
            with self.subTest(reaction=number):
                self._reply(message, number=number)
                self.assertTrue(self._fresh().unread_reply)
                with self.mock_mail_gateway():
                    reaction()
                self.assertEqual(self._fresh().unread_reply, not ends)
                self.assertEqual(bool(self._to_read()), not ends)

    def test_a_reminder_by_the_machine_does_not_end_it(self):
        self._reply(self._reminded())
        with freeze_time(datetime(2026, 7, 6, 9)):
            self._run(self.customer, day=date(2026, 7, 6))
            self._deliver(day=date(2026, 7, 6))
        self.assertTrue(self._fresh().unread_reply)
