"""What `./dev/bench-lists` makes of what it measured."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from kit import benchmark


def _result(ours: float, theirs: float, **other) -> dict:
    def measured(seconds: float) -> dict:
        times = dict.fromkeys(benchmark.MEASURES, [seconds, seconds / 2, 9.0])
        return {"name": "A", "found": 10, "rows": 5, "queries": 3, "times": times}

    mine = measured(ours)
    mine["times"] |= other
    return {
        "date": "2026-11-24",
        "machine": {"cores": 2, "memory_gib": 23},
        "versions": {"odoo": "19.0"},
        "repeated": 3,
        "lists": {"ours": mine, "theirs": measured(theirs)},
    }


def test_medians_decide():
    found = benchmark.evaluated(_result(3.0, 2.0))
    assert found["lists"]["ours"]["medians"]["client_row"] == 3.0
    assert found["ratio"] == 1.5
    text = benchmark.report(found)
    assert "3000    2000    1.50" in text
    assert "1.50, within 1.5" in text


def test_worst_of_what_a_person_waits_for_decides():
    found = benchmark.evaluated(_result(2.0, 2.0, page_quiet=[4.0], server=[100.0]))
    assert found["ratios"]["server"] == 50
    assert found["ratio"] == 2
    assert "2.00, more than 1.5" in benchmark.report(found)


def test_words_of_the_command():
    options = benchmark.parser("").parse_args([])
    assert (options.count, options.times, options.action) == (10_000, 7, None)
    options = benchmark.parser("").parse_args(
        ["--count", "50", "--action", "a.b", "--json", "r.json", "--times", "2"]
    )
    assert (options.count, options.times, options.action) == (50, 2, "a.b")
    assert options.json == Path("r.json")


@pytest.mark.parametrize("words", [["--count", "0"], ["--times", "-1"], ["--co", "5"]])
def test_words_that_make_no_sense(words, capsys):
    with pytest.raises(SystemExit) as caught:
        benchmark.parser("").parse_args(words)
    assert caught.value.code == 2
    assert words[0] in capsys.readouterr().err


@pytest.mark.parametrize(("ours", "code"), [(3.0, 0), (3.1, 1)])
def test_slow_list_fails_the_command(ours, code, monkeypatch, tmp_path, capsys):
    result = benchmark.evaluated(_result(ours, 2.0))
    monkeypatch.setattr(benchmark, "_measure", lambda *_: result)
    monkeypatch.setattr(benchmark.setup, "ensure", lambda with_tests: None)
    monkeypatch.setattr(benchmark.browser, "ensure", lambda: None)
    monkeypatch.setattr(benchmark.paths, "STATE", tmp_path)
    monkeypatch.setattr(benchmark.postgres, "running", nullcontext)
    file = tmp_path / "result.json"
    assert benchmark.start(["--json", str(file)], "") == code
    assert json.loads(file.read_text())["ratio"] == pytest.approx(ours / 2)
    assert "ratio" in capsys.readouterr().out
