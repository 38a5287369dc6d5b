import re
from decimal import Decimal
from functools import cache

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

from ..engine import days, regime

#: what is filled in where a text says so in braces
PLACES = {
    "invoice": {"rate", "compensation"},
    "interest": {"rate"},
    "compensation": {"compensation"},
    "notice": set(),
    "reminder": {"balance", "compensation", "claims"},
}


class LateRegime(models.Model):
    """The law of late payment for one kind of debtor in one country, as dated data.

    Everything that differs between countries is a field; the rules (``engine.regime``,
    ``engine.interest``, ``engine.compensation``) know no country. A change of the law
    is a new row with its own dates; the old one gets its last day. Rates are percent
    per year, amounts in the currency of the compensation.
    """

    _name = "late.regime"
    _description = "Regime of Late Payment"
    _inherit = ["mail.thread"]
    _order = "country_id, sequence, code"

    name = fields.Char(required=True, translate=True, tracking=True)
    code = fields.Char(required=True, tracking=True, copy=False)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    country_id = fields.Many2one(
        "res.country", required=True, index=True, tracking=True
    )
    for_business = fields.Boolean(string="Businesses", tracking=True)
    for_consumer = fields.Boolean(string="Consumers", tracking=True)
    for_public = fields.Boolean(string="Public bodies", tracking=True)
    valid_from = fields.Date(tracking=True, help="Empty: always was.")
    valid_until = fields.Date(tracking=True, help="Last day. Empty: still in force.")
    verified = fields.Boolean(
        tracking=True,
        help="Somebody has read the rule in its source. Otherwise have it confirmed "
        "before you claim anything under it.",
    )
    previous_id = fields.Many2one(
        "late.regime",
        string="Takes the place of",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
        help="The same rule as it was before.",
    )
    doubts = fields.Text(
        string="To have confirmed",
        translate=True,
        tracking=True,
        help="What a lawyer or accountant should confirm before this is relied on.",
    )

    # --- rate -------------------------------------------------------------------------

    series_id = fields.Many2one(
        "late.rate.series",
        string="Reference rate",
        tracking=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    multiplier = fields.Float(digits=(8, 4), default=1, tracking=True)
    margin = fields.Float(
        digits=(8, 4), tracking=True, help="Points on top of the reference rate."
    )
    round_up_to = fields.Float(
        digits=(8, 4),
        tracking=True,
        help="The whole rate is rounded up to a multiple of that; 0: it is not.",
    )
    has_fixed_rate = fields.Boolean(string="Rate in the statute", tracking=True)
    fixed_rate = fields.Float(digits=(8, 4), tracking=True)
    clause = fields.Selection(
        [
            ("none", "Counts for nothing"),
            ("optional", "Takes the place of the law's rate"),
            ("required", "Needed: nothing is due without it"),
        ],
        string="Clause of the contract",
        required=True,
        default="none",
        tracking=True,
    )
    clause_capped = fields.Boolean(
        tracking=True,
        help="What the contract says counts up to what the law says, never above.",
    )
    clause_replaces = fields.Boolean(
        string="Its rate replaces the compensation",
        tracking=True,
        help="A rate of the contract takes the place of the compensation of the law, "
        "too, unless the contract names one.",
    )
    floor_series_id = fields.Many2one(
        "late.rate.series",
        string="Floor of contract rates",
        tracking=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    floor_multiplier = fields.Float(digits=(8, 4), default=1, tracking=True)
    lock = fields.Selection(
        [
            ("period", "Follows each half-year"),
            ("start", "That of the first day, for good"),
            ("payment", "That of the day of payment"),
        ],
        string="Rate of a day",
        required=True,
        default="period",
        tracking=True,
    )

    # --- time -------------------------------------------------------------------------

    accrual = fields.Selection(
        [
            ("due", "Due date"),
            ("notice", "Formal notice"),
            ("reminder", "Reminder"),
            ("delivery", "Delivery"),
            ("wait_start", "Begin of the time to pay of the reminder"),
            ("wait_end", "End of the time to pay of the reminder"),
        ],
        string="Interest runs from",
        required=True,
        default="due",
        tracking=True,
        help="The day after it is the first that bears interest.",
    )
    accrual_days = fields.Integer(string="Days to add", tracking=True)
    accrual_months = fields.Integer(string="Months to add", tracking=True)
    agreed_day_suffices = fields.Boolean(
        tracking=True,
        help="Where a day of payment was agreed, interest runs from it without notice.",
    )
    divisor = fields.Selection(
        [
            ("365", "365, in leap years too"),
            ("actual", "365 or 366"),
            ("360", "360"),
        ],
        string="Days of a year",
        required=True,
        default="365",
        tracking=True,
    )
    compounding = fields.Boolean(
        string="Compounded yearly",
        tracking=True,
        help="Interest of a full year bears interest from then on.",
    )
    weekend = fields.Selection(
        [
            ("none", "The due date stays"),
            ("sunday", "Sundays and holidays move to the next working day"),
            ("weekend", "Saturdays, too"),
        ],
        required=True,
        default="none",
        tracking=True,
    )
    limitation_years = fields.Integer(
        tracking=True,
        help="Years after which the claim cannot be enforced; 0: not known.",
    )
    limitation_year_end = fields.Boolean(
        tracking=True, help="Counted from the end of the year."
    )

    # --- payments ---------------------------------------------------------------------

    allocation = fields.Selection(
        [
            ("ledger", "Principal first, as it is reconciled"),
            ("interest_first", "Interest first"),
            ("costs_first", "Costs, interest, principal"),
        ],
        string="Part payments",
        required=True,
        default="ledger",
        tracking=True,
    )
    credit_notes = fields.Selection(
        [
            ("own_date", "From their own date"),
            ("retroactive", "As if the claim had never been that high"),
        ],
        required=True,
        default="own_date",
        tracking=True,
    )
    rounding = fields.Selection(
        [("invoice", "Once per item"), ("line", "Every line")],
        required=True,
        default="invoice",
        tracking=True,
    )

    # --- compensation -----------------------------------------------------------------

    band_ids = fields.One2many("late.regime.band", "regime_id", copy=True)
    compensation_inclusive = fields.Boolean(
        default=True,
        tracking=True,
        help="The upper end belongs to the step; otherwise it begins the next one.",
    )
    compensation_minimum = fields.Float(digits=(16, 2), tracking=True)
    compensation_maximum = fields.Float(
        digits=(16, 2), tracking=True, help="0: no limit."
    )
    compensation_per = fields.Selection(
        [("invoice", "Invoice"), ("letter", "Letter: its sums are added first")],
        required=True,
        default="invoice",
        tracking=True,
    )
    compensation_currency_id = fields.Many2one(
        "res.currency", tracking=True, default=lambda self: self.env.ref("base.EUR")
    )
    compensation_vat = fields.Boolean(
        string="VAT may be added",
        tracking=True,
        help="Where the creditor cannot deduct it.",
    )
    compensation_waits = fields.Boolean(
        tracking=True, help="Due only when the time to pay of the reminder has passed."
    )

    # --- reminders --------------------------------------------------------------------

    wait_days = fields.Integer(
        tracking=True,
        help="Calendar days a reminder must give before anything may be charged; 0: "
        "none.",
    )
    wait_email = fields.Integer(
        default=1, tracking=True, help="They begin so many days after an e-mail."
    )
    wait_letter = fields.Integer(
        default=3, tracking=True, help="They begin so many days after a letter."
    )
    wait_letter_working = fields.Boolean(
        default=True, tracking=True, help="Those are working days."
    )
    wait_from_receipt = fields.Boolean(
        tracking=True, help="They begin on the day after a known receipt."
    )
    free_reminders = fields.Integer(
        tracking=True, help="Reminders of a debt that must be free."
    )
    free_per_year = fields.Integer(
        tracking=True,
        help="Free reminders per calendar year; 0: the law has no number.",
    )
    reminder_limited = fields.Boolean(
        tracking=True, help="The law says what a further reminder may cost at most."
    )
    reminder_maximum = fields.Float(
        digits=(16, 2),
        tracking=True,
        help="At most that for each further one; 0: nothing.",
    )
    reminder_postage = fields.Boolean(tracking=True, help="Plus postage.")

    # --- texts ------------------------------------------------------------------------

    text_invoice = fields.Text(
        string="On invoices",
        translate=True,
        tracking=True,
        help="What invoices must say. {rate} and {compensation} are filled in.",
    )
    text_interest = fields.Text(
        string="Legal basis of interest",
        translate=True,
        tracking=True,
        help="Printed on notices. {rate} is filled in.",
    )
    text_compensation = fields.Text(
        string="Legal basis of compensation",
        translate=True,
        tracking=True,
        help="Printed on notices. {compensation} is filled in.",
    )
    text_notice = fields.Text(
        string="Effect of the formal notice",
        translate=True,
        tracking=True,
        help="Printed on it.",
    )
    text_reminder = fields.Text(
        string="In the first reminder",
        translate=True,
        tracking=True,
        help="What the law asks the free first reminder to say. {balance}, "
        "{compensation} and {claims}, the compensation or interest or both, are filled "
        "in.",
    )
    bases = fields.Json(
        help="The article behind each thing that may not be claimed, by rule."
    )

    _code_uniq = models.UniqueIndex("(code)", "There is a regime of this code already.")
    _dates_ordered = models.Constraint(
        "CHECK (valid_until >= valid_from)",
        "A regime cannot end before it begins.",
    )
    _kind_given = models.Constraint(
        "CHECK (for_business OR for_consumer OR for_public)",
        "Say for whom the regime is: businesses, consumers or public bodies.",
    )

    @api.constrains(*(f"text_{purpose}" for purpose in PLACES))
    def _check_texts(self):
        """In braces stands nothing but what is filled in, in every language."""
        for row in self:
            for purpose, known in PLACES.items():
                name = f"text_{purpose}"
                texts = row._fields[name]._get_stored_translations(row) or {}
                for text in texts.values():
                    unknown = set(re.findall(r"{([^{}]*)}", text or "")) - known
                    if unknown:
                        raise ValidationError(
                            self.env._(
                                "%(field)s: {%(name)s} is not known. What is filled "
                                "in: %(known)s.",
                                field=self.fields_get([name], ["string"])[name][
                                    "string"
                                ],
                                name=unknown.pop(),
                                known=", ".join(f"{{{one}}}" for one in sorted(known))
                                or "-",
                            )
                        )

    # === BUSINESS METHODS === #

    @api.model
    def _all_engine(self, archived=False):
        """All regimes as the rules see them: ``{id: engine.regime.Regime}``.

        :param archived: whether also those nobody chooses any more.
        """
        book = self._law_book()
        if archived:
            return book.laws
        return {key: book.laws[key] for key in book.active}

    @api.model
    def _chooser(self, laws, day):
        """A function that says which row holds for a customer on that day.

        It takes the country of the company's law, the customer's, their kind, whether
        their contract has a clause, and the id of their own regime or None; it gives
        an id of ``laws``, or False. It remembers what it was asked.

        :param laws: ``_all_engine(True)``.
        """
        book = self._law_book()
        keys = {law.code: key for key, law in laws.items()}
        # an archived row is chosen by nobody but those customers who have it
        general = [law for key, law in laws.items() if key in book.active]
        versions = book.versions(day)

        @cache
        def choose(law_country, customer_country, kind, clause, own):
            debtor = regime.Debtor(kind or "consumer")
            version = versions.get(own)
            if version and regime.is_for(laws[version], debtor):
                return version
            if not law_country:
                return False
            law = regime.choose(
                general,
                law_country=law_country,
                customer_country=customer_country,
                debtor=debtor,
                day=day,
                clause=clause,
            )
            return keys[law.code] if law else False

        return choose

    @api.model
    @ormcache("name")
    def _currency_id_of(self, name):
        currencies = self.env["res.currency"].sudo().with_context(active_test=False)
        return currencies.search([("name", "=", name)], limit=1).id

    @api.model
    def _currency_of(self, name):
        """The currency of that name, also where nobody uses it yet."""
        return self.env["res.currency"].browse(self._currency_id_of(name))

    def _to_engine(self):
        """The regime as the rules see it."""
        self.ensure_one()
        row = self.sudo()  # sudo: law is no secret
        return regime.Regime(
            code=row.code,
            name=row.name,
            country=row.country_id.code,
            debtors=frozenset(row._debtors()),
            series=row.series_id.code or None,
            multiplier=row._decimal("multiplier"),
            margin=row._decimal("margin"),
            round_up_to=row._decimal("round_up_to") or None,
            fixed_rate=row._decimal("fixed_rate") if row.has_fixed_rate else None,
            clause=regime.Clause(row.clause),
            clause_capped=row.clause_capped,
            clause_replaces=row.clause_replaces,
            floor_series=row.floor_series_id.code or None,
            floor_multiplier=row._decimal("floor_multiplier"),
            lock=regime.RateLock(row.lock),
            accrual=regime.Accrual(row.accrual),
            accrual_days=row.accrual_days,
            accrual_months=row.accrual_months,
            agreed_day_suffices=row.agreed_day_suffices,
            divisor=regime.Divisor(row.divisor),
            compounding=row.compounding,
            weekend=days.Weekend(row.weekend),
            allocation=regime.Allocation(row.allocation),
            credit_notes=regime.CreditNotes(row.credit_notes),
            rounding=regime.Rounding(row.rounding),
            compensation=row._compensation(),
            compensation_waits=row.compensation_waits,
            wait=row._wait(),
            reminders=regime.ReminderFees(
                free=row.free_reminders,
                free_per_year=row.free_per_year or None,
                maximum=(
                    row._decimal("reminder_maximum") if row.reminder_limited else None
                ),
                postage=row.reminder_postage,
            ),
            limitation_years=row.limitation_years or None,
            limitation_year_end=row.limitation_year_end,
            valid_from=row.valid_from or None,
            valid_until=row.valid_until or None,
            verified=row.verified,
            bases=row.bases or {},
        )

    def _debtors(self):
        kinds = {
            regime.Debtor.BUSINESS: self.for_business,
            regime.Debtor.CONSUMER: self.for_consumer,
            regime.Debtor.PUBLIC: self.for_public,
        }
        return [kind for kind, chosen in kinds.items() if chosen]

    def _compensation(self):
        if not self.band_ids:
            return None
        return regime.Compensation(
            bands=tuple(
                regime.Band(
                    band._decimal("up_to") or None,
                    band._decimal("amount"),
                    band._decimal("percent"),
                )
                # those of the form may stand in another order than stored ones
                for band in self.band_ids.sorted(lambda b: (not b.up_to, b.up_to))
            ),
            inclusive=self.compensation_inclusive,
            minimum=self._decimal("compensation_minimum"),
            maximum=self._decimal("compensation_maximum") or None,
            per=regime.Per(self.compensation_per),
            currency=self.compensation_currency_id.name or "EUR",
            vat=self.compensation_vat,
        )

    def _wait(self):
        if not self.wait_days:
            return None
        return regime.Wait(
            self.wait_days,
            email=self.wait_email,
            letter=self.wait_letter,
            letter_working=self.wait_letter_working,
            from_receipt=self.wait_from_receipt,
        )

    def _decimal(self, name):
        """A figure as it is stored, free of the noise of binary fractions."""
        __, digits = self._fields[name].get_digits(self.env)
        return Decimal(f"{self[name]:.{digits}f}")


class LateRegimeBand(models.Model):
    """One step of a fixed compensation."""

    _name = "late.regime.band"
    _description = "Step of a Compensation"
    _order = "regime_id, last_step, up_to, id"

    regime_id = fields.Many2one(
        "late.regime", required=True, index=True, ondelete="cascade"
    )
    up_to = fields.Float(
        digits=(16, 2), help="Upper end of the step; 0: the last step, without end."
    )
    last_step = fields.Boolean(compute="_compute_last_step", store=True)
    amount = fields.Float(digits=(16, 2))
    percent = fields.Float(
        digits=(8, 4), help="Of what is above the lower end of the step."
    )

    _positive = models.Constraint(
        "CHECK (up_to >= 0 AND amount >= 0 AND percent >= 0)",
        "Steps, amounts and percentages of a compensation cannot be below zero.",
    )

    @api.depends("up_to")
    def _compute_last_step(self):
        for band in self:
            band.last_step = not band.up_to

    def _decimal(self, name):
        __, digits = self._fields[name].get_digits(self.env)
        return Decimal(f"{self[name]:.{digits}f}")
