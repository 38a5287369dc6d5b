import logging
from dataclasses import dataclass

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

_logger = logging.getLogger(__name__)

BATCH = 50  # statements that one renderer process prints
AT_ONCE = 20  # more than this are sent in the background

STYLES = [("open", "Open items"), ("activity", "All movements")]


@dataclass(slots=True)
class Draft:
    """A statement that could be made: what it tells, and whom it would reach.

    ``email`` and ``letter`` are ``dunning.situation.Address`` or ``None``. ``earlier``
    is the same statement (customer, day, style, period) that waits or was sent before;
    not one whose e-mail failed.
    """

    profile: models.BaseModel
    statements: list
    email: object
    letter: object
    earlier: models.BaseModel

    @property
    def overdue(self):
        return any(one.figures.overdue for one in self.statements)

    @property
    def reason(self):
        """Why it is not e-mailed, or ``None``."""
        if not self.statements:
            return "nothing"
        if not self.email:
            return "address"
        return "earlier" if self.earlier else None


class CreditStatement(models.Model):
    """One statement of account made for a customer: what was printed, sent, or not.

    It is also the outbox: a waiting one is e-mailed in batches, the message and the new
    state in one transaction, so that a crash neither loses nor repeats it. Nobody
    writes them by hand.
    """

    _name = "credit.statement"
    _description = "Statement of Account"
    _inherit = ["credit.letter.mixin"]
    _order = "id desc"

    profile_id = fields.Many2one(
        "credit.profile", required=True, index=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(
        related="profile_id.company_id", store=True, index=True
    )
    partner_id = fields.Many2one(
        related="profile_id.partner_id", string="Customer", store=True, index=True
    )
    user_id = fields.Many2one(
        "res.users", string="Collector", compute="_compute_user_id", compute_sudo=True
    )
    date = fields.Date(
        required=True, readonly=True, help="The day whose books the statement tells."
    )
    style = fields.Selection(STYLES, required=True, default="open", readonly=True)
    date_from = fields.Date(
        string="From", readonly=True, help="First day of a statement of movements."
    )
    state = fields.Selection(
        [
            ("queued", "Waiting"),
            ("sent", "E-mailed"),
            ("printed", "Printed"),
            ("unsent", "Not sent"),
        ],
        required=True,
        readonly=True,
    )
    reason = fields.Char(readonly=True, help="Why it was not sent.")
    contact_id = fields.Many2one(
        "res.partner", string="Recipient", readonly=True, ondelete="set null"
    )
    address = fields.Char(readonly=True)
    lang = fields.Char(string="Language", readonly=True)
    made_on = fields.Date(required=True, readonly=True)
    sent_at = fields.Datetime(readonly=True)
    mail_message_id = fields.Many2one(
        "mail.message",
        string="Message",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    email_status = fields.Selection(
        [
            ("ready", "In the mail queue"),
            ("sent", "Gone out"),
            ("failed", "Failed"),
        ],
        string="E-mail",
        compute="_compute_email_status",
        compute_sudo=True,
    )

    _queued_uniq = models.UniqueIndex(
        "(profile_id, date, style, COALESCE(date_from, date)) WHERE state = 'queued'",
        "This statement of account is waiting to be sent already.",
    )
    _dates_ordered = models.Constraint(
        "CHECK (style = 'open' OR date_from <= date)",
        "A statement of movements needs a first day that is not after its last.",
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id", "date")
    def _compute_display_name(self):
        for statement in self:
            statement.display_name = self.env._(
                "Statement of account of %(date)s: %(customer)s",
                date=format_date(self.env, statement.date),
                customer=statement.partner_id.display_name,
            )

    @api.depends("profile_id.user_id", "company_id.dunning_user_id")
    def _compute_user_id(self):
        for statement in self:
            statement.user_id = statement.profile_id._responsible()

    @api.depends("mail_message_id.notification_ids.notification_status")
    def _compute_email_status(self):
        status = {
            "sent": "sent",
            "pending": "sent",
            "ready": "ready",
            "process": "ready",
        }
        for statement in self:
            notifications = statement.mail_message_id.notification_ids.filtered(
                lambda n, s=statement: n.res_partner_id == s.contact_id
            )
            statement.email_status = (
                status.get(notifications[0].notification_status, "failed")
                if notifications
                else False
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        if any(statement.state == "sent" for statement in self):
            raise UserError(
                self.env._("Statements that were sent stay: they show what was told.")
            )

    # === ACTIONS === #

    def action_print(self):
        """Download these statements as one PDF, as the books stand now."""
        self.check_access("read")
        if not self:
            raise UserError(self.env._("There is no statement to print."))
        report = self.env.ref("account_dunning.report_credit_statement")
        return dict(
            report.report_action(self.ids, config=False), close_on_report_download=True
        )

    def action_cancel(self):
        """Take statements that wait out of the queue again."""
        self = self._as_collector()
        waiting = self.filtered(lambda s: s.state == "queued")
        if not waiting:
            raise UserError(self.env._("None of these statements waits to be sent."))
        waiting.lock_for_update()
        waiting.write(
            {
                "state": "unsent",
                "reason": self.env._("Cancelled by %(user)s", user=self.env.user.name),
            }
        )

    def _as_collector(self):
        """The records with full rights, for a collector who may see them."""
        self.env["credit.profile"]._check_can_run()
        self.check_access("read")
        return self.sudo()

    # === BUSINESS METHODS: MAKING === #

    @api.model
    def _drafts(self, profiles, day, style="open", date_from=None):
        """What would be told to whom.

        :return: list of :class:`Draft` in the order of the profiles.
        """
        profiles.check_access("read")
        self._check_period(profiles.company_id, day, style, date_from)
        statements = self.env["credit.statement.facts"]._fetch(
            profiles, day, style, date_from
        )
        addresses = self.env["dunning.situation"]._fetch_addresses(profiles.sudo())
        earlier = (
            self.sudo()  # sudo: of customers whose profile the user may read
            .search(
                [
                    ("profile_id", "in", profiles.ids),
                    ("date", "=", day),
                    ("style", "=", style),
                    ("date_from", "=", date_from if style == "activity" else False),
                    ("state", "in", ("queued", "sent")),
                ]
            )
            # what failed or bounced told nobody
            .filtered(lambda s: s.email_status != "failed")
            .grouped("profile_id")
        )
        return [
            Draft(
                profile=profile,
                statements=statements[profile],
                email=addresses[profile.id].get("email"),
                letter=addresses[profile.id].get("letter"),
                earlier=earlier.get(profile, self.browse())[:1],
            )
            for profile in profiles
        ]

    @api.model
    def _check_period(self, companies, day, style, date_from):
        if style == "activity" and (not date_from or date_from > day):
            raise UserError(
                self.env._(
                    "Choose the first day of the period; it cannot be after the last."
                )
            )
        if any(day > company.sudo()._dunning_today() for company in companies):
            raise UserError(
                self.env._(
                    "The books of a day to come are not written yet: choose today or "
                    "an earlier day."
                )
            )

    @api.model
    def _make(self, drafts, state, day, style="open", date_from=None, **values):
        """Write down statements: to be printed, to be sent, or not sent and why."""
        # sudo: nobody writes statements freely; callers check who may make them
        return self.sudo().create(
            [
                {
                    "profile_id": draft.profile.id,
                    "date": day,
                    "style": style,
                    "date_from": date_from if style == "activity" else False,
                    "made_on": draft.profile.company_id.sudo()._dunning_today(),
                    "state": state,
                    **self._prepare_recipient(draft, by_email=state != "printed"),
                    **values,
                }
                for draft in drafts
            ]
        )

    @api.model
    def _prepare_recipient(self, draft, by_email):
        address = draft.email if by_email else draft.letter
        contact = self.env["res.partner"].browse(
            address.partner_id if address else draft.profile.partner_id.id
        )
        company = draft.profile.company_id
        return {
            "contact_id": contact.id,
            "address": address.target if address else False,
            # sudo: of a branch's user, who has no access to the root company itself
            "lang": self.sudo().with_company(company)._lang_of(contact),
        }

    # === BUSINESS METHODS: SENDING === #

    @api.model
    def _queue(self, drafts, day, style="open", date_from=None):
        """Send the statements of these drafts; many of them in the background.

        :return: the statements made, sent or waiting; of a draft without address one
            that is not sent.
        """
        self.env["credit.profile"]._check_can_run()
        period = (day, style, date_from)
        unsent = self._make(
            [draft for draft in drafts if draft.reason == "address"],
            "unsent",
            *period,
            reason=self.env._("No e-mail address"),
        )
        queued = self._make(
            [
                draft
                for draft in drafts
                if draft.statements
                and draft.email
                and draft.earlier.state != "queued"  # it goes out anyway
            ],
            "queued",
            *period,
        )
        if len(queued) <= AT_ONCE:
            queued._send()
        else:
            self.env.ref("account_dunning.ir_cron_send_statements").sudo()._trigger()
        return (unsent + queued).with_env(self.env)

    def _send(self):
        """E-mail statements that wait. Returns how many were looked at."""
        queued = self.filtered(lambda s: s.state == "queued")
        for company, mine in queued.grouped("company_id").items():
            for start in range(0, len(mine), BATCH):
                mine[start : start + BATCH].with_company(company)._send_batch()
        if queued:
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        return len(queued)

    def _send_batch(self):
        """E-mail together, or else in parts, so that one cannot stop the others."""
        if not self:
            return
        try:
            with self.env.cr.savepoint():
                self._send_now()
        except OperationalError:
            raise  # another transaction was first: tried again as a whole
        except Exception as error:  # a template may raise anything; it is reported
            if len(self) > 1:
                for statement in self:
                    statement._send_batch()
                return
            _logger.warning("Statement %s cannot be sent", self.id, exc_info=True)
            self.write({"state": "unsent", "reason": self._failure_words(error)})

    def _send_now(self):
        """Write the e-mails into Odoo's mail queue and the customers' threads."""
        gone = self.filtered(lambda s: not s._is_of_customer(s.contact_id))
        gone.write(
            {
                "state": "unsent",
                "reason": self.env._(
                    "The recipient is no contact of the customer any more"
                ),
            }
        )
        self = (self - gone)._with_figures()
        told = self._figures()
        empty = self.filtered(lambda s: not told[s.id])
        empty.write({"state": "unsent", "reason": self.env._("Nothing open any more")})
        going = self - empty
        if not going:
            return
        template = self.env.ref("account_dunning.mail_template_statement")
        attachments = going._make_attachments()
        for statement, attachment in zip(going, attachments, strict=True):
            # sent first: a missing address makes the notification fail inside the post
            statement.write({"state": "sent", "sent_at": fields.Datetime.now()})
            profile = statement.profile_id.with_context(
                lang=statement.lang, mail_notify_force_send=False
            ).with_company(statement.company_id)
            statement.mail_message_id = profile.message_post(
                **statement._prepare_email(
                    statement._render_template(template),
                    statement.contact_id,
                    attachment,
                ),
                **statement._email_heading(),
                force_send=False,
            )

    def _email_heading(self):
        """What the frame of the e-mail calls it: never our own "credit profile"."""
        self.ensure_one()
        return {
            "model_description": self.with_context(lang=self.lang).env._(
                "Statement of account"
            ),
            "force_record_name": self.partner_id.name,
        }

    def _make_attachments(self):
        """The statements as files, all printed by one renderer process."""
        streams, kind = (
            self.env["ir.actions.report"]
            .sudo()
            ._pre_render_qweb_pdf(
                "account_dunning.report_credit_statement", res_ids=self.ids
            )
        )
        is_pdf = kind == "pdf"  # the tests render no PDF
        suffix = "pdf" if is_pdf else "html"
        return (
            self.env["ir.attachment"]
            .sudo()  # sudo: part of sending; reading follows the statement
            .create(
                [
                    {
                        "name": f"{statement._file_name()}.{suffix}",
                        "raw": streams[statement.id]["stream"].getvalue()
                        if is_pdf
                        else streams,
                        "mimetype": "application/pdf" if is_pdf else "text/html",
                        "res_model": self._name,
                        "res_id": statement.id,
                        "company_id": statement.company_id.id,
                    }
                    for statement in self
                ]
            )
        )

    def _file_name(self):
        """Name of the file, in the recipient's language."""
        self.ensure_one()
        return self.with_context(lang=self.lang).env._(
            "Statement of account %(date)s", date=fields.Date.to_string(self.date)
        )

    @api.model
    def _cron_send(self):
        """Send what waits, batch by batch, oldest first."""
        cron = self.env["ir.cron"]
        domain = Domain("state", "=", "queued")
        cron._commit_progress(remaining=self.search_count(domain))
        seen = set()
        while True:
            batch = self.search(
                domain & Domain("id", "not in", list(seen)), limit=BATCH, order="id"
            )
            if not batch:
                return
            seen.update(batch.ids)
            # locked rows belong to another worker
            locked = batch.try_lock_for_update().filtered_domain(domain)
            locked._send()
            if not cron._commit_progress(len(locked)):
                return

    # === BUSINESS METHODS: TEXT === #

    def _figures(self):
        """What the statements tell, per currency; one fetch per company and period.

        :return: ``{statement id: [CurrencyStatement]}``
        """
        known = self.env.context.get("credit_statement_figures", {})
        if all(statement.id in known for statement in self):
            return known
        result = {}
        for (day, style, date_from), mine in self.grouped(
            lambda s: (s.date, s.style, s.date_from)
        ).items():
            facts = self.env["credit.statement.facts"]._fetch(
                mine.profile_id, day, style, date_from or None
            )
            result |= {one.id: facts[one.profile_id] for one in mine}
        return result

    def _with_figures(self):
        """These statements with their figures at hand: fetched once for all."""
        return self.with_context(credit_statement_figures=self._figures())

    def _letter_title(self):
        """The title, with the day or the period it tells."""
        self.ensure_one()
        day = format_date(self.env, self.date, date_format="long")
        if self.style == "activity":
            start = format_date(self.env, self.date_from, date_format="long")
            return self.env._(
                "Statement of account from %(start)s to %(end)s", start=start, end=day
            )
        return self.env._("Statement of account as of %(date)s", date=day)

    def _letter_date(self):
        self.ensure_one()
        return self.made_on

    def _is_past(self):
        """Whether it tells the books of an earlier day than it was made on."""
        self.ensure_one()
        return self.date < self.made_on

    def _letter_dues(self):
        self.ensure_one()
        return [
            (float(one.figures.closing), one.currency)
            for one in self._figures()[self.id]
            if one.figures.closing > 0
        ]
