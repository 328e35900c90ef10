"""Distribution of the tables over the workers of a Citus cluster, by user.

The shards with the rows of one user, of all tables, are on one node. So a transaction of one
user is a transaction on one node, as on a single PostgreSQL.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from app.database.engine import create_engine, named_errors
from app.database.tables import metadata
from app.errors import Misconfigured

# A constant that every replica uses: "citus" as bytes.
_ADVISORY_LOCK = 0x6369747573

_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
# The trigger of the audit log looks at its own row only, so it may run on the shards.
_ALLOW_TRIGGERS = text("SET LOCAL citus.enable_unsafe_triggers TO on")
_HAS_CITUS = text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
_DISTRIBUTED = text("SELECT CAST(logicalrelid AS text) FROM pg_dist_partition")
_DISTRIBUTE = text(
    "SELECT create_distributed_table(CAST(:table AS regclass), 'user_id', colocate_with => :like)"
)


async def distribute(url: str) -> list[str]:
    """Distribute those tables that are still local, and return their names.

    Rows move to the workers, and all statements on the tables wait until that is done. A failure
    leaves everything as it was. Raises `Misconfigured` without Citus, and `DatabaseUnavailable`.
    """
    engine = create_engine(url, poolclass=NullPool)
    try:
        with named_errors():
            async with engine.begin() as connection:
                return await _distribute(connection)
    finally:
        await engine.dispose()


async def _distribute(connection: AsyncConnection) -> list[str]:
    await connection.execute(_LOCK, {"key": _ADVISORY_LOCK})
    if not await connection.scalar(_HAS_CITUS):
        raise Misconfigured(
            "This database has no Citus. Run `CREATE EXTENSION citus` in it on every node, and add"
            " the workers with citus_add_node; docs/scaling.md says how."
        )
    await connection.execute(_ALLOW_TRIGGERS)
    distributed = set((await connection.scalars(_DISTRIBUTED)).all())
    # In the order of their foreign keys, because a distributed table can't refer to a local one.
    names = [table.name for table in metadata.sorted_tables]
    local = [name for name in names if name not in distributed]
    for name in local:
        like = "none" if name == names[0] else names[0]
        await connection.execute(_DISTRIBUTE, {"table": name, "like": like})
    return local
