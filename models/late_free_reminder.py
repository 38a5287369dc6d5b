from collections import defaultdict

from markupsafe import Markup, escape

from odoo import models
from odoo.tools import format_amount
from odoo.tools.i18n import format_list


class DunningNoticeLine(models.Model):
    _inherit = "dunning.notice.line"

    def _supplied(self):
        """In a few words what the invoice was for: the first thing on it."""
        self.ensure_one()
        products = self.sudo().move_id.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )  # sudo: it is printed for whoever may issue the notice
        first = products[:1]
        name = first.product_id.display_name or first.name or ""
        words = name.split("\n")[0][:80]
        return f"{words} …" if len(products) > 1 and words else words


class DunningNotice(models.Model):
    """What the free reminder says, in letter and e-mail, beside the level's text."""

    _inherit = "dunning.notice"

    def _free_reminder(self):
        """What the letter has to say as the free reminder; None: it is none.

        :return: dict with ``text`` (the law's content with its amounts), ``creditor``,
            and ``items``: number, what was supplied, due date and rest of each.
        """
        self.ensure_one()
        row = self.reminder_law_id.sudo()
        lines = self.line_ids.filtered("free_reminder")
        if not row or not lines:
            return None
        company = self.company_id.sudo()
        number = company.company_registry or company.vat
        text = row.with_context(lang=self.lang).text_reminder or ""
        for name, value in self._free_reminder_amounts(lines).items():
            text = text.replace("{" + name + "}", value)
        return {
            "text": text,
            "creditor": f"{company.name}, {number}" if number else company.name,
            "items": [
                {
                    "name": line.name,
                    "supplied": line._supplied(),
                    "due": line.date_maturity,
                }
                for line in lines
            ],
        }

    def _render_email(self, for_editing=False):
        """The e-mail says it too, whatever its text is: the letter is attached."""
        rendered = super()._render_email(for_editing)
        reminder = None if for_editing else self._free_reminder()
        # the table of invoices brings it along, where the text has one
        if reminder and escape(reminder["text"]) not in rendered["body_html"]:
            notice = self.with_context(lang=self.lang)
            # the rendered text is markup: sanitized when typed, or our own template
            rendered["body_html"] = Markup(rendered["body_html"]) + Markup(
                "<p>%s</p><p>%s</p>"
            ) % (
                reminder["text"],
                notice.env._("Creditor: %(creditor)s", creditor=reminder["creditor"]),
            )
        return rendered

    def _free_reminder_amounts(self, lines):
        """What stands for the placeholders of the law's text, in words of the letter.

        The balance is that of the items the reminder is for, at most what is due of
        all; the compensation what the contract and the law will let be claimed for
        them; the claims that and interest, as far as the contract has a clause for
        them.
        """
        env = self.env(context=dict(self.env.context, lang=self.lang))
        balances = defaultdict(float)
        for line in lines:
            balances[line.currency_id] += line.residual
        for total in self._totals():  # less credits
            due = max(total["due"], 0.0)
            if total["currency"] in balances:
                balances[total["currency"]] = min(balances[total["currency"]], due)
        currency = self.reminder_currency_id or self.currency_id
        compensation = format_amount(env, self.reminder_compensation, currency)
        claims = [compensation] if self.reminder_compensation else []
        if self.reminder_interest:
            claims.append(env._("interest"))
        return {
            "balance": ", ".join(
                format_amount(env, amount, currency)
                for currency, amount in balances.items()
            ),
            "compensation": compensation,
            "claims": format_list(env, claims or [compensation]),
        }
