"""What only a Citus cluster has: distribution, one shard for one user, and workers that crash.

The tests of the database run on it with `pytest --database=citus`; these start a cluster anyway.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Connection

from app.attachments.deletion import Sweeper, Swept
from app.database.distribution import distribute
from app.database.engine import Database
from app.database.migrate import upgrade
from app.errors import Misconfigured
from tests.database_servers import CitusCluster, database_server
from tests.servers import TestBucket
from tests.service import ChatKitClient, running, test_settings, thread_id_of
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.single_node]

TABLES = {
    *("threads", "thread_items", "attachments", "feedback", "audit_log"),
    *("provider_files", "erasures", "erased"),
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CitusCluster]:
    with database_server("citus", tmp_path_factory.mktemp("citus")) as server:
        assert isinstance(server, CitusCluster)
        yield server


@pytest.fixture(scope="module")
def database_url(cluster: CitusCluster) -> str:
    """A database that the command has migrated and distributed, twice."""
    cluster.create("distributed")
    url = cluster.url("distributed")
    said = [migrate_by_command(url), migrate_by_command(url)]
    assert all(name in said[0] for name in TABLES)
    assert "nothing new" in said[1]
    return url


def migrate_by_command(url: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-m", "app", "migrate", "--distribute"],
        env=os.environ | {"DATABASE_URL": url},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_all_tables_are_distributed_together(cluster: CitusCluster, database_url: str) -> None:
    found = cluster.execute(
        "SELECT table_name, distribution_column, colocation_id FROM citus_tables",
        database="distributed",
    )
    rows = [line.split("|") for line in found.splitlines()]
    assert {row[0] for row in rows} == TABLES
    assert {row[1] for row in rows} == {"user_id"}
    assert len({row[2] for row in rows}) == 1


async def test_replicas_may_distribute_at_the_same_time(cluster: CitusCluster) -> None:
    await asyncio.to_thread(cluster.create, "together")
    url = cluster.url("together")
    await upgrade(url)
    distributed = await asyncio.gather(*(distribute(url) for _ in range(3)))
    assert sorted(map(len, distributed)) == [0, 0, len(TABLES)]


async def test_rows_of_before_are_kept(cluster: CitusCluster) -> None:
    await asyncio.to_thread(cluster.create, "filled")
    url = cluster.url("filled")
    await upgrade(url)
    async with Database(url) as database, database.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO threads (user_id, id, payload, search_terms)"
                " SELECT 'user ' || n, 'thr', '{}', '{}' FROM generate_series(1, 100) n"
            )
        )
    await distribute(url)
    async with Database(url) as database, database.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM threads")) == 100


async def test_without_citus_it_says_what_is_missing(database_url: str, databases: Any) -> None:
    with databases.clone() as plain, pytest.raises(Misconfigured, match="CREATE EXTENSION citus"):
        await distribute(plain)


class Recorder:
    """Keeps every statement that the service sends, with its parameters."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, tuple[Any, ...]]] = []

    def __call__(
        self, connection: Connection, cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> None:
        self.sent.append((statement, parameters))


def test_what_a_user_does_touches_one_shard(
    database_url: str, seaweedfs_bucket: TestBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every statement of a conversation, explained by Citus: one task, on one node."""
    recorder = Recorder()
    create = Database.__init__

    def recorded(self: Database, *arguments: Any, **options: Any) -> None:
        create(self, *arguments, **options)
        event.listen(self.engine.sync_engine, "before_cursor_execute", recorder)

    async def nothing_swept(self: Sweeper) -> Swept:
        return Swept()

    monkeypatch.setattr(Database, "__init__", recorded)
    # The sweep is not a user: it looks at all shards.
    monkeypatch.setattr(Sweeper, "sweep_once", nothing_swept)
    settings = test_settings(database_url, seaweedfs_bucket, sweep_interval_seconds=3600)
    with running(settings) as base_url, ChatKitClient.of(base_url, "explained").http as http:
        user = ChatKitClient(http)
        attachment = user.attach("notes.txt", b"hello")
        thread_id = thread_id_of(user.say("Look", attachment["id"]))
        recorder.sent.clear()
        other = user.attach("more.txt", b"hello")
        user.say("And this", other["id"], thread_id=thread_id)
        items = user.call("items.list", thread_id=thread_id)["data"]
        user.call("items.feedback", thread_id=thread_id, item_ids=[items[0]["id"]], kind="positive")
        user.call("threads.list")
        user.call("threads.update", thread_id=thread_id, title="notes")
        user.http.get("/entities", params={"query": "notes"})
        user.http.get("/v1/chatkit/threads", params={"query": "notes", "after": thread_id})
        message = user.call("items.list", thread_id=thread_id, order="desc", limit=2)["data"][1]
        edit = {"content": [{"type": "input_text", "text": "And this too"}]}
        url = f"/v1/chatkit/threads/{thread_id}/items/{message['id']}"
        user.http.post(url, json=edit).raise_for_status()
        user.http.get(f"/v1/chatkit/threads/{thread_id}/items")
        user.http.get(f"/attachments/{attachment['id']}/content")
        user.call("attachments.delete", attachment_id=other["id"])
        sent = list(recorder.sent)
        user.call("threads.delete", thread_id=thread_id)
    distributed = [each for each in sent if any(name in each[0] for name in TABLES)]
    assert len(distributed) > 20
    plans = asyncio.run(explained(database_url, distributed))
    for statement, plan in plans:
        tasks = {line.strip() for line in plan.splitlines() if "Task Count" in line}
        assert tasks == {"Task Count: 1"}, f"{statement}\n{plan}"


async def explained(
    url: str, statements: list[tuple[str, tuple[Any, ...]]]
) -> list[tuple[str, str]]:
    plans = []
    async with Database(url) as database:
        for statement, parameters in dict(statements).items():
            async with database.begin() as connection:
                literal = _with_literals(statement, tuple(parameters))
                rows = await connection.exec_driver_sql(f"EXPLAIN {literal}")
                plans.append((statement, "\n".join(str(row[0]) for row in rows)))
                await connection.rollback()
    return plans


def _with_literals(statement: str, parameters: tuple[Any, ...]) -> str:
    """Return the statement without parameters: Citus does not explain all that it executes."""

    def literal(match: re.Match[str]) -> str:
        value = parameters[int(match[1]) - 1]
        if value is None or isinstance(value, int | float):
            return "NULL" if value is None else str(value)
        if isinstance(value, list):
            value = "{" + ",".join(json.dumps(each) for each in value) + "}"
        return "'" + str(value).replace("'", "''") + "'"

    return re.sub(r"\$(\d+)", literal, statement)


def test_a_killed_worker_loses_nothing_and_its_return_needs_no_restart(
    cluster: CitusCluster, database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    settings = test_settings(database_url, seaweedfs_bucket)
    with running(settings) as base_url:
        users = [ChatKitClient.of(base_url, f"survivor-{number}") for number in range(8)]
        threads = []
        for user in users:
            attachment = user.attach("notes.txt", b"hello")
            threads.append(thread_id_of(user.say("Look", attachment["id"])))
        cluster.kill(1)
        try:
            answers = [user.send("threads.list").status_code for user in users]
            assert set(answers) == {200, 503}, "the users of the other worker are served"
        finally:
            cluster.start(1)
        for user, thread_id in zip(users, threads, strict=True):
            wait_until(partial(_is_served, user))
            items = user.call("items.list", thread_id=thread_id)["data"]
            assert {item["type"] for item in items} == {"user_message", "assistant_message"}
            user.say("Again", thread_id=thread_id)


def _is_served(user: ChatKitClient) -> bool:
    return user.send("threads.list").status_code == 200


def test_the_sweep_deletes_on_every_shard(
    cluster: CitusCluster, database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    settings = test_settings(
        database_url, seaweedfs_bucket, upload_ttl_seconds=10, sweep_interval_seconds=1
    )
    swept = "SELECT count(*) FROM attachments WHERE user_id LIKE 'swept-%'"
    with running(settings) as base_url:
        for number in range(12):
            user = ChatKitClient.of(base_url, f"swept-{number}")
            attachment = user.attach("notes.txt", b"hello")
            thread_id = thread_id_of(user.say("Look", attachment["id"]))
            user.call("threads.delete", thread_id=thread_id)
        wait_until(lambda: cluster.execute(swept, database="distributed") == "0", seconds=60)
