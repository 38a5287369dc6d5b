"""A scheduled action that is killed loses nothing and does nothing twice.

Real processes and SIGKILL, before every single commit.
"""

from collections import Counter

import pytest

#: of which the last but one gets a letter, and the last one cannot be reached
CUSTOMERS = 7


@pytest.fixture(scope="module")
def told(faults, installed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("crash")
    database = faults.copied(installed, "crash")
    faults.call("stage.py", database, CUSTOMERS)
    with faults.mail_sink(folder / "mails") as port:
        values = faults.result("crash.py", folder, database, port)
    recipients = [file.name.rpartition("-")[2] for file in folder.glob("mails/*.eml")]
    return dict(values, recipients=Counter(recipients))


@pytest.mark.parametrize("job", ["propose", "issue", "deliver", "mail"])
def test_job_killed_before_every_commit(job, told):
    rounds = told[job]
    *killed, whole = rounds
    assert all(r["killed"] for r in killed)
    assert not whole["killed"]
    wrong = {n: r["problems"] for n, r in enumerate(rounds, 1) if r["problems"]}
    assert not wrong
    different = {n: r["counts"] for n, r in enumerate(rounds, 1)}
    assert all(found == whole["counts"] for found in different.values()), different
    # as many batches as there are, each its own commit
    assert len(killed) >= 4


def test_mail_server_gets_no_more_than_one_mail_again_for_each_death(told):
    """What was on its way when the process died is all that Odoo's queue repeats."""
    rounds = len(told["mail"])
    once = CUSTOMERS - 2
    assert set(told["recipients"].values()) <= set(range(rounds, 2 * rounds))
    assert rounds * once <= sum(told["recipients"].values()) < rounds * (once + 1)
    assert len(told["recipients"]) == once


def test_letter_that_kills_whoever_makes_it(faults, installed, tmp_path):
    """The others get theirs; it is given up, and says why."""
    database = faults.copied(installed, "deadly")
    faults.call("stage.py", database, CUSTOMERS)
    culprit = "c0 customer 2"
    told = faults.result("deadly.py", tmp_path, database, culprit)
    assert told["deaths"] == 3
    state, printed, deliveries, error = told["notices"].pop(culprit)
    assert (state, printed, deliveries) == ("approved", False, 0)
    assert "stopped 3 times" in error
    assert len(told["notices"]) == CUSTOMERS - 2
    for name, (state, printed, deliveries, error) in told["notices"].items():
        assert (state, printed, deliveries, error) == ("issued", True, 1, ""), name


def test_interest_goes_on_where_it_was_killed(faults, installed, tmp_path):
    """What was committed is kept, and not done again; nothing is there twice."""
    database = faults.copied(installed, "memo")
    faults.call("stage.py", database, CUSTOMERS)
    *killed, whole = faults.result("memo.py", tmp_path, database)
    assert not whole["killed"]
    assert len(killed) >= CUSTOMERS // 2  # batches of two customers
    memos = whole["whole"]["memos"]
    assert len(memos) == 2 * CUSTOMERS  # interest and compensation
    for told in killed:
        assert told["killed"]
        assert told["whole"]["memos"] == memos
        assert all(total == accrued for __, total, accrued in told["whole"]["by month"])
        for profile, seen in told["left"]["seen"].items():
            assert told["whole"]["seen"][profile] == seen, "done a second time"
    done = [len(told["left"]["memos"]) for told in killed]
    assert done == sorted(done)
    assert 0 < done[-1]
    assert any(0 < count < len(memos) for count in done)
