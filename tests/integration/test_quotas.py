"""Quotas hold under concurrency: 200 creates at once against a limit of 10."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from app.database import engine
from app.database.quota import LOCK_USER
from app.embedded.processes import free_ports
from app.errors import QuotaExceeded
from app.settings.environment import Settings
from app.settings.quota import QuotaSettings
from app.sizes import LARGE_FILE_BYTES
from tests.rig import rig_on
from tests.servers import TestBucket
from tests.service import ChatKitClient, running, test_settings, thread_id_of
from tests.settings import changed
from tests.waiting import wait_until_async

LIMIT = 10
# Longer than an upload link is valid, shorter than an attachment is kept that no message uses.
LINK_SECONDS = 1200
SIZE = 1000
CREATE_PARAMS: dict[str, Any] = {"name": "a.txt", "size": SIZE, "mime_type": "text/plain"}
CREATE = {"type": "attachments.create", "params": CREATE_PARAMS}


async def create_at_once(url: str, count: int, users: int = 1) -> Counter[tuple[str, int]]:
    """Send `count` creates of each of `users` at once, and return their status codes by user."""
    # A kept connection may be closed by the server just when a late client sends the next request.
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as http:

        async def create(user: str) -> tuple[str, int]:
            headers = {"x-forwarded-user": user}
            return user, (await http.post("/chatkit", json=CREATE, headers=headers)).status_code

        tasks = [create(f"user-{number % users}") for number in range(count * users)]
        return Counter(await asyncio.gather(*tasks))


@pytest.mark.slow
@pytest.mark.parametrize(
    "limits",
    [{"user_pending_uploads": LIMIT}, {"user_quota_bytes": LIMIT * SIZE + SIZE - 1}],
    ids=["uploads", "bytes"],
)
async def test_of_200_creates_at_once_exactly_the_limit_of_10_succeed(
    database_url: str, seaweedfs_bucket: TestBucket, limits: dict[str, int]
) -> None:
    settings = test_settings(database_url, seaweedfs_bucket, **limits)
    with running(settings) as url:
        answers = await create_at_once(url, 200)
    assert answers == {("user-0", 200): LIMIT, ("user-0", 429): 200 - LIMIT}


async def test_a_burst_of_one_user_leaves_connections_to_the_database_for_others(
    database_url: str, seaweedfs_bucket: TestBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_WAIT_SECONDS", 1.0)
    burst_size = 40
    settings = test_settings(database_url, seaweedfs_bucket, user_pending_uploads=burst_size)
    with running(settings) as url:
        async with engine.Database(database_url) as database:
            async with database.begin() as holder:
                # As long as this transaction is open, no create of this user ends.
                await holder.execute(LOCK_USER, {"user_id": "user-0"})
                burst = asyncio.create_task(create_at_once(url, burst_size))
                await wait_until_async(lambda: open_requests(burst_size))
                async with httpx.AsyncClient(base_url=url, timeout=60) as http:
                    headers = {"x-forwarded-user": "user-1"}
                    other = await http.post("/chatkit", json=CREATE, headers=headers)
            answers = await burst
    assert other.status_code == 200, other.text
    assert answers == {("user-0", 200): burst_size}


async def open_requests(count: int) -> bool:
    """Return whether the service, in a thread of this process, has so many requests under way."""
    return REGISTRY.get_sample_value("http_requests_open") == count


@pytest.mark.slow
async def test_users_do_not_use_up_each_others_quota(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    settings = test_settings(database_url, seaweedfs_bucket, user_pending_uploads=LIMIT)
    with running(settings) as url:
        answers = await create_at_once(url, 20, users=5)
    assert answers == {
        (f"user-{number}", status): LIMIT for number in range(5) for status in (200, 429)
    }


@pytest.fixture
def small(database_url: str, seaweedfs_bucket: TestBucket) -> Settings:
    """A user whose limit is two uploads, or the bytes of two files."""
    return test_settings(
        database_url, seaweedfs_bucket, user_pending_uploads=2, user_quota_bytes=4 * SIZE
    )


@pytest.fixture
def user(small: Settings) -> Iterator[ChatKitClient]:
    with running(small) as url, ChatKitClient.of(url, "alice").http as http:
        yield ChatKitClient(http)


def create(user: ChatKitClient) -> int:
    return user.send("attachments.create", **CREATE["params"]).status_code  # type: ignore[arg-type]


def test_an_exceeded_quota_is_answered_with_advice(user: ChatKitClient) -> None:
    assert [create(user), create(user)] == [200, 200]
    response = user.send("attachments.create", name="a", size=SIZE, mime_type="text/plain")
    assert response.status_code == 429
    assert response.json()["error"]["code"] == "quota_exceeded"
    assert "2 uploads that no message uses yet" in response.json()["message"]


def test_a_verified_upload_is_no_longer_pending(user: ChatKitClient) -> None:
    first, second = (user.attach(body=b"x" * SIZE) for _ in range(2))
    assert create(user) == 429
    thread_id = thread_id_of(user.say("hello", first["id"], second["id"]))
    assert [create(user), create(user)] == [200, 200]
    assert create(user) == 429  # all four files' bytes are reserved now
    user.call("threads.delete", thread_id=thread_id)
    assert create(user) == 429  # two are still pending
    assert len(user.call("threads.list")["data"]) == 0


def test_deleting_releases_what_was_reserved(user: ChatKitClient) -> None:
    created = user.create_attachment()
    assert [create(user), create(user)] == [200, 429]
    user.call("attachments.delete", attachment_id=created["id"])
    assert [create(user), create(user)] == [200, 429]


@pytest.mark.slow
def test_a_rejected_file_does_not_count(user: ChatKitClient) -> None:
    page = b"<html>".ljust(SIZE)
    for _ in range(3):  # the limit is 2
        attachment = user.attach("a.png", page, "image/png")
        events = user.say("look", attachment["id"])
        [notice] = [each for each in events if each["type"] == "notice"]
        assert "an HTML page" in notice["message"]


async def test_expiry_releases_what_was_reserved(
    small: Settings, database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    with running(small) as url, ChatKitClient.of(url, "alice").http as http:
        user = ChatKitClient(http)
        assert [create(user), create(user), create(user)] == [200, 200, 429]
        async with rig_on(database_url, seaweedfs_bucket) as rig:
            await rig.later()
            await rig.sweeper.sweep_once()
        assert [create(user), create(user), create(user)] == [200, 200, 429]


@pytest.mark.slow
async def test_uploads_that_can_not_arrive_any_more_do_not_count(
    small: Settings, database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    """Their links have expired, and nothing has arrived. No operation lists such uploads."""
    with running(small) as url, ChatKitClient.of(url, "alice").http as http:
        user = ChatKitClient(http)
        assert [create(user), create(user), create(user)] == [200, 200, 429]
        async with rig_on(database_url, seaweedfs_bucket) as rig:
            await rig.later(LINK_SECONDS)
            assert [create(user), create(user), create(user)] == [200, 200, 429]
            await rig.sweeper.sweep_once()
            assert len(await rig.states()) == 2, "the others are deleted, and not only uncounted"


@pytest.mark.slow
async def test_uploads_that_arrived_count_although_their_link_has_expired(
    small: Settings, database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    with running(small) as url, ChatKitClient.of(url, "alice").http as http:
        user = ChatKitClient(http)
        sent, _ = (user.attach(body=b"x" * SIZE) for _ in range(2))
        async with rig_on(database_url, seaweedfs_bucket) as rig:
            await rig.later(LINK_SECONDS)
        assert [create(user), create(user)] == [429, 429]
        user.say("hello", sent["id"])
        assert [create(user), create(user)] == [200, 429]


@pytest.mark.slow
async def test_during_an_outage_of_the_bucket_no_upload_is_taken_for_missed(
    small: Settings, database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    with running(small) as url:
        user = ChatKitClient.of(url, "alice")
        assert [create(user), create(user)] == [200, 200]
    async with rig_on(database_url, seaweedfs_bucket) as rig:
        await rig.later(LINK_SECONDS)
        (nowhere,) = free_ports(1)
        lost = changed(small, s3_endpoint_url=f"http://127.0.0.1:{nowhere}")
        with running(lost) as url:
            assert create(ChatKitClient.of(url, "alice")) == 503
        assert set((await rig.states()).values()) == {"pending"}


def test_deleting_in_a_loop_frees_at_most_a_second_quota(user: ChatKitClient) -> None:
    """The link of a deleted upload is valid for minutes, and so long its bytes may stay."""
    answers = []
    for _ in range(10):
        response = user.send("attachments.create", **CREATE_PARAMS)
        answers.append(response.status_code)
        if response.status_code == 200:
            user.call("attachments.delete", attachment_id=response.json()["id"])
    assert answers == [200] * 4 + [429] * 6
    assert "quarter of an hour" in response.json()["message"]


@pytest.mark.slow
async def test_the_bucket_never_has_more_than_two_quotas_of_one_user(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    """Verified files are there twice while their link is alive, and links can be used again."""
    body = b"x" * SIZE
    quota = LIMIT * SIZE
    settings = test_settings(database_url, seaweedfs_bucket, user_quota_bytes=quota)
    with running(settings) as url:
        user = ChatKitClient.of(url)

        def send_files() -> tuple[list[dict[str, Any]], str]:
            files = []
            while (created := user.send("attachments.create", **CREATE_PARAMS)).is_success:
                files.append(created.json())
                assert user.upload(files[-1], body).is_success
            return files, thread_id_of(user.say("Look", *(each["id"] for each in files)))

        first, thread_id = await asyncio.to_thread(send_files)
        assert len(first) == LIMIT, "who deletes nothing has the whole quota"
        user.call("threads.delete", thread_id=thread_id)
        for each in first:
            user.upload(each, body)
        await asyncio.to_thread(send_files)
        for each in first:
            user.upload(each, body)
        async with rig_on(database_url, seaweedfs_bucket) as rig:
            stored = sum([each.size async for each in rig.bucket.list("")])
    assert stored <= 2 * quota


async def test_parts_of_deleted_files_count_until_their_links_have_expired(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    """The links of a deleted large file can write it as an object, and once more as parts."""
    size = LARGE_FILE_BYTES + 1
    quota = QuotaSettings(max_bytes=2 * size)
    async with rig_on(database_url, seaweedfs_bucket) as rig:
        for attachment_id in ("atc_1", "atc_2"):
            await rig.reserve(attachment_id, size=size, quota=quota)
            await rig.records.tombstone("alice", attachment_id)
        with pytest.raises(QuotaExceeded):
            await rig.reserve("atc_3", size=size, quota=quota)
        await rig.later()
        await rig.reserve("atc_4", size=size, quota=quota)


async def test_parts_of_a_file_in_quarantine_count_until_its_links_have_expired(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    """Its links can write it as an object and as parts, besides the copy in quarantine."""
    size = LARGE_FILE_BYTES + 1
    quota = QuotaSettings(max_bytes=2 * size)
    async with rig_on(database_url, seaweedfs_bucket) as rig:
        await rig.reserve("atc_1", size=size, quota=quota)
        kept_until = datetime.now(UTC) + timedelta(days=30)
        assert await rig.records.mark_rejected(
            "alice", "atc_1", "malware", malware="EICAR", kept_until=kept_until
        )
        with pytest.raises(QuotaExceeded):
            await rig.reserve("atc_2", size=size, quota=quota)
        await rig.later()
        await rig.reserve("atc_3", size=size, quota=quota)
