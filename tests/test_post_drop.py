"""The folders files are exchanged through: of this server, and over real SFTP."""

import io
import os
import socket
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import paramiko

from odoo.tests import BaseCase, tagged

from ..models import post_drop
from ..models.post_drop import FolderDrop, Trouble, Uncertain, open_sftp
from .sftp_server import PASSWORD, USER, SftpServer


class DropCase(BaseCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.out, self.back = self.root / "out", self.root / "back"
        self.out.mkdir()
        self.back.mkdir()

    def assertTrouble(self, kind, function, *args):
        with self.assertRaises(Trouble) as caught:
            function(*args)
        self.assertEqual(caught.exception.kind, kind, caught.exception)

    def _put_back(self, name, content, age=3600):
        """A file of the mailing house, written so many seconds ago."""
        path = self.back / name
        path.write_bytes(content)
        os.utime(path, (time.time() - age,) * 2)

    # what both kinds of folders promise

    def _check_files(self, drop):
        drop.check()
        drop.put("a.pdf", b"one")
        drop.put("a.pdf", b"two")
        drop.finish("list.csv", b"a")
        self.assertEqual((self.out / "a.pdf").read_bytes(), b"two")
        self.assertEqual(
            sorted(os.listdir(self.out)), ["a.pdf", "list.csv"], "nothing half done"
        )
        self.assertTrue(drop.has("list.csv"))
        self.assertFalse(drop.has("other.csv"))
        for name in ("b.csv", "A.CSV", ".c.csv", "scan.pdf"):
            self._put_back(name, name.encode())
        (self.back / "folder.csv").mkdir()
        self._put_back("half written.csv", b"x", age=5)
        self.assertEqual(drop.status_names(), ["A.CSV", "b.csv"])
        self.assertEqual(drop.content_of("b.csv"), b"b.csv")
        self.assertIsNone(drop.content_of("none.csv"))
        self.assertEqual(drop.content_of("b.csv", still=True), b"b.csv")
        self.assertIsNone(drop.content_of("half written.csv", still=True))
        drop.put_away("b.csv", b"what it said before")
        self.assertEqual(drop.status_names(), ["A.CSV", "b.csv"], "read again")
        drop.put_away("b.csv", b"b.csv")
        drop.put_away("b.csv", b"b.csv")  # taken away meanwhile
        self.assertEqual(drop.status_names(), ["A.CSV"])
        self.assertEqual((self.back / "processed/b.csv").read_bytes(), b"b.csv")
        self._put_back("b.csv", b"again")
        drop.put_away("b.csv", b"again")
        self.assertEqual((self.back / "processed/b.csv").read_bytes(), b"again")
        for name in ("../list.csv", "/etc/passwd", "", ".hidden", "x/y"):
            self.assertTrouble("name", drop.content_of, name)
            self.assertTrouble("name", drop.put, name, b"")
        with patch.object(post_drop, "LARGEST", 3):
            self.assertTrouble("too_large", drop.content_of, "A.CSV")


@tagged("post_install", "-at_install")
class TestFolderDrop(DropCase):
    def test_files(self):
        self._check_files(FolderDrop(str(self.out), str(self.back)))

    def test_what_is_missing_is_said(self):
        drop = FolderDrop(str(self.out), str(self.root / "none"))
        self.assertTrouble("no_folder", drop.check)
        self.assertTrouble("no_folder", drop.status_names)
        gone = FolderDrop(str(self.root / "none"), str(self.back))
        self.assertTrouble("io", gone.put, "a.pdf", b"")

    def test_a_link_leads_nowhere(self):
        secret = self.root / "secret"
        secret.write_bytes(b"not for them")
        (self.back / "link.csv").symlink_to(secret)
        drop = FolderDrop(str(self.out), str(self.back))
        self.assertEqual(drop.status_names(), [])
        self.assertTrouble("unreadable", drop.content_of, "link.csv")

    def test_what_breaks_off_leaves_nothing_half_done(self):
        drop = FolderDrop(str(self.out), str(self.back))
        with patch("os.replace", side_effect=OSError("disk full")):
            self.assertTrouble("io", drop.put, "a.pdf", b"one")
        self.assertEqual(os.listdir(self.out), [])


@tagged("post_install", "-at_install")
class TestSftpDrop(DropCase):
    def setUp(self):
        super().setUp()
        self.server = SftpServer(self.root)
        self.addCleanup(self.server.close)
        self.known = post_drop.fingerprint(self.server.key)

    def _open(self, **values):
        settings = {
            "host": "127.0.0.1",
            "port": self.server.port,
            "user": USER,
            "known": self.known,
            "out": "/out/",
            "back": "/back",
            "password": PASSWORD,
            **values,
        }
        return open_sftp(**settings)

    def _enter(self, **values):
        with self._open(**values) as drop:
            drop.check()

    def test_files(self):
        with self._open() as drop:
            self._check_files(drop)

    def test_files_on_a_server_that_cannot_replace(self):
        self.server.plain = True
        with self._open() as drop:
            self._check_files(drop)

    def test_private_key(self):
        for kind, made in (
            ("ecdsa", paramiko.ECDSAKey.generate()),
            ("rsa", paramiko.RSAKey.generate(2048)),
        ):
            with self.subTest(kind=kind):
                self.server.client_key = made
                text = io.StringIO()
                made.write_private_key(text, password="secret")
                self._enter(key=text.getvalue(), password="secret")
                self.assertTrouble(
                    "bad_key",
                    lambda text=text: self._enter(
                        key=text.getvalue(), password="wrong"
                    ),
                )
        self.assertTrouble("bad_key", lambda: self._enter(key="nonsense"))

    def test_nothing_is_told_to_a_server_that_is_not_known(self):
        with self.assertRaises(Trouble) as caught:
            self._enter(known="")
        self.assertEqual(caught.exception.kind, "unknown_server")
        self.assertEqual(caught.exception.detail, self.known)
        with patch.object(paramiko.Transport, "auth_password") as login:
            self.assertTrouble(
                "other_server", lambda: self._enter(known="SHA256:other")
            )
        login.assert_not_called()

    def test_wrong_password(self):
        self.assertTrouble("login", lambda: self._enter(password="wrong"))

    def test_missing_folder(self):
        self.assertTrouble("no_folder", lambda: self._enter(out="/none"))

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.assertTrouble("unreachable", lambda: self._enter(port=port))

    def test_without_the_library(self):
        with patch.object(post_drop, "paramiko", None):
            self.assertTrouble("no_library", self._enter)

    def test_a_full_server_is_certain(self):
        self.server.full = True
        with self._open() as drop:
            self.assertTrouble("io", drop.finish, "list.csv", b"a")

    def test_lost_while_a_letter_is_put_is_certain(self):
        self.server.breaks_at = "a.pdf"
        with self._open() as drop:
            self.assertTrouble("io", drop.put, "a.pdf", b"one")

    def test_lost_at_the_last_step_is_uncertain(self):
        for after in (False, True):
            with self.subTest(after=after):
                self.server.breaks_at = "list"
                self.server.breaks_after = after
                with self._open() as drop, self.assertRaises(Uncertain):
                    drop.finish("list.csv", b"a")
                self.assertEqual((self.out / "list.csv").exists(), after)
