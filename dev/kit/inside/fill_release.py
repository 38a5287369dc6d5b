"""Records of every model and state, made by a released addon, for the test of upgrades.

fill_release.py DATABASE

Written against 19.0.1.0.0 and runs with every release since: what a later release adds
is made where it has it. Time is what the harness sets it to: a Monday, nine o'clock.
"""

import sys
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import Mock, patch

import company
from build_demo import _load_demo_files
from freezegun import freeze_time
from session import environment

from odoo.fields import Command, Date, Datetime

from odoo.addons.base.models.ir_mail_server import IrMail_Server

MODULE = "account_dunning"
#: as 19.0.1.0.0 kept it
_STACK_TRACE = """\
Failed to render QWeb template: <p/>

Traceback (most recent call last):
  File "ir_qweb.py", line 756, in _render_iterall
AttributeError: no such field

The above exception was the direct cause of the following exception:

odoo.QWebError: Error while rendering the template:
    AttributeError: no such field
    Template: 1
"""
COLLECTOR = "account_dunning.group_account_dunning_user"
ADDRESS = {"street": "1 Sample Street", "zip": "10001", "city": "Sample Town"}


def main(database: str) -> None:
    with environment(database) as env:
        _set_up_company(env)
        _load_demo_files(env, [MODULE])
        Filler(env).fill()
        env.flush_all()


def _set_up_company(env):
    main_company = env.ref("base.main_company")
    # in account itself: nothing has to be installed for it
    chart = env["account.chart.template"]
    chart.try_loading("generic_coa", main_company, install_demo=False)
    main_company.write(company.ADDRESS)


@contextmanager
def _on(day):
    with freeze_time(f"{day} 09:00:00", tick=True):
        yield


@contextmanager
def _mail_server():
    """One that takes every mail, and sends none."""
    with (
        patch.object(IrMail_Server, "_connect__", return_value=Mock()),
        patch.object(
            IrMail_Server,
            "send_email",
            lambda self, message, *args, **kwargs: message["Message-Id"],
        ),
    ):
        yield


class Filler:
    def __init__(self, env):
        main_company = env.ref("base.main_company")
        context = dict(env.context, allowed_company_ids=main_company.ids)
        self.env = env(context=context)
        self.company = main_company.with_env(self.env)
        self.today = Date.context_today(main_company)
        self.collector = self._user("collector", COLLECTOR)
        self.caller = self.env(user=self.collector)

    def fill(self):
        self._settings()
        self._customers()
        with _on(self.today - timedelta(days=3)):  # a Friday
            self._deliver(self._issued(self._propose(14)))  # done at once
            self._finished_run()
        with _on(self.today):
            self._runs_under_way()
            self._holds()
            self._calls()
            self._replies()
            self._statements()
            self.env["credit.profile"].search([])._refresh_figures()

    def _user(self, login, *groups):
        return self.env["res.users"].create(
            {
                "name": login.title(),
                "login": login,
                "email": f"{login}@company.example",
                "group_ids": [
                    Command.link(self.env.ref(name).id)
                    for name in ("base.group_user", *groups)
                ],
                "company_id": self.company.id,
                "company_ids": [Command.set(self.company.ids)],
            }
        )

    # --- what a user has set ------------------------------------------------------

    def _settings(self):
        """Everything a user may edit that came with the addon, edited."""
        ref = self.env.ref
        self.company.write(
            {
                "dunning_baseline_date": self.today - timedelta(days=4),
                "dunning_bank_max_age": 0,
                "dunning_user_id": self.collector.id,
                "dunning_send_from": 7.5,
                "dunning_send_to": 19.0,
                "dunning_address_position": "left",
                "dunning_auto_send": True,
                "dunning_daily_limit": 500,
                "dunning_daily_limit_until": self.today + timedelta(days=90),
                "dunning_golive_done_on": self.today - timedelta(days=10),
            }
        )
        first = ref("account_dunning.dunning_level_standard_first")
        french = first.with_context(lang="fr_FR")
        french.letter_title = "Titre corrigé par nos soins"
        french.letter_body = "<p>Texte corrigé par nos soins.</p>"
        first.letter_title = "Title of our own"
        first.days = first.days + 1
        mail = first.mail_template_id
        mail.with_context(lang="fr_FR").subject = "Objet corrigé {{ object.name }}"
        mail.subject = "Subject of our own {{ object.name }}"
        ref("account_dunning.ir_cron_propose").write(
            {"interval_number": 3, "active": False}
        )
        ref("account_dunning.ir_cron_deliver").interval_number = 20
        ref("account_dunning.sequence_dunning_notice").prefix = "R/%(range_year)s/"
        rules = self.env["credit.priority.rule"].search([], order="id")
        rules[0].points = 77
        rules[1].active = False
        rules[2].copy({"company_id": self.company.id, "points": -5})
        # core's own: a limit for one customer, and the switch that makes it count
        self.company.account_use_credit_limit = True
        self.env["res.partner"].create(
            {"name": "Limited", "is_company": True, "credit_limit": 5000.0}
        )
        self.policy = self._own_policy(mail)
        self._own_policy(mail).write({"name": "Given up", "active": False})

    def _own_policy(self, mail):
        steps = [
            ("Courtesy", -5, "courtesy", "email"),
            ("First", 3, "friendly", "email"),
            ("Second", 15, "firm", "letter"),
            ("Third", 25, "final", "call"),
            ("Formal", 45, "formal", "letter"),
        ]
        policy = self.env["dunning.policy"].create(
            {
                "name": "Own policy",
                "mode": "automatic",
                "start_rule": "age",
                "gap_days": 4,
                "min_amount": 12.5,
                "min_share": 10.0,
                "level_ids": [
                    Command.create(
                        {
                            "name": name,
                            "days": days,
                            "tone": tone,
                            "channel_1": channel,
                            "channel_2": "letter" if channel == "email" else "email",
                            "mail_template_id": mail.id,
                            "deadline_days": 11,
                            "attach_invoices": tone == "firm",
                            "approval": "manager" if tone == "formal" else "collector",
                            "letter_title": f"{name}: please pay",
                            "letter_body": "<p>Pay <t t-out='object.amount_due'/>.</p>",
                            "letter_closing": "<p>Thank you.</p>",
                            "call_script": "Say hello",
                        }
                    )
                    for name, days, tone, channel in steps
                ],
            }
        )
        policy.with_context(lang="fr_FR").name = "Notre scénario"
        policy.level_ids[1].with_context(lang="fr_FR").letter_title = "À payer"
        return policy

    # --- customers and their debts ------------------------------------------------

    def _customers(self):
        self.profiles = {}
        for number, late in enumerate(
            (8, 8, 20, 20, 30, 8, 20, 5, 50, 5, 5, 5, 16, 5, 8, 5, 5)
        ):
            partner = self.env["res.partner"].create(
                {
                    "name": f"Customer {number:02}",
                    "ref": f"C{number:02}",
                    "is_company": number % 5 != 4,
                    "email": f"customer.{number:02}@customers.example",
                    "phone": f"+33 1 99 00 00 {number:02}",
                    "lang": "fr_FR" if number % 2 else "en_US",
                    **ADDRESS,
                }
            )
            self._invoice(partner, 100 + number, late)
            self._invoice(partner, 50 + number, late - 20)
            profile = self.env["credit.profile"]._for_partners(partner, self.company)
            profile.write({"policy_id": self.policy.id, "user_id": self.collector.id})
            self.profiles[number] = profile

    def _invoice(self, partner, amount, late):
        due = self.today - timedelta(days=late)
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": due - timedelta(days=30),
                "invoice_date_due": due,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Work", "price_unit": amount, "tax_ids": []}
                    )
                ],
            }
        )
        move.action_post()
        return move

    def _some(self, *numbers):
        found = self.env["credit.profile"]
        return found.union(*(self.profiles[number] for number in numbers))

    def _items(self, number):
        return self.profiles[number].move_line_ids

    # --- runs ---------------------------------------------------------------------

    def _propose(self, *numbers):
        Run = self.env["dunning.run"]
        day = Date.context_today(Run)
        return Run._propose_run(self.company, day, self._some(*numbers))

    def _issued(self, run):
        run.action_approve()
        run.action_issue()
        return run

    def _deliver(self, run):
        run.action_send()
        with _mail_server():
            self.env["mail.mail"].search([("state", "=", "outgoing")]).send()
        self.env["dunning.delivery"]._sweep(Datetime.now())

    def _finished_run(self):
        """Notices issued and cancelled, and deliveries in every state."""
        run = self._propose(0, 1, 2, 3, 4, 5, 6, 8)
        notices = {notice.profile_id: notice for notice in run.notice_ids}
        notices[self.profiles[5]].action_exclude("Talks with the director")
        self._deliver(self._issued(run))
        by_number = {
            number: notices[profile].delivery_ids
            for number, profile in self.profiles.items()
            if profile in notices
        }
        letters = by_number[2] | by_number[3] | by_number[6]
        letters.printed_at = Datetime.now()
        (by_number[2] | by_number[3]).action_mark_posted()
        by_number[3].action_mark_returned()  # the next channel follows: queued
        by_number[6].tracking_number = "RR 123 456 789"
        by_number[0].state = "delivered"
        by_number[1]._fail("550 unknown mailbox", faulty=True)
        by_number[1].notice_id.delivery_ids.filtered(
            lambda d: d.state == "queued"
        )._cancel("The letter was withdrawn")

    def _runs_under_way(self):
        Run = self.env["dunning.run"]
        waiting = self._propose(7, 9, 10, 11)
        notices = {notice.profile_id: notice for notice in waiting.notice_ids}
        notices[self.profiles[7]]._set_own_text(
            "<p>Dear friend</p>", "Own subject", "<p>Own e-mail [[INVOICES]]</p>"
        )
        notices[self.profiles[9]].action_approve()
        notices[self.profiles[9]].error = "The text could not be rendered"
        notices[self.profiles[10]]._change_channel("letter")
        notices[self.profiles[10]].error = _STACK_TRACE
        approved = self._propose(12)
        approved.action_approve()
        approved.write({"issue_requested": True})
        given_up = self._propose(13)
        given_up.action_cancel()
        self._merge(15, into=16)
        # broken off before the first customer, and one that only looked
        Run._start(self.company, self.today, self._some(13))
        Run._propose_run(self.company, self.today - timedelta(days=2), scheduled=True)

    def _merge(self, source, into):
        """Merge customers; the proposal of the one that goes is cancelled."""
        self._propose(source)
        # what core does after a commit needs the customers that go
        self.env.cr.commit()
        partners = [self.profiles[number].partner_id for number in (source, into)]
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge([partner.id for partner in partners], partners[1])
        del self.profiles[source]

    # --- what collectors do -------------------------------------------------------

    def _holds(self):
        day = self.today
        values = [
            ("Waits for the goods", "manual", day, None, 5),
            ("Ended", "manual", day - timedelta(days=20), day - timedelta(days=5), 6),
            ("To come", "manual", day + timedelta(days=5), None, 6),
            ("Promised", "promise", day, day + timedelta(days=9), 8),
            ("Wrong price", "dispute", day, None, 9),
        ]
        for reason, kind, start, end, number in values:
            items = self._items(number)[:1] if kind == "dispute" else []
            self.caller["dunning.hold"].create(
                {
                    "profile_id": self.profiles[number].id,
                    "kind": kind,
                    "reason": reason,
                    "date_from": start,
                    "date_to": end,
                    "move_line_ids": [Command.set(items.ids if items else [])],
                }
            )
        self.caller["dunning.hold"].create(
            {"profile_id": self.profiles[13].id, "reason": "By mistake"}
        ).action_end()

    def _calls(self):
        day = self.today
        values = [
            {"outcome": "promised", "promised_date": day + timedelta(days=4)},
            {"outcome": "disputed"},
            {"outcome": "no_answer"},
            {"outcome": "wrong_contact"},
            {"outcome": "copy"},
            {"outcome": "other", "note": "Calls back"},
        ]
        for number, call in enumerate(values):
            items = self._items(number)[:1]
            self.caller["dunning.call"].create(
                {
                    "profile_id": self.profiles[number].id,
                    "move_line_ids": [Command.set(items.ids)],
                    **call,
                }
            )

    def _replies(self):
        for number in (0, 1):
            self.profiles[number].message_post(
                body="We have paid",
                message_type="email",
                author_id=self.profiles[number].partner_id.id,
                subtype_xmlid="mail.mt_comment",
            )
        self.profiles[1].with_env(self.caller).action_mark_read()

    def _statements(self):
        Statement = self.env["credit.statement"]
        self._some(0, 2)._send_statement()
        with _mail_server():
            self.env["mail.mail"].search([("state", "=", "outgoing")]).send()
        start = self.today - timedelta(days=60)
        period = (self.today, "activity", start)
        drafts = Statement._drafts(self._some(3, 4, 6), *period)
        made = Statement._make(drafts, "queued", *period)
        made[1].action_cancel()
        Statement._make(drafts, "printed", *period)


if __name__ == "__main__":
    main(*sys.argv[1:])
