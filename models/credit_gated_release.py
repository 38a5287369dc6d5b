from decimal import Decimal

from odoo import models
from odoo.fields import Domain

from ..engine import gate

ZERO = Decimal(0)


class CreditGatedMixin(models.AbstractModel):
    """Ways out for what is held: payments that cure it, releases."""

    _inherit = "credit.gated.mixin"

    # === WHAT WOULD CURE IT === #

    def _credit_blocking(self):
        self.ensure_one()
        return [row for row in self.credit_reasons or [] if row["rule"] == "block"]

    def _credit_excess(self):
        """By how much the limit is exceeded, in company currency."""
        return self._credit_verdict().excess

    def _credit_verdict(self):
        """What holds it back, as the rules see it."""
        return gate.Verdict(
            gate.Kind.BLOCK,
            tuple(
                gate.Reason(
                    gate.Cause(row["cause"]),
                    gate.Rule(row["rule"]),
                    amount=Decimal(str(row.get("amount", 0))),
                )
                for row in self._credit_blocking()
            ),
        )

    def _credit_deposit(self):
        """What the customer would have to pay in advance, in company currency.

        :return: None where money in advance is not the way.
        """
        self.ensure_one()
        return None

    def _credit_cure_items(self):
        """The fewest open items whose payment lifts the document, with full rights;
        empty when payment does not do it.
        """
        self.ensure_one()
        causes = {row["cause"] for row in self._credit_blocking()}
        Line = self.env["account.move.line"].sudo()
        if not causes or causes - {"limit", "overdue"}:
            return Line
        profile = self._credit_profile()
        # of this customer alone: nobody is sent the invoices of who shares the limit
        group = profile
        company = self.company_id.root_id
        today = company.sudo()._dunning_today()
        lines = Line.search(
            Domain("partner_id.commercial_partner_id", "in", group.partner_id.ids)
            & Domain("account_type", "=", "asset_receivable")
            & Domain("parent_state", "=", "posted")
            & Domain("amount_residual", ">", 0)
            & Domain("move_id.move_type", "=", "out_invoice")
            & Domain("company_id", "child_of", company.id),
            order="date_maturity, id",
        )
        lines = self.sudo()._credit_askable(lines)
        tolerated = profile._credit_rules().overdue_days
        mine = profile.partner_id
        keys = gate.smallest_cure(
            (
                gate.OpenItem(
                    key=line.id,
                    amount=Decimal(str(line.amount_residual)),
                    late=line.partner_id.commercial_partner_id == mine
                    and (today - (line.date_maturity or line.date)).days > tolerated,
                    rank=(line.date_maturity or line.date, line.id),
                )
                for line in lines
            ),
            self._credit_excess(),
            clear_late="overdue" in causes,
        )
        return Line.browse(keys or ())

    # === RELEASES === #

    def _credit_approved(self, day):
        """What was released and may be used today.

        :return: ``{document id: {approved, approved_causes}}``
        """
        released = self.filtered(lambda doc: doc.credit_state == "released")
        return {
            document_id: {
                "approved": Decimal(str(release.amount)),
                "approved_causes": release._causes(),
            }
            for document_id, release in released._credit_approvals(day).items()
        }

    def _credit_approvals(self, day):
        """The newest approval of each that can be used today.

        :return: ``{document id: credit.release}`` with full rights.
        """
        if not self:
            return {}
        found = self.env["credit.release"].sudo()
        found = found.search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("state", "=", "approved"),
                ("valid_until", ">=", day),
            ],
            order="id",
        )
        Exposure = self.env["credit.exposure"]
        customer_of = {doc.id: Exposure._customer_of(doc)._origin for doc in self}
        return {
            release.res_id: release
            for release in found
            # what was released for one customer is not released for another
            if release.profile_id.partner_id == customer_of[release.res_id]
        }

    def _credit_state_decided(self):
        """Where the requests and approvals still open leave what the gate has stopped.

        An approval counts when the document could be confirmed with it as it is.
        """
        self.ensure_one()
        if self._credit_pending_release():
            return "requested"
        today = self.company_id.sudo()._dunning_today()
        release = self._credit_approvals(today).get(self.id)
        blocking = {gate.Cause(row["cause"]) for row in self._credit_blocking()}
        if (
            release
            and self._credit_amount() <= Decimal(str(release.amount))
            and blocking <= set(release._causes())
        ):
            return "released"
        return "held"

    def _credit_pending_release(self):
        self.ensure_one()
        return (
            self.env["credit.release"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "=", self.id),
                    ("state", "=", "requested"),
                ],
                limit=1,
            )
        )

    def _credit_amount(self):
        """What it asks of the customer, in company currency."""
        self.ensure_one()
        amounts = self.env["credit.exposure"]._document_amounts(self.sudo())
        return amounts.get(self.id, ZERO)

    def _credit_deciders(self, request=None):
        """Who may release it: not who asks for it."""
        self.ensure_one()
        Release = self.env["credit.release"]
        if request:
            return request._approvers()
        barred = self._credit_asker(self.env.user) | self._credit_self_made()
        return Release._approvers_of(
            self.company_id.root_id, self._credit_amount(), barred
        )

    def _credit_self_made(self):
        """Who made a document and tried to confirm it does not release it, whoever is
        named as its salesperson.
        """
        document = self.sudo()
        return document.create_uid & document.credit_held_by_id

    def _credit_asker(self, user):
        """On whose behalf a release without a request is given: the salesperson, or
        who was stopped; somebody else than the one who gives it.
        """
        self.ensure_one()
        people = self.sudo()._credit_responsible() | self.sudo().credit_held_by_id
        return (people - user)[:1] or people[:1]

    def _credit_freeze(self, day):
        """The facts of a release, as they are now."""
        self.ensure_one()
        profile = self._credit_profile().sudo()
        verdict = self.env["credit.gate"]._judge(self, day)[self.id]
        exposure = profile._exposure(day, self)[profile.id]
        limit = profile._limits(day)[profile.id]
        risk_class = profile.class_id
        return {
            "company_id": self.company_id.root_id.id,
            "profile_id": profile.id,
            "res_model": self._name,
            "res_id": self.id,
            "document_name": self._credit_document_name(),
            "amount": float(self._credit_amount()),
            "reasons": self._credit_reasons_values(verdict),
            "class_name": risk_class.display_name if risk_class else False,
            "exceeded": float(verdict.excess),
            "limit_enforced": limit.amount is not None,
            "limit_amount": float(limit.amount or ZERO),
            "exposure_open": float(exposure.open_items),
            "exposure_credits": float(exposure.credits + exposure.pending),
            "exposure_drafts": float(exposure.drafts),
            "exposure_orders": float(exposure.orders),
            "exposure_others": float(exposure.others),
            "exposure_total": float(exposure.pooled),
        }

    def _credit_document_name(self):
        """What people call it; a draft invoice has no number yet."""
        self.ensure_one()
        return self.display_name
