"""A real mail server on loopback, and a company that sends through it."""

import email.policy
import socket
from contextlib import contextmanager
from unittest.mock import patch

from freezegun import freeze_time

from odoo.fields import Command

from odoo.addons.base.models import ir_mail_server

from .common import TODAY, DunningCommon

try:
    from aiosmtpd.controller import Controller
except ImportError:  # Odoo does not need it; ./dev/test has it
    Controller = None


class PostOffice:
    """What the mail server took, and how it is to behave.

    :ivar mails: ``(envelope sender, recipients, message)`` in the order they came.
    :ivar refused: ``{address: answer}``
    :ivar dies_after: so many mails, then it breaks off.
    """

    def __init__(self):
        self.mails = []
        self.refused = {}
        self.dies_after = None

    def addresses(self):
        return [address for __, addresses, __ in self.mails for address in addresses]

    def message_to(self, address):
        """The only message to an address."""
        (message,) = (m for __, addresses, m in self.mails if address in addresses)
        return message

    # === CALLED BY THE SERVER === #

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if len(self.mails) == self.dies_after:
            server.transport.abort()
            return "421 gone"
        message = email.message_from_bytes(
            envelope.content, policy=email.policy.default
        )
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, message))
        return "250 OK"


class SmtpCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._init_mail_gateway()
        cls.port = cls._free_port()
        cls.env["ir.mail_server"].search([]).active = False
        cls.mail_server = cls.env["ir.mail_server"].create(
            {
                "name": "Loopback",
                "smtp_host": "127.0.0.1",
                "smtp_port": cls.port,
                "smtp_encryption": "none",
                "from_filter": f"company.example,{cls.alias_domain}",
            }
        )
        # Odoo sends nothing in tests; this is all that keeps it from the real server
        cls.startClassPatcher(
            patch.object(
                cls.registry["ir.mail_server"], "_disable_send", lambda self: False
            )
        )
        cls.startClassPatcher(patch.object(ir_mail_server, "SMTP_TIMEOUT", 0.5))
        # one letter as small as can be instead of a PDF: printing is tested elsewhere
        cls.startClassPatcher(
            patch.object(
                cls.registry["dunning.notice"],
                "_render_letters",
                lambda self: {n.id: b"%%PDF-1.4 letter %d" % n.id for n in self},
            )
        )

    @staticmethod
    def _free_port():
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            return listener.getsockname()[1]

    @contextmanager
    def _server(self, office):
        """The server runs as long as the block."""
        controller = Controller(office, hostname="127.0.0.1", port=self.port)
        controller.start()
        try:
            yield office
        finally:
            controller.stop()

    @contextmanager
    def _mute_server(self):
        """A server that lets one in and never says a word."""
        with socket.create_server(("127.0.0.1", self.port)):
            yield

    @classmethod
    def _debtors(cls, count, **values):
        """Customers with one overdue item each; one entry for all, as when a company
        takes over its open items."""
        partners = cls.env["res.partner"].create(
            [
                {
                    "name": f"Debtor {number:04}",
                    "is_company": True,
                    "email": f"debtor{number:04}@customer.example",
                    **values,
                }
                for number in range(count)
            ]
        )
        account = cls.company_data["default_account_receivable"].id
        late = cls._days_late(4)
        lines = [
            Command.create(
                {
                    "name": f"OLD-{number:04}",
                    "partner_id": partner.id,
                    "account_id": account,
                    "debit": 100 + number,
                    "date_maturity": late,
                    "no_followup": False,
                }
            )
            for number, partner in enumerate(partners)
        ]
        lines.append(
            Command.create(
                {
                    "name": "Opening",
                    "account_id": cls.company_data["default_account_revenue"].id,
                    "credit": sum(100 + number for number in range(count)),
                }
            )
        )
        cls.env["account.move"].create(
            {"move_type": "entry", "date": TODAY, "line_ids": lines}
        ).action_post()
        return partners

    @staticmethod
    def _days_late(days):
        return TODAY.replace(day=TODAY.day - days)

    # === STEPS === #

    def _issued_to(self, partners):
        """Propose and issue to them, in the background as it is for many."""
        run = self._propose(*partners)
        self.assertEqual(len(run.notice_ids), len(partners), run.skip_counts)
        run.action_approve()
        run._issue_in_background()
        self._cron("ir_cron_issue")
        self.assertEqual(set(run.notice_ids.mapped("state")), {"issued"})
        return run.notice_ids

    def _send(self, when):
        """Both scheduled actions: ours, then that of Odoo's mail queue; ours again."""
        self._cron("ir_cron_deliver", when)
        self._mail_queue(when)
        self._cron("ir_cron_deliver", when)

    def _mail_queue(self, when):
        with freeze_time(when), self.enter_registry_test_mode():
            cron = self.env.ref("mail.ir_cron_mail_scheduler_action")
            cron.sudo().method_direct_trigger()
        self.env.invalidate_all()
