from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL, email_normalize, ormcache

from ..engine import escalation
from .ledger_rules import PAYMENT_ON_ITS_WAY, online_payment_domain
from .legal import NOT_ASKED, Legal

ZERO = Decimal(0)
# What is read of a contact to find its addresses.
ADDRESS_FIELDS = (
    "active",
    "type",
    "lang",
    "email",
    "email_normalized",
    "phone",
    "street",
    "street2",
    "zip",
    "city",
    "country_id",
    "commercial_partner_id",
)


@dataclass(slots=True)
class OpenRow:
    """One open receivable journal item, as fetched; amounts are signed (credit < 0).

    ``residual`` and ``original`` are in company currency, the ``*_currency`` twins in
    the item's own.
    """

    id: int
    move_id: int
    name: str
    invoice_date: date
    due_date: date
    currency_id: int
    original: Decimal
    original_currency: Decimal
    residual: Decimal
    residual_currency: Decimal
    level_id: int | None
    level_days: int | None
    level_date: date | None
    excluded: bool
    blocked: bool
    delivery_date: date | None
    is_debit_note: bool  # of interest and compensation
    interruptions: list[date]  # of limitation
    free_reminders: list | None  # of each: channel, left, posted, received


@dataclass(slots=True)
class Address:
    """Where a channel reaches a customer: the contact and the address as text."""

    partner_id: int
    target: str


@dataclass(slots=True)
class Situation:
    """All that is known about one customer on one day."""

    customer: escalation.Customer
    rows: dict[int, OpenRow] = field(default_factory=dict)
    pending: list[dict] = field(default_factory=list)
    addresses: dict[str, Address] = field(default_factory=dict)
    legal: Legal = NOT_ASKED

    @property
    def credits(self):
        """Unallocated credits (payments, credit notes): rows below zero."""
        return [row for row in self.rows.values() if row.residual < 0]


class DunningSituation(models.AbstractModel):
    """Fetches what the rules need, for a batch of customers at a time.

    Each kind of fact costs one query for the whole batch, whatever its size. Everything
    is read with full rights: a decision must not depend on who asks for it, and what
    it reveals is guarded where it is stored (notices, skips) and shown.
    """

    _name = "dunning.situation"
    _description = "Facts for Dunning Decisions"

    # === PUBLIC TO THE OTHER MODELS === #

    @api.model
    def _circumstances(self, company, day, scheduled=False):
        """The day's circumstances for a (root) company."""
        company = company.sudo()
        return escalation.Circumstances(
            day=day,
            scheduled=scheduled,
            baseline=company.dunning_baseline_date or None,
            bank_date=self._bank_date(company)
            if company.dunning_bank_max_age
            else None,
            bank_max_age=company.dunning_bank_max_age,
        )

    @api.model
    def _fetch(self, profiles, day):
        """Gather the situation of each profile; all of one company.

        :return: ``{profile: Situation}`` with every profile of the argument as a key.
        """
        if not profiles:
            return {}
        company = profiles.company_id
        company.ensure_one()
        profiles = profiles.sudo()
        profiles.fetch(
            [
                "partner_id",
                "last_contact_date",
                "policy_id",
                "class_id",
                "customer_kind",
                "insolvency_date",
                "insolvency_resumed",
            ]
        )
        by_partner = {profile.partner_id.id: profile for profile in profiles}
        rows = self._fetch_rows(company, by_partner)
        pending = self._fetch_pending(company, by_partner, day)
        paused, held = self._fetch_holds(profiles, day)
        in_proposal, under_way = self._fetch_waiting(profiles)
        addresses = self._fetch_addresses(profiles)
        legal = self._fetch_legal(company, by_partner, rows, day)
        unreachable = {}  # the same for all with the same policy and channels
        result = {}
        for partner_id, profile in by_partner.items():
            mine = rows.get(partner_id, [])
            policy = profile.effective_policy_id
            key = (policy, frozenset(addresses[profile.id]))
            if key not in unreachable:
                unreachable[key] = self._unreachable(*key)
            result[profile] = Situation(
                customer=escalation.Customer(
                    items=[self._to_item(row, held, legal[profile.id]) for row in mine],
                    credits=self._unallocated(mine),
                    pending=sum((p["company"] for p in pending[partner_id]), ZERO),
                    last_contact=profile.last_contact_date or None,
                    archived=not profile.partner_id.active,
                    paused=profile.id in paused,
                    paused_until=paused.get(profile.id),
                    in_proposal=profile.id in in_proposal,
                    under_way=profile.id in under_way,
                    unreachable=unreachable[key],
                ),
                rows={row.id: row for row in mine},
                pending=pending[partner_id],
                addresses=addresses[profile.id],
                legal=legal[profile.id],
            )
        return result

    @api.model
    def _decide(self, profiles, day, scheduled=False):
        """Let the rules decide for each profile.

        :return: list of ``(profile, situation, outcome)`` in the order of the profiles.
        """
        if not profiles:
            return []
        company = profiles.company_id
        now = self._circumstances(company, day, scheduled)
        policies = {
            policy: policy._to_engine(company)
            for policy in profiles.sudo().effective_policy_id
        }
        policies[self.env["dunning.policy"]] = None
        return [
            (
                profile,
                situation,
                escalation.decide(
                    policies[profile.effective_policy_id], situation.customer, now
                ),
            )
            for profile, situation in self._fetch(profiles, day).items()
        ]

    # === FETCHING, ONE QUERY EACH === #

    @api.model
    def _fetch_rows(self, company, by_partner):
        """Open receivable items of the company and its branches, by customer."""
        self._flush_ledger()
        result = defaultdict(list)
        for customer_id, *facts in self.env.execute_query(
            SQL(
                """
            SELECT partner.commercial_partner_id,
                   line.id,
                   line.move_id,
                   COALESCE(move.name, line.name, ''),
                   COALESCE(move.invoice_date, line.date),
                   COALESCE(line.date_maturity, line.date),
                   line.currency_id,
                   -- as text: exact, and not by way of a float
                   COALESCE(line.balance, 0)::text,
                   COALESCE(line.amount_currency, 0)::text,
                   COALESCE(line.amount_residual, 0)::text,
                   COALESCE(line.amount_residual_currency, 0)::text,
                   line.dunning_level_id,
                   level.days,
                   line.dunning_date,
                   COALESCE(line.no_followup, FALSE),
                   COALESCE(move.payment_state = 'blocked', FALSE),
                   move.delivery_date,
                   COALESCE(move.late_debit_note, FALSE),
                   %(interruptions)s,
                   %(free_reminders)s
              FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
              JOIN res_partner partner ON partner.id = line.partner_id
         LEFT JOIN dunning_level level ON level.id = line.dunning_level_id
             WHERE line.account_id = ANY(ARRAY(%(receivables)s))
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND (line.amount_residual != 0 OR line.amount_residual_currency != 0)
               AND line.company_id = ANY(%(companies)s)
               AND partner.commercial_partner_id = ANY(%(partners)s)
          ORDER BY line.date_maturity, line.id
            """,
                receivables=self._receivables(company),
                companies=self._branch_ids(company),
                partners=list(by_partner),
                interruptions=self._interruptions_sql(company),
                free_reminders=self._free_reminders_sql(),
            )
        ):
            facts[6:10] = map(Decimal, facts[6:10])
            result[customer_id].append(OpenRow(*facts))
        return result

    @api.model
    def _fetch_pending(self, company, by_partner, day):
        """Customer payments on their way that have no journal entry yet.

        A payment with an entry shows as a credit among the open items already. Online
        payments count from the moment the provider knows of them.
        """
        self.env["account.payment"].flush_model()
        result = defaultdict(
            list, self._fetch_online_payments(company, by_partner, day)
        )
        for row in self.env.execute_query_dict(
            SQL(
                """
            SELECT partner.commercial_partner_id AS customer_id,
                   payment.id,
                   COALESCE(payment.name, '') AS name,
                   payment.date,
                   payment.currency_id,
                   payment.amount AS currency,
                   payment.amount_company_currency_signed AS company
              FROM account_payment payment
              JOIN res_partner partner ON partner.id = payment.partner_id
             WHERE %(on_its_way)s
               AND payment.company_id = ANY(%(companies)s)
               AND partner.commercial_partner_id = ANY(%(partners)s)
          ORDER BY payment.date, payment.id
            """,
                on_its_way=PAYMENT_ON_ITS_WAY,
                companies=self._branch_ids(company),
                partners=list(by_partner),
            )
        ):
            row = dict(row)
            for key in ("currency", "company"):
                row[key] = company._to_decimal(row[key])
            result[row.pop("customer_id")].append(row)
        return result

    @api.model
    def _fetch_online_payments(self, company, by_partner, day):
        """Transactions of payment providers that are not yet payments in the books.

        Only where core's ``payment`` is installed; see ``online_payment_domain``.
        """
        result = defaultdict(list)
        if "payment.transaction" not in self.env:
            return result
        transactions = (
            self.env["payment.transaction"]
            .sudo()
            .search(
                online_payment_domain(company, day)
                & fields.Domain(
                    "partner_id.commercial_partner_id", "in", list(by_partner)
                ),
                order="id",
            )
        )
        for transaction in transactions:
            made_on = fields.Date.to_date(transaction.create_date)
            result[transaction.partner_id.commercial_partner_id.id].append(
                {
                    "name": transaction.reference,
                    "date": made_on,
                    "currency_id": transaction.currency_id.id,
                    "currency": company._to_decimal(transaction.amount),
                    "company": company._to_decimal(
                        transaction.currency_id._convert(
                            transaction.amount, company.currency_id, company, made_on
                        )
                    ),
                }
            )
        return result

    @api.model
    def _fetch_holds(self, profiles, day):
        """Running holds.

        :return: ``({profile id: until}, {item id: (until, disputed)})``; the latest
            end wins, no end is the latest.
        """
        Hold = self.env["dunning.hold"].sudo()
        holds = Hold.search_fetch(
            Hold._running_domain(day) & fields.Domain("profile_id", "in", profiles.ids),
            ["profile_id", "date_to", "kind", "scope", "move_line_ids"],
        )
        paused, held = {}, {}
        for hold in holds:
            until = hold.date_to or None
            if hold.scope == "customer":
                paused[hold.profile_id.id] = _later(
                    paused.get(hold.profile_id.id, date.min), until
                )
            for line_id in hold.move_line_ids.ids:
                known_until, disputed = held.get(line_id, (date.min, False))
                held[line_id] = (
                    _later(known_until, until),
                    disputed or hold.kind == "dispute",
                )
        return paused, held

    @api.model
    def _fetch_waiting(self, profiles):
        """Ids of the profiles with a message that waits for a decision, and of those
        with an issued one that is still under way to the customer.
        """
        notices = (
            self.env["dunning.notice"]
            .sudo()
            .search_fetch(
                [
                    ("profile_id", "in", profiles.ids),
                    "|",
                    ("state", "in", ("draft", "approved")),
                    "&",
                    ("state", "=", "issued"),
                    ("delivery_state", "=", "pending"),
                ],
                ["profile_id", "state"],
            )
        )
        issued = notices.filtered(lambda n: n.state == "issued")
        return set((notices - issued).profile_id.ids), set(issued.profile_id.ids)

    @api.model
    def _fetch_addresses(self, profiles):
        """For each profile, per channel, the contact that has an address for it.

        Contacts in this order: marked for dunning, then for invoices, then the customer
        itself. An address that failed before does not count until a person says it
        is right again, or it changes.
        """
        customers = profiles.partner_id
        marked = (
            fields.Domain("active", "=", True)
            & fields.Domain("type", "in", ("dunning", "invoice"))
            & fields.Domain("is_company", "=", False)
        )
        # the customers themselves by the same query, archived ones too
        Partner = self.env["res.partner"].sudo()
        partners = Partner.with_context(active_test=False).search_fetch(
            fields.Domain("commercial_partner_id", "in", customers.ids)
            & (fields.Domain("id", "in", customers.ids) | marked),
            ADDRESS_FIELDS,
            order="id",
        )
        contacts = (partners - customers).with_env(Partner.env)
        by_customer = contacts.grouped("commercial_partner_id")
        bad = self._fetch_bad_targets(profiles)
        targets = self._targets()
        order = {"dunning": 0, "invoice": 1}
        result = {}
        for profile in profiles:
            customer = profile.partner_id
            candidates = [customer]
            if customer in by_customer:
                mine = by_customer[customer].sorted(lambda p: (order[p.type], p.id))
                candidates = [*mine, customer]
            addresses = {}
            for channel, target_of in targets.items():
                for contact in candidates:
                    target = target_of(contact)
                    if target and (profile.id, channel, target) not in bad:
                        addresses[channel] = Address(contact.id, target)
                        break
            result[profile.id] = addresses
        return result

    @api.model
    def _fetch_bad_targets(self, profiles):
        deliveries = (
            self.env["dunning.delivery"]
            .sudo()
            .search_fetch(
                [
                    ("profile_id", "in", profiles.ids),
                    ("state", "in", ("failed", "returned")),
                    ("address_faulty", "=", True),
                ],
                ["profile_id", "channel", "target"],
            )
        )
        return {(d.profile_id.id, d.channel, d.target) for d in deliveries}

    # === HELPERS === #

    @api.model
    def _flush_ledger(self):
        """Write out what the queries on open items read."""
        self.env["account.move.line"].flush_model()
        self.env["account.account"].flush_model(["account_type", "company_ids"])
        self.env["account.move"].flush_model(
            [
                "payment_state",
                "name",
                "invoice_date",
                "delivery_date",
                "late_debit_note",
            ]
        )
        self._flush_law()
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        self.env["dunning.level"].flush_model(["days"])
        self.env["credit.profile"].flush_model()

    @api.model
    def _targets(self):
        """How each channel reads its address from a contact. Extend for a new channel.

        :return: ``{channel: function(partner) -> text or False}``
        """
        return {
            "email": self._email_address,
            "letter": self._postal_address,
            "registered": self._postal_address,
            "call": lambda partner: partner.phone or False,
        }

    @api.model
    def _email_address(self, partner):
        """The address alone; of several the first."""
        return partner.email_normalized or email_normalize(
            partner.email or "", strict=False
        )

    @api.model
    def _postal_address(self, partner):
        """The address as printed, or ``False`` when a postman could not find it."""
        if not (partner.street or partner.street2) or not (partner.city or partner.zip):
            return False
        return ", ".join(
            part
            for part in (
                partner.street,
                partner.street2,
                " ".join(p for p in (partner.zip, partner.city) if p),
                partner.country_id.code,
            )
            if part
        )

    @api.model
    def _unreachable(self, policy, channels):
        """Ids of the policy's levels none of whose channels is among these."""
        reached = dict.fromkeys(channels, True)
        return frozenset(
            level.id
            for level in policy.level_ids.filtered("active")
            if not level._pick_channel(reached)
        )

    @api.model
    def _to_item(self, row, held, legal):
        until, disputed = held.get(row.id, (None, False))
        return escalation.Item(
            key=row.id,
            due_date=row.due_date,
            residual=row.residual,
            original=row.original,
            level_days=row.level_days,
            level_date=row.level_date,
            held=row.id in held,
            held_until=until,
            disputed=disputed,
            excluded=row.excluded,
            blocked=row.blocked,
            **legal.of_item(row),
        )

    @api.model
    def _unallocated(self, rows):
        """Credits that can cover debts.

        Entries excluded from follow-up (opening balances, transfers) are netted among
        themselves first: a credit there usually belongs to a debit there.
        """
        open_credits = -sum(
            (row.residual for row in rows if row.residual < 0 and not row.excluded),
            ZERO,
        )
        excluded = -sum((row.residual for row in rows if row.excluded), ZERO)
        return open_credits + max(excluded, ZERO)

    @api.model
    def _receivables(self, company):
        """Query of the receivable accounts of a root company and its branches.

        Asked for by their ids, open items are found through core's index on account and
        partner. Asked for by a join on the type, the lines of all other accounts are
        read too, and they grow with the history.
        """
        return SQL(
            """
            SELECT account.id
              FROM account_account account
              JOIN account_account_res_company_rel rel
                ON rel.account_account_id = account.id
             WHERE account.account_type = 'asset_receivable'
               AND rel.res_company_id = ANY(%s)
            """,
            self._branch_ids(company),
        )

    @api.model
    def _branch_ids(self, company):
        """The root company and its branches."""
        return list(self._branches_of(company.id))

    @api.model
    @ormcache("company_id")
    def _branches_of(self, company_id):
        # core clears this cache when a company is made or archived
        return tuple(
            self.env["res.company"].sudo().search([("id", "child_of", company_id)]).ids
        )

    @api.model
    def _bank_date(self, company):
        """Date of the newest bank statement line, ``None`` where there are none."""
        line = (
            self.env["account.bank.statement.line"]
            .sudo()
            .search_fetch(
                [("company_id", "child_of", company.id)],
                ["date"],
                order="date desc",
                limit=1,
            )
        )
        return line.date or None


def _later(known, until):
    """The later of two ends, where ``None`` means no end."""
    if known is None or until is None:
        return None
    return max(known, until)
