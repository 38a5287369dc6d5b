"""Statements on paper: pages, page breaks, windows, many from one process."""

import io
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools.pdf import PdfFileReader

from odoo.addons.base.models import ir_actions_report

from .common import TODAY
from .letters_common import LettersCommon

POINT = 25.4 / 72  # mm


@tagged("post_install", "-at_install")
class TestPdfStatement(LettersCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # wkhtmltopdf fetches the styles from the server of the tests
        config = cls.env["ir.config_parameter"]
        config.set_param("report.url", HttpCase.base_url())
        config.set_param("report.print_delay", "100")

    def _owes(self, count, partner=None):
        """A customer that owes that many items, of 101, 102, ... each."""
        partner = partner or self._customer(
            f"Owes {count}", street="1 Quay", city="Bristol", zip="BS1"
        )
        account = partner.property_account_receivable_id
        if count:
            move = self.env["account.move"].create(
                {
                    "move_type": "entry",
                    "date": TODAY - timedelta(days=60),
                    "line_ids": [
                        (
                            0,
                            0,
                            {
                                "name": f"ITEM-{number:03}",
                                "partner_id": partner.id,
                                "account_id": account.id,
                                "date_maturity": TODAY - timedelta(days=number),
                                "debit": 100.0 + number,
                            },
                        )
                        for number in range(1, count + 1)
                    ]
                    + [
                        (
                            0,
                            0,
                            {
                                "account_id": self.company_data[
                                    "default_account_revenue"
                                ].id,
                                "credit": sum(
                                    100.0 + number for number in range(1, count + 1)
                                ),
                            },
                        )
                    ],
                }
            )
            move.action_post()
        return partner

    def _statements(self, *partners, **values):
        profiles = self.env["credit.profile"]
        for partner in partners:
            profiles |= self._profile(partner)
        Statement = self.env["credit.statement"]
        period = {"day": TODAY, **values}
        drafts = Statement._drafts(profiles, **period)
        return Statement._make(drafts, "printed", **period)

    def _print(self, statements):
        """The statements, each as a list of the text of its pages."""
        self.env.flush_all()
        with self.allow_pdf_render():
            streams, kind = (
                self.env["ir.actions.report"]
                .sudo()
                .with_context(force_report_rendering=True)
                ._pre_render_qweb_pdf(
                    "account_dunning.report_credit_statement", res_ids=statements.ids
                )
            )
        self.assertEqual(kind, "pdf")
        self.pdf = {
            statement: PdfFileReader(
                io.BytesIO(streams[statement.id]["stream"].getvalue())
            )
            for statement in statements
        }
        return [
            [page.extract_text() for page in self.pdf[statement].pages]
            for statement in statements
        ]

    def test_none_one_and_twelve_items_fit_one_page(self):
        for count in (0, 1, 12):
            with self.subTest(items=count):
                ((page,),) = self._print(self._statements(self._owes(count)))
                self.assertIn("Statement of account", page)
                self.assertEqual("balanced" in page, not count)
                self.assertEqual("ACC-0815-4711" in page, bool(count))
                self.assertEqual("61–90" in page, bool(count))

    def test_long_table_flows_with_its_header_and_tells_all_once(self):
        (pages,) = self._print(self._statements(self._owes(60)))
        self.assertGreater(len(pages), 1)
        for page in pages[:2]:
            self.assertIn("Due date", page)
        self.assertEqual("".join(pages).count("Balance due"), 1)
        # 100 * 60 + (1 + ... + 60): running balance, total owed nowhere else
        self.assertIn("7,830.00", pages[-1])

    def test_total_is_never_alone_on_a_page(self):
        customers = [self._owes(count) for count in range(24, 38)]
        for customer, pages in zip(
            customers, self._print(self._statements(*customers)), strict=True
        ):
            (page,) = (page for page in pages if "Balance due" in page)
            count = int(customer.name.split()[1])
            total = 100 * count + count * (count + 1) // 2
            # the running balance of the last item but one: 101 is due last
            self.assertIn(f"{total - 101:,}.00", page, customer.name)

    def test_many_come_from_one_process_and_are_split(self):
        customers = [self._owes(45 if n == 3 else n) for n in (1, 2, 3, 4, 5)]
        statements = self._statements(*customers)
        with patch.object(
            ir_actions_report,
            "_run_wkhtmltopdf",
            side_effect=ir_actions_report._run_wkhtmltopdf,
        ) as process:
            printed = self._print(statements)
        self.assertEqual(process.call_count, 1)
        self.assertEqual(
            [len(pages) > 1 for pages in printed], [False, False, True, False, False]
        )
        for customer, pages in zip(customers, printed, strict=True):
            self.assertIn(customer.name, pages[0])

    def test_address_stands_in_the_window(self):
        statement = self._statements(self._owes(1, self.customer))
        for position, edge in (("right", 100), ("left", 20)):
            with self.subTest(position=position):
                self.company.dunning_address_position = position
                self._print(statement)
                for text in ("27 Dock Street", "UNITED KINGDOM"):
                    x, y = self._place(statement, text)
                    self.assertTrue(edge <= x <= edge + 20, f"{x} mm from left")
                    self.assertTrue(50 <= y <= 85, f"{y} mm from top")

    def _place(self, statement, text):
        """Where a text stands on the first page: mm from left and top edge."""
        found = []

        def visit(part, cm, tm, *__):
            if text in part:
                x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
                y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
                found.append((x * POINT, y * POINT))

        page = self.pdf[statement].pages[0]
        page.extract_text(visitor_text=visit)
        self.assertTrue(found, f"{text} is not on the page")
        x, y = found[0]
        return x, float(page.mediabox.height) * POINT - y
