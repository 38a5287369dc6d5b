from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..engine import scoring

BY_HAND = timedelta(days=180)  # a class somebody writes without saying until when

# What a person decides about the class of a customer.
CLASS_FIELDS = {"class_id", "class_manual_until", "class_manual_reason"}


class CreditProfile(models.Model):
    """The class that follows the score, or somebody's decision."""

    _inherit = "credit.profile"

    class_mode = fields.Selection(related="company_id.credit_class_mode")
    class_proposed_id = fields.Many2one(
        "credit.risk.class",
        string="Class proposed",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The class the score leads to; a credit manager decides.",
    )
    class_manual_until = fields.Date(
        string="Class set by hand until",
        tracking=True,
        copy=False,
        help="Until the end of this day the class does not follow the score.",
    )
    class_manual_reason = fields.Char(string="Why by hand", tracking=True, copy=False)
    class_is_manual = fields.Boolean(
        string="Class set by hand",
        compute="_compute_class_is_manual",
        search="_search_class_is_manual",
    )
    # === COMPUTE METHODS === #

    @api.depends("class_manual_until")
    def _compute_class_is_manual(self):
        for profile in self:
            until = profile.class_manual_until
            company = profile.company_id.sudo()
            profile.class_is_manual = bool(
                until and company and until >= company._dunning_today()
            )

    def _search_class_is_manual(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = self.env["res.company"]._dunning_domain_today(
            lambda day: Domain("class_manual_until", ">=", day)
        )
        return domain if True in value else ~domain

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._decided_by_hand(vals) for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        return super().write(self._decided_by_hand(vals))

    @api.model
    def _decided_by_hand(self, vals):
        """Who may decide on a class; and what somebody sets stays for a while.

        Otherwise a class typed in today, or read from a file, would be taken back by
        the score in the night without a word.
        """
        if self.env.su or not CLASS_FIELDS & set(vals):
            return vals
        self._check_decides_class()
        if vals.get("class_id") and "class_manual_until" not in vals:
            until = fields.Date.context_today(self) + BY_HAND
            vals = {"class_manual_reason": self.env._("Set by hand"), **vals}
            vals["class_manual_until"] = until
            vals["class_proposed_id"] = False
        return vals

    @api.model
    def _check_kept_by_machine(self, names):
        names = set(names)
        if CLASS_FIELDS & names and not self.env.su:
            # emptied along with a decision; only a credit manager comes so far
            names.discard("class_proposed_id")
        return super()._check_kept_by_machine(names)

    @api.model
    def _check_decides_class(self):
        if not self.env.su and not self.env.user.has_group(
            "account_dunning.group_account_dunning_manager"
        ):
            raise AccessError(
                self.env._("Only a credit manager decides on the class of a customer.")
            )

    # === ACTIONS === #

    def action_accept_class(self):
        """Give these customers the classes their scores lead to."""
        self._check_decides_class()
        self.check_access("write")
        proposed = self.filtered("class_proposed_id")
        if not proposed:
            raise UserError(self.env._("No class is proposed for these customers."))
        for risk_class, profiles in proposed.grouped("class_proposed_id").items():
            # an earlier decision by hand gives way to this one
            profiles.sudo().write(
                {"class_manual_until": False, "class_manual_reason": False}
            )
            profiles._apply_class(risk_class, profiles._score_reasons())

    def action_change_class(self):
        """Open the dialogue that sets a class by hand."""
        self._check_decides_class()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Set the class by hand"),
            "res_model": "credit.class.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_profile_ids": self.ids},
        }

    def action_end_manual_class(self):
        """Let the class follow the score again."""
        self._check_decides_class()
        self.check_access("write")
        self.write({"class_manual_until": False, "class_manual_reason": False})
        self._refresh_scores()

    # === CLASSES === #

    def _apply_class(self, risk_class, why):
        """Give these customers a class, and say so in their chatter.

        With full rights: who may decide is checked by who calls. What is held back and
        may pass under the new class is looked at again.

        :param why: the reason in words, or ``{profile id: words}``.
        """
        profiles = self.sudo()
        changed = profiles.filtered(lambda p: p.class_id != risk_class)
        proposed = profiles.filtered("class_proposed_id")
        proposed.with_context(tracking_disable=True).write({"class_proposed_id": False})
        if not changed:
            return
        if isinstance(why, str):
            why = dict.fromkeys(changed.ids, why)
        bodies = {
            profile.id: self.env._(
                "Risk class: %(old)s → %(new)s. %(why)s",
                old=profile.class_id.display_name or self.env._("none"),
                new=risk_class.display_name or self.env._("none"),
                why=why.get(profile.id, ""),
            )
            for profile in changed
        }
        # the note says old and new, and why: one message, where tracking makes another
        changed.with_context(tracking_disable=True).write({"class_id": risk_class.id})
        changed._plan_reviews_of_class()
        changed._message_log_batch(bodies)
        self.env["credit.gate"]._recheck_later(changed.partner_id.ids)

    def _score_reasons(self):
        """Why the score is what it is: ``{profile id: a sentence or two}``."""
        return {
            profile.id: self.env._(
                "Score %(score)s. %(factors)s",
                score=profile.score,
                factors=" · ".join(
                    f"{factor['text']} ({factor['points']:+})"
                    for factor in (profile.score_factors or [])[:3]
                    if factor["points"]
                ),
            )
            for profile in self
        }

    # === FOLLOWING THE SCORE === #

    @api.model
    def _engine_classes(self, company):
        # sudo: the rules are the same, whoever asks
        classes = self.env["credit.risk.class"].sudo()._offered(company)
        # a company that keeps classes of its own does not use the common ones
        own = classes.filtered(lambda known: known.company_id and not known.unrated)
        return [
            scoring.RiskClass(known.id, known.score_floor, known.unrated)
            for known in own or classes
        ]

    def _class_for(self, result, classes, company, day):
        """Id of the class the score leads to; ``None`` where it has nothing to say."""
        self.ensure_one()
        by_hand = self.class_manual_until and self.class_manual_until >= day
        # who has a class that was archived keeps it, as archiving it says
        archived = self.class_id and not self.class_id.active
        if by_hand or archived or company.credit_class_mode == "never":
            return None
        current = self.class_id.id or None
        return scoring.class_for(result, classes, current, company.credit_class_margin)

    def _follow_scores(self, company, moves):
        """Give customers the classes their scores led to.

        :param moves: list of ``(class id, profile)``.
        """
        if not moves:
            return
        # notes are read by everybody in the company: in its language
        scoped = self.with_context(lang=company._credit_notes_lang())
        by_class = {}
        for target, profile in moves:
            by_class.setdefault(target, []).append(profile.id)
        for target, ids in by_class.items():
            profiles = scoped.browse(ids)
            risk_class = scoped.env["credit.risk.class"].browse(target)
            profiles._apply_class(risk_class, profiles._score_reasons())
