"""Tests on Odoo side by side: as many pytest processes as the machine has cores.

Each has its files, its database and its own process, so that they share nothing but
the machine. One process is bound to one core; the suite of two takes a good half of
the time.
"""

import os
import subprocess
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from . import run

MOST = 4
#: a browser or a PDF takes so many times as long as what else a file of that size does
_SLOW = 4


def number() -> int:
    """How many processes this machine can keep busy."""
    return min(MOST, len(os.sched_getaffinity(0)))


def test_files(folders: Sequence[Path]) -> list[Path]:
    return [file for folder in folders for file in sorted(folder.glob("test_*.py"))]


def split(files: Sequence[Path], parts: int, slow: Sequence[str]) -> list[list[Path]]:
    """Deal the files out so that all parts take about as long, by their size.

    :param slow: patterns of the names of files whose tests take long.
    """
    weights = {
        file: file.stat().st_size
        * (_SLOW if any(fnmatch(file.name, pattern) for pattern in slow) else 1)
        for file in files
    }
    hands: list[list[Path]] = [[] for __ in range(parts)]
    for file in sorted(files, key=lambda file: (-weights[file], str(file))):
        min(hands, key=lambda hand: sum(weights[f] for f in hand)).append(file)
    return [sorted(hand) for hand in hands if hand]


class Aside:
    """A command beside the one in the foreground; what it prints is kept for later."""

    def __init__(self, words: Sequence[str | Path], log: Path, **options) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w") as output:
            self._process = subprocess.Popen(
                run.guarded(*words), stdout=output, stderr=output, **options
            )

    def finish(self) -> int:
        """Wait for its end; its exit code."""
        return self._process.wait()

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
