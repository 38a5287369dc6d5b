"""The floor for `./dev/bench`: one statement does what a database does at the least.

bench_floor.py DATABASE RESULT.json

It finds the level of each open item from its age and inserts one row per item. No
customer is looked at, no rule, no credit, no address: nothing can be faster that
remembers a decision for each item.
"""

import sys
import time
from statistics import median

from session import environment, write_result

TIMES = 5

_TABLES = """
    CREATE TABLE bench_level (id serial PRIMARY KEY, days integer NOT NULL);
    INSERT INTO bench_level (days) VALUES (3), (15), (30), (45);
    CREATE TABLE bench_decision (
        id serial PRIMARY KEY,
        item_id integer NOT NULL REFERENCES account_move_line,
        level_id integer REFERENCES bench_level,
        due date,
        residual numeric);
"""

_FLOOR = """
    INSERT INTO bench_decision (item_id, level_id, due, residual)
    SELECT line.id,
           (SELECT level.id
              FROM bench_level level
             WHERE line.date_maturity + level.days <= CURRENT_DATE
          ORDER BY level.days DESC
             LIMIT 1),
           line.date_maturity,
           line.amount_residual
      FROM account_move_line line
      JOIN account_account account
        ON account.id = line.account_id
       AND account.account_type = 'asset_receivable'
     WHERE line.parent_state = 'posted'
       AND line.reconciled IS NOT TRUE
       AND line.amount_residual != 0
"""


def main(database, result):
    times = []
    with environment(database) as env:
        env.cr.execute(_TABLES)
        env.cr.commit()
        for _time in range(TIMES):
            started = time.perf_counter()
            env.cr.execute(_FLOOR)
            rows = env.cr.rowcount
            env.cr.commit()
            times.append(time.perf_counter() - started)
            env.cr.execute("TRUNCATE bench_decision")
            env.cr.commit()
        write_result(result, {"seconds": median(times), "rows": rows})


if __name__ == "__main__":
    main(*sys.argv[1:])
