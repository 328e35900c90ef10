"""A rollout: the previous version goes on, beside this one, on one database and one bucket.

Its replica is played by the statements that its code issued, as tools/record_statements.py wrote
them down at its release, with the ids in them replaced. So whatever a migration does to the tables,
what is deployed has to be able to go on saying exactly that.
"""

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.database.engine import Database, asyncpg_url
from app.database.migrate import current_revision, head_revision, upgrade
from app.storage.object_keys import new_object_key
from tests.servers import TestBucket
from tests.service import (
    ChatKitClient,
    answer_of,
    running,
    test_settings,
    thread_id_of,
    wait_until,
)

RECORDED = json.loads(Path(__file__).with_name("previous_version.json").read_text())
# Of an operation that was recorded twice, the first.
OPERATIONS = {each["operation"]: each["transactions"] for each in reversed(RECORDED["operations"])}
WRITES = ["attachments.create", "threads.create", "threads.add_user_message", "threads.update"]

# More than a migration holds its locks for (migrations/env.py), however the machine stalls.
LOCK_TIMEOUT_SECONDS = 15

_NAME = re.compile(r"\{(user|key|[a-z]+)-\d+\}")


class Previous:
    """One user of a replica of the previous version. `names` says what the recorded ids are now."""

    def __init__(self, engine: AsyncEngine, **names: str) -> None:
        self._engine = engine
        self._names = {"{" + name.replace("_", "-") + "}": given for name, given in names.items()}
        self.longest_seconds = 0.0

    def named(self, recorded: str) -> str:
        return str(self._value("{" + recorded + "}"))

    async def life(self) -> None:
        """Everything that was recorded, from the first attachment to the last sweep."""
        for each in RECORDED["operations"]:
            await self._transactions(each["transactions"], is_exact=each["operation"] != "sweep")

    async def asks_for(self, *operations: str, is_exact: bool = True) -> list[Any]:
        """The rows of each statement of the operations. `is_exact`: as many as were recorded."""
        return [
            rows
            for operation in operations
            for rows in await self._transactions(OPERATIONS[operation], is_exact=is_exact)
        ]

    async def _transactions(self, transactions: list[Any], *, is_exact: bool) -> list[Any]:
        answers = []
        for statements in transactions:
            async with self._engine.begin() as connection:
                for statement in statements:
                    for call in statement.get("calls", [[]]):
                        begun = time.monotonic()
                        result = await connection.exec_driver_sql(
                            statement["sql"], tuple(self._value(value) for value in call)
                        )
                        self.longest_seconds = max(self.longest_seconds, time.monotonic() - begun)
                        rows = result.all() if result.returns_rows else [()] * result.rowcount
                        assert not is_exact or len(rows) == statement["rows"], statement["sql"]
                        answers.append(rows)
        return answers

    def _value(self, recorded: Any) -> Any:
        if isinstance(recorded, dict):
            return datetime.now(UTC) + timedelta(seconds=recorded["seconds_from_now"])
        if isinstance(recorded, list):
            return [self._value(each) for each in recorded]
        return _NAME.sub(self._name, recorded) if isinstance(recorded, str) else recorded

    def _name(self, found: re.Match[str]) -> str:
        kind = found[1]
        new = new_object_key() if kind == "key" else f"{kind}_{secrets.token_hex(16)}"
        return self._names.setdefault(found[0], new)


@pytest.fixture
async def replica(empty_database_url: str) -> AsyncIterator[AsyncEngine]:
    """The previous version's, on its own schema. Whoever waits long for a lock there fails."""
    await upgrade(empty_database_url, RECORDED["revision"])
    settings = {"lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s"}
    engine = create_async_engine(
        asyncpg_url(empty_database_url), connect_args={"server_settings": settings}
    )
    yield engine
    await engine.dispose()


async def test_the_previous_version_goes_on_while_the_tables_change(
    replica: AsyncEngine, empty_database_url: str
) -> None:
    migrated = asyncio.Event()
    begun: list[int] = []

    async def use(number: int) -> float:
        longest = 0.0
        is_last = False
        while not is_last:
            is_last = migrated.is_set()
            user = Previous(replica)
            await user.life()
            longest = max(longest, user.longest_seconds)
            begun.append(number)
        return longest

    users = [asyncio.create_task(use(number)) for number in range(3)]
    while len(set(begun)) < len(users):
        await asyncio.sleep(0.01)
        assert not any(user.done() for user in users)
    await upgrade(empty_database_url)
    migrated.set()
    assert max(await asyncio.gather(*users)) < LOCK_TIMEOUT_SECONDS
    async with Database(empty_database_url) as database:
        assert await current_revision(database) == head_revision()


@pytest.mark.skipif(RECORDED["revision"] == head_revision(), reason="the tables have not changed")
async def test_nobody_queues_behind_a_migration_that_waits_for_a_transaction(
    replica: AsyncEngine, empty_database_url: str
) -> None:
    async with replica.connect() as connection:
        await connection.exec_driver_sql("LOCK TABLE threads IN ROW EXCLUSIVE MODE")
        migration = asyncio.create_task(upgrade(empty_database_url))
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
        async with replica.connect() as observer:
            while not (await observer.exec_driver_sql(waits)).scalar_one():
                assert not migration.done()
                await asyncio.sleep(0.01)
        user = Previous(replica)
        await user.life()
        assert not migration.done(), "it tries again"
    await migration
    await Previous(replica).life()


async def test_both_versions_use_one_database_and_one_bucket(
    replica: AsyncEngine, empty_database_url: str, moto_bucket: TestBucket
) -> None:
    s3 = boto3.client("s3", endpoint_url=moto_bucket.endpoint_url, region_name=moto_bucket.region)

    def put(key: str) -> None:
        s3.put_object(Bucket=moto_bucket.name, Key=key, Body=b"hello", ContentType="text/plain")

    before = Previous(replica)
    await before.asks_for(*WRITES)
    put(before.named("key-2"))

    settings = test_settings(empty_database_url, moto_bucket, s3_addressing_style="path")
    with running(settings) as base_url:
        if RECORDED["revision"] != head_revision():
            assert readiness(base_url) == 503
        await upgrade(empty_database_url)
        wait_until(lambda: readiness(base_url) == 200)
        await asyncio.to_thread(goes_on_with, base_url, before)

        # What this version made of it, the previous one reads.
        [items] = await before.asks_for("items.list", is_exact=False)
        texts = [json.loads(item[0])["content"][0]["text"] for item in items]
        assert len(texts) == 6 and "From this version" in texts

        # An attachment that this version created is verified and attached by the previous one.
        alice = ChatKitClient.of(base_url)
        created = await asyncio.to_thread(alice.create_attachment, "new.txt", b"hello")
        key = httpx.URL(created["upload_descriptor"]["url"]).params["key"].removesuffix(".upload")
        put(key)
        after = Previous(replica, user_0="alice", atc_1=created["id"], key_2=key)
        await after.asks_for(*WRITES[1:], "items.list", "threads.list", "threads.get_by_id")
        await asyncio.to_thread(shows, alice, after.named("thr-3"), created["id"])
        await after.asks_for("attachments/content", "items.feedback")

        # A thread and an attachment of this version go, whoever deletes them.
        thread_id, used, unused = await asyncio.to_thread(thread_of, alice)
        last = Previous(replica, user_0="alice", thr_3=thread_id, atc_1=used, atc_8=unused)
        await last.asks_for("attachments.delete", "threads.delete")
        for id in (used, unused):
            assert alice.http.get(f"/attachments/{id}/content").status_code == 404
        assert alice.send("items.list", thread_id=thread_id).status_code in (200, 404)
        assert [each["id"] for each in alice.call("threads.list")["data"]] == [after.named("thr-3")]
    s3.close()


def readiness(base_url: str) -> int:
    return httpx.get(f"{base_url}/readyz").status_code


def goes_on_with(base_url: str, before: Previous) -> None:
    """What the previous version made, this one shows, finds, goes on with and uses."""
    bob = ChatKitClient.of(base_url, before.named("user-0"))
    [thread] = bob.call("threads.list")["data"]
    assert (thread["id"], thread["title"]) == (before.named("thr-3"), "Minutes of Monday")
    shows(bob, thread["id"], before.named("atc-1"))
    found = bob.http.get("/entities", params={"query": "minutes"}).json()["entities"]
    assert {before.named("atc-1"), before.named("thr-3")} <= {
        part for entity in found for part in re.split(r"[:/]", entity["id"])
    }
    answer = answer_of(bob.say("From this version", thread_id=thread["id"]))
    assert "minutes.txt" in answer


def shows(client: ChatKitClient, thread_id: str, attachment_id: str) -> None:
    items = client.call("items.list", thread_id=thread_id)["data"]
    attached = [each["id"] for item in items for each in item.get("attachments", [])]
    assert attached == [attachment_id]


def thread_of(alice: ChatKitClient) -> tuple[str, str, str]:
    """A thread, the attachment in it, and one that no message uses."""
    used, unused = alice.attach("used.txt"), alice.attach("unused.txt")
    return thread_id_of(alice.say("hello", used["id"])), used["id"], unused["id"]
