from . import credit_exposure, credit_profile, sale_order
