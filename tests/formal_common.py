"""A French company with invoices in its own and in a foreign currency, and its law."""

import re
from datetime import timedelta

from lxml import html

from .common import TODAY, DunningCommon


class LateCommon(DunningCommon):
    """Company in Lyon; its policy claims interest and compensation from the final one.

    The company keeps its books in US dollars; what is invoiced in euros is in the
    currency of the compensation.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        cls.company.write(
            {
                "name": "Atelier Dupont",
                "street": "12 rue des Tanneurs",
                "zip": "69002",
                "city": "Lyon",
                "country_id": cls.env.ref("base.fr").id,
                "phone": "+33 4 00 00 00 00",
                "company_registry": "334175221",
                "dunning_legal_form": "SARL",
                "dunning_capital": 10000,
                "dunning_signatory_id": cls.manager.id,
                "dunning_signatory_title": "Gérante",
            }
        )
        cls.bank = cls.env["res.partner.bank"].create(
            {"acc_number": "ACC-0815-4711", "partner_id": cls.company.partner_id.id}
        )
        claiming = cls.final | cls.formal
        claiming.write({"claim_interest": True, "claim_compensation": True})
        cls.formal.write(
            {
                "letter_title": "FORMAL NOTICE TO PAY",
                "letter_body": "<p>We give you formal notice to pay.</p>",
                "letter_closing": "<p>Or we go to court.</p>",
            }
        )

    @classmethod
    def _business(cls, name="Terreaux", **values):
        return cls._customer(
            name,
            **{
                "street": "8 place des Terreaux",
                "zip": "69001",
                "city": "Lyon",
                "country_id": cls.env.ref("base.fr").id,
                "lang": "en_US",
                **values,
            },
        )

    def _euros(self, partner, amount, late, **values):
        return self._invoice(
            partner, amount, late=late, currency_id=self.euro.id, **values
        )

    def _reminded(self, *partners, day=TODAY, steps=(3, 15, 30)):
        """Told of these levels before, ``days`` after the due date of 45 days ago."""
        for step in steps:
            self._run(*partners, day=TODAY - timedelta(days=45 - step))
        return self.env["dunning.notice"]

    def _proposed(self, partner, day=TODAY):
        return self._propose(partner, day=day).notice_ids

    def _page(self, notice):
        content, __ = self.env["ir.actions.report"]._render_qweb_html(
            "account_dunning.report_dunning_letter", notice.ids
        )
        return html.fromstring(content)

    def _text(self, notice):
        return self._plain(" ".join(self._page(notice).xpath("//main//text()")))

    @staticmethod
    def _plain(text):
        text = re.sub("[\N{ZERO WIDTH NO-BREAK SPACE}]", "", text)
        return re.sub(r"\s+", " ", text)

    def _figure(self, text):
        """The amount in a printed sum."""
        digits = re.sub(r"[^0-9.,-]", "", text.replace(",", ""))
        return round(float(digits), 2)
