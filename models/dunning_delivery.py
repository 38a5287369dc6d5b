import logging
from datetime import timedelta

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import plaintext2html
from odoo.tools.pdf import merge_pdf

from .dunning_level import CHANNELS, PAPER

_logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
BATCH = 50  # deliveries handed over, and committed, together


class DunningDelivery(models.Model):
    """The outbox and the proof: one attempt to bring a notice through one channel.

    Made in the transaction that issues the notice. Handing over a queued e-mail only
    writes it into Odoo's own mail queue, in the same transaction as the new state, so a
    crash can neither lose nor repeat it; what the mail server says comes back through
    the notification of the message. Letters wait in the print queue until a person
    has posted them, calls until the collector has logged them.
    """

    _name = "dunning.delivery"
    _description = "Dunning Delivery"
    _inherit = ["dunning.collector.mixin"]
    _order = "id desc"
    _rec_name = "notice_id"

    notice_id = fields.Many2one(
        "dunning.notice", required=True, index=True, ondelete="restrict", readonly=True
    )
    run_id = fields.Many2one(related="notice_id.run_id", store=True, index=True)
    profile_id = fields.Many2one(related="notice_id.profile_id", store=True, index=True)
    partner_id = fields.Many2one(related="notice_id.partner_id", string="Customer")
    company_id = fields.Many2one(related="notice_id.company_id", store=True, index=True)
    level_id = fields.Many2one(related="notice_id.level_id")
    channel = fields.Selection(CHANNELS, required=True, readonly=True)
    contact_id = fields.Many2one(
        "res.partner", string="Recipient", readonly=True, ondelete="restrict"
    )
    target = fields.Char(string="Address", readonly=True)
    state = fields.Selection(
        [
            ("queued", "Queued"),
            ("sending", "Under way"),
            ("sent", "Sent"),
            ("delivered", "Delivered"),
            ("failed", "Failed"),
            ("returned", "Returned"),
            ("cancelled", "Cancelled"),
        ],
        default="queued",
        required=True,
        readonly=True,
        copy=False,
    )
    error = fields.Text(readonly=True, copy=False)
    address_faulty = fields.Boolean(
        readonly=True,
        copy=False,
        help="The address itself failed: it is not used again until a person has "
        "checked it, or it changes.",
    )
    attempts = fields.Integer(readonly=True, copy=False)
    next_try = fields.Datetime(readonly=True, copy=False)
    sent_at = fields.Datetime(string="Sent", readonly=True, copy=False)
    printed_at = fields.Datetime(string="Printed", readonly=True, copy=False)
    tracking_number = fields.Char(copy=False)
    mail_message_id = fields.Many2one(
        "mail.message",
        string="Message",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    activity_id = fields.Many2one(
        "mail.activity",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )

    _notice_channel_uniq = models.UniqueIndex(
        "(notice_id, channel) WHERE state != 'cancelled'",
        "A notice goes through a channel only once.",
    )
    _outbox_idx = models.Index(
        "(company_id, next_try, id) WHERE state = 'queued'",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("Deliveries are the proof of what was sent: they stay.")
        )

    # === ACTIONS === #

    def action_print_letters(self):
        """Download the letters of the print queue as one PDF, in a stable order.

        Letters that a payment has overtaken are withdrawn first. The rows are locked,
        so that two people cannot print the same letters at the same moment.
        """
        self = self._as_collector()
        self.lock_for_update()
        queued = self.filtered(lambda d: d._waits_for_print())
        for company, deliveries in queued.grouped("company_id").items():
            deliveries.notice_id._withdraw_overtaken(company._dunning_today())
        queued = queued.filtered(lambda d: d._waits_for_print())
        if not queued:
            raise UserError(self.env._("There is no letter to print."))
        content = queued._letters_pdf()
        queued.printed_at = fields.Datetime.now()
        attachment = self.env["ir.attachment"].create(
            {
                "name": self.env._(
                    "Letters %(date)s.pdf", date=fields.Date.context_today(self)
                ),
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": queued.run_id[:1]._name,
                "res_id": queued.run_id[:1].id,
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "self",
        }

    def action_mark_posted(self):
        """A person says that these letters went to the post."""
        self = self._as_collector()
        letters = self.filtered(lambda d: d._waits_for_print())
        unprinted = letters.filtered(lambda d: not d.printed_at)
        if unprinted:
            raise UserError(
                self.env._(
                    "%(letters)s: print the letter before you mark it as posted.",
                    letters=", ".join(unprinted.mapped("notice_id.name")),
                )
            )
        letters._mark_sent()
        letters.run_id._update_state()

    def action_mark_returned(self):
        """A letter came back: the next channel follows."""
        self = self._as_collector()
        letters = self.filtered(
            lambda d: d.channel in PAPER and d.state in ("sent", "delivered")
        )
        letters._fail(self.env._("Returned by the post"), faulty=True, state="returned")

    def action_retry(self):
        """Put failed deliveries back into the queue.

        Which of them may go is said by ``_filter_retryable``.
        """
        self = self._as_collector()
        for delivery in self.filtered(lambda d: d.state == "failed"):
            if not delivery._may_retry():
                raise UserError(
                    self.env._(
                        "%(notice)s cannot be sent again: it was withdrawn, is under "
                        "way through another channel, the day to pay by has passed, or "
                        "the customer has a later notice or proposal.",
                        notice=delivery.notice_id.name,
                    )
                )
            delivery.write(
                {
                    "state": "queued",
                    "error": False,
                    "attempts": 0,
                    "next_try": False,
                    "address_faulty": False,
                }
            )
            delivery.notice_id._write_levels()
            delivery.profile_id._recompute_last_contact()
        self.run_id._update_state()
        self.profile_id._refresh_figures()

    def action_address_checked(self):
        """A person says the address is right: it may be used again."""
        deliveries = self._as_collector()
        deliveries.address_faulty = False
        deliveries.profile_id._refresh_figures()

    def _may_retry(self):
        self.ensure_one()
        return bool(self._filter_retryable())

    def _filter_retryable(self):
        """The failed deliveries that may go again.

        Their notice still stands and is not outdated, nothing else of it is under way
        or arrived, and no newer proposal for the customer waits for a decision.
        """
        failed = self.filtered(
            lambda d: d.state == "failed" and d.notice_id.state == "issued"
        )
        proposed = self.env["dunning.notice"].search(
            [
                ("profile_id", "in", failed.profile_id.ids),
                ("state", "in", ("draft", "approved")),
            ]
        )
        current = failed.notice_id._filter_current()
        going = ("queued", "sending", "sent", "delivered")
        return failed.filtered(
            lambda d: (
                d.notice_id in current
                and d.profile_id not in proposed.profile_id
                and not d.notice_id.delivery_ids.filtered(lambda o: o.state in going)
            )
        )

    # === BUSINESS METHODS: OUTBOX === #

    @api.model
    def _queue(self, notices):
        """One delivery per notice, through the channel the notice was prepared for."""
        deliveries = self.sudo().create(
            [
                {
                    "notice_id": notice.id,
                    "channel": notice.channel,
                    "contact_id": notice.contact_id.id,
                    "target": notice.contact_address,
                }
                for notice in notices
            ]
        )  # sudo: part of issuing; nobody makes deliveries by hand
        return deliveries

    @api.model
    def _due_domain(self, now):
        """Queued deliveries the machine may hand over (letters wait for a person)."""
        return (
            Domain("state", "=", "queued")
            & Domain("channel", "in", self._machine_channels())
            & (Domain("next_try", "=", False) | Domain("next_try", "<=", now))
        )

    @api.model
    def _machine_channels(self):
        """Channels that ``_hand_over`` serves through ``_hand_over_<channel>``."""
        return ["email", "call"]

    @api.model
    def _deliver_pending(self, company, now=None):
        """Hand over what is queued for a company, if it sends at this hour.

        :param now: naive UTC; defaults to the clock.
        :return: the number of deliveries handed over, 0 outside sending hours.
        """
        now = now or fields.Datetime.now()
        if not company._dunning_is_sending_time(now):
            return 0
        return self._hand_over(Domain("company_id", "=", company.root_id.id), now)

    @api.model
    def _hand_over(self, domain, now, commit=None):
        """Hand over queued deliveries, each in its own savepoint.

        :param commit: called after each batch with the number done; stops when it says
            0.
        """
        domain = Domain(domain) & self._due_domain(now)
        done = 0
        seen = set()
        while True:
            waiting = self.sudo().search(
                domain & Domain("id", "not in", list(seen)), limit=4 * BATCH, order="id"
            )
            if not waiting:
                return done
            # Locked rows belong to another worker; whatever it changed meanwhile is
            # seen by looking at the domain again.
            batch = waiting.try_lock_for_update(limit=BATCH).filtered_domain(domain)
            seen.update((batch or waiting).ids)
            batch._hand_over_batch(now)
            done += len(batch)
            if commit and not commit(len(batch)):
                return done

    def _hand_over_batch(self, now):
        """Hand these over; what is wrong with one does not stop the others."""
        stale = self.filtered(lambda d: d.notice_id.state != "issued")
        stale._cancel(self.env._("The notice was withdrawn"))
        going = (self - stale)._keep_standing(now)
        for delivery in going:
            delivery._try_step(f"_hand_over_{delivery.channel}", now)

    def _keep_standing(self, now):
        """Withdraw the notices that events have overtaken; one look at the facts.

        :return: the deliveries of the notices that still hold.
        """
        try:
            with self.env.cr.savepoint():
                for company, mine in self.grouped("company_id").items():
                    mine.notice_id._withdraw_overtaken(company._dunning_today(now))
        except OperationalError:
            raise  # another transaction was first: tried again as a whole
        except Exception as error:  # found out whose it is, and reported there
            if len(self) > 1:
                half = len(self) // 2
                return self[:half]._keep_standing(now) | self[half:]._keep_standing(now)
            self._report_trouble(error, now)
            return self.browse()
        return self.filtered(
            lambda d: d.state == "queued" and d.notice_id.state == "issued"
        )

    def _try_step(self, step, now):
        """Take a step of one delivery; an error is written down and tried later."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                getattr(self, step)()
        except OperationalError:
            raise  # another transaction was first: tried again as a whole
        except Exception as error:  # reported on the delivery, and to a person at last
            self._report_trouble(error, now)

    def _report_trouble(self, error, now):
        _logger.warning("Delivery %s failed", self.id, exc_info=True)
        self._postpone_after(error, now)

    def _hand_over_email(self):
        """Write the e-mail into Odoo's mail queue and the customer's thread."""
        self._take_address_of_today()
        mails = self.mail_message_id.sudo().mail_ids
        waiting = mails.filtered(lambda m: m.state in ("outgoing", "exception"))
        if waiting:
            # tried before: the same message once more, never a second one
            waiting.filtered(lambda m: m.state == "exception").mark_outgoing()
            self.mail_message_id.notification_ids.filtered(
                lambda n: n.notification_status == "exception"
            ).write({"notification_status": "ready", "failure_type": False})
            self.state = "sending"
            return
        notice = self.notice_id
        profile = self.profile_id.with_context(
            lang=notice.lang, mail_notify_force_send=False
        ).with_company(self.company_id)
        # sending first: a missing address makes the notification fail inside the post
        self.state = "sending"
        message = profile.message_post(**self._prepare_email(), force_send=False)
        self.mail_message_id = message
        # what fails before any mail is sent (no address, say) is known at once
        self._sync_notifications()

    def _prepare_email(self):
        """Arguments of the message: see ``credit.letter.mixin``."""
        notice = self.notice_id
        return {
            **notice._prepare_email(
                notice._render_email(), self.contact_id, self._email_attachments()
            ),
            **notice._email_heading(),
        }

    def _email_attachments(self):
        """The letter, and copies of the invoices where the level says so."""
        attachments = self.notice_id.attachment_id
        if self.level_id.attach_invoices:
            attachments |= self.notice_id._invoice_copies()
        return attachments

    def _hand_over_call(self):
        """Open an activity for the collector, with what to say."""
        notice = self.notice_id
        user = notice.user_id or self.env.user
        told = self.with_context(lang=user.lang)
        self.activity_id = self.profile_id.activity_schedule(
            "mail.mail_activity_data_call",
            summary=told.env._(
                "Call %(phone)s about %(notice)s",
                phone=self.target,
                notice=notice.name,
            ),
            note=plaintext2html(
                notice.level_id.with_context(lang=user.lang).call_script or ""
            ),
            user_id=user.id,
            date_deadline=notice.date,
        )
        self.state = "sending"

    # === BUSINESS METHODS: RESULTS === #

    def _mark_sent(self):
        self.write({"state": "sent", "sent_at": fields.Datetime.now(), "error": False})

    def _postpone(self, error, now=None, patient=False):
        """Try again later, longer each time; give up after a few attempts.

        :param patient: neither address nor message is to blame, but our mail server,
            say: never give up, but tell a person after as many attempts.
        """
        now = now or fields.Datetime.now()
        for delivery in self:
            attempts = delivery.attempts + 1
            if attempts >= MAX_ATTEMPTS and patient:
                delivery.run_id._tell_waiting(error)
            elif attempts >= MAX_ATTEMPTS:
                delivery.attempts = attempts
                delivery._fail(error)
                continue
            delivery.write(
                {
                    "state": "queued",
                    "attempts": attempts,
                    "error": error,
                    "next_try": now
                    + timedelta(minutes=15 * 2 ** min(attempts - 1, MAX_ATTEMPTS - 2)),
                }
            )

    def _fail(self, error, faulty=False, state="failed"):
        """The channel did not reach the customer: the next one, else a person.

        :param faulty: the address itself is to blame.
        """
        for delivery in self:
            delivery.write({"state": state, "error": error, "address_faulty": faulty})
            notice = delivery.notice_id
            if notice.state != "issued":
                continue
            if not notice._filter_current():
                # another channel would bring yesterday's news
                if notice.delivery_state == "failed":
                    notice._on_undelivered()
                continue
            facts = self.env["dunning.situation"]._fetch(
                delivery.profile_id, notice.date
            )
            addresses = dict(facts[delivery.profile_id].addresses)
            for tried in notice.delivery_ids:
                if tried.state != "cancelled":
                    addresses.pop(tried.channel, None)
            channel = notice.level_id._pick_channel(addresses, after=delivery.channel)
            if channel:
                self.sudo().create(
                    {
                        "notice_id": notice.id,
                        "channel": channel,
                        "contact_id": addresses[channel].partner_id,
                        "target": addresses[channel].target,
                    }
                )
            elif notice.delivery_state == "failed":
                notice._on_undelivered()
        self.run_id._update_state()
        self.profile_id._refresh_figures()

    def _cancel(self, reason):
        """Stop what has not left yet: also the mail in the queue, the call to make."""
        going = self.filtered(lambda d: d.state in ("queued", "sending"))
        going.write({"state": "cancelled", "error": reason})
        going.mail_message_id.sudo().mail_ids.filtered(
            lambda m: m.state in ("outgoing", "exception")
        ).cancel()
        going.activity_id.unlink()

    @api.model
    def _sync_sent(self, messages):
        """Take over the result of an attempt to send; never fails.

        The mail has left: an error here, or a conflict with another transaction, must
        not undo that core knows it. What is missed is taken over by ``_sweep``.
        """
        try:
            with self.env.cr.savepoint():
                self._sync_messages(messages)
        except Exception:
            _logger.warning(
                "State of sent dunning e-mails taken over later", exc_info=True
            )

    @api.model
    def _sweep(self, now):
        """Bring deliveries under way up to date with what became of them.

        E-mails whose result was missed, that somebody cancelled or deleted in the mail
        queue; calls to customers who have paid; runs with nothing left to do.
        """
        under_way = self.sudo().search([("state", "=", "sending")])
        for delivery in under_way.filtered(lambda d: d.channel == "email"):
            delivery._sync_notifications()
            mails = delivery.mail_message_id.mail_ids
            if delivery.state == "sending" and not mails.filtered(
                lambda m: m.state in ("outgoing", "exception", "sent", "received")
            ):
                delivery._fail(self.env._("The e-mail was taken out of the mail queue"))
        for company, calls in (
            under_way.filtered(lambda d: d.channel == "call" and d.state == "sending")
            .grouped("company_id")
            .items()
        ):
            calls.notice_id._withdraw_overtaken(company._dunning_today(now))
        self.env["dunning.run"].sudo().search(
            [("state", "=", "issued")]
        )._update_state()

    @api.model
    def _sync_messages(self, messages):
        """Take over what Odoo knows of these messages, where they are deliveries."""
        # sudo: the mail queue and the gateway run as whoever they run as
        self.sudo().search(
            [("mail_message_id", "in", messages.ids)]
        )._sync_notifications()

    def _sync_notifications(self):
        """Take over what Odoo knows of the e-mails: sent, bounced, refused."""
        for delivery in self.filtered(
            lambda d: d.state in ("queued", "sending", "sent")
        ):
            # sudo: notifications are readable by their recipient only
            notifications = delivery.sudo().mail_message_id.notification_ids.filtered(
                lambda n, d=delivery: n.res_partner_id == d.contact_id
            )
            for notification in notifications:
                delivery._sync_notification(notification)

    def _sync_notification(self, notification):
        status = notification.notification_status
        if status in ("sent", "pending"):
            if self.state in ("queued", "sending"):
                self._mark_sent()
        elif status == "bounce":
            self._fail(
                notification.failure_reason or self.env._("The e-mail bounced"),
                faulty=True,
            )
        elif status == "exception" and self.state == "sending":
            self._take_over_failure(notification)
        elif status == "canceled" and self.state == "sending":
            self._fail(notification.format_failure_reason())

    # === BUSINESS METHODS: LETTERS === #

    def _waits_for_print(self):
        """Whether a person has to print and post it."""
        self.ensure_one()
        return self.channel in PAPER and self.state == "queued" and not self.provider_id

    def _letters_pdf(self):
        """The letters as one PDF, ordered by country, postcode and number.

        The order is stable, so that sheets and envelopes can be matched; copies of the
        invoices follow their letter where the level says so.
        """
        parts = []
        for delivery in self.sorted(
            lambda d: (
                d.contact_id.country_id.code or "",
                d.contact_id.zip or "",
                d.notice_id.name,
            )
        ):
            # sudo: whoever may print the delivery may print its letter
            parts.extend(
                attachment.raw
                for attachment in delivery.sudo()._email_attachments()
                if attachment.mimetype == "application/pdf"
            )
        if len(parts) == 1:
            return parts[0]  # byte for byte as it was frozen
        return merge_pdf(parts) if parts else b""

    # === SCHEDULED ACTIONS === #

    @api.model
    def _cron_deliver(self):
        """Every 15 minutes: hand over what is queued, in each company's hours."""
        cron = self.env["ir.cron"]
        now = fields.Datetime.now()
        self._sweep(now)
        companies = self.env["res.company"].search([("parent_id", "=", False)])
        open_now = companies.filtered(lambda c: c._dunning_is_sending_time(now))
        domain = Domain("company_id", "in", open_now.ids)
        cron._commit_progress(
            remaining=self.search_count(domain & self._due_domain(now))
        )
        done = self._hand_over(domain, now, commit=cron._commit_progress)
        if done:
            self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()
