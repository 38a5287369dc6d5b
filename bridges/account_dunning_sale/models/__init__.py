from . import (
    credit_exposure,
    credit_profile,
    res_partner,
    sale_order,
    sale_order_terms,
)
