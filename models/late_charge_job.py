from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import accrual
from .late_history import BEARING

ZERO = Decimal(0)
PROFILES = 500  # customers looked at together
ITEMS = 2_000  # items written down together
# A transaction that began before the last look may have been committed after it.
MARGIN = timedelta(hours=6)
# Amounts of a memo nobody has done anything with.
NOTHING_YET = ("claimed", "in_draft", "invoiced", "paid", "unpaid", "waived")
# What of a customer decides on the law and its figures.
TERMS = (
    "customer_kind",
    "late_regime_id",
    "late_contract",
    "late_contract_law",
    "late_contract_rate",
    "late_contract_fee",
    "insolvency_date",
)


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    # Allocations only ever come after the others, so this index is a few pages, costs
    # nothing when payments are booked, and finds those since yesterday at once.
    _late_created_idx = models.Index("USING brin (create_date)")


class LateCharge(models.Model):
    """The memos kept up to date: once a day, of what may have changed."""

    _inherit = "late.charge"

    # === BUSINESS METHODS === #

    @api.model
    def _refresh(self, profiles, day):
        """Bring the memos of these customers up to and with a day.

        :param profiles: of one (root) company.
        """
        self.env["late.history"]._flush()
        self._rejoin(profiles)
        line_ids = self._lines_to_refresh(profiles, day)
        for start in range(0, len(line_ids), ITEMS):
            self._refresh_lines(line_ids[start : start + ITEMS], day)
        self._release_orphans(profiles)

    @api.model
    def _refresh_lines(self, line_ids, day):
        """Bring the memos of these items up to date, and make those that are missing.

        :return: ``{journal item id: Assessment}``.
        """
        found = self._assess_batch(line_ids, day, siblings=True)
        self._write_down(found, [*{*line_ids, *found}], day)
        return found

    # === WHAT MAY HAVE CHANGED === #

    @api.model
    def _lines_to_refresh(self, profiles, day):
        """Items whose memo may be another today than the last time.

        Those that are open and overdue, those that still were the last time or are a
        draft by now, those to which something was allocated since (or whose payment
        has since been found on the bank), and all with a memo where the law or the
        terms have changed. What was settled before the first look is left in peace.
        """
        company = profiles.company_id
        stale = self._stale_profiles(profiles)
        seen = [profile.late_seen_at for profile in profiles if profile.late_seen_at]
        since = min(seen) - MARGIN if seen else None
        parts = [
            SQL(
                """
        SELECT line.id
          FROM res_partner partner
          JOIN account_move_line line ON line.partner_id = partner.id
           AND line.account_id = ANY(ARRAY(%(receivables)s))
           AND line.company_id = ANY(%(companies)s)
           AND line.reconciled IS NOT TRUE
           AND line.amount_residual_currency > 0
           AND COALESCE(line.date_maturity, line.date) < %(day)s
          JOIN account_move move ON move.id = line.move_id
         WHERE partner.commercial_partner_id = ANY(%(partners)s)
           AND %(bearing)s
                """,
                receivables=self.env["dunning.situation"]._receivables(company),
                companies=self.env["dunning.situation"]._branch_ids(company),
                partners=profiles.partner_id.ids,
                day=day,
                bearing=BEARING,
            ),
            SQL(
                """
        SELECT line.id
          FROM late_charge charge
          JOIN account_move_line line ON line.id = charge.move_line_id
         WHERE charge.profile_id = ANY(%(profiles)s)
           AND (charge.accruing
                OR charge.profile_id = ANY(%(stale)s)
                OR (line.parent_state != 'posted' AND charge.accrued != 0))
                """,
                profiles=profiles.ids,
                stale=stale,
            ),
            # the compensation of an invoice is at none of its items
            SQL(
                """
        SELECT line.id
          FROM late_charge charge
          JOIN account_move_line line ON line.move_id = charge.move_id
          JOIN account_account account ON account.id = line.account_id
           AND account.account_type = 'asset_receivable'
         WHERE charge.profile_id = ANY(%(profiles)s)
           AND charge.kind = 'compensation'
                """,
                profiles=stale,
            ),
        ]
        if since:
            parts.append(
                SQL(
                    """
        SELECT line.id
          FROM (SELECT debit_move_id AS id, create_date
                  FROM account_partial_reconcile
                 WHERE create_date >= %(since)s
                 UNION ALL
                SELECT allocated.debit_move_id, banked.create_date
                  FROM account_partial_reconcile banked
                  JOIN account_move_line statement
                    ON statement.id = banked.credit_move_id
                   AND statement.statement_line_id IS NOT NULL
                  JOIN account_move_line liquidity
                    ON liquidity.id = banked.debit_move_id
                  JOIN account_move_line paid ON paid.move_id = liquidity.move_id
                  JOIN account_partial_reconcile allocated
                    ON allocated.credit_move_id = paid.id
                 WHERE banked.create_date >= %(since)s) recent
          JOIN account_move_line line ON line.id = recent.id
          JOIN account_account account ON account.id = line.account_id
           AND account.account_type = 'asset_receivable'
          JOIN account_move move ON move.id = line.move_id
          JOIN res_partner partner ON partner.id = line.partner_id
          JOIN credit_profile profile
            ON profile.partner_id = partner.commercial_partner_id
           AND profile.id = ANY(%(profiles)s)
           AND recent.create_date >= GREATEST(
                   profile.late_seen_at - %(margin)s, profile.late_began_at)
         WHERE line.company_id = ANY(%(companies)s)
           AND COALESCE(line.date_maturity, line.date) < %(day)s
           AND %(bearing)s
                    """,
                    since=since,
                    margin=MARGIN,
                    companies=self.env["dunning.situation"]._branch_ids(company),
                    profiles=[p.id for p in profiles if p.late_seen_at],
                    day=day,
                    bearing=BEARING,
                )
            )
        query = SQL(" UNION ").join(parts)
        return sorted(line_id for (line_id,) in self.env.execute_query(query))

    @api.model
    def _stale_profiles(self, profiles):
        """Ids of those whose law or terms have changed since the last time."""
        ((changed,),) = self.env.execute_query(
            SQL(
                """
            SELECT GREATEST((SELECT MAX(write_date) FROM late_rate),
                            (SELECT MAX(write_date) FROM late_regime),
                            (SELECT MAX(write_date) FROM late_regime_band),
                            (SELECT MAX(write_date) FROM late_rate_series))
                """
            )
        )
        return [
            profile.id
            for profile in profiles
            if profile.late_stale
            or (
                profile.late_seen_at
                and changed
                and changed >= profile.late_seen_at - MARGIN
            )
        ]

    # === WRITING DOWN === #

    @api.model
    def _write_down(self, found, line_ids, day):
        """Keep what was computed, by a statement per model.

        :param found: ``{journal item id: Assessment}``.
        :param line_ids: all that were looked at, with the other instalments of their
            invoices; those that were not found bear nothing (any more).
        """
        known = self._known(line_ids)
        wanted = self._wanted(found, day)
        for key in known.keys() - wanted.keys():
            wanted[key] = {"accrued": ZERO, "accruing": False, "months": {}}
        new, changed, months = [], {}, {}
        for key, values in wanted.items():
            memo = known.get(key)
            if memo is None:
                if values["accrued"]:
                    new.append(values)
                continue
            months[memo["id"]] = values["months"]
            fresh = {
                "accrued": values["accrued"],
                "accruing": values["accruing"],
                "accrued_on": day,
                "regime_id": values.get("regime_id") or memo["regime_id"],
                "name": values.get("name") or memo["name"],
                "date_maturity": values.get("date_maturity") or memo["date_maturity"],
                "open_amount": self._open_of(memo, values["accrued"]),
            }
            if any(
                fresh[name] != memo[name] for name in fresh if name != "accrued_on"
            ) or (memo["accruing"] and fresh["accrued"]):
                changed[memo["id"]] = fresh
        self._update_rows(changed)
        made = self._create_rows(
            [
                {name: value for name, value in values.items() if name != "months"}
                for values in new
            ]
        )
        for memo, values in zip(made, new, strict=True):
            months[memo.id] = values["months"]
        self._write_months(months, day)

    @api.model
    def _open_of(self, memo, accrued):
        if memo["forgone"]:
            return ZERO
        held = memo["invoiced"] + memo["in_draft"]
        return max(accrued - held - memo["waived"], -held)

    @api.model
    def _known(self, line_ids):
        """The memos there are of these items and their invoices.

        :return: ``{(kind of key, id, kind): {column: value}}``.
        """
        to_decimal = self.env["res.company"]._to_decimal
        result = {}
        for row in self.env.execute_query_dict(
            SQL(
                """
        SELECT charge.id, charge.kind, charge.move_line_id, charge.move_id,
               charge.accrued, charge.accruing, charge.invoiced, charge.in_draft,
               charge.waived, charge.forgone, charge.open_amount, charge.regime_id,
               charge.name, charge.date_maturity
          FROM late_charge charge
         WHERE charge.move_line_id = ANY(%(lines)s)
            OR (charge.kind = 'compensation'
                AND charge.move_id IN (SELECT line.move_id
                                         FROM account_move_line line
                                        WHERE line.id = ANY(%(lines)s)))
                """,
                lines=list(line_ids),
            )
        ):
            memo = dict(row)
            for name in ("accrued", "invoiced", "in_draft", "waived", "open_amount"):
                memo[name] = to_decimal(memo[name])
            memo["forgone"] = bool(memo["forgone"])
            if memo["kind"] == "compensation" and not memo["move_line_id"]:
                key = ("move", memo["move_id"], "compensation")
            else:
                key = ("line", memo["move_line_id"], memo["kind"])
            result[key] = memo
        return result

    @api.model
    def _wanted(self, found, day):
        """What the memos of these items should say, by the key of ``_known``."""
        Currency = self.env["res.currency"].sudo().with_context(active_test=False)
        units = {one.id: Decimal(str(one.rounding)) for one in Currency.search([])}
        profiles = self.env["credit.profile"].sudo()
        profiles = profiles.browse({one.row.profile_id for one in found.values()})
        partners = {profile.id: profile.partner_id.id for profile in profiles}
        wanted = {}
        for one in found.values():
            row = one.row
            common = {
                "company_id": row.company_id,
                "profile_id": row.profile_id,
                "partner_id": partners[row.profile_id],
                "currency_id": row.currency_id,
                "regime_id": one.regime_id or False,
                "name": row.name,
                "date_maturity": row.due_date,
                "accrued_on": day,
                **dict.fromkeys(NOTHING_YET, ZERO),
                "forgone": False,
            }
            amount = one.accrued
            wanted["line", row.id, "interest"] = {
                **common,
                "kind": "interest",
                "move_line_id": row.id,
                "move_id": row.move_id,
                "accrued": amount,
                "accruing": row.open,
                "open_amount": amount,
                "months": accrual.by_month(one.interest, units[row.currency_id])
                if one.interest
                else {},
            }
            if not one.charge:
                continue
            amount = one.compensation
            key = (*row.invoice, "compensation")
            wanted[key] = {
                **common,
                "kind": "compensation",
                "move_line_id": False if row.is_invoice else row.id,
                "move_id": row.move_id if row.is_invoice else False,
                "accrued": amount,
                "accruing": False,
                "open_amount": amount,
                "months": {one.charge.since: amount} if amount else {},
            }
        return wanted

    @api.model
    def _write_months(self, months, day):
        """Keep one entry of what accrued per memo and month.

        Usually only the running month has grown; where an earlier one is another by
        now (a payment with an earlier value date), all of the memo are made anew.

        :param months: ``{memo id: {last day counted: amount}}``.
        """
        if not months:
            return
        Entry = self.env["late.charge.entry"].sudo()
        to_decimal = self.env["res.company"]._to_decimal
        month = day.replace(day=1)
        kept = {
            row[0]: row[1:]
            for row in self.env.execute_query(
                SQL(
                    """
            SELECT charge_id,
                   COALESCE(SUM(amount) FILTER (WHERE date < %(month)s), 0),
                   COUNT(*) FILTER (WHERE date < %(month)s),
                   COUNT(*) FILTER (WHERE date >= %(month)s),
                   MAX(id) FILTER (WHERE date >= %(month)s),
                   MAX(date), MAX(amount) FILTER (WHERE date >= %(month)s)
              FROM late_charge_entry
             WHERE kind = 'accrued' AND charge_id = ANY(%(charges)s)
          GROUP BY charge_id
                    """,
                    month=month,
                    charges=list(months),
                )
            )
        }
        updates, anew, inserts = {}, [], []
        for charge_id, shares in months.items():
            before = {when: part for when, part in shares.items() if when < month}
            now = {when: part for when, part in shares.items() if when >= month}
            was, earlier, running, entry_id, last, amount = kept.get(
                charge_id, (ZERO, 0, 0, None, None, None)
            )
            same = earlier == len(before) and to_decimal(was) == sum(
                before.values(), ZERO
            )
            if not same or running > 1 or len(now) > 1 or (running and not now):
                if earlier or running:
                    anew.append(charge_id)
                inserts += [(charge_id, *share) for share in shares.items()]
            elif not now:
                continue
            elif not running:
                inserts += [(charge_id, *share) for share in now.items()]
            else:
                ((when, part),) = now.items()
                if (last, to_decimal(amount)) != (when, part):
                    updates[entry_id] = {"date": when, "amount": part}
        if anew:
            Entry.search([("kind", "=", "accrued"), ("charge_id", "in", anew)]).unlink()
        Entry._update_rows(updates)
        self._add_entries("accrued", inserts)

    @api.model
    def _add_entries(self, kind, shares, **values):
        """Add movements of memos.

        :param shares: ``[(memo id, day, amount)]``.
        :param values: what else is the same in all of them.
        :return: the entries, in that order.
        """
        memos = self.sudo().browse(dict.fromkeys(share[0] for share in shares))
        memos.fetch(
            ["company_id", "profile_id", "partner_id", "currency_id", "kind"],
        )
        by_id = {memo.id: memo for memo in memos}
        return (
            self.env["late.charge.entry"]
            .sudo()
            ._create_rows(
                [
                    {
                        "charge_id": memo_id,
                        "company_id": by_id[memo_id].company_id.id,
                        "profile_id": by_id[memo_id].profile_id.id,
                        "partner_id": by_id[memo_id].partner_id.id,
                        "currency_id": by_id[memo_id].currency_id.id,
                        "charge_kind": by_id[memo_id].kind,
                        "kind": kind,
                        "date": day,
                        "amount": amount,
                        **values,
                    }
                    for memo_id, day, amount in shares
                ]
            )
        )

    # === INVOICES THAT WERE RESET OR DELETED === #

    @api.model
    def _rejoin(self, profiles):
        """Give memos back to the items of an invoice that was reset and posted again.

        Core makes the items anew when terms or amounts change. The one with the same
        due date is meant, else the first without a memo.
        """
        lost = self.sudo().search_fetch(
            [
                ("profile_id", "in", profiles.ids),
                ("kind", "=", "interest"),
                ("move_line_id", "=", False),
                ("move_id.state", "=", "posted"),
            ],
            ["move_id", "date_maturity"],
            order="date_maturity, id",
        )
        if not lost:
            return
        lines = (
            self.env["account.move.line"]
            .sudo()
            .search_fetch(
                [
                    ("move_id", "in", lost.move_id.ids),
                    ("account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                ],
                ["move_id", "date_maturity"],
                order="date_maturity, id",
            )
        )
        taken = self.sudo().search_fetch(
            [("move_line_id", "in", lines.ids), ("kind", "=", "interest")],
            ["move_line_id"],
        )
        free = defaultdict(list)
        for line in lines - taken.move_line_id:
            free[line.move_id.id].append(line)
        for memo in lost:
            choice = free[memo.move_id.id]
            if not choice:
                continue
            line = next(
                (one for one in choice if one.date_maturity == memo.date_maturity),
                choice[0],
            )
            choice.remove(line)
            memo.move_line_id = line
        self.flush_model(["move_line_id"])

    @api.model
    def _release_orphans(self, profiles):
        """What is left of invoices that are gone: nothing accrues on them.

        A memo nobody has claimed, invoiced or waived goes with its invoice; the others
        stay as what they are, a record of what was done.
        """
        orphans = self.sudo().search(
            Domain("profile_id", "in", profiles.ids)
            & (
                (Domain("accrued", "!=", 0) | Domain("accruing", "=", True))
                & Domain("move_line_id", "=", False)
                & (Domain("kind", "=", "interest") | Domain("move_id", "=", False))
            )
        )
        used = orphans._with_acts()
        (orphans - used).unlink()
        if used:
            used.write({"accrued": 0, "accruing": False})
            used.entry_ids.filtered(lambda entry: entry.kind == "accrued").unlink()
            used._sum_up()

    def _with_acts(self):
        """Those of which something was claimed, invoiced or waived."""
        return self.search(
            Domain("id", "in", self.ids)
            & (
                Domain("entry_ids", "any", [("kind", "!=", "accrued")])
                | Domain("debit_ids", "!=", False)
            )
        )

    # === SUMS === #

    def _sum_up(self):
        """Bring claimed, invoiced, paid, waived and open in step with their rows."""
        if not self:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
        WITH told AS (
            SELECT memo.id,
                   COALESCE((SELECT SUM(amount) FROM late_charge_entry entry
                              WHERE entry.charge_id = memo.id
                                AND entry.kind = 'claimed'), 0) AS claimed,
                   COALESCE((SELECT SUM(amount) FROM late_charge_entry entry
                              WHERE entry.charge_id = memo.id
                                AND entry.kind = 'waived'), 0) AS waived,
                   COALESCE((SELECT SUM(amount) FROM late_charge_debit debit
                              WHERE debit.charge_id = memo.id
                                AND debit.state = 'draft'), 0) AS in_draft,
                   COALESCE((SELECT SUM(invoiced) FROM late_charge_debit debit
                              WHERE debit.charge_id = memo.id), 0) AS invoiced,
                   COALESCE((SELECT SUM(paid) FROM late_charge_debit debit
                              WHERE debit.charge_id = memo.id), 0) AS paid
              FROM late_charge memo
             WHERE memo.id = ANY(%s)
        )
        UPDATE late_charge memo
           SET claimed = told.claimed, waived = told.waived, paid = told.paid,
               in_draft = told.in_draft, invoiced = told.invoiced,
               unpaid = told.invoiced - told.paid,
               open_amount = CASE WHEN memo.forgone THEN 0 ELSE GREATEST(
                   memo.accrued - told.invoiced - told.in_draft - told.waived,
                   -(told.invoiced + told.in_draft)) END
          FROM told
         WHERE memo.id = told.id
                """,
                self.ids,
            )
        )
        self.invalidate_recordset(
            [
                "claimed",
                "waived",
                "paid",
                "unpaid",
                "in_draft",
                "invoiced",
                "open_amount",
            ],
            flush=False,
        )


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_late_charges(self):
        """What was only computed goes with the customer; what was decided stays.

        :raises UserError: when something was claimed, invoiced or waived.
        """
        # sudo: whoever deletes contacts need not see what they owe
        memos = self.env["late.charge"].sudo().search([("partner_id", "in", self.ids)])
        if memos._with_acts():
            raise UserError(
                self.env._(
                    "Interest or compensation of this customer was claimed, invoiced "
                    "or waived, and is kept: archive the contact instead of deleting "
                    "it."
                )
            )
        memos.unlink()


class CreditProfile(models.Model):
    """The nightly job over all customers."""

    _inherit = "credit.profile"

    late_day = fields.Date(string="Interest computed until", readonly=True, copy=False)
    late_seen_at = fields.Datetime(readonly=True, copy=False)
    late_began_at = fields.Datetime(
        readonly=True, copy=False, help="What was settled before is left in peace."
    )
    late_stale = fields.Boolean(
        readonly=True,
        copy=False,
        help="Terms have changed: also what is settled is computed again.",
    )
    late_error = fields.Char(
        string="Interest not up to date",
        readonly=True,
        copy=False,
        help="Why interest of this customer could not be computed the last time.",
    )

    _late_day_idx = models.Index("(company_id, late_day)")

    def write(self, vals):
        result = super().write(vals)
        if any(name in vals for name in TERMS):
            self._update_columns({"late_stale": True})
        return result

    # === ACTIONS === #

    def action_refresh_late(self):
        """Compute interest and compensation of these customers again now."""
        self._check_can_run()
        self.check_access("read")
        self.sudo()._refresh_late()

    # === BUSINESS METHODS === #

    def _refresh_late(self, day=None):
        """Bring the memos of these customers up to date.

        :param day: up to and with this day; default: today where the company is.
        """
        for company, mine in self.sudo().grouped("company_id").items():
            today = day or company._dunning_today()
            now = self.env.cr.now()  # of the database, as what is compared with it
            mine.fetch(["partner_id", "late_seen_at", "late_began_at", "late_stale"])
            for start in range(0, len(mine), PROFILES):
                batch = mine[start : start + PROFILES]
                self.env["late.charge"].sudo()._refresh(batch, today)
                batch.filtered(lambda p: not p.late_began_at)._update_columns(
                    {"late_began_at": now}
                )
                batch._update_columns(
                    {"late_day": today, "late_seen_at": now, "late_stale": False}
                )

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_late(self):
        """Interest and compensation once a day, from the company's midnight on; what
        became of debit notes every time.
        """
        return self.env["ir.cron"]._dunning_retried(self._late_all)

    @api.model
    def _late_all(self):
        self._work_through(
            self._late_domain(fields.Datetime.now()),
            PROFILES,
            "_refresh_late",
            "late_error",
        )
        self.env["late.charge"]._follow_debit_notes()

    @api.model
    def _late_domain(self, now):
        """Customers, archived ones too, who were not looked at today.

        :param now: naive UTC.
        """
        companies = (
            self.env["res.company"]
            .sudo()
            .search([("parent_id", "=", False), ("late_interest", "=", True)])
        )
        # whether the contact is archived makes no difference to a debt
        return Domain("active", "in", (True, False)) & Domain.OR(
            Domain("company_id", "=", company.id)
            & (
                Domain("late_day", "=", False)
                | Domain("late_day", "<", company._dunning_today(now))
            )
            for company in companies
        )
