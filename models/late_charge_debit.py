from collections import defaultdict
from decimal import Decimal

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL, format_date

from ..engine import accrual, insolvency
from ..engine.late_item import EventKind

ZERO = Decimal(0)
# Income from trade receivables, plan comptable general; charts write it with zeros.
FRENCH_ACCOUNT = "7631"


class LateCharge(models.Model):
    """Memos on debit notes: customer invoices for interest, without tax.

    A memo follows its debit note: a draft holds the amount, posting invoices it,
    cancelling, deleting or reversing gives it back, and its payment pays it.
    """

    _inherit = "late.charge"

    # === BUSINESS METHODS: MAKING THEM === #

    def _invoice(self, journal, account, day):
        """Make draft debit notes of what is open, one per customer and currency.

        :param journal: sale journal of the company of the memos.
        :param account: where the income goes.
        :param day: date of the debit notes.
        :return: the drafts, with full rights.
        :raises UserError: when nothing is open, or journal or account are another
            company's.
        """
        self._check_decides()
        self.check_access("read")
        memos = self.sudo()
        memos.lock_for_update()
        details = memos._refresh_now()
        memos = memos.filtered(
            lambda memo: memo.currency_id.compare_amounts(memo.open_amount, 0) > 0
        )
        if not memos:
            raise UserError(
                self.env._(
                    "Nothing is open on what you chose: it is invoiced, in a draft, or "
                    "waived."
                )
            )
        memos._check_may_be_asked_for()
        if memos.company_id != journal.company_id.root_id:
            raise UserError(
                self.env._("Choose memos and a journal of one and the same company.")
            )
        groups = defaultdict(memos.browse)
        for memo in memos.sorted(lambda m: (m.date_maturity, m.name or "", m.id)):
            groups[memo.profile_id, memo.currency_id] |= memo
        Move = self.env["account.move"].sudo().with_company(journal.company_id)
        moves = Move.create(
            [
                mine._prepare_debit_note(journal, account, day, details)
                for mine in groups.values()
            ]
        )
        links = []
        for move, mine in zip(moves, groups.values(), strict=True):
            lines = move.invoice_line_ids.filtered(
                lambda line: line.display_type == "product"
            ).sorted("sequence")
            for memo, line in zip(mine, lines, strict=True):
                links.append(
                    {
                        "charge_id": memo.id,
                        "move_id": move.id,
                        "line_id": line.id,
                        "amount": memo.open_amount,
                    }
                )
        self.env["late.charge.debit"].sudo().create(links)
        memos._sum_up()
        return moves

    def _check_may_be_asked_for(self):
        """What the law lets nobody ask for is not invoiced either.

        Older than a judgment on insolvency: it is declared with its item (C. com.
        L622-21). Of an item of a consumer that is out of time: nor is what hangs on it.

        :raises UserError: with the invoices.
        """
        older = self.filtered(lambda memo: memo._is_older_than_judgment())
        if older:
            raise UserError(
                self.env._(
                    "Older than the judgment on insolvency, so that it is declared to "
                    "the administrator and not invoiced: %(invoices)s",
                    invoices=", ".join(dict.fromkeys(older.mapped("name"))),
                )
            )
        barred = self.filtered(
            lambda memo: (
                memo.profile_id.customer_kind == "consumer"
                and "barred" in memo._receivable_lines().mapped("late_standing")
            )
        )
        if barred:
            raise UserError(
                self.env._(
                    "Out of time, so that consumers are not asked for it any more: "
                    "%(invoices)s",
                    invoices=", ".join(dict.fromkeys(barred.mapped("name"))),
                )
            )

    def _is_older_than_judgment(self):
        self.ensure_one()
        profile, move = self.profile_id, self.move_id or self.move_line_id.move_id
        judgment = not profile.insolvency_resumed and profile.insolvency_date
        arose = move.invoice_date or move.date
        return bool(arose) and insolvency.is_older(arose, judgment or None)

    def _receivable_lines(self):
        """The items a memo is about: of a compensation all of the invoice."""
        return self.move_line_id or self.move_id.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )

    def _refresh_now(self):
        """Bring these memos up to today.

        :return: ``{journal item id: Assessment}``.
        """
        found = {}
        for company, mine in self.sudo().grouped("company_id").items():
            lines = mine.move_line_id.ids
            if mine.move_id:
                # of a compensation: all instalments of the invoice
                apart = mine.filtered(lambda memo: not memo.move_line_id)
                lines += apart._receivable_lines().ids
            found |= self.sudo()._refresh_lines(
                list(dict.fromkeys(lines)), company._dunning_today()
            )
        return found

    def _prepare_debit_note(self, journal, account, day, details):
        """Values of the debit note of one customer in one currency."""
        partner = self.profile_id.partner_id
        lang = partner.lang or self.env.lang
        addressed = partner.address_get(["invoice"])["invoice"]
        memos = self.with_context(lang=lang)
        lines = [
            Command.create(
                {
                    "sequence": sequence,
                    "name": memo._debit_line_text(details.get(memo.move_line_id.id)),
                    "quantity": 1,
                    "price_unit": memo.open_amount,
                    "account_id": account.id,
                    "tax_ids": [Command.clear()],
                }
            )
            for sequence, memo in enumerate(memos, start=1)
        ]
        notes = [
            *memos._debit_bases(details),
            memos.env._(
                "Not subject to VAT: it makes good a loss, and pays for no supply."
            ),
        ]
        return {
            "move_type": "out_invoice",
            "late_debit_note": True,
            "partner_id": addressed or partner.id,
            "currency_id": self.currency_id.id,
            "journal_id": journal.id,
            "invoice_date": day,
            "ref": memos.env._("Late payment"),
            "narration": Markup("").join(Markup("<p>%s</p>") % note for note in notes),
            "invoice_line_ids": lines,
        }

    def _debit_bases(self, details):
        """The legal basis of what is invoiced, as the regimes word it.

        :param details: ``{journal item id: Assessment}``.
        """
        texts = []
        for law, mine in self.grouped("regime_id").items():
            law = law.sudo().with_context(lang=self.env.lang)
            interest = mine.filtered(lambda memo: memo.kind == "interest")
            counted = [details.get(memo.move_line_id.id) for memo in interest]
            segments = [
                segment
                for one in counted
                if one and one.interest
                for segment in one.interest.segments
            ]
            if segments and law.text_interest:
                rates = self._rates_in_words(segments)
                texts.append(law.text_interest.replace("{rate}", rates))
            fixed = (mine - interest).mapped("accrued")
            if fixed and law.text_compensation:
                words = self.currency_id.format(fixed[0])
                if len(fixed) > 1 and len(set(fixed)) == 1:
                    words = f"{len(fixed)} × {words}"
                elif len(fixed) > 1:
                    words = self.currency_id.format(sum(fixed))
                texts.append(law.text_compensation.replace("{compensation}", words))
        return texts

    @api.model
    def _rates_in_words(self, segments):
        """The rates of parts of the interest, as the language writes them."""
        rates = [f"{segment.rate.normalize():f}" for segment in segments]
        return self.env["dunning.notice"]._rate_in_words(rates)

    def _debit_line_text(self, assessment):
        """What the line of the debit note says: invoice, days, rates.

        :param assessment: of its item; None where that is gone.
        """
        self.ensure_one()
        if self.letter_id:
            return self.env._(
                "Fixed compensation for the costs of recovery: %(invoices)s, after our "
                "letter %(letter)s of %(date)s",
                invoices=self.name,
                letter=self.letter_id.name,
                date=format_date(self.env, self.letter_id.date),
            )
        if self.kind == "compensation":
            return self.env._(
                "Fixed compensation for the costs of recovery: %(invoice)s, due on "
                "%(due)s",
                invoice=self.name,
                due=format_date(self.env, self.date_maturity),
            )
        text = self.env._(
            "Late-payment interest: %(invoice)s, due on %(due)s",
            invoice=self.name,
            due=format_date(self.env, self.date_maturity),
        )
        parts = [text]
        counted = assessment and assessment.interest
        for segment in counted.segments if counted else ():
            parts.append(
                self.env._(
                    "%(first)s to %(last)s: %(days)s days on %(base)s at %(rate)s %%",
                    first=format_date(self.env, segment.first),
                    last=format_date(self.env, segment.last),
                    days=segment.days,
                    base=self.currency_id.format(float(segment.base)),
                    rate=self._rates_in_words([segment]),
                )
            )
        before = self.invoiced + self.in_draft + self.waived
        if not self.currency_id.is_zero(before):
            parts.append(
                self.env._(
                    "less %(amount)s invoiced or waived before",
                    amount=self.currency_id.format(before),
                )
            )
        return "\n".join(parts)

    # === BUSINESS METHODS: FOLLOWING THEM === #

    @api.model
    def _follow_debit_notes(self, moves=None):
        """Bring memos in step with what became of their debit notes.

        :param moves: these only; default: all on which something may have changed.
        """
        self.env["late.history"]._flush()
        self.env["late.charge.debit"].flush_model()
        if moves is None:
            only = SQL(
                """(debit.state != move.state
                    OR debit.invoiced != debit.paid
                    OR (debit.invoiced != 0 AND move.payment_state
                        NOT IN ('paid', 'in_payment')))"""
            )
        else:
            only = SQL("debit.move_id = ANY(%s)", moves.ids)
        to_decimal = self.env["res.company"]._to_decimal
        rows = [
            dict(row)
            for row in self.env.execute_query_dict(
                SQL(
                    """
        SELECT debit.id, debit.charge_id, debit.move_id, debit.state AS state_before,
               debit.amount AS amount_before, debit.invoiced AS invoiced_before,
               debit.paid AS paid_before, move.state, move.invoice_date,
               memo.company_id, currency.rounding,
               CASE WHEN move.currency_id = memo.currency_id
                    THEN COALESCE(line.price_total, 0)
                    ELSE debit.amount END AS amount
          FROM late_charge_debit debit
          JOIN late_charge memo ON memo.id = debit.charge_id
          JOIN res_currency currency ON currency.id = memo.currency_id
          JOIN account_move move ON move.id = debit.move_id
     LEFT JOIN account_move_line line ON line.id = debit.line_id
         WHERE %s
      ORDER BY debit.move_id, debit.id
                    """,
                    only,
                )
            )
        ]
        if not rows:
            return
        settled = self._settled_of([row["move_id"] for row in rows])
        by_move = defaultdict(list)
        for row in rows:
            for name in ("amount", "amount_before", "invoiced_before", "paid_before"):
                row[name] = to_decimal(row[name])
            row["unit"] = to_decimal(row["rounding"])
            by_move[row["move_id"]].append(row)
        for move_id, mine in by_move.items():
            self._put_debit_figures(mine, settled.get(move_id))
        self._write_debits(rows, settled)

    @api.model
    def _settled_of(self, move_ids):
        """What was allocated to debit notes.

        :return: ``{move id: (whole, paid, given back, day of the last payment)}``, in
            the currency of the debit note.
        """
        to_decimal = self.env["res.company"]._to_decimal
        lines = self.env.execute_query(
            SQL(
                """
        SELECT line.id, line.move_id, line.amount_currency
          FROM account_move_line line
          JOIN account_account account ON account.id = line.account_id
           AND account.account_type = 'asset_receivable'
         WHERE line.move_id = ANY(%s) AND line.parent_state = 'posted'
                """,
                list(set(move_ids)),
            )
        )
        events = (
            self.env["late.history"].sudo()._events([line_id for line_id, *__ in lines])
        )
        result = {}
        for line_id, move_id, amount in lines:
            whole, paid, back, last = result.get(move_id, (ZERO, ZERO, ZERO, None))
            for event in events.get(line_id, ()):
                if event.kind is EventKind.PAYMENT:
                    paid += event.amount
                    last = max(event.day, last or event.day)
                else:
                    back += event.amount
            result[move_id] = (whole + to_decimal(amount), paid, back, last)
        return result

    @api.model
    def _put_debit_figures(self, rows, settled):
        """What of one debit note is invoiced and paid, memo by memo."""
        whole, paid, back, __ = settled or (ZERO, ZERO, ZERO, None)
        amounts = [row["amount"] for row in rows]
        unit = rows[0]["unit"]
        backs = accrual.apportion(back, amounts, whole, unit)
        pays = accrual.apportion(paid, amounts, whole, unit)
        for row, gone, came in zip(rows, backs, pays, strict=True):
            posted = row["state"] == "posted"
            row["invoiced"] = row["amount"] - gone if posted else ZERO
            row["paid"] = came if posted else ZERO

    @api.model
    def _write_debits(self, rows, settled):
        Debit = self.env["late.charge.debit"].sudo()
        companies = self.env["res.company"].sudo()
        changed = self.browse()
        for row in rows:
            values = {
                name: row[name]
                for name in ("state", "amount", "invoiced", "paid")
                if row[name] != row[f"{name}_before"]
            }
            if not values:
                continue
            today = companies.browse(row["company_id"])._dunning_today()
            days = {
                "invoiced": row["invoice_date"],
                "paid": (settled.get(row["move_id"]) or (None,))[-1],
            }
            for kind, day in days.items():
                more = row[kind] - row[f"{kind}_before"]
                if more:
                    # what is taken back is taken back today
                    when = day if more > ZERO and day else today
                    self._add_entries(
                        kind,
                        [(row["charge_id"], when, more)],
                        debit_move_id=row["move_id"],
                    )
            Debit.browse(row["id"]).write(
                {
                    name: value if name == "state" else float(value)
                    for name, value in values.items()
                }
            )
            changed |= self.sudo().browse(row["charge_id"])
        changed._sum_up()

    # === DEFAULTS === #

    @api.model
    def _debit_account(self, company):
        """The account of the company, else the one the French chart has for it."""
        company = company.sudo()
        if company.late_interest_account_id or company._late_country() != "FR":
            return company.late_interest_account_id
        accounts = self.env["account.account"].with_company(company).sudo()
        return accounts.search(
            [
                ("code", "=like", f"{FRENCH_ACCOUNT}%"),
                ("company_ids", "parent_of", company.id),
            ],
            limit=1,
        )

    @api.model
    def _debit_journal(self, company):
        company = company.sudo()
        return company.late_journal_id or self.env["account.journal"].sudo().search(
            [("type", "=", "sale"), ("company_id", "=", company.id)], limit=1
        )


class AccountMove(models.Model):
    _inherit = "account.move"

    late_debit_note = fields.Boolean(
        string="Debit note for late payment",
        readonly=True,
        copy=False,
        help="Invoices interest and compensation. It is reminded like an invoice, but "
        "bears no interest itself.",
    )

    # === HOOKS OF THE GATE === #

    def _credit_subject(self):
        # a debit note sells nothing: who has no credit owes interest all the more
        return super()._credit_subject().filtered(lambda move: not move.late_debit_note)

    # === OVERRIDES === #

    def _post(self, soft=True):
        # read before, with what core reads anyway; a credit note is allocated to what
        # it reverses when it is posted
        notes = (self | self.reversed_entry_id).filtered("late_debit_note")
        posted = super()._post(soft)
        notes._late_follow()
        return posted

    def button_draft(self):
        notes = self.filtered("late_debit_note")
        result = super().button_draft()
        notes._late_follow()
        return result

    def button_cancel(self):
        notes = self.filtered("late_debit_note")
        result = super().button_cancel()
        notes._late_follow()
        return result

    def unlink(self):
        notes = self.filtered("late_debit_note")
        if not notes:
            return super().unlink()
        links = (
            self.env["late.charge.debit"].sudo().search([("move_id", "in", notes.ids)])
        )
        memos = links.charge_id
        self.env.flush_all()
        result = super().unlink()
        self.env["late.charge.debit"].invalidate_model()
        memos._sum_up()
        return result

    # === BUSINESS METHODS === #

    def _late_follow(self):
        """Tell the memos of these debit notes."""
        if self:
            # sudo: the memos follow whoever posts
            self.env["late.charge"].sudo()._follow_debit_notes(self)
