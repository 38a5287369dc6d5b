"""wkhtmltopdf with patched Qt, its libraries and fonts, wrapped in `.dev/bin`.

Debian's own wkhtmltopdf prints letters without header and footer. The fonts are the
same on every machine, so that a letter looks the same everywhere.
"""

from pathlib import Path

from . import atomic, debs, paths
from .progress import step

FOLDER = paths.STATE / "renderer"
FONTS_CONF = paths.STATE / "fonts.conf"

_CONF = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
{aliases}</fontconfig>
"""
_ALIAS = """\
  <alias binding="same">
    <family>{family}</family>
    <prefer><family>{font}</family></prefer>
  </alias>
"""
_FAMILIES = {
    "sans-serif": "DejaVu Sans",
    "serif": "DejaVu Serif",
    "monospace": "DejaVu Sans Mono",
    "Arial": "Liberation Sans",
    "Helvetica": "Liberation Sans",
    "Times New Roman": "Liberation Serif",
    "Courier New": "Liberation Mono",
}

_WRAPPER = """\
#!/bin/sh
# written by dev/kit/renderer.py
dev=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
export LD_LIBRARY_PATH="$dev/{libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
export FONTCONFIG_FILE="$dev/fonts.conf"
{prelude}exec {program} "$@"
"""

# Odoo asks for a zoom that suits a screen of 96 dots per inch. This wkhtmltopdf, older
# than the one Odoo is made for, takes 75, and would print everything 1.28 times too
# large: what fits on a page elsewhere would not fit here.
_ZOOM = """\
n=$#; prev=
while [ "$n" -gt 0 ]; do
    word=$1; shift
    [ "$prev" = --zoom ] && word=$(awk "BEGIN { print $word * 75 / 96 }")
    set -- "$@" "$word"; prev=$word; n=$((n - 1))
done
"""


def ensure() -> None:
    inputs = paths.fingerprint(debs.locked_debs("renderer"))
    if not atomic.is_stamped(FOLDER, inputs):
        with step("wkhtmltopdf's libraries and fonts") as shown:

            def build(target: Path) -> None:
                files = debs.archive().fetch_group("renderer", shown)
                debs.unpack(files, target, shown)

            atomic.build_folder(FOLDER, inputs, build)
    _write_fonts_conf()
    program = '"$dev/venv/bin/wkhtmltopdf-pack"'
    write_wrapper("wkhtmltopdf", program, FOLDER, prelude=_ZOOM)


def write_wrapper(name: str, program: str, tree: Path, prelude: str = "") -> None:
    """A shell script in `.dev/bin` that runs a program with the libraries of `tree`.

    It holds no path of this machine, so that a checkout can be moved.
    """
    folders = [str(folder.relative_to(paths.STATE)) for folder in _libraries(tree)]
    text = _WRAPPER.format(
        libraries=":$dev/".join(folders), prelude=prelude, program=program
    )
    atomic.write_file(paths.BIN / name, text, mode=0o755)


def _libraries(tree: Path) -> list[Path]:
    """Where a tree unpacked from Debian packages has its shared libraries."""
    found = {
        library.parent
        for pattern in ("lib/*-linux-gnu*", "usr/lib/*-linux-gnu*")
        for folder in tree.glob(pattern)
        # some keep private libraries one folder below
        for library in (*folder.glob("lib*.so*"), *folder.glob("*/lib*.so*"))
    }
    return sorted(found, key=lambda folder: (len(folder.parts), folder))


def _write_fonts_conf() -> None:
    aliases = [_ALIAS.format(family=k, font=v) for k, v in _FAMILIES.items()]
    text = _CONF.format(
        fonts=FOLDER / "usr/share/fonts",
        cache=paths.STATE / "cache" / "fontconfig",
        aliases="".join(aliases),
    )
    atomic.write_file(FONTS_CONF, text)
