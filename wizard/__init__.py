from . import dunning_hold_wizard, dunning_run_wizard
