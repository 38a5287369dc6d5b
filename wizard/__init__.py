from . import (
    base_partner_merge,
    dunning_hold_wizard,
    dunning_preview,
    dunning_run_wizard,
)
