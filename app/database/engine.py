"""The connection pool, and the one place where driver errors become ours."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Self

from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.database.statement_metrics import observe_statements
from app.errors import DatabaseUnavailable, Misconfigured

# PostgreSQL's classes 08 (connection), 28 (user refused), 3D (no such database), 53 (resources),
# 57P (shutdown, starting up).
_UNAVAILABLE_CLASSES = ("08", "28", "3D", "53", "57P")


@contextmanager
def named_errors() -> Iterator[None]:
    """Driver errors that mean "not reachable right now" become `DatabaseUnavailable`."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout, OSError, TimeoutError) as exc:
        raise DatabaseUnavailable from exc
    except DBAPIError as exc:
        sqlstate = getattr(exc.orig, "sqlstate", None) or ""
        if exc.connection_invalidated or sqlstate.startswith(_UNAVAILABLE_CLASSES):
            raise DatabaseUnavailable from exc
        raise


class Database:
    """An asyncpg pool. `connect` reads, `begin` writes in one transaction.

    Both raise `DatabaseUnavailable` when PostgreSQL can't be reached; a broken connection is
    replaced at the next use, so recovery needs no restart.
    """

    def __init__(self, url: str, *, pool_size: int = 10, max_overflow: int = 10) -> None:
        """`url` is `postgresql://…` or `postgresql+asyncpg://…`."""
        self.engine: AsyncEngine = create_async_engine(
            asyncpg_url(url),
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=5,
            pool_pre_ping=False,
            pool_recycle=1800,
            # Errors quote parameters otherwise, and these hold what people wrote.
            hide_parameters=True,
            connect_args={"timeout": 5, "command_timeout": 30},
        )
        observe_statements(self.engine)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.engine.dispose()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """A connection in autocommit, for statements that stand alone."""
        with named_errors():
            async with self.engine.connect() as connection:
                yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction: committed at the end, rolled back on any exception."""
        with named_errors():
            async with self.engine.begin() as connection:
                yield connection

    async def check(self) -> None:
        """One round trip. Raises `DatabaseUnavailable`."""
        async with self.connect() as connection:
            await connection.execute(text("SELECT 1"))


def asyncpg_url(url: str) -> URL:
    """Accept what every hosting panel hands out: `postgres://`, `postgresql://`, or ours.

    Their `sslmode` and `channel_binding` are libpq's: asyncpg takes the first as `ssl`, and binds
    channels by itself where it can. Raises `Misconfigured` for what is no URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as exc:
        raise Misconfigured(
            "DATABASE_URL is no URL like postgresql://user:password@host/database."
        ) from exc
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+asyncpg")
    query = dict(parsed.query)
    query.pop("channel_binding", None)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return parsed.set(query=query)
