"""Databases for tests: clones of a migrated template, and a look at what is in them."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import make_url

from tests.database_servers import DatabaseServer

TABLES = ("threads", "thread_items", "attachments", "feedback", "provider_files")


class Databases:
    """Makes and drops databases on a server. `template` is a migrated one."""

    def __init__(self, server: DatabaseServer, template: str) -> None:
        self._server = server
        self._template = template
        self._numbers = itertools.count(1)

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
        name = f"test_{next(self._numbers)}"
        self._server.create(name, template=template)
        try:
            yield self._server.url(name)
        finally:
            self._server.drop(name)


def every_row(execute: Callable[[str], str]) -> str:
    """Return every row of every table as text. `execute` runs a statement."""
    rows = " UNION ALL ".join(
        f"SELECT '{name} ' || t::text AS row FROM {name} t"  # noqa: S608 - our own names
        for name in TABLES
    )
    return execute(f"SELECT string_agg(row, chr(10) ORDER BY row) FROM ({rows}) r")  # noqa: S608
