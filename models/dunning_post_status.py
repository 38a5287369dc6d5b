import hashlib

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..engine import postal
from ..engine.postal import Fault, Step
from .dunning_level import PAPER


class DunningPostStatus(models.Model):
    """A status file, as it came, and what became of its rows."""

    _name = "dunning.post.status"
    _description = "Status File"
    _inherit = ["dunning.collector.mixin"]
    _order = "id desc"

    name = fields.Char(string="File", required=True, readonly=True)
    provider_id = fields.Many2one(
        "dunning.post.provider",
        string="Mailing house",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Empty: a person has imported the file.",
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    sha256 = fields.Char(string="SHA-256", required=True, readonly=True)
    attachment_id = fields.Many2one(
        "ir.attachment", string="Content", readonly=True, ondelete="restrict"
    )
    row_count = fields.Integer(string="Rows", readonly=True)
    changed_count = fields.Integer(
        string="New", readonly=True, help="Rows that said something new."
    )
    problem_count = fields.Integer(string="Not understood", readonly=True)
    problems = fields.Text(
        readonly=True,
        help="Rows that could not be written down, with the line of the file. Mend the "
        "cause and read the file again, or enter them by hand.",
    )
    state = fields.Selection(
        [("done", "Read"), ("problems", "Look at it"), ("settled", "Settled")],
        default="done",
        required=True,
        readonly=True,
    )
    settled_by_id = fields.Many2one("res.users", string="Settled by", readonly=True)

    _content_uniq = models.UniqueIndex(
        "(provider_id, name, sha256) WHERE provider_id IS NOT NULL",
        "This status file was read already.",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Status files are part of the proof: they stay."))

    # === ACTIONS === #

    def action_read_again(self):
        """Read the file again; what is known already changes nothing."""
        for status in self._as_collector():
            status._apply()

    def action_settle(self):
        """A person has seen to what could not be written down."""
        files = self._as_collector().filtered(lambda s: s.state == "problems")
        files.write({"state": "settled", "settled_by_id": self.env.uid})

    # === BUSINESS METHODS === #

    @api.model
    def _take_in(self, company, name, content, provider=None):
        """Keep a status file and do what it says.

        :param content: bytes, UTF-8 or else Windows-1252.
        :return: the file; the one there is, where the same was read before.
        """
        digest = hashlib.sha256(content).hexdigest()
        known = self.browse()
        if provider:
            known = self.search(
                [
                    ("provider_id", "=", provider.id),
                    ("name", "=", name),
                    ("sha256", "=", digest),
                ]
            )
        if known:
            return known
        status = self.create(
            {
                "name": name,
                "provider_id": provider.id if provider else False,
                "company_id": company.id,
                "sha256": digest,
            }
        )
        status.attachment_id = self.env["ir.attachment"].create(
            {
                "name": name,
                "raw": content,
                "mimetype": "text/csv",
                "res_model": self._name,
                "res_id": status.id,
            }
        )
        status._apply()
        return status

    def _apply(self):
        """Write down what the rows say; report those that say nothing we know."""
        self.ensure_one()
        text = self._decoded(self.attachment_id.raw)
        reports, bad = postal.read_status(text, self.provider_id._status_words())
        problems = [(row.line, self._fault_words(row)) for row in bad]
        by_reference = self._find_letters(reports)
        changed = 0
        for report in reports:
            found = by_reference.get(report)
            try:
                with self.env.cr.savepoint():
                    if isinstance(found, str):
                        raise UserError(found)
                    changed += self._apply_report(found, report)
            except UserError as error:
                problems.append((report.line, str(error)))
        problems.sort()
        self.write(
            {
                "row_count": len(reports) + len(bad),
                "changed_count": changed,
                "problem_count": len(problems),
                "problems": "\n".join(
                    self.env._("Line %(line)s: %(problem)s", line=line, problem=words)
                    for line, words in problems
                ),
                "state": "problems" if problems else "done",
            }
        )
        if problems and self.provider_id:
            self._tell_problems()

    def _tell_problems(self):
        provider = self.provider_id._in_words_of_contact()
        status = self.with_env(provider.env)
        provider._tell_person(
            provider.env._("A status file of the mailing house was not understood"),
            Markup("%s<br/>%s")
            % (
                provider.env._(
                    "%(count)s of %(rows)s rows of “%(file)s” could not be written "
                    "down. They are listed under Messages, Status files.",
                    count=status.problem_count,
                    rows=status.row_count,
                    file=status.name,
                ),
                (status.problems or "").partition("\n")[0],
            ),
        )

    @api.model
    def _decoded(self, content):
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("cp1252", errors="replace")

    def _fault_words(self, row):
        words = {
            Fault.NO_HEADING: self.env._(
                "the heading has to name the columns “status” and “date”, and "
                "“reference” or “notice”"
            ),
            Fault.NO_LETTER: self.env._("neither reference nor notice"),
            Fault.UNKNOWN_STATUS: self.env._("unknown status"),
            Fault.BAD_DAY: self.env._("no day like 2026-06-15"),
        }
        return f"{words[row.fault]} ({row.text[:200]})"

    def _find_letters(self, reports):
        """``{report: delivery, or the words why there is none}``; two queries."""
        Delivery = self.env["dunning.delivery"]
        names = {report.notice for report in reports if report.notice}
        # a reference is the number of the notice and the id of the delivery
        parts = {
            report: report.reference.rpartition("-")
            for report in reports
            if report.reference
        }
        ids = {int(tail) for __, __, tail in parts.values() if tail.isdecimal()}
        domain = (
            Domain("company_id", "=", self.company_id.root_id.id)
            & Domain("channel", "in", PAPER)
            & (
                Domain("id", "in", [one for one in ids if one < 2**31])
                | Domain("notice_id.name", "in", list(names))
            )
        )
        if self.provider_id:
            domain &= Domain("provider_id", "=", self.provider_id.id)
        letters = Delivery.search(domain, order="id")
        by_reference = {letter._reference(): letter for letter in letters}
        by_notice = letters.filtered(lambda d: d.state != "cancelled").grouped(
            lambda d: d.notice_id.name
        )
        result = {}
        for report in reports:
            if report.reference:
                letter = by_reference.get(report.reference)
                result[report] = letter or self.env._(
                    "no letter with the reference %(reference)s",
                    reference=report.reference,
                )
                continue
            mine = by_notice.get(report.notice, Delivery)
            registered = mine.filtered(lambda d: d.channel == "registered")
            mine = registered if len(registered) == 1 else mine
            if len(mine) == 1:
                result[report] = mine
            elif mine:
                result[report] = self.env._(
                    "%(notice)s has several letters: give the reference",
                    notice=report.notice,
                )
            else:
                result[report] = self.env._(
                    "no letter of notice %(notice)s", notice=report.notice
                )
        return result

    def _apply_report(self, delivery, report):
        """Do what a row says.

        :return: whether it said something new.
        :raises UserError: where it cannot be so, or a person has written otherwise.
        """
        if delivery.state == "cancelled":
            raise UserError(
                self.env._(
                    "%(notice)s was withdrawn, and the row says “%(status)s”",
                    notice=delivery.notice_id.name,
                    status=report.step.value,
                )
            )
        if delivery.provider_id and not delivery.mailing_id:
            raise UserError(
                self.env._(
                    "%(notice)s was not handed over yet",
                    notice=delivery.notice_id.name,
                )
            )
        if delivery.mailing_id.state in ("claimed", "uncertain"):
            delivery.mailing_id._done()  # they have it: so it did arrive
        if report.step is Step.REJECTED:
            changed = self._apply_rejection(delivery, report)
        else:
            changed = delivery._record_proof(
                self._values_of(delivery, report),
                "provider" if self.provider_id else "file",
                status=self,
                remark=report.remark,
            )
        if report.proof and self.provider_id:
            known = delivery.sudo().slip_ids.mapped("name")
            if report.proof not in known and delivery.slip_wanted != report.proof:
                delivery.slip_wanted = report.proof
                changed = True
        return changed

    def _values_of(self, delivery, report):
        """What the row adds; a row never overrules what a person has entered."""
        before = delivery._posting()
        if postal.is_overtaken(before, report.step, report.day):
            self._check_known(delivery, report)
        after = postal.advance(before, report.step, report.day)
        values = {
            "tracking_number": report.number or delivery.tracking_number,
            "deposited_on": after.deposited,
            "presented_on": after.presented,
            "outcome": after.outcome and after.outcome.value,
            "outcome_on": after.outcome_on,
        }
        last = {}
        for change in delivery.proof_ids.sorted("id"):
            last[change.fact] = change.source
        for name, value in values.items():
            if (
                last.get(name) == "person"
                and delivery[name]
                and (value or False) != delivery[name]
            ):
                field = delivery._fields[name]._description_string(self.env)
                raise UserError(
                    self.env._(
                        "%(notice)s, %(field)s: the row says %(said)s, and "
                        "%(user)s has entered %(entered)s",
                        notice=delivery.notice_id.name,
                        field=field,
                        said=value,
                        user=delivery.proof_ids.filtered(
                            lambda c, n=name: c.fact == n and c.source == "person"
                        )[0].user_id.name,
                        entered=delivery[name],
                    )
                )
        return values

    def _check_known(self, delivery, report):
        """A row about an end before the one known: written down before, or a problem.

        :raises UserError: it was never written down, and a person has to say what is
            right.
        """
        told = delivery.proof_ids
        outcome, day = report.step.value, fields.Date.to_string(report.day)
        if outcome in told.filtered(lambda c: c.fact == "outcome").mapped(
            "after"
        ) and day in told.filtered(lambda c: c.fact == "outcome_on").mapped("after"):
            return
        labels = dict(delivery._fields["outcome"]._description_selection(self.env))
        date_field = self.env["ir.qweb.field.date"]
        raise UserError(
            self.env._(
                "%(notice)s: the row says “%(said)s” on %(said_on)s, and what is known "
                "is “%(known)s” on %(known_on)s. If the row is right, enter it by hand",
                notice=delivery.notice_id.name,
                said=labels[outcome],
                said_on=date_field.value_to_html(report.day, {}),
                known=labels[delivery.outcome],
                known_on=date_field.value_to_html(delivery.outcome_on, {}),
            )
        )

    def _apply_rejection(self, delivery, report):
        if delivery.state in ("failed", "returned"):
            return False
        if delivery.state in ("sent", "delivered"):
            raise UserError(
                self.env._(
                    "%(notice)s was posted already, and the row says it could not be",
                    notice=delivery.notice_id.name,
                )
            )
        delivery._fail(
            self.env._(
                "The mailing house could not post it: %(remark)s",
                remark=report.remark or self.env._("no reason given"),
            )
        )
        return True
