from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import gate
from .credit_gated_mixin import NOTHING, WAITING


class CreditGatedMixin(models.AbstractModel):
    """What is held: looked at again, lifted when it is cured, and who is told."""

    _inherit = "credit.gated.mixin"

    # === WHAT IS HELD === #

    @api.model
    def _credit_waiting_domain(self):
        return Domain("credit_state", "in", WAITING) & Domain(
            "state", "in", self._credit_open_states
        )

    @api.model
    def _credit_any_waiting(self):
        """Whether anything is held at all: the cheapest question, asked first."""
        self.flush_model(["credit_state"])
        return bool(
            self.env.execute_query(
                SQL(
                    "SELECT 1 FROM %s WHERE credit_state IN ('held', 'requested')"
                    " LIMIT 1",
                    SQL.identifier(self._table),
                )
            )
        )

    @api.model
    def _credit_waiting(self, company, profiles):
        """What is held for these customers."""
        return self.search(
            self._credit_waiting_domain()
            & Domain("company_id", "child_of", company.id)
            & self._credit_waiting_customer_domain(company, profiles),
            order="id",
        )

    @api.model
    def _credit_waiting_profiles(self):
        """Profiles of the customers for whom something is held."""
        profiles = self.env["credit.profile"].sudo()
        Exposure = self.env["credit.exposure"]
        waiting = self.sudo().search(self._credit_waiting_domain())
        for company, mine in waiting.grouped(lambda d: d.company_id.root_id).items():
            partners = self.env["res.partner"].sudo()
            partners = partners.union(*(Exposure._customer_of(doc) for doc in mine))
            profiles |= profiles._for_partners(partners, company)
        return profiles

    def _credit_recheck(self):
        """Lift what is cured, and tell; bring the figures of the rest up to date."""
        if not self:
            return
        verdicts = self.env["credit.gate"]._judge(self)
        cured = self.filtered(
            lambda doc: verdicts[doc.id].kind in (gate.Kind.PASS, gate.Kind.WARN)
        )
        values = {}
        for doc in self - cured:
            reasons = doc._credit_reasons_values(verdicts[doc.id])
            if reasons != doc.credit_reasons:
                values[doc.id] = {"credit_reasons": reasons or None}
        self._credit_store(values)
        if not cured:
            return
        who = {doc: doc.credit_held_by_id for doc in cured}
        self.env["credit.release"]._needless(cured)
        cured._credit_store({doc.id: NOTHING for doc in cured})
        cured._message_log_batch(
            bodies={
                doc.id: self.env._("No longer held: what held it back is cured.")
                for doc in cured
            }
        )
        for doc in cured:
            doc._credit_close_tasks()
            doc._credit_tell_cured(who[doc])
        cured._credit_go_on()

    # === TELLING === #

    def _credit_tell_held(self):
        """On each document what holds it; and its salesperson, unless it is the one
        who stands before the screen.
        """
        if not self:
            return
        self._message_log_batch(
            bodies={
                doc.id: self.env._(
                    "Held by the credit check: %(reasons)s", reasons=doc.credit_sentence
                )
                for doc in self
            }
        )
        for doc in self:
            if doc._credit_told() != self.env.user:
                doc._credit_tell(
                    self.env._("Held by the credit check"), doc.credit_sentence
                )

    def _credit_tell_cured(self, fallback):
        self._credit_tell(
            self.env._("May be confirmed"),
            self.env._(
                "%(document)s of %(customer)s is no longer held: you can confirm it.",
                document=self.display_name,
                customer=self.partner_id.display_name,
            ),
            fallback=fallback,
        )

    def _credit_told(self, fallback=None):
        """Whom to tell: the salesperson, else who wanted to confirm, else the person
        who answers for the customer's credit.
        """
        self.ensure_one()
        users = self.sudo()._credit_responsible() | (
            fallback or self.sudo().credit_held_by_id
        )
        people = users.filtered(self._credit_may_be_told)
        if people:
            return people[:1]
        profile = self.env["credit.gate"]._profiles(
            self.env["credit.exposure"]._customer_of(self.sudo()),
            self.company_id.root_id,
        )
        return profile._responsible()[:1].filtered(self._credit_may_be_told)

    def _credit_may_be_told(self, user):
        """Core gives nobody an activity on what he or she cannot read."""
        self.ensure_one()
        return (
            user.active
            and not user.share
            and self.with_user(user)
            .with_context(allowed_company_ids=user.company_ids.ids)
            .has_access("read")
        )

    def _credit_tell(self, summary, note, fallback=None, user=None):
        """An activity for who sells it, or for the user given."""
        self.ensure_one()
        user = user or self._credit_told(fallback)
        if not user or not self._credit_may_be_told(user):
            return
        self.sudo().activity_schedule(
            "account_dunning.mail_activity_type_credit",
            summary=summary,
            note=note,
            user_id=user.id,
        )

    def _credit_close_tasks(self):
        self.sudo().activity_unlink(["account_dunning.mail_activity_type_credit"])
