from . import (
    account_move_gate,
    credit_exposure,
    credit_gate,
    credit_profile,
    res_partner,
    sale_order,
    sale_order_gate,
    sale_order_growth,
    sale_order_online,
    sale_order_terms,
)
