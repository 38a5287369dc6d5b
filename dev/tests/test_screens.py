"""What `./dev/screenshots` takes pictures of, and the page that shows them."""

from datetime import date, datetime

import pytest

from kit import clock, odoo, paths, run, screenshots
from kit.progress import HarnessError

TEXT = """
day = 2026-11-24
[[screen]]
name = "customers"
title = "Customers"
path = "/odoo/customers"
wait = ".row"
looks = ["desktop", "phone"]
[[screen]]
name = "run"
title = "A run"
path = "/odoo/runs"
wait = ".row"
steps = [{click = ".row"}, {type = "text", into = "input"}]
languages = ["en_US"]
"""


def test_plan_of_the_checkout_is_sound():
    plan = screenshots.read_plan(screenshots.PLAN.read_text())
    assert plan.screens
    for screen in plan.screens:
        assert screen.path.startswith("/odoo/"), screen.name
        # the first look's file has no suffix, which another screen's name could have
        assert not screen.name.endswith(tuple(f"-{x}" for x in screenshots.LOOKS))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"phone"', '"fridge"', "no look is named 'fridge'"),
        ('["en_US"]', '["xx"]', "pictures are not made in 'xx'"),
        ("{click = ", "{clack = ", "not a step"),
        (', into = "input"', "", "not a step"),
        ('name = "run"', 'name = "customers"', "'customers' is there 2 times"),
        ('wait = ".row"\nsteps', "steps", "wait"),
        ("day = 2026-11-24", "", "day"),
        ("[[screen]]", "[[screen", "screens.toml"),
    ],
)
def test_mistakes_in_the_plan_are_named(old, new, complaint):
    assert old in TEXT
    with pytest.raises(HarnessError) as caught:
        screenshots.read_plan(TEXT.replace(old, new))
    assert complaint in str(caught.value)
    assert caught.value.exit_code == 2


def _files(names=None, language=None):
    plan = screenshots.read_plan(TEXT)
    return [picture["file"] for picture in screenshots.chosen(plan, names, language)]


def test_pictures_are_taken_by_language_and_look():
    assert _files() == [
        "en_US/customers.png",
        "en_US/run.png",
        "en_US/customers-phone.png",
        "fr_FR/customers.png",
        "fr_FR/customers-phone.png",
    ]
    assert _files(["run"]) == ["en_US/run.png"]
    assert _files(["customers"], "fr_FR") == [
        "fr_FR/customers.png",
        "fr_FR/customers-phone.png",
    ]


def test_screen_nobody_knows_is_refused():
    with pytest.raises(HarnessError, match="no screen is named runs") as caught:
        _files(["runs", "run"])
    assert caught.value.exit_code == 2


def test_index_shows_the_pictures_that_are_there(tmp_path):
    for name in ("en_US/customers.png", "fr_FR/customers.png", "fr_FR/other.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    plan = screenshots.read_plan(TEXT)
    screenshots.write_index(plan, tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert "## Customers\n\n| English | French |\n|---|---|\n| ![Customers, E" in text
    assert (
        "](en_US/customers.png) | ![Customers, French](fr_FR/customers.png) |" in text
    )
    assert "phone" not in text
    assert "A run" not in text
    assert str(plan.day) == str(date(2026, 11, 24))
    assert str(plan.day) in text


def _today_of_a_process() -> str:
    code = "from datetime import date; print(date.today())"
    return run.capture([paths.PYTHON, "-c", code], "Python", env=odoo.environment())


def test_processes_have_the_clock_they_are_given():
    real = str(date.today())
    with clock.set_to(datetime(2020, 2, 29, 8)):
        assert _today_of_a_process().strip() == "2020-02-29"
        with clock.set_to(None):
            assert _today_of_a_process().strip() >= real
    assert _today_of_a_process().strip() >= real
