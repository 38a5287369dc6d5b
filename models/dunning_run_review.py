from collections import defaultdict
from statistics import median

from odoo import api, fields, models
from odoo.tools import format_date

from ..engine import review, volume


class DunningRun(models.Model):
    """What a person should look at before approving, and when the machine waits."""

    _inherit = "dunning.run"

    bank_date = fields.Date(
        string="Bank data up to",
        readonly=True,
        copy=False,
        help="Date of the newest bank statement line when the proposal was made.",
    )
    usual_count = fields.Float(
        string="Usual number of notices",
        readonly=True,
        copy=False,
        digits=(16, 1),
        help="Median of the last scheduled runs of which something was issued; 0 as "
        "long as there are too few.",
    )
    brake = fields.Selection(
        [
            (volume.Brake.NO_HISTORY.value, "Nothing is usual yet"),
            (volume.Brake.UNUSUAL.value, "Unusually large"),
        ],
        string="Waits for a person",
        readonly=True,
        copy=False,
        help="The policies are automatic, yet a person has to approve this run.",
    )
    brake_reason = fields.Char(compute="_compute_brake_reason")
    size_sentence = fields.Char(string="Size", compute="_compute_sentences")
    bank_sentence = fields.Char(string="Bank data", compute="_compute_sentences")
    bank_too_old = fields.Boolean(compute="_compute_sentences")
    attention_count = fields.Integer(compute="_compute_remark_counts")
    payment_count = fields.Integer(compute="_compute_remark_counts")
    credit_count = fields.Integer(compute="_compute_remark_counts")
    unusual_count = fields.Integer(compute="_compute_remark_counts")
    fallback_count = fields.Integer(compute="_compute_remark_counts")
    barred_count = fields.Integer(compute="_compute_remark_counts")
    first_count = fields.Integer(compute="_compute_remark_counts")
    new_count = fields.Integer(compute="_compute_remark_counts")
    no_address_count = fields.Integer(compute="_compute_no_address_count")

    # === COMPUTE METHODS === #

    @api.depends("brake", "usual_count", "notice_count")
    def _compute_brake_reason(self):
        for run in self:
            if run.brake == volume.Brake.NO_HISTORY.value:
                run.brake_reason = self.env._(
                    "The policies are automatic, but of fewer than %(count)s runs "
                    "something was issued before: nothing is usual yet. Look through "
                    "the proposal and approve it.",
                    count=volume.ENOUGH,
                )
            elif run.brake == volume.Brake.UNUSUAL.value:
                run.brake_reason = self.env._(
                    "This run proposes %(count)s notices; usually there are %(usual)s. "
                    "So it was not approved automatically: check that bank statements "
                    "and policies are in order, then approve it or cancel it.",
                    count=run.notice_count,
                    usual=run._usual_text(),
                )
            else:
                run.brake_reason = False

    def _usual_text(self):
        return f"{self.usual_count:.1f}".removesuffix(".0")

    @api.depends("usual_count", "bank_date", "date", "company_id")
    @api.depends_context("lang")
    def _compute_sentences(self):
        for run in self:
            run.size_sentence = bool(run.usual_count) and self.env._(
                "%(count)s notices, usually %(usual)s",
                count=run.notice_count,
                usual=run._usual_text(),
            )
            age = (run.date - run.bank_date).days if run.bank_date and run.date else 0
            most = run.company_id.sudo().dunning_bank_max_age
            run.bank_too_old = bool(run.bank_date and most and age > most)
            run.bank_sentence = bool(run.bank_date) and self.env._(
                "up to %(date)s, %(days)s day(s) before the run",
                date=format_date(self.env, run.bank_date),
                days=age,
            )

    def _compute_remark_counts(self):
        names = {remark: f"{remark.value}_count" for remark in review.Remark}
        Notice = self.env["dunning.notice"]
        open_ones = [("run_id", "in", self.ids), ("state", "in", ("draft", "approved"))]
        for field, flag in [
            ("attention_count", "attention"),
            *((name, f"remark_{remark.value}") for remark, name in names.items()),
        ]:
            counts = dict(
                Notice._read_group(
                    [*open_ones, (flag, "=", True)], ["run_id"], ["__count"]
                )
            )
            for run in self:
                run[field] = counts.get(run, 0)

    def _compute_no_address_count(self):
        counts = dict(
            self.env["dunning.skip"]._read_group(
                [("run_id", "in", self.ids), ("reason", "=", "no_address")],
                ["run_id"],
                ["profile_id:count_distinct"],
            )
        )
        for run in self:
            run.no_address_count = counts.get(run, 0)

    # === ACTIONS === #

    def action_view_remark(self):
        """Open the notices with the remark named in the context."""
        self.ensure_one()
        flag = self.env.context.get("remark")
        remark = f"remark_{flag}" if flag else "attention"
        action = self.action_view_notices()
        return dict(
            action,
            domain=[
                ("run_id", "=", self.id),
                ("state", "in", ("draft", "approved")),
                (remark, "=", True),
            ],
        )

    def action_view_no_address(self):
        """Open the customers of this run whom no channel reaches."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.credit_profile_action"
        )
        skips = self.env["dunning.skip"].search(
            [("run_id", "=", self.id), ("reason", "=", "no_address")]
        )
        return dict(
            action,
            name=self.env._("No address"),
            domain=[("id", "in", skips.profile_id.ids)],
            context={"active_test": False},
        )

    # === BUSINESS METHODS: REMARKS === #

    def _review_proposal(self):
        """Write the remarks on the notices of a complete proposal."""
        self.ensure_one()
        company = self.company_id
        usual = volume.usual_size(self._earlier_sizes())
        self.write(
            {
                "bank_date": self.env["dunning.situation"]._bank_date(company),
                "usual_count": float(usual or 0),
            }
        )
        notices = self.notice_ids.filtered(lambda n: n.state == "draft")
        if not notices:
            return
        proposed = notices._to_review()
        run_median = median(message.claimed for message in proposed.values())
        has_last_run = bool(self._last_run())
        groups = defaultdict(list)
        for notice, message in proposed.items():
            found = review.remarks(message, len(notices), run_median, has_last_run)
            groups[found].append(notice.id)
        for found, ids in groups.items():
            notices.browse(ids).write(
                {f"remark_{r.value}": r in found for r in review.Remark}
            )

    def _last_run(self):
        """The run before this one that looked at all customers."""
        if self.is_selection:
            return self.browse()  # who is new among chosen ones says nothing
        return self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("id", "<", self.id),
                ("is_selection", "=", False),
                ("state", "!=", "proposing"),
            ],
            order="id desc",
            limit=1,
        )

    # === BUSINESS METHODS: VOLUME BRAKE === #

    def _earlier_sizes(self):
        """How many notices the last scheduled runs proposed, the newest first.

        Only of runs of which something was issued: proposals that nobody looked at say
        nothing about what is usual, or the machine would wait only until it has been
        ignored often enough.
        """
        runs = self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("id", "!=", self.id),
                ("kind", "=", "scheduled"),
                ("notice_ids", "any", [("issued_at", "!=", False)]),
            ],
            order="date desc, id desc",
            limit=volume.RUNS,
        )
        counts = dict(
            self.env["dunning.notice"]._read_group(
                [("run_id", "in", runs.ids)], ["run_id"], ["__count"]
            )
        )
        return [counts[run] for run in runs]

    def _apply_brake(self):
        """Stop an automatic run that is unusual, and tell the credit contact.

        :return: whether it waits for a person.
        """
        self.ensure_one()
        brake = volume.check_size(len(self.notice_ids), self._earlier_sizes())
        self.brake = brake.value if brake else False
        if not brake:
            return False
        contact = self.company_id._dunning_credit_contact()
        told = self.with_context(lang=contact.lang)
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=told.env._("An automatic dunning run waits for you"),
            note=told.brake_reason,
            user_id=contact.id,
            date_deadline=self.company_id._dunning_today(),
        )
        return True

    def _close_activity(self):
        """Somebody has decided: nobody has to be asked any more."""
        self.activity_unlink(["mail.mail_activity_data_todo"])
