"""Go through the screens with a browser, take their pictures, look at what is on them.

take_pictures.py PLAN.json RESULT.json

The plan is made by `kit.screenshots`. Every problem is one line in the result; a screen
that was not reached does not keep the others from being pictured.
"""

import io
import json
import sys
from contextlib import contextmanager
from pathlib import Path

import polib
from chromium import PATIENCE, Requests, launched, log_in
from PIL import Image
from playwright.sync_api import Error, Page

INSPECTION = Path(__file__).with_name("inspect_page.js").read_text()

_SIZES = {
    "desktop": {"width": 1280, "height": 800},
    "dark": {"width": 1280, "height": 800},
    "phone": {"width": 375, "height": 740},
}
#: how high a picture gets at most, in pixels
_HIGHEST = 2400
#: How much of the page is out of sight below, in whatever it is that scrolls there.
_BELOW = """() => Math.max(0, ...[...document.querySelectorAll(
    ".o_content, .o_form_view, .o_form_renderer, .o_form_sheet_bg, .settings, .modal"
)].map((box) => box.scrollHeight - box.clientHeight))"""

#: what may or may not be there yet, and says nothing about us
_STILL = """
.o-mail-ImStatus, .o_menu_systray .badge { visibility: hidden !important; }
"""
#: The browser's clock stands still, and a chart that grows would never be grown up.
_GROWN = """() => {
    for (const chart of Object.values(window.Chart?.instances ?? {})) {
        chart.stop();
        chart.options.animation = false;
        chart.update("none");
    }
}"""
#: of the page's background, 0 to 255
_BRIGHTNESS = """() => Math.max(
    ...getComputedStyle(document.querySelector(".o_web_client"))
        .backgroundColor.match(/[0-9]+/g).slice(0, 3)
)"""


def main(plan_file: str, result: str) -> None:
    plan = json.loads(Path(plan_file).read_text())
    problems = []
    with launched(plan["browser"]) as browser:
        shoot = Shoot(plan, browser, problems)
        done, total = 0, len(plan["pictures"])
        for (language, look), pictures in grouped(plan["pictures"]).items():
            with shoot.page(language, look) as page:
                for picture in pictures:
                    shoot.take(page, picture)
                    done += 1
                    print("progress", done, total, "pictures", flush=True)
    Path(result).write_text(json.dumps({"problems": problems}))


def grouped(pictures: list[dict]) -> dict:
    groups = {}
    for picture in pictures:
        groups.setdefault((picture["language"], picture["look"]), []).append(picture)
    return groups


class Shoot:
    def __init__(self, plan: dict, browser, problems: list[str]):
        self.plan = plan
        self.browser = browser
        self.problems = problems
        self.english = english_terms(plan["translation"])
        self.requests = None

    # --- a browser for one language and look --------------------------------------

    @contextmanager
    def page(self, language: str, look: str):
        self._prefer(language, look)
        context = self._context(language, look)
        try:
            page = context.new_page()
            log_in(page, self.plan["url"])
            self.requests = Requests(page)
            yield page
        finally:
            context.close()

    def _context(self, language: str, look: str):
        phone = look == "phone"
        context = self.browser.new_context(
            viewport=_SIZES[look],
            is_mobile=phone,
            has_touch=phone,
            locale=language.replace("_", "-"),
            timezone_id="Europe/Paris",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        context.clock.set_fixed_time(self.plan["now"])
        if look == "dark":
            context.add_cookies(
                [{"name": "color_scheme", "value": "dark", "url": self.plan["url"]}]
            )
        return context

    def _prefer(self, language: str, look: str) -> None:
        """Make it what the user prefers; a session begun later follows it."""
        values = {"lang": language}
        if self.plan["dark_field"]:
            values[self.plan["dark_field"]] = look == "dark"
        context = self._context("en_US", "desktop")
        try:
            page = context.new_page()
            log_in(page, self.plan["url"])
            page.evaluate(
                """async (values) => {
                    const { user } = odoo.loader.modules.get("@web/core/user");
                    const { orm } = odoo.__WOWL_DEBUG__.root.env.services;
                    await orm.write("res.users", [user.userId], values);
                }""",
                values,
            )
        finally:
            context.close()

    # --- one picture --------------------------------------------------------------

    def take(self, page: Page, picture: dict) -> None:
        name = f"{picture['name']} ({picture['language']}, {picture['look']})"

        def tell(text: str) -> None:
            self.problems.append(f"{name}: {' '.join(text.split())}")

        console = []
        listeners = {
            "console": lambda message: (
                message.type == "error" and console.append(message.text)
            ),
            "pageerror": lambda error: console.append(str(error)),
        }
        for event, listener in listeners.items():
            page.on(event, listener)
        try:
            self._go(page, picture)
            self._save(page, picture)
            for text in self._seen(page, picture):
                tell(text)
        except (NotThere, TimeoutError) as error:
            tell(str(error))
            self._save_failure(page, picture)
        finally:
            for event, listener in listeners.items():
                page.remove_listener(event, listener)
        tolerated = self.plan["tolerated"].get("console", [])
        for text in dict.fromkeys(console):
            if not any(part in text for part in tolerated):
                tell(f"error in the browser: {text[:400]}")

    def _go(self, page: Page, picture: dict) -> None:
        page.set_viewport_size(_SIZES[picture["look"]])
        # a new page, not one that remembers the filters of the last
        page.goto("about:blank")
        with waiting({"open": picture["path"]}):
            page.goto(self.plan["url"] + picture["path"])
        steps = [{"wait": picture["wait"]}, *picture["steps"]]
        for step in steps:
            with waiting(step):
                do(page, step)
            self.requests.wait_until_quiet()
        if picture["full"]:
            self._grow(page, picture)
        page.add_style_tag(content=_STILL)
        page.evaluate(_GROWN)
        page.evaluate("document.activeElement?.blur()")
        page.mouse.move(0, 0)
        page.evaluate("document.fonts.ready.then(() => true)")
        self.requests.wait_until_quiet()

    def _grow(self, page: Page, picture: dict) -> None:
        size = dict(_SIZES[picture["look"]])
        size["height"] = min(size["height"] + page.evaluate(_BELOW), _HIGHEST)
        page.set_viewport_size(size)

    def _save(self, page: Page, picture: dict) -> None:
        save_small(_shot(page), Path(self.plan["out"]) / picture["file"])

    def _save_failure(self, page: Page, picture: dict) -> None:
        target = Path(self.plan["failed"]) / picture["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_shot(page))
        self.problems.append(f"  what was there instead: {target}")

    def _seen(self, page: Page, picture: dict):
        found = inspect(
            page,
            tolerated=self.plan["tolerated"].get("cut", []),
            phone=picture["look"] == "phone",
            english=self.english if picture["language"] == "fr_FR" else {},
        )
        if picture["look"] == "dark" and page.evaluate(_BRIGHTNESS) > 100:
            yield "not dark: this Odoo has no dark colour scheme"
        yield from (f"error message: {text}" for text in found["errors"])
        yield from (f"cut off: '{text}'" for text in found["cut"])
        yield from (f"wider than the screen: {text}" for text in found["wide"])
        fine = tuple(self.plan["tolerated"].get("english", []))
        yield from (
            f"in English: '{text}'"
            for text in found["english"]
            if not text.startswith(fine)
        )


class NotThere(Exception):
    """A selector that nothing came up for."""


@contextmanager
def waiting(step: dict):
    try:
        yield
    except Error as error:
        words = ", ".join(f"{verb} {target}" for verb, target in step.items())
        reason = error.message.splitlines()[0]
        raise NotThere(f"did not come to: {words} ({reason})") from error


def do(page: Page, step: dict) -> None:
    match step:
        case {"click": selector}:
            page.locator(selector).first.click()
        case {"wait": selector}:
            page.locator(selector).first.wait_for()
        case {"type": text, "into": selector}:
            page.locator(selector).first.fill(text)
        case {"press": key}:
            page.keyboard.press(key)
        case {"scroll": selector}:
            page.locator(selector).first.scroll_into_view_if_needed()


def inspect(page: Page, **question) -> dict[str, list[str]]:
    """What `inspect_page.js` finds on that page."""
    return page.evaluate(INSPECTION, question)


def english_terms(file: str) -> dict[str, bool]:
    """Our terms in English whose French is another text."""
    return {
        " ".join(entry.msgid.split()): True
        for entry in polib.pofile(file)
        if not entry.obsolete and entry.msgstr and entry.msgstr != entry.msgid
    }


def _shot(page: Page) -> bytes:
    return page.screenshot(animations="disabled", caret="hide")


def save_small(png: bytes, target: Path) -> None:
    """With 256 colours, enough for a screen; equal pictures are equal files."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    small = image.quantize(
        256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    stream = io.BytesIO()
    small.save(stream, "PNG", optimize=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_file() or target.read_bytes() != stream.getvalue():
        target.write_bytes(stream.getvalue())


if __name__ == "__main__":
    main(*sys.argv[1:])
