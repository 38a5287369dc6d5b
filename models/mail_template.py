from odoo import api, models
from odoo.exceptions import UserError


class MailTemplate(models.Model):
    _inherit = "mail.template"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_of_dunning_level(self):
        """In words, before the database refuses it in its own.

        Some have no level that names them: statements and copies of invoices go out
        with theirs.
        """
        shipped = [
            self.env.ref(f"account_dunning.{name}", raise_if_not_found=False)
            for name in ("mail_template_statement", "mail_template_copies")
        ]
        for template in filter(None, shipped):
            if template in self:
                raise UserError(
                    self.env._(
                        "“%(template)s” is needed to send statements of account and "
                        "copies of invoices. Change its text instead of deleting it.",
                        template=template.name,
                    )
                )
        # sudo: whoever deletes templates is told which levels need them
        levels = self.env["dunning.level"].sudo().with_context(active_test=False)
        using = levels.search([("mail_template_id", "in", self.ids)], limit=1)
        if using:
            raise UserError(
                self.env._(
                    "“%(template)s” is the e-mail of “%(level)s” in the dunning policy "
                    "“%(policy)s”: choose another one there first.",
                    template=using.mail_template_id.name,
                    level=using.name,
                    policy=using.policy_id.name,
                )
            )
