import functools
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL
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


class Passed(frozenset):
    """Ids of documents the gate has let pass, in the context of what confirms them.

    A client can send a list under the same key, but none of these.
    """


GATE_COLUMNS = {
    *NOTHING,
    "credit_passed",
    "credit_passed_amount",
    "credit_ordered_amount",
    "credit_auto_confirm",
}


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

    def _credit_has_passed(self):
        """Those the gate lets pass at this very moment; all where no gate stands.

        While modules are installed there is none around the method that confirms, and
        one in its middle would leave things half done.
        """
        method = getattr(self.env.registry[self._name], self._credit_gate_method)
        if not getattr(method, "credit_gate", False):
            return self
        passed = self.env.context.get("credit_gate_passed")
        if not isinstance(passed, Passed):
            return self.browse()
        return self.filtered(lambda doc: doc.id in passed)

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
