"""Where OCA's queue_job is installed the batches go to it as jobs; the package is the
one from PyPI."""

import signal

import pytest

from kit import databases

CUSTOMERS = 14
STAGES = ("propose", "issue", "deliver")
KILLED = -signal.SIGKILL


@pytest.fixture(scope="module")
def told(faults, installed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("queue")
    database = faults.copied(installed, "queue")
    log = databases.install(database, ["queue_job"], "OCA's queue_job")
    assert not databases.complaints(log)
    faults.call("stage.py", database, CUSTOMERS)
    return faults.result("oca_queue.py", folder, database)


@pytest.mark.parametrize("stage", STAGES)
def test_jobs_do_the_work_and_survive_a_death(stage, told):
    found = told[stage]
    assert found["codes"] == [KILLED, KILLED]
    count = found["asked"]["pending"]
    assert count >= 3
    # the dead one waits again, and all of them are done in the end
    assert found["again"] == {"pending": count}
    assert set(found["after"]) == {"done"}
    assert found["after"]["done"] >= count
    assert not found["problems"]


def test_jobs_did_what_the_dead_action_had_not(told):
    """Each job a batch, and the last one is left to the action, run again.

    Of the jobs that issue one run, one at a time does; the other finds it locked.
    """
    jobs = {stage: told[stage]["asked"]["pending"] for stage in STAGES}
    by_jobs = {stage: told[stage]["by jobs"] for stage in STAGES}
    assert by_jobs["propose"]["notices"] == {"draft": 2 * jobs["propose"]}
    assert by_jobs["issue"]["notices"]["issued"] >= 4
    assert by_jobs["deliver"]["deliveries"]["email sending"] == 2 * jobs["deliver"]
    assert told["issue"]["counts"]["notices"] == {"issued": CUSTOMERS - 1}
    assert told["deliver"]["counts"]["deliveries"] == {
        "email sending": CUSTOMERS - 2,
        "letter queued": 1,
    }
