"""Customers known before there were risk classes are unrated.

19.0.1.0.0 knew no classes. Own limits stay as they are; core's default limit becomes
that of the class, where core's limits were in use.
"""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["credit.profile"]._adopt_core_default_limits()
    env["credit.profile"]._class_of_the_unclassed()
