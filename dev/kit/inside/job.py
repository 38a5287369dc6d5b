"""Run the day's dunning, as the scheduled actions would, and tell what came of it.

Every step leaves a state the next start can go on from, so a killed job is finished by
the next one, and a finished one is not done again.
"""

import argparse
from datetime import date, datetime, time
from pathlib import Path

from session import environment, progress, write_result


def main() -> None:
    options = _options()
    with environment(
        options.database, "--smtp", "127.0.0.1", "--smtp-port", options.smtp_port
    ) as env:
        parameters = env["ir.config_parameter"]
        parameters.set_param("web.base.url", options.url)
        parameters.set_param("report.url", options.render_url)
        if options.lang:
            env.ref("base.user_admin").lang = options.lang
        env.cr.commit()  # the server that renders the letters has to see it
        run = _run(env, options.date)
        values = dict(run._get_summary(), state=run.state)
        values["deliveries"] = _deliveries(run)
        values["sending"] = run.company_id._dunning_is_sending_time(
            _nine_o_clock(options.date)
        )
        letters = run._get_letters_pdf()
        if letters:
            Path(options.letters).write_bytes(letters)
        values["letters"] = options.letters if letters else ""
        write_result(options.result, values)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--date", required=True, type=date.fromisoformat)
    parser.add_argument("--lang")
    parser.add_argument("--url", required=True, help="the address people use")
    parser.add_argument(
        "--render-url",
        required=True,
        help="where the letters' renderer finds style sheets, now",
    )
    parser.add_argument("--smtp-port", required=True)
    parser.add_argument("--letters", required=True, help="file for the letters")
    parser.add_argument("--result", required=True, help="file for the summary")
    return parser.parse_args()


def _run(env, day):
    company = env.ref("base.main_company")
    env = env(context=dict(env.context, allowed_company_ids=company.ids))
    run = env["dunning.run"].search(
        [
            ("company_id", "=", company.id),
            ("date", "=", day),
            ("state", "!=", "cancelled"),
        ],
        limit=1,
    )
    run = run or env["dunning.run"]._propose_run(company, day)
    env.cr.commit()
    while run.state == "proposing" and run._propose_batch():
        env.cr.commit()
    _issue(run)
    env["dunning.delivery"]._deliver_pending(company, now=_nine_o_clock(day))
    env.cr.commit()
    env["mail.mail"].process_email_queue()
    env.cr.commit()
    return run


def _nine_o_clock(day):
    return datetime.combine(day, time(9))


def _issue(run):
    """Approve and issue what is proposed, some at a time."""
    if run.draft_count:
        run.action_approve()
        run.env.cr.commit()
    total = run.approved_count
    done = 0
    while waiting := run._approved_notices().filtered(lambda n: not n.error)[:25]:
        run._issue_notices(waiting)
        run.env.cr.commit()
        run.env.invalidate_all()
        done += len(waiting)
        progress(done, total, "notices issued")


def _deliveries(run):
    """How many deliveries are in which state, by channel, in words."""
    fields = run.env["dunning.delivery"]._fields
    words = {
        name: dict(fields[name]._description_selection(run.env))
        for name in ("channel", "state")
    }
    groups = run.env["dunning.delivery"]._read_group(
        [("run_id", "=", run.id)], ["channel", "state"], ["__count"]
    )
    return [
        {
            "channel": words["channel"][channel],
            "state": words["state"][state],
            "count": count,
        }
        for channel, state, count in groups
    ]


if __name__ == "__main__":
    main()
