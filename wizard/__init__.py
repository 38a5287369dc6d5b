from . import (
    base_partner_merge,
    credit_statement_wizard,
    dunning_hold_wizard,
    dunning_preview,
    dunning_run_wizard,
)
