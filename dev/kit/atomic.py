"""Steps that are either done or not done, whenever the process is killed.

A folder is built under a temporary name and renamed when complete; a stamp inside it
holds the fingerprint of what it was built from. Locks are `flock`s, which the kernel
releases when their process dies.
"""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

STAMP = ".stamp"


def is_stamped(folder: Path, inputs: str) -> bool:
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text() == inputs


def write_stamp(folder: Path, inputs: str) -> None:
    write_file(folder / STAMP, inputs)


def write_file(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a whole file or nothing; leave it alone if it already says so."""
    if path.is_file() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.new{os.getpid()}")
    temporary.write_text(text)
    temporary.chmod(mode)
    temporary.replace(path)


def build_folder(target: Path, inputs: str, build: Callable[[Path], None]) -> bool:
    """Have `build(temporary)` fill what becomes `target`, unless it is up to date.

    :return: whether it had to be built
    """
    if is_stamped(target, inputs):
        return False
    temporary = target.with_name(target.name + ".new")
    outdated = target.with_name(target.name + ".old")
    for leftover in (temporary, outdated):
        remove_tree(leftover)
    temporary.mkdir(parents=True)
    build(temporary)
    write_stamp(temporary, inputs)
    if target.exists():
        target.rename(outdated)
    temporary.rename(target)
    remove_tree(outdated)
    return True


def remove_tree(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
        return
    deadline = time.monotonic() + 30
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError as error:
            # A killed command's own children may write to it for a moment yet; they
            # give up when the ground is gone from under them.
            if error.errno not in (errno.ENOTEMPTY, errno.ENOENT):
                raise
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def link(path: Path, target: str | Path) -> None:
    """Make `path` a symbolic link to `target`, replacing another link."""
    if path.is_symlink() and os.readlink(path) == str(target):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.new{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(path)


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Only one process at a time; `waiting` is called once if another is in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                waiting()
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
