from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError


class LateRegime(models.Model):
    """A rule that changes is a new row with its own days; nothing is rewritten."""

    _inherit = "late.regime"

    next_ids = fields.One2many("late.regime", "previous_id", string="Replaced by")
    shipped = fields.Boolean(compute="_compute_shipped")

    def _compute_shipped(self):
        """Whether the addon brought it; then the next upgrade would bring it again."""
        mine = {
            row["res_id"]
            for row in self.env["ir.model.data"]
            .sudo()
            .search_read(
                [
                    ("model", "=", self._name),
                    ("res_id", "in", self.ids),
                    ("module", "=", "account_dunning"),
                ],
                ["res_id"],
            )
        }
        for row in self:
            row.shipped = row.id in mine

    # === CRUD === #

    def copy_data(self, default=None):
        result = super().copy_data(default)
        for row, values in zip(self, result, strict=True):
            values.setdefault("code", row._free_code(f"{row.code}_COPY"))
            if not (default or {}).get("name") and "previous_id" not in values:
                values["name"] = self.env._("%s (copy)", row.name)
        return result

    def write(self, vals):
        """Steps of the compensation are kept in the history like other fields."""
        before = {row: row.compensation_words for row in self if "band_ids" in vals}
        result = super().write(vals)
        for row, words in before.items():
            if row.compensation_words != words:
                # sudo: the history is kept whoever changes it
                row.sudo().message_post(
                    body=self.env._("Compensation:")
                    + Markup("<br/>")
                    + self.env._(
                        "%(before)s → %(after)s",
                        before=words,
                        after=row.compensation_words,
                    )
                )
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_shipped(self):
        if shipped := self.filtered("shipped"):
            raise UserError(
                self.env._(
                    "%(regimes)s: shipped with the addon, the next upgrade would add "
                    "it again. Archive it instead; then it holds for nobody.",
                    regimes=", ".join(shipped.mapped("name")),
                )
            )

    # === ACTIONS === #

    def action_change(self):
        """Open the dialogue: from a day on the rule is different."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("The rule changes"),
            "res_model": "late.regime.change",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_regime_id": self.id},
        }

    def action_take_back(self):
        """Undo a change of the rule: the row before holds again without end.

        Only while nothing was claimed under the new one; then the database refuses.
        """
        self.ensure_one()
        self.check_access("unlink")
        before = self.previous_id
        if not before or self.next_ids:
            raise UserError(
                self.env._("%s: there is no change to take back.", self.display_name)
            )
        if self.valid_from <= self.env.company.root_id._dunning_today():
            raise UserError(
                self.env._(
                    "%s is in force already. Give it a last day, or correct it.",
                    self.display_name,
                )
            )
        before.valid_until = self.valid_until
        self.unlink()
        return before._form_action()

    # === BUSINESS METHODS === #

    def _change_from(self, day):
        """A copy that holds from that day on; this one ends the day before.

        :return: the new row, marked as to be confirmed.
        :raise UserError: where the rule does not hold on that day, or has changed.
        """
        self.ensure_one()
        if self.next_ids:
            raise UserError(
                self.env._(
                    "%(regime)s has been replaced already; change %(next)s.",
                    regime=self.display_name,
                    next=self.next_ids[:1].display_name,
                )
            )
        if self.valid_from and day <= self.valid_from:
            raise UserError(
                self.env._("The new rule must begin after the old one has begun.")
            )
        if self.valid_until and day > self.valid_until:
            raise UserError(self.env._("The old rule has ended before that day."))
        new = self.copy(
            {
                "code": self._free_code(f"{self._root().code}_{day:%Y%m%d}"),
                "previous_id": self.id,
                "valid_from": day,
                "valid_until": self.valid_until,
                "verified": False,
            }
        )
        self.valid_until = day - timedelta(days=1)
        return new

    def _root(self):
        """The first row of the same rule."""
        root = self
        while root.previous_id:
            root = root.previous_id
        return root

    @api.model
    def _free_code(self, wanted):
        """That code, or the first numbered one that nobody has."""
        taken = set(
            self.sudo()
            .with_context(active_test=False)
            .search([("code", "=like", f"{wanted}%")])
            .mapped("code")
        )
        code, number = wanted, 2
        while code in taken:
            code, number = f"{wanted}_{number}", number + 1
        return code

    def _form_action(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
