from . import test_exposure_orders, test_exposure_property
