"""Odoo 19 itself, its configuration file, and commands run with it."""

import importlib.util
import os
import re
import secrets
from pathlib import Path

from . import atomic, clock, debs, paths, postgres
from .progress import HarnessError, step

#: an existing Odoo 19 to use instead of Debian's package
VARIABLE = "ODOO_PATH"
FETCHED = paths.STATE / "odoo"
DIST_PACKAGES = Path("usr/lib/python3/dist-packages")

#: Debian leaves this file out, but `mail` has it in its bundle: browser tests stop
STUB = Path("odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js")


def ensure() -> None:
    """Have an Odoo 19 at `paths.ODOO_LINK` and a configuration that uses it."""
    folder = _given() or _importable() or _fetch()
    # One link, so that Odoo's neighbours in its folder (the machine's own Python
    # packages, say) do not come onto the path with it.
    atomic.link(paths.ODOO_LINK / "odoo", folder / "odoo")
    atomic.link(paths.ADDON_LINK, Path("../.."))
    _write_configuration(folder)


def _given() -> Path | None:
    value = os.environ.get(VARIABLE)
    if not value:
        return None
    folder = Path(value).expanduser().resolve()
    if not _is_odoo_19(folder):
        raise HarnessError(
            f"{VARIABLE}={value}: no Odoo 19.0 there (odoo/release.py is looked at)"
        )
    return folder


def _importable() -> Path | None:
    spec = importlib.util.find_spec("odoo")
    # `odoo` is a namespace package: several folders may be parts of it
    parts = (spec and spec.submodule_search_locations) or ()
    folders = [Path(part).resolve().parent for part in parts]
    return next(filter(_is_odoo_19, folders), None)


def _is_odoo_19(folder: Path) -> bool:
    release = folder / "odoo" / "release.py"
    return release.is_file() and bool(
        re.search(r"version_info = \(19, 0,", release.read_text())
    )


def _fetch() -> Path:
    inputs = paths.fingerprint(debs.locked_debs("odoo"), STUB)
    folder = FETCHED / DIST_PACKAGES
    if atomic.is_stamped(FETCHED, inputs):
        return folder

    def build(target: Path) -> None:
        files = debs.archive().fetch_group("odoo", shown)
        debs.unpack(files, target, shown)
        stub = target / DIST_PACKAGES / STUB
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.touch()

    with step("Odoo 19") as shown:
        atomic.build_folder(FETCHED, inputs, build)
    return folder


def fingerprint() -> str:
    """Tells this Odoo from another, as far as databases depend on it."""
    release = paths.ODOO_LINK / "odoo" / "release.py"
    stamp = FETCHED / atomic.STAMP
    fetched = stamp.read_text() if stamp.is_file() else ""
    return paths.fingerprint(release.read_text(), fetched)


def has_module(name: str) -> bool:
    places = [paths.ODOO_LINK / "odoo" / "addons", *_addons_path()]
    return any((place / name / "__manifest__.py").is_file() for place in places)


def _addons_path() -> list[Path]:
    text = paths.ODOO_CONF.read_text()
    value = re.search(r"^addons_path = (.*)$", text, re.MULTILINE)[1]
    return [Path(folder) for folder in value.split(",")]


def configuration_with(folder: Path, addons: list[Path]) -> Path:
    """A configuration file in that folder, with those instead of our addons."""
    ours = (paths.ADDONS, paths.ROOT / "bridges")  # which need ours
    path = [*addons, *(p for p in _addons_path() if p not in ours)]
    text = re.sub(
        r"^addons_path = .*$",
        f"addons_path = {','.join(map(str, path))}",
        paths.ODOO_CONF.read_text(),
        flags=re.MULTILINE,
    )
    file = folder / "odoo.conf"
    atomic.write_file(file, text, mode=0o600)
    return file


def _write_configuration(folder: Path) -> None:
    addons = [paths.ADDONS]
    # Debian's package keeps all of core in odoo/addons; a source checkout has two
    if (folder / "addons" / "web" / "__manifest__.py").exists() and not (
        folder / "odoo" / "addons" / "web"
    ).exists():
        addons.append(folder / "addons")
    if (paths.ROOT / "bridges").is_dir():
        addons.append(paths.ROOT / "bridges")
    known = paths.ODOO_CONF.read_text() if paths.ODOO_CONF.exists() else ""
    password = re.search(r"^admin_passwd = (\S+)$", known, re.MULTILINE)
    options = {
        "addons_path": ",".join(map(str, addons)),
        "admin_passwd": password[1] if password else secrets.token_hex(16),
        "data_dir": paths.ODOO_DATA,
        "db_host": postgres.socket_folder(),
        "db_port": postgres.PORT,
        "db_user": postgres.USER,
        "http_interface": "127.0.0.1",
        "max_cron_threads": 0,
    }
    lines = [f"{key} = {value}" for key, value in options.items()]
    text = "\n".join(["[options]", *lines, ""])
    atomic.write_file(paths.ODOO_CONF, text, mode=0o600)


def environment(**extra: str) -> dict[str, str]:
    """What a process needs to import this Odoo and to find the harness's programs."""
    values = {
        **os.environ,
        **postgres.client_environment(),
        "ODOO_RC": str(paths.ODOO_CONF),
        "PATH": f"{paths.BIN}:{paths.VENV / 'bin'}:{os.environ.get('PATH', '')}",
        **clock.environment(str(paths.ODOO_LINK)),
        # tests and the browser talk to this machine only
        "no_proxy": f"localhost,127.0.0.1,{os.environ.get('no_proxy', '')}",
        # the checkout may belong to somebody else
        "PYTHONPYCACHEPREFIX": str(paths.STATE / "pycache"),
        **extra,
    }
    return values


def command(*words: str | Path) -> list[str]:
    return [str(word) for word in (paths.PYTHON, "-m", "odoo", *words)]
