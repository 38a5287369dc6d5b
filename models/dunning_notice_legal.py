from datetime import timedelta

from odoo import api, fields, models

from ..engine import postal

DEADLINES = [
    ("letter", "Date of the letter"),
    ("presentation", "First presentation"),
]
UNKNOWN = postal.LegalDates(None, None, None, None)


class DunningLevel(models.Model):
    _inherit = "dunning.level"

    deadline_from = fields.Selection(
        DEADLINES,
        string="Days to pay count from",
        required=True,
        default="letter",
        help="The first presentation counts for registered letters, once it is known; "
        "letters and e-mails print the day that follows from their date.",
    )


class DunningNotice(models.Model):
    """The days that follow from when a registered letter was presented."""

    _inherit = "dunning.notice"

    deadline_from = fields.Selection(
        DEADLINES, compute="_compute_deadline_from", store=True
    )
    posted_on = fields.Date(string="Posted on", compute="_compute_legal_dates")
    received_on = fields.Date(
        string="Counts as received on",
        compute="_compute_legal_dates",
        help="The first presentation of the registered letter, whether or not it was "
        "fetched.",
    )
    interest_from = fields.Date(
        string="Interest from the notice runs from",
        compute="_compute_legal_dates",
        help="The day after it counts as received, where the law lets interest run "
        "from the formal notice: consumers, in France.",
    )
    legal_deadline = fields.Date(
        string="Last day to pay",
        compute="_compute_legal_dates",
        help="Empty as long as the days to pay count from a presentation nobody knows.",
    )

    @api.depends("level_id.deadline_from")
    def _compute_deadline_from(self):
        for notice in self:
            if notice.issued_at:
                continue  # frozen: an edited level does not reach issued notices
            notice.deadline_from = notice.level_id.deadline_from

    @api.depends(
        "deadline_from",
        "deadline_date",
        "delivery_ids.state",
        "delivery_ids.deposited_on",
        "delivery_ids.presented_on",
        "delivery_ids.outcome",
        "delivery_ids.outcome_on",
    )
    def _compute_legal_dates(self):
        dates = self._legal_dates()
        for notice in self:
            mine = dates.get(notice.id, UNKNOWN)
            notice.posted_on = mine.posted
            notice.received_on = mine.received
            notice.interest_from = mine.interest_from
            notice.legal_deadline = mine.deadline

    def _legal_dates(self):
        """The legal dates of issued notices, by one query for all.

        From the registered letter that stands: one returned for a wrong address has
        reached nobody, one unclaimed or refused counts. Of other channels nothing is
        proven, and the deadline is the one printed.

        :return: ``{notice id: engine.postal.LegalDates}``.
        """
        letters = (
            self.env["dunning.delivery"]
            .sudo()
            .search_fetch(
                [
                    ("notice_id", "in", self.ids),
                    ("channel", "=", "registered"),
                    ("state", "in", ("sent", "delivered")),
                ],
                ["notice_id", "deposited_on", "presented_on", "outcome", "outcome_on"],
                order="id",
            )
        )  # sudo: whoever sees the notice may know when it counts from
        by_notice = {letter.notice_id.id: letter for letter in letters}
        result = {}
        for notice in self.filtered("issued_at"):
            letter = by_notice.get(notice.id)
            registered = letter or notice.channel == "registered"
            result[notice.id] = postal.legal_dates(
                letter._posting() if letter else postal.Posting(),
                printed=notice.deadline_date or None,
                days=notice._days_to_pay(),
                from_presentation=bool(
                    registered and notice.deadline_from == "presentation"
                ),
            )
        return result

    def _days_to_pay(self):
        """Days to pay as they were when the notice was issued."""
        self.ensure_one()
        if not self.deadline_date:
            return 0
        return (self.deadline_date - self.date) // timedelta(days=1)
