"""`./dev/wheel`."""

import tempfile
from pathlib import Path

from . import export, paths, run, setup
from .progress import say


def start(words: list[str]) -> int:
    setup.ensure(with_tests=True)
    target = Path(*words).resolve() if words else paths.ROOT / "dist"
    say(str(build(target)))
    return 0


def build(target: Path) -> Path:
    """The wheel's file, made in that folder."""
    with tempfile.TemporaryDirectory() as folder:
        addon = export.export(Path(folder), without=export.NOT_INSTALLED)
        built = Path(folder) / "dist"
        run.capture(
            [
                *(paths.PYTHON, "-m", "build", "--wheel", "--no-isolation"),
                *("--outdir", built, addon),
            ],
            "Building the wheel",
        )
        [wheel] = built.glob("*.whl")
        target.mkdir(parents=True, exist_ok=True)
        final = target / wheel.name
        final.write_bytes(wheel.read_bytes())
        return final
