from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import config, format_amount, format_date

SAMPLES = 50  # overdue customers looked at for a sample message

# Fields of the guide, and the company's fields they show and write.
SETTINGS = {
    "policy_id": "dunning_policy_id",
    "consumer_policy_id": "dunning_consumer_policy_id",
    "baseline_date": "dunning_baseline_date",
    "user_id": "dunning_user_id",
    "daily_limit": "dunning_daily_limit",
    "daily_limit_until": "dunning_daily_limit_until",
}


class DunningGolive(models.TransientModel):
    """The guided start of one company: what to decide before the first run.

    It shows and writes the company's own settings; everything has a default that
    works, so that nobody has to come here. A credit manager need not be an
    administrator: the few fields written here are written with full rights, after a
    check of the group and the company.
    """

    _name = "dunning.golive"
    _description = "Go Live with Dunning"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")

    policy_id = fields.Many2one(
        "dunning.policy",
        string="Businesses",
        domain="[('company_id', 'in', (company_id, False))]",
    )
    consumer_policy_id = fields.Many2one(
        "dunning.policy",
        string="Consumers",
        domain="[('company_id', 'in', (company_id, False))]",
    )
    baseline_date = fields.Date(string="Go-live date")
    start_rule = fields.Selection(
        [
            ("first", "At the first level"),
            ("age", "At the level of their age"),
        ],
        string="Old debts start",
        help="Kept on the policies above, for all companies that use them.",
    )
    old_debts = fields.Char(compute="_compute_old_debts")
    user_id = fields.Many2one(
        "res.users",
        string="Credit contact",
        domain=[("share", "=", False)],
    )
    daily_limit = fields.Integer(string="Notices a day at most")
    daily_limit_until = fields.Date(string="Until")
    auto_send = fields.Boolean(compute="_compute_state")
    automatic_policies = fields.Char(compute="_compute_checks")
    golive_done_on = fields.Date(compute="_compute_state")

    has_policies = fields.Boolean(compute="_compute_checks")
    has_address = fields.Boolean(compute="_compute_checks")
    has_email = fields.Boolean(compute="_compute_checks")
    has_bank = fields.Boolean(compute="_compute_checks")
    has_mail_server = fields.Boolean(compute="_compute_checks")
    has_contact = fields.Boolean(compute="_compute_checks")
    has_company_data = fields.Boolean(compute="_compute_checks")
    has_run = fields.Boolean(compute="_compute_checks")
    test_address = fields.Char(compute="_compute_test_address")
    tested = fields.Boolean(readonly=True)

    # === COMPUTE METHODS === #

    def _compute_display_name(self):
        for guide in self:
            guide.display_name = self.env._("Go live")

    @api.depends("company_id")
    def _compute_state(self):
        for guide in self:
            company = guide._company()
            guide.auto_send = company.dunning_auto_send
            guide.golive_done_on = company.dunning_golive_done_on

    @api.depends("company_id", "baseline_date", "start_rule")
    def _compute_old_debts(self):
        for guide in self:
            count, amount = guide._count_old_debts()
            values = {
                "count": count,
                "amount": format_amount(self.env, amount, guide.currency_id),
                "date": format_date(self.env, guide.baseline_date or False),
            }
            if not count:
                guide.old_debts = self.env._("There are no open items to start with.")
            elif guide.start_rule == "first" and guide.baseline_date:
                guide.old_debts = self.env._(
                    "%(count)s items due before %(date)s, %(amount)s, would start at "
                    "the first level.",
                    **values,
                )
            elif guide.start_rule == "first":
                guide.old_debts = self.env._(
                    "Without a date all %(count)s open items, %(amount)s, are old "
                    "debts: they would start at the first level.",
                    **values,
                )
            elif guide.start_rule == "age" and guide.baseline_date:
                guide.old_debts = self.env._(
                    "%(count)s items due before %(date)s, %(amount)s, would start at "
                    "the level of their age, short of a formal notice.",
                    **values,
                )
            elif guide.start_rule == "age":
                guide.old_debts = self.env._(
                    "Without a date all %(count)s open items, %(amount)s, are old "
                    "debts: they would start at the level of their age, short of a "
                    "formal notice.",
                    **values,
                )
            else:
                guide.old_debts = self.env._(
                    "%(count)s items, %(amount)s, are old debts: they would start as "
                    "the policy of each customer says.",
                    **values,
                )

    @api.depends("policy_id", "consumer_policy_id", "user_id", "company_id")
    def _compute_checks(self):
        servers = self.env["ir.mail_server"].sudo()  # whether there is one, no more
        has_server = bool(servers.search_count([], limit=1)) or (
            config["smtp_server"] not in (False, None, "", "localhost")
        )
        for guide in self:
            company = guide._company()
            guide.has_policies = bool(guide.policy_id and guide.consumer_policy_id)
            guide.has_address = bool(
                company.street and company.city and company.country_id
            )
            guide.has_email = bool(company.email)
            guide.has_bank = bool(company.bank_ids)
            guide.has_mail_server = has_server
            guide.has_contact = bool(guide.user_id)
            guide.has_company_data = all(
                guide[f"has_{name}"]
                for name in ("address", "email", "bank", "mail_server", "contact")
            )
            guide.has_run = bool(
                self.env["dunning.run"]
                .sudo()
                .search_count([("company_id", "=", company.id)], limit=1)
            )
            automatic = (guide.policy_id | guide.consumer_policy_id).filtered(
                lambda p: p.mode == "automatic"
            )
            guide.automatic_policies = ", ".join(automatic.mapped("name"))

    @api.depends_context("uid")
    def _compute_test_address(self):
        for guide in self:
            guide.test_address = self.env.user.email_normalized

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Show the settings of the company, and keep those that are given."""
        guides = super().create(
            [
                {**self._settings(self.new(vals)._company()), **vals}
                for vals in vals_list
            ]
        )
        for guide, vals in zip(guides, vals_list, strict=True):
            guide._keep(vals)
        return guides

    def write(self, vals):
        """Settings changed here are settings of the company at once."""
        result = super().write(vals)
        for guide in self:
            guide._keep(vals)
        return result

    @api.model
    def _settings(self, company):
        """A company's settings; the start rule is that of both policies, if alike."""
        shown = {name: company[field] for name, field in SETTINGS.items()}
        policies = company.dunning_policy_id | company.dunning_consumer_policy_id
        rules = set(policies.mapped("start_rule"))
        shown["start_rule"] = rules.pop() if len(rules) == 1 else False
        return {
            name: value.id if isinstance(value, models.BaseModel) else value
            for name, value in shown.items()
        }

    def _keep(self, vals):
        """Write the settings among these values where they belong."""
        company = self._company()
        policies = self.policy_id | self.consumer_policy_id
        policies.check_access("read")
        if policies.company_id - company:
            raise UserError(self.env._("Choose a policy of this company."))
        changed = {
            field: vals[name] for name, field in SETTINGS.items() if name in vals
        }
        if changed:
            company.write(changed)
        if vals.get("start_rule"):
            # with the user's own rights: credit managers write policies
            policies.filtered(
                lambda policy: policy.start_rule != vals["start_rule"]
            ).write({"start_rule": vals["start_rule"]})

    # === ACTIONS === #

    def action_view_policies(self):
        return self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.dunning_policy_action"
        )

    def action_view_company(self):
        """Open the company, for those who may."""
        self.ensure_one()
        return self._open(self.env._("Company"), "res.company", self.company_id.id)

    def action_view_banks(self):
        """Open the company's bank accounts."""
        self.ensure_one()
        partner = self._company().partner_id
        mine = [("partner_id", "=", partner.id)]
        title = self.env._("Bank accounts")
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "res.partner.bank",
            "view_mode": "list,form",
            "domain": mine,
            "context": {"default_partner_id": partner.id},
        }

    def action_limit(self):
        """The usual care: 30 notices a day in the first four weeks."""
        self.ensure_one()
        today = self._company()._dunning_today()
        self.write({"daily_limit": 30, "daily_limit_until": today + timedelta(weeks=4)})

    def action_auto_send_on(self):
        """Let automatic policies approve and issue by themselves."""
        self.ensure_one()
        self._company().dunning_auto_send = True
        self.invalidate_recordset(["auto_send"])

    def action_auto_send_off(self):
        """Nothing is approved or issued by the machine any more."""
        self.ensure_one()
        self._company().dunning_auto_send = False
        self.invalidate_recordset(["auto_send"])

    def action_done(self):
        """Remember that this company has been through the guide."""
        self.ensure_one()
        company = self._company()
        company.dunning_golive_done_on = company._dunning_today()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.dunning_run_action"
        )

    def action_first_run(self):
        """Through with the guide: open the dialogue that runs dunning."""
        self.ensure_one()
        company = self._company()
        if not company.dunning_golive_done_on:
            company.dunning_golive_done_on = company._dunning_today()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_dunning.dunning_run_wizard_action"
        )
        return dict(action, context={"default_company_id": company.id})

    def action_send_test(self):
        """Send the letter and the e-mail of a sample notice to the user alone.

        The recipient is always the user's own address; no copies of invoices go along.
        """
        self.ensure_one()
        self._company()
        user = self.env.user
        if not user.email_normalized:
            raise UserError(
                self.env._("You have no e-mail address: enter it in your preferences.")
            )
        sample = self._sample_message()
        # sudo: users have no right to the mail queue; what is written is made here
        mail = (
            self.env["mail.mail"]
            .sudo()
            .create(
                {
                    "subject": self.env._("[TEST] %(subject)s", **sample),
                    "body_html": self._test_banner(sample) + sample["body"],
                    "email_from": sample["email_from"],
                    "email_to": user.email_formatted,
                    "author_id": user.partner_id.id,
                    "auto_delete": False,
                    "attachment_ids": [
                        Command.create(
                            {
                                "name": sample["file_name"],
                                "raw": sample["letter"],
                                "mimetype": sample["mimetype"],
                            }
                        )
                    ],
                }
            )
        )
        mail.send()
        if mail.state == "exception":
            raise UserError(
                self.env._(
                    "The test could not be sent. Check the e-mail server; it said: "
                    "%(reason)s",
                    reason=(mail.failure_reason or "").strip(),
                )
            )
        self.tested = True
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "The test is on its way to %(address)s.",
                    address=user.email_normalized,
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # === BUSINESS METHODS === #

    def _company(self):
        """The company with full rights, for a credit manager who works in it."""
        self.ensure_one()
        self.company_id._check_dunning_manager()
        return self.company_id.root_id.sudo()

    def _open(self, name, model, res_id):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "res_id": res_id,
            "view_mode": "form",
        }

    def _count_old_debts(self):
        """Number and total (company currency) of the debts that count as old ones."""
        self.ensure_one()
        # sudo: a count and a sum of the company the manager decides for
        Item = self.env["account.move.line"].sudo()
        domain = fields.Domain(
            [
                ("company_id", "child_of", self._company().id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("amount_residual", ">", 0),
                ("partner_id", "!=", False),
                ("no_followup", "=", False),
                ("dunning_level_id", "=", False),
            ]
        )
        if self.baseline_date:
            domain &= Item._dunning_due_before(self.baseline_date)
        [(count, amount)] = Item._read_group(
            domain, [], ["__count", "amount_residual:sum"]
        )
        return count, amount or 0.0

    # === BUSINESS METHODS: SAMPLE === #

    def _test_banner(self, sample):
        return Markup(
            '<div style="padding: 12px; border: 2px solid #b00; margin-bottom: 12px;">'
            "<strong>%s</strong> %s</div>"
        ) % (
            self.env._("This is a test."),
            self.env._(
                "It was sent to you alone; no customer was told anything. So it would "
                "look for %(customer)s.",
                customer=sample["customer"],
            ),
        )

    def _sample_message(self):
        """What a customer would get, as plain values; nothing of it stays written.

        :return: dict with ``subject``, ``body``, ``email_from``, ``letter`` (bytes),
            ``file_name``, ``mimetype`` and ``customer``.
        """
        self.ensure_one()
        with self.env.cr.savepoint() as savepoint:
            notice = self.sudo()._sample_notice()
            letter = notice._render_letters()[notice.id]
            is_pdf = letter.startswith(b"%PDF")
            title = notice._title()
            rendered = {"subject": title, "body_html": "", "email_from": False}
            if notice.level_id.mail_template_id:
                rendered = notice._render_email()
            sample = {
                "subject": rendered["subject"],
                "body": notice._in_email_layout(rendered["body_html"]),
                "email_from": rendered["email_from"]
                or notice.company_id.email_formatted
                or self.env.user.email_formatted,
                "letter": letter,
                "file_name": f"{title}.{'pdf' if is_pdf else 'html'}",
                "mimetype": "application/pdf" if is_pdf else "text/html",
                "customer": notice.partner_id.name,
            }
            savepoint.rollback()
        return sample

    def _sample_notice(self):
        """A notice to show: one that is proposed, or that would be, or a made-up one.

        Called with full rights inside a savepoint that is rolled back.
        """
        company = self._company()
        self = self.with_context(
            tracking_disable=True, mail_create_nosubscribe=True
        ).with_company(company)
        waiting = self.env["dunning.notice"].search(
            [("company_id", "=", company.id), ("state", "in", ("draft", "approved"))],
            limit=1,
        )
        if waiting:
            return waiting
        run = self.env["dunning.run"].create(
            {"company_id": company.id, "date": company._dunning_today()}
        )
        profiles = self.env["credit.profile"].search(
            [("company_id", "=", company.id), ("amount_overdue", ">", 0)],
            order="amount_overdue desc, id",
            limit=SAMPLES,
        )
        Notice = self.env["dunning.notice"]
        for profile, situation, outcome in self.env["dunning.situation"]._decide(
            profiles, run.date
        ):
            if outcome.message:
                return Notice._propose_all(run, [(profile, situation, outcome)])
        return Notice.create(self._prepare_made_up_notice(run))

    def _prepare_made_up_notice(self, run):
        """Values of a notice to nobody: one invoice, ten days late."""
        company = run.company_id
        policy = self.policy_id or self.consumer_policy_id
        level = policy.level_ids.filtered(lambda li: li.days >= 0).sorted("days")[:1]
        if not level:
            raise UserError(self.env._("Choose a policy first."))
        partner = self.env["res.partner"].create(
            {
                "name": self.env._("Sample Customer"),
                "is_company": True,
                "street": "1, rue de la Gare",
                "zip": "75001",
                "city": "Paris",
                "country_id": company.country_id.id,
                "lang": self.env.user.lang,
            }
        )
        profile = self.env["credit.profile"]._for_partners(partner, company)
        due = run.date - timedelta(days=10)
        line = {
            "kind": "item",
            "name": self.env._("SAMPLE/001"),
            "invoice_date": due - timedelta(days=30),
            "date_maturity": due,
            "days_late": 10,
            "currency_id": company.currency_id.id,
            "amount_original": 1250.0,
            "residual": 1250.0,
            "residual_company": 1250.0,
            "escalated": True,
            "level_id": level.id,
        }
        return {
            "run_id": run.id,
            "profile_id": profile.id,
            "company_id": company.id,
            "policy_id": policy.id,
            "level_id": level.id,
            "proposed_level_id": level.id,
            "date": run.date,
            "channel": "email",
            "contact_id": partner.id,
            "lang": self.env.user.lang,
            "line_ids": [Command.create(line)],
            "amount_claimed": line["residual_company"],
            "amount_due": line["residual_company"],
        }
