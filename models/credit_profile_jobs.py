import logging

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.fields import Domain
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

# What a job could not do for a customer is kept here, for people to see.
TROUBLES = ("figures_error", "score_error", "limit_error", "late_error")


class CreditProfile(models.Model):
    """The jobs that go through all customers: one bad record stops nobody else.

    What fails together is done in halves until the culprit is alone; it keeps what it
    had, with its error, and is tried again the next time.
    """

    _inherit = "credit.profile"

    figures_error = fields.Char(
        string="Figures not up to date",
        readonly=True,
        copy=False,
        help="Why the figures of this customer could not be computed the last time.",
    )
    score_error = fields.Char(
        string="Score not up to date",
        readonly=True,
        copy=False,
        help="Why this customer could not be scored the last time.",
    )
    limit_error = fields.Char(
        string="Limit not up to date",
        readonly=True,
        copy=False,
        help="Why the limit of the class could not be applied the last time.",
    )
    trouble = fields.Text(string="Not up to date", compute="_compute_trouble")

    @api.depends(*TROUBLES)
    @api.depends_context("lang")
    def _compute_trouble(self):
        for profile in self:
            profile.trouble = "\n".join(
                f"{self._fields[name]._description_string(self.env)}: {profile[name]}"
                for name in TROUBLES
                if profile[name]
            )

    # === JOBS === #

    @api.model
    def _work_through(self, domain, batch, step, trouble):
        """Take a step for all profiles of a domain, batch by batch.

        Committed after each batch, and resumed where it stopped: a step takes those it
        has been taken for out of the domain. Who failed is left out for this time.

        :param domain: :class:`Domain` of what is to do.
        :param batch: profiles at a time.
        :param step: name of a method without arguments.
        :param trouble: name of the field that keeps an error.
        """
        cron = self.env["ir.cron"]
        failed = self.browse()
        remaining = self.search_count(domain)
        cron._commit_progress(remaining=remaining)
        while remaining:
            todo = domain & Domain("id", "not in", failed.ids)
            profiles = self.search(todo, limit=batch, order="company_id, id")
            if not profiles:
                break
            failed |= profiles._one_by_one_if_needed(step, trouble)
            todo = domain & Domain("id", "not in", failed.ids)
            remaining = self.search_count(todo)
            if not cron._commit_progress(len(profiles), remaining=remaining):
                break

    def _one_by_one_if_needed(self, step, trouble):
        """Take a step together; when that fails, in halves.

        :return: the profiles it failed for, each with its error.
        """
        if not self:
            return self
        try:
            with self.env.cr.savepoint():
                self._clear_trouble(trouble)  # before: the step may note some itself
                getattr(self, step)()
        except (OperationalError, ConcurrencyError):
            raise  # another transaction was first: the job begins again
        except Exception as error:  # whatever it is, it is reported
            half = len(self) // 2
            if half:
                parts = self[:half], self[half:]
                return self.browse().union(
                    *(part._one_by_one_if_needed(step, trouble) for part in parts)
                )
            _logger.warning(
                "%s of credit profile %s failed", step, self.id, exc_info=True
            )
            letters = self.env["credit.letter.mixin"].with_context(
                lang=self.company_id._credit_notes_lang()
            )
            self._note_trouble(trouble, letters._failure_words(error))
            return self
        return self.browse()

    def _note_trouble(self, trouble, words):
        """Keep what went wrong, for people to see.

        :param trouble: name of the field. :param words: a sentence.
        """
        self._update_columns({trouble: words})

    def _clear_trouble(self, trouble):
        if not self.ids:
            return
        name = SQL.identifier(trouble)
        self.env.cr.execute(
            SQL(
                "UPDATE credit_profile SET %s = NULL"
                " WHERE id = ANY(%s) AND %s IS NOT NULL",
                name,
                self.ids,
                name,
            )
        )
        if self.env.cr.rowcount:
            self.invalidate_recordset([trouble], flush=False)
