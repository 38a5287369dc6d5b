from decimal import Decimal

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, float_compare, formatLang

ZERO = Decimal(0)


class LateCharge(models.Model):
    """What people and notices do with a memo: claim, waive, take back."""

    _inherit = "late.charge"

    # === ACTIONS === #

    def action_waive(self):
        """Open the dialogue that waives some of it."""
        self._check_decides()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Waive interest and compensation"),
            "res_model": "late.waive.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_charge_ids": self.ids},
        }

    def action_debit_note(self):
        """Open the dialogue that invoices it."""
        self._check_decides()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoice interest and compensation"),
            "res_model": "late.debit.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_charge_ids": self.ids},
        }

    def action_claim_again(self):
        """Go on claiming what accrues after it was waived for good."""
        self._check_decides()
        self.check_access("read")
        memos = self.sudo().filtered("forgone")
        for company, mine in memos.grouped("company_id").items():
            today = company._dunning_today()
            self._add_entries(
                "waived",
                [(memo.id, today, 0) for memo in mine],
                reason=self.env._("What accrues is claimed again"),
                user_id=self.env.uid,
            )
        memos.forgone = False
        memos._sum_up()

    def action_view_invoice(self):
        """Open the invoice that was paid late."""
        self.ensure_one()
        return self.move_id._get_records_action()

    # === BUSINESS METHODS === #

    @api.model
    def _check_decides(self):
        if not self.env.su and not self.env.user.has_group(
            "account_dunning.group_account_dunning_manager"
        ):
            raise AccessError(
                self.env._(
                    "Only a credit manager invoices or waives interest and "
                    "compensation."
                )
            )

    @api.model
    def _note_claimed(self, notices):
        """Write down what notices claim, when they are issued.

        A memo keeps the most that was ever claimed: a later notice adds what it claims
        beyond that. What has no memo yet gets one.

        :param notices: issued, with ``interest`` and ``compensation`` on their lines.
        """
        notices.flush_recordset()
        self.env["late.history"]._flush()
        rows = self.env.execute_query_dict(
            SQL(
                """
        SELECT line.notice_id, notice.date, line.move_line_id AS line_id,
               COALESCE(line.interest, 0) AS interest,
               COALESCE(line.compensation, 0) AS compensation
          FROM dunning_notice_line line
          JOIN dunning_notice notice ON notice.id = line.notice_id
         WHERE line.notice_id = ANY(%s)
           AND line.move_line_id IS NOT NULL
           AND (line.interest > 0 OR line.compensation > 0)
      ORDER BY notice.date, line.id
                """,
                notices.ids,
            )
        )
        if not rows:
            return
        line_ids = list(dict.fromkeys(row["line_id"] for row in rows))
        known = self._memos_of(line_ids)
        lacking = [
            row["line_id"]
            for row in rows
            for kind in ("interest", "compensation")
            if row[kind] and (row["line_id"], kind) not in known
        ]
        if lacking:
            self.sudo()._refresh_lines(lacking, max(row["date"] for row in rows))
            known = self._memos_of(line_ids)
        to_decimal = self.env["res.company"]._to_decimal
        shares, claimed = {}, {}
        for row in rows:
            for kind in ("interest", "compensation"):
                amount = to_decimal(row[kind])
                memo_id, before = known.get((row["line_id"], kind), (None, ZERO))
                more = amount - claimed.get(memo_id, before)
                if not memo_id or more <= ZERO:
                    continue
                claimed[memo_id] = amount
                share = (memo_id, row["date"], more)
                shares.setdefault(row["notice_id"], []).append(share)
        for notice_id, mine in shares.items():
            self._add_entries("claimed", mine, notice_id=notice_id)
        self.sudo().browse(claimed)._sum_up()

    @api.model
    def _note_unclaimed(self, notices):
        """Take back what notices claimed that reached nobody."""
        entries = (
            self.env["late.charge.entry"]
            .sudo()
            .search([("notice_id", "in", notices.ids), ("kind", "=", "claimed")])
        )
        memos = entries.charge_id
        entries.unlink()
        memos._sum_up()

    @api.model
    def _memos_of(self, line_ids):
        """``{(journal item id, kind): (memo id, claimed)}``.

        All instalments of an invoice lead to its one compensation, and all that a
        letter told to the one of the letter. Where there are several, the last one in
        force counts.
        """
        to_decimal = self.env["res.company"]._to_decimal
        return {
            (line_id, kind): (memo_id, to_decimal(claimed))
            for line_id, kind, memo_id, claimed in self.env.execute_query(
                SQL(
                    """
            SELECT line.id, memo.kind, memo.id, memo.claimed
              FROM account_move_line line
              JOIN late_charge memo
                ON memo.move_line_id = line.id
                OR (memo.kind = 'compensation' AND memo.move_id = line.move_id)
                OR memo.letter_id IN (SELECT told.notice_id
                                        FROM dunning_notice_line told
                                       WHERE told.move_line_id = line.id
                                         AND told.free_reminder)
             WHERE line.id = ANY(%s)
          ORDER BY memo.accrued != 0, memo.id
                    """,
                    line_ids,
                )
            )
        }

    def _waive(self, amounts, reason, forgo=False):
        """Waive what is open of these memos, or some of it.

        :param amounts: ``{memo id: amount}``, above zero, at most what is open.
        :param forgo: whether what still accrues is not claimed either.
        :raises UserError: when there is no reason, or more would be waived than is
            open.
        """
        self._check_decides()
        self.check_access("read")
        if not (reason or "").strip():
            raise UserError(self.env._("Say why it is waived."))
        memos = self.sudo()
        memos.lock_for_update()
        for memo in memos:
            amount = amounts.get(memo.id, 0)
            rounding = memo.currency_id.rounding
            if amount < 0 or (
                float_compare(amount, memo.open_amount, precision_rounding=rounding) > 0
            ):
                raise UserError(
                    self.env._(
                        "%(invoice)s: between zero and %(open)s can be waived.",
                        invoice=memo.name,
                        open=formatLang(
                            self.env,
                            max(memo.open_amount, 0),
                            currency_obj=memo.currency_id,
                        ),
                    )
                )
        for company, mine in memos.grouped("company_id").items():
            self._add_entries(
                "waived",
                [
                    (memo.id, company._dunning_today(), amounts.get(memo.id) or 0)
                    for memo in mine
                    if amounts.get(memo.id) or (forgo and not memo.forgone)
                ],
                reason=reason.strip(),
                user_id=self.env.uid,
            )
        if forgo:
            memos.forgone = True
        memos._sum_up()


class LateChargeEntry(models.Model):
    _inherit = "late.charge.entry"

    # === ACTIONS === #

    def action_view_charge(self):
        """Open the memo it belongs to."""
        self.ensure_one()
        return self.charge_id._get_records_action()

    def action_undo(self):
        """Take a waiver back: it stays in the list, with a movement against it."""
        Memo = self.env["late.charge"]
        Memo._check_decides()
        self.check_access("read")
        entries = self.sudo().filtered(
            lambda entry: (
                entry.kind == "waived" and entry.amount > 0 and not entry.undone_id
            )
        )
        if not entries:
            raise UserError(self.env._("Only a waiver can be taken back, and once."))
        for entry in entries:
            entry.undone_id = Memo._add_entries(
                "waived",
                [
                    (
                        entry.charge_id.id,
                        entry.company_id._dunning_today(),
                        -entry.amount,
                    )
                ],
                reason=self.env._("Taken back: %(reason)s", reason=entry.reason),
                user_id=self.env.uid,
            )
        entries.charge_id.forgone = False
        entries.charge_id._sum_up()
