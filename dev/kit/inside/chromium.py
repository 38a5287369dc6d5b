"""The headless Chromium of the harness, through Playwright.

Playwright brings the protocol, the waiting and the browser's clock; the browser is the
one the tours run in, so nothing else is downloaded.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

#: milliseconds; a machine that others use too is slow
PATIENCE = 30_000
#: milliseconds without a request in which a page counts as complete
_QUIET = 400


@contextmanager
def launched(program: str) -> Iterator[Browser]:
    _offer_libraries()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            # the signals are the harness's to handle
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
            # as root there is no sandbox; the pages are our own
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--font-render-hinting=none",
            ],
        )
        try:
            yield browser
        finally:
            browser.close()


def _offer_libraries() -> None:
    """Let the driver, our child, find what kit/browser.py fetched for it."""
    driver = Path(__file__).resolve().parents[3] / ".dev" / "driver"
    found = sorted({str(file.parent) for file in driver.rglob("libatomic.so.*")})
    known = os.environ.get("LD_LIBRARY_PATH")
    folders = [*found, *([known] if known else [])]
    if found and known not in folders[:1]:
        os.environ["LD_LIBRARY_PATH"] = ":".join(dict.fromkeys(folders))


def log_in(page: Page, url: str, login: str = "admin") -> None:
    """In the demo databases of the harness the password is the login."""
    page.goto(f"{url}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click(".oe_login_form button[type=submit]")
    page.wait_for_selector(".o_web_client .o_main_navbar")


class Requests:
    """What a page has asked its server for and not yet got."""

    def __init__(self, page: Page):
        self.page = page
        self.running = set()
        page.on("request", self._begun)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)

    def _begun(self, request) -> None:
        # the script of the worker that listens for news is never reported as finished
        if "/bus/" not in request.url:
            self.running.add(request)

    def _ended(self, request) -> None:
        self.running.discard(request)

    def wait_until_quiet(self, quiet: int = _QUIET) -> None:
        """Until nothing was under way for that long, in milliseconds."""
        pause = 50
        waited = silent = 0
        while silent < quiet:
            if waited > PATIENCE:
                urls = ", ".join(sorted(request.url for request in self.running))
                raise TimeoutError(f"the page still waits for {urls}")
            self.page.wait_for_timeout(pause)
            waited += pause
            silent = 0 if self.running else silent + pause
