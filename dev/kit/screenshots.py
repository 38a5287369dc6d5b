"""`./dev/screenshots`: a demo database of one day, served, pictured, looked at."""

import argparse
import dataclasses
import json
import tempfile
from collections.abc import Iterable
from datetime import date, datetime, time, timezone
from pathlib import Path

import tomllib

from . import (
    atomic,
    browser,
    clock,
    databases,
    demo,
    odoo,
    paths,
    postgres,
    scripts,
    setup,
)
from .progress import HarnessError, say

DATABASE = "screens"
PLAN = paths.DEV_SOURCES / "screens.toml"
OUT = paths.ROOT / "docs" / "screens"
#: pictures of screens that were not reached, to see what was there instead
FAILED = paths.STATE / "screens-failed"

LANGUAGES = {"en_US": "English", "fr_FR": "French"}
#: what a picture of a screen can be taken at; all but the first are in its file's name
LOOKS = ("desktop", "phone", "dark")
STEPS = {"click", "wait", "type", "into", "press", "scroll"}

#: On that day (UTC). The browser is hours ahead, so that "6 hours ago" is the same
#: however long the making of the database takes.
_ODOO, _BROWSER = time(8), time(14, 30)
#: The colour of an avatar comes from the moment its record was made, which PostgreSQL
#: takes from its own clock.
_SAME_AVATARS = """
    UPDATE res_partner SET create_date = '2026-01-01';
    UPDATE res_users SET create_date = '2026-01-01';
"""


@dataclasses.dataclass(frozen=True)
class Screen:
    """One screen as `dev/screens.toml` describes it; the fields are explained there."""

    name: str
    title: str
    path: str
    wait: str
    steps: list[dict[str, str]] = dataclasses.field(default_factory=list)
    looks: list[str] = dataclasses.field(default_factory=lambda: ["desktop"])
    languages: list[str] = dataclasses.field(default_factory=lambda: list(LANGUAGES))
    full: bool = False

    def file(self, language: str, look: str) -> str:
        suffix = "" if look == LOOKS[0] else f"-{look}"
        return f"{language}/{self.name}{suffix}.png"


@dataclasses.dataclass(frozen=True)
class Plan:
    day: date
    tolerated: dict[str, list[str]]
    screens: list[Screen]


def start(words: list[str], description: str) -> int:
    plan = read_plan(PLAN.read_text())
    options = _parser(description).parse_args(words)
    if options.list:
        say(listing(plan.screens))
        return 0
    wanted = chosen(plan, options.only, options.lang)
    setup.ensure(with_tests=True)
    if trouble := browser.ensure():
        raise HarnessError(f"no browser to take pictures with: {trouble}")
    with (
        databases.reserved(DATABASE),
        postgres.running(),
        tempfile.TemporaryDirectory() as scratch,
    ):
        problems = _take(plan, wanted, options, Path(scratch))
    write_index(plan, options.out)
    say(f"Pictures: {options.out}")
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        say(f"\nSeen on the screens, and wrong ({len(problems)}):\n{lines}")
    return int(bool(problems))


def _parser(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./dev/screenshots",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        help="this screen; may be given several times",
    )
    parser.add_argument("--lang", choices=list(LANGUAGES), help="this language only")
    parser.add_argument("--list", action="store_true", help="name the screens, and end")
    parser.add_argument(
        "--out",
        type=Path,
        default=OUT,
        metavar="DIR",
        help=f"default: {OUT.relative_to(paths.ROOT)}",
    )
    parser.add_argument(
        "--reset", action="store_true", help="make the database anew, from nothing"
    )
    return parser


# --- what is to be pictured -----------------------------------------------------------


def read_plan(text: str) -> Plan:
    """The plan in a text of TOML; a `HarnessError` says what is wrong with it."""
    try:
        raw = tomllib.loads(text)
        screens = [Screen(**values) for values in raw["screen"]]
        plan = Plan(raw["day"], raw.get("tolerated", {}), screens)
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise HarnessError(f"{PLAN.name}: {error}", 2) from error
    problems = [problem for screen in screens for problem in _problems_of(screen)]
    names = [screen.name for screen in screens]
    problems += [
        f"'{n}' is there {names.count(n)} times"
        for n in dict.fromkeys(names)
        if names.count(n) > 1
    ]
    if problems:
        raise HarnessError(f"{PLAN.name}: " + "\n  ".join(problems), 2)
    return plan


def _problems_of(screen: Screen) -> Iterable[str]:
    for look in set(screen.looks) - set(LOOKS):
        yield f"'{screen.name}': no look is named '{look}' ({', '.join(LOOKS)})"
    for language in set(screen.languages) - set(LANGUAGES):
        yield f"'{screen.name}': pictures are not made in '{language}'"
    for step in screen.steps:
        verbs = set(step)
        if not (len(verbs) == 1 and verbs <= STEPS - {"type", "into"}) and (
            verbs != {"type", "into"}
        ):
            yield f"'{screen.name}': not a step: {step}"


def listing(screens: list[Screen]) -> str:
    width = max(len(screen.name) for screen in screens)
    return "\n".join(
        f"{screen.name:{width}}  {screen.title} ({', '.join(screen.looks)})"
        for screen in screens
    )


def chosen(plan: Plan, names: list[str] | None, language: str | None) -> list[dict]:
    """The pictures to take, in the order in which they are taken."""
    known = {screen.name for screen in plan.screens}
    if unknown := [name for name in names or [] if name not in known]:
        raise HarnessError(
            f"no screen is named {', '.join(unknown)}; ./dev/screenshots --list", 2
        )
    return [
        {
            **dataclasses.asdict(screen),
            "look": look,
            "language": lang,
            "file": screen.file(lang, look),
        }
        for lang in LANGUAGES
        for look in LOOKS
        for screen in plan.screens
        if look in screen.looks
        and lang in screen.languages
        and language in (None, lang)
        and (not names or screen.name in names)
    ]


# --- taking them ----------------------------------------------------------------------


def _take(
    plan: Plan, wanted: list[dict], options: argparse.Namespace, scratch: Path
) -> list[str]:
    session = demo.Session(
        demo.Demo(DATABASE, _dark_mode()),
        argparse.Namespace(
            date=plan.day, once=True, port=8069, reset=options.reset, lang="en_US"
        ),
        scratch,
    )
    odoo_now = datetime.combine(plan.day, _ODOO)
    with clock.set_to(odoo_now), session.served() as served, clock.set_to(None):
        atomic.remove_tree(FAILED)
        with clock.set_to(odoo_now):
            scripts.call("stage_screens.py", "More to show", DATABASE, str(plan.day))
        postgres.psql(_SAME_AVATARS, DATABASE)
        job = {
            "url": f"http://localhost:{served.port}",
            "browser": browser.program(),
            "now": datetime.combine(plan.day, _BROWSER, timezone.utc).isoformat(),
            "pictures": wanted,
            "tolerated": plan.tolerated,
            "dark_field": "dark_mode" if _dark_mode() else None,
            "translation": str(paths.ROOT / "i18n" / "fr.po"),
            "out": str(options.out.resolve()),
            "failed": str(FAILED),
        }
        plan_file, result = scratch / "pictures.json", scratch / "problems.json"
        plan_file.write_text(json.dumps(job))
        words = ("take_pictures.py", "Pictures", str(plan_file), str(result))
        return scripts.call(*words, result=result)["problems"]


def _dark_mode() -> tuple[str, ...]:
    """What Odoo's Community edition needs to have a dark colour scheme."""
    return () if odoo.has_module("web_enterprise") else ("web_dark_mode",)


# --- the page that shows them ---------------------------------------------------------


def write_index(plan: Plan, folder: Path) -> None:
    atomic.write_file(folder / "README.md", index(plan, folder))


def index(plan: Plan, folder: Path) -> str:
    """A page with the pictures that are in the folder."""
    parts = [
        "# Screens",
        "Made with `./dev/screenshots` from the demo data, as on "
        f"{plan.day}; do not edit. What is pictured stands in `dev/screens.toml`.",
    ]
    for screen in plan.screens:
        rows = [row for look in LOOKS if (row := _row(screen, look, folder))]
        if rows:
            parts += [f"## {screen.title}", *rows]
    return "\n\n".join(parts) + "\n"


def _row(screen: Screen, look: str, folder: Path) -> str:
    if look not in screen.looks:
        return ""
    files = {
        LANGUAGES[language]: screen.file(language, look)
        for language in screen.languages
        if (folder / screen.file(language, look)).is_file()
    }
    if not files:
        return ""
    suffix = "" if look == LOOKS[0] else f", {look}"
    heads = " | ".join(f"{language}{suffix}" for language in files)
    pictures = " | ".join(
        f"![{screen.title}, {language}{suffix}]({file})"
        for language, file in files.items()
    )
    return f"| {heads} |\n|{'---|' * len(files)}\n| {pictures} |"
