from . import (
    base_partner_merge,
    base_partner_merge_credit,
    credit_statement_wizard,
    dunning_exclude_wizard,
    dunning_golive,
    dunning_hold_wizard,
    dunning_notice_wizard,
    dunning_preview,
    dunning_reminder_wizard,
    dunning_run_retry,
    dunning_run_wizard,
)
