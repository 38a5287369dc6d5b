from collections import Counter, defaultdict
from decimal import Decimal

from odoo import api, fields, models

from ..engine.escalation import SENTENCES
from .dunning_level import PAPER


class DunningRun(models.Model):
    """A run in figures: what it proposes by level, why not, how far it has come."""

    _inherit = "dunning.run"

    skip_summary = fields.Text(string="Why not", compute="_compute_skip_summary")
    skip_count = fields.Integer(
        string="Items not reminded", compute="_compute_skip_summary"
    )
    level_table = fields.Html(
        string="By level", compute="_compute_tables", sanitize=False
    )
    progress = fields.Html(compute="_compute_tables", sanitize=False)

    # === COMPUTE METHODS === #

    @api.depends("skip_counts")
    def _compute_skip_summary(self):
        for run in self:
            rows = run._skip_rows()
            run.skip_count = sum(row["count"] for row in rows)
            run.skip_summary = "\n".join(f"{r['count']} · {r['reason']}" for r in rows)

    def _compute_tables(self):
        """The proposal by level, and how far it has come, as a person reads them."""
        for run in self:
            rows = run._level_rows()
            run.level_table = rows and self.env["ir.qweb"]._render(
                "account_dunning.dunning_run_levels",
                {"rows": rows, "currency": run.currency_id},
            )
            steps = run._progress_steps()
            run.progress = steps and self.env["ir.qweb"]._render(
                "account_dunning.dunning_run_progress", {"steps": steps}
            )

    # === BUSINESS METHODS === #

    def _level_rows(self):
        """The notices that are not cancelled, by level.

        :return: list of dicts with ``level``, ``policy`` (where there are several),
            ``count``, ``attention`` (how many call for a look), ``amount`` (still due,
            company currency) and ``channels`` (a list of texts), in the order of the
            levels.
        """
        self.ensure_one()
        channels = dict(
            self.env["dunning.notice"]
            ._fields["channel"]
            ._description_selection(self.env)
        )
        rows = {}
        for level, channel, attention, count, amount in self.env[
            "dunning.notice"
        ]._read_group(
            [("run_id", "in", self.ids), ("state", "!=", "cancelled")],
            ["level_id", "channel", "attention"],
            ["__count", "amount_due:sum"],
        ):
            row = rows.setdefault(
                level, {"count": 0, "amount": 0.0, "attention": 0, "by": Counter()}
            )
            row["count"] += count
            row["amount"] += amount
            row["by"][channels.get(channel, "")] += count
            if attention:
                row["attention"] += count
        policies = {level.policy_id for level in rows}
        return [
            {
                "level": level.name,
                "policy": level.policy_id.name if len(policies) > 1 else "",
                "channels": [f"{name} {n}" for name, n in row.pop("by").items()],
                **row,
            }
            for level, row in sorted(
                rows.items(), key=lambda pair: (pair[0].days, pair[0].id)
            )
        ]

    def _progress_steps(self):
        """How far the run has come: approved, issued, sent; and what failed.

        :return: list of dicts with ``label``, ``count``, ``total``, ``percent`` and
            ``kind`` (of the bar). Empty as long as there is no notice.
        """
        self.ensure_one()
        total = self.notice_count
        if not total:
            return []
        steps = [
            (self.env._("Approved"), self.approved_count + self.issued_count, "info"),
            (self.env._("Issued"), self.issued_count, "primary"),
            (self.env._("Sent"), self.sent_count, "success"),
        ]
        problems = self.failed_count + self.error_count
        if problems:
            steps.append((self.env._("Failed"), problems, "danger"))
        return [
            {
                "label": label,
                "count": count,
                "total": total,
                "percent": round(100 * count / total),
                "kind": kind,
            }
            for label, count, kind in steps
        ]

    def _skip_rows(self):
        """Items not reminded by reason, in the order of the rules."""
        self.ensure_one()
        labels = dict(
            self.env["dunning.skip"]._fields["reason"]._description_selection(self.env)
        )
        counts = self.skip_counts or {}
        return [
            {"reason": labels[reason.value], "count": counts[reason.value]}
            for reason in SENTENCES
            if counts.get(reason.value)
        ]

    def _get_summary(self):
        """The run in figures, for a person: see ``dev/demo``.

        Amounts are the balances due, per currency of the items.
        """
        self.ensure_one()
        groups = defaultdict(lambda: {"count": 0, "amounts": Counter()})
        channels = dict(
            self.env["dunning.notice"]
            ._fields["channel"]
            ._description_selection(self.env)
        )
        notices = self.notice_ids.filtered(lambda n: n.state != "cancelled")
        for notice in notices.sorted(lambda n: (n.level_id.days, n.id)):
            group = groups[notice.level_id, notice.channel]
            group["count"] += 1
            for total in notice._totals():
                group["amounts"][total["currency"].name] += Decimal(str(total["due"]))
        return {
            "date": self.date,
            "company": self.company_id.name,
            "customers": self.customer_count,
            "items": self.item_count,
            "notices": [
                {
                    "level": level.name,
                    "policy": level.policy_id.name,
                    "channel": channels.get(channel, ""),
                    "count": group["count"],
                    "amounts": dict(group["amounts"]),
                }
                for (level, channel), group in groups.items()
            ],
            "skipped": self._skip_rows(),
            "warnings": [
                f"{notice.display_name}: {notice.error}"
                for notice in notices
                if notice.error
            ]
            + [
                f"{notice.display_name}: {notice.cancel_reason}"
                for notice in self.notice_ids - notices
            ],
        }

    def _get_letters_pdf(self):
        """The letters of the run that wait to be posted, in a stable order.

        :return: bytes of one PDF; empty when there are none.
        """
        self.ensure_one()
        deliveries = self.env["dunning.delivery"].search(
            [
                ("run_id", "=", self.id),
                ("channel", "in", PAPER),
                ("state", "=", "queued"),
                ("provider_id", "=", False),
            ]
        )
        return deliveries._letters_pdf()
