"""Workers on connections of their own do the same work at once: nothing twice, no
deadlock, and each has its share."""

import pytest

#: in each of two companies
CUSTOMERS = 24
DONE, TOLD = 0, 3


@pytest.fixture(scope="module")
def told(faults, installed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers")
    database = faults.copied(installed, "workers")
    faults.call("stage.py", database, CUSTOMERS, 2)
    return faults.result("workers.py", folder, database)


@pytest.mark.parametrize("job", ["propose", "issue"])
def test_job_that_had_to_give_way_is_done_again(job, told):
    scene = told[f"{job}, given way"]
    assert scene["codes"] == [DONE]
    assert not scene["problems"]


@pytest.mark.parametrize("count", ["two", "four"])
@pytest.mark.parametrize("job", ["propose", "issue", "deliver"])
def test_workers_share(job, count, told):
    scene = told[f"{job}, {count} workers"]
    assert set(scene["codes"]) == {DONE}
    assert not scene["problems"]
    # of a run only one at a time issues, and there are two
    working = [share for share in scene["shares"].values() if share]
    assert len(working) >= (2 if job == "issue" else len(scene["shares"])), scene
    assert scene["counts"] == told[f"{job}, two workers"]["counts"]


@pytest.mark.parametrize(
    "scene", ["propose, two morning jobs", "propose, profiles made at once"]
)
def test_two_begin_the_same(scene, told):
    assert told[scene]["codes"] == [DONE, DONE]
    assert not told[scene]["problems"]
    assert not told[scene].get("double")


@pytest.mark.parametrize(
    "scene", ["propose, two people approve", "issue, two people", "deliver, two people"]
)
def test_two_people_act_at_once(scene, told):
    """The second one may be told that there is nothing left to do."""
    assert set(told[scene]["codes"]) <= {DONE, TOLD}
    assert DONE in told[scene]["codes"]
    assert not told[scene]["problems"]


def test_daily_limit_holds_for_two_who_issue_at_once(told):
    scene = told["issue, daily limit"]
    assert scene["codes"] == [DONE, DONE]
    assert scene["issued"] == 5


def test_nobody_waited_for_each_other(told):
    assert told["deadlocks"] == ["0"]
