"""`./dev/law-cases`, as people and programs call it."""

import json
import subprocess
import sys

import pytest

from kit import paths

COMMAND = paths.ROOT / "dev" / "law-cases"
OWN = paths.ROOT / "tests" / "engine" / "law_cases.json"


def _call(*words):
    command = [sys.executable, COMMAND, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def file(tmp_path):
    def write(change=None, **other):
        content = json.loads(OWN.read_text(encoding="utf-8"))
        content["cases"] = content["cases"][:2]
        if change:
            change(content["cases"][0])
        target = tmp_path / "cases.json"
        target.write_text(json.dumps(content | other), encoding="utf-8")
        return target

    return write


def test_our_own_cases():
    done = _call(OWN)
    assert done.returncode == 0, done.stdout + done.stderr
    *rows, last = done.stdout.splitlines()
    assert len(rows) > 30
    assert all(row.endswith(" ok") for row in rows[1:])
    count = len(rows) - 1
    assert last == f"{count} of {count} ok"


def test_difference_is_shown_and_fails(file):
    def wrong(case):
        case["expected"]["invoices"][0]["segments"][1]["rate_percent"] = "12.50"

    done = _call(file(wrong))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[1].startswith("OWN-FR-1 ")
    assert lines[1].endswith(" NOT OK")
    place = "invoices[0].segments[1].rate_percent"
    assert lines[2] == f"    {place}: computed 12.40, expected 12.50"
    assert lines[-1] == "1 of 2 ok"


def test_unknown_kind_fails_with_a_word(file):
    done = _call(file(lambda case: case.update(type="tax")))
    assert done.returncode == 1
    assert "unknown type of case 'tax'; known: fee_table, interest" in done.stdout


def test_what_cannot_be_computed_fails(file):
    done = _call(file(lambda case: case.update(regime="FR_MOON")))
    assert done.returncode == 1
    assert "    cannot be computed: unknown regime 'FR_MOON'" in done.stdout


def test_long_tables_are_cut_in_the_list(file):
    rows = [{"principal": str(n), "fee": "40.00"} for n in range(1, 40)]

    def long(case):
        case.update(type="fee_table", rule="FR_40", expected=rows)

    target = file(long)
    done = _call(target)
    assert done.returncode == 0, done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) < 150
    assert "..." in done.stdout
    assert '"principal": "39"' in _call("--verbose", target).stdout


def test_unused_fields_are_named(file):
    done = _call(file(lambda case: case["inputs"].update(mood="good")))
    assert done.returncode == 0
    assert "    not used: mood" in done.stdout


def test_all_that_was_computed(file):
    done = _call("--verbose", file())
    assert '"unrounded": "24.300000"' in done.stdout


@pytest.mark.parametrize("content", [None, "{", '{"cases": []}'])
def test_no_file_of_cases(content, tmp_path):
    target = tmp_path / "cases.json"
    if content is not None:
        target.write_text(content)
    done = _call(target)
    assert done.returncode == 2
    assert done.stderr.strip().startswith(f"error: {target}")
