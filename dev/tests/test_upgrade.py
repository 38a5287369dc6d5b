"""From every released version to the checkout: all that was there is kept."""

import time
import zipfile
from datetime import datetime, timedelta

import pytest

from kit import clock, databases, odoo, paths, postgres, release, scripts, upgrade
from kit.progress import HarnessError

#: a Monday; the jobs of the day after run on the upgraded database
MADE = datetime(2026, 6, 15, 9)
NEXT_MORNING = MADE + timedelta(days=1)


def _plain(before, row):
    """19.0.1.1.0: the cause of an error, without its stack trace."""
    error = row["error"]
    if not error or "Traceback" not in error:
        return error
    return "AttributeError: no such field"


def _state_of_run(before, row):
    """19.0.1.1.0: a run whose proposals were all cancelled is not open any more."""
    notices = before["rows"]["dunning_notice"].values()
    waiting = any(
        notice["run_id"] == row["id"] and notice["state"] in ("draft", "approved")
        for notice in notices
    )
    if row["state"] in ("proposed", "approved") and not waiting:
        return "done"
    return row["state"]


#: what the checkout means to change: the new value of a ``table.column``
CHANGES = {
    "dunning_notice.error": _plain,
    "dunning_run.state": _state_of_run,
}

#: every model and every state that the filled database has to have
STATES = {
    "dunning_run.state": {
        "proposing",
        "proposed",
        "approved",
        "issued",
        "done",
        "cancelled",
    },
    "dunning_notice.state": {"draft", "approved", "issued", "cancelled"},
    "dunning_delivery.state": {
        "queued",
        "sending",
        "sent",
        "delivered",
        "failed",
        "returned",
        "cancelled",
    },
    "credit_statement.state": {"queued", "sent", "printed", "unsent"},
    "dunning_call.outcome": {
        "promised",
        "disputed",
        "no_answer",
        "wrong_contact",
        "copy",
        "other",
    },
    "dunning_hold.kind": {"manual", "dispute", "promise"},
}


class Upgrade:
    """A database made by a release, upgraded to the checkout, and what was seen."""

    def __init__(self, released: release.Release, scratch):
        self.released = released
        self.name = "upgrade-test"
        self.scratch = scratch
        self.log = ""
        self.seconds = 0.0

    def run(self):
        source = databases.template()
        addons = self.scratch / "released"
        self.released.unpack(addons)
        checkout = paths.ODOO_CONF
        databases.copy(source, self.name)
        with clock.set_to(MADE):
            paths.ODOO_CONF = odoo.configuration_with(self.scratch, [addons])
            try:
                title = f"The addon as released in {self.released.version}"
                databases.install(self.name, [paths.MODULE], title)
                scripts.call("fill_release.py", "Records of all kinds", self.name)
                self.before = self._inventory("before")
            finally:
                paths.ODOO_CONF = checkout
        with clock.set_to(NEXT_MORNING):
            start = time.monotonic()
            self.log = databases.update(self.name, [paths.MODULE], "Upgrading")
            self.seconds = time.monotonic() - start
            self.after = self._inventory("after", "before")
            file = self.scratch / "worked.json"
            self.worked = scripts.call(
                "work_after_upgrade.py",
                "The morning after",
                *(self.name, str(file)),
                result=file,
            )

    def _inventory(self, name, *earlier):
        file = self.scratch / f"{name}.json"
        others = [str(self.scratch / f"{one}.json") for one in earlier]
        words = (self.name, str(file), *others)
        return scripts.call("take_inventory.py", "Inventory", *words, result=file)


@pytest.fixture(scope="module", params=release.archived(), ids=lambda one: one.version)
def upgraded(request, tmp_path_factory):
    found = Upgrade(request.param, tmp_path_factory.mktemp("upgrade"))
    with databases.reserved(found.name), postgres.running():
        try:
            found.run()
            yield found
        finally:
            databases.drop(found.name)


def test_there_are_records_of_every_model_and_state(upgraded):
    rows = upgraded.before["rows"]
    assert [table for table in rows if not rows[table]] == []
    for name, wanted in STATES.items():
        table, column = name.split(".")
        found = {row[column] for row in rows[table].values()}
        assert wanted <= found, name


def test_nothing_complains(upgraded):
    assert databases.complaints(upgraded.log) == []


def test_declared_changes_happen(upgraded):
    """Each of them has a record in the filled database that it is about."""
    for name, change in CHANGES.items():
        table, column = name.split(".")
        rows = upgraded.before["rows"][table].values()
        changed = [row for row in rows if change(upgraded.before, row) != row[column]]
        assert changed, name


def test_all_is_kept(upgraded):
    assert not upgrade.content_troubles(upgraded.before, upgraded.after, CHANGES)


def test_schema_changes_come_with_version_and_script(upgraded):
    before, after = upgraded.before["schema"], upgraded.after["schema"]
    assert not upgrade.schema_troubles(before, after, upgraded.released.number)


def test_the_morning_after(upgraded):
    worked = upgraded.worked
    assert worked["unreadable"] == []
    assert worked["forms"] == []
    assert worked["runs"] == 1
    assert worked["proposed"]
    assert worked["errors"] == []
    # what was approved and asked for before is issued, what was queued goes out
    assert (worked["waiting"], worked["queued"], worked["statements"]) == (0, 0, 0)


def test_limits_kept_in_core_are_taken_over(upgraded):
    """Core's limit of one customer is enforced; customers without have none."""
    assert upgraded.worked["limits"] == [["Limited", True, 5000.0]]


# --- what is compared, without a database ---------------------------------------------

OLD, NEW = (19, 0, 1, 0, 0), (19, 0, 1, 1, 0)
BEFORE = {"dunning_run": {"id": "int4", "state": "varchar"}}


@pytest.mark.parametrize(
    ("after", "version", "scripts_of", "expected"),
    [
        (BEFORE, OLD, [], []),
        (
            {"dunning_run": {"id": "int4", "state": "varchar", "new": "int4"}},
            *(NEW, []),
            [],
        ),
        (
            {"dunning_run": {"id": "int4", "state": "varchar", "new": "int4"}},
            *(OLD, []),
            ["dunning_run.new is new since 19.0.1.0.0 was released: raise"],
        ),
        ({"dunning_run": {"id": "int4"}}, NEW, [], ["dunning_run.state is gone, and"]),
        ({"dunning_run": {"id": "int4"}}, NEW, [NEW], []),
        (
            {"dunning_run": {"id": "int4"}},
            *(NEW, [OLD, (19, 0, 2, 0, 0)]),
            ["dunning_run.state is gone, and no script"],
        ),
        (
            {"dunning_run": {"id": "int4", "state": "int4"}},
            *(NEW, []),
            ["dunning_run.state was varchar and is int4, and no script"],
        ),
        ({}, NEW, [], ["dunning_run.id is gone", "dunning_run.state is gone"]),
        (
            {"dunning_run": {"id": "int4"}},
            *(OLD, []),
            ["state is gone since 19.0.1.0.0", "state is gone, and no script"],
        ),
    ],
)
def test_schema_guard(after, version, scripts_of, expected):
    found = upgrade.schema_troubles(BEFORE, after, OLD, version, scripts_of)
    assert len(found) == len(expected)
    for text, words in zip(found, expected, strict=True):
        assert words in text


def _inventory(**values):
    rows = {"dunning_run": {"1": {"id": "1", "state": "done"}}}
    parts = {"letters": {}, "threads": {}, "shipped": {}}
    return {"rows": rows, **parts, **values}


@pytest.mark.parametrize(
    ("after", "changes", "expected"),
    [
        (_inventory(), {}, []),
        (_inventory(rows={"dunning_run": {}}), {}, ["records 1 are gone"]),
        (_inventory(rows={}), {}, ["records 1 are gone"]),
        (
            _inventory(rows={"dunning_run": {"1": {"id": "1", "state": "issued"}}}),
            {},
            ["dunning_run 1: state should be 'done' and is 'issued'"],
        ),
        (
            _inventory(rows={"dunning_run": {"1": {"id": "1", "state": "issued"}}}),
            {"dunning_run.state": lambda before, row: "issued"},
            [],
        ),
        (
            _inventory(),
            {"dunning_run.state": lambda before, row: "issued"},
            ["dunning_run 1: state should be 'issued' and is 'done'"],
        ),
        # a column that is gone is the schema's trouble
        (_inventory(rows={"dunning_run": {"1": {"id": "1"}}}), {}, []),
    ],
)
def test_content_guard(after, changes, expected):
    found = upgrade.content_troubles(_inventory(), after, changes)
    assert len(found) == len(expected)
    for text, words in zip(found, expected, strict=True):
        assert words in text


def test_lost_letter_is_found():
    before = _inventory(letters={"7": ["DUN-1.pdf", "abc"]})
    assert len(upgrade.content_troubles(before, _inventory())) == 1
    changed = _inventory(letters={"7": ["DUN-1.pdf", "abd"]})
    assert len(upgrade.content_troubles(before, changed)) == 1


# --- archives -------------------------------------------------------------------------


def test_archive_is_the_same_when_made_again(tmp_path):
    first = release.archive(tmp_path / "one").read_bytes()
    again = release.archive(tmp_path / "two").read_bytes()
    assert first == again


def test_archive_holds_what_is_installed(tmp_path):
    with zipfile.ZipFile(release.archive(tmp_path)) as archive:
        names = {name.removeprefix(f"{paths.MODULE}/") for name in archive.namelist()}
    manifest = databases.manifest()
    assert {"__init__.py", "i18n/fr.po", *manifest["data"]} <= names
    assert not {name.split("/")[0] for name in names} & {"dev", "docs", "tests", ".ci"}


def test_released_archive_never_changes(tmp_path):
    file = release.archive(tmp_path)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("other", "content")
    kept = file.read_bytes()
    with pytest.raises(HarnessError, match="raise the version"):
        release.archive(tmp_path)
    assert [entry.read_bytes() for entry in tmp_path.iterdir()] == [kept]


def test_releases_are_sorted_by_number(tmp_path):
    for version in ("19.0.1.10.0", "19.0.1.9.0"):
        (tmp_path / f"account_dunning-{version}.zip").touch()
    versions = [one.version for one in release.archived(tmp_path)]
    assert versions == ["19.0.1.9.0", "19.0.1.10.0"]
    (tmp_path / "account_dunning-19.zip").touch()
    with pytest.raises(HarnessError, match="no version"):
        release.archived(tmp_path)


def test_first_release_is_archived():
    # without it the tests above would upgrade from nothing
    assert "19.0.1.0.0" in [one.version for one in release.archived()]


def test_scripts_are_for_versions_up_to_the_manifest():
    version = release.number(databases.manifest()["version"])
    assert all(script <= version for script in upgrade.migrations())
