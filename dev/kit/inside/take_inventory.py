"""All that our addon keeps in a database, as plain values.

take_inventory.py DATABASE RESULT.json [BEFORE.json]

With an earlier inventory, what that one has is looked for too, whatever the addon's
present models are, and only its columns are read: what is gone shows.
"""

import hashlib
import json
import sys
from pathlib import Path

from session import environment, write_result

from odoo.tools import SQL

MODULE = "account_dunning"
#: who wrote last and when is no content
_UNWATCHED = {"write_date", "write_uid"}
#: what came with the addon, for the user to change: model, its fields
_SHIPPED = {
    "ir.cron": ["active", "interval_number", "interval_type", "user_id"],
    "ir.sequence": ["prefix", "padding", "number_increment"],
    "mail.template": ["name", "subject", "body_html", "email_from", "lang"],
    "mail.activity.type": ["name", "icon", "delay_count"],
}


def main(database: str, result: str, before: str | None = None) -> None:
    known = json.loads(Path(before).read_text()) if before else None
    with environment(database) as env:
        schema = _schema(env, _watched(env, known["schema"] if known else {}))
        read = known["schema"] if known else schema
        write_result(
            result,
            {
                "schema": schema,
                "rows": {
                    table: _rows(env, table, read[table].keys() & columns.keys())
                    for table, columns in schema.items()
                    if table in read
                },
                "letters": _letters(env),
                "threads": _threads(env),
                "shipped": _shipped(env, known["shipped"] if known else None),
            },
        )


def _models(env):
    return [
        model
        for model in env.registry.values()
        if model._original_module == MODULE and model._auto and not model._transient
    ]


def _watched(env, known):
    """``{table: columns}`` of our models, and of our fields on others' models.

    :param known: the same of an earlier inventory, which is watched too.
    """
    result = {table: {*columns} for table, columns in known.items()}
    for model in _models(env):
        result[model._table] = None  # all of them
        for field in model._fields.values():
            if field.type == "many2many" and field.store and field.relation:
                result[field.relation] = None
    for model in env.registry.values():
        ours = result.get(model._table, set()) is None
        if ours or not model._auto or model._transient:
            continue
        names = [
            field.name
            for field in model._fields.values()
            if field.store
            and field.column_type
            and MODULE in field._modules
            # fields of theirs that we only extend belong to them
            and field._modules[0] == MODULE
        ]
        if names:
            result[model._table] = result.get(model._table, {"id"}) | {*names}
    return result


def _schema(env, watched):
    """``{table: {column: type}}``, for those tables that are there."""
    rows = env.execute_query(
        SQL(
            """
        SELECT table_name, column_name, udt_name
          FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name = ANY(%s)
      ORDER BY table_name, column_name
        """,
            sorted(watched),
        )
    )
    result = {}
    for table, column, kind in rows:
        if watched[table] is None or column in watched[table]:
            result.setdefault(table, {})[column] = kind
    return result


def _rows(env, table, columns):
    """``{id: {column: value}}``; a relation's pairs are keys without values."""
    key = ["id"] if "id" in columns else sorted(columns)
    names = sorted(columns - _UNWATCHED)
    query = SQL(
        "SELECT %s FROM %s",
        SQL(", ").join(SQL("%s::text", SQL.identifier(name)) for name in names),
        SQL.identifier(table),
    )
    result = {}
    for values in env.execute_query(query):
        row = dict(zip(names, values, strict=True))
        result["/".join(row[name] for name in key)] = row
    return result


def _letters(env):
    """What was told, as stored: ``{attachment id: [name, SHA-256]}``."""
    attachments = env["ir.attachment"].search(
        [
            ("res_model", "in", [model._name for model in _models(env)]),
            ("res_field", "in", (False, True)),
        ]
    )
    return {
        str(attachment.id): [
            attachment.name,
            hashlib.sha256(attachment.raw or b"").hexdigest(),
        ]
        for attachment in attachments
    }


def _threads(env):
    """How many messages and activities hang on records of each model."""
    names = [model._name for model in _models(env)]
    result = {}
    for model, column in (("mail.message", "model"), ("mail.activity", "res_model")):
        for name, count in env[model]._read_group(
            [(column, "in", names)], [column], ["__count"]
        ):
            result[f"{model} {name}"] = count
    return result


def _shipped(env, known):
    """Values in each language of what a user may have changed."""
    data = env["ir.model.data"].search(
        [("module", "=", MODULE), ("model", "in", list(_SHIPPED))], order="name"
    )
    languages = [code for code, __ in env["res.lang"].get_installed()]
    result = {}
    for entry in data:
        if known is not None and entry.name not in known:
            continue
        record = env[entry.model].with_context(active_test=False).browse(entry.res_id)
        result[entry.name] = {
            code: record.with_context(lang=code).read(_SHIPPED[entry.model])
            for code in languages
        }
    return result


if __name__ == "__main__":
    main(*sys.argv[1:])
