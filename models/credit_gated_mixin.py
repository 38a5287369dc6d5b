import functools
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL, format_date, formatLang
from odoo.tools.i18n import format_list
from odoo.tools.sql import column_exists

from ..engine import gate
from .dunning_bulk_mixin import DunningBulkMixin

ZERO = Decimal(0)
WAITING = ("held", "requested")
STATES = [
    ("none", "Nothing against it"),
    ("warned", "Warning"),
    ("held", "Held"),
    ("requested", "Release requested"),
    ("released", "Released"),
]
# What a document looks like that the gate has nothing to say about.
NOTHING = {
    "credit_state": "none",
    "credit_reasons": None,
    "credit_held_at": None,
    "credit_held_by_id": None,
}


GATE_COLUMNS = {*NOTHING, "credit_passed", "credit_passed_amount"}


class CreditGatedMixin(models.AbstractModel):
    """Documents that the credit gate judges before they are confirmed.

    A document that is held stays as it is, with its reasons; nothing fails, and what
    was to be confirmed together with it goes on. That is why the gate stands before all
    else: it is put around the method that confirms when the registry is ready, and not
    among the overrides, some of which have done their part before ``super()`` is
    reached and would do it twice.
    """

    _name = "credit.gated.mixin"
    _description = "Judged by the Credit Gate"
    _inherit = [DunningBulkMixin._name]

    #: the method that confirms
    _credit_gate_method = None
    #: states in which a document can still be confirmed
    _credit_open_states = ("draft",)

    credit_state = fields.Selection(
        STATES,
        groups="base.group_user",
        string="Credit check",
        default="none",
        readonly=True,
        copy=False,
        help="Held: not confirmed, somebody has to decide or the customer to pay.",
    )
    credit_reasons = fields.Json(readonly=True, copy=False, groups="base.group_user")
    credit_held_at = fields.Datetime(
        string="Held since", readonly=True, copy=False, groups="base.group_user"
    )
    credit_held_by_id = fields.Many2one(
        "res.users",
        groups="base.group_user",
        string="Who wanted to confirm",
        readonly=True,
        copy=False,
    )
    credit_sentence = fields.Char(
        groups="base.group_user",
        string="Credit",
        compute="_compute_credit_sentence",
        compute_sudo=True,
        help="What the credit rules say about this document, with the figures.",
    )
    credit_advice = fields.Char(
        groups="base.group_user",
        compute="_compute_credit_actions",
        compute_sudo=True,
        help="What you can do about it.",
    )
    credit_level = fields.Selection(
        [("none", "None"), ("warn", "Warning"), ("block", "Held")],
        groups="base.group_user",
        compute="_compute_credit_sentence",
        compute_sudo=True,
    )
    credit_release_ids = fields.One2many(
        "credit.release",
        "res_id",
        groups="base.group_user",
        string="Releases",
        domain=lambda self: [("res_model", "=", self._name)],
        readonly=True,
        copy=False,
    )
    credit_release_count = fields.Integer(
        groups="base.group_user",
        compute="_compute_credit_release_count",
        compute_sudo=True,
    )
    credit_can_request = fields.Boolean(
        groups="base.group_user", compute="_compute_credit_actions", compute_sudo=True
    )
    credit_can_release = fields.Boolean(
        groups="base.group_user", compute="_compute_credit_actions", compute_sudo=True
    )
    credit_can_ask_payment = fields.Boolean(
        groups="base.group_user", compute="_compute_credit_actions", compute_sudo=True
    )

    # === SET-UP === #

    def _auto_init(self):
        """The column with its value in one stroke: a ledger has millions of rows, and
        filling them one after the other would stop an upgrade for minutes.
        """
        if self._auto and not self._abstract:
            cr = self.env.cr
            if not column_exists(cr, self._table, "credit_state"):
                cr.execute(
                    SQL(
                        "ALTER TABLE %s ADD COLUMN credit_state VARCHAR DEFAULT 'none'",
                        SQL.identifier(self._table),
                    )
                )
                cr.execute(
                    SQL(
                        "ALTER TABLE %s ALTER COLUMN credit_state DROP DEFAULT",
                        SQL.identifier(self._table),
                    )
                )
        return super()._auto_init()

    def _register_hook(self):
        name = self._credit_gate_method
        model_class = self.env.registry[self._name]
        if name and name not in vars(model_class):
            confirm = getattr(model_class, name)

            @functools.wraps(confirm)
            def gated(self, *args, **kwargs):
                return self._credit_gated(confirm, *args, **kwargs)

            gated.credit_gate = True
            setattr(model_class, name, gated)
        return super()._register_hook()

    def _unregister_hook(self):
        model_class = self.env.registry[self._name]
        method = vars(model_class).get(self._credit_gate_method)
        if getattr(method, "credit_gate", False):
            delattr(model_class, self._credit_gate_method)
        return super()._unregister_hook()

    # === COMPUTE METHODS === #

    @api.depends("credit_state", "credit_reasons")
    @api.depends_context("lang", "uid")
    def _compute_credit_sentence(self):
        """What was found when it was confirmed; before, what would be found now."""
        Gate = self.env["credit.gate"]
        open_now = self.filtered(
            lambda doc: (
                doc.state in doc._credit_open_states
                and doc.credit_state in (False, "none", "warned")
            )
        )
        verdicts = {}
        for doc in open_now:
            # each alone: the reader asks about this one
            verdicts[doc.id] = Gate._judge(doc).get(doc.id, gate.PASSED)
        for doc in self:
            verdict = verdicts.get(doc.id)
            reasons = (
                doc._credit_reasons_values(verdict) if verdict else doc.credit_reasons
            )
            if doc.credit_state in WAITING:
                doc.credit_level = "block"
            elif verdict:
                doc.credit_level = {
                    gate.Kind.BLOCK: "block",
                    gate.Kind.WARN: "warn",
                }.get(verdict.kind, "none")
            else:
                doc.credit_level = "none"
            doc.credit_sentence = doc._credit_words(reasons or [], doc.company_id)

    @api.depends("credit_state")
    @api.depends_context("uid", "lang")
    def _compute_credit_actions(self):
        """What this user may do about it, as buttons and in words."""
        for doc in self:
            waiting = doc.credit_state in WAITING and doc._credit_is_open()
            request = doc._credit_pending_release() if waiting else None
            releaser = waiting and self.env.user in doc._credit_deciders(request)
            doc.credit_can_request = doc.credit_state == "held" and waiting
            doc.credit_can_release = releaser
            doc.credit_can_ask_payment = waiting and bool(doc._credit_cure_items())
            doc.credit_advice = doc._credit_advise(request) if waiting else False

    def _compute_credit_release_count(self):
        counts = dict(
            self.env["credit.release"]._read_group(
                [("res_model", "=", self._name), ("res_id", "in", self.ids)],
                ["res_id"],
                ["__count"],
            )
        )
        for doc in self:
            doc.credit_release_count = counts.get(doc.id, 0)

    # === HOOKS FOR THE DOCUMENTS === #

    def _credit_subject(self):
        """Those the gate has business with: what adds to a customer's debt."""
        return self

    def _credit_is_open(self):
        """Whether it can still be confirmed."""
        self.ensure_one()
        return self.state in self._credit_open_states

    def _credit_rank(self):
        """In which order documents use up what is free: the oldest first."""
        self.ensure_one()
        return (self._origin.id or 0,)

    def _credit_ordered(self, company, day):
        """The part of each that is among the customer's orders already.

        :return: ``{document id: Decimal}`` in company currency.
        """
        return {}

    def _credit_prepaid(self, company, day):
        """The part of each that was paid in advance and is not in the ledger yet.

        :return: ``{document id: Decimal}`` in company currency.
        """
        return {}

    def _credit_responsible(self):
        """The salesperson, who is told; nobody for what a machine made."""
        self.ensure_one()
        return self.create_uid

    def _credit_waiting_customer_domain(self, company, profiles):
        """Documents of these customers, of the company and its branches."""
        raise NotImplementedError

    def _credit_go_on(self):
        """Cured or released documents that a machine confirms: let it."""

    @api.model
    def _credit_check_hand(self, names):
        """What the gate writes is written by nobody else."""
        if not self.env.su and GATE_COLUMNS.intersection(names):
            raise AccessError(
                self.env._("What the credit check found is not written by hand.")
            )

    @api.model
    def _credit_check_born(self, vals_list):
        """Nothing is found before there is something to look at.

        What inherits a document by delegation brings all its defaults along.
        """
        for vals in vals_list:
            self._credit_check_hand(
                name
                for name in GATE_COLUMNS.intersection(vals)
                if vals[name] and vals[name] != "none"
            )

    # === THE GATE === #

    def _credit_gated(self, confirm, *args, **kwargs):
        """Confirm what may go on; hold the rest.

        :param confirm: the method around which the gate stands.
        """
        passing = self._credit_pass()
        if self and not passing:
            return self._credit_confirm_result()
        return confirm(passing, *args, **kwargs)

    def _credit_confirm_result(self):
        """What the confirming method gives back when everything is held."""
        return True

    def _credit_pass(self):
        """Judge, write down what was found, and say which may be confirmed."""
        subject = self._credit_subject()
        if not subject:
            return self
        verdicts = self.env["credit.gate"].sudo()._judge(subject, lock=True)
        subject.sudo()._credit_write_down(verdicts)
        held = {
            key for key, verdict in verdicts.items() if verdict.kind is gate.Kind.BLOCK
        }
        return self.filtered(lambda doc: doc.id not in held)

    def _credit_write_down(self, verdicts):
        """What the gate found, on the documents; one statement for all.

        What passes without a word and had nothing against it costs nothing.
        """
        now = fields.Datetime.now()
        values = {}
        held, used, lifted = self.browse(), self.browse(), self.browse()
        for doc in self:
            verdict = verdicts[doc.id]
            state = doc._credit_state_after(verdict)
            before = doc.credit_state or "none"
            if state == before == "none":
                continue
            if verdict.kind is gate.Kind.RELEASED:
                used += doc
            elif before in (*WAITING, "released") and state not in WAITING:
                lifted += doc
            row = dict(NOTHING, credit_state=state)
            row["credit_reasons"] = doc._credit_reasons_values(verdict) or None
            if state in WAITING and before in WAITING:
                row["credit_held_at"] = doc.credit_held_at
                row["credit_held_by_id"] = doc.credit_held_by_id.id
            elif state in WAITING:
                row.update(credit_held_at=now, credit_held_by_id=self.env.uid)
                held += doc
            values[doc.id] = row
        self._credit_store(values)
        self.env["credit.release"]._use(used)
        self.env["credit.release"]._needless(lifted)
        held._credit_tell_held()

    def _credit_store(self, values):
        """Write columns that nothing but the gate looks at, by one statement."""
        if not values:
            return
        self._update_rows(values)
        self.browse(values).modified(list(next(iter(values.values()))))

    def _credit_state_after(self, verdict):
        self.ensure_one()
        if verdict.kind is gate.Kind.BLOCK:
            return "requested" if self.credit_state == "requested" else "held"
        return {
            gate.Kind.PASS: "none",
            gate.Kind.WARN: "warned",
            gate.Kind.RELEASED: "released",
        }[verdict.kind]

    def _credit_reset(self):
        """A document that goes back, or will never be confirmed: nothing is left."""
        mine = self.filtered(lambda doc: doc.credit_state not in (False, "none"))
        if not mine:
            return
        self.env["credit.release"].sudo()._cancel_for(mine)
        mine.sudo()._credit_store({doc.id: NOTHING for doc in mine})

    # === WHAT IS HELD === #

    @api.model
    def _credit_waiting_domain(self):
        return Domain("credit_state", "in", WAITING) & Domain(
            "state", "in", self._credit_open_states
        )

    @api.model
    def _credit_any_waiting(self):
        """Whether anything is held at all: the cheapest question, asked first."""
        self.flush_model(["credit_state"])
        return bool(
            self.env.execute_query(
                SQL(
                    "SELECT 1 FROM %s WHERE credit_state IN ('held', 'requested')"
                    " LIMIT 1",
                    SQL.identifier(self._table),
                )
            )
        )

    @api.model
    def _credit_waiting(self, company, profiles):
        """What is held for these customers."""
        return self.search(
            self._credit_waiting_domain()
            & Domain("company_id", "child_of", company.id)
            & self._credit_waiting_customer_domain(company, profiles),
            order="id",
        )

    @api.model
    def _credit_waiting_profiles(self):
        """Profiles of the customers for whom something is held."""
        profiles = self.env["credit.profile"].sudo()
        Exposure = self.env["credit.exposure"]
        waiting = self.sudo().search(self._credit_waiting_domain())
        for company, mine in waiting.grouped(lambda d: d.company_id.root_id).items():
            partners = self.env["res.partner"].sudo()
            partners = partners.union(*(Exposure._customer_of(doc) for doc in mine))
            profiles |= profiles._for_partners(partners, company)
        return profiles

    def _credit_recheck(self):
        """Lift what is cured, and tell; bring the figures of the rest up to date."""
        if not self:
            return
        verdicts = self.env["credit.gate"]._judge(self)
        cured = self.filtered(
            lambda doc: verdicts[doc.id].kind in (gate.Kind.PASS, gate.Kind.WARN)
        )
        values = {}
        for doc in self - cured:
            reasons = doc._credit_reasons_values(verdicts[doc.id])
            if reasons != doc.credit_reasons:
                values[doc.id] = {"credit_reasons": reasons or None}
        self._credit_store(values)
        if not cured:
            return
        who = {doc: doc.credit_held_by_id for doc in cured}
        self.env["credit.release"]._needless(cured)
        cured._credit_store({doc.id: NOTHING for doc in cured})
        cured._message_log_batch(
            bodies={
                doc.id: self.env._("No longer held: what held it back is cured.")
                for doc in cured
            }
        )
        for doc in cured:
            doc._credit_close_tasks()
            doc._credit_tell(
                self.env._("May be confirmed"),
                self.env._(
                    "%(document)s of %(customer)s is no longer held: you can confirm "
                    "it.",
                    document=doc.display_name,
                    customer=doc.partner_id.display_name,
                ),
                fallback=who[doc],
            )
        cured._credit_go_on()

    # === TELLING === #

    def _credit_tell_held(self):
        """On each document what holds it; and its salesperson, unless it is the one
        who stands before the screen.
        """
        if not self:
            return
        self._message_log_batch(
            bodies={
                doc.id: self.env._(
                    "Held by the credit check: %(reasons)s", reasons=doc.credit_sentence
                )
                for doc in self
            }
        )
        for doc in self:
            if doc._credit_told() != self.env.user:
                doc._credit_tell(
                    self.env._("Held by the credit check"), doc.credit_sentence
                )

    def _credit_told(self, fallback=None):
        """Whom to tell: the salesperson, else who wanted to confirm, else the person
        who answers for the customer's credit.
        """
        self.ensure_one()
        users = self.sudo()._credit_responsible() | (
            fallback or self.sudo().credit_held_by_id
        )
        people = users.filtered(self._credit_may_be_told)
        if people:
            return people[:1]
        profile = self.env["credit.gate"]._profiles(
            self.env["credit.exposure"]._customer_of(self.sudo()),
            self.company_id.root_id,
        )
        return profile._responsible()[:1].filtered(self._credit_may_be_told)

    def _credit_may_be_told(self, user):
        """Core gives nobody an activity on what he or she cannot read."""
        self.ensure_one()
        return (
            user.active
            and not user.share
            and self.with_user(user)
            .with_context(allowed_company_ids=user.company_ids.ids)
            .has_access("read")
        )

    def _credit_tell(self, summary, note, fallback=None, user=None):
        """An activity for who sells it, or for the user given."""
        self.ensure_one()
        user = user or self._credit_told(fallback)
        if not user or not self._credit_may_be_told(user):
            return
        self.sudo().activity_schedule(
            "account_dunning.mail_activity_type_credit",
            summary=summary,
            note=note,
            user_id=user.id,
        )

    def _credit_close_tasks(self):
        self.sudo().activity_unlink(["account_dunning.mail_activity_type_credit"])

    # === WORDS === #

    def _credit_reasons_values(self, verdict):
        """The reasons as they are kept: codes and figures, words come when read."""
        result = []
        for reason in verdict.reasons:
            row = {"cause": reason.cause.value, "rule": reason.rule.value}
            for name in ("amount", "free", "limit"):
                if getattr(reason, name):
                    row[name] = float(getattr(reason, name))
            for name in ("days", "percent"):
                if getattr(reason, name):
                    row[name] = getattr(reason, name)
            if reason.day:
                row["day"] = fields.Date.to_string(reason.day)
            if reason.cause is gate.Cause.LEVEL:
                row["tone"] = self._credit_profile().class_id.level_tone
            if reason.cause is gate.Cause.MANUAL:
                why = self._credit_profile().credit_hold_reason
                if why:
                    row["why"] = why
            result.append(row)
        return result

    def _credit_profile(self):
        """The credit profile of the customer who will owe it."""
        self.ensure_one()
        return self.env["credit.gate"]._profiles(
            self.env["credit.exposure"]._customer_of(self.sudo())._origin,
            self.company_id.root_id,
        )

    @api.model
    def _credit_words(self, reasons, company):
        """The reasons as one sentence with the figures, in the reader's language."""
        currency = company.sudo().root_id.currency_id
        return " · ".join(self._credit_reason_words(row, currency) for row in reasons)

    @api.model
    def _credit_reason_words(self, row, currency):

        def money(name):
            return formatLang(self.env, row.get(name, 0.0), currency_obj=currency)

        match row["cause"]:
            case "manual" if row.get("why"):
                return self.env._("Customer on credit hold: %(why)s", why=row["why"])
            case "manual":
                return self.env._("Customer on credit hold")
            case "limit" if row.get("free", 0.0) > 0:
                return self.env._(
                    "Credit limit exceeded by %(excess)s with this document (limit "
                    "%(limit)s, free %(free)s)",
                    excess=money("amount"),
                    limit=money("limit"),
                    free=money("free"),
                )
            case "limit":
                return self.env._(
                    "Credit limit exceeded by %(excess)s with this document (limit "
                    "%(limit)s, nothing free)",
                    excess=money("amount"),
                    limit=money("limit"),
                )
            case "near":
                return self.env._(
                    "%(percent)s %% of the credit limit used with this document (limit "
                    "%(limit)s, %(free)s left)",
                    percent=row.get("percent", 0),
                    limit=money("limit"),
                    free=money("free"),
                )
            case "overdue":
                return self.env._(
                    "%(amount)s overdue, the oldest item for %(days)s days",
                    amount=money("amount"),
                    days=row.get("days", 0),
                )
            case "level":
                tones = self.env["credit.risk.class"]._fields["level_tone"]
                label = dict(tones._description_selection(self.env)).get(
                    row.get("tone"), ""
                )
                return self.env._("Reminded up to “%(level)s” or further", level=label)
            case _:
                return self.env._(
                    "Credit review due since %(day)s",
                    day=format_date(self.env, row.get("day")),
                )

    def _credit_advise(self, request):
        """What the reader can do, as the end of the sentence."""
        self.ensure_one()
        if request:
            return self.env._(
                "Release requested by %(requester)s, waiting for %(approver)s.",
                requester=request.requester_id.name,
                approver=request.asked_id.name or self.env._("an approver"),
            )
        ways = [self.env._("request a release")]
        deposit = self._credit_deposit()
        if deposit:
            currency = self.company_id.root_id.sudo().currency_id
            ways.append(
                self.env._(
                    "ask for a deposit of %(amount)s",
                    amount=formatLang(self.env, float(deposit), currency_obj=currency),
                )
            )
        items = self._credit_cure_items()
        if items:
            ways.append(
                self.env._("send the payment link of an invoice")
                if len(items.move_id) == 1
                else self.env._(
                    "send the payment links of %(count)s invoices",
                    count=len(items.move_id),
                )
            )
        ways = format_list(self.env, ways, style="or")
        return self.env._("You can %(ways)s.", ways=ways)

    # === WHAT WOULD CURE IT === #

    def _credit_blocking(self):
        self.ensure_one()
        return [row for row in self.credit_reasons or [] if row["rule"] == "block"]

    def _credit_excess(self):
        """By how much the limit is exceeded, in company currency."""
        return self._credit_verdict().excess

    def _credit_verdict(self):
        """What holds it back, as the rules see it."""
        return gate.Verdict(
            gate.Kind.BLOCK,
            tuple(
                gate.Reason(
                    gate.Cause(row["cause"]),
                    gate.Rule(row["rule"]),
                    amount=Decimal(str(row.get("amount", 0))),
                )
                for row in self._credit_blocking()
            ),
        )

    def _credit_deposit(self):
        """What the customer would have to pay in advance, in company currency.

        :return: None where money in advance is not the way.
        """
        self.ensure_one()
        return None

    def _credit_cure_items(self):
        """The fewest open items whose payment lifts the document, with full rights;
        empty when payment does not do it.
        """
        self.ensure_one()
        causes = {row["cause"] for row in self._credit_blocking()}
        Line = self.env["account.move.line"].sudo()
        if not causes or causes - {"limit", "overdue"}:
            return Line
        profile = self._credit_profile()
        # of this customer alone: nobody is sent the invoices of who shares the limit
        group = profile
        company = self.company_id.root_id
        today = company.sudo()._dunning_today()
        lines = Line.search(
            Domain("partner_id.commercial_partner_id", "in", group.partner_id.ids)
            & Domain("account_type", "=", "asset_receivable")
            & Domain("parent_state", "=", "posted")
            & Domain("amount_residual", ">", 0)
            & Domain("move_id.move_type", "=", "out_invoice")
            & Domain("company_id", "child_of", company.id),
            order="date_maturity, id",
        )
        tolerated = profile._credit_rules().overdue_days
        mine = profile.partner_id
        keys = gate.smallest_cure(
            (
                gate.OpenItem(
                    key=line.id,
                    amount=Decimal(str(line.amount_residual)),
                    late=line.partner_id.commercial_partner_id == mine
                    and (today - (line.date_maturity or line.date)).days > tolerated,
                    rank=(line.date_maturity or line.date, line.id),
                )
                for line in lines
            ),
            self._credit_excess(),
            clear_late="overdue" in causes,
        )
        return Line.browse(keys or ())

    # === RELEASES === #

    def _credit_approved(self, day):
        """What was released and may be used today.

        :return: ``{document id: {approved, approved_causes}}``
        """
        released = self.filtered(lambda doc: doc.credit_state == "released")
        if not released:
            return {}
        found = self.env["credit.release"].sudo()
        found = found.search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", released.ids),
                ("state", "=", "approved"),
                ("valid_until", ">=", day),
            ],
            order="id",
        )
        Exposure = self.env["credit.exposure"]
        customer_of = {doc.id: Exposure._customer_of(doc)._origin for doc in released}
        return {
            release.res_id: {
                "approved": Decimal(str(release.amount)),
                "approved_causes": [
                    gate.Cause(row["cause"]) for row in release.reasons or []
                ],
            }
            for release in found
            # what was released for one customer is not released for another
            if release.profile_id.partner_id == customer_of[release.res_id]
        }

    def _credit_pending_release(self):
        self.ensure_one()
        return (
            self.env["credit.release"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "=", self.id),
                    ("state", "=", "requested"),
                ],
                limit=1,
            )
        )

    def _credit_amount(self):
        """What it asks of the customer, in company currency."""
        self.ensure_one()
        amounts = self.env["credit.exposure"]._document_amounts(self.sudo())
        return amounts.get(self.id, ZERO)

    def _credit_deciders(self, request=None):
        """Who may release it: not who asks for it."""
        self.ensure_one()
        Release = self.env["credit.release"]
        if request:
            return request._approvers()
        barred = self._credit_asker(self.env.user) | self._credit_self_made()
        return Release._approvers_of(
            self.company_id.root_id, self._credit_amount(), barred
        )

    def _credit_self_made(self):
        """Who made a document and tried to confirm it does not release it, whoever is
        named as its salesperson.
        """
        document = self.sudo()
        return document.create_uid & document.credit_held_by_id

    def _credit_asker(self, user):
        """On whose behalf a release without a request is given: the salesperson, or
        who was stopped; somebody else than the one who gives it.
        """
        self.ensure_one()
        people = self.sudo()._credit_responsible() | self.sudo().credit_held_by_id
        return (people - user)[:1] or people[:1]

    def _credit_freeze(self, day):
        """The facts of a release, as they are now."""
        self.ensure_one()
        profile = self._credit_profile().sudo()
        verdict = self.env["credit.gate"]._judge(self, day)[self.id]
        exposure = profile._exposure(day, self)[profile.id]
        limit = profile._limits(day)[profile.id]
        risk_class = profile.class_id
        return {
            "company_id": self.company_id.root_id.id,
            "profile_id": profile.id,
            "res_model": self._name,
            "res_id": self.id,
            "document_name": self._credit_document_name(),
            "amount": float(self._credit_amount()),
            "reasons": self._credit_reasons_values(verdict),
            "class_name": risk_class.display_name if risk_class else False,
            "exceeded": float(verdict.excess),
            "limit_enforced": limit.amount is not None,
            "limit_amount": float(limit.amount or ZERO),
            "exposure_open": float(exposure.open_items),
            "exposure_credits": float(exposure.credits + exposure.pending),
            "exposure_drafts": float(exposure.drafts),
            "exposure_orders": float(exposure.orders),
            "exposure_others": float(exposure.others),
            "exposure_total": float(exposure.pooled),
        }

    def _credit_document_name(self):
        """What people call it; a draft invoice has no number yet."""
        self.ensure_one()
        return self.display_name

    # === ACTIONS === #

    def action_credit_request(self):
        """Open the dialogue in which a release is asked for."""
        return self._credit_open_wizard("request", self.env._("Request a release"))

    def action_credit_release(self):
        """Open the dialogue in which somebody entitled releases."""
        request = self._credit_pending_release() if len(self) == 1 else None
        if request:
            return request._get_records_action(name=self.env._("Release"))
        return self._credit_open_wizard("release", self.env._("Release"))

    def _credit_open_wizard(self, mode, name):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "credit.release.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_mode": mode,
                "default_res_model": self._name,
                "default_res_ids": self.ids,
            },
        }

    def action_credit_ask_payment(self):
        """Open the dialogue that sends the customer the links to pay."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send payment links"),
            "res_model": "credit.payment.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_res_model": self._name,
                "default_res_id": self.id,
            },
        }

    def action_view_credit_releases(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.credit_release_action"
        )
        if self.credit_release_count == 1:
            release = self.credit_release_ids
            return dict(action, res_id=release.id, views=[(False, "form")])
        return dict(
            action,
            domain=[("res_model", "=", self._name), ("res_id", "=", self.id)],
            context={},
        )

    def _credit_notification(self):
        """For who stands before the screen: what was held, why, and what to do."""
        if len(self) == 1:
            title = self.env._("Held: %(name)s", name=self.display_name)
            message = f"{self.credit_sentence}. {self.credit_advice or ''}"
        else:
            title = self.env._("%(count)s documents are held", count=len(self))
            message = self.env._(
                "They were not confirmed. See why on each of them: %(names)s",
                names=", ".join(self[:5].mapped("display_name"))
                + (" …" if len(self) > 5 else ""),
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": title,
                "message": message,
                "type": "warning",
                "sticky": True,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
