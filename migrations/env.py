"""Alembic's environment: runs migrations on one connection, one caller at a time.

The connection is `config.attributes["connection"]`, from `app/database/migrate.py`. The `alembic`
command line connects to DATABASE_URL.
"""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.pool import NullPool

from app.database.engine import create_engine
from app.database.tables import metadata

# A constant that every replica uses: "chatkit" as bytes.
ADVISORY_LOCK = 0x636861746B6974

# How long replicas that start together wait for each other.
QUEUE_SECONDS = 300

# A migration must not wait long for a table lock: every other query would queue behind it.
# `app/database/migrate.py` retries it a little later.
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
        # lock_timeout applies to advisory locks too, so it is set once this one is held.
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
    engine = create_engine(os.environ["DATABASE_URL"], poolclass=NullPool)
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
