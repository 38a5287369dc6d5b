"""Some work on top of the demo data, so that the screens have something to show.

A call with a promise, a bounce, a reply, a pause that ran out, bank statements,
interest that was invoiced and waived, and a proposal that waits for approval. Done
once; a second start finds it.
"""

import sys
from datetime import date, timedelta

import stage_late
from session import environment

from odoo.fields import Command


def main(database: str, day: date) -> None:
    with environment(database) as env:
        company = env.ref("base.main_company")
        env = env(context=dict(env.context, allowed_company_ids=company.ids))
        if env["dunning.call"].search_count([], limit=1):
            return
        _bank(env, company, day)
        _bounce(env, "Boulangerie")
        _promise(env, "Café des Arts", day)
        _reply(env, "Hôtel du Parc")
        _ended_pause(env, "Northgate", day)
        _proposal(env, company, day)
        _interest(env, company, day)
        stage_late.stage(env, company, day)
        env["credit.profile"].action_refresh_worklist()
        env.cr.commit()


def _profile(env, name):
    profile = env["credit.profile"].search([("partner_id.name", "ilike", name)])
    profile.ensure_one()
    return profile


def _bank(env, company, day):
    journal = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
    )
    env["account.bank.statement.line"].create(
        [
            {
                "journal_id": journal.id,
                "date": day - timedelta(days=days),
                "payment_ref": "VIR",
                "amount": amount,
            }
            for days, amount in ((4, 240), (1, 1250.5), (1, 89.9))
        ]
    )


def _bounce(env, name):
    deliveries = env["dunning.delivery"].search(
        [("profile_id", "=", _profile(env, name).id), ("channel", "=", "email")]
    )
    deliveries._fail("550 5.1.1 mailbox unavailable", faulty=True)


def _promise(env, name, day):
    env["dunning.call"].create(
        {
            "profile_id": _profile(env, name).id,
            "outcome": "promised",
            "promised_date": day + timedelta(days=6),
            "note": "Pays with the receipts of the weekend.",
        }
    )


def _reply(env, name):
    profile = _profile(env, name)
    contact = profile.partner_id
    profile.message_post(
        body="We have not received invoice 8. Could you send it again?",
        subject="Re: reminder",
        message_type="email",
        author_id=contact.id,
        email_from=contact.email_formatted,
        subtype_xmlid="mail.mt_comment",
    )


def _ended_pause(env, name, day):
    env["dunning.hold"].create(
        {
            "profile_id": _profile(env, name).id,
            "reason": "Waits for the transfer",
            "date_from": day - timedelta(days=9),
            "date_to": day - timedelta(days=1),
        }
    )


def _interest(env, company, day):
    """Memos of all customers; the dearest was invoiced and half paid, another waived
    in part."""
    env["credit.profile"].search([("company_id", "=", company.id)])._refresh_late(day)
    memos = env["late.charge"].search([("open_amount", ">", 0)], order="accrued desc")
    if not memos:
        return
    dearest = memos.filtered(lambda memo: memo.profile_id == memos[0].profile_id)
    other = (memos - dearest)[:1]
    for memo in other:
        half = memo.currency_id.round(memo.open_amount / 2)
        memo._waive({memo.id: half}, "The invoice had reached the customer late")
    account = memos._debit_account(company) or env["account.account"].search(
        [("account_type", "=", "income_other"), ("company_ids", "=", company.id)],
        limit=1,
    )
    notes = dearest._invoice(memos._debit_journal(company), account, day)
    notes.action_post()
    for note in notes:
        half = note.currency_id.round(note.amount_total / 2)
        env["account.payment.register"].with_context(
            active_model="account.move", active_ids=note.ids
        ).create({"amount": half, "payment_date": day}).action_create_payments()
    memos._follow_debit_notes()


def _proposal(env, company, day):
    """Customers that fell late meanwhile; one of them has already paid a part."""
    profiles = env["credit.profile"]
    for name, late, amount in (
        ("Imprimerie Roux SARL", 5, 640.0),
        ("Cabinet Lenoir", 17, 2480.0),
        ("Épicerie Blanc", 4, 312.4),
    ):
        slug = name.split()[1].lower()
        partner = env["res.partner"].create(
            {
                "name": name,
                "is_company": True,
                "email": f"compta@{slug}.example.com",
                "street": "3 rue du Port",
                "zip": "44000",
                "city": "Nantes",
                "country_id": env.ref("base.fr").id,
                "lang": "fr_FR",
            }
        )
        due = day - timedelta(days=late)
        env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": due - timedelta(days=30),
                "invoice_date_due": due,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Fournitures", "price_unit": amount, "tax_ids": []}
                    )
                ],
            }
        ).action_post()
        profiles |= profiles._for_partners(partner, company)
    payment = env["account.payment"].create(
        {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": profiles[1].partner_id.id,
            "amount": 400.0,
            "date": day,
        }
    )
    payment.action_post()
    env["dunning.run"]._propose_run(company, day, profiles)


if __name__ == "__main__":
    main(sys.argv[1], date.fromisoformat(sys.argv[2]))
