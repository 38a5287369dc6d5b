from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_date

UNDELIVERED = ("failed", "returned", "cancelled")


class DunningLevel(models.Model):
    """Whether the text of a level tells the right time to pay."""

    _inherit = "dunning.level"

    deadline_misprinted = fields.Boolean(
        compute="_compute_deadline_misprinted",
        help="The text of the letter prints a date to pay by, although the days to pay "
        "count from a presentation that nobody knows yet.",
    )

    @api.depends(
        "deadline_from",
        "letter_body",
        "letter_closing",
        "channel_1",
        "channel_2",
        "channel_3",
    )
    @api.depends_context("lang")
    def _compute_deadline_misprinted(self):
        for level in self:
            texts = f"{level.letter_body or ''}{level.letter_closing or ''}"
            level.deadline_misprinted = (
                level.deadline_from == "presentation"
                and "registered" in level._channels()
                and "object.deadline_date" in texts
            )


class DunningNotice(models.Model):
    """When to pay, in words: by a date, or within days that nobody can date yet."""

    _inherit = "dunning.notice"

    deadline_waits = fields.Boolean(
        compute="_compute_deadline_words",
        help="The days to pay count from the first presentation of the registered "
        "letter, so that no date can be printed.",
    )
    deadline_words = fields.Char(
        string="When to pay, in words",
        compute="_compute_deadline_words",
        help="For texts, in the language of the recipient: no later than a date, or "
        "within the days to pay after the first presentation.",
    )
    days_to_pay = fields.Integer(compute="_compute_deadline_words")

    @api.depends(
        "date",
        "deadline_date",
        "deadline_from",
        "channel",
        "delivery_ids.state",
        "lang",
    )
    @api.depends_context("lang")
    def _compute_deadline_words(self):
        for notice in self:
            notice.days_to_pay = notice._days_to_pay()
            notice.deadline_waits = notice._counts_from_presentation(
                notice.delivery_ids
            )
            notice.deadline_words = notice.deadline_date and notice.with_context(
                lang=notice.lang or self.env.lang
            )._deadline_in_words(notice.deadline_waits, notice.days_to_pay)

    def _deadline_in_words(self, waits, days):
        """When to pay, as part of a sentence, in the language of the context."""
        self.ensure_one()
        if not waits:
            return self.env._(
                "no later than %(date)s",
                date=format_date(self.env, self.deadline_date, date_format="long"),
            )
        if days == 1:
            return self.env._("within one day of the first presentation of this letter")
        return self.env._(
            "within %(days)s days of the first presentation of this letter", days=days
        )

    def _counts_from_presentation(self, deliveries):
        """Whether the days to pay count from the presentation of its letter.

        Not where its registered letters have failed or come back, and another channel
        tells the customer instead: then the date counts.

        :param deliveries: all of this notice.
        """
        self.ensure_one()
        if self.deadline_from != "presentation":
            return False
        letters = deliveries.filtered(lambda d: d.channel == "registered")
        if not letters:
            return self.channel == "registered"

        def stands(delivery):
            return delivery.state not in UNDELIVERED

        return any(map(stands, letters)) or not any(map(stands, deliveries - letters))

    def _days_to_pay(self):
        """Days to pay as they were when the notice was issued."""
        self.ensure_one()
        if not self.deadline_date:
            return 0
        return (self.deadline_date - self.date) // timedelta(days=1)
