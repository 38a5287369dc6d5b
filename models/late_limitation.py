from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_amount, format_date

from ..engine import limitation
from ..engine.limitation import Standing
from .legal import Legal
from .res_partner import PROFILE_GROUPS

BATCH = 500  # customers looked at, and committed, together
STANDINGS = [
    (Standing.OPEN.value, "In time"),
    (Standing.NEAR.value, "Six months left, or less"),
    (Standing.CLOSE.value, "One month left, or less"),
    (Standing.BARRED.value, "Out of time"),
]


def _standing_domain(standing, day):
    """Rows of ``late.limitation`` with a standing on a day; see engine.limitation."""
    return {
        "barred": Domain("last_day", "<", day),
        "close": Domain("last_day", ">=", day) & Domain("close_on", "<=", day),
        "near": Domain("close_on", ">", day) & Domain("near_on", "<=", day),
        "open": Domain("near_on", ">", day) | Domain("last_day", "=", False),
    }[standing]


class LateLimitation(models.Model):
    """The last safe day of each open item, beside the ledger.

    Postings are not touched: this is a list to search and group by, brought up to date
    every night and when an interruption is recorded. What the rules decide on is read
    live, by ``dunning.situation``.
    """

    _name = "late.limitation"
    _description = "Claim About to Lapse"
    _inherit = ["dunning.bulk.mixin"]
    _log_access = False
    _order = "last_day, id"
    _rec_name = "move_line_id"

    profile_id = fields.Many2one(
        "credit.profile",
        string="Customer",
        required=True,
        index=True,
        readonly=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True, ondelete="cascade"
    )
    user_id = fields.Many2one(
        related="profile_id.user_id", string="Collector", readonly=True
    )
    customer_kind = fields.Selection(
        related="profile_id.customer_kind", string="Kind of customer"
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Item",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    date_maturity = fields.Date(string="Due date", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    residual = fields.Monetary(
        string="Open", readonly=True, help="Company currency, as of the last look."
    )
    last_day = fields.Date(
        string="Last safe day",
        readonly=True,
        index="btree_not_null",
        help="Until then one can safely go to court. A reminder or formal notice does "
        "not stop the time; an acknowledgement, a claim in court or an act of "
        "enforcement does.",
    )
    near_on = fields.Date(readonly=True)
    close_on = fields.Date(readonly=True)
    interrupted_on = fields.Date(string="Interrupted on", readonly=True)
    warned = fields.Selection(
        [("near", "Six months before"), ("close", "One month before")],
        readonly=True,
        help="The last warning the collector got.",
    )
    standing = fields.Selection(
        STANDINGS, compute="_compute_standing", search="_search_standing"
    )

    _item_uniq = models.UniqueIndex("(move_line_id)")

    @api.depends("last_day")
    def _compute_standing(self):
        for row in self:
            day = row.company_id.sudo()._dunning_today()
            row.standing = limitation.standing(row.last_day or None, day).value

    def _search_standing(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self.env["res.company"]._dunning_domain_today(
            lambda day: Domain.OR(
                _standing_domain(standing, day) for standing in value if standing
            )
        )

    # === ACTIONS === #

    def action_interrupt(self):
        """Open the dialogue that records what interrupted the time of these items."""
        return self.profile_id[:1].action_interrupt(self.move_line_id)

    def action_open_customer(self):
        self.ensure_one()
        return self.profile_id.get_formview_action()

    # === BUSINESS METHODS === #

    def _differs(self, vals):
        self.ensure_one()
        return (
            self.profile_id.id != vals["profile_id"]
            or (self.date_maturity or False) != vals["date_maturity"]
            or (self.last_day or False) != vals["last_day"]
            or (self.interrupted_on or False) != vals["interrupted_on"]
            or self.currency_id.compare_amounts(self.residual, float(vals["residual"]))
        )

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_limitation(self):
        """Each night: bring the list up to date and warn, batch by batch."""
        Profile = self.env["credit.profile"].with_context(active_test=False)
        undone = self.env["res.company"]._dunning_domain_today(
            lambda day: Domain("limitation_on", "!=", day)
        )
        Profile._work_through(
            undone, BATCH, "_refresh_and_warn_of_limitation", "limitation_error"
        )


class CreditProfile(models.Model):
    """The last safe days of a customer's items: kept, and warned of."""

    _inherit = "credit.profile"

    limitation_on = fields.Date(
        string="Last safe days looked at",
        readonly=True,
        copy=False,
    )
    limitation_error = fields.Char(
        string="Last safe days not up to date",
        readonly=True,
        copy=False,
        help="Why the last safe days could not be worked out the last time.",
    )

    # === ACTIONS === #

    def action_interrupt(self, items=None):
        """Open the dialogue that records an interruption of limitation.

        :param items: journal items to begin with; default: all the customer owes.
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Record an interruption"),
            "res_model": "late.interruption.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_profile_id": self.id,
                "default_scope": "items" if items else "all",
                "default_move_line_ids": items.ids if items else [],
            },
        }

    # === BUSINESS METHODS === #

    def _last_safe_days(self, day):
        """The open items of these customers, all of one company, with their last day.

        :return: list of ``(profile, row, last day or None)``; debts only.
        """
        if not self:
            return []
        Situation = self.env["dunning.situation"]
        company = self.company_id
        company.ensure_one()
        by_partner = {profile.partner_id.id: profile for profile in self.sudo()}
        fetched = Situation._fetch_rows(company, by_partner)
        laws = self._late_laws(day)
        result = []
        for partner_id, rows in fetched.items():
            profile = by_partner[partner_id]
            legal = Legal(
                day=day,
                law=laws.get(profile.id),
                is_consumer=profile.customer_kind == "consumer",
            )
            result += [
                (profile, row, legal.last_day(row)) for row in rows if row.residual > 0
            ]
        return result

    def _refresh_limitations(self):
        """Bring the list of last safe days up to date for these customers."""
        for company, profiles in self.grouped("company_id").items():
            profiles._write_limitations(company.sudo()._dunning_today())

    def _refresh_and_warn_of_limitation(self):
        for company, profiles in self.grouped("company_id").items():
            today = company.sudo()._dunning_today()
            profiles._write_limitations(today)
            profiles._warn_of_limitation(today)
            profiles._update_columns({"limitation_on": today})
            profiles.invalidate_recordset(["limitation_on"], flush=False)

    def _write_limitations(self, day):
        """Rows of ``late.limitation``: what is new, has changed, or is gone."""
        Row = self.env["late.limitation"].sudo()
        known = {
            row.move_line_id.id: row
            for row in Row.search_fetch(
                [("profile_id", "in", self.ids)],
                [
                    "profile_id",
                    "move_line_id",
                    "date_maturity",
                    "residual",
                    "last_day",
                    "interrupted_on",
                    "warned",
                ],
            )
        }
        created, changed = [], {}
        for profile, item, last in self._last_safe_days(day):
            vals = self._prepare_limitation(profile, item, last)
            row = known.pop(item.id, None)
            if row is None:
                created.append(vals)
            elif row._differs(vals):
                moved = (row.last_day or None) != last
                vals["warned"] = False if moved else row.warned
                changed[row.id] = vals
        Row.browse([row.id for row in known.values()]).unlink()
        Row._create_rows(created)
        Row._update_rows(changed)
        Row.browse(changed).invalidate_recordset(flush=False)

    @api.model
    def _prepare_limitation(self, profile, item, last):
        near, close = limitation.warning_days(last) if last else (False, False)
        return {
            "profile_id": profile.id,
            "company_id": profile.company_id.id,
            "move_line_id": item.id,
            "date_maturity": item.due_date,
            "residual": item.residual,
            "last_day": last or False,
            "near_on": near,
            "close_on": close,
            "interrupted_on": max(item.interruptions or (), default=False),
            "warned": False,
        }

    def _warn_of_limitation(self, day):
        """One activity per customer and stage, for items not warned of yet.

        To the collector, without e-mails, as other findings of the night. What is out
        of time when it is first seen is in the list; nothing can be done in time.
        """
        Row = self.env["late.limitation"].sudo()
        activity_type = self.env.ref(
            "account_dunning.mail_activity_type_limitation", raise_if_not_found=False
        )
        mine = Domain("profile_id", "in", self.ids)
        stages = {
            "near": Domain("warned", "=", False),
            "close": Domain("warned", "!=", "close"),
        }
        model_id = self.env["ir.model"]._get_id(self._name)
        activities = []
        for stage, unwarned in stages.items():
            rows = Row.search(mine & unwarned & _standing_domain(stage, day))
            if not rows or not activity_type:
                continue
            for profile, items in rows.grouped("profile_id").items():
                user = (
                    profile._responsible()
                    or profile.company_id._dunning_credit_contact()
                )
                told = profile.with_context(lang=user.lang)
                activities.append(
                    {
                        "res_model_id": model_id,
                        "res_id": profile.id,
                        "activity_type_id": activity_type.id,
                        "user_id": user.id,
                        "date_deadline": day,
                        "automated": True,
                        "summary": told._limitation_summary(items),
                        "note": told._limitation_note(items),
                    }
                )
            rows.warned = stage
        self.env["mail.activity"].sudo().with_context(
            mail_activity_quick_update=True
        ).create(activities)

    def _limitation_summary(self, rows):
        return self.env._(
            "Claims lapse from %(date)s on",
            date=format_date(self.env, min(rows.mapped("last_day"))),
        )

    def _limitation_note(self, rows):
        """Which items, how much, until when, and what helps."""
        self.ensure_one()
        lines = Markup("").join(
            Markup("<li>%s: %s, %s</li>")
            % (
                row.move_line_id.display_name,
                format_amount(self.env, row.residual, row.currency_id),
                self.env._(
                    "last safe day %(date)s", date=format_date(self.env, row.last_day)
                ),
            )
            for row in rows.sorted("last_day")
        )
        return Markup("<ul>%s</ul><p>%s</p>") % (
            lines,
            self.env._(
                "A reminder does not stop the time, nor does a formal notice. A "
                "written acknowledgement by the customer, a claim in court or an act "
                "of enforcement does: record it on the customer's page."
            ),
        )


class AccountMoveLine(models.Model):
    """The last safe day on journal items: live when read, by the list when searched."""

    _inherit = "account.move.line"

    late_last_day = fields.Date(
        string="Last safe day",
        compute="_compute_late_last_day",
        search="_search_late_last_day",
        groups=PROFILE_GROUPS,
        help="Until then one can safely go to court for it, by the regime of the "
        "customer. Searching and grouping go by the list of last night.",
    )
    late_standing = fields.Selection(
        STANDINGS,
        string="Limitation",
        compute="_compute_late_last_day",
        search="_search_late_standing",
        groups=PROFILE_GROUPS,
    )

    def _compute_late_last_day(self):
        """By the same few queries for all items of a company read together."""
        self.late_last_day = self.late_standing = False
        receivable = self.filtered(
            lambda line: (
                line.account_type == "asset_receivable"
                and line.parent_state == "posted"
                and not line.reconciled
                and line.partner_id
            )
        )
        # sudo: the customers' law, for whoever may read their items
        Profile = self.env["credit.profile"].sudo().with_context(active_test=False)
        for company, lines in receivable.grouped(
            lambda li: li.company_id.root_id
        ).items():
            profiles = Profile.search(
                [
                    ("company_id", "=", company.id),
                    ("partner_id", "in", lines.partner_id.commercial_partner_id.ids),
                ]
            )
            today = company.sudo()._dunning_today()
            found = {row.id: last for __, row, last in profiles._last_safe_days(today)}
            for line in lines:
                if line.id in found:
                    last = found[line.id]
                    line.late_last_day = last or False
                    line.late_standing = limitation.standing(last, today).value

    @api.model
    def _search_late_last_day(self, operator, value):
        if operator in ("in", "=") and (value is False or value == {False}):
            rows = (
                self.env["late.limitation"].sudo()._search([("last_day", "!=", False)])
            )
            return Domain("id", "not in", rows.subselect("move_line_id"))
        rows = (
            self.env["late.limitation"].sudo()._search([("last_day", operator, value)])
        )
        return Domain("id", "in", rows.subselect("move_line_id"))

    @api.model
    def _search_late_standing(self, operator, value):
        if operator != "in":
            return NotImplemented
        rows = (
            self.env["late.limitation"]
            .sudo()
            ._search([("standing", "in", list(value))])
        )
        return Domain("id", "in", rows.subselect("move_line_id"))

    def _field_to_sql(self, alias, field_expr, query=None):
        """Group and sort by the last safe day: it stands in a table of its own."""
        if field_expr != "late_last_day" or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        self.env["late.limitation"].flush_model(["move_line_id", "last_day"])
        rows = query.left_join(alias, "id", "late_limitation", "move_line_id", "last")
        return SQL.identifier(rows, "last_day")
