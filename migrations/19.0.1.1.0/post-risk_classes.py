"""Customers known before there were risk classes are unrated.

19.0.1.0.0 knew no classes. Their limits stay as they are.
"""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["credit.profile"]._class_of_the_unclassed()
