from collections import defaultdict
from decimal import Decimal

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..engine import behaviour
from .credit_letter_mixin import EMAIL_LAYOUT
from .ledger_rules import PAYMENT_ON_ITS_WAY

CONTACT_ORDER = {"dunning": 0, "invoice": 1}
CONTACTS_SHOWN = 6


class CreditProfile(models.Model):
    """The customer's page: whom to call, what they owe today, what to do about it.

    Everything shown here is read live, unlike the snapshot the lists use. Each kind of
    fact costs one query for all profiles read together.
    """

    _inherit = "credit.profile"

    contact_ids = fields.Many2many(
        "res.partner",
        string="Contacts",
        compute="_compute_contact_ids",
        help="Contacts for dunning first, then for invoices, the customer itself, then "
        "the others with a phone number or an e-mail address.",
    )
    live_overdue = fields.Monetary(string="Overdue now", compute="_compute_live")
    live_not_due = fields.Monetary(string="Not due now", compute="_compute_live")
    live_unallocated = fields.Monetary(
        string="Unallocated now",
        compute="_compute_live",
        help="Payments and credit notes not yet allocated to an invoice.",
    )
    live_level_id = fields.Many2one(
        "dunning.level",
        string="Level",
        compute="_compute_live",
        help="The highest level told among the open items.",
    )
    live_level_tone = fields.Selection(
        selection=lambda self: self.env["dunning.level"]._fields["tone"].selection,
        string="Tone of the level",
        compute="_compute_live",
    )
    page_items = fields.Json(string="Items", compute="_compute_live")
    average_days_late = fields.Integer(compute="_compute_payment_habit")
    payment_habit = fields.Char(
        string="Paid on average in 12 months",
        compute="_compute_payment_habit",
        help="When the customer's money came in the last twelve months, in days after "
        "the due date; each payment counts with its amount. What is still unpaid does "
        "not count here. The score counts that too, and recent payments more: its days "
        "are others.",
    )
    last_payment_date = fields.Date(
        string="Last payment", compute="_compute_last_payment"
    )
    last_payment_amount = fields.Monetary(compute="_compute_last_payment")

    # === COMPUTE METHODS === #

    @api.depends("partner_id")
    def _compute_contact_ids(self):
        reachable = Domain("phone", "!=", False) | Domain("email", "!=", False)
        customers = self.partner_id
        # the customers themselves by the same query, archived ones too
        found = customers.with_context(active_test=False).search_fetch(
            Domain("commercial_partner_id", "in", customers.ids)
            & (
                Domain("id", "in", customers.ids)
                | Domain("active", "=", True)
                & (Domain("type", "in", list(CONTACT_ORDER)) | reachable)
            ),
            order="id",
        )
        contacts = (found - customers).with_env(self.env)
        by_customer = contacts.grouped("commercial_partner_id")
        for profile in self:
            customer = profile.partner_id
            mine = by_customer.get(customer, contacts.browse()).sorted(
                lambda contact: CONTACT_ORDER.get(contact.type, 3)
            )
            chosen = mine.filtered(lambda contact: contact.type in CONTACT_ORDER)
            ordered = chosen | customer | mine
            profile.contact_ids = ordered[:CONTACTS_SHOWN]

    def _compute_live(self):
        """Figures, level and items of today; without the items a user may not see.

        Figures count all branches, like the profile itself; items are those of the
        companies the user works in.
        """
        self.live_overdue = self.live_not_due = self.live_unallocated = 0
        self.live_level_id = self.live_level_tone = self.proposal_sentence = False
        self.page_items = []
        for company, profiles in self.filtered("id").grouped("company_id").items():
            today = company.sudo()._dunning_today()
            decided = self.env["dunning.situation"]._decide(profiles, today)
            keys = [key for __, situation, __ in decided for key in situation.rows]
            visible = set(
                self.env["account.move.line"].search([("id", "in", keys)]).ids
            )
            holds = profiles._running_item_holds()
            for profile, situation, outcome in decided:
                profile = profile.with_env(self.env)
                rows = list(situation.rows.values())
                profile.update(profile._live_figures(rows, today))
                profile.proposal_sentence = profile._outcome_sentence(outcome)
                profile.page_items = profile._page_rows(
                    [row for row in rows if row.id in visible], outcome, holds, today
                )

    def _live_figures(self, rows, today):
        overdue = [r for r in rows if r.residual > 0 and r.due_date < today]
        not_due = [r for r in rows if r.residual > 0 and r.due_date >= today]
        told = [row for row in rows if row.level_id]
        levels = self.env["dunning.level"].sudo()
        highest = max(told, key=lambda row: row.level_days, default=None)
        return {
            "live_overdue": float(sum(row.residual for row in overdue)),
            "live_not_due": float(sum(row.residual for row in not_due)),
            "live_unallocated": -float(
                sum(row.residual for row in rows if row.residual < 0)
            ),
            "live_level_id": highest.level_id if highest else False,
            "live_level_tone": levels.browse(highest.level_id).tone
            if highest
            else False,
        }

    def _running_item_holds(self):
        """``{item id: holds}`` of the items on hold today."""
        result = defaultdict(self.env["dunning.hold"].browse)
        for hold in self.hold_ids:
            if hold.state == "running" and hold.scope == "items":
                for key in hold.move_line_ids.ids:
                    result[key] |= hold
        return result

    def _page_rows(self, rows, outcome, holds, today):
        """The open items as the page shows them, oldest due date first."""
        sentences = self.env["account.move.line"]._dunning_sentences(outcome)
        levels = self.env["dunning.level"].sudo()
        return [
            {
                "id": row.id,
                "move_id": row.move_id,
                "name": row.name,
                "invoice_date": fields.Date.to_string(row.invoice_date),
                "due_date": fields.Date.to_string(row.due_date),
                "days_late": max((today - row.due_date).days, 0)
                if row.residual > 0
                else 0,
                "currency_id": row.currency_id,
                "amount": float(row.original_currency),
                "residual": float(row.residual_currency),
                "residual_company": float(row.residual),
                "overdue": row.residual > 0 and row.due_date < today,
                "excluded": row.excluded,
                "level": levels.browse(row.level_id).name if row.level_id else "",
                "tone": levels.browse(row.level_id).tone if row.level_id else "",
                "chips": self._page_chips(row, holds.get(row.id, ()), today),
                "why": sentences.get(row.id, ""),
            }
            for row in sorted(rows, key=lambda row: (row.due_date, row.id))
        ]

    def _page_chips(self, row, holds, today):
        """What stands about an item, each in words; ``kind`` is for the colour."""
        if row.residual < 0:
            return [{"kind": "credit", "label": self.env._("Credit")}]
        chips = [self._due_chip(row, today)]
        chips += [{"kind": hold.kind, "label": hold._chip_label()} for hold in holds]
        if row.excluded:
            chips.append({"kind": "excluded", "label": self.env._("Excluded")})
        if row.blocked:
            chips.append({"kind": "blocked", "label": self.env._("Payment blocked")})
        if row.level_date:
            label = self.env._(
                "Reminded on %(date)s",
                date=format_date(self.env, row.level_date),
            )
            chips.append({"kind": "reminded", "label": label})
        return chips

    def _due_chip(self, row, today):
        if row.due_date < today:
            return {"kind": "overdue", "label": self.env._("Overdue")}
        if row.due_date == today:
            return {"kind": "not_due", "label": self.env._("Due today")}
        return {"kind": "not_due", "label": self.env._("Not due")}

    def _compute_payment_habit(self):
        for company, profiles in self.grouped("company_id").items():
            if not company:
                profiles.average_days_late = 0
                profiles.payment_habit = self._habit_sentence(None)
                continue
            today = company.sudo()._dunning_today()
            payments = profiles._fetch_settlements(today)
            for profile in profiles:
                average = behaviour.average_days_late(payments[profile.id], today)
                profile.average_days_late = average or 0
                profile.payment_habit = profile._habit_sentence(average)

    def _habit_sentence(self, average):
        if average is None:
            return self.env._("No payment in twelve months")
        if not average:
            return self.env._("On the due date")
        if average < 0:
            return self.env._("%(count)s days early", count=-average)
        return self.env._("%(count)s days late", count=average)

    def _fetch_settlements(self, day):
        """What payments settled of invoices in the year up to ``day``.

        Money only: credit notes and entries that write something off say nothing about
        when the customer pays.

        :return: ``{profile id: list of engine.behaviour.Paid}``.
        """
        result = defaultdict(list)
        if not self.ids:
            return result
        self.env["dunning.situation"]._flush_ledger()
        self.env["account.partial.reconcile"].flush_model()
        for profile_id, due_date, paid_on, amount in self.env.execute_query(
            SQL(
                """
            SELECT profile.id,
                   COALESCE(item.date_maturity, item.date),
                   payment.date,
                   partial.amount
              FROM credit_profile profile
              JOIN res_partner partner
                ON partner.commercial_partner_id = profile.partner_id
              JOIN account_move_line item ON item.partner_id = partner.id
               AND item.parent_state = 'posted'
              JOIN account_account account
                ON account.id = item.account_id
               AND account.account_type = 'asset_receivable'
              JOIN res_company company ON company.id = item.company_id
               AND company.parent_path LIKE profile.company_id::text || %(below)s
              JOIN account_move move ON move.id = item.move_id
               AND move.move_type IN ('out_invoice', 'out_receipt')
              JOIN account_partial_reconcile partial
                ON partial.debit_move_id = item.id
              JOIN account_move_line payment
                ON payment.id = partial.credit_move_id
              JOIN account_journal journal
                ON journal.id = payment.journal_id
               AND journal.type IN ('bank', 'cash', 'credit')
             WHERE profile.id = ANY(%(profiles)s)
               AND payment.date BETWEEN %(since)s AND %(day)s
            """,
                profiles=self.ids,
                since=behaviour.window_start(day),
                day=day,
                below="/%",
            )
        ):
            result[profile_id].append(
                behaviour.Paid(due_date, paid_on, Decimal(str(amount)))
            )
        return result

    def _compute_last_payment(self):
        last = {}
        for profile_id, day, amount in self._fetch_last_payments():
            last[profile_id] = day, amount
        for profile in self:
            day, amount = last.get(profile.id, (False, 0))
            profile.last_payment_date = day
            profile.last_payment_amount = amount

    def _fetch_last_payments(self):
        """Rows of ``(profile id, last day with money, its sum)``, company currency."""
        if not self.ids:
            return []
        return self.env.execute_query(
            SQL(
                """
            SELECT DISTINCT ON (money.profile_id)
                   money.profile_id, money.date, SUM(money.amount)
              FROM (%s) money
             WHERE money.kind = 'payment'
          GROUP BY money.profile_id, money.date
          ORDER BY money.profile_id, money.date DESC
            """,
                self._money_sql(),
            )
        )

    def _money_sql(self):
        """Query for what reduced these customers' debts, in all branches.

        Money that came (with or without an entry yet) and credit notes: ``kind`` says
        which. Amounts are positive, in company currency. A payment without an entry
        counts until the bank statement shows its money.
        """
        self.env["dunning.situation"]._flush_ledger()
        self.env["account.payment"].flush_model()
        return SQL(
            """
            SELECT profile.id AS profile_id,
                   CASE WHEN move.move_type = 'out_refund'
                        THEN 'credit_note' ELSE 'payment' END AS kind,
                   item.date,
                   -item.balance AS amount,
                   move.name,
                   'account.move' AS model,
                   move.id AS res_id
              FROM credit_profile profile
              JOIN res_partner partner
                ON partner.commercial_partner_id = profile.partner_id
              JOIN account_move_line item ON item.partner_id = partner.id
               AND item.parent_state = 'posted'
               AND item.balance < 0
              JOIN account_account account
                ON account.id = item.account_id
               AND account.account_type = 'asset_receivable'
              JOIN account_move move ON move.id = item.move_id
              JOIN account_journal journal ON journal.id = item.journal_id
               AND (journal.type IN ('bank', 'cash', 'credit')
                    OR move.move_type = 'out_refund')
              JOIN res_company company ON company.id = item.company_id
               AND company.parent_path LIKE profile.company_id::text || %(below)s
             WHERE profile.id = ANY(%(profiles)s)
         UNION ALL
            SELECT profile.id, 'payment', payment.date,
                   payment.amount_company_currency_signed,
                   payment.name, 'account.payment', payment.id
              FROM credit_profile profile
              JOIN res_partner partner
                ON partner.commercial_partner_id = profile.partner_id
              JOIN account_payment payment ON payment.partner_id = partner.id
               AND %(on_its_way)s
              JOIN res_company company ON company.id = payment.company_id
               AND company.parent_path LIKE profile.company_id::text || %(below)s
             WHERE profile.id = ANY(%(profiles)s)
            """,
            profiles=self.ids,
            below="/%",
            on_its_way=PAYMENT_ON_ITS_WAY,
        )

    # === ACTIONS === #

    def action_page_remind(self, line_ids=None):
        """Open the dialogue that reminds the customer now of the items ticked."""
        items = self._ticked(line_ids)
        return self._page_dialogue(
            self.env._("Send a reminder now"),
            "dunning.reminder.wizard",
            {"default_move_line_ids": items.ids if line_ids else []},
        )

    def action_page_call(self, line_ids=None):
        """Open the dialogue that logs a call about the items ticked."""
        items = self._ticked(line_ids)
        return self._page_dialogue(
            self.env._("Log a call"),
            "dunning.call",
            {"default_move_line_ids": items.ids if line_ids else []},
            view="account_dunning.dunning_call_view_form_dialog",
        )

    def action_page_pause(self, line_ids=None):
        """Open the dialogue that pauses the items ticked."""
        items = self._ticked(line_ids, needed=True)
        return self._page_dialogue(
            self.env._("Pause dunning"),
            "dunning.hold.wizard",
            {"default_profile_ids": self.ids, "default_move_line_ids": items.ids},
        )

    def action_page_exclude(self, line_ids=None, exclude=True):
        """Open the dialogue that excludes the items ticked, or takes them back in."""
        items = self._ticked(line_ids, needed=True)
        name = self.env._("Exclude") if exclude else self.env._("Include again")
        return self._page_dialogue(
            name,
            "dunning.exclude.wizard",
            {"default_move_line_ids": items.ids, "default_exclude": exclude},
        )

    def action_page_email(self, line_ids=None):
        """Open the composer: to the contact, with copies of the invoices ticked."""
        self._check_can_run()
        items = self._ticked(line_ids)
        contact = self._correspondent() or self.partner_id
        template = self.env.ref(
            "account_dunning.mail_template_profile", raise_if_not_found=False
        )
        copies = self.env["dunning.copies"]._copies_of(items.move_id)
        lang = self.env["dunning.notice"]._lang_of(contact)
        return self._page_dialogue(
            self.env._("Write an e-mail"),
            "mail.compose.message",
            {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_composition_mode": "comment",
                "default_template_id": template.id if template else False,
                "default_partner_ids": contact.ids,
                "default_attachment_ids": copies.ids,
                "default_email_layout_xmlid": EMAIL_LAYOUT,
                "dunning_item_ids": items.ids,
                "dunning_lang": lang,
                "model_description": self._email_heading(lang)["model_description"],
                "force_email": True,
            },
        )

    def action_page_copies(self, line_ids=None):
        """Send copies of the invoices ticked to the contact, at once."""
        self._check_can_run()
        self.check_access("write")
        items = self._ticked(line_ids, needed=True)
        contact = self._send_copies(items)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(count)s copies are on their way to %(address)s.",
                    count=len(items.move_id),
                    address=contact.email,
                ),
            },
        }

    def _page_dialogue(self, name, model, context, view=None):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "views": [(self.env.ref(view).id if view else False, "form")],
            "target": "new",
            "context": {"default_profile_id": self.id, **context},
        }

    # === BUSINESS METHODS === #

    def _ticked(self, line_ids=None, needed=False):
        """The open items ticked on the page, or all overdue ones if none is.

        Only what is still open, the customer's, and readable by the user.

        :param needed: there must be one.
        """
        self.ensure_one()
        self.check_access("read")
        Item = self.env["account.move.line"]
        domain = Domain(self._open_items_domain())
        if line_ids:
            domain &= Domain("id", "in", line_ids)
        else:
            today = self.company_id.sudo()._dunning_today()
            domain &= Domain("amount_residual", ">", 0)
            domain &= Item._dunning_due_before(today)
        items = Item.search(domain, order="date_maturity, id")
        if not items and (line_ids or needed):
            raise UserError(
                self.env._(
                    "There is nothing to do this with: the items are paid, or nothing "
                    "is overdue. Tick open items."
                )
            )
        return items

    def _correspondent(self):
        """Who gets e-mails: contact for dunning, for invoices, else the customer.

        Nobody when none of them has an e-mail address that works.
        """
        self.ensure_one()
        addresses = self.env["dunning.situation"]._fetch_addresses(self)
        address = addresses[self.id].get("email")
        return self.env["res.partner"].browse(address.partner_id if address else [])

    def _mail_items(self):
        """Items an e-mail is about: those ticked when it was opened."""
        self.ensure_one()
        keys = self.env.context.get("dunning_item_ids") or []
        return self.env["account.move.line"].browse(keys).exists()

    def _mail_item_names(self):
        """Their numbers, for a subject: the first few, and how many more."""
        names = [name for name in self._mail_items().mapped("move_name") if name]
        names = list(dict.fromkeys(names))
        shown = ", ".join(names[:3])
        if len(names) > 3:
            return self.env._(
                "%(names)s and %(count)s more", names=shown, count=len(names) - 3
            )
        return shown

    def _email_heading(self, lang):
        """What the frame of an e-mail to the customer calls it: "Your account"."""
        self.ensure_one()
        return {
            "model_description": self.with_context(lang=lang).env._("account"),
            "force_record_name": self.partner_id.name,
        }

    def _send_copies(self, items):
        """E-mail copies of the items' invoices to the contact, and note it.

        A note with one explicit recipient, so that followers are not mailed.

        :return: the contact.
        """
        self.ensure_one()
        contact = self._correspondent()
        if not contact:
            raise UserError(
                self.env._(
                    "%(customer)s has no e-mail address that works: add one to the "
                    "contact for dunning or invoices.",
                    customer=self.partner_id.display_name,
                )
            )
        copies = self.env["dunning.copies"]._copies_of(items.move_id)
        if not copies:
            raise UserError(
                self.env._("There is no invoice among these items to send a copy of.")
            )
        lang = self.env["dunning.notice"]._lang_of(contact)
        template = self.env.ref("account_dunning.mail_template_copies")
        about = {"dunning_item_ids": items.ids, "dunning_lang": lang, "lang": lang}
        scoped = self.with_context(**about)
        rendered = (
            template.sudo()
            .with_context(**about)
            ._generate_template(self.ids, ("subject", "body_html", "email_from"))
        )[self.id]  # sudo: the text shipped or edited by an editor, for any collector
        sender = self.env.user.partner_id
        scoped.message_post(
            subject=rendered["subject"],
            body=Markup(rendered["body_html"]),
            email_from=rendered.get("email_from") or sender.email_formatted,
            author_id=sender.id,
            message_type="comment",
            subtype_xmlid="mail.mt_note",
            partner_ids=contact.ids,
            attachment_ids=copies.ids,
            email_layout_xmlid=EMAIL_LAYOUT,
            mail_auto_delete=False,
            notify_author=True,
            **self._email_heading(lang),
        )
        self._mark_read()
        return contact
