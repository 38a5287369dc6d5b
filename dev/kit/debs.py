"""Debian packages, fetched and unpacked without root and without installing them.

The mirror is the one the machine is set up with. apt works on a private state, so that
nothing of the machine's own changes, and verifies signatures as usual. What `debs.lock`
names must have the hash given there. If the mirror meanwhile carries another version
it is taken, with a notice, because the archive's signature covers its hash; Odoo
itself is strict.
"""

import functools
import json
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import atomic, paths, run
from .progress import HarnessError, Step, notice, polled, step

LOCK_FILE = paths.DEV_SOURCES / "debs.lock"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
#: Odoo 19 and one of its fonts are in no released Debian yet
EXTRA_SUITE = "unstable"

_URI = re.compile(r"^'(?P<uri>[^']+)' (?P<file>\S+) (?P<size>\d+) ?(?P<hash>\S*)$")


@dataclass(frozen=True)
class Locked:
    """One line of `debs.lock`."""

    group: str
    name: str
    version: str
    sha256: str

    @property
    def strict(self) -> bool:
        return self.name.startswith("odoo-")


@dataclass(frozen=True)
class Offer:
    """A package file as the archive's signed index describes it."""

    name: str
    version: str
    file: str
    size: int
    sha256: str


def locked_debs(group: str) -> list[Locked]:
    rows = [line.split() for line in LOCK_FILE.read_text().splitlines()]
    return [Locked(*row) for row in rows if row and row[0] == group]


class Cache:
    """Package files in the user's cache, each with its hash in a file beside it."""

    def __init__(self) -> None:
        self.folder = paths.cache_dir() / "debs"

    def find(self, name: str, sha256: str | None = None) -> Path | None:
        """The cached file of that package, of that hash if one is given."""
        for note in sorted(self.folder.glob(f"{name}_*.deb.sha256"), reverse=True):
            file = note.with_suffix("")
            known = note.read_text()
            if not file.is_file() or (sha256 and known != sha256):
                continue
            if paths.sha256_of(file) == known:
                return file
        return None

    def add(self, file: Path, sha256: str) -> Path:
        target = self.folder / file.name
        file.replace(target)
        atomic.write_file(target.with_name(target.name + ".sha256"), sha256)
        return target


class Archive:
    """The machine's Debian mirror, seen through a private apt."""

    def __init__(self) -> None:
        self.cache = Cache()
        self.folder = paths.STATE / "apt"
        self._updated = False

    # --- asking the archive -------------------------------------------------------

    def offers(self, specs: Iterable[str]) -> list[Offer]:
        """What the archive offers for each `name` or `name=version`."""
        self._update()
        return [
            self._offer(match)
            for match in self._print_uris(["download", *specs])
            if match["hash"].startswith("SHA256:")
        ]

    def closure(self, package: str) -> list[Offer]:
        """That package and all it needs that this machine lacks."""
        self._update()
        words = ["install", "--yes", "-qq", "--no-install-recommends", package]
        found = [self._offer(match) for match in self._print_uris(words)]
        # `install` tells a weaker hash than `download` does
        return self.offers(f"{offer.name}={offer.version}" for offer in found)

    def _print_uris(self, words: list[str]) -> list[re.Match]:
        command = [*self._apt(), *words, "--print-uris"]
        # apt says nothing about files that already lie in the current folder
        output = run.capture(
            command, "Asking the Debian mirror for packages", cwd=self.folder
        )
        return [match for line in output.splitlines() if (match := _URI.match(line))]

    def _offer(self, match: re.Match) -> Offer:
        name, version, _arch = match["file"].removesuffix(".deb").split("_")
        return Offer(
            name=name,
            version=version.replace("%3a", ":"),
            file=match["file"],
            size=int(match["size"]),
            sha256=match["hash"].removeprefix("SHA256:"),
        )

    # --- fetching -----------------------------------------------------------------

    def fetch_group(self, group: str, shown: Step) -> list[Path]:
        """The files of a group of `debs.lock`, downloaded only if not in the cache."""
        wanted = locked_debs(group)
        files = {deb.name: self._cached(deb) for deb in wanted}
        missing = [deb for deb in wanted if files[deb.name] is None]
        if missing:
            offers = {o.name: o for o in self.offers(deb.name for deb in missing)}
            for deb in missing:
                _check_offer(deb, offers.get(deb.name))
            files |= self.download(list(offers.values()), shown)
        return [files[deb.name] for deb in wanted]

    def _cached(self, deb: Locked) -> Path | None:
        found = self.cache.find(deb.name, deb.sha256)
        if found is None and not deb.strict:
            # another version, which apt had verified when it was put there
            found = self.cache.find(deb.name)
        return found

    def fetch_closure(self, package: str, shown: Step) -> list[Path]:
        """Like `closure`, as files; the answer is kept beside the cached files."""
        memory = self.cache.folder / f"{package}-{machine_fingerprint()}.json"
        if memory.is_file():
            known = json.loads(memory.read_text())
            files = [self.cache.find(name, sha256) for name, sha256 in known]
            if all(files):
                return files
        offers = self.closure(package)
        files = self.download(offers, shown)
        known = [(offer.name, offer.sha256) for offer in offers]
        atomic.write_file(memory, json.dumps(known, indent=1))
        return list(files.values())

    def download(self, offers: list[Offer], shown: Step) -> dict[str, Path]:
        """Fetch and check those not in the cache yet."""
        files = {o.name: self.cache.find(o.name, o.sha256) for o in offers}
        missing = [offer for offer in offers if files[offer.name] is None]
        if missing:
            files |= self._download(missing, shown)
        return files

    def _download(self, offers: list[Offer], shown: Step) -> dict[str, Path]:
        # the cache is locked: what is there was left by a killed download
        partial = self.cache.folder / "partial"
        atomic.remove_tree(partial)
        partial.mkdir(parents=True)
        total = sum(offer.size for offer in offers) / 1e6

        def poll() -> None:
            sizes = [f.stat().st_size for f in partial.rglob("*") if f.is_file()]
            shown.ratio(sum(sizes) / 1e6, total, "MB")

        try:
            with polled(poll):
                specs = [f"{offer.name}={offer.version}" for offer in offers]
                run.capture(
                    [*self._apt(), "download", *specs],
                    "Downloading Debian packages",
                    cwd=partial,
                )
            return {o.name: self._accept(partial, o) for o in offers}
        finally:
            atomic.remove_tree(partial)

    def _accept(self, partial: Path, offer: Offer) -> Path:
        [file] = partial.glob(f"{offer.name}_*.deb")
        found = paths.sha256_of(file)
        if found != offer.sha256:
            raise HarnessError(
                f"{offer.name}: downloaded file has hash {found}, "
                f"expected {offer.sha256}; try again"
            )
        return self.cache.add(file, found)

    # --- the private apt ----------------------------------------------------------

    def _update(self) -> None:
        if self._updated:
            return
        self._write_sources()
        with step("Reading the Debian mirror's package index"):
            # an old index must not hide a failed update
            run.capture(
                [*self._apt(), "-o", "APT::Update::Error-Mode=any", "update"],
                "Reading the Debian mirror's package index",
            )
        self._updated = True

    def _write_sources(self) -> None:
        entries = _machine_sources()
        mirror = entries[0].split()[0]
        signed = [f"signed-by={KEYRING}"] if KEYRING.exists() else []
        lines = [f"deb {_in_brackets(signed)}{entry}" for entry in entries]
        # This suite's index is dated to end after a week. What is taken from it is
        # held by the hashes of debs.lock, so an older one (a mirror that lags behind)
        # does no harm.
        undated = _in_brackets([*signed, "check-valid-until=no"])
        lines.append(f"deb {undated}{mirror} {EXTRA_SUITE} main")
        atomic.write_file(self.folder / "sources.list", "\n".join(lines) + "\n")
        for part in ("state/lists/partial", "cache/archives/partial"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)

    def _apt(self) -> list[str]:
        options = {
            "Dir::State": self.folder / "state",
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc::SourceList": self.folder / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State::status": "/var/lib/dpkg/status",
            # root's sandbox user could not write below a private checkout
            "APT::Sandbox::User": "root",
            "APT::Default-Release": _codename(),
            "Acquire::Languages": "none",
            # a private state needs none of the system's locks
            "Debug::NoLocking": "1",
        }
        words = [w for key, value in options.items() for w in ("-o", f"{key}={value}")]
        return ["apt-get", *words]


@functools.cache
def archive() -> Archive:
    """One per process: the index is read at most once."""
    return Archive()


def unpack(files: list[Path], target: Path, shown: Step) -> None:
    for number, file in enumerate(files, start=1):
        shown.update(f"unpacking {number} of {len(files)}: {file.name.split('_')[0]}")
        run.capture(["dpkg-deb", "-x", file, target], f"Unpacking {file.name}")


def _in_brackets(options: list[str]) -> str:
    return f"[{' '.join(options)}] " if options else ""


def _check_offer(deb: Locked, offer: Offer | None) -> None:
    if offer and offer.sha256 == deb.sha256:
        return
    found = f"version {offer.version}" if offer else "no such package"
    if deb.strict or offer is None:
        raise HarnessError(
            f"{deb.name} {deb.version} is not what the Debian mirror carries today "
            f"({found}).\nIf you have Odoo 19.0 in some folder, say so: "
            "ODOO_PATH=/that/folder ./dev/demo"
        )
    if offer.version == deb.version:
        # the index is signed, but one version has one content per architecture
        if _architecture() == "amd64":
            raise HarnessError(
                f"{deb.name} {deb.version} has hash {offer.sha256} on the mirror, "
                f"{LOCK_FILE.name} says {deb.sha256}"
            )
        return
    notice(
        f"{deb.name}: the mirror carries {offer.version}, tried was {deb.version}; "
        "taken, its hash is in the signed index"
    )


def _machine_sources() -> list[str]:
    """`URI suite component` of the Debian archives this machine is set up with."""
    if not shutil.which("apt-get"):
        raise HarnessError(
            "This needs a Debian machine (apt-get was not found). Elsewhere, run it "
            "in a Debian 12 container."
        )
    template = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    command = ["apt-get", "indextargets", "--no-release-info", "--format", template]
    output = run.capture([*command, "Created-By: Packages"], "Reading apt's sources")
    suites = {_codename() + suffix for suffix in ("", "-updates", "-security")}
    entries = [
        line
        for line in dict.fromkeys(output.splitlines())
        if len(line.split()) == 3 and line.split()[1] in suites
    ]
    entries.sort(key=lambda entry: entry.split()[1])
    if not entries:
        raise HarnessError(
            f"apt on this machine has no source for Debian '{_codename()}'; "
            "add one to /etc/apt/sources.list"
        )
    return entries


def _codename() -> str:
    release = platform.freedesktop_os_release()
    if release.get("ID") != "debian":
        raise HarnessError(
            f"This needs Debian (found {release.get('PRETTY_NAME')}). Elsewhere, run "
            "it in a Debian 12 container."
        )
    return release["VERSION_CODENAME"]


def _architecture() -> str:
    return run.capture(["dpkg", "--print-architecture"], "dpkg").strip()


def machine_fingerprint() -> str:
    """What is installed decides what a package still needs."""
    query = ["dpkg-query", "-W", "-f", "${Package}:${Architecture}\n"]
    installed = subprocess.run(query, capture_output=True, check=True).stdout
    return paths.fingerprint(_codename(), installed)
