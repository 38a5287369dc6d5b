"""What a statement of account tells: right on any day, in any currency, for whom."""

from datetime import date, timedelta
from decimal import Decimal

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form

from .common import TODAY, DunningCommon


def ago(days):
    return TODAY - timedelta(days=days)


class TestStatement(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Alpha")
        cls.profile = cls._profile(cls.customer)
        cls.usd = cls.setup_other_currency("CAD", rates=[("1900-01-01", 2.0)])

    def _tell(self, day=TODAY, style="open", date_from=None, profile=None):
        profile = profile or self.profile
        facts = self.env["credit.statement.facts"]._fetch(
            profile, day, style, date_from
        )
        return {one.currency: one.figures for one in facts[profile]}

    def _rests(self, day=TODAY, profile=None):
        """``{item id: rest}`` as the statement of that day tells."""
        return {
            line.row.key: line.remaining
            for figures in self._tell(day, profile=profile).values()
            for line in figures.lines
        }

    def _rests_from_scratch(self, day, partner=None):
        """The same from the allocations up to that day, the slow way."""
        items = self.env["account.move.line"].search(
            [
                ("partner_id", "child_of", (partner or self.customer).id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("date", "<=", day),
            ]
        )
        result = {}
        for item in items:
            rest = item.amount_currency
            for partial in item.matched_credit_ids:
                if partial.max_date <= day:
                    rest -= partial.debit_amount_currency
            for partial in item.matched_debit_ids:
                if partial.max_date <= day:
                    rest += partial.credit_amount_currency
            rest = item.currency_id.round(rest)
            if rest:
                result[item.id] = Decimal(str(rest))
        return result

    # === OPEN ITEMS === #

    def test_customer_without_items_has_no_statement(self):
        self.assertEqual(self._tell(), {})

    def test_open_items_credits_and_running_balance(self):
        late = self._invoice(self.customer, 100, late=40)
        soon = self._invoice(self.customer, 50, late=-10)
        self._pay(late, 30)
        note = self._credit_note(self.customer, 20)
        draft = self._invoice(self.customer, 999, post=False)
        figures = self._tell()[self.company.currency_id]
        self.assertEqual(
            [
                (line.row.name, line.row.amount, line.paid, line.remaining)
                for line in figures.lines
            ],
            [
                (late.name, 100, 30, 70),
                (note.name, -20, 0, -20),
                (soon.name, 50, 0, 50),
            ],
        )
        self.assertEqual([line.balance for line in figures.lines], [70, 50, 100])
        self.assertEqual((figures.debits, figures.credits), (120, 20))
        self.assertEqual(figures.closing, 100)
        self.assertEqual(figures.overdue, 70)
        self.assertEqual(figures.ageing["31_60"], 70)
        self.assertEqual(figures.ageing["not_due"], 50)
        self.assertEqual(figures.lines[0].days_late, 40)
        self.assertNotIn(draft.name, [line.row.name for line in figures.lines])

    def test_today_every_rest_is_the_ledgers(self):
        first = self._invoice(self.customer, 100, late=40)
        self._invoice(self.customer, 70.07, late=3, currency_id=self.usd.id)
        self._pay(first, 33.33)
        self._payment(self.customer, 12)
        items = self.env["account.move.line"].search(self.profile._open_items_domain())
        self.assertEqual(
            self._rests(),
            {i.id: Decimal(str(i.amount_residual_currency)) for i in items},
        )
        self.assertEqual(len(items), 3)

    def test_contacts_of_the_customer_count(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.customer.id, "type": "invoice"}
        )
        self._invoice(contact, 80, late=1)
        self.assertEqual(self._tell()[self.company.currency_id].closing, 80)

    def test_other_customers_do_not(self):
        self._invoice(self._customer("Beta"), 80, late=1)
        self.assertEqual(self._tell(), {})

    def test_excluded_and_blocked_items_are_owed_and_shown(self):
        excluded = self._invoice(self.customer, 60, late=5)
        self._item(excluded).no_followup = True
        blocked = self._invoice(self.customer, 40, late=5)
        blocked.payment_state = "blocked"
        self.assertEqual(self._tell()[self.company.currency_id].closing, 100)

    def test_currencies_apart_company_currency_first(self):
        self._invoice(self.customer, 10, late=30, currency_id=self.usd.id)
        self._invoice(self.customer, 7, late=1)
        told = self._tell()
        self.assertEqual(list(told), [self.company.currency_id, self.usd])
        self.assertEqual([f.closing for f in told.values()], [7, 10])

    def test_disputed_and_paused_items_are_marked(self):
        invoices = [self._invoice(self.customer, 10 * n, late=5) for n in (1, 2, 3)]
        note = self._credit_note(self.customer, 5)
        for invoice, kind in zip(invoices, ("dispute", "manual"), strict=False):
            self.env["dunning.hold"].create(
                {
                    "profile_id": self.profile.id,
                    "kind": kind,
                    "reason": "Test",
                    "date_from": ago(3),
                    "move_line_ids": [Command.set(self._item(invoice).ids)],
                }
            )
        figures = self._tell()[self.company.currency_id]
        marks = {line.row.name: line.row.mark for line in figures.lines}
        self.assertEqual(
            [marks[move.name] for move in (*invoices, note)],
            ["disputed", "held", "", ""],
        )
        self.assertEqual(figures.closing, 55)
        before = self._tell(ago(4)).get(self.company.currency_id)
        self.assertFalse(any(line.row.mark for line in before.lines))

    def test_dispute_of_everything_marks_debts_another_pause_nothing(self):
        self._invoice(self.customer, 10, late=5)
        self._credit_note(self.customer, 5)
        hold = self.env["dunning.hold"].create(
            {"profile_id": self.profile.id, "kind": "manual", "reason": "Key account"}
        )
        marks = [line.row.mark for f in self._tell().values() for line in f.lines]
        self.assertEqual(sorted(marks), ["", ""])
        hold.kind = "dispute"
        marks = [line.row.mark for f in self._tell().values() for line in f.lines]
        self.assertEqual(sorted(marks), ["", "disputed"])

    def test_payment_on_its_way_counts_as_the_customers_money(self):
        self._invoice(self.customer, 100, late=10)
        self.inbound_payment_method_line.payment_account_id = False
        # as with Odoo's full accounting, where such payments have no entry of their own
        self.patch(
            type(self.env["account.move"]),
            "_get_invoice_in_payment_state",
            lambda move: "in_payment",
        )
        payment = self._payment(self.customer, 40)
        self.assertFalse(payment.move_id)
        figures = self._tell()[self.company.currency_id]
        self.assertEqual(figures.closing, 60)
        self.assertEqual(figures.credits, 40)
        self.assertEqual(figures.lines[-1].row.kind, "on_its_way")
        # and in a statement of activity, on its day
        figures = self._tell(style="activity", date_from=ago(5))[
            self.company.currency_id
        ]
        self.assertEqual((figures.opening, figures.closing), (100, 60))

    # === AT A PAST DATE === #

    def test_past_day_gives_back_what_was_paid_since(self):
        invoice = self._invoice(self.customer, 100, late=40)
        self._pay(invoice, 30, day=ago(20))
        self._pay(invoice, 70, day=ago(10))
        item = self._item(invoice)
        self.assertTrue(item.reconciled)
        for days, rest in ((9, None), (10, None), (11, 70), (20, 70), (21, 100)):
            with self.subTest(days_ago=days):
                rests = self._rests(ago(days))
                self.assertEqual(rests.get(item.id), rest)
        self.assertEqual(self._tell(), {})

    def test_payment_allocated_later_was_a_credit_in_between(self):
        payment = self._payment(self.customer, 100, day=ago(50))
        invoice = self._invoice(self.customer, 100, late=-10, invoice_date=ago(20))
        credit = payment.move_id.line_ids.filtered(
            lambda li: li.account_type == "asset_receivable"
        )
        (credit + self._item(invoice)).reconcile()
        self.assertEqual(self._rests(ago(21)), {credit.id: Decimal(-100)})
        self.assertEqual(self._rests(ago(20)), {})
        self.assertEqual(self._rests(), {})

    def test_invoice_of_later_is_not_told(self):
        self._invoice(self.customer, 100, late=-10, invoice_date=ago(5))
        self.assertEqual(self._tell(ago(6)), {})
        self.assertTrue(self._tell(ago(5)))

    def test_days_late_and_ageing_are_those_of_the_day(self):
        self._invoice(self.customer, 100, late=40)
        figures = self._tell(ago(30))[self.company.currency_id]
        self.assertEqual(figures.lines[0].days_late, 10)
        self.assertEqual(figures.ageing["1_30"], 100)

    def test_any_day_agrees_with_the_allocations_up_to_it(self):
        """Invoices, part payments, credit notes, another currency, a write-off."""
        first = self._invoice(self.customer, 100.10, late=60)
        second = self._invoice(self.customer, 80, late=35)
        foreign = self._invoice(self.customer, 55.55, late=50, currency_id=self.usd.id)
        note = self._credit_note(self.customer, 25, invoice_date=ago(15))
        self._pay(first, 40.05, day=ago(45))
        self._pay(second, day=ago(12))
        self._pay(foreign, 20.20, day=ago(33))
        self._register_payment(
            foreign,
            payment_date=ago(8),
            currency_id=self.company.currency_id.id,
            amount=10,
            payment_difference_handling="open",
        )
        (self._item(first) + self._item(note)).reconcile()
        seen = set()
        for days in range(95, -1, -1):
            rests = self._rests(ago(days))
            self.assertEqual(rests, self._rests_from_scratch(ago(days)), f"{days} ago")
            seen.add(tuple(sorted(rests.items())))
        self.assertGreater(len(seen), 7)

    def test_foreign_item_in_its_own_currency_at_a_past_day(self):
        foreign = self._invoice(self.customer, 200, late=50, currency_id=self.usd.id)
        self._pay(foreign, 50, day=ago(5))
        self.assertEqual(self._rests(ago(6)), {self._item(foreign).id: Decimal(200)})
        self.assertEqual(self._rests(), {self._item(foreign).id: Decimal(150)})

    # === ACTIVITY === #

    def test_activity_from_opening_to_closing(self):
        old = self._invoice(self.customer, 100, late=40)
        new = self._invoice(self.customer, 50, late=-10, invoice_date=ago(20))
        self._pay(old, day=ago(10))
        figures = self._tell(style="activity", date_from=ago(30))[
            self.company.currency_id
        ]
        self.assertEqual(figures.opening, 100)
        self.assertEqual([line.row.amount for line in figures.lines], [50, -100])
        self.assertEqual([line.row.kind for line in figures.lines][0], "invoice")
        self.assertEqual([line.row.kind for line in figures.lines][1], "payment")
        self.assertEqual(figures.lines[0].row.name, new.name)
        self.assertEqual([line.balance for line in figures.lines], [150, 50])
        self.assertEqual((figures.closing, figures.overdue), (50, 0))

    def test_settled_customer_has_activity_but_no_open_items(self):
        self._pay(self._invoice(self.customer, 100, late=10))
        self.assertEqual(self._tell(), {})
        told = self._tell(style="activity", date_from=ago(60))
        figures = told[self.company.currency_id]
        self.assertEqual((figures.opening, figures.closing), (0, 0))
        self.assertEqual(len(figures.lines), 2)

    def test_closing_is_what_is_open_on_any_day(self):
        """Also with payments in another currency and allocations across customers."""
        first = self._invoice(self.customer, 100, late=60)
        foreign = self._invoice(self.customer, 60, late=50, currency_id=self.usd.id)
        self._register_payment(
            foreign,
            payment_date=ago(8),
            currency_id=self.company.currency_id.id,
            amount=20,
            payment_difference_handling="open",
        )
        stranger = self._payment(self._customer("Mother"), 30, day=ago(4))
        (
            self._item(first)
            + stranger.move_id.line_ids.filtered(
                lambda li: li.account_type == "asset_receivable"
            )
        ).reconcile()
        moved = set()
        for days in range(95, -1, -1):
            opened = {c: f.closing for c, f in self._tell(ago(days)).items()}
            for start in (120, days + 7, days):
                told = self._tell(ago(days), "activity", ago(start))
                closings = {c: f.closing for c, f in told.items() if f.closing}
                self.assertEqual(closings, opened, f"{days} days ago, from {start}")
            moved.add(tuple(opened.values()))
        self.assertEqual(len(moved), 5)
        kinds = [
            line.row.kind
            for figures in self._tell(TODAY, "activity", ago(120)).values()
            for line in figures.lines
        ]
        self.assertEqual(kinds.count("set_off"), 3)

    # === BRANCHES, MANY === #

    def test_branches_share_the_statement_other_companies_do_not(self):
        branch = (
            self.env["res.company"]
            .sudo()
            .create({"name": "Branch", "parent_id": self.company.id})
        )
        self.env.user.sudo().company_ids |= branch
        self.env["account.chart.template"].sudo().try_loading(
            self.company.chart_template, branch, install_demo=False
        )
        other = self.setup_other_company()["company"]
        self._invoice(self.customer, 100, late=5)
        for company, amount in ((branch, 30), (other, 7)):
            self.env["account.move"].with_context(
                allowed_company_ids=[company.id, self.company.id]
            ).with_company(company).create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_date": ago(30),
                    "company_id": company.id,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Work", "price_unit": amount, "tax_ids": []}
                        )
                    ],
                }
            ).action_post()
        self.assertEqual(self._tell()[self.company.currency_id].closing, 130)
        foreign = self._profile(self.customer, other)
        self.assertEqual(self._tell(profile=foreign)[other.currency_id].closing, 7)

    def test_number_of_queries_does_not_grow_with_the_customers(self):
        few = self._many(2)
        many = self._many(12)
        self.env["credit.statement.facts"]._fetch(few, TODAY)  # warms caches
        for style in ("open", "activity"):
            for day in (TODAY, ago(3)):
                counts = []
                for profiles in (few, many):
                    self.env.invalidate_all()
                    before = self.cr.sql_log_count
                    told = self.env["credit.statement.facts"]._fetch(
                        profiles, day, style, ago(60)
                    )
                    counts.append(self.cr.sql_log_count - before)
                    self.assertTrue(all(told[profile] for profile in profiles))
                self.assertEqual(counts[0], counts[1], f"{style} of {day}")

    def _many(self, count):
        profiles = self.env["credit.profile"]
        for number in range(count):
            customer = self._customer(f"Customer {count} {number}")
            self._pay(self._invoice(customer, 50, late=9), 20, day=ago(2))
            profiles |= self._profile(customer)
        return profiles


class TestStatementWizard(DunningCommon):
    """The dialogue: who is told, who is left out, and who may."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.late = cls._customer("Late")
        cls._invoice(cls.late, 100, late=40)
        cls.early = cls._customer("Early")
        cls._invoice(cls.early, 50, late=-10)
        cls.clean = cls._customer("Clean")
        cls.silent = cls._customer("Silent", email=False)
        cls._invoice(cls.silent, 70, late=10)
        cls.profiles = cls._profile(cls.late | cls.early | cls.clean | cls.silent)

    def _wizard(self, profiles=None, user=None, **values):
        profiles = self.profiles if profiles is None else profiles
        wizard = self.env["credit.statement.wizard"].with_user(user or self.env.user)
        return wizard.create({"profile_ids": [Command.set(profiles.ids)], **values})

    def _told(self, wizard):
        return set(wizard.line_ids.profile_id.partner_id.mapped("name"))

    def test_opened_from_profile_partner_and_list(self):
        for action in (
            self.profiles.action_statement(),
            (self.late | self.early | self.clean | self.silent)
            .with_user(self.collector)
            .action_credit_statement(),
        ):
            with Form(
                self.env["credit.statement.wizard"].with_context(**action["context"])
            ) as form:
                self.assertEqual(len(form.line_ids), 3)
            wizard = form.record
            self.assertEqual(wizard.profile_ids, self.profiles)
            self.assertEqual(wizard.date, TODAY)
            self.assertEqual(self._told(wizard), {"Late", "Early", "Silent"})

    def test_lines_tell_amounts_and_addresses(self):
        lines = {li.profile_id.partner_id: li for li in self._wizard().line_ids}
        late, silent = lines[self.late], lines[self.silent]
        self.assertIn("100.00", late.balance)
        self.assertIn("100.00", late.overdue)
        self.assertEqual(late.email, "late@customer.example")
        self.assertFalse(late.note)
        self.assertFalse(silent.email)
        self.assertIn("print", silent.note)
        self.assertIn("0.00", lines[self.early].overdue)

    def test_nothing_open_is_left_out_and_said(self):
        wizard = self._wizard()
        self.assertEqual(wizard.left_out, "Left out, nothing open: Clean")
        wizard.which = "overdue"
        self.assertEqual(self._told(wizard), {"Late", "Silent"})
        self.assertIn("Early", wizard.left_out)

    def test_activity_tells_movements_of_a_settled_customer(self):
        self._pay(self._invoice(self.clean, 10, late=5))
        wizard = self._wizard()
        self.assertNotIn("Clean", self._told(wizard))
        with Form(wizard) as form:
            form.style = "activity"
        self.assertEqual(wizard.date_from, date(TODAY.year, 1, 1))
        self.assertIn("Clean", self._told(wizard))

    def test_no_customer_chosen_means_all_of_the_company(self):
        wizard = self._wizard(self.env["credit.profile"])
        self.assertLessEqual({"Late", "Early", "Silent"}, self._told(wizard))
        self.assertNotIn("Clean", self._told(wizard))

    def test_day_to_come_and_turned_period_are_refused(self):
        for values in (
            {"date": TODAY + timedelta(days=1)},
            {"style": "activity", "date_from": TODAY, "date": ago(1)},
        ):
            with self.subTest(**values):
                wizard = self._wizard()
                wizard.write({"date": values.get("date", TODAY)})
                wizard.write(values)
                self.assertFalse(wizard.line_ids)
                self.assertTrue(wizard.problem)
                for action in (wizard.action_print, wizard.action_send):
                    with self.assertRaises(UserError):
                        action()

    def test_print_makes_one_document_of_the_chosen(self):
        wizard = self._wizard()
        wizard.line_ids.filtered(
            lambda li: li.profile_id.partner_id == self.early
        ).chosen = False
        action = wizard.action_print()
        self.assertEqual(action["type"], "ir.actions.report")
        statements = self.env["credit.statement"].browse(
            action["context"]["active_ids"]
        )
        self.assertEqual(statements.partner_id, self.late | self.silent)
        self.assertEqual(set(statements.mapped("state")), {"printed"})
        html = self._html(statements)
        for part in ("Late", "Silent", "100.00", "70.00", "Statement of account"):
            self.assertIn(part, html)
        self.assertNotIn("Early", html)

    def test_printing_looks_the_books_up_anew(self):
        wizard = self._wizard(self._profile(self.late))
        self._pay(self.env["account.move"].search([("partner_id", "=", self.late.id)]))
        with self.assertRaises(UserError):
            wizard.action_print()

    def test_statement_of_a_customer_with_nothing_open_says_so(self):
        statement = self.env["credit.statement"]._make(
            self.env["credit.statement"]._drafts(self._profile(self.clean), TODAY),
            "printed",
            TODAY,
        )
        self.assertIn("your account is balanced", self._html(statement))

    def test_statement_speaks_the_customers_language_and_names_the_contact(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.late.lang = "fr_FR"
        self._profile(self.late).user_id = self.collector
        wizard = self._wizard(self._profile(self.late))
        action = wizard.action_print()
        statement = self.env["credit.statement"].browse(action["context"]["active_ids"])
        self.assertEqual(statement.lang, "fr_FR")
        html = self._html(statement)
        self.assertIn("collector", html)
        self.assertIn("100,00", html)

    def _html(self, statements):
        html, __ = self.env["ir.actions.report"]._render_qweb_html(
            "account_dunning.report_credit_statement", statements.ids
        )
        return html.decode()

    # === WHO MAY === #

    def test_reader_prints_but_does_not_send(self):
        for role in ("account.group_account_readonly", "account.group_account_invoice"):
            with self.subTest(role=role):
                reader = self._user(role.replace(".", " "), role)
                wizard = self._wizard(self._profile(self.late), user=reader)
                self.assertFalse(wizard.can_send)
                action = wizard.action_print()
                statements = (
                    self.env["credit.statement"]
                    .with_user(reader)
                    .browse(action["context"]["active_ids"])
                )
                html, __ = (
                    self.env["ir.actions.report"]
                    .with_user(reader)
                    ._render_qweb_html(
                        "account_dunning.report_credit_statement", statements.ids
                    )
                )
                self.assertIn("100.00", html.decode())
                with self.assertRaises(AccessError):
                    wizard.action_send()
                with self.assertRaises(AccessError):
                    statements.state = "queued"
                with self.assertRaises(AccessError):
                    statements.action_cancel()
                with self.assertRaises(AccessError):
                    self._profile(self.late).with_user(reader)._send_statement()

    def test_employee_sees_none_of_it(self):
        employee = self._user("salesperson", "base.group_user")
        with self.assertRaises(AccessError):
            self.late.with_user(employee).action_credit_statement()
        with self.assertRaises(AccessError):
            self._wizard(self._profile(self.late), user=employee)
        with self.assertRaises(AccessError):
            self.env["credit.statement"].with_user(employee).search([])

    def test_other_companys_customer_is_out_of_reach(self):
        other = self.setup_other_company()["company"]
        stranger = self._profile(self.late, other)
        with self.assertRaises(AccessError):
            self._wizard(stranger, user=self.collector)
        statement = self.env["credit.statement"]._make(
            self.env["credit.statement"]._drafts(stranger, TODAY), "printed", TODAY
        )
        mine = self.env["credit.statement"].with_user(self.collector)
        self.assertNotIn(statement, mine.search([]))
