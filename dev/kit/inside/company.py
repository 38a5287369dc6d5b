"""The main company of a demo database: French, with the French chart of accounts."""

LANGUAGES = ("en_US", "fr_FR")

#: what a letter's head needs; the demo data may give it another name
ADDRESS = {
    "name": "Fournitures Exemple SAS",
    "street": "12 rue de l'Exemple",
    "zip": "69002",
    "city": "Lyon",
    # numbers and a domain reserved for examples: an answer can reach nobody
    "phone": "+33 1 99 00 12 34",
    "email": "comptabilite@fournitures.example",
}

#: What a person at the demo asks for in the background. Not the morning job, which the
#: demo runs itself for its own day; and none of Odoo's others, some of which call
#: services on the internet.
SCHEDULED = (
    "account_dunning.ir_cron_deliver",
    "account_dunning.ir_cron_issue",
    "account_dunning.ir_cron_refresh_profiles",
    "mail.ir_cron_mail_scheduler_action",
)


def finish(env):
    """What is left to do when the data is there."""
    kept = [env.ref(name).id for name in SCHEDULED]
    env["ir.cron"].search([("id", "not in", kept)]).active = False
    # so that the first page does not wait for them
    env["ir.qweb"]._pregenerate_assets_bundles()


def set_up(env):
    company = env.ref("base.main_company")
    _activate_languages(env)
    if company.chart_template != "fr":
        company.country_id = env.ref("base.fr")
        env["account.chart.template"].try_loading("fr", company, install_demo=False)
    company.write(ADDRESS)
    env.ref("base.user_admin").tz = "Europe/Paris"
    return company


def _activate_languages(env):
    for code in LANGUAGES:
        env["res.lang"]._activate_lang(code)
