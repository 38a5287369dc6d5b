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
        help="From the first presentation they count for registered letters alone: no "
        "date can be printed then, the letter says within how many days to pay. "
        "Letters and e-mails print the day that follows from their date.",
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

    def _text_basis(self):
        basis = super()._text_basis()
        return f"{basis}|presentation" if self.deadline_waits else basis

    def _legal_dates(self):
        """The legal dates of issued notices, by one query for all.

        From the registered letter that stands: one returned for a wrong address has
        reached nobody, one unclaimed or refused counts. Of other channels nothing is
        proven, and the deadline is the one printed.

        :return: ``{notice id: engine.postal.LegalDates}``.
        """
        deliveries = (
            self.env["dunning.delivery"]
            .sudo()
            .search_fetch(
                [("notice_id", "in", self.ids)],
                [
                    "notice_id",
                    "channel",
                    "state",
                    "deposited_on",
                    "presented_on",
                    "outcome",
                    "outcome_on",
                ],
                order="id",
            )
        )  # sudo: whoever sees the notice may know when it counts from
        none = deliveries.browse()
        by_notice = deliveries.grouped(lambda delivery: delivery.notice_id.id)
        result = {}
        for notice in self.filtered("issued_at"):
            mine = by_notice.get(notice.id, none)
            letter = mine.filtered(
                lambda d: d.channel == "registered" and d.state in ("sent", "delivered")
            )[-1:]
            result[notice.id] = postal.legal_dates(
                letter._posting() if letter else postal.Posting(),
                printed=notice.deadline_date or None,
                days=notice._days_to_pay(),
                from_presentation=notice._counts_from_presentation(mine),
            )
        return result
