from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import postal
from ..engine.postal import Outcome, Problem

OUTCOMES = [
    ("delivered", "Delivered"),
    ("unclaimed", "Unclaimed"),
    ("refused", "Refused"),
    ("returned", "Returned: wrong address"),
]
# what a person, a file or a mailing house tells of a letter, in this order
PROOF_FIELDS = (
    "tracking_number",
    "deposited_on",
    "presented_on",
    "outcome",
    "outcome_on",
)


class DunningDelivery(models.Model):
    """What the post says of a letter, and the slip that proves it.

    Written through ``_record_proof`` only, which keeps every change with who and when.
    """

    _inherit = "dunning.delivery"

    tracking_number = fields.Char(
        string="Number of the letter",
        readonly=True,
        index="btree_not_null",
        help="As on the slip of the registered letter.",
    )
    deposited_on = fields.Date(
        string="Posted on",
        readonly=True,
        copy=False,
        help="The day the post took it in.",
    )
    presented_on = fields.Date(
        string="First presentation",
        readonly=True,
        copy=False,
        help="The day the post first stood at the door: from then on a registered "
        "notice counts as received, whether or not it is fetched.",
    )
    outcome = fields.Selection(
        OUTCOMES,
        readonly=True,
        copy=False,
        help="How its way ended. Unclaimed and refused letters are valid notices; one "
        "returned for a wrong address reached nobody.",
    )
    outcome_on = fields.Date(
        string="Ended on",
        readonly=True,
        copy=False,
        help="The day it was handed over, refused or sent back.",
    )
    proof_ids = fields.One2many("dunning.delivery.proof", "delivery_id", readonly=True)
    slip_ids = fields.One2many(
        "ir.attachment",
        "res_id",
        string="Slips",
        domain=[("res_model", "=", "dunning.delivery")],
        readonly=True,
        help="Scans of the slip of posting and of the notice of receipt.",
    )
    slip_count = fields.Integer(string="Scans", compute="_compute_slip_count")
    waits_for_proof = fields.Boolean(
        compute="_compute_waits_for_proof",
        search="_search_waits_for_proof",
        help="A registered letter that was posted, and of which nobody knows yet how "
        "its way ended.",
    )

    @api.depends("slip_ids")
    def _compute_slip_count(self):
        for delivery in self:
            delivery.slip_count = len(delivery.slip_ids)

    @api.depends("channel", "state", "outcome")
    def _compute_waits_for_proof(self):
        for delivery in self:
            delivery.waits_for_proof = (
                delivery.channel == "registered"
                and delivery.state == "sent"
                and not delivery.outcome
            )

    def _search_waits_for_proof(self, operator, value):
        if operator != "in":
            return NotImplemented
        waits = (
            fields.Domain("channel", "=", "registered")
            & fields.Domain("state", "=", "sent")
            & fields.Domain("outcome", "=", False)
        )
        return waits if True in value else ~waits

    # === ACTIONS === #

    def action_record_proof(self):
        """Open the dialogue for what the post says of this letter."""
        self.ensure_one()
        self._as_collector()
        wizard = self.env["dunning.proof.wizard"].create({"delivery_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What the post says"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "large"},
        }

    def action_mark_returned(self):
        """A letter came back: of a registered one it is written down as proof, too."""
        registered = self._as_collector().filtered(
            lambda d: d.channel == "registered" and d.state in ("sent", "delivered")
        )
        for delivery in registered:
            delivery._record_proof(
                {
                    "outcome": "returned",
                    "outcome_on": delivery.company_id._dunning_today(),
                },
                "person",
            )
        return super(DunningDelivery, self - registered).action_mark_returned()

    def action_open_slips(self):
        """The scans of this letter."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Slips of %(notice)s", notice=self.notice_id.name),
            "res_model": "ir.attachment",
            "view_mode": "kanban,list,form",
            "domain": [("res_model", "=", self._name), ("res_id", "=", self.id)],
            "context": {"create": False},
        }

    # === BUSINESS METHODS === #

    def _mark_sent(self):
        """Whoever says a letter is posted says so on the day it is."""
        result = super()._mark_sent()
        for delivery in self.filtered(
            lambda d: d.channel == "registered" and not d.deposited_on
        ):
            delivery._write_proof(
                {"deposited_on": delivery.company_id._dunning_today()}, "person"
            )
        return result

    def _posting(self):
        """What is known of its way, as the rules take it."""
        self.ensure_one()
        return postal.Posting(
            deposited=self.deposited_on or None,
            presented=self.presented_on or None,
            outcome=Outcome(self.outcome) if self.outcome else None,
            outcome_on=self.outcome_on or None,
        )

    @api.model
    def _received_sql(self):
        """The day on which ``delivery`` counts as received, where the post proves it:
        ``engine.postal.received_on`` as a piece of a query.
        """
        return SQL(
            """CASE WHEN delivery.channel = 'registered'
                     AND delivery.outcome IS DISTINCT FROM 'returned'
                    THEN COALESCE(delivery.presented_on, delivery.outcome_on) END"""
        )

    def _record_proof(self, values, source, status=None, remark=False):
        """Write down what the post says, and do what follows from it.

        The same once more changes nothing. A letter that was returned and arrived after
        all is a delivery again; the reverse, too.

        :param values: of ``PROOF_FIELDS``; what is not in it stays.
        :param source: ``person``, ``file`` or ``provider``.
        :param status: the status file that says so.
        :return: whether anything changed.
        :raises UserError: when the days cannot be right.
        """
        self.ensure_one()
        before = self.outcome
        if not self._write_proof(values, source, status, remark):
            return False
        self._check_days()
        self._follow_proof(before)
        return True

    def _write_proof(self, values, source, status=None, remark=False):
        """Write what is new, with a line of the log for each change."""
        self.ensure_one()
        values = {
            name: (
                fields.Date.to_date(value)
                if self._fields[name].type == "date"
                else value or False
            )
            for name, value in values.items()
        }
        changes = {
            name: values[name]
            for name in PROOF_FIELDS
            if name in values and (values[name] or False) != self[name]
        }
        if not changes:
            return False
        self.env["dunning.delivery.proof"].sudo().create(
            [
                {
                    "delivery_id": self.id,
                    "fact": name,
                    "before": self._as_proof_text(self[name]),
                    "after": self._as_proof_text(value),
                    "source": source,
                    "status_id": status.id if status else False,
                    "remark": remark,
                    "user_id": self.env.uid,
                }
                for name, value in changes.items()
            ]
        )  # sudo: written with the change itself, and by nobody else
        self.write(changes)
        return True

    @api.model
    def _as_proof_text(self, value):
        return fields.Date.to_string(value) if hasattr(value, "year") else value

    def _check_days(self):
        problem = postal.find_problem(
            self._posting(), self.notice_id.date, self.company_id._dunning_today()
        )
        if problem:
            words = self._problem_words()[problem]
            raise UserError(": ".join((self.notice_id.display_name, words)))

    def _problem_words(self):
        return {
            Problem.FUTURE: self.env._("a day is in the future."),
            Problem.BEFORE_LETTER: self.env._(
                "a day is before the date of the letter, %(date)s.",
                date=self.env["ir.qweb.field.date"].value_to_html(
                    self.notice_id.date, {}
                ),
            ),
            Problem.BEFORE_DEPOSIT: self.env._("a day is before the day of posting."),
            Problem.BEFORE_PRESENTATION: self.env._(
                "its way ended before the first presentation."
            ),
            Problem.OUTCOME_WITHOUT_DAY: self.env._(
                "say when its way ended, or when it was first presented."
            ),
            Problem.DAY_WITHOUT_OUTCOME: self.env._(
                "say how its way ended, or take the day away."
            ),
        }

    def _follow_proof(self, before):
        """State and consequences from what is known now.

        :param before: the outcome as it was.
        """
        returned = self.outcome == "returned"
        if returned and self.state in ("queued", "sending", "sent", "delivered"):
            self._fail(
                self.env._("Returned by the post"), faulty=True, state="returned"
            )
            return
        if before == "returned" and not returned and self.state == "returned":
            self._take_back_return()
        posting = self._posting()
        if self.state in ("queued", "sending") and (
            posting.deposited or posting.presented or posting.outcome
        ):
            self.write(
                {"state": "sent", "sent_at": self._sent_moment(), "error": False}
            )
        if self.state in ("sent", "delivered"):
            self.state = "delivered" if self.outcome == "delivered" else "sent"
        self.run_id._update_state()
        self.profile_id._refresh_figures()

    def _sent_moment(self):
        """The moment of posting where only its day is known: noon."""
        day = self.deposited_on
        now = fields.Datetime.now()
        if not day or day >= now.date():
            return now
        return fields.Datetime.to_datetime(day).replace(hour=12)

    def _take_back_return(self):
        """It did not come back after all: the next channel stops if it still can."""
        self.write({"state": "sent", "error": False, "address_faulty": False})
        notice = self.notice_id
        (notice.delivery_ids - self)._cancel(
            self.env._("The registered letter was not returned after all")
        )
        if notice.state == "issued" and notice._filter_current():
            notice._write_levels()
            self.profile_id._recompute_last_contact()


STAYS = {"delivery_id", "fact", "before", "after", "source", "remark", "user_id"}


class DunningDeliveryProof(models.Model):
    """One change of what is known of a letter: who wrote it, when, from where."""

    _name = "dunning.delivery.proof"
    _description = "Change of a Proof"
    _order = "id desc"

    delivery_id = fields.Many2one(
        "dunning.delivery", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="delivery_id.company_id", store=True)
    fact = fields.Selection(
        [
            ("tracking_number", "Number of the letter"),
            ("deposited_on", "Posted on"),
            ("presented_on", "First presentation"),
            ("outcome", "Outcome"),
            ("outcome_on", "Ended on"),
            ("slip", "Slip"),
        ],
        required=True,
    )
    before = fields.Char()
    after = fields.Char()
    before_text = fields.Char(string="Before (shown)", compute="_compute_texts")
    after_text = fields.Char(string="After (shown)", compute="_compute_texts")
    source = fields.Selection(
        [
            ("person", "Entered"),
            ("file", "Imported"),
            ("provider", "Mailing house"),
        ],
        required=True,
    )
    status_id = fields.Many2one(
        "dunning.post.status", string="Status file", ondelete="restrict"
    )
    remark = fields.Char()
    user_id = fields.Many2one("res.users", string="By", required=True)

    @api.depends("fact", "before", "after")
    @api.depends_context("lang")
    def _compute_texts(self):
        Delivery = self.env["dunning.delivery"]
        outcomes = dict(Delivery._fields["outcome"]._description_selection(self.env))
        date_field = self.env["ir.qweb.field.date"]
        for change in self:
            for name in ("before", "after"):
                value = change[name]
                if value and change.fact == "outcome":
                    value = outcomes.get(value, value)
                elif value and change.fact.endswith("_on"):
                    value = date_field.value_to_html(fields.Date.to_date(value), {})
                change[f"{name}_text"] = value

    @api.model_create_multi
    def create(self, vals_list):
        # who and when are ours to say, whoever asks
        return super().create([{**vals, "user_id": self.env.uid} for vals in vals_list])

    def write(self, vals):
        if set(vals) & STAYS:
            raise UserError(self.env._("What was written down of a letter stays."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What was written down of a letter stays."))
