"""Fill a new database with a French company and the addon's demo data."""

import sys

import company
from session import environment

from odoo.modules.module import get_manifest
from odoo.tools.convert import convert_file


def main(database: str, modules: list[str]) -> None:
    with environment(database) as env:
        company.set_up(env)
        _load_demo_files(env, modules)
        company.finish(env)


def _load_demo_files(env, modules):
    """Only ours: core's demo data would drown the customers the demo is about."""
    for module in modules:
        for name in get_manifest(module).get("demo", []):
            convert_file(env, module, name, idref={}, mode="init", noupdate=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
