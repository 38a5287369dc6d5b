"""Limits that people gave customers in core are limits of their own, and enforced.

19.0.1.0.0 knew no credit limits; core kept the amounts, and warned where its switch was
on. The amounts stay where they are.
"""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["credit.profile"]._adopt_core_limits()
