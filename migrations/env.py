"""Runs migrations on one connection, one caller at a time.

The connection is the one in `config.attributes["connection"]` (see `app.database.migrate`) or, from
the `alembic` command line, one to DATABASE_URL.
"""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.database.engine import asyncpg_url
from app.database.tables import metadata

# Any constant will do, as long as every replica uses the same: "chatkit" as bytes.
ADVISORY_LOCK = 0x636861746B6974

# Replicas that start together wait for each other this long.
QUEUE_SECONDS = 300

# A migration that can't get its table lock soon must not queue behind a long query, for every
# other query would queue behind the migration. `app.database.migrate` tries again a little later.
LOCK_SECONDS = 2
STATEMENT_SECONDS = 120


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        # lock_timeout covers advisory locks too, so it is set after this one is held.
        _set_local(connection, "lock_timeout", 0)
        _set_local(connection, "statement_timeout", QUEUE_SECONDS)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        _set_local(connection, "lock_timeout", LOCK_SECONDS)
        _set_local(connection, "statement_timeout", STATEMENT_SECONDS)
        context.run_migrations()


def _set_local(connection: Connection, name: str, seconds: int) -> None:
    connection.execute(
        text("SELECT set_config(:name, :value, true)"), {"name": name, "value": f"{seconds}s"}
    )


async def migrate_from_command_line() -> None:
    engine = create_async_engine(asyncpg_url(os.environ["DATABASE_URL"]), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


if context.is_offline_mode():
    context.configure(
        dialect_name="postgresql", target_metadata=metadata, literal_binds=True, as_sql=True
    )
    with context.begin_transaction():
        context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    asyncio.run(migrate_from_command_line())
