"""Databases for tests: clones of a migrated template, and a look at what is in them."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import make_url

from tests.database_servers import DatabaseServer

TABLES = (
    *("threads", "thread_items", "attachments", "feedback", "audit_log"),
    *("provider_files", "erasures", "erased"),
)

# Wait until the connections of the last test are closed, then delete all rows.
_EMPTY = """
SET session_replication_role = replica;
SET lock_timeout = '5s';
DO $$ DECLARE names text; BEGIN
    FOR attempt IN 1..200 LOOP
        PERFORM pg_stat_clear_snapshot();
        EXIT WHEN NOT EXISTS (
            SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
                AND backend_type = 'client backend' AND application_name NOT LIKE 'citus%'
        );
        IF attempt = 200 THEN RAISE 'the database is still in use'; END IF;
        PERFORM pg_sleep(0.005);
    END LOOP;
    SELECT string_agg(format('%I', relname), ', ') INTO names FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        AND relname <> 'alembic_version';
    EXECUTE 'TRUNCATE ' || names || ' RESTART IDENTITY';
END $$;
"""
# A digest of the names and types of all that a test could have added or changed.
_SCHEMA = """
SELECT md5(string_agg(part, chr(10) ORDER BY part)) FROM (
    SELECT concat_ws(' ', attrelid::regclass, attname, atttypid::regtype, attnotnull) AS part
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0
    UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname) FROM pg_constraint
    UNION ALL SELECT concat_ws(' ', tgrelid::regclass, tgname) FROM pg_trigger
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT version_num FROM alembic_version
) parts;
"""


class Databases:
    """Makes and drops databases on a server. `template` is a migrated one."""

    def __init__(self, server: DatabaseServer, template: str) -> None:
        self._server = server
        self._template = template
        self._numbers = itertools.count(1)
        self._spare: list[str] = []
        self._schema: str | None = None

    @contextmanager
    def lend(self) -> Iterator[str]:
        """Yield the URL of a migrated database without rows. It is emptied and lent again.

        One whose tables were changed, or whose connections were not closed, is dropped.
        """
        name = self._spare.pop() if self._spare else self._create(self._template)
        if self._schema is None:
            self._schema = self._server.execute(_SCHEMA, database=name)
        try:
            yield self._server.url(name)
        finally:
            if self._emptied(name):
                self._spare.append(name)
            else:
                self._server.drop(name)

    @contextmanager
    def clone(self) -> Iterator[str]:
        """Yield the `postgresql+asyncpg://…` URL of a new migrated database."""
        with self._new(self._template) as url:
            yield url

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Yield the URL of a new database without tables."""
        with self._new(None) as url:
            yield url

    def execute(self, url: str, statement: str) -> str:
        """Run one statement in a database. Return what `psql` prints."""
        name = make_url(url).database
        assert name is not None
        return self._server.execute(statement, database=name)

    @contextmanager
    def _new(self, template: str | None) -> Iterator[str]:
        name = self._create(template)
        try:
            yield self._server.url(name)
        finally:
            self._server.drop(name)

    def _create(self, template: str | None) -> str:
        name = f"test_{next(self._numbers)}"
        self._server.create(name, template=template)
        return name

    def _emptied(self, name: str) -> bool:
        if self._server.keeps_connections:
            return False
        try:
            return self._server.execute(_EMPTY + _SCHEMA, database=name) == self._schema
        except RuntimeError:
            return False


def every_row(execute: Callable[[str], str]) -> str:
    """Return every row of every table as text. `execute` runs a statement."""
    rows = " UNION ALL ".join(
        f"SELECT '{name} ' || t::text AS row FROM {name} t"  # noqa: S608 - our own names
        for name in TABLES
    )
    return execute(f"SELECT string_agg(row, chr(10) ORDER BY row) FROM ({rows}) r")  # noqa: S608
