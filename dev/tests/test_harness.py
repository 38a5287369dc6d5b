"""The parts of the harness that decide something."""

from pathlib import Path

import pytest

from kit import atomic, databases, paths, shards, summary, testing
from kit.progress import HarnessError


def test_paths_go_to_the_run_they_belong_to(monkeypatch):
    monkeypatch.chdir(paths.ROOT)
    selection = testing.select(
        [
            "tests/engine/test_escalation.py::test_x",
            "tests/test_job.py::TestJob",
            "dev/tests",
            "-k",
            "paid",
            "--maxfail=1",
        ]
    )
    assert selection.engine == [f"{testing.ENGINE}/test_escalation.py::test_x"]
    assert selection.harness == [str(testing.HARNESS)]
    # through the link, by which pytest finds the module's name
    assert selection.odoo == [f"{paths.ADDON_LINK}/tests/test_job.py::TestJob"]
    assert selection.options == ["-k", "paid", "--maxfail=1"]


@pytest.mark.parametrize(
    ("codes", "narrowed", "expected"),
    [
        ([0, 0], False, 0),
        ([1, 0], False, 1),
        ([0, 2], False, 2),
        ([5, 0], False, 5),  # a run without a test is no success
        ([5, 0], True, 0),
        ([5, 1], True, 1),
        ([5, 5], True, 5),
    ],
)
def test_verdict(codes, narrowed, expected):
    assert testing.verdict(codes, narrowed) == expected


def test_every_file_of_tests_is_dealt_out_once(tmp_path):
    for number in range(9):
        (tmp_path / f"test_{number}.py").write_text("#" * (number + 1) * 10)
    (tmp_path / "test_tour_x.py").write_text("#" * 60)
    (tmp_path / "common.py").write_text("no test")
    files = shards.test_files([tmp_path])
    hands = shards.split(files, 2, ["test_tour_*.py"])
    assert sorted(sum(hands, [])) == files
    assert len(files) == 10
    # the slow file and the large ones are not in the same hand
    slow, other = sorted(hands, key=lambda hand: tmp_path / "test_tour_x.py" in hand)[
        ::-1
    ]
    assert tmp_path / "test_8.py" in other
    assert len(slow) < len(other)


def test_fewer_files_than_hands(tmp_path):
    (tmp_path / "test_one.py").write_text("#")
    files = shards.test_files([tmp_path])
    assert shards.split(files, 4, []) == [files]


@pytest.mark.parametrize(
    ("scripts", "code"),
    [
        (["exit 0", "echo beside; exit 0"], 0),
        (["exit 0", "echo beside; exit 3"], 3),
        (["exit 2", "echo beside; exit 0"], 2),
        # a part without a test is no success
        (["exit 0", "echo beside; exit 5"], 5),
    ],
)
def test_side_by_side_all_have_to_pass(scripts, code, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(paths, "LOGS", tmp_path)
    commands = [["sh", "-c", script] for script in scripts]
    assert testing._side_by_side(commands, {"PATH": "/usr/bin:/bin"}) == code
    assert "beside" in capsys.readouterr().out


def test_folder_is_built_once_for_the_same_inputs(tmp_path):
    built = []

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "file").write_text("content")

    target = tmp_path / "target"
    assert atomic.build_folder(target, "a", build)
    assert not atomic.build_folder(target, "a", build)
    assert atomic.build_folder(target, "b", build)
    assert (target / "file").read_text() == "content"
    assert len(built) == 2


def test_folder_half_built_is_built_again(tmp_path):
    target = tmp_path / "target"

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic.build_folder(target, "a", fail)
    assert not target.exists()
    atomic.build_folder(target, "a", lambda folder: (folder / "whole").touch())
    assert not (target / "half").exists()
    assert (target / "whole").exists()


def test_lock_tells_that_it_is_taken(tmp_path):
    def refuse() -> None:
        raise HarnessError("taken")

    with (
        atomic.locked(tmp_path / "lock", refuse),
        pytest.raises(HarnessError),
        atomic.locked(tmp_path / "lock", refuse),
    ):
        pytest.fail("two at a time")


def test_warnings_of_an_installation_are_found():
    log = "\n".join(
        [
            "2026-11-21 23:26:51,880 16420 INFO demo odoo.registry: WARNING in a text",
            "2026-11-21 23:26:51,880 16420 WARNING ? odoo.service.db: "
            "Unable to create PostgreSQL extensions : no",
            "2026-11-21 23:26:51,880 16420 WARNING demo odoo.models: field without a",
            "2026-11-21 23:26:51,880 16420 ERROR demo odoo.views: broken",
        ]
    )
    assert databases.complaints(log) == [
        "WARNING: odoo.models: field without a",
        "ERROR: odoo.views: broken",
    ]


def test_summary_adds_up_by_currency(tmp_path):
    text = summary.text(
        {
            "date": "2026-11-21",
            "company": "Ours",
            "customers": 3,
            "items": 7,
            "notices": [
                {
                    "level": "First",
                    "channel": "E-mail",
                    "count": 2,
                    "amounts": {"EUR": "1000.50", "JPY": "20000"},
                },
                {
                    "level": "Last",
                    "channel": "Letter",
                    "count": 1,
                    "amounts": {"EUR": "0.50"},
                },
            ],
            "deliveries": [{"channel": "E-mail", "state": "Sent", "count": 2}],
            "sending": True,
            "skipped": [{"reason": "Not due yet", "count": 4}],
            "warnings": ["broken\nwith a traceback"],
            "letters": str(tmp_path / "letters.pdf"),
        },
        tmp_path / "letters.pdf",
        tmp_path / "mail",
    )
    assert "1,001.00 EUR + 20,000 JPY" in text
    assert "4  Not due yet" in text
    assert "- broken\n" in text
    assert f"Letters to post:  {tmp_path / 'letters.pdf'}" in text
