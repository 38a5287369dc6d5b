"""Letters on paper: pages, page breaks, windows, many letters from one process."""

import io
from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools.pdf import PdfFileReader

from odoo.addons.base.models import ir_actions_report

from .letters_common import LAYOUTS, LettersCommon

POINT = 25.4 / 72  # mm


@tagged("post_install", "-at_install")
class TestPdfLetters(LettersCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # wkhtmltopdf fetches the styles from the server of the tests
        config = cls.env["ir.config_parameter"]
        config.set_param("report.url", HttpCase.base_url())
        config.set_param("report.print_delay", "100")

    def _print(self, notices):
        """The letters, each as a list of the text of its pages."""
        self.env.flush_all()
        with self.allow_pdf_render():
            letters = notices.with_context(
                force_report_rendering=True
            )._render_letters()
        self.pdf = {
            notice: PdfFileReader(io.BytesIO(letters[notice.id])) for notice in notices
        }
        return [
            [page.extract_text() for page in self.pdf[notice].pages]
            for notice in notices
        ]

    def _place(self, notice, text):
        """Where a text stands on the first page: mm from left and top edge."""
        found = []

        def visit(part, cm, tm, *__):
            if text in part:
                x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
                y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
                found.append((x, y))

        page = self.pdf[notice].pages[0]
        page.extract_text(visitor_text=visit)
        self.assertTrue(found, f"{text} is not on the page")
        x, y = found[0]
        return x * POINT, (float(page.mediabox.height) - y) * POINT

    def test_twelve_items_fit_one_page(self):
        level = self._level("standard_final")  # a formal notice takes two
        ((page,),) = self._print(self._notice(level, 12))
        for part in ("ITEM-001", "ITEM-012", "1,278.00", "ACC-0815-4711", "faithfully"):
            self.assertIn(part, page)

    def test_long_table_flows_with_its_header(self):
        level = self._level("standard_second")
        (pages,) = self._print(self._notice(level, 45))
        self.assertGreater(len(pages), 1)
        for page in pages[:2]:
            self.assertIn("Due date", page)
        text = "".join(pages)
        for number in range(1, 46):
            self.assertEqual(text.count(f"ITEM-{number:03}"), 1)
        self.assertEqual(text.count("5,535.00"), 1)

    def test_total_is_never_alone_on_a_page(self):
        level = self._level("standard_formal")
        notices = self.env["dunning.notice"]
        for count in range(26, 34):
            notices |= self._notice(level, count)
        for notice, pages in zip(notices, self._print(notices), strict=True):
            last = notice.line_ids.sorted("name")[-1].name
            (page,) = (page for page in pages if "Amount in words" in page)
            self.assertIn("Balance due", page)
            self.assertIn(last, page)

    def test_batch_is_split_into_its_letters_in_every_layout(self):
        level = self._level("standard_second")
        notices = self.env["dunning.notice"]
        for count in (1, 45, 2):
            notices |= self._notice(level, count)
        for layout in LAYOUTS:
            with self.subTest(layout=layout):
                self.company.external_report_layout_id = self.env.ref(
                    f"web.external_layout_{layout}"
                )
                letters = self._print(notices)
                self.assertEqual(
                    [len(pages) > 1 for pages in letters], [False, True, False]
                )
                for notice, pages in zip(notices, letters, strict=True):
                    self.assertIn(notice.name, pages[0])
                    others = (notices - notice).mapped("name")
                    for page in pages:
                        self.assertFalse([name for name in others if name in page])

    def test_twenty_letters_come_from_one_process(self):
        level = self._level("standard_first")
        notices = self.env["dunning.notice"]
        for count in range(20):
            notices |= self._notice(level, 40 if count == 7 else 1)
        with patch.object(
            ir_actions_report,
            "_run_wkhtmltopdf",
            side_effect=ir_actions_report._run_wkhtmltopdf,
        ) as process:
            letters = self._print(notices)
        self.assertEqual(process.call_count, 1)
        for notice, pages in zip(notices, letters, strict=True):
            self.assertIn(notice.name, pages[0])

    def test_address_stands_in_the_window(self):
        notice = self._notice(self._level("standard_first"))
        for layout in LAYOUTS:
            self.company.external_report_layout_id = self.env.ref(
                f"web.external_layout_{layout}"
            )
            # a window of 85 x 35 mm whose upper edge is 50 mm below the sheet's
            for position, edge in (("right", 100), ("left", 20)):
                with self.subTest(layout=layout, position=position):
                    self.company.dunning_address_position = position
                    self._print(notice)
                    for text in ("27 Dock Street", "UNITED KINGDOM"):
                        x, y = self._place(notice, text)
                        self.assertTrue(edge <= x <= edge + 20, f"{x} mm from left")
                        self.assertTrue(50 <= y <= 85, f"{y} mm from top")

    def test_company_without_bank_account_has_a_letter(self):
        self.bank.unlink()
        ((page,),) = self._print(self._notice(self._level("standard_first")))
        self.assertIn("Payment reference", page)
        self.assertNotIn("Account number", page)
