"""`./dev/wheel`."""

import tempfile
from pathlib import Path

from . import databases, export, paths, run, setup
from .progress import say


def start(words: list[str]) -> int:
    setup.ensure(with_tests=True)
    target = Path(*words).resolve() if words else paths.ROOT / "dist"
    for module in databases.own_modules():
        say(str(build(target, module)))
    return 0


def build(target: Path, module: str = paths.MODULE) -> Path:
    """The wheel's file of the addon or a bridge, made in that folder."""
    with tempfile.TemporaryDirectory() as folder:
        if module == paths.MODULE:
            addon = export.export(Path(folder), without=export.NOT_INSTALLED)
        else:
            addon = export.export_bridge(Path(folder), module)
        built = Path(folder) / "dist"
        run.capture(
            [
                *(paths.PYTHON, "-m", "build", "--wheel", "--no-isolation"),
                *("--outdir", built, addon),
            ],
            f"Building the wheel of {module}",
        )
        [wheel] = built.glob("*.whl")
        target.mkdir(parents=True, exist_ok=True)
        final = target / wheel.name
        final.write_bytes(wheel.read_bytes())
        return final
