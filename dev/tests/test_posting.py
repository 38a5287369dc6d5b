"""An exchange with a mailing house that is killed: never posted twice, none lost.

Real processes and SIGKILL, before every commit and after every file that is put down.
"""

import pytest

#: the last one cannot be reached
CUSTOMERS = 6
LETTERS = CUSTOMERS - 1


@pytest.fixture(scope="module")
def told(faults, installed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("posting")
    database = faults.copied(installed, "posting")
    faults.call("stage.py", database, CUSTOMERS)
    return faults.result("posting.py", folder, database, folder / "post")


@pytest.mark.parametrize("part", ["hand over", "read back"])
def test_every_letter_is_in_one_mailing(part, told):
    rounds = told[part]
    *killed, whole = rounds
    assert all(r["killed"] for r in killed)
    assert not whole["killed"]
    for number, found in enumerate(rounds, 1):
        assert len(found["wanted"]) == LETTERS
        assert found["manifests"] == dict.fromkeys(found["wanted"], 1), number
        assert found["twice"] == [], number
        assert found["files"] == [
            f"{reference.replace('/', '_')}.pdf" for reference in found["wanted"]
        ], number
        assert set(found["mailings"]) <= {"submitted", "failed"}, number


def test_killed_at_every_point_of_handing_over(told):
    rounds = told["hand over"]
    # each letter, each list, and the commits before and after
    assert len(rounds) > LETTERS + 3 * 2
    assert all(r["letters"] == {"sending": LETTERS} for r in rounds)
    # where nothing had left, a person said so, and it went again
    assert any(r["mailings"].get("failed") for r in rounds)


def test_what_was_reported_is_written_down_once(told):
    rounds = told["read back"]
    assert len(rounds) > 4
    for number, found in enumerate(rounds, 1):
        assert found["letters"] == {"sent": LETTERS}, number
        assert found["changes"] == {"deposited_on": LETTERS}, number
        assert found["status files"] == 2, number
        assert found["waiting"] == [], number
