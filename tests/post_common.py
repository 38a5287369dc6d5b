"""A mailing house with folders of its own, for the tests of what is exchanged."""

import csv
import io
import os
import tempfile
from datetime import datetime
from pathlib import Path

from freezegun import freeze_time
from reportlab.pdfgen.canvas import Canvas

from .common import NOW
from .test_registered import RegisteredCommon

WEEK = datetime(2026, 6, 22, 9, 0)


def _pdf(text):
    """A page with a text."""
    buffer = io.BytesIO()
    page = Canvas(buffer)
    page.drawString(100, 700, text)
    page.save()
    return buffer.getvalue()


class ProviderCommon(RegisteredCommon):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.out, self.back = self.root / "out", self.root / "back"
        self.out.mkdir()
        self.back.mkdir()
        self.admin = self._user("admin of post", "base.group_system")
        # letters as PDF, and quickly: one test has the real ones
        self.real_letters = False
        Notice = type(self.env["dunning.notice"])
        render = Notice._render_letters

        def render_letters(notices):
            if self.real_letters:
                return render(notices.with_context(force_report_rendering=True))
            return {notice.id: _pdf(notice.name) for notice in notices}

        self.patch(Notice, "_render_letters", render_letters)
        self.provider = self._provider()

    def _provider(self, **values):
        return (
            self.env["dunning.post.provider"]
            .with_user(self.admin)
            .create(
                {
                    "name": "Mailing house",
                    "company_id": self.company.id,
                    "folder_out": str(self.out),
                    "folder_back": str(self.back),
                    "duplex": False,
                    **values,
                }
            )
        )

    def _exchange(self, when=NOW):
        """What the scheduled action does, its commits replaced by none."""
        self.commits = 0

        def commit(__):
            self.commits += 1
            self.env.flush_all()
            return 60

        provider = self.provider.sudo().with_company(self.company)
        with freeze_time(when):
            provider._exchange(commit)
        self.env.invalidate_all()

    def _manifests(self):
        return [
            list(csv.DictReader(io.StringIO(path.read_text())))
            for path in sorted(self.out.glob("*.csv"))
        ]

    def _status(self, *rows, name="status.csv", age=3600):
        head = ("reference", "status", "date", "number", "proof", "remark")
        lines = [head, *(row + ("",) * (len(head) - len(row)) for row in rows)]
        text = "\n".join(",".join(line) for line in lines)
        self._put_back(name, text.encode(), age)

    def _put_back(self, name, content, age=3600):
        """A file of the mailing house, so many seconds old."""
        path = self.back / name
        path.write_bytes(content)
        # by the clock of the test, not by ours
        os.utime(path, (NOW.timestamp() - age,) * 2)

    def _told(self):
        return self.provider.sudo().activity_ids.mapped("summary")
