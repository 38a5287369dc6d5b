import hashlib
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from .post_drop import Trouble

_logger = logging.getLogger(__name__)

STALE = timedelta(minutes=5)  # a claim nobody is at any more


class DunningPostMailing(models.Model):
    """Letters handed to a mailing house together.

    Made and committed before anything leaves, so that whatever happens then these
    letters are not handed over a second time: where it is not certain whether they
    arrived, a person says so.
    """

    _name = "dunning.post.mailing"
    _description = "Mailing"
    _inherit = ["dunning.collector.mixin"]
    _order = "id desc"

    name = fields.Char(readonly=True)
    provider_id = fields.Many2one(
        "dunning.post.provider",
        string="Mailing house",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(related="provider_id.company_id", store=True)
    state = fields.Selection(
        [
            ("claimed", "Being handed over"),
            ("submitted", "Handed over"),
            ("uncertain", "Not certain"),
            ("failed", "Not handed over"),
        ],
        default="claimed",
        required=True,
        readonly=True,
    )
    claimed_at = fields.Datetime(string="Begun", readonly=True)
    submitted_at = fields.Datetime(string="Handed over at", readonly=True)
    letter_count = fields.Integer(string="Letters", readonly=True)
    delivery_ids = fields.One2many("dunning.delivery", "mailing_id", readonly=True)
    manifest = fields.Text(
        readonly=True, help="The list of letters, as the mailing house got it."
    )
    manifest_sha256 = fields.Char(string="SHA-256 of the manifest", readonly=True)
    error = fields.Text(readonly=True)
    decided_by_id = fields.Many2one(
        "res.users",
        string="Decided by",
        readonly=True,
        help="Who said whether an uncertain mailing had arrived.",
    )

    _claimed_idx = models.Index("(provider_id) WHERE state IN ('claimed', 'uncertain')")

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("Mailings are the proof of what was sent: they stay.")
        )

    # === ACTIONS === #

    def action_was_handed_over(self):
        """A person has asked the mailing house: it has these letters."""
        mailings = self._uncertain()
        mailings.decided_by_id = self.env.uid
        for mailing in mailings:
            mailing._done()

    def action_was_not_handed_over(self):
        """A person has asked the mailing house: it has none of these letters."""
        mailings = self._uncertain()
        mailings.decided_by_id = self.env.uid
        for mailing in mailings:
            mailing._give_back(
                mailing.env._("The mailing house does not have this mailing"),
                now=True,
            )

    def _uncertain(self):
        mailings = self._as_collector()
        mailings.lock_for_update()
        if any(mailing.state != "uncertain" for mailing in mailings):
            raise UserError(
                self.env._("Only of an uncertain mailing has a person to say it.")
            )
        return mailings

    # === BUSINESS METHODS === #

    @api.model
    def _claim(self, provider, deliveries):
        """Take these letters for a mailing; to be committed before they leave."""
        mailing = self.create(
            {
                "provider_id": provider.id,
                "claimed_at": fields.Datetime.now(),
                "letter_count": len(deliveries),
            }
        )
        day = provider.company_id._dunning_today()
        mailing.name = f"{day:%Y%m%d}-{mailing.id:06d}"
        deliveries.write(
            {
                "state": "sending",
                "mailing_id": mailing.id,
                "error": False,
                "next_try": False,
            }
        )
        return mailing

    def _hand_over(self):
        """Have the mailing house take a claimed mailing; the claim is committed.

        :return: whether it did.
        """
        self.ensure_one()
        provider = self.provider_id
        try:
            with self.env.cr.savepoint():
                package = provider._package(self)
        except Exception as error:  # nothing has left: tried again, and reported
            _logger.warning("Mailing %s cannot be made", self.name, exc_info=True)
            self._give_back(provider._words_of(error))
            return False
        self.write(
            {
                "manifest": package.manifest,
                "manifest_sha256": hashlib.sha256(
                    package.manifest.encode()
                ).hexdigest(),
            }
        )
        try:
            with self.env.cr.savepoint():
                provider.submit(self, package)
        except Trouble as trouble:
            _logger.warning("Mailing %s not handed over: %s", self.name, trouble)
            self._give_back(provider._words_of(trouble))
            return False
        except Exception as error:  # it may have arrived: never twice, a person says
            _logger.warning("Mailing %s is uncertain", self.name, exc_info=True)
            self._become_uncertain(provider._words_of(error))
            return False
        self._done()
        return True

    def _done(self):
        self.write(
            {
                "state": "submitted",
                "submitted_at": fields.Datetime.now(),
                "error": False,
            }
        )
        waiting = self.delivery_ids.filtered(lambda d: d.state == "sending")
        waiting.write({"error": False})
        silent = waiting.filtered(
            lambda d: d.channel == "letter" and not d.provider_id.reports_back
        )
        silent._mark_sent()
        self.delivery_ids.run_id._update_state()

    def _give_back(self, words, now=False):
        """It was not handed over, for certain: the letters wait for the next try.

        :param now: they may go at once.
        """
        letters = self.delivery_ids.filtered(lambda d: d.state == "sending")
        self.write({"state": "failed", "error": words})
        letters.write({"state": "queued", "mailing_id": False})
        if now:
            letters.write({"error": False, "attempts": 0, "next_try": False})
        else:
            # the mailing house is to blame, no letter: later each time, never given up
            moment = fields.Datetime.now()
            for letter in letters:
                minutes = 15 * 2 ** min(letter.attempts, 3)
                letter.write(
                    {
                        "error": words,
                        "attempts": letter.attempts + 1,
                        "next_try": moment + timedelta(minutes=minutes),
                    }
                )
            self.provider_id._tell_trouble(words)

    def _become_uncertain(self, words):
        self.write({"state": "uncertain", "error": words})
        letters = self.delivery_ids.filtered(lambda d: d.state == "sending")
        letters.write(
            {
                "error": self.env._(
                    "It is not certain whether the mailing house has mailing "
                    "%(mailing)s. Ask it, then say so on the mailing.",
                    mailing=self.name,
                )
            }
        )
        provider = self.provider_id._in_words_of_contact()
        provider._tell_person(
            provider.env._("Has mailing %(mailing)s arrived?", mailing=self.name),
            provider.env._(
                "Handing over mailing %(mailing)s (%(count)s letters) broke off: "
                "%(reason)s It is not handed over again by itself. Ask the mailing "
                "house whether it has it, then say so on the mailing.",
                mailing=self.name,
                count=self.letter_count,
                reason=words,
            ),
        )

    @api.model
    def _look_after_claims(self, provider):
        """Mailings whose worker died, and uncertain ones of which more is known now."""
        claimed = self.search(
            [
                ("provider_id", "=", provider.id),
                ("state", "=", "claimed"),
                ("claimed_at", "<", fields.Datetime.now() - STALE),
            ]
        )
        # whoever is at one holds its row
        for mailing in claimed.try_lock_for_update():
            mailing._become_uncertain(self.env._("the server was interrupted."))
        for mailing in self.search(
            [("provider_id", "=", provider.id), ("state", "=", "uncertain")]
        ).try_lock_for_update():
            known = provider._was_handed_over(mailing)
            if known:
                mailing._done()
            elif known is False:
                mailing._give_back(mailing.error, now=True)
