"""`./dev/test`: the tests of the engine, of the harness, and those on Odoo."""

import argparse
import os
from dataclasses import dataclass, field
from pathlib import Path

from . import (
    atomic,
    browser,
    databases,
    odoo,
    paths,
    postgres,
    run,
    setup,
    shards,
)
from .progress import HarnessError, notice, say

ENGINE = paths.ROOT / "tests" / "engine"
#: the harness's own tests, which need no Odoo either
HARNESS = paths.DEV_SOURCES / "tests"
#: pytest finds the module's name in the path, so it has to see the link's
ODOO_TESTS = paths.ADDON_LINK / "tests"

NO_TESTS = 5
_SLOW = ("test_tour_*.py", "test_pdf_*.py")


@dataclass
class Selection:
    """What of the command line goes to which of the pytest runs."""

    engine: list[str] = field(default_factory=list)
    harness: list[str] = field(default_factory=list)
    odoo: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)

    @property
    def by_path(self) -> bool:
        return bool(self.engine or self.harness or self.odoo)


def start(words: list[str], description: str) -> int:
    options, rest = _parser(description).parse_known_args(words)
    selection = select(rest)
    setup.ensure(with_tests=True)
    codes = []
    if selection.engine or not selection.by_path:
        codes.append(_engine(selection))
    if selection.harness or not selection.by_path:
        codes.append(_harness(selection, options.quick))
    if selection.odoo or not selection.by_path:
        with postgres.running(), databases.reserved(options.database):
            codes.append(_odoo(selection, options))
    return verdict(codes, narrowed=bool(rest))


def _parser(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./dev/test",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--quick", action="store_true", help="leave out browser and PDF tests"
    )
    parser.add_argument(
        "--database", default="test", help="name of the test database (default: test)"
    )
    parser.add_argument(
        "--keep", action="store_true", help="do not drop the database at the end"
    )
    return parser


def select(words: list[str]) -> Selection:
    """Sort paths of tests to the run they belong to; the rest goes to all of them."""
    selection = Selection()
    for word in words:
        name, colons, node = word.partition("::")
        path = (Path.cwd() / name).resolve() if name else paths.ROOT
        if word.startswith("-") or not path.exists():
            selection.options.append(word)
        elif path.is_relative_to(ENGINE):
            selection.engine.append(f"{path}{colons}{node}")
        elif path.is_relative_to(HARNESS):
            selection.harness.append(f"{path}{colons}{node}")
        elif path.is_relative_to(paths.ROOT / "tests"):
            inside = path.relative_to(paths.ROOT / "tests")
            selection.odoo.append(f"{ODOO_TESTS / inside}{colons}{node}")
        else:
            selection.options.append(word)
    return selection


def verdict(codes: list[int], narrowed: bool) -> int:
    """Options may leave some of the runs without a test, but not all."""
    ran = [code for code in codes if not (narrowed and code == NO_TESTS)]
    return next(filter(None, ran), 0) if ran else NO_TESTS


# --- without Odoo ---------------------------------------------------------------------


def _engine(selection: Selection) -> int:
    say("\nTests of the engine, without Odoo")
    words = selection.engine or [ENGINE]
    return _plain_pytest(ENGINE, f"pythonpath={paths.ROOT}", selection, words)


def _harness(selection: Selection, quick: bool) -> int:
    # A process of its own: hypothesis draws from the constants of all loaded modules,
    # and what it draws for the engine must not depend on the harness.
    say("\nTests of the harness, without Odoo")
    words = [*(selection.harness or [HARNESS])]
    words += [f"--ignore-glob=*/{name}" for name in _SLOW if quick]
    return _plain_pytest(HARNESS, f"pythonpath={paths.DEV_SOURCES}", selection, words)


def _plain_pytest(
    folder: Path, option: str, selection: Selection, words: list[str | Path]
) -> int:
    return _pytest(
        # Without odoo's plugin, and cut off from the folders above, which are packages
        # of the addon: pytest would import them, and they need Odoo.
        *("-p", "no:odoo", f"--rootdir={paths.ROOT}", f"--confcutdir={folder}"),
        *("-o", option),
        *("-o", f"cache_dir={paths.STATE / 'cache' / f'pytest-{folder.name}'}"),
        *selection.options,
        *words,
        python_path=[],
    )


# --- the tests on Odoo ----------------------------------------------------------------


def _odoo(selection: Selection, options: argparse.Namespace) -> int:
    say("\nTests on Odoo")
    _check_programs(options.quick)
    fresh_database(options.database)
    hands = _hands(selection)
    names = [options.database, *_more_databases(options.database, len(hands))]
    try:
        if not options.quick:
            # data files must be loadable a second time
            title = "Updating the addon"
            log = databases.update(options.database, databases.own_modules(), title)
            fail_on_complaints(log, title)
        for name in names[1:]:
            databases.copy(options.database, name)
        ignored = [f"--ignore-glob=*/{name}" for name in _SLOW if options.quick]
        commands = [
            _pytest_command(
                *("--odoo-http", f"--odoo-database={name}"),
                f"--confcutdir={paths.STATE}",
                *("-o", f"cache_dir={paths.STATE / 'cache' / f'pytest-{name}'}"),
                f"--ignore={ODOO_TESTS / 'engine'}",
                *ignored,
                *selection.options,
                *hand,
            )
            for name, hand in zip(names, hands, strict=True)
        ]
        return _side_by_side(commands, _pytest_environment([paths.ODOO_LINK]))
    finally:
        for name in names[1:]:
            databases.drop(name)
        if not options.keep:
            databases.drop(options.database)


def _hands(selection: Selection) -> list[list[str | Path]]:
    """Which tests go to which process: all of them to several, some to one."""
    folders = _all_odoo_tests()
    if selection.odoo or selection.options:
        return [selection.odoo or folders]
    return shards.split(shards.test_files(folders), shards.number(), _SLOW)


def _more_databases(name: str, number: int) -> list[str]:
    return [f"{name}-{index}" for index in range(2, number + 1)]


def _side_by_side(commands: list[list[str | Path]], environment: dict[str, str]) -> int:
    """Run the first in the foreground, the others beside it; print these afterwards."""
    options = {"env": environment, "cwd": paths.ROOT}
    asides = [
        shards.Aside(command, paths.LOGS / f"tests-{index}.log", **options)
        for index, command in enumerate(commands[1:], start=2)
    ]
    try:
        codes = [run.foreground(*commands[0], **options)]
        for aside in asides:
            codes.append(aside.finish())
            say(aside.log.read_text(errors="replace"))
    finally:
        for aside in asides:
            aside.stop()
    return verdict(codes, narrowed=False)


def _all_odoo_tests() -> list[Path]:
    # by way of a link: the folders above it are no packages, as those of the checkout
    home = paths.STATE / "bridges"
    atomic.link(home, Path("../bridges"))
    bridges = [
        home / module / "tests"
        for module in databases.own_modules()
        if module != paths.MODULE
    ]
    return [ODOO_TESTS, *filter(Path.is_dir, bridges)]


def _check_programs(quick: bool) -> None:
    if quick:
        return
    trouble = browser.ensure()
    if trouble:
        notice(f"no browser, so the browser tests will be skipped: {trouble}")


def fresh_database(name: str) -> None:
    """Our modules, freshly installed; no warning in the log is accepted."""
    databases.copy(databases.template(), name)
    title = "Installing the addon"
    log = databases.install(name, databases.own_modules(), title)
    try:
        fail_on_complaints(log, title)
    except HarnessError:
        databases.drop(name)
        raise


def fail_on_complaints(log: str, title: str) -> None:
    found = databases.complaints(log)
    if found:
        raise HarnessError("\n  ".join([f"{title} gave warnings:", *found]))


def _pytest(*words: str | Path, python_path: list[Path]) -> int:
    return run.foreground(
        *_pytest_command(*words), env=_pytest_environment(python_path), cwd=paths.ROOT
    )


def _pytest_command(*words: str | Path) -> list[str | Path]:
    return [paths.PYTHON, "-m", "pytest", "-p", "kit.pytest_plugin", *words]


def _pytest_environment(python_path: list[Path]) -> dict[str, str]:
    plugin_path = paths.DEV_SOURCES
    return odoo.environment(
        PYTHONPATH=os.pathsep.join(map(str, [*python_path, plugin_path]))
    )
