from odoo import api, fields, models

from ..engine import exposure

STRONGEST = 3  # factors of a score shown beside it
# The parts of the exposure, in the order of the bar.
PARTS = ("open_items", "credits", "pending", "drafts", "orders")


class CreditProfile(models.Model):
    """The bar of the limit: what uses it, live, in company currency."""

    _inherit = "credit.profile"

    credit_bar = fields.Json(
        string="Credit limit in use",
        compute="_compute_credit_bar",
        help="What the customer owes and will owe, and the limit that holds today.",
    )

    score_brief = fields.Json(
        string="Score in short",
        compute="_compute_score_brief",
        help="The score with the factors that made most of it.",
    )

    @api.depends("score", "score_date", "score_points", "score_confidence")
    @api.depends_context("lang")
    def _compute_score_brief(self):
        confidences = dict(
            self._fields["score_confidence"]._description_selection(self.env)
        )
        for profile in self:
            strongest = sorted(
                (factor for factor in profile.score_factors or [] if factor["points"]),
                key=lambda factor: -abs(factor["points"]),
            )
            profile.score_brief = profile.score_date and {
                "score": profile.score,
                "confidence": confidences.get(profile.score_confidence, ""),
                "factors": strongest[:STRONGEST],
            }

    @api.depends("partner_id", "limit_enforced", "credit_limit", "pool_profile_id")
    @api.depends("temporary_limit", "temporary_limit_from", "temporary_limit_to")
    def _compute_credit_bar(self):
        known = self.filtered("id")
        (self - known).credit_bar = False
        exposures, limits = known._exposure(), known._limits()
        for profile in known:
            company = profile.company_id
            owed, limit = exposures[profile.id], limits[profile.id]
            usage = exposure.assess(owed, limit, company._credit_warn_levels())
            profile.credit_bar = {
                "profile_id": profile.id,
                "currency_id": company.sudo().currency_id.id,
                "parts": {name: float(getattr(owed, name)) for name in PARTS}
                | {"others": float(owed.others)},
                "used": float(usage.used),
                "limit": None if usage.limit is None else float(usage.limit),
                "free": None if usage.free is None else float(usage.free),
                "percent": None if usage.percent is None else float(usage.percent),
                "band": usage.band.value,
                "source": limit.source and limit.source.value,
            }

    def get_credit_bar(self):
        """The bar of one customer, live; asked for when somebody looks at it."""
        self.ensure_one()
        self.check_access("read")
        return self.credit_bar
