from odoo import api, fields, models

from ..engine import worklist

LABELS = {
    worklist.Criterion.AMOUNT: "Amount to collect",
    worklist.Criterion.AGE: "Days late of the oldest item",
    worklist.Criterion.LEVEL: "Level reached",
    worklist.Criterion.REPLY: "Reply to read",
    worklist.Criterion.UNDELIVERED: "Message that did not arrive",
    worklist.Criterion.BROKEN: "Pause over, not paid",
    worklist.Criterion.DUE: "Call or task due",
    worklist.Criterion.SILENCE: "Nobody has talked to the customer",
}
PER_AMOUNT = (worklist.Criterion.AMOUNT.value,)
PER_DAYS = (
    worklist.Criterion.AGE.value,
    worklist.Criterion.LEVEL.value,
    worklist.Criterion.DUE.value,
)


class CreditPriorityRule(models.Model):
    """How many points of priority something gives a customer on the worklist.

    The priority of a customer is the sum over all rules. A rule of a company replaces
    the common one for the same criterion.
    """

    _name = "credit.priority.rule"
    _description = "Priority Points"
    _order = "sequence, id"
    _rec_name = "criterion"
    _check_company_domain = models.check_company_domain_parent_of

    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        domain=[("parent_id", "=", False)],
        help="Leave empty for all companies.",
    )
    criterion = fields.Selection(
        [(criterion.value, label) for criterion, label in LABELS.items()],
        required=True,
    )
    points = fields.Integer(
        required=True,
        default=10,
        help="Points for each full “per”, or once where there is none. Negative points "
        "make a customer less urgent.",
    )
    per = fields.Float(
        digits=(16, 2),
        help="Amount in company currency (amount to collect) or number of days (days "
        "late, level reached, call or task due) that gives the points once.",
    )
    unit = fields.Selection(
        [("amount", "in company currency"), ("days", "days"), ("once", "once")],
        compute="_compute_unit",
    )
    max_points = fields.Integer(
        string="At most", help="The most points this can give; 0 means no limit."
    )

    _criterion_uniq = models.UniqueIndex(
        "(criterion, COALESCE(company_id, 0)) WHERE active",
        "There is one rule per criterion and company.",
    )
    _per_positive = models.Constraint(
        "CHECK (per >= 0)", "The quantity that gives points cannot be negative."
    )
    _max_points_positive = models.Constraint(
        "CHECK (max_points >= 0)", "The most points cannot be negative."
    )

    @api.depends("criterion")
    def _compute_unit(self):
        for rule in self:
            if rule.criterion in PER_AMOUNT:
                rule.unit = "amount"
            elif rule.criterion in PER_DAYS:
                rule.unit = "days"
            else:
                rule.unit = "once"

    @api.model
    def _rules_of(self, company):
        """The rules that hold for a root company, as the engine sees them."""
        # sudo: the order of the list does not depend on who looks at it
        rules = self.sudo().search([("company_id", "in", (False, company.id))])
        return {
            worklist.Criterion(rule.criterion): worklist.Rule(
                points=rule.points,
                per=company._to_decimal(rule.per) if rule.unit != "once" else 0,
                cap=rule.max_points,
            )
            # a company's own rules come last, and win
            for rule in rules.sorted(lambda r: bool(r.company_id))
        }
