from odoo import api, models
from odoo.exceptions import UserError


class MailActivityType(models.Model):
    _inherit = "mail.activity.type"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_dunning(self):
        """The machine tells people through these; core keeps its to-do likewise."""
        names = (
            "contact",
            "reply",
            "late",
            "release",
            "credit",
            "review",
            "limitation",
            "insolvency",
        )
        ours = self.browse().union(
            *(
                self.env.ref(
                    f"account_dunning.mail_activity_type_{name}",
                    raise_if_not_found=False,
                )
                or self.browse()
                for name in names
            )
        )
        if ours & self:
            raise UserError(
                self.env._(
                    "Collectors are told through “%(type)s” what needs them: it cannot "
                    "be deleted. You may archive it, or give it another name.",
                    type=(ours & self)[0].name,
                )
            )
