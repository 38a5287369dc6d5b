"""Builders for the tests of letters and e-mails."""

from datetime import timedelta

from odoo.fields import Command

from .common import TODAY, DunningCommon

LAYOUTS = ("standard", "boxed", "bold", "striped", "folder", "wave", "bubble")


class LettersCommon(DunningCommon):
    """A company with an address and a bank account; notices without invoices.

    A letter shows what its notice lines say, so these are made directly.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.company.write(
            {
                "name": "Atelier Dupont",
                "street": "12 rue des Tanneurs",
                "zip": "69002",
                "city": "Lyon",
                "country_id": cls.env.ref("base.fr").id,
                "dunning_address_position": "right",
                "company_details": "<p>Atelier Dupont<br/>12 rue des Tanneurs<br/>"
                "69002 Lyon<br/>SIREN 334 175 221<br/>FR23 334175221</p>",
                "report_footer": "<p>www.atelier-dupont.example</p>",
            }
        )
        cls.company.bank_ids.unlink()
        cls.bank = cls.env["res.partner.bank"].create(
            {"acc_number": "ACC-0815-4711", "partner_id": cls.company.partner_id.id}
        )
        cls.customer = cls._customer(
            "Harbour Ltd",
            ref="C0042",
            street="27 Dock Street",
            zip="BS1",
            city="Bristol",
            country_id=cls.env.ref("base.uk").id,
            lang="en_US",
        )

    @classmethod
    def _level(cls, name):
        return cls.env.ref(f"account_dunning.dunning_level_{name}")

    @classmethod
    def _line(cls, number, residual, paid=0.0, kind="item", late=20, currency=None):
        return {
            "kind": kind,
            "name": number,
            "invoice_date": TODAY - timedelta(days=late + 30),
            "date_maturity": TODAY - timedelta(days=late),
            "days_late": late if kind == "item" else 0,
            "currency_id": (currency or cls.company.currency_id).id,
            "amount_original": residual + paid,
            "amount_paid": paid,
            "residual": residual,
            "residual_company": residual,
            "escalated": kind == "item",
        }

    @classmethod
    def _notice(cls, level, lines=1, partner=None, issued=True, **values):
        """A notice of a shipped level.

        :param lines: values of the lines, or the number of items wanted.
        """
        partner = partner or cls.customer
        if isinstance(lines, int):
            lines = [
                cls._line(f"ITEM-{number:03}", 100.0 + number)
                for number in range(1, lines + 1)
            ]
        notice = (
            cls.env["dunning.notice"]
            .sudo()
            .create(
                {
                    "run_id": cls.env["dunning.run"]
                    .sudo()
                    .create({"company_id": cls.company.id, "date": TODAY})
                    .id,
                    "profile_id": cls._profile(partner).id,
                    "company_id": cls.company.id,
                    "policy_id": level.policy_id.id,
                    "level_id": level.id,
                    "date": TODAY,
                    "channel": "letter",
                    "contact_id": partner.id,
                    "lang": partner.lang,
                    "line_ids": [Command.create(line) for line in lines],
                    **values,
                }
            )
        )
        if issued:
            notice.with_context(dunning_issuing=True).write(
                {
                    "name": notice._next_numbers(1, notice.date)[0],
                    "state": "issued",
                    "issued_at": f"{TODAY} 09:00:00",
                    **notice._render_texts()[notice.id],
                }
            )
            notice.flush_recordset()
        return notice
