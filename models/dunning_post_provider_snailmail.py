from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools import html2plaintext

from .post_drop import Trouble

# what Odoo tries again by itself, and says so to whoever buys credits
MONEY = ("CREDIT_ERROR", "TRIAL_ERROR")
# it cannot be said whether it left: a person looks
UNKNOWN = "UNKNOWN_ERROR"


class DunningPostProvider(models.Model):
    """Odoo's own post, where Snailmail is installed: no dependency.

    It posts ordinary letters only, and says when they were sent.
    """

    _inherit = "dunning.post.provider"

    @api.model
    def _selection_kind(self):
        kinds = super()._selection_kind()
        if "snailmail.letter" in self.env:
            kinds.append(("snailmail", self.env._("Odoo Snailmail")))
        return kinds

    @api.constrains("kind", "for_registered")
    def _check_no_registered(self):
        for provider in self:
            if provider.kind == "snailmail" and provider.for_registered:
                raise ValidationError(
                    self.env._(
                        "Snailmail posts no registered letters: keep those in the "
                        "print queue, or give them to another mailing house."
                    )
                )

    @api.onchange("kind")
    def _onchange_kind(self):
        if self.kind == "snailmail":
            self.for_registered = False

    # === THE INTERFACE === #

    def _check_snailmail(self):
        """It is installed, and sends by itself: nothing more can be tried."""

    def _submit_snailmail(self, mailing, package):
        """One letter of Snailmail for each of ours, in the same transaction.

        With a cover page: where Snailmail looks for the address is not where our
        letters have it.
        """
        Letter = self.env["snailmail.letter"].sudo()
        for delivery in mailing.delivery_ids:
            letter = Letter.create(
                {
                    "model": "dunning.notice",
                    "res_id": delivery.notice_id.id,
                    "partner_id": delivery.contact_id.id,
                    "company_id": self.company_id.id,
                    "user_id": self.env.uid,
                    "color": self.colour,
                    "duplex": self.duplex,
                    "cover": True,
                }
            )
            letter.attachment_id = self.env["ir.attachment"].create(
                {
                    "name": f"{delivery.notice_id.name}.pdf",
                    "raw": letter._append_cover_page(delivery._letters_pdf()),
                    "mimetype": "application/pdf",
                    "res_model": letter._name,
                    "res_id": letter.id,
                }
            )
            delivery.post_reference = str(letter.id)
            letter._snailmail_print(immediate=False)

    def _status_snailmail(self, commit):
        waiting = self.env["dunning.delivery"].search(
            [
                ("provider_id", "=", self.id),
                ("state", "=", "sending"),
                ("post_reference", "!=", False),
            ]
        )
        letters = (
            self.env["snailmail.letter"]
            .sudo()
            .browse(int(one.post_reference) for one in waiting)
            .exists()
        )
        by_id = {str(letter.id): letter for letter in letters}
        unpaid = set()
        for delivery in waiting:
            letter = by_id.get(delivery.post_reference)
            self._sync_snailmail(delivery, letter)
            if letter and letter.error_code in MONEY:
                unpaid.add(delivery.error)
            if not commit(1):
                return
        if unpaid:
            raise Trouble("money", " ".join(sorted(unpaid)))

    def _sync_snailmail(self, delivery, letter):
        if not letter or letter.state == "canceled":
            delivery._fail(self.env._("The letter was taken out of Snailmail"))
        elif letter.state == "sent":
            delivery._mark_sent()
            delivery.deposited_on = self.company_id._dunning_today(letter.write_date)
            delivery.run_id._update_state()
        elif letter.state == "error":
            words = html2plaintext(letter.info_msg or "").strip() or letter.error_code
            if letter.error_code in MONEY:
                delivery.error = words
            elif letter.error_code == UNKNOWN:
                delivery.error = words
                told = self._in_words_of_contact()
                told._tell_person(
                    told.env._(
                        "Did Snailmail post %(notice)s?",
                        notice=delivery.notice_id.name,
                    ),
                    told.env._(
                        "Snailmail does not say whether the letter left. Look at it "
                        "there: try it again, or cancel it; then the next channel "
                        "follows."
                    ),
                )
            else:
                faulty = letter.error_code == "MISSING_REQUIRED_FIELDS"
                letter.cancel()  # lest Snailmail try it again
                delivery._fail(words, faulty=faulty)

    def _proof_snailmail(self, names):
        """Snailmail has no scans."""
        return {}

    def _trouble_words(self, detail):
        return {**super()._trouble_words(detail), "money": detail}

    def _was_handed_over_snailmail(self, mailing):
        """Its letters are made in the transaction that says so, or not at all."""
        return False
