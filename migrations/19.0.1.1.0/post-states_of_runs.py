"""Runs all of whose proposals were cancelled by merging customers are done.

19.0.1.0.0 left them open, with nothing in them to decide on.
"""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    open_runs = env["dunning.run"].search([("state", "in", ("proposed", "approved"))])
    open_runs.with_context(tracking_disable=True)._update_state()
