from . import (
    credit_exposure,
    credit_profile,
    res_partner,
    sale_order,
    sale_order_terms,
    account_move_gate,
    credit_exposure,
    credit_gate,
    credit_profile,
    sale_order,
    sale_order_gate,
)
