from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import formatLang

from ..engine import gate

BASE_ADMINS = "base.group_system"


class CreditApprovalBracket(models.Model):
    """Who releases documents up to which amount.

    A company without brackets leaves every release to its credit managers. With
    brackets, the lowest one that covers an amount says who is asked; who may decide on
    more may decide on less as well. What no bracket covers, nobody may release.
    """

    _name = "credit.approval.bracket"
    _description = "Approval Bracket"
    _order = "company_id, any_amount, up_to, id"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company.root_id,
        domain=[("parent_id", "=", False)],
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    any_amount = fields.Boolean(help="Without an upper bound.")
    up_to = fields.Monetary(
        string="Up to",
        help="The amount of the document, in company currency, this amount included.",
    )
    group_id = fields.Many2one("res.groups", help="Everybody in this group may decide.")
    user_ids = fields.Many2many(
        "res.users",
        string="People",
        domain=[("share", "=", False)],
        help="Asked in this order, before the group.",
    )

    _amount_positive = models.Constraint(
        "CHECK (any_amount IS TRUE OR up_to > 0)",
        "Say up to which amount, or tick that any amount is covered.",
    )

    @api.constrains("group_id", "user_ids")
    def _check_somebody(self):
        if any(not b.group_id and not b.user_ids for b in self):
            raise ValidationError(
                self.env._("Say who decides: a group, people, or both.")
            )

    @api.depends("any_amount", "up_to", "currency_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for bracket in self:
            bracket.display_name = (
                self.env._("Any amount")
                if bracket.any_amount
                else self.env._(
                    "Up to %(amount)s",
                    amount=formatLang(
                        self.env, bracket.up_to, currency_obj=bracket.currency_id
                    ),
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        """What waits for a decision goes to who may decide now, at once."""
        brackets = super().create(vals_list)
        self.env["credit.release"]._ask_again()
        return brackets

    def write(self, vals):
        result = super().write(vals)
        self.env["credit.release"]._ask_again()
        return result

    def unlink(self):
        result = super().unlink()
        self.env["credit.release"]._ask_again()
        return result

    @api.model
    def _approvers(self, company, amount, barred=None):
        """Who may decide on an amount, whom to ask first standing first.

        :param company: root company.
        :param amount: Decimal in company currency.
        :param barred: users who must not decide, such as who asked for it.
        :return: ``res.users`` with full rights.
        """
        company = company.sudo()
        brackets = self.sudo().search([("company_id", "=", company.id)])
        if brackets:
            rules = [bracket._to_engine() for bracket in brackets]
        else:
            managers = self.env.ref("account_dunning.group_account_dunning_manager")
            rules = [gate.Bracket(None, self._people(company, managers))]
        ids = gate.approvers(
            rules,
            amount,
            barred=(barred or self.env["res.users"]).ids,
            absences=self.env["credit.approval.delegate"]._absences(company),
            day=company._dunning_today(),
        )
        users = self.env["res.users"].sudo().browse(ids)
        return users.filtered(lambda user: user.active and not user.share)

    @api.model
    def _caretakers(self, company, requester):
        """Who sees to it that somebody may decide: the credit managers, else the
        administrators; who asked only where there is nobody else.

        :return: ``res.users`` with full rights, whom to tell first standing first.
        """
        company = company.sudo()
        Users = self.env["res.users"].sudo()
        everyone = Users
        for xmlid in ("account_dunning.group_account_dunning_manager", BASE_ADMINS):
            people = Users.browse(self._people(company, self.env.ref(xmlid)))
            if people - requester:
                return people - requester
            everyone |= people
        return everyone

    def _to_engine(self):
        self.ensure_one()
        return gate.Bracket(
            up_to=None if self.any_amount else Decimal(str(self.up_to)),
            people=self._people(self.company_id, self.group_id, self.user_ids),
        )

    @api.model
    def _people(self, company, group, users=None):
        """Ids: those named, then the company's credit contact if in the group, then the
        group; those who cannot log in to the company are left out.
        """
        members = group.sudo().all_user_ids
        contact = company.dunning_user_id & members
        people = (
            (users or self.env["res.users"].sudo()) | contact | members.sorted("id")
        )
        return tuple(
            user.id
            for user in people
            if user.active and not user.share and company in user.company_ids.root_id
        )
