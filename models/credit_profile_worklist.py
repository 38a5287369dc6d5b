from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

# What is written when somebody talked to the customer, or the customer to us.
CONTACTS = {"handled_on", "last_call_date", "unread_reply"}


class CreditProfile(models.Model):
    """The worklist: what stands above it, and what a collector does with a row."""

    _inherit = "credit.profile"

    last_contact_summary = fields.Char(
        string="Last contact and outcome", compute="_compute_last_contact_summary"
    )

    next_action_summary = fields.Char(
        string="Next action and date", compute="_compute_next_action_summary"
    )

    waits_for_approval = fields.Boolean(
        compute="_compute_waits_for_approval",
        search="_search_waits_for_approval",
        help="A proposed notice waits for somebody's decision.",
    )

    @api.depends("notice_ids.state")
    def _compute_waits_for_approval(self):
        groups = self.env["dunning.notice"]._read_group(
            [("profile_id", "in", self.ids), ("state", "=", "draft")], ["profile_id"]
        )
        waiting = {profile for (profile,) in groups}
        for profile in self:
            profile.waits_for_approval = profile in waiting

    def _search_waits_for_approval(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = Domain("notice_ids", "any", [("state", "=", "draft")])
        return domain if True in value else ~domain

    @api.depends("activity_ids.date_deadline", "activity_ids.summary")
    @api.depends_context("lang")
    def _compute_next_action_summary(self):
        for profile in self:
            activity = profile.activity_ids.sorted(lambda a: (a.date_deadline, a.id))[
                :1
            ]
            profile.next_action_summary = (
                self.env._(
                    "%(date)s · %(action)s",
                    date=self._short_date(activity.date_deadline),
                    action=activity.summary or activity.activity_type_id.name or "",
                )
                if activity
                else False
            )

    @api.depends("last_contact_date", "last_call_date", "last_call_outcome")
    @api.depends_context("lang")
    def _compute_last_contact_summary(self):
        outcomes = dict(
            self._fields["last_call_outcome"]._description_selection(self.env)
        )
        for profile in self:
            told, called = profile.last_contact_date, profile.last_call_date
            if called and (not told or called >= told):
                profile.last_contact_summary = self.env._(
                    "%(date)s · call: %(outcome)s",
                    date=self._short_date(called),
                    outcome=outcomes.get(profile.last_call_outcome, ""),
                )
            elif told:
                profile.last_contact_summary = self.env._(
                    "%(date)s · reminder", date=self._short_date(told)
                )
            else:
                profile.last_contact_summary = False

    def _short_date(self, day):
        """Day and month; the year where it is another one."""
        this_year = day.year == fields.Date.context_today(self).year
        return format_date(
            self.env, day, date_format="d MMM" if this_year else "d MMM yyyy"
        )

    # === CRUD === #

    def write(self, vals):
        """A contact moves the customer on the worklist at once."""
        result = super().write(vals)
        if CONTACTS & set(vals):
            self._refresh_figures()
        return result

    @api.model
    def formatted_read_group(
        self,
        domain,
        groupby=(),
        aggregates=(),
        having=(),
        offset=0,
        limit=None,
        order=None,
    ):
        """Of the worklist only *Act now* opens by itself: the rest can wait."""
        groups = super().formatted_read_group(
            domain, groupby, aggregates, having, offset, limit, order
        )
        if list(groupby) == ["work_state"]:
            for group in groups:
                group["__fold"] = group["work_state"] != "act"
        return groups

    # === FIGURES ABOVE THE LIST === #

    @api.model
    def get_worklist_figures(self):
        """The figures above the worklist, for the user's companies.

        Each is the count behind the filter of the same name.

        :return: dict with ``collect`` (count, amount and currency; no amount where the
            companies have several currencies), ``holds``, ``failed``, ``approval``,
            ``bank`` (date of the newest statement line as text, unmatched lines),
            ``refreshed_at``, ``start`` (what a new company still has to do) and
            ``reload`` (customers came to the list just now).
        """
        self.check_access("read")
        companies = self.env.companies.root_id
        made = self._make_missing(companies)
        mine = Domain("company_id", "in", companies.ids)
        ((count, amount),) = self._read_group(
            mine & Domain("work_state", "=", "act"),
            aggregates=["__count", "amount_to_collect:sum"],
        )
        currency = companies.currency_id
        return {
            "collect": {
                "count": count,
                "amount": amount or 0.0,
                "currency_id": currency.id if len(currency) == 1 else False,
            },
            "holds": self.search_count(mine & Domain("hold_alert", "=", True)),
            "failed": self.search_count(mine & Domain("address_faulty", "=", True)),
            "approval": self.search_count(
                mine & Domain("waits_for_approval", "=", True)
            ),
            "bank": self._bank_freshness(companies),
            "refreshed_at": self._oldest_refresh(
                mine & Domain("work_state", "!=", "none")
            )
            or self._oldest_refresh(mine),
            "start": self._getting_started(companies),
            "reload": made,
        }

    @api.model
    def _oldest_refresh(self, domain):
        ((oldest,),) = self._read_group(domain, aggregates=["refreshed_at:min"])
        return fields.Datetime.to_string(oldest) if oldest else False

    @api.model
    def _bank_freshness(self, companies):
        """Newest bank data and lines not yet matched; ``False`` without any."""
        # sudo: a date and a count, which say how far the figures can be trusted
        Line = self.env["account.bank.statement.line"].sudo()
        domain = [("company_id", "child_of", companies.ids)]
        ((newest,),) = Line._read_group(domain, aggregates=["date:max"])
        if not newest:
            return False
        return {
            "date": fields.Date.to_string(newest),
            "unmatched": Line.search_count([*domain, ("is_reconciled", "=", False)]),
        }

    @api.model
    def _make_missing(self, companies):
        """Profiles of customers whose first open item came since the last refresh.

        :return: whether there were any; then the list is read again.
        """
        made = self.browse()
        for company in companies:
            made |= self._ensure_all(company)
        made._refresh_figures()
        return bool(made)

    @api.model
    def _getting_started(self, companies):
        """What a company that never reminded anybody can do next; else ``False``."""
        notices = self.env["dunning.notice"].sudo()
        # sudo: existence only
        if notices.search_count(
            [("company_id", "in", companies.ids), ("issued_at", "!=", False)], limit=1
        ):
            return False
        return {
            "owed": any(self._any_open_items(company) for company in companies),
            "proposed": bool(
                notices.search_count(
                    [
                        ("company_id", "in", companies.ids),
                        ("state", "in", ("draft", "approved")),
                    ],
                    limit=1,
                )
            ),
        }

    @api.model
    def action_refresh_worklist(self):
        """Make missing profiles and refresh all figures of the user's companies."""
        self.check_access("read")
        for company in self.env.companies.root_id:
            self._ensure_all(company)
        # sudo: figures follow from the ledger, whoever asks for them
        self.sudo().with_context(active_test=False).search(
            [("company_id", "in", self.env.companies.root_id.ids)]
        )._refresh_figures()
        return True

    # === ACTIONS === #

    @api.model
    def action_new_invoice(self):
        """A new customer invoice."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New invoice"),
            "res_model": "account.move",
            "views": [(False, "form")],
            "context": {"default_move_type": "out_invoice"},
        }

    @api.model
    def action_first_run(self):
        """The first proposal of a company, for all customers and today."""
        return self.env["dunning.run.wizard"].create({}).action_propose()

    def action_done(self):
        """Say that nothing more is to be done with these customers today.

        They leave *Act now* until tomorrow, or for good when the reason is gone.
        """
        self._check_can_run()
        self.check_access("write")
        for company, profiles in self.grouped("company_id").items():
            # sudo: the column is written by this action only
            profiles.sudo().handled_on = company._dunning_today()

    def action_undo_done(self):
        """Take “Done” back: the customers are on the list again."""
        self._check_can_run()
        self.check_access("write")
        self.sudo().handled_on = False

    def action_approve_proposals(self):
        """Approve the proposed notices of these customers."""
        self.notice_ids.filtered(lambda n: n.state == "draft").action_approve()
        return {"type": "ir.actions.client", "tag": "soft_reload"}
