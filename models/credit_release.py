from datetime import timedelta
from decimal import Decimal

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_date, formatLang

from ..engine import gate
from .res_partner import PROFILE_GROUPS

OPEN = ("requested", "approved")


class CreditRelease(models.Model):
    """A documented credit decision: who let which document on, why, on which facts.

    The facts are frozen when it is asked for. Nobody writes a release freely: it comes
    into being, is decided on, used up or runs out through the methods here only, and
    one that was decided never changes.
    """

    _name = "credit.release"
    _description = "Credit Release"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _mail_post_access = "read"
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(string="Number", required=True, readonly=True, copy=False)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    profile_id = fields.Many2one(
        "credit.profile",
        string="Customer",
        required=True,
        index=True,
        readonly=True,
        ondelete="restrict",
    )
    partner_id = fields.Many2one(
        related="profile_id.partner_id", string="Partner", store=True, index=True
    )
    res_model = fields.Char(string="Kind of document", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        string="Document", model_field="res_model", readonly=True
    )
    document_name = fields.Char(string="Document name", required=True, readonly=True)
    state = fields.Selection(
        [
            ("requested", "Requested"),
            ("approved", "Approved"),
            ("used", "Used"),
            ("refused", "Refused"),
            ("expired", "Expired"),
            ("needless", "No longer needed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="requested",
        readonly=True,
        tracking=True,
        index=True,
    )
    reason = fields.Text(required=True, readonly=True)
    decision_note = fields.Text(string="Why so decided", readonly=True)
    amount = fields.Monetary(
        required=True,
        readonly=True,
        help="The document may be confirmed up to this amount, in company currency.",
    )
    valid_until = fields.Date(
        string="Valid until",
        required=True,
        readonly=True,
        help="Last day on which it can be used.",
    )
    requester_id = fields.Many2one(
        "res.users", string="Requested by", required=True, readonly=True, index=True
    )
    requested_at = fields.Datetime(
        string="Requested on", required=True, readonly=True, default=fields.Datetime.now
    )
    asked_id = fields.Many2one(
        "res.users",
        string="Whom to ask",
        readonly=True,
        index="btree_not_null",
        help="Who got the activity; others entitled may decide as well.",
    )
    entitled_ids = fields.Many2many(
        "res.users", string="May decide", readonly=True, copy=False
    )
    approver_id = fields.Many2one(
        "res.users",
        string="Decided by",
        readonly=True,
        index="btree_not_null",
        tracking=True,
    )
    decided_at = fields.Datetime(string="Decided on", readonly=True)
    used_at = fields.Datetime(string="Used on", readonly=True)
    used_by_id = fields.Many2one("res.users", string="Used by", readonly=True)
    can_decide = fields.Boolean(compute="_compute_can_decide")

    # the facts, as they were
    reasons = fields.Json(readonly=True)
    sentence = fields.Char(
        string="Why it was held", compute="_compute_sentence", compute_sudo=True
    )
    class_name = fields.Char(string="Risk class", readonly=True)
    exceeded = fields.Monetary(
        string="Over the limit by", readonly=True, help="After the document."
    )
    limit_enforced = fields.Boolean(string="A limit was enforced", readonly=True)
    limit_amount = fields.Monetary(string="Limit", readonly=True)
    exposure_open = fields.Monetary(
        string="Open items", readonly=True, groups=PROFILE_GROUPS
    )
    exposure_credits = fields.Monetary(
        string="Unallocated credits", readonly=True, groups=PROFILE_GROUPS
    )
    exposure_drafts = fields.Monetary(
        string="Draft invoices", readonly=True, groups=PROFILE_GROUPS
    )
    exposure_orders = fields.Monetary(
        string="Orders to invoice", readonly=True, groups=PROFILE_GROUPS
    )
    exposure_others = fields.Monetary(
        string="Others sharing the limit", readonly=True, groups=PROFILE_GROUPS
    )
    exposure_total = fields.Monetary(
        string="Exposure with the document", readonly=True, groups=PROFILE_GROUPS
    )

    _requested_uniq = models.UniqueIndex(
        "(res_model, res_id) WHERE state = 'requested'",
        "A release of this document has been requested already.",
    )
    _approved_idx = models.Index(
        "(res_model, res_id) WHERE state IN ('requested', 'approved')"
    )
    _other_person = models.Constraint(
        "CHECK (approver_id IS NULL OR approver_id != requester_id)",
        "Who asks for a release cannot be the one who gives it.",
    )
    _name_uniq = models.UniqueIndex("(company_id, name)", "Numbers are used once.")
    # the clock of the database stands at UTC: somewhere it is still the day before
    _not_over_before = models.Constraint(
        "CHECK (valid_until >= requested_at::date - 1)",
        "A release cannot run out before it is asked for.",
    )

    # === COMPUTE METHODS === #

    @api.depends("reasons")
    @api.depends_context("lang")
    def _compute_sentence(self):
        words = self.env["account.move"]._credit_words
        for release in self:
            release.sentence = words(release.reasons or [], release.company_id)

    @api.depends("state", "requester_id")
    @api.depends_context("uid")
    def _compute_can_decide(self):
        for release in self:
            release.can_decide = (
                release.state == "requested" and self.env.user in release._approvers()
            )

    @api.depends("name", "document_name")
    def _compute_display_name(self):
        for release in self:
            release.display_name = f"{release.name} ({release.document_name})"

    # === ACTIONS === #

    def action_approve(self):
        return self._decide("approved")

    def action_refuse(self):
        """Refuse; the dialogue asks why."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Refuse"),
            "res_model": "credit.release.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_mode": "refuse", "default_release_id": self.id},
        }

    def action_withdraw(self):
        """Who asked no longer wants it."""
        for release in self:
            if self.env.user != release.requester_id and not self.env.su:
                raise AccessError(
                    self.env._("Only who asked for a release can withdraw it.")
                )
        mine = self.sudo().filtered(lambda r: r.state in OPEN)
        mine._end("cancelled")
        mine._documents_back()

    def action_open_document(self):
        self.ensure_one()
        document = self._document()
        if not document:
            raise UserError(
                self.env._("%(document)s was deleted.", document=self.document_name)
            )
        return document.with_env(self.env)._get_records_action()

    # === ASKING === #

    @api.model
    def _request(self, documents, reason, valid_until, attachments=None):
        """Ask for the release of held documents, on behalf of the current user.

        :return: the releases, with full rights.
        :raises UserError: when nobody may decide on the amount.
        """
        documents.check_access("read")
        held = documents.sudo().filtered(
            lambda doc: doc.credit_state == "held" and doc._credit_is_open()
        )
        if len(held) != len(documents):
            raise UserError(
                self.env._(
                    "Only what is held, and for which nobody has requested a release, "
                    "needs one: %(names)s",
                    names=", ".join((documents - held).mapped("display_name")),
                )
            )
        releases = self._freeze(held, reason, valid_until, self.env.user)
        for release in releases:
            people = release._approvers()
            if not people:
                raise UserError(
                    self.env._(
                        "Nobody may release %(amount)s: a credit manager has to extend "
                        "the approval brackets.",
                        amount=release._money(release.amount),
                    )
                )
            release.write(
                {"asked_id": people[:1].id, "entitled_ids": [(6, 0, people.ids)]}
            )
            release._attach(attachments)
            release._ask()
        held._credit_store({doc.id: {"credit_state": "requested"} for doc in held})
        return releases

    @api.model
    def _grant(self, documents, reason, valid_until, attachments=None):
        """Release held documents without a request, as somebody entitled.

        :return: the releases, with full rights.
        """
        documents.check_access("read")
        releases = self.sudo()
        for doc in documents.sudo():
            pending = doc._credit_pending_release()
            if pending:
                pending.with_env(self.env)._decide("approved", reason)
                releases |= pending
                continue
            if doc.credit_state != "held" or not doc._credit_is_open():
                raise UserError(
                    self.env._("%(document)s is not held.", document=doc.display_name)
                )
            asker = doc._credit_asker(self.env.user)
            release = self._freeze(doc, reason, valid_until, asker)
            release._attach(attachments)
            release.with_env(self.env)._decide("approved", reason)
            releases |= release
        return releases

    def _freeze(self, documents, reason, valid_until, requester):
        """The releases with the facts of today; nothing is decided yet."""
        vals_list = []
        for doc in documents:
            today = doc.company_id.sudo()._dunning_today()
            self._check_valid_until(valid_until, doc.company_id.sudo().root_id, today)
            vals_list.append(doc._credit_freeze(today))
            vals_list[-1].update(
                name=self.env["ir.sequence"].sudo().next_by_code("credit.release"),
                reason=reason,
                valid_until=valid_until,
                requester_id=requester.id,
            )
        return self.sudo().create(vals_list)

    @api.model
    def _check_valid_until(self, valid_until, company, today):
        """Decisions are made on the facts of a day: they do not hold for ever.

        :raises UserError: without a last day, or with one that is past or too far off.
        """
        if not valid_until:
            raise UserError(self.env._("Say until when the release is to be valid."))
        if valid_until < today:
            raise UserError(self.env._("The release would have run out already."))
        latest = today + timedelta(days=company.credit_release_max_days)
        if valid_until > latest:
            raise UserError(
                self.env._(
                    "A release is valid for %(days)s days at most: choose a day until "
                    "%(latest)s.",
                    days=company.credit_release_max_days,
                    latest=format_date(self.env, latest),
                )
            )

    def _ask(self):
        """An activity for the approver, who also gets it by e-mail with the link."""
        self.ensure_one()
        note = Markup("<p>%s</p><p>%s</p><p>%s</p>") % (
            self.env._(
                "%(requester)s asks for the release of %(document)s of %(customer)s, "
                "%(amount)s.",
                requester=self.requester_id.name,
                document=self.document_name,
                customer=self.partner_id.display_name,
                amount=self._money(self.amount),
            ),
            self.sentence,
            self.reason,
        )
        summary = self.env._("Release of %(document)s", document=self.document_name)
        # core's own e-mail about an activity leaves out its note: ours has the facts
        self.with_context(mail_activity_quick_update=True).activity_schedule(
            "account_dunning.mail_activity_type_release",
            summary=summary,
            note=note,
            user_id=self.asked_id.id,
        )
        self.message_notify(
            partner_ids=self.asked_id.partner_id.ids,
            subject=summary,
            body=note,
            email_layout_xmlid="mail.mail_notification_layout",
        )

    def _attach(self, attachments):
        if attachments:
            self.ensure_one()
            copies = self.env["ir.attachment"].sudo()
            for attachment in attachments.sudo():
                copies |= attachment.copy({"res_model": self._name, "res_id": self.id})
            self.message_post(
                body=self.env._("Documents for the decision"),
                attachment_ids=copies.ids,
            )

    # === DECIDING === #

    def _decide(self, state, note=False):
        """Approve or refuse, as somebody entitled who did not ask for it.

        :raises AccessError: for everybody else.
        """
        for release in self:
            if self.env.user == release.sudo().requester_id:
                raise AccessError(
                    self.env._(
                        "Who asks for a release cannot be the one who gives it: "
                        "somebody else has to decide."
                    )
                )
            if self.env.user not in release.sudo()._approvers():
                raise AccessError(
                    self.env._(
                        "You may not decide on %(amount)s. Ask %(people)s.",
                        amount=release.sudo()._money(release.sudo().amount),
                        people=", ".join(release.sudo()._approvers().mapped("name")[:3])
                        or self.env._("a credit manager"),
                    )
                )
        releases = self.sudo()
        late = releases.filtered(lambda r: r.state != "requested")
        if late:
            raise UserError(
                self.env._(
                    "%(release)s has been decided on already, or is no longer needed.",
                    release=late[0].display_name,
                )
            )
        releases.write(
            {
                "state": state,
                "approver_id": self.env.uid,
                "decided_at": fields.Datetime.now(),
                "decision_note": note,
            }
        )
        done = releases.activity_search(["account_dunning.mail_activity_type_release"])
        done.action_feedback(feedback=note or None)
        for release in releases:
            release._tell_requester()

    def _tell_requester(self):
        document = self._document()
        if not document:
            return
        approved = self.state == "approved"
        document._credit_store(
            {document.id: {"credit_state": "released" if approved else "held"}}
        )
        values = {
            "approver": self.approver_id.name,
            "document": self.document_name,
            "note": self.decision_note or "",
        }
        if approved:
            body = self.env._("Released by %(approver)s. %(note)s", **values)
            summary = self.env._("Released: may be confirmed")
        else:
            body = self.env._("Release refused by %(approver)s. %(note)s", **values)
            summary = self.env._("Release refused")
        document._message_log(body=body)
        document._credit_close_tasks()
        document._credit_tell(summary, body, user=self.requester_id)
        if approved:
            document._credit_go_on()

    # === WHAT BECOMES OF THEM === #

    @api.model
    def _use(self, documents):
        """The releases these documents were confirmed with: used, and that is it.

        Written row by row by whoever confirms: when two people confirm at the same
        moment, the second begins again, and finds the release used.
        """
        if not documents:
            return
        used = self.sudo().search(self._open_domain(documents, ("approved",)))
        used._end("used", used_at=fields.Datetime.now(), used_by_id=self.env.uid)
        for document in documents:
            document._credit_close_tasks()

    @api.model
    def _needless(self, documents):
        """Cured by itself."""
        if documents:
            mine = self.sudo().search(self._open_domain(documents, OPEN))
            mine._end("needless")

    @api.model
    def _cancel_for(self, documents):
        """The documents go back or are gone: what is open about them ends."""
        self.sudo().search(self._open_domain(documents, OPEN))._end("cancelled")

    @api.model
    def _open_domain(self, documents, states):
        return (
            Domain("res_model", "=", documents._name)
            & Domain("res_id", "in", documents.ids)
            & Domain("state", "in", states)
        )

    def _end(self, state, **values):
        if self:
            self.write({"state": state, **values})
            self.activity_unlink(["account_dunning.mail_activity_type_release"])

    def _documents_back(self):
        """Their documents are held again, unless another decision still stands.

        :return: the releases whose documents are held now and were not before.
        """
        back = self.browse()
        for release in self:
            document = release._document()
            before = document and document.credit_state
            if before not in ("requested", "released"):
                continue
            state = document._credit_state_decided()
            if state != before:
                document._credit_store({document.id: {"credit_state": state}})
            if state == "held":
                back += release
        return back

    @api.model
    def _expire(self):
        """What was not used or decided in time."""

        def domain_of(today):
            return Domain("valid_until", "<", today)

        over = self.sudo().search(
            Domain("state", "in", OPEN)
            & self.env["res.company"]._dunning_domain_today(domain_of)
        )
        over._end("expired")
        for release in over._documents_back():
            document = release._document()
            if document._credit_is_open():
                document._credit_tell(
                    self.env._("The release has run out"),
                    self.env._(
                        "%(release)s was not used in time; the document is held again.",
                        release=release.name,
                    ),
                    fallback=release.requester_id,
                )

    # === HELPERS === #

    def _document(self):
        """The document with full rights; empty when it is gone."""
        self.ensure_one()
        if self.res_model not in self.env:
            return self.browse()
        return self.env[self.res_model].sudo().browse(self.res_id).exists()

    def _causes(self):
        """What was known to stand against the document when it was released."""
        return [gate.Cause(row["cause"]) for row in self.reasons or []]

    def _approvers(self):
        """Who may decide on this release, whom to ask first standing first."""
        self.ensure_one()
        release = self.sudo()
        document = release._document()
        return self._approvers_of(
            release.company_id,
            Decimal(str(release.amount)),
            release.requester_id | (document and document._credit_self_made()),
        )

    @api.model
    def _approvers_of(self, company, amount, requester):
        return self.env["credit.approval.bracket"]._approvers(
            company, amount, barred=requester
        )

    def _money(self, amount):
        return formatLang(self.env, float(amount), currency_obj=self.currency_id)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("Releases are the proof of who decided what: they stay.")
        )
