"""A request to issue in the background is one for notices, not for a run.

19.0.1.0.0 kept on the run that it is asked for, and by whom; it meant all its approved
notices without an error. What an item was proposed for is new beside what it is told.
"""

ROOT = 1  # an automatic policy asked in nobody's name


def migrate(cr, version):
    cr.execute(
        """
        UPDATE dunning_notice notice
           SET issue_requested_by_id = COALESCE(run.issue_requested_by_id, %s)
          FROM dunning_run run
         WHERE run.id = notice.run_id
           AND run.issue_requested
           AND notice.state = 'approved'
           AND notice.error IS NULL
        """,
        [ROOT],
    )
    cr.execute(
        """
        UPDATE dunning_notice_line line
           SET proposed_level_id = line.level_id
          FROM dunning_notice notice
         WHERE notice.id = line.notice_id
           AND notice.state IN ('draft', 'approved')
           AND line.escalated
        """
    )
