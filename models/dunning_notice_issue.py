import logging
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from psycopg2 import OperationalError
from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import SQL

from ..engine import escalation
from .dunning_notice_render import MachineTrouble

_logger = logging.getLogger(__name__)

LEVEL_COLUMNS = ["dunning_level_id", "dunning_date"]

# What a line is made of: the keys of the values that _prepare_lines makes.
LINE_FACTS = (
    "kind",
    "move_line_id",
    "move_id",
    "name",
    "invoice_date",
    "date_maturity",
    "days_late",
    "currency_id",
    "amount_original",
    "amount_paid",
    "residual",
    "residual_company",
    "escalated",
    "level_id",
    "level_before_id",
    "date_before",
    "free_reminder",
)


@dataclass(slots=True)
class Fact:
    """A stored line: what the rules ask for, and all of it for comparison."""

    kind: str
    item: int | None
    escalated: bool
    level: int | None
    values: list

    @classmethod
    def from_row(cls, values):
        return cls(values[0], values[1], values[12] or False, values[13], values)


def _comparable(line):
    """Prepared values of a line in the shape of ``Fact.values``; amounts as text."""
    return [
        str(value)
        if type(value) is Decimal
        else value
        if value is not False or name in ("escalated", "free_reminder")
        else None
        for name in LINE_FACTS
        for value in (line[name],)
    ]


class _EngineLevels(dict):
    """Levels as the rules see them, each made once."""

    def __init__(self, env):
        super().__init__()
        self.env = env

    def __missing__(self, level_id):
        self[level_id] = self.env["dunning.level"].browse(level_id)._to_engine()
        return self[level_id]


class DunningNotice(models.Model):
    """How a notice is issued, and what may overtake it afterwards."""

    _inherit = "dunning.notice"

    # === BUSINESS METHODS: ISSUE === #

    def _issue(self, day):
        """Issue approved notices: re-check, freeze, number, levels.

        Their letters follow by ``_make_letters``. A notice that cannot be issued keeps
        its error and stays approved; the others go on.

        :param day: date of the letters; a proposal that waited is dated anew.
        :return: the notices issued.
        """
        approved = self._lock_to_issue()
        approved.filtered(lambda n: n.date < day).date = day
        issued = approved._one_by_one_if_needed("_recheck_before_issue")
        issued = issued._one_by_one_if_needed("_issue_now")
        approved.run_id._update_state()
        return issued

    def _lock_to_issue(self):
        """The approved ones whose customers nobody else is changing at the moment.

        The others are left for the next time: they are not waited for, and a conflict
        would cost the whole batch.
        """
        profiles = self.profile_id.sudo().try_lock_for_update(allow_referencing=True)
        mine = self.filtered(lambda n: n.profile_id in profiles)
        return mine.filtered(lambda n: n.state == "approved")

    def _one_by_one_if_needed(self, step, failed="_report_failure"):
        """Take a step together; when that fails, in parts, so that one cannot stop all.

        :param step: name of a method that gives back the notices that go on.
        :param failed: name of the method that is told the error of a single notice.
        :return: what the step gave back; a notice that failed keeps its error.
        """
        if not self:
            return self
        try:
            with self.env.cr.savepoint():
                return getattr(self, step)()
        except (OperationalError, ConcurrencyError, MachineTrouble):
            raise  # another transaction was first, or nothing can be issued now
        except Exception as error:  # whatever it is, it is reported
            if len(self) > 1:
                return self.browse().union(
                    *(
                        part._one_by_one_if_needed(step, failed)
                        for part in self._parts()
                    )
                )
            getattr(self, failed)(error)
            return self.browse()

    def _parts(self):
        """Halves; but the levels first, as what does not render is mostly a text."""
        levels = list(self.grouped("level_id").values())
        half = len(self) // 2
        return levels if len(levels) > 1 else [self[:half], self[half:]]

    def _report_failure(self, error):
        """Keep the error on the notice, and tell a person."""
        self.ensure_one()
        _logger.warning(
            "Notice %s for profile %s cannot be issued",
            self.id,
            self.profile_id.id,
            exc_info=error,
        )
        self.error = self._failure_words(error)
        self._tell_failure()

    def _recheck_before_issue(self):
        """Compare with today's facts; cancel what no longer holds, refresh the rest.

        :return: the notices that may go.
        """
        stored = self._stored_lines()
        cancelled, relined, going = defaultdict(list), {}, []
        for notice, situation, verdict in self._recheck(stored=stored):
            reason, recipient = notice._reason_to_cancel(situation, verdict)
            if reason:
                cancelled[reason].append(notice.id)
                continue
            facts = stored[notice.id]
            lines = notice._refresh_from(situation, verdict, recipient, facts)
            if [_comparable(line) for line in lines] != [f.values for f in facts]:
                relined[notice.id] = lines
            going.append(notice.id)
        for reason, ids in cancelled.items():
            self.browse(ids)._cancel(reason)
        self._replace_lines(relined)
        return self.browse(going).filtered(lambda n: n._holds_own_text())

    def _reason_to_cancel(self, situation, verdict):
        """Why the notice must not go any more; otherwise who gets it, and how.

        :return: ``(sentence or False, values of the recipient)``.
        """
        if isinstance(verdict, escalation.Skip):
            return self.env["dunning.skip"]._label(verdict), {}
        if self.profile_id.effective_policy_id != self.policy_id:
            return self.env._("The customer has another policy meanwhile"), {}
        if not self._level_stands():
            return self.env._("The level is not in the policy any more"), {}
        recipient = self._prepare_recipient(
            self.env["dunning.level"].browse(verdict.level.key),
            situation.addresses,
            chosen=self.own_channel,
        )
        if recipient["channel"]:
            return False, recipient
        profile = self.profile_id._in_words_of_responsible()
        profile._notify_person(profile.env._("No address for a dunning notice"))
        return self._reason_label(escalation.Reason.NO_ADDRESS), {}

    def _refresh_from(self, situation, verdict, recipient, facts):
        """Take over what the re-check found, where it differs.

        :param recipient: see ``_reason_to_cancel``.
        :param facts: the lines as they are stored.
        :return: values of the lines as they have to be.
        """
        # as proposed: what the items are told at most follows when it is issued
        escalated = {
            fact.item: fact.level
            for fact in facts
            if fact.escalated and fact.item in verdict.escalated
        }
        lines = self._prepare_lines(self.date, situation, verdict.carried, escalated)
        fresh = {
            "level_id": verdict.level.key,
            "error": False,
            **self._prepare_law(situation, verdict.carried),
            **recipient,
            **{name: float(v) for name, v in self._prepare_amounts(lines).items()},
        }
        changed = {
            name: value
            for name, value in fresh.items()
            if self._fields[name].convert_to_write(self[name], self) != value
        }
        if changed:
            self.write(changed)
        return lines

    def _stored_lines(self):
        """``{notice id: [Fact]}``: the lines as stored, by one query for all."""
        Line = self.env["dunning.notice.line"]
        Line.flush_model()
        result = {notice_id: [] for notice_id in self.ids}
        for notice_id, *values in self.env.execute_query(
            SQL(
                """
            SELECT notice_id, %(columns)s
              FROM dunning_notice_line
             WHERE notice_id = ANY(%(notices)s)
          ORDER BY notice_id, id
            """,
                columns=SQL(", ").join(
                    SQL("%s::text", SQL.identifier(name))
                    if Line._fields[name].type == "monetary"
                    else SQL.identifier(name)
                    for name in LINE_FACTS
                ),
                notices=self.ids,
            )
        ):
            result[notice_id].append(Fact.from_row(values))
        return result

    def _replace_lines(self, lines):
        """Other lines for notices that are not issued.

        :param lines: ``{notice id: values as _prepare_lines makes them}``.
        """
        if not lines:
            return
        notices = self.browse(lines)
        notices.line_ids.unlink()
        notices._create_lines(lines)

    def _recheck(self, issued=False, day=None, stored=None):
        """Ask the rules whether the notices may (still) go.

        :param issued: they are issued and about to be sent.
        :param day: the day to look at; default: the date of each notice.
        :param stored: their lines, see ``_stored_lines``.
        :return: list of ``(notice, situation, Confirmed or Skip)``.
        """
        result = []
        stored = stored or self._stored_lines()
        for (company, today), notices in self.grouped(
            lambda n: (n.company_id, day or n.date)
        ).items():
            Situation = self.env["dunning.situation"].with_company(company)
            now = Situation._circumstances(company, today)
            situations = Situation._fetch(notices.profile_id, today)
            policies = {
                policy: policy._to_engine(company) for policy in notices.policy_id
            }
            levels = _EngineLevels(self.env)
            for notice in notices:
                situation = situations[notice.profile_id]
                items = [f for f in stored[notice.id] if f.item and f.kind == "item"]
                verdict = escalation.recheck(
                    policies[notice.policy_id],
                    situation.customer,
                    levels[notice.level_id.id],
                    carried=[fact.item for fact in items],
                    escalated={
                        fact.item: levels[fact.level]
                        for fact in items
                        if fact.escalated
                    },
                    now=now,
                    issued=issued,
                )
                result.append((notice, situation, verdict))
        return result

    def _issue_now(self):
        """Freeze what is told, number it, write the levels down.

        :return: the notices issued.
        """
        notices = self.with_context(dunning_issuing=True)
        notices._cap_item_levels()
        notices.write(
            {
                "state": "issued",
                "issued_at": fields.Datetime.now(),
                "issued_by_id": self.env.uid,
                "issue_requested_by_id": False,
                "error": False,
            }
        )
        notices._assign_numbers()
        notices._write_levels()
        for day, group in notices.grouped("date").items():
            # sudo: collectors issue; the snapshot of the profile follows
            group.profile_id.sudo().write({"last_contact_date": day})
        return self

    def _cap_item_levels(self):
        """Items are told no firmer a level than the message that carries them.

        Nor do they fall back: told less than before, they stay where they were.
        """
        self.env["dunning.notice.line"].flush_model()
        self.flush_model(["level_id"])
        levels = _EngineLevels(self.env)
        told_by_level = defaultdict(list)
        for line_id, level_id, message_id, before_id in self.env.execute_query(
            SQL(
                """
            SELECT line.id, line.level_id, notice.level_id, line.level_before_id
              FROM dunning_notice_line line
              JOIN dunning_notice notice ON notice.id = line.notice_id
             WHERE notice.id = ANY(%s)
               AND line.escalated
               AND (line.level_id != notice.level_id
                    OR line.level_before_id IS NOT NULL)
          ORDER BY line.id
            """,
                self.ids,
            )
        ):
            told = min(levels[level_id], levels[message_id], key=lambda li: li.firmness)
            if before_id and told.days < levels[before_id].days:
                told = levels[before_id]
            if told.key != level_id:
                told_by_level[told.key].append(line_id)
        for level_id, line_ids in told_by_level.items():
            lines = self.env["dunning.notice.line"].browse(line_ids)
            lines.with_context(dunning_issuing=True).level_id = level_id

    def _assign_numbers(self):
        """A number for each that has none yet; numbers in the order of the notices."""
        for (company, day), notices in self.grouped(
            lambda n: (n.company_id, n.date)
        ).items():
            unnumbered = notices.filtered(lambda n: not n.name)
            numbers = unnumbered.with_company(company)._next_numbers(
                len(unnumbered), day
            )
            self._update_rows(
                {
                    notice.id: {"name": number}
                    for notice, number in zip(unnumbered, numbers, strict=True)
                }
            )

    @api.model
    def _next_numbers(self, count, day):
        """The next numbers of notices of the current company.

        By one query from a sequence that may have gaps, as ours is made; one by one
        from one without gaps.

        :raises UserError: where somebody has deleted the sequence.
        :raises ConcurrencyError: when another worker issues the first notice of the
            year at the same moment; tried again as a whole, this one finds the year.
        """
        if not count:
            return []
        sequence = (
            self.env["ir.sequence"]
            .sudo()
            .search(
                [
                    ("code", "=", "dunning.notice"),
                    ("company_id", "in", [self.env.company.id, False]),
                ],
                order="company_id",
                limit=1,
            )
        )  # sudo: part of issuing, whoever may issue
        if not sequence:
            raise UserError(
                self.env._(
                    "Notices have no sequence to take their numbers from: ask your "
                    "administrator to make one with the code “dunning.notice”."
                )
            )
        if sequence.implementation != "standard":
            return [sequence.next_by_id(sequence_date=day) for __ in range(count)]
        try:
            holder = sequence._get_current_sequence(sequence_date=day)
        except UniqueViolation as error:
            raise ConcurrencyError("the year was begun meanwhile") from error
        if holder == sequence:
            name = f"ir_sequence_{sequence.id:03d}"
        else:
            name = f"ir_sequence_{sequence.id:03d}_{holder.id:03d}"
            sequence = sequence.with_context(ir_sequence_date_range=holder.date_from)
        rows = self.env.execute_query(
            SQL("SELECT nextval(%s) FROM generate_series(1, %s)", name, count)
        )
        prefix, suffix = sequence._get_prefix_suffix(date=day)
        return [f"{prefix}{number:0{sequence.padding}d}{suffix}" for (number,) in rows]

    def _write_levels(self):
        """Items carry their new level and its date, from the moment of issue.

        By SQL, because the items are posted: nothing of the entry changes, no total has
        to be recomputed, and core's checks of posted entries cost per record.
        """
        self._flush_levels()
        self.env.cr.execute(
            SQL(
                """
            UPDATE account_move_line item
               SET dunning_level_id = line.level_id, dunning_date = notice.date
              FROM dunning_notice_line line
              JOIN dunning_notice notice ON notice.id = line.notice_id
             WHERE notice.id = ANY(%s)
               AND line.escalated
               AND item.id = line.move_line_id
            """,
                self.ids,
            )
        )
        self._forget_levels()

    def _flush_levels(self):
        self.env["account.move.line"].flush_model(LEVEL_COLUMNS)
        self.env["dunning.notice.line"].flush_model()
        self.flush_model(["date"])

    def _forget_levels(self):
        self.env["account.move.line"].invalidate_model(LEVEL_COLUMNS, flush=False)

    def _restore_levels(self):
        """Give the items back the level they had: the message reached nobody.

        Only where no later notice has moved them on.
        """
        if not self:
            return
        self._flush_levels()
        self.env.cr.execute(
            SQL(
                """
            UPDATE account_move_line item
               SET dunning_level_id = line.level_before_id,
                   dunning_date = line.date_before
              FROM dunning_notice_line line
              JOIN dunning_notice notice ON notice.id = line.notice_id
             WHERE notice.id = ANY(%s)
               AND line.escalated
               AND item.id = line.move_line_id
               AND item.dunning_level_id = line.level_id
               AND item.dunning_date = notice.date
            """,
                self.ids,
            )
        )
        self._forget_levels()
        self.profile_id._recompute_last_contact()
        self.profile_id._refresh_figures()

    def _cancel(self, reason):
        """Cancel with a reason; what was already issued keeps its content."""
        self.write(
            {
                "state": "cancelled",
                "cancel_reason": reason,
                "issue_requested_by_id": False,
            }
        )

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
        return self._withdraw(self._overtaken_reasons(day))

    @api.model
    def _withdraw(self, reasons):
        """Withdraw issued notices before they are sent; levels go back.

        :param reasons: ``{notice id: why}``.
        :return: the notices.
        """
        withdrawn = self.browse(reasons)
        for notice in withdrawn:
            notice.delivery_ids._cancel(reasons[notice.id])
            notice._cancel(reasons[notice.id])
        if withdrawn:
            withdrawn._restore_levels()
            withdrawn.run_id._update_state()
        return withdrawn

    def _overtaken_reasons(self, day):
        """``{notice id: why}`` of those of the issued notices that are wrong by now."""
        reasons = {
            notice.id: notice._overtaken_reason(situation, verdict)
            for notice, situation, verdict in self._recheck(issued=True, day=day)
        }
        return {notice_id: reason for notice_id, reason in reasons.items() if reason}

    def _overtaken_reason(self, situation, verdict):
        """Why the frozen notice would be wrong today, or ``False``."""
        self.ensure_one()
        if isinstance(verdict, escalation.Skip):
            return self.env["dunning.skip"]._label(verdict)
        if not self._recipients_stand():
            return self.env._("The recipient is no contact of the customer any more")
        lines = self._prepare_lines(self.date, situation, verdict.carried, {})
        today = float(self._prepare_amounts(lines)["amount_due"])
        if self.currency_id.compare_amounts(today, self.amount_due) < 0:
            return self.env._("Overtaken by a payment or credit")
        return False

    def _filter_current(self):
        """The notices that another attempt may still bring to the customer.

        The customer was told nothing later, and the day to pay by has not passed: a
        letter that asks for payment by yesterday is not sent, nor does the time until
        the next message count from a date long gone.
        """
        latest = dict(
            self._read_group(
                [("profile_id", "in", self.profile_id.ids), ("state", "=", "issued")],
                ["profile_id"],
                ["id:max"],
            )
        )
        return self.filtered(
            lambda n: (
                latest.get(n.profile_id, 0) <= n.id
                and not (
                    n.deadline_date and n.deadline_date < n.company_id._dunning_today()
                )
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
