"""A copy of the addon in a folder of the addon's name, outside of the repository.

Tools take the module's name from its folder, and some look no further than the
repository's root, where they find nothing: here the root itself is the module.
"""

import shutil
from pathlib import Path

from . import paths, run

#: serves the developer, not the addon
NOT_THE_ADDON = ("dev", ".ci", ".git", "bridges", "docs")
#: tests that need no Odoo say nothing to Odoo's own test runner
NOT_INSTALLED = (*NOT_THE_ADDON, "tests/engine", ".gitignore", ".gitattributes")


def export(parent: Path, without: tuple[str, ...] = NOT_THE_ADDON) -> Path:
    """Copy what git has, or would take up, to `parent/account_dunning`."""
    return _copied(names(without), paths.ROOT, parent / paths.MODULE)


def export_bridge(parent: Path, module: str) -> Path:
    """Copy one of the bridges to `parent/<its name>`."""
    inside = Path("bridges", module)
    own = [
        str(Path(name).relative_to(inside))
        for name in _files()
        if Path(name).is_relative_to(inside)
    ]
    return _copied(own, paths.ROOT / inside, parent / module)


def _copied(own: list[str], home: Path, target: Path) -> Path:
    for name in own:
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(home / name, copy)
    return target


def names(without: tuple[str, ...] = NOT_THE_ADDON) -> list[str]:
    """The files of the checkout, as git knows them, without those folders."""
    return [
        name
        for name in _files()
        if not any(Path(name).is_relative_to(left_out) for left_out in without)
    ]


def _files() -> list[str]:
    words = ["-c", "safe.directory=*", "-C", paths.ROOT, "ls-files", "-z"]
    listing = run.capture(
        ["git", *words, "--cached", "--others", "--exclude-standard"],
        "Listing the addon's files",
    )
    names = [name for name in listing.split("\0") if name]
    # git also lists a tracked file that was deleted a moment ago
    return [name for name in names if (paths.ROOT / name).is_file()]
