from . import base_partner_merge, dunning_hold_wizard, dunning_run_wizard
