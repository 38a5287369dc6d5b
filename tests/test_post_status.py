"""What a mailing house reports: read back again and again, errors seen."""

import os
from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import ValidationError

from ..models import post_drop
from ..models.post_drop import FolderDrop, Trouble, Uncertain
from .common import NOW, TODAY
from .post_common import WEEK, ProviderCommon


class TestPostStatus(ProviderCommon):
    def test_status_is_read_back(self):
        letter = self._issued().delivery_ids
        self._exchange()
        reference = self._manifests()[0][0]["reference"]
        self._put_back("slip.pdf", b"%PDF-1.4 slip")
        self._status(
            (reference, "deposited", "2026-06-16", "1A 23", "slip.pdf"),
            (reference, "presented", "2026-06-18"),
            ("DUN/none-99", "delivered", "2026-06-18"),
            (reference, "delivered", "18/06/2026"),
        )
        self._exchange(WEEK)
        self.assertRecordValues(
            letter,
            [
                {
                    "state": "sent",
                    "deposited_on": date(2026, 6, 16),
                    "presented_on": date(2026, 6, 18),
                    "tracking_number": "1A 23",
                    "slip_count": 1,
                }
            ],
        )
        self.assertEqual(letter.slip_ids.raw, b"%PDF-1.4 slip")
        self.assertEqual(letter.notice_id.received_on, date(2026, 6, 18))
        status = self.env["dunning.post.status"].search([])
        self.assertRecordValues(status, [{"problem_count": 2, "row_count": 4}])
        self.assertIn(
            "A status file of the mailing house was not understood", self._told()
        )
        self.assertEqual(sorted(os.listdir(self.back)), ["processed", "slip.pdf"])
        # the same file once more, and its rows in another one
        changes = len(letter.proof_ids)
        (self.back / "processed/status.csv").rename(self.back / "status.csv")
        self._exchange(WEEK)
        self.assertEqual(self.env["dunning.post.status"].search([]), status)
        self._status((reference, "presented", "2026-06-18"), name="other.csv")
        self._exchange(WEEK)
        self.assertEqual(len(letter.proof_ids), changes)

    def test_status_that_could_not_be_moved_away_is_not_read_twice(self):
        letter = self._issued().delivery_ids
        self._exchange()
        self._status((letter._reference(), "deposited", "2026-06-16"))
        with patch.object(FolderDrop, "put_away", side_effect=Trouble("io", "busy")):
            self._exchange(WEEK)
        self.assertIn("busy", self.provider.trouble)
        self._exchange(WEEK)
        self.assertEqual(self.env["dunning.post.status"].search_count([]), 1)
        self.assertFalse(self.provider.trouble)

    def test_status_that_is_still_being_written(self):
        letter = self._issued().delivery_ids
        self._exchange()
        reference = letter._reference()
        self._status((reference, "deposited", "2026-06-15"), age=10)
        self._exchange()
        self.assertFalse(letter.deposited_on, "half of it may be to come")
        self.assertEqual(os.listdir(self.back), ["status.csv"])
        self._status(
            (reference, "deposited", "2026-06-15"),
            (reference, "presented", "2026-06-15"),
        )
        self._exchange()
        self.assertEqual(letter.presented_on, TODAY)
        self.assertEqual(os.listdir(self.back), ["processed"])

    def test_status_that_grows_while_it_is_read(self):
        """The house goes on writing after we read: nothing of it is lost."""
        letter = self._issued().delivery_ids
        self._exchange()
        reference = letter._reference()
        self._status((reference, "deposited", "2026-06-15"))
        take_in = type(self.env["dunning.post.status"])._take_in

        def grows(status, company, name, content, provider=None):
            result = take_in(status, company, name, content, provider)
            with (self.back / name).open("ab") as file:
                file.write(f"\n{reference},presented,2026-06-15,,,".encode())
            return result

        with patch.object(type(self.env["dunning.post.status"]), "_take_in", grows):
            self._exchange()
        self.assertFalse(letter.presented_on)
        os.utime(self.back / "status.csv", (NOW.timestamp() - 900,) * 2)
        self._exchange()
        self.assertEqual(letter.presented_on, TODAY)
        self.assertEqual(self.env["dunning.post.status"].search_count([]), 2)

    def test_half_of_a_scan_is_not_kept(self):
        letter = self._issued().delivery_ids
        self._exchange()
        self._status((letter._reference(), "deposited", "2026-06-15", "", "slip.pdf"))
        self._put_back("slip.pdf", b"%PDF-1.4 ha", age=10)
        self._exchange()
        self.assertFalse(letter.slip_ids)
        self._put_back("slip.pdf", b"%PDF-1.4 whole")
        self._exchange()
        self.assertEqual(letter.slip_ids.raw, b"%PDF-1.4 whole")

    def test_file_that_cannot_be_read_holds_up_no_letter(self):
        first = self._issued("First").delivery_ids
        self._exchange()
        second = self._issued("Second").delivery_ids
        self._put_back("a.csv", b"x" * 100)
        self._status((first._reference(), "deposited", "2026-06-15"), name="b.csv")
        with patch.object(post_drop, "LARGEST", 99):
            self._exchange()
        self.assertIn("“a.csv” is larger", self.provider.trouble)
        self.assertEqual(self._told(), ["A file of the mailing house cannot be read"])
        self.assertEqual(second.mailing_id.state, "submitted", "goes all the same")
        (self.back / "a.csv").unlink()
        self._exchange()
        self.assertFalse(self.provider.trouble)
        self.assertFalse(self._told())
        self.assertEqual(first.deposited_on, TODAY)

    def test_status_that_goes_backwards(self):
        """An end of an earlier day takes nothing back, and is never lost."""
        letter = self._issued().delivery_ids
        self._exchange()
        reference = letter._reference()
        self._status(
            (reference, "presented", "2026-06-17"),
            (reference, "unclaimed", "2026-06-18"),
        )
        self._exchange(WEEK)
        first = self.env["dunning.post.status"].search([])
        self._status((reference, "delivered", "2026-06-19"), name="2.csv")
        self._exchange(WEEK)
        self.assertEqual((letter.outcome, letter.state), ("delivered", "delivered"))
        # an old file once more says nothing new
        with freeze_time(WEEK):
            first.with_user(self.collector).action_read_again()
        self.assertEqual(first.state, "done")
        self.assertEqual(letter.outcome, "delivered")
        # something that was never said, of an earlier day: a person decides
        self._status((reference, "returned", "2026-06-18"), name="3.csv")
        self._exchange(WEEK)
        self.assertEqual((letter.outcome, letter.state), ("delivered", "delivered"))
        last = self.env["dunning.post.status"].search([], limit=1)
        self.assertEqual(last.state, "problems")
        self.assertIn("enter it by hand", last.problems)

    def test_rows_twice_in_one_file(self):
        letter = self._issued().delivery_ids
        self._exchange()
        row = (letter._reference(), "presented", "2026-06-17", "1A 23")
        self._status(row, row, row)
        self._exchange(WEEK)
        status = self.env["dunning.post.status"].search([])
        self.assertRecordValues(
            status, [{"row_count": 3, "changed_count": 1, "problem_count": 0}]
        )
        self.assertEqual(
            letter.proof_ids.mapped("fact").count("presented_on"), 1, "once"
        )

    def test_folder_for_answers_is_gone(self):
        letter = self._issued().delivery_ids
        self.back.rmdir()
        self._exchange()
        self.assertIn(f"There is no folder “{self.back}”", self.provider.trouble)
        self.assertEqual(letter.state, "queued")
        self.back.mkdir()
        self._exchange(NOW + timedelta(hours=1))
        self.assertFalse(self.provider.trouble)
        self.assertEqual(letter.mailing_id.state, "submitted")

    def test_scan_that_comes_later(self):
        letter = self._issued().delivery_ids
        self._exchange()
        self._status((letter._reference(), "deposited", "2026-06-16", "", "late.png"))
        self._exchange(WEEK)
        self.assertEqual(letter.slip_wanted, "late.png")
        self._put_back("late.png", b"GIF89a no picture we take")
        self._exchange(WEEK)
        self.assertIn("no PDF and no picture", letter.error)
        self.assertFalse(letter.slip_ids)

    def test_scan_from_elsewhere_is_refused(self):
        letter = self._issued().delivery_ids
        self._exchange()
        (self.root / "secret.pdf").write_bytes(b"%PDF-1.4 secret")
        self._status(
            (letter._reference(), "deposited", "2026-06-16", "", "../secret.pdf")
        )
        self._exchange(WEEK)
        self.assertFalse(letter.slip_ids)
        self.assertFalse(letter.slip_wanted)

    def test_returned_brings_the_next_channel(self):
        notice = self._issued()
        self._exchange()
        letter = notice.delivery_ids
        self._status((letter._reference(), "returned", "2026-06-18"))
        self._exchange(datetime(2026, 6, 19, 9, 0))
        self.assertRecordValues(letter, [{"state": "returned", "address_faulty": True}])
        self.assertEqual(
            set(notice.delivery_ids.mapped("channel")), {"registered", "email"}
        )

    def test_rejected_by_the_house(self):
        notice = self._issued()
        self._exchange()
        letter = notice.delivery_ids
        self._status(
            (letter._reference(), "rejected", "2026-06-16", "", "", "bad address")
        )
        self._exchange(datetime(2026, 6, 16, 9, 0))
        self.assertEqual(letter.state, "failed")
        self.assertIn("bad address", letter.error)
        self.assertEqual((notice.delivery_ids - letter).channel, "email")

    def test_a_report_makes_an_uncertain_mailing_certain(self):
        letter = self._issued().delivery_ids
        with patch.object(FolderDrop, "finish", side_effect=Uncertain("lost")):
            self._exchange()
        self._status((letter._reference(), "deposited", "2026-06-16"))
        self._exchange(WEEK)
        self.assertEqual(letter.mailing_id.state, "submitted")
        self.assertEqual(letter.state, "sent")

    def test_words_of_the_house(self):
        letter = self._issued().delivery_ids
        self.provider.status_text = "Avisé = presented\n\nNPAI = returned"
        self._exchange()
        self._status((letter._reference(), "avisé", "2026-06-17"))
        self._exchange(WEEK)
        self.assertEqual(letter.presented_on, date(2026, 6, 17))
        with self.assertRaises(ValidationError):
            self.provider.status_text = "NPAI = lost"

    def test_retried_after_a_rejection(self):
        self.first.channel_2 = False
        letter = self._issued().delivery_ids
        self._exchange()
        self._status((letter._reference(), "rejected", "2026-06-15"))
        self._exchange()
        self.assertEqual(letter.state, "failed")
        letter.action_retry()
        self.assertRecordValues(letter, [{"state": "queued", "mailing_id": False}])
        self._exchange(NOW + timedelta(hours=1))
        self.assertEqual(len(self._manifests()), 2)
        self.assertEqual(letter.mailing_id.state, "submitted")
