"""The demo data load, into a company like the one `./dev/demo` makes."""

from kit import databases, paths, postgres, run


def test_demo_data(faults, installed):
    database = faults.copied(installed, "demo-data")
    databases.install(database, ["l10n_fr_account"], "The French chart of accounts")
    script = paths.INSIDE / "build_demo.py"
    run.capture(
        [paths.PYTHON, script, database, paths.MODULE],
        "demo data",
        env=faults.environment(),
        timeout=300,
    )
    [levels] = postgres.psql(
        "SELECT COUNT(*) FROM account_move_line WHERE dunning_level_id IS NOT NULL",
        database,
    )
    assert int(levels) == 10
    # each profile was given what a new one gets
    [unclassed] = postgres.psql(
        "SELECT COUNT(*) FROM credit_profile WHERE class_id IS NULL", database
    )
    assert int(unclassed) == 0
