"""What an upgrade has to keep: comparing a database before and after it."""

from collections.abc import Callable
from pathlib import Path

from . import databases, paths, release

MIGRATIONS = paths.ROOT / "migrations"

Change = Callable[[dict, dict], str | None]


def migrations(folder: Path = MIGRATIONS) -> list[tuple[int, ...]]:
    """The versions for which there are migration scripts."""
    scripts = folder.glob("*/*.py")
    return sorted({release.number(script.parent.name) for script in scripts})


def schema_troubles(
    before: dict,
    after: dict,
    released: tuple[int, ...],
    version: tuple[int, ...] | None = None,
    scripts: list[tuple[int, ...]] | None = None,
) -> list[str]:
    """What is wrong with the change of the tables between a release and now.

    New columns need a new version; a column that is gone, renamed (which looks the
    same) or of another type needs a migration script besides.

    :param before: ``{table: {column: type}}`` of the released addon.
    :param after: the same of the checkout.
    :param version: that of the checkout; default: what its manifest says.
    :param scripts: versions with migration scripts; default: those of the checkout.
    """
    if version is None:
        version = release.number(databases.manifest()["version"])
    if scripts is None:
        scripts = migrations()
    lost = [
        f"the column {table}.{column} is gone"
        if column not in after.get(table, {})
        else f"the column {table}.{column} was {kind} and is {after[table][column]}"
        for table, columns in sorted(before.items())
        for column, kind in sorted(columns.items())
        if after.get(table, {}).get(column) != kind
    ]
    added = [
        f"the column {table}.{column} is new"
        for table, columns in sorted(after.items())
        for column in sorted(columns)
        if column not in before.get(table, {})
    ]
    troubles = []
    if (lost or added) and version <= released:
        troubles += [
            f"{text} since {_words(released)} was released: raise the version in "
            "__manifest__.py"
            for text in (*lost, *added)
        ]
    if lost and not any(released < script <= version for script in scripts):
        troubles += [
            f"{text}, and no script in migrations/ says what becomes of its values"
            for text in lost
        ]
    return troubles


def content_troubles(
    before: dict, after: dict, changes: dict[str, Change] | None = None
) -> list[str]:
    """What an upgrade lost or changed, of the content of our tables.

    :param before: an inventory, see ``inside/take_inventory.py``.
    :param after: that of the upgraded database.
    :param changes: the value a ``table.column`` is meant to have now, from the earlier
        inventory and the earlier row.
    """
    changes = changes or {}
    troubles = []
    for table, rows in before["rows"].items():
        now = after["rows"].get(table, {})
        if gone := rows.keys() - now.keys():
            troubles.append(f"{table}: records {_some(gone)} are gone")
        for key in rows.keys() & now.keys():
            for column, value in rows[key].items():
                if column not in now[key]:
                    continue  # the schema's trouble
                if change := changes.get(f"{table}.{column}"):
                    value = change(before, rows[key])
                if now[key][column] != value:
                    troubles.append(
                        f"{table} {key}: {column} should be {value!r} and is "
                        f"{now[key][column]!r}"
                    )
    for part in ("letters", "threads", "shipped"):
        troubles += [
            f"{part}: {key} was {value!r} and is {after[part].get(key)!r}"
            for key, value in before[part].items()
            if after[part].get(key) != value
        ]
    return troubles


def _words(number: tuple[int, ...]) -> str:
    return ".".join(map(str, number))


def _some(keys) -> str:
    return ", ".join(sorted(keys)[:10])
