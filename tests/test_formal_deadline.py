"""When to pay: by a date, or within days that begin when the letter is presented."""

from datetime import date, timedelta

from freezegun import freeze_time

from odoo.tests import Form, tagged

from .common import TODAY
from .formal_common import LateCommon
from .test_registered import LATER

WITHIN = "within 8 days of the first presentation of this letter"
SHIPPED = ("standard", "friendly", "consumer")
DATED = (
    '<p>We give you formal notice to pay by <t t-out="format_date('
    "object.deadline_date, date_format='long')\"/>.</p>"
)
WORDED = '<p>We give you formal notice to pay <t t-out="object.deadline_words"/>.</p>'


class DeadlineCommon(LateCommon):
    """A customer whose next message is a formal notice, by registered letter."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.formal.write(
            {
                "channel_1": "registered",
                "channel_2": "email",
                "deadline_from": "presentation",
                "deadline_days": 8,
                "letter_body": WORDED,
            }
        )
        cls.mail = cls.env.ref("account_dunning.mail_template_formal")
        cls.formal.mail_template_id = cls.mail

    def setUp(self):
        super().setUp()
        self.customer = self._business()
        self._euros(self.customer, 1000.0, late=45)
        item = self._item(self.customer.invoice_ids).sudo()
        item.dunning_level_id = self.final
        item.dunning_date = TODAY - timedelta(days=15)
        self._profile(self.customer).earlier_reminders = "letter of 31 May 2026"


@tagged("post_install", "-at_install")
class TestFormalDeadline(DeadlineCommon):
    def _notice(self):
        notice = self._run(self.customer).notice_ids
        self.assertEqual((notice.level_id, notice.state), (self.formal, "issued"))
        return notice

    def _enter(self, letter, **values):
        with freeze_time(LATER):
            letter.sudo()._record_proof(values, "person")

    # === WHAT IS SHIPPED === #

    def test_formal_notices_are_sent_registered(self):
        for name in SHIPPED:
            level = self.env.ref(f"account_dunning.dunning_level_{name}_formal")
            self.assertEqual(level._channels(), ["registered", "email"])
            self.assertEqual(level.deadline_from, "presentation")
            self.assertFalse(level.deadline_misprinted)
            texts = f"{level.letter_body}{level.mail_template_id.body_html}"
            self.assertEqual(texts.count("object.deadline_words"), 2)
            self.assertNotIn("deadline_date", texts)

    # === WHAT IS PRINTED === #

    def test_letter_prints_no_date_that_nobody_knows(self):
        notice = self._notice()
        self.assertEqual(notice.channel, "registered")
        self.assertTrue(notice.deadline_waits)
        self.assertEqual(notice.deadline_words, WITHIN)
        text = self._text(notice)
        self.assertIn(f"formal notice to pay {WITHIN}.", text)
        self.assertIn(f"To be paid {WITHIN}", text)
        for wrong in ("June 23, 2026", "To be paid by"):
            self.assertNotIn(wrong, text)

    def test_one_day(self):
        self.formal.deadline_days = 1
        notice = self._propose(self.customer).notice_ids
        self.assertEqual(
            notice.deadline_words,
            "within one day of the first presentation of this letter",
        )

    def test_other_channels_print_the_date(self):
        self.formal.channel_1 = "letter"
        notice = self._notice()
        self.assertFalse(notice.deadline_waits)
        text = self._text(notice)
        self.assertIn("formal notice to pay no later than June 23, 2026.", text)
        self.assertIn("To be paid by June 23, 2026", text)
        body = self._plain(str(notice._render_email()["body_html"]))
        self.assertIn("the total no later than June 23, 2026", body)

    def test_days_from_the_date_of_the_letter_print_the_date(self):
        self.formal.deadline_from = "letter"
        text = self._text(self._notice())
        self.assertIn("formal notice to pay no later than June 23, 2026.", text)

    def test_email_after_the_letter_came_back_prints_the_date(self):
        notice = self._notice()
        letter = notice.delivery_ids
        body = str(notice._render_email()["body_html"])
        self.assertIn(f"the total {WITHIN}", body)
        letter.action_print_letters()
        letter.action_mark_posted()
        letter.action_mark_returned()
        follower = notice.delivery_ids - letter
        self.assertEqual((follower.channel, follower.state), ("email", "queued"))
        self.assertFalse(notice.deadline_waits)
        self.assertEqual(notice.legal_deadline, date(2026, 6, 23))
        body = str(notice._render_email()["body_html"])
        self.assertIn("the total no later than June 23, 2026", body)
        self.assertNotIn("presentation", body)

    def test_text_typed_for_a_date_does_not_go_registered(self):
        notice = self._propose(self.customer).notice_ids
        notice._change_channel("email")
        notice._set_own_text("<p>By 23 June.</p>", "", "")
        self.assertTrue(notice._holds_own_text())
        notice._change_channel("registered")
        self.assertFalse(notice._holds_own_text())

    # === WHAT FOLLOWS === #

    def test_presentation_gives_the_last_day(self):
        notice = self._notice()
        self.assertFalse(notice.legal_deadline)
        letter = notice.delivery_ids
        letter.action_print_letters()
        letter.action_mark_posted()
        self._enter(letter, presented_on=date(2026, 6, 17))
        self.assertEqual(notice.legal_deadline, date(2026, 6, 25))
        self.assertEqual(notice.deadline_words, WITHIN, "as it was printed")

    def test_screen(self):
        notice = self._notice()
        view = self.env.ref("account_dunning.dunning_notice_view_form")
        arch = self.env["dunning.notice"].get_view(view.id, "form")["arch"]
        for name in ("deadline_waits", "days_to_pay", "legal_deadline"):
            self.assertIn(f'name="{name}"', arch)
        self.assertEqual(notice.with_user(self.collector).days_to_pay, 8)

    # === TEXTS WRITTEN BEFORE === #

    def test_level_that_prints_a_date_is_warned_about(self):
        self.assertFalse(self.formal.deadline_misprinted)
        with Form(self.formal) as form:
            form.letter_body = DATED
            self.assertTrue(form.deadline_misprinted)
        self.formal.deadline_from = "letter"
        self.assertFalse(self.formal.deadline_misprinted)


@tagged("post_install", "-at_install")
class TestMisprinted(DeadlineCommon):
    """The checklist stops a formal notice that would print a wrong date."""

    formal_checklist = True

    def test_it_is_a_point_of_the_checklist(self):
        notice = self._propose(self.customer).notice_ids
        self.assertFalse(notice._formal_gaps())
        self.formal.letter_body = DATED
        (gap,) = notice._formal_gaps()[notice.id]
        self.assertEqual(
            (gap.point, gap.place),
            ("deadline_date", f"/odoo/dunning.level/{self.formal.id}"),
        )
        notice._change_channel("email")
        self.assertFalse(notice._formal_gaps(), "an e-mail has a date")
