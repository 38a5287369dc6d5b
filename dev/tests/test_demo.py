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
        timeout=900,
    )
    [levels] = postgres.psql(
        "SELECT COUNT(*) FROM account_move_line WHERE dunning_level_id IS NOT NULL",
        database,
    )
    assert int(levels) == 10
    _check_credit(database)
    # each profile was given what a new one gets
    [unclassed] = postgres.psql(
        "SELECT COUNT(*) FROM credit_profile WHERE class_id IS NULL", database
    )
    assert int(unclassed) == 0


def _check_credit(database):
    """What the demo of credit control is about: limits in use, releases, reviews."""

    def rows(query):
        return postgres.psql(query, database)

    percents = rows(
        "SELECT round(limit_used_percent)::integer FROM credit_profile"
        " WHERE limit_source = 'own' AND limit_amount > 0 AND pool_profile_id IS NULL"
        " ORDER BY 1"
    )
    assert [int(percent) for percent in percents] == [40, 60, 74, 80, 95, 130]
    assert rows("SELECT COUNT(*) FROM credit_profile WHERE pays_later") == ["1"]
    assert rows("SELECT state FROM credit_release ORDER BY id") == [
        "used",
        "requested",
        "approved",
        "refused",
        "expired",
    ]
    assert rows(
        "SELECT COUNT(*) FROM credit_release WHERE approver_id = requester_id"
    ) == ["0"]
    assert rows("SELECT state FROM credit_review ORDER BY id") == [
        "decided",
        "proposed",
        "draft",
    ]
    assert rows(
        "SELECT COUNT(*) FROM account_move WHERE credit_state IN ('held', 'requested')"
    ) == ["4"]
