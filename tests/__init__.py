from . import test_channels, test_facts, test_job, test_selection
