"""Where files for a mailing house are put, and its answers are found.

Plain Python, no Odoo: a folder, and the same over SFTP. A file is written under a
temporary name and renamed when it is complete, so that nobody takes half of one.
"""

import base64
import hashlib
import io
import os
import socket
import stat
import time
from contextlib import closing, contextmanager, suppress

try:
    import paramiko
except ImportError:  # optional: said in words where somebody needs it
    paramiko = None

STATUS_ENDING = ".csv"
PROCESSED = "processed"  # folder beside the status files for those that were read
LARGEST = 20 * 1024 * 1024  # of a file that is read, in bytes
TIMEOUT = 30  # seconds for each step on the network
STILL = 60  # seconds a status file has to be unchanged: half of one says too little


class Trouble(Exception):
    """Nothing was handed over, for certain: it may be tried again.

    :param kind: which of the things that can be wrong; the words are the caller's.
    """

    #: of one file of the mailing house alone: all others can be exchanged
    OF_ONE_FILE = ("name", "too_large", "unreadable")

    def __init__(self, kind, detail=""):
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.detail = str(detail)

    @property
    def is_of_one_file(self):
        return self.kind in self.OF_ONE_FILE


class Uncertain(Exception):
    """The last step may or may not have happened: only a person can say."""


def _plain_name(name):
    if not name or name != os.path.basename(name) or name.startswith("."):
        raise Trouble("name", name)
    return name


def _is_status(name, details):
    """Whether a file is a status file, and complete as far as one can see.

    Who cannot write it under another name first may need a while to write it.
    """
    return (
        stat.S_ISREG(details.st_mode or 0)
        and name.lower().endswith(STATUS_ENDING)
        and not name.startswith(".")
        and _is_still(details)
    )


def _is_still(details):
    return time.time() - (details.st_mtime or 0) >= STILL


def _folder_trouble(error, folder):
    """What it means that a folder cannot be read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Trouble("no_folder", folder)
    if isinstance(error, PermissionError):
        return Trouble("not_writable", folder)
    return Trouble("io", error)


class FolderDrop:
    """Two folders of this server.

    :param out: where the mailing house takes letters from.
    :param back: where it puts its status files and scans.
    """

    def __init__(self, out, back):
        self.out = out
        self.back = back

    def check(self):
        """Both folders are there and can be written.

        :raises Trouble: if not.
        """
        for folder in (self.out, self.back):
            if not os.path.isdir(folder):
                raise Trouble("no_folder", folder)
            if not os.access(folder, os.W_OK | os.X_OK | os.R_OK):
                raise Trouble("not_writable", folder)

    def put(self, name, content):
        """Write a file, replacing what an attempt before has left."""
        path = os.path.join(self.out, _plain_name(name))
        part = os.path.join(self.out, f".{name}.part")
        try:
            with open(part, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(part, path)
        except OSError as error:
            with suppress(OSError):
                os.unlink(part)
            raise Trouble("io", error) from error

    def finish(self, name, content):
        """Write the file that hands all others over."""
        self.put(name, content)

    def has(self, name):
        """Whether the mailing house has not taken that file away yet."""
        return os.path.isfile(os.path.join(self.out, _plain_name(name)))

    def status_names(self):
        """The status files that wait, in the order of their names."""
        try:
            with os.scandir(self.back) as entries:
                return sorted(
                    entry.name
                    for entry in entries
                    if _is_status(entry.name, entry.stat(follow_symlinks=False))
                )
        except OSError as error:
            raise _folder_trouble(error, self.back) from error

    def content_of(self, name, still=False):
        """Content of a file of the mailing house; ``None`` if there is none.

        :param still: nor if it may not be complete yet.
        """
        path = os.path.join(self.back, _plain_name(name))
        try:
            # not through a link: it could lead anywhere on this server
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            with os.fdopen(os.open(path, flags), "rb") as stream:
                details = os.fstat(stream.fileno())
                if not stat.S_ISREG(details.st_mode):
                    raise Trouble("name", name)
                if still and not _is_still(details):
                    return None
                if details.st_size > LARGEST:
                    raise Trouble("too_large", name)
                return stream.read(LARGEST)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Trouble("unreadable", name) from error

    def put_away(self, name, content):
        """Move a status file that was read out of the way.

        One that has become another meanwhile stays, and is read again.

        :param content: what was read.
        """
        folder = os.path.join(self.back, PROCESSED)
        if self.content_of(name) != content:
            return
        try:
            os.makedirs(folder, exist_ok=True)
            os.replace(
                os.path.join(self.back, _plain_name(name)), os.path.join(folder, name)
            )
        except OSError as error:
            raise Trouble("io", error) from error


class SftpDrop:
    """The same two folders on another machine.

    :param sftp: an open ``paramiko.SFTPClient``.
    """

    def __init__(self, sftp, out, back):
        self.sftp = sftp
        self.out = out.rstrip("/") or "."
        self.back = back.rstrip("/") or "."

    def check(self):
        for folder in (self.out, self.back):
            try:
                mode = self.sftp.stat(folder).st_mode
            except FileNotFoundError as error:
                raise Trouble("no_folder", folder) from error
            except (OSError, EOFError, paramiko.SSHException) as error:
                raise Trouble("io", error) from error
            if mode is not None and not stat.S_ISDIR(mode):
                raise Trouble("no_folder", folder)

    def put(self, name, content):
        part = self._upload(name, content)
        try:
            self._rename(part, f"{self.out}/{name}")
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise Trouble("io", error) from error

    def finish(self, name, content):
        part = self._upload(name, content)
        try:
            self._rename(part, f"{self.out}/{name}")
        except (TimeoutError, EOFError, paramiko.SSHException) as error:
            raise Uncertain(str(error) or "connection lost") from error
        except ConnectionError as error:
            raise Uncertain(str(error)) from error
        except OSError as error:  # the server answered: it did not
            raise Trouble("io", error) from error

    def has(self, name):
        try:
            self.sftp.stat(f"{self.out}/{_plain_name(name)}")
        except FileNotFoundError:
            return False
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise Trouble("io", error) from error
        return True

    def status_names(self):
        try:
            return sorted(
                entry.filename
                for entry in self.sftp.listdir_attr(self.back)
                if _is_status(entry.filename, entry)
            )
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise _folder_trouble(error, self.back) from error

    def content_of(self, name, still=False):
        path = f"{self.back}/{_plain_name(name)}"
        try:
            details = self.sftp.stat(path)
            if still and not _is_still(details):
                return None
            if (details.st_size or 0) > LARGEST:
                raise Trouble("too_large", name)
            with self.sftp.open(path, "rb") as stream:
                return stream.read(LARGEST)
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise Trouble("unreadable", name) from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise Trouble("io", error) from error

    def put_away(self, name, content):
        folder = f"{self.back}/{PROCESSED}"
        if self.content_of(name) != content:
            return
        try:
            with suppress(OSError):  # there already
                self.sftp.mkdir(folder)
            self._rename(f"{self.back}/{_plain_name(name)}", f"{folder}/{name}")
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise Trouble("io", error) from error

    def _upload(self, name, content):
        part = f"{self.out}/.{_plain_name(name)}.part"
        try:
            # paramiko compares the size with what the server has
            self.sftp.putfo(io.BytesIO(content), part, confirm=True)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise Trouble("io", error) from error
        return part

    def _rename(self, source, target):
        """Rename, replacing: by the extension of OpenSSH, where the server has it."""
        try:
            self.sftp.posix_rename(source, target)
        except OSError as error:
            if "unsupported" not in str(error).lower():
                raise
            with suppress(FileNotFoundError):
                self.sftp.remove(target)
            self.sftp.rename(source, target)


def fingerprint(key):
    """A host key as people compare it: SHA256:..., as ``ssh`` shows it."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


@contextmanager
def open_sftp(host, port, user, known, out, back, password=None, key=None):
    """Connect, make sure it is the right server, log in.

    :param known: fingerprint of the server's key; nothing is sent to another one.
    :param password: of the user, or of the private key.
    :param key: private key as text.
    :raises Trouble: with ``detail`` the fingerprint found, where it is not known.
    """
    if paramiko is None:
        raise Trouble("no_library")
    try:
        link = socket.create_connection((host, port), timeout=TIMEOUT)
    except OSError as error:
        raise Trouble("unreachable", error) from error
    with closing(link):
        try:
            transport = paramiko.Transport(link)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise Trouble("unreachable", error) from error
        with closing(transport):
            _log_in(transport, user, known, password, key)
            try:
                sftp = paramiko.SFTPClient.from_transport(transport)
                sftp.get_channel().settimeout(TIMEOUT)
            except (OSError, EOFError, paramiko.SSHException) as error:
                raise Trouble("unreachable", error) from error
            with closing(sftp):
                yield SftpDrop(sftp, out, back)


def _log_in(transport, user, known, password, key):
    transport.banner_timeout = transport.auth_timeout = TIMEOUT
    try:
        transport.start_client(timeout=TIMEOUT)
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise Trouble("unreachable", error) from error
    found = fingerprint(transport.get_remote_server_key())
    if not known or found != known.strip():
        raise Trouble("unknown_server" if not known else "other_server", found)
    try:
        if key:
            transport.auth_publickey(user, _private_key(key, password))
        else:
            transport.auth_password(user, password or "")
    except paramiko.AuthenticationException as error:
        raise Trouble("login", error) from error
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise Trouble("unreachable", error) from error


def _private_key(text, password):
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text), password or None)
        except (paramiko.SSHException, ValueError, IndexError):
            continue  # another kind of key
    raise Trouble("bad_key")
