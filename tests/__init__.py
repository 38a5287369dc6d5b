from . import (
    test_access,
    test_channels,
    test_facts,
    test_job,
    test_letters,
    test_pdf_letters,
    test_profiles,
    test_runs,
    test_selection,
    test_tour_collect,
    test_tour_run,
    test_worklist,
)
