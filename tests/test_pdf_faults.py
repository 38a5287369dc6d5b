"""Letters that crash the renderer, hang it, or never end: the others go on."""

import io
import os
import stat
import tempfile
from pathlib import Path
from unittest.mock import patch

import psutil
from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger
from odoo.tools.misc import find_in_path
from odoo.tools.pdf import PdfFileReader

from odoo.addons.base.models import ir_actions_report

from ..models import dunning_copies, dunning_notice_render, ir_qweb
from .common import NOW
from .letters_common import LettersCommon

CRASH, HANG = "PLEASE-CRASH", "PLEASE-HANG"
#: delegates to the real renderer; what hangs is a child of its own, as behind xvfb-run
FAKE = """#!/bin/sh
for word in "$@"; do
    case $word in
    *report.body.tmp*)
        grep -q {crash} "$word" && kill -SEGV $$
        grep -q {hang} "$word" && sleep 3600
        ;;
    esac
done
echo run >> {log}
exec {real} "$@"
"""


@tagged("post_install", "-at_install")
class TestPdfFaults(LettersCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        config = cls.env["ir.config_parameter"]
        config.set_param("report.url", HttpCase.base_url())
        config.set_param("report.print_delay", "100")
        cls._put_fake_renderer_first()
        cls._print_pdf_always()

    @classmethod
    def _print_pdf_always(cls):
        """Odoo prints PDF in tests where the context says so; crons have their own."""
        report = type(cls.env["ir.actions.report"])
        core = report._pre_render_qweb_pdf

        def printed(self, *args, **kwargs):
            return core(self.with_context(force_report_rendering=True), *args, **kwargs)

        cls.startClassPatcher(patch.object(report, "_pre_render_qweb_pdf", printed))

    @classmethod
    def _put_fake_renderer_first(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.log = Path(folder, "log")
        cls.log.touch()
        fake = Path(folder, "wkhtmltopdf")
        fake.write_text(
            FAKE.format(
                crash=CRASH, hang=HANG, log=cls.log, real=find_in_path("wkhtmltopdf")
            )
        )
        fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
        cls.startClassPatcher(
            patch.dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}")
        )
        ir_actions_report._wkhtml.cache_clear()
        cls.addClassCleanup(ir_actions_report._wkhtml.cache_clear)
        assert ir_actions_report._wkhtml().bin == str(fake)

    def _approved(self, count, **texts):
        """Approved notices of so many customers, who have street and e-mail.

        :param texts: customer number as ``c<number>``: what its letter says.
        """
        partners = self.env["res.partner"]
        for number in range(count):
            partners |= self._customer(f"Customer {number}", street="1 rue X")
            self._invoice(partners[-1], 100 + number, late=4)
        run = self._propose(*partners).with_env(self.env(su=True))
        for number, text in texts.items():
            partner = partners[int(number.removeprefix("c"))]
            notice = run.notice_ids.filtered(lambda n, p=partner: n.partner_id == p)
            self._say(notice, text)
        run.notice_ids.action_approve()
        return run

    def _say(self, notice, text):
        """Something only this customer's letter says: it stands in its name."""
        notice.partner_id.name = f"{notice.partner_id.name} {text}"

    def _issue(self, run):
        """Issue with the renderer.

        As a person does: a cron of a test has a cursor of its own, which would keep the
        server from answering the renderer.
        """
        with self.allow_pdf_render(), freeze_time(NOW, tick=True):
            run.action_issue()
        self.env.invalidate_all()

    def _check_one_failed(self, run, words):
        """The letter with a marker keeps its error, the others are issued."""
        (bad,) = run.notice_ids.filtered("error")
        self.assertIn("PLEASE", bad.partner_id.name)
        self.assertEqual(bad.state, "approved")
        self.assertIn(words, bad.error)
        self.assertNotIn("Traceback", bad.error)
        self.assertFalse(bad.delivery_ids)
        self.assertFalse(bad.attachment_id)
        self.assertFalse(bad.line_ids.move_line_id.dunning_level_id)
        good = run.notice_ids - bad
        self.assertEqual(set(good.mapped("state")), {"issued"})
        for notice in good:
            self.assertTrue(notice.attachment_id.raw.startswith(b"%PDF"))
            text = PdfFileReader(io.BytesIO(notice.attachment_id.raw)).pages[0]
            self.assertIn(notice.name, text.extract_text())
            self.assertEqual(len(notice.delivery_ids), 1)
        activities = bad.profile_id.activity_ids
        self.assertEqual(len(activities), 1)
        self.assertFalse((good.profile_id - bad.profile_id).activity_ids)
        return bad

    def test_crash_on_one_letter(self):
        run = self._approved(10, c4=CRASH)
        with self.assertLogs("odoo.addons.account_dunning", "WARNING"):
            self._issue(run)
        bad = self._check_one_failed(run, "Wkhtmltopdf failed (error code: -11)")
        # mended, it goes too
        bad.partner_id.name = "Customer 4"
        self._issue(run)
        self.assertEqual(bad.state, "issued")
        self.assertFalse(bad.error)

    def test_hang_on_one_letter(self):
        run = self._approved(5, c2=HANG)
        children = set(psutil.Process().children(recursive=True))
        with (
            patch.object(dunning_notice_render, "LETTER_SECONDS", 3),
            self.assertLogs("odoo.addons.account_dunning", "WARNING"),
        ):
            self._issue(run)
        self._check_one_failed(run, "took longer than 3 seconds")
        left = set(psutil.Process().children(recursive=True)) - children
        self.assertFalse([child for child in left if child.is_running()])

    def test_hang_on_the_copy_of_an_invoice(self):
        """The e-mail waits, with the reason; the next one leaves."""
        self.first.attach_invoices = True
        run = self._approved(2)
        self._issue(run)
        notices = run.notice_ids.sorted("id")
        self._say(notices[0], HANG)
        with (
            patch.object(dunning_copies, "COPY_SECONDS", 2),
            self.assertLogs("odoo.addons.account_dunning", "WARNING"),
            self.allow_pdf_render(),
        ):
            self.env["dunning.delivery"].sudo()._hand_over(
                [("run_id", "=", run.id)], NOW
            )
        self.assertRecordValues(
            notices.delivery_ids.sorted("id"),
            [{"state": "queued", "attempts": 1}, {"state": "sending", "attempts": 0}],
        )
        self.assertIn("took longer than 4 seconds", notices[0].delivery_ids.error)

    def test_limit_follows_the_parameter_the_letters_and_the_lines(self):
        notice = self._notice(self._level("standard_first"), 10)
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("account_dunning.letter_seconds", "40")
        self.assertAlmostEqual(notice._render_seconds(), 40.2)
        other = self._notice(self._level("standard_first"), 10)
        self.assertAlmostEqual((notice | other)._render_seconds(), 40.7)
        for nonsense in ("soon", "0", "-1"):
            parameters.set_param("account_dunning.letter_seconds", nonsense)
            with self.assertLogs("odoo.addons.account_dunning", "WARNING"):
                self.assertAlmostEqual(notice._render_seconds(), 15.2)

    def test_nothing_comes_out_at_all(self):
        """A renderer that never answers is nobody's notice: told once, all wait."""
        run = self._approved(6, **{f"c{number}": HANG for number in range(6)})
        with (
            patch.object(dunning_notice_render, "LETTER_SECONDS", 0.5),
            self.assertLogs("odoo.addons.account_dunning", "WARNING"),
        ):
            for __ in range(2):
                run._issue_in_background()
                with freeze_time(NOW, tick=True):
                    self._cron("ir_cron_issue")
        self.assertEqual(set(run.notice_ids.mapped("state")), {"issued"})
        self.assertFalse(run.notice_ids.attachment_id)
        self.assertFalse(run.notice_ids.delivery_ids)
        self.assertFalse(run.notice_ids.filtered("error"))
        self.assertFalse(run.notice_ids.profile_id.activity_ids)
        self.assertEqual(len(run.activity_ids), 1)
        self.assertIn("No letter can be made", run.waiting_reason)
        for notice in run.notice_ids:
            notice.partner_id.name = "Mended"
        with freeze_time(NOW, tick=True):
            self._cron("ir_cron_issue")
        self.assertEqual(len(run.notice_ids.delivery_ids), 6)
        self.assertFalse(run.waiting_reason)
        self.assertFalse(run.activity_ids)

    def test_other_reports_have_no_limit(self):
        notice = self._notice(self._level("standard_first"))
        report = self.env["ir.actions.report"]
        paper = self.env.ref("base.paperformat_euro")
        self.assertNotIn(
            "--replace", report._build_wkhtmltopdf_args(paper, landscape=False)
        )
        with self.allow_pdf_render(), patch.object(psutil, "Process") as looked:
            report._pre_render_qweb_pdf(
                "account_dunning.report_dunning_letter", res_ids=notice.ids
            )
        looked.assert_not_called()

    # === TEMPLATES WITHOUT END === #

    def _loops(self, text):
        self.second.letter_body = text
        bad, good = self._customer("Bad"), self._customer("Good")
        self._item(self._invoice(bad, late=16)).dunning_level_id = self.first
        self._invoice(good, late=4)
        run = self._propose(bad, good)
        run.notice_ids.action_approve()
        with (
            patch.object(ir_qweb, "TEXT_SECONDS", 0.3),
            self.assertLogs("odoo.addons.account_dunning", "WARNING"),
        ):
            self._issue(run)
        by_name = {notice.partner_id.name: notice for notice in run.notice_ids}
        self.assertEqual(by_name["Good"].state, "issued")
        self.assertEqual(by_name["Bad"].state, "approved")
        self.assertIn("loop (t-foreach) without end", by_name["Bad"].error)
        self.assertNotIn("Traceback", by_name["Bad"].error)

    def test_text_that_never_ends(self):
        self._loops('<p><t t-foreach="range(10 ** 12)" t-as="n">more</t></p>')

    def test_loop_that_says_nothing(self):
        self._loops(
            '<p><t t-foreach="range(10 ** 12)" t-as="n">'
            '<t t-if="n &lt; 0">never</t></t></p>'
        )

    def test_text_that_grows_too_large(self):
        with patch.object(ir_qweb, "TEXT_CHARACTERS", 10_000):
            self._loops('<p><t t-foreach="range(2000)" t-as="n">twenty letters</t></p>')

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_email_that_never_ends_is_not_sent(self):
        self.template.body_html = (
            '<p><t t-foreach="range(10 ** 12)" t-as="n">more</t></p>'
        )
        notice = self._run(self._customer_late("Alpha")).notice_ids
        with (
            patch.object(ir_qweb, "TEXT_SECONDS", 0.3),
            self.assertLogs("odoo.addons.account_dunning", "WARNING"),
            freeze_time(NOW, tick=True),
            self.mock_mail_gateway(),
        ):
            self.env["dunning.delivery"].sudo()._hand_over([], NOW)
        self.assertEqual(notice.delivery_ids.state, "queued")
        self.assertIn("without end", notice.delivery_ids.error)
        self.assertNotIn("Traceback", notice.delivery_ids.error)

    def test_preview_that_never_ends_is_refused(self):
        self.first.letter_body = '<t t-foreach="range(10 ** 12)" t-as="n">more</t>'
        customer = self._customer_late("Alpha")
        notice = self._propose(customer).notice_ids
        with (
            patch.object(ir_qweb, "TEXT_SECONDS", 0.3),
            freeze_time(NOW, tick=True),
            self.assertRaisesRegex(UserError, "without end"),
        ):
            notice._render_letters()

    def _customer_late(self, name):
        customer = self._customer(name)
        self._invoice(customer, late=4)
        return customer

    # === SIZE === #

    def test_two_thousand_invoices_come_out(self):
        notice = self._notice(
            self._level("standard_second"),
            issued=False,
            lines=[self._line(f"ITEM-{number:04}", 100.0) for number in range(1, 2001)],
        )
        with self.allow_pdf_render(), freeze_time(NOW, tick=True):
            letter = notice._render_letters_safely()[notice.id]
        self.assertIsInstance(letter, bytes)
        pages = PdfFileReader(io.BytesIO(letter)).pages
        self.assertGreater(len(pages), 40)
        self.assertIn("ITEM-0001", pages[0].extract_text())
        self.assertIn("200,000.00", "".join(p.extract_text() for p in pages[-2:]))
