"""What is wrong with the notices of a database, and what there is of them."""

import hashlib
from collections import Counter


def problems(env, stage: str) -> list[str]:
    """What contradicts "each customer exactly once, with the proof of it".

    :param stage: how far the work has come: `propose`, `issue`, `deliver` or `mail`.
    """
    found = [*_once(env), *_orphans(env)]
    if stage != "propose":
        found += [*_proof(env), *_levels(env)]
    if stage in ("deliver", "mail"):
        found += _messages(env)
    return found


def counts(env) -> dict:
    return {
        "runs": dict(Counter(_runs(env).mapped("state"))),
        "notices": dict(Counter(_notices(env).mapped("state"))),
        "deliveries": dict(
            Counter(
                f"{delivery.channel} {delivery.state}"
                for delivery in env["dunning.delivery"].search([])
            )
        ),
        "customers": sum(_runs(env).mapped("customer_count")),
        "items": sum(_runs(env).mapped("item_count")),
        "skips": sum(
            sum((run.skip_counts or {}).values()) for run in _runs(env) if run
        ),
        "skip rows": env["dunning.skip"].search_count([]),
        "activities": env["mail.activity"].search_count([]),
    }


def _runs(env):
    return env["dunning.run"].search([("state", "not in", ("done", "cancelled"))]) | (
        env["dunning.notice"].search([("state", "!=", "cancelled")]).run_id
    )


def _notices(env):
    return env["dunning.notice"].search([("state", "!=", "cancelled")])


def _once(env):
    for name, count in Counter(_notices(env).mapped("partner_id.name")).items():
        if count != 1:
            yield f"{name}: {count} notices"
    owing = (
        env["account.move"]
        .search([("move_type", "=", "out_invoice"), ("state", "=", "posted")])
        .partner_id
    )
    reachable = owing.filtered(lambda p: p.email or p.city)
    for partner in reachable - _notices(env).partner_id:
        yield f"{partner.name}: no notice"
    for partner in _notices(env).partner_id - reachable:
        yield f"{partner.name}: a notice nobody can receive"
    for partner in owing - reachable:
        profile = env["credit.profile"].search([("partner_id", "=", partner.id)])
        if len(profile.activity_ids) != 1:
            yield f"{partner.name}: {len(profile.activity_ids)} activities"
    days = Counter(
        (run.company_id.id, run.date)
        for run in env["dunning.run"].search(
            [("kind", "=", "scheduled"), ("state", "!=", "cancelled")]
        )
    )
    for (company, day), count in days.items():
        if count != 1:
            yield f"company {company}, {day}: {count} scheduled runs"


def _orphans(env):
    attachments = env["ir.attachment"].search([("res_model", "=", "dunning.notice")])
    for attachment in attachments - env["dunning.notice"].search([]).attachment_id:
        yield f"attachment {attachment.name} belongs to no notice"
    for notice in _notices(env):
        lines = notice.line_ids.filtered(lambda li: li.kind == "item")
        if len(lines) != 1:
            yield f"{notice.partner_id.name}: {len(lines)} lines"
    env.cr.execute(
        "SELECT move_line_id, count(*) FROM dunning_skip GROUP BY run_id, move_line_id"
        " HAVING count(*) > 1"
    )
    for item, count in env.cr.fetchall():
        yield f"item {item}: {count} skips in one run"


def _proof(env):
    notices = _notices(env)
    numbers = Counter(notices.mapped("name"))
    for notice in notices:
        who = notice.partner_id.name
        if notice.state != "issued":
            yield f"{who}: {notice.state}, error {notice.error}"
            continue
        if not notice.issued_at or not notice.name or numbers[notice.name] > 1:
            yield f"{who}: number {notice.name}, issued at {notice.issued_at}"
        content = notice.attachment_id.raw
        if not content or not content.startswith(b"%PDF"):
            yield f"{who}: no letter"
        elif hashlib.sha256(content).hexdigest() != notice.pdf_sha256:
            yield f"{who}: the hash is not that of the letter"
        if len(notice.delivery_ids) != 1:
            yield f"{who}: {len(notice.delivery_ids)} deliveries"
    if env["dunning.run"].search([("issue_requested", "=", True)]):
        yield "a run is still to be issued"


def _levels(env):
    told = {
        line.move_line_id: line
        for line in _notices(env).line_ids
        if line.escalated and line.notice_id.state == "issued"
    }
    for item in env["account.move.line"].search(
        [("account_id.account_type", "=", "asset_receivable")]
    ):
        line = told.get(item, env["dunning.notice.line"])
        if (item.dunning_level_id, item.dunning_date) != (
            line.level_id,
            line.notice_id.date,
        ):
            yield f"item {item.id}: level {item.dunning_level_id.name}, told {line.id}"


def _messages(env):
    for delivery in env["dunning.delivery"].search([]):
        who = delivery.partner_id.name
        messages = env["mail.message"].search(
            [
                ("model", "=", "credit.profile"),
                ("res_id", "=", delivery.profile_id.id),
                ("message_type", "in", ("email", "email_outgoing", "comment")),
            ]
        )
        expected = int(delivery.channel == "email")
        if len(messages) != expected:
            yield f"{who}: {len(messages)} messages"
        if delivery.mail_message_id != messages:
            yield f"{who}: the delivery does not know its message"
        if len(messages.mail_ids) > expected:
            yield f"{who}: {len(messages.mail_ids)} e-mails"
        if expected and delivery.state not in ("sending", "sent"):
            yield f"{who}: delivery {delivery.state}, {delivery.error}"
