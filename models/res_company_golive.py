from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import AccessError

from ..engine import volume


class ResCompany(models.Model):
    """How a company begins: careful at first, and never by itself unasked."""

    _inherit = "res.company"

    dunning_auto_send = fields.Boolean(
        string="Automatic sending",
        help="Off: nothing is approved or issued by the machine; automatic policies "
        "prepare proposals that wait for a person. What a person issued is delivered "
        "all the same.",
    )
    dunning_daily_limit = fields.Integer(
        string="Notices a day at most",
        help="Go-live limit: no more notices are issued on one day, by whomever. The "
        "others stay approved and follow on the next working days, the most pressing "
        "first. 0: no limit.",
    )
    dunning_daily_limit_until = fields.Date(
        string="Limit until",
        help="Last day of the go-live limit; empty: it stays until it is removed.",
    )
    dunning_golive_done_on = fields.Date(string="Go-live guide completed on")

    _dunning_daily_limit_positive = models.Constraint(
        "CHECK (dunning_daily_limit >= 0)",
        "The number of notices a day cannot be negative.",
    )

    # === ACTIONS === #

    def action_dunning_go_live(self):
        """Open the guided start of this company (of the current one if empty).

        :raises AccessError: for others than credit managers of the company.
        """
        company = (self or self.env.company).root_id
        company._check_dunning_manager()
        guide = self.env["dunning.golive"].create({"company_id": company.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Go live"),
            "res_model": "dunning.golive",
            "res_id": guide.id,
            "view_mode": "form",
            "target": "current",
        }

    # === BUSINESS METHODS === #

    def _check_dunning_manager(self):
        """Whether the user may configure dunning of these companies.

        A company's settings are for administrators; these few of them a credit manager
        decides on, in the companies the user works in.
        """
        if self.env.su:
            return
        manager = self.env.user.has_group(
            "account_dunning.group_account_dunning_manager"
        )
        if not manager or self.root_id - self.env.user.company_ids:
            raise AccessError(
                self.env._(
                    "Only credit managers of the company may do this. Ask your "
                    "administrator."
                )
            )

    def _dunning_credit_contact(self):
        """Who is asked when no customer is concerned: the credit contact of the
        company, else a credit manager, else the administrator."""
        self.ensure_one()
        company = self.root_id.sudo()
        if company.dunning_user_id:
            return company.dunning_user_id
        group = self.env.ref("account_dunning.group_account_dunning_manager").sudo()
        managers = group.all_user_ids.filtered(
            lambda u: u.active and not u.share and company in u.company_ids
        )
        return managers.sorted("id")[:1] or self.env.ref("base.user_admin")

    def _dunning_issued_today(self):
        """How many notices were issued today (the company's local day)."""
        self.ensure_one()
        start = self._dunning_midnight()
        return (
            self.env["dunning.notice"]
            .sudo()
            .search_count(
                [
                    ("company_id", "=", self.root_id.id),
                    ("issued_at", ">=", start),
                    ("issued_at", "<", start + timedelta(days=1)),
                ]
            )
        )

    def _dunning_allowance(self):
        """How many notices may still be issued today; ``None``: any number."""
        self.ensure_one()
        root = self.root_id.sudo()
        if not root.dunning_daily_limit:
            return None
        return volume.allowance(
            root.dunning_daily_limit,
            root.dunning_daily_limit_until or None,
            root._dunning_today(),
            root._dunning_issued_today(),
        )

    def _dunning_claim_allowance(self):
        """``_dunning_allowance``, so that nobody else can use it up meanwhile.

        The row is written, not only locked: another transaction that counted before
        this one ends is refused and tried again as a whole, with the right count.
        """
        allowance = self._dunning_allowance()
        if allowance is not None:
            self.env.cr.execute(
                "UPDATE res_company SET dunning_daily_limit = dunning_daily_limit"
                " WHERE id = %s",
                [self.root_id.id],
            )
        return allowance
