"""A formal notice on the screens, with the answer of the post."""

import csv
import os
from datetime import timedelta
from pathlib import Path

from odoo.fields import Command

#: what pictures may show of the machine they are made on
FOLDER = Path("/tmp/mailing-house")  # noqa: S108


def stage(env, company, day):
    house = _mailing_house(env, company)
    told = day - timedelta(days=19)
    notice = _formal(env, company, told, "Garage Olivier SARL")
    run = notice.run_id
    run.action_approve()
    run._issue_notices(run._approved_notices())
    _exchange(house)
    letter = notice.delivery_ids
    _answer(
        house,
        [
            (letter._reference(), "deposited", told + timedelta(days=1)),
            (letter._reference(), "presented", told + timedelta(days=3)),
            (letter._reference(), "non réclamé", told + timedelta(days=18)),
        ],
    )
    _exchange(house)
    # nobody has told this one before: the checklist says so
    _formal(env, company, day, "Vitrerie Jacquet SARL", told=False)


def _mailing_house(env, company):
    folders = {name: FOLDER / name for name in ("letters", "answers")}
    for folder in folders.values():
        os.makedirs(folder, exist_ok=True)
    return env["dunning.post.provider"].create(
        {
            "name": "Imprimerie du Rhône",
            "company_id": company.id,
            "kind": "folder",
            "for_letter": False,
            "for_registered": True,
            "folder_out": str(folders["letters"]),
            "folder_back": str(folders["answers"]),
            "status_text": "distribué = delivered\nnon réclamé = unclaimed",
        }
    )


def _exchange(house):
    """As the scheduled action does, at once."""

    def commit(__):
        house.env.cr.commit()
        return True

    house.with_company(house.company_id)._exchange(commit)


def _answer(house, rows):
    path = Path(house.folder_back) / "avis.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["reference", "status", "date", "number"])
        for reference, status, day in rows:
            writer.writerow([reference, status, day.isoformat(), "1A 207 415 3302 8"])


def _formal(env, company, day, name, told=True):
    """A customer whose formal notice is proposed on that day.

    :param told: whether reminders went before it, elsewhere.
    """
    partner = env["res.partner"].create(
        {
            "name": name,
            "is_company": True,
            "street": "6 quai Nord",
            "zip": "21000",
            "city": "Dijon",
            "country_id": env.ref("base.fr").id,
            "lang": "fr_FR",
        }
    )
    due = day - timedelta(days=62)
    invoice = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": due - timedelta(days=30),
            "invoice_date_due": due,
            "invoice_payment_term_id": False,
            "invoice_line_ids": [
                Command.create({"name": "Pièces", "price_unit": 3870.0, "tax_ids": []})
            ],
        }
    )
    invoice.action_post()
    final = env.ref("account_dunning.dunning_level_standard_final")
    invoice.line_ids.filtered("date_maturity").write(
        {"dunning_level_id": final.id, "dunning_date": day - timedelta(days=17)}
    )
    profile = env["credit.profile"]._for_partners(partner, company)
    if told:
        profile.earlier_reminders = "relances des 3, 18 et 30 septembre 2026"
    return env["dunning.run"]._propose_run(company, day, profile).notice_ids
