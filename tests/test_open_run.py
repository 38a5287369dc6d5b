"""What may change while a run is open, at each of its stages, and what follows.

Each act is done by the least privileged user who may do it. Then the day goes on: what
is proposed is approved, what is approved is issued, what is queued is sent.
"""

from contextlib import contextmanager
from datetime import timedelta

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import NOW, TODAY, DunningCommon

STAGES = ("proposed", "approved", "issued", "printed")

# What becomes of the customer's message, for each act and stage. The customer owes
# 100 and 60. A number: it is sent, and claims so much. "none": it is cancelled with a
# reason in words, nothing leaves, and the items have no level. "waits": it stays with
# an error in words until a person mends it. "posted": the letter is printed already,
# and a person decides. "no": the act itself is refused in words, and all goes on.
OUTCOMES = {
    # money and invoices, by somebody who writes invoices
    "nothing": (160, 160, 160, "posted"),
    "pay_all": ("none", "none", "none", "posted"),
    "pay_one": (60, 60, "none", "posted"),
    "pay_part": (100, 100, "none", "posted"),
    "credit_note": (60, 60, "none", "posted"),
    "credit_note_reconciled": (60, 60, "none", "posted"),
    "credit_note_for_all": ("none", "none", "none", "posted"),
    "payment_not_allocated": (120, 120, "none", "posted"),
    "reset_to_draft": (60, 60, "none", "posted"),
    "reset_both_to_draft": ("none", "none", "none", "posted"),
    "repost_unchanged": (160, 160, 160, "posted"),
    "repost_for_less": (90, 90, "none", "posted"),
    "repost_for_more": (190, 190, 160, "posted"),
    "repost_due_later": (60, 60, "none", "posted"),
    "repost_to_another": (60, 60, "none", "posted"),
    "cancel_invoice": (60, 60, "none", "posted"),
    "delete_invoice": (60, 60, "none", "posted"),
    "delete_both_invoices": ("none", "none", "none", "posted"),
    "new_invoice": (160, 160, 160, "posted"),
    "exclude_item": (60, 60, "none", "posted"),
    "block_payment": (60, 60, "none", "posted"),
    # pauses, by a collector
    "pause_customer": ("none", "none", "none", "posted"),
    "dispute_item": (60, 60, "none", "posted"),
    "pause_ended": (160, 160, 160, "posted"),
    # contacts, by somebody who edits contacts
    "archive_customer": ("none", "none", "none", "posted"),
    "delete_customer": ("no", "no", "no", "no"),
    "move_customer_to_other_company": (160, 160, 160, "posted"),
    "customer_gets_parent": ("none", "none", "none", "posted"),
    "archive_recipient": (160, 160, "none", "posted"),
    "delete_recipient": (160, 160, "no", "no"),
    "recipient_leaves": (160, 160, "none", "posted"),
    "recipient_without_address": (160, 160, 160, "posted"),
    "merge_away": ("none", "none", 160, "posted"),
    "merge_into_new": (160, 160, 160, "posted"),
    "merge_into": (160, 160, 160, "posted"),
    # the policy, by a credit manager
    "postpone_level": ("none", "none", "none", "posted"),
    "advance_level": (160, 160, 160, "posted"),
    "change_texts": (160, 160, 160, "posted"),
    "raise_minimum": ("none", "none", "none", "posted"),
    "by_hand_only": (160, 160, 160, "posted"),
    "lengthen_gap": (160, 160, 160, "posted"),
    "archive_level": ("none", "none", 160, "posted"),
    "delete_level": ("no", "no", "no", "no"),
    "delete_other_level": (160, 160, 160, "posted"),
    "move_level": ("no", "no", "no", "no"),
    "archive_policy": ("none", "none", 160, "posted"),
    "delete_policy": ("no", "no", "no", "no"),
    "other_policy_for_customer": ("none", "none", 160, "posted"),
    "other_policy_for_company": ("none", "none", 160, "posted"),
    "break_letter_text": ("waits", "waits", 160, "posted"),
    "break_email": ("retried", "retried", "retried", "posted"),
    # settings, by an administrator
    "other_baseline": (160, 160, 160, "posted"),
    "finer_rounding": (160, 160, 160, "posted"),
    "archive_collector": (160, 160, 160, "posted"),
    "archive_approver": (160, 160, 160, "posted"),
    "delete_collector": (160, 160, 160, "posted"),
    "delete_bank_account": (160, 160, 160, "posted"),
    "delete_sequence": ("waits", "waits", 160, "posted"),
    "break_letter": ("waits", "waits", 160, "posted"),
    "delete_letter_report": ("waits", "waits", 160, "posted"),
    "delete_email": ("no", "no", "no", "no"),
    "delete_activity_type": ("no", "no", "no", "no"),
    "delete_owner_of_pause": ("no", "no", "no", "no"),
}


class OpenRunCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = cls._user("accountant", "account.group_account_invoice")
        cls.secretary = cls._user(
            "secretary", "base.group_user,base.group_partner_manager"
        )
        cls.admin = cls._user("administrator", "base.group_system")
        cls.merger = cls._user(
            "merger", "base.group_system,account.group_account_invoice"
        )
        cls.clerk = cls._user("clerk", "user")
        cls.other_policy = cls._policy("Other policy")
        cls.bank = cls.env["res.partner.bank"].create(
            {"acc_number": "ACC-0815", "partner_id": cls.company.partner_id.id}
        )
        cls.by_letter = cls._debtor(email=False)
        cls.by_email = cls._debtor(email=True)

    @classmethod
    def _debtor(cls, email):
        """A customer with two items and a recipient of its own."""
        address = {"street": "1 Sample Street", "zip": "10001", "city": "Sample Town"}
        customer = cls._customer(email=email and "customer@customer.example", **address)
        recipient = cls.env["res.partner"].create(
            {
                "name": "Recipient",
                "type": "dunning",
                "parent_id": customer.id,
                "email": email and "recipient@customer.example",
                **address,
            }
        )
        invoices = [
            cls._invoice(customer, amount, late=late)
            for amount, late in ((100.0, 5), (60.0, 4))
        ]
        cls._profile(customer).user_id = cls.clerk
        return customer, recipient, *invoices

    def _start(self, stage):
        """A notice to the customer whom that stage is about, and its run."""
        self.customer, self.recipient, self.first_invoice, self.second_invoice = (
            self.by_letter if stage == "printed" else self.by_email
        )
        self.profile = self._profile(self.customer)
        self.run = self._propose(self.customer)
        self.notice = self.run.notice_ids
        self.assertEqual(self.notice.contact_id, self.recipient)
        if stage != "proposed":
            self.run.with_user(self.collector).action_approve()
        if stage in ("issued", "printed"):
            self.run.with_user(self.collector).action_issue()
            self.assertEqual(self.notice.state, "issued", self.notice.error)
        if stage == "printed":
            self.notice.delivery_ids.printed_at = NOW
        self.env.flush_all()
        self.env.invalidate_all()

    def _as(self, user):
        return self.env(user=user)

    def _merge(self, source, target):
        wizard = self._as(self.merger)["base.partner.merge.automatic.wizard"].create({})
        wizard._merge([source.id, target.id], target)

    def _of(self, record, user):
        return record.with_user(user)

    def _go_on(self):
        """What the collector and the machine do next, until nothing is left."""
        run = self.run.with_user(self.collector)
        if run.draft_count:
            run.action_approve()
        if run.approved_count:
            run.action_issue()
        mails = self._deliver()
        self.env.flush_all()
        self.env.invalidate_all()
        return mails

    # === WHAT HOLDS WHATEVER HAPPENED === #

    def _check_consistent(self):
        """States and counts agree, and everybody can open what there is."""
        run = self.run
        if run.state != "cancelled":
            self.assertEqual(run.state, run._state_from_notices())
        self.assertEqual(
            run.notice_count, run.draft_count + run.approved_count + run.issued_count
        )
        for notice in self.env["dunning.notice"].search([]):
            if notice.state == "cancelled":
                self.assertTrue(notice.cancel_reason)
            for text in (notice.error, notice.cancel_reason):
                self._check_words(text)
            if notice.issued_at:
                self.assertTrue(notice.attachment_id.raw)
                self.assertTrue(notice.line_ids)
        for delivery in self.notice.delivery_ids:
            self._check_words(delivery.error)

    def _check_words(self, text):
        """No words of a programmer in what people read."""
        for word in ("Traceback", "Error:", "NoneType", "psycopg", "violates"):
            self.assertNotIn(word, text or "")

    def _open_all(self):
        """Read what the forms show, as the collector does."""
        for records in (
            self.run,
            self.env["dunning.notice"].search([("run_id", "=", self.run.id)]),
            self.notice.delivery_ids,
            self.notice.profile_id,
        ):
            records = records.with_user(self.collector)
            views = records.get_views([(False, "form")])["models"]
            names = views[records._name]["fields"]
            records.web_read({name: {} for name in names if name in records._fields})

    def _check_next_days(self):
        """The job of the days to come works on what is left."""
        self._propose(day=TODAY + timedelta(days=8))
        self.env.flush_all()

    @contextmanager
    def _broken_template(self):
        """A template that fails is logged for the administrator."""
        with mute_logger(
            "odoo.addons.account_dunning.models.dunning_notice_issue",
            "odoo.addons.account_dunning.models.dunning_delivery",
        ):
            yield


@tagged("post_install", "-at_install")
class TestOpenRun(OpenRunCommon):
    def _check(self, act, stage, expected):
        self._start(stage)
        told = len(self._frozen())
        frozen = self._frozen()
        if expected == "no":
            with self.assertRaises(UserError) as refused, self.env.cr.savepoint():
                getattr(self, f"_act_{act}")()
                self.env.flush_all()
            self._check_words(str(refused.exception))
            self.env.invalidate_all()
        else:
            getattr(self, f"_act_{act}")()
            self.env.flush_all()
            self.env.invalidate_all()
        self._check_consistent()
        self._open_all()
        with self._broken_template():
            mails = self._go_on()
        self._check_consistent()
        self.assertEqual(self._frozen()[:told], frozen, "what was issued changed")
        if expected == "no":
            expected = "posted" if stage == "printed" else 160
        getattr(self, f"_expect_{expected}", self._expect_sent)(expected, mails)
        self._check_next_days()

    def _frozen(self):
        issued = self.notice.filtered("issued_at")
        return [
            (notice.name, notice.letter_body, notice.pdf_sha256, notice.amount_due)
            for notice in issued
        ]

    # === OUTCOMES === #

    def _levels(self):
        items = self.env["account.move.line"].search(
            [
                ("partner_id", "child_of", self.notice.profile_id.partner_id.id),
                ("account_type", "=", "asset_receivable"),
            ]
        )
        return items.dunning_level_id

    def _expect_sent(self, amount, mails):
        self.assertEqual(self.notice.state, "issued", self.notice.cancel_reason)
        self.assertEqual(len(mails), 1, self.notice.delivery_ids.mapped("error"))
        self.assertAlmostEqual(self.notice.amount_due, amount)
        self.assertIn("customer.example", mails[0]["email_to"][0])
        self.assertEqual(self.notice.delivery_state, "sent")
        self.assertEqual(self.run.state, "done")
        self.assertEqual(self._levels(), self.notice.level_id)

    def _expect_none(self, __, mails):
        self.assertFalse(mails)
        self.assertEqual(self.notice.state, "cancelled")
        going = self.notice.delivery_ids.filtered(
            lambda d: d.state not in ("cancelled", "failed")
        )
        self.assertFalse(going)
        self.assertFalse(self._levels())
        self.assertEqual(self.run.state, "done")

    def _expect_waits(self, __, mails):
        self.assertFalse(mails)
        self.assertEqual(self.notice.state, "approved")
        self.assertTrue(self.notice.error)
        self.assertFalse(self.notice.delivery_ids)
        self.assertFalse(self._levels())
        self.assertEqual((self.run.state, self.run.error_count), ("approved", 1))

    def _expect_retried(self, __, mails):
        self.assertFalse(mails)
        delivery = self.notice.delivery_ids
        self.assertEqual((self.notice.state, delivery.state), ("issued", "queued"))
        self.assertEqual(delivery.attempts, 1)
        self.assertTrue(delivery.error)
        self.assertEqual(self.run.state, "issued")

    def _expect_posted(self, __, mails):
        self.assertFalse(mails)
        self.assertEqual(self.notice.state, "issued")
        self.assertEqual(self.notice.delivery_ids.state, "queued")
        self.assertEqual((self.run.state, self.run.letter_count), ("issued", 1))
        self.notice.delivery_ids.with_user(self.collector).action_mark_posted()
        self.assertEqual(self.run.state, "done")

    # === MONEY AND INVOICES === #

    def _act_nothing(self):
        pass

    def _register(self, moves, amount=None):
        values = {"payment_date": TODAY, "group_payment": True}
        if amount:
            values |= {"amount": amount, "payment_difference_handling": "open"}
        self._as(self.accountant)["account.payment.register"].with_context(
            active_model="account.move", active_ids=moves.ids
        ).create(values).action_create_payments()

    def _act_pay_all(self):
        self._register(self.first_invoice | self.second_invoice)

    def _act_pay_one(self):
        self._register(self.first_invoice)

    def _act_pay_part(self):
        self._register(self.first_invoice, 60.0)

    def _refund(self, invoices):
        return invoices.with_user(self.accountant)._reverse_moves(
            [{"invoice_date": TODAY, "date": TODAY} for __ in invoices]
        )

    def _act_credit_note(self):
        note = self._credit_note(self.customer, 100.0, post=False)
        self._of(note, self.accountant).action_post()

    def _act_credit_note_reconciled(self):
        self._refund(self.first_invoice).action_post()
        self.assertTrue(self._item(self.first_invoice).reconciled)

    def _act_credit_note_for_all(self):
        self._refund(self.first_invoice | self.second_invoice).action_post()

    def _act_payment_not_allocated(self):
        payment = self._as(self.accountant)["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.customer.id,
                "amount": 40.0,
                "date": TODAY,
                "journal_id": self.company_data["default_journal_bank"].id,
                "payment_method_line_id": self.inbound_payment_method_line.id,
            }
        )
        payment.action_post()

    def _draft(self, invoices=None):
        drafts = (invoices or self.first_invoice).with_user(self.accountant)
        drafts.button_draft()
        return drafts

    def _act_reset_to_draft(self):
        self._draft()

    def _act_reset_both_to_draft(self):
        self._draft(self.first_invoice | self.second_invoice)

    def _act_repost_unchanged(self):
        self._draft().action_post()

    def _repost_for(self, amount):
        draft = self._draft()
        line = draft.invoice_line_ids
        draft.invoice_line_ids = [Command.update(line.id, {"price_unit": amount})]
        draft.action_post()

    def _act_repost_for_less(self):
        self._repost_for(30.0)

    def _act_repost_for_more(self):
        self._repost_for(130.0)

    def _act_repost_due_later(self):
        draft = self._draft()
        draft.invoice_date_due = TODAY + timedelta(days=20)
        draft.action_post()

    def _act_repost_to_another(self):
        draft = self._draft()
        draft.partner_id = self._customer("Another")
        draft.action_post()

    def _act_cancel_invoice(self):
        self._draft().button_cancel()

    def _act_delete_invoice(self):
        # as core allows it: the numbers have no gap afterwards
        self._draft().with_context(force_delete=True).unlink()

    def _act_delete_both_invoices(self):
        drafts = self._draft(self.first_invoice | self.second_invoice)
        drafts.with_context(force_delete=True).unlink()

    def _act_new_invoice(self):
        self._invoice(self.customer, 500.0, late=20)

    def _act_exclude_item(self):
        self._item(self.first_invoice).with_user(self.accountant).no_followup = True

    def _act_block_payment(self):
        self.first_invoice.with_user(self.accountant).action_toggle_block_payment()

    # === PAUSES === #

    def _hold(self, **values):
        return self._as(self.collector)["dunning.hold"].create(
            {"profile_id": self.profile.id, "reason": "Talks", **values}
        )

    def _act_pause_customer(self):
        self._hold()

    def _act_dispute_item(self):
        items = self._item(self.first_invoice)
        self._hold(kind="dispute", move_line_ids=[Command.set(items.ids)])

    def _act_pause_ended(self):
        self._hold().action_end()

    # === CONTACTS === #

    def _act_archive_customer(self):
        self._of(self.customer, self.secretary).action_archive()

    def _act_delete_customer(self):
        self._of(self.customer, self.secretary).unlink()

    def _act_move_customer_to_other_company(self):
        other = self.env["res.company"].create({"name": "Other company"})
        self.secretary.company_ids += other
        self._of(self.customer, self.secretary).company_id = other

    def _act_customer_gets_parent(self):
        parent = self._customer("Parent")
        self._of(self.customer, self.secretary).write(
            {"is_company": False, "parent_id": parent.id}
        )

    def _act_archive_recipient(self):
        self._of(self.recipient, self.secretary).action_archive()

    def _act_delete_recipient(self):
        self._of(self.recipient, self.secretary).unlink()

    def _act_recipient_leaves(self):
        self._of(self.recipient, self.secretary).parent_id = self._customer("Other")

    def _act_recipient_without_address(self):
        self._of(self.recipient, self.secretary).type = "other"

    def _act_merge_away(self):
        other = self._customer("Double", email="double@customer.example")
        self._profile(other)
        self._merge(self.customer, other)

    def _act_merge_into_new(self):
        self._merge(self.customer, self._customer("New", email="new@customer.example"))

    def _act_merge_into(self):
        other = self._customer("Double")
        self._profile(other)
        self._merge(other, self.customer)

    # === THE POLICY === #

    def _act_postpone_level(self):
        self._of(self.first, self.manager).days = 10

    def _act_advance_level(self):
        self._of(self.first, self.manager).days = 1

    def _act_change_texts(self):
        self._of(self.first, self.manager).letter_body = "<p>Other words</p>"

    def _act_raise_minimum(self):
        self._of(self.policy, self.manager).min_amount = 500.0

    def _act_by_hand_only(self):
        self._of(self.policy, self.manager).mode = "manual"

    def _act_lengthen_gap(self):
        self._of(self.policy, self.manager).gap_days = 30

    def _act_archive_level(self):
        self._of(self.first, self.manager).active = False

    def _act_delete_level(self):
        self._of(self.first, self.manager).unlink()

    def _act_delete_other_level(self):
        self._of(self.second, self.manager).unlink()

    def _act_move_level(self):
        self._of(self.other_policy, self.manager).level_ids.unlink()
        self._of(self.first, self.manager).policy_id = self.other_policy

    def _act_archive_policy(self):
        self._of(self.policy, self.manager).action_archive()

    def _act_delete_policy(self):
        self._of(self.policy, self.manager).unlink()

    def _act_other_policy_for_customer(self):
        self._of(self.profile, self.manager).policy_id = self.other_policy

    def _act_other_policy_for_company(self):
        self._of(self.company, self.admin).dunning_policy_id = self.other_policy

    def _act_break_letter_text(self):
        level = self._of(self.first, self.manager).sudo()
        level.letter_body = "<p><t t-out='object.no_such_field'/></p>"

    def _act_break_email(self):
        # a template itself is tried by core when it is written, what it calls is not
        name = "account_dunning.dunning_mail_summary"
        self.template.body_html = f"<t t-call='{name}'/>"
        self._break_view(name)

    # === SETTINGS === #

    def _act_other_baseline(self):
        company = self._of(self.company, self.admin)
        company.dunning_baseline_date = TODAY - timedelta(days=1)

    def _act_finer_rounding(self):
        self._of(self.company.currency_id, self.admin).rounding = 0.001

    def _act_archive_collector(self):
        self._of(self.clerk, self.admin).action_archive()

    def _act_archive_approver(self):
        self._of(self.collector, self.admin).action_archive()
        self.collector = self.manager

    def _act_delete_collector(self):
        self._of(self.clerk, self.admin).unlink()

    def _act_delete_bank_account(self):
        self.bank.with_user(self.admin).sudo().unlink()

    def _act_delete_sequence(self):
        self.env.ref("account_dunning.sequence_dunning_notice").with_user(
            self.admin
        ).unlink()

    def _act_break_letter(self):
        self._break_view("account_dunning.report_dunning_letter_document")

    def _break_view(self, name):
        view = self.env.ref(name).with_user(self.admin)
        view.inherit_children_ids.active = False
        view.arch = f"<t t-name='{name}'><t t-out='no_such_name.name'/></t>"

    def _act_delete_letter_report(self):
        self.env.ref("account_dunning.report_dunning_letter").with_user(
            self.admin
        ).unlink()

    def _act_delete_email(self):
        self.template.with_user(self.admin).unlink()

    def _act_delete_activity_type(self):
        kind = self.env.ref("account_dunning.mail_activity_type_contact")
        kind.with_user(self.admin).unlink()

    def _act_delete_owner_of_pause(self):
        hold = self._as(self.clerk)["dunning.hold"].create(
            {"profile_id": self._profile(self._customer("Other")).id, "reason": "Talks"}
        )
        self._of(hold.user_id, self.admin).unlink()


def _test(act, stage, expected):
    def test(self):
        self._check(act, stage, expected)

    return test


for _act, _expected in OUTCOMES.items():
    for _stage, _outcome in zip(STAGES, _expected, strict=True):
        setattr(TestOpenRun, f"test_{_act}__{_stage}", _test(_act, _stage, _outcome))
