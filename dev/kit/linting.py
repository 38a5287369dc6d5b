"""`./dev/lint`."""

import argparse
import subprocess
import tempfile
from pathlib import Path

from . import databases, export, odoo, paths, run, setup
from .progress import say

_PYLINT = (
    "missing-readme",  # it is README.md; Apps shows static/description/index.html
    "manifest-required-author",  # ours is no module of the OCA's
    "consider-merging-classes-inherited",  # a long model has one file per subject
)
_OCA = (
    "prefer-readme-rst",  # as above
    "po-pretty-format",  # wants French that equals English to be left untranslated
)


def start(words: list[str], description: str) -> int:
    parser = argparse.ArgumentParser(
        prog="./dev/lint",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--fix", action="store_true")
    options = parser.parse_args(words)
    setup.ensure(with_tests=True)
    if options.fix:
        _run("ruff", "check", "--fix", "--quiet", "--exit-zero", paths.ROOT)
        _run("ruff", "format", "--quiet", paths.ROOT)
    with tempfile.TemporaryDirectory() as folder:
        failed = [name for name, check in _checks(Path(folder)) if check()]
    say(f"Linters: {', '.join(failed)} found something" if failed else "Linters: clean")
    return int(bool(failed))


def _checks(folder: Path):
    addons = [export.export(folder)]
    addons += [
        paths.ROOT / "bridges" / module
        for module in databases.own_modules()
        if module != paths.MODULE
    ]
    translations = [file for addon in addons for file in addon.glob("i18n/*.po")]
    yield "ruff", lambda: _run("ruff", "check", paths.ROOT)
    yield (
        "ruff format",
        lambda: _run(
            "ruff", "format", "--check", "--output-format=concise", paths.ROOT
        ),
    )
    yield "pylint-odoo", lambda: _pylint(addons)
    yield "oca-checks", lambda: _oca("oca-checks-odoo-module", addons)
    if translations:
        yield "oca-checks-po", lambda: _oca("oca-checks-po", translations)


def _run(*words: str | Path) -> int:
    return _call("-m", *words)


def _pylint(addons: list[Path]) -> int:
    configuration = paths.ROOT / "pyproject.toml"
    return _call(
        *("-m", "pylint", f"--rcfile={configuration}", "--jobs=2"),
        *(f"--disable={name}" for name in _PYLINT),
        *addons,
        cwd=addons[0].parent,
    )


def _oca(program: str, files: list[Path]) -> int:
    return _call(
        *(paths.VENV / "bin" / program, f"--disable={','.join(_OCA)}"),
        *files,
        cwd=paths.STATE,
    )


def _call(*words: str | Path, cwd: Path = paths.ROOT) -> int:
    command = run.guarded(paths.PYTHON, *words)
    return subprocess.call(command, cwd=cwd, env=odoo.environment())
