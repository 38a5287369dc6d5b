"""Chromium for the browser tests: the machine's own, or Debian's in `.dev`.

Fetched only when the tests need it. Chromium moves with security updates, so it is
not in `debs.lock`: apt's check of the archive's signature vouches for it.
"""

import ctypes.util
import os
import shutil
import subprocess
import tempfile

from . import atomic, debs, paths, renderer
from .progress import HarnessError, step

FOLDER = paths.STATE / "chromium"
#: what Playwright's driver needs and a bare machine has not; see inside/chromium.py
DRIVER = paths.STATE / "driver"
#: the names Odoo's test framework looks for, in its order
NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
#: has the first of them, so that no broken browser on the machine comes before it
WRAPPER = paths.BIN / NAMES[0]


def ensure() -> str | None:
    """Have a browser that starts.

    :return: why there is none, in one line; None if there is
    """
    try:
        _fetch_driver_library()
    except HarnessError as error:
        return str(error).splitlines()[0]
    installed = next(filter(None, map(_installed, NAMES)), None)
    if installed and _trouble(installed) is None:
        WRAPPER.unlink(missing_ok=True)
        return None
    try:
        _fetch()
    except HarnessError as error:
        return str(error).splitlines()[0]
    return _trouble(str(WRAPPER))


def program() -> str:
    """The browser that `ensure` found or fetched."""
    candidates = [str(WRAPPER)] if WRAPPER.exists() else map(_installed, NAMES)
    return next(filter(None, candidates))


def _installed(name: str) -> str | None:
    found = shutil.which(name)
    return found if found and found != str(WRAPPER) else None


def _fetch_driver_library() -> None:
    """libatomic, which Playwright's driver is linked to, where the machine lacks it."""
    if ctypes.util.find_library("atomic"):
        return
    inputs = paths.fingerprint(debs.machine_fingerprint())
    with atomic.locked(paths.cache_dir() / "lock"), atomic.locked(paths.STATE / "lock"):
        if atomic.is_stamped(DRIVER, inputs):
            return
        with step("A library for the pictures") as shown:

            def build(target):
                files = debs.archive().fetch_closure("libatomic1", shown)
                debs.unpack(files, target, shown)

            atomic.build_folder(DRIVER, inputs, build)


def _fetch() -> None:
    inputs = paths.fingerprint(debs.machine_fingerprint())
    with atomic.locked(paths.cache_dir() / "lock"), atomic.locked(paths.STATE / "lock"):
        if not atomic.is_stamped(FOLDER, inputs):
            with step("Chromium for the browser tests") as shown:

                def build(target):
                    files = debs.archive().fetch_closure("chromium", shown)
                    debs.unpack(files, target, shown)

                atomic.build_folder(FOLDER, inputs, build)
        renderer.write_wrapper(
            WRAPPER.name, '"$dev/chromium/usr/lib/chromium/chromium"', FOLDER
        )


def _trouble(program: str) -> str | None:
    """Start it once: a missing library shows here and not as forty skipped tests."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            *(program, "--headless", "--no-sandbox", "--disable-gpu"),
            *("--disable-dev-shm-usage", f"--user-data-dir={profile}"),
            *("--dump-dom", "data:text/html,it-works"),
        ]
        env = {**os.environ, "HOME": profile}
        try:
            result = subprocess.run(
                command,
                capture_output=True,
                text=True,
                env=env,
                timeout=60,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{program} does not start: {error}"
    if "it-works" in result.stdout:
        return None
    words = result.stderr.strip().splitlines()
    return f"{program} does not start: {words[-1] if words else result.returncode}"
