from odoo import api, fields, models
from odoo.exceptions import UserError


class LateInsolvencyWizard(models.TransientModel):
    """Record the judgment that opened insolvency proceedings against a customer."""

    _name = "late.insolvency.wizard"
    _description = "Insolvency Proceedings"

    profile_id = fields.Many2one("credit.profile", string="Customer", required=True)
    date = fields.Date(
        string="Judgment of",
        compute="_compute_known",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="What was invoiced before this day is frozen; invoices of the day itself "
        "and later ones go on.",
    )
    published_on = fields.Date(
        string="Published on",
        compute="_compute_known",
        store=True,
        readonly=False,
        precompute=True,
        help="In the official gazette (France: BODACC): the time to declare the claim "
        "runs from it.",
    )
    court = fields.Char(
        compute="_compute_known", store=True, readonly=False, precompute=True
    )
    reference = fields.Char(
        string="File number",
        compute="_compute_known",
        store=True,
        readonly=False,
        precompute=True,
    )
    administrator = fields.Char(
        compute="_compute_known",
        store=True,
        readonly=False,
        precompute=True,
        help="Name and address of who takes the declaration of claims.",
    )
    claim_date = fields.Date(
        string="Declare the claim until",
        compute="_compute_claim_date",
        store=True,
        readonly=False,
        precompute=True,
        help="France: two months from publication, four for creditors abroad. "
        "Elsewhere the court says until when.",
    )

    @api.depends("profile_id")
    def _compute_known(self):
        """What is recorded already; the dialogue mends it as well."""
        for wizard in self:
            profile = wizard.profile_id
            is_open = profile.insolvency_state == "open"
            known = profile if is_open else profile.browse()
            today = (profile.company_id or self.env.company).sudo()._dunning_today()
            wizard.date = known.insolvency_date or today
            wizard.published_on = known.insolvency_published_on
            wizard.court = known.insolvency_court
            wizard.reference = known.insolvency_reference
            wizard.administrator = known.insolvency_administrator

    @api.depends("profile_id", "published_on")
    def _compute_claim_date(self):
        for wizard in self:
            profile = wizard.profile_id
            known = profile.insolvency_state == "open" and (
                profile.insolvency_published_on == wizard.published_on
            )
            wizard.claim_date = (
                known and profile.insolvency_claim_date
            ) or profile._insolvency_deadline(profile, wizard.published_on)

    def action_record(self):
        self.ensure_one()
        self.profile_id._check_can_run()
        self.profile_id.check_access("read")
        today = self.profile_id.company_id.sudo()._dunning_today()
        if self.date > today:
            raise UserError(self.env._("A judgment of a day to come is none yet."))
        if self.published_on and self.published_on < self.date:
            raise UserError(
                self.env._("A judgment is not published before it is given.")
            )
        self.profile_id._open_insolvency(
            {
                "insolvency_date": self.date,
                "insolvency_published_on": self.published_on,
                "insolvency_court": self.court,
                "insolvency_reference": self.reference,
                "insolvency_administrator": self.administrator,
                "insolvency_claim_date": self.claim_date,
            }
        )
        return {"type": "ir.actions.client", "tag": "soft_reload"}


class LateInsolvencyEnd(models.TransientModel):
    """The end of insolvency proceedings, or their recording by mistake."""

    _name = "late.insolvency.end"
    _description = "End of Insolvency Proceedings"

    profile_id = fields.Many2one("credit.profile", string="Customer", required=True)
    outcome = fields.Selection(
        [
            ("closed", "Closed: what is older is not reminded again"),
            ("resumed", "Ended: what is older is due again"),
            ("mistake", "Recorded by mistake, or annulled"),
        ],
        required=True,
        default="closed",
    )
    date = fields.Date(
        string="Ended on",
        required=True,
        default=lambda self: self.env.company.sudo()._dunning_today(),
    )
    reason = fields.Char()

    def action_end(self):
        self.ensure_one()
        profile = self.profile_id
        profile._check_can_run()
        profile.check_access("read")
        if not profile.insolvency_date:
            raise UserError(self.env._("No judgment is recorded for this customer."))
        if self.outcome == "mistake":
            if not self.reason:
                raise UserError(self.env._("Say why the judgment is taken back."))
            profile._drop_insolvency(self.reason)
        else:
            if self.date < profile.insolvency_date:
                raise UserError(
                    self.env._("Proceedings do not end before they were opened.")
                )
            profile._end_insolvency(self.date, self.outcome)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
