from dataclasses import replace
from decimal import Decimal

from odoo import fields, models

from ..engine import regime


class CreditProfile(models.Model):
    """Whose law holds for a customer's delay, with the terms of their contract in it.

    Read set-wise and live, by everything that claims or computes; nothing is stored,
    so a new row of the law counts from its own day on.
    """

    _inherit = "credit.profile"

    late_contract_law = fields.Boolean(
        string="The contract claims what the law allows",
        tracking=True,
        help="The terms name no figures of their own, but refer to the rate and the "
        "lump sum of the law.",
    )

    # === BUSINESS METHODS === #

    def _late_regimes(self, day):
        """The regime of late payment of each customer.

        The customer's own one, where it is for their kind and has a row in force on
        that day; else by the law: the company's country for businesses and public
        bodies, the customer's own for consumers (Rome I art. 4 and 6). Who is not
        known to be a business is a consumer.

        :param day: on which the regime must be in force: usually the due date.
        :return: ``{profile id: late.regime}``, with full rights; empty where no row
            fits, so that nothing may be claimed.
        """
        chosen = self._late_chosen(self.env["late.regime"]._all_engine(True), day)
        Regime = self.env["late.regime"].sudo()
        return {pid: Regime.browse(key) for pid, key in chosen.items()}

    def _late_laws(self, day):
        """The same as the rules see it, with the terms of the contract put in.

        :return: ``{profile id: engine.regime.Regime}``; None where no row fits.
        """
        laws = self.env["late.regime"]._all_engine(True)
        chosen = self._late_chosen(laws, day)
        return {
            profile.id: profile._late_with_terms(laws[chosen[profile.id]], day)
            if chosen[profile.id]
            else None
            for profile in self
        }

    def _late_missing(self, since, day):
        """The half-years (or years) up to a day whose rate nobody has entered.

        :param since: ``{profile id: first day}``
        :return: ``{profile id: names}``; a profile without regime misses nothing.
        """
        rates = self.env["late.rate.series"]._to_engine()
        return {
            pid: list(regime.missing_rates(law, rates, min(since[pid], day), day))
            if law
            else []
            for pid, law in self._late_laws(day).items()
        }

    def _late_chosen(self, laws, day):
        """``{profile id: late.regime id or False}``.

        :param laws: ``late.regime._all_engine(True)``.
        """
        choose = self.env["late.regime"]._chooser(laws, day)
        return {profile.id: choose(*profile._late_facts()) for profile in self.sudo()}

    def _late_facts(self):
        """What the choice of a regime depends on, but the day."""
        return (
            self.company_id._late_country(),
            self.partner_id.country_id.code or "",
            self.customer_kind,
            self._late_has_clause(),
            self.late_regime_id._origin.id,
        )

    def _late_has_clause(self):
        """Whether the contract says what late payment costs."""
        return bool(self.late_contract) and bool(
            self.late_contract_law
            or self.late_contract_rate > 0
            or self.late_contract_fee > 0
        )

    def _late_with_terms(self, law, day):
        """The regime as this customer's contract changes it."""
        profile = self.sudo()
        if not profile._late_has_clause():
            return law
        terms = regime.Terms()
        if profile.late_contract_law:
            terms = regime.Terms(
                margin=None if law.fixed_rate is not None else law.margin,
                rate=law.fixed_rate,
                compensation=law.compensation,
            )
        if profile.late_contract_rate > 0:
            rate = Decimal(f"{profile.late_contract_rate:.4f}")
            terms = replace(terms, rate=rate, margin=None)
        if profile.late_contract_fee > 0:
            terms = replace(terms, compensation=profile._late_fee(law, day))
        return regime.with_terms(law, terms)

    def _late_fee(self, law, day):
        """The lump sum of the contract, in the currency in which the law has its own.

        The two are compared, so the contract's is converted at the rate of the day.
        """
        own = self.currency_id
        name = law.compensation.currency if law.compensation else own.name
        amount = self.late_contract_fee
        if name != own.name:
            other = (
                self.env["res.currency"]
                .sudo()
                .with_context(active_test=False)
                .search([("name", "=", name)], limit=1)
            )
            amount = own._convert(amount, other, self.company_id, day)
            own = other
        return regime.Compensation(
            bands=(regime.Band(None, Decimal(f"{amount:.{own.decimal_places}f}")),),
            currency=name,
        )
