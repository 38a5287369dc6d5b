"""Customers under a law of their own, for the tests of what it forbids."""

import base64

from .common import DunningCommon


class LateLawCommon(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.france = cls.env.ref("base.fr")
        cls.belgium = cls.env.ref("base.be")
        cls.netherlands = cls.env.ref("base.nl")
        cls.company.country_id = cls.france
        # amounts of the law are in euros: one for one, so that they can be read
        cls.env["res.currency.rate"].search([]).unlink()

    @classmethod
    def _debtor(cls, name="Debtor", kind="consumer", country=None, **values):
        """A customer whose profile says what the law asks for.

        :return: partner, profile.
        """
        partner = cls._customer(
            name,
            is_company=kind != "consumer",
            country_id=(country or cls.france).id,
            street="1 Main Street",
            zip="1000",
            city="Town",
        )
        profile = cls._profile(partner)
        profile.write({"customer_kind": kind, "user_id": cls.collector.id, **values})
        return partner, profile

    @classmethod
    def _clause(cls, **values):
        """Values of a profile whose contract has a clause about late payment."""
        return {
            "late_contract": True,
            "late_contract_rate": 8,
            "late_contract_fee": 50,
            **values,
        }

    @classmethod
    def _document(cls, model, user=None):
        attachments = cls.env["ir.attachment"]
        if user:
            attachments = attachments.with_user(user)
        return attachments.create(
            {
                "name": "letter.txt",
                "datas": base64.b64encode(b"I owe you that."),
                "res_model": model,
                "res_id": 0,
            }
        )

    def _interrupt(self, profile, day, user=None, **values):
        """Record an interruption through the dialogue, as a collector does."""
        user = user or self.collector
        model = "late.interruption.wizard"
        document = self._document(model, user)
        wizard = (
            self.env[model]
            .with_user(user)
            .create(
                {
                    "profile_id": profile.id,
                    "date": day,
                    "attachment_ids": [(6, 0, document.ids)],
                    **values,
                }
            )
        )
        wizard.action_record()
        return self.env["late.interruption"].search(
            [("profile_id", "=", profile.id)], limit=1, order="id desc"
        )

    def _skip(self, run, invoice):
        return run.skip_ids.filtered(lambda s: s.move_line_id == self._item(invoice))
