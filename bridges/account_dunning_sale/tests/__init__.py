from . import test_order_gate, test_tour_credit
