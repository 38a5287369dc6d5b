"""The readings a browser asked for, done again in process, for `./dev/bench-lists`.

read_lists.py DATABASE TIMES SEEN.json RESULT.json

Each with an empty cache of records, as in a request of its own.
"""

import json
import sys
import time
from pathlib import Path

from session import environment, progress, write_result

#: of the calls a list makes, those that read its lines
_READING = ("web_search_read", "web_read_group", "formatted_read_group", "search_count")


def main(database, times, seen, result):
    lists = json.loads(Path(seen).read_text())["lists"]
    found = {name: {"times": [], "queries": 0} for name in lists}
    with environment(database) as env:
        env = env(user=env.ref("base.user_admin"))
        for number in range(int(times) + 1):
            progress(number, int(times) + 1, "times")
            for name, values in lists.items():
                calls = [c for c in values["calls"] if c["method"] in _READING]
                if not calls:
                    raise ValueError(f"{values['name']}: no reading was seen")
                before, start = env.cr.sql_log_count, time.perf_counter()
                for call in calls:
                    _read(env, call)
                seconds = time.perf_counter() - start
                found[name]["queries"] = env.cr.sql_log_count - before
                if number:  # the first is the warm-up
                    found[name]["times"].append(seconds)
    write_result(result, found)


def _read(env, call):
    env.invalidate_all()
    kwargs = dict(call["kwargs"])
    model = env[call["model"]].with_context(kwargs.pop("context", {}))
    getattr(model, call["method"])(*call["args"], **kwargs)


if __name__ == "__main__":
    main(*sys.argv[1:])
