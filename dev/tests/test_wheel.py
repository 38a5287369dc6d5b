"""What is in the wheel, and what stays out."""

import ast
import zipfile
from pathlib import PurePosixPath

from kit import databases, odoo, paths, postgres, run, wheel


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


def test_installed_wheel_is_an_addon_that_installs(tmp_path, monkeypatch):
    """From the wheel alone, in a database of its own: what a user does with it."""
    built = wheel.build(tmp_path)
    site = tmp_path / "site"
    pip = [paths.PYTHON, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    run.capture([*pip, "--target", site, built], "Installing the wheel")
    # The addons path of the harness, with the wheel's addon instead of the checkout.
    # The bridges are there because the template has what they wait for.
    addons = [site / "odoo" / "addons", paths.ROOT / "bridges"]
    settings = odoo.configuration_with(tmp_path, addons)
    monkeypatch.setattr(paths, "ODOO_CONF", settings)
    with postgres.running():
        databases.copy(databases.template(), "wheel-test")
        try:
            log = databases.install("wheel-test", ["account_dunning"], "The wheel")
            assert not databases.complaints(log)
            state = "SELECT state FROM ir_module_module WHERE name = 'account_dunning'"
            assert postgres.psql(state, "wheel-test") == ["installed"]
        finally:
            databases.drop("wheel-test")
