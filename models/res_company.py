from datetime import datetime, time, timedelta
from decimal import Decimal

import pytz

from odoo import api, fields, models
from odoo.fields import Domain

# Countries whose window envelopes show the address on the left (DIN 5008 and kin).
LEFT_WINDOW_COUNTRIES = ("DE", "AT", "CH", "LI", "NL", "DK", "SE", "NO", "FI")


class ResCompany(models.Model):
    _inherit = "res.company"

    dunning_policy_id = fields.Many2one(
        "dunning.policy",
        string="Policy for businesses",
        default=lambda self: self.env.ref(
            "account_dunning.dunning_policy_business_standard", raise_if_not_found=False
        ),
        help="Applies to businesses and public bodies without a policy of their own.",
    )
    dunning_consumer_policy_id = fields.Many2one(
        "dunning.policy",
        string="Policy for consumers",
        default=lambda self: self.env.ref(
            "account_dunning.dunning_policy_consumer", raise_if_not_found=False
        ),
        help="Applies to everyone who is not known to be a business.",
    )
    dunning_auto_propose = fields.Boolean(
        string="Prepare a proposal every morning",
        default=True,
        help="The scheduled action prepares a run on each working day. Whether "
        "anything leaves without a person is decided by the policies.",
    )
    dunning_baseline_date = fields.Date(
        string="Go-live date",
        help="Debts due before this date are old debts: the start rule of their policy "
        "says where they enter. Leave empty to treat all debts so.",
    )
    dunning_bank_max_age = fields.Integer(
        string="Maximum age of bank data (days)",
        default=7,
        help="Nobody is reminded when the newest bank statement line is older than "
        "this number of days. 0 switches the check off; it does not apply as long as "
        "there are no statement lines at all.",
    )
    dunning_user_id = fields.Many2one(
        "res.users",
        string="Credit contact",
        help="Named in letters, and gets the activities, where a customer has no "
        "collector.",
    )
    dunning_send_from = fields.Float(
        string="Send from", default=8.0, help="Local time; messages wait until then."
    )
    dunning_send_to = fields.Float(string="Send until", default=18.0)
    dunning_address_position = fields.Selection(
        [("right", "Right"), ("left", "Left")],
        string="Envelope window",
        compute="_compute_dunning_address_position",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="Where the address of a letter stands: right as in France and Belgium, "
        "left as in countries that follow DIN 5008.",
    )

    _dunning_hours = models.Constraint(
        "CHECK (dunning_send_from >= 0 AND dunning_send_to <= 24"
        " AND dunning_send_from < dunning_send_to)",
        "Sending hours start before they end, between 0 and 24.",
    )

    @api.depends("country_id")
    def _compute_dunning_address_position(self):
        for company in self:
            company.dunning_address_position = (
                "left" if company.country_id.code in LEFT_WINDOW_COUNTRIES else "right"
            )

    # === BUSINESS METHODS === #

    def _dunning_tz(self):
        """The company's time zone: that of its working calendar."""
        self.ensure_one()
        calendar = self.root_id.sudo().resource_calendar_id
        return pytz.timezone(calendar.tz or self.partner_id.tz or "UTC")

    def _dunning_today(self, now=None):
        """The company's local date.

        :param now: naive UTC; defaults to the clock.
        """
        return self._dunning_now(now).date()

    def _dunning_now(self, now=None):
        """The company's local time, with its time zone.

        :param now: naive UTC; defaults to the clock.
        """
        now = now or fields.Datetime.now()
        return pytz.utc.localize(now).astimezone(self._dunning_tz())

    def _dunning_bounds(self, day):
        """When a local day begins and ends, as naive UTC; it need not have 24 hours.

        :return: ``(first instant, first instant of the next day)``
        """
        tz = self._dunning_tz()
        return tuple(
            tz.localize(datetime.combine(date, time.min))
            .astimezone(pytz.utc)
            .replace(tzinfo=None)
            for date in (day, day + timedelta(days=1))
        )

    @api.model
    def _dunning_domain_today(self, domain_of):
        """A domain about "today", which is not the same day for all companies.

        For models whose ``company_id`` is a root company.

        :param domain_of: function that makes the domain for a date.
        """
        # sudo: the calendar says what day it is; a user of a branch cannot read it
        roots = self.sudo().with_context(active_test=False)
        roots = roots.search([("parent_id", "=", False)])
        days = roots.grouped(lambda company: company._dunning_today())
        if len(days) == 1:
            return domain_of(*days)
        return Domain.OR(
            Domain("company_id", "in", companies.ids) & domain_of(day)
            for day, companies in days.items()
        )

    def _dunning_is_working_day(self, day):
        """Whether the company's working calendar has any working time on that day.

        Public holidays are the calendar's leaves without a resource. A company without
        a calendar works from Monday to Friday.
        """
        self.ensure_one()
        calendar = self.root_id.sudo().resource_calendar_id
        if not calendar:
            return day.weekday() < 5
        tz = self._dunning_tz()
        start = tz.localize(datetime.combine(day, time.min))
        end = tz.localize(datetime.combine(day + timedelta(days=1), time.min))
        return bool(calendar._work_intervals_batch(start, end)[False])

    def _dunning_working_days(self, first, last):
        """The working days from ``first`` to ``last``, as a set; one look for all.

        What a working day is, is said by :meth:`_dunning_is_working_day`.
        """
        self.ensure_one()
        days = {first + timedelta(days=n) for n in range((last - first).days + 1)}
        calendar = self.root_id.sudo().resource_calendar_id
        if not calendar:
            return {day for day in days if day.weekday() < 5}
        tz = self._dunning_tz()
        start = tz.localize(datetime.combine(first, time.min))
        end = tz.localize(datetime.combine(last + timedelta(days=1), time.min))
        work = calendar._work_intervals_batch(start, end)[False]
        # an interval may reach over midnight
        return {
            day
            for begin, end, __ in work
            for day in days
            if begin.astimezone(tz).date() <= day
            and tz.localize(datetime.combine(day, time.min)) < end
        }

    def _dunning_is_sending_time(self, now):
        """Whether messages may leave now: a working day, within the sending hours.

        :param now: naive UTC.
        """
        self.ensure_one()
        local = self._dunning_now(now)
        hour = local.hour + local.minute / 60
        root = self.root_id
        return (
            root.dunning_send_from <= hour < root.dunning_send_to
            and self._dunning_is_working_day(local.date())
        )

    def _to_decimal(self, amount):
        """A database amount as the exact decimal a person reads."""
        return Decimal(str(amount or 0))
