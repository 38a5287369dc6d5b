"""`./dev/release`: archives of the released addon, from which upgrades are tested.

An archive holds what an upgrade needs of a release and no more: no tests, no pictures.
It is made once, kept in the repository, and never changed: see dev/releases/README.md.
"""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from . import databases, export, paths, setup
from .progress import HarnessError, say

FOLDER = paths.DEV_SOURCES / "releases"

_LEFT_OUT = (
    *export.NOT_INSTALLED,
    "tests",
    "static/tests",
    "static/description",
    "i18n/account_dunning.pot",
    "README.md",
    "CHANGELOG.md",
    "pyproject.toml",
)
#: the earliest a zip file knows: an archive made again is the same, byte by byte
_WHEN = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, order=True)
class Release:
    """An archived release."""

    number: tuple[int, ...]
    file: Path

    @property
    def version(self) -> str:
        return ".".join(map(str, self.number))

    def unpack(self, parent: Path) -> Path:
        """Write the addon to `parent/account_dunning`."""
        with zipfile.ZipFile(self.file) as archive:
            archive.extractall(parent)
        return parent / paths.MODULE


def start(words: list[str]) -> int:
    setup.ensure(with_tests=True)
    if words:
        raise HarnessError("./dev/release takes no arguments", 2)
    say(str(archive(FOLDER)))
    return 0


def archive(folder: Path) -> Path:
    """Keep the checkout as the release its manifest says it is.

    :raises HarnessError: when that release was archived already, and was another one.
    """
    version = databases.manifest()["version"]
    target = folder / f"{paths.MODULE}-{version}.zip"
    folder.mkdir(parents=True, exist_ok=True)
    made = target.with_suffix(".new")
    _write(made)
    if target.exists() and _content(target) != _content(made):
        made.unlink()
        raise HarnessError(
            f"{target.name} was released already, and what was released never "
            "changes: raise the version in __manifest__.py first"
        )
    made.replace(target)
    return target


def _write(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as target:
        for name in sorted(export.names(_LEFT_OUT)):
            entry = zipfile.ZipInfo(f"{paths.MODULE}/{name}", _WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            target.writestr(entry, (paths.ROOT / name).read_bytes(), compresslevel=9)


def _content(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archived(folder: Path = FOLDER) -> list[Release]:
    """The archived releases, the oldest first."""
    return sorted(
        Release(number(file.stem.removeprefix(f"{paths.MODULE}-")), file)
        for file in folder.glob(f"{paths.MODULE}-*.zip")
    )


def number(version: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d+(\.\d+){4}", version):
        raise HarnessError(f"'{version}' is no version like 19.0.1.0.0")
    return tuple(map(int, version.split(".")))
