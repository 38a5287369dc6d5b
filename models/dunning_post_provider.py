import hashlib
import logging
import re
from dataclasses import dataclass

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools.mimetypes import guess_mimetype

from ..engine import postal
from .dunning_level import PAPER
from .post_drop import Trouble

_logger = logging.getLogger(__name__)

MAILING_SIZE = 50  # letters handed over together
ACTIVITY = "mail.mail_activity_data_warning"
SCANS = ("application/pdf", "image/png", "image/jpeg")


@dataclass(frozen=True, slots=True)
class Package:
    """What a mailing house gets: the list, and the letters by file name."""

    name: str
    manifest: str
    files: dict[str, bytes]


class DunningPostProvider(models.Model):
    """A mailing house: who prints and posts the letters of a company.

    What differs between them is three methods per kind: ``_submit_<kind>`` hands a
    mailing over, ``_status_<kind>`` takes in what became of letters, ``_proof_<kind>``
    brings a scan. Another addon adds a kind to the selection and these methods.
    """

    _name = "dunning.post.provider"
    _description = "Mailing House"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "company_id, id"

    name = fields.Char(required=True)
    active = fields.Boolean(
        default=True,
        tracking=True,
        help="Switched off, letters that are not handed over yet go back to the print "
        "queue.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company.root_id,
        domain=[("parent_id", "=", False)],
        help="Branches use the mailing house of their main company.",
    )
    kind = fields.Selection(
        selection="_selection_kind",
        string="Handed over by",
        required=True,
        default="folder",
        tracking=True,
    )
    for_letter = fields.Boolean(string="Letters", default=True, tracking=True)
    for_registered = fields.Boolean(
        string="Registered letters", default=True, tracking=True
    )
    colour = fields.Boolean(string="Print in colour", tracking=True)
    duplex = fields.Boolean(string="Print on both sides", default=True, tracking=True)
    reports_back = fields.Boolean(
        string="Reports back",
        default=True,
        tracking=True,
        help="The mailing house says when a letter was posted. If it does not, letters "
        "count as sent once they are handed over; registered letters always wait for "
        "what the post says.",
    )
    status_text = fields.Text(
        string="Words of the mailing house",
        help="One a line, its word = ours, where its status files do not use ours: "
        "deposited, presented, delivered, unclaimed, refused, returned, rejected. "
        "E.g.: distribué = delivered",
    )
    trouble = fields.Text(
        readonly=True, copy=False, help="Why nothing can be exchanged at the moment."
    )
    last_exchange = fields.Datetime(readonly=True, copy=False)
    mailing_ids = fields.One2many("dunning.post.mailing", "provider_id")
    waiting_count = fields.Integer(
        string="Letters waiting", compute="_compute_waiting_count"
    )

    @api.model
    def _selection_kind(self):
        return [("folder", self.env._("Folder of this server"))]

    def _compute_waiting_count(self):
        counts = dict(
            self.env["dunning.delivery"]._read_group(
                [("provider_id", "in", self.ids), ("state", "=", "queued")],
                ["provider_id"],
                ["__count"],
            )
        )
        for provider in self:
            provider.waiting_count = counts.get(provider, 0)

    # === CONSTRAINTS === #

    @api.constrains("active", "company_id", "for_letter", "for_registered")
    def _check_one_per_channel(self):
        for provider in self.filtered("active"):
            others = self.search(
                [
                    ("company_id", "=", provider.company_id.id),
                    ("id", "!=", provider.id),
                ]
            )
            for name in ("for_letter", "for_registered"):
                rival = provider[name] and others.filtered(name)
                if rival:
                    raise ValidationError(
                        self.env._(
                            "%(field)s of %(company)s go to “%(other)s” already: each "
                            "kind of letter has one mailing house.",
                            field=self._fields[name]._description_string(self.env),
                            company=provider.company_id.name,
                            other=rival[0].name,
                        )
                    )

    @api.constrains("company_id")
    def _check_root_company(self):
        if any(provider.company_id.parent_id for provider in self):
            raise ValidationError(
                self.env._(
                    "A mailing house belongs to the main company; its branches use it."
                )
            )

    @api.constrains("status_text")
    def _check_status_words(self):
        known = {step.value for step in postal.Step}
        for provider in self:
            for line in (provider.status_text or "").splitlines():
                word, sign, ours = line.partition("=")
                if line.strip() and not (
                    sign and word.strip() and ours.strip().lower() in known
                ):
                    raise ValidationError(
                        self.env._(
                            "“%(line)s” is not a word of the mailing house, a sign = "
                            "and one of: %(words)s",
                            line=line,
                            words=", ".join(sorted(known)),
                        )
                    )

    # === CRUD === #

    def write(self, vals):
        result = super().write(vals)
        if {"active", "for_letter", "for_registered"} & set(vals):
            self._let_go()
        return result

    def _let_go(self):
        """Letters it does not take any more go back to the print queue."""
        for provider in self:
            channels = provider.active and provider._channels() or []
            # sudo: administrators of the mailing house need no right on deliveries
            waiting = (
                self.env["dunning.delivery"]
                .sudo()
                .search(
                    [
                        ("provider_id", "=", provider.id),
                        ("state", "=", "queued"),
                        ("channel", "not in", channels),
                    ]
                )
            )
            waiting.write({"provider_id": False, "next_try": False, "error": False})

    # === ACTIONS === #

    def action_test(self):
        """Try whether letters could be handed over; nothing is."""
        self.ensure_one()
        self.check_access("write")
        try:
            self._check_connection()
        except Trouble as trouble:
            raise UserError(self._words_of(trouble)) from trouble
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "It works: “%(name)s” can be reached.", name=self.name
                ),
            },
        }

    def action_exchange(self):
        """Hand over and read back now, in the background."""
        self.env["credit.profile"]._check_can_run()
        self.env.ref("account_dunning.ir_cron_post").sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._(
                    "The exchange begins within a minute; what was handed over is "
                    "listed under Mailings."
                ),
            },
        }

    def action_view_mailings(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.dunning_post_mailing_action"
        )
        return dict(action, domain=[("provider_id", "=", self.id)], context={})

    def action_view_waiting(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.dunning_delivery_action"
        )
        return dict(
            action,
            domain=[("provider_id", "=", self.id), ("state", "=", "queued")],
            context={},
        )

    # === THE INTERFACE === #

    def submit(self, mailing, package):
        """Hand a claimed mailing over.

        :raises Trouble: nothing has been handed over, for certain.
        :raises Exception: any other: it may or may not have been.
        """
        self.ensure_one()
        getattr(self, f"_submit_{self.kind}")(mailing, package)

    def status(self, commit):
        """Take in what became of the letters.

        :param commit: called after each piece with the number done; stops when it
            says 0.
        :raises Trouble: the mailing house cannot be reached.
        """
        self.ensure_one()
        getattr(self, f"_status_{self.kind}")(commit)

    def proof(self, names):
        """Scans by their names, as status files give them.

        :return: ``{name: bytes}``, without those that are not there (yet).
        :raises Trouble: the mailing house cannot be reached.
        """
        self.ensure_one()
        return getattr(self, f"_proof_{self.kind}")(names)

    def _was_handed_over(self, mailing):
        """What can be known of an uncertain mailing.

        :return: whether it arrived; ``None``: only a person can say.
        """
        self.ensure_one()
        return getattr(self, f"_was_handed_over_{self.kind}")(mailing)

    def _check_connection(self):
        """Whether letters could be handed over.

        :raises Trouble: if not.
        """
        self.ensure_one()
        getattr(self, f"_check_{self.kind}")()

    # === BUSINESS METHODS === #

    @api.model
    def _for_channel(self, company, channel):
        """The mailing house that takes a company's letters of a channel, if any."""
        field = {"letter": "for_letter", "registered": "for_registered"}[channel]
        # sudo: which one it is follows from the configuration, whoever asks
        return self.sudo().search(
            [("company_id", "=", company.root_id.id), (field, "=", True)], limit=1
        )

    def _channels(self):
        """The channels it serves."""
        self.ensure_one()
        return [channel for channel in PAPER if self[f"for_{channel}"]]

    def _status_words(self):
        """Its words for a status: ``{word: step}``; none of an empty record."""
        pairs = (line.partition("=") for line in (self.status_text or "").splitlines())
        return {word.strip(): ours.strip() for word, sign, ours in pairs if sign}

    def _waiting_domain(self, now):
        """The letters that may be handed over to it."""
        return (
            Domain("provider_id", "=", self.id)
            & Domain("state", "=", "queued")
            & Domain("channel", "in", self._channels())
            & (Domain("next_try", "=", False) | Domain("next_try", "<=", now))
        )

    def _submit_waiting(self, now, commit):
        """Hand over what waits, mailing by mailing.

        The claim is committed before anything leaves: a letter is in a mailing once,
        whatever happens while it is handed over.

        :return: whether all that could be taken was done.
        """
        self.ensure_one()
        seen = set()
        while True:
            domain = self._waiting_domain(now)
            waiting = self.env["dunning.delivery"].search(
                domain & Domain("id", "not in", list(seen)),
                limit=4 * MAILING_SIZE,
                order="id",
            )
            if not waiting:
                return True
            batch = waiting.try_lock_for_update(limit=MAILING_SIZE)
            batch = batch.filtered_domain(domain)
            seen.update((batch or waiting).ids)
            batch = self._still_right(batch, now)
            if not batch:
                continue
            mailing = self.env["dunning.post.mailing"]._claim(self, batch)
            commit(0)
            if not mailing.try_lock_for_update():
                continue  # somebody looks after it already
            done = mailing._hand_over()
            going_on = commit(len(batch))
            if not (done and going_on):
                return False

    def _still_right(self, deliveries, now):
        """Leave out what events have overtaken, or what would be wrong on paper."""
        stale = deliveries.filtered(lambda d: d.notice_id.state != "issued")
        stale._cancel(self.env._("The notice was withdrawn"))
        going = (deliveries - stale)._keep_standing(now)
        address_of = self.env["dunning.situation"]._postal_address
        moved = going.filtered(lambda d: address_of(d.contact_id) != d.target)
        for delivery in moved:
            reason = self.env._("The address has changed since the letter was made")
            notice = delivery.notice_id
            notice.delivery_ids._cancel(reason)
            notice._cancel(reason)
            notice._restore_levels()
            notice.run_id._update_state()
        going -= moved
        changed = going.filtered(lambda d: not d._letter_is_intact())
        changed._fail(
            self.env._(
                "The letter is not the one that was issued: its checksum differs. "
                "Nothing was posted."
            )
        )
        return going - changed

    def _package(self, mailing):
        """The list and the letters of a mailing."""
        self.ensure_one()
        sheets, files = [], {}
        for delivery in mailing.delivery_ids.sorted("id"):
            content = delivery._letters_pdf()
            if not content:
                raise Trouble("no_letter", delivery.notice_id.name)
            name = f"{_file_name(delivery._reference())}.pdf"
            files[name] = content
            sheets.append(
                postal.Sheet(
                    reference=delivery._reference(),
                    notice=delivery.notice_id.name,
                    file=name,
                    sha256=hashlib.sha256(content).hexdigest(),
                    lines=tuple(delivery.notice_id._recipient_lines()),
                    country=delivery.contact_id.country_id.code
                    or self.company_id.country_id.code
                    or "",
                    registered=delivery.channel == "registered",
                    colour=self.colour,
                    duplex=self.duplex,
                )
            )
        return Package(f"{mailing.name}.csv", postal.write_manifest(sheets), files)

    def _fetch_slips(self, commit):
        """Keep the scans that status files have announced, now or when they come."""
        wanting = self.env["dunning.delivery"].search(
            [("provider_id", "=", self.id), ("slip_wanted", "!=", False)], limit=200
        )
        if not wanting:
            return
        found = self.proof(wanting.mapped("slip_wanted"))
        for delivery in wanting:
            name = delivery.slip_wanted
            if name not in found:
                continue
            delivery.slip_wanted = False
            # by what is in it: a name says nothing
            if guess_mimetype(found[name]) in SCANS:
                attachment = self.env["ir.attachment"].create(
                    {"name": name, "raw": found[name]}
                )
                delivery._attach_slip(attachment, "provider")
            else:
                delivery.error = self.env._(
                    "The scan %(file)s is no PDF and no picture.", file=name
                )
            if not commit(1):
                return

    # === TROUBLE === #

    def _words_of(self, error):
        """What a person can make of an error."""
        if not isinstance(error, Trouble):
            return str(error) or type(error).__name__
        return self._trouble_words(error.detail).get(error.kind) or str(error)

    def _trouble_words(self, detail):
        """Words for the kinds of ``Trouble``.

        :param detail: what the trouble is about: a path, what the server said.
        """
        return {
            "no_letter": self.env._(
                "The letter of %(detail)s cannot be read.", detail=detail
            ),
        }

    def _in_words_of_contact(self):
        """The record in the language of the company's credit contact."""
        self.ensure_one()
        contact = self.company_id._dunning_credit_contact()
        return self.with_context(lang=contact.lang)

    def _tell_trouble(self, words, of_one_file=False):
        """Written down, and one person told once.

        :param of_one_file: of its files one cannot be read; else nothing can be
            exchanged.
        """
        self.ensure_one()
        fresh = not self.trouble
        self.trouble = words
        if not fresh:
            return
        told = self._in_words_of_contact()
        of_file, of_all = told._trouble_summaries()
        if of_one_file:
            told._tell_person(of_file, words)
            return
        told._tell_person(
            of_all,
            told.env._(
                "%(reason)s The letters wait and are tried again, at the latest every "
                "two hours; they can be printed here instead: “Print ourselves” in "
                "the list of deliveries.",
                reason=words,
            ),
        )

    def _trouble_summaries(self):
        """What the activities about troubles are called: of a file, and of all."""
        return (
            self.env._("A file of the mailing house cannot be read"),
            self.env._("Letters cannot be handed to the mailing house"),
        )

    def _trouble_over(self):
        """The troubles' activities go; what a person has to answer stays."""
        if self.trouble:
            self.trouble = False
            summaries = self._in_words_of_contact()._trouble_summaries()
            # sudo: they are another user's
            self.sudo().activity_ids.filtered(
                lambda activity: activity.summary in summaries
            ).unlink()

    def _tell_person(self, summary, note):
        """An activity for the credit contact, one for each thing to tell."""
        self.ensure_one()
        provider = self.sudo()  # sudo: whoever met the trouble, the contact is told
        if summary in provider.activity_ids.mapped("summary"):
            return
        provider.activity_schedule(
            ACTIVITY,
            summary=summary,
            note=note,
            user_id=self.company_id._dunning_credit_contact().id,
            date_deadline=self.company_id._dunning_today(),
        )

    # === SCHEDULED ACTIONS === #

    def _exchange(self, commit):
        """Hand over and read back for one mailing house; troubles are told.

        :return: whether there is time left.
        """
        self.ensure_one()
        now = fields.Datetime.now()
        self.env["dunning.post.mailing"]._look_after_claims(self)
        commit(0)
        trouble = self._read_back(commit)
        if trouble:
            self._tell_trouble(self._words_of(trouble), trouble.is_of_one_file)
            commit(0)
            if not trouble.is_of_one_file:
                return True
        all_done = self._submit_waiting(now, commit)
        self.last_exchange = fields.Datetime.now()
        if all_done and not trouble:
            self._trouble_over()
        return bool(commit(0))

    def _read_back(self, commit):
        """Take in status files and scans.

        :return: the ``Trouble`` there was, or ``None``.
        """
        trouble = None
        for step in (self.status, self._fetch_slips):
            try:
                step(commit)
            except Trouble as found:
                trouble = trouble or found
                if not found.is_of_one_file:
                    return found
        return trouble

    @api.model
    def _cron_post(self):
        """Every half hour: exchange letters and news with the mailing houses."""
        cron = self.env["ir.cron"]
        return cron._dunning_retried(self._post_all)

    @api.model
    def _post_all(self):
        cron = self.env["ir.cron"]
        providers = self.search([("active", "=", True)])
        cron._commit_progress(remaining=len(providers))

        def commit(__):
            # progress is counted in mailing houses
            return cron._commit_progress()

        for provider in providers:
            mine = provider.with_company(provider.company_id)
            try:
                going_on = mine._exchange(commit)
            except (OperationalError, ConcurrencyError):
                raise  # another transaction was first: tried again as a whole
            except Exception as error:
                # one mailing house's trouble must not keep the letters of the others
                self.env.cr.rollback()
                _logger.exception("No exchange with mailing house %s", provider.id)
                mine._tell_trouble(mine._words_of(error))
                going_on = True
            if not cron._commit_progress(1) or not going_on:
                return


def _file_name(text):
    """A name that every file system takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text)
