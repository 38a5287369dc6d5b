from datetime import datetime

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, html2plaintext

TIMELINE_LIMIT = 50
EXCERPT = 200  # characters of a message shown


class CreditProfile(models.Model):
    """What happened with a customer, newest first: told, called, promised, paid."""

    _inherit = "credit.profile"

    def get_timeline(self, kind="all", limit=TIMELINE_LIMIT):
        """The newest entries of one kind.

        Each kind of record costs one query, whatever there is.

        :param kind: ``all``, ``messages``, ``calls`` or ``payments``.
        :return: dict of ``entries`` (list of dicts), ``more`` (whether there are older
            ones), ``limit`` and ``kind``. Days are the user's; what is known to the day
            only comes last on it.
        """
        self.ensure_one()
        self.check_access("read")
        limit = min(max(int(limit), 1), 1000)
        sources = self._timeline_sources()
        kind = kind if kind in sources else "all"
        entries = []
        for source in sources[kind]:
            entries += source(limit + 1)
        entries.sort(key=lambda entry: (entry["day"], entry["time"]), reverse=True)
        return {
            "entries": entries[:limit],
            "more": len(entries) > limit,
            "limit": limit,
            "kind": kind,
        }

    def _timeline_sources(self):
        """Where entries come from, by kind. Extend for further records.

        :return: ``{kind: list of functions(limit) -> entries}``.
        """
        messages = [
            # of the same second the later stands first
            self._timeline_messages,
            self._timeline_deliveries,
            self._timeline_notices,
        ]
        calls = [self._timeline_calls]
        payments = [self._timeline_money]
        return {
            "all": messages + calls + payments + [self._timeline_holds],
            "messages": messages,
            "calls": calls,
            "payments": payments,
        }

    # === SOURCES === #

    def _timeline_notices(self, limit):
        notices = self.env["dunning.notice"].search(
            [("profile_id", "=", self.id), ("issued_at", "!=", False)],
            order="issued_at desc, id desc",
            limit=limit,
        )
        return [
            self._timeline_entry(
                notice,
                "notice",
                notice.issued_at,
                self.env._(
                    "“%(level)s” issued: %(number)s",
                    level=notice.level_id.name,
                    number=notice.name,
                ),
                text=notice.cancel_reason or "",
                state=self._state_chip(notice, "state", {"cancelled": "warning"})
                if notice.state == "cancelled"
                else None,
                amount=notice.amount_due,
            )
            for notice in notices
        ]

    def _timeline_deliveries(self, limit):
        deliveries = self.env["dunning.delivery"].search(
            [("profile_id", "=", self.id)], order="create_date desc", limit=limit
        )
        channels = self._labels(deliveries, "channel")
        colours = {
            "sent": "success",
            "delivered": "success",
            "failed": "danger",
            "returned": "danger",
            "cancelled": "warning",
        }
        return [
            self._timeline_entry(
                delivery,
                f"delivery_{delivery.channel}",
                delivery.sent_at or delivery.create_date,
                self.env._(
                    "%(number)s · %(channel)s to %(address)s",
                    number=delivery.notice_id.name,
                    channel=channels[delivery.channel],
                    address=delivery.target or delivery.contact_id.display_name,
                ),
                text=delivery.error or "",
                state=self._state_chip(delivery, "state", colours),
                link=delivery.notice_id,
            )
            for delivery in deliveries
        ]

    def _timeline_messages(self, limit):
        """E-mails, comments and replies; what a delivery sent stands there already."""
        sent = self.env["dunning.delivery"]._search(
            [("profile_id", "=", self.id), ("mail_message_id", "!=", False)]
        )
        messages = self.env["mail.message"].search(
            Domain("model", "=", self._name)
            & Domain("res_id", "=", self.id)
            & Domain("message_type", "in", ("email", "comment", "email_outgoing"))
            & Domain("id", "not in", sent.subselect("mail_message_id")),
            order="date desc, id desc",
            limit=limit,
        )
        note = self.env.ref("mail.mt_note")
        entries = []
        for message in messages:
            author = message.author_id.display_name or message.email_from or ""
            if self._is_reply(message):
                kind, title = "reply", self.env._("Reply of %(name)s", name=author)
            elif message.subtype_id == note and not message.partner_ids:
                kind, title = "note", self.env._("Note of %(name)s", name=author)
            else:
                kind, title = "message", self.env._("Message of %(name)s", name=author)
            body = " ".join(html2plaintext(message.body or "").split())
            parts = [message.subject or "", body[:EXCERPT]]
            text = " · ".join(part for part in parts if part)
            entries.append(
                self._timeline_entry(
                    message, kind, message.date, title, text=text, link=self.browse()
                )
            )
        return entries

    def _timeline_calls(self, limit):
        calls = self.env["dunning.call"].search(
            [("profile_id", "=", self.id)], order="date desc, id desc", limit=limit
        )
        colours = {
            "promised": "success",
            "disputed": "danger",
            "no_answer": "warning",
            "wrong_contact": "warning",
        }
        return [
            self._timeline_entry(
                call,
                "call",
                call.date,
                self.env._("Call by %(name)s", name=call.user_id.name),
                text=call._summary(),
                state=self._state_chip(call, "outcome", colours),
            )
            for call in calls
        ]

    def _timeline_money(self, limit):
        titles = {
            "payment": self.env._("Payment %(number)s"),
            "credit_note": self.env._("Credit note %(number)s"),
        }
        rows = self.env.execute_query_dict(
            SQL(
                "SELECT * FROM (%s) money ORDER BY date DESC, res_id DESC LIMIT %s",
                self._money_sql(),
                limit,
            )
        )
        return [
            {
                "key": f"{row['model']},{row['res_id']},{number}",
                "kind": row["kind"],
                "day": fields.Date.to_string(row["date"]),
                "time": "",
                "title": titles[row["kind"]] % {"number": row["name"] or ""},
                "text": "",
                "amount": float(row["amount"]),
                "currency_id": self.currency_id.id,
                "state": None,
                "link": {"model": row["model"], "id": row["res_id"]},
            }
            for number, row in enumerate(rows)
        ]

    def _timeline_holds(self, limit):
        """Pauses begun, and those that have ended."""
        today = self.company_id.sudo()._dunning_today()
        holds = self.env["dunning.hold"].search(
            [("profile_id", "=", self.id)], order="date_from desc, id desc", limit=limit
        )
        entries = []
        for hold in holds:
            entries.append(
                self._timeline_entry(
                    hold,
                    "hold",
                    hold.date_from,
                    self.env._("Dunning paused"),
                    text=hold._sentence(),
                )
            )
            ended = hold.ended_on or hold.date_to
            if ended and (hold.ended_on or ended < today):
                entries.append(
                    self._timeline_entry(
                        hold,
                        "hold_ended",
                        ended,
                        self.env._("Pause ended"),
                        text=hold.reason,
                    )
                )
        return entries

    # === HELPERS === #

    def _timeline_entry(
        self, record, kind, when, title, text="", state=None, amount=None, link=None
    ):
        """One entry; ``when`` is a date, or naive UTC."""
        link = record if link is None else link
        if isinstance(when, datetime):
            local = fields.Datetime.context_timestamp(self, when)
            day, clock = local.date(), local.strftime("%H:%M:%S")
        else:
            day, clock = when, ""
        return {
            "key": f"{record._name},{record.id},{kind}",
            "kind": kind,
            "day": fields.Date.to_string(day),
            "time": clock,
            "title": title,
            "text": text,
            "amount": amount,
            "currency_id": self.currency_id.id,
            "state": state,
            "link": {"model": link._name, "id": link.id} if link else None,
        }

    @api.model
    def _labels(self, records, name):
        return dict(records._fields[name]._description_selection(self.env))

    def _state_chip(self, record, name, colours):
        return {
            "label": self._labels(record, name)[record[name]],
            "colour": colours.get(record[name], "secondary"),
        }
