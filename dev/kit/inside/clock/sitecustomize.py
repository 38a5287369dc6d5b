"""Python runs this first in a process that `kit.clock` has set the clock of.

Before anything else is imported, so that all that asks for the time gets this one. It
goes on from there, as clocks do. PostgreSQL has its own clock and keeps it.
"""

import os

from freezegun import freeze_time

freeze_time(os.environ["ACCOUNT_DUNNING_NOW"], tick=True).start()
