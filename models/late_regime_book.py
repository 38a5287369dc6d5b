from datetime import date
from typing import NamedTuple

from odoo import api, models
from odoo.tools import frozendict, ormcache

from ..engine.regime import Regime


class LawBook(NamedTuple):
    """All rows of the law, as the rules see them.

    :param laws: ``{id: engine.regime.Regime}``, archived ones too.
    :param active: ids of those that are not archived.
    :param roots: ``{id: id of the first row}`` of the chain of rows (``previous_id``)
        that one rule is, which changed.
    """

    laws: dict[int, Regime]
    active: frozenset[int]
    roots: dict[int, int]

    def versions(self, day: date) -> dict[int, int | bool]:
        """Which row holds on a day in place of each: ``{id: id or False}``."""
        valid = {}
        laws = self.laws
        for key in sorted(laws, key=lambda k: (laws[k].valid_from or date.min, k)):
            if laws[key].is_valid(day):
                valid[self.roots[key]] = key
        return {key: valid.get(root, False) for key, root in self.roots.items()}


class LateLawKept(models.AbstractModel):
    """Rows of the law: a process keeps what it read until one of them changes.

    Every invoice that is confirmed asks for the law; it changes twice a year.
    """

    _name = "late.law.kept"
    _description = "Kept until it changes"

    @api.model_create_multi
    def create(self, vals_list):
        made = super().create(vals_list)
        self.env.registry.clear_cache()
        return made

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    def update_field_translations(self, field_name, translations, source_lang=""):
        result = super().update_field_translations(
            field_name, translations, source_lang
        )
        self.env.registry.clear_cache()
        return result


class LateRegime(models.Model):
    _name = "late.regime"
    _inherit = ["late.regime", "late.law.kept"]

    @api.model
    @ormcache("self.env.lang")
    def _law_book(self):
        """The law; names are in the language of the caller."""
        # sudo: law is no secret
        every = (
            self.sudo().with_context(active_test=False).search([("id", "!=", False)])
        )
        first = {row.id: row.previous_id.id for row in every}

        def root(key):
            seen = {key}
            while first.get(key) and first[key] not in seen:
                key = first[key]
                seen.add(key)
            return key

        return LawBook(
            frozendict((row.id, row._to_engine()) for row in every),
            frozenset(every.filtered("active").ids),
            frozendict((row.id, root(row.id)) for row in every),
        )

    @api.model
    @ormcache("key", "self.env.lang")
    def _text_on_invoices(self, key):
        """What invoices say under a regime, with its places in braces; or False."""
        return self.sudo().browse(key).text_invoice


class LateRegimeBand(models.Model):
    _name = "late.regime.band"
    _inherit = ["late.regime.band", "late.law.kept"]


class LateRateSeries(models.Model):
    _name = "late.rate.series"
    _inherit = ["late.rate.series", "late.law.kept"]

    @api.model
    @ormcache("self.env.lang")
    def _rate_book(self):
        """``{code: engine.rates.Series}``; names are in the language of the caller."""
        # sudo: published figures, for whoever may see what a delay costs
        every = (
            self.sudo().with_context(active_test=False).search([("id", "!=", False)])
        )
        every.fetch(["code", "name", "interval"])
        every.rate_ids.fetch(["series_id", "valid_from", "rate", "status", "source"])
        return frozendict((series.code, series._as_engine()) for series in every)


class LateRate(models.Model):
    _name = "late.rate"
    _inherit = ["late.rate", "late.law.kept"]
