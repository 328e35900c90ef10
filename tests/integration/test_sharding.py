"""The schema shards by user as it is: shown on PostgreSQL's own hash partitions.

Citus distributes a table by a column that every key and unique index has to contain, the same rule
that hash partitions have. So the tables are made anew, as partitioned ones, from the very columns,
keys and indexes that the migrations made, and the service runs on them unchanged.
"""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import text

from app.database.engine import Database
from tests.servers import TestBucket
from tests.service import ChatKitClient, running, test_settings, thread_id_of
from tests.waiting import wait_until

# Replaces the tables by partitioned ones.
pytestmark = [pytest.mark.slow, pytest.mark.single_node]

TABLES = (
    *("threads", "thread_items", "attachments", "feedback", "audit_log"),
    *("provider_files", "erasures", "erased"),
)
PARTITIONS = 4


async def partition(url: str) -> None:
    """Replace each table by one with the same definition, partitioned by the hash of `user_id`."""
    async with Database(url) as database, database.begin() as connection:
        keys = (
            await connection.execute(
                text(
                    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
                    " FROM pg_constraint WHERE contype = 'f'"
                    " AND conrelid = ANY (CAST(:tables AS regclass[]))"
                ),
                {"tables": list(TABLES)},
            )
        ).all()
        for table, name, _ in keys:
            await connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        for table in TABLES:
            await connection.execute(text(f"ALTER TABLE {table} RENAME TO {table}_plain"))
            await connection.execute(
                text(
                    f"CREATE TABLE {table} (LIKE {table}_plain INCLUDING ALL)"
                    " PARTITION BY HASH (user_id)"
                )
            )
            await connection.execute(text(f"DROP TABLE {table}_plain"))
            for number in range(PARTITIONS):
                await connection.execute(
                    text(
                        f"CREATE TABLE {table}_{number} PARTITION OF {table}"
                        f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
                    )
                )
        for table, name, definition in keys:
            await connection.execute(
                text(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
            )


async def test_the_service_runs_on_tables_partitioned_by_user(
    database_url: str, sql: Callable[[str], str], seaweedfs_bucket: TestBucket
) -> None:
    await partition(database_url)
    settings = test_settings(
        database_url,
        seaweedfs_bucket,
        s3_addressing_style="path",
        upload_ttl_seconds=10,
        sweep_interval_seconds=1,
    )
    with running(settings) as base_url:
        users = [ChatKitClient.of(base_url, f"user-{number}") for number in range(12)]
        for user in users:
            attachment = user.attach("notes.txt", b"hello")
            thread_id = thread_id_of(user.say("Look", attachment["id"]))
            items = user.call("items.list", thread_id=thread_id)["data"]
            assert {item["type"] for item in items} == {"user_message", "assistant_message"}
        for table in ("threads", "thread_items", "attachments"):
            counts = [
                int(sql(f"SELECT count(*) FROM {table}_{each}"))  # noqa: S608 - our own names
                for each in range(PARTITIONS)
            ]
            assert sum(each > 0 for each in counts) >= 2, counts
        for user in users:
            [thread] = user.call("threads.list")["data"]
            user.call("threads.delete", thread_id=thread["id"])
        wait_until(
            lambda: sql("SELECT count(*) FROM attachments") == "0",
            seconds=40,
        )


async def test_a_users_own_queries_touch_one_partition(database_url: str) -> None:
    await partition(database_url)
    statements = [
        "SELECT * FROM threads WHERE user_id = 'alice' ORDER BY position DESC LIMIT 20",
        "SELECT * FROM thread_items WHERE user_id = 'alice' AND thread_id = 't'"
        " AND position > 5 ORDER BY position LIMIT 20",
        "SELECT * FROM attachments WHERE user_id = 'alice' AND id = ANY ('{a,b}')",
    ]
    async with Database(database_url) as database, database.connect() as connection:
        for statement in statements:
            rows = await connection.execute(text(f"EXPLAIN {statement}"))
            plan = "\n".join(str(row[0]) for row in rows)
            touched = set(re.findall(r"\b(?:threads|thread_items|attachments)_\d\b", plan))
            assert len(touched) == 1, plan
