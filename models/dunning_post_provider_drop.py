import os
from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import config

from .post_drop import FolderDrop, Trouble, open_sftp


class DunningPostProvider(models.Model):
    """Mailing houses that take files: from a folder of the server, or over SFTP.

    Each mailing is one PDF per letter, and last a list with the ending ``.csv``: what
    is listed is handed over, what is not listed yet is not. Back come CSV files with
    the status of letters, and scans.
    """

    _inherit = "dunning.post.provider"

    folder_out = fields.Char(
        string="Folder for letters",
        tracking=True,
        help="The mailing house takes the letters from here. Of the server itself: a "
        "full path, e.g. /srv/letters/out.",
    )
    folder_back = fields.Char(
        string="Folder for answers",
        tracking=True,
        help="The mailing house puts status files and scans here. A file is read when "
        "it has not changed for a minute; status files are then moved into the folder "
        "“processed” in it.",
    )
    sftp_host = fields.Char(string="Server", tracking=True)
    sftp_port = fields.Integer(string="Port", default=22)
    sftp_user = fields.Char(string="User name", tracking=True)
    sftp_password = fields.Char(
        string="Password",
        groups="base.group_system",
        copy=False,
        help="Of the user; with a private key, of that key.",
    )
    sftp_key = fields.Text(
        string="Private key",
        groups="base.group_system",
        copy=False,
        help="Ed25519, ECDSA or RSA, in the format of OpenSSH or PEM.",
    )
    sftp_host_key = fields.Char(
        string="Fingerprint of the server",
        tracking=True,
        help="SHA256:… as the mailing house gives it. Letters go to no other server. "
        "Leave it empty and test the connection to see what the server shows.",
    )

    @api.model
    def _selection_kind(self):
        return [*super()._selection_kind(), ("sftp", self.env._("SFTP server"))]

    @api.constrains("kind", "active", "folder_out", "folder_back")
    def _check_folders(self):
        for provider in self.filtered(lambda p: p.active and p._is_drop()):
            out, back = provider.folder_out, provider.folder_back
            if not out or not back:
                raise ValidationError(
                    self.env._("Give the folder for letters and the one for answers.")
                )
            if os.path.normpath(out) == os.path.normpath(back):
                raise ValidationError(
                    self.env._("Letters and answers need a folder each.")
                )
            if provider.kind == "folder":
                provider._check_safe(out)
                provider._check_safe(back)

    def _check_safe(self, folder):
        """Not among Odoo's own files, which it could spoil or give away."""
        if not os.path.isabs(folder):
            raise ValidationError(
                self.env._("“%(folder)s” is not a full path.", folder=folder)
            )
        own = [config["data_dir"], *config["addons_path"], config.root_path]
        # as they are written, and where links lead
        for as_known in (os.path.normpath, os.path.realpath):
            path, places = as_known(folder), map(as_known, own)
            if any(os.path.commonpath([path, one]) in (path, one) for one in places):
                raise ValidationError(
                    self.env._(
                        "“%(folder)s” holds files of Odoo, or lies among them: choose "
                        "a folder of its own.",
                        folder=folder,
                    )
                )

    def _is_drop(self):
        self.ensure_one()
        return self.kind in ("folder", "sftp")

    # === THE INTERFACE === #

    @contextmanager
    def _drop(self):
        """The opened folders, for as long as they are needed."""
        self.ensure_one()
        if self.kind == "folder":
            yield FolderDrop(self.folder_out, self.folder_back)
            return
        mine = self.sudo()  # sudo: used by whoever hands letters over, shown to none
        if not mine.sftp_host or not mine.sftp_user:
            raise Trouble("no_server")
        with open_sftp(
            mine.sftp_host,
            mine.sftp_port or 22,
            mine.sftp_user,
            mine.sftp_host_key,
            mine.folder_out,
            mine.folder_back,
            password=mine.sftp_password,
            key=mine.sftp_key,
        ) as drop:
            yield drop

    def _check_folder(self):
        with self._drop() as drop:
            drop.check()

    _check_sftp = _check_folder

    def _submit_folder(self, mailing, package):
        with self._drop() as drop:
            drop.check()
            for name, content in package.files.items():
                drop.put(name, content)
            # last, and at once: from here on the letters are the mailing house's
            drop.finish(package.name, package.manifest.encode())

    _submit_sftp = _submit_folder

    def _status_folder(self, commit):
        Status = self.env["dunning.post.status"]
        unreadable = []
        with self._drop() as drop:
            for name in drop.status_names():
                try:
                    content = drop.content_of(name)
                except Trouble as trouble:
                    if not trouble.is_of_one_file:
                        raise
                    unreadable.append(trouble)
                    continue
                if content is None:
                    continue  # taken away meanwhile
                Status._take_in(self.company_id, name, content, self)
                going_on = commit(1)
                # kept by us and committed: only now may it go
                drop.put_away(name, content)
                if not going_on:
                    return
        if unreadable:
            raise unreadable[0]

    _status_sftp = _status_folder

    def _proof_folder(self, names):
        with self._drop() as drop:
            found = {name: self._read_scan(drop, name) for name in names}
        return {name: content for name, content in found.items() if content}

    def _read_scan(self, drop, name):
        """The scan, or ``None``; empty where it can never be read."""
        try:
            return drop.content_of(name, still=True)
        except Trouble as trouble:
            if not trouble.is_of_one_file:
                raise
            return str(trouble).encode()  # not a scan: said on the delivery

    _proof_sftp = _proof_folder

    def _was_handed_over_folder(self, mailing):
        """The list lies there: it arrived. If not, the house may have taken it."""
        try:
            with self._drop() as drop:
                return drop.has(f"{mailing.name}.csv") or None
        except Trouble:
            return None

    _was_handed_over_sftp = _was_handed_over_folder

    def _trouble_words(self, detail):
        return {
            **super()._trouble_words(detail),
            "no_library": self.env._(
                "Letters by SFTP need the Python package paramiko on the server: "
                "install it (pip install paramiko) and restart Odoo, or choose a "
                "folder."
            ),
            "no_server": self.env._("Give the server and the user name."),
            "no_folder": self.env._("There is no folder “%(path)s”.", path=detail),
            "not_writable": self.env._(
                "Odoo may not read and write in the folder “%(path)s”.", path=detail
            ),
            "unreachable": self.env._(
                "The server cannot be reached: %(reason)s", reason=detail
            ),
            "unknown_server": self.env._(
                "The server shows the fingerprint %(fingerprint)s. Compare it with "
                "what the mailing house says; if it is the same, enter it as the "
                "fingerprint of the server.",
                fingerprint=detail,
            ),
            "other_server": self.env._(
                "The server shows another fingerprint than the one entered: "
                "%(fingerprint)s. Nothing was sent. Ask the mailing house whether it "
                "has changed its key.",
                fingerprint=detail,
            ),
            "login": self.env._(
                "The server refuses the user: %(reason)s", reason=detail
            ),
            "bad_key": self.env._(
                "The private key cannot be read: it is of no known kind, or its "
                "password is wrong."
            ),
            "name": self.env._("“%(name)s” is no name of a file.", name=detail),
            "unreadable": self.env._(
                "“%(name)s” in the folder for answers cannot be read: give Odoo the "
                "right to, or take it away. The other files are not held up by it.",
                name=detail,
            ),
            "too_large": self.env._(
                "“%(name)s” is larger than 20 MB: it is not read. Take it out of the "
                "folder for answers. The other files are not held up by it.",
                name=detail,
            ),
            "io": self.env._(
                "A file could not be written or read: %(reason)s", reason=detail
            ),
        }
