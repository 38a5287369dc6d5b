from dataclasses import dataclass

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import html2plaintext

#: words by which a formal notice is known, in the title or the text
WORDS = {
    "fr": ("mise en demeure", "mettons en demeure"),
    "en": ("formal notice", "formal demand", "letter before action"),
    "nl": ("ingebrekestelling", "in gebreke", "aanmaning"),
    "de": ("mahnung", "mahnen", "in verzug"),
}
#: French companies whose letters must state their capital (C. com. R123-238)
WITH_CAPITAL = ("SA", "SAS", "SASU", "SARL", "EURL", "SCA", "SELARL", "SELAS", "SNC")


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing a formal notice lacks.

    :param point: which point of the checklist.
    :param sentence: what is missing, for people.
    :param place: where to mend it, as a path of the web client; empty: on the notice.
    """

    point: str
    sentence: str
    place: str = ""


class ResCompany(models.Model):
    """Who the creditor is, as a formal notice has to say."""

    _inherit = "res.company"

    dunning_legal_form = fields.Char(
        string="Legal form", help="Printed on formal notices, e.g. SAS, GmbH, BV."
    )
    dunning_capital = fields.Monetary(
        string="Share capital", help="Printed on formal notices; 0: there is none."
    )
    dunning_agency_partner_id = fields.Many2one(
        "res.partner",
        string="Collecting business",
        ondelete="restrict",
        help="Who collects for the company, with name and seat: French law "
        "(CPCE R124-4) asks for them on letters.",
    )


class CreditProfile(models.Model):
    _inherit = "credit.profile"

    earlier_reminders = fields.Char(
        string="Earlier reminders made elsewhere",
        tracking=True,
        help="What the customer was told before this program was used, with the dates: "
        "printed on formal notices, e.g. letters of 3 March and 2 April 2026.",
    )


class DunningNotice(models.Model):
    """The checklist of formal notices: while a point is open, none is issued."""

    _inherit = "dunning.notice"

    formal_gaps = fields.Html(
        string="Missing in the formal notice",
        compute="_compute_formal_gaps",
        compute_sudo=True,
        sanitize=False,
    )

    @api.depends("state", "level_id", "line_ids", "contact_id", "lang")
    def _compute_formal_gaps(self):
        gaps = self._formal_gaps()
        for notice in self:
            notice.formal_gaps = self._gaps_as_html(gaps.get(notice.id))

    @api.model
    def _gaps_as_html(self, gaps):
        if not gaps:
            return False
        mend = self.env._("Mend it")
        return Markup('<ul class="mb-0">%s</ul>') % Markup().join(
            Markup("<li>%s %s</li>")
            % (
                gap.sentence,
                Markup('<a class="alert-link" href="%s">%s</a>') % (gap.place, mend)
                if gap.place
                else "",
            )
            for gap in gaps
        )

    # === ACTIONS === #

    def action_approve(self):
        """Approve what is complete; formal notices that are not stay proposals.

        :raises UserError: where nothing is left to approve.
        """
        self = self._as_collector()
        drafts = self.filtered(lambda n: n.state == "draft")
        drafts.filtered(
            lambda n: n.tone == "formal" and any(n.line_ids.mapped("interest_missing"))
        )._claim_late()  # the rate may have been entered since
        gaps = drafts._formal_gaps()
        stuck = drafts.browse(gaps)
        if stuck and stuck == drafts:
            raise UserError(stuck._gaps_in_words(gaps))
        approved = super(DunningNotice, self - stuck).action_approve()
        stuck._note_gaps(gaps)
        approved.filtered(lambda n: n.error and n.tone == "formal").error = False
        return approved

    # === BUSINESS METHODS === #

    def _recheck_before_issue(self):
        """What lacks a point of the checklist by now goes back to the proposal."""
        going = super()._recheck_before_issue()
        gaps = going._formal_gaps()
        stuck = going.browse(gaps)
        stuck._unapprove()
        stuck._note_gaps(gaps)
        return going - stuck

    def _note_gaps(self, gaps):
        # sudo: only noted; whoever was here may approve or issue
        for notice in self.sudo():
            notice.error = notice._gaps_in_words({notice.id: gaps[notice.id]})

    def _gaps_in_words(self, gaps):
        lines = [self.env._("This formal notice is not complete yet:")]
        for notice in self.filtered(lambda n: n.id in gaps):
            if len(self) > 1:
                lines.append(notice.display_name)
            lines += [f"– {gap.sentence}" for gap in gaps[notice.id]]
        return "\n".join(lines)

    def _formal_gaps(self):
        """What the formal notices among these lack, point by point.

        :return: ``{notice id: [Gap]}``; complete ones are not in it, nor what is
            issued or cancelled.
        """
        # sudo: what is missing does not depend on who looks
        formal = self.sudo().filtered(
            lambda n: n.state in ("draft", "approved") and n.tone == "formal"
        )
        found = {}
        for company, notices in formal.grouped("company_id").items():
            scoped = notices.with_company(company)
            creditor = scoped._gaps_of_creditor(company)
            told = scoped._earlier_notices()
            for notice in scoped:
                gaps = [
                    *creditor,
                    *notice._gaps_of_debtor(),
                    *notice._gaps_of_items(),
                    *notice._gaps_of_claims(),
                    *notice._gaps_of_demand(),
                    *notice._gaps_of_payment(),
                    *notice._gaps_of_reminders(told[notice.id]),
                ]
                if gaps:
                    found[notice.id] = gaps
        return found

    @api.model
    def _gaps_of_creditor(self, company):
        """Legal form, capital, registry, address, signatory and capacity."""
        place = f"/odoo/formal-notice-sender/{company.id}"
        checks = [
            ("name", company.name, self.env._("The name of your company.")),
            (
                "legal_form",
                company.dunning_legal_form,
                self.env._("The legal form of your company."),
            ),
            (
                "capital",
                company.dunning_capital or not company._dunning_needs_capital(),
                self.env._("The share capital of your company."),
            ),
            (
                "registry",
                company.company_registry or company.vat,
                self.env._("The registry number of your company."),
            ),
            (
                "address",
                company.street and company.city and company.country_id,
                self.env._("The address of your company: street, town, country."),
            ),
            (
                "signatory",
                company.dunning_signatory_id,
                self.env._("Who signs formal notices for your company."),
            ),
            (
                "capacity",
                company.dunning_signatory_title,
                self.env._("The capacity of who signs, e.g. managing director."),
            ),
        ]
        if company.dunning_agency:
            agency = company.dunning_agency_partner_id
            checks.append(
                (
                    "agency",
                    agency and agency.street and agency.city,
                    self.env._("The collecting business, with its name and address."),
                )
            )
        return [Gap(point, text, place) for point, held, text in checks if not held]

    def _gaps_of_debtor(self):
        """Exact name, and the address the letter goes to."""
        self.ensure_one()
        debtor, contact = self.partner_id, self.contact_id or self.partner_id
        gaps = []
        if not debtor.name:
            gaps.append(
                Gap(
                    "debtor_name",
                    self.env._("The name of the customer."),
                    f"/odoo/res.partner/{debtor.id}",
                )
            )
        zip_needed = not contact.country_id or contact.country_id.zip_required
        if not (contact.street and contact.city and (contact.zip or not zip_needed)):
            gaps.append(
                Gap(
                    "debtor_address",
                    self.env._(
                        "The address of %(customer)s: street, postal code, town.",
                        customer=contact.display_name,
                    ),
                    f"/odoo/res.partner/{contact.id}",
                )
            )
        return gaps

    def _gaps_of_items(self):
        """Each item with number, date, due date and amounts."""
        self.ensure_one()
        items = self._letter_items()
        gaps = []
        if not any(total["due"] > 0 for total in self._totals()):
            gaps.append(
                Gap("items", self.env._("Something that is due: credits cover it all."))
            )
        for item in items:
            if not (item.name and item.invoice_date and item.date_maturity):
                gaps.append(
                    Gap(
                        "item",
                        self.env._(
                            "Number, date and due date of %(item)s.",
                            item=item.name or item.move_id.display_name or "?",
                        ),
                        f"/odoo/account.move/{item.move_id.id}" if item.move_id else "",
                    )
                )
        return gaps

    def _gaps_of_claims(self):
        """Each sum with its legal basis, and no rule for businesses on a consumer."""
        self.ensure_one()
        gaps = {}
        consumer = self.profile_id.customer_kind not in ("business", "public")
        for line in self._letter_items():
            law = line.regime_id.with_context(lang=self.lang)
            place = f"/odoo/late.regime/{law.id}"
            if line.interest and not law.text_interest:
                gaps["basis_interest", law] = Gap(
                    "basis_interest",
                    self.env._(
                        "The legal basis of interest in “%(regime)s”.", regime=law.name
                    ),
                    place,
                )
            if line.compensation and not law.text_compensation:
                gaps["basis_compensation", law] = Gap(
                    "basis_compensation",
                    self.env._(
                        "The legal basis of the compensation in “%(regime)s”.",
                        regime=law.name,
                    ),
                    place,
                )
            charged = line.interest or line.compensation
            if consumer and charged and not law.for_consumer:
                gaps["consumer", law] = Gap(
                    "consumer",
                    self.env._(
                        "A regime for consumers: %(customer)s is one, and “%(regime)s” "
                        "is for businesses.",
                        customer=self.partner_id.name,
                        regime=law.name,
                    ),
                    f"/odoo/credit.profile/{self.profile_id.id}",
                )
            if line.interest_missing:
                gaps["rate", line.interest_missing] = Gap(
                    "rate",
                    self.env._(
                        "A rate, without which the interest is not complete: %(rate)s.",
                        rate=line.interest_missing,
                    ),
                    f"/odoo/late.rate.series/{law.series_id.id}"
                    if law.series_id
                    else place,
                )
        return list(gaps.values())

    def _gaps_of_demand(self):
        """The words, a clear demand with its deadline, and what follows."""
        self.ensure_one()
        level = self.level_id.with_context(lang=self.lang)
        place = f"/odoo/dunning.level/{level.id}"
        body = html2plaintext(self.own_letter_body or level.letter_body or "")
        closing = html2plaintext(level.letter_closing or "")
        title = level.letter_title or ""
        words = WORDS.get((self.lang or "en_US")[:2], ())
        said = f"{title} {body}".lower()
        misprinted = self.deadline_waits and level.deadline_misprinted
        checks = [
            (
                "words",
                not words or any(word in said for word in words),
                self.env._(
                    "The words that make it a formal notice, in %(language)s: "
                    "“%(words)s”.",
                    language=self.lang_name or self.lang,
                    words=words[0] if words else "",
                ),
            ),
            (
                "demand",
                body.strip() and title.strip(),
                self.env._("A clear demand to pay: title and text of the letter."),
            ),
            (
                "deadline",
                level.deadline_days > 0 and self.deadline_date,
                self.env._("A deadline: the days to pay of the level."),
            ),
            (
                "deadline_date",
                not misprinted,
                self.env._(
                    "When to pay: the text of the letter prints a date, but the days "
                    "count from the first presentation, which nobody knows yet. Use "
                    "“object.deadline_words” there, or let them count from the date "
                    "of the letter."
                ),
            ),
            (
                "consequences",
                closing.strip(),
                self.env._("What follows if nothing is paid: the closing text."),
            ),
        ]
        return [Gap(point, text, place) for point, held, text in checks if not held]

    def _gaps_of_payment(self):
        """How to pay, and whom to tell that something is disputed."""
        self.ensure_one()
        place = f"/odoo/formal-notice-sender/{self.company_id.id}"
        gaps = []
        if not self._payment_accounts():
            gaps.append(
                Gap(
                    "payment",
                    self.env._("How to pay: a bank account of your company."),
                    place,
                )
            )
        contact = self._letter_contact()
        if not (contact["phone"] or contact["email"]):
            gaps.append(
                Gap(
                    "dispute",
                    self.env._("Whom to tell of a dispute: a phone number or e-mail."),
                    place,
                )
            )
        return gaps

    def _gaps_of_reminders(self, told):
        """What the customer was told before, with dates.

        :param told: the notices before this one.
        """
        self.ensure_one()
        if told or self.profile_id.earlier_reminders:
            return []
        return [
            Gap(
                "reminders",
                self.env._(
                    "Earlier reminders with their dates: none is known. Note on the "
                    "profile those that were made elsewhere, or send a reminder first."
                ),
                f"/odoo/credit.profile/{self.profile_id.id}",
            )
        ]
