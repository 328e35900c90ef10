"""Migrations against the tables that the code uses, on real PostgreSQL."""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from app.database import migrate
from app.database.engine import Database
from app.database.migrate import current_revision, downgrade, head_revision, upgrade
from app.database.tables import metadata
from app.doctor.examination import examine
from app.errors import DatabaseUnavailable, Misconfigured
from tests.database_servers import DatabaseServer
from tests.servers import TestBucket
from tests.service import test_settings

# Compares the catalog of one PostgreSQL.
pytestmark = pytest.mark.single_node

# Everything PostgreSQL knows about the tables, index predicates and constraint texts included.
CATALOG = """
SELECT 'column', table_name, column_name, data_type, is_nullable, column_default, is_identity,
       identity_generation
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'index', tablename, indexname, indexdef, NULL, NULL, NULL, NULL
  FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid),
       NULL, NULL, NULL, NULL
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""


async def catalog(url: str) -> set[tuple[object, ...]]:
    async with Database(url) as database, database.connect() as connection:
        rows = await connection.execute(text(CATALOG))
        return {tuple(row) for row in rows if row[1] != "alembic_version"}


async def create_all(url: str) -> None:
    async with Database(url) as database, database.begin() as connection:
        await connection.run_sync(metadata.create_all)


async def drop_all(url: str) -> None:
    async with Database(url) as database, database.begin() as connection:
        await connection.run_sync(metadata.drop_all)


async def test_the_migrated_database_is_what_the_tables_say(empty_database_url: str) -> None:
    await create_all(empty_database_url)
    expected = await catalog(empty_database_url)
    await drop_all(empty_database_url)

    await upgrade(empty_database_url)
    assert await catalog(empty_database_url) == expected

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, metadata))

    async with Database(empty_database_url) as database, database.begin() as connection:
        assert await connection.run_sync(differences) == []


async def test_down_and_up_again(empty_database_url: str) -> None:
    await upgrade(empty_database_url)
    migrated = await catalog(empty_database_url)
    await downgrade(empty_database_url, "base")
    assert await catalog(empty_database_url) == set()
    await upgrade(empty_database_url)
    assert await catalog(empty_database_url) == migrated


async def test_replicas_that_start_together_take_turns(empty_database_url: str) -> None:
    await asyncio.gather(*(upgrade(empty_database_url) for _ in range(6)))
    async with Database(empty_database_url) as database:
        assert await current_revision(database) == head_revision()


async def test_the_revision_of_a_database_that_was_never_migrated(empty_database_url: str) -> None:
    async with Database(empty_database_url) as database:
        assert await current_revision(database) is None


@pytest.mark.slow
async def test_a_migration_gives_up_on_a_transaction_that_does_not_end(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "_LOCK_TRIES", 1)
    await upgrade(empty_database_url)
    async with Database(empty_database_url) as database:
        async with database.begin() as connection:
            await connection.execute(text("LOCK TABLE threads IN ACCESS SHARE MODE"))
            with pytest.raises(DatabaseUnavailable, match="does not end"):
                await downgrade(empty_database_url, "base")
        assert await current_revision(database) == head_revision()


async def test_a_role_without_superuser_can_migrate(empty_database_url: str) -> None:
    async with Database(empty_database_url) as database, database.begin() as connection:
        name = (await connection.execute(text("SELECT current_database()"))).scalar_one()
        role = f"plain_{name}"
        await connection.execute(text(f"CREATE ROLE {role} LOGIN NOSUPERUSER PASSWORD 'plain'"))
        await connection.execute(text(f"GRANT CREATE ON DATABASE {name} TO {role}"))
        await connection.execute(text(f"GRANT CREATE, USAGE ON SCHEMA public TO {role}"))
    plain_url = empty_database_url.replace("postgres@", f"{role}@").replace(
        "postgres:@", f"{role}:@"
    )
    assert role in plain_url
    await upgrade(plain_url)
    async with Database(plain_url) as database:
        assert await current_revision(database) == head_revision()
        async with database.connect() as connection:
            user = (await connection.execute(text("SELECT current_user"))).scalar_one()
            assert user == role
    async with Database(empty_database_url) as database, database.begin() as connection:
        await connection.execute(text(f"DROP OWNED BY {role} CASCADE"))
        await connection.execute(text(f"DROP ROLE {role}"))


async def test_a_database_that_is_not_utf8_is_rejected(
    database_server: DatabaseServer, seaweedfs_bucket: TestBucket
) -> None:
    create = "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    database_server.execute(create, database="postgres")
    try:
        with pytest.raises(Misconfigured, match="encoding LATIN1"):
            await upgrade(database_server.url("latin"))
        settings = test_settings(database_server.url("latin"), seaweedfs_bucket)
        [finding] = [each for each in await examine(settings) if each.check == "database"]
        assert finding.outcome == "failed"
        assert "LATIN1" in finding.words
        assert "UTF8" in str(finding.remedy)
    finally:
        database_server.drop("latin")
