from odoo import api, fields, models

ACTIVITY = "mail.mail_activity_data_warning"


class DunningRun(models.Model):
    """What keeps a run from going on and is nobody's notice: told once, tried again."""

    _inherit = "dunning.run"

    trouble = fields.Char(
        readonly=True, copy=False, help="Why nothing can be issued at the moment."
    )

    @api.depends("trouble")
    def _compute_waiting_reason(self):
        result = super()._compute_waiting_reason()
        for run in self:
            if run.trouble:
                run.waiting_reason = run.trouble
        return result

    def _wait_for_machine(self, trouble):
        """Nothing can be issued now: leave all as it is, and tell a person.

        :param trouble: the ``MachineTrouble``.
        """
        self.ensure_one()
        self._update_state()
        self.trouble = str(trouble)
        told = self._in_words_of_contact()
        told._tell_once(told.env._("Dunning notices wait"), str(trouble))

    def _trouble_over(self):
        """Letters can be made again: nobody has to be asked any more."""
        if self.trouble:
            self.trouble = False
            self.activity_unlink([ACTIVITY])

    def _tell_waiting(self, reason):
        """E-mails wait for something that is no customer's fault: tell a person."""
        for run in self:
            told = run._in_words_of_contact()
            told._tell_once(
                told.env._("E-mails of a dunning run cannot be sent"),
                told.env._(
                    "%(reason)s They are tried again every two hours and go by "
                    "themselves once it is mended.",
                    reason=reason,
                ),
            )

    def _in_words_of_contact(self):
        """The run in the language of the company's credit contact."""
        self.ensure_one()
        contact = self.company_id._dunning_credit_contact()
        return self.with_context(lang=contact.lang)

    def _tell_once(self, summary, note):
        """One activity on the run for the credit contact, unless it is open already.

        The texts are for one person: see ``_in_words_of_contact``.
        """
        self.ensure_one()
        run = self.sudo()  # sudo: whoever met the trouble, the contact is told
        kind = self.env.ref(ACTIVITY)
        if kind in run.activity_ids.activity_type_id:
            return
        run.activity_schedule(
            ACTIVITY,
            summary=summary,
            note=note,
            user_id=self.company_id._dunning_credit_contact().id,
            date_deadline=self.company_id._dunning_today(),
        )
