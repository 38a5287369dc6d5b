"""Where things are: the checkout, its git-ignored `.dev/`, the user's cache."""

import hashlib
import os
from pathlib import Path

MODULE = "account_dunning"

ROOT = Path(__file__).resolve().parents[2]
DEV_SOURCES = ROOT / "dev"
INSIDE = DEV_SOURCES / "kit" / "inside"

STATE = ROOT / ".dev"
VENV = STATE / "venv"
PYTHON = VENV / "bin" / "python"
BIN = STATE / "bin"
ADDONS = STATE / "addons"
ADDON_LINK = ADDONS / MODULE
ODOO_LINK = STATE / "odoo-path"
ODOO_CONF = STATE / "odoo.conf"
ODOO_DATA = STATE / "data"
PG_DATA = STATE / "pg"
LOGS = STATE / "logs"


def cache_dir() -> Path:
    """The per-user download cache, shared by all clones of this user."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / MODULE


def fingerprint(*parts: object) -> str:
    """One short hash of everything a step depends on."""
    digest = hashlib.sha256()
    for part in parts:
        data = str(part).encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:32]


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
