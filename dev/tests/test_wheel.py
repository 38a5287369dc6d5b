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


def test_wheel_of_a_bridge(tmp_path):
    [module] = [name for name in databases.own_modules() if name != paths.MODULE]
    built = wheel.build(tmp_path, module)
    assert built.name.startswith(f"odoo_addon_{module}-19.0.")
    archive = zipfile.ZipFile(built)
    inside = [name for name in archive.namelist() if ".dist-info/" not in name]
    prefix = f"odoo/addons/{module}/"
    assert all(name.startswith(prefix) for name in inside)
    files = {name.removeprefix(prefix) for name in inside}
    manifest = databases.manifest(module)
    needed = {"__init__.py", "__manifest__.py", "i18n/fr.po"}
    assert needed | {*manifest["data"]} <= files
    [metadata] = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
    asked = archive.read(metadata).decode()
    assert "Requires-Dist: odoo-addon-account_dunning==19.0.*" in asked


def test_all_wheels_are_built(tmp_path, monkeypatch):
    monkeypatch.setattr(wheel.setup, "ensure", lambda **__: None)
    assert wheel.start([str(tmp_path)]) == 0
    assert {file.name.split("-")[0] for file in tmp_path.glob("*.whl")} == {
        f"odoo_addon_{module}" for module in databases.own_modules()
    }


def test_installed_wheels_are_addons_that_install(tmp_path, monkeypatch):
    """From the wheels alone, in a database of its own: what a user does with them. The
    template has Sales, which the bridge waits for.
    """
    modules = databases.own_modules()
    built = [wheel.build(tmp_path, module) for module in modules]
    site = tmp_path / "site"
    pip = [paths.PYTHON, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    run.capture([*pip, "--target", site, *built], "Installing the wheels")
    # The addons path of the harness, with the wheels' addons instead of the checkout.
    settings = odoo.configuration_with(tmp_path, [site / "odoo" / "addons"])
    monkeypatch.setattr(paths, "ODOO_CONF", settings)
    with postgres.running():
        databases.copy(databases.template(), "wheel-test")
        try:
            log = databases.install("wheel-test", ["account_dunning"], "The wheels")
            assert not databases.complaints(log)
            state = "SELECT name FROM ir_module_module WHERE state = 'installed'"
            assert {*modules} <= {*postgres.psql(state, "wheel-test")}
        finally:
            databases.drop("wheel-test")
