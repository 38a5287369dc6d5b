"""What is in the wheel, and what stays out."""

import ast
import zipfile
from pathlib import PurePosixPath

from kit import paths, wheel


def test_wheel_holds_the_addon_only(tmp_path):
    built = wheel.build(tmp_path)
    assert built.name.startswith("odoo_addon_account_dunning-19.0.")
    names = zipfile.ZipFile(built).namelist()
    prefix = PurePosixPath("odoo/addons/account_dunning")
    inside = {
        str(PurePosixPath(name).relative_to(prefix))
        for name in names
        if PurePosixPath(name).is_relative_to(prefix)
    }
    manifest = ast.literal_eval((paths.ROOT / "__manifest__.py").read_text())
    needed = {"__init__.py", "__manifest__.py", "engine/__init__.py"}
    assert needed | {*manifest["data"], *manifest["demo"]} <= inside
    folders = {name.split("/")[0] for name in inside}
    assert not folders & {"dev", ".ci", ".dev", "docs", "bridges"}
    assert not any(name.startswith("tests/engine/") for name in inside)
