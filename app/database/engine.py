"""The connection pool, and the translation of the driver's errors into ours."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Dialect, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.database.statement_metrics import observe_statements
from app.errors import DatabaseUnavailable, Misconfigured

# Classes of SQLSTATE: 08 (connection), 28 (authorization), 3D (no such database), 53 (resources),
# 57P (shutdown, starting up).
_UNAVAILABLE_CLASSES = ("08", "28", "3D", "53", "57P")

# The longest wait to connect, and for a connection of the pool when all are in use.
_WAIT_SECONDS = 5.0

# The first is asyncpg's, the others are SQLAlchemy's.
_WITHOUT_PREPARED_STATEMENTS: dict[str, Any] = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}


@contextmanager
def named_errors() -> Iterator[None]:
    """Raise `DatabaseUnavailable` for the driver's errors that mean "not reachable now"."""
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
    """A pool of asyncpg connections: `connect` for single statements, `begin` for a transaction.

    Both raise `DatabaseUnavailable` when PostgreSQL can't be reached. A broken connection is
    replaced at its next use, so recovery needs no restart.
    """

    def __init__(self, url: str, *, pool_size: int = 10, max_overflow: int = 10) -> None:
        """`url` is `postgresql://…` or `postgresql+asyncpg://…`."""
        self.engine: AsyncEngine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=_WAIT_SECONDS,
            pool_pre_ping=False,
            pool_recycle=1800,
            # Otherwise errors quote the parameters, which hold what people wrote.
            hide_parameters=True,
            connect_args={"timeout": _WAIT_SECONDS, "command_timeout": 30},
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
        """Yield a connection in autocommit: each statement is a transaction of its own."""
        with named_errors():
            async with self.engine.connect() as connection:
                yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in a transaction, which an exception rolls back."""
        with named_errors():
            async with self.engine.begin() as connection:
                yield connection

    async def check(self) -> None:
        """Make one round trip. Raises `DatabaseUnavailable`."""
        async with self.connect() as connection:
            await connection.execute(text("SELECT 1"))


def create_engine(url: str, **options: Any) -> AsyncEngine:
    """Return an engine that also works behind a pooler in transaction mode, such as PgBouncer.

    There, each transaction may run on another server connection, which does not have the prepared
    statements of this client. So through a pooler, no statement is named or kept. On a connection
    of its own, the client keeps up to 100 of them, which saves a round trip for each call.
    """
    engine = create_async_engine(asyncpg_url(url), **options)
    is_pooled = False

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(
        dialect: Dialect, record: object, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> DBAPIConnection:
        nonlocal is_pooled
        if not is_pooled:
            connection = dialect.connect(*arguments, **options)
            is_pooled = connection.run_async(_is_pooled)
            if not is_pooled:
                return connection
            connection.close()
        return dialect.connect(*arguments, **options, **_WITHOUT_PREPARED_STATEMENTS)

    return engine


async def _is_pooled(connection: Any) -> bool:
    """Return whether there is a pooler between this client and the server.

    A pooler gives its clients process ids of its own, for requests to cancel a statement. So the id
    differs from that of the server's process.
    """
    statement = await connection.prepare("SELECT pg_backend_pid()", name="")
    process_id: int = await statement.fetchval()
    return bool(process_id != connection.get_server_pid())


def asyncpg_url(url: str) -> URL:
    """Return SQLAlchemy's URL for `postgres://`, `postgresql://` or `postgresql+asyncpg://`.

    Hosting providers add `sslmode` and `channel_binding`, which are libpq's: asyncpg takes the
    first as `ssl`, and binds channels by itself. Raises `Misconfigured` if `url` is not a URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as exc:
        raise Misconfigured(
            "DATABASE_URL is not a URL like postgresql://user:password@host/database."
        ) from exc
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+asyncpg")
    query = dict(parsed.query)
    query.pop("channel_binding", None)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return parsed.set(query=query)
