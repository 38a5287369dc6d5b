"""A real SFTP server on the loopback, for the tests of mailing houses."""

import os
import socket
import threading
from contextlib import suppress

import paramiko

USER, PASSWORD = "shop", "let me in"


class _Handle(paramiko.SFTPHandle):
    def stat(self):
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


def _told(function):
    """Errors of the file system as SFTP says them."""

    def wrapped(self, *args):
        try:
            return function(self, *args)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    return wrapped


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server, *args, **kwargs):
        super().__init__(server, *args, **kwargs)
        self.owner = server.owner

    def _path(self, path):
        return self.owner.root + self.canonicalize(path)

    @_told
    def list_folder(self, path):
        real = self._path(path)
        result = []
        for name in os.listdir(real):
            details = os.lstat(os.path.join(real, name))
            attributes = paramiko.SFTPAttributes.from_stat(details)
            attributes.filename = name
            result.append(attributes)
        return result

    @_told
    def stat(self, path):
        return paramiko.SFTPAttributes.from_stat(os.stat(self._path(path)))

    @_told
    def lstat(self, path):
        return paramiko.SFTPAttributes.from_stat(os.lstat(self._path(path)))

    @_told
    def open(self, path, flags, attr):
        if self.owner.full and flags & os.O_CREAT:
            return paramiko.SFTP_FAILURE
        descriptor = os.open(self._path(path), flags, 0o600)
        mode = "r+b" if flags & (os.O_WRONLY | os.O_RDWR) else "rb"
        if flags & os.O_WRONLY:
            os.close(descriptor)
            descriptor = os.open(self._path(path), os.O_RDWR)
        stream = os.fdopen(descriptor, mode)
        handle = _Handle(flags)
        handle.filename = self._path(path)
        handle.readfile = handle.writefile = stream
        return handle

    @_told
    def remove(self, path):
        os.remove(self._path(path))
        return paramiko.SFTP_OK

    @_told
    def rename(self, oldpath, newpath):
        if os.path.exists(self._path(newpath)):
            return paramiko.SFTP_FAILURE
        os.rename(self._path(oldpath), self._path(newpath))
        return paramiko.SFTP_OK

    @_told
    def posix_rename(self, oldpath, newpath):
        name = os.path.basename(newpath)
        if self.owner.plain:
            return paramiko.SFTP_OP_UNSUPPORTED
        if self.owner.breaks_at == name or (
            self.owner.breaks_at == "list" and name.endswith(".csv")
        ):
            if self.owner.breaks_after:
                os.replace(self._path(oldpath), self._path(newpath))
            self.owner.break_off()
            return paramiko.SFTP_FAILURE
        os.replace(self._path(oldpath), self._path(newpath))
        return paramiko.SFTP_OK

    @_told
    def mkdir(self, path, attr):
        os.mkdir(self._path(path))
        return paramiko.SFTP_OK


class _Server(paramiko.ServerInterface):
    def __init__(self, owner):
        self.owner = owner

    def check_auth_password(self, username, password):
        good = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username, key):
        good = username == USER and key == self.owner.client_key
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username):
        return "password,publickey"


class SftpServer:
    """Serves a folder until it is closed.

    :ivar breaks_at: name of a file (or ``list``: any list) at whose rename the
        connection is lost; ``breaks_after``: once the rename was done.
    :ivar full: no file can be made.
    :ivar plain: a server without OpenSSH's renaming.
    """

    def __init__(self, root):
        self.root = str(root)
        self.key = paramiko.ECDSAKey.generate()
        self.client_key = None
        self.breaks_at = None
        self.breaks_after = False
        self.full = self.plain = False
        self.logins = 0
        self.transports = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                link, __ = self.listener.accept()
            except OSError:
                return  # closed
            self.logins += 1
            transport = paramiko.Transport(link)
            self.transports.append(transport)
            transport.add_server_key(self.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files)
            with suppress(EOFError, OSError, paramiko.SSHException):
                transport.start_server(server=_Server(self), event=threading.Event())

    def break_off(self):
        for transport in self.transports:
            transport.close()

    def close(self):
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes who waits at it
        self.listener.close()
        self.break_off()
        self.thread.join(5)
