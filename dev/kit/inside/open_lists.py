"""Open two lists in turn with a browser, and take the time, for `./dev/bench-lists`.

open_lists.py URL BROWSER TIMES LISTS.json RESULT.json

A list is opened as from its menu, in a client that runs, and by its address, which
starts the client too. Both are warmed up first: what is measured is neither the first
compilation of a style sheet nor an empty cache.
"""

import json
import sys
from pathlib import Path

from chromium import PATIENCE, Requests, launched, log_in
from session import progress, write_result

from odoo.release import version

#: Watches for the first line of a list that was not there before, and takes the time
#: when it has been painted: the frame after the one it is in has begun.
_WATCH = """window.watchForLine = (isOld) => new Promise((resolve) => {
    const look = () => {
        const lines = [...document.querySelectorAll(".o_data_row, .o_kanban_record")];
        if (lines.some((line) => !isOld(line))) {
            observer.disconnect();
            requestAnimationFrame(() => requestAnimationFrame(
                () => resolve(performance.now())
            ));
        }
    };
    const observer = new MutationObserver(look);
    observer.observe(document, { childList: true, subtree: true });
});
performance.setResourceTimingBufferSize(10000);
window.firstLine = window.watchForLine(() => false);
"""

_OPEN = """async (action) => {
    document.querySelectorAll(".o_action_manager *").forEach((e) => (e.isOld = true));
    performance.clearResourceTimings();
    window.opened = performance.now();
    const painted = window.watchForLine((line) => line.isOld);
    const { action: service } = odoo.__WOWL_DEBUG__.root.env.services;
    await service.doAction(action, { clearBreadcrumbs: true });
    return ((await painted) - window.opened) / 1000;
}"""

#: the last answer to whatever was asked since then
_QUIET = """(since) => (Math.max(
    since,
    ...performance.getEntries()
        .filter((e) => ["resource", "navigation"].includes(e.entryType))
        .map((e) => e.responseEnd)
        .filter((end) => end >= since)
) - since) / 1000"""

_STATE = """() => ({
    rows: document.querySelectorAll(".o_data_row, .o_kanban_record").length,
    pager: document.querySelector(".o_pager_limit")?.innerText,
})"""


def main(url, program, times, lists_file, result):
    lists = json.loads(Path(lists_file).read_text())
    with launched(program) as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(PATIENCE)
        context.add_init_script(_WATCH)
        page = context.new_page()
        log_in(page, url)
        opening = Opening(page, url)
        for values in lists.values():
            values["calls"] = opening.calls_of(values["action"])
            values["times"] = {}
            opening.by_address(values["action"])
        total = 4 * int(times)
        for number in range(int(times)):
            for place, values in enumerate(lists.values()):
                progress(4 * number + 2 * place, total, "times")
                found = opening.from_menu(values["action"])
                found |= opening.by_address(values["action"])
                for key, seconds in found.items():
                    values["times"].setdefault(key, []).append(seconds)
                values["rows"], values["found"] = opening.shown()
        versions = {"odoo": version, "chromium": browser.version}
    write_result(result, {"lists": lists, "versions": versions})


class Opening:
    def __init__(self, page, url):
        self.page = page
        self.url = url
        self.requests = Requests(page)

    def by_address(self, action) -> dict[str, float]:
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/odoo/action-{action}", wait_until="commit")
        row = self.page.evaluate("window.firstLine") / 1000
        self.requests.wait_until_quiet()
        quiet = max(row, self.page.evaluate(_QUIET, 0))
        return {"page_row": row, "page_quiet": quiet}

    def from_menu(self, action) -> dict[str, float]:
        """From a page that shows neither list, as one comes from elsewhere."""
        self.page.goto(f"{self.url}/odoo/apps")
        self.page.wait_for_selector(".o_kanban_record")
        self.requests.wait_until_quiet()
        row = self.page.evaluate(_OPEN, action)
        self.requests.wait_until_quiet()
        since = self.page.evaluate("window.opened")
        quiet = max(row, self.page.evaluate(_QUIET, since))
        return {"client_row": row, "client_quiet": quiet}

    def calls_of(self, action) -> list[dict]:
        """What the client asks the models for when it opens that list."""
        calls = []

        def take(request) -> None:
            if "/web/dataset/call_kw/" in request.url:
                calls.append(request.post_data_json["params"])

        self.page.on("request", take)
        try:
            self.from_menu(action)
            calls.clear()
            self.from_menu(action)
        finally:
            self.page.remove_listener("request", take)
        return [call for call in calls if call["model"] != "ir.module.module"]

    def shown(self) -> tuple[int, int]:
        state = self.page.evaluate(_STATE)
        digits = "".join(c for c in state["pager"] or "" if c.isdigit())
        return state["rows"], int(digits or state["rows"])


if __name__ == "__main__":
    main(*sys.argv[1:])
