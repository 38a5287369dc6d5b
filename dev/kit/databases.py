"""Odoo databases: built under a temporary name, copied from a template, dropped.

A database and its files (the filestore) have the same name and go together: the files
are always made before, and removed after, the database that refers to them.
"""

import ast
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import atomic, odoo, paths, postgres, run
from .progress import HarnessError, Step, polled, step

#: a database being built; left over if the build was killed
BUILDING = ".build"

_TEMPLATE = "template-"
#: the first one is the default
LANGUAGES = "en_US,fr_FR"

_LOG_LINE = re.compile(
    r"^\S+ \S+ \d+ (?P<level>WARNING|ERROR|CRITICAL) \S+ (?P<text>.*)$"
)
#: said by Odoo itself on every database of a harness; nothing of ours causes it
_HARMLESS = re.compile(r"Unable to create PostgreSQL extensions")


def own_modules() -> list[str]:
    """The addon and the bridges that lie in the checkout."""
    bridges = paths.ROOT / "bridges"
    manifests = sorted(bridges.glob("*/__manifest__.py")) if bridges.is_dir() else []
    return [paths.MODULE, *(manifest.parent.name for manifest in manifests)]


def manifest(module: str = paths.MODULE) -> dict:
    folder = paths.ROOT if module == paths.MODULE else paths.ROOT / "bridges" / module
    file = folder / "__manifest__.py"
    if not file.is_file():
        raise HarnessError(f"{file} is missing")
    return ast.literal_eval(file.read_text())


def dependencies() -> list[str]:
    """What our modules need, without our modules."""
    own = own_modules()
    needed = {name for module in own for name in manifest(module)["depends"]}
    return sorted(needed - set(own))


# --- a database and its files ---------------------------------------------------------


def filestore(name: str) -> Path:
    return paths.ODOO_DATA / "filestore" / name


def drop(name: str) -> None:
    postgres.drop(name)
    atomic.remove_tree(filestore(name))


def copy(source: str, name: str) -> None:
    drop(name)
    if filestore(source).exists():
        # Odoo never changes a stored file, so a second link to it is a copy
        shutil.copytree(filestore(source), filestore(name), copy_function=os.link)
    postgres.create(name, template=source)


def publish(name: str) -> None:
    """Give a database built under its temporary name its own name."""
    atomic.remove_tree(filestore(name))
    if filestore(name + BUILDING).exists():
        filestore(name + BUILDING).rename(filestore(name))
    postgres.rename(name + BUILDING, name)


@contextmanager
def reserved(name: str) -> Iterator[None]:
    """Keep other commands off that database; says so if one is at it."""
    busy = HarnessError(
        f"another command is using the database '{name}' of this checkout; "
        "wait for it, or stop it"
    )

    def refuse() -> None:
        raise busy

    with atomic.locked(paths.STATE / "locks" / name, refuse):
        yield


# --- Odoo's own installation ----------------------------------------------------------


def install(name: str, modules: list[str], title: str, *options: str) -> str:
    """Install modules, creating the database if needed; the log of it."""
    return _change(name, title, "-i", ",".join(modules), *options)


def update(name: str, modules: list[str], title: str) -> str:
    return _change(name, title, "-u", ",".join(modules))


def _change(name: str, title: str, *words: str) -> str:
    command = odoo.command("-d", name, "--stop-after-init", "--no-http", *words)
    log = paths.LOGS / f"{name}.log"
    with step(title) as shown, log.open("w") as stream:
        with polled(lambda: _show_loading(log, shown), interval=1):
            code = subprocess.call(
                run.guarded(*command),
                env=odoo.environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        output = log.read_text(errors="replace")
        if code or " CRITICAL " in output:
            raise run.failed(title, command, code, _relevant(output))
    return output


def _show_loading(log: Path, shown: Step) -> None:
    found = re.findall(r"Loading module (\w+) \((\d+/\d+)\)", _tail(log))
    if found:
        module, position = found[-1]
        shown.update(f"module {position}: {module}")


def _tail(log: Path, size: int = 20_000) -> str:
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - size))
        return stream.read().decode(errors="replace")


def _relevant(output: str) -> str:
    """The log from its first error on: what follows is mostly consequence."""
    start = re.search(r"^\S+ \S+ \d+ (ERROR|CRITICAL) ", output, re.MULTILINE)
    return "\n".join(output[start.start() :].splitlines()[:60]) if start else output


def complaints(log: str) -> list[str]:
    """Warnings and errors in the log of an installation."""
    matches = map(_LOG_LINE.match, log.splitlines())
    found = [match for match in matches if match]
    return [
        f"{match['level']}: {match['text']}"
        for match in found
        if not _HARMLESS.search(match["text"])
    ]


# --- the template of test databases ---------------------------------------------------


def template() -> str:
    """A database with everything our modules need, and without them.

    French is active beside English, so that installing our modules loads our
    translation too.
    """
    inputs = paths.fingerprint(
        *(dependencies(), LANGUAGES),
        *(os.readlink(paths.ODOO_LINK / "odoo"), odoo.fingerprint()),
    )
    name = _TEMPLATE + inputs[:12]
    with atomic.locked(paths.STATE / "locks" / "template"):
        if name not in postgres.databases():
            for old in postgres.databases():
                if old.startswith(_TEMPLATE):
                    drop(old)
            build_once(
                name,
                lambda building: install(
                    building,
                    dependencies(),
                    "Database with the modules we need",
                    f"--load-language={LANGUAGES}",
                ),
            )
    return name


def build_once(name: str, build: Callable[[str], None]) -> bool:
    """Have `build(temporary name)` make that database, unless it is there.

    :return: whether it had to be built
    """
    if name in postgres.databases():
        return False
    drop(name + BUILDING)
    try:
        build(name + BUILDING)
    except BaseException:
        drop(name + BUILDING)
        raise
    publish(name)
    return True


# --- a database made of sources that change -------------------------------------------

_SOURCES = ("*.py", "*.xml", "*.csv", "*.json", "*.po")
_NOT_LOADED = {"dev", "tests", "static"}


def source_fingerprint() -> str:
    """Changes when an update of our modules would change a database."""
    files = [
        file
        for pattern in _SOURCES
        for file in paths.ROOT.rglob(pattern)
        if not _is_elsewhere(file.relative_to(paths.ROOT).parts)
    ]
    return paths.fingerprint(
        *(f"{file}{paths.sha256_of(file)}" for file in sorted(files))
    )


def _is_elsewhere(parts: tuple[str, ...]) -> bool:
    return parts[0] in _NOT_LOADED or any(part.startswith(".") for part in parts)


_KEY = "account_dunning.harness_sources"


def remember_sources(name: str, sources: str) -> None:
    postgres.psql(
        f"DELETE FROM ir_config_parameter WHERE key = '{_KEY}'; "
        f"INSERT INTO ir_config_parameter (key, value) VALUES ('{_KEY}', '{sources}')",
        database=name,
    )


def remembered_sources(name: str) -> str | None:
    return parameter(name, _KEY)


def parameter(name: str, key: str) -> str | None:
    """A system parameter of that Odoo database."""
    query = f"SELECT value FROM ir_config_parameter WHERE key = '{key}'"
    return next(iter(postgres.psql(query, database=name)), None)
