"""The virtual environment, from hash-locked requirements and cached wheels."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from . import atomic, paths, run
from .progress import Step, step

RUNTIME = paths.DEV_SOURCES / "requirements.txt"
TEST = paths.DEV_SOURCES / "requirements-test.txt"


def ensure(with_tests: bool = False) -> None:
    """Have `.dev/venv` hold what Odoo needs, and what the tests need if asked."""
    if not atomic.is_stamped(paths.VENV, _inputs()):
        with step("Python environment") as shown:
            _create()
            _install(RUNTIME, shown)
            atomic.write_stamp(paths.VENV, _inputs())
    stamped = paths.VENV / "with-tests"
    test_inputs = paths.fingerprint(_inputs(), TEST.read_text())
    if with_tests and not atomic.is_stamped(stamped, test_inputs):
        with step("Python packages for the tests") as shown:
            _install(TEST, shown)
            stamped.mkdir(exist_ok=True)
            atomic.write_stamp(stamped, test_inputs)


def _inputs() -> str:
    # a virtual environment is bound to its interpreter and to its place
    text = RUNTIME.read_text()
    return paths.fingerprint(text, sys.version, sys.base_prefix, paths.VENV)


def _create() -> None:
    atomic.remove_tree(paths.VENV)
    # always the interpreter itself: a link into another venv would not outlive it
    python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    interpreter = python if python.exists() else Path(sys.executable)
    run.capture(
        [interpreter, "-m", "venv", paths.VENV],
        "Creating the Python environment (is python3-venv installed?)",
    )


def _install(requirements: Path, shown: Step) -> None:
    wheels = paths.cache_dir() / "wheels"
    complete = wheels / f".{paths.fingerprint(requirements.read_text(), sys.version)}"
    if not complete.exists() or not _install_from(wheels, requirements, shown):
        _download(wheels, requirements, shown)
        complete.touch()
        if not _install_from(wheels, requirements, shown):
            # the second try only repeats what went wrong, for all to read
            run.capture(
                _install_command(wheels, requirements), "Installing Python packages"
            )


def _download(wheels: Path, requirements: Path, shown: Step) -> None:
    """Fetch what is not in the cache yet; pip checks every file's hash."""
    # A killed pip may leave a file half copied. The cache is locked: what is there was
    # left by such a one.
    partial = wheels / "partial"
    atomic.remove_tree(partial)
    partial.mkdir(parents=True)
    command = [
        *_pip("download"),
        "--only-binary=:all:",
        *("--dest", str(partial)),
        *_locked(requirements),
    ]
    try:
        _watch(command, "Downloading Python packages", requirements, shown)
        for file in partial.iterdir():
            file.replace(wheels / file.name)
    finally:
        atomic.remove_tree(partial)


def _install_from(wheels: Path, requirements: Path, shown: Step) -> bool:
    shown.update("installing")
    command = run.guarded(*_install_command(wheels, requirements))
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _install_command(wheels: Path, requirements: Path) -> list[str]:
    return [
        *_pip("install"),
        *("--no-index", "--find-links", str(wheels), "--no-compile"),
        *_locked(requirements),
    ]


def _pip(verb: str) -> list[str]:
    quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    return [str(paths.PYTHON), "-m", "pip", verb, *quiet]


def _locked(requirements: Path) -> list[str]:
    # the lock is complete, so nothing is resolved
    return ["--require-hashes", "--no-deps", "--requirement", str(requirements)]


def _watch(command: list[str], what: str, requirements: Path, shown: Step) -> None:
    """Run pip and show how many of the requirements it has come to."""
    total = len(re.findall(r"^[a-z].*==", requirements.read_text(), re.MULTILINE))
    lines = []
    process = subprocess.Popen(
        run.guarded(*command),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    for line in _lines(process):
        lines.append(line)
        seen = sum(one.startswith("Collecting ") for one in lines)
        shown.update(f"downloading {seen} of {total}")
    if process.wait():
        raise run.failed(what, command, process.returncode, "".join(lines))


def _lines(process: subprocess.Popen) -> Iterator[str]:
    with process.stdout as stream:
        yield from stream
