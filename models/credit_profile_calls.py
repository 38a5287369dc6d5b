from odoo import fields, models

from .dunning_call import OUTCOMES


class CreditProfile(models.Model):
    """What the last call with a customer left: written by the calls themselves."""

    _inherit = "credit.profile"

    call_ids = fields.One2many("dunning.call", "profile_id", string="Calls")
    last_call_date = fields.Date(string="Last call", readonly=True, copy=False)
    last_call_outcome = fields.Selection(
        OUTCOMES, string="Outcome of the last call", readonly=True, copy=False
    )
    next_contact_date = fields.Date(
        string="Next contact",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="As asked for in the last call.",
    )
