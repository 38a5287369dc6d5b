from datetime import timedelta
from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from ..engine import accrual
from ..engine.interest import round_to
from .late_history import BEARING

ZERO = Decimal(0)
BATCH_ITEMS = 2_000  # items written down together
# A transaction that began before the last look may have been committed after it.
MARGIN = timedelta(hours=6)
# Amounts of a memo nobody has done anything with.
NOTHING_YET = ("claimed", "in_draft", "invoiced", "paid", "unpaid", "waived")


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
        for start in range(0, len(line_ids), BATCH_ITEMS):
            self._refresh_lines(line_ids[start : start + BATCH_ITEMS], day)
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
        has since been found on the bank), those of whose letters the post has told
        something since, and all with a memo where the law or the terms have changed.
        What was settled before the first look is left in peace.
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
            # of a letter whose first invoice is gone: what else it told
            SQL(
                """
        SELECT told.move_line_id
          FROM late_charge charge
          JOIN dunning_notice_line told ON told.notice_id = charge.letter_id
           AND told.free_reminder AND told.move_line_id IS NOT NULL
         WHERE charge.profile_id = ANY(%(profiles)s)
           AND charge.letter_id IS NOT NULL
           AND charge.accrued != 0
           AND (charge.move_id IS NULL OR charge.profile_id = ANY(%(stale)s))
                """,
                profiles=profiles.ids,
                stale=stale,
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
            # what the post tells of a letter may come after the payment
            parts.append(
                SQL(
                    """
        SELECT told.move_line_id
          FROM credit_profile profile
          JOIN dunning_notice notice ON notice.profile_id = profile.id
           AND notice.state = 'issued'
          JOIN dunning_delivery delivery ON delivery.notice_id = notice.id
           AND delivery.write_date >= profile.late_seen_at - %(margin)s
          JOIN dunning_notice_line told ON told.notice_id = notice.id
           AND told.kind = 'item'
         WHERE profile.id = ANY(%(profiles)s)
           AND EXISTS (SELECT
                         FROM account_partial_reconcile allocated
                        WHERE allocated.debit_move_id = told.move_line_id
                          AND allocated.create_date >= profile.late_began_at)
                    """,
                    margin=MARGIN,
                    profiles=[p.id for p in profiles if p.late_seen_at],
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
                **{
                    name: values.get(name) or memo[name]
                    for name in ("regime_id", "name", "date_maturity", "move_id")
                },
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
               charge.name, charge.date_maturity, charge.letter_id
          FROM late_charge charge
         WHERE charge.move_line_id = ANY(%(lines)s)
            OR (charge.kind = 'compensation'
                AND charge.move_id IN (SELECT line.move_id
                                         FROM account_move_line line
                                        WHERE line.id = ANY(%(lines)s)))
            OR charge.letter_id IN (SELECT told.notice_id
                                      FROM dunning_notice_line told
                                     WHERE told.move_line_id = ANY(%(lines)s)
                                       AND told.free_reminder)
                """,
                lines=list(line_ids),
            )
        ):
            memo = dict(row)
            for name in ("accrued", "invoiced", "in_draft", "waived", "open_amount"):
                memo[name] = to_decimal(memo[name])
            memo["forgone"] = bool(memo["forgone"])
            keys = (memo["move_line_id"], memo["move_id"], memo["letter_id"])
            if memo["kind"] == "interest":
                key = ("line", memo["move_line_id"])
            else:
                key = self._group_of(*keys)
            result[(*key, memo["kind"])] = memo
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
                "letter_id": False,
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
            group, key = one.charge.group
            names = dict.fromkeys(found[item].row.name for item in one.charge.items)
            wanted[group, key, "compensation"] = {
                **common,
                "kind": "compensation",
                "name": ", ".join(names),
                "move_line_id": row.id if group == "line" else False,
                "move_id": False if group == "line" else row.move_id,
                "letter_id": key if group == "letter" else False,
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
                    updates[entry_id] = (charge_id, when, part)
        if anew:
            Entry.search([("kind", "=", "accrued"), ("charge_id", "in", anew)]).unlink()
        own = self._in_company_currency(updates.values())
        Entry._update_rows(
            {
                entry_id: {
                    "date": when,
                    "amount": part,
                    "amount_company": amount,
                    "accrued": amount,
                }
                for (entry_id, (__, when, part)), amount in zip(
                    updates.items(), own, strict=True
                )
            }
        )
        self._add_entries("accrued", inserts)

    @api.model
    def _add_entries(self, kind, shares, **values):
        """Add movements of memos, with their amount in company currency.

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
                        "amount_company": own,
                        kind: own,
                        **values,
                    }
                    for (memo_id, day, amount), own in zip(
                        shares, self._in_company_currency(shares), strict=True
                    )
                ]
            )
        )

    @api.model
    def _in_company_currency(self, shares):
        """Amounts of movements in the currency of their company, as of their day.

        :param shares: ``[(memo id, day, amount)]``.
        :return: the amounts, rounded, in that order; without a query where nothing is
            in another currency.
        """
        memos = self.sudo().browse(dict.fromkeys(share[0] for share in shares))
        memos.fetch(["company_id", "currency_id"])
        to_decimal = self.env["res.company"]._to_decimal
        convert, amounts = {}, []
        for memo_id, day, amount in shares:
            memo = memos.browse(memo_id)
            company, currency = memo.company_id, memo.company_id.currency_id
            if memo.currency_id == currency:
                amounts.append(amount)
                continue
            if company not in convert:
                convert[company] = self.env["late.history"]._conversions(company)
            rate = convert[company](memo.currency_id.id, currency.id, day)
            unit = Decimal(str(currency.rounding))
            amounts.append(round_to(to_decimal(amount) * rate, unit))
        return amounts
