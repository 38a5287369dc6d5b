from odoo import api, models

KEY = ("series_id", "valid_from")


class LateRate(models.Model):
    """Rates from a file: new days are added, known ones corrected."""

    _inherit = "late.rate"

    @api.model
    def get_import_templates(self):
        """What the import dialogue offers: columns by the names of the fields, which it
        recognises in every language.
        """
        return [
            {
                "label": self.env._("Template for reference rates"),
                "template": "/account_dunning/static/csv/late_rates.csv",
            }
        ]

    @api.model
    def load(self, fields, data):
        """Import; a value whose series and day are known takes the place of the old.

        Who imports is told how many were new, changed, and the same. Files that say
        which record is meant by an id are left to core.
        """
        plain = not {"id", ".id"} & set(fields) and set(KEY) <= set(fields)
        if not plain:
            return super().load(fields, data)
        known = self._known_rates(fields, data)
        before = {
            rate: (rate.rate, rate.status, rate.source)
            for rate in self.browse(rid for rid in known if rid)
        }
        rows = [[*row, rid or ""] for row, rid in zip(data, known, strict=True)]
        result = super().load([*fields, ".id"], rows)
        if result.get("ids"):
            self._tell_loaded(self.browse(result["ids"]), before)
        return result

    @api.model
    def _known_rates(self, fields, data):
        """The id of the value each row is about; None where there is none yet."""
        code, day = (fields.index(name) for name in KEY)
        wanted = {str(row[code]).strip() for row in data}
        series = self.env["late.rate.series"].with_context(active_test=False)
        found = series.search([("code", "in", list(wanted))])
        ids = {one.code: one.id for one in found}
        left = wanted - set(ids)
        for one in series.search([("name", "in", list(left))]) if left else ():
            ids.setdefault(one.name, one.id)
        rates = {
            (rate.series_id.id, rate.valid_from.isoformat()): rate.id
            for rate in self.search([("series_id", "in", list(ids.values()))])
        }
        return [
            rates.get((ids.get(str(row[code]).strip()), str(row[day])[:10]))
            for row in data
        ]

    @api.model
    def _tell_loaded(self, loaded, before):
        """A notification with the numbers; a test of the import rolls it back."""
        there = loaded.filtered(lambda rate: rate in before)
        changed = there.filtered(
            lambda rate: before[rate] != (rate.rate, rate.status, rate.source)
        )
        self.env.user._bus_send(
            "simple_notification",
            {
                "type": "success",
                "sticky": True,
                "title": self.env._("Reference rates imported"),
                "message": self.env._(
                    "%(new)s new, %(changed)s there already and changed, %(same)s "
                    "there already and the same. The history of each series says "
                    "what changed.",
                    new=len(loaded - there),
                    changed=len(changed),
                    same=len(there - changed),
                ),
            },
        )
