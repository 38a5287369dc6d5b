from collections import defaultdict

from psycopg2.errors import UniqueViolation

from odoo import api, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import SQL, format_date

from .formal_notice import WITH_CAPITAL

SEQUENCE = "dunning.notice.formal"
#: registers by country, the French number by its digits: names, in no language
REGISTERS = {"LU": "RCS", "NL": "KvK"}
FRENCH_NUMBERS = {9: "SIREN", 14: "SIRET"}
#: CPCE L111-8, second and third paragraphs; reproduced in the words of the law
L111_8 = (
    "Les frais de recouvrement entrepris sans titre exécutoire restent à la charge du "
    "créancier, sauf s'ils concernent un acte dont l'accomplissement est prescrit par "
    "la loi au créancier. Toute stipulation contraire est réputée non écrite, sauf "
    "disposition législative contraire.",
    "Cependant, le créancier qui justifie du caractère nécessaire des démarches "
    "entreprises pour recouvrer sa créance peut demander au juge de l'exécution de "
    "laisser tout ou partie des frais ainsi exposés à la charge du débiteur de "
    "mauvaise foi.",
)


class ResCompany(models.Model):
    _inherit = "res.company"

    def _dunning_needs_capital(self):
        """Whether letters of the company must state its capital."""
        self.ensure_one()
        form = (self.dunning_legal_form or "").replace(".", "").upper().split()
        return self.country_id.code == "FR" and bool(form) and form[0] in WITH_CAPITAL

    def _dunning_identity(self):
        """Name, legal form, capital, registry and address, as one line of a letter."""
        self.ensure_one()
        form = self.dunning_legal_form
        if form and self.dunning_capital:
            form = self.env._(
                "%(form)s with a share capital of %(capital)s",
                form=form,
                capital=self.currency_id.format(self.dunning_capital),
            )
        partner = self.partner_id
        return ", ".join(
            part
            for part in (
                self.name,
                form,
                partner._dunning_registry() or self.vat,
                partner._dunning_address_line(),
            )
            if part
        )

    def _dunning_formal_sequence(self):
        """The company's own sequence of formal notices, without gaps; made when the
        first of them is issued."""
        self.ensure_one()
        Sequence = self.env["ir.sequence"].sudo()
        mine = [("code", "=", SEQUENCE), ("company_id", "=", self.id)]
        sequence = Sequence.search(mine, limit=1)
        if sequence:
            return sequence
        # whoever issues the first one at the same moment waits for this row, fails
        # because it was written meanwhile, and begins again: then there is one
        self.env.cr.execute(
            SQL("UPDATE res_company SET write_date = write_date WHERE id = %s", self.id)
        )
        return Sequence.create(
            {
                "name": self.env._("Formal notices of %(company)s", company=self.name),
                "code": SEQUENCE,
                "company_id": self.id,
                "implementation": "no_gap",
                "prefix": "FN/%(range_year)s/",
                "padding": 4,
                "use_date_range": True,
            }
        )


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _dunning_registry(self):
        """The number in the register of companies, with what it is called there."""
        self.ensure_one()
        if not self.company_registry:
            return ""
        # not company_registry_label: it is remembered in the language first asked for
        labels = self._get_company_registry_labels()
        country = self.country_id.code
        label = labels.get(country) or REGISTERS.get(country)
        if not label and country == "FR":
            digits = sum(sign.isdigit() for sign in self.company_registry)
            label = FRENCH_NUMBERS.get(digits)
        label = label or self.env._("Company registry no.")
        return f"{label} {self.company_registry}"

    def _dunning_address_line(self):
        """The postal address in one line."""
        self.ensure_one()
        address_format, values = self._prepare_display_address(without_company=True)
        lines = (address_format % values).split("\n")
        return ", ".join(line.strip() for line in lines if line.strip())


class DunningNotice(models.Model):
    """What only formal notices have: number, parties, reminders before, signatory."""

    _inherit = "dunning.notice"

    # === NUMBER === #

    def _assign_numbers(self):
        """Formal notices have a second number, without gaps per company and year."""
        res = super()._assign_numbers()
        for (company, day), notices in (
            self.filtered(lambda n: n.tone == "formal" and not n.formal_number)
            .grouped(lambda n: (n.company_id, n.date))
            .items()
        ):
            sequence = company.sudo()._dunning_formal_sequence()
            for notice in notices:
                try:
                    number = sequence.next_by_id(sequence_date=day)
                except UniqueViolation as error:
                    raise ConcurrencyError("the year was begun meanwhile") from error
                notice.formal_number = number
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_numbered(self):
        numbered = self.filtered("formal_number")
        if numbered:
            raise UserError(
                self.env._(
                    "Formal notices are numbered without gaps: %(numbers)s stays, "
                    "though it was not issued in the end. Cancel it instead.",
                    numbers=", ".join(numbered.mapped("formal_number")),
                )
            )

    # === WHAT IS PRINTED === #

    def _formal_subject(self):
        """What the letter is about, in one line."""
        self.ensure_one()
        names = self._letter_names()
        if len(names) > 4:
            about = self.env._("%(count)s invoices", count=len(names))
        else:
            about = ", ".join(names)
        totals = " + ".join(
            total["currency"].with_context(lang=self.lang).format(total["total"])
            for total in self._totals()
            if total["due"] > 0
        )
        return self.env._(
            "Formal notice to pay – %(invoices)s – total %(amount)s",
            invoices=about,
            amount=totals,
        )

    def _debtor_identity(self):
        """The customer's exact name, registry number and address."""
        self.ensure_one()
        debtor = self.partner_id.sudo()
        contact = debtor if debtor.street else (self.contact_id or debtor)
        parts = (
            debtor.name,
            debtor._dunning_registry(),
            contact._dunning_address_line(),
        )
        return ", ".join(part for part in parts if part)

    def _earlier_notices(self):
        """What customers were told of the same items before, by one query for all.

        :return: ``{notice id: notices before it}``, in the order of their dates.
        """
        # sudo: told to the customer already
        lines = (
            self.env["dunning.notice.line"]
            .sudo()
            .search(
                [
                    ("move_line_id", "in", self.line_ids.move_line_id.ids),
                    ("kind", "=", "item"),
                    ("notice_id.state", "=", "issued"),
                    ("notice_id.level_id.tone", "!=", "courtesy"),
                ]
            )
        )
        by_item = defaultdict(set)
        for line in lines.filtered(lambda li: li.notice_id.delivery_state != "failed"):
            by_item[line.move_line_id.id].add(line.notice_id.id)
        result = {}
        for notice in self:
            items = notice.line_ids.move_line_id.ids
            ids = set().union(*(by_item[item] for item in items)) - {notice.id}
            told = lines.notice_id.browse(ids)
            result[notice.id] = told.filtered(
                lambda n, day=notice.date: n.date <= day
            ).sorted(lambda n: (n.date, n.id))
        return result

    def _earlier_reminders(self):
        """Title and date of what the customer was told of these items before."""
        self.ensure_one()
        told = self._earlier_notices()[self.id]
        words = [
            self.env._(
                "%(title)s of %(date)s",
                title=notice._title(),
                date=format_date(self.env, notice.date, date_format="long"),
            )
            for notice in told
        ]
        elsewhere = self.profile_id.sudo().earlier_reminders
        return [elsewhere, *words] if elsewhere else words

    def _effects_of_notice(self):
        """What the law makes of a formal notice: the sentences of its regimes."""
        self.ensure_one()
        if self.tone != "formal":
            return []
        # sudo: what the law says is printed for the customer
        laws = self.line_ids.regime_id.sudo()
        if not laws:
            profile = self.profile_id.sudo()
            laws = profile._late_regimes(self.date)[profile.id]
        texts = laws.with_context(lang=self.lang).mapped("text_notice")
        return [text for text in dict.fromkeys(texts) if text]

    def _is_registered(self):
        """Whether the letter is posted against a receipt."""
        self.ensure_one()
        return self.channel == "registered"

    def _registered_mention(self):
        """What a registered letter says of itself, with room for an unknown number."""
        self.ensure_one()
        self = self.with_context(lang=self.lang)
        return self.env._(
            "Registered letter with acknowledgement of receipt no. %(number)s",
            number=self._registered_number() or "_" * 24,
        )

    def _registered_number(self):
        """The number of the registered letter, where it is known already."""
        self.ensure_one()
        for delivery in self.delivery_ids.filtered(lambda d: d.channel == "registered"):
            if "tracking_number" in delivery._fields and delivery.tracking_number:
                return delivery.tracking_number
        return ""

    def _agency_mentions(self):
        """What letters must say where somebody collects for the creditor, or None.

        CPCE R124-4: name and seat of who collects, and of the creditor; the sums stand
        in the letter; paragraphs 2 and 3 of article L111-8 are reproduced.
        """
        self.ensure_one()
        company = self.company_id.sudo()
        agency = company.dunning_agency and company.dunning_agency_partner_id
        if not agency:
            return None
        address = agency._dunning_address_line()
        return {
            "words": self.env._(
                "%(agency)s, business of amicable debt collection, acting for the "
                "creditor named above",
                agency=", ".join(part for part in (agency.name, address) if part),
            ),
            "law": L111_8,
        }
