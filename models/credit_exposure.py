from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from ..engine import exposure
from .ledger_rules import PAYMENT_ON_ITS_WAY

ZERO = Decimal(0)

# Documents that will be a debt of the customer. A draft credit note frees nothing: it
# does so when it is posted.
DEBIT_TYPES = ("out_invoice", "out_receipt")


class CreditExposure(models.AbstractModel):
    """Fetches what customers owe and will owe, and their limits, for a batch.

    One query per part and batch, whatever the number of customers, live, and with full
    rights: what a salesperson may sell must not depend on what he or she may read. Who
    shows the result decides how much of it.
    """

    _name = "credit.exposure"
    _description = "Exposure of Customers"

    # === PUBLIC TO THE OTHER MODELS === #

    @api.model
    def _exposures(self, profiles, day=None, documents=None, ledger=None, amounts=None):
        """What these customers owe and will owe.

        :param day: day of the exchange rates; default: the company's today.
        :param documents: invoices or orders being decided on, one recordset or a list
            of them. They are told apart as ``document``.
        :param ledger: ``{profile id: {part: Decimal}}``, the parts of the ledger where
            somebody has just read them.
        :param amounts: ``{document id: Decimal}``, what the documents add, where that
            is known; they are of one model then.
        :return: ``{profile id: engine.exposure.Exposure}``
        """
        result = {}
        at_hand = self._at_hand(documents)
        self._flush()
        for company, mine in profiles.sudo().grouped("company_id").items():
            today = day or company._dunning_today()
            everyone = mine._with_pools()
            parts = self._parts(
                everyone, company, today, at_hand, ledger or {}, amounts
            )
            alone = {
                profile.id: exposure.Exposure(
                    **{name: part.get(profile.id, ZERO) for name, part in parts.items()}
                )
                for profile in everyone
            }
            totals = defaultdict(lambda: ZERO)
            for profile in everyone:
                totals[profile._pool_holder()] += alone[profile.id].total
            for profile in mine:
                known = alone[profile.id]
                others = totals[profile._pool_holder()] - known.total
                result[profile.id] = replace(known, others=others)
        return result

    @api.model
    def _limits(self, profiles, day=None):
        """The limits that hold for these customers.

        :return: ``{profile id: engine.exposure.Limit}``
        """
        result = {}
        for company, mine in profiles.sudo().grouped("company_id").items():
            today = day or company._dunning_today()
            everyone = mine._with_pools()
            terms = everyone._limit_terms(company)
            groups = everyone.grouped(lambda profile: profile._pool_holder())
            for profile in mine:
                holder = profile._pool_holder()
                group = groups[holder].ids if len(groups[holder]) > 1 else ()
                result[profile.id] = exposure.limit_on(
                    terms[holder.id], today, group, pooled=holder != profile
                )
        return result

    @api.model
    def _customer_of(self, document):
        """The customer who will owe a document: empty where nobody does."""
        if document._name == "account.move":
            return document.partner_id.commercial_partner_id
        return document.partner_invoice_id.commercial_partner_id

    @api.model
    def _document_amounts(self, documents, day=None):
        """What these documents add, in company currency.

        An invoice that is posted is among the open items already and adds nothing.

        :param documents: one recordset of one model.
        :return: ``{document id: Decimal}``; the ids of unsaved ones are their NewIds.
        """
        if documents._name != "account.move":
            return {}
        return {
            move.id: self._invoice_amount(move) if move.state == "draft" else ZERO
            for move in documents.sudo()
        }

    @api.model
    def _invoice_amount(self, move):
        """What an invoice will leave open; one in its form has no entry, only totals.

        Money can be reconciled with an invoice before that is posted: paid online, and
        held.
        """
        company = move.company_id
        if move._origin == move:
            return company._to_decimal(move.amount_residual_signed)
        own = move.currency_id == company.currency_id
        totals = move.tax_totals or {}
        amount = totals.get("total_amount_currency" if own else "total_amount", 0)
        saved = move._origin
        paid = saved.amount_total_signed - saved.amount_residual_signed
        return company._to_decimal(amount) * -move.direction_sign - company._to_decimal(
            paid
        )

    # === PARTS === #

    @api.model
    def _parts(self, profiles, company, day, at_hand, ledger, known_amounts=None):
        """All parts of the exposure of profiles of one company.

        :param at_hand: ``{model name: recordset}``: in no part but ``document``.
        :param ledger: parts of the ledger known already, by profile id.
        :return: ``{part: {profile id: Decimal}}``
        """
        parts = {"open_items": {}, "credits": {}, "pending": {}}
        unread = profiles.browse(key for key in profiles.ids if key not in ledger)
        if unread:
            parts |= self._ledger_parts(unread, company)
            parts["pending"] = self._pending_part(unread, company)
        for key, known in ledger.items():
            for name, amount in known.items():
                parts[name][key] = amount
        parts["drafts"] = (
            self._drafts_part(profiles, company, at_hand)
            if company.credit_count_drafts
            else {}
        )
        parts["orders"] = self._orders_parts(profiles, company, day, at_hand)
        parts["document"] = self._document_part(
            profiles, company, day, at_hand, known_amounts
        )
        return parts

    @api.model
    def _ledger_parts(self, profiles, company):
        """Open items and unallocated credits of all branches, from one query."""
        rows = self.env.execute_query(
            SQL(
                """
            SELECT profile.id,
                   -- as text: exact, and not by way of a float
                   SUM(line.amount_residual)
                       FILTER (WHERE line.amount_residual > 0)::text,
                   SUM(line.amount_residual)
                       FILTER (WHERE line.amount_residual < 0)::text
              FROM account_move_line line
              JOIN res_partner partner ON partner.id = line.partner_id
              JOIN credit_profile profile
                ON profile.partner_id = partner.commercial_partner_id
             WHERE profile.id = ANY(%(profiles)s)
               AND line.account_id = ANY(ARRAY(%(receivables)s))
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.company_id = ANY(%(companies)s)
          GROUP BY profile.id
            """,
                profiles=profiles.ids,
                receivables=self.env["dunning.situation"]._receivables(company),
                companies=self.env["dunning.situation"]._branch_ids(company),
            )
        )
        return {
            "open_items": {key: Decimal(debt or 0) for key, debt, __ in rows},
            "credits": {key: Decimal(credit or 0) for key, __, credit in rows},
        }

    @api.model
    def _pending_part(self, profiles, company):
        """Payments registered that have no journal entry yet, as numbers below zero.

        Online payments count as soon as they are payments; one only announced frees
        nothing, or customers would raise their own limit.
        """
        rows = self.env.execute_query(
            SQL(
                """
            SELECT profile.id, SUM(-payment.amount_company_currency_signed)::text
              FROM account_payment payment
              JOIN res_partner partner ON partner.id = payment.partner_id
              JOIN credit_profile profile
                ON profile.partner_id = partner.commercial_partner_id
             WHERE profile.id = ANY(%(profiles)s)
               AND %(on_its_way)s
               AND payment.company_id = ANY(%(companies)s)
          GROUP BY profile.id
            """,
                profiles=profiles.ids,
                on_its_way=PAYMENT_ON_ITS_WAY,
                companies=self.env["dunning.situation"]._branch_ids(company),
            )
        )
        return {key: Decimal(amount) for key, amount in rows}

    @api.model
    def _drafts_part(self, profiles, company, at_hand):
        """Draft invoices and receipts, but for those at hand; less what was paid."""
        rows = self.env.execute_query(
            SQL(
                """
            SELECT profile.id, SUM(move.amount_residual_signed)::text
              FROM account_move move
              JOIN res_partner partner ON partner.id = move.partner_id
              JOIN credit_profile profile
                ON profile.partner_id = partner.commercial_partner_id
             WHERE profile.id = ANY(%(profiles)s)
               AND move.state = 'draft'
               AND move.move_type = ANY(%(types)s)
               AND move.amount_total_signed > 0
               AND move.company_id = ANY(%(companies)s)
               AND move.id != ALL(%(at_hand)s)
          GROUP BY profile.id
            """,
                profiles=profiles.ids,
                types=list(DEBIT_TYPES),
                companies=self.env["dunning.situation"]._branch_ids(company),
                at_hand=self._ids_at_hand(at_hand, "account.move"),
            )
        )
        return {key: Decimal(amount) for key, amount in rows}

    @api.model
    def _orders_parts(self, profiles, company, day, exclude):
        """Confirmed orders not yet invoiced, in company currency. For bridges.

        :param exclude: ``{model name: recordset}`` of documents at hand: orders among
            them do not count, and what invoices among them invoice does not either.
        :return: ``{profile id: Decimal}``
        """
        return {}

    @api.model
    def _document_part(self, profiles, company, day, at_hand, known_amounts=None):
        by_customer = {profile.partner_id.id: profile.id for profile in profiles}
        result = defaultdict(lambda: ZERO)
        for documents in at_hand.values():
            amounts = known_amounts
            if amounts is None:
                amounts = self._document_amounts(documents, day)
            for document in documents:
                customer = self._customer_of(document)
                key = by_customer.get(customer._origin.id)
                if key and document.company_id.root_id == company:
                    result[key] += amounts.get(document.id, ZERO)
        return result

    # === HELPERS === #

    @api.model
    def _flush(self):
        """Write out what the queries read."""
        self.env["dunning.situation"]._flush_ledger()
        self.env["account.move"].flush_model(
            [
                "state",
                "move_type",
                "amount_total_signed",
                "amount_residual_signed",
                "partner_id",
                "company_id",
            ]
        )
        self.env["account.payment"].flush_model()

    @api.model
    def _at_hand(self, documents):
        """Documents by model, with full rights.

        :param documents: a recordset, or a list of recordsets.
        """
        result = {}
        if isinstance(documents, models.BaseModel):
            documents = [documents]
        for records in documents or ():
            known = result.get(records._name, self.env[records._name].sudo())
            result[records._name] = known | records.sudo()
        return result

    @api.model
    def _ids_at_hand(self, at_hand, model):
        """Ids of the documents of a model that are in the database."""
        return at_hand[model]._origin.ids if model in at_hand else []
