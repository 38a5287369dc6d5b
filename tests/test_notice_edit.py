"""What a person changes in a proposed notice, and what the preview shows."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form

from odoo.addons.account_dunning.models.dunning_notice_edit import SUMMARY_TOKEN

from .common import NOW, DunningCommon

ADDRESS = {"street": "1 rue de la Paix", "zip": "75002", "city": "Paris"}


class TestNoticeEdit(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template.body_html = (
            "<p>Please pay.</p>"
            '<t t-call="account_dunning.dunning_mail_summary"/>'
            "<p>Kind regards</p>"
        )
        cls.customer = cls._customer(**ADDRESS)
        cls.invoice = cls._invoice(cls.customer, 100, late=16)
        cls._item(cls.invoice).dunning_level_id = cls.first

    def setUp(self):
        super().setUp()
        self.run = self._propose(self.customer)
        self.notice = self.run.notice_ids.with_user(self.collector)
        self.assertEqual(self.notice.level_id, self.second)

    def _dialogue(self, act, notices=None):
        action = getattr(notices or self.notice, act)()
        return (
            self.env[action["res_model"]]
            .with_user(self.collector)
            .browse(action["res_id"])
        )

    def _issue(self):
        self.run.with_user(self.collector).action_approve()
        self.run.with_user(self.collector).action_issue()
        self.env.invalidate_all()

    def _logged(self):
        return " ".join(str(m.body) for m in self.notice.sudo().message_ids)

    # === EXCLUDE === #

    def test_exclude_with_a_usual_reason_and_words(self):
        wizard = self._dialogue("action_open_exclude")
        view = "account_dunning.dunning_notice_wizard_view_form_exclude"
        with Form(wizard, view=view) as form:
            form.reason = "promised"
            form.note = "for Friday"
        wizard.action_exclude()
        self.assertRecordValues(
            self.notice,
            [
                {
                    "state": "cancelled",
                    "cancel_reason": "The customer has promised to pay: for Friday",
                    "edited": True,
                }
            ],
        )
        self.assertIn("for Friday", self._logged())

    def test_another_reason_needs_words(self):
        wizard = self._dialogue("action_open_exclude")
        wizard.write({"reason": "other", "note": "  "})
        with self.assertRaises(UserError):
            wizard.action_exclude()
        wizard.note = "Merger under way"
        wizard.action_exclude()
        self.assertEqual(self.notice.cancel_reason, "Merger under way")

    def test_exclude_many_at_once(self):
        others = self.env["dunning.notice"]
        for number in range(2):
            customer = self._customer(f"Other {number}")
            self._invoice(customer, 50, late=4)
            others |= self._propose(customer).notice_ids
        notices = (others | self.notice).with_user(self.collector)
        wizard = self._dialogue("action_open_exclude", notices)
        self.assertEqual(wizard.notice_count, 3)
        wizard.reason = "internal"
        wizard.action_exclude()
        self.assertEqual(set(notices.mapped("state")), {"cancelled"})
        self.assertEqual(len(set(notices.mapped("cancel_reason"))), 1)

    # === LEVEL === #

    def test_choose_a_lower_level(self):
        wizard = self._dialogue("action_open_level")
        self.assertEqual(wizard.level_ids, self.first)
        self.assertEqual(wizard.level_id, self.first)
        wizard.action_lower()
        self.assertEqual(self.notice.level_id, self.first)
        self.assertTrue(self.notice.edited)
        self.assertIn("Level lowered from “Second” to “First”", self._logged())

    def test_level_is_neither_raised_nor_foreign(self):
        foreign = self._policy("Foreign").level_ids[1]
        for level in (self.formal, self.second, self.courtesy, foreign):
            with self.subTest(level=level.name), self.assertRaises(UserError):
                self.notice.sudo()._lower_to(level)

    # === CHANNEL === #

    def test_chosen_channel_survives_the_recheck(self):
        self.assertEqual(self.notice.channel, "email")
        wizard = self._dialogue("action_open_channel")
        self.assertIn("customer@customer.example", wizard.addresses)
        self.assertIn("Call: no address", wizard.addresses)
        wizard.channel = "letter"
        wizard.action_change_channel()
        self.assertRecordValues(
            self.notice,
            [{"channel": "letter", "contact_address": "1 rue de la Paix, 75002 Paris"}],
        )
        self._issue()
        self.assertEqual(self.notice.channel, "letter")
        self.assertEqual(self.notice.delivery_ids.channel, "letter")

    def test_channel_of_no_level_can_be_chosen(self):
        self.customer.phone = "+33 1 00 00 00 00"
        wizard = self._dialogue("action_open_channel")
        wizard.channel = "call"
        wizard.action_change_channel()
        self._issue()
        self.assertEqual(self.notice.delivery_ids.channel, "call")

    def test_channel_without_address_is_refused(self):
        wizard = self._dialogue("action_open_channel")
        wizard.channel = "call"
        with self.assertRaisesRegex(UserError, "no address for “Call”"):
            wizard.action_change_channel()
        self.assertEqual(self.notice.channel, "email")

    def test_chosen_channel_gives_way_when_its_address_is_gone(self):
        self.notice.sudo()._change_channel("letter")
        self.customer.street = False
        self._issue()
        self.assertEqual(self.notice.state, "issued")
        self.assertEqual(self.notice.delivery_ids.channel, "email")

    def test_chosen_channel_stays_with_a_lower_level(self):
        self.notice.sudo()._change_channel("letter")
        self.notice.action_lower_level()
        self.assertEqual(self.notice.channel, "letter")
        self.notice.action_reset()
        self.assertRecordValues(
            self.notice, [{"channel": "email", "own_channel": False}]
        )

    # === TEXT === #

    def _edit(self, **values):
        wizard = self._dialogue("action_open_text")
        wizard.write(values)
        wizard.action_set_text()

    def test_dialogue_offers_what_the_customer_would_get(self):
        wizard = self._dialogue("action_open_text")
        self.assertEqual(wizard.letter_body, "<p>Please pay.</p>")
        self.assertTrue(wizard.email_subject.startswith("Reminder"))
        self.assertIn("Kind regards", wizard.email_body)
        self.assertIn(SUMMARY_TOKEN, wizard.email_body)
        self.assertNotIn("100.00", wizard.email_body, "figures are filled in at issue")

    def test_own_text_is_used_and_frozen(self):
        self._edit(
            letter_body="<p>Dear Anna, as agreed.</p>",
            email_subject="About our talk",
            email_body=f"<p>Dear Anna</p><p>{SUMMARY_TOKEN}</p><p>Bye</p>",
        )
        self.assertTrue(self.notice.edited)
        self.assertIn("Dear Anna", self.notice.preview_letter)
        self.assertEqual(self.notice.preview_subject, "About our talk")
        self._issue()
        self.assertIn("Dear Anna", self.notice.letter_body)
        self.assertIn(b"Dear Anna", self.notice.attachment_id.raw)
        [mail] = self._deliver()
        self.assertEqual(mail["subject"], "About our talk")
        self.assertIn("Dear Anna", mail["body"])
        self.assertIn(self.invoice.name, mail["body"])
        self.assertIn(self.notice.name, mail["body"], "the payment reference")
        self.assertNotIn(SUMMARY_TOKEN, mail["body"])
        with self.assertRaises(UserError):
            self.notice.sudo().own_letter_body = "<p>Rewritten</p>"

    def test_what_was_not_changed_stays_the_policys(self):
        self._edit(email_subject="About our talk")
        self.assertRecordValues(
            self.notice,
            [
                {
                    "own_email_subject": "About our talk",
                    "own_letter_body": False,
                    "own_email_body": False,
                }
            ],
        )

    def test_typed_text_is_no_template_and_harmless(self):
        typed = (
            "<p>{{ object.company_id.name }} "
            "<t t-out='object.env.user.login'>x</t>"
            "<script>alert(1)</script>"
            "<a href='javascript:alert(1)'>here</a></p>"
        )
        self._edit(
            letter_body=typed,
            email_subject="{{ 7 * 7 }}",
            email_body=typed,
        )
        self._issue()
        [mail] = self._deliver()
        for text in (str(self.notice.letter_body), mail["body"]):
            self.assertIn("{{ object.company_id.name }}", text)
            self.assertNotIn(self.collector.login, text)
            self.assertNotIn("script", text)
        self.assertEqual(mail["subject"], "{{ 7 * 7 }}")

    def test_lower_level_drops_the_text_with_a_word(self):
        self._edit(letter_body="<p>Mine</p>")
        self.assertTrue(self._dialogue("action_open_level").drops_text)
        self.notice.action_lower_level()
        self.assertFalse(self.notice.has_own_text)
        self.assertIn("The edited text was dropped", self._logged())
        self.assertNotIn("Mine", self.notice.preview_letter)

    def test_back_to_the_policys_text(self):
        self._edit(letter_body="<p>Mine</p>")
        self.notice.action_drop_own_text()
        self.assertFalse(self.notice.has_own_text)
        self._issue()
        self.assertEqual(self.notice.letter_body, "<p>Please pay.</p>")

    def test_text_waits_for_a_person_when_the_amount_has_changed(self):
        self._edit(letter_body="<p>Please pay the 100.00</p>")
        self.run.action_approve()
        self._credit_note(self.customer, 20)
        self.run.action_issue()
        self.assertEqual(self.notice.state, "draft")
        self.assertIn("have changed since the text", self.notice.error)
        self.assertEqual(self.notice.amount_due, 80, "the new figures are shown")
        self.assertEqual(self.run.state, "proposed")
        self._edit(letter_body="<p>Please pay the 80.00</p>")
        self.assertFalse(self.notice.error)
        self._issue()
        self.assertIn("80.00", self.notice.letter_body)

    def test_text_waits_for_a_person_when_the_deadline_has_moved(self):
        self._edit(letter_body="<p>Pay by Tuesday</p>")
        self.run.action_approve()
        with freeze_time(NOW + timedelta(days=2)):
            self.run.action_issue()
        self.assertEqual(self.notice.state, "draft")
        self.assertTrue(self.notice.error)

    # === RIGHTS AND STATES === #

    def test_nothing_changes_once_approved_or_issued(self):
        acts = (
            "action_open_text",
            "action_open_level",
            "action_open_channel",
            "action_lower_level",
            "action_drop_own_text",
        )
        wizard = self._dialogue("action_open_text")
        self.run.action_approve()
        for act in acts:
            with self.subTest(act=act), self.assertRaisesRegex(UserError, "approved"):
                getattr(self.notice, act)()
        with self.assertRaises(UserError):
            wizard.action_set_text()
        self._issue_approved()
        for act in (*acts, "action_open_exclude"):
            with self.subTest(act=act), self.assertRaises(UserError):
                getattr(self.notice, act)()

    def _issue_approved(self):
        self.run.action_issue()
        self.assertEqual(self.notice.state, "issued")

    def test_only_collectors_change_notices(self):
        invoicing = self._user("invoicing", "account.group_account_invoice")
        notice = self.notice.with_user(invoicing)
        self.assertTrue(notice.preview_letter, "they may look")
        for act in (
            "action_open_exclude",
            "action_open_level",
            "action_open_channel",
            "action_open_text",
            "action_drop_own_text",
        ):
            with self.subTest(act=act), self.assertRaises(AccessError):
                getattr(notice, act)()
        with self.assertRaises(AccessError):
            self.notice.own_letter_body = "<p>Past the actions</p>"
        with self.assertRaises(AccessError):
            self.env["dunning.notice.wizard"].with_user(invoicing).create(
                {"kind": "exclude"}
            )

    # === PREVIEW === #

    def test_preview_of_a_draft_is_live(self):
        self.assertIn("Please pay.", self.notice.preview_letter)
        self.assertIn("DRAFT", self.notice.preview_letter)
        self.assertIn("customer@customer.example", self.notice.preview_to)
        self.assertIn("Kind regards", self.notice.preview_body)
        self.assertIn(self.invoice.name, self.notice.preview_body)
        self.second.letter_body = "<p>Other words</p>"
        self.env.invalidate_all()
        self.assertIn("Other words", self.notice.preview_letter)
        self.second.attach_invoices = True
        self.env.invalidate_all()
        before = self.env["ir.attachment"].sudo().search_count([])
        self.assertIn(".pdf", self.notice.preview_attachments)
        self.assertEqual(self.env["ir.attachment"].sudo().search_count([]), before)

    def test_preview_of_an_issued_notice_is_frozen(self):
        self._issue()
        self._deliver()
        self.second.letter_body = "<p>Other words</p>"
        self.template.body_html = "<p>Other words</p>"
        self.template.subject = "Other words"
        self.env.invalidate_all()
        self.assertNotIn("Other words", str(self.notice.preview_letter))
        self.assertIn("Please pay.", self.notice.preview_body)
        self.assertIn(self.notice.name, self.notice.preview_subject)
        self.assertIn(self.notice.attachment_id.name, self.notice.preview_attachments)

    def test_preview_of_a_letter_shows_no_email(self):
        self.notice.sudo()._change_channel("letter")
        self.env.invalidate_all()
        self.assertFalse(self.notice.preview_has_email)
        self.assertFalse(self.notice.preview_body)
        self.assertTrue(self.notice.preview_letter)

    def test_broken_template_is_shown_and_breaks_nothing(self):
        self.second.letter_body = "<p><t t-out='object.no_such_field'/></p>"
        with patch.object(
            type(self.template), "_check_can_be_rendered", lambda *args, **kwargs: None
        ):  # core looks at it when it is saved; what it finds depends on the record
            self.template.body_html = "<p><t t-out='object.no_such_field'/></p>"
        self.env.invalidate_all()
        self.assertIn("no_such_field", self.notice.preview_letter)
        self.assertIn("no_such_field", self.notice.preview_body)
        self.assertTrue(self.notice.read(["preview_letter", "state"]))
