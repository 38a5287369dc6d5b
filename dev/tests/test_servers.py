"""Two Odoo servers on one database, as on two machines, share the work of a day."""

import json
import re
import subprocess
import time
from contextlib import ExitStack

import pytest
from conftest import FAULTS

from kit import paths, postgres, run, servers

DATABASE = "servers"
CUSTOMERS = 60
BATCH = 2
PATIENCE = 90


@pytest.fixture(scope="module")
def logs(faults, installed, tmp_path_factory):
    """Two servers on a staged database; the files they write their logs to."""
    folder = tmp_path_factory.mktemp("servers")
    faults.copied(installed, DATABASE)
    faults.call("stage.py", DATABASE, CUSTOMERS)
    faults.call("act.py", DATABASE, "scheduled later")
    with ExitStack() as stack:
        files = [folder / "one.log", folder / "two.log"]
        for file in files:
            _start(stack, faults, file)
        for file in files:
            _wait(lambda file=file: "Worker WorkerCron" in file.read_text(), file)
        yield files


def _start(stack, faults, log):
    words = ["--database", DATABASE, "--workers", "2", "--max-cron-threads", "1"]
    words += ["--http-port", str(servers.free_port())]
    words += ["--gevent-port", str(servers.free_port())]
    stack.enter_context(
        run.background(
            *(paths.PYTHON, FAULTS / "server.py", *words),
            env=dict(faults.environment(), FAULTS_BATCH=str(BATCH)),
            stdin=subprocess.DEVNULL,
            stdout=stack.enter_context(log.open("w")),
            stderr=subprocess.STDOUT,
        )
    )


def _wait(condition, *files):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, _ends_of(files)
        time.sleep(0.1)


def _ends_of(files):
    return "\n".join(file.read_text()[-5000:] for file in files)


def _trigger(cron):
    """What Odoo does when an action is triggered: a row, and all servers wake up."""
    postgres.psql(
        "INSERT INTO ir_cron_trigger (cron_id, call_at)"
        " SELECT res_id, '2025-01-01' FROM ir_model_data"
        f" WHERE module = 'account_dunning' AND name = '{cron}'",
        DATABASE,
    )
    postgres.psql(f"SELECT pg_notify('cron_trigger', '{DATABASE}')")


def _count(query):
    return int(postgres.psql(f"SELECT count(*) FROM {query}", DATABASE)[0])


def _work_of(log, begin):
    """How much the scheduled actions of a server have done since then."""
    text = log.read_text()[begin:]
    return sum(int(n) for n in re.findall(r"^worked: (\d+)", text, re.MULTILINE))


def _facts(faults, stage, tmp_path):
    file = tmp_path / "facts.json"
    faults.call("act.py", DATABASE, f"facts of {stage}", file)
    return json.loads(file.read_text())


def test_servers_share_proposing_and_delivering(faults, logs, tmp_path):
    begin = [len(log.read_text()) for log in logs]
    _trigger("ir_cron_propose")
    _wait(lambda: _count("dunning_run WHERE state = 'proposed'"), *logs)
    told = _facts(faults, "propose", tmp_path)
    assert not told["problems"]
    assert told["counts"]["notices"] == {"draft": CUSTOMERS - 1}
    _wait(lambda: all(map(_work_of, logs, begin)), *logs)

    faults.call("act.py", DATABASE, "issue")
    begin = [len(log.read_text()) for log in logs]
    waiting = "dunning_delivery WHERE state = 'queued' AND channel = 'email'"
    told = _facts(faults, "deliver", tmp_path)
    assert _count(waiting) == CUSTOMERS - 2, told["counts"]
    faults.call("act.py", DATABASE, "sending hours")
    _trigger("ir_cron_deliver")
    _wait(lambda: not _count(waiting), *logs)
    told = _facts(faults, "deliver", tmp_path)
    assert not told["problems"]
    expected = {"email sending": CUSTOMERS - 2, "letter queued": 1}
    assert told["counts"]["deliveries"] == expected
    _wait(lambda: all(map(_work_of, logs, begin)), *logs)
