"""A scheduled action that is killed loses nothing and does nothing twice.

Real processes and SIGKILL, before every single commit.
"""

import pytest

#: of which the last but one gets a letter, and the last one cannot be reached
CUSTOMERS = 7


@pytest.fixture(scope="module")
def stages(faults, installed):
    """A database for each stage of a day's work, the work before it done."""
    names = {"propose": faults.copied(installed, "crash-propose")}
    faults.call("stage.py", names["propose"], CUSTOMERS)
    before = names["propose"]
    for done, stage in (("propose", "issue"), ("issue", "deliver"), ("deliver", "mail")):
        names[stage] = faults.copied(before, f"crash-{stage}")
        faults.call("cron.py", names[stage], done)
        before = names[stage]
    return names


@pytest.mark.parametrize("job", ["propose", "issue", "deliver"])
def test_job_killed_before_every_commit(job, faults, stages, tmp_path):
    faults.made.append("crash")
    told = faults.result("crash.py", tmp_path, "crash", stages[job], job)
    rounds = told["rounds"]
    *killed, whole = rounds
    assert all(r["killed"] for r in killed)
    assert not whole["killed"]
    wrong = {n: r["problems"] for n, r in enumerate(rounds, 1) if r["problems"]}
    assert not wrong
    different = {n: r["counts"] for n, r in enumerate(rounds, 1)}
    assert all(found == whole["counts"] for found in different.values()), different
    # as many batches as there are, each its own commit
    assert len(killed) >= 4
