from . import (
    base_partner_merge,
    dunning_exclude_wizard,
    dunning_hold_wizard,
    dunning_reminder_wizard,
    dunning_run_wizard,
)
