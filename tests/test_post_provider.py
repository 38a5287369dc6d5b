"""Mailing houses: handed over once, troubles told, rights."""

import hashlib
import io
import os
from datetime import timedelta
from unittest.mock import patch

from pypdf import PdfReader

from odoo.exceptions import AccessError, UserError, ValidationError

from ..models import post_drop
from ..models.post_drop import FolderDrop, Uncertain
from .common import NOW
from .post_common import WEEK, ProviderCommon
from .sftp_server import PASSWORD, USER, SftpServer


class TestProvider(ProviderCommon):
    # === HANDED OVER === #

    def test_real_letters(self):
        self.real_letters = True
        notice = self._issued()
        self._exchange()
        [[row]] = self._manifests()
        content = (self.out / row["file"]).read_bytes()
        self.assertEqual(hashlib.sha256(content).hexdigest(), row["sha256"])
        self.assertEqual(row["sha256"], notice.pdf_sha256, "byte for byte as issued")
        text = "".join(
            page.extract_text() for page in PdfReader(io.BytesIO(content)).pages
        )
        self.assertIn(notice.name, text)

    def test_letters_go_to_the_mailing_house(self):
        notice = self._issued(country_id=self.env.ref("base.fr").id)
        letter = notice.delivery_ids
        self.assertEqual(letter.provider_id.id, self.provider.id)
        self.assertFalse(notice.run_id.letter_count, "not in the print queue")
        with self.assertRaises(UserError):
            letter.action_print_letters()
        self._exchange()
        [[row]] = self._manifests()
        content = (self.out / row["file"]).read_bytes()
        self.assertTrue(content.startswith(b"%PDF"))
        self.assertEqual(row["sha256"], hashlib.sha256(content).hexdigest())
        self.assertEqual(
            {key: row[key] for key in ("notice", "registered", "colour", "duplex")},
            {
                "notice": notice.name,
                "registered": "yes",
                "colour": "no",
                "duplex": "no",
            },
        )
        self.assertEqual(row["country"], "FR")
        self.assertEqual(row["address_1"], "Alpha")
        self.assertEqual(row["address_2"], "1 rue de la Paix")
        self.assertRecordValues(letter, [{"state": "sending", "error": False}])
        mailing = letter.mailing_id
        self.assertRecordValues(
            mailing, [{"state": "submitted", "letter_count": 1, "error": False}]
        )
        self.assertEqual(
            (self.out / f"{mailing.name}.csv").read_bytes().decode(), mailing.manifest
        )
        self.assertEqual(notice.delivery_state, "pending", "not posted yet")
        before = sorted(os.listdir(self.out))
        self._exchange(WEEK)
        self.assertEqual(sorted(os.listdir(self.out)), before, "never twice")

    def test_the_scheduled_action(self):
        letter = self._issued().delivery_ids
        self._cron("ir_cron_post")
        self.assertEqual(letter.mailing_id.state, "submitted")
        self.assertTrue(self.provider.last_exchange)

    def test_claimed_and_committed_before_anything_leaves(self):
        letter = self._issued().delivery_ids
        seen, commits = [], []

        def look(drop, name, content):
            seen.append((letter.state, letter.mailing_id.state))
            commits.append(self.commits)
            return put(drop, name, content)

        put = FolderDrop.put
        with patch.object(FolderDrop, "put", look):
            self._exchange()
        self.assertEqual(set(seen), {("sending", "claimed")})
        # one after looking at older claims, one with the claim itself
        self.assertEqual(set(commits), {2})

    def test_paid_meanwhile_is_not_posted(self):
        notice = self._issued()
        self._pay(notice.sudo().line_ids.move_line_id.move_id)
        self._exchange()
        self.assertEqual(os.listdir(self.out), [])
        self.assertRecordValues(notice.delivery_ids, [{"state": "cancelled"}])
        self.assertEqual(notice.state, "cancelled")

    def test_moved_meanwhile_is_withdrawn(self):
        notice = self._issued()
        notice.sudo().contact_id.street = "2 rue neuve"
        self._exchange()
        self.assertEqual(os.listdir(self.out), [])
        self.assertEqual(notice.state, "cancelled")
        self.assertIn("address has changed", notice.cancel_reason)
        self.assertFalse(self._level(notice.delivery_ids), "the level goes back")

    def test_a_letter_that_is_not_the_one_issued(self):
        notice = self._issued()
        notice.sudo().attachment_id.raw = b"%PDF something else"
        other = self._issued("Beta")
        self._exchange()
        [[row]] = self._manifests()
        self.assertEqual(row["notice"], other.name)
        letter = notice.delivery_ids.filtered(lambda d: d.channel == "registered")
        self.assertEqual(letter.state, "failed")
        self.assertIn("checksum", letter.error)

    def test_one_that_does_not_report_back(self):
        self.provider.reports_back = False
        self.first.write({"channel_1": "letter"})
        letter = self._issued().delivery_ids
        self._exchange()
        self.assertEqual(letter.state, "sent")
        self.first.write({"channel_1": "registered"})
        registered = self._issued("Beta").delivery_ids
        self._exchange()
        self.assertEqual(registered.state, "sending", "waits for what the post says")

    def test_print_ourselves(self):
        letter = self._issued().delivery_ids
        letter.action_print_ourselves()
        self.assertFalse(letter.provider_id)
        self._exchange()
        self.assertEqual(os.listdir(self.out), [])
        letter.action_print_letters()
        other = self._issued("Beta").delivery_ids
        self._exchange()
        with self.assertRaises(UserError):
            other.action_print_ourselves()

    def test_switched_off_letters_come_back(self):
        letter = self._issued().delivery_ids
        self.provider.active = False
        self.assertFalse(letter.provider_id)
        self.provider.active = True
        other = self._issued("Beta").delivery_ids
        self.assertTrue(other.provider_id)
        self.provider.for_registered = False
        self.assertFalse(other.provider_id)

    # === TROUBLE === #

    def test_certain_trouble_is_told_once_and_tried_again(self):
        letter = self._issued().delivery_ids
        self.out.rename(self.root / "gone")
        self._exchange()
        self.assertRecordValues(letter, [{"state": "queued", "attempts": 1}])
        self.assertIn("There is no folder", letter.error)
        self.assertFalse(letter.mailing_id)
        self.assertIn("There is no folder", self.provider.trouble)
        self.assertEqual(len(self._told()), 1)
        self.assertEqual(self.provider.activity_ids.user_id, self.contact)
        self._exchange(NOW + timedelta(minutes=5))
        self.assertEqual(letter.attempts, 1, "not at once")
        for hour in range(1, 40):
            self._exchange(NOW + timedelta(hours=3 * hour))
        self.assertEqual(letter.state, "queued", "never given up")
        self.assertEqual(len(self._told()), 1, "told once")
        (self.root / "gone").rename(self.out)
        self._exchange(NOW + timedelta(days=6))
        self.assertEqual(len(self._manifests()), 1)
        self.assertFalse(self.provider.trouble)
        self.assertFalse(self._told())

    def test_uncertain_is_never_tried_again_by_itself(self):
        letter = self._issued().delivery_ids
        with patch.object(FolderDrop, "finish", side_effect=Uncertain("lost")):
            self._exchange()
        mailing = letter.mailing_id
        self.assertEqual((mailing.state, letter.state), ("uncertain", "sending"))
        self.assertIn("not certain", letter.error)
        self.assertEqual(self._told(), [f"Has mailing {mailing.name} arrived?"])
        self._exchange(WEEK)
        self.assertEqual(self._manifests(), [])
        self.assertEqual(mailing.state, "uncertain")
        reader = self._user("reader", "account.group_account_readonly")
        with self.assertRaises(AccessError):
            mailing.with_user(reader).action_was_not_handed_over()
        mailing.with_user(self.collector).action_was_not_handed_over()
        self.assertRecordValues(
            letter, [{"state": "queued", "mailing_id": False, "error": False}]
        )
        self.assertEqual(mailing.decided_by_id, self.collector)
        with self.assertRaises(UserError):
            mailing.with_user(self.collector).action_was_handed_over()
        self._exchange(WEEK)
        self.assertEqual(len(self._manifests()), 1)

    def test_a_trouble_that_is_over_takes_no_other_question_with_it(self):
        letter = self._issued().delivery_ids
        with patch.object(FolderDrop, "finish", side_effect=Uncertain("lost")):
            self._exchange()
        asked = self._told()
        self.out.rename(self.root / "gone")
        self._issued("Beta")
        self._exchange()
        self.assertEqual(len(self._told()), 2)
        (self.root / "gone").rename(self.out)
        self._exchange(WEEK)
        self.assertFalse(self.provider.trouble)
        self.assertEqual(self._told(), asked)
        self.assertEqual(letter.mailing_id.state, "uncertain")

    def test_uncertain_and_it_has_it(self):
        letter = self._issued().delivery_ids
        with patch.object(FolderDrop, "finish", side_effect=Uncertain("lost")):
            self._exchange()
        letter.mailing_id.with_user(self.collector).action_was_handed_over()
        self.assertEqual(letter.mailing_id.state, "submitted")
        self._exchange(WEEK)
        self.assertEqual(self._manifests(), [])

    def test_uncertain_but_the_list_is_there(self):
        letter = self._issued().delivery_ids
        finish = FolderDrop.finish

        def done_but_lost(drop, name, content):
            finish(drop, name, content)
            raise Uncertain("lost")

        with patch.object(FolderDrop, "finish", done_but_lost):
            self._exchange()
        self.assertEqual(letter.mailing_id.state, "uncertain")
        self._exchange()
        self.assertEqual(letter.mailing_id.state, "submitted")

    def test_worker_that_died(self):
        letter = self._issued().delivery_ids
        mailing = (
            self.env["dunning.post.mailing"]
            .sudo()
            ._claim(self.provider.sudo(), letter.sudo())
        )
        self._exchange(NOW + timedelta(minutes=1))
        self.assertEqual(mailing.state, "claimed", "somebody may be at it")
        self._exchange(NOW + timedelta(minutes=30))
        self.assertEqual(mailing.state, "uncertain")
        self.assertEqual(self._manifests(), [])

    def test_what_the_house_has_cannot_be_withdrawn(self):
        notice = self._issued()
        self._exchange()
        notice.delivery_ids.sudo()._cancel("too late")
        self.assertEqual(notice.delivery_ids.state, "sending")

    # === CONFIGURATION AND RIGHTS === #

    def test_credentials_are_for_administrators(self):
        self.provider.write({"sftp_password": "secret", "sftp_key": "key"})
        for user in (self.collector, self.manager):
            mine = self.provider.with_user(user)
            self.assertEqual(mine.name, "Mailing house")
            for name in ("sftp_password", "sftp_key"):
                with self.assertRaises(AccessError):
                    mine.read([name])
                self.assertFalse(
                    name
                    in self.env["dunning.post.provider"].with_user(user).fields_get()
                )
            with self.assertRaises(AccessError):
                mine.name = "Mine"
            with self.assertRaises(AccessError):
                mine.action_test()

    def test_nobody_writes_mailings_and_files(self):
        letter = self._issued().delivery_ids
        self._exchange()
        for record in (letter.mailing_id,):
            with self.assertRaises(AccessError):
                record.with_user(self.manager).state = "failed"
            with self.assertRaises(UserError):
                record.sudo().unlink()

    def test_other_companies_see_and_use_nothing(self):
        other = self.env["res.company"].create({"name": "Other company"})
        stranger = self._user("stranger", "user")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        Provider = self.env["dunning.post.provider"]
        with self.assertRaises(AccessError):
            self.provider.with_user(stranger).read(["name"])
        self.assertFalse(Provider._for_channel(other, "letter"))
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        self.assertEqual(Provider._for_channel(branch, "letter").id, self.provider.id)
        with self.assertRaises(ValidationError):
            self.provider.copy({"company_id": branch.id, "for_letter": False})

    def test_one_for_each_kind_of_letter(self):
        with self.assertRaises(ValidationError):
            self._provider(name="Second", for_letter=False)
        self.provider.for_registered = False
        second = self._provider(name="Second", for_letter=False)
        self.assertTrue(second)

    def test_folders_that_are_refused(self):
        module = os.path.dirname(os.path.dirname(__file__))
        for folder in ("relative/path", "/", module, os.path.join(module, "static")):
            with self.subTest(folder=folder), self.assertRaises(ValidationError):
                self.provider.folder_out = folder
        with self.assertRaises(ValidationError):
            self.provider.folder_out = self.provider.folder_back

    def test_connection_is_tested(self):
        self.assertEqual(self.provider.action_test()["params"]["type"], "success")
        self.provider.folder_out = str(self.root / "none")
        with self.assertRaisesRegex(UserError, "There is no folder"):
            self.provider.action_test()


class TestSftpProvider(ProviderCommon):
    """The same over a real SFTP server."""

    def setUp(self):
        super().setUp()
        self.server = SftpServer(self.root)
        self.addCleanup(self.server.close)
        self.provider.write(
            {
                "kind": "sftp",
                "folder_out": "/out",
                "folder_back": "/back",
                "sftp_host": "127.0.0.1",
                "sftp_port": self.server.port,
                "sftp_user": USER,
                "sftp_password": PASSWORD,
                "sftp_host_key": post_drop.fingerprint(self.server.key),
            }
        )

    def test_there_and_back(self):
        letters = self._issued().delivery_ids | self._issued("Beta").delivery_ids
        self._exchange()
        [rows] = self._manifests()
        self.assertEqual(
            [row["reference"] for row in rows], [one._reference() for one in letters]
        )
        self._put_back("slip.pdf", b"%PDF-1.4 slip")
        self._status(
            (rows[0]["reference"], "deposited", "2026-06-16", "1A 1", "slip.pdf"),
            (rows[1]["reference"], "unclaimed", "2026-06-20", "1A 2"),
        )
        self._exchange(WEEK)
        self.assertEqual(letters.mapped("state"), ["sent", "sent"])
        self.assertEqual(letters[0].slip_ids.raw, b"%PDF-1.4 slip")
        self.assertTrue((self.back / "processed/status.csv").exists())

    def test_connection_lost_at_the_end_is_uncertain(self):
        letter = self._issued().delivery_ids
        self.server.breaks_at = "list"
        self._exchange()
        self.assertEqual(letter.mailing_id.state, "uncertain")
        self.server.breaks_at = None
        self._exchange(WEEK)
        self.assertEqual(self._manifests(), [], "never by itself")

    def test_server_with_another_key(self):
        letter = self._issued().delivery_ids
        self.provider.sftp_host_key = "SHA256:other"
        self._exchange()
        self.assertEqual(letter.state, "queued")
        self.assertIn("another fingerprint", self.provider.trouble)
        self.provider.sftp_host_key = False
        with self.assertRaisesRegex(
            UserError, post_drop.fingerprint(self.server.key).replace("+", r"\+")
        ):
            self.provider.action_test()

    def test_without_the_library(self):
        letter = self._issued().delivery_ids
        with patch.object(post_drop, "paramiko", None):
            self._exchange()
        self.assertIn("pip install paramiko", self.provider.trouble)
        self.assertEqual(letter.state, "queued")


class TestSnailmail(ProviderCommon):
    """Odoo's own post, where it is installed."""

    def setUp(self):
        super().setUp()
        if "snailmail.letter" not in self.env:
            self.skipTest("Snailmail is not installed")
        self.first.channel_1 = "letter"
        self.provider.write({"for_registered": False, "kind": "snailmail"})

    def _letter(self):
        delivery = self._issued(country_id=self.env.ref("base.fr").id).delivery_ids
        self._exchange()
        letter = self.env["snailmail.letter"].browse(int(delivery.post_reference))
        return delivery, letter

    def test_sent(self):
        delivery, letter = self._letter()
        self.assertRecordValues(
            letter,
            [
                {
                    "state": "pending",
                    "partner_id": delivery.contact_id.id,
                    "model": "dunning.notice",
                    "res_id": delivery.notice_id.id,
                }
            ],
        )
        self.assertTrue(letter.attachment_id.raw.startswith(b"%PDF"))
        self.assertEqual(delivery.state, "sending")
        self._exchange(WEEK)
        self.assertEqual(delivery.state, "sending")
        letter.state = "sent"
        self._exchange(WEEK)
        self.assertEqual(delivery.state, "sent")
        self.assertEqual(self.env["snailmail.letter"].search_count([]), 1)

    def test_wrong_address(self):
        delivery, letter = self._letter()
        letter.write({"state": "error", "error_code": "MISSING_REQUIRED_FIELDS"})
        self._exchange()
        self.assertRecordValues(delivery, [{"state": "failed", "address_faulty": True}])
        self.assertEqual(letter.state, "canceled", "not tried again by Snailmail")

    def test_no_credits(self):
        delivery, letter = self._letter()
        letter.write(
            {"state": "error", "error_code": "CREDIT_ERROR", "info_msg": "No credits"}
        )
        self._exchange()
        self._exchange(WEEK)
        self.assertEqual((delivery.state, delivery.error), ("sending", "No credits"))
        self.assertEqual(self.provider.trouble, "No credits")
        self.assertEqual(len(self._told()), 1)
        letter.write({"state": "sent", "error_code": False})
        self._exchange(WEEK)
        self.assertEqual(delivery.state, "sent")
        self.assertFalse(self.provider.trouble)

    def test_nobody_knows(self):
        delivery, letter = self._letter()
        letter.write({"state": "error", "error_code": "UNKNOWN_ERROR"})
        self._exchange()
        self.assertEqual(delivery.state, "sending")
        self.assertTrue(self._told())
        letter.state = "canceled"
        self._exchange()
        self.assertEqual(delivery.state, "failed")

    def test_no_registered_letters(self):
        with self.assertRaises(ValidationError):
            self.provider.for_registered = True
