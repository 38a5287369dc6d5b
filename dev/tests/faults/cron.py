"""Run scheduled actions once. usage: cron.py DATABASE JOB ..."""

import sys

import jobs

if __name__ == "__main__":
    database, *names = sys.argv[1:]
    jobs.prepare(database, batch=50)
    for name in names:
        jobs.run_cron(database, name)
