"""`./dev/i18n`."""

import argparse
import tempfile
from pathlib import Path

from . import databases, export, odoo, paths, postgres, run, scripts, setup
from .progress import HarnessError, say, step

DATABASE = "i18n"


def start(words: list[str], description: str) -> int:
    parser = argparse.ArgumentParser(
        prog="./dev/i18n",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--database", default=DATABASE, help="name to work under")
    options = parser.parse_args(words)
    setup.ensure(with_tests=True)
    with tempfile.TemporaryDirectory() as folder, postgres.running():
        with databases.reserved(options.database):
            exported = _export(options.database, Path(folder))
        problems = [
            problem
            for module, pot in exported.items()
            for problem in _look_at(module, pot, options.check, Path(folder))
        ]
    if not problems:
        say("Translations: complete")
        return 0
    lines = "\n".join(f"  {problem}" for problem in problems)
    if options.check:
        raise HarnessError(f"translations are not in order:\n{lines}")
    say(f"To do in i18n:\n{lines}")
    return 0


def _export(database: str, folder: Path) -> dict[str, Path]:
    """The terms of each of our modules as Odoo finds them, as .pot files."""
    modules = databases.own_modules()
    databases.copy(databases.template(), database)
    databases.install(database, modules, "Installing the addon")
    # Odoo follows links when it looks for terms, and the link to the repository's root
    # in .dev leads round and round: so it is given a copy
    export.export(folder / "addons")
    configuration = odoo.configuration_with(folder, [folder / "addons"])
    title = "Collecting the terms to translate"
    found = {}
    with step(title):
        for module in modules:
            found[module] = folder / f"{module}.pot"
            command = odoo.command("i18n", "export", "-c", configuration)
            run.capture(
                [*command, "-d", database, "-l", "pot", "-o", found[module], module],
                title,
                env=odoo.environment(),
            )
    databases.drop(database)
    return found


def _look_at(module: str, pot: Path, check_only: bool, folder: Path) -> list[str]:
    home = paths.ROOT if module == paths.MODULE else paths.ROOT / "bridges" / module
    result = folder / "problems.json"
    answer = scripts.call(
        "translations.py",
        f"Looking at the translations of {module}",
        *("check" if check_only else "write", str(pot)),
        *(str(home / "i18n" / f"{module}.pot"), str(home / "i18n" / "fr.po")),
        str(result),
        result=result,
    )
    return answer["problems"]
