"""No room for the letters: nothing half done, one person told, all goes on later."""

import errno
import os
import resource
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import NOW
from .smtp_common import SmtpCommon

LETTER = 6 * 1024 * 1024
ROOM = 4 * 1024 * 1024


@tagged("post_install", "-at_install")
class TestDiskFull(SmtpCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # the same content each time: what was left half-written must not be in the way
        cls.startClassPatcher(
            patch.object(
                cls.registry["dunning.notice"],
                "_render_letters",
                lambda self: {
                    n.id: b"%%PDF-1.4 %d" % n.id + b"x" * LETTER for n in self
                },
            )
        )

    @contextmanager
    def _no_room(self):
        """The kernel refuses to write files beyond a size, as a full disk would."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
        try:
            with mute_logger("odoo.addons.base.models.ir_attachment"):
                yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    def _files(self):
        """All files of the filestore, with their sizes."""
        Attachment = self.env["ir.attachment"]
        root = Attachment._full_path("")
        return {
            name: os.path.getsize(os.path.join(folder, name))
            for folder, __, names in os.walk(root)
            if os.path.basename(os.path.dirname(folder)) != "checklist"
            for name in names
        }

    def _approved(self, count):
        run = self._propose(*self._debtors(count))
        run.action_approve()
        return run

    def _check_nothing_done(self, run):
        notices = run.notice_ids
        self.assertEqual(set(notices.mapped("state")), {"approved"})
        self.assertFalse(notices.filtered("name"))
        self.assertFalse(notices.line_ids.move_line_id.dunning_level_id)
        self._check_no_letter(run)

    def _check_no_letter(self, run):
        notices = run.notice_ids
        self.assertFalse(notices.delivery_ids)
        self.assertFalse(notices.attachment_id)
        self.assertFalse(notices.filtered("letter_title"))
        self.assertFalse(
            self.env["ir.attachment"].search_count(
                [("res_model", "=", "dunning.notice"), ("res_id", "in", notices.ids)]
            )
        )

    def _check_all_done(self, run):
        self.assertEqual(set(run.notice_ids.mapped("state")), {"issued"})
        for notice in run.notice_ids:
            self.assertEqual(
                len(notice.attachment_id.raw), notice.attachment_id.file_size
            )
            self.assertGreater(notice.attachment_id.file_size, LETTER)
            self.assertEqual(len(notice.delivery_ids), 1)

    def test_in_the_background_all_wait_and_one_person_is_told(self):
        run = self._approved(55)
        run._issue_in_background()
        before = self._files()
        with self._no_room():
            for hour in range(3):
                self._cron("ir_cron_issue", NOW + timedelta(hours=hour))
                self._check_no_letter(run)
                # numbered and told nobody: the letters wait, and with them the e-mails
                self.assertEqual(set(run.notice_ids.mapped("state")), {"issued"})
                self.assertEqual(run.state, "issued")
        self.assertIn("The server cannot write files", run.waiting_reason)
        self.assertEqual(len(run.activity_ids), 1)
        self.assertEqual(run.activity_ids.user_id, self.contact)
        self.assertFalse(run.notice_ids.profile_id.activity_ids)
        left = self._files().items() - before.items()
        self.assertFalse(left, "nothing half-written is left")

        for hour in (4, 5):  # there is room again
            self._cron("ir_cron_issue", NOW + timedelta(hours=hour))
        self._check_all_done(run)
        self.assertFalse(run.waiting_reason)
        self.assertFalse(run.activity_ids)

    def test_person_is_told_in_plain_words(self):
        run = self._approved(2)
        with (
            self._no_room(),
            self.assertRaisesRegex(UserError, "cannot write files: File too large"),
            self.env.cr.savepoint(),
        ):
            run.action_issue()
        self.env.invalidate_all()
        self._check_nothing_done(run)
        run.action_issue()
        self._check_all_done(run)

    def test_copy_that_cannot_be_kept_delays_the_email(self):
        """However long the disk is full: that is no reason to send a letter."""
        self.first.attach_invoices = True
        run = self._approved(2)
        run.action_issue()
        deliveries = run.notice_ids.delivery_ids
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        when = NOW
        with (
            patch.object(
                self.registry["dunning.copies"], "_copies_of", side_effect=full
            ),
            self.assertLogs("odoo.addons.account_dunning", "WARNING"),
        ):
            for __ in range(6):
                self._cron("ir_cron_deliver", when)
                self.assertEqual(set(deliveries.mapped("state")), {"queued"})
                when = deliveries[0].next_try
        self.assertIn("No space left on device", deliveries[0].error)
        self.assertEqual(len(run.activity_ids), 1)
        self._cron("ir_cron_deliver", when)
        self.assertEqual(set(deliveries.mapped("state")), {"sending"})

    def test_one_cause_is_one_task(self):
        """A text that fails for all customers of a level is not their collectors'."""
        self.first.letter_body = "<p><t t-out='object.no_such_field'/></p>"
        run = self._approved(55)
        run._issue_in_background()
        with self.assertLogs("odoo.addons.account_dunning", "WARNING"):
            self._cron("ir_cron_issue")
        self.assertEqual(set(run.notice_ids.mapped("state")), {"approved"})
        errors = set(run.notice_ids.mapped("error"))
        self.assertEqual(len(errors), 1)
        self.assertIn("no_such_field", errors.pop())
        tasks = run.activity_ids | run.notice_ids.profile_id.activity_ids
        self.assertEqual(len(tasks), 2)
        self.assertEqual(len(run.activity_ids), 1)
        self.assertEqual(run.activity_ids.user_id, self.contact)
