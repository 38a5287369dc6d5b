from . import test_order_gate, test_order_terms, test_tour_credit
