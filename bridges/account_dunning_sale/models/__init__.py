from . import (
    account_move_gate,
    credit_exposure,
    credit_gate,
    credit_profile,
    sale_order,
    sale_order_gate,
)
