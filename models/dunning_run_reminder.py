from odoo import api, models
from odoo.exceptions import UserError

from ..engine import reminder
from ..engine.escalation import Skip


class DunningRun(models.Model):
    """A run for one customer, on a person's order: see ``engine.reminder``."""

    _inherit = "dunning.run"

    @api.model
    def _remind(self, profile, items, day):
        """What a reminder ordered now would be.

        :param items: journal items chosen; empty means all that are overdue.
        :return: ``(situation, Reminder or Skip)``.
        """
        Situation = self.env["dunning.situation"].with_company(profile.company_id)
        situation = Situation._fetch(profile, day)[profile]
        policy = profile.sudo().effective_policy_id
        verdict = reminder.remind(
            policy._to_engine(profile.company_id),
            situation.customer,
            items.ids,
            Situation._circumstances(profile.company_id, day),
        )
        return situation, verdict

    @api.model
    def _propose_reminder(self, profile, items, day, confirmed=False):
        """Write the reminder down as the proposal of a run of its own.

        The customer is locked: of two orders at the same moment the second is refused,
        and of two in a row the second finds the message of the first under way.

        :param confirmed: a person knows what the timing says against it.
        :return: the run, with one draft notice.
        :raises UserError: when the rules forbid it, or it takes a confirmation.
        """
        profile = profile.sudo()
        if not profile.try_lock_for_update(allow_referencing=True):
            raise UserError(
                self.env._(
                    "Somebody is just sending something to %(customer)s. Look again in "
                    "a moment.",
                    customer=profile.display_name,
                )
            )
        situation, verdict = self._remind(profile, items, day)
        if isinstance(verdict, Skip):
            raise UserError(self._refusal(verdict))
        if verdict.against and not confirmed:
            raise UserError(
                self.env._(
                    "%(reasons)s. Confirm that the reminder goes all the same.",
                    reasons=self._against_sentence(verdict),
                )
            )
        run = self._start(profile.company_id, day, profile)
        run._write_reminder(profile, situation, verdict)
        return run

    def _write_reminder(self, profile, situation, verdict):
        self.ensure_one()
        scoped = self.with_company(self.company_id)
        outcome = [(profile, situation, verdict.outcome)]
        scoped.write(scoped._write_proposal(outcome))
        scoped.notice_ids.write(
            {
                "by_hand": True,
                "insisted": self._against_sentence(verdict) or False,
                "edited": True,  # a person's: no later proposal may replace it
            }
        )
        scoped._finish_proposal()

    def _refusal(self, skip):
        """Why nothing may be sent, as a sentence."""
        return self.env._(
            "No reminder can be sent: %(reason)s.", reason=self._say(skip)
        )

    def _against_sentence(self, verdict):
        return "; ".join(self._say(skip) for skip in verdict.against)

    @api.model
    def _say(self, skip):
        """A reason in words, with the first day that may change it."""
        label = self.env["dunning.skip"]._label(skip)
        if not skip.until:
            return label
        return self.env._(
            "%(reason)s; not before %(date)s",
            reason=label,
            date=self.env["ir.qweb.field.date"].value_to_html(skip.until, {}),
        )
