from odoo import api, fields, models
from odoo.tools import SQL

from .credit_gated_mixin import STATES


class CreditHeld(models.Model):
    """What is held at the moment, of all kinds of documents, in one list."""

    _name = "credit.held"
    _description = "Held Document"
    _auto = False
    _order = "held_at, id"
    _rec_name = "document_name"

    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True)
    document_name = fields.Char(string="Document", readonly=True)
    kind = fields.Selection([("invoice", "Invoice")], readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    profile_id = fields.Many2one(
        "credit.profile", string="Credit profile", readonly=True
    )
    class_id = fields.Many2one(related="profile_id.class_id")
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(readonly=True, help="In company currency.")
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    state = fields.Selection(
        [*STATES, ("nobody", "Nobody may approve")],
        readonly=True,
        help="Nobody may approve: a release was requested, and everybody who could "
        "decide has left or has lost the right to.",
    )
    held_at = fields.Datetime(string="Held since", readonly=True)
    age = fields.Integer(string="Days held", compute="_compute_age")
    sentence = fields.Char(string="Why", compute="_compute_sentence", compute_sudo=True)
    actor_id = fields.Many2one(
        "res.users",
        string="Who must act",
        readonly=True,
        help="The approver who was asked; the salesperson where nobody was yet.",
    )
    release_id = fields.Many2one("credit.release", readonly=True)

    _depends = {
        "account.move": [
            "credit_state",
            "credit_held_at",
            "state",
            "partner_id",
            "invoice_user_id",
            "amount_total_signed",
        ],
        "credit.release": [
            "state",
            "asked_id",
            "res_id",
            "res_model",
            "nobody_entitled",
        ],
        "credit.profile": ["partner_id", "company_id"],
    }

    @property
    def _table_query(self):
        parts = [SQL("(%s)", part) for part in self._held_queries()]
        return SQL(" UNION ALL ").join(parts)

    def _held_queries(self):
        """One query per kind of document; they give the same columns."""
        return [
            self._held_query(
                number=0,
                model="account.move",
                kind="invoice",
                table="account_move",
                name=SQL(
                    "CASE WHEN doc.name IS NULL OR doc.name = '/'"
                    " THEN COALESCE(doc.ref, '*' || doc.id) ELSE doc.name END"
                ),
                partner=SQL("doc.partner_id"),
                user=SQL("doc.invoice_user_id"),
                amount=SQL("doc.amount_total_signed"),
                states=("draft",),
            )
        ]

    def _held_query(
        self, number, model, kind, table, name, partner, user, amount, states
    ):
        """What is held of one kind of document.

        :param number: of the kind, below 8: makes the ids of rows unlike.
        """
        return SQL(
            """
            SELECT doc.id * 8 + %(number)s AS id,
                   %(model)s AS res_model,
                   doc.id AS res_id,
                   %(name)s AS document_name,
                   %(kind)s AS kind,
                   customer.commercial_partner_id AS partner_id,
                   profile.id AS profile_id,
                   doc.company_id,
                   company.currency_id,
                   %(amount)s AS amount,
                   %(user)s AS user_id,
                   CASE WHEN release.nobody_entitled THEN 'nobody'
                        ELSE doc.credit_state END AS state,
                   doc.credit_held_at AS held_at,
                   COALESCE(release.asked_id, %(user)s, doc.credit_held_by_id)
                       AS actor_id,
                   release.id AS release_id
              FROM %(table)s doc
              JOIN res_partner customer ON customer.id = %(partner)s
              JOIN res_company company ON company.id = doc.company_id
         LEFT JOIN credit_profile profile
                ON profile.partner_id = customer.commercial_partner_id
               AND profile.company_id =
                   SPLIT_PART(company.parent_path, '/', 1)::integer
         LEFT JOIN credit_release release
                ON release.res_model = %(model)s
               AND release.res_id = doc.id
               AND release.state = 'requested'
             WHERE doc.credit_state IN ('held', 'requested')
               AND doc.state = ANY(%(states)s)
            """,
            number=number,
            model=model,
            kind=kind,
            table=SQL.identifier(table),
            name=name,
            partner=partner,
            user=user,
            amount=amount,
            states=list(states),
        )

    @api.depends("held_at")
    def _compute_age(self):
        now = fields.Datetime.now()
        for held in self:
            held.age = (now - held.held_at).days if held.held_at else 0

    def _compute_sentence(self):
        for held in self:
            document = self.env[held.res_model].browse(held.res_id)
            held.sentence = document.credit_sentence

    # === ACTIONS === #

    def action_open(self):
        """Open the document."""
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id)._get_records_action()

    def action_request(self):
        return self._documents("held").action_credit_request()

    def action_release(self):
        """Release what is chosen; one kind of document at a time."""
        return self._documents("held", "requested", "nobody").action_credit_release()

    def _documents(self, *states):
        chosen = self.filtered(lambda held: held.state in states)
        model = (chosen[:1] or self[:1]).res_model
        mine = chosen.filtered(lambda held: held.res_model == model)
        return self.env[model].browse(mine.mapped("res_id"))
