from odoo import api, models
from odoo.tools import SQL


class CreditProfile(models.Model):
    """What is taken over of core's credit limits when the addon comes."""

    _inherit = "credit.profile"

    @api.model
    def _adopt_core_limits(self):
        """Take over the limits people gave customers in core, company by company.

        A customer with a limit other than the company's default had one on purpose. It
        is enforced where core's limits were in use; elsewhere the amount is kept.
        What holds back documents is decided by the classes, not here.

        :return: the profiles that have a limit of their own now.
        """
        adopted = self.sudo()
        Company = self.env["res.company"].sudo().with_context(active_test=False)
        for company in Company.search([("parent_id", "=", False)]):
            Partner = self.env["res.partner"].sudo().with_company(company)
            field = Partner._fields["credit_limit"]
            default = field.get_company_dependent_fallback(Partner)
            found = self.env.execute_query(
                SQL(
                    """
                SELECT id
                  FROM res_partner
                 WHERE commercial_partner_id = id
                   AND (credit_limit ->> %(company)s)::numeric > 0
                   AND (credit_limit ->> %(company)s)::numeric != %(default)s
                """,
                    company=str(company.id),
                    default=default or 0,
                )
            )
            partners = Partner.browse([key for (key,) in found])
            profiles = self._for_partners(partners, company).sudo()
            profiles.with_context(tracking_disable=True).write(
                {
                    "limit_own": True,
                    "limit_enforced": company.account_use_credit_limit,
                }
            )
            adopted |= profiles
        return adopted

    @api.model
    def _adopt_core_default_limits(self):
        """Take over core's default limit, of companies that used core's limits.

        In core it holds for everybody without a limit of their own. Here those have
        the limit of their class, and all begin in the one for customers nobody has
        reviewed: it gets the amount, as a fixed limit. Where other companies share that
        class, the company gets one of its own. A class whose limit somebody has set is
        left alone.

        :return: the classes that have the limit now.
        """
        adopted = self.env["credit.risk.class"].sudo()
        Company = self.env["res.company"].sudo()
        roots = Company.search([("parent_id", "=", False)])
        for company in roots.filtered("account_use_credit_limit"):
            Partner = self.env["res.partner"].sudo().with_company(company)
            field = Partner._fields["credit_limit"]
            default = field.get_company_dependent_fallback(Partner)
            unrated = adopted._unrated(company)
            if not default or default < 0 or unrated.limit_rule != "none":
                continue
            if not unrated.company_id and len(roots) > 1:
                unrated = unrated._make_own_unrated(company)
            unrated.write(
                {
                    "limit_rule": "fixed",
                    "limit_amount": default,
                    "currency_id": company.currency_id.id,
                }
            )
            adopted |= unrated
        return adopted
