from collections import defaultdict

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class LateCharge(models.Model):
    """Memos in step with their rows, and with invoices and customers that go."""

    _inherit = "late.charge"

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
                & (Domain("letter_id", "=", False) | ~self._letter_tells())
            )
        )
        used = orphans._with_acts()
        (orphans - used).unlink()
        if used:
            used.write({"accrued": 0, "accruing": False})
            used.entry_ids.filtered(lambda entry: entry.kind == "accrued").unlink()
            used._sum_up()

    @api.model
    def _letter_tells(self):
        """Memos of letters of which some item is still there."""
        told = Domain("free_reminder", "=", True) & Domain("move_line_id", "!=", False)
        return Domain("letter_id.line_ids", "any", list(told))

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
