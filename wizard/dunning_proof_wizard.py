from odoo import api, fields, models

from ..models.dunning_delivery_proof import OUTCOMES, PROOF_FIELDS


class DunningProofWizard(models.TransientModel):
    """What the post says of one letter, typed from the slip, with its scan."""

    _name = "dunning.proof.wizard"
    _description = "Proof of Posting"

    delivery_id = fields.Many2one("dunning.delivery", required=True, readonly=True)
    partner_id = fields.Many2one(related="delivery_id.partner_id")
    target = fields.Char(related="delivery_id.target")
    channel = fields.Selection(related="delivery_id.channel")
    tracking_number = fields.Char(
        string="Number of the letter",
        compute="_compute_from_delivery",
        store=True,
        readonly=False,
    )
    deposited_on = fields.Date(
        string="Posted on",
        compute="_compute_from_delivery",
        store=True,
        readonly=False,
    )
    presented_on = fields.Date(
        string="First presentation",
        compute="_compute_from_delivery",
        store=True,
        readonly=False,
    )
    outcome = fields.Selection(
        OUTCOMES, compute="_compute_from_delivery", store=True, readonly=False
    )
    outcome_on = fields.Date(
        string="Ended on",
        compute="_compute_from_delivery",
        store=True,
        readonly=False,
    )
    remark = fields.Char(help="Kept with the change, e.g. why a day was corrected.")
    slip_ids = fields.Many2many(
        "ir.attachment",
        string="Scans",
        help="Slip of posting, notice of receipt: PDF or pictures.",
    )
    consequence = fields.Char(compute="_compute_consequence")

    @api.depends("delivery_id")
    def _compute_from_delivery(self):
        for wizard in self:
            for name in PROOF_FIELDS:
                wizard[name] = wizard.delivery_id[name]

    @api.depends("outcome", "delivery_id")
    def _compute_consequence(self):
        for wizard in self:
            if wizard.outcome == wizard.delivery_id.outcome:
                wizard.consequence = False
            elif wizard.outcome == "returned":
                wizard.consequence = self.env._(
                    "The letter reached nobody: its level does not count, the address "
                    "is not used until somebody has checked it, and the next channel "
                    "of the level follows."
                )
            elif wizard.outcome in ("unclaimed", "refused"):
                wizard.consequence = self.env._(
                    "The notice is valid all the same: its level stands, and no other "
                    "channel follows."
                )
            else:
                wizard.consequence = False

    def action_save(self):
        """Write it down, and do what follows."""
        self.ensure_one()
        delivery = self.delivery_id._as_collector()
        delivery.lock_for_update()
        if self.slip_ids:
            # what was uploaded here belongs to this dialogue, which only its user sees
            self.slip_ids.sudo().filtered(
                lambda a: (a.res_model, a.res_id) == (self._name, self.id)
            ).write({"res_model": False, "res_id": 0})
            # as the user: only what may be changed by who uploads it is taken over
            delivery._attach_slip(self.slip_ids, "person")
        delivery._record_proof(
            {name: self[name] for name in PROOF_FIELDS},
            "person",
            remark=self.remark,
        )
        return {"type": "ir.actions.act_window_close"}
