from odoo import fields, models
from odoo.tools import SQL


class CreditGateLock(models.Model):
    """One row per limit, which whoever uses up some of it has to write.

    Two people confirm for the same customer at the same moment: the second waits for
    the first, and then, as the row has changed under its feet, begins again as a whole
    and sees what the first has used. A lock alone would not do, as the second would go
    on with the figures it read before.

    Not on the profile itself: the nightly refresh rewrites profiles by the thousand,
    and would make everybody who posts an invoice wait.
    """

    _name = "credit.gate.lock"
    _description = "Turn to Use a Credit Limit"
    _log_access = False

    profile_id = fields.Many2one("credit.profile", required=True, ondelete="cascade")
    turn = fields.Integer(required=True)

    _profile_uniq = models.UniqueIndex("(profile_id)", "One row per limit.")

    def _take(self, profile_ids):
        """Be the only one to use these limits until the transaction ends.

        Always in the same order, so that two batches do not wait for each other.
        """
        if not profile_ids:
            return
        self.env.cr.execute(
            SQL(
                """
            INSERT INTO credit_gate_lock (profile_id, turn)
                 SELECT profile_id, 1
                   FROM UNNEST(%s) AS profile_id
               ORDER BY profile_id
            ON CONFLICT (profile_id) DO UPDATE SET turn = credit_gate_lock.turn + 1
            """,
                sorted(profile_ids),
            )
        )
