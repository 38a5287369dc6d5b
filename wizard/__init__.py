from . import (
    base_partner_merge,
    dunning_golive,
    dunning_hold_wizard,
    dunning_notice_wizard,
    dunning_run_retry,
    dunning_run_wizard,
)
