"""On any ledger, exposure agrees to the cent with a slow and obvious computation."""

import random
from datetime import timedelta

from odoo.exceptions import UserError

from odoo.addons.account_dunning.tests.common import TODAY

from . import reference
from .common import OrderCommon

SEEDS = (1, 2, 3, 4)
STEPS = 45


class TestExposureProperty(OrderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls._branch()
        cls.yen = cls._currency("JPX", {TODAY - timedelta(days=90): 163.37}, 1)
        cls.pound = cls._currency(
            "GBX", {TODAY - timedelta(days=90): 0.8713, TODAY: 0.8642}
        )
        cls.other = cls._customer("Other")
        cls.contact = cls.env["res.partner"].create(
            {"name": "Contact", "parent_id": cls.customer.id}
        )
        cls.partners = [cls.customer, cls.contact, cls.other]
        cls.profiles = cls.profile | cls._profile(cls.other)
        currencies = cls.pound | cls.yen
        cls.pricelists = cls.env["product.pricelist"].create(
            [
                {"name": cur.name, "currency_id": cur.id, "company_id": False}
                for cur in currencies
            ]
        )

    def test_random_ledgers(self):
        self.seen = set()
        account = self.inbound_payment_method_line.payment_account_id
        self._payments_without_entry()
        self.inbound_payment_method_line.payment_account_id = account
        for seed in SEEDS:
            with self.subTest(seed=seed), self.cr.savepoint() as savepoint:
                self._live(random.Random(seed))
                savepoint.rollback()
        # ledgers without them would prove nothing
        parts = {"open_items", "credits", "pending", "drafts", "orders", "document"}
        self.assertEqual(self.seen, parts)

    def _live(self, rng):
        """Random business; the exposure is compared now and then, and at the end."""
        self.rng = rng
        self.company.credit_count_drafts = rng.random() < 0.5
        acts = [
            self._act_invoice,
            self._act_invoice,
            self._act_credit_note,
            self._act_payment,
            self._act_part_payment,
            self._act_allocate,
            self._act_order,
            self._act_order,
            self._act_deliver,
            self._act_bill,
            self._act_bill,
            self._act_post,
            self._act_advance,
            self._act_cancel,
            self._act_reverse,
        ]
        for step in range(STEPS):
            rng.choice(acts)()
            if step % 15 == 14:
                self._compare(step)

    def _compare(self, step):
        drafts = self.env["account.move"].search(
            [
                ("state", "=", "draft"),
                ("move_type", "=", "out_invoice"),
                ("partner_id", "child_of", [p.id for p in self.partners]),
            ],
            order="id",
        )
        orders = self.env["sale.order"].search(
            [("partner_id", "in", [p.id for p in self.partners])], order="id"
        )
        chosen = [
            *self.rng.sample(list(drafts), min(2, len(drafts))),
            *self.rng.sample(list(orders), min(2, len(orders))),
        ]
        for documents in ([], chosen):
            found = self.profiles._exposure(documents=documents)
            for profile in self.profiles:
                owed = found[profile.id]
                expected = reference.exposure(profile, documents)
                self.seen |= {part for part, amount in expected.items() if amount}
                for part, amount in expected.items():
                    self.assertAlmostEqual(
                        float(getattr(owed, part)),
                        amount,
                        places=6,
                        msg=f"{part} of {profile.partner_id.name}, step {step}, "
                        f"at hand: {documents}",
                    )
        self.profiles._refresh_figures()
        for profile in self.profiles:
            total = sum(reference.exposure(profile).values())
            self.assertAlmostEqual(profile.exposure_total, total, places=6)

    # --- what may happen ----------------------------------------------------------

    def _amount(self, top=2000):
        return round(self.rng.uniform(1, top), 2)

    def _partner(self, company):
        return self.rng.choice(self.partners).with_env(self._in(company))

    def _company(self):
        return self.rng.choice([self.company, self.company, self.branch])

    def _currency_of_choice(self):
        own = self.company.currency_id
        return self.rng.choice([own, own, self.pound, self.yen])

    def _make(self, **values):
        company = self._company()
        currency = self._currency_of_choice()
        scale = 150 if currency == self.yen else 1
        return self._invoice(
            self._partner(company),
            round(self._amount() * scale, 0 if scale > 1 else 2),
            late=self.rng.randint(-40, 80),
            company_id=company.id,
            currency_id=currency.id,
            post=self.rng.random() < 0.8,
            **values,
        )

    def _some(self, model, *domain):
        """A random record of our customers, or none."""
        found = self.env[model].search(
            [("partner_id", "child_of", [p.id for p in self.partners]), *domain],
            order="id",
        )
        return self.rng.choice(found) if found else found

    def _act_invoice(self):
        self._make()

    def _act_credit_note(self):
        self._make(move_type="out_refund")

    def _act_payment(self):
        method = self.inbound_payment_method_line
        account = method.payment_account_id
        if self.rng.random() < 0.3:  # one that has no entry yet
            method.payment_account_id = False
        self._payment(self.rng.choice(self.partners), self._amount(800))
        method.payment_account_id = account

    def _act_part_payment(self):
        invoice = self._some(
            "account.move",
            ("move_type", "=", "out_invoice"),
            ("state", "=", "posted"),
            ("payment_state", "in", ("not_paid", "partial")),
            ("amount_residual", ">", 1),
            ("company_id", "=", self.company.id),
        )
        if invoice:
            share = self.rng.choice([0.25, 0.5, 1])
            amount = invoice.currency_id.round(invoice.amount_residual * share)
            self._pay(invoice, amount)

    def _act_allocate(self):
        """Credits allocated to whatever else is open."""
        lines = self.env["account.move.line"].search(
            [
                (
                    "partner_id",
                    "child_of",
                    self.rng.choice(self.profiles).partner_id.id,
                ),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("company_id", "=", self.company.id),
            ],
            order="id",
        )
        credit = lines.filtered(lambda line: line.amount_residual < 0)[:1]
        debit = lines.filtered(
            lambda line: (
                line.amount_residual > 0 and line.account_id == credit.account_id
            )
        )[:1]
        if credit and debit:
            (credit | debit).reconcile()

    def _act_order(self):
        company = self._company()
        lines = []
        for __ in range(self.rng.randint(1, 3)):
            product = self.rng.choice([self.ordered, self.delivered])
            lines.append(
                self._line(
                    self._amount(200),
                    self.rng.randint(1, 7),
                    product,
                    discount=self.rng.choice([0, 0, 12.5]),
                    tax_ids=self.rng.choice([[], self.tax.ids])
                    if company == self.company
                    else [],
                )
            )
        if self.rng.random() < 0.2:
            lines.append(self._line(-20, 1, self.ordered))
        values = {}
        if self.rng.random() < 0.4:
            values["pricelist_id"] = self.rng.choice(self.pricelists).id
        order = self.env(context=self._in(company).context)["sale.order"].create(
            {
                "partner_id": self.rng.choice(self.partners).id,
                "company_id": company.id,
                "order_line": lines,
                **values,
            }
        )
        if self.rng.random() < 0.8:
            order.action_confirm()

    def _act_deliver(self):
        order = self._some("sale.order", ("state", "=", "sale"))
        for line in order.order_line.filtered(lambda li: not li.is_downpayment):
            line.qty_delivered = self.rng.randint(0, 9)

    def _act_bill(self):
        order = self._some(
            "sale.order",
            ("state", "=", "sale"),
            ("invoice_status", "=", "to invoice"),
            ("company_id", "=", self.company.id),
        )
        if not order:
            return
        try:
            with self.cr.savepoint():
                invoice = order._create_invoices(final=self.rng.random() < 0.7)
        except UserError:  # nothing that core would invoice
            return
        for line in invoice.invoice_line_ids.filtered(
            lambda li: li.product_id and li.quantity > 0
        ):
            if self.rng.random() < 0.4:
                line.quantity = self.rng.randint(1, 9)
        if self.rng.random() < 0.6 and invoice.amount_total > 0:
            invoice.action_post()

    def _act_post(self):
        draft = self._some(
            "account.move",
            ("state", "=", "draft"),
            ("move_type", "in", ("out_invoice", "out_refund")),
            ("amount_total", ">", 0),
        )
        draft.with_env(self._in(draft.company_id or self.company)).action_post()

    def _act_advance(self):
        order = self._some(
            "sale.order",
            ("state", "=", "sale"),
            ("company_id", "=", self.company.id),
            ("amount_total", ">", 50),
        )
        if order:
            amount = order.currency_id.round(order.amount_total / 4)
            self._advance(order, amount, post=self.rng.random() < 0.7)

    def _act_cancel(self):
        order = self._some("sale.order", ("state", "in", ("draft", "sale")))
        if order and self.rng.random() < 0.4:
            order._action_cancel()

    def _act_reverse(self):
        invoice = self._some(
            "account.move",
            ("move_type", "=", "out_invoice"),
            ("state", "=", "posted"),
            ("company_id", "=", self.company.id),
        )
        if invoice and self.rng.random() < 0.5:
            refund = invoice._reverse_moves(
                [{"invoice_date": TODAY}], cancel=self.rng.random() < 0.5
            )
            if refund.state == "draft" and self.rng.random() < 0.5:
                refund.action_post()
