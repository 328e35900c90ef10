"""Migrations of the schema. Any number of replicas may run them at once."""

import asyncio
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from app.database.engine import Database, create_engine, named_errors
from app.errors import DatabaseUnavailable, Misconfigured

_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_UNDEFINED_TABLE = "42P01"
_LOCK_NOT_AVAILABLE = "55P03"

_UTF8 = "UTF8"
_SERVER_ENCODING = text("SELECT current_setting('server_encoding')")

# Between two tries, statements that waited for the migration's locks can run.
_LOCK_TRIES = 30
_LOCK_PAUSE_SECONDS = 2.0

# Alembic keeps its context in module globals.
_one_at_a_time = Lock()


async def upgrade(url: str, revision: str = "head") -> None:
    """Migrate up to `revision`. Do nothing if the database has that revision already.

    Callers take turns on an advisory lock (migrations/env.py). The migration is one transaction, so
    a failure leaves the schema as it was. While another transaction holds a table, it is retried
    for two minutes. Raises `DatabaseUnavailable`, and `Misconfigured` if the database is not UTF-8.
    """
    await _run(url, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str) -> None:
    """Migrate down to `revision`; `base` drops all tables with their data."""
    await _run(url, lambda config: command.downgrade(config, revision))


async def current_revision(database: Database) -> str | None:
    """Return the revision of the database; None if it was never migrated."""
    try:
        async with database.connect() as connection:
            row = (
                await connection.execute(text("SELECT version_num FROM alembic_version"))
            ).first()
    except DBAPIError as exc:
        if getattr(exc.orig, "sqlstate", None) == _UNDEFINED_TABLE:
            return None
        raise
    return None if row is None else str(row.version_num)


@cache
def head_revision() -> str:
    """Return the newest revision that this version of the service knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "migrations/versions is empty"  # noqa: S101 — a broken installation
    return head


async def other_encoding(database: Database) -> str | None:
    """Return the encoding of the database; None if it is UTF-8, as it has to be."""
    async with database.connect() as connection:
        encoding = str(await connection.scalar(_SERVER_ENCODING))
    return None if encoding == _UTF8 else encoding


def not_utf8(encoding: str) -> str:
    """Return what is wrong with a database of this encoding, and what to do, as sentences."""
    return (
        f"The database has the encoding {encoding}, which can't store every name and message."
        " Create one with UTF8: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0."
    )


async def check_schema(database: Database) -> None:
    """Raise `DatabaseUnavailable` while migrations that this version needs are pending.

    An unknown revision belongs to a newer version and is accepted, because the version before can
    use that schema too.
    """
    current = await current_revision(database)
    if current != head_revision() and (current is None or current in known_revisions()):
        raise DatabaseUnavailable("Migrations are pending: run `python -m app migrate`.")


@cache
def known_revisions() -> frozenset[str]:
    """Return every revision that this version of the service knows."""
    revisions = ScriptDirectory.from_config(_config()).walk_revisions()
    return frozenset(str(each.revision) for each in revisions)


async def _run(url: str, change: Callable[[Config], None]) -> None:
    # Alembic reads files, and its environment needs an event loop of its own.
    await asyncio.to_thread(_run_with_retries, url, change)


def _run_with_retries(url: str, change: Callable[[Config], None]) -> None:
    with _one_at_a_time, named_errors():
        for tries_left in reversed(range(_LOCK_TRIES)):
            try:
                asyncio.run(_run_on_connection(url, change))
            except DBAPIError as exc:
                if getattr(exc.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                    raise
                if not tries_left:
                    raise DatabaseUnavailable(
                        "A transaction that does not end holds the tables. Find it in"
                        " pg_stat_activity, end it, and run `python -m app migrate` again."
                    ) from exc
                time.sleep(_LOCK_PAUSE_SECONDS)
            else:
                return


async def _run_on_connection(url: str, change: Callable[[Config], None]) -> None:
    def on_connection(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        change(config)

    engine = create_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            encoding = await connection.scalar(_SERVER_ENCODING)
            if encoding != _UTF8:
                raise Misconfigured(not_utf8(encoding))
            await connection.run_sync(on_connection)
            await connection.commit()
    finally:
        await engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
