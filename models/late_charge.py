from odoo import fields, models

KINDS = [("interest", "Interest"), ("compensation", "Compensation")]


class LateCharge(models.Model):
    """What the delay of one item costs the customer, by law or contract: a memo.

    No entry in the ledger: it says what may be claimed, what was claimed on notices,
    invoiced by a debit note, paid of that, or waived. It survives the payment of the
    item itself. Interest has one memo per journal item (an instalment has its own
    clock), compensation one per invoice, or one per letter where the law adds up what
    a letter tells (the invoice is then the first of it). Amounts in the item's
    currency.
    """

    _name = "late.charge"
    _description = "Interest and Compensation of an Item"
    _inherit = ["dunning.bulk.mixin"]
    _rec_name = "name"
    _order = "date_maturity desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    profile_id = fields.Many2one(
        "credit.profile", required=True, index=True, readonly=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        related="profile_id.partner_id", string="Customer", store=True, index=True
    )
    kind = fields.Selection(KINDS, required=True, readonly=True)
    # set null: an invoice that is reset and deleted takes what was not claimed along
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Journal item",
        index="btree_not_null",
        readonly=True,
        ondelete="set null",
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        index="btree_not_null",
        readonly=True,
        ondelete="set null",
    )
    letter_id = fields.Many2one(
        "dunning.notice",
        index="btree_not_null",
        readonly=True,
        ondelete="restrict",
        help="The reminder whose sums the compensation was found with, where the law "
        "has one per letter.",
    )
    name = fields.Char(string="Number", readonly=True)
    date_maturity = fields.Date(string="Due date", readonly=True)
    regime_id = fields.Many2one("late.regime", readonly=True, ondelete="restrict")
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    accrued = fields.Monetary(
        readonly=True, help="By law or contract, to the day below."
    )
    accrued_on = fields.Date(string="Accrued until", readonly=True)
    accruing = fields.Boolean(
        readonly=True, help="The item is still open: the amount goes on growing."
    )
    claimed = fields.Monetary(readonly=True, help="The most that a notice has claimed.")
    in_draft = fields.Monetary(
        string="In drafts",
        readonly=True,
        help="On debit notes that nobody has posted yet.",
    )
    invoiced = fields.Monetary(
        readonly=True,
        help="On debit notes that are posted, without what was reversed.",
    )
    paid = fields.Monetary(readonly=True, help="Paid of what was invoiced.")
    unpaid = fields.Monetary(
        readonly=True, help="Invoiced by debit notes that are not paid."
    )
    waived = fields.Monetary(readonly=True)
    forgone = fields.Boolean(
        string="Waived for good",
        readonly=True,
        help="Also what still accrues is not claimed any more.",
    )
    open_amount = fields.Monetary(
        string="Open",
        readonly=True,
        help="Accrued, neither invoiced, nor in a draft, nor waived. Below zero: more "
        "was invoiced than is due by now, because a payment or credit note counts from "
        "an earlier day.",
    )
    entry_ids = fields.One2many("late.charge.entry", "charge_id", string="Movements")
    debit_ids = fields.One2many("late.charge.debit", "charge_id", string="Debit notes")

    _interest_uniq = models.UniqueIndex(
        "(move_line_id) WHERE kind = 'interest'",
        "There is one memo of interest per journal item.",
    )
    # of an invoice; items of other entries have one each, and no invoice
    _compensation_uniq = models.UniqueIndex(
        "(move_id) WHERE kind = 'compensation' AND letter_id IS NULL",
        "Compensation is due once per invoice.",
    )
    _compensation_letter_uniq = models.UniqueIndex(
        "(letter_id) WHERE kind = 'compensation'",
        "Compensation is due once per letter.",
    )
    _compensation_item_uniq = models.UniqueIndex(
        "(move_line_id) WHERE kind = 'compensation'",
        "Compensation is due once per item.",
    )
    _accruing_idx = models.Index("(profile_id) WHERE accruing")


class LateChargeEntry(models.Model):
    """One step in the life of a memo, with its day: the list per customer and period.

    What was accrued in a month is one entry, dated at the month's last day or at the
    last day counted. The others are acts, with who and why, and are never rewritten.
    """

    _name = "late.charge.entry"
    _description = "Movement of Interest and Compensation"
    _inherit = ["dunning.bulk.mixin"]
    _log_access = False  # acts say who and when, what accrues has no author
    _order = "date desc, id desc"

    charge_id = fields.Many2one(
        "late.charge",
        string="Memo",
        required=True,
        index=True,
        readonly=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="charge_id.company_id", store=True, index=True)
    profile_id = fields.Many2one(related="charge_id.profile_id", store=True, index=True)
    partner_id = fields.Many2one(related="charge_id.partner_id", store=True)
    currency_id = fields.Many2one(related="charge_id.currency_id", store=True)
    charge_kind = fields.Selection(
        related="charge_id.kind", string="Interest or compensation", store=True
    )
    kind = fields.Selection(
        [
            ("accrued", "Accrued"),
            ("claimed", "Claimed"),
            ("invoiced", "Invoiced"),
            ("paid", "Paid"),
            ("waived", "Waived"),
        ],
        required=True,
        readonly=True,
    )
    date = fields.Date(required=True, index=True, readonly=True)
    amount = fields.Monetary(readonly=True, help="In the currency of the item.")
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company currency"
    )
    amount_company = fields.Monetary(
        string="Amount (company currency)",
        currency_field="company_currency_id",
        readonly=True,
        help="At the exchange rate of the day of the movement.",
    )
    # the same by kind, so that each kind has a sum of its own: written with the row
    accrued = fields.Monetary(
        currency_field="company_currency_id",
        readonly=True,
        help="What arose by law or contract in the period. Company currency.",
    )
    claimed = fields.Monetary(
        currency_field="company_currency_id",
        readonly=True,
        help="What notices claimed for the first time. Company currency.",
    )
    invoiced = fields.Monetary(
        currency_field="company_currency_id",
        readonly=True,
        help="By debit notes, less what was reversed. Company currency.",
    )
    paid = fields.Monetary(
        currency_field="company_currency_id",
        readonly=True,
        help="Of what was invoiced. Company currency.",
    )
    waived = fields.Monetary(
        currency_field="company_currency_id",
        readonly=True,
        help="Less what was taken back. Company currency.",
    )
    notice_id = fields.Many2one(
        "dunning.notice", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    debit_move_id = fields.Many2one(
        "account.move",
        string="Debit note",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    reason = fields.Char(readonly=True)
    user_id = fields.Many2one("res.users", string="By", readonly=True)
    undone_id = fields.Many2one(
        "late.charge.entry",
        string="Taken back by",
        index="btree_not_null",
        readonly=True,
        ondelete="set null",
    )

    _accrued_idx = models.Index("(charge_id, date) WHERE kind = 'accrued'")


class LateChargeDebit(models.Model):
    """What one debit note invoices of one memo; amounts in the memo's currency.

    Written when the debit note is made, kept in step with it afterwards: its amount as
    the accountant left it, what credit notes took back, what money came for it.
    """

    _name = "late.charge.debit"
    _description = "Interest or Compensation on a Debit Note"
    _order = "id desc"

    charge_id = fields.Many2one(
        "late.charge", required=True, index=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="charge_id.company_id", store=True)
    currency_id = fields.Many2one(related="charge_id.currency_id", store=True)
    move_id = fields.Many2one(
        "account.move",
        string="Debit note",
        required=True,
        index=True,
        readonly=True,
        ondelete="cascade",
    )
    line_id = fields.Many2one(
        "account.move.line",
        string="Line of the debit note",
        index="btree_not_null",
        readonly=True,
        ondelete="set null",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("posted", "Posted"), ("cancel", "Cancelled")],
        default="draft",
        required=True,
        readonly=True,
    )
    amount = fields.Monetary(readonly=True)
    invoiced = fields.Monetary(
        default=0, readonly=True, help="Without what was reversed."
    )
    paid = fields.Monetary(default=0, readonly=True)
