"""A pytest plugin: under CI a skipped test is a failure.

Browser and PDF tests skip themselves where a program is missing; without this, a
broken machine would look like a green one.
"""

import os
import sys

import pytest

#: tenths of a second a browser may take to start; Odoo's 100 is short on a busy machine
_BROWSER_PATIENCE = 600


def pytest_sessionstart() -> None:
    # there only if the tests run on Odoo
    if common := sys.modules.get("odoo.tests.common"):
        common.CHECK_BROWSER_ITERATIONS = _BROWSER_PATIENCE


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("CI") and _skipped(session.config):
        session.exitstatus = max(session.exitstatus, pytest.ExitCode.TESTS_FAILED)


def pytest_terminal_summary(terminalreporter) -> None:
    # pytest's own `-ra` prints the reasons of the skips
    if os.environ.get("CI") and terminalreporter.stats.get("skipped"):
        terminalreporter.section("skipped tests are failures here (CI is set)")


def _skipped(config: pytest.Config) -> list:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return reporter.stats.get("skipped", [])
