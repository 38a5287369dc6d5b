from odoo import api, fields, models

from ..engine.invoice_text import Lack


class LateInvoiceCheck(models.TransientModel):
    """What invoices of a company must say about late payment, and whether they do.

    One row per company, regime and language that is used; made when the list is
    opened.
    """

    _name = "late.invoice.check"
    _description = "Sentences on Invoices"
    _order = "company_id, state, regime_id, id"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    regime_id = fields.Many2one(
        "late.regime", required=True, readonly=True, ondelete="cascade"
    )
    customer_count = fields.Integer(string="Customers", readonly=True)
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        readonly=True,
    )
    text = fields.Text(string="What invoices must say", readonly=True)
    missing = fields.Char(string="Not said", readonly=True)
    state = fields.Selection(
        [
            ("missing", "Missing"),
            ("english", "Printed in English"),
            ("own", "In your own terms"),
            ("printed", "Printed"),
        ],
        required=True,
        readonly=True,
    )

    @api.model
    def action_open(self):
        """Look at all companies of the user and show what was found."""
        self.search([("create_uid", "=", self.env.uid)]).unlink()
        self.create(self._look())
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.late_invoice_check_action"
        )
        return dict(action, domain=[("create_uid", "=", self.env.uid)])

    @api.model
    def _look(self, companies=None):
        """Values of the rows, for the user's companies or those given."""
        companies = (companies or self.env.companies).root_id
        Regime = self.env["late.regime"].sudo()
        laws = Regime._all_engine(True)
        langs = self.env["res.lang"].get_installed()
        result = []
        for day, some in companies.grouped(lambda c: c._dunning_today()).items():
            choose = Regime._chooser(laws, day)
            for company, used in some._late_in_use(day).items():
                law = company.sudo()._late_country()
                own = choose(law, law, "business", False, False)
                for row in Regime.browse({*used, *([own] if own else [])}):
                    if row.text_invoice:
                        result += [
                            self._row(company, row, laws[row.id], lang)
                            | {"customer_count": used.get(row.id, 0)}
                            for lang, __ in langs
                        ]
        return result

    @api.model
    def _row(self, company, row, law, lang):
        text = row.with_context(lang=lang).text_invoice
        english = row.with_context(lang="en_US").text_invoice
        company = company.sudo()
        lacks = company._late_own_lacks(law, text, lang)
        missing = False
        if not lacks:
            state = "own"
        elif company.late_invoice_terms:
            foreign = not lang.startswith("en") and text == english
            state = "english" if foreign else "printed"
        else:
            state = "missing"
            labels = {
                Lack.RATE: self.env._("rate"),
                Lack.COMPENSATION: self.env._("compensation"),
            }
            missing = ", ".join(labels[one] for one in Lack if one in lacks)
        return {
            "company_id": company.id,
            "regime_id": row.id,
            "lang": lang,
            "text": text,
            "state": state,
            "missing": missing,
        }

    def action_print(self):
        """Have the companies print the sentence from now on."""
        companies = self.company_id.root_id
        companies.check_access("read")
        companies._check_dunning_manager()
        # sudo: credit managers may not write companies otherwise
        companies.sudo().late_invoice_terms = True
        return self.action_open()

    def action_open_regime(self):
        """Open the regime, to translate its sentence."""
        self.ensure_one()
        return self.regime_id._form_action()
