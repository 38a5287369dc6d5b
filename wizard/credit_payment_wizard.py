from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang


class CreditPaymentWizard(models.TransientModel):
    """Send the customer the links to pay the fewest invoices that cure a document.

    A salesperson sends them without seeing the ledger: how many there are and what
    they come to is enough. The message stands on the credit profile.
    """

    _name = "credit.payment.wizard"
    _description = "Send Payment Links"

    res_model = fields.Char(required=True)
    res_id = fields.Integer(required=True)
    summary = fields.Char(compute="_compute_summary", compute_sudo=True)
    email = fields.Char(string="To", compute="_compute_summary", compute_sudo=True)
    note = fields.Text(string="Add a sentence", help="Stands above the invoices.")

    def _document(self):
        self.ensure_one()
        gated = {model._name for model in self.env["credit.gate"]._gated_models()}
        if self.res_model not in gated:
            raise UserError(self.env._("This document is not under the credit check."))
        document = self.env[self.res_model].with_user(self.env.user).browse(self.res_id)
        document.check_access("read")
        return document.sudo()

    @api.depends("res_model", "res_id")
    def _compute_summary(self):
        for wizard in self:
            document = wizard._document()
            moves = document._credit_cure_items().move_id
            currency = document.company_id.root_id.currency_id
            wizard.summary = self.env._(
                "%(count)s invoice(s), %(amount)s in all",
                count=len(moves),
                amount=formatLang(
                    self.env,
                    sum(moves.mapped("amount_residual_signed")),
                    currency_obj=currency,
                ),
            )
            wizard.email = wizard._address(document).target

    def _address(self, document):
        profile = document._credit_profile()
        addresses = self.env["dunning.situation"].sudo()._fetch_addresses(profile)
        address = addresses[profile.id].get("email")
        if not address:
            raise UserError(
                self.env._(
                    "%(customer)s has no e-mail address.",
                    customer=profile.partner_id.display_name,
                )
            )
        return address

    def action_send(self):
        self.ensure_one()
        document = self._document()
        moves = document._credit_cure_items().move_id
        if not moves:
            raise UserError(self.env._("Nothing is left to pay for this document."))
        profile = document._credit_profile().sudo()
        partner = (
            self.env["res.partner"].sudo().browse(self._address(document).partner_id)
        )
        for move in moves:
            move._portal_ensure_token()
        lang = partner.lang or self.env.lang
        body = (
            self.env["ir.qweb"]
            .sudo()
            .with_context(lang=lang)
            ._render(
                "account_dunning.credit_payment_links",
                {
                    "partner": partner,
                    "moves": moves.with_context(lang=lang),
                    "note": self.note,
                    "user": self.env.user,
                    "company": document.company_id,
                },
            )
        )
        profile.with_context(lang=lang).message_post(
            body=body,
            subject=profile.with_context(lang=lang).env._(
                "Invoices to pay – %(company)s", company=document.company_id.name
            ),
            partner_ids=partner.ids,
            email_layout_xmlid="mail.mail_notification_light",
            author_id=self.env.user.partner_id.id,
            # a customer is not told that we keep a credit profile
            **profile._email_heading(lang),
        )
        document._message_log(
            body=self.env._(
                "Payment links for %(summary)s sent to %(email)s.",
                summary=self.summary,
                email=self.email,
            )
        )
        return {"type": "ir.actions.act_window_close"}
