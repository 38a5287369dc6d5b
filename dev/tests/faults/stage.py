"""A small ledger to break things on: customers who are due a reminder, and policies
that need no person, so that the scheduled actions go from the items to the e-mails.

usage: stage.py DATABASE CUSTOMERS [COMPANIES]
"""

import sys
from datetime import timedelta

from session import environment

from odoo import fields
from odoo.fields import Command


def main(database: str, customers: str, companies: str = "1") -> None:
    with environment(database) as env:
        env["ir.cron"].search([]).active = False
        env["ir.mail_server"].search([]).active = False
        # nothing in a letter moves: no need to wait for it
        env["ir.config_parameter"].set_param("report.print_delay", "1")
        ours = env["ir.model.data"].search(
            [("module", "=", "account_dunning"), ("model", "=", "ir.cron")]
        )
        env["ir.cron"].browse(ours.mapped("res_id")).active = True
        policy = _policy(env)
        main_company = env.ref("base.main_company")
        for number in range(int(companies)):
            company = main_company
            if number:
                company = env["res.company"].create({"name": f"Company {number}"})
                env.user.company_ids |= company
            _company(env, company, policy)
            _customers(env, company, int(customers), f"c{number}")
            _usual_runs(env, company, policy, int(customers))


def _company(env, company, policy):
    chart = env["account.chart.template"]
    chart.try_loading("generic_coa", company, install_demo=False)
    company.write(
        {
            "email": "credit@company.example",
            "dunning_policy_id": policy.id,
            "dunning_consumer_policy_id": policy.id,
            "dunning_user_id": env.ref("base.user_admin").id,
            "dunning_auto_send": True,
            "dunning_send_from": 0,
            "dunning_send_to": 24,
        }
    )


def _policy(env):
    template = env["mail.template"].create(
        {
            "name": "Reminder",
            "model_id": env["ir.model"]._get_id("dunning.notice"),
            "subject": "Reminder {{ object.name }}",
            "body_html": "<p>Please pay <t t-out='object.amount_due'/>.</p>",
        }
    )
    level = {
        "name": "First",
        "days": 3,
        "tone": "friendly",
        "channel_1": "email",
        "channel_2": "letter",
        "mail_template_id": template.id,
        "letter_title": "Reminder",
        "letter_body": "<p>Please pay.</p>",
        "letter_closing": "<p>Thank you.</p>",
    }
    return env["dunning.policy"].create(
        {"name": "Faults", "mode": "automatic", "level_ids": [Command.create(level)]}
    )


def _customers(env, company, count, prefix):
    """The last but one can only be written to, the last one cannot be reached."""
    partners = env["res.partner"].create(
        [
            {
                "name": f"{prefix} customer {number}",
                "is_company": True,
                "email": f"{prefix}.{number}@customer.example",
                "street": "1 Example Street",
                "city": "Example",
                "country_id": env.ref("base.us").id,
            }
            for number in range(count)
        ]
    )
    partners[-2:].email = False
    partners[-1:].write({"street": False, "city": False, "country_id": False})
    today = fields.Date.today()
    moves = (
        env["account.move"]
        .with_company(company)
        .create(
            [
                {
                    "move_type": "out_invoice",
                    "company_id": company.id,
                    "partner_id": partner.id,
                    "invoice_date": today - timedelta(days=40),
                    "invoice_date_due": today - timedelta(days=10),
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Work", "price_unit": 100 + number, "tax_ids": []}
                        )
                    ],
                }
                for number, partner in enumerate(partners)
            ]
        )
    )
    moves.action_post()
    # as if posted before the addon was there: making profiles is left to the job
    env["credit.profile"].search([("partner_id", "in", partners.ids)]).unlink()


def _usual_runs(env, company, policy, size):
    """Runs of the days before, so that today's is nothing unusual."""
    partners = env["res.partner"].create(
        [{"name": f"Earlier customer {number}"} for number in range(size)]
    )
    profiles = env["credit.profile"]._for_partners(partners, company)
    for number in range(1, 4):
        day = fields.Date.today() - timedelta(days=number)
        notice = {
            "company_id": company.id,
            "policy_id": policy.id,
            "level_id": policy.level_ids.id,
            "date": day,
            "state": "cancelled",
            # withdrawn; it counts as usual all the same
            "issued_at": fields.Datetime.to_datetime(day),
        }
        env["dunning.run"].create(
            {
                "company_id": company.id,
                "date": day,
                "kind": "scheduled",
                "state": "done",
                "notice_ids": [
                    Command.create(dict(notice, profile_id=profile.id))
                    for profile in profiles
                ],
            }
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
