from odoo import fields, models
from odoo.tools import format_date


class CreditProfile(models.Model):
    """Statements of account from the profile."""

    _inherit = "credit.profile"

    def action_statement(self):
        """Open the dialogue that prints or e-mails statements of account."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Statement of account"),
            "res_model": "credit.statement.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_profile_ids": self.ids},
        }

    def _send_statement(self, date=None, style="open", date_from=None, again=False):
        """E-mail these customers their statements of account.

        Who has nothing to be told gets none, and who got the same one before (same day,
        style and period) not a second, unless ``again``.

        :param date: the day whose books are told; default: the company's current one.
        :return: the ``credit.statement`` records made; more than a few are sent in the
            background, and those of customers without address say so.
        """
        self._check_can_run()
        Statement = self.env["credit.statement"]
        result = Statement
        for company, profiles in self.sudo().grouped("company_id").items():
            day = fields.Date.to_date(date) or company._dunning_today()
            drafts = [
                draft
                for draft in Statement._drafts(
                    profiles.with_env(self.env), day, style, date_from
                )
                if again or draft.reason != "earlier"
            ]
            result |= Statement._queue(drafts, day, style, date_from)
        return result

    def _statement_earlier_note(self, earlier):
        """When the same statement went out, for people."""
        if earlier.state == "queued":
            return self.env._("Waiting to be sent already")
        return self.env._(
            "Sent already on %(date)s", date=format_date(self.env, earlier.sent_at)
        )
