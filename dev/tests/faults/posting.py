"""Kill the exchange with a mailing house right before its first, second, third ...
commit, and right after each file it has put down; start it again, and have a person
answer what only a person can know. At last have nobody kill it.

usage: posting.py DATABASE RESULT FOLDER
"""

import csv
import os
import shutil
import signal
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import jobs
from keeping import Kept
from session import write_result

from odoo import sql_db

SIZE = 2  # letters handed over together
POST = "account_dunning.ir_cron_post"


def main(database, result, folder):
    out, back = Path(folder, "out"), Path(folder, "back")
    jobs.prepare(database)
    jobs.done(lambda: _stage(database, out, back))
    for job in ("propose", "issue", "deliver"):
        jobs.done(lambda job=job: jobs.run_cron(database, job))
    told = {}
    _empty(out, back)
    for part in ("hand over", "read back"):
        if part == "read back":
            # the last round has handed everything over
            _report(out, back)
        kept, files = Kept(database), _read(out, back)
        told[part] = rounds = []
        while not rounds or rounds[-1]["killed"]:
            if rounds:
                kept.restore()
                _empty(out, back)
                _write(files)
            rounds.append(_round(database, out, back, len(rounds) + 1))
        print(part, len(rounds), "rounds")
    write_result(result, told)


def _stage(database, out, back):
    """Nobody has an e-mail address, and a mailing house takes all letters."""
    with jobs.superuser(database) as env:
        env["res.partner"].search([("name", "like", "customer")]).email = False
        env["dunning.post.provider"].create(
            {
                "name": "Mailing house",
                "folder_out": str(out),
                "folder_back": str(back),
            }
        )


def _round(database, out, back, number):
    [code] = jobs.ended(jobs.started(lambda: _exchange(database, number)))
    killed = code == -signal.SIGKILL
    if code and not killed:
        raise RuntimeError(f"at point {number} the exchange ended with {code}")
    jobs.wait_until_alone(database)
    if killed:
        jobs.done(lambda: _exchange(database))
        jobs.done(lambda: _exchange(database))
    by_itself = _manifests(out)
    jobs.done(lambda: _answer(database, out))
    jobs.done(lambda: _exchange(database))
    with jobs.superuser(database) as env:
        letters = env["dunning.delivery"].search([("channel", "=", "letter")])
        return {
            "killed": killed,
            "twice": [letter for letter, count in by_itself.items() if count > 1],
            "manifests": dict(_manifests(out)),
            "wanted": sorted(letter._reference() for letter in letters),
            "files": sorted(file.name for file in out.glob("*.pdf")),
            "waiting": sorted(file.name for file in back.glob("*.csv")),
            "mailings": dict(
                Counter(env["dunning.post.mailing"].search([]).mapped("state"))
            ),
            "letters": dict(Counter(letters.mapped("state"))),
            "changes": dict(Counter(letters.proof_ids.mapped("fact"))),
            "status files": env["dunning.post.status"].search_count([]),
        }


def _exchange(database, point=None):
    """The scheduled action; killed at a point, the first being 1."""
    from odoo.addons.account_dunning.models import (  # noqa: PLC0415
        dunning_post_mailing,
        dunning_post_provider,
        post_drop,
    )

    dunning_post_provider.MAILING_SIZE = SIZE
    # nobody else is at work here: whose claim it is has died
    dunning_post_mailing.STALE = timedelta(seconds=-5)
    reached = 0

    def here():
        nonlocal reached
        reached += 1
        if reached == point:
            os.kill(os.getpid(), signal.SIGKILL)

    commit, replace = sql_db.Cursor.commit, os.replace

    def committing(cursor):
        here()
        return commit(cursor)

    def replacing(source, target):
        replace(source, target)
        here()

    sql_db.Cursor.commit = committing
    post_drop.os.replace = replacing
    jobs.run_cron(database, POST)


def _answer(database, out):
    """A person asks the mailing house whether it has a mailing."""
    with jobs.superuser(database) as env:
        for mailing in env["dunning.post.mailing"].search(
            [("state", "=", "uncertain")]
        ):
            if (out / f"{mailing.name}.csv").exists():
                mailing.action_was_handed_over()
            else:
                mailing.action_was_not_handed_over()


# --- the mailing house ----------------------------------------------------------------


def _manifests(out):
    """How often each letter is in a list: ``Counter`` of references."""
    return Counter(
        row["reference"]
        for path in out.glob("*.csv")
        for row in csv.DictReader(path.open(newline=""))
    )


def _report(out, back):
    """All letters were posted; two files, of which nothing is written any more."""
    rows = [
        f"{reference},deposited,{_today()}" for reference in sorted(_manifests(out))
    ]
    half = len(rows) // 2
    for number, part in enumerate((rows[:half], rows[half:])):
        path = back / f"{number}.csv"
        path.write_text("\n".join(["reference,status,date", *part]))
        os.utime(path, (time.time() - 3600,) * 2)


def _today():
    from odoo import fields  # noqa: PLC0415

    return fields.Date.today()


def _empty(*folders):
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)


def _read(*folders):
    return {
        path: (path.read_bytes(), path.stat().st_mtime)
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }


def _write(files):
    for path, (content, moment) in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (moment, moment))


if __name__ == "__main__":
    main(*sys.argv[1:])
