"""Load a checked ledger into a new database, as known on a day.

Everything goes through Odoo's own posting and reconciliation. All of it is one
transaction, in a database that gets its name only when this has ended well.
"""

import argparse
import json
import re
import unicodedata
from datetime import date
from pathlib import Path

import company as main_company
from session import environment, progress

from odoo.fields import Command, Domain

BATCH = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--date", required=True, type=date.fromisoformat)
    parser.add_argument("--rows", required=True, help="the ledger's rows, as JSON")
    options = parser.parse_args()
    rows = json.loads(Path(options.rows).read_text())
    for row in rows:
        for column in ("invoice_date", "due_date", "paid_date"):
            row[column] = row[column] and date.fromisoformat(row[column])
    with environment(options.database) as env:
        company = main_company.set_up(env)
        env = env(
            context=dict(
                env.context,
                allowed_company_ids=company.ids,
                # a ledger's history is not correspondence
                tracking_disable=True,
                mail_create_nolog=True,
                mail_create_nosubscribe=True,
            )
        )
        loader = Loader(env, company, options.date, rows)
        loader.load()
        main_company.finish(env)
        # kept with the database, to be said again when it is used again
        env["ir.config_parameter"].set_param(
            "account_dunning.harness_notices", json.dumps(loader.notices)
        )


class Loader:
    def __init__(self, env, company, day, rows):
        self.env = env
        self.company = company.with_env(env)
        self.day = day
        self.notices = []
        known = [row for row in rows if row["invoice_date"] <= day]
        #: in the order in which they were invoiced, so that numbers ascend
        self.rows = sorted(known, key=lambda row: (row["invoice_date"], row["line"]))
        if len(known) < len(rows):
            self.notices.append(
                f"{len(rows) - len(known)} rows are invoices of after {day}: left out"
            )

    def load(self):
        currencies = self._currencies()
        partners = self._partners()
        moves = []
        for start in range(0, len(self.rows), BATCH):
            progress(start, len(self.rows), "invoices")
            batch = self.rows[start : start + BATCH]
            values = [self._invoice_vals(row, partners, currencies) for row in batch]
            posted = self.env["account.move"].create(values)
            posted.action_post()
            moves += posted
            self._forget()
        self._pay(moves)
        self._dispute(moves)

    def _forget(self):
        """Keep memory and the ORM's bookkeeping as small as one batch."""
        self.env.flush_all()
        self.env.invalidate_all()

    # --- customers ----------------------------------------------------------------

    def _partners(self):
        """One company for each customer; the ledger knows no addresses."""
        latest = {row["customer"]: row for row in self.rows}
        countries = self._countries({row["country"] for row in self.rows} - {""})
        first_country = {}
        for row in self.rows:
            first_country.setdefault(row["customer"], row["country"])
        values = [
            {
                "name": name,
                "ref": name,
                "is_company": True,
                "country_id": countries.get(first_country[name]),
                **self._stand_in(number, name, latest[name]["electronic"]),
            }
            for number, name in enumerate(sorted(latest), start=1)
        ]
        records = self.env["res.partner"].create(values)
        paper = sum("street" in vals for vals in values)
        if len(values) - paper:
            self.notices.append(
                f"{len(values) - paper} customers got a stand-in e-mail address under "
                "ledger.example: the ledger has no addresses"
            )
        if paper:
            self.notices.append(
                f"{paper} customers who get paper got a stand-in postal address"
            )
        return {record.name: record.id for record in records}

    def _stand_in(self, number, name, electronic):
        if electronic is False:
            return {
                "street": f"{number} Stand-in Street",
                "zip": f"{number:05}",
                "city": "Ledger Town",
            }
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
        return {"email": f"{slug[:40] or 'customer'}.{number}@ledger.example"}

    def _countries(self, texts):
        """The ids of countries named or coded in the ledger."""
        found, unknown = {}, []
        model = self.env["res.country"]
        for text in sorted(texts):
            domain = Domain("code", "=ilike", text) | Domain("name", "=ilike", text)
            country = model.search(domain, limit=1) or model.with_context(
                lang="fr_FR"
            ).search(domain, limit=1)
            if country:
                found[text] = country.id
            else:
                unknown.append(text)
        if unknown:
            self.notices.append(
                f"not known as countries, left empty: {', '.join(unknown)}"
            )
        return found

    # --- invoices -----------------------------------------------------------------

    def _currencies(self):
        own = self.company.currency_id
        codes = {row["currency"] for row in self.rows} - {None, own.name}
        found = self.env["res.currency"].with_context(active_test=False)
        found = found.search([("name", "in", list(codes))])
        found.action_unarchive()
        if missing := codes - set(found.mapped("name")):
            # CSV and Odoo both follow ISO 4217, but Odoo leaves some out
            raise ValueError(f"Odoo does not have the currency {', '.join(missing)}")
        if found:
            self.notices.append(
                f"no exchange rates in a ledger: 1 {own.name} counts as 1 "
                f"{', 1 '.join(sorted(found.mapped('name')))}"
            )
        if any(row["currency"] is None for row in self.rows):
            self.notices.append(f"rows that name no currency are taken as {own.name}")
        return {currency.name: currency.id for currency in found | own} | {None: own.id}

    def _invoice_vals(self, row, partners, currencies):
        amount = float(row["amount"])
        return {
            "move_type": "out_invoice" if amount > 0 else "out_refund",
            "partner_id": partners[row["customer"]],
            "invoice_date": row["invoice_date"],
            "date": row["invoice_date"],
            "invoice_payment_term_id": False,
            "invoice_date_due": row["due_date"],
            "currency_id": currencies[row["currency"]],
            "ref": row["invoice"],
            "payment_reference": row["invoice"],
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": f"Invoice {row['invoice']}",
                        "price_unit": abs(amount),
                        # the ledger's amounts are what the customer owes
                        "tax_ids": [Command.clear()],
                    }
                )
            ],
        }

    # --- payments -----------------------------------------------------------------

    def _pay(self, moves):
        paid = [
            (move, row)
            for move, row in zip(moves, self.rows, strict=True)
            if row["paid_date"] and row["paid_date"] <= self.day
        ]
        paid.sort(key=lambda pair: pair[1]["paid_date"])
        journal = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", self.company.id)], limit=1
        )
        for start in range(0, len(paid), BATCH):
            progress(start, len(paid), "payments")
            batch = paid[start : start + BATCH]
            payments = self.env["account.payment"].create(
                [self._payment_vals(move, row, journal) for move, row in batch]
            )
            payments.action_post()
            self.env["account.move.line"]._reconcile_plan(
                [
                    self._receivable(move) | self._receivable(payment.move_id)
                    for (move, _row), payment in zip(batch, payments, strict=True)
                ]
            )
            self._forget()

    def _payment_vals(self, move, row, journal):
        return {
            "payment_type": "inbound" if move.is_inbound() else "outbound",
            "partner_type": "customer",
            "partner_id": move.partner_id.id,
            "journal_id": journal.id,
            "date": row["paid_date"],
            "amount": move.amount_total,
            "currency_id": move.currency_id.id,
            "memo": row["invoice"],
        }

    def _receivable(self, move):
        return move.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )

    # --- disputes -----------------------------------------------------------------

    def _dispute(self, moves):
        """Hold the items that are disputed and still open on the day."""
        disputed = [
            (self._receivable(move), row)
            for move, row in zip(moves, self.rows, strict=True)
            if row["disputed"]
            and not (row["paid_date"] and row["paid_date"] <= self.day)
        ]
        if not disputed:
            return
        profiles = self.env["credit.profile"]
        profiles._ensure_all(self.company)
        by_partner = {
            profile.partner_id: profile
            for profile in profiles.search([("company_id", "=", self.company.id)])
        }
        self.env["dunning.hold"].create(
            [
                {
                    "profile_id": by_partner[item.partner_id].id,
                    "kind": "dispute",
                    "reason": f"Disputed in the ledger, line {row['line']}",
                    "date_from": row["invoice_date"],
                    "move_line_ids": [Command.set(item.ids)],
                }
                for item, row in disputed
            ]
        )
        self.notices.append(
            f"{len(disputed)} open invoices are disputed in the ledger: held"
        )


if __name__ == "__main__":
    main()
