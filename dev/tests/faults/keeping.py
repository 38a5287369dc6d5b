"""Put a database back to what it was, in place: a new copy of one takes seconds.

Which tables have changed is known from PostgreSQL's statistics; a process hands its
numbers in when it ends, also when its client was killed.
"""

import jobs
import psycopg2


class Kept:
    """What a database holds now; `restored` to it as often as one likes."""

    def __init__(self, database: str):
        self.database = database
        jobs.wait_until_alone(database)
        with self._cursor() as cr:
            cr.execute("DROP SCHEMA IF EXISTS kept CASCADE")
            cr.execute("CREATE SCHEMA kept")
            cr.execute(
                "SELECT format('%I', relname) FROM pg_class WHERE relkind = 'r'"
                " AND relnamespace = 'public'::regnamespace"
            )
            self.filled = {name for (name,) in cr.fetchall() if _has_rows(cr, name)}
            for name in self.filled:
                cr.execute(f"CREATE UNLOGGED TABLE kept.{name} AS TABLE public.{name}")
        self.changes = self._changes()

    def restore(self) -> None:
        jobs.wait_until_alone(self.database)
        now = self._changes()
        changed = [name for name in now if now[name] != self.changes.get(name, 0)]
        with self._cursor() as cr:
            # no foreign key is looked at: in the end all are right again
            cr.execute("SET session_replication_role = replica")
            for name in changed:
                cr.execute(f"DELETE FROM public.{name}")
                if name in self.filled:
                    cr.execute(f"INSERT INTO public.{name} TABLE kept.{name}")
        jobs.wait_until_alone(self.database)
        self.changes = self._changes()

    def _changes(self) -> dict[str, int]:
        with self._cursor() as cr:
            cr.execute(
                "SELECT format('%I', relname), n_tup_ins + n_tup_upd + n_tup_del"
                "  FROM pg_stat_user_tables WHERE schemaname = 'public'"
            )
            return dict(cr.fetchall())

    def _cursor(self):
        return _Cursor(self.database)


class _Cursor:
    def __init__(self, database: str):
        self.connection = psycopg2.connect(dbname=database)

    def __enter__(self):
        return self.connection.cursor()

    def __exit__(self, kind, *_):
        if kind is None:
            self.connection.commit()
        self.connection.close()


def _has_rows(cr, name: str) -> bool:
    cr.execute(f"SELECT EXISTS (SELECT FROM public.{name})")
    return cr.fetchone()[0]
