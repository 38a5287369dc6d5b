from odoo import api, models


class CreditRating(models.Model):
    """A file to fill in, for those who import ratings."""

    _inherit = "credit.rating"

    @api.model
    def get_import_templates(self):
        """What the import dialogue offers: columns by the names of the fields, which it
        recognises in every language.
        """
        return [
            {
                "label": self.env._("Template for ratings"),
                "template": "/account_dunning/static/csv/credit_ratings.csv",
            }
        ]
