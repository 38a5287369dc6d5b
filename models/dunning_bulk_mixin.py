import json
from datetime import date

from odoo import models
from odoo.tools import SQL


class DunningBulkMixin(models.AbstractModel):
    """Records that the machine makes by the thousand, by one statement for all.

    What a run writes down about every open item would cost most of its time if each
    record went through ``create()``. Who extends these models extends the methods that
    prepare the values (``_prepare_...``); an override of ``create()`` is not called.
    """

    _name = "dunning.bulk.mixin"
    _description = "Records Made in Bulk"

    def _create_rows(self, vals_list):
        """Create records from values a program made; as ``create()`` does it, with
        defaults, stored computed fields and dependent fields, but without constraints
        in Python, x2many values and messages.

        :param vals_list: dicts with the same keys; relations as ids, amounts as
            decimals or floats in the precision of their currency.
        :return: the records, in the order of the values.
        """
        if not vals_list:
            return self.browse()
        stored = {
            name: field
            for name, field in self._fields.items()
            if field.store and field.column_type and name != "id"
        }
        given = set(vals_list[0])
        constant = {
            "create_uid": self.env.uid,
            "write_uid": self.env.uid,
            "create_date": self.env.cr.now(),
            "write_date": self.env.cr.now(),
        }
        if not self._log_access:
            constant = {}
        for name, value in self.default_get(list(stored.keys() - given)).items():
            constant[name] = stored[name].convert_to_write(value, self)
        names = [name for name in stored if name in given]
        always = [name for name in stored if name in constant and name not in given]
        rows = self.env.execute_query(
            SQL(
                "INSERT INTO %(table)s (%(columns)s) SELECT %(values)s"
                "  FROM json_to_recordset(%(rows)s) AS row(%(types)s) RETURNING id",
                table=SQL.identifier(self._table),
                columns=_joined(SQL.identifier(name) for name in [*names, *always]),
                values=_joined(
                    [
                        *(SQL.identifier("row", name) for name in names),
                        *(SQL("%s", constant[name] or None) for name in always),
                    ]
                ),
                rows=_as_json(vals_list, names, stored),
                types=_joined(
                    SQL("%s %s", SQL.identifier(name), SQL(stored[name].column_type[1]))
                    for name in names
                ),
            )
        )
        records = self.browse([row_id for (row_id,) in rows])
        computed = [field for field in stored.values() if field.compute]
        known = [field for field in computed if field.name in {*names, *always}]
        # The ORM has to know: what it has to compute, what it remembers no more.
        with self.env.protecting(known, records):
            for field in set(computed) - set(known):
                self.env.add_to_compute(field, records)
            records.modified([*names, *always], create=True)
        for name in names:
            for inverse in self.pool.field_inverses[stored[name]]:
                self.env[inverse.model_name].invalidate_model(
                    [inverse.name], flush=False
                )
        return records

    def _update_rows(self, values):
        """Write different values to many records, by one statement.

        Past ``write()``, for columns that no check and no computed field looks at.

        :param values: ``{record id: {column: value}}``, the same columns in each.
        """
        if not values:
            return
        names = list(next(iter(values.values())))
        self.flush_model(names)
        rows = [{"id": row_id, **vals} for row_id, vals in values.items()]
        self.env.cr.execute(
            SQL(
                "UPDATE %(table)s SET %(sets)s"
                "  FROM json_to_recordset(%(rows)s) AS row(%(types)s)"
                " WHERE %(table)s.id = row.id",
                table=SQL.identifier(self._table),
                sets=_joined(
                    SQL("%s = %s", SQL.identifier(name), SQL.identifier("row", name))
                    for name in names
                ),
                rows=_as_json(rows, ["id", *names], self._fields),
                types=_joined(
                    SQL(
                        "%s %s",
                        SQL.identifier(name),
                        SQL(self._fields[name].column_type[1]),
                    )
                    for name in ["id", *names]
                ),
            )
        )
        self.browse(values).invalidate_recordset(names, flush=False)


def _joined(parts):
    return SQL(", ").join(parts)


def _as_json(vals_list, names, fields):
    """The rows as one text; what is not set is null, but for booleans."""
    booleans = {name for name in names if fields[name].type == "boolean"}
    rows = [
        {
            name: value
            for name in names
            if (value := vals[name]) is not None
            and (value is not False or name in booleans)
        }
        for vals in vals_list
    ]
    return json.dumps(rows, default=_plain, separators=(",", ":"))


def _plain(value):
    # exact: PostgreSQL reads the number from the text
    return value.isoformat() if isinstance(value, date) else str(value)
