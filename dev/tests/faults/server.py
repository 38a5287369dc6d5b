"""Odoo's own command line, with small batches, so that little work is worth sharing.

The environment says how small: `FAULTS_BATCH`. Odoo starts its gevent worker with the
first of its own words again, so that has to be this file.
"""

import os

import jobs

from odoo import cli
from odoo.modules.registry import Registry


def _tell(crons):
    """The log says how much this server's scheduled actions have done."""
    commit_progress = crons._commit_progress

    def telling(self, processed=0, **options):
        if processed:
            print("worked:", processed, flush=True)
        return commit_progress(self, processed, **options)

    crons._commit_progress = telling


def main():
    new, size = Registry.new, int(os.environ["FAULTS_BATCH"])

    def new_with_small_batches(*args, **options):
        registry = new(*args, **options)
        jobs.set_batches(size)
        _tell(registry["ir.cron"])
        return registry

    Registry.new = new_with_small_batches
    cli.main()


if __name__ == "__main__":
    main()
