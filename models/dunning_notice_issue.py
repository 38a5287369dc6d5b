import hashlib
import logging

from psycopg2 import OperationalError
from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError

from ..engine import escalation

_logger = logging.getLogger(__name__)


class DunningNotice(models.Model):
    """How a notice is issued, and what may overtake it afterwards."""

    _inherit = "dunning.notice"

    # === BUSINESS METHODS: ISSUE === #

    def _issue(self, day):
        """Issue approved notices: re-check, freeze, letter, levels, outbox.

        All or nothing per notice. A notice that cannot be issued (its template does not
        render, say) keeps its error and stays approved; the others go on.

        :param day: date of the letters; a proposal that waited is dated anew.
        :return: the notices issued.
        """
        approved = self.filtered(lambda n: n.state == "approved")
        approved.filtered(lambda n: n.date < day).date = day
        going = approved._recheck_before_issue()
        issued = going._issue_or_split()
        approved.run_id._update_state()
        return issued

    def _issue_or_split(self):
        """Issue together; when that fails, in parts, so that one cannot stop all.

        Together, because all letters of one attempt are printed by one process. The
        parts are the levels first: what does not render is mostly a level's text.
        """
        if not self:
            return self
        try:
            with self.env.cr.savepoint():
                self._issue_now()
                return self
        except (OperationalError, ConcurrencyError):
            raise  # another transaction was first: tried again as a whole
        except Exception as error:  # a template may raise anything; it is reported
            if len(self) > 1:
                levels = list(self.grouped("level_id").values())
                parts = levels if len(levels) > 1 else self
                return self.browse().union(*(part._issue_or_split() for part in parts))
            self._report_failure(error)
            return self.browse()

    def _report_failure(self, error):
        """Keep the error on the notice, and tell a person."""
        self.ensure_one()
        _logger.warning(
            "Notice %s for profile %s cannot be issued",
            self.id,
            self.profile_id.id,
            exc_info=True,
        )
        self.error = str(error)
        profile = self.profile_id._in_words_of_responsible()
        profile._notify_person(
            profile.env._("A dunning notice could not be issued"), note=str(error)
        )

    def _recheck_before_issue(self):
        """Compare with today's facts; cancel what no longer holds, refresh the rest."""
        going = self.browse()
        for notice, situation, verdict in self._recheck():
            try:
                with self.env.cr.savepoint():
                    if notice._refresh_from(situation, verdict):
                        going |= notice
            except OperationalError:
                raise  # another transaction was first: tried again as a whole
            except Exception as error:  # reported; it must not stop the others
                notice._report_failure(error)
        return going

    def _refresh_from(self, situation, verdict):
        """Take over what the re-check found.

        :return: whether the notice may go; otherwise it is cancelled with the reason.
        """
        self.ensure_one()
        if isinstance(verdict, escalation.Skip):
            self._cancel(self._reason_label(verdict.reason))
            return False
        if self.profile_id.effective_policy_id != self.policy_id:
            self._cancel(self.env._("The customer has another policy meanwhile"))
            return False
        # as proposed: what the items are told at most follows when it is issued
        escalated = {
            line.move_line_id.id: line.level_id.id
            for line in self.line_ids
            if line.escalated and line.move_line_id.id in verdict.escalated
        }
        level = self.env["dunning.level"].browse(verdict.level.key)
        recipient = self._prepare_recipient(
            level, situation.addresses, chosen=self.own_channel
        )
        if not recipient["channel"]:
            self._cancel(self._reason_label(escalation.Reason.NO_ADDRESS))
            profile = self.profile_id._in_words_of_responsible()
            profile._notify_person(profile.env._("No address for a dunning notice"))
            return False
        lines = self._prepare_lines(self.date, situation, verdict.carried, escalated)
        self.line_ids.unlink()
        self.write(
            {
                "level_id": level.id,
                "error": False,
                "line_ids": [fields.Command.create(line) for line in lines],
                **recipient,
                **self._prepare_amounts(lines),
            }
        )
        return self._holds_own_text()

    def _recheck(self, issued=False, day=None):
        """Ask the rules whether the notices may (still) go.

        :param issued: they are issued and about to be sent.
        :param day: the day to look at; default: the date of each notice.
        :return: list of ``(notice, situation, Confirmed or Skip)``.
        """
        result = []
        for (company, today), notices in self.grouped(
            lambda n: (n.company_id, day or n.date)
        ).items():
            Situation = self.env["dunning.situation"].with_company(company)
            now = Situation._circumstances(company, today)
            situations = Situation._fetch(notices.profile_id, today)
            policies = {
                policy: policy._to_engine(company) for policy in notices.policy_id
            }
            for notice in notices:
                situation = situations[notice.profile_id]
                items = notice.line_ids.filtered(lambda li: li.kind == "item")
                verdict = escalation.recheck(
                    policies[notice.policy_id],
                    situation.customer,
                    notice.level_id._to_engine(),
                    carried=items.move_line_id.ids,
                    escalated={
                        line.move_line_id.id: line.level_id._to_engine()
                        for line in items
                        if line.escalated and line.move_line_id
                    },
                    now=now,
                    issued=issued,
                )
                result.append((notice, situation, verdict))
        return result

    def _issue_now(self):
        """Freeze texts and letters, write the levels down, fill the outbox."""
        notices = self.with_context(dunning_issuing=True)
        now = fields.Datetime.now()
        notices._cap_item_levels()
        texts = notices._render_texts()
        for notice in notices:
            notice.write(
                {
                    "name": notice._next_number(),
                    "state": "issued",
                    "issued_at": now,
                    "issued_by_id": self.env.uid,
                    "error": False,
                    **texts[notice.id],
                }
            )
        letters = notices._render_letters()
        attachments = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                [
                    notices._prepare_attachment(notice, letters[notice.id])
                    for notice in notices
                ]
            )
        )  # sudo: part of issuing, whoever may issue; reading follows the notice
        for notice, attachment in zip(notices, attachments, strict=True):
            notice.write(
                {
                    "attachment_id": attachment.id,
                    "pdf_sha256": hashlib.sha256(letters[notice.id]).hexdigest(),
                }
            )
        notices._write_levels()
        for day, group in notices.grouped("date").items():
            # sudo: collectors issue; the snapshot of the profile follows
            group.profile_id.sudo().write({"last_contact_date": day})
            group.profile_id._refresh_figures(day)
        self.env["dunning.delivery"]._queue(notices)

    def _cap_item_levels(self):
        """Items are told no firmer a level than the message that carries them.

        Nor do they fall back: told less than before, they stay where they were.
        """
        for line in self.line_ids.filtered("escalated"):
            level, before = line.notice_id.level_id, line.level_before_id
            told = min(line.level_id | level, key=lambda li: li._to_engine().firmness)
            if before and told.days < before.days:
                told = before
            if line.level_id != told:
                line.level_id = told

    def _render_texts(self):
        """Title, body and closing of each letter, in its recipient's language."""
        result = {notice.id: {} for notice in self}
        for level, notices in self.grouped("level_id").items():
            langs = {notice.id: notice.lang for notice in notices}
            for name in ("letter_body", "letter_closing"):
                for res_id, text in level._render_field(
                    name, notices.ids, res_ids_lang=langs
                ).items():
                    result[res_id][name] = text
            for notice in notices:
                result[notice.id]["letter_title"] = level.with_context(
                    lang=notice.lang
                ).letter_title
                if notice.own_letter_body:
                    result[notice.id]["letter_body"] = notice.own_letter_body
        return result

    def _render_letters(self):
        """The letters, all by one renderer process.

        :return: ``{notice id: bytes}``; PDF, or HTML where the tests render none.
        """
        report = self.env["ir.actions.report"].sudo()
        streams, kind = report._pre_render_qweb_pdf(
            "account_dunning.report_dunning_letter", res_ids=self.ids
        )
        if kind != "pdf":
            return {notice.id: streams for notice in self}
        return {notice.id: streams[notice.id]["stream"].getvalue() for notice in self}

    @api.model
    def _prepare_attachment(self, notice, content):
        is_pdf = content.startswith(b"%PDF")
        return {
            "name": f"{notice.name.replace('/', '-')}.{'pdf' if is_pdf else 'html'}",
            "raw": content,
            "mimetype": "application/pdf" if is_pdf else "text/html",
            "res_model": self._name,
            "res_id": notice.id,
            "company_id": notice.company_id.id,
        }

    def _next_number(self):
        """The next number of the notice's year.

        :raises ConcurrencyError: when another worker issues the first one of the year
            at the same moment; tried again as a whole, this one finds the year.
        """
        self.ensure_one()
        sequence = self.env["ir.sequence"].sudo().with_company(self.company_id)
        try:
            return sequence.next_by_code("dunning.notice", sequence_date=self.date)
        except UniqueViolation as error:
            raise ConcurrencyError("the year was begun meanwhile") from error

    def _write_levels(self):
        """Items carry their new level and its date, from the moment of issue."""
        lines = self.line_ids.filtered(lambda li: li.escalated and li.move_line_id)
        self.env["account.move.line"]._set_dunning_levels(
            [(li.move_line_id.id, li.level_id.id, li.notice_id.date) for li in lines]
        )

    def _restore_levels(self):
        """Give the items back the level they had: the message reached nobody.

        Only where no later notice has moved them on.
        """
        self.env["account.move.line"].flush_model(["dunning_level_id", "dunning_date"])
        lines = self.line_ids.filtered(
            lambda li: (
                li.escalated
                and li.sudo().move_line_id.dunning_level_id == li.level_id
                and li.sudo().move_line_id.dunning_date == li.notice_id.date
            )
        )
        self.env["account.move.line"]._set_dunning_levels(
            [
                (
                    li.move_line_id.id,
                    li.level_before_id.id or None,
                    li.date_before or None,
                )
                for li in lines
            ]
        )
        self.profile_id._recompute_last_contact()
        self.profile_id._refresh_figures()

    def _cancel(self, reason):
        """Cancel with a reason; what was already issued keeps its content."""
        self.write({"state": "cancelled", "cancel_reason": reason})

    def _reason_label(self, reason):
        labels = (
            self.env["dunning.skip"]._fields["reason"]._description_selection(self.env)
        )
        return dict(labels)[reason.value]

    # === BUSINESS METHODS: AFTER ISSUE === #

    def _withdraw_overtaken(self, day):
        """Withdraw issued notices that events have overtaken before they were sent.

        Money came, an invoice was withdrawn, an item put on hold: the letter is frozen
        and would claim too much, so it is cancelled with its deliveries, the levels go
        back, and the next run proposes what is right then.

        :param day: the company's local date on which they would be sent.
        :return: the notices that were withdrawn.
        """
        withdrawn = self.browse()
        for notice, situation, verdict in self._recheck(issued=True, day=day):
            reason = notice._overtaken_reason(situation, verdict)
            if reason:
                notice.delivery_ids._cancel(reason)
                notice._cancel(reason)
                withdrawn |= notice
        withdrawn._restore_levels()
        withdrawn.run_id._update_state()
        return withdrawn

    def _overtaken_reason(self, situation, verdict):
        """Why the frozen notice would be wrong today, or ``False``."""
        self.ensure_one()
        if isinstance(verdict, escalation.Skip):
            return self._reason_label(verdict.reason)
        lines = self._prepare_lines(self.date, situation, verdict.carried, {})
        today = self.with_company(self.company_id)._prepare_amounts(lines)["amount_due"]
        if self.currency_id.compare_amounts(today, self.amount_due) < 0:
            return self.env._("Overtaken by a payment or credit")
        return False

    def _is_outdated(self):
        """Whether the customer was told something later, or the deadline has passed."""
        self.ensure_one()
        today = self.company_id._dunning_today()
        return self._has_later_notice() or bool(
            self.deadline_date and self.deadline_date < today
        )

    def _has_later_notice(self):
        """Whether the customer was told something after this notice."""
        self.ensure_one()
        return bool(
            self.search_count(
                [
                    ("profile_id", "=", self.profile_id.id),
                    ("state", "=", "issued"),
                    ("id", ">", self.id),
                ],
                limit=1,
            )
        )

    def _on_undelivered(self):
        """No channel reached the customer: the level does not count as served."""
        self._restore_levels()
        for notice in self:
            profile = notice.profile_id._in_words_of_responsible()
            profile._notify_person(
                profile.env._("A dunning notice reached nobody"),
                note=profile.env._(
                    "%(notice)s could not be delivered. Check the addresses of the "
                    "customer, then confirm them on the credit profile.",
                    notice=notice.display_name,
                ),
            )
