"""Errors kept with their stack trace become what people can read.

19.0.1.0.0 wrote down what the program said when a text or a template did not render.
Which notices and deliveries have an error stays as it is; only its words change.
"""


def migrate(cr, version):
    for table in ("dunning_notice", "dunning_delivery"):
        # the last line of a stack trace that says something is its cause
        cr.execute(
            f"""
            UPDATE {table}
               SET error = COALESCE(
                       (SELECT trim(line)
                          FROM regexp_split_to_table(error, '\\n')
                               WITH ORDINALITY AS lines (line, number)
                         WHERE line ~ '^\\s*[A-Za-z_.]+(Error|Exception): '
                      ORDER BY number DESC
                         LIMIT 1),
                       split_part(error, E'\\n', 1))
             WHERE error LIKE '%Traceback (most recent call last)%'
            """  # noqa: S608 - names of ours
        )
