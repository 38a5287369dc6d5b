from . import (
    test_exposure_orders,
    test_exposure_property,
    test_order_gate,
    test_order_growth,
    test_order_online,
    test_order_terms,
    test_tour_credit,
)
